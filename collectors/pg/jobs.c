/* jobs: what should run by the clock: of pg_cron, and of a query of the user's: when it ran last, how that
 * ended, how late it is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/jobs.h"
#include "collectors/pg/pg.h"
#include "core/cron.h"
#include "core/utf8.h"

// clang-format off
enum { KIND, ID, NAME, SCHEDULE, DATNAME, USENAME, ACTIVE, EVERY, LAST_START, LAST_END, TOOK, OK, RUNNING, ERROR, DUE, LATE };
static const struct column columns[] = {
    [KIND]       = {"kind", KIND_KEY, TYPE_TEXT, .help = "where it comes from: pg_cron, or query (jobs = SELECT ... of the target's section)"},
    [ID]         = {"id", KIND_KEY, TYPE_TEXT, .help = "its number in pg_cron; of a query its name"},
    [NAME]       = {"name", KIND_LABEL, TYPE_TEXT, .help = "its name"},
    [SCHEDULE]   = {"schedule", KIND_LABEL, TYPE_TEXT, .help = "when it should run, as cron writes it"},
    [DATNAME]    = {"datname", KIND_LABEL, TYPE_TEXT, .help = "database that it runs in"},
    [USENAME]    = {"usename", KIND_LABEL, TYPE_TEXT, .help = "role that it runs as"},
    [ACTIVE]     = {"active", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "it is meant to run"},
    [EVERY]      = {"every_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time between the next two runs, by the schedule"},
    [LAST_START] = {"last_start", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when it was last started; of pg_cron among the newest 5000 runs that it keeps"},
    [LAST_END]   = {"last_end", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when that run ended"},
    [TOOK]       = {"took_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "how long it took"},
    [OK]         = {"ok", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "the last run that ended, ended well"},
    [RUNNING]    = {"running", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "it runs now"},
    [ERROR]      = {"error", KIND_TEXT, TYPE_TEXT, .help = "why it failed, in its own words"},
    [DUE]        = {"due_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when it should have run after its last run, or should next"},
    [LATE]       = {"late_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time since then; 0: it is not due; n/a where no run or no schedule is known"},
};

static const struct dataset dataset = {
    .name = "jobs",
    .help = "a job that runs by the clock: its last run, how it ended, how late it is",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 30,
};

/* What is there: the tables themselves, since a name that may not be looked up is an error. */
static const char find_sql[] =
    "select c.oid is not null as there, coalesce(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'), false) as may_read,"
    " exists (select from pg_attribute where attrelid = c.oid and attname = 'jobname') as named,"
    " exists (select from pg_class r where r.relnamespace = n.oid and r.relname = 'job_run_details' and has_table_privilege(r.oid, 'select')) as runs,"
    " quote_ident(current_user) as me, (select nullif(setting, current_database()) from pg_settings where name = 'cron.database_name') as elsewhere"
    " from (select) one left join pg_namespace n on n.nspname = 'cron' left join pg_class c on c.relnamespace = n.oid and c.relname = 'job' and c.relkind = 'r'";

/* The newest runs by their primary key: the table has no other index, and keeps all of them for ever. ZONE_S is what pg_cron's clock has more than UTC
 * (newer versions have a zone), now. A run whose end was never written (the server was killed) is none that goes on, if the server is younger. */
#define CRON_SQL(named, runs) \
    "select 'pg_cron' as kind, j.jobid::text as id, coalesce(" named ", 'job ' || j.jobid) as name, j.schedule, j.database as datname, j.username as usename, j.active," \
    " r.started as last_start, r.ended as last_end, r.error, r.running, r.ok," \
    " coalesce((select extract(epoch from (now() at time zone s.setting) - (now() at time zone 'UTC')) from pg_settings s" \
    "  where s.name = 'cron.timezone'), 0)::float8 as zone_s" \
    " from cron.job j left join lateral (" runs ") r on true order by j.jobid limit 500"
#define RUNS "select max(d.start_time) as started, (array_agg(d.end_time order by d.runid desc))[1] as ended," \
    " (array_agg(d.status = 'succeeded' order by d.runid desc) filter (where d.status in ('succeeded', 'failed')))[1] as ok," \
    " (array_agg(case when d.status = 'failed' then left(d.return_message, 500) end order by d.runid desc) filter (where d.status in ('succeeded', 'failed')))[1] as error," \
    " (array_agg(d.end_time is null and d.status in ('starting', 'connecting', 'sending', 'running') and coalesce(d.start_time, now()) > pg_postmaster_start_time() order by d.runid desc))[1] as running" \
    " from newest d where d.jobid = j.jobid"
