/* Texts of statements: when they are fetched, and what stands in for them until then. */
#include "collectors/pg/statements_texts.h"

#include <math.h>
#include <string.h>

#include "core/normal.h"

/* Each fetch reads the server's whole file of texts, so it comes at most once a minute; sooner at the start, when most of what runs is new. */
static const double FIRST_S = 0.4, EVERY_S = 60, TOP_S = 5;
enum { TOP = 10 }; /* rows that a pane of the overview may have */
enum { LONGEST_RUNNING = 4000 };

/* Ours are told by a tag that normalizing takes away. */
const char statements_texts_running_sql[] =
    "select distinct on (query_id) query_id as queryid, query from pg_stat_activity"
    " where query_id = any($1::int8[]) and application_name is distinct from 'dbvitals' order by query_id, query_start";

void statements_texts_done(struct statements_texts *t)
{
    texts_done(&t->fetched);
    texts_done(&t->running);
    sample_unref(t->before);
    *t = (struct statements_texts){0};
}

void statements_texts_fill(struct statements_texts *t, struct sample *s, struct text *missing)
{
    const struct dataset *d = s->dataset;
    const int64_t *id = s->values[dataset_column(d, "queryid")].integer;
    const char **query = s->values[dataset_column(d, "query")].text;
    double *own = s->values[dataset_column(d, "own")].real;
    texts_begin(&t->fetched);
    texts_begin(&t->running);
    text_add_char(missing, '{');
    for (int i = 0; i < s->n_rows; i++) {
        bool ours = false;
        query[i] = id[i] == INT_NONE ? NULL : texts_use(&t->fetched, id[i], &ours);
        own[i] = ours;
        if (id[i] == INT_NONE || query[i] != NULL)
            continue;
        text_addf(missing, "%s%lld", missing->len > 1 ? "," : "", (long long)id[i]);
        const char *running = texts_use(&t->running, id[i], NULL);
        if (running != NULL)
            query[i] = arena_dup(s->arena, running);
    }
    text_add_char(missing, '}');
    if (texts_sweep(&t->fetched)) /* pointers got so far live in the arena before */
        for (int i = 0; i < s->n_rows; i++) {
            const char *fetched = id[i] == INT_NONE ? NULL : texts_use(&t->fetched, id[i], NULL);
            query[i] = fetched != NULL ? fetched : query[i];
        }
    texts_sweep(&t->running);
}

/* Is one of those that took most of the time since the poll before without a fetched text? */
static bool top_lacks_text(struct statements_texts *t, const struct sample *s)
{
    int ms = dataset_column(s->dataset, "total_exec_ms");
    const int64_t *id = s->values[dataset_column(s->dataset, "queryid")].integer;
    const int64_t *toplevel = s->values[dataset_column(s->dataset, "toplevel")].integer;
    const double *total = s->values[ms].real;
    struct {
        double ms;
        bool lacks;
    } top[TOP + 1] = {0}; /* largest first; the last one falls out */
    for (int i = 0; i < s->n_rows && t->before != NULL; i++) {
        int old = toplevel[i] == 0 ? -1 : sample_find(t->before, s, i), at = TOP;
        double took = toplevel[i] == 0 ? 0 : old < 0 ? total[i] : total[i] - sample_real(t->before, ms, old);
        if (!(took > top[TOP - 1].ms))
            continue;
        for (; at > 0 && top[at - 1].ms < took; at--)
            top[at] = top[at - 1];
        top[at].ms = took;
        top[at].lacks = id[i] != INT_NONE && texts_use(&t->fetched, id[i], NULL) == NULL;
    }
    bool lacks = false;
    for (int i = 0; i < TOP; i++)
        lacks = lacks || top[i].lacks;
    return lacks;
}

bool statements_texts_due(struct statements_texts *t, const struct sample *s)
{
    double since = t->asked_s == 0 ? HUGE_VAL : s->mono_s - t->asked_s;
    if (since >= t->every_s) {
        t->every_s = t->every_s == 0 ? FIRST_S : fmin(2 * t->every_s, EVERY_S);
    } else if (t->failed || since < TOP_S || !top_lacks_text(t, s)) {
        return false;
    }
    t->asked_s = s->mono_s;
    t->failed = true; /* until it comes */
    return true;
}

void statements_texts_delivered(struct statements_texts *t, struct sample *s)
{
    sample_unref(t->before);
    t->before = sample_ref(s);
}

void statements_texts_take(struct statements_texts *t, const struct pg_rows *rows)
{
    int id = pg_rows_column(rows, "queryid"), query = pg_rows_column(rows, "query");
    t->failed = false;
    for (int i = 0; i < pg_rows_n(rows); i++) {
        size_t len;
        const char *text = pg_rows_text(rows, i, query, &len);
        if (text != NULL)
            texts_put(&t->fetched, pg_rows_int(rows, i, id), text, len);
    }
}

void statements_texts_take_running(struct statements_texts *t, const struct pg_rows *rows)
{
    int id = pg_rows_column(rows, "queryid"), query = pg_rows_column(rows, "query");
    struct text normal;
    text_init(&normal, LONGEST_RUNNING);
    for (int i = 0; i < pg_rows_n(rows); i++) {
        const char *text = pg_rows_text(rows, i, query, NULL);
        text_clear(&normal);
        if (text != NULL)
            sql_normalize(text, &normal);
        if (normal.len > 0)
            texts_put(&t->running, pg_rows_int(rows, i, id), text_str(&normal), normal.len);
    }
    text_done(&normal);
}
