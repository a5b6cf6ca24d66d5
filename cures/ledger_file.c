/* The file of the ledger: opening it, whatever it is; writing an entry; reading the newest. */
#include "cures/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/directory.h"
#include "core/mem.h"
#include "core/text.h"
#include "cures/ledger_alive.h"

enum { BUSY_MS = 5000, VERSION = 1 };

struct ledger_file {
    char *directory, *path, *notice;
    struct ledger_alive *alive;
    sqlite3 *db;          /* NULL: not open */
    int64_t read_version; /* of what was read last; -1: nothing was */
    bool written;         /* by us since then: SQLite's data_version tells of others only */
    bool has_open;        /* among them was one that runs: whether it still does, no version tells */
};

struct ledger_file *ledger_file_new(const char *directory)
{
    struct ledger_file *f = mem_new(sizeof(*f));
    f->directory = mem_dup(directory);
    f->path = directory_path(directory, "cures.db");
    f->alive = ledger_alive_new(directory);
    f->read_version = -1;
    return f;
}

static void disconnect(struct ledger_file *f)
{
    sqlite3_close(f->db);
    f->db = NULL;
    f->read_version = -1;
}

void ledger_file_free(struct ledger_file *f)
{
    if (f == NULL)
        return;
    disconnect(f);
    ledger_alive_free(f->alive);
    free(f->directory);
    free(f->path);
    free(f->notice);
    free(f);
}

char *ledger_file_take_notice(struct ledger_file *f)
{
    char *notice = f->notice;
    f->notice = NULL;
    return notice;
}

static bool failed(struct ledger_file *f, struct err *err)
{
    return fail(err, "%s: %s", f->path, f->db == NULL ? "it is not open" : sqlite3_errmsg(f->db));
}

static bool run(struct ledger_file *f, const char *sql, struct err *err)
{
    return sqlite3_exec(f->db, sql, NULL, NULL, NULL) == SQLITE_OK || failed(f, err);
}

/* The one number that SQL gives; -1: it cannot be read. */
static int64_t number(struct ledger_file *f, const char *sql)
{
    sqlite3_stmt *s = NULL;
    bool found = sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW;
    int64_t n = found ? sqlite3_column_int64(s, 0) : -1;
    sqlite3_finalize(s);
    return n;
}

/* ---- Opening ---- */

