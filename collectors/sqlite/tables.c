/* tables: those of the file, with sizes by dbstat and rows by what ANALYZE left in sqlite_stat1. Views have
 * no rows of their own and are left out; a virtual table is named, and never opened: its module is code of
 * the application's. */
#include <math.h>
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/sqlite/sqlite.h"
#include "core/text.h"

static const struct column_source sources[] = {
    // clang-format off
    {"datid",        "1: a file is one database"},
    {"relid",        "a hash of the table's name"},
    {"datname",      "name of the file"},
    {"schema",       "main"},
    {"name",         "sqlite_schema.name"},
    {"kind",         "sqlite_schema: table, without rowid, virtual"},
    {"is_system",    "its name begins with sqlite_"},
    {"is_partition", "0: there are none"},
    {"total_bytes",  "dbstat, with its indexes"},
    {"heap_bytes",   "dbstat; of one that takes too long to measure what the others leave of the file"},
    {"index_bytes",  "dbstat"},
    {"size_exact",   "measured"},
    {"sized_at",     "when dbstat measured it"},
    {"catalog_at",   "when sqlite_schema was read"},
    {"planner_rows", "sqlite_stat1"},
    {"max_rowid",    "max(rowid)"},
    {"unused_bytes", "dbstat.unused"},
    {NULL, NULL},
    // clang-format on
};

/* An index of the primary key stands without SQL in the schema. */
static const char list_sql[] = "select m.name, case when m.rootpage > 0 then 'table' else 'virtual' end, "
                               "m.name like 'sqlite^_%' escape '^', m.sql"
                               " from sqlite_schema m where m.type = 'table' order by m.name limit ?1";
static const char indexes_sql[] =
    "select name from sqlite_schema where type = 'index' and tbl_name = ?1 and rootpage > 0";

/* Of the three names of the rowid one that is no column of the table's own. */
static const char rowid_sql[] =
    "select n.column1 from (values ('_rowid_'), ('rowid'), ('oid')) n where not exists"
    " (select 1 from pragma_table_xinfo(?1, 'main') x where lower(x.name) = n.column1) limit 1";

static sqlite3_stmt *about(struct lite_look *l, const char *sql, const char *name)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(l->db, sql, -1, &stmt, NULL) == SQLITE_OK)
        sqlite3_bind_text(stmt, 1, name, -1, SQLITE_TRANSIENT);
    return stmt;
}

/* The largest rowid is at the end of the tree: it costs a few pages. NAN where there is none. */
static double max_rowid(struct lite_look *l, const char *table, bool *without)
{
    double value = NAN;
    struct text t;
    sqlite3_stmt *stmt = about(l, rowid_sql, table);
    text_init(&t, 1 << 16);
    if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        text_addf(&t, "select max(%s) from main.", (const char *)sqlite3_column_text(stmt, 0));
        text_add_identifier(&t, table);
    }
    sqlite3_finalize(stmt);
    stmt = NULL;
    if (t.len > 0 && !t.cut) {
        *without = sqlite3_prepare_v2(l->db, text_str(&t), -1, &stmt, NULL) == SQLITE_ERROR;
        if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW &&
            sqlite3_column_type(stmt, 0) == SQLITE_INTEGER)
            value = sqlite3_column_double(stmt, 0);
    }
    sqlite3_finalize(stmt);
    text_done(&t);
    return value;
}

/* sqlite_stat1 has a row for each index, or one for the table; its first number is that of the table's rows.
 */
static double rows_of(struct lite_look *l, const char *table)
{
    double value = NAN;
    sqlite3_stmt *stmt = about(
        l, "select max(cast(stat as integer)) from sqlite_stat1 where tbl = ?1 and stat is not null", table);
    if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        value = sqlite3_column_double(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static double bytes_of_indexes(struct lite_look *l, const char *table)
{
    double bytes = 0;
    sqlite3_stmt *stmt = about(l, indexes_sql, table);
    while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        const struct lite_size *size = name == NULL ? NULL : lite_size_of(l, lite_id(name));
        bytes += size == NULL ? NAN : size->bytes;
    }
    sqlite3_finalize(stmt);
    return bytes;
}

static void fill_size(struct lite_look *l, struct sample *s, int row, const char *name)
{
    const struct lite_size *size = lite_size_of(l, lite_id(name));
    double indexes = bytes_of_indexes(l, name);
    if (size == NULL)
        return;
    lite_set(s, "heap_bytes", row, size->bytes);
    lite_set(s, "index_bytes", row, indexes);
    lite_set(s, "total_bytes", row, size->bytes + indexes);
    lite_set(s, "size_exact", row, !size->late);
    lite_set(s, "sized_at", row, size->sized_at);
    lite_set(s, "unused_bytes", row, size->unused_bytes);
}

static bool fill_row(struct lite_look *l, struct sample *s, int row, sqlite3_stmt *stmt)
{
    const char *name = (const char *)sqlite3_column_text(stmt, 0),
               *kind = (const char *)sqlite3_column_text(stmt, 1);
    if (name == NULL)
        return false;
    bool is_table = strcmp(kind, "table") == 0, without = false;
    lite_set_int(s, "datid", row, LITE_DATID);
    lite_set_int(s, "relid", row, lite_id(name));
    lite_set_text(s, "datname", row, lite_datname(l));
    lite_set_text(s, "schema", row, "main");
    lite_put_text(s, dataset_column(s->dataset, "name"), row, stmt, 0);
    lite_set(s, "is_system", row, sqlite3_column_int(stmt, 2));
    lite_set(s, "is_partition", row, 0);
    lite_set(s, "catalog_at", row, loop_wall_s());
    if (is_table) {
        lite_set(s, "max_rowid", row, max_rowid(l, name, &without));
        lite_set(s, "planner_rows", row, rows_of(l, name));
        fill_size(l, s, row, name);
    }
    lite_set_text(s, "kind", row, without ? "without rowid" : kind);
    return true;
}

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err);

const struct lite_collector lite_tables = {.dataset = &dataset_tables,
                                           .sources = sources,
                                           .lacks =
                                               "SQLite does not count it: a file has no server that counts",
                                           .sized = true,
                                           .make = make};

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err)
{
    return lite_list(l, &lite_tables, list_sql, fill_row, out, err);
}
