/* A profile for programs: a row a query. */
#include <math.h>

#include "core/arena.h"
#include "profile/report.h"

struct cell {
    const char *name;
    enum unit unit;
    struct value value;
};
enum { MOST_CELLS = 40 };

struct row {
    struct cell cells[MOST_CELLS];
    int n;
};

static void add(struct row *row, const char *name, enum unit unit, struct value v)
{
    row->cells[row->n++] = (struct cell){name, unit, v};
}

static void add_text(struct row *row, const char *name, const char *s)
{
    add(row, name, UNIT_NONE,
        s == NULL || *s == '\0' ? (struct value){.type = VALUE_NULL}
                                : (struct value){.type = VALUE_TEXT, .text = s});
}

static void add_real(struct row *row, const char *name, enum unit unit, double x)
{
    add(row, name, unit,
        isnan(x) ? (struct value){.type = VALUE_NULL} : (struct value){.type = VALUE_REAL, .real = x});
}

static void add_int(struct row *row, const char *name, enum unit unit, int x)
{
    add(row, name, unit, (struct value){.type = VALUE_INT, .integer = x});
}

static void add_stats(struct row *row, const struct query_result *q)
{
    const struct stats *s = &q->stats;
    const struct {
        const char *name;
        double ms;
    } times[] = {
        {"first_ms", q->first_ms},
        {"min_ms", s->min},
        {"mean_ms", s->mean},
        {"p50_ms", s->p50},
        {"p95_ms", s->p95},
        {"p99_ms", s->p99},
        {"max_ms", s->max},
        {"p50_low_ms", s->p50_in.low},
        {"p50_high_ms", s->p50_in.high},
        {"p95_low_ms", s->p95_in.low},
        {"p95_high_ms", s->p95_in.high},
        {"target_p95_ms", q->p95_ms},
        {"target_p99_ms", q->p99_ms},
    };
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        add_real(row, times[i].name, UNIT_MS, times[i].ms);
}

static void add_comparison(struct row *row, const struct comparison *c)
{
    static const char *const words[] = {
        [CHANGE_NONE] = "same", [CHANGE_SLOWER] = "slower", [CHANGE_FASTER] = "faster"};
    bool was = c != NULL && c->was != NULL;
    add_real(row, "was_p50_ms", UNIT_MS, was ? c->was->p50_ms : NAN);
    add_real(row, "was_p95_ms", UNIT_MS, was ? c->was->p95_ms : NAN);
    add_text(row, "p50_change", was ? words[c->p50] : c != NULL ? "new" : NULL);
    add_text(row, "p95_change", was ? words[c->p95] : c != NULL ? "new" : NULL);
    add_text(row, "lost_indexes", was ? text_str(&c->lost) : NULL);
    if (was)
        add_int(row, "new_plan", UNIT_BOOL, c->new_plan);
    else
        add_text(row, "new_plan", NULL);
}

/* The columns are those of docs/profile.md, in this order. */
static void make_row(const struct report *r, int i, struct row *row)
{
    const struct query_result *q = &r->profile->results[i];
    *row = (struct row){.n = 0};
    add_text(row, "query", q->query->name);
    add_text(row, "verdict", q->begun ? verdict_name(q->verdict) : "not run");
    add_int(row, "runs", UNIT_COUNT, q->stats.n);
    add_int(row, "asked_runs", UNIT_COUNT, r->profile->asked);
    add_stats(row, q);
    add_real(row, "rows", UNIT_COUNT, q->rows);
    add_real(row, "bytes", UNIT_BYTES, q->bytes);
    add_text(row, "indexes", text_str(&q->plan.indexes));
    add_text(row, "scans", text_str(&q->plan.scans));
    add_text(row, "plan", text_str(&q->plan.shape));
    add_comparison(row, r->comparisons == NULL ? NULL : &r->comparisons[i]);
    add_text(row, "target", r->target);
    add_text(row, "server", r->server);
    add_text(row, "error", q->err.text);
}

static void set_columns(struct result *out, const struct row *row)
{
    out->n_columns = row->n;
    out->columns = arena_alloc(out->arena, (size_t)row->n * sizeof(*out->columns));
    for (int i = 0; i < row->n; i++)
        out->columns[i] = (struct result_column){.name = row->cells[i].name,
                                                 .unit = row->cells[i].unit,
                                                 .numeric = row->cells[i].unit != UNIT_NONE};
}

struct result *report_result(const struct report *r)
{
    struct arena *arena = arena_new(1 << 14);
    struct result *out = arena_alloc(arena, sizeof(*out));
    struct row row;
    *out = (struct result){.arena = arena, .n_rows = r->profile->n};
    for (int i = 0; i < out->n_rows; i++) {
        make_row(r, i, &row);
        if (i == 0) {
            set_columns(out, &row);
            out->values = arena_alloc(arena, (size_t)out->n_rows * (size_t)row.n * sizeof(*out->values));
        }
        for (int c = 0; c < row.n; c++) {
            struct value *v = &out->values[i * row.n + c];
            *v = row.cells[c].value;
            if (v->type == VALUE_TEXT)
                v->text = arena_dup(arena, v->text);
        }
    }
    return out;
}
