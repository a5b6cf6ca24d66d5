/* What a pattern matches on the disk. Runs in the pool: a disk may be slow, or gone. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "collectors/files/dump.h"
#include "core/directory.h"
#include "core/mem.h"
#include "core/text.h"

enum { MOST_FILES = 10000 }; /* of a dump that is a directory */

/* ---- One dump ---- */

static size_t read_at(int fd, char *out, size_t size, off_t at)
{
    size_t len = 0;
    while (len < size) {
        ssize_t n = pread(fd, out + len, size - len, at + (off_t)len);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    return len;
}

static void say(struct dump *d, double whole, const char *why)
{
    d->whole = whole;
    snprintf(d->why, sizeof(d->why), "%s", why);
}

/* What can be said of it without a program. */
static void judge(struct dump *d, int fd, const char *head, size_t len)
{
    char tail[DUMP_TAIL];
    double size = dump_sqlite_size(head, len);
    say(d, NAN,
        d->kind->program != NULL ? "not verified yet" : "what it is cannot be told from its first bytes");
    if (d->kind->class == DUMP_EMPTY) {
        say(d, 0, "it is empty");
    } else if (d->kind->class == DUMP_PLAIN) {
        off_t from = d->size > DUMP_TAIL ? (off_t)d->size - DUMP_TAIL : 0;
        size_t n = read_at(fd, tail, sizeof(tail), from);
        bool ends = dump_text_ends(head, len, tail, n) == 1;
        say(d, ends, ends ? "it ends as a dump does" : "its end is missing: it was cut, or dumping failed");
    } else if (d->kind->class == DUMP_SQLITE && size >= 0) {
        bool whole = d->size >= size;
        say(d, whole ? NAN : 0,
            whole ? "as long as its header says; its pages are not checked"
                  : "shorter than its header says: it was cut");
    } else if (d->kind->class == DUMP_SQLITE) {
        say(d, NAN, "its header does not say how long it is");
    }
}

static void look_at_file(struct dump *d)
{
    char head[DUMP_HEAD];
    d->kind = dump_kind_empty();
    int fd = open(d->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        static const struct dump_kind unread = {"unread", DUMP_UNKNOWN, NULL};
        d->kind = &unread;
        d->whole = NAN;
        snprintf(d->why, sizeof(d->why), "cannot be read: %s", strerror(errno));
        return;
    }
    size_t len = d->size > 0 ? read_at(fd, head, sizeof(head), 0) : 0;
    d->kind = d->size > 0 && len == 0 ? dump_kind_of("?", 1) : dump_kind_of(head, len);
    judge(d, fd, head, len);
    close(fd);
}

/* A directory of pg_dump's has a toc.dat; others are none of ours. Its age is that of its newest file. */
static bool look_at_directory(struct dump *d)
{
    char *toc = directory_path(d->path, "toc.dat");
    bool ours = access(toc, F_OK) == 0;
    free(toc);
    DIR *dir = ours ? opendir(d->path) : NULL;
    if (dir == NULL)
        return false;
    struct stat st;
    d->kind = dump_kind_directory();
    d->size = 0;
    for (int i = 0; i < MOST_FILES; i++) {
        const struct dirent *e = readdir(dir);
        if (e == NULL)
            break;
        if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
            continue;
        d->size += (double)st.st_size;
        d->written_s = fmax(d->written_s, (double)st.st_mtim.tv_sec);
    }
    closedir(dir);
    d->id.size = (int64_t)d->size;
    say(d, NAN, "not verified yet");
    return true;
}

/* A link to a dump is the same dump again. */
static bool look(struct dump *d, const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
        return false;
    *d = (struct dump){
        .path = mem_dup(path),
        .id = {st.st_dev, st.st_ino, (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
               st.st_size},
        .written_s = (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec / 1e9,
        .size = (double)st.st_size,
        .whole = NAN,
    };
    if (S_ISREG(st.st_mode) || look_at_directory(d))
        return true;
    free(d->path);
    return false;
}

/* ---- All of them ---- */

static void count(struct scan *s, const struct dump *d)
{
    s->n++;
    s->total_bytes += d->size;
    s->oldest_s = fmin(s->oldest_s, d->written_s);
}

/* Newest first; of the same moment in the order of names. */
static void keep(struct scan *s, const struct dump *d)
{
    int at = s->n_dumps;
    while (at > 0 && s->dumps[at - 1].written_s < d->written_s)
        at--;
    if (at == MOST_DUMPS) {
        free(d->path);
        return;
    }
    if (s->n_dumps == MOST_DUMPS)
        free(s->dumps[--s->n_dumps].path);
    memmove(&s->dumps[at + 1], &s->dumps[at], (size_t)(s->n_dumps - at) * sizeof(s->dumps[0]));
    s->dumps[at] = *d;
    s->n_dumps++;
}

/* The directory that the pattern's files stand in, as far as it has no signs. Heap. */
static char *folder_of(const char *pattern)
{
    struct text t;
    size_t len = strcspn(pattern, "*?[{");
    while (len > 1 && pattern[len - 1] != '/')
        len--;
    text_init(&t, 4096);
    text_add_n(&t, pattern, len);
    return text_take(&t);
}

static void look_beside(struct scan *s)
{
    struct statvfs fs;
    struct stat st;
    char *folder = folder_of(s->n_dumps > 0 ? s->dumps[0].path : s->pattern);
    if (folder != NULL && statvfs(folder, &fs) == 0)
        s->free_bytes = (double)fs.f_bavail * (double)fs.f_frsize;
    free(folder);
    if (s->marker == NULL)
        snprintf(s->marker_why, sizeof(s->marker_why),
                 "no restore_marker is named: a file that each tested restore touches");
    else if (stat(s->marker, &st) == 0)
        s->marker_s = (double)st.st_mtim.tv_sec;
    else
        snprintf(s->marker_why, sizeof(s->marker_why), "%.100s: %s", s->marker, strerror(errno));
}

/* glob() tells it by a function without a context; that it could not read is seen by looking once more. */
static bool is_denied(const struct scan *s)
{
    char *folder = folder_of(s->pattern);
    bool denied = folder != NULL && access(folder, R_OK | X_OK) != 0 && errno == EACCES;
    free(folder);
    return denied;
}

void scan_run(struct scan *s)
{
    glob_t found = {0};
    s->oldest_s = INFINITY;
    s->free_bytes = s->marker_s = NAN;
    int failed = glob(s->pattern, GLOB_NOSORT | GLOB_TILDE | GLOB_BRACE, NULL, &found);
    for (size_t i = 0; failed == 0 && i < found.gl_pathc; i++) {
        struct dump d;
        if (!look(&d, found.gl_pathv[i]))
            continue;
        count(s, &d);
        keep(s, &d);
    }
    globfree(&found);
    for (int i = 0; i < s->n_dumps; i++)
        if (s->dumps[i].kind == NULL)
            look_at_file(&s->dumps[i]);
    s->oldest_s = s->n > 0 ? s->oldest_s : NAN;
    s->denied = s->n == 0 && is_denied(s);
    if (s->denied || failed == GLOB_NOSPACE) {
        struct text t;
        text_init(&t, 600);
        text_addf(&t, "cannot look for %.300s: %s", s->pattern,
                  s->denied ? "the user that dbvitals runs as may not read the directory" : "too many files");
        s->error = text_take(&t);
    }
    look_beside(s);
}

void scan_free(struct scan *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < s->n_dumps; i++)
        free(s->dumps[i].path);
    free(s->pattern);
    free(s->marker);
    free(s->error);
    free(s);
}
