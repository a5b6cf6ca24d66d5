/* What of the datasets becomes metrics, and under which names. */
#include "serve/metric_table.h"

#include <stdio.h>
#include <string.h>

// clang-format off
static const struct metric_policy policies[] = {
    {"targets",        .skip = true}, /* dbvitals_target_up, dbvitals_target_info, ... */
    {"sessions",       .skip = true}, /* pg_stat_activity_count */
    {"alerts",         .skip = true}, /* dbvitals_alert_state */
    {"locks",          .skip = true}, {"waits",      .skip = true}, {"changes",            .skip = true},
    {"rules",          .skip = true}, {"deliveries", .skip = true}, {"cures", .skip = true}, {"ledger", .skip = true}, {"sampled_statements", .skip = true},
    {"settings",       .skip = true}, {"access",     .skip = true}, {"progress",           .skip = true},
    {"alert_context",  .skip = true}, {"foreign_keys", .skip = true}, {"bloat", .skip = true}, {"clients", .skip = true}, {"bouncer_servers", .skip = true},
    {"bouncer",        .labels = ""},
    {"bouncer_stats",  .labels = "datname"},
    {"bouncer_databases", .labels = "datname"},
    {"redis_server",   .labels = ""}, {"redis_slowlog", .skip = true}, {"redis_clients", .skip = true},
    {"redis_databases", .labels = "name:database"},
    {"redis_replicas", .labels = "client_addr:replica"},
    {"redis_commands", .labels = "command", .top = "total_ms", .most = 30, .columns = "calls total_ms rejected failed"},
    {"sequences",      .labels = "datname schema:schemaname name:sequencename", .top = "used_ratio", .most = 30, .columns = "last_value used_ratio numbers_left"},
    {"partitions",     .labels = "datname schema:schemaname name:relname", .columns = "children ahead_s default_rows"},
    {"matviews",       .labels = "datname schema:schemaname name:matviewname", .columns = "is_populated size_bytes"},
    {"slots",          .labels = "slot_name slot_type", .columns = "active retained_bytes safe_wal_bytes is_lost inactive_s xmin_age"},
    {"server",         .labels = ""},
    {"databases",      .labels = "dbid:datid datname"},
    {"database_sizes", .labels = "datname", .columns = "size_bytes"},
    {"pools",          .labels = "kind name:pool"},
    {"caches",         .labels = "kind name:cache"},
    {"collectors",     .labels = "dataset"},
    {"statements",     .labels = "usename:user datname queryid", .keep = "toplevel", .top = "total_exec_ms", .most = 20,
                       .columns = "calls total_exec_ms rows_n shared_hit shared_read io_read_ms io_write_ms mean_ms"},
    {"tables",         .labels = "datname schema:schemaname name:relname", .top = "total_bytes", .most = 30,
                       .columns = "total_bytes live_rows dead_rows mod_since_analyze seq_scan seq_rows idx_scan idx_rows ins upd del hot_upd"
                                  " vacuum_age_s analyze_age_s xid_age vacuum_debt"},
    {"indexes",        .labels = "datname schema:schemaname table_name:relname name:indexrelname", .top = "size_bytes", .most = 30,
                       .columns = "size_bytes scans rows_read rows_fetched"},
};

/* Of postgres_exporter 0.17, where the meaning is the same. Its counters without _total have no type here: promtool refuses such
 * a counter, and rate() does not ask. */
