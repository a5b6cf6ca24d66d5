/* The writer: one thread with a queue of jobs; what is done goes back to the loop in the same order. */
#include "core/writer.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/mem.h"
#include "core/thread.h"

struct job {
    struct job *next;
    loop_fn *work, *done;
    void *ctx;
};

struct list {
    struct job *first, *last;
};

struct writer {
    pthread_t thread;
    struct loop_post *post;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;   /* of the thread: a job, or the end */
    pthread_cond_t idle;   /* of writer_free: nothing waits or runs */
    struct list queued, finished;
    int n_waiting; /* queued, running, or finished and not yet told */
    bool running, ending;
    bool left; /* writer_free gave up on a job that hangs: nobody is told any more */
};

static void append(struct list *l, struct job *j)
{
    j->next = NULL;
    if (l->last == NULL)
        l->first = j;
    else
        l->last->next = j;
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

/* ---- On the writer's thread ---- */

/* The mutex is held, and is let go of while the job works. */
static void run(struct writer *w, struct job *j)
{
    w->running = true;
    pthread_mutex_unlock(&w->mutex);
    j->work(j->ctx);
    pthread_mutex_lock(&w->mutex);
    w->running = false;
    append(&w->finished, j);
    if (!w->left)
        loop_post_send(w->post);
    if (w->queued.first == NULL)
        pthread_cond_signal(&w->idle);
}

static void *work(void *ctx)
{
    struct writer *w = ctx;
    pthread_mutex_lock(&w->mutex);
    while (!w->ending) {
        struct job *j = take_first(&w->queued);
        if (j != NULL)
            run(w, j);
        else
            pthread_cond_wait(&w->wake, &w->mutex);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

/* ---- On the loop thread ---- */

static void tell_finished(void *ctx)
{
    struct writer *w = ctx;
    for (;;) {
        pthread_mutex_lock(&w->mutex);
        struct job *j = take_first(&w->finished);
        if (j != NULL)
            w->n_waiting--;
        pthread_mutex_unlock(&w->mutex);
        if (j == NULL)
            return;
        if (j->done != NULL)
            j->done(j->ctx);
        free(j);
    }
}

/* A thread that cannot be started is the end of memory: it is wanted before anything is shown. */
static void start(struct writer *w)
{
    if (thread_start(&w->thread, work, w))
        return;
    fprintf(stderr,
            "dbvitals: the writer's thread cannot be started: too many threads or too little memory\n");
    abort();
}

struct writer *writer_new(struct loop *loop)
{
    struct writer *w = mem_new(sizeof(*w));
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->wake, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    w->post = loop_post_new(loop, tell_finished, w);
    start(w);
    return w;
}

void writer_do(struct writer *w, loop_fn *work_fn, loop_fn *done, void *ctx)
{
    struct job *j = mem_new(sizeof(*j));
    *j = (struct job){.work = work_fn, .done = done, .ctx = ctx};
    pthread_mutex_lock(&w->mutex);
    w->n_waiting++;
    append(&w->queued, j);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
}

int writer_waiting(const struct writer *w)
{
    struct writer *to_lock = (struct writer *)(uintptr_t)w;
    pthread_mutex_lock(&to_lock->mutex);
    int n = w->n_waiting;
    pthread_mutex_unlock(&to_lock->mutex);
    return n;
}

static struct timespec moment(double mono_s)
{
    double whole = floor(mono_s);
    return (struct timespec){.tv_sec = (time_t)whole, .tv_nsec = (long)((mono_s - whole) * 1e9)};
}

/* False when UNTIL passes and something still waits or runs. */
static bool await_idle(struct writer *w, struct timespec until)
{
    bool in_time = true;
    pthread_mutex_lock(&w->mutex);
    while (in_time && (w->running || w->queued.first != NULL))
        in_time = pthread_cond_timedwait(&w->idle, &w->mutex, &until) != ETIMEDOUT;
    in_time = !w->running && w->queued.first == NULL;
    pthread_mutex_unlock(&w->mutex);
    return in_time;
}

/* A job may be given by the done of another one. */
static bool finish(struct writer *w, struct timespec until)
{
    do {
        bool in_time = await_idle(w, until);
        tell_finished(w);
        if (!in_time)
            return false;
    } while (writer_waiting(w) > 0);
    return true;
}

bool writer_free(struct writer *w, double wait_s)
{
    if (w == NULL)
        return true;
    bool finished = finish(w, moment(loop_mono_s() + wait_s));
    pthread_mutex_lock(&w->mutex);
    w->ending = true;
    w->left = !finished;
    loop_post_free(w->post);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
    if (!finished) {
        pthread_detach(w->thread); /* which still uses W */
        return false;
    }
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->idle);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->mutex);
    free(w);
    return true;
}
