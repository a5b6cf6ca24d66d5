/* The query thread: one door, its requests in order of priority, their results handed back to the loop. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/door.h"
#include "core/loop.h"
#include "core/mem.h"
#include "core/thread.h"

enum { PANES = 0, N_PRIORITIES = 3, MAX_QUEUED = 4096 };
static const double PATIENCE_S = 0.010; /* a statement of lower priority runs at least this long */

struct job {
    struct job *next;
    int ticket, priority;
    bool put_back; /* was interrupted once: now it may end */
    struct query query;
    struct snapshot *snapshot; /* NULL once it ran: a result holds copies */
    query_done_fn *fn;
    void *ctx;
    struct result *result;
    struct err err;
};

struct list {
    struct job *first, *last;
};

struct query_thread {
    pthread_t thread;
    struct loop_post *post;
    struct door *door;
    int next_ticket; /* loop thread only */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    struct list queued[N_PRIORITIES];
    struct list done;
    int n_queued;
    struct job *running;
    bool cancelled; /* the running one: nobody waits for it */
    bool ending;
    /* Read without the mutex while a statement runs: */
    atomic_bool end_now; /* ending, or the running one is cancelled */
    atomic_bool pane_asks;
};

/* ---- Jobs and lists ---- */

static struct job *job_new(struct snapshot *snapshot, const struct query *q, query_done_fn *fn, void *ctx)
{
    struct job *j = mem_new(sizeof(*j));
    query_copy(&j->query, q);
    j->snapshot = snapshot_ref(snapshot);
    j->fn = fn;
    j->ctx = ctx;
    return j;
}

static void job_free(struct job *j)
{
    if (j == NULL)
        return;
    query_done(&j->query);
    snapshot_unref(j->snapshot);
    result_free(j->result);
    free(j);
}

static void append(struct list *l, struct job *j)
{
    j->next = NULL;
    if (l->last == NULL)
        l->first = j;
    else
        l->last->next = j;
    l->last = j;
}

static void prepend(struct list *l, struct job *j)
{
    j->next = l->first;
    l->first = j;
    if (l->last == NULL)
        l->last = j;
}

static struct job *take_first(struct list *l)
{
    struct job *j = l->first;
    if (j == NULL)
        return NULL;
    l->first = j->next;
    if (l->first == NULL)
        l->last = NULL;
    return j;
}

static struct job *take_ticket(struct list *l, int ticket)
{
    struct job *before = NULL, *j = l->first;
    while (j != NULL && j->ticket != ticket) {
        before = j;
        j = j->next;
    }
    if (before == NULL || j == NULL)
        return j == NULL ? NULL : take_first(l);
    before->next = j->next;
    if (l->last == j)
        l->last = before;
    return j;
}

/* ---- On the query thread ---- */

static bool should_stop(void *ctx, double ran_s)
{
    struct query_thread *t = ctx;
    if (atomic_load_explicit(&t->end_now, memory_order_relaxed))
        return true;
    return ran_s > PATIENCE_S && atomic_load_explicit(&t->pane_asks, memory_order_relaxed) &&
           t->running->priority != PANES && !t->running->put_back;
}

/* The mutex is held. */
static void update_flags(struct query_thread *t)
{
    atomic_store(&t->end_now, t->ending || (t->running != NULL && t->cancelled));
    atomic_store(&t->pane_asks, t->queued[PANES].first != NULL);
}

static struct job *next_job(struct query_thread *t)
{
    for (int p = 0; p < N_PRIORITIES; p++) {
        struct job *j = take_first(&t->queued[p]);
        if (j != NULL) {
            t->n_queued--;
            return j;
        }
    }
    return NULL;
}

/* The mutex is held. Hands J, which ran, to the loop; or puts it back; or forgets it. */
static void settle(struct query_thread *t, struct job *j)
{
    bool gave_way = j->result == NULL && t->door->ended == ENDED_INTERRUPT;
    t->running = NULL;
    if (t->cancelled || t->ending) {
        job_free(j);
    } else if (gave_way && !j->put_back) {
        j->put_back = true;
        t->n_queued++;
        prepend(&t->queued[j->priority], j);
    } else {
        snapshot_unref(j->snapshot);
        j->snapshot = NULL;
        append(&t->done, j);
        loop_post_send(t->post);
    }
}

