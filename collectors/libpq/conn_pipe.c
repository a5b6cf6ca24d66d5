/* Queries on an open connection: one pipeline, a Sync after each, answers in order, a deadline for the first.
 * A simple connection has no pipeline: one query after the other, and the end of its answers in place of the
 * Sync. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/libpq/conn_inside.h"
#include "collectors/libpq/tag.h"
#include "core/mem.h"

static const double TURN_S = 0.001; /* how long one turn of the loop may take answers in */

void conn_pipe_start(struct conn *c)
{
    PQsetnonblocking(c->pq, 1);
    if (!c->options.simple)
        PQenterPipelineMode(c->pq);
}

static void query_free(struct query *q)
{
    for (int i = 0; i < q->q.n_params; i++)
        free(q->params[i]);
    free(q->params);
    free(q->sql);
    free(q->local);
    PQclear(q->result);
    PQclear(q->error);
    free(q);
}

void conn_pipe_done(struct conn *c)
{
    for (struct query *q = c->first, *next; q != NULL; q = next) {
        next = q->next;
        query_free(q);
    }
    for (int i = 0; i < c->n_statements; i++) {
        free(c->statements[i]->sql);
        free(c->statements[i]);
    }
}

static void append(struct conn *c, struct query *q)
{
    q->next = NULL;
    *c->last = q;
    c->last = &q->next;
    if (c->unsent == NULL)
        c->unsent = q;
}

void conn_send(struct conn *c, const struct conn_query *asked)
{
    struct query *q = mem_new(sizeof(*q));
    q->q = *asked;
    q->q.sql = q->sql = mem_dup(asked->sql);
    q->q.local = q->local = mem_dup(asked->local);
    q->params = mem_new_array((size_t)asked->n_params, sizeof(*q->params));
    for (int i = 0; i < asked->n_params; i++)
        q->params[i] = mem_dup(asked->params[i]);
    q->q.params = (const char *const *)q->params;
    append(c, q);
    c->n_outstanding++;
    if (c->state == CONN_UP || c->state == CONN_DEAD)
        loop_timer_start(c->soon, 0, 0);
}

int conn_outstanding(const struct conn *c)
{
    return c->n_outstanding;
}

/* ---- Sending ---- */

/* The statement for SQL, made if there is room; NULL means it is parsed each time. */
static struct statement *statement_for(struct conn *c, const struct query *q)
{
    const char *sql = q->sql;
    if (c->options.pooled || q->q.unnamed)
        return NULL;
    size_t len = strlen(sql);
    for (int i = 0; i < c->n_statements; i++)
        if (c->statements[i]->len == len && memcmp(c->statements[i]->sql, sql, len) == 0)
            return c->statements[i]->ready || c->n_named < 2 * MAX_STATEMENTS ? c->statements[i] : NULL;
    if (c->n_statements == MAX_STATEMENTS || c->n_named >= 2 * MAX_STATEMENTS)
        return NULL;
    struct statement *s = mem_new(sizeof(*s));
    *s = (struct statement){.len = len, .sql = mem_dup(sql), .number = ++c->n_named};
    return c->statements[c->n_statements++] = s;
}

/* As nobody else writes it: from PostgreSQL 16 on a BEGIN is told from others by its options, not by its
 * text. */
static const char begin_sql[] = "BEGIN " PG_TAG " ISOLATION LEVEL READ COMMITTED, READ ONLY, NOT DEFERRABLE";

/* From 16 on all COMMITs are one statement to pg_stat_statements, with the text of the first: that must not
 * be ours. */
static const char *commit_sql(const struct conn *c)
{
    return PQserverVersion(c->pq) < 160000 ? "COMMIT " PG_TAG : "COMMIT";
}

