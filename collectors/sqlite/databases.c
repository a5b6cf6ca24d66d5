/* databases: a file is one. Its numbers are those of its header, its log and the file system; commits are
 * counted as they are seen. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/datasets.h"
#include "collectors/sqlite/sqlite.h"

static const struct column_source sources[] = {
    // clang-format off
    {"dbid",           "1: a file is one database"},
    {"datname",        "name of the file"},
    {"xact",           "commits seen: the header's change counter; in WAL mode the log's commit frames, without those that a restart of the log hid"},
    {"xact_commit",    "the same"},
    {"size_bytes",     "pages * page_bytes; of a busy file what the file system says"},
    {"pages",          "PRAGMA page_count"},
    {"page_bytes",     "PRAGMA page_size"},
    {"freelist_bytes", "PRAGMA freelist_count * page_size"},
    {"free_ratio",     "freelist_bytes / size_bytes"},
    {"wal_bytes",      "size of the -wal file"},
    {"wal_used_bytes", "valid frames of the -wal file"},
    {"wal_restarts",   "changes of the log's salt, as seen"},
    {"journal_mode",   "the header; rollback: delete, truncate or persist, which only a writer knows"},
    {"cache_bytes",    "key cache_size of the target; else PRAGMA cache_size of a connection that sets nothing"},
    {"cache_told",     "key cache_size of the target"},
    {"auto_vacuum",    "PRAGMA auto_vacuum"},
    {"encoding",       "PRAGMA encoding"},
    {"user_version",   "PRAGMA user_version"},
    {"is_busy",        "a read lock was refused"},
    {"looks_busy",     "our own looks"},
    {"looks_free",     "our own looks"},
    {"looks_writing",  "write locks in /proc/locks"},
    {"processes",      "locks in /proc/locks"},
    {"analyzed",       "sqlite_stat1 has rows"},
    {"read_ms",        "our own clock"},
    {"disk_free_bytes", "statvfs"},
    {"machine_bytes",  "sysconf"},
    {"can_write",      "access(2)"},
    {NULL, NULL},
    // clang-format on
};

static void pragma_text(struct lite_look *l, const char *sql, struct sample *s, const char *column)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(l->db, sql, -1, &stmt, NULL) == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        lite_put_text(s, dataset_column(s->dataset, column), 0, stmt, 0);
    sqlite3_finalize(stmt);
}

/* As PRAGMA cache_size takes it: pages, or KiB where it is negative; or bytes with a unit: 64MB. */
static double cache_of(const char *word, double page_bytes)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {{"kb", 1 << 10}, {"mb", 1 << 20}, {"gb", 1 << 30}};
    char *end;
    double value = strtod(word, &end);
    end += strspn(end, " ");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcasecmp(end, units[i].unit) == 0)
            return value * units[i].bytes;
    return value < 0 ? -value * 1024 : value * page_bytes;
}

static void fill_cache(struct lite_look *l, struct sample *s)
{
    double page = l->header->page_bytes;
    lite_set(s, "cache_told", 0, l->cache_word != NULL);
    if (l->cache_word != NULL) {
        lite_set(s, "cache_bytes", 0, cache_of(l->cache_word, page));
        return;
    }
    /* Ours is another: that of the file stands in its header, and 2000 KiB is what SQLite takes without
     * (bytes 48 to 51). */
    const unsigned char *h = (const unsigned char *)l->header->text + 48;
    int32_t pages = (int32_t)((uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3]);
    lite_set(s, "cache_bytes", 0, pages == 0 ? 2000 * 1024.0 : fabs((double)pages) * page);
}

/* What is known of a busy file too. */
static void fill_file(struct lite_look *l, struct sample *s)
{
    const struct lite_file *f = l->file;
    const struct lite_kept *k = l->kept;
    lite_set_int(s, "dbid", 0, LITE_DATID);
    lite_set_text(s, "datname", 0, lite_datname(l));
    lite_set_text(s, "journal_mode", 0, l->header->wal ? "wal" : "rollback");
    const struct {
        const char *column;
        double value;
    } values[] = {
        {"xact", k->commits},
        {"xact_commit", k->commits},
        {"size_bytes", f->size_bytes},
        {"page_bytes", l->header->page_bytes},
        {"wal_bytes", isnan(f->wal_bytes) ? 0 : f->wal_bytes},
        {"wal_used_bytes", !l->header->wal || isnan(f->wal_bytes) || k->wal.frames == 0 ? 0
                           : k->wal.complete ? k->wal.frames * (k->wal.page_bytes + 24)
                                             : NAN},
        {"wal_restarts", k->wal_restarts},
        {"is_busy", l->busy},
        {"looks_busy", k->looks_busy},
        {"looks_free", k->looks_free},
        {"looks_writing", k->looks_writing},
        {"processes", l->locks->known ? l->locks->processes : NAN},
        {"disk_free_bytes", f->free_bytes},
        {"machine_bytes", (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE)},
        {"can_write", access(l->path, W_OK) == 0},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        lite_set(s, values[i].column, 0, values[i].value);
    fill_cache(l, s);
}

static void fill_inside(struct lite_look *l, struct sample *s)
{
    double page = l->header->page_bytes, pages = lite_number(l, "pragma page_count"), since = loop_mono_s();
    double unused = lite_number(l, "pragma freelist_count") * page;
    lite_set(s, "pages", 0, pages);
    lite_set(s, "size_bytes", 0, pages * page);
    lite_set(s, "freelist_bytes", 0, unused);
    lite_set(s, "free_ratio", 0, pages > 0 ? unused / (pages * page) : NAN);
    lite_set(s, "user_version", 0, lite_number(l, "pragma user_version"));
    pragma_text(l,
                "select case auto_vacuum when 0 then 'none' when 1 then 'full' else 'incremental' end from "
                "pragma_auto_vacuum",
                s, "auto_vacuum");
    pragma_text(l, "pragma encoding", s, "encoding");
    double known =
        lite_number(l, "select 1 from sqlite_schema where type = 'table' and name = 'sqlite_stat1'");
    lite_set(s, "analyzed", 0,
             known == 1 && lite_number(l, "select exists (select 1 from sqlite_stat1)") == 1);
    lite_set(s, "read_ms", 0, (loop_mono_s() - since) * 1000);
}

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err);

const struct lite_collector lite_databases = {
    .dataset = &dataset_databases,
    .sources = sources,
    .lacks = "SQLite has no such counter: a file has no server that counts",
    .while_busy = true,
    .make = make};

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err)
{
    struct sample *s = sample_new(&dataset_databases, 1);
    fill_file(l, s);
    if (!l->busy)
        fill_inside(l, s);
    /* What was interrupted has no number: half a row would be judged as a whole one. */
    if (!l->busy && isnan(s->values[dataset_column(s->dataset, "pages")].real[0])) {
        sample_unref(s);
        return lite_ended(l, SQLITE_INTERRUPT, err);
    }
    lite_lacks(&lite_databases, s);
    *out = s;
    return LITE_DONE;
}
