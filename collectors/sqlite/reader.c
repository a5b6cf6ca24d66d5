/* Reading without a trace. SQLite opens the -wal file for writing and creates it, and -shm too, even for a
 * connection that only reads: so this connection has a VFS of its own, which is SQLite's but for what is
 * here. */
#include "collectors/sqlite/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/loop.h"
#include "core/mem.h"

enum { MOST_TEXT = 16 << 20, PROGRESS_OPS = 1000 };

struct reader {
    sqlite3_vfs vfs; /* first: SQLite gives it back to us */
    sqlite3_vfs *real;
    char name[40];
    sqlite3_io_methods main; /* those of the database file */
    sqlite3_io_methods none; /* those of a log that is not there */
    bool alone;
    sqlite3 *db;
    double until_s; /* monotonic */
    const atomic_bool *cancel;
};

/* ---- A log that is not there is an empty one ---- */

static int none_close(sqlite3_file *f)
{
    f->pMethods = NULL;
    return SQLITE_OK;
}

static int none_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    (void)f, (void)at;
    memset(out, 0, (size_t)n);
    return SQLITE_IOERR_SHORT_READ;
}

static int none_size(sqlite3_file *f, sqlite3_int64 *size)
{
    (void)f;
    *size = 0;
    return SQLITE_OK;
}

static int none_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    (void)f, (void)from, (void)n, (void)at;
    return SQLITE_READONLY;
}

static int none_control(sqlite3_file *f, int op, void *arg)
{
    (void)f, (void)op, (void)arg;
    return SQLITE_NOTFOUND;
}

static int none_nothing(sqlite3_file *f)
{
    (void)f;
    return 0;
}

/* ---- Without -shm ---- */

/* As SQLite's own VFS answers where -shm can only be read, and no writer is there: the index is made in our
 * memory then. */
static int alone_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    (void)f, (void)page, (void)size, (void)extend;
    *out = NULL;
    return SQLITE_READONLY_CANTINIT;
}

static int alone_lock(sqlite3_file *f, int from, int n, int flags)
{
    (void)f, (void)from, (void)n, (void)flags;
    return SQLITE_OK;
}

static void alone_barrier(sqlite3_file *f)
{
    (void)f;
}

static int alone_unmap(sqlite3_file *f, int gone)
{
    (void)f, (void)gone;
    return SQLITE_OK;
}

/* ---- The VFS ---- */

static struct reader *of(sqlite3_vfs *vfs)
{
    return (struct reader *)(void *)vfs;
}

static int opened_main(struct reader *r, sqlite3_file *f)
{
    if (!r->alone)
        return SQLITE_OK;
    r->main = *f->pMethods;
    r->main.xShmMap = alone_map;
    r->main.xShmLock = alone_lock;
    r->main.xShmBarrier = alone_barrier;
    r->main.xShmUnmap = alone_unmap;
    f->pMethods = &r->main;
    return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    struct reader *r = of(vfs);
    bool temporary = (flags & (SQLITE_OPEN_TEMP_DB | SQLITE_OPEN_TEMP_JOURNAL | SQLITE_OPEN_TRANSIENT_DB |
                               SQLITE_OPEN_SUBJOURNAL)) != 0;
    if (temporary)
        return SQLITE_CANTOPEN; /* all that is temporary stays in memory */
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_DELETEONCLOSE)) |
            SQLITE_OPEN_READONLY;
    int rc = r->real->xOpen(r->real, name, f, flags, out_flags), there = 0;
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0)
        return opened_main(r, f);
    if (rc == SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0)
        return rc;
    r->real->xAccess(r->real, name, SQLITE_ACCESS_EXISTS, &there);
    if (there)
        return rc;
    f->pMethods = &r->none;
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs, (void)name, (void)sync;
    return SQLITE_READONLY;
}

