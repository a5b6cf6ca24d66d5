/* One dataset being read: its SQL by version, its queries, its sample, its answer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/inside.h"
#include "core/mem.h"

enum { FEW_ROWS = 500 }; /* decoded at once */

/* A query of a poll that will call back. */
struct run {
    struct run *next; /* among the orphans */
    struct pg_poll *poll;
    pg_rows_fn *fn;
};

struct pg_poll *poll_new(struct pg_source *s, const struct dataset *d, const struct pg_collector *c,
                         int index, struct lane *lane)
{
    struct pg_poll *p = mem_new(sizeof(*p));
    *p = (struct pg_poll){.source = s,
                          .dataset = d,
                          .collector = c,
                          .index = index,
                          .lane = lane,
                          .facts = &s->facts,
                          .cost = {.lane = lane->name},
                          .asked_mono_s = loop_mono_s(),
                          .next = s->polls};
    s->polls = p;
    return p;
}

/* ---- What a collector may ask ---- */

const struct pg_facts *pg_facts(const struct pg_poll *p)
{
    return p->facts;
}

const struct target_config *pg_target(const struct pg_poll *p)
{
    return &p->source->config;
}

double pg_poll_asked_mono_s(const struct pg_poll *p)
{
    return p->asked_mono_s;
}

double pg_cured_mono_s(const struct pg_poll *p)
{
    return p->source->cured_mono_s > 0 ? p->source->cured_mono_s : -INFINITY;
}

bool pg_is_home(const struct pg_poll *p)
{
    return p->facts == &p->source->facts || p->facts->database_oid == p->source->facts.database_oid;
}

void *pg_state(struct pg_poll *p)
{
    void **state = &p->source->states[p->index];
    if (*state == NULL)
        *state = mem_new(p->collector->state_size);
    return *state;
}

int pg_rows_n(const struct pg_rows *r)
{
    return conn_rows_n(r->rows);
}

int pg_rows_column(const struct pg_rows *r, const char *name)
{
    return conn_rows_column(r->rows, name);
}

bool pg_rows_is_number(const struct pg_rows *r, int column)
{
    return rows_class(conn_rows_type(r->rows, column)) == ROWS_NUMBER;
}

double pg_rows_real(const struct pg_rows *r, int row, int column)
{
    int len;
    const char *value = conn_rows_value(r->rows, row, column, &len);
    return rows_real(conn_rows_type(r->rows, column), value, len);
}

int64_t pg_rows_int(const struct pg_rows *r, int row, int column)
{
    int len;
    const char *value = conn_rows_value(r->rows, row, column, &len);
    return rows_int(conn_rows_type(r->rows, column), value, len);
}

const char *pg_rows_text(const struct pg_rows *r, int row, int column, size_t *len)
{
    int n;
    const char *value = conn_rows_value(r->rows, row, column, &n);
    if (len != NULL)
        *len = value == NULL ? 0 : (size_t)n;
    return value;
}

double pg_rows_mono_s(const struct pg_rows *r)
{
    return (conn_rows_start_s(r->rows) + conn_rows_end_s(r->rows)) / 2;
}

double pg_rows_wall_s(const struct pg_rows *r)
{
    return loop_wall_s() - (loop_mono_s() - pg_rows_mono_s(r));
}

/* ---- SQL ---- */

static int gate_version(const struct pg_poll *p)
{
    return p->collector->gate == PG_BY_STATEMENTS ? p->facts->statements : p->facts->version;
}

/* Piece by piece: printf would take longer than all else that a poll of few rows does. */
void pg_select(struct text *list, const char *source, const char *name)
{
    text_add(list, list->len > 0 ? ", " : "");
    text_add(list, source);
    text_add(list, " as ");
    text_add(list, name);
}

char *pg_select_list(const struct pg_poll *p)
{
    struct text t;
    int version = gate_version(p);
    text_init(&t, 1 << 16);
    for (int i = 0; i < p->dataset->n_columns; i++) {
        const struct column *c = &p->dataset->columns[i];
        const char *source = p->collector->sources != NULL ? column_source_find(p->collector->sources, c->name)
                             : version >= c->since         ? c->source
                                                           : c->before;
        if (source != NULL && (c->until == 0 || version < c->until))
            pg_select(&t, source, c->name);
    }
    return text_take(&t);
}

