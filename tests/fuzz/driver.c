/* Feeds a fuzz target without clang: seeds and mutations of them. Takes the arguments of libFuzzer that our scripts use:
 * -max_total_time=S, -seed=N, and files or folders with seeds. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SEEDS = 512, LONGEST_INPUT = 65536 };

struct input {
    uint8_t *data;
    size_t len;
};

struct fuzz {
    struct input seeds[MAX_SEEDS];
    int n_seeds;
    uint64_t random;
    double seconds;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* xorshift64*: the same seed gives the same inputs, so that a failure can be had again. */
static uint32_t next(struct fuzz *f, uint32_t below)
{
    f->random ^= f->random >> 12;
    f->random ^= f->random << 25;
    f->random ^= f->random >> 27;
    return below == 0 ? 0 : (uint32_t)((f->random * 0x2545F4914F6CDD1DULL) >> 33) % below;
}

static void seed_add_file(struct fuzz *f, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || f->n_seeds == MAX_SEEDS) {
        if (file != NULL)
            fclose(file);
        return;
    }
    struct input *in = &f->seeds[f->n_seeds++];
    in->data = malloc(LONGEST_INPUT);
    in->len = in->data == NULL ? 0 : fread(in->data, 1, LONGEST_INPUT, file);
    fclose(file);
}

static void seed_add(struct fuzz *f, const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        seed_add_file(f, path);
        return;
    }
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        char name[4096];
        if (e->d_name[0] != '.' && snprintf(name, sizeof(name), "%s/%s", path, e->d_name) < (int)sizeof(name))
            seed_add_file(f, name);
    }
    closedir(dir);
}

/* Bytes that parsers stumble over. */
static uint8_t odd_byte(struct fuzz *f)
{
    static const char odd[] = "\0\x01\x1b\n\r\t \"'\\%$[]{}()=;:,#/!<>~^|-+.0123456789aZ\x7f\x80\xc2\xe2\xf0\xff";
    return next(f, 4) == 0 ? (uint8_t)next(f, 256) : (uint8_t)odd[next(f, sizeof(odd) - 1)];
}

/* One change of LEN bytes in a buffer of LONGEST_INPUT; returns the new length. */
static size_t change(struct fuzz *f, uint8_t *data, size_t len)
{
    size_t at = next(f, (uint32_t)len + 1);
    size_t n = 1 + next(f, next(f, 8) == 0 ? 256 : 8);
    switch (next(f, 5)) {
    case 0: /* overwrite a byte */
        if (at < len)
            data[at] = odd_byte(f);
        return len;
    case 1: /* insert bytes */
        if (len + n > LONGEST_INPUT)
            return len;
        memmove(data + at + n, data + at, len - at);
        for (size_t i = 0; i < n; i++)
            data[at + i] = odd_byte(f);
        return len + n;
    case 2: /* take bytes away */
        if (at + n > len)
            return at;
        memmove(data + at, data + at + n, len - at - n);
        return len - n;
    case 3: /* repeat a piece */
        if (at + n > len || len + n > LONGEST_INPUT)
            return len;
        memmove(data + at + n, data + at, len - at);
        return len + n;
    default: { /* go on as another seed does */
        const struct input *other = &f->seeds[next(f, (uint32_t)f->n_seeds)];
        size_t from = next(f, (uint32_t)other->len + 1), rest = other->len - from;
        if (at + rest > LONGEST_INPUT)
            return len;
        memcpy(data + at, other->data + from, rest);
        return at + rest;
    }
    }
}

static bool options_read(struct fuzz *f, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *equals = strchr(argv[i], '=');
        unsigned long long value = equals == NULL ? 0 : strtoull(equals + 1, NULL, 10);
        if (argv[i][0] != '-')
            seed_add(f, argv[i]);
        else if (strncmp(argv[i], "-max_total_time=", 16) == 0)
            f->seconds = (double)value;
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            f->random = value;
        else
            return false;
    }
    return true;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Each input goes into memory of exactly its size, so that a read past its end is seen by the sanitizer. */
static void run(const uint8_t *data, size_t len)
{
    uint8_t *exact = malloc(len == 0 ? 1 : len);
    if (exact == NULL)
        return;
    memcpy(exact, data, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

int main(int argc, char **argv)
{
    static struct fuzz f; /* large for a stack */
    f.seconds = 2;
    f.random = (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
    if (!options_read(&f, argc, argv)) {
        fprintf(stderr, "usage: %s [-max_total_time=S] [-seed=N] [SEEDS...]\n", argv[0]);
        return 2;
    }
    if (f.random == 0)
        f.random = 1;
    fprintf(stderr, "%s: -seed=%llu, %d seeds\n", argv[0], (unsigned long long)f.random, f.n_seeds);
    if (f.n_seeds == 0)
        f.seeds[f.n_seeds++] = (struct input){malloc(1), 0};
    for (int i = 0; i < f.n_seeds; i++)
        run(f.seeds[i].data, f.seeds[i].len);
    static uint8_t data[LONGEST_INPUT];
    long n = 0;
    for (double end = now_s() + f.seconds; now_s() < end; n++) {
        const struct input *seed = &f.seeds[next(&f, (uint32_t)f.n_seeds)];
        size_t len = seed->len;
        memcpy(data, seed->data, len);
        for (uint32_t i = 1 + next(&f, 12); i > 0; i--)
            len = change(&f, data, len);
        run(data, len);
    }
    fprintf(stderr, "%s: %ld inputs in %.0f s\n", argv[0], n, f.seconds);
    for (int i = 0; i < f.n_seeds; i++)
        free(f.seeds[i].data);
    return 0;
}
