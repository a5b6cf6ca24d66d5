/* sqlite: a file in one row: who wrote it, who has it open, whether somebody writes now. */
#include <math.h>

#include "collectors/sqlite/sqlite.h"

// clang-format off
static const struct column columns[] = {
    {"path", KIND_KEY, TYPE_TEXT, .source = "realpath(3)", .help = "the file, links followed"},
    {"written_by", KIND_LABEL, TYPE_TEXT, .source = "the header, bytes 96 to 99", .help = "version of SQLite that wrote it last"},
    {"read_by", KIND_LABEL, TYPE_TEXT, .source = "sqlite3_libversion()", .help = "version of SQLite that reads it here"},
    {"journal_mode", KIND_LABEL, TYPE_TEXT, .source = "the header, bytes 18 and 19", .help = "wal or rollback"},
    {"busy", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "a read lock was refused", .help = "a writer holds it so that nobody can read it"},
    {"busy_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "our own looks", .help = "for how long each of our looks found it so; 0: the last one could read"},
    {"writing", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "/proc/locks", .help = "somebody has the write lock now"},
    {"processes", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, "/proc/locks", .help = "other processes that have locks on it: in WAL mode those that have it open, else those in a transaction"},
    {"changed", KIND_GAUGE, TYPE_REAL, UNIT_TIME, "stat(2)", .help = "when the file or its log was written last"},
    {"shared", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "stat(2)", .help = "the -shm file of WAL mode is there: somebody has it open, or did not close it"},
};
static const struct column_source sources[] = {
    {"path", "realpath(3)"}, {"written_by", "the header"}, {"read_by", "the library"}, {"journal_mode", "the header"}, {"busy", "a read lock"}, {"busy_s", "our own looks"},
    {"writing", "/proc/locks"}, {"processes", "/proc/locks"}, {"changed", "stat(2)"}, {"shared", "stat(2)"}, {NULL, NULL},
};
// clang-format on

static const struct dataset dataset = {
    .name = "sqlite",
    .help = "a file of SQLite: who wrote it last, who has it open, whether somebody writes now",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 2,
};

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err)
{
    (void)err;
    struct sample *s = sample_new(&dataset, 1);
    struct text version;
    unsigned v = l->header->version;
    text_init(&version, 60);
    text_addf(&version, "%u.%u.%u", v / 1000000, v / 1000 % 1000, v % 1000);
    lite_set_text(s, "path", 0, l->path);
    lite_set_text(s, "written_by", 0, v > 0 ? text_str(&version) : NULL);
    lite_set_text(s, "read_by", 0, sqlite3_libversion());
    lite_set_text(s, "journal_mode", 0, l->header->wal ? "wal" : "rollback");
    lite_set(s, "busy", 0, l->busy);
    lite_set(s, "busy_s", 0, l->kept->busy_since_s > 0 ? loop_mono_s() - l->kept->busy_since_s : 0);
    lite_set(s, "writing", 0, l->busy ? 1 : l->locks->known ? l->locks->writing : NAN);
    lite_set(s, "processes", 0, l->locks->known ? l->locks->processes : NAN);
    lite_set(s, "changed", 0, fmax(l->file->changed_s, l->file->wal_changed_s));
    lite_set(s, "shared", 0, l->file->has_shm);
    text_done(&version);
    *out = s;
    return LITE_DONE;
}

const struct lite_collector lite_state = {
    .dataset = &dataset, .sources = sources, .lacks = "", .while_busy = true, .make = make};
