/* Who waits behind a cure that runs. It steps back for them as autovacuum does; where stepping back would
 * leave an invalid index, it tells of them and goes on. Looked at from the fast lane. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/act.h"
#include "core/mem.h"

static const double LOOK_S = 1;
/* Before the lock's time is over, so that nobody waits longer: a cancel takes a moment. */
static const double HEED_S = 0.2, LEAST_S = 1;

/* A look under way; it may outlive the cure. */
struct act_look {
    struct act *act; /* NULL: gone */
};

/* All may read pg_locks, and the name in pg_stat_activity. An autovacuum worker waits for its own like. */
static const char BEHIND[] =
    "WITH RECURSIVE waiting AS MATERIALIZED (SELECT l.pid, pg_catalog.max(pg_catalog.date_part('epoch',"
    " pg_catalog.clock_timestamp() - l.waitstart)) AS waited_s, pg_catalog.pg_blocking_pids(l.pid) AS by_pids"
    " FROM pg_catalog.pg_locks l WHERE NOT l.granted AND l.pid <> %d GROUP BY l.pid),"
    " behind AS (SELECT w.pid FROM waiting w WHERE %d = ANY (w.by_pids)"
    " UNION SELECT w.pid FROM waiting w JOIN behind b ON b.pid = ANY (w.by_pids))"
    " SELECT w.pid::text, coalesce(nullif(a.application_name, ''), a.usename::text, 'no name'),"
    " coalesce(w.waited_s, 0)::text, (SELECT pg_catalog.count(*) FROM behind)::text"
    " FROM waiting w LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = w.pid"
    " WHERE %d = ANY (w.by_pids) AND a.backend_type IS DISTINCT FROM 'autovacuum worker'"
    " ORDER BY w.waited_s DESC NULLS LAST LIMIT 1";

static void tell(struct act *a, const char *text)
{
    if (text != NULL || a->told_behind)
        a->host.says(a->host.ctx, text);
    a->told_behind = text != NULL;
}

static void step_back(struct act *a, const char *pid, const char *name, double waited_s)
{
    bool cleaned = strncmp(a->statement, "VACUUM", strlen("VACUUM")) == 0;
    snprintf(a->back, sizeof(a->back),
             "stepped back: pid %s (%.100s) waited %.1f s behind it for a lock; %s;"
             " start it again when nobody alters the table",
             pid, name, waited_s,
             cleaned ? "what was done so far stays" : "what was not committed was taken back");
    act_stop(a);
}

/* Gives when to look again; 0: not any more. */
static double heed(struct act *a, const struct conn_rows *rows)
{
    int len = 0;
    if (conn_rows_n(rows) == 0) {
        tell(a, NULL);
        return LOOK_S;
    }
    const char *pid = conn_rows_value(rows, 0, 0, &len), *name = conn_rows_value(rows, 0, 1, &len);
    double waited_s = strtod(conn_rows_value(rows, 0, 2, &len), NULL);
    int n = (int)strtol(conn_rows_value(rows, 0, 3, &len), NULL, 10);
    waited_s = fmin(waited_s, loop_mono_s() - a->sent_s); /* before that it was for somebody else */
    if (isnan(a->lock_timeout_s)) {
        char text[300];
        snprintf(text, sizeof(text), "%d session%s behind it, %.0f s: pid %s (%.100s)", n,
                 n == 1 ? " waits" : "s wait", waited_s, pid, name);
        tell(a, text);
        return LOOK_S;
    }
    double most_s = fmax(a->lock_timeout_s - HEED_S, LEAST_S);
    if (waited_s < most_s)
        return fmin(LOOK_S, most_s - waited_s + 0.01);
    step_back(a, pid, name, waited_s);
    return 0;
}

static void on_look(void *ctx, const struct conn_answer *answer)
{
    struct act_look *look = ctx;
    struct act *a = look->act;
    double again_s = LOOK_S;
    free(look);
    if (a != NULL) {
        a->look = NULL;
        if (a->step == STEP_RUN && answer->rows != NULL && !a->cancelled && !a->late)
            again_s = heed(a, answer->rows);
        if (a->step == STEP_RUN && again_s > 0)
            loop_timer_start(a->behind, again_s, 0);
    }
    conn_rows_free(answer->rows);
}

void act_behind_look(void *ctx)
{
    struct act *a = ctx;
    int pid = conn_backend_pid(a->conn);
    struct text sql;
    if (a->step != STEP_RUN || a->look != NULL || pid == 0)
        return;
    text_init(&sql, sizeof(BEHIND) + 100);
    text_addf(&sql, BEHIND, pid, pid, pid);
    a->look = mem_new(sizeof(*a->look));
    a->look->act = a;
    struct conn_query q = {
        .sql = text_str(&sql), .timeout_s = LOOK_S, .unnamed = true, .ctx = a->look, .done = on_look};
    if (!lane_send(&a->source->fast, &q)) { /* it connects again, and then is asked */
        free(a->look);
        a->look = NULL;
        loop_timer_start(a->behind, LOOK_S, 0);
    }
    text_done(&sql);
}

void act_behind_watch(struct act *a)
{
    a->sent_s = loop_mono_s();
    if (!a->source->pooled)
        loop_timer_start(a->behind, LOOK_S, 0);
}

void act_behind_forget(struct act *a)
{
    if (a->look != NULL)
        a->look->act = NULL;
    loop_timer_free(a->behind);
}