static bool put_command(struct conn *c, const char *sql)
{
    return PQsendQueryParams(c->pq, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
}

static bool put_query(struct conn *c, struct query *q)
{
    struct statement *s = q->statement = statement_for(c, q);
    if (s == NULL)
        return PQsendQueryParams(c->pq, q->q.sql, q->q.n_params, NULL, q->q.params, NULL, NULL, 1) == 1;
    char name[24];
    snprintf(name, sizeof(name), "dbv%d", s->number);
    bool ok = true;
    if (!s->ready) {
        q->answer_step++;
        ok = PQsendPrepare(c->pq, name, q->q.sql, q->q.n_params, NULL) == 1;
    }
    s->ready = true; /* for those behind it in the pipeline; taken back if it fails */
    return ok && PQsendQueryPrepared(c->pq, name, q->q.n_params, q->q.params, NULL, NULL, 1) == 1;
}

static bool put(struct conn *c, struct query *q)
{
    bool ok = true;
    q->step = q->answer_step = 0;
    q->syncs = 1;
    if (c->options.simple)
        return PQsendQuery(c->pq, q->q.sql) == 1;
    if (q->q.sql == NULL)
        return PQpipelineSync(c->pq) == 1;
    if (q->q.local != NULL) {
        ok = put_command(c, begin_sql);
        q->answer_step++;
        if (ok && q->q.local[0] != '\0') {
            ok = put_command(c, q->q.local);
            q->answer_step++;
        }
    }
    ok = ok && put_query(c, q) && PQpipelineSync(c->pq) == 1;
    if (ok && q->q.local != NULL) {
        /* After an error the server skips all up to the Sync: the end must stand behind it. COMMIT, which
         * ends a failed transaction as well: a ROLLBACK each poll would be counted as the application's
         * trouble. */
        q->syncs = 2;
        ok = put_command(c, commit_sql(c)) && PQpipelineSync(c->pq) == 1;
    }
    return ok;
}

static void start_turn(struct conn *c)
{
    if (c->first == NULL || c->first == c->unsent) {
        loop_timer_stop(c->alarm);
        return;
    }
    c->first->start_s = loop_mono_s();
    loop_timer_start(c->alarm, c->first->q.timeout_s + CONN_PATIENCE_S, 0);
}

static bool one_at_a_time(const struct conn *c)
{
    return c->options.pooled || c->options.simple;
}

static bool send_all(struct conn *c)
{
    while (c->unsent != NULL && (!one_at_a_time(c) || c->unsent == c->first)) {
        struct query *q = c->unsent;
        c->unsent = q->next;
        if (!put(c, q))
            return false;
        if (q == c->first)
            start_turn(c);
    }
    return true;
}

/* ---- Answers ---- */

static enum failure failure_of(const char *sqlstate)
{
    static const struct {
        const char *prefix;
        enum failure why;
    } rows[] = {
        // clang-format off
        {"42501", FAILURE_PERMISSION}, {"57014", FAILURE_TIMEOUT}, {"55P03", FAILURE_TIMEOUT}, {"42P01", FAILURE_ABSENT},
        {"42883", FAILURE_ABSENT},     {"42703", FAILURE_ABSENT},  {"3F000", FAILURE_ABSENT},  {"55000", FAILURE_ABSENT},
        {"0A000", FAILURE_ABSENT},     {"58P01", FAILURE_ABSENT},  {"57P0", FAILURE_LOST},     {"08", FAILURE_LOST},
        // clang-format on
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strncmp(sqlstate, rows[i].prefix, strlen(rows[i].prefix)) == 0)
            return rows[i].why;
    return FAILURE_OTHER;
}

static const char *field(const PGresult *r, int code)
{
    const char *s = r == NULL ? NULL : PQresultErrorField(r, code);
    return s == NULL ? "" : s;
}

/* The server forgot the statement, or what it gives has changed: under a new name it is parsed again, once.
 */
static bool parse_again(struct conn *c, struct query *q, const char *sqlstate)
{
    bool changed = strcmp(sqlstate, "0A000") == 0 || strcmp(sqlstate, "26000") == 0;
    if (!changed || q->statement == NULL || q->again)
        return false;
    q->again = true;
    q->statement->ready = false;
    q->statement->number = ++c->n_named;
    PQclear(q->error);
    PQclear(q->result);
    q->error = q->result = NULL;
    append(c, q);
    return true;
}

static void detail_add(struct conn *c, const struct query *q, struct text *out)
{
    static const int codes[] = {PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        const char *s = field(q->error, codes[i]);
        if (s[0] != '\0' && out->len > 0)
            text_add_char(out, ' ');
        if (s[0] != '\0')
            conn_info_scrub(c->info, s, out);
    }
}

static void answer(struct conn *c, struct query *q, enum failure why, const char *sqlstate, const char *text)
{
    double now = loop_mono_s();
    struct text detail;
    text_init(&detail, 900);
    detail_add(c, q, &detail);
    struct conn_answer a = {.why = why,
                            .sqlstate = sqlstate,
                            .text = text,
                            .detail = text_str(&detail),
                            .elapsed_s = now - q->start_s};
    if (q->error == NULL && q->result != NULL && text == NULL) {
        a.rows = mem_new(sizeof(*a.rows));
        *a.rows = (struct conn_rows){.pg = q->result, .start_s = q->start_s, .end_s = now};
        q->result = NULL;
    }
    c->n_outstanding--;
    if (q->q.done != NULL)
        q->q.done(q->q.ctx, &a);
    else
        conn_rows_free(a.rows);
    text_done(&detail);
    query_free(q);
}

static void finish(struct conn *c, struct query *q)
{
    c->first = q->next;
    if (c->first == NULL)
        c->last = &c->first;
    char sqlstate[6];
    snprintf(sqlstate, sizeof(sqlstate), "%s", field(q->error, PG_DIAG_SQLSTATE));
    if (q->error != NULL && parse_again(c, q, sqlstate)) {
        start_turn(c);
        loop_timer_start(c->soon, 0, 0);
        return;
    }
    start_turn(c);
    if (q->error == NULL) {
        bool lost = q->result == NULL && q->q.sql != NULL;
        answer(c, q, FAILURE_OTHER, "", lost ? "the server gave no rows" : NULL);
        return;
    }
    struct text t;
    text_init(&t, 900);
    const char *message = field(q->error, PG_DIAG_MESSAGE_PRIMARY);
    conn_info_scrub(c->info, message[0] != '\0' ? message : PQresultErrorMessage(q->error), &t);
    answer(c, q, failure_of(sqlstate), sqlstate, text_str(&t));
    text_done(&t);
}

/* One result of libpq. False if it can only be answered by ending the connection. */
static bool take(struct conn *c)
{
    struct query *q = c->first;
    PGresult *r = PQgetResult(c->pq);
    if (r == NULL && (!c->options.simple || PQstatus(c->pq) != CONNECTION_OK)) {
        q->step++;
        return PQstatus(c->pq) == CONNECTION_OK;
    }
    if (r == NULL) {
        finish(c, q);
        return true;
    }
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_PIPELINE_SYNC) {
        PQclear(r);
        if (--q->syncs == 0)
            finish(c, q);
        return true;
    }
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        PQclear(r);
        snprintf(c->last_words, sizeof(c->last_words), "COPY is not a query that gives rows");
        return false;
    }
    if ((status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) && q->step == q->answer_step &&
        q->result == NULL) {
        q->result = r;
    } else if ((status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) && q->error == NULL) {
        if (q->statement != NULL && q->step < q->answer_step)
            q->statement->ready = false;
        q->error = r;
    } else {
        PQclear(r);
    }
    return true;
}

