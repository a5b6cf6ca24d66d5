/* The file behind the state: opening it, whatever it is, and writing it in whole transactions. */
#include "alerts/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/state_tables.h"
#include "core/directory.h"
#include "core/loop.h"
#include "core/mem.h"

enum { BUSY_MS = 5000 };

// clang-format off
static const char *const statements[N_STATEMENTS] = {
    [PUT_ALERT]     = NULL, /* made from the table of fields */
    [DROP_ALERT]    = "delete from alerts where id = ?",
    [PUT_NUMBER]    = "insert or replace into numbers values(?, ?)",
    [PUT_EVENT]     = "insert into events values(null, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_MOMENT]    = NULL,
    [PUT_NOTIFIED]  = "insert or replace into notified values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [DROP_NOTIFIED] = "delete from notified where alert_id = ? and webhook = ?",
    [PUT_SILENCE]   = "insert or replace into silences values(?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_CONTEXT]   = "insert or replace into contexts values(?, ?, ?)",
    [PUT_MESSAGE]   = "insert or replace into outbox values(?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
    [PUT_DELIVERY]  = "insert into deliveries values(null, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [RETRY_MESSAGE] = "update outbox set attempts = ?2, age_s = ?3 where number = ?1",
    [DROP_MESSAGE]  = "delete from outbox where number = ?",
    [BURY_MESSAGE]  = "update outbox set dead = 1, attempts = ?2 where number = ?1",
};
/* ?1 is the oldest moment that is kept. */
static const char *const thinning[] = {
    "delete from events where (seq <= (select max(seq) from events) - 20000 or at_s < ?1)"
    " and alert_id not in (select alert_id from notified where pending)",
    "delete from moments where id not in (select alert_id from notified where pending)",
    "delete from deliveries where seq <= (select max(seq) from deliveries) - 10000 or at_s < ?1",
    "delete from contexts where rowid <= (select max(rowid) from contexts) - 1000",
    "delete from outbox where dead and (made_s < ?1 or number not in"
    " (select number from outbox where dead order by number desc limit 1000))",
    "delete from silences where until_s < ?1",
};
// clang-format on
static const double KEPT_S = 30 * 86400.0;

/* ---- The directory ---- */

/* The lock belongs to the descriptor: it goes when the process does, however it does. */
static bool lock(struct state_file *f, const char *directory, bool *held, struct err *err)
{
    char *path = directory_path(directory, "lock");
    bool ok = true;
    f->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f->lock < 0) {
        ok = fail(err, "cannot open %s: %s; the state directory must be writable", path, strerror(errno));
    } else if (flock(f->lock, LOCK_EX | LOCK_NB) != 0) {
        *held = errno == EWOULDBLOCK;
        ok = fail(err, "the state directory %s is in use by another dbvitals", directory);
    }
    free(path);
    return ok;
}

/* ---- Opening ---- */

static bool failed(struct state_file *f, const char *what, struct err *err)
{
    return fail(err, "%s %s: %s", what, f->path, sqlite3_errmsg(f->db));
}

static bool run(struct state_file *f, const char *sql, struct err *err)
{
    return sqlite3_exec(f->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
           failed(f, "cannot use the state file", err);
}

/* The first value of the first row is WANTED. */
static bool answers(struct state_file *f, const char *sql, const char *wanted)
{
    sqlite3_stmt *s = NULL;
    bool ok = false;
    if (sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        ok = text != NULL && strcmp(text, wanted) == 0;
    }
    sqlite3_finalize(s);
    return ok;
}

static bool connect_file(struct state_file *f, bool alone, struct err *err)
{
    /* Made here, so that its mode, which SQLite gives to the files beside it, is ours whatever the umask is.
     */
    int fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(err, "cannot open the state file %s: %s", f->path, strerror(errno));
    close(fd);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(f->path, &f->db, flags, NULL) != SQLITE_OK)
        return failed(f, "cannot open the state file", err);
    sqlite3_busy_timeout(f->db, BUSY_MS);
    return (!alone || run(f, "pragma locking_mode = exclusive", err)) &&
           run(f,
               "pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 4194304;"
               "pragma temp_store = memory; pragma cache_size = -512; pragma trusted_schema = off",
               err);
}