#define NO_RUNS "select null::timestamptz as started, null::timestamptz as ended, null::bool as ok, null as error, null::bool as running"
#define WITH_RUNS "with newest as materialized (select * from cron.job_run_details order by runid desc limit 5000) "
static const char *const cron_sql[2][2] = {
    {CRON_SQL("null", NO_RUNS), WITH_RUNS CRON_SQL("null", RUNS)},
    {CRON_SQL("j.jobname", NO_RUNS), WITH_RUNS CRON_SQL("j.jobname", RUNS)},
};
// clang-format on
enum { MOST_JOBS = 500 };

struct state {
    struct sample *own; /* jobs of the user's query, until those of pg_cron are known; NULL: none */
};

/* ---- When it is due ---- */

static double real(const struct pg_rows *rows, int row, const char *name)
{
    int column = pg_rows_column(rows, name);
    return column < 0 ? NAN : pg_rows_real(rows, row, column);
}

/* LAST is moved to the schedule's clock and what is found back. */
static void set_due(struct sample *s, int row, const char *schedule, double every_s, double zone_s)
{
    struct cron cron;
    double last = s->values[LAST_START].real[row], due = last + every_s;
    zone_s = isnan(zone_s) ? 0 : zone_s;
    if (schedule != NULL && cron_parse(&cron, schedule)) {
        double from = isnan(last) ? s->wall_s : last, first = cron_after(&cron, from + zone_s);
        due = isnan(last) ? NAN : first - zone_s;
        every_s = cron_after(&cron, first) - first;
    }
    s->values[EVERY].real[row] = every_s;
    if (s->values[ACTIVE].real[row] == 0)
        return;
    s->values[DUE].real[row] = due;
    s->values[LATE].real[row] = isnan(due) ? NAN : fmax(0, s->wall_s - due);
}

/* ---- Rows ---- */

static const char *take_text(struct sample *s, int c, int row, const struct pg_rows *rows, int from,
                             const char *name)
{
    size_t len;
    int column = pg_rows_column(rows, name);
    const char *text = column < 0 ? NULL : pg_rows_text(rows, from, column, &len);
    if (text != NULL)
        sample_set_text(s, c, row, text, len < 500 ? len : 500);
    return text;
}

static void take(struct sample *s, int row, const struct pg_rows *rows, int from)
{
    static const int texts[] = {NAME, SCHEDULE, DATNAME, USENAME, ERROR},
                     numbers[] = {ACTIVE, LAST_START, LAST_END, OK, RUNNING};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        take_text(s, texts[i], row, rows, from, columns[texts[i]].name);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        s->values[numbers[i]].real[row] = real(rows, from, columns[numbers[i]].name);
    bool known = take_text(s, KIND, row, rows, from, "kind") != NULL;
    if (!known)
        sample_set_text(s, KIND, row, "query", strlen("query"));
    take_text(s, ID, row, rows, from, known ? "id" : "name");
    double took = s->values[LAST_END].real[row] - s->values[LAST_START].real[row];
    s->values[TOOK].real[row] = took >= 0 ? took * 1000 : NAN;
    set_due(s, row, sample_text(s, SCHEDULE, row), real(rows, from, "every_s"), real(rows, from, "zone_s"));
}

static struct sample *stamped(struct pg_poll *p, const struct pg_rows *rows, int n)
{
    struct sample *s = sample_new(&dataset, n);
    s->mono_s = pg_rows_mono_s(rows);
    s->wall_s = pg_rows_wall_s(rows);
    s->reset_s = NAN;
    s->epoch = pg_facts(p)->role_epoch;
    return s;
}

static struct sample *sample_of(struct pg_poll *p, const struct pg_rows *rows)
{
    int n = pg_rows_n(rows) < MOST_JOBS ? pg_rows_n(rows) : MOST_JOBS;
    struct sample *s = stamped(p, rows, n);
    for (int i = 0; i < n; i++)
        take(s, i, rows, i);
    return s;
}

/* S has the rows of OWN too: texts are copied into it. */
static struct sample *joined(struct sample *s, struct sample *own)
{
    if (own == NULL)
        return s;
    struct sample *all = sample_new(&dataset, s->n_rows + own->n_rows);
    all->mono_s = s->mono_s, all->wall_s = s->wall_s, all->reset_s = NAN, all->epoch = s->epoch;
    for (int c = 0; c < dataset.n_columns; c++)
        for (int i = 0; i < all->n_rows; i++) {
            const struct sample *from = i < s->n_rows ? s : own;
            int row = i < s->n_rows ? i : i - s->n_rows;
            const char *text = columns[c].type == TYPE_TEXT ? sample_text(from, c, row) : NULL;
            if (text != NULL)
                sample_set_text(all, c, i, text, strlen(text));
            else if (columns[c].type == TYPE_REAL)
                all->values[c].real[i] = sample_real(from, c, row);
        }
    sample_unref(s);
    sample_unref(own);
    return all;
}

