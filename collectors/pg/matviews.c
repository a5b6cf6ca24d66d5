/* matviews: a materialised view: its size, whether it can be refreshed without locking its readers out, and when it was. PostgreSQL does not keep
 * that moment: it is known from the first refresh on that happens while we look. */
#include <math.h>
#include <stdlib.h>

#include "collectors/pg/details.h"
#include "collectors/pg/relations.h"
#include "core/mem.h"

// clang-format off
static const struct column columns[] = {
    {"datid", KIND_KEY, TYPE_INT, .source = "d.oid", .help = "oid of the database"},
    {"relid", KIND_KEY, TYPE_INT, .source = "c.oid", .help = "oid of the view"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "d.datname", .help = "database"},
    {"schema", KIND_LABEL, TYPE_TEXT, .source = "n.nspname", .help = "schema"},
    {"name", KIND_LABEL, TYPE_TEXT, .source = "c.relname", .help = "materialised view"},
    {"owner_name", KIND_LABEL, TYPE_TEXT, .source = "pg_get_userbyid(c.relowner)", .help = "role that owns it, and may refresh it"},
    {"is_populated", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "c.relispopulated", .help = "it has been filled; if not, reading it is an error"},
    {"unique_index", KIND_LABEL, TYPE_TEXT, .source = "u.relname", .help = "a unique index of columns alone, over all rows: REFRESH CONCURRENTLY needs one"},
    {"refresh_concurrently", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "c.relispopulated and u.relname is not null", .help = "it can be refreshed while others read it"},
    {"table_rows", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "nullif(c.reltuples, -1)", .help = "rows, as the last VACUUM or ANALYZE saw them"},
    {"size_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "bytes on disk with indexes and toast; n/a while it is locked, as it is during a plain refresh"},
    {"filenode", KIND_LABEL, TYPE_INT, .source = "c.relfilenode", .help = "number of its storage: a plain REFRESH gives it a new one; so does VACUUM FULL"},
    {"row_changes", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "pg_stat_get_tuples_inserted(c.oid) + pg_stat_get_tuples_updated(c.oid) + pg_stat_get_tuples_deleted(c.oid)", .help = "rows that its refreshes wrote; REFRESH CONCURRENTLY writes only those that differ"},
    {"refreshed_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when its storage or its rows were last seen to change, to two minutes; n/a until this program has seen one refresh: PostgreSQL does not keep it"},
    {"refresh_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time since then; a REFRESH CONCURRENTLY that found nothing new cannot be seen"},
    {"refresh_how", KIND_LABEL, TYPE_TEXT, .help = "that refresh: plain (new storage), or concurrently (rows written into the old one)"},
    {"refresh_every_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time between the last two plain refreshes that were seen"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "matviews",
    .help = "a materialised view: its size, whether it is filled, whether it can be refreshed concurrently",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 120,
};

// clang-format off
/* As is_usable_unique_index() in matview.c has it. */
static const struct pg_from from[] = {
    {140000,
     "from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_database d on d.datname = current_database()"
     " left join lateral (select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid join pg_am m on m.oid = i.relam"
     "  where x.indrelid = c.oid and x.indisunique and x.indimmediate and x.indisvalid and m.amname = 'btree' and x.indpred is null"
     "  and x.indnatts > 0 and not 0 >= any(x.indkey::int2[]) order by x.indnatts, i.oid limit 1) u on true"
     " where c.relkind = 'm' order by c.oid"},
    {0, NULL},
};

static const struct pg_from sizes[] = {
    {140000, RELATIONS_LOCKED
    " select c.oid as id, pg_total_relation_size(c.oid) as size_bytes from pg_class c where c.oid = any($1::oid[])"
    " and not exists (select from l where l.relation in (c.oid, c.reltoastrelid))"
    " and not exists (select from l join pg_index x on x.indexrelid = l.relation where x.indrelid in (c.oid, c.reltoastrelid))"},
    {0, NULL},
};
// clang-format on

/* ---- When it was refreshed ---- */

enum { MOST_VIEWS = 2000 };
struct view {
    int64_t datid, relid, filenode;
    double changes, refreshed_at, every_s;
    bool plain;
};
struct state {
    struct details_state details; /* first: details.c has it as its own */
    struct view *views;
    int n;
};

/* What is known of that view; a new one when it is seen the first time, NULL when there is no room. */
static struct view *view_of(struct state *st, int64_t datid, int64_t relid, bool *is_new)
{
    *is_new = false;
    for (int i = 0; i < st->n; i++)
        if (st->views[i].datid == datid && st->views[i].relid == relid)
            return &st->views[i];
    if (st->n == MOST_VIEWS)
        return NULL;
    st->views = mem_grow(st->views, (size_t)st->n + 1, sizeof(*st->views));
    st->views[st->n] = (struct view){.datid = datid, .relid = relid, .refreshed_at = NAN, .every_s = NAN};
    *is_new = true;
    return &st->views[st->n++];
}

static void see(struct view *v, int64_t filenode, double changes, double now_s, bool is_new)
{
    bool plain = !is_new && filenode != INT_NONE && v->filenode != INT_NONE && filenode != v->filenode;
    if (plain && v->plain)
        v->every_s = now_s - v->refreshed_at;
    if (plain || (!is_new && changes > v->changes)) {
        v->plain = plain;
        v->refreshed_at = now_s;
    }
    v->filenode = filenode;
    v->changes = changes;
}

static void remember_refreshes(struct pg_poll *p, struct sample *s)
{
    struct state *st = pg_state(p);
    int datid = dataset_column(s->dataset, "datid"), relid = dataset_column(s->dataset, "relid"), filenode = dataset_column(s->dataset, "filenode"),
        changes = dataset_column(s->dataset, "row_changes"), at = dataset_column(s->dataset, "refreshed_at"), age = dataset_column(s->dataset, "refresh_age_s"),
        how = dataset_column(s->dataset, "refresh_how"), every = dataset_column(s->dataset, "refresh_every_s");
    for (int i = 0; i < s->n_rows; i++) {
        bool is_new;
        struct view *v = view_of(st, sample_int(s, datid, i), sample_int(s, relid, i), &is_new);
        if (v == NULL)
            return;
        see(v, sample_int(s, filenode, i), sample_real(s, changes, i), s->wall_s, is_new);
        if (isnan(v->refreshed_at))
            continue;
        sample_put_real(s, at, i, v->refreshed_at);
        sample_put_real(s, age, i, fmax(0, s->wall_s - v->refreshed_at));
        sample_put_real(s, every, i, v->every_s);
        sample_put_text(s, how, i, v->plain ? "plain" : "concurrently");
    }
}

/* Another server's views may have the same numbers. */
static void forget(void *state)
{
    struct state *st = state;
    details_reset(&st->details);
    free(st->views);
    st->views = NULL;
    st->n = 0;
}

static const struct details details = {
    .dataset = &dataset,
    .id = "relid",
    .from = from,
    .sql = sizes,
    .slice = 100,
    .finish = remember_refreshes,
};

static void start(struct pg_poll *p)
{
    details_start(p, &details);
}

const struct pg_collector pg_matviews = {
    .dataset = &dataset,
    .lane = PG_SLOW,
    .per_database = true,
    .start = start,
    .state_size = sizeof(struct state),
    .state_done = forget,
    .state_reset = forget,
};
