/* The plan of a statement, by EXPLAIN (never ANALYZE), on a connection of its own that ends with the answer. A statement with parameters ($1) is
 * prepared and its generic plan is shown, which works in every version. */
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/inside.h"
#include "core/mem.h"

static const double timeout_s = 5;
static const char options[] = "-c statement_timeout=5000 -c lock_timeout=1000 -c idle_in_transaction_session_timeout=10000 "
                              "-c default_transaction_read_only=on -c plan_cache_mode=force_generic_plan -c jit=off";

struct explain {
    struct pg_source *source;
    struct conn *conn;
    char *sql;
    source_explain_fn *fn;
    void *ctx;
};

void explain_free(struct explain *e)
{
    if (e == NULL)
        return;
    conn_close(e->conn);
    free(e->sql);
    free(e);
}

/* Tells the plan or why there is none, once, and ends the connection. */
static void answer(struct explain *e, const char *plan, const char *error)
{
    source_explain_fn *fn = e->fn;
    void *ctx = e->ctx;
    e->source->explain = NULL;
    fn(ctx, plan, error);
    explain_free(e);
}

static void answer_failure(struct explain *e, const struct conn_answer *a)
{
    struct text t;
    text_init(&t, 4000);
    text_add(&t, a->text);
    if (strcmp(a->sqlstate, "42501") == 0)
        text_add(&t, ". EXPLAIN needs the rights that the statement needs: GRANT pg_read_all_data TO the role, or use one that has them");
    else if (strcmp(a->sqlstate, "42601") == 0)
        text_add(&t, ". Only a whole SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES has a plan; this text may have been cut by the server "
                     "(track_activity_query_size)");
    else if (strcmp(a->sqlstate, "42P01") == 0)
        text_add(&t, ". The statement may find its tables by a search_path that our role does not have");
    answer(e, NULL, text_str(&t));
    text_done(&t);
}

static void on_plan(void *ctx, const struct conn_answer *a)
{
    struct explain *e = ctx;
    if (a->rows == NULL) {
        answer_failure(e, a);
        return;
    }
    struct text t;
    text_init(&t, 1 << 20);
    for (int i = 0; i < conn_rows_n(a->rows); i++) {
        int len = 0;
        const char *line = conn_rows_value(a->rows, i, 0, &len);
        text_add_n(&t, line, line == NULL ? 0 : (size_t)len);
        text_add_char(&t, '\n');
    }
    conn_rows_free(a->rows);
    answer(e, text_str(&t), NULL);
    text_done(&t);
}

static void ask(struct explain *e, const char *sql, const char *local, void (*done)(void *ctx, const struct conn_answer *a))
{
    conn_send(e->conn, &(struct conn_query){.sql = sql, .local = local, .unnamed = true, .timeout_s = timeout_s, .ctx = e, .done = done});
}

/* One NULL per parameter: a generic plan does not look at them. */
static void on_counted(void *ctx, const struct conn_answer *a)
{
    struct explain *e = ctx;
    if (a->rows == NULL) {
        answer_failure(e, a);
        return;
    }
    int len = 0;
    const char *count = conn_rows_n(a->rows) == 1 ? conn_rows_value(a->rows, 0, 0, &len) : NULL;
    long n = count == NULL ? 0 : strtol(count, NULL, 10);
    struct text t;
    text_init(&t, 4096);
    text_add(&t, "EXPLAIN " PG_TAG " EXECUTE dbvitals_plan");
    for (long i = 0; i < n; i++)
        text_add(&t, i == 0 ? "(NULL" : ", NULL");
    if (n > 0)
        text_add_char(&t, ')');
    conn_rows_free(a->rows);
    ask(e, text_str(&t), NULL, on_plan);
    text_done(&t);
}

static void on_prepared(void *ctx, const struct conn_answer *a)
{
    struct explain *e = ctx;
    if (a->rows == NULL) {
        answer_failure(e, a);
        return;
    }
    conn_rows_free(a->rows);
    ask(e, "SELECT " PG_TAG " cardinality(parameter_types)::text FROM pg_catalog.pg_prepared_statements WHERE name = 'dbvitals_plan'", NULL, on_counted);
}

/* A query that is outstanding when the connection ends was answered before this is called, and E is gone then. */
static void on_down(void *ctx, enum conn_trouble trouble, const char *text)
{
    (void)trouble;
    answer(ctx, NULL, text);
}

static void on_up(void *ctx)
{
    (void)ctx;
}

bool explain_start(struct pg_source *s, const char *database, const char *sql, source_explain_fn *fn, void *ctx, struct err *err)
{
    if (!s->keep.up)
        return fail(err, "not connected, so there is no plan to be had now");
    if (s->pooled && strstr(sql, "$1") != NULL)
        return fail(err, "the plan of a statement with parameters has to be prepared, and nothing of ours may stay behind a pooler: connect to the "
                         "server itself");
    explain_free(s->explain);
    struct explain *e = s->explain = mem_new(sizeof(*e));
    *e = (struct explain){.source = s, .fn = fn, .ctx = ctx, .sql = mem_dup(sql)};
    struct conn_info *info = conn_same_place(s->fast.conn);
    if (database != NULL)
        conn_info_set(info, "dbname", database);
    conn_info_set(info, "application_name", s->pooled ? NULL : "dbvitals");
    if (!s->pooled)
        conn_info_set(info, "options", options);
    struct conn_options how = {.password = keep_password(&s->keep), .syn_s = timeout_s, .answer_s = timeout_s,
                               .pooled = s->pooled};
    e->conn = conn_open(s->loop, info, &how, (struct conn_handler){.ctx = e, .up = on_up, .down = on_down});
    conn_info_free(info);
    struct text t;
    text_init(&t, 1 << 20);
    text_addf(&t, "%s%s", s->pooled ? "EXPLAIN " PG_TAG " " : "PREPARE " PG_TAG " dbvitals_plan AS ", sql);
    ask(e, text_str(&t), s->pooled ? "" : NULL, s->pooled ? on_plan : on_prepared);
    text_done(&t);
    return true;
}
