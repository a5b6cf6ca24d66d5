/* /metrics: what memory holds, as Prometheus reads it. */
#include "serve/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

enum { MOST_SERIES = 5000 /* a target */ };
static const double too_old_s = 600; /* a dataset that nobody reads any more is no measurement */

struct writer {
    struct metric_text *out;
    struct metrics_input *in;
    struct arena *arena;
    int n_targets;
    bool *up;    /* by target */
    int *series; /* by target */
};

bool metrics_needs(const struct dataset *d)
{
    const struct metric_policy *p = metric_policy(d->name);
    return p == NULL || !p->skip || strcmp(d->name, "sessions") == 0 || strcmp(d->name, "targets") == 0;
}

static const struct dataset *find(const struct writer *w, const char *name)
{
    return registry_find(w->in->registry, name);
}

static struct window *newest(const struct writer *w, int target, const struct dataset *d)
{
    return d == NULL ? NULL
                     : snapshot_window(w->in->snapshot, target, d, (struct window_spec){WINDOW_LAST, 0}, NAN);
}

static const char *text_at(const struct sample *s, const char *column, int row)
{
    int c = dataset_column(s->dataset, column);
    const char *text = c >= 0 && sample_has(s, c) ? sample_text(s, c, row) : NULL;
    return text != NULL ? text : "";
}

static double real_at(const struct sample *s, const char *column, int row)
{
    int c = dataset_column(s->dataset, column);
    return c >= 0 && sample_has(s, c) ? sample_real(s, c, row) : NAN;
}

/* One series of TARGET, if it is not too many. */
static void put(struct writer *w, int target, const char *suffix, const char *labels, double value)
{
    if (isnan(value))
        return;
    if (++w->series[target] > MOST_SERIES)
        w->in->own.dropped[0]++;
    else
        metric_sample(w->out, suffix, labels, value);
}

/* LABELS of NULL-ended pairs of name and value, the target first. In the arena. */
static const char *labels_of(struct writer *w, int target, const char *const *pairs)
{
    struct text t;
    text_init(&t, 2048);
    metric_label(&t, "target", snapshot_target(w->in->snapshot, target));
    for (; pairs != NULL && pairs[0] != NULL; pairs += 2)
        metric_label(&t, pairs[0], pairs[1]);
    const char *labels = arena_dup(w->arena, text_str(&t));
    text_done(&t);
    return labels;
}

/* Datasets, column by column. */

struct family_rows {
    struct metric_rows rows;
    bool is;
};

static bool is_fresh(const struct writer *w, int target, const struct metric_rows *r)
{
    return w->up[target] && w->in->wall_s - r->window->now->wall_s <= too_old_s;
}

static void write_values(struct writer *w, const struct family_rows *all, int column, const char *suffix,
                         double factor)
{
    for (int t = 0; t < w->n_targets; t++) {
        const struct metric_rows *r = &all[t].rows;
        for (int i = 0; all[t].is && i < r->n; i++)
            put(w, t, suffix, r->labels[i], metric_rows_value(r, i, column) * factor);
        if (all[t].is && r->other_labels != NULL &&
            r->window->now->dataset->columns[column].kind == KIND_COUNTER)
            put(w, t, suffix, r->other_labels, r->other[column] * factor);
    }
}

static void write_column(struct writer *w, const struct family_rows *all, const struct dataset *d, int column)
{
    const struct metric_policy *p = metric_policy(d->name);
    struct metric_name name;
    if (p != NULL && p->columns != NULL && !metric_listed(p->columns, d->columns[column].name, NULL))
        return;
    if (d->columns[column].inside)
        return;
    if (!metric_name(d, &d->columns[column], &name))
        return;
    metric_family(w->out, name.name, name.type, d->columns[column].help);
    write_values(w, all, column, "", name.factor);
}

static void write_aliases(struct writer *w, const struct family_rows *all, const struct dataset *d)
{
    for (int i = 0; i < n_metric_aliases; i++) {
        const struct metric_alias *a = &metric_aliases[i];
        if (strcmp(a->dataset, d->name) != 0)
            continue;
        int column = dataset_column(d, a->column),
            count = a->count != NULL ? dataset_column(d, a->count) : -1;
        metric_family(w->out, a->name, a->type, a->help);
        write_values(w, all, column, count >= 0 ? "_sum" : "", d->columns[column].unit == UNIT_MS ? 1e-3 : 1);
        if (count >= 0)
            write_values(w, all, count, "_count", 1);
    }
}

