/* A cure: one statement on a connection of its own that may write, in the pool. A file that somebody else
 * writes is waited for no longer than lock_timeout at a time: then it steps back, and tries again. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>

#include "collectors/sqlite/inside.h"
#include "core/mem.h"

static const double PAUSE_S = 3;
enum { MOST_ATTEMPTS = 20, MOST_TEXT = 8000, MOST_ROWS = 20, PROGRESS_OPS = 5000, LITTLE_WAIT_MS = 50 };

enum outcome { OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_BUSY };

struct act {
    struct lite_source *source; /* NULL: it was closed */
    struct act *next;
    struct loop *loop;
    struct act_host host;
    bool forgotten;
    char *path, *verify, *statement;
    double lock_timeout_s, limit_s;
    int attempt;
    bool running; /* in the pool */
    bool late, cancelled;
    atomic_bool stop;
    struct loop_timer *pause, *limit;
    /* Of the pool, while it runs: */
    sqlite3_mutex *guard; /* of `db`, which another thread may interrupt */
    sqlite3 *db;
    double wait_until_s;
    enum outcome outcome;
    struct text said;
};

/* ---- In the pool ---- */

static int on_progress(void *ctx)
{
    return atomic_load(&((struct act *)ctx)->stop);
}

static int on_busy(void *ctx, int times)
{
    struct act *a = ctx;
    (void)times;
    if (atomic_load(&a->stop) || loop_mono_s() > a->wait_until_s)
        return 0;
    sqlite3_sleep(LITTLE_WAIT_MS);
    return 1;
}

/* free_bytes(): what is free on the file's file system. For `verify`. */
static void free_bytes(sqlite3_context *c, int n, sqlite3_value **values)
{
    struct statvfs fs;
    (void)n, (void)values;
    if (statvfs(((struct act *)sqlite3_user_data(c))->path, &fs) == 0)
        sqlite3_result_double(c, (double)fs.f_bavail * (double)fs.f_frsize);
}

static void hold(struct act *a, sqlite3 *db)
{
    sqlite3_mutex_enter(a->guard);
    a->db = db;
    sqlite3_mutex_leave(a->guard);
}

static void say(struct act *a, const char *text)
{
    text_addf(&a->said, "%s%s", a->said.len > 0 ? "\n" : "", text);
}

static enum outcome failed(struct act *a, sqlite3 *db, int rc)
{
    int first = rc & 0xff;
    if (first == SQLITE_BUSY || first == SQLITE_LOCKED)
        return OUTCOME_BUSY;
    if (first == SQLITE_READONLY)
        say(a, "this user may not write the file, or into its directory: run dbvitals as the application's "
               "user");
    else if (first == SQLITE_FULL)
        say(a, "the disk is full: VACUUM needs as much room as the file has, twice for a moment");
    else if (first == SQLITE_INTERRUPT)
        say(a, "it was interrupted: the file is as it was before");
    else
        say(a, sqlite3_errmsg(db));
    return OUTCOME_FAILED;
}

static void add_row(struct act *a, sqlite3_stmt *stmt)
{
    struct text row;
    text_init(&row, 1000);
    for (int i = 0; i < sqlite3_column_count(stmt); i++)
        text_addf(&row, "%s%s", i > 0 ? " " : "",
                  sqlite3_column_text(stmt, i) != NULL ? (const char *)sqlite3_column_text(stmt, i) : "");
    say(a, text_str(&row));
    text_done(&row);
}

static bool begins(const char *statement, const char *with)
{
    return strncasecmp(statement, with, strlen(with)) == 0;
}

/* A checkpoint that met readers says so in its row; a check that found something does in its first one. */
static enum outcome judge(const struct act *a, sqlite3_stmt *stmt)
{
    if (begins(a->statement, "pragma wal_checkpoint"))
        return sqlite3_column_int(stmt, 0) != 0 ? OUTCOME_BUSY : OUTCOME_DONE;
    const char *text = (const char *)sqlite3_column_text(stmt, 0);
    if (begins(a->statement, "pragma quick_check") || begins(a->statement, "pragma integrity_check"))
        return text != NULL && strcmp(text, "ok") == 0 ? OUTCOME_DONE : OUTCOME_FAILED;
    return OUTCOME_DONE;
}

static enum outcome run(struct act *a, sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    enum outcome outcome = OUTCOME_DONE;
    int n = 0, rc = sqlite3_prepare_v2(db, a->statement, -1, &stmt, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (n == 0)
            outcome = judge(a, stmt);
        if (n++ < MOST_ROWS && outcome != OUTCOME_BUSY && !begins(a->statement, "pragma wal_checkpoint"))
            add_row(a, stmt);
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE)
        outcome = failed(a, db, rc);
    sqlite3_finalize(stmt);
    return outcome;
}

static enum outcome verify(struct act *a, sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    enum outcome outcome = OUTCOME_FAILED;
    int rc = a->verify == NULL ? SQLITE_DONE : sqlite3_prepare_v2(db, a->verify, -1, &stmt, NULL);
    if (a->verify == NULL)
        return OUTCOME_DONE;
    if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        if (text != NULL && strcmp(text, "true") == 0)
            outcome = OUTCOME_DONE;
        else
            say(a, text != NULL ? text : "it is not what it was");
    } else
        outcome = failed(a, db, rc);
    sqlite3_finalize(stmt);
    return outcome;
}