static void add_with_schema(struct text *out, const char *sql, const char *schema)
{
    static const char mark[] = "{statements}";
    for (const char *at; (at = strstr(sql, mark)) != NULL; sql = at + sizeof(mark) - 1) {
        text_add_n(out, sql, (size_t)(at - sql));
        text_add(out, schema);
    }
    text_add(out, sql);
}

/* The SQL of a table-driven collector, kept until the facts change. NULL if this version has none. */
static const char *made_sql(struct pg_poll *p)
{
    struct pg_source *s = p->source;
    char **sql = &s->made[p->index].sql;
    if (*sql != NULL && s->made[p->index].generation == s->generation)
        return *sql;
    const struct pg_from *from = p->collector->from;
    while (from->sql != NULL && from->since > gate_version(p))
        from++;
    free(*sql);
    *sql = NULL;
    if (from->sql == NULL)
        return NULL;
    struct text t;
    text_init(&t, 1 << 17);
    char *list = pg_select_list(p);
    text_add(&t, "select ");
    add_with_schema(&t, list, p->facts->statements_schema);
    text_add_char(&t, ' ');
    add_with_schema(&t, from->sql, p->facts->statements_schema);
    free(list);
    s->made[p->index].generation = s->generation;
    return *sql = text_take(&t);
}

/* ---- Queries ---- */

double poll_timeout_s(const struct pg_poll *p)
{
    if (p->collector != NULL && p->collector->timeout_s > 0)
        return p->collector->timeout_s;
    bool fast = p->collector != NULL && p->collector->lane == PG_FAST;
    return fast ? p->source->fast.timeout_s : p->source->slow.timeout_s;
}

static void free_poll(struct pg_poll *p)
{
    struct pg_poll **at = &p->source->polls;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    sample_unref(p->sample);
    free(p->text);
    free(p);
}

static void free_if_over(struct pg_poll *p)
{
    if (p->delivered && p->n_running == 0)
        free_poll(p);
}

void poll_ran(struct pg_poll *p)
{
    p->n_running--;
    free_if_over(p);
}

void poll_forget_all(struct pg_source *s)
{
    for (struct run *run = s->orphans, *next; run != NULL; run = next) {
        next = run->next;
        free(run);
    }
    s->orphans = NULL;
    while (s->polls != NULL)
        free_poll(s->polls);
}

static void run_answered(void *ctx, const struct conn_answer *a)
{
    struct run *run = ctx;
    struct pg_poll *p = run->poll;
    struct pg_source *s = p->source;
    pg_rows_fn *fn = run->fn;
    free(run);
    source_enter(s);
    if (!isnan(a->elapsed_s))
        p->cost.server_ms += a->elapsed_s * 1000;
    if (a->rows != NULL)
        p->lane->answered = true;
    if (p->answered) {
        conn_rows_free(a->rows);
    } else if (a->rows != NULL) {
        bool taken = false;
        fn(p, &(struct pg_rows){.rows = a->rows, .taken = &taken}, FAILURE_OTHER, NULL);
        if (!taken)
            conn_rows_free(a->rows);
    } else {
        struct text t;
        text_init(&t, 900);
        why_failed(p, a, &t);
        fn(p, NULL, a->why, text_str(&t));
        text_done(&t);
    }
    poll_ran(p);
    source_leave(s);
}

static void run(struct pg_poll *p, bool own, const char *sql, int n_params, const char *const *params, pg_rows_fn *fn)
{
    struct run *run = mem_new(sizeof(*run));
    struct text local;
    text_init(&local, 2000);
    *run = (struct run){.poll = p, .fn = fn};
    p->n_running++;
    double timeout_s = poll_timeout_s(p);
    struct conn_query q = {.sql = sql,
                           .n_params = n_params,
                           .params = params,
                           .local = lane_local(p->lane, own, timeout_s, &local),
                           .timeout_s = timeout_s,
                           .ctx = run,
                           .done = run_answered};
    if (!lane_send(p->lane, &q)) {
        run->next = p->source->orphans;
        p->source->orphans = run;
        source_next_turn(p->source);
    }
    text_done(&local);
}

void pg_run(struct pg_poll *p, const char *sql, int n_params, const char *const *params, pg_rows_fn *fn)
{
    run(p, p->own != NULL, sql, n_params, params, fn);
}

void pg_run_own(struct pg_poll *p, const char *sql, pg_rows_fn *fn)
{
    run(p, true, sql, 0, NULL, fn);
}

