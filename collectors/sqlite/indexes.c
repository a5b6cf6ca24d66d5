/* indexes: those of the file, with sizes by dbstat, and whether another one does the same or more. SQLite
 * counts no scans. */
#include <math.h>
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/sqlite/sqlite.h"

static const struct column_source sources[] = {
    // clang-format off
    {"datid",           "1: a file is one database"},
    {"indexrelid",      "a hash of the index's name"},
    {"relid",           "a hash of the table's name"},
    {"datname",         "name of the file"},
    {"schema",          "main"},
    {"table_name",      "sqlite_schema.tbl_name"},
    {"name",            "sqlite_schema.name"},
    {"method",          "btree"},
    {"size_bytes",      "dbstat"},
    {"size_exact",      "measured"},
    {"sized_at",        "when dbstat measured it"},
    {"catalog_at",      "when sqlite_schema was read"},
    {"is_unique",       "PRAGMA index_list"},
    {"is_primary",      "PRAGMA index_list: origin pk"},
    {"is_partial",      "PRAGMA index_list"},
    {"has_expressions", "PRAGMA index_xinfo: cid -2"},
    {"is_constraint",   "PRAGMA index_list: origin pk or u"},
    {"is_valid",        "1: they all are"},
    {"is_partitioned",  "0: there are none"},
    {"is_partition",    "0: there are none"},
    {"n_columns",       "PRAGMA index_xinfo"},
    {"duplicate_of",    "PRAGMA index_xinfo: same columns, collations and order; neither partial nor with expressions; PRIMARY KEY: that of the table, which is stored in its order"},
    {"prefix_of",       "the same, of the first columns of another"},
    {"definition",      "sqlite_schema.sql"},
    {NULL, NULL},
    // clang-format on
};

// clang-format off
/* The key of an index in words, each column with a comma at its end: that of a prefix is the begin of the
 * other. */
#define WORDS(index) \
    "(select group_concat(cid || ':' || \"desc\" || ':' || coll || ',', '') from (select * from pragma_index_xinfo(" index ", 'main') where key = 1 order by seqno))"
#define N_COLUMNS(index) "(select count(*) from pragma_index_xinfo(" index ", 'main') where key = 1)"

/* k: tables that are b-trees of their primary key: those WITHOUT ROWID, whose key's index is not in sqlite_schema, and those whose INTEGER PRIMARY KEY is
 * the rowid, which have no index of it at all. */
static const char list_sql[] =
    "with x as materialized (select s.name, s.tbl_name, s.sql, i.\"unique\" as is_unique, i.origin, i.partial,"
    "  " N_COLUMNS("s.name") " as n,"
    "  (select max(cid = -2) from pragma_index_xinfo(s.name, 'main') where key = 1) as expressions,"
    "  " WORDS("s.name") " as words"
    "  from sqlite_schema s join pragma_index_list(s.tbl_name, 'main') i on i.name = s.name where s.type = 'index' and s.rootpage > 0 limit ?1),"
    " t as materialized (select distinct tbl_name from x),"
    " k as materialized ("
    "  select t.tbl_name, " N_COLUMNS("i.name") " as n, " WORDS("i.name") " as words from t join pragma_index_list(t.tbl_name, 'main') i"
    "   where i.origin = 'pk' and not exists (select 1 from sqlite_schema s where s.name = i.name)"
    "  union all select t.tbl_name, 1, c.cid || ':0:BINARY,' from t join pragma_table_info(t.tbl_name, 'main') c"
    "   where c.pk = 1 and lower(c.type) = 'integer' and not exists (select 1 from pragma_index_list(t.tbl_name, 'main') i where i.origin = 'pk')),"
    " y as materialized (select name, tbl_name, is_unique, origin, n, words, 0 as own from x where not partial and not expressions"
    "  union all select 'PRIMARY KEY', tbl_name, 1, 'pk', n, words, 1 from k)"
    " select x.name, x.tbl_name, x.sql, x.is_unique, x.origin, x.partial, x.n, x.expressions,"
    "  (select min(y.name) from y where y.tbl_name = x.tbl_name and (y.own or y.name <> x.name) and y.words = x.words and not x.partial and not x.expressions"
    "   and (y.own or y.is_unique > x.is_unique or (y.is_unique = x.is_unique and (y.origin <> 'c') >= (x.origin <> 'c') and y.name < x.name))),"
    "  (select min(y.name) from y where y.tbl_name = x.tbl_name and y.n > x.n and substr(y.words, 1, length(x.words)) = x.words and not x.partial and not x.expressions)"
    " from x order by 2, 1";
// clang-format on

static void fill_size(struct lite_look *l, struct sample *s, int row, const char *name)
{
    const struct lite_size *size = lite_size_of(l, lite_id(name));
    if (size == NULL)
        return;
    lite_set(s, "size_bytes", row, size->bytes);
    lite_set(s, "size_exact", row, !size->late);
    lite_set(s, "sized_at", row, size->sized_at);
}

static bool fill_row(struct lite_look *l, struct sample *s, int row, sqlite3_stmt *stmt)
{
    static const char *const texts[] = {"name", "table_name", "definition"};
    static const char *const numbers[] = {"is_unique", NULL, "is_partial", "n_columns", "has_expressions"};
    const char *name = (const char *)sqlite3_column_text(stmt, 0),
               *table = (const char *)sqlite3_column_text(stmt, 1),
               *origin = (const char *)sqlite3_column_text(stmt, 4);
    if (name == NULL || table == NULL || origin == NULL)
        return false;
    lite_set_int(s, "datid", row, LITE_DATID);
    lite_set_int(s, "indexrelid", row, lite_id(name));
    lite_set_int(s, "relid", row, lite_id(table));
    lite_set_text(s, "datname", row, lite_datname(l));
    lite_set_text(s, "schema", row, "main");
    lite_set_text(s, "method", row, "btree");
    for (int i = 0; i < 3; i++)
        lite_put_text(s, dataset_column(s->dataset, texts[i]), row, stmt, i);
    for (int i = 0; i < 5; i++)
        if (numbers[i] != NULL)
            lite_set(s, numbers[i], row, sqlite3_column_double(stmt, 3 + i));
    lite_set(s, "is_primary", row, strcmp(origin, "pk") == 0);
    lite_set(s, "is_constraint", row, strcmp(origin, "c") != 0);
    lite_set(s, "is_valid", row, 1);
    lite_set(s, "is_partition", row, 0);
    lite_set(s, "is_partitioned", row, 0);
    lite_set(s, "catalog_at", row, loop_wall_s());
    lite_put_text(s, dataset_column(s->dataset, "duplicate_of"), row, stmt, 8);
    lite_put_text(s, dataset_column(s->dataset, "prefix_of"), row, stmt, 9);
    fill_size(l, s, row, name);
    return true;
}

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err);

const struct lite_collector lite_indexes = {
    .dataset = &dataset_indexes,
    .sources = sources,
    .lacks = "SQLite does not count how an index is used: EXPLAIN QUERY PLAN tells which one a query takes",
    .sized = true,
    .make = make};

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err)
{
    return lite_list(l, &lite_indexes, list_sql, fill_row, out, err);
}