static void work(void *ctx)
{
    struct act *a = ctx;
    sqlite3 *db = NULL;
    text_clear(&a->said);
    a->wait_until_s = loop_mono_s() + (isnan(a->lock_timeout_s) ? a->limit_s : a->lock_timeout_s);
    int rc = sqlite3_open_v2(a->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);
    hold(a, db);
    sqlite3_extended_result_codes(db, 1);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    sqlite3_progress_handler(db, PROGRESS_OPS, on_progress, a);
    sqlite3_busy_handler(db, on_busy, a);
    sqlite3_create_function(db, "free_bytes", 0, SQLITE_UTF8, a, free_bytes, NULL, NULL);
    a->outcome = rc != SQLITE_OK ? failed(a, db, rc) : verify(a, db);
    if (a->outcome == OUTCOME_DONE)
        a->outcome = run(a, db);
    hold(a, NULL);
    sqlite3_close(db);
}

/* ---- On the loop ---- */

static void destroy(struct act *a)
{
    for (struct act **at = a->source == NULL ? NULL : &a->source->acts; at != NULL && *at != NULL;
         at = &(*at)->next)
        if (*at == a) {
            *at = a->next;
            break;
        }
    loop_timer_free(a->pause);
    loop_timer_free(a->limit);
    sqlite3_mutex_free(a->guard);
    text_done(&a->said);
    free(a->path);
    free(a->verify);
    free(a->statement);
    free(a);
}

static void end(struct act *a, enum act_end how)
{
    struct act_host host = a->host;
    bool forgotten = a->forgotten;
    struct text said = a->said;
    a->said = (struct text){0};
    destroy(a);
    if (!forgotten)
        host.ended(host.ctx, how, text_str(&said));
    text_done(&said);
}

static void attempt(void *ctx);

static void stepped_back(struct act *a)
{
    if (a->attempt >= MOST_ATTEMPTS) {
        text_addf(&a->said,
                  "the file was busy in %d attempts of %.3g s each: other processes write it or read it all "
                  "the time",
                  a->attempt, a->lock_timeout_s);
        end(a, ACT_FAILED);
        return;
    }
    if (!a->forgotten)
        a->host.step(a->host.ctx, ACT_WAITS, 0, a->attempt);
    loop_timer_start(a->pause, PAUSE_S, 0);
}

static void worked(void *ctx)
{
    struct act *a = ctx;
    a->running = false;
    if (a->outcome == OUTCOME_DONE)
        end(a, ACT_DONE);
    else if (a->late) {
        text_addf(&a->said, "%sit took longer than its limit of %.0f s", a->said.len > 0 ? "\n" : "",
                  a->limit_s);
        end(a, ACT_FAILED);
    } else if (a->cancelled)
        end(a, ACT_CANCELLED);
    else if (a->outcome == OUTCOME_BUSY)
        stepped_back(a);
    else
        end(a, ACT_FAILED);
}

static void attempt(void *ctx)
{
    struct act *a = ctx;
    if (a->cancelled) {
        end(a, ACT_CANCELLED);
        return;
    }
    a->attempt++;
    a->running = true;
    if (!a->forgotten)
        a->host.step(a->host.ctx, ACT_RUNS, 0, a->attempt);
    loop_work(a->loop, work, worked, a);
}

static void stop(struct act *a)
{
    atomic_store(&a->stop, true);
    sqlite3_mutex_enter(a->guard);
    if (a->db != NULL)
        sqlite3_interrupt(a->db);
    sqlite3_mutex_leave(a->guard);
    if (!a->running && a->pause != NULL)
        loop_timer_start(a->pause, 0, 0);
}

static void on_limit(void *ctx)
{
    struct act *a = ctx;
    a->late = true;
    stop(a);
}

struct act *lite_act_start(struct source *source, const struct act_order *order, struct act_host host,
                           struct err *err)
{
    struct lite_source *s = (struct lite_source *)source;
    if (!s->up) {
        fail(err, "the file cannot be read now: %s", s->job.err.text);
        return NULL;
    }
    struct act *a = mem_new(sizeof(*a));
    *a = (struct act){.source = s,
                      .next = s->acts,
                      .loop = s->loop,
                      .host = host,
                      .path = realpath(s->job.path, NULL),
                      .verify = mem_dup(order->verify),
                      .statement = mem_dup(order->statement),
                      .lock_timeout_s = order->lock_timeout_s,
                      .limit_s = order->limit_s,
                      .guard = sqlite3_mutex_alloc(SQLITE_MUTEX_FAST)};
    s->acts = a;
    text_init(&a->said, MOST_TEXT);
    a->pause = loop_timer_new(s->loop, attempt, a);
    a->limit = loop_timer_new(s->loop, on_limit, a);
    if (a->path == NULL) {
        fail(err, "the file has gone");
        destroy(a);
        return NULL;
    }
    loop_timer_start(a->pause, 0, 0);
    loop_timer_start(a->limit, order->limit_s, 0);
    return a;
}

void lite_act_cancel(struct act *a)
{
    a->cancelled = true;
    stop(a);
}

/* SQLite ends with us: what is begun is undone. */
void lite_act_forget(struct act *a)
{
    a->forgotten = true;
    a->cancelled = true;
    stop(a);
}

void lite_acts_close(struct lite_source *s)
{
    while (s->acts != NULL) {
        struct act *a = s->acts;
        s->acts = a->next;
        a->source = NULL;
        a->forgotten = a->cancelled = true;
        loop_timer_free(a->pause);
        loop_timer_free(a->limit);
        a->pause = a->limit = NULL;
        stop(a);
        if (!a->running)
            destroy(a);
    }
}
