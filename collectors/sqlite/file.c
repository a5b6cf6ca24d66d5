/* What the file system tells of a database file. */
#include "collectors/sqlite/file.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "core/utf8.h"

enum { MOST_PATH = 4200 };

static double seconds(struct timespec t)
{
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool beside(const char *path, const char *suffix, struct stat *out)
{
    struct text t;
    text_init(&t, MOST_PATH);
    text_addf(&t, "%s%s", path, suffix);
    bool there = !t.cut && stat(text_str(&t), out) == 0;
    text_done(&t);
    return there;
}

/* A name in a file system may hold anything. */
static bool fail_clean(struct err *err, const char *path, const char *what)
{
    struct text t;
    text_init(&t, 400);
    utf8_clean(&t, path, false);
    fail(err, "%s: %s", text_str(&t), what);
    text_done(&t);
    return false;
}

static bool explain_stat(const char *path, int why, struct err *err)
{
    if (why == ENOENT || why == ENOTDIR)
        return fail_clean(
            err, path,
            "there is no such file: look at the path, and whether the application has made its database yet");
    if (why == EACCES)
        return fail_clean(err, path,
                          "a directory on the way to it may not be entered by this user: it needs x on each, "
                          "and r on the file");
    return fail_clean(
        err, path, strerror(why)); // NOLINT(concurrency-mt-unsafe): glibc's is safe for errors that it knows
}

bool lite_file_read(const char *path, struct lite_file *out, struct err *err)
{
    struct stat st, wal, shm;
    struct statvfs fs;
    if (stat(path, &st) != 0)
        return explain_stat(path, errno, err);
    if (S_ISDIR(st.st_mode))
        return fail_clean(err, path,
                          "is a directory: name a file in it, or sqlite:DIRECTORY/*.db for all of them");
    if (!S_ISREG(st.st_mode))
        return fail_clean(err, path, "is no regular file");
    if (st.st_size == 0)
        return fail_clean(err, path, "is empty: no application has written a table into it yet");
    bool has_wal = beside(path, "-wal", &wal), has_shm = beside(path, "-shm", &shm);
    *out = (struct lite_file){.dev = st.st_dev,
                              .ino = st.st_ino,
                              .size_bytes = (double)st.st_size,
                              .changed_s = seconds(st.st_mtim),
                              .wal_bytes = has_wal ? (double)wal.st_size : NAN,
                              .wal_changed_s = has_wal ? seconds(wal.st_mtim) : NAN,
                              .has_shm = has_shm,
                              .shm_dev = has_shm ? shm.st_dev : 0,
                              .shm_ino = has_shm ? shm.st_ino : 0,
                              .free_bytes = NAN};
    if (statvfs(path, &fs) == 0)
        out->free_bytes = (double)fs.f_bavail * (double)fs.f_frsize;
    return true;
}

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b;
}

bool lite_file_same(const struct lite_file *a, const struct lite_file *b)
{
    return a->dev == b->dev && a->ino == b->ino && same(a->size_bytes, b->size_bytes) &&
           same(a->changed_s, b->changed_s) && same(a->wal_bytes, b->wal_bytes) &&
           same(a->wal_changed_s, b->wal_changed_s) && a->has_shm == b->has_shm;
}

static uint32_t big_endian(const unsigned char *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool is_text(const unsigned char *bytes, int n)
{
    for (int i = 0; i < n; i++)
        if (!isprint(bytes[i]) && !isspace(bytes[i]))
            return false;
    return true;
}

/* Offsets are those of https://www.sqlite.org/fileformat2.html, section 1.3. */
bool lite_header_read(const unsigned char *bytes, int n, const char *path, struct lite_header *out,
                      struct err *err)
{
    static const char magic[16] = "SQLite format 3";
    if (n < LITE_HEADER || memcmp(bytes, magic, sizeof(magic)) != 0)
        return fail_clean(err, path,
                          is_text(bytes, n < 16 ? n : 16)
                              ? "is no database: it begins as a text does"
                              : "does not begin as a database of SQLite does: it is another kind of file, "
                                "damaged, or encrypted (SQLCipher and the like), and dbvitals has no key");
    int page = bytes[16] << 8 | bytes[17];
    page = page == 1 ? 65536 : page;
    if (page < 512 || (page & (page - 1)) != 0 || bytes[18] > 2 || bytes[19] > 2 || bytes[21] != 64)
        return fail_clean(
            err, path,
            "its header is damaged: restore it from a backup, or try sqlite3's .recover on a copy");
    *out = (struct lite_header){.known = true,
                                .wal = bytes[19] == 2,
                                .page_bytes = page,
                                .change_counter = big_endian(bytes + 24),
                                .version = big_endian(bytes + 96)};
    memcpy(out->text, bytes, LITE_HEADER);
    return true;
}
