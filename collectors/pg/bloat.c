/* bloat: room in tables and btree indexes that holds nothing, estimated from what the catalog knows: rows and
 * pages as the last VACUUM or ANALYZE saw them, widths and shares of nulls as ANALYZE did. Nothing of the
 * relation itself is read, and it is not locked.
 *
 * What a relation would take if it were written anew follows from the layout of a page (PostgreSQL's manual,
 * "Database Page Layout"; bufpage.h, htup_details.h, itup.h, nbtree.h, nbtsort.c, nbtdedup.c): 24 bytes of
 * header, 4 of pointer for each row, rows of 24 bytes (with their bitmap of nulls) and their values, each
 * aligned as its type wants; what fillfactor keeps free is not bloat. A btree has 16 bytes more in each page,
 * entries of 8 bytes and their values, and pages above its leaves; equal entries share one, with 6 bytes for
 * each row, where the operator class allows. */
#include <stdlib.h>

#include "collectors/pg/pg.h"
#include "core/text.h"

// clang-format off
/* No more than these are estimated: the largest ones, from ten megabytes on. */
#define MOST  "500"
#define LEAST "10485760"
#define KNOWN(expression) "case when g.estimate is not null then " expression " end"

static const struct column columns[] = {
    {"datid", KIND_KEY, TYPE_INT, .source = "d.oid", .help = "oid of the database"},
    {"relation", KIND_KEY, TYPE_INT, .source = "b.oid", .help = "oid of the table or index"},
    {"relid", KIND_LABEL, TYPE_INT, .source = "b.relid", .help = "oid of the table; of an index the one that it is on"},
    {"indexrelid", KIND_LABEL, TYPE_INT, .source = "case when b.is_index then b.oid end", .help = "oid of the index; none for a table"},
    {"datname", KIND_LABEL, TYPE_TEXT, .source = "d.datname", .help = "database"},
    {"schema", KIND_LABEL, TYPE_TEXT, .source = "b.nspname", .help = "schema"},
    {"table_name", KIND_LABEL, TYPE_TEXT, .source = "b.table_name", .help = "table; of an index the one that it is on"},
    {"name", KIND_LABEL, TYPE_TEXT, .source = "b.relname", .help = "table or index"},
    {"kind", KIND_LABEL, TYPE_TEXT, .source = "case b.relkind when 'i' then 'index' when 'm' then 'matview' else 'table' end", .help = "table, matview or index; of indexes btrees alone"},
    {"size_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "b.size", .help = "bytes on disk when the last VACUUM or ANALYZE saw it; values kept aside (toast) are not counted"},
    {"expected_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, KNOWN("g.expected"), .help = "bytes that its rows would take if it were written anew, fillfactor included; for \"at least\" the most that they would"},
    {"bloat_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, KNOWN("greatest(0, b.size - g.expected)"), .help = "the difference: room that holds nothing, or dead rows (dead_rows of tables) that no VACUUM has removed yet. New rows use what VACUUM has freed"},
    {"bloat_ratio", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, KNOWN("greatest(0, 1 - g.expected / b.size)"), .help = "bloat_bytes / size_bytes; a btree that grew at random places has a quarter of itself free, and keeps that"},
    {"estimate", KIND_LABEL, TYPE_TEXT, .source = "g.estimate", .help = "about, or at least: how many equal entries share one is not known well; none where nothing can be said"},
    {"reason", KIND_LABEL, TYPE_TEXT, .source = "case when g.estimate is null then coalesce(k.why, 'how many equal entries share one is not known well enough') end", .help = "why nothing can be said"},
    {"planner_rows", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "nullif(b.reltuples, -1)::float8", .help = "rows, or entries, that the last VACUUM or ANALYZE saw"},
    {"row_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, KNOWN("r.bytes + 4"), .help = "bytes of a row, or of an entry that shares nothing, with its pointer"},
    {"fillfactor", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, "b.fill", .help = "how full a page is when it is written anew"},
    {"n_left_out", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "greatest(0, b.n_all - " MOST ")", .help = "relations of 10 MiB and more of this database that are smaller than these " MOST ", and not estimated"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "bloat",
    .help = "a table or btree index of 10 MiB or more: how much of it holds nothing, estimated",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .every = 300,
};

// clang-format off
#define OPTION(name) "(select option_value from pg_options_to_table(c.reloptions) where option_name = '" name "')"

/* The relations: heaps (access method 2) and btrees (403). Equal entries share one in an index that is not unique, has no columns that are only included,
 * and whose operator classes say that equal values look the same (support function 4), in a collation where that is so. */
#define RELATIONS \
    "(select c.oid, c.relname, c.relkind, c.reltuples, c.relnatts, c.relkind = 'i' as is_index, n.nspname, t.oid as relid, t.relname as table_name," \
    "  greatest(t.reltuples, 1)::float8 as table_rows, x.indkey::int2[] as keys, x.indpred is not null as partial, v.block, c.relpages * v.block as size," \
    "  coalesce(" OPTION("fillfactor") "::float8 / 100, case when c.relkind = 'i' then 0.9 else 1 end) as fill," \
    "  not x.indisunique and x.indnkeyatts = x.indnatts and coalesce(" OPTION("deduplicate_items") "::bool, true)" \
    "   and not exists (select from unnest(x.indclass::oid[], x.indcollation::oid[]) u(class, coll)" \
    "    join pg_opclass o on o.oid = u.class left join pg_collation l on l.oid = u.coll" \
    "    where l.collisdeterministic is false or not exists (select from pg_amproc m where m.amprocfamily = o.opcfamily and m.amprocnum = 4" \
    "     and m.amproclefttype = o.opcintype and m.amprocrighttype = o.opcintype)) as shares, c.n_all" \
    "  from (select *, count(*) over () as n_all from pg_class where relpages >= " LEAST " / (select current_setting('block_size')::int) and relkind in ('r', 'm', 'i')" \
    "   and relam in (2, 403) and oid >= 16384 and relpersistence <> 't' and relnamespace <> 99 order by relpages desc, oid limit " MOST ") c join pg_namespace n on n.oid = c.relnamespace left join pg_index x on x.indexrelid = c.oid" \
    "  cross join lateral (select oid, relname, reltuples from pg_class where oid = coalesce(x.indrelid, c.oid) offset 0) t cross join (select current_setting('block_size')::float8 as block offset 0) v offset 0) b"

/* Its columns, in their order: a value of a variable length below 127 bytes is not aligned. Those of an index have the statistics of the table's column, or, for
 * an expression, of their own; of a partial one it is not known how many of its rows are null, and nulls that share entries are reckoned apart. What is fixed and
 * never null needs no statistics. The view pg_stats leaves out what the role may not read. */
#define COLUMNS \
    "(select count(*)::int as n, array_agg(a.attlen > 0 order by a.attnum) as fixed, array_agg(coalesce(s.avg_width, a.attlen)::float8 order by a.attnum) as widths," \
    "  array_agg(case when a.attlen = -1 and s.avg_width < 127 then 1 else case a.attalign when 'd' then 8 when 'i' then 4 when 's' then 2 else 1 end end order by a.attnum) as aligns," \
    "  array_agg(z.nulls order by a.attnum) as nulls, 1 - exp(sum(ln(greatest(1 - z.nulls, 1e-9)))) as with_null, max(coalesce(s.null_frac, 0)) as any_null," \
    "  max(y.n) as most_different, exp(sum(ln(y.n + (z.nulls > 0)::int))) as all_different," \
    "  max(case when a.attlen = -2 then 'a column of type name: its length is not known'" \
    "   when s.avg_width is not null or a.attlen > 0 and coalesce(o.attnotnull, a.attnotnull) then case when b.is_index and a.attlen = -1 and s.avg_width > 500 then 'its values are compressed' end" \
    "   when not coalesce(has_column_privilege(w.id, w.attnum, 'select'), true) then 'statistics of ' || w.attname || ' may not be read: GRANT SELECT ON '" \
    "    || quote_ident(b.nspname) || '.' || quote_ident(w.relname) || ' TO ' || quote_ident(current_user)" \
    "   when row_security_active(w.id) then 'row security hides the statistics of ' || w.attname || ' from this role'" \
    "   else 'no ANALYZE has seen ' || w.attname end) as why" \
    "  from pg_attribute a left join pg_attribute o on b.is_index and o.attrelid = b.relid and o.attnum = b.keys[a.attnum - 1] and o.attnum <> 0" \
    "  cross join lateral (select case when o.attname is null then b.oid else b.relid end as id, case when o.attname is null then b.relname else b.table_name end as relname," \
    "   coalesce(o.attname, a.attname) as attname, coalesce(o.attnum, a.attnum) as attnum) w" \
    "  left join (select p.tablename, p.attname, p.avg_width, p.null_frac, p.n_distinct from pg_stats p where p.schemaname = b.nspname" \
    "   and p.tablename = any(array[b.relname, b.table_name]) and not p.inherited offset 0) s on s.tablename = w.relname and s.attname = w.attname" \
    "  cross join lateral (select case when b.partial or b.shares and b.relnatts = 1 then 0 else coalesce(s.null_frac, 0) end::float8 as nulls) z" \
    "  cross join lateral (select greatest(1, case when s.n_distinct < 0 then -s.n_distinct * b.table_rows else s.n_distinct end)::float8 as n) y" \
    "  where a.attrelid = b.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> 'v') k"

/* The bytes of a row's values, walked from one to the next. After one of a variable length, or one that is null at times, it is not known where a page's
 * words begin: half of the gap is reckoned with. `at` is where the next value may begin, `off` and `known`: that is OFF modulo KNOWN. */
#define VALUES \
    "(with recursive w(i, at, off, known) as (select 0, 0::float8, 0, 8 union all" \
    "  select s.i + 1, s.at + (1 - s.nulls) * (p.gap + s.width)," \
    "   case when s.nulls = 1 then s.off when s.known >= s.align then (s.off + p.gap + s.width)::int % 8 else s.width::int % 8 end," \
    "   case when s.nulls = 1 then s.known when s.nulls > 0 or not s.fixed then 1 else greatest(s.known, s.align) end" \
    "  from (select w.*, k.aligns[w.i + 1] as align, k.widths[w.i + 1] as width, k.nulls[w.i + 1] as nulls, k.fixed[w.i + 1] as fixed from w where w.i < k.n) s" \
    "  cross join lateral (select case when s.known >= s.align then (s.align - s.off % s.align) % s.align else (s.align - 1) / 2.0 end as gap) p)" \
    " select case when known = 8 then 8 * ceil(at / 8) else at + 3.5 end as bytes from w order by i desc limit 1) q"

/* A column that was dropped, or is computed when it is read, is a null in each row. */
#define ROW \
    "(select q.bytes + case when b.is_index then 8 + 8 * k.with_null" \
    "  else 24 + case when b.relnatts > k.n then 1 else k.with_null end * (8 * ceil((23 + ceil(b.relnatts / 8.0)) / 8) - 24) end as bytes offset 0) r"

/* How many groups of equal entries there are. A number of different values is known well where a sample of 30,000 rows has met each some ten times, or
 * where nearly all are different; between those ANALYZE finds too few, and no entry is reckoned to share: that is the most that they take. */
#define GROUPS \
    "(select case when not b.is_index or not b.shares or k.most_different >= 0.9 * b.table_rows * (1 - case when b.relnatts = 1 then k.any_null else 0 end) then 'about'" \
    "   when k.all_different <= 3000 then 'about' else 'at least' end as trust," \
    "  b.reltuples * case when b.relnatts = 1 and b.shares and not b.partial then k.any_null else 0 end as n_null," \
    "  case when b.shares and k.most_different <= 3000 then least(k.all_different, b.reltuples) else b.reltuples end as n_groups offset 0) h"

/* A posting list, which has the rows of equal entries, has at most a tenth of a page. */
#define SHARED(rows, groups) "least((" rows ") * (r.bytes + 4), 6 * (" rows ") + (r.bytes + 4) * ((" groups ") + 6 * (" rows ") / (b.block / 10 - 8)))"
#define EXPECTED \
    "(select case when b.is_index then b.block * (1 + ceil((case when b.shares then " SHARED("b.reltuples - h.n_null", "least(h.n_groups, b.reltuples - h.n_null)") \
    "   + case when h.n_null > 0 then " SHARED("h.n_null", "1") " else 0 end else b.reltuples * (r.bytes + 4) end)" \
    "   / greatest(r.bytes + 4, b.block * b.fill - 40 - r.bytes)) * (1 + 1 / greatest(1, floor(b.block * 0.7 / (r.bytes + 4)))))" \
    "  else b.block * ceil(b.reltuples / greatest(1, floor((b.block * b.fill - 24) / (r.bytes + 4)))) end as bytes offset 0) e"
#define JUDGED \
    "(select case when e.bytes is not null and k.why is null and b.reltuples >= 0 and (h.trust = 'about' or b.size > e.bytes) then h.trust end as estimate," \
    "  e.bytes as expected offset 0) g"

/* Each reads those before it; OFFSET 0 keeps the server from writing one into the other, where each expression would be there hundreds of times. */
static const char *const sources[] = {RELATIONS, "(select oid, datname from pg_database where datname = current_database()) d", COLUMNS, VALUES, ROW, GROUPS, EXPECTED, JUDGED};
// clang-format on

static void start(struct pg_poll *p)
{
    char *list = pg_select_list(p);
    struct text sql;
    text_init(&sql, 1 << 16);
    text_addf(&sql, "select %s from ", list);
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        text_addf(&sql, "%s%s", i > 0 ? " cross join lateral " : "", sources[i]);
    pg_run(p, text_str(&sql), 0, NULL, pg_sample_all);
    text_done(&sql);
    free(list);
}

const struct pg_collector pg_bloat = {
    .dataset = &dataset, .lane = PG_SLOW, .per_database = true, .start = start};