/* Whether what is wrong is the file itself, not the disk or the rights. */
static bool is_damaged(struct state_file *f)
{
    int code = f->db == NULL ? SQLITE_OK : sqlite3_errcode(f->db) & 0xff;
    return code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
}

/* WHAT is the beginning of its new name's end, WHY a part of the sentence. */
static void put_aside(struct state_file *f, const char *what, const char *why)
{
    struct text notice;
    sqlite3_close(f->db);
    f->db = NULL;
    char *aside = directory_put_aside(f->path, what);
    text_init(&notice, 8192);
    text_addf(&notice,
              "the state file %s %s and is now %s: acks, silences, and messages that waited in it are not "
              "known here; alerts begin anew",
              f->path, why, aside);
    free(aside);
    free(f->notice);
    f->notice = text_take(&notice);
}

uint32_t state_file_new_generation(void)
{
    uint32_t generation = 0;
    if (getrandom(&generation, sizeof(generation), GRND_NONBLOCK) < 0)
        generation = (uint32_t)(loop_wall_s() * 1000);
    return generation % INT32_MAX + 1;
}

/* One row of an alert, or of an alert as it was. */
static void add_put(struct text *out, enum statement statement)
{
    bool moment = statement == PUT_MOMENT;
    text_add(out, moment ? "insert into moments(" : "insert or replace into alerts(");
    alert_columns_add(out, false);
    text_add(out, moment ? ", number) values(?, ?" : ") values(?");
    for (int i = 0; i < alert_fields(); i++)
        text_add(out, ", ?");
    text_add(out, ")");
}

static bool prepare(struct state_file *f, struct err *err)
{
    struct text put;
    text_init(&put, 4096);
    bool ok = true;
    for (int i = 0; ok && i < N_STATEMENTS; i++) {
        text_clear(&put);
        if (statements[i] == NULL)
            add_put(&put, (enum statement)i);
        else
            text_add(&put, statements[i]);
        ok = sqlite3_prepare_v3(f->db, text_str(&put), -1, SQLITE_PREPARE_PERSISTENT, &f->statements[i],
                                NULL) == SQLITE_OK;
    }
    text_done(&put);
    return ok || failed(f, "cannot use the state file", err);
}

static void disconnect(struct state_file *f)
{
    for (int i = 0; i < N_STATEMENTS; i++) {
        sqlite3_finalize(f->statements[i]);
        f->statements[i] = NULL;
    }
    sqlite3_close(f->db);
    f->db = NULL;
}

/* The disk, not the file, nor what was asked. */
static bool disk_refuses(const struct state_file *f)
{
    int code = f->db == NULL ? SQLITE_OK : sqlite3_errcode(f->db) & 0xff;
    return code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
}

/* Of another version, newer or older: this one cannot read it, and watching does not wait for whoever could.
 */
static bool replace_other(struct state_file *f, bool alone, struct err *err)
{
    char what[40];
    snprintf(what, sizeof(what), "version-%d", state_tables_version(f->db));
    put_aside(f, what, "is of another version of dbvitals, with other tables,");
    return connect_file(f, alone, err);
}

static bool have_tables(struct state_file *f, bool alone, struct err *err)
{
    state_tables_upgrade(f->db);
    enum state_tables tables = state_tables_look(f->db);
    if (tables == TABLES_OURS)
        f->generation = state_tables_generation(f->db);
    if (tables == TABLES_OTHER) {
        if (!replace_other(f, alone, err))
            return false;
        tables = TABLES_NONE;
    }
    f->empty = tables == TABLES_NONE;
    return tables == TABLES_OURS || (tables == TABLES_NONE && state_tables_make(f->db, f->generation)) ||
           failed(f, "cannot use the state file", err);
}

static bool open_once(struct state_file *f, bool alone, struct err *err)
{
    f->alone = alone;
    bool ok = connect_file(f, alone, err);
    bool damaged = ok ? !answers(f, "pragma quick_check(1)", "ok") && !disk_refuses(f) : is_damaged(f);
    if (damaged) {
        put_aside(f, "damaged", "was damaged");
        ok = connect_file(f, alone, err);
    }
    return ok && have_tables(f, alone, err) && prepare(f, err);
}

