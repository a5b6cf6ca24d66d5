/* partitions: a partitioned table: how it is cut, how far into the future its partitions reach without a hole,
 * what has fallen into the default one. */
#include "collectors/pg/pg.h"

// clang-format off
/* A crash, a reset and a standby have the counters start from nothing. Then 0 is believed of a default partition of which something was counted, or that a scan found
 * without a page, as each CREATE of a partition beside it does. That the rows are older than the counters is told by pages read of it, and by what is known of
 * the others; to look at its size would be to wait for whoever has it locked. */
#define UNCOUNTED "e.reltuples <= 0 and pg_stat_get_tuples_inserted(e.oid) + pg_stat_get_tuples_updated(e.oid) + pg_stat_get_tuples_deleted(e.oid) + " UPKEEP " = 0" \
    " and (pg_stat_get_blocks_fetched(e.oid) > 0 or b.is_older and pg_stat_get_numscans(e.oid) = 0)"
#define UPKEEP "pg_stat_get_vacuum_count(e.oid) + pg_stat_get_autovacuum_count(e.oid) + pg_stat_get_analyze_count(e.oid) + pg_stat_get_autoanalyze_count(e.oid)"

/* What the counters say, else, where they are younger than the rows, what the last vacuum or analyze before them found. */
#define COUNTED "case when " UPKEEP " = 0 and pg_stat_get_tuples_inserted(e.oid) < e.reltuples / 2 then greatest(pg_stat_get_live_tuples(e.oid), e.reltuples)" \
    " else pg_stat_get_live_tuples(e.oid) end"

