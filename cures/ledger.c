/* The ledger: entries on their way to the disk, and those that stand there. */
#include "cures/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/writer.h"
#include "cures/ledger_file.h"

/* Entries that wait for a disk which refuses them; then the oldest are given up. */
enum { MOST_WAITING = 1000 };
static const double look_every_s = 5, retry_s = 2, end_s = 3;

struct list {
    struct entry **entries;
    int n;
};

/* One visit of the writer's thread: what it takes along, and what it brings back. */
struct visit {
    struct ledger *ledger;
    struct list to_write; /* oldest first */
    int n_written;
    struct list read;
    bool same;
    char *notice;
    bool ok;
    struct err err; /* of the last failure, also where a second attempt went well */
};

struct ledger {
    struct loop *loop;
    struct loop_timer *timer;
    struct writer *writer;    /* NULL until there is something to do */
    struct ledger_file *file; /* the writer's thread's */
    struct list waiting, newest;
    bool watched, out; /* a visit is on its way */
    bool given;        /* something new since trouble was told last */
    bool read;         /* once, though it may be empty */
    int64_t n_lost;
    char *trouble, *notice;
    loop_fn *changed;
    void *ctx;
};

static void list_done(struct list *list)
{
    for (int i = 0; i < list->n; i++)
        entry_free(list->entries[i]);
    free(list->entries);
    *list = (struct list){.n = 0};
}

static void append(struct list *list, struct entry *e)
{
    list->entries = mem_grow(list->entries, (size_t)list->n + 1, sizeof(struct entry *));
    list->entries[list->n++] = e;
}

/* ---- On the writer's thread ---- */

static void work(void *ctx)
{
    struct visit *v = ctx;
    struct ledger_file *f = v->ledger->file;
    v->ok = true;
    while (v->ok && v->n_written < v->to_write.n) {
        v->ok = ledger_file_put(f, v->to_write.entries[v->n_written], &v->err);
        v->n_written += v->ok;
    }
    v->ok = v->ok && ledger_file_read(f, LEDGER_READ, &v->read.entries, &v->read.n, &v->same, &v->err);
    v->notice = ledger_file_take_notice(f);
}

/* ---- On the loop thread ---- */

/* True if it is another one than before. */
static bool set_trouble(struct ledger *l, const char *why)
{
    struct text t;
    text_init(&t, 2048);
    if (why[0] != '\0') {
        text_addf(&t, "the ledger is not kept: %s; what happens is tried again", why);
        if (l->n_lost > 0)
            text_addf(&t, "; %lld entries were given up", (long long)l->n_lost);
    }
    char *before = l->trouble;
    l->trouble = why[0] == '\0' ? NULL : text_take(&t);
    text_done(&t);
    bool differs =
        before == NULL || l->trouble == NULL ? before != l->trouble : strcmp(before, l->trouble) != 0;
    free(before);
    return differs;
}

static void keep_waiting(struct ledger *l, struct visit *v)
{
    struct list all = {.n = 0};
    for (int i = 0; i < v->to_write.n; i++)
        if (i < v->n_written)
            entry_free(v->to_write.entries[i]);
        else
            append(&all, v->to_write.entries[i]);
    for (int i = 0; i < l->waiting.n; i++)
        append(&all, l->waiting.entries[i]);
    free(v->to_write.entries);
    free(l->waiting.entries);
    int lost = all.n > MOST_WAITING ? all.n - MOST_WAITING : 0;
    for (int i = 0; i < lost; i++)
        entry_free(all.entries[i]);
    if (lost > 0)
        memmove(all.entries, all.entries + lost, (size_t)(all.n - lost) * sizeof(*all.entries));
    all.n -= lost;
    l->n_lost += lost;
    l->waiting = all;
}

static void go(struct ledger *l);

static void on_back(void *ctx)
{
    struct visit *v = ctx;
    struct ledger *l = v->ledger;
    bool ok = v->ok, news = v->notice != NULL;
    l->out = false;
    keep_waiting(l, v);
    if (v->notice != NULL) {
        free(l->notice);
        l->notice = v->notice;
    }
    if (ok && !v->same) {
        list_done(&l->newest);
        l->newest = v->read;
        news = true;
    }
    news = news || (ok && !l->read);
    l->read = l->read || ok;
    news = set_trouble(l, ok ? "" : v->err.text) || (!ok && l->given) || news;
    l->given = false;
    free(v);
    if (ok && l->waiting.n > 0)
        go(l);
    else if (l->watched || !ok)
        loop_timer_start(l->timer, ok ? look_every_s : retry_s, 0);
    if (news && l->changed != NULL)
        l->changed(l->ctx);
}

static void go(struct ledger *l)
{
    if (l->out)
        return;
    struct visit *v = mem_new(sizeof(*v));
    *v = (struct visit){.ledger = l, .to_write = l->waiting};
    l->waiting = (struct list){.n = 0};
    l->out = true;
    if (l->writer == NULL)
        l->writer = writer_new(l->loop);
    writer_do(l->writer, work, on_back, v);
}

static void on_timer(void *ctx)
{
    go(ctx);
}

struct ledger *ledger_new(struct loop *loop, const char *directory, loop_fn *changed, void *ctx)
{
    struct ledger *l = mem_new(sizeof(*l));
    *l = (struct ledger){.loop = loop, .changed = changed, .ctx = ctx, .file = ledger_file_new(directory)};
    l->timer = loop_timer_new(loop, on_timer, l);
    return l;
}

void ledger_watch(struct ledger *l, bool watched)
{
    if (watched && !l->watched)
        go(l);
    l->watched = watched;
}

bool ledger_free(struct ledger *l)
{
    if (l == NULL)
        return true;
    l->changed = NULL;
    if (l->waiting.n > 0) /* one last time */
        go(l);
    bool in_time = l->writer == NULL || writer_free(l->writer, end_s), kept = l->waiting.n == 0;
    loop_timer_free(l->timer);
    if (!in_time)
        return false; /* the thread still uses what it has */
    ledger_file_free(l->file);
    list_done(&l->waiting);
    list_done(&l->newest);
    free(l->trouble);
    free(l->notice);
    free(l);
    return kept;
}

void ledger_put(struct ledger *l, struct entry *e)
{
    append(&l->waiting, e);
    l->given = true;
    go(l);
}

const char *ledger_trouble(const struct ledger *l)
{
    return l->trouble;
}

char *ledger_take_notice(struct ledger *l)
{
    char *notice = l->notice;
    l->notice = NULL;
    return notice;
}

const struct entry *ledger_entry(const struct ledger *l, int64_t id)
{
    for (int i = 0; i < l->newest.n; i++)
        if (l->newest.entries[i]->id == id)
            return l->newest.entries[i];
    return NULL;
}

bool ledger_may_undo(const struct ledger *l, int64_t id, const char *target, const char *statement,
                     struct err *err)
{
    const struct entry *e = ledger_entry(l, id);
    if (e == NULL)
        return fail(err, "the ledger has no entry %lld", (long long)id);
    if (!entry_is_intact(e))
        return fail(err, "entry %lld is not as it was written: its checksum differs", (long long)id);
    if (e->undo == NULL || strcmp(e->undo, statement) != 0 || strcmp(e->target, target) != 0)
        return fail(err, "this is not what takes entry %lld back", (long long)id);
    return true;
}

const struct entry *const *ledger_newest(const struct ledger *l, int *n)
{
    *n = l->newest.n;
    return (const struct entry *const *)l->newest.entries;
}