static struct sample *take_own(struct pg_poll *p)
{
    struct state *st = pg_state(p);
    struct sample *own = st->own;
    st->own = NULL;
    return own;
}

static void got_cron(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    if (rows == NULL)
        pg_poll_failed(p, why, text);
    else
        pg_poll_done(p, joined(sample_of(p, rows), take_own(p)));
}

/* No jobs of pg_cron: those of the user's query alone; none, which is no failure; or the reason why they cannot be known. */
static void end_without(struct pg_poll *p, const struct pg_rows *rows)
{
    struct sample *own = take_own(p);
    const char *elsewhere = pg_rows_text(rows, 0, pg_rows_column(rows, "elsewhere"), NULL), *me = pg_rows_text(rows, 0, pg_rows_column(rows, "me"), NULL);
    bool there = real(rows, 0, "there") == 1;
    struct text why;
    text_init(&why, 400);
    if (there)
        text_addf(&why, "the role may not read cron.job: GRANT USAGE ON SCHEMA cron TO %s; GRANT SELECT ON cron.job, cron.job_run_details TO %s", me, me);
    else if (elsewhere != NULL)
        text_addf(&why, "pg_cron keeps its jobs in database %.100s: make a target of it", elsewhere);
    if (own != NULL || why.len == 0)
        pg_poll_done(p, own != NULL ? own : stamped(p, rows, 0));
    else
        pg_poll_failed(p, there ? FAILURE_PERMISSION : FAILURE_ABSENT, text_str(&why));
    text_done(&why);
}

static void got_place(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    if (rows == NULL)
        pg_poll_failed(p, why, text);
    else if (pg_rows_n(rows) == 1 && real(rows, 0, "may_read") == 1)
        pg_run(p, cron_sql[real(rows, 0, "named") == 1][real(rows, 0, "runs") == 1], 0, NULL, got_cron);
    else
        end_without(p, rows);
}

/* Of a type that has moments any value is one: the infinities, which are no number, are never. */
static bool is_moment(const struct pg_rows *rows, const char *name)
{
    int column = pg_rows_column(rows, name);
    const char *text = NULL;
    if (column >= 0 && pg_rows_is_number(rows, column))
        return true;
    for (int i = 0; column >= 0 && i < pg_rows_n(rows) && text == NULL; i++)
        text = isnan(pg_rows_real(rows, i, column)) ? pg_rows_text(rows, i, column, NULL) : NULL;
    return text == NULL;
}

/* Names are the KEY: two jobs of one would be matched by chance. */
const char *pg_jobs_why_unfit(const struct pg_rows *rows)
{
    if (pg_rows_column(rows, "name") < 0)
        return "jobs = SELECT gives no column `name`";
    if (!is_moment(rows, "last_start") || !is_moment(rows, "last_end"))
        return "jobs = SELECT: last_start and last_end have to be timestamptz";
    return NULL;
}

static void got_own(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    const char *unfit = rows != NULL ? pg_jobs_why_unfit(rows) : NULL;
    struct state *st = pg_state(p);
    if (rows == NULL || unfit != NULL) {
        struct text told;
        text_init(&told, 600);
        text_addf(&told, unfit != NULL ? "%s" : "jobs = SELECT: %s", unfit != NULL ? unfit : text);
        pg_poll_failed(p, unfit != NULL ? FAILURE_OTHER : why, text_str(&told));
        text_done(&told);
        return;
    }
    sample_unref(st->own);
    st->own = sample_of(p, rows);
    for (int i = 0; i < st->own->n_rows; i++)
        if (sample_find(st->own, st->own, i) != i) {
            pg_poll_failed(p, FAILURE_OTHER, "jobs = SELECT: two rows have the same name");
            return;
        }
    pg_run(p, find_sql, 0, NULL, got_place);
}

const char *pg_jobs_query(const struct pg_poll *p)
{
    const char *own = target_config_word(pg_target(p), "jobs");
    return own != NULL && own[0] != '\0' ? own : NULL;
}

static void start(struct pg_poll *p)
{
    const char *own = pg_jobs_query(p);
    if (own != NULL)
        pg_run_own(p, own, got_own);
    else
        pg_run(p, find_sql, 0, NULL, got_place);
}

static void reset(void *state)
{
    struct state *st = state;
    sample_unref(st->own);
    st->own = NULL;
}

const struct pg_collector pg_jobs = {.dataset = &dataset,
                                     .lane = PG_SLOW,
                                     .start = start,
                                     .state_size = sizeof(struct state),
                                     .state_done = reset,
                                     .state_reset = reset};
