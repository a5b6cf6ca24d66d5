/* bouncer_users: the roles that PgBouncer knows, and what it lets each of them have. */
#include "collectors/pgbouncer/bouncer.h"

// clang-format off
static const struct column columns[] = {
    {"usename", KIND_KEY, TYPE_TEXT, .source = "name", .help = "role as its clients log in"},
    {"pool_mode", KIND_LABEL, TYPE_TEXT, .source = "pool_mode", .help = "its own, where it differs from the general one"},
    {"pool_size", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "pool_size", .help = "connections that each of its pools may have, where it has a limit of its own; newer versions tell it"},
    {"max_connections", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "max_user_connections", .help = "limit of its connections to servers in all; 0: none; newer versions tell it"},
    {"connections", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "current_connections", .help = "connections to servers that it has; newer versions tell it"},
    {"max_clients", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "max_user_client_connections", .help = "clients that it may have; 0: no limit of its own; newer versions tell it"},
    {"clients", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "current_client_connections", .help = "clients that it has; newer versions tell it"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "bouncer_users",
    .help = "a role behind PgBouncer: its limits, and what it takes of them",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 5,
};

const struct bouncer_collector bouncer_set_users = {.dataset = &dataset, .shows = {"SHOW USERS"}};
