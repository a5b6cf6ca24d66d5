/* What the scheduler remembers: the file `schedules` of the state directory, in the syntax of the config, so
 * that a person can read it. It is replaced whole. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config.h"
#include "core/directory.h"
#include "core/mem.h"
#include "cures/scheduler_private.h"

static const char *const file_name = "schedules", *const new_name = "schedules.new";
enum { MOST_FILE = 16 << 20, MOST_MESSAGE = 2000 };

/* ---- The members that are kept ---- */

enum member_type { MEMBER_TEXT, MEMBER_MOMENT, MEMBER_COUNT };
static const struct member {
    const char *key;
    enum member_type type;
    size_t at;
} members[] = {
    {"schedule", MEMBER_TEXT, offsetof(struct turn, schedule)},
    {"target", MEMBER_TEXT, offsetof(struct turn, target)},
    {"when", MEMBER_TEXT, offsetof(struct turn, when)},
    {"handled", MEMBER_MOMENT, offsetof(struct turn, handled)},
    {"began", MEMBER_MOMENT, offsetof(struct turn, began_at)},
    {"ended", MEMBER_MOMENT, offsetof(struct turn, ended_at)},
    {"result", MEMBER_TEXT, offsetof(struct turn, result)},
    {"message", MEMBER_TEXT, offsetof(struct turn, message)},
    {"done", MEMBER_COUNT, offsetof(struct turn, n_done)},
    {"failed", MEMBER_COUNT, offsetof(struct turn, n_failed)},
    {"left", MEMBER_COUNT, offsetof(struct turn, n_left)},
};
enum { N_MEMBERS = sizeof(members) / sizeof(members[0]) };

/* On one line. */
static void add_text(struct text *out, const char *key, const char *value)
{
    struct text line;
    text_init(&line, MOST_MESSAGE);
    for (const char *p = value; p != NULL && *p != '\0'; p++)
        text_add_char(&line, (unsigned char)*p < ' ' ? ' ' : *p);
    if (line.len > 0)
        text_addf(out, "%s = %s\n", key, text_str(&line));
    text_done(&line);
}

static void add_member(struct text *out, const struct turn *t, const struct member *m)
{
    const char *at = (const char *)t + m->at;
    if (m->type == MEMBER_TEXT) {
        const char *text = *(const char *const *)(const void *)at;
        add_text(out, m->key, text);
    } else if (m->type == MEMBER_COUNT)
        text_addf(out, "%s = %d\n", m->key, *(const int *)(const void *)at);
    else if (isfinite(*(const double *)(const void *)at))
        text_addf(out, "%s = %.3f\n", m->key, *(const double *)(const void *)at);
}

static void read_member(struct turn *t, const struct config_section *s, const struct member *m)
{
    char *at = (char *)t + m->at;
    const char *value = section_get(s, m->key);
    if (m->type == MEMBER_TEXT)
        *(char **)(void *)at = mem_dup(value);
    else if (m->type == MEMBER_COUNT)
        *(int *)(void *)at = value == NULL ? 0 : (int)strtol(value, NULL, 10);
    else
        *(double *)(void *)at = value == NULL ? NAN : strtod(value, NULL);
}

/* ---- Reading ---- */

static bool take(struct turns *out, const struct config *c)
{
    for (int i = 0; i < c->n_sections; i++) {
        struct turn *t = mem_new(sizeof(*t));
        for (int m = 0; m < N_MEMBERS; m++)
            read_member(t, &c->sections[i], &members[m]);
        bool whole = t->schedule != NULL && t->target != NULL && t->when != NULL && isfinite(t->handled);
        if (!whole || turns_find(out, t->schedule, t->target) != NULL) {
            turn_free(t);
            return false;
        }
        turns_add(out, t);
    }
    return true;
}

static bool parse(const char *text, size_t len, const char *path, struct turns *out, struct err *err)
{
    struct config c;
    struct turns read = {.n = 0};
    if (!config_parse(text, len, path, NULL, 0, &c, err))
        return false;
    bool ok = take(&read, &c);
    config_done(&c);
    if (ok)
        *out = read;
    else
        turns_done(&read);
    return ok || fail(err, "%s is not as it was written", path);
}

static bool read_path(const char *path, struct turns *out, struct err *err)
{
    struct turns none = {.n = 0};
    FILE *f = fopen(path, "rb");
    *out = none;
    if (f == NULL)
        return errno == ENOENT || fail(err, "cannot read %s: %s", path, strerror(errno));
    char *text = mem_new_array(MOST_FILE, 1);
    size_t len = fread(text, 1, MOST_FILE, f);
    fclose(f);
    bool ok = parse(text, len, path, out, err);
    free(text);
    return ok;
}

bool turns_read(const char *directory, struct turns *out, struct err *err)
{
    char *path = directory_path(directory, file_name);
    struct err why = {""};
    bool ok = read_path(path, out, &why);
    if (!ok) {
        char *aside = directory_put_aside(path, "damaged");
        fail(err, "%s; it was put aside as %s", why.text, aside);
        free(aside);
    }
    free(path);
    return ok;
}

/* ---- Writing ---- */

void turns_write(const struct turns *t, struct text *out)
{
    text_init(out, MOST_FILE - 1);
    text_add(out, "# What schedules did last. Written by dbvitals guard.\n");
    for (int i = 0; i < t->n; i++) {
        text_addf(out, "[turn %d]\n", i + 1);
        for (int m = 0; m < N_MEMBERS; m++)
            add_member(out, t->list[i], &members[m]);
    }
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0;
}

/* That the name is another file's lasts only when the directory is on the disk. */
static bool sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

bool turns_keep(const char *directory, const char *text, size_t len, struct err *err)
{
    char *path = directory_path(directory, file_name), *made = directory_path(directory, new_name);
    int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_all(fd, text, len);
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    ok = ok && rename(made, path) == 0 && sync_directory(directory);
    if (!ok)
        fail(err, "cannot write %s: %s", path, strerror(errno));
    free(path);
    free(made);
    return ok;
}