static const struct {
    const char *dataset, *column, *name;
    enum metric_type type;
} names[] = {
    {"server",         "max_connections",   "pg_settings_max_connections",                METRIC_GAUGE},
    {"server",         "replay_lag_s",      "pg_replication_lag_seconds",                 METRIC_GAUGE},
    {"server",         "started",           "pg_postmaster_start_time_seconds",           METRIC_GAUGE},
    {"databases",      "numbackends",       "pg_stat_database_numbackends",               METRIC_GAUGE},
    {"databases",      "xact_commit",       "pg_stat_database_xact_commit",               METRIC_UNTYPED},
    {"databases",      "xact_rollback",     "pg_stat_database_xact_rollback",             METRIC_UNTYPED},
    {"databases",      "blks_read",         "pg_stat_database_blks_read",                 METRIC_UNTYPED},
    {"databases",      "blks_hit",          "pg_stat_database_blks_hit",                  METRIC_UNTYPED},
    {"databases",      "tup_returned",      "pg_stat_database_tup_returned",              METRIC_UNTYPED},
    {"databases",      "tup_fetched",       "pg_stat_database_tup_fetched",               METRIC_UNTYPED},
    {"databases",      "tup_inserted",      "pg_stat_database_tup_inserted",              METRIC_UNTYPED},
    {"databases",      "tup_updated",       "pg_stat_database_tup_updated",               METRIC_UNTYPED},
    {"databases",      "tup_deleted",       "pg_stat_database_tup_deleted",               METRIC_UNTYPED},
    {"databases",      "conflicts",         "pg_stat_database_conflicts",                 METRIC_UNTYPED},
    {"databases",      "temp_files",        "pg_stat_database_temp_files",                METRIC_UNTYPED},
    {"databases",      "temp_bytes",        "pg_stat_database_temp_bytes",                METRIC_UNTYPED},
    {"databases",      "deadlocks",         "pg_stat_database_deadlocks",                 METRIC_UNTYPED},
    {"databases",      "stats_reset",       "pg_stat_database_stats_reset",               METRIC_GAUGE},
    {"databases",      "active_ms",         "pg_stat_database_active_time_seconds_total", METRIC_COUNTER},
    {"database_sizes", "size_bytes",        "pg_database_size_bytes",                     METRIC_GAUGE},
    {"statements",     "calls",             "pg_stat_statements_calls_total",             METRIC_COUNTER},
    {"statements",     "total_exec_ms",     "pg_stat_statements_seconds_total",           METRIC_COUNTER},
    {"statements",     "rows_n",            "pg_stat_statements_rows_total",              METRIC_COUNTER},
    {"statements",     "io_read_ms",        "pg_stat_statements_block_read_seconds_total", METRIC_COUNTER},
    {"statements",     "io_write_ms",       "pg_stat_statements_block_write_seconds_total", METRIC_COUNTER},
    {"tables",         "seq_scan",          "pg_stat_user_tables_seq_scan",               METRIC_UNTYPED},
    {"tables",         "seq_rows",          "pg_stat_user_tables_seq_tup_read",           METRIC_UNTYPED},
    {"tables",         "idx_scan",          "pg_stat_user_tables_idx_scan",               METRIC_UNTYPED},
    {"tables",         "ins",               "pg_stat_user_tables_n_tup_ins",              METRIC_UNTYPED},
    {"tables",         "upd",               "pg_stat_user_tables_n_tup_upd",              METRIC_UNTYPED},
    {"tables",         "del",               "pg_stat_user_tables_n_tup_del",              METRIC_UNTYPED},
    {"tables",         "hot_upd",           "pg_stat_user_tables_n_tup_hot_upd",          METRIC_UNTYPED},
    {"tables",         "live_rows",         "pg_stat_user_tables_n_live_tup",             METRIC_GAUGE},
    {"tables",         "dead_rows",         "pg_stat_user_tables_n_dead_tup",             METRIC_GAUGE},
    {"tables",         "mod_since_analyze", "pg_stat_user_tables_n_mod_since_analyze",    METRIC_GAUGE},
    {"indexes",        "scans",             "pg_stat_user_indexes_idx_scan",              METRIC_UNTYPED},
    {"indexes",        "rows_read",         "pg_stat_user_indexes_idx_tup_read",          METRIC_UNTYPED},
    {"indexes",        "rows_fetched",      "pg_stat_user_indexes_idx_tup_fetch",         METRIC_UNTYPED},
};

