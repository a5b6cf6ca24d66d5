/* bouncer_servers: PgBouncer's connections to PostgreSQL, with the process that serves each there: `pid` is
 * that of `sessions`. */
#include "collectors/pgbouncer/bouncer.h"

enum { MOST_ROWS = 2000 };

// clang-format off
static const struct column columns[] = {
    {"id", KIND_KEY, TYPE_TEXT, .source = "ptr", .help = "PgBouncer's name for the connection; the `link` of a client that has it"},
    {"connected", KIND_KEY, TYPE_REAL, UNIT_TIME, "connect_time", .help = "when the connection was made"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "database", .help = "database as its clients name it"},
    {"usename", KIND_LABEL, TYPE_TEXT, .source = "user", .help = "role that logged in"},
    {"application_name", KIND_LABEL, TYPE_TEXT, .source = "application_name", .help = "name of the application that has it"},
    {"state", KIND_LABEL, TYPE_TEXT, .source = "state", .help = "active (a client has it), idle, used (idle for long), tested, new (logging in), active_cancel, being_canceled"},
    {"pid", KIND_LABEL, TYPE_INT, .source = "remote_pid", .help = "process id of the session on the server, as in `sessions`; of another pooler a number that means nothing"},
    {"server_addr", KIND_LABEL, TYPE_TEXT, .source = "addr", .help = "address of the server; unix for a socket of the same machine"},
    {"server_port", KIND_LABEL, TYPE_INT, .source = "port", .help = "port of the server"},
    {"local_addr", KIND_LABEL, TYPE_TEXT, .source = "local_addr", .help = "address on PgBouncer's side: the client_addr of the session, if nothing translates between"},
    {"local_port", KIND_LABEL, TYPE_INT, .source = "local_port", .help = "port on PgBouncer's side: the client_port of the session"},
    {"link", KIND_LABEL, TYPE_TEXT, .source = "link", .help = "the id of the client that has it"},
    {"requested", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "request_time", .help = "when it was last asked something"},
    {"close_needed", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "close_needed", .help = "it is closed as soon as it is given back"},
    {"tls", KIND_LABEL, TYPE_TEXT, .source = "tls", .help = "TLS version and cipher; none without TLS"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "bouncer_servers",
    .help = "a connection of PgBouncer to PostgreSQL: who has it, and the process that serves it there (at "
            "most 2,000, those in use first)",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .every = 2,
};

const struct bouncer_collector bouncer_set_servers = {
    .dataset = &dataset, .shows = {"SHOW SERVERS"}, .most_rows = MOST_ROWS, .first = {"link", "", true}};
