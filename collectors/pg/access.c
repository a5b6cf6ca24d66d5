/* access: what the role we log in as may see and do, and the exact statement that gives it what it lacks. */
#include <stdlib.h>

#include "collectors/datasets.h"
#include "collectors/pg/jobs.h"
#include "collectors/pg/pg.h"
#include "core/text.h"

static const struct column_source sources[] = {
    // clang-format off
    {"what",  "what"},
    {"state", "state"},
    {"why",   "why"},
    {"cure",  "case when state <> 'ok' then cure end"},
    {NULL, NULL},
    // clang-format on
};

/* Those of migrations.c whose names are nobody else's. */
#define TOOL_TABLES \
    "'alembic_version', 'schema_migrations', 'flyway_schema_history', 'django_migrations', '_prisma_migrations', 'goose_db_version', 'knex_migrations'," \
    " '_sqlx_migrations', 'databasechangelog', 'pgmigrations', '__EFMigrationsHistory'"

/* Each field is an SQL expression over the facts f below. What only who acts on the server would use is advice: to look, nothing of it
 * is missing. */
struct capability {
    int since;
    const char *what, *state, *why, *cure;
};

// clang-format off
static const struct capability capabilities[] = {
    {0, "'sessions of other roles'", "case when f.stats then 'ok' when f.hidden = 0 then 'partial' else 'missing' end",
     "case when f.stats then 'all ' || f.n_sessions || ' sessions are seen' else 'state and query of ' || f.hidden || ' of ' || f.n_sessions || ' sessions are hidden' end",
     "'GRANT pg_monitor TO ' || f.me"},
    {0, "'settings'", "case when f.settings then 'ok' else 'partial' end",
     "case when f.settings then 'all are seen, with file and line' else 'some settings are hidden, and where they are set' end",
     "'GRANT pg_monitor TO ' || f.me"},
    {0, "'statements'",
     "case when not f.usable then 'missing' when f.loaded and f.installed is not null and f.installed = f.newest then 'ok' when f.loaded and f.installed is not null then 'partial' else 'missing' end",
     "case when not f.usable then 'pg_stat_statements is in schema ' || f.place || ', which the role may not use' when not f.loaded then 'pg_stat_statements is not preloaded by the server' when f.installed is null then 'pg_stat_statements is not installed in database ' || f.db"
     " when f.installed = f.newest then 'pg_stat_statements ' || f.installed else 'pg_stat_statements ' || f.installed || ' is installed, the server has ' || f.newest end",
     "rtrim(case when f.newest is null then 'install the contrib package of PostgreSQL first' || chr(10) else '' end"
     " || case when not f.loaded then 'ALTER SYSTEM SET shared_preload_libraries = ' || coalesce(nullif(f.preload, '') || ', ', '') || 'pg_stat_statements -- then restart the server' || chr(10) else '' end"
     " || case when not f.usable then 'GRANT USAGE ON SCHEMA ' || f.place || ' TO ' || f.me || chr(10) else '' end"
     " || case when f.installed is null then 'CREATE EXTENSION pg_stat_statements' when f.installed is distinct from f.newest then 'ALTER EXTENSION pg_stat_statements UPDATE' else '' end, chr(10))"},
    {0, "'statements of other roles'", "case when f.stats then 'ok' else 'partial' end",
     "case when f.stats then 'all texts are seen' else 'texts and ids of other roles'' statements are hidden' end",
     "'GRANT pg_monitor TO ' || f.me"},
    {0, "'I/O times'", "case when f.io then 'ok' else 'partial' end",
     "case when f.io then 'track_io_timing is on' else 'track_io_timing is off: times of reads and writes are n/a' end",
     "'ALTER SYSTEM SET track_io_timing = on; SELECT pg_reload_conf()'"},
    {0, "'activity'", "case when f.activities then 'ok' else 'missing' end",
     "case when f.activities then 'track_activities is on' else 'track_activities is off: what sessions run is not known' end",
     "'ALTER SYSTEM SET track_activities = on; SELECT pg_reload_conf()'"},
    {0, "'counts'", "case when f.counts then 'ok' else 'missing' end",
     "case when f.counts then 'track_counts is on' else 'track_counts is off: tables and indexes count nothing, and autovacuum is blind' end",
     "'ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf()'"},
    {0, "'length of queries'", "case when f.query_size > 1024 then 'ok' else 'advice' end",
     "'the server keeps the first ' || f.query_size || ' bytes of the query of a session'",
     "'ALTER SYSTEM SET track_activity_query_size = ''16kB'' -- then restart the server'"},
    {0, "'other databases'", "case when f.closed = 0 then 'ok' else 'partial' end",
     "case when f.closed = 0 then 'may connect to all ' || f.n_databases else 'may not connect to ' || f.closed || ' of ' || f.n_databases || ' databases: their tables cannot be looked at' end",
     "f.connect"},
    {0, "'cancel and terminate'", "case when f.super then 'ok' else 'advice' end",
     "case when f.super then 'all sessions' when f.signal then 'sessions of all roles but superusers' else 'only sessions of the role itself' end",
     "case when f.signal then null else 'GRANT pg_signal_backend TO ' || f.me end"},
    {170000, "'vacuum, analyze, reindex'", "case when f.super or pg_has_role('pg_maintain', 'usage') then 'ok' else 'advice' end",
     "case when f.super or pg_has_role('pg_maintain', 'usage') then 'all tables' else 'only tables that the role owns' end",
     "'GRANT pg_maintain TO ' || f.me"},
    {0, "'statistics of columns'", "case when f.unread = 0 then 'ok' else 'advice' end",
     "case when f.unread = 0 then 'the bloat of large tables is estimated from them' else 'those of ' || f.unread || ' large tables may not be read: their bloat is not known. pg_read_all_data opens them, and all rows with them; so does SELECT on the tables' end",
     "'GRANT pg_read_all_data TO ' || f.me"},
    {0, "'server log'", "case when f.log and f.collector then 'ok' else 'advice' end",
     "case when not f.collector then 'logging_collector is off: the server keeps no log files of its own' when f.log then 'log files can be read through SQL' else 'the role may not read log files' end",
     "case when f.collector then 'run dbvitals where it can read the log files' else 'ALTER SYSTEM SET logging_collector = on -- then restart the server' end"},
    {0, "'migrations'", "case when f.unread_tools is null then 'ok' else 'partial' end",
     "case when f.n_tools = 0 then 'no table of a migration tool is in database ' || f.db when f.unread_tools is null then f.n_tools || case f.n_tools when 1 then ' table of a migration tool is read' else ' tables of migration tools are read' end"
     " else 'the role may not read ' || f.unread_tools end", "f.open_tools"},
    {0, "'jobs'", "case when f.own_jobs like 'failed%' then 'partial' when f.jobs is null or f.jobs and f.all_jobs then 'ok' when f.jobs then 'advice' else 'missing' end",
     "coalesce('jobs = SELECT is used: ' || f.own_jobs || '; ', '') || case when f.jobs is null then 'no pg_cron in database ' || f.db when f.jobs and f.all_jobs then 'all of pg_cron' when f.jobs then 'pg_cron shows the role its own jobs only' else 'the role may not read those of pg_cron' end",
     "case when f.own_jobs like 'failed%' then 'mend jobs in the section of the target' when f.jobs then 'ALTER ROLE ' || f.me || ' BYPASSRLS' else 'GRANT USAGE ON SCHEMA cron TO ' || f.me || '; GRANT SELECT ON cron.job, cron.job_run_details TO ' || f.me end"},
    {0, "'changes'", "case when f.standby then 'advice' else 'ok' end",
     "case when f.standby then 'this server is a standby: cures run on its primary' else 'this server is a primary' end", "null"},
};
// clang-format on

