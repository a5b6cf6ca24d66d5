/* findings --write-migrations DIR: what the ledger says was done to a schema, as SQL files. No server is
 * asked. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/guard_paths.h"
#include "cli/output.h"
#include "cli/session.h"
#include "core/text.h"
#include "core/utf8.h"
#include "cures/ledger.h"
#include "cures/migration_dir.h"

struct writing {
    struct session session;
    struct actions actions;
    struct entry **entries;
    int n_entries;
    struct migrations migrations;
    struct migration_dir *dir;
    int n_written, n_there, n_left;
    bool doubtful; /* one was left out that may belong there */
};

static void print_line(const struct text *line)
{
    struct text clean;
    text_init(&clean, 1 << 14);
    utf8_clean(&clean, text_str(line), false);
    puts(text_str(&clean));
    text_done(&clean);
}

/* ---- Which entries ---- */

static bool is_meant(const struct writing *w, const struct entry *e)
{
    const struct session *s = &w->session;
    const char *database = s->args->database;
    bool meant = s->args->n_words == 0;
    for (int i = 0; i < s->n_targets; i++)
        meant = meant || strcmp(s->targets[i].name, e->target) == 0;
    return meant && (database == NULL || (e->database != NULL && strcmp(e->database, database) == 0));
}

/* What is not meant is forgotten. */
static void keep_meant(struct writing *w)
{
    int n = 0;
    for (int i = 0; i < w->n_entries; i++)
        if (is_meant(w, w->entries[i]))
            w->entries[n++] = w->entries[i];
        else
            entry_free(w->entries[i]);
    w->n_entries = n;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Whoever runs the files runs all of them on one database. */
static bool is_one_database(const struct migrations *m, struct err *err)
{
    for (int i = 1; i < m->n; i++) {
        const struct entry *a = m->list[0].entry, *b = m->list[i].entry;
        if (strcmp(a->target, b->target) != 0 || !same_text(a->database, b->database))
            return fail(err,
                        "the ledger has schema changes of several databases (%.80s on %.80s, %.80s on "
                        "%.80s): name the target, and with -d the database, whose they are to be",
                        a->database == NULL ? "the connected one" : a->database, a->target,
                        b->database == NULL ? "the connected one" : b->database, b->target);
    }
    return true;
}

static bool read_ledger(struct writing *w, struct err *err)
{
    char *directory = guard_state_directory(&w->session.config), *notice = NULL;
    bool ok = ledger_read(directory, &w->entries, &w->n_entries, &notice, err);
    if (notice != NULL)
        output_tell(stderr, notice);
    free(notice);
    free(directory);
    return ok;
}

/* ---- What becomes of each ---- */

static void leave_out(struct writing *w, const struct migration *m, const char *why)
{
    struct text line;
    text_init(&line, 1 << 13);
    text_addf(&line, "left out: entry %lld, %s %s: %s", (long long)m->entry->id, m->entry->action,
              m->entry->label, why);
    print_line(&line);
    text_done(&line);
    w->n_left++;
}

/* Who has the files of what was taken back needs those that do so; who has none needs neither. */
static bool is_needless(const struct writing *w, const struct migration *m, struct text *why)
{
    bool whole;
    if (migration_dir_find(w->dir, m->entry->uid, &whole) != NULL)
        return false;
    if (m->undone != NULL)
        text_addf(why, "entry %lld took it back before it was written", (long long)m->undone->id);
    else if (m->undoes != NULL && migration_dir_find(w->dir, m->undoes->uid, &whole) == NULL)
        text_addf(why, "it takes back entry %lld, which was not written", (long long)m->undoes->id);
    return why->len > 0;
}

static bool write_one(struct writing *w, const struct migration *m, struct err *err)
{
    const char *stem = migration_dir_write(w->dir, m, err);
    if (stem == NULL)
        return false;
    struct text line;
    text_init(&line, 1 << 13);
    text_addf(&line, "written: %s/%s.up.sql and .down.sql", w->session.args->write_migrations, stem);
    print_line(&line);
    text_done(&line);
    w->n_written++;
    return true;
}

static bool take(struct writing *w, const struct migration *m, struct err *err)
{
    struct text why;
    bool whole, ok = true;
    migration_dir_find(w->dir, m->entry->uid, &whole);
    text_init(&why, 400);
    if (whole)
        w->n_there++;
    else if (m->fate != MIGRATION_GOOD) {
        leave_out(w, m, migration_why_not(m));
        w->doubtful = true;
    } else if (is_needless(w, m, &why))
        leave_out(w, m, text_str(&why));
    else
        ok = write_one(w, m, err);
    text_done(&why);
    return ok;
}

static int write_all(struct writing *w, struct err *err)
{
    const struct args *args = w->session.args;
    session_name_targets(&w->session, (const char *const *)args->words, args->n_words);
    if (!actions_read(&w->actions, err) || !read_ledger(w, err))
        return EXIT_USAGE;
    keep_meant(w);
    migrations_choose(w->entries, w->n_entries, &w->actions, &w->migrations);
    if (!is_one_database(&w->migrations, err))
        return EXIT_USAGE;
    w->dir = migration_dir_open(args->write_migrations, err);
    bool ok = w->dir != NULL;
    for (int i = 0; i < w->migrations.n && ok; i++)
        ok = take(w, &w->migrations.list[i], err);
    if (w->dir != NULL)
        printf("%d written, %d there already, %d left out\n", w->n_written, w->n_there, w->n_left);
    return !ok ? EXIT_USAGE : w->doubtful ? EXIT_INCOMPLETE : EXIT_OK;
}

int migrations_run(const struct args *args)
{
    struct writing w = {.n_entries = 0};
    struct err err = {""};
    int code = EXIT_USAGE;
    if (session_open(&w.session, args, 0, &err)) {
        code = write_all(&w, &err);
        migration_dir_free(w.dir);
        migrations_done(&w.migrations);
        entries_free(w.entries, w.n_entries);
        actions_done(&w.actions);
        session_close(&w.session, code);
    }
    if (err.text[0] != '\0')
        output_tell(stderr, err.text);
    return code;
}
