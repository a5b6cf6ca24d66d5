/* A directory of migrations: its names as a tool has them, and what of them a database lacks. */
#include "collectors/migration_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collectors/migration_names.h"
#include "core/directory.h"
#include "core/mem.h"
#include "core/text.h"

enum { MOST_DEPTH = 4 };

/* ---- The directory ---- */

static bool is_folder(const char *path, const struct dirent *e)
{
    struct stat st;
    if (e->d_type != DT_UNKNOWN && e->d_type != DT_LNK)
        return e->d_type == DT_DIR;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool walk(const char *path, int depth, struct ids *out)
{
    DIR *dir = opendir(path);
    if (dir == NULL)
        return false;
    for (const struct dirent *e; out->n < MOST_NAMES && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.' || strcmp(e->d_name, "node_modules") == 0)
            continue;
        char *inside = directory_path(path, e->d_name);
        if (!is_folder(inside, e))
            ids_add(out, inside);
        else if (depth > 1)
            walk(inside, depth - 1, out);
        free(inside);
    }
    closedir(dir);
    return true;
}

/* ---- Names against names ---- */

static void say(struct migration_question *q, const char *format, const char *directory)
{
    q->pending = q->unknown = NAN;
    snprintf(q->why, sizeof(q->why), format, directory);
}

static bool is_newer(const char *a, const char *b)
{
    return strverscmp(a, b) > 0;
}

/* Is NAME one that the directory would have, had it not been taken away: of one of its applications, and not
 * older than all of them? */
static bool belongs(const struct migration_question *q, const struct ids *files, const char *name)
{
    size_t app = q->naming == NAMED_BY_DJANGO ? strcspn(name, ".") + 1 : 0;
    for (int i = 0; i < files->n; i++)
        if (strncmp(files->items[i], name, app) == 0 && is_newer(name, files->items[i]))
            return true;
    return false;
}

static void compare(struct migration_question *q, const struct ids *files, const struct ids *applied)
{
    const char *newest = applied->n > 0 ? applied->items[0] : "";
    for (int i = 0; i < files->n; i++) {
        const char *name = files->items[i];
        if (q->only_newest ? applied->n > 0 && !is_newer(name, newest) : ids_have(applied, name))
            continue;
        if (q->next[0] == '\0' || is_newer(q->next, name))
            snprintf(q->next, sizeof(q->next), "%s", name);
        q->pending++;
    }
    for (int i = 0; i < applied->n; i++)
        q->unknown +=
            !ids_have(files, applied->items[i]) && (q->only_newest || belongs(q, files, applied->items[i]));
}

/* ---- Alembic: a graph ---- */

static void mark(struct revisions *r, const char *id)
{
    for (int i = 0; i < r->n; i++) {
        struct revision *v = &r->items[i];
        if (v->applied || strcmp(v->id, id) != 0)
            continue;
        v->applied = true;
        for (int d = 0; d < v->n_downs; d++)
            mark(r, v->downs[d]);
    }
}

static bool follows_applied(const struct revisions *r, const struct revision *v)
{
    for (int d = 0; d < v->n_downs; d++)
        for (int i = 0; i < r->n; i++)
            if (!r->items[i].applied && strcmp(r->items[i].id, v->downs[d]) == 0)
                return false;
    return true;
}

static void compare_graph(struct migration_question *q, struct revisions *r, const struct ids *heads)
{
    for (int h = 0; h < heads->n; h++) {
        bool known = false;
        for (int i = 0; i < r->n; i++)
            known = known || strcmp(r->items[i].id, heads->items[h]) == 0;
        q->unknown += !known;
        mark(r, heads->items[h]);
    }
    for (int i = 0; i < r->n; i++) {
        q->pending += !r->items[i].applied;
        if (!r->items[i].applied && q->next[0] == '\0' && follows_applied(r, &r->items[i]))
            snprintf(q->next, sizeof(q->next), "%s", r->items[i].id);
    }
    if (q->unknown > 0) /* what leads to a head that is not there cannot be told from what is pending */
        q->pending = NAN, q->next[0] = '\0';
}

/* ---- */

static void answer_graph(struct migration_question *q, const struct ids *paths, const char *directory,
                         const struct ids *heads)
{
    struct revisions *r = revisions_read(paths);
    if (r->n == 0)
        say(q, "no revision of Alembic is in %.150s", directory);
    else
        compare_graph(q, r, heads);
    revisions_free(r);
}

static void answer(struct migration_question *q, const struct ids *paths, const char *directory)
{
    struct ids applied, files;
    q->pending = q->unknown = 0;
    q->next[0] = q->why[0] = '\0';
    ids_of_lines(&applied, q->applied, q->naming);
    ids_of_files(&files, paths, q->naming);
    if (q->naming == NAMED_NOWHERE)
        say(q, "%s", "this tool does not name its migrations by files");
    else if (q->naming == NAMED_BY_ALEMBIC)
        answer_graph(q, paths, directory, &applied);
    else if (files.n == 0)
        say(q, "no migration of this tool is in %.150s", directory);
    else
        compare(q, &files, &applied);
    ids_done(&applied);
    ids_done(&files);
}

void migration_files_answer(struct migration_files *m)
{
    struct ids paths = {0};
    bool there = walk(m->directory, MOST_DEPTH, &paths);
    int why = errno;
    for (int i = 0; i < m->n_questions; i++) {
        if (there) {
            answer(&m->questions[i], &paths, m->directory);
            continue;
        }
        m->questions[i].pending = m->questions[i].unknown = NAN;
        snprintf(m->questions[i].why, sizeof(m->questions[i].why), "cannot read %.100s: %s", m->directory,
                 strerror(why));
    }
    ids_done(&paths);
}

void migration_files_free(struct migration_files *m)
{
    if (m == NULL)
        return;
    for (int i = 0; i < m->n_questions; i++)
        free(m->questions[i].applied);
    free(m->questions);
    free(m->directory);
    free(m);
}
