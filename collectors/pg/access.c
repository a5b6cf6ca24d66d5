/* access: what the role we log in as may see and do, and the exact statement that gives it what it lacks. */
#include <stdlib.h>

#include "collectors/datasets.h"
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
    {0, "'server log'", "case when f.log and f.collector then 'ok' else 'advice' end",
     "case when not f.collector then 'logging_collector is off: the server keeps no log files of its own' when f.log then 'log files can be read through SQL' else 'the role may not read log files' end",
     "case when f.collector then 'run dbvitals where it can read the log files' else 'ALTER SYSTEM SET logging_collector = on -- then restart the server' end"},
    {0, "'changes'", "case when f.standby then 'advice' else 'ok' end",
     "case when f.standby then 'this server is a standby: cures run on its primary' else 'this server is a primary' end", "null"},
};
// clang-format on

// clang-format off
/* A setting that the role may not see has no row in pg_settings, where current_setting() would fail. pg_stat_statements.max is known
 * only where the library is loaded. */
static const char facts[] =
    "(select quote_ident(current_user) as me, quote_ident(current_database()) as db, pg_is_in_recovery() as standby,"
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
    " has_function_privilege('pg_read_file(text, bigint, bigint, boolean)', 'execute') as log, a.*, d.*"
    " from (select count(*) as n_sessions, count(*) filter (where state is null and query = '<insufficient privilege>') as hidden"
    " from pg_stat_activity) a,"
    " (select count(*) as n_databases, count(*) filter (where not may) as closed, string_agg('GRANT CONNECT ON DATABASE '"
    " || quote_ident(datname) || ' TO ' || quote_ident(current_user), chr(10) order by datname) filter (where not may) as connect"
    " from (select datname, has_database_privilege(oid, 'connect') as may from pg_database where datallowconn) x) d) f";
// clang-format on

static void on_rows(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    if (rows == NULL)
        pg_poll_failed(p, why, text);
    else
        pg_poll_done(p, pg_sample(p, rows));
}

static void start(struct pg_poll *p)
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
    pg_run(p, text_str(&sql), 0, NULL, on_rows);
    text_done(&sql);
    free(list);
}

const struct pg_collector pg_access = {.dataset = &dataset_access, .lane = PG_SLOW, .sources = sources, .start = start};