static void write_dataset(struct writer *w, const struct dataset *d)
{
    const struct metric_policy *p = metric_policy(d->name);
    if (p != NULL && p->skip)
        return;
    struct family_rows *all = mem_new_array((size_t)w->n_targets, sizeof(*all));
    for (int t = 0; t < w->n_targets; t++) {
        all[t].is = metric_rows(w->in->memory, w->in->snapshot, t, d, w->arena, &all[t].rows) &&
                    is_fresh(w, t, &all[t].rows);
        w->in->own.dropped[1] += all[t].is ? all[t].rows.dropped : 0;
    }
    for (int c = 0; c < d->n_columns; c++)
        write_column(w, all, d, c);
    if (w->in->aliases)
        write_aliases(w, all, d);
    free(all);
}

/* What is told in its own way. */

static void write_targets(struct writer *w)
{
    const struct dataset *d = find(w, "targets");
    static const struct {
        const char *name, *column, *help;
        double factor;
    } numbers[] = {
        {"dbvitals_target_rtt_seconds", "rtt_ms", "time of the shortest request and its answer", 1e-3},
        {"dbvitals_target_uptime_seconds", "uptime_s", "time since the server started", 1},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        metric_family(w->out, numbers[i].name, METRIC_GAUGE, numbers[i].help);
        for (int t = 0; t < w->n_targets; t++) {
            struct window *now = newest(w, t, d);
            if (now != NULL && w->up[t])
                put(w, t, "", labels_of(w, t, NULL),
                    real_at(now->now, numbers[i].column, 0) * numbers[i].factor);
        }
    }
    metric_family(w->out, "dbvitals_target_info", METRIC_GAUGE, "what the target is");
    for (int t = 0; t < w->n_targets; t++) {
        struct window *now = newest(w, t, d);
        if (now == NULL || !w->up[t] || now->now->n_rows == 0)
            continue;
        const char *pairs[] = {
            "kind",    text_at(now->now, "kind", 0),    "role",  text_at(now->now, "role", 0),
            "version", text_at(now->now, "version", 0), "stack", text_at(now->now, "stack", 0),
            NULL};
        put(w, t, "", labels_of(w, t, pairs), 1);
    }
}

/* Finds out who is up, which decides about all the rest. */
static void write_up(struct writer *w)
{
    const struct dataset *d = find(w, "targets");
    for (int t = 0; t < w->n_targets; t++) {
        struct window *now = newest(w, t, d);
        w->up[t] = now != NULL && now->now->n_rows > 0 && strcmp(text_at(now->now, "state", 0), "up") == 0;
    }
    metric_family(w->out, "dbvitals_target_up", METRIC_GAUGE, "1 when the target answers");
    for (int t = 0; t < w->n_targets; t++)
        if (newest(w, t, d) != NULL)
            put(w, t, "", labels_of(w, t, NULL), w->up[t]);
    metric_family(w->out, "pg_up", METRIC_GAUGE, "1 when the PostgreSQL server answers");
    for (int t = 0; t < w->n_targets; t++) {
        struct window *now = newest(w, t, d);
        if (now != NULL && now->now->n_rows > 0 && strcmp(text_at(now->now, "kind", 0), "PostgreSQL") == 0)
            put(w, t, "", labels_of(w, t, NULL), w->up[t]);
    }
}

static void write_ages(struct writer *w)
{
    metric_family(w->out, "dbvitals_dataset_age_seconds", METRIC_GAUGE,
                  "age of the numbers of a dataset at this scrape");
    for (int i = 0; i < w->in->registry->n; i++) {
        const struct dataset *d = w->in->registry->datasets[i];
        for (int t = 0; t < w->n_targets && metrics_needs(d); t++) {
            struct window *now = newest(w, t, d);
            const char *pairs[] = {"dataset", d->name, NULL};
            if (now != NULL)
                put(w, t, "", labels_of(w, t, pairs), fmax(0, w->in->wall_s - now->now->wall_s));
        }
    }
}

/* Rows of a dataset that are counted, or of which the worst is told, by the texts of two columns. */
struct tally {
    const char *a, *b;
    double value;
};

