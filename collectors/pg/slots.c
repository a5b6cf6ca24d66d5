/* slots: a replication slot: who reads it, how much log and which dead rows it keeps, and what is left before
 * it is lost. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/pg.h"
#include "core/mem.h"

// clang-format off
static const struct column columns[] = {
    {"slot_name", KIND_KEY, TYPE_TEXT, .source = "s.slot_name", .help = "name of the slot"},
    {"slot_type", KIND_LABEL, TYPE_TEXT, .source = "s.slot_type", .help = "physical or logical"},
    {"plugin", KIND_LABEL, TYPE_TEXT, .source = "s.plugin", .help = "output plugin of a logical slot"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "s.database", .help = "database of a logical slot"},
    {"active", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.active", .help = "somebody reads it now"},
    {"active_pid", KIND_LABEL, TYPE_INT, .source = "s.active_pid", .help = "process id of the session that reads it"},
    {"is_temporary", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.temporary", .help = "it goes with the session that made it"},
    {"retained_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "greatest(0, coalesce(w.position - s.restart_lsn, 0))", .help = "log that the server keeps for it; 0 also of one that was never read or is lost"},
    {"behind_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "case when s.confirmed_flush_lsn is not null then greatest(0, w.position - s.confirmed_flush_lsn) end", .help = "log that the reader of a logical slot has not confirmed"},
    {"wal_status", KIND_LABEL, TYPE_TEXT, .source = "s.wal_status", .help = "reserved, extended (beyond max_wal_size), unreserved (the next checkpoint may take what it needs) or lost"},
    {"safe_wal_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "s.safe_wal_size", .help = "log that can be written before it may be lost; n/a without max_slot_wal_keep_size"},
    {"is_lost", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "coalesce(s.wal_status = 'lost', false) or s.invalidation_reason is not null", .since = 170000, .before = "coalesce(s.wal_status = 'lost', false)", .help = "it can no longer be read: its reader must start anew"},
    {"invalidation_reason", KIND_LABEL, TYPE_TEXT, .source = "s.invalidation_reason", .since = 170000, .help = "why it was lost: wal_removed, rows_removed, wal_level_insufficient, idle_timeout"},
    {"conflicting", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.conflicting", .since = 160000, .help = "a logical slot on a standby that was lost to recovery"},
    {"inactive_since", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "s.inactive_since", .since = 170000, .help = "since when nobody reads it, as the server says"},
    {"inactive_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "how long nobody has read it, 0 while somebody does; before PostgreSQL 17 at least so long: since dbvitals saw it so first"},
    {"xmin_age", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "greatest(age(s.xmin), age(s.catalog_xmin))", .help = "how far back it keeps dead rows (a logical slot: those of catalogs) from being removed, in transactions"},
    {"two_phase", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.two_phase", .help = "prepared transactions are decoded"},
    {"failover", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.failover", .since = 170000, .help = "it is kept in step on standbys"},
    {"synced", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.synced", .since = 170000, .help = "on a standby: it follows one of the primary, and cannot be dropped here"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "slots",
    .help = "a replication slot: who reads it, the log and dead rows that it keeps, what is left before it "
            "is lost",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 10,
};

static const struct pg_from from[] = {
    {140000, "from pg_replication_slots s, (select case when pg_is_in_recovery() then "
             "coalesce(pg_last_wal_receive_lsn(),"
             " pg_last_wal_replay_lsn()) else pg_current_wal_lsn() end as position) w"},
    {0, NULL},
};

/* Those that nobody reads, and since when. It outlives the connection, not the server. */
struct idle {
    struct idle_slot {
        char name[64];
        double since_mono_s;
    } * slots;
    int n;
    double server_s; /* its start */
};

static void forget(void *state)
{
    struct idle *idle = state;
    free(idle->slots);
}

static double idle_since(const struct idle *idle, const char *name, double now_s)
{
    for (int i = 0; i < idle->n; i++)
        if (strcmp(idle->slots[i].name, name) == 0)
            return idle->slots[i].since_mono_s;
    return now_s;
}

static double inactive_s(const struct sample *s, int row, double seen_since_s)
{
    int since = dataset_column(&dataset, "inactive_since");
    double told = sample_has(s, since) ? sample_real(s, since, row) : NAN;
    return fmax(0, isnan(told) ? s->mono_s - seen_since_s : s->wall_s - told);
}

static void finish(struct pg_poll *p, struct sample *s)
{
    struct idle *idle = pg_state(p);
    int name = dataset_column(&dataset, "slot_name"), active = dataset_column(&dataset, "active");
    int inactive = dataset_column(&dataset, "inactive_s");
    struct idle now = {.slots = mem_new_array((size_t)s->n_rows, sizeof(*now.slots)),
                       .server_s = pg_facts(p)->started_s};
    if (idle->server_s != now.server_s)
        idle->n = 0;
    for (int i = 0; i < s->n_rows; i++) {
        if (sample_real(s, active, i) != 0) {
            sample_put_real(s, inactive, i, 0);
            continue;
        }
        struct idle_slot *slot = &now.slots[now.n++];
        snprintf(slot->name, sizeof(slot->name), "%s", sample_text(s, name, i));
        slot->since_mono_s = idle_since(idle, slot->name, s->mono_s);
        sample_put_real(s, inactive, i, inactive_s(s, i, slot->since_mono_s));
    }
    forget(idle);
    *idle = now;
}

const struct pg_collector pg_slots = {
    .dataset = &dataset,
    .lane = PG_SLOW,
    .from = from,
    .finish = finish,
    .state_size = sizeof(struct idle),
    .state_done = forget,
};
