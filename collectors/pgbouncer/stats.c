/* bouncer_stats: what went through PgBouncer, by database. */
#include "collectors/pgbouncer/bouncer.h"

// clang-format off
static const struct column columns[] = {
    {"datname", KIND_KEY, TYPE_TEXT, .source = "database", .help = "database as its clients name it"},
    {"xacts", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "total_xact_count", .help = "transactions"},
    {"queries", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "total_query_count", .help = "statements"},
    {"xact_time_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, "total_xact_time / 1000", .help = "time that clients had a connection in a transaction, idle in it or not"},
    {"query_time_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, "total_query_time / 1000", .help = "time that the server worked on statements"},
    {"wait_time_ms", KIND_COUNTER, TYPE_REAL, UNIT_MS, "total_wait_time / 1000", .help = "time that clients waited for a connection; counted when they get it"},
    {"received_bytes", KIND_COUNTER, TYPE_REAL, UNIT_BYTES, "total_received", .help = "bytes from clients"},
    {"sent_bytes", KIND_COUNTER, TYPE_REAL, UNIT_BYTES, "total_sent", .help = "bytes to clients"},
    {"assignments", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "total_server_assignment_count", .help = "times that a client was given a connection"},
    {"parses", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "total_client_parse_count", .help = "prepared statements made by clients"},
    {"server_parses", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "total_server_parse_count", .help = "those that had to be made on a server"},
    {"binds", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "total_bind_count", .help = "prepared statements that were run"},
    {"xact_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_QUOTIENT, .a = "xact_time_ms", .b = "xacts", .help = "mean length of a transaction"},
    {"query_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_QUOTIENT, .a = "query_time_ms", .b = "queries", .help = "mean time of a statement"},
    {"wait_ms", KIND_DERIVED, TYPE_REAL, UNIT_MS, .formula = FORMULA_QUOTIENT, .a = "wait_time_ms", .b = "xacts", .help = "mean wait for a connection, by transaction"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "bouncer_stats",
    .help = "a database behind PgBouncer: transactions, statements, bytes, and the time that clients waited",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 2,
    .baseline_every = 10,
};

const struct bouncer_collector bouncer_set_stats = {
    .dataset = &dataset, .shows = {"SHOW STATS"}, .keeps = NOT_CONSOLE};
