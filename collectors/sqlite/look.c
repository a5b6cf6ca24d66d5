/* One look at a file, in the pool: is it there, is it a database, does a writer hold it; then its datasets,
 * each in a read transaction of its own that lasts milliseconds: a long one would keep a checkpoint from its
 * end. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/sqlite/inside.h"
#include "core/mem.h"

/* How long a read transaction of ours may last; how often a look begins anew when the file changed in the
 * midst of it. */
static const double LIMIT_S = 0.2;
enum { MOST_TRIES = 3 };
static const char busy_text[] = "busy: a writer holds the file just now; it is looked at again";

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

enum lite_end lite_ended(struct lite_look *l, int rc, struct err *err)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return LITE_DONE;
    case SQLITE_INTERRUPT:
        fail(err, "reading it took longer than the %.0f ms that a look may last", LIMIT_S * 1000);
        return LITE_LATE;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        fail(err, "%s", busy_text);
        return LITE_BUSY;
    case SQLITE_READONLY:
        if (rc == SQLITE_READONLY_ROLLBACK) {
            fail(err, "a writer died in the midst of a transaction: its journal is rolled back when the "
                      "application, or sqlite3, opens the file next; until then it cannot be read");
            return LITE_BAD;
        }
        fail(err, "%s", busy_text);
        return LITE_BUSY;
    case SQLITE_NOTADB:
        fail(err, "is no database that can be read: damaged, or encrypted (SQLCipher and the like), and "
                  "dbvitals has no key");
        return LITE_BAD;
    case SQLITE_CORRUPT:
        fail(err, "is damaged (%.200s): restore it from a backup, or try sqlite3's .recover on a copy",
             sqlite3_errmsg(l->db));
        return LITE_BAD;
    case SQLITE_CANTOPEN:
        fail(err, "its -wal or -shm file cannot be opened: this user needs r on them too");
        return LITE_BAD;
    default:
        fail(err, "cannot be read: %.300s", sqlite3_errmsg(l->db));
        return LITE_BAD;
    }
}

/* ---- Identity ---- */

/* Another file has the name by now: nothing of before holds. */
static void know(struct lite_kept *k, const struct lite_file *f)
{
    if (k->epoch != 0 && k->dev == f->dev && k->ino == f->ino)
        return;
    uint64_t epoch = epoch_add(k->epoch != 0 ? k->epoch : EPOCH_START, &f->ino, sizeof(f->ino));
    double moment = loop_wall_s();
    if (k->epoch != 0)
        epoch = epoch_add(epoch, &moment, sizeof(moment));
    lite_sizes_done(k);
    *k = (struct lite_kept){.epoch = epoch, .dev = f->dev, .ino = f->ino};
}

/* Commits as far as they can be seen: by the header's counter in rollback mode, by the log's frames in WAL
 * mode. What was written between the last look and a checkpoint that began the log anew is not seen. */
static void count_commits(struct lite_look *l, const struct lite_header *h)
{
    struct lite_kept *k = l->kept;
    struct lite_wal before = k->wal;
    bool restarted = false;
    if (h->wal && lite_wal_read(l->path, &k->wal, &restarted)) {
        k->wal_restarts += restarted;
        if (before.complete || before.known) /* the first look finds what is there already */
            k->commits += restarted || !before.known ? k->wal.commits : k->wal.commits - before.commits;
    } else
        k->wal = (struct lite_wal){.complete = h->wal, .page_bytes = NAN};
    if (!h->wal && k->has_counter)
        k->commits += (uint32_t)(h->change_counter - k->change_counter);
    k->change_counter = h->change_counter;
    k->has_counter = !h->wal;
}

static uint64_t mark_of(const struct lite_look *l, const struct lite_header *h)
{
    const struct lite_file *f = l->file;
    double numbers[] = {f->size_bytes,
                        f->changed_s,
                        isnan(f->wal_bytes) ? -1 : f->wal_bytes,
                        isnan(f->wal_changed_s) ? -1 : f->wal_changed_s,
                        l->kept->wal.frames,
                        (double)h->change_counter};
    uint64_t mark = epoch_add(l->kept->epoch, numbers, sizeof(numbers));
    return mark != 0 ? mark : 1;
}

/* ---- Datasets ---- */

static enum lite_end begin(struct lite_look *l, struct reader *r, struct err *err)
{
    reader_limit(r, LIMIT_S);
    int rc = sqlite3_exec(l->db, "begin; select 1 from sqlite_schema limit 1", NULL, NULL, NULL);
    return lite_ended(l, rc != SQLITE_OK ? sqlite3_extended_errcode(l->db) : rc, err);
}

static void end(struct lite_look *l, double since_s)
{
    sqlite3_exec(l->db, "rollback", NULL, NULL, NULL);
    l->read_ms = fmax(l->read_ms, (loop_mono_s() - since_s) * 1000);
}

static void stamp(struct sample *s, const struct lite_look *l)
{
    s->mono_s = loop_mono_s();
    s->wall_s = loop_wall_s();
    s->epoch = l->kept->epoch;
    s->reset_s = NAN;
}

static void give(struct lite_answer *a, enum lite_end end, const char *text)
{
    a->why = end == LITE_BUSY || end == LITE_LATE ? FAILURE_TIMEOUT : FAILURE_OTHER;
    a->text = mem_dup(text);
}