void poll_answer_orphans(struct pg_source *s)
{
    for (struct run *run = s->orphans, *next; run != NULL; run = next) {
        next = run->next;
        s->orphans = next;
        struct conn_answer a = {
            .why = FAILURE_LOST, .sqlstate = "", .text = run->poll->lane->error, .elapsed_s = NAN};
        run_answered(run, &a);
    }
}

/* ---- Table-driven collectors and datasets of the user's own ---- */

static void table_decoded(struct pg_poll *p, struct sample *sample)
{
    char *why = p->own != NULL ? own_why_not_unique(sample) : NULL; /* else rows of two polls would be matched by chance */
    if (why != NULL) {
        sample_unref(sample);
        pg_poll_failed(p, FAILURE_OTHER, why);
        free(why);
        return;
    }
    if (p->collector != NULL && p->collector->finish != NULL)
        p->collector->finish(p, sample);
    pg_poll_done(p, sample);
}

void pg_sample_all(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    if (rows == NULL)
        pg_poll_failed(p, why, text);
    else if (pg_rows_n(rows) > FEW_ROWS)
        pg_sample_then(p, rows, table_decoded);
    else
        table_decoded(p, pg_sample(p, rows));
}

void poll_start(struct pg_poll *p)
{
    if (p->own != NULL) {
        pg_run(p, p->own->sql, 0, NULL, pg_sample_all);
        return;
    }
    if (p->collector->start != NULL) {
        p->collector->start(p);
        return;
    }
    const char *absent = p->collector->gate == PG_BY_STATEMENTS ? why_no_statements(p->facts) : NULL;
    const char *sql = absent != NULL ? NULL : made_sql(p);
    if (sql != NULL)
        pg_run(p, sql, 0, NULL, pg_sample_all);
    else
        pg_poll_failed(p, FAILURE_ABSENT,
                       absent != NULL ? absent : "this version of PostgreSQL does not have it");
}

/* ---- The answer ---- */

static void deliver(struct pg_poll *p)
{
    struct pg_source *s = p->source;
    struct sample *sample = p->sample;
    p->delivered = true;
    p->n_running++; /* it stays while it is delivered */
    if (p->answer != NULL) {
        p->answer(p->answer_ctx, p);
    } else if (!s->closed && sample != NULL) {
        p->sample = NULL;
        p->cost.rows = sample->n_rows;
        s->host.sample(s->host.ctx, sample, &p->cost);
    } else if (!s->closed) {
        s->host.failed(s->host.ctx, p->dataset, p->why, p->text);
    }
    p->n_running--;
}

/* The slow lane found no slot, and goes over the fast one from now on. */
static bool goes_another_way(const struct pg_poll *p)
{
    const struct pg_source *s = p->source;
    return p->lane == &s->slow && s->one_lane && p->sample == NULL && p->why == FAILURE_LOST && s->keep.up &&
           p->n_running == 0;
}

static void start_again(struct pg_poll *p)
{
    p->lane = &p->source->fast;
    p->cost.lane = POLL_SHARED;
    p->answered = false;
    free(p->text);
    p->text = NULL;
    poll_start(p);
}

static bool deliver_one(struct pg_source *s)
{
    for (struct pg_poll *p = s->polls; p != NULL; p = p->next)
        if (p->answered && !p->delivered) {
            if (goes_another_way(p)) {
                start_again(p);
            } else {
                deliver(p);
                free_if_over(p);
            }
            return true;
        }
    return false;
}

void poll_deliver_waiting(struct pg_source *s)
{
    while (deliver_one(s))
        continue;
}

/* Within the callback of a query the answer goes out at once (P stays until that returns), else in the next
 * turn; so does that of a slow lane that was lost: what follows from that is not known yet. */
static void answered(struct pg_poll *p)
{
    bool lost = p->lane == &p->source->slow && p->sample == NULL && p->why == FAILURE_LOST;
    p->answered = true;
    if (p->n_running > 0 && !p->source->polling && !lost)
        deliver(p);
    else
        source_next_turn(p->source);
}

void pg_poll_done(struct pg_poll *p, struct sample *sample)
{
    if (p->answered) {
        sample_unref(sample);
        return;
    }
    p->sample = sample;
    answered(p);
}

void pg_poll_failed(struct pg_poll *p, enum failure why, const char *text)
{
    if (p->answered)
        return;
    p->why = why;
    p->text = mem_dup(text);
    answered(p);
}