static void *work(void *ctx)
{
    struct query_thread *t = ctx;
    pthread_mutex_lock(&t->mutex);
    while (!t->ending) {
        struct job *j = next_job(t);
        if (j == NULL) {
            pthread_cond_wait(&t->wake, &t->mutex);
            continue;
        }
        t->running = j;
        t->cancelled = false;
        update_flags(t);
        pthread_mutex_unlock(&t->mutex);
        j->result = door_run(t->door, j->snapshot, &j->query, &j->err);
        pthread_mutex_lock(&t->mutex);
        settle(t, j);
    }
    pthread_mutex_unlock(&t->mutex);
    return NULL;
}

/* ---- On the loop thread ---- */

static void deliver(void *ctx)
{
    struct query_thread *t = ctx;
    for (;;) {
        pthread_mutex_lock(&t->mutex);
        struct job *j = take_first(&t->done);
        pthread_mutex_unlock(&t->mutex);
        if (j == NULL)
            return;
        struct result *result = j->result;
        j->result = NULL;
        j->fn(j->ctx, result, result == NULL ? j->err.text : NULL);
        job_free(j);
    }
}

struct query_thread *query_thread_new(struct loop *loop, const struct registry *r, struct err *err)
{
    struct door *door = door_new(r, err);
    if (door == NULL)
        return NULL;
    struct query_thread *t = mem_new(sizeof(*t));
    t->door = door;
    door_on_stop(door, should_stop, t);
    pthread_mutex_init(&t->mutex, NULL);
    pthread_cond_init(&t->wake, NULL);
    t->post = loop_post_new(loop, deliver, t);
    if (thread_start(&t->thread, work, t)) {
        pthread_setname_np(t->thread, "dbvitals-query"); /* as top -H shows it */
        return t;
    }
    fail(err, "the query thread cannot be started: too many threads or too little memory");
    loop_post_free(t->post);
    door_free(door);
    free(t);
    return NULL;
}

static void drop_all(struct list *l)
{
    for (struct job *j; (j = take_first(l)) != NULL;)
        job_free(j);
}

void query_thread_free(struct query_thread *t)
{
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->mutex);
    t->ending = true;
    update_flags(t);
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->mutex);
    pthread_join(t->thread, NULL);
    for (int p = 0; p < N_PRIORITIES; p++)
        drop_all(&t->queued[p]);
    drop_all(&t->done);
    loop_post_free(t->post);
    door_free(t->door);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->mutex);
    free(t);
}

int query_submit(struct query_thread *t, struct snapshot *snapshot, const struct query *q, int priority,
                 query_done_fn *fn, void *ctx)
{
    assert(priority >= 0 && priority < N_PRIORITIES);
    struct job *j = job_new(snapshot, q, fn, ctx);
    j->ticket = ++t->next_ticket;
    j->priority = priority;
    pthread_mutex_lock(&t->mutex);
    if (t->n_queued >= MAX_QUEUED) {
        fail(&j->err, "%d statements wait already", MAX_QUEUED);
        append(&t->done, j);
        loop_post_send(t->post);
    } else {
        t->n_queued++;
        append(&t->queued[priority], j);
        update_flags(t);
    }
    int ticket = j->ticket; /* the job may be done and gone soon */
    pthread_mutex_unlock(&t->mutex);
    pthread_cond_signal(&t->wake); /* not before: it would wake up only to wait for the mutex */
    return ticket;
}

void query_cancel(struct query_thread *t, int ticket)
{
    struct job *found = NULL;
    pthread_mutex_lock(&t->mutex);
    for (int p = 0; p < N_PRIORITIES && found == NULL; p++) {
        found = take_ticket(&t->queued[p], ticket);
        if (found != NULL)
            t->n_queued--;
    }
    if (found == NULL)
        found = take_ticket(&t->done, ticket);
    if (found == NULL && t->running != NULL && t->running->ticket == ticket)
        t->cancelled = true;
    update_flags(t);
    pthread_mutex_unlock(&t->mutex);
    job_free(found);
}
