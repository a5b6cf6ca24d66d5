/* sessions: a backend, with everything of pg_stat_activity. Who blocks whom is in `locks`: pg_blocking_pids
 * stops the lock manager, so it is asked there, rarely and for few. */
#include "collectors/pg/pg.h"

/* On the server's clock, which may read a little less than the moment it compares with. */
#define AGE(moment)                                                                                          \
    "case when " moment " is not null then greatest(0, date_part('epoch', clock_timestamp() - " moment       \
    ")) end"
#define OWN "(s.application_name = 'dbvitals' and s.usename = current_user)"
/* What PostgreSQL writes in place of the query of a session that the role may not see. */
#define HIDDEN "(s.state is null and s.query = '<insufficient privilege>')"

// clang-format off
static const struct column columns[] = {
    {"pid", KIND_KEY, TYPE_INT, .source = "s.pid", .help = "process id of the backend"},
    {"backend_start", KIND_KEY, TYPE_REAL, UNIT_TIME, "s.backend_start", .help = "when the backend started; with pid the identity of a session"},
    {"leader_pid", KIND_LABEL, TYPE_INT, .source = "s.leader_pid", .help = "for a parallel worker: the process it works for"},
    {"datid", KIND_LABEL, TYPE_INT, .source = "s.datid", .help = "oid of the database"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "s.datname", .help = "database"},
    {"userid", KIND_LABEL, TYPE_INT, .source = "s.usesysid", .help = "oid of the role"},
    {"usename", KIND_LABEL, TYPE_TEXT, .source = "s.usename", .help = "role that logged in"},
    {"application_name", KIND_LABEL, TYPE_TEXT, .source = "s.application_name", .help = "what the client calls itself"},
    {"client_addr", KIND_LABEL, TYPE_TEXT, .source = "host(s.client_addr)", .help = "address of the client; none on a unix socket"},
    {"client_port", KIND_LABEL, TYPE_INT, .source = "s.client_port", .help = "port of the client; -1 on a unix socket"},
    {"backend_type", KIND_LABEL, TYPE_TEXT, .source = "s.backend_type", .help = "client backend, walsender, autovacuum worker, ..."},
    {"state", KIND_LABEL, TYPE_TEXT, .source = "s.state", .help = "active, idle, idle in transaction, idle in transaction (aborted), ..."},
    {"wait_class", KIND_LABEL, TYPE_TEXT, .source = "s.wait_event_type", .help = "class of what the backend waits for: Lock, LWLock, IO, Client, ...; none when it runs"},
    {"wait_event", KIND_LABEL, TYPE_TEXT, .source = "s.wait_event", .help = "what the backend waits for"},
    {"query_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, AGE("s.query_start"), .help = "time since the current statement, or the last one of an idle session, started"},
    {"query_start", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "s.query_start", .help = "when that statement started: tells it from a later one of the same session"},
    {"xact_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, AGE("s.xact_start"), .help = "time since the open transaction started"},
    {"state_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, AGE("s.state_change"), .help = "time since the state changed"},
    {"backend_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, AGE("s.backend_start"), .help = "time since the backend started"},
    {"xid_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "age(s.backend_xid)", .help = "transactions begun since this one got its id"},
    {"xmin_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "age(s.backend_xmin)", .help = "how far back this session keeps dead rows from being removed, in transactions"},
    {"queryid", KIND_LABEL, TYPE_INT, .source = "s.query_id", .help = "the statement's id, as in statements"},
    {"hidden", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, HIDDEN, .help = "the role may not see this session's state and query: GRANT pg_monitor"},
    {"own", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, OWN, .help = "a connection of dbvitals' own"},
    /* Our own are long and the same on each connection: where many databases of a server are targets, each would hold all of them. Those of
     * others whole and untouched: a string function fails on a query that came in another database's encoding, and with it all
     * rows. track_activity_query_size bounds it. */
    {"query", KIND_TEXT, TYPE_TEXT, .source = "case when " OWN " then left(s.query, 100) when not " HIDDEN " then s.query end", .help = "the statement that runs, or ran last"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "sessions",
    .help = "a backend: who is connected, what it runs, since when, and what it waits for",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
};

static const struct pg_from from[] = {
    {140000, "from pg_stat_activity s"},
    {0, NULL},
};

const struct pg_collector pg_sessions = {.dataset = &dataset, .lane = PG_FAST, .from = from};
