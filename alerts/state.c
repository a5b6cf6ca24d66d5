/* The state: batches of rows on their way to the disk, tried until it takes them; meanwhile nobody waits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/state_private.h"
#include "core/mem.h"

enum { THIN_EVERY = 500, FULL_BYTES = 16 << 20 };
static const double FIRST_RETRY_S = 1, LAST_RETRY_S = 10, HANGS_S = 5;

/* ---- Batches ---- */

static struct batch *batch_new(void)
{
    return mem_new(sizeof(struct batch));
}

static void batch_free(struct batch *b)
{
    for (struct row *r = b->first, *next; r != NULL; r = next) {
        next = r->next;
        row_free(r);
    }
    for (struct outgoing *o = b->first_out, *next; o != NULL; o = next) {
        next = o->next;
        outbox_row_free(o->row);
        free(o);
    }
    free(b);
}

void state_add_row(struct state *s, struct row *row)
{
    struct batch *b = s->open;
    if (s->file == NULL) { /* memory only */
        row_free(row);
        return;
    }
    if (b->last == NULL)
        b->first = row;
    else
        b->last->next = row;
    b->last = row;
    b->bytes += row->bytes;
}

static void give_out(struct state *s, struct outgoing *o)
{
    if (s->outbox != NULL) {
        s->outbox(s->outbox_ctx, o->row);
        free(o);
        return;
    }
    o->next = NULL;
    if (s->last_early == NULL)
        s->early = o;
    else
        s->last_early->next = o;
    s->last_early = o;
}

/* It is on the disk, or the disk has refused it: whatever comes of it, a page does not wait any longer. */
static void tell(struct state *s, struct batch *b, bool written)
{
    state_done_fn *fn = b->fn;
    b->fn = NULL;
    while (b->first_out != NULL) {
        struct outgoing *o = b->first_out;
        b->first_out = o->next;
        give_out(s, o);
    }
    b->last_out = NULL;
    if (fn != NULL)
        fn(b->ctx, written);
}

static struct batch *take_first(struct state *s)
{
    struct batch *b = s->first;
    s->first = b->next;
    if (s->first == NULL)
        s->last = NULL;
    s->bytes -= b->bytes;
    return b;
}

/* ---- What the disk refuses ---- */

static void set_trouble(struct state *s, const char *why)
{
    struct text t;
    text_init(&t, 2048);
    text_addf(&t, "alerts are not kept: %s; what happens stays in memory and is tried again", why);
    if (s->n_left_out > 0)
        text_addf(&t, "; %lld older rows were given up", (long long)s->n_left_out);
    free(s->trouble);
    s->trouble = text_take(&t);
}

/* Identities that were seen, of rows from the newest to the oldest. */
struct seen {
    uint64_t *slots;
    size_t n; /* a power of two, at least twice the rows */
};

static bool seen_before(struct seen *seen, uint64_t identity)
{
    size_t i = identity & (seen->n - 1);
    while (seen->slots[i] != 0 && seen->slots[i] != identity)
        i = (i + 1) & (seen->n - 1);
    bool was = seen->slots[i] != 0;
    seen->slots[i] = identity;
    return was;
}

/* Whether ROW may be left out when memory is short: a later one replaces it, or it is only for looking back.
 */
static bool is_superfluous(struct seen *seen, const struct row *row, bool events_too)
{
    uint64_t identity = row_identity(row);
    if (identity != 0)
        return seen_before(seen, identity);
    return row->statement == PUT_CONTEXT || row->statement == PUT_DELIVERY ||
           (events_too && (row->statement == PUT_EVENT || row->statement == PUT_MOMENT));
}

/* Merges what waits into one batch without what is superfluous. Only while no job reads it. */
static void compact(struct state *s, bool events_too)
{
    struct row *newest = NULL;
    size_t n_rows = 0, bytes = 0;
    for (struct batch *b = s->first; b != NULL; b = b->next) {
        for (struct row *r = b->first, *next; r != NULL; r = next, n_rows++) {
            next = r->next;
            r->next = newest;
            newest = r;
        }
        b->first = b->last = NULL;
        b->bytes = 0;
    }
    struct seen seen = {.n = 16};
    while (seen.n < n_rows * 2)
        seen.n *= 2;
    seen.slots = mem_new_array(seen.n, sizeof(*seen.slots));
    struct row *first = NULL, *last = NULL;
    for (struct row *r = newest, *next; r != NULL; r = next) {
        next = r->next;
        if (is_superfluous(&seen, r, events_too)) {
            s->n_left_out += row_identity(r) == 0;
            row_free(r);
            continue;
        }
        r->next = first;
        first = r;
        last = last == NULL ? r : last;
        bytes += r->bytes;
    }
    free(seen.slots);
    s->first->first = first;
    s->first->last = last;
    s->bytes = s->first->bytes = bytes;
}

/* ---- The writer's job ---- */

static bool write_batches(struct state *s)
{
    if (!state_file_make(s->file, &s->job_err) || !state_file_begin(s->file, &s->job_err))
        return false;
    for (struct batch *b = s->first;; b = b->next) {
        for (struct row *r = b->first; r != NULL; r = r->next)
            if (!state_file_row(s->file, r, &s->job_err))
                return false;
        if (b == s->job_last)
            return state_file_commit(s->file, &s->job_err);
    }
}