// clang-format off
/* A setting that the role may not see has no row in pg_settings, where current_setting() would fail. pg_stat_statements.max is known
 * only where the library is loaded. */
static const char facts[] =
    "(select quote_ident(current_user) as me, quote_ident(current_database()) as db, nullif($1::text, '') as own_jobs, pg_is_in_recovery() as standby,"
    " (select rolsuper from pg_roles where rolname = current_user) as super,"
    " pg_has_role('pg_read_all_stats', 'usage') as stats, pg_has_role('pg_read_all_settings', 'usage') as settings,"
    " pg_has_role('pg_signal_backend', 'usage') as signal,"
    " exists (select from pg_settings where name = 'pg_stat_statements.max') as loaded,"
    " (select setting from pg_settings where name = 'shared_preload_libraries') as preload,"
    " (select extversion from pg_extension where extname = 'pg_stat_statements') as installed,"
    " (select quote_ident(nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'pg_stat_statements') as place,"
    " (select has_schema_privilege(extnamespace, 'usage') from pg_extension where extname = 'pg_stat_statements') as usable,"
    " (select default_version from pg_available_extensions where name = 'pg_stat_statements') as newest,"
    " current_setting('track_io_timing')::bool as io, current_setting('track_activities')::bool as activities,"
    " current_setting('track_counts')::bool as counts, pg_size_bytes(current_setting('track_activity_query_size')) as query_size,"
    " current_setting('logging_collector')::bool as collector,"
    " has_function_privilege('pg_read_file(text, bigint, bigint, boolean)', 'execute') as log,"
    " (select count(*) from pg_class where relkind in ('r', 'm') and relpages >= 1280 and oid >= 16384 and not has_table_privilege(oid, 'select')) as unread,"
    " (select has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'cron' and c.relname = 'job') as jobs,"
    " (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as all_jobs, a.*, d.*, m.*"
    " from (select count(*) as n_sessions, count(*) filter (where state is null and query = '<insufficient privilege>') as hidden"
    " from pg_stat_activity) a,"
    " (select count(*) as n_databases, count(*) filter (where not may) as closed, string_agg('GRANT CONNECT ON DATABASE '"
    " || quote_ident(datname) || ' TO ' || quote_ident(current_user), chr(10) order by datname) filter (where not may) as connect"
    " from (select datname, has_database_privilege(oid, 'connect') as may from pg_database where datallowconn) x) d,"
    " (select count(*) as n_tools, string_agg(place, ', ' order by place) filter (where not may) as unread_tools,"
    " string_agg('GRANT SELECT ON ' || place || ' TO ' || quote_ident(current_user), chr(10) order by place) filter (where not may) as open_tools"
    " from (select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as place, has_table_privilege(c.oid, 'select') as may from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    "  where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and c.relname in (" TOOL_TABLES ")) x) m) f";
