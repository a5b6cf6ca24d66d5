/* bouncer_databases: where PgBouncer sends the clients of each database, and how many it lets through. */
#include "collectors/pgbouncer/bouncer.h"

// clang-format off
static const struct column columns[] = {
    {"datname", KIND_KEY, TYPE_TEXT, .source = "name", .help = "database as its clients name it"},
    {"host", KIND_LABEL, TYPE_TEXT, .source = "host", .help = "where its server is; none: a unix socket of the same machine"},
    {"port", KIND_LABEL, TYPE_INT, .source = "port", .help = "port there"},
    {"server_datname", KIND_LABEL, TYPE_TEXT, .source = "database", .help = "name of the database on the server"},
    {"force_user", KIND_LABEL, TYPE_TEXT, .source = "force_user", .help = "role that all its connections log in as, whoever the client is"},
    {"pool_mode", KIND_LABEL, TYPE_TEXT, .source = "pool_mode", .help = "its own, where it differs from the general one"},
    {"pool_size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "pool_size", .help = "connections that each of its pools may have"},
    {"min_pool_size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "min_pool_size", .help = "connections that are kept open"},
    {"reserve_size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "reserve_pool_size | reserve_pool", .help = "further ones for clients that have waited for long"},
    {"max_connections", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "max_connections", .help = "limit of all its pools together; 0: none"},
    {"connections", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "current_connections", .help = "connections to its server now"},
    {"max_clients", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "max_client_connections", .help = "clients that it may have; 0: no limit of its own"},
    {"clients", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "current_client_connections", .help = "clients that it has"},
    {"paused", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "paused", .help = "PAUSE was said for this database: its clients wait"},
    {"disabled", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "disabled", .help = "DISABLE was said: new clients are refused"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "bouncer_databases",
    .help = "a database behind PgBouncer: its server, limits, and whether it is paused",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 5,
};

const struct bouncer_collector bouncer_set_databases = {
    .dataset = &dataset, .shows = {"SHOW DATABASES"}, .keeps = {"name", "pgbouncer", true}};
