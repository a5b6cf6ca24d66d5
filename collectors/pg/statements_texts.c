/* Texts of statements: when they are fetched, and what stands in for them until then. */
#include "collectors/pg/statements_texts.h"

#include <math.h>
#include <string.h>

#include "core/normal.h"

/* Each fetch reads the server's whole file of texts, so it comes at most once a minute; sooner at the start, when most of what runs is new. */
static const double FIRST_S = 0.4, EVERY_S = 60;
enum { LONGEST_RUNNING = 4000 };

/* Ours are told by a tag that normalizing takes away. */
const char statements_texts_running_sql[] =
    "select distinct on (query_id) query_id as queryid, query from pg_stat_activity"
    " where query_id = any($1::int8[]) and application_name is distinct from 'dbvitals' order by query_id, query_start";

void statements_texts_done(struct statements_texts *t)
{
    texts_done(&t->fetched);
    texts_done(&t->running);
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

bool statements_texts_due(struct statements_texts *t, double now_s)
{
    if (t->asked_s != 0 && now_s - t->asked_s < t->every_s)
        return false;
    t->asked_s = now_s;
    t->every_s = t->every_s == 0 ? FIRST_S : fmin(2 * t->every_s, EVERY_S);
    return true;
}

void statements_texts_take(struct statements_texts *t, const struct pg_rows *rows)
{
    int id = pg_rows_column(rows, "queryid"), query = pg_rows_column(rows, "query");
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