static bool connect_file(struct ledger_file *f, struct err *err)
{
    /* Made here, so that its mode, which SQLite gives to the files beside it, is ours whatever the umask is.
     */
    int fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(err, "cannot open %s: %s", f->path, strerror(errno));
    close(fd);
    if (sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return failed(f, err);
    sqlite3_busy_timeout(f->db, BUSY_MS);
    return run(f,
               "pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 1048576;"
               "pragma temp_store = memory; pragma cache_size = -256; pragma trusted_schema = off",
               err);
}

static bool is_damaged(struct ledger_file *f)
{
    int code = f->db == NULL ? SQLITE_OK : sqlite3_errcode(f->db) & 0xff;
    return code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
}

static bool put_aside(struct ledger_file *f, const char *mark, const char *why, struct err *err)
{
    struct text notice;
    disconnect(f);
    char *aside = directory_put_aside(f->path, mark);
    text_init(&notice, 8192);
    text_addf(&notice, "the ledger %s %s and is now %s: the ledger begins anew", f->path, why, aside);
    free(aside);
    free(f->notice);
    f->notice = text_take(&notice);
    return connect_file(f, err);
}

/* Whoever made it may still be at work with it: SQLite lets nobody lock it alone then, and it stays. */
static bool put_other_aside(struct ledger_file *f, int64_t version, struct err *err)
{
    char mark[40];
    snprintf(mark, sizeof(mark), "version-%lld", (long long)version);
    if (!run(f, "pragma locking_mode = exclusive; begin exclusive; rollback", NULL))
        return fail(err, "%s is of another version of dbvitals, which is using it", f->path);
    return put_aside(f, mark, "is of another version of dbvitals", err);
}

/* Columns are those of the table of members. */
static bool make_tables(struct ledger_file *f, struct err *err)
{
    static const char *const types[] = {
        [ENTRY_TEXT] = "text", [ENTRY_INT] = "integer", [ENTRY_REAL] = "real"};
    struct text sql;
    text_init(&sql, 4096);
    text_add(&sql,
             "begin immediate; create table if not exists entries(id integer primary key autoincrement, uid "
             "integer not null unique");
    for (int i = 2; entry_field(i) != NULL; i++)
        text_addf(&sql, ", \"%s\" %s", entry_field(i)->name, types[entry_field(i)->type]);
    text_addf(&sql, "); pragma user_version = %d; commit", VERSION);
    bool ok = run(f, text_str(&sql), err);
    if (!ok)
        run(f, "rollback", NULL);
    text_done(&sql);
    return ok;
}

static bool open_locked(struct ledger_file *f, struct err *err)
{
    bool ok = connect_file(f, err);
    if (!ok && is_damaged(f))
        ok = put_aside(f, "damaged", "was damaged", err);
    int64_t version = ok ? number(f, "pragma user_version") : -1;
    if (ok && version != 0 && version != VERSION)
        ok = version < 0 ? failed(f, err) : put_other_aside(f, version, err);
    if (ok && version != VERSION)
        ok = make_tables(f, err);
    if (ok && number(f, "select count(*) from entries where id = (select max(id) from entries)") < 0)
        ok = is_damaged(f) ? put_aside(f, "damaged", "was damaged", err) && make_tables(f, err)
                           : failed(f, err);
    return ok;
}

/* One program at a time looks what it is, and makes or puts it aside; afterwards SQLite's own locks do. */
static bool open_file(struct ledger_file *f, struct err *err)
{
    if (f->db != NULL)
        return true;
    if (!directory_make(f->directory, err))
        return false;
    char *path = directory_path(f->directory, "cures.lock");
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = lock >= 0 && flock(lock, LOCK_EX) == 0;
    if (!ok)
        fail(err, "cannot open %s: %s", path, strerror(errno));
    ok = ok && open_locked(f, err);
    if (!ok)
        disconnect(f);
    if (lock >= 0)
        close(lock);
    free(path);
    return ok;
}

/* ---- Writing ---- */

static void bind(sqlite3_stmt *s, int at, const struct entry *e, const struct entry_field *field)
{
    const void *value = entry_at(e, field);
    if (field->type == ENTRY_REAL) {
        sqlite3_bind_double(s, at, *(const double *)value); /* NAN becomes null */
    } else if (field->type == ENTRY_INT) {
        sqlite3_bind_int64(s, at, *(const int64_t *)value);
    } else {
        const char *text = *(char *const *)value;
        sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC); /* NULL becomes null */
    }
}

/* Parameter ?I of SQL is member number I of E. */
static bool run_with(struct ledger_file *f, const char *sql, const struct entry *e, struct err *err)
{
    sqlite3_stmt *s = NULL;
    bool ok = sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) == SQLITE_OK;
    for (int i = 1; ok && i <= sqlite3_bind_parameter_count(s); i++)
        bind(s, i, e, entry_field(i));
    ok = ok && sqlite3_step(s) == SQLITE_DONE;
    if (!ok)
        failed(f, err);
    sqlite3_finalize(s);
    return ok;
}

/* What an entry does not have yet when it begins. */
static bool is_later(const char *name)
{
    static const char *const later[] = {"state", "began_at", "ended_at", "message", "numbers"};
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        if (strcmp(name, later[i]) == 0)
            return true;
    return false;
}

/* Not as one statement with ON CONFLICT: that takes a number even where nothing is inserted. Nobody else puts
 * entries of this uid. */
static bool put(struct ledger_file *f, const struct entry *e, struct err *err)
{
    struct text update, insert;
    const char *between = " set";
    text_init(&update, 4096);
    text_init(&insert, 4096);
    text_add(&update, "update entries");
    text_add(&insert, "insert into entries values(null");
    for (int i = 1; entry_field(i) != NULL; i++) {
        text_addf(&insert, ", ?%d", i);
        if (!is_later(entry_field(i)->name))
            continue;
        text_addf(&update, "%s \"%s\" = ?%d", between, entry_field(i)->name, i);
        between = ",";
    }
    text_add(&update, " where uid = ?1");
    text_add(&insert, ")");
    bool ok = run_with(f, text_str(&update), e, err) &&
              (sqlite3_changes(f->db) > 0 || run_with(f, text_str(&insert), e, err));
    text_done(&update);
    text_done(&insert);
    return ok;
}