static void vfs_make(struct reader *r)
{
    r->real = sqlite3_vfs_find("unix");
    r->vfs = *r->real;
    snprintf(r->name, sizeof(r->name), "dbvitals-%p", (void *)r);
    r->vfs.zName = r->name;
    r->vfs.pNext = NULL;
    r->vfs.xOpen = vfs_open;
    r->vfs.xDelete = vfs_delete;
    r->none = (sqlite3_io_methods){.iVersion = 1,
                                   .xClose = none_close,
                                   .xRead = none_read,
                                   .xWrite = none_write,
                                   .xFileSize = none_size,
                                   .xFileControl = none_control,
                                   .xSectorSize = none_nothing,
                                   .xDeviceCharacteristics = none_nothing};
    sqlite3_vfs_register(&r->vfs, 0);
}

/* ---- The connection ---- */

static int on_progress(void *ctx)
{
    const struct reader *r = ctx;
    return reader_late(r) || atomic_load(r->cancel);
}

/* What is hostile about a file is its schema: no function of it is called, no table of it is believed. */
static void settle(struct reader *r)
{
    sqlite3_busy_timeout(r->db, 0);
    sqlite3_extended_result_codes(r->db, 1);
    sqlite3_db_config(r->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    sqlite3_db_config(r->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    sqlite3_db_config(r->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    sqlite3_limit(r->db, SQLITE_LIMIT_LENGTH, MOST_TEXT);
    sqlite3_limit(r->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_progress_handler(r->db, PROGRESS_OPS, on_progress, r);
    sqlite3_exec(
        r->db,
        "pragma query_only = 1; pragma temp_store = memory; pragma cache_size = -1024; pragma mmap_size = 0",
        NULL, NULL, NULL);
}

/* Characters that mean something in a URI are written as such. */
static char *uri_of(const char *path)
{
    struct text t;
    text_init(&t, 1 << 14);
    text_add(&t, "file:");
    for (const char *c = path; *c != '\0'; c++)
        if (strchr("?#%", *c) != NULL)
            text_addf(&t, "%%%02X", (unsigned char)*c);
        else
            text_add_char(&t, *c);
    text_add(&t, "?mode=ro&readonly_shm=1");
    return text_take(&t);
}

struct reader *reader_open(const char *path, const struct lite_file *f, const atomic_bool *cancel,
                           struct err *err)
{
    struct reader *r = mem_new(sizeof(*r));
    *r = (struct reader){.alone = !f->has_shm, .cancel = cancel, .until_s = loop_mono_s() + 1};
    vfs_make(r);
    char *uri = uri_of(path);
    int rc =
        sqlite3_open_v2(uri, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, r->name);
    free(uri);
    if (rc == SQLITE_OK) {
        settle(r);
        return r;
    }
    fail(err, "%s",
         rc == SQLITE_CANTOPEN ? "cannot be opened: this user may not read it, or it has just gone"
                               : sqlite3_errstr(rc));
    reader_close(r);
    return NULL;
}

void reader_close(struct reader *r)
{
    if (r == NULL)
        return;
    sqlite3_close(r->db);
    sqlite3_vfs_unregister(&r->vfs);
    free(r);
}

sqlite3 *reader_db(struct reader *r)
{
    return r->db;
}

int reader_first(struct reader *r, unsigned char *out, int n)
{
    sqlite3_file *f = NULL;
    sqlite3_int64 size = 0;
    if (sqlite3_file_control(r->db, "main", SQLITE_FCNTL_FILE_POINTER, &f) != SQLITE_OK || f == NULL ||
        f->pMethods == NULL || f->pMethods->xFileSize(f, &size) != SQLITE_OK)
        return 0;
    n = size < n ? (int)size : n;
    return f->pMethods->xRead(f, out, n, 0) == SQLITE_OK ? n : 0;
}

void reader_limit(struct reader *r, double s)
{
    r->until_s = loop_mono_s() + s;
}

bool reader_late(const struct reader *r)
{
    return loop_mono_s() > r->until_s;
}

bool reader_alone(const struct reader *r)
{
    return r->alone;
}
