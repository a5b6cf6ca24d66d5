/* bouncer: PgBouncer itself in one row: does it let anybody through, how many clients, what memory. */
#include <math.h>
#include <string.h>

#include "collectors/pgbouncer/bouncer.h"

enum {
    VERSION,
    STATE,
    CLIENTS,
    CLIENTS_MAX,
    LOGIN,
    SERVERS,
    DATABASES,
    USERS,
    POOLS,
    DNS_NAMES,
    DNS_PENDING,
    MEMORY
};
// clang-format off
static const struct column columns[] = {
    [VERSION]     = {"version_text", KIND_KEY, TYPE_TEXT, .help = "version of PgBouncer"},
    [STATE]       = {"state", KIND_LABEL, TYPE_TEXT, .help = "active, paused or suspended; old versions do not tell"},
    [CLIENTS]     = {"clients", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "used_clients", .help = "clients that are connected, our own console too"},
    [CLIENTS_MAX] = {"clients_max", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "how many there may be: max_client_conn"},
    [LOGIN]       = {"clients_login", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "login_clients", .help = "clients that are logging in"},
    [SERVERS]     = {"servers", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "used_servers", .help = "connections to servers"},
    [DATABASES]   = {"databases", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "databases", .help = "databases that it knows, the console too"},
    [USERS]       = {"users", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "users", .help = "roles that it knows"},
    [POOLS]       = {"pools_n", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "pools", .help = "pools, the console's too"},
    [DNS_NAMES]   = {"dns_names", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "dns_names", .help = "names of hosts that it remembers"},
    [DNS_PENDING] = {"dns_queries", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "dns_queries", .help = "names that are being looked up"},
    [MEMORY]      = {"memory_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "memory of its caches and buffers, by SHOW MEM"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "bouncer",
    .help = "PgBouncer itself: whether it is paused, how many clients it has and may have, its memory",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 2,
};

/* A column's source is the name of a list. */
static void take_lists(struct sample *s, const struct conn_rows *lists)
{
    for (int row = 0; row < conn_rows_n(lists); row++) {
        const char *list = bouncer_text(lists, row, "list");
        for (int i = 0; i < dataset.n_columns && list != NULL; i++)
            if (columns[i].source != NULL && strcmp(columns[i].source, list) == 0)
                s->values[i].real[0] = bouncer_number(lists, row, "items");
    }
}

/* "key | value" rows of newer versions: active yes, paused no, suspended no. */
static void take_state(struct sample *s, const struct conn_rows *state)
{
    for (int row = 0; row < conn_rows_n(state); row++) {
        const char *key = bouncer_text(state, row, "key"), *value = bouncer_text(state, row, "value");
        if (key != NULL && value != NULL && strcmp(value, "yes") == 0)
            sample_set_text(s, STATE, 0, key, strlen(key));
    }
}

static struct sample *make(struct bouncer_poll *p, struct conn_rows *const *rows)
{
    struct sample *s = sample_new(&dataset, 1);
    sample_set_text(s, VERSION, 0, bouncer_version(p), strlen(bouncer_version(p)));
    s->values[CLIENTS_MAX].real[0] = bouncer_max_clients(p);
    take_lists(s, rows[0]);
    double memory = 0;
    for (int row = 0; rows[1] != NULL && row < conn_rows_n(rows[1]); row++)
        memory += fmax(0, bouncer_number(rows[1], row, "memtotal"));
    s->values[MEMORY].real[0] = rows[1] != NULL ? memory : NAN;
    if (rows[2] != NULL)
        take_state(s, rows[2]);
    else
        sample_lacks(s, STATE, "this version of PgBouncer does not tell it");
    return s;
}

const struct bouncer_collector bouncer_set_state = {
    .dataset = &dataset, .shows = {"SHOW LISTS", "?SHOW MEM", "?SHOW STATE"}, .make = make};