// clang-format on

/* OWN_JOBS: what the user's query for jobs gave; "" if there is none. */
static void ask(struct pg_poll *p, const char *own_jobs)
{
    char *list = pg_select_list(p);
    struct text sql;
    text_init(&sql, 1 << 16);
    text_addf(&sql, "with f as materialized (select * from %s) select %s from (", facts, list);
    const char *between = "";
    for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
        const struct capability *c = &capabilities[i];
        if (pg_facts(p)->version < c->since)
            continue;
        text_addf(&sql, "%sselect %s as what, %s as state, %s as why, %s as cure from f", between, c->what,
                  c->state, c->why, c->cure);
        between = " union all ";
    }
    text_add(&sql, ") c");
    pg_run(p, text_str(&sql), 1, &own_jobs, pg_sample_all);
    text_done(&sql);
    free(list);
}

static void got_jobs(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    const char *unfit = rows != NULL ? pg_jobs_why_unfit(rows) : text;
    struct text told;
    if (why == FAILURE_LOST) {
        pg_poll_failed(p, why, text);
        return;
    }
    text_init(&told, 600);
    if (unfit != NULL)
        text_addf(&told, "failed: %.500s", unfit);
    else
        text_addf(&told, "gave %d %s", pg_rows_n(rows), pg_rows_n(rows) == 1 ? "job" : "jobs");
    ask(p, text_str(&told));
    text_done(&told);
}

static void start(struct pg_poll *p)
{
    const char *own = pg_jobs_query(p);
    if (own != NULL)
        pg_run_own(p, own, got_jobs);
    else
        ask(p, "");
}

const struct pg_collector pg_access = {.dataset = &dataset_access, .lane = PG_SLOW, .sources = sources, .start = start};