/* The connection broke: what the server said last is the better reason. */
static void broken(struct conn *c)
{
    for (int i = 0; i < 8 && c->first != NULL && c->first != c->unsent && !PQisBusy(c->pq); i++) {
        bool more = take(c);
        if (c->closed || c->state != CONN_UP)
            return;
        if (!more)
            break;
    }
    const PGresult *error = c->first == NULL ? NULL : c->first->error;
    const char *const reasons[] = {field(error, PG_DIAG_MESSAGE_PRIMARY), c->last_words,
                                   PQresultErrorMessage(error), PQerrorMessage(c->pq),
                                   "the server closed it"};
    int i = 0;
    while (reasons[i][0] == '\0')
        i++;
    char text[500];
    snprintf(text, sizeof(text), "connection lost: %s", reasons[i]);
    conn_die(c, CONN_LOST, text);
}

static void want(struct conn *c)
{
    bool writable = PQflush(c->pq) == 1;
    if (writable != c->wants_writable) /* to ask for the same again would cost two system calls each time */
        loop_fd_want(c->fd, true, writable);
    c->wants_writable = writable;
}

void conn_pipe_pump(struct conn *c, bool readable)
{
    double until = loop_mono_s() + TURN_S;
    bool ok = send_all(c) && (!readable || PQconsumeInput(c->pq) == 1);
    while (ok && c->first != NULL && c->first != c->unsent && !PQisBusy(c->pq)) {
        ok = take(c);
        if (c->closed || c->state != CONN_UP)
            return;
        /* The rest may already be in libpq's memory, where no descriptor tells of it. */
        if (loop_mono_s() > until) {
            loop_timer_start(c->soon, 0, 0);
            break;
        }
    }
    if (ok && one_at_a_time(c))
        ok = send_all(c);
    if (ok && c->first == NULL)
        (void)PQisBusy(c->pq); /* parses what came unasked: notices, parameters, last words */
    if (!ok || PQstatus(c->pq) == CONNECTION_BAD)
        broken(c);
    else
        want(c);
}

void conn_pipe_alarm(struct conn *c)
{
    /* The program itself may have been stopped meanwhile: what is there is taken first. */
    struct query *q = c->first;
    conn_pipe_pump(c, true);
    if (c->closed || c->state != CONN_UP || q == NULL || c->first != q || q == c->unsent)
        return;
    double waited = loop_mono_s() - q->start_s;
    if (waited < q->q.timeout_s + CONN_PATIENCE_S - 0.05) {
        loop_timer_start(c->alarm, q->q.timeout_s + CONN_PATIENCE_S - waited, 0);
        return;
    }
    char text[200];
    snprintf(text, sizeof(text), "no answer within %.3g s: the server is stopped or cut off%s", waited,
             c->options.pooled ? ", or the pooler has no free connection to it" : "");
    conn_die(c, CONN_HUNG, text);
}

void conn_pipe_fail_all(struct conn *c, enum failure first, const char *text)
{
    struct query *q = c->first;
    c->first = c->unsent = NULL;
    c->last = &c->first;
    for (struct query *next; q != NULL; q = next) {
        next = q->next;
        answer(c, q, first, "", text);
        first = FAILURE_LOST;
    }
}