static void thin(struct ledger_file *f)
{
    char sql[100];
    snprintf(sql, sizeof(sql), "delete from entries where id <= (select max(id) from entries) - %d",
             LEDGER_KEPT);
    run(f, sql, NULL); /* what cannot be thinned now will be later */
}

bool ledger_file_put(struct ledger_file *f, const struct entry *e, struct err *err)
{
    bool open = entry_is_open(e);
    if (!open_file(f, err) || (open && !ledger_alive_hold(f->alive, e->uid, err)))
        return false;
    bool ok = put(f, e, err);
    if (ok && !open)
        ledger_alive_release(f->alive, e->uid);
    if (ok)
        thin(f);
    else
        disconnect(f); /* and find out anew what stands there, the next time */
    f->written = true;
    return ok;
}

/* ---- Reading ---- */

static struct entry *entry_of(sqlite3_stmt *s)
{
    struct entry *e = mem_new(sizeof(*e));
    for (int i = 0; entry_field(i) != NULL; i++) {
        void *to = entry_at(e, entry_field(i));
        switch (entry_field(i)->type) {
        case ENTRY_REAL:
            *(double *)to = sqlite3_column_type(s, i) == SQLITE_NULL ? NAN : sqlite3_column_double(s, i);
            break;
        case ENTRY_INT:
            *(int64_t *)to = sqlite3_column_int64(s, i);
            break;
        case ENTRY_TEXT:
            *(char **)to = mem_dup((const char *)sqlite3_column_text(s, i));
            break;
        }
    }
    return e;
}

static bool read_rows(struct ledger_file *f, int most, struct entry ***out, int *n, struct err *err)
{
    char sql[80];
    sqlite3_stmt *s = NULL;
    int code = SQLITE_ERROR;
    snprintf(sql, sizeof(sql), "select * from entries order by id desc limit %d", most);
    *out = NULL;
    *n = 0;
    if (sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) == SQLITE_OK)
        while ((code = sqlite3_step(s)) == SQLITE_ROW) {
            *out = mem_grow(*out, (size_t)*n + 1, sizeof(**out));
            (*out)[(*n)++] = entry_of(s);
        }
    bool ok = code == SQLITE_DONE || failed(f, err);
    sqlite3_finalize(s);
    if (ok)
        return true;
    entries_free(*out, *n);
    *out = NULL;
    *n = 0;
    return false;
}

/* The end of an entry is written before its program lets go of it: who is let go of, and has no end now, has
 * none at all. */
static bool is_left(struct ledger_file *f, int64_t uid)
{
    char sql[120];
    snprintf(sql, sizeof(sql), "select ended_at is null and state = '%s' from entries where uid = %lld",
             job_state_name(JOB_RUNNING), (long long)uid);
    return !ledger_alive_is(f->alive, uid) && number(f, sql) == 1;
}

/* True if one of them still runs, or ended just now. */
static bool judge(struct ledger_file *f, struct entry *const *entries, int n)
{
    bool runs = false;
    for (int i = 0; i < n; i++) {
        bool left = entry_is_open(entries[i]) && is_left(f, entries[i]->uid);
        runs = runs || (entry_is_open(entries[i]) && !left);
        if (left)
            entry_say(entries[i], "unknown", "dbvitals ended before it: the server may have gone on with it");
    }
    return runs;
}

bool ledger_file_read(struct ledger_file *f, int most, struct entry ***out, int *n, bool *same,
                      struct err *err)
{
    *same = true;
    *out = NULL;
    *n = 0;
    if (f->db == NULL && access(f->path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return true;
    if (!open_file(f, err))
        return false;
    int64_t version = number(f, "pragma data_version");
    *same = version >= 0 && version == f->read_version && !f->written && !f->has_open;
    if (*same)
        return true;
    if (!read_rows(f, most, out, n, err)) {
        disconnect(f);
        return false;
    }
    f->read_version = version;
    f->written = false;
    f->has_open = judge(f, *out, *n);
    return true;
}