/* On a machine with much to do a transaction may be late for want of a processor: it is tried again. */
static void read_one(struct lite_look *l, struct reader *r, const struct lite_collector *c,
                     struct lite_answer *a)
{
    struct err why = {0};
    double start = loop_mono_s(), cpu = cpu_ms();
    enum lite_end e = LITE_LATE;
    for (int i = 0; i < MOST_TRIES && e == LITE_LATE; i++) {
        double since = loop_mono_s();
        e = l->busy ? LITE_DONE : begin(l, r, &why);
        if (e == LITE_DONE)
            e = c->make(l, &a->sample, &why);
        if (!l->busy)
            end(l, since);
    }
    a->ms = (loop_mono_s() - start) * 1000;
    a->cpu_ms = cpu_ms() - cpu;
    if (e != LITE_DONE)
        give(a, e, why.text);
    else
        stamp(a->sample, l);
}

static void drop(struct lite_answer *a)
{
    sample_unref(a->sample);
    free(a->text);
    *a = (struct lite_answer){.asked = a->asked};
}

static void read_all(struct lite_job *j, struct lite_look *l, struct reader *r)
{
    bool measured = false;
    for (int i = 0; lite_collectors[i] != NULL; i++) {
        const struct lite_collector *c = lite_collectors[i];
        struct lite_answer *a = &j->answers[i];
        if (!a->asked)
            continue;
        if (l->busy && !c->while_busy) {
            give(a, LITE_BUSY, busy_text);
            continue;
        }
        if (!c->while_busy && j->marks[i] == l->mark) {
            a->same = true;
            continue;
        }
        if (c->sized && !measured)
            lite_sizes_measure(l, r);
        measured = measured || c->sized;
        read_one(l, r, c, a);
        a->mark = c->sized && l->unsized ? 0 : l->mark;
    }
}

/* ---- The look ---- */

static void say(struct err *err, const char *path, const char *what)
{
    fail(err, "%.250s: %.700s", path, what);
}

/* Is it a database, is it free? */
static enum lite_end try(struct lite_job *j, struct lite_look *l, struct reader *r, struct lite_header *h)
{
    unsigned char first[LITE_HEADER];
    struct err why = {0};
    if (!lite_header_read(first, reader_first(r, first, LITE_HEADER), l->path, h, &j->err))
        return LITE_BAD;
    enum lite_end e = begin(l, r, &why);
    struct lite_locks *locks = (struct lite_locks *)(uintptr_t)l->locks;
    lite_locks_read(l->file, h->wal, locks);
    end(l, loop_mono_s());
    if (e == LITE_BAD)
        say(&j->err, l->path, why.text);
    if (e == LITE_LATE)
        say(&j->err, l->path, "its list of tables alone takes longer to read than a look may last");
    return e == LITE_LATE ? LITE_BAD : e;
}

static void count(struct lite_look *l, bool busy)
{
    l->busy = busy;
    l->kept->busy_since_s = !busy ? 0 : l->kept->busy_since_s > 0 ? l->kept->busy_since_s : loop_mono_s();
    l->kept->looks_busy += busy;
    l->kept->looks_free += !busy;
    l->kept->looks_writing += !busy && l->locks->known && l->locks->writing;
}

/* True when it has to begin anew: the file was written while nobody could see us read. */
static bool look(struct lite_job *j, const char *path, bool last)
{
    struct lite_file f, after;
    struct lite_header h = {0};
    struct lite_locks locks = {0};
    struct err ignored;
    if (!lite_file_read(path, &f, &j->err))
        return false;
    know(j->kept, &f);
    struct reader *r = reader_open(path, &f, &j->cancel, &j->err);
    if (r == NULL) {
        char text[sizeof(j->err.text)];
        memcpy(text, j->err.text, sizeof(text));
        say(&j->err, path, text);
        return false;
    }
    struct lite_look l = {.path = path,
                          .db = reader_db(r),
                          .file = &f,
                          .locks = &locks,
                          .header = &h,
                          .kept = j->kept,
                          .cache_word = j->cache_word};
    enum lite_end e = try(j, &l, r, &h);
    j->up = e != LITE_BAD;
    j->busy = e == LITE_BUSY;
    if (j->up) {
        count(&l, j->busy);
        count_commits(&l, &h);
        l.mark = mark_of(&l, &h);
        read_all(j, &l, r);
        j->read_ms = l.read_ms;
        snprintf(j->version, sizeof(j->version), "%u.%u.%u", h.version / 1000000, h.version / 1000 % 1000,
                 h.version % 1000);
    }
    bool alone = reader_alone(r);
    reader_close(r);
    return !last && j->up && !j->busy && alone &&
           (!lite_file_read(path, &after, &ignored) || !lite_file_same(&f, &after));
}

void lite_job_run(struct lite_job *j)
{
    double since = loop_mono_s();
    char *real = realpath(j->path, NULL);
    const char *path = real != NULL ? real : j->path;
    j->up = j->busy = false;
    j->err.text[0] = '\0';
    j->version[0] = '\0';
    snprintf(j->place, sizeof(j->place), "%s", path);
    for (int i = 0; i < MOST_TRIES && look(j, path, i + 1 == MOST_TRIES); i++)
        for (int c = 0; lite_collectors[c] != NULL; c++)
            drop(&j->answers[c]);
    if (j->busy)
        fail(&j->err, "%s", busy_text);
    free(real);
    j->mono_s = loop_mono_s();
    j->all_ms = (j->mono_s - since) * 1000;
}
