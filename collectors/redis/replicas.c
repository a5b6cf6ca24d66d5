/* redis_replicas: those that follow this server: "slave0:ip=10.0.0.2,port=6379,state=online,offset=42,lag=0".
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collectors/redis/redis.h"

enum { ADDR, STATE, ONLINE, OFFSET, BEHIND, LAG };
// clang-format off
static const struct column columns[] = {
    [ADDR]   = {"client_addr", KIND_KEY, TYPE_TEXT, .help = "address and port of the replica, as it names them"},
    [STATE]  = {"state", KIND_LABEL, TYPE_TEXT, .help = "online, wait_bgsave, send_bulk"},
    [ONLINE] = {"online", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "it has all data, and gets what changes"},
    [OFFSET] = {"repl_offset", KIND_GAUGE, TYPE_REAL, UNIT_NONE, .help = "how far it has said that it is, in bytes"},
    [BEHIND] = {"behind_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "what it has not said to have got yet"},
    [LAG]    = {"lag_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "since when it has said nothing"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "redis_replicas",
    .help = "a replica of Redis: its state, and how far it is behind",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 2,
};

static bool is_replica(const struct info_field *f)
{
    size_t len;
    const char *rest = info_rest(f, "slave", &len), *ip;
    return rest != NULL && rest[0] >= '0' && rest[0] <= '9' && info_part(f, "ip", &ip, &len);
}

static void fill(struct sample *s, int row, const struct info_field *f, double master_offset)
{
    const char *ip = "", *port = "", *state = "";
    size_t ip_len = 0, port_len = 0, state_len = 0;
    char addr[120];
    info_part(f, "ip", &ip, &ip_len);
    info_part(f, "port", &port, &port_len);
    info_part(f, "state", &state, &state_len);
    int n = snprintf(addr, sizeof(addr), "%.*s:%.*s", (int)(ip_len < 90 ? ip_len : 90), ip,
                     (int)(port_len < 8 ? port_len : 8), port);
    redis_set_text(s, ADDR, row, addr, (size_t)n);
    redis_set_text(s, STATE, row, state, state_len < 40 ? state_len : 40);
    s->values[ONLINE].real[row] = state_len == 6 && memcmp(state, "online", 6) == 0;
    s->values[OFFSET].real[row] = info_part_number(f, "offset");
    s->values[BEHIND].real[row] = fmax(0, master_offset - info_part_number(f, "offset"));
    s->values[LAG].real[row] = info_part_number(f, "lag");
}

static struct sample *make(struct redis_poll *p)
{
    const struct info *info = redis_info(p, ASK_INFO);
    int n = 0;
    for (int i = 0; i < info->n; i++)
        n += is_replica(&info->fields[i]);
    struct sample *s = sample_new(&dataset, n);
    for (int i = 0, row = 0; i < info->n; i++)
        if (is_replica(&info->fields[i]))
            fill(s, row++, &info->fields[i], info_number(info, "master_repl_offset"));
    return s;
}

const struct redis_collector redis_set_replicas = {.dataset = &dataset, .asks = ASKS(ASK_INFO), .make = make};