const struct metric_alias metric_aliases[] = {
    {"db_query_duration_seconds",  "statements", "total_exec_ms", "calls", METRIC_SUMMARY, "time that statements of clients took, and how many ended"},
    {"db_connection_pool_size",    "pools",      "size",          NULL,    METRIC_GAUGE,   "connections that the pool holds"},
    {"db_pool_active_connections", "pools",      "in_use",        NULL,    METRIC_GAUGE,   "connections of the pool that are in use"},
    {"cache_hits_total",           "caches",     "hits",          NULL,    METRIC_COUNTER, "look-ups that the cache answered"},
    {"cache_misses_total",         "caches",     "misses",        NULL,    METRIC_COUNTER, "look-ups that it could not answer"},
};
const int n_metric_aliases = sizeof(metric_aliases) / sizeof(metric_aliases[0]);

/* What a unit makes of a name and a number. DROP ends the column's name and gives way to SUFFIX. */
static const struct {
    const char *drop, *suffix;
    double factor; /* 0: not exported */
} units[N_UNITS] = {
    [UNIT_COUNT]       = {NULL,          "",                             1},
    [UNIT_BYTES]       = {"_bytes",      "_bytes",                       1},
    [UNIT_PAGES]       = {"_pages",      "_pages",                       1},
    [UNIT_MS]          = {"_ms",         "_seconds",                     1e-3},
    [UNIT_S]           = {"_s",          "_seconds",                     1},
    [UNIT_RATIO]       = {"_ratio",      "_ratio",                       1},
    [UNIT_PERCENT]     = {"_pct",        "_ratio",                       1e-2},
    [UNIT_TIME]        = {NULL,          "_timestamp_seconds",           1},
    [UNIT_BOOL]        = {NULL,          "",                             1},
    [UNIT_COUNT_PER_S] = {"_per_s",      "_per_second",                  1},
    [UNIT_BYTES_PER_S] = {"_bytes_per_s", "_bytes_per_second",           1},
};
// clang-format on

const struct metric_policy *metric_policy(const char *dataset)
{
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
        if (strcmp(policies[i].dataset, dataset) == 0)
            return &policies[i];
    return NULL;
}

bool metric_listed(const char *list, const char *word, char renamed[64])
{
    size_t len = strlen(word);
    for (const char *p = list; *p != '\0';) {
        size_t whole = strcspn(p, " "), own = strcspn(p, ": ");
        if (own == len && strncmp(p, word, len) == 0) {
            const char *as = own < whole ? p + own + 1 : p;
            if (renamed != NULL)
                snprintf(renamed, 64, "%.*s", (int)(p + whole - as), as);
            return true;
        }
        p += whole;
        p += strspn(p, " ");
    }
    return false;
}

static bool name_by_rule(const struct dataset *d, const struct column *c, struct metric_name *out)
{
    size_t len = strlen(c->name), drop = units[c->unit].drop != NULL ? strlen(units[c->unit].drop) : 0;
    const char *suffix = units[c->unit].suffix;
    if (suffix[0] != '\0' && strcmp(c->name, suffix + 1) == 0)
        suffix = ""; /* `bytes` says it already */
    if (c->unit == UNIT_COUNT && len > 2 && strcmp(c->name + len - 2, "_n") == 0)
        len -= 2; /* rows_n, so called as rows is a word of SQL */
    if (drop > 0 && len > drop && strcmp(c->name + len - drop, units[c->unit].drop) == 0)
        len -= drop;
    bool counter = c->kind == KIND_COUNTER;
    snprintf(out->name, sizeof(out->name), "dbvitals_%s_%.*s%s%s", d->name, (int)len, c->name, suffix,
             counter ? "_total" : "");
    out->type = counter ? METRIC_COUNTER : METRIC_GAUGE;
    return true;
}

bool metric_name(const struct dataset *d, const struct column *c, struct metric_name *out)
{
    bool number = c->kind == KIND_GAUGE || c->kind == KIND_COUNTER || c->kind == KIND_DERIVED;
    out->factor = units[c->unit].factor;
    if (!number || c->type != TYPE_REAL || out->factor == 0)
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].dataset, d->name) != 0 || strcmp(names[i].column, c->name) != 0)
            continue;
        snprintf(out->name, sizeof(out->name), "%s", names[i].name);
        out->type = names[i].type;
        return true;
    }
    return name_by_rule(d, c, out);
}
