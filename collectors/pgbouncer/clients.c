/* clients: who is connected to PgBouncer. There may be 10,000: those that wait are kept first, and the rest
 * as far as there is room. */
#include <math.h>
#include <string.h>

#include "collectors/pgbouncer/bouncer.h"

enum { MOST_ROWS = 1000 };

enum { ID, CONNECTED, DATNAME, USENAME, APPLICATION, STATE, ADDR, PORT, WAIT, LINK, PID, REQUESTED, TLS, NUMBER };
// clang-format off
static const struct column columns[] = {
    [ID]          = {"id", KIND_KEY, TYPE_TEXT, .source = "ptr", .help = "the product's name for the connection"},
    [CONNECTED]   = {"connected", KIND_KEY, TYPE_REAL, UNIT_TIME, "connect_time", .help = "when it connected"},
    [DATNAME]     = {"datname", KIND_LABEL, TYPE_TEXT, .source = "database", .help = "database that it asked for"},
    [USENAME]     = {"usename", KIND_LABEL, TYPE_TEXT, .source = "user", .help = "role that logged in"},
    [APPLICATION] = {"application_name", KIND_LABEL, TYPE_TEXT, .source = "application_name", .help = "name that the application gave itself"},
    [STATE]       = {"state", KIND_LABEL, TYPE_TEXT, .source = "state", .help = "active (has a connection, or needs none now), idle, waiting, active_cancel_req, waiting_cancel_req"},
    [ADDR]        = {"client_addr", KIND_LABEL, TYPE_TEXT, .source = "addr", .help = "its address; unix for a socket of the same machine"},
    [PORT]        = {"client_port", KIND_LABEL, TYPE_INT, .source = "port", .help = "its port"},
    [WAIT]        = {"wait_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "how long it has waited for a connection; of those that wait only"},
    [LINK]        = {"link", KIND_LABEL, TYPE_TEXT, .source = "link", .help = "the id in bouncer_servers of the connection that it has; none while it has none"},
    [PID]         = {"client_pid", KIND_LABEL, TYPE_INT, .source = "remote_pid", .help = "its process id, on a unix socket"},
    [REQUESTED]   = {"requested", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "request_time", .help = "when it last asked something"},
    [TLS]         = {"tls", KIND_LABEL, TYPE_TEXT, .source = "tls", .help = "TLS version and cipher; none without TLS"},
    [NUMBER]      = {"client_no", KIND_LABEL, TYPE_INT, .source = "id", .help = "the number that KILL_CLIENT takes (PgBouncer 1.24 and newer)"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "clients",
    .help = "a client of a pooler: where it comes from, whether it waits, and whose connection it has (at "
            "most 1,000, those that wait first)",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .every = 5,
};

/* The console's wait of a client that has a connection is the time since its query began. */
static void finish(struct sample *s, const struct conn_rows *r, const int *row_of)
{
    for (int row = 0; row < s->n_rows; row++) {
        const char *state = sample_has(s, STATE) ? sample_text(s, STATE, row) : NULL;
        if (state != NULL && strcmp(state, "waiting") == 0)
            s->values[WAIT].real[row] = bouncer_number(r, row_of[row], "wait") * 1000 +
                                        fmax(0, bouncer_number(r, row_of[row], "wait_us")) / 1000;
        if (sample_has(s, PID) && s->values[PID].integer[row] == 0)
            s->values[PID].integer[row] = INT_NONE;
    }
}

const struct bouncer_collector bouncer_set_clients = {.dataset = &dataset,
                                                      .shows = {"SHOW CLIENTS"},
                                                      .keeps = NOT_CONSOLE,
                                                      .most_rows = MOST_ROWS,
                                                      .first = {"state", "waiting", false},
                                                      .finish = finish};