static const struct column columns[] = {
    {"datid", KIND_KEY, TYPE_INT, .source = "d.oid", .help = "oid of the database"},
    {"relid", KIND_KEY, TYPE_INT, .source = "c.oid", .help = "oid of the partitioned table"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "d.datname", .help = "database"},
    {"schema", KIND_LABEL, TYPE_TEXT, .source = "n.nspname", .help = "schema"},
    {"name", KIND_LABEL, TYPE_TEXT, .source = "c.relname", .help = "partitioned table"},
    {"strategy", KIND_LABEL, TYPE_TEXT, .source = "case p.partstrat when 'r' then 'range' when 'l' then 'list' when 'h' then 'hash' end", .help = "range, list or hash"},
    {"key_names", KIND_LABEL, TYPE_TEXT, .source = "k.names", .help = "columns that it is cut by"},
    {"key_type", KIND_LABEL, TYPE_TEXT, .source = "k.type", .help = "type of the first of them"},
    {"is_partition", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "c.relispartition", .help = "it is a partition of another table itself"},
    {"children", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "b.children", .help = "its partitions, the default one included"},
    {"newest_schema", KIND_LABEL, TYPE_TEXT, .source = "b.newest[1]", .help = "schema of newest_name"},
    {"newest_name", KIND_LABEL, TYPE_TEXT, .source = "b.newest[2]", .help = "the partition that reaches furthest, of ranges of times"},
    {"newest_from", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "b.newest[3]::timestamptz", .help = "where it begins; a time without a zone is taken as one of our session's"},
    {"newest_until", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "b.newest[4]::timestamptz", .help = "where it ends"},
    {"width_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "date_part('epoch', b.newest[4]::timestamptz - b.newest[3]::timestamptz)", .help = "time that it covers"},
    {"covered_until", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "nullif(b.covered, 'infinity')", .help = "where the unbroken run of partitions ends that the present is in; where it is in none, where the last one before it ended; n/a: that has no end, or there was none"},
    {"next_from", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "b.next_from", .help = "where the next partition after that begins: until then is a hole; n/a: none comes after it"},
    {"ahead_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "case when b.has_now or b.covered is not null then date_part('epoch', nullif(b.covered, 'infinity') - now()) when b.next_from is not null then 0 end", .help = "time until there is no partition for a row of the present, by covered_until; negative: there has been none for so long; 0: there is none and never was, the first begins at next_from; n/a: there will always be one"},
    {"is_open", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "coalesce(b.is_open, false)", .help = "a partition has no upper bound; before it there may be a hole"},
    {"default_relid", KIND_LABEL, TYPE_INT, .source = "e.oid", .help = "oid of the default partition; without one a row that fits nowhere is refused"},
    {"default_schema", KIND_LABEL, TYPE_TEXT, .source = "en.nspname", .help = "its schema"},
    {"default_name", KIND_LABEL, TYPE_TEXT, .source = "e.relname", .help = "its name"},
    {"ins", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "b.ins", .help = "rows inserted into its partitions, but not those of partitions that are cut again; rows that fit nowhere are not counted"},
    {"default_rows", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "case when e.relkind = 'r' and not (" UNCOUNTED ") then " COUNTED " end", .help = "rows in it, estimated: a partition cannot be made while its rows are there; n/a where its counters are younger than the table's rows, as after a crash, and neither vacuum nor analyze knows of any"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "partitions",
    .help =
        "a partitioned table: its partitions, how far they reach into the future, rows in the default one",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 300,
};

// clang-format off
/* pg_get_expr() with the table's oid may wait for whoever has the table locked; bounds have no column in them, so 0 does. It writes times in quotes,
 * as our session would read them: FOR VALUES FROM ('2026-11-01', 1) TO ('2026-12-01', 1). MINVALUE and MAXVALUE have none. A run of partitions ends where
 * the next one begins later than all so far reach; of several columns the first is looked at. */
#define FIRST(word) "substring(bound from ' " word " [(]''([^'']*)''')"

static const struct pg_from from[] = {
    {140000,
     "from pg_partitioned_table p join pg_class c on c.oid = p.partrelid join pg_namespace n on n.oid = c.relnamespace"
     " join pg_database d on d.datname = current_database()"
     " left join pg_class e on e.oid = p.partdefid and p.partdefid <> 0 left join pg_namespace en on en.oid = e.relnamespace"
     " cross join lateral (select string_agg(coalesce(a.attname, '(expression)'), ', ' order by u.place) as names,"
     "  (array_agg(format_type(a.atttypid, null) order by u.place))[1] as type,"
     "  (array_agg(y.typoutput order by u.place))[1] in ('date_out'::regproc, 'timestamp_out'::regproc, 'timestamptz_out'::regproc) as timed"
     "  from unnest(p.partattrs::int2[]) with ordinality u(attnum, place)"
     "  left join pg_attribute a on a.attrelid = p.partrelid and a.attnum = u.attnum and u.attnum > 0 left join pg_type y on y.oid = a.atttypid) k"
     " cross join lateral (select count(*) as children, sum(pg_stat_get_tuples_inserted(oid)) as ins,"
     "  coalesce(bool_or(relkind = 'r' and pg_stat_get_tuples_inserted(oid) < reltuples / 2), false) as is_older, bool_or(bound ~ ' TO [(]MAXVALUE') as is_open,"
     "  (array_agg(array[nspname, relname, nullif(since, '-infinity'), upto] order by upto::timestamptz desc) filter (where upto <> 'infinity'))[1:1] as furthest,"
     "  coalesce(bool_or(since::timestamptz <= now() and upto::timestamptz > now()), false) as has_now,"
     "  min(reach) filter (where ends and reach > now()) as run_until, min(follows) filter (where ends and reach > now()) as run_next,"
     "  max(reach) filter (where ends and reach <= now()) as past_until, min(since::timestamptz) filter (where since::timestamptz > now()) as future_from"
     "  from (select w.*, since is not null and (follows is null or follows > reach) as ends"
     "   from (select g.*, max(upto::timestamptz) over run as reach, lead(since::timestamptz) over run as follows"
     "    from (select h.oid, h.relname, h.relkind, h.reltuples, hn.nspname, b.bound, case when t.timed then coalesce(" FIRST("FROM") ", '-infinity') end as since,"
     "      case when t.timed then coalesce(" FIRST("TO") ", 'infinity') end as upto"
     "     from pg_inherits i join pg_class h on h.oid = i.inhrelid join pg_namespace hn on hn.oid = h.relnamespace"
     "     cross join lateral (select pg_get_expr(h.relpartbound, 0) as bound offset 0) b"
     "     cross join lateral (select k.timed and p.partstrat = 'r' and b.bound <> 'DEFAULT' as timed) t"
     "     where i.inhparent = p.partrelid and not i.inhdetachpending offset 0) g window run as (order by since::timestamptz, upto::timestamptz) offset 0) w offset 0) r) q"
     " cross join lateral (select q.children, q.ins, q.is_older, q.is_open, array[q.furthest[1][1], q.furthest[1][2], q.furthest[1][3], q.furthest[1][4]] as newest, q.has_now,"
     "  case when q.has_now then q.run_until else q.past_until end as covered,"
     "  nullif(case when q.has_now then q.run_next else q.future_from end, 'infinity') as next_from) b"
     " where c.relpersistence <> 't'"},
    {0, NULL},
};
// clang-format on

const struct pg_collector pg_partitions = {
    .dataset = &dataset, .lane = PG_SLOW, .per_database = true, .from = from};
