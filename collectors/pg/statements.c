/* statements: normalised statements and what they cost, from pg_stat_statements. Their texts are read apart:
 * with them the server reads its whole file of texts each time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/names.h"
#include "collectors/pg/pg.h"
#include "collectors/pg/statements_texts.h"
#include "core/mem.h"
#include "core/text.h"

/* Most of these are 0 for most statements, and a NULL costs the server half of what a number does; finish()
 * puts the 0 back. */
#define COUNT(expression) "nullif(" expression ", 0)"
#define COUNTER(name_, unit_, source_, ...)                                                                  \
    {                                                                                                        \
        .name = name_, .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = unit_, .source = source_,            \
        __VA_ARGS__                                                                                          \
    }

// clang-format off
static const struct column columns[] = {
    {"userid", KIND_KEY, TYPE_INT, .source = "s.userid", .help = "oid of the role that ran it"},
    {"dbid", KIND_KEY, TYPE_INT, .source = "s.dbid", .help = "oid of the database it ran in"},
    {"queryid", KIND_KEY, TYPE_INT, .source = "s.queryid", .help = "id of the normalised statement; none for all that the role may not see"},
    {"toplevel", KIND_KEY, TYPE_INT, UNIT_BOOL, "s.toplevel", .since = 109, .before = "true", .help = "sent by a client; if not, run inside a function"},
    {"usename", KIND_LABEL, TYPE_TEXT, .help = "role that ran it"},
    {"datname", KIND_LABEL, TYPE_TEXT, .help = "database it ran in"},
    COUNTER("calls", UNIT_COUNT, "s.calls", .help = "finished calls"),
    COUNTER("total_exec_ms", UNIT_MS, "s.total_exec_time", .help = "time spent executing it"),
    COUNTER("exec_sq", UNIT_COUNT, "(s.stddev_exec_time * s.stddev_exec_time + s.mean_exec_time * s.mean_exec_time) * s.calls", .help = "sum of the squares of the times of its calls, in ms²: gives the variance over a window"),
    COUNTER("toplevel_ms", UNIT_MS, NULL, .help = "total_exec_ms of a statement sent by a client, ours not; what ran inside a function is in its caller's"),
    COUNTER("plans", UNIT_COUNT, COUNT("s.plans"), .help = "times it was planned (needs pg_stat_statements.track_planning)"),
    COUNTER("total_plan_ms", UNIT_MS, COUNT("s.total_plan_time"), .help = "time spent planning it"),
    COUNTER("rows_n", UNIT_COUNT, COUNT("s.rows"), .help = "rows returned or changed"),
    COUNTER("shared_hit", UNIT_PAGES, COUNT("s.shared_blks_hit"), .help = "pages found in shared buffers"),
    COUNTER("shared_read", UNIT_PAGES, COUNT("s.shared_blks_read"), .help = "pages read into shared buffers"),
    COUNTER("shared_dirtied", UNIT_PAGES, COUNT("s.shared_blks_dirtied"), .help = "pages made dirty"),
    COUNTER("shared_written", UNIT_PAGES, COUNT("s.shared_blks_written"), .help = "pages that it had to write out itself"),
    COUNTER("local_blks", UNIT_PAGES, COUNT("s.local_blks_hit + s.local_blks_read"), .help = "pages of temporary tables looked at"),
    COUNTER("temp_read", UNIT_PAGES, COUNT("s.temp_blks_read"), .help = "pages read back from temporary files"),
    COUNTER("temp_written", UNIT_PAGES, COUNT("s.temp_blks_written"), .help = "pages spilled to temporary files: work_mem was too small"),
    COUNTER("io_read_ms", UNIT_MS, COUNT("s.shared_blk_read_time + s.local_blk_read_time"), .since = 111, .before = COUNT("s.blk_read_time"), .help = "time spent reading pages (n/a where track_io_timing is off)"),
    COUNTER("io_write_ms", UNIT_MS, COUNT("s.shared_blk_write_time + s.local_blk_write_time"), .since = 111, .before = COUNT("s.blk_write_time"), .help = "time spent writing pages (n/a where track_io_timing is off)"),
    COUNTER("temp_io_ms", UNIT_MS, COUNT("s.temp_blk_read_time + s.temp_blk_write_time"), .since = 110, .help = "time spent on temporary files (n/a where track_io_timing is off)"),
    COUNTER("wal_bytes", UNIT_BYTES, "case when s.wal_records > 0 then s.wal_bytes end", .help = "write-ahead log written"),
    COUNTER("wal_fpi", UNIT_COUNT, COUNT("s.wal_fpi"), .help = "full page images in it"),
    COUNTER("jit_ms", UNIT_MS, COUNT("s.jit_generation_time + s.jit_inlining_time + s.jit_optimization_time + s.jit_emission_time"), .since = 110, .help = "time spent compiling it"),
    COUNTER("workers_planned", UNIT_COUNT, COUNT("s.parallel_workers_to_launch"), .since = 112, .help = "parallel workers that it meant to have"),
    COUNTER("workers_launched", UNIT_COUNT, COUNT("s.parallel_workers_launched"), .since = 112, .help = "parallel workers that it got"),
    {"min_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, "s.min_exec_time", .help = "fastest call since its statistics started"},
    {"max_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, "s.max_exec_time", .help = "slowest call since its statistics started"},
    {"own", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "a query of dbvitals, told by the comment in its text"},
    {"stats_since", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "s.stats_since", .since = 111, .help = "when its statistics started"},
    {"share", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_PART, .a = "toplevel_ms", .help = "its part of the time of all statements sent by clients, without those of dbvitals"},
    {"mean_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_QUOTIENT, .a = "total_exec_ms", .b = "calls", .help = "exact mean time of a call"},
    {"stddev_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_STDDEV, .a = "calls", .b = "total_exec_ms", .c = "exec_sq", .help = "exact standard deviation of the times of its calls"},
    {"p50_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_P50, .a = "calls", .b = "total_exec_ms", .c = "exec_sq", .least = 2, .help = "about half of the calls are faster (log-normal estimate)"},
    {"p95_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_P95, .a = "calls", .b = "total_exec_ms", .c = "exec_sq", .least = 2, .help = "about 95 % of the calls are faster (log-normal estimate)"},
    {"p99_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_P99, .a = "calls", .b = "total_exec_ms", .c = "exec_sq", .least = 2, .help = "about 99 % of the calls are faster (log-normal estimate)"},
    {"rows_per_call", KIND_DERIVED, TYPE_REAL, UNIT_COUNT, .formula = FORMULA_QUOTIENT, .a = "rows_n", .b = "calls", .help = "rows returned or changed by a call"},
    {"hit_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "shared_hit", .b = "shared_read", .least = 100, .help = "pages found in shared buffers / pages looked at, from 100 on"},
    {"plan_mean_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_QUOTIENT, .a = "total_plan_ms", .b = "plans", .help = "exact mean time of planning it once"},
    {"query", KIND_TEXT, TYPE_TEXT, .help = "its text with constants as $1, $2, ...; until it is fetched (within seconds where it is among those that take most of the time, else within a minute) that of a session that runs it, with ? for them; none if the role may not see it"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "statements",
    .help = "a normalised statement of a role in a database: calls, time, rows, pages",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .since = "stats_since",
    .every = 2,
    .baseline_every = 30,
};

static const double NAMES_EVERY_S = 60;

struct statements {
    struct statements_texts texts;
    struct names names;
    double names_asked_s;
    double dealloc, reset_s; /* of pg_stat_statements_info; NAN before 1.9 */
    struct sample *pending;  /* the sample of the poll that goes on, lacking texts */
};

static void reset(void *state)
{
    struct statements *t = state;
    statements_texts_done(&t->texts);
    names_done(&t->names);
    sample_unref(t->pending);
    *t = (struct statements){0};
}

static union values values_of(const struct sample *s, const char *column)
{
    return s->values[dataset_column(&dataset, column)];
}

static void put_zeros_back(struct sample *s)
{
    for (int c = 0; c < dataset.n_columns; c++) {
        double *v = s->values[c].real;
        if (columns[c].kind != KIND_COUNTER || columns[c].source == NULL || v == NULL)
            continue;
        for (int i = 0; i < s->n_rows; i++)
            v[i] = isnan(v[i]) ? 0 : v[i];
    }
}

static void drop_io_times(struct sample *s)
{
    static const char *const times[] = {"io_read_ms", "io_write_ms", "temp_io_ms"};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        sample_lacks(s, dataset_column(&dataset, times[i]), "track_io_timing is off");
}

static void move_row(struct sample *s, int to, int from)
{
    for (int c = 0; c < dataset.n_columns && to != from; c++) {
        if (s->values[c].any == NULL)
            continue;
        if (columns[c].type == TYPE_REAL)
            s->values[c].real[to] = s->values[c].real[from];
        else if (columns[c].type == TYPE_INT)
            s->values[c].integer[to] = s->values[c].integer[from];
        else
            s->values[c].text[to] = s->values[c].text[from];
    }
}

static void add_row(struct sample *s, int to, int from)
{
    for (int c = 0; c < dataset.n_columns; c++)
        if (columns[c].kind == KIND_COUNTER && s->values[c].any != NULL)
            s->values[c].real[to] += s->values[c].real[from];
    double *least = values_of(s, "min_ms").real, *most = values_of(s, "max_ms").real;
    double *since = values_of(s, "stats_since").real;
    if (since != NULL)
        since[to] = NAN; /* each has its own, and which of them came first is chance */
    least[to] = fmin(least[to], least[from]);
    most[to] = fmax(most[to], most[from]);
}

/* Statements that the role may not see have no id, so several of a role and database have one key: they
 * become one row. True if there were any. */
static bool merge_hidden(struct sample *s)
{
    const int64_t *id = values_of(s, "queryid").integer, *user = values_of(s, "userid").integer;
    const int64_t *db = values_of(s, "dbid").integer, *top = values_of(s, "toplevel").integer;
    int *hidden = mem_new_array((size_t)s->n_rows, sizeof(hidden[0])), n_hidden = 0, n = 0;
    for (int i = 0; i < s->n_rows; i++) {
        int h = id[i] != INT_NONE ? n_hidden : 0;
        while (h < n_hidden &&
               (user[hidden[h]] != user[i] || db[hidden[h]] != db[i] || top[hidden[h]] != top[i]))
            h++;
        if (id[i] == INT_NONE && h < n_hidden) {
            add_row(s, hidden[h], i);
            continue;
        }
        if (id[i] == INT_NONE)
            hidden[n_hidden++] = n;
        move_row(s, n++, i);
    }
    free(hidden);
    sample_shrink(s, n);
    return n_hidden > 0;
}

/* What was made after the names were read has none until they are read again, a minute later at most. */
static void fill_names(struct sample *s, struct statements *t)
{
    const int64_t *db = values_of(s, "dbid").integer, *user = values_of(s, "userid").integer;
    const struct names *n = &t->names;
    int datname = dataset_column(&dataset, "datname"), usename = dataset_column(&dataset, "usename");
    const char **databases = s->values[datname].text, **users = s->values[usename].text;
    for (int i = 0; i < s->n_rows; i++) {
        const char *name;
        if (i > 0 && db[i] == db[i - 1]) /* as most are: no search */
            databases[i] = databases[i - 1];
        else if ((name = names_database(n, db[i])) != NULL)
            sample_set_text(s, datname, i, name, strlen(name));
        if (i > 0 && user[i] == user[i - 1])
            users[i] = users[i - 1];
        else if ((name = names_role(n, user[i])) != NULL)
            sample_set_text(s, usename, i, name, strlen(name));
    }
}

static void set_toplevel_ms(struct sample *s)
{
    const int64_t *top = values_of(s, "toplevel").integer;
    const double *own = values_of(s, "own").real;
    const double *total = values_of(s, "total_exec_ms").real;
    double *toplevel = values_of(s, "toplevel_ms").real;
    for (int i = 0; i < s->n_rows; i++)
        toplevel[i] = top[i] != 0 && own[i] != 1 ? total[i] : NAN;
}

/* An eviction spoils increases too: a statement that went and came back counts from 0 again. What the role may see is known from the rows
 * themselves before the memberships are read again: after a GRANT all that was hidden would look new. */
static void set_epoch(struct sample *s, const struct statements *t, const struct pg_facts *f, bool hidden)
{
    s->epoch = epoch_add(s->epoch, &hidden, sizeof(hidden));
    s->epoch = epoch_add(s->epoch, &f->role_epoch, sizeof(f->role_epoch));
    s->epoch = epoch_add(s->epoch, &f->statements, sizeof(f->statements));
    if (!isnan(t->dealloc))
        s->epoch = epoch_add(s->epoch, &t->dealloc, sizeof(t->dealloc));
    if (!isnan(t->reset_s))
        s->epoch = epoch_add(s->epoch, &t->reset_s, sizeof(t->reset_s));
    s->reset_s = t->reset_s;
}

static void deliver(struct pg_poll *p)
{
    struct statements *t = pg_state(p);
    struct sample *s = t->pending;
    t->pending = NULL;
    if (s == NULL) { /* the connection was remade meanwhile */
        pg_poll_failed(p, FAILURE_LOST, "the connection was lost");
        return;
    }
    if (t->texts.fetched.arena != NULL)
        sample_share(s, t->texts.fetched.arena);
    set_toplevel_ms(s);
    statements_texts_delivered(&t->texts, s);
    pg_poll_done(p, s);
}

/* New texts came. */
static void fill_again(struct statements *t)
{
    struct text missing;
    text_init(&missing, 1 << 20);
    if (t->pending != NULL)
        statements_texts_fill(&t->texts, t->pending, &missing);
    text_done(&missing);
}

/* A failure leaves the texts away for a minute: a text in the encoding of another database can spoil them
 * all. */
static void on_texts(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    (void)why, (void)text;
    struct statements *t = pg_state(p);
    if (rows != NULL) {
        statements_texts_take(&t->texts, rows);
        fill_again(t);
    }
    deliver(p);
}

static void on_running(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    (void)why, (void)text;
    struct statements *t = pg_state(p);
    if (rows != NULL && pg_rows_n(rows) > 0) {
        statements_texts_take_running(&t->texts, rows);
        fill_again(t);
    }
    deliver(p);
}

static void ask_texts(struct pg_poll *p, const char *ids, const struct sample *s)
{
    struct statements *t = pg_state(p);
    if (!statements_texts_due(&t->texts, s)) {
        pg_run(p, statements_texts_running_sql, 1, &ids, on_running);
        return;
    }
    struct text sql;
    text_init(&sql, 4096);
    text_addf(&sql, "select queryid, query from %s.pg_stat_statements(true) where queryid = any($1::int8[])",
              pg_facts(p)->statements_schema);
    pg_run(p, text_str(&sql), 1, &ids, on_texts);
    text_done(&sql);
}

static void on_sample(struct pg_poll *p, struct sample *s)
{
    struct statements *t = pg_state(p);
    sample_unref(t->pending);
    t->pending = s;
    put_zeros_back(s);
    if (!pg_facts(p)->io_timing)
        drop_io_times(s);
    bool hidden = merge_hidden(s);
    fill_names(s, t);
    set_epoch(s, t, pg_facts(p), hidden);
    struct text missing;
    text_init(&missing, 1 << 20);
    statements_texts_fill(&t->texts, s, &missing);
    if (missing.len > 2 && !pg_target(p)->no_texts)
        ask_texts(p, text_str(&missing), s);
    else
        deliver(p);
    text_done(&missing);
}

static void on_rows(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    if (rows == NULL)
        pg_poll_failed(p, why, text);
    else
        pg_sample_then(p, rows, on_sample);
}

/* Comes before the rows, so that an eviction between the two is seen in the next poll at the latest. */
static void on_info(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    (void)why, (void)text;
    struct statements *t = pg_state(p);
    bool known = rows != NULL && pg_rows_n(rows) > 0;
    t->dealloc = known ? pg_rows_real(rows, 0, pg_rows_column(rows, "dealloc")) : NAN;
    t->reset_s = known ? pg_rows_real(rows, 0, pg_rows_column(rows, "stats_reset")) : NAN;
}

static void on_names(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    (void)why, (void)text;
    struct statements *t = pg_state(p);
    if (rows == NULL)
        return;
    names_take(&t->names, rows);
    t->names_asked_s = pg_rows_mono_s(rows);
}

static void run(struct pg_poll *p, const char *format, const char *list, pg_rows_fn *fn)
{
    struct text sql;
    text_init(&sql, 1 << 16);
    const char *schema = pg_facts(p)->statements_schema;
    if (list != NULL)
        text_addf(&sql, format, list, schema);
    else
        text_addf(&sql, format, schema);
    pg_run(p, text_str(&sql), 0, NULL, fn);
    text_done(&sql);
}

static void start(struct pg_poll *p)
{
    const struct pg_facts *f = pg_facts(p);
    struct statements *t = pg_state(p);
    t->dealloc = t->reset_s = NAN;
    if (!f->statements_loaded) {
        pg_poll_failed(
            p, FAILURE_ABSENT,
            "pg_stat_statements is not preloaded: ALTER SYSTEM SET shared_preload_libraries = "
            "'pg_stat_statements' (after what stands there already), restart the server, then CREATE "
            "EXTENSION pg_stat_statements");
        return;
    }
    if (f->statements == 0) {
        pg_poll_failed(
            p, FAILURE_ABSENT,
            "pg_stat_statements is not installed in this database: CREATE EXTENSION pg_stat_statements");
        return;
    }
    if (t->names.n == 0 || pg_poll_asked_mono_s(p) - t->names_asked_s >= NAMES_EVERY_S)
        pg_run(p, names_sql, 0, NULL, on_names);
    if (f->statements >= 109)
        run(p, "select dealloc, stats_reset from %s.pg_stat_statements_info", NULL, on_info);
    char *list = pg_select_list(p);
    run(p, "select %s from %s.pg_stat_statements(false) s", list, on_rows);
    free(list);
}

const struct pg_collector pg_statements = {
    .dataset = &dataset,
    .lane = PG_SLOW,
    .gate = PG_BY_STATEMENTS,
    .start = start,
    .state_size = sizeof(struct statements),
    .state_done = reset,
    .state_reset = reset,
};
