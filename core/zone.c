/* Time zones: the files of the TZ database (RFC 8536, TZif version 2 and later), and how they are asked. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/zone_private.h"

/* The largest file of the database has 4 kB. */
enum { MOST_BYTES = 1 << 18, HEADER = 44, TYPE_BYTES = 6 };
static const char *const standard_directory = "/usr/share/zoneinfo";

int64_t zone_day(int year, int month, int day)
{
    /* Years that begin in March end with the day that is there in some only. */
    int y = month <= 2 ? year - 1 : year, from_march = (month + 9) % 12;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400, day_of_year = (153 * from_march + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void zone_add(struct zone *z, int64_t at, int offset)
{
    z->changes = mem_grow(z->changes, (size_t)z->n + 1, sizeof(*z->changes));
    z->changes[z->n++] = (struct zone_change){at, offset};
}

void zone_free(struct zone *z)
{
    if (z == NULL)
        return;
    free(z->changes);
    free(z);
}

/* ---- A file ---- */

struct bytes {
    const unsigned char *data;
    size_t len;
};

static int64_t number_at(const unsigned char *p, int n)
{
    uint64_t value = n > 0 && (p[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (int i = 0; i < n; i++)
        value = value << 8 | p[i];
    return (int64_t)value;
}

/* What a header says of the block that follows it. */
struct block {
    size_t n_times, n_types, n_leaps, len;
};

/* WIDTH is that of a time. False: there is none, or it is longer than what is there. */
static bool read_header(const struct bytes *b, int width, struct block *out)
{
    if (b->len < HEADER || memcmp(b->data, "TZif", 4) != 0)
        return false;
    size_t counts[6]; /* isut, isstd, leap, time, type, char */
    for (int i = 0; i < 6; i++) {
        counts[i] = (size_t)number_at(b->data + 20 + 4 * i, 4);
        if (counts[i] > MOST_BYTES)
            return false;
    }
    *out = (struct block){.n_times = counts[3], .n_types = counts[4], .n_leaps = counts[2]};
    out->len = counts[3] * ((size_t)width + 1) + counts[4] * TYPE_BYTES + counts[5] +
               counts[2] * ((size_t)width + 4) + counts[1] + counts[0];
    return out->n_types > 0 && out->len <= b->len - HEADER;
}

static void skip(struct bytes *b, size_t n)
{
    b->data += n;
    b->len -= n;
}

static bool read_changes(const struct bytes *b, const struct block *block, struct zone *z)
{
    const unsigned char *index = b->data + block->n_times * 8, *types = index + block->n_times;
    z->first = (int)number_at(types, 4);
    for (size_t i = 0; i < block->n_times; i++) {
        int64_t at = number_at(b->data + i * 8, 8);
        if (index[i] >= block->n_types || (z->n > 0 && at <= z->changes[z->n - 1].at))
            return false;
        zone_add(z, at, (int)number_at(types + index[i] * TYPE_BYTES, 4));
    }
    return true;
}

/* The last line: how it goes on. */
static bool read_last_line(const struct bytes *b, struct zone *z)
{
    const unsigned char *end =
        b->len < 2 || b->data[0] != '\n' ? NULL : memchr(b->data + 1, '\n', b->len - 1);
    if (end == NULL)
        return false;
    struct text rule;
    text_init(&rule, 200);
    text_add_n(&rule, (const char *)b->data + 1, (size_t)(end - b->data) - 1);
    bool ok = rule.len == 0 || zone_add_rule(z, text_str(&rule));
    text_done(&rule);
    return ok;
}

static bool read_file(struct bytes b, struct zone *z)
{
    struct block block;
    if (!read_header(&b, 4, &block) || b.data[4] < '2')
        return false;
    skip(&b, HEADER + block.len); /* the first block is for those who know no times of 64 bits */
    if (!read_header(&b, 8, &block) || block.n_leaps > 0)
        return false;
    skip(&b, HEADER);
    if (!read_changes(&b, &block, z))
        return false;
    skip(&b, block.len);
    return read_last_line(&b, z);
}

static struct zone *open_file(const char *path, struct err *err)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail(err, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    unsigned char *data = mem_new_array(MOST_BYTES, 1);
    struct bytes bytes = {data, fread(data, 1, MOST_BYTES, f)};
    struct zone *z = mem_new(sizeof(*z));
    bool ok = read_file(bytes, z);
    fclose(f);
    free(data);
    if (ok)
        return z;
    zone_free(z);
    fail(err, "%s is no file of the TZ database, or one with leap seconds", path);
    return NULL;
}

/* ---- By name ---- */

/* A name leads nowhere else than into the database. */
static bool is_name(const char *name)
{
    static const char *const signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    return name[0] != '\0' && name[0] != '/' && name[strspn(name, signs)] == '\0';
}

static struct zone *open_named(const char *name, struct err *err)
{
    const char *directory = getenv("TZDIR");
    struct text path;
    struct zone *z = NULL;
    text_init(&path, 4096);
    text_addf(&path, "%s/%s", directory == NULL || directory[0] == '\0' ? standard_directory : directory,
              name);
    if (is_name(name))
        z = open_file(text_str(&path), err);
    else
        fail(err, "'%s' is no name of a time zone", name);
    text_done(&path);
    return z;
}

/* As tzset(3) has it. */
static struct zone *open_own(void)
{
    const char *name = getenv("TZ");
    struct zone *z = NULL;
    if (name != NULL && name[0] == ':')
        name++;
    if (name == NULL)
        z = open_file("/etc/localtime", NULL);
    else if (name[0] == '/')
        z = open_file(name, NULL);
    else if (name[0] != '\0')
        z = open_named(name, NULL);
    if (z != NULL)
        return z;
    z = mem_new(sizeof(*z));
    if (name != NULL)
        zone_add_rule(z, name); /* else it stays UTC */
    return z;
}

struct zone *zone_new(const char *name, struct err *err)
{
    return name == NULL ? open_own() : open_named(name, err);
}

/* ---- Questions ---- */

/* The first change after MOMENT, from 0; n: there is none. */
static int change_after(const struct zone *z, int64_t moment)
{
    int low = 0, high = z->n;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (z->changes[middle].at <= moment)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int zone_offset(const struct zone *z, int64_t moment)
{
    int i = change_after(z, moment);
    return i == 0 ? z->first : z->changes[i - 1].offset;
}

int64_t zone_moment(const struct zone *z, int64_t civil)
{
    int64_t from = civil - 2 * DAY_S; /* no clock is further away */
    int i = change_after(z, from);
    for (;; i++) {
        int64_t there = civil - (i == 0 ? z->first : z->changes[i - 1].offset);
        if (there < from)
            there = from;
        if (i == z->n || there < z->changes[i].at)
            return there;
        from = z->changes[i].at;
    }
}
