/* The directory of migrations. */
#include "cures/migration_dir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mem.h"

enum { MOST_HEAD = 4096, MOST_FILE = 1 << 20, MOST_DIGITS = 17 };
static const char *const ends[] = {".down.sql", ".up.sql"};
enum { DOWN, UP, N_ENDS };
/* One at a time, since the directory is locked. */
static const char unfinished[] = ".dbvitals-unfinished";

/* The files of one entry. */
struct pair {
    int64_t uid;
    char *stem;
    bool there[N_ENDS];
};

struct migration_dir {
    int fd;
    char *path;
    struct pair *pairs;
    int n;
    int64_t last; /* the greatest number of all files */
};

static bool cannot(const struct migration_dir *d, const char *what, const char *name, struct err *err)
{
    return fail(err, "cannot %s %s/%s: %s", what, d->path, name, strerror(errno));
}

static struct pair *find(const struct migration_dir *d, int64_t uid)
{
    for (int i = 0; i < d->n; i++)
        if (d->pairs[i].uid == uid)
            return &d->pairs[i];
    return NULL;
}

static struct pair *add(struct migration_dir *d, int64_t uid, const char *stem)
{
    d->pairs = mem_grow(d->pairs, (size_t)d->n + 1, sizeof(*d->pairs));
    d->pairs[d->n] = (struct pair){.uid = uid, .stem = mem_dup(stem)};
    return &d->pairs[d->n++];
}

/* ---- Reading ---- */

static bool take_number(struct migration_dir *d, const char *name, struct err *err)
{
    size_t digits = strspn(name, "0123456789");
    if (digits == 0)
        return true;
    if (digits > MOST_DIGITS)
        return fail(err, "%s/%s: its number is too great to go on from", d->path, name);
    int64_t number = strtoll(name, NULL, 10);
    d->last = number > d->last ? number : d->last;
    return true;
}

/* -1: it ends like neither. */
static int end_of(const char *name)
{
    size_t len = strlen(name);
    for (int i = 0; i < N_ENDS; i++)
        if (len > strlen(ends[i]) && strcmp(name + len - strlen(ends[i]), ends[i]) == 0)
            return i;
    return -1;
}

/* Whose file it is: 0 for anything but one of ours. */
static bool read_uid(const struct migration_dir *d, const char *name, int64_t *uid, struct err *err)
{
    char head[MOST_HEAD];
    struct stat st;
    *uid = 0;
    int fd = openat(d->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ELOOP || errno == ENOENT || errno == ENXIO || cannot(d, "read", name, err);
    ssize_t n = fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) ? 0 : read(fd, head, sizeof(head));
    bool ok = n >= 0 || cannot(d, "read", name, err);
    close(fd);
    if (n > 0)
        *uid = migration_uid(head, (size_t)n);
    return ok;
}

static bool take_file(struct migration_dir *d, const char *name, struct err *err)
{
    int64_t uid = 0;
    int end = end_of(name);
    if (!take_number(d, name, err) || (end >= 0 && !read_uid(d, name, &uid, err)))
        return false;
    if (uid == 0)
        return true;
    char *stem = mem_dup(name);
    stem[strlen(name) - strlen(ends[end])] = '\0';
    struct pair *p = find(d, uid);
    if (p == NULL)
        p = add(d, uid, stem);
    p->there[end] = true;
    free(stem);
    return true;
}

static bool read_all(struct migration_dir *d, struct err *err)
{
    int fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return fail(err, "cannot read %s: %s", d->path, strerror(errno));
    }
    bool ok = true;
    for (struct dirent *e; ok && (errno = 0, e = readdir(dir)) != NULL;)
        ok = take_file(d, e->d_name, err);
    if (ok && errno != 0)
        ok = fail(err, "cannot read %s: %s", d->path, strerror(errno));
    closedir(dir);
    return ok;
}

struct migration_dir *migration_dir_open(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT)
            fail(err, "there is no directory %s: make it first", path);
        else
            fail(err, "cannot open the directory %s: %s", path, strerror(errno));
        return NULL;
    }
    struct migration_dir *d = mem_new(sizeof(*d));
    *d = (struct migration_dir){.fd = fd, .path = mem_dup(path)};
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        fail(err, "another dbvitals writes into %s just now", path);
    else if (read_all(d, err))
        return d;
    migration_dir_free(d);
    return NULL;
}

void migration_dir_free(struct migration_dir *d)
{
    if (d == NULL)
        return;
    close(d->fd);
    for (int i = 0; i < d->n; i++)
        free(d->pairs[i].stem);
    free(d->pairs);
    free(d->path);
    free(d);
}

const char *migration_dir_find(const struct migration_dir *d, int64_t uid, bool *whole)
{
    const struct pair *p = find(d, uid);
    *whole = p != NULL && p->there[UP] && p->there[DOWN];
    return p == NULL ? NULL : p->stem;
}

/* ---- Writing ---- */

static bool write_all(int fd, const struct text *text)
{
    for (size_t at = 0; at < text->len;) {
        ssize_t n = write(fd, text->data + at, text->len - at);
        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) == 0;
}

/* A link never replaces what has the name; some file systems have none. */
static bool give_name(const struct migration_dir *d, const char *name)
{
    if (linkat(d->fd, unfinished, d->fd, name, 0) == 0)
        return true;
    return errno != EEXIST && renameat2(d->fd, unfinished, d->fd, name, RENAME_NOREPLACE) == 0;
}

static bool write_file(const struct migration_dir *d, const char *name, const struct text *text,
                       struct err *err)
{
    if (text->cut)
        return fail(err, "cannot write %s/%s: its SQL is too long", d->path, name);
    unlinkat(d->fd, unfinished, 0); /* of one of us that was killed */
    int fd = openat(d->fd, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return cannot(d, "write", name, err);
    bool ok = write_all(fd, text) || cannot(d, "write", name, err);
    if (close(fd) != 0 && ok)
        ok = cannot(d, "write", name, err);
    ok = ok && (give_name(d, name) || cannot(d, "write", name, err));
    unlinkat(d->fd, unfinished, 0);
    return ok && (fsync(d->fd) == 0 || errno == EINVAL || cannot(d, "write", name, err));
}

static struct pair *new_pair(struct migration_dir *d, const struct migration *m)
{
    struct text name, stem;
    text_init(&name, 200);
    text_init(&stem, 300);
    migration_name(m, &name);
    text_addf(&stem, "%04lld_%s", (long long)++d->last, text_str(&name));
    struct pair *p = add(d, m->entry->uid, text_str(&stem));
    text_done(&name);
    text_done(&stem);
    return p;
}

/* The way back first: whoever finds the way there finds both. */
const char *migration_dir_write(struct migration_dir *d, const struct migration *m, struct err *err)
{
    struct pair *p = find(d, m->entry->uid);
    if (p == NULL)
        p = new_pair(d, m);
    for (int end = DOWN; end <= UP; end++) {
        struct text name, text;
        if (p->there[end])
            continue;
        text_init(&name, 300);
        text_init(&text, MOST_FILE);
        text_addf(&name, "%s%s", p->stem, ends[end]);
        migration_text(m, p->stem, end == UP, &text);
        p->there[end] = write_file(d, text_str(&name), &text, err);
        text_done(&name);
        text_done(&text);
        if (!p->there[end])
            return NULL;
    }
    return p->stem;
}
