/* Datasets that several products fill: one role, one table of columns. How a product fills it is its own
 * affair. */
#include "collectors/datasets.h"

#include <string.h>

#include "collectors/source.h"

// clang-format off
static const struct column pools[] = {
    {"kind", KIND_KEY, TYPE_TEXT, .help = "what the pool is: slots (of the instance), database, role, pgbouncer, clients (places for clients at a pooler), app"},
    {"name", KIND_KEY, TYPE_TEXT, .help = "the pool's name; of PgBouncer database/user"},
    {"datname", KIND_LABEL, TYPE_TEXT, .help = "database that its clients ask for, where a pool is of one"},
    {"usename", KIND_LABEL, TYPE_TEXT, .help = "role that its connections log in as, where a pool is of one"},
    {"pool_mode", KIND_LABEL, TYPE_TEXT, .help = "when a connection is given back: session, transaction, statement"},
    {"size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that the pool means to have; for slots the same as max_size"},
    {"max_size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that it can have at most, overflow included; for slots without those reserved for superusers"},
    {"in_use", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that are taken, by dbvitals too; for slots each client connection takes one, idle or not"},
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
    {"own_limit", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "max_size is this database's or role's own limit, not the instance's"},
    {"paused", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "the pooler was told to let nobody through to this database"},
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
// clang-format on

const struct dataset dataset_pools = {
    .name = "pools",
    .help = "a connection pool of any kind: how many it may have, how many are taken, who waits",
    .columns = pools,
    .n_columns = sizeof(pools) / sizeof(pools[0]),
    .whole = true,
    .every = 2,
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

const char *column_source_find(const struct column_source *list, const char *column)
{
    for (; list->column != NULL; list++)
        if (strcmp(list->column, column) == 0)
            return list->source;
    return NULL;
}