static void work(void *ctx)
{
    struct state *s = ctx;
    s->job_ok = s->file == NULL || write_batches(s);
    if (s->file == NULL)
        return;
    if (!s->job_ok && s->file->ready)
        state_file_rollback(s->file);
    else if (s->job_ok && s->job_thins)
        state_file_thin(s->file, loop_wall_s());
}

static void work_done(void *ctx);

static void start_job(struct state *s)
{
    if (s->working || s->first == NULL)
        return;
    s->working = true;
    s->job_last = s->last;
    s->job_thins = s->n_commits++ % THIN_EVERY == 0;
    s->job_start_s = loop_mono_s();
    loop_timer_start(s->timer, HANGS_S, HANGS_S);
    writer_do(s->writer, work, work_done, s);
}

static void tell_all_refused(struct state *s)
{
    struct batch *last = s->last; /* telling may commit more */
    for (struct batch *b = s->first; b != NULL; b = b->next) {
        tell(s, b, false);
        if (b == last)
            return;
    }
}

static void refused(struct state *s)
{
    s->working = false;
    if (s->bytes > FULL_BYTES)
        compact(s, false);
    if (s->bytes > FULL_BYTES)
        compact(s, true);
    set_trouble(s, s->job_err.text);
    if (s->retry_s == 0)
        s->retry_s = FIRST_RETRY_S;
    loop_timer_start(s->timer, s->retry_s, 0);
    tell_all_refused(s);
}

static void written(struct state *s)
{
    struct batch *last = s->job_last;
    free(s->trouble);
    s->trouble = NULL;
    s->retry_s = 0;
    s->n_left_out = 0;
    for (bool more = true; more;) {
        struct batch *b = take_first(s);
        more = b != last;
        tell(s, b, true); /* which may commit more: no job begins before all of this one are taken away */
        batch_free(b);
    }
    s->working = false;
    start_job(s);
}

static void work_done(void *ctx)
{
    struct state *s = ctx;
    loop_timer_stop(s->timer);
    if (s->job_ok)
        written(s);
    else
        refused(s);
}

static void on_timer(void *ctx)
{
    struct state *s = ctx;
    if (!s->working) {
        s->retry_s = fmin(s->retry_s * 2, LAST_RETRY_S);
        start_job(s);
        return;
    }
    set_trouble(s, "the disk of the state file does not answer");
    tell_all_refused(s);
}

/* ---- The outside ---- */

struct state *state_open(struct loop *loop, const char *directory, bool *held, struct err *err)
{
    struct state_file *file = NULL;
    struct err why = {""};
    *held = false;
    if (directory != NULL && (file = state_file_open(directory, held, &why)) == NULL) {
        fail(err, "%s", why.text);
        return NULL;
    }
    struct state *s = mem_new(sizeof(*s));
    s->loop = loop;
    s->file = file;
    s->open = batch_new();
    s->attempts = mem_new(sizeof(*s->attempts));
    s->next_message = 1;
    if (file != NULL && file->ready && !state_load_outbox(s, err)) {
        state_close(s, 0);
        return NULL;
    }
    s->writer = writer_new(loop);
    s->timer = loop_timer_new(loop, on_timer, s);
    if (file != NULL && !file->ready) {
        set_trouble(s, why.text);
        state_commit(s, NULL, NULL); /* tries until there is a file */
    }
    return s;
}

static void free_outgoing(struct outgoing *o)
{
    while (o != NULL) {
        struct outgoing *next = o->next;
        outbox_row_free(o->row);
        free(o);
        o = next;
    }
}

static struct state_lost count_lost(const struct state *s)
{
    struct state_lost lost = {0};
    for (const struct batch *b = s->first; b != NULL; b = b->next)
        for (const struct row *r = b->first; r != NULL; r = r->next)
            *(r->statement == PUT_EVENT ? &lost.transitions : &lost.others) += 1;
    return lost;
}

struct state_lost state_close(struct state *s, double wait_s)
{
    if (s == NULL)
        return (struct state_lost){0};
    if (s->writer != NULL && s->open->first != NULL)
        state_commit(s, NULL, NULL);
    if (s->writer != NULL)
        start_job(s);
    bool idle = writer_free(s->writer, wait_s);
    loop_timer_free(s->timer);
    struct state_lost lost = count_lost(s);
    if (!idle)
        return lost; /* the writer still works with it, and the program is about to end */
    while (s->first != NULL) {
        struct batch *b = take_first(s);
        tell(s, b, false);
        batch_free(b);
    }
    batch_free(s->open);
    free_outgoing(s->early);
    live_free_all(s);
    attempts_done(s->attempts);
    state_file_close(s->file);
    free(s->trouble);
    free(s);
    return lost;
}

void state_commit(struct state *s, state_done_fn *fn, void *ctx)
{
    struct batch *b = s->open;
    s->open = batch_new();
    b->fn = fn;
    b->ctx = ctx;
    s->bytes += b->bytes;
    if (s->last == NULL)
        s->first = b;
    else
        s->last->next = b;
    s->last = b;
    start_job(s);
}

const char *state_trouble(const struct state *s)
{
    return s->trouble;
}

const char *state_notice(const struct state *s)
{
    return s->file == NULL ? NULL : s->file->notice;
}

void state_on_outbox(struct state *s, state_outbox_fn *fn, void *ctx)
{
    s->outbox = fn;
    s->outbox_ctx = ctx;
    while (fn != NULL && s->early != NULL) {
        struct outgoing *o = s->early;
        s->early = o->next;
        if (s->early == NULL)
            s->last_early = NULL;
        give_out(s, o);
    }
}