static int tally_add(struct tally *list, int n, int most, const char *a, const char *b, double value,
                     bool sum)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(list[i].a, a) != 0 || strcmp(list[i].b, b) != 0)
            continue;
        list[i].value = sum ? list[i].value + value : fmax(list[i].value, value);
        return n;
    }
    if (n < most)
        list[n] = (struct tally){a, b, value};
    return n < most ? n + 1 : n;
}

enum { MOST_TALLY = 500 };

static void write_tally(struct writer *w, int target, const struct tally *list, int n, const char *a,
                        const char *b)
{
    for (int i = 0; i < n; i++) {
        const char *pairs[] = {a, list[i].a, b, list[i].b, NULL};
        put(w, target, "", labels_of(w, target, pairs), list[i].value);
    }
}

static void write_sessions(struct writer *w)
{
    const struct dataset *d = find(w, "sessions");
    /* Untyped: promtool keeps _count for histograms. */
    metric_family(w->out, "pg_stat_activity_count", METRIC_UNTYPED, "sessions, by database and state");
    for (int t = 0; t < w->n_targets; t++) {
        struct window *now = newest(w, t, d);
        struct tally list[MOST_TALLY];
        int n = 0;
        if (now == NULL || !w->up[t] || w->in->wall_s - now->now->wall_s > too_old_s)
            continue;
        for (int row = 0; row < now->now->n_rows; row++)
            if (text_at(now->now, "state", row)[0] != '\0') /* processes of the server have none */
                n = tally_add(list, n, MOST_TALLY, text_at(now->now, "datname", row),
                              text_at(now->now, "state", row), 1, true);
        write_tally(w, t, list, n, "datname", "state");
    }
}

/* 0 was, 1 pending, 2 firing: the worst of a rule's alerts. */
static double state_number(const struct sample *s, int row)
{
    const char *state = text_at(s, "state", row);
    return strcmp(state, "pending") == 0 ? 1 : strcmp(state, "ok") == 0 ? 0 : 2;
}

static void write_alerts(struct writer *w)
{
    const struct dataset *d = find(w, "alerts");
    metric_family(w->out, "dbvitals_alert_state", METRIC_GAUGE,
                  "the worst alert of a rule and severity: 0 over, 1 pending, 2 firing");
    for (int t = 0; t < w->n_targets; t++) {
        struct window *now = newest(w, t, d);
        struct tally list[MOST_TALLY];
        int n = 0;
        for (int row = 0; now != NULL && row < now->now->n_rows; row++)
            n = tally_add(list, n, MOST_TALLY, text_at(now->now, "rule", row),
                          text_at(now->now, "severity", row), state_number(now->now, row), false);
        write_tally(w, t, list, n, "rule", "severity");
    }
}

static void write_own(struct writer *w)
{
    const struct metrics_own *own = &w->in->own;
    struct metric_text *m = w->out;
    metric_family(m, "dbvitals_http_requests_total", METRIC_COUNTER, "requests over HTTP since the start");
    metric_sample(m, "", "", own->requests);
    metric_family(m, "dbvitals_http_refused_total", METRIC_COUNTER, "requests answered with an error");
    metric_sample(m, "", "", own->refused);
    metric_family(m, "dbvitals_http_connections", METRIC_GAUGE, "connections over HTTP that are open");
    metric_sample(m, "", "", own->connections);
    metric_family(m, "dbvitals_series_dropped_total", METRIC_COUNTER, "series left out of scrapes");
    metric_sample(m, "", "reason=\"cap\"", own->dropped[0]);
    metric_sample(m, "", "reason=\"rows\"", own->dropped[1]);
    int n = m->n_samples + 1;
    metric_family(m, "dbvitals_series_exported", METRIC_GAUGE, "series of this scrape");
    metric_sample(m, "", "", n);
}

void metrics_write(struct metric_text *out, struct metrics_input *in)
{
    struct writer w = {
        .out = out, .in = in, .arena = arena_new(16 << 10), .n_targets = snapshot_targets(in->snapshot)};
    w.up = mem_new_array((size_t)w.n_targets, sizeof(*w.up));
    w.series = mem_new_array((size_t)w.n_targets, sizeof(*w.series));
    write_up(&w);
    write_targets(&w);
    write_alerts(&w);
    write_ages(&w);
    write_sessions(&w);
    for (int i = 0; i < in->registry->n; i++)
        write_dataset(&w, in->registry->datasets[i]);
    write_own(&w);
    metric_end(out);
    free(w.up);
    free(w.series);
    arena_unref(w.arena);
}
