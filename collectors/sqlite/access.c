/* access: what this user may do with the file. */
#include <string.h>
#include <unistd.h>

#include "collectors/datasets.h"
#include "collectors/sqlite/sqlite.h"
#include "core/text.h"

static const struct column_source sources[] = {
    // clang-format off
    {"what",  "our own words"},
    {"state", "access(2), and what SQLite was built with"},
    {"why",   "our own words"},
    {"cure",  "our own words"},
    {NULL, NULL},
    // clang-format on
};

static bool directory_writable(const char *path)
{
    struct text t;
    const char *slash = strrchr(path, '/');
    text_init(&t, 1 << 13);
    text_add_n(&t, path, slash != NULL ? (size_t)(slash - path) : 0);
    bool yes = access(t.len > 0 ? text_str(&t) : "/", W_OK | X_OK) == 0;
    text_done(&t);
    return yes;
}

static void set(struct sample *s, int row, const char *const texts[4])
{
    static const char *const columns[] = {"what", "state", "why", "cure"};
    for (int i = 0; i < 4; i++)
        lite_set_text(s, columns[i], row, texts[i]);
}

static enum lite_end make(struct lite_look *l, struct sample **out, struct err *err)
{
    (void)err;
    struct sample *s = sample_new(&dataset_access, 4);
    bool file = access(l->path, W_OK) == 0, directory = directory_writable(l->path);
    bool dbstat = sqlite3_compileoption_used("ENABLE_DBSTAT_VTAB") == 1;
    set(s, 0,
        l->busy
            ? (const char *const[]){"file", "advice",
                                    "a writer holds the file now: nobody may read it until that one lets go",
                                    "nothing, if it lasts a moment; else end its transaction"}
            : (const char *const[]){"file", "ok",
                                    "it is read without a lock that a writer waits for longer than "
                                    "milliseconds, and nothing is written beside it",
                                    NULL});
    set(s, 1,
        file && directory ? (const char *const[]){"cures", "ok",
                                                  "this user may write the file and into its directory", NULL}
        : file
            ? (const char *const
                   []){"cures", "advice",
                       "this user may write the file, but not into its directory, where a journal must stand",
                       "run dbvitals as the application's user"}
            : (const char *const[]){
                  "cures", "advice",
                  "this user may read the file and not write it: no ANALYZE, VACUUM or checkpoint from here",
                  "run dbvitals as the application's user"});
    set(s, 2,
        dbstat
            ? (const char *const[]){"sizes", "ok", "dbstat measures tables and indexes", NULL}
            : (const char *const[]){"sizes", "missing",
                                    "this SQLite was built without dbstat, which measures tables and indexes",
                                    "a library built with SQLITE_ENABLE_DBSTAT_VTAB"});
    set(s, 3,
        l->busy           ? (const char *const[]){"who has it open", "advice",
                                                  "/proc/locks is looked at once the file is free", NULL}
        : l->locks->known ? (const char *const[]){"who has it open", "ok",
                                                  "/proc/locks tells who has locks on the file", NULL}
                          : (const char *const[]){"who has it open", "missing",
                                                  "/proc/locks does not have this file's locks: another "
                                                  "system, or a file system that counts files otherwise",
                                                  NULL});
    *out = s;
    return LITE_DONE;
}

const struct lite_collector lite_access = {
    .dataset = &dataset_access, .sources = sources, .lacks = "", .while_busy = true, .make = make};
