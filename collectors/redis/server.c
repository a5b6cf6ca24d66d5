/* redis_server: the instance in one row, as INFO tells it. */
#include <math.h>
#include <string.h>

#include "collectors/redis/redis.h"

enum { RUN_ID, PRODUCT, VERSION, ROLE, LINK, POLICY, FIRST_NUMBER };
// clang-format off
static const struct column columns[] = {
    [RUN_ID]  = {"run_id", KIND_KEY, TYPE_TEXT, .source = "run_id", .help = "what tells this run of the server from any other"},
    [PRODUCT] = {"product", KIND_LABEL, TYPE_TEXT, .help = "Redis, or what speaks like it: Valkey, KeyDB, Dragonfly"},
    [VERSION] = {"version_text", KIND_LABEL, TYPE_TEXT, .source = "redis_version", .help = "version of Redis, or the one that it is compatible with"},
    [ROLE]    = {"role", KIND_LABEL, TYPE_TEXT, .help = "master, or replica"},
    [LINK]    = {"master_link", KIND_LABEL, TYPE_TEXT, .source = "master_link_status", .help = "of a replica: whether it is connected to its master: up, down"},
    [POLICY]  = {"maxmemory_policy", KIND_LABEL, TYPE_TEXT, .source = "maxmemory_policy", .help = "what is thrown out when memory is full; noeviction: writes are refused"},
    [FIRST_NUMBER] =
    {"uptime_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "uptime_in_seconds", .help = "how long it has run"},
    {"connected_clients", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "connected_clients", .help = "clients, without replicas"},
    {"maxclients", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "maxclients", .help = "how many there may be"},
    {"blocked_clients", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "blocked_clients", .help = "clients that wait in a command such as BLPOP"},
    {"ops", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "total_commands_processed", .help = "commands that were run"},
    {"connections", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "total_connections_received", .help = "connections that were made"},
    {"rejected_connections", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "rejected_connections", .help = "connections that were refused for maxclients"},
    {"used_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "used_memory", .help = "memory that Redis has allocated"},
    {"rss_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "used_memory_rss", .help = "memory that the system has given it"},
    {"peak_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "used_memory_peak", .help = "the most that it had allocated"},
    {"max_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "maxmemory", .help = "maxmemory; n/a: there is no limit"},
    {"used_ratio", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "used_bytes / max_bytes"},
    {"fragmentation", KIND_GAUGE, TYPE_REAL, UNIT_NONE, "mem_fragmentation_ratio", .help = "rss_bytes / used_bytes, as Redis tells it: far above 1 is lost to fragments, below 1 is swapped out"},
    {"hits", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "keyspace_hits", .help = "lookups that found their key"},
    {"misses", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "keyspace_misses", .help = "lookups that did not"},
    {"hit_ratio", KIND_DERIVED, TYPE_REAL, UNIT_RATIO, .formula = FORMULA_SHARE, .a = "hits", .b = "misses", .least = 100, .help = "hits / (hits + misses) over the window, from 100 lookups on"},
    {"expired", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "expired_keys", .help = "keys that came to their end"},
    {"evicted", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "evicted_keys", .help = "keys that were thrown out to make room"},
    {"received_bytes", KIND_COUNTER, TYPE_REAL, UNIT_BYTES, "total_net_input_bytes", .help = "bytes from clients"},
    {"sent_bytes", KIND_COUNTER, TYPE_REAL, UNIT_BYTES, "total_net_output_bytes", .help = "bytes to clients"},
    {"cpu_user_s", KIND_COUNTER, TYPE_REAL, UNIT_S, "used_cpu_user", .help = "CPU time in the program"},
    {"cpu_system_s", KIND_COUNTER, TYPE_REAL, UNIT_S, "used_cpu_sys", .help = "CPU time in the system"},
    {"loading", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "loading", .help = "it is reading its data into memory"},
    {"rdb_ok", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "rdb_last_bgsave_status=ok", .help = "the last snapshot on disk was written"},
    {"rdb_saved", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "rdb_last_save_time", .help = "when that was; the start, if there was none since"},
    {"rdb_changes", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "rdb_changes_since_last_save", .help = "changes since then, which a crash loses where there is no append-only file"},
    {"aof", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "aof_enabled", .help = "there is an append-only file"},
    {"aof_write_ok", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "aof_last_write_status=ok", .help = "it was last written without an error"},
    {"aof_rewrite_ok", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "aof_last_bgrewrite_status=ok", .help = "it was last rewritten without an error"},
    {"replicas_n", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "connected_slaves", .help = "replicas that are connected"},
    {"master_link_up", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "master_link_status=up", .help = "of a replica: it is connected to its master"},
    {"master_link_down_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "master_link_down_since_seconds", .help = "of a replica without its master: for how long"},
    {"master_silent_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "master_last_io_seconds_ago", .help = "of a replica: since when nothing came from its master"},
    {"repl_offset", KIND_GAUGE, TYPE_REAL, UNIT_NONE, "master_repl_offset", .help = "where the stream of changes is, in bytes"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "redis_server",
    .help = "an instance of Redis: memory, commands, clients, persistence, replication",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .baseline_every = 10,
};

static struct sample *make(struct redis_poll *p);

const struct redis_collector redis_set_server = {.dataset = &dataset, .asks = ASKS(ASK_INFO), .make = make};

static void lacks(struct sample *s, const char *column, const char *why)
{
    sample_lacks(s, dataset_column(&dataset, column), why);
}

static struct sample *make(struct redis_poll *p)
{
    static const char *const of_replicas[] = {"master_link", "master_link_up", "master_silent_s",
                                              "master_link_down_s"};
    struct sample *s = sample_new(&dataset, 1);
    const struct info *info = redis_info(p, ASK_INFO);
    const char *role = info_is(info, "role", "slave") ? "replica" : "master";
    double used = info_number(info, "used_memory"), most = info_number(info, "maxmemory");
    redis_fill(p, &redis_set_server, s);
    redis_set_text(s, PRODUCT, 0, redis_called(p), strlen(redis_called(p)));
    redis_set_text(s, ROLE, 0, role, strlen(role));
    if (most > 0)
        s->values[dataset_column(&dataset, "used_ratio")].real[0] = used / most;
    else
        lacks(s, "max_bytes", "maxmemory is 0: there is no limit");
    if (!(most > 0))
        lacks(s, "used_ratio", "maxmemory is 0: there is no limit");
    for (size_t i = 0; i < sizeof(of_replicas) / sizeof(of_replicas[0]) && role[0] == 'm'; i++)
        lacks(s, of_replicas[i], "of replicas only");
    return s;
}
