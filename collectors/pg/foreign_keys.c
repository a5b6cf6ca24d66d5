/* foreign_keys: whether an index helps a foreign key. Without one each delete or update of a key in the table
 * it refers to reads the whole table that refers. */
#include "collectors/pg/pg.h"

// clang-format off
#define ACTION(code) \
    "case " code " when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' end"
#define LACKING(expression) "case when not x.indexed then " expression " end"
/* The name that the server would choose, if it is free and fits. */
#define INDEX_NAME "case when octet_length(k.index_name) < 64 and not exists (select from pg_class o where o.relnamespace = c.relnamespace" \
    " and o.relname = k.index_name) then k.index_name else 'fk_' || f.oid || '_idx' end"

static const struct column columns[] = {
    {"datid", KIND_KEY, TYPE_INT, .source = "d.oid", .help = "oid of the database"},
    {"conid", KIND_KEY, TYPE_INT, .source = "f.oid", .help = "oid of the constraint"},
    {"relid", KIND_LABEL, TYPE_INT, .source = "f.conrelid", .help = "oid of the table"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "d.datname", .help = "database"},
    {"schema", KIND_LABEL, TYPE_TEXT, .source = "n.nspname", .help = "schema of the table"},
    {"table_name", KIND_LABEL, TYPE_TEXT, .source = "c.relname", .help = "table that refers to another; of a partitioned one each partition"},
    {"name", KIND_LABEL, TYPE_TEXT, .source = "f.conname", .help = "name of the constraint"},
    {"column_names", KIND_LABEL, TYPE_TEXT, .source = "k.names", .help = "its columns, in the order of the constraint"},
    {"ref_relid", KIND_LABEL, TYPE_INT, .source = "f.confrelid", .help = "oid of the table it refers to"},
    {"ref_schema", KIND_LABEL, TYPE_TEXT, .source = "rn.nspname", .help = "schema of the table it refers to"},
    {"ref_table", KIND_LABEL, TYPE_TEXT, .source = "r.relname", .help = "table it refers to"},
    {"on_delete", KIND_LABEL, TYPE_TEXT, .source = ACTION("f.confdeltype"), .help = "what a delete there does here: no action, restrict, cascade, set null, set default"},
    {"on_update", KIND_LABEL, TYPE_TEXT, .source = ACTION("f.confupdtype"), .help = "what an update of the key there does here"},
    {"is_indexed", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "x.indexed", .help = "its columns are the first ones of a valid index that holds all rows, or all that refer"},
    {"is_valid", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "f.convalidated", .help = "all rows were checked; if not it was made with NOT VALID"},
    {"is_enforced", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "f.conenforced", .since = 180000, .help = "it is checked at all"},
    {"is_partition", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "c.relispartition", .help = "the table is a partition: its next sibling will lack the index too, unless the partitioned table gets one"},
    {"table_rows", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "nullif(c.reltuples, -1)", .help = "rows of the table, as the last VACUUM or ANALYZE saw them"},
    {"table_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "case when c.reltuples >= 0 then c.relpages * v.block_size end", .help = "bytes that are read where an index lacks, as the last VACUUM or ANALYZE saw them"},
    {"ref_del", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "case when r.relkind = 'r' then pg_stat_get_tuples_deleted(r.oid) end", .help = "rows deleted from the table it refers to: each looks for rows here; n/a of a partitioned one"},
    {"ref_upd", KIND_COUNTER, TYPE_REAL, UNIT_COUNT, "case when r.relkind = 'r' then pg_stat_get_tuples_updated(r.oid) end", .help = "rows updated there: those whose key changed look for rows here"},
    {"index_name", KIND_LABEL, TYPE_TEXT, .source = LACKING(INDEX_NAME), .help = "a free name for the index that is lacking"},
    {"create_index", KIND_TEXT, TYPE_TEXT, .source = LACKING("format('CREATE INDEX CONCURRENTLY %I ON %I.%I (%s)', " INDEX_NAME ", n.nspname, c.relname, k.quoted)"), .help = "the statement that makes it; the same for foreign keys of the same columns"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "foreign_keys",
    .help = "a foreign key: what it ties, whether an index helps it, and the statement that makes the one "
            "that lacks",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 300,
};

// clang-format off
/* Constraints that only stand for a part of another one, in the same table, are left out (the table referred to is partitioned), and so are those of
 * partitioned tables, which have their rows elsewhere. A query of the constraint's asks for equality with values that are not null, so a partial
 * index WHERE column IS NOT NULL will do; it is told by its tree, since pg_get_expr() may lock. A period is no equality. */
#define FROM(n_equal) \
    "from pg_constraint f join pg_class c on c.oid = f.conrelid join pg_namespace n on n.oid = c.relnamespace" \
    " join pg_class r on r.oid = f.confrelid join pg_namespace rn on rn.oid = r.relnamespace" \
    " join pg_database d on d.datname = current_database() left join pg_constraint p on p.oid = f.conparentid" \
    " cross join (select current_setting('block_size')::float8 as block_size offset 0) v" \
    " cross join lateral (select array_agg(a.attnum order by u.place) as attnums, string_agg(a.attname, ', ' order by u.place) as names," \
    "  string_agg(quote_ident(a.attname), ', ' order by u.place) as quoted," \
    "  c.relname || '_' || string_agg(a.attname, '_' order by u.place) || '_idx' as index_name" \
    "  from unnest(f.conkey) with ordinality u(attnum, place) join pg_attribute a on a.attrelid = f.conrelid and a.attnum = u.attnum" \
    "  where u.place <= " n_equal ") k" \
    " cross join lateral (select exists (select from pg_index x join pg_class i on i.oid = x.indexrelid join pg_am m on m.oid = i.relam" \
    "  where x.indrelid = f.conrelid and x.indisvalid and x.indnkeyatts >= cardinality(k.attnums) and m.amname in ('btree', 'hash')" \
    "  and (x.indkey::int2[])[0:cardinality(k.attnums) - 1] @> k.attnums" \
    "  and (x.indpred is null or x.indpred::text ~ ('^[{]NULLTEST :arg [{]VAR [^{}]*:varattno (' || array_to_string(k.attnums, '|')" \
    "   || ') [^{}]*[}] :nulltesttype 1 [^{}]*[}]$'))) as indexed) x" \
    " where f.contype = 'f' and c.relkind = 'r' and c.oid >= 16384 and c.relpersistence <> 't' and p.conrelid is distinct from f.conrelid"

static const struct pg_from from[] = {
    {180000, FROM("cardinality(f.conkey) - f.conperiod::int")},
    {140000, FROM("cardinality(f.conkey)")},
    {0, NULL},
};
// clang-format on

const struct pg_collector pg_foreign_keys = {
    .dataset = &dataset, .lane = PG_SLOW, .per_database = true, .from = from};
