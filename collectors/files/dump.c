/* What a dump is by its first bytes, and whether its last ones are an end. */
#include "collectors/files/dump.h"

#include <string.h>

/* A file's beginning: magic(5) and the formats' own documents; pg_dump's in
 * src/bin/pg_dump/pg_backup_archiver.c. */
struct magic {
    struct dump_kind kind;
    size_t at;
    const char *bytes;
    size_t len;
};
#define BYTES(s) s, sizeof(s) - 1

// clang-format off
static const struct magic magics[] = {
    {{"pg_dump custom", DUMP_ARCHIVE, "pg_restore"}, 0,   BYTES("PGDMP")},
    {{"gzip",           DUMP_PACKED,  "gzip"},       0,   BYTES("\x1f\x8b")},
    {{"zstd",           DUMP_PACKED,  "zstd"},       0,   BYTES("\x28\xb5\x2f\xfd")},
    {{"xz",             DUMP_PACKED,  "xz"},         0,   BYTES("\xfd" "7zXZ")},
    {{"bzip2",          DUMP_PACKED,  "bzip2"},      0,   BYTES("BZh")},
    {{"lz4",            DUMP_PACKED,  "lz4"},        0,   BYTES("\x04\x22\x4d\x18")},
    {{"sqlite file",    DUMP_SQLITE,  NULL},         0,   BYTES("SQLite format 3")},
    {{"tar",            DUMP_TAR,     "tar"},        257, BYTES("ustar")},
};

/* How tools begin their SQL, and end it. What pg_dump of 2025 and later writes after its last comment does not matter: it is looked for in the last
 * DUMP_TAIL bytes. */
static const struct { const char *begins, *ends; } texts[] = {
    {"-- PostgreSQL database dump",         "-- PostgreSQL database dump complete"},
    {"-- PostgreSQL database cluster dump", "-- PostgreSQL database cluster dump complete"},
    {"-- MySQL dump",                       "-- Dump completed"},
    {"-- MariaDB dump",                     "-- Dump completed"},
    {"PRAGMA foreign_keys=OFF;",            "COMMIT;"},
};
// clang-format on

static const struct dump_kind directory = {"pg_dump directory", DUMP_ARCHIVE, "pg_restore"};
static const struct dump_kind empty = {"empty", DUMP_EMPTY, NULL};
static const struct dump_kind plain = {"plain SQL", DUMP_PLAIN, NULL};
static const struct dump_kind unknown = {"unknown", DUMP_UNKNOWN, NULL};

const struct dump_kind *dump_kind_directory(void)
{
    return &directory;
}

const struct dump_kind *dump_kind_empty(void)
{
    return &empty;
}

const struct dump_kind *dump_kind_of(const char *head, size_t len)
{
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        const struct magic *m = &magics[i];
        if (len >= m->at + m->len && memcmp(head + m->at, m->bytes, m->len) == 0)
            return &m->kind;
    }
    return len == 0 ? &empty : dump_text_ends(head, len, "", 0) >= 0 ? &plain : &unknown;
}

static bool holds(const char *text, size_t len, const char *what)
{
    return memmem(text, len, what, strlen(what)) != NULL;
}

int dump_text_ends(const char *head, size_t head_len, const char *tail, size_t tail_len)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (holds(head, head_len, texts[i].begins))
            return holds(tail, tail_len, texts[i].ends);
    return -1;
}

static double big_endian(const char *bytes, int n)
{
    double v = 0;
    for (int i = 0; i < n; i++)
        v = v * 256 + (unsigned char)bytes[i];
    return v;
}

/* https://www.sqlite.org/fileformat2.html#the_database_header: page size at 16 (1 is 65536), pages at 28,
 * which count only while the change counter at 24 is that at 92. */
double dump_sqlite_size(const char *head, size_t len)
{
    if (len < 100 || memcmp(head, "SQLite format 3", 16) != 0)
        return -1;
    double page = big_endian(head + 16, 2), pages = big_endian(head + 28, 4);
    bool counted = memcmp(head + 24, head + 92, 4) == 0 && pages > 0;
    return counted ? pages * (page == 1 ? 65536 : page) : -1;
}

bool dump_id_same(const struct dump_id *a, const struct dump_id *b)
{
    return a->device == b->device && a->inode == b->inode && a->mtime_ns == b->mtime_ns && a->size == b->size;
}
