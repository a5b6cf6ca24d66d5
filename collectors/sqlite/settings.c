/* settings: what stands in the file for every connection. What a connection sets for itself (cache_size,
 * synchronous, busy_timeout, foreign_keys) cannot be seen from another one. Counters of the schema
 * (schema_version, user_version) and application_id are none: a CREATE is no news of a setting. */
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/sqlite/sqlite.h"

static const struct column_source sources[] = {
    // clang-format off
    {"name",        "the PRAGMA"},
    {"value",       "what it gives"},
    {"shown",       "what it gives"},
    {"source",      "file"},
    {"own",         "0: it stands in the file"},
    {"context",     "what a change takes"},
    {"description", "our own words"},
    {NULL, NULL},
    // clang-format on
};

static const struct {
    const char *name, *sql, *context, *description;
} pragmas[] = {
    // clang-format off
    {"auto_vacuum",    "select case auto_vacuum when 0 then 'none' when 1 then 'full' else 'incremental' end from pragma_auto_vacuum", "VACUUM", "whether free pages are given back to the file system"},
    {"encoding",       "pragma encoding",       "a new file",     "encoding of its texts"},
    {"page_size",      "pragma page_size",      "VACUUM",         "bytes of a page; cannot be changed in WAL mode"},
    // clang-format on
};
enum { N_PRAGMAS = sizeof(pragmas) / sizeof(pragmas[0]) };

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err);

const struct lite_collector lite_settings = {
    .dataset = &dataset_settings, .sources = sources, .lacks = "SQLite does not tell it", .make = make};

static void fill_row(struct sample *s, int row, const char *name, const char *context,
                     const char *description)
{
    lite_set_text(s, "name", row, name);
    lite_set_text(s, "source", row, "file");
    lite_set_text(s, "context", row, context);
    lite_set_text(s, "description", row, description);
    lite_set(s, "own", row, 0);
}

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err)
{
    (void)err;
    struct sample *s = sample_new(&dataset_settings, N_PRAGMAS + 1);
    int value = dataset_column(s->dataset, "value"), shown = dataset_column(s->dataset, "shown");
    for (int i = 0; i < N_PRAGMAS; i++) {
        sqlite3_stmt *stmt = NULL;
        fill_row(s, i, pragmas[i].name, pragmas[i].context, pragmas[i].description);
        if (sqlite3_prepare_v2(l->db, pragmas[i].sql, -1, &stmt, NULL) == SQLITE_OK &&
            sqlite3_step(stmt) == SQLITE_ROW) {
            lite_put_text(s, value, i, stmt, 0);
            lite_put_text(s, shown, i, stmt, 0);
        }
        sqlite3_finalize(stmt);
    }
    fill_row(s, N_PRAGMAS, "journal_mode", "nobody else connected",
             "wal: readers and one writer side by side; rollback (delete, truncate, persist): a commit waits "
             "for readers");
    lite_set_text(s, "value", N_PRAGMAS, l->header->wal ? "wal" : "rollback");
    lite_set_text(s, "shown", N_PRAGMAS, l->header->wal ? "wal" : "rollback");
    lite_lacks(&lite_settings, s);
    *out = s;
    return LITE_DONE;
}