/* A full disk has no room for the file that WAL shares with other readers: then there are none. */
static bool open_file(struct state_file *f, struct err *err)
{
    if (open_once(f, false, err))
        return true;
    if (!disk_refuses(f))
        return false;
    disconnect(f);
    return open_once(f, true, err);
}

/* Nothing was ever kept in it. */
static bool is_new(const struct state_file *f)
{
    struct stat st;
    return f->empty || (stat(f->path, &st) != 0 ? errno == ENOENT : st.st_size == 0);
}

bool state_file_make(struct state_file *f, struct err *err)
{
    bool held = false;
    if (f->ready)
        return true;
    f->ready = directory_make(f->directory, err) && (f->lock >= 0 || lock(f, f->directory, &held, err)) &&
               open_file(f, err);
    if (!f->ready)
        disconnect(f);
    return f->ready;
}

struct state_file *state_file_open(const char *directory, bool *held, struct err *err)
{
    struct state_file *f = mem_new(sizeof(*f));
    f->lock = -1;
    f->generation = state_file_new_generation();
    f->directory = mem_dup(directory);
    f->path = directory_path(directory, "state.db");
    errno = 0;
    bool there = directory_make(directory, err) && lock(f, directory, held, err);
    f->ready = there && open_file(f, err);
    bool full = there ? disk_refuses(f) || errno == ENOSPC : errno == ENOSPC || errno == EDQUOT;
    if (f->ready || (full && !*held && is_new(f))) {
        if (!f->ready)
            disconnect(f);
        return f;
    }
    state_file_close(f);
    return NULL;
}

void state_file_close(struct state_file *f)
{
    if (f == NULL)
        return;
    disconnect(f);
    if (f->lock >= 0)
        close(f->lock);
    free(f->directory);
    free(f->path);
    free(f->notice);
    free(f);
}

/* ---- Writing ---- */

bool state_file_begin(struct state_file *f, struct err *err)
{
    return sqlite3_exec(f->db, "begin immediate", NULL, NULL, NULL) == SQLITE_OK ||
           failed(f, "cannot write", err);
}

static void bind(sqlite3_stmt *s, int i, const struct cell *c)
{
    switch (c->type) {
    case CELL_NULL:
        sqlite3_bind_null(s, i);
        break;
    case CELL_INT:
        sqlite3_bind_int64(s, i, c->integer);
        break;
    case CELL_REAL:
        sqlite3_bind_double(s, i, c->real);
        break;
    case CELL_TEXT:
        sqlite3_bind_text(s, i, c->text, -1, SQLITE_STATIC);
        break;
    }
}

bool state_file_row(struct state_file *f, const struct row *row, struct err *err)
{
    sqlite3_stmt *s = f->statements[row->statement];
    for (int i = 0; i < row->n; i++)
        bind(s, i + 1, &row->cells[i]);
    bool ok = sqlite3_step(s) == SQLITE_DONE || failed(f, "cannot write", err);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return ok;
}

/* The disk has room again: others may read the file, too. */
static void share(struct state_file *f)
{
    disconnect(f);
    f->ready = open_file(f, NULL);
    if (!f->ready) /* tried again with the next job */
        disconnect(f);
}

bool state_file_commit(struct state_file *f, struct err *err)
{
    if (sqlite3_exec(f->db, "commit", NULL, NULL, NULL) != SQLITE_OK)
        return failed(f, "cannot write", err);
    if (f->alone)
        share(f);
    return true;
}

void state_file_rollback(struct state_file *f)
{
    if (sqlite3_get_autocommit(f->db) == 0) /* SQLite ends some by itself */
        sqlite3_exec(f->db, "rollback", NULL, NULL, NULL);
}

void state_file_thin(struct state_file *f, double wall_s)
{
    for (size_t i = 0; f->ready && i < sizeof(thinning) / sizeof(thinning[0]); i++) {
        sqlite3_stmt *s = NULL;
        if (sqlite3_prepare_v2(f->db, thinning[i], -1, &s, NULL) == SQLITE_OK) {
            sqlite3_bind_double(s, 1, wall_s - KEPT_S);
            sqlite3_step(s); /* what cannot be thinned now will be later */
        }
        sqlite3_finalize(s);
    }
}
