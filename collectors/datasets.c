/* Datasets that several products fill: one role, one table of columns. How a product fills it is its own
 * affair. */
#include "collectors/datasets.h"

#include <string.h>

#include "collectors/source.h"

// clang-format off
static const struct column pools[] = {
    {"kind", KIND_KEY, TYPE_TEXT, .help = "what the pool is: slots (of the instance), database, role, pgbouncer, clients (places for clients at a pooler), app, redis (places for clients there)"},
    {"name", KIND_KEY, TYPE_TEXT, .help = "the pool's name; of PgBouncer database/user"},
    {"datname", KIND_LABEL, TYPE_TEXT, .help = "database that its clients ask for, where a pool is of one"},
    {"usename", KIND_LABEL, TYPE_TEXT, .help = "role that its connections log in as, where a pool is of one"},
    {"pool_mode", KIND_LABEL, TYPE_TEXT, .help = "when a connection is given back: session, transaction, statement"},
    {"size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that the pool means to have; for slots the same as max_size"},
    {"max_size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that it can have at most, overflow included; for slots without those reserved for superusers"},
    {"in_use", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that are taken, by dbvitals too; for slots each client connection takes one, idle or not, and those beyond max_size are reserved_in_use"},
    {"idle", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that do nothing now; for slots part of in_use"},
    {"waiting", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "requests that wait for a connection"},
    {"max_wait_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "how long the oldest of them has waited"},
    {"avg_wait_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "mean wait for a connection"},
    {"peak_waiting", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "most that waited at once in the last minute, as looked at each second"},
    {"peak_wait_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "longest wait of the last minute, as looked at each second"},
    {"connect_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "mean time to open a connection"},
    {"timeouts", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "requests that got no connection in time"},
    {"own", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "those of in_use that are dbvitals' own"},
    {"utilization", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "in_use / max_size, as a client meets it: dbvitals' own connections count; a pool that has no others is not marked as full"},
    {"active", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that run a statement; of PgBouncer those that a client has"},
    {"clients", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "clients of the pool that do not wait: they have a connection, or need none now"},
    {"idle_in_xact", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections idle inside an open transaction, aborted ones included"},
    {"hidden", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections whose state the role may not see: in in_use, but neither idle nor active: GRANT pg_monitor"},
    {"reserved", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "further slots kept for superusers and for pg_use_reserved_connections"},
    {"reserved_in_use", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "those of the reserved slots that are taken: client connections beyond max_size"},
    {"own_limit", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "max_size is this database's or role's own limit, not the instance's"},
    {"shared_in_use", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that are taken by all pools which share the limit shared_max, this one too"},
    {"shared_max", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that the pools of its database may have together: max_db_connections of PgBouncer; n/a: as many as each may"},
    {"paused", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "the pooler was told to let nobody through to this database"},
};

static const struct column caches[] = {
    {"kind", KIND_KEY, TYPE_TEXT, .help = "what the cache is: buffers (of PostgreSQL), redis, sqlite, app"},
    {"name", KIND_KEY, TYPE_TEXT, .help = "the cache's name; for buffers the database, (shared) for catalogs of all databases"},
    {"hits", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "lookups that the cache answered; for buffers in pages"},
    {"misses", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "lookups that it could not answer; a page may still have come from the system's cache"},
    {"hit_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "hits", .b = "misses", .least = 100, .help = "hits / (hits + misses) over the window, from 100 lookups on"},
    {"used_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "bytes in use"},
    {"max_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "bytes it may use; the databases of an instance share them"},
    {"evictions", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "entries thrown out to make room"},
    {"entries", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "entries that it holds"},
    {"max_entries", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "entries that it may hold"},
    {"ttl_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "how long an entry lives"},
    {"read_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, .help = "time spent reading what was missed; needs track_io_timing"},
    {"stats_reset", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when the counters were last set to 0"},
};

static const struct column settings[] = {
    {"name", KIND_KEY, TYPE_TEXT, .help = "name of the setting"},
    {"value", KIND_TEXT, TYPE_TEXT, .help = "its value, in its own unit"},
    {"unit", KIND_LABEL, TYPE_TEXT, .help = "unit of the value: 8kB, ms, ..."},
    {"shown", KIND_TEXT, TYPE_TEXT, .help = "its value as SHOW writes it: 64 MB, 5 min"},
    {"source", KIND_LABEL, TYPE_TEXT, .help = "where the value comes from: default, configuration file, database, user, client, ..."},
    {"place", KIND_TEXT, TYPE_TEXT, .help = "file and line that set it (for pg_read_all_settings only)"},
    {"boot_value", KIND_TEXT, TYPE_TEXT, .help = "value when nothing sets it"},
    {"reset_value", KIND_TEXT, TYPE_TEXT, .help = "value that RESET gives"},
    {"in_auto", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "ALTER SYSTEM has set it: it stands in postgresql.auto.conf, in force or not; n/a: only superusers can read that"},
    {"auto_value", KIND_TEXT, TYPE_TEXT, .help = "what stands there, as it was written"},
    {"changed", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "the value is not the built-in one"},
    {"pending_restart", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "changed in the file, but needs a restart"},
    {"own", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "set by dbvitals' own connection, so not what others see"},
    {"context", KIND_LABEL, TYPE_TEXT, .help = "what a change takes: postmaster (restart), sighup (reload), superuser, user, ..."},
    {"category", KIND_LABEL, TYPE_TEXT, .help = "chapter of the manual"},
    {"description", KIND_TEXT, TYPE_TEXT, .help = "what it does, in the server's words"},
};

static const struct column access[] = {
    {"what", KIND_KEY, TYPE_TEXT, .help = "what it is about"},
    {"state", KIND_LABEL, TYPE_TEXT, .help = "ok, advice (works, could be better), partial or missing"},
    {"why", KIND_TEXT, TYPE_TEXT, .help = "what we can do, or why we cannot"},
    {"cure", KIND_TEXT, TYPE_TEXT, .help = "the statements that change it; a restart is named where one is needed"},
};

#define QUANTILE(f) .formula = (f), .a = "bucket_1", .b = "upto_1", .run = LATENCY_BUCKETS
#define BUCKET(name) {name, KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .inside = true, .help = "events that took at most so long"}
#define BOUND(name) {name, KIND_GAUGE, TYPE_REAL, UNIT_MS, .inside = true, .help = "how long"}
static const struct column latency[] = {
    {"name", KIND_KEY, TYPE_TEXT, .help = "what was timed: the histogram's name without its unit"},
    {"series", KIND_KEY, TYPE_TEXT, .help = "the labels that tell its series apart: op=select, method=GET; empty if it has none"},
    {"count", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "events that were timed"},
    {"sum_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, .help = "time of all of them"},
    {"mean_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_QUOTIENT, .a = "sum_ms", .b = "count", .help = "mean time of one, over the window"},
    {"p50_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, QUANTILE(FORMULA_BUCKET50), .help = "half of the window's events took at most so long; within a bucket of the histogram by proportion"},
    {"p95_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, QUANTILE(FORMULA_BUCKET95), .help = "95 % of them took at most so long; where it equals highest_ms they took so long or longer"},
    {"p99_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, QUANTILE(FORMULA_BUCKET99), .help = "99 % of them took at most so long; where it equals highest_ms they took so long or longer"},
    {"highest_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "the histogram's highest bound: of what took longer it knows only that"},
    {"bounds_id", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .inside = true, .help = "tells its bounds from others"},
    BUCKET("bucket_1"), BUCKET("bucket_2"), BUCKET("bucket_3"), BUCKET("bucket_4"),
    BUCKET("bucket_5"), BUCKET("bucket_6"), BUCKET("bucket_7"), BUCKET("bucket_8"),
    BUCKET("bucket_9"), BUCKET("bucket_10"), BUCKET("bucket_11"), BUCKET("bucket_12"),
    BUCKET("bucket_13"), BUCKET("bucket_14"), BUCKET("bucket_15"), BUCKET("bucket_16"),
    BUCKET("bucket_17"), BUCKET("bucket_18"), BUCKET("bucket_19"), BUCKET("bucket_20"),
    BUCKET("bucket_21"), BUCKET("bucket_22"), BUCKET("bucket_23"), BUCKET("bucket_24"),
    BOUND("upto_1"), BOUND("upto_2"), BOUND("upto_3"), BOUND("upto_4"),
    BOUND("upto_5"), BOUND("upto_6"), BOUND("upto_7"), BOUND("upto_8"),
    BOUND("upto_9"), BOUND("upto_10"), BOUND("upto_11"), BOUND("upto_12"),
    BOUND("upto_13"), BOUND("upto_14"), BOUND("upto_15"), BOUND("upto_16"),
    BOUND("upto_17"), BOUND("upto_18"), BOUND("upto_19"), BOUND("upto_20"),
    BOUND("upto_21"), BOUND("upto_22"), BOUND("upto_23"), BOUND("upto_24"),
};
#undef QUANTILE
#undef BUCKET
#undef BOUND

static const struct column errors[] = {
    {"kind", KIND_KEY, TYPE_TEXT, .help = "who counts them: app (the application itself)"},
    {"name", KIND_KEY, TYPE_TEXT, .help = "what failed, as its counter is called; health: what the application says of itself"},
    {"severity", KIND_LABEL, TYPE_TEXT, .help = "error; slow: not failed, but counted as too slow; of health the word that the application uses"},
    {"sqlstate", KIND_LABEL, TYPE_TEXT, .help = "SQLSTATE, where it is told"},
    {"errors", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "how many"},
    {"requests", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "how many were tried, the failed ones too, where that is known"},
    {"error_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_QUOTIENT, .a = "errors", .b = "requests", .least = 1, .help = "errors / requests over the window"},
};
// clang-format on

const struct dataset dataset_pools = {
    .name = "pools",
    .help = "a connection pool of any kind: how many it may have, how many are taken, who waits",
    .columns = pools,
    .n_columns = sizeof(pools) / sizeof(pools[0]),
    .whole = true,
    .every = 2,
};

const struct dataset dataset_caches = {
    .name = "caches",
    .help = "a cache of any kind: how often it had what was asked for, how full it is",
    .columns = caches,
    .n_columns = sizeof(caches) / sizeof(caches[0]),
    .whole = true,
    .baseline_every = 10,
};

const struct dataset dataset_settings = {
    .name = "settings",
    .help = "a setting of the server: value, where it comes from, whether a restart is pending",
    .columns = settings,
    .n_columns = sizeof(settings) / sizeof(settings[0]),
    .whole = true,
    .every = 60,
    .baseline_every = 60,
};

const struct dataset dataset_access = {
    .name = "access",
    .help = "something that dbvitals would use: whether it may, and the GRANT or setting that allows it",
    .columns = access,
    .n_columns = sizeof(access) / sizeof(access[0]),
    .whole = true,
    .every = 60,
};

const struct dataset dataset_latency = {
    .name = "latency",
    .help = "a histogram of times that an application keeps: its true quantiles over the window",
    .columns = latency,
    .n_columns = sizeof(latency) / sizeof(latency[0]),
    .whole = true,
    .since = "bounds_id",
    .every = 2,
    .baseline_every = 10,
};

const struct dataset dataset_errors = {
    .name = "errors",
    .help = "a kind of error: how many there were, and of how many requests",
    .columns = errors,
    .n_columns = sizeof(errors) / sizeof(errors[0]),
    .whole = true,
    .every = 2,
    .baseline_every = 10,
};

const char *column_source_find(const struct column_source *list, const char *column)
{
    for (; list->column != NULL; list++)
        if (strcmp(list->column, column) == 0)
            return list->source;
    return NULL;
}
