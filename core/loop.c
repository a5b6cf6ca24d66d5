/* The loop: descriptors, timers, signals, name look-ups, on libuv; the one file that knows libuv. */
#include "core/loop.h"

#include <assert.h>
#include <fcntl.h>
#include <math.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "core/mem.h"

static const uint64_t patience_ms = 200; /* for the pool, when the loop ends */

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    loop_fn *before_sleep;
    void *before_sleep_ctx;
};

/* Each handle is one heap block that begins with libuv's, and outlives its free until libuv lets go of it:
 * that is what makes freeing from its own callback safe. No callback comes after uv_close. */
static void closed(uv_handle_t *h)
{
    free(h->data);
}

static void close_handle(uv_handle_t *h, void *block)
{
    h->data = block;
    uv_close(h, closed);
}

/* Setting up a timer, a signal or an async only fails for want of memory or descriptors, before anything is
 * shown. */
static void must(int status)
{
    if (status == 0)
        return;
    fprintf(stderr, "dbvitals: cannot set up the event loop: %s\n", uv_strerror(status));
    if (status != UV_EMFILE && status != UV_ENFILE && status != UV_ENOMEM)
        abort();
    exit(2); /* as what cannot start for want of something that the user can give */
}

/* ---- The loop itself ---- */

static void prepared(uv_prepare_t *h)
{
    struct loop *l = h->data;
    l->before_sleep(l->before_sleep_ctx);
}

struct loop *loop_new(void)
{
    struct loop *l = mem_new(sizeof(*l));
    must(uv_loop_init(&l->uv));
    must(uv_prepare_init(&l->uv, &l->prepare));
    l->prepare.data = l;
    uv_unref((uv_handle_t *)&l->prepare);
    return l;
}

static void forget_patience(uv_timer_t *t)
{
    bool *over = t->data;
    *over = true;
}

static void assert_closing(uv_handle_t *h, void *unused)
{
    (void)unused;
    assert(uv_is_closing(h)); /* else somebody has not freed his handle */
    (void)h;
}

bool loop_free(struct loop *l)
{
    if (l == NULL)
        return true;
    uv_close((uv_handle_t *)&l->prepare, NULL);
    uv_walk(&l->uv, assert_closing, NULL);
    uv_timer_t timer;
    bool over = false;
    must(uv_timer_init(&l->uv, &timer));
    timer.data = &over;
    uv_update_time(&l->uv);
    uv_timer_start(&timer, forget_patience, patience_ms, 0);
    uv_unref((uv_handle_t *)&timer);
    while (!over && uv_run(&l->uv, UV_RUN_ONCE) != 0)
        ;
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&l->uv, UV_RUN_NOWAIT);
    if (uv_loop_close(&l->uv) != 0)
        return false; /* the pool still writes to it: it is left behind */
    free(l);
    return true;
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_run_once(struct loop *l, bool wait)
{
    uv_run(&l->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double loop_mono_s(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double loop_boot_s(void)
{
    return seconds_of(CLOCK_BOOTTIME);
}

double loop_wall_s(void)
{
    return seconds_of(CLOCK_REALTIME);
}

void loop_before_sleep(struct loop *l, loop_fn *fn, void *ctx)
{
    l->before_sleep = fn;
    l->before_sleep_ctx = ctx;
    if (fn != NULL)
        uv_prepare_start(&l->prepare, prepared);
    else
        uv_prepare_stop(&l->prepare);
}

/* ---- Timers ---- */

struct loop_timer {
    uv_timer_t uv;
    loop_fn *fn;
    void *ctx;
    double due_s; /* its first call, on loop_mono_s */
};

struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *ctx)
{
    struct loop_timer *t = mem_new(sizeof(*t));
    t->fn = fn;
    t->ctx = ctx;
    must(uv_timer_init(&l->uv, &t->uv));
    t->uv.data = t;
    return t;
}

static void fired(uv_timer_t *h)
{
    struct loop_timer *t = h->data;
    if (loop_mono_s() < t->due_s) /* libuv's clock has whole milliseconds, cut off: up to one too early */
        uv_timer_start(h, fired, 1, uv_timer_get_repeat(h));
    else
        t->fn(t->ctx);
}

/* Rounded up. NAN counts as 0. */
static uint64_t milliseconds(double s)
{
    if (!(s > 0))
        return 0;
    return s > 1e9 ? UINT64_C(1000000000000) : (uint64_t)ceil(s * 1000);
}

void loop_timer_start(struct loop_timer *t, double after_s, double repeat_s)
{
    t->due_s = loop_mono_s() + after_s;
    uv_update_time(t->uv.loop); /* after_s is from now, not from the start of this turn */
    uv_timer_start(&t->uv, fired, milliseconds(after_s), milliseconds(repeat_s));
}

void loop_timer_stop(struct loop_timer *t)
{
    uv_timer_stop(&t->uv);
}

void loop_timer_free(struct loop_timer *t)
{
    if (t != NULL)
        close_handle((uv_handle_t *)&t->uv, t);
}

/* ---- Descriptors ---- */

struct loop_fd {
    uv_poll_t uv;
    loop_fd_fn *fn;
    void *ctx;
    int events;
};

struct loop_fd *loop_fd_new(struct loop *l, int fd, loop_fd_fn *fn, void *ctx)
{
    /* libuv makes it non-blocking. But a terminal is shared with the shell, and stdio cannot write to such a
     * one. */
    int flags = fcntl(fd, F_GETFL);
    struct loop_fd *f = mem_new(sizeof(*f));
    int status = flags == -1 ? UV_EBADF : uv_poll_init(&l->uv, &f->uv, fd);
    if (flags != -1)
        fcntl(fd, F_SETFL, flags);
    if (status != 0) {
        free(f);
        return NULL;
    }
    f->fn = fn;
    f->ctx = ctx;
    f->uv.data = f;
    return f;
}

static void polled(uv_poll_t *h, int status, int events)
{
    struct loop_fd *f = h->data;
    if (status < 0) { /* the reader or writer shall meet the error; libuv has stopped watching */
        events = f->events;
        uv_poll_start(&f->uv, events, polled);
    }
    f->fn(f->ctx, (events & UV_READABLE) != 0, (events & UV_WRITABLE) != 0);
}

void loop_fd_want(struct loop_fd *f, bool readable, bool writable)
{
    int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    /* Not skipped when unchanged: libpq may have closed the descriptor and opened another under the same
     * number. */
    f->events = events;
    if (events == 0)
        uv_poll_stop(&f->uv);
    else
        uv_poll_start(&f->uv, events, polled);
}

void loop_fd_free(struct loop_fd *f)
{
    if (f != NULL)
        close_handle((uv_handle_t *)&f->uv, f);
}

/* ---- Signals ---- */

struct loop_signal {
    uv_signal_t uv;
    loop_signal_fn *fn;
    void *ctx;
};

static void signalled(uv_signal_t *h, int signal)
{
    struct loop_signal *s = h->data;
    s->fn(s->ctx, signal);
}

struct loop_signal *loop_signal_new(struct loop *l, int signal, loop_signal_fn *fn, void *ctx)
{
    struct loop_signal *s = mem_new(sizeof(*s));
    s->fn = fn;
    s->ctx = ctx;
    must(uv_signal_init(&l->uv, &s->uv));
    s->uv.data = s;
    must(uv_signal_start(&s->uv, signalled, signal));
    return s;
}

void loop_signal_free(struct loop_signal *s)
{
    if (s != NULL)
        close_handle((uv_handle_t *)&s->uv, s);
}

/* ---- Posts from other threads ---- */

struct loop_post {
    uv_async_t uv;
    loop_fn *fn;
    void *ctx;
};

static void posted(uv_async_t *h)
{
    struct loop_post *p = h->data;
    p->fn(p->ctx);
}

struct loop_post *loop_post_new(struct loop *l, loop_fn *fn, void *ctx)
{
    struct loop_post *p = mem_new(sizeof(*p));
    p->fn = fn;
    p->ctx = ctx;
    must(uv_async_init(&l->uv, &p->uv, posted));
    p->uv.data = p;
    return p;
}

void loop_post_send(struct loop_post *p)
{
    uv_async_send(&p->uv);
}

void loop_post_free(struct loop_post *p)
{
    if (p != NULL)
        close_handle((uv_handle_t *)&p->uv, p);
}

/* ---- Name look-ups ---- */

enum { MOST_ADDRESSES = 64 };

struct loop_lookup {
    uv_getaddrinfo_t uv;
    loop_lookup_fn *fn; /* NULL once cancelled */
    void *ctx;
    struct loop_timer *refused; /* when libuv does not even ask: tells it from the loop, as ever */
    int status;
    bool told; /* its callback runs, or has run: nothing is left to cancel */
};

static void tell_failure(struct loop_lookup *u, int status)
{
    u->told = true;
    u->fn(u->ctx, NULL, 0, uv_strerror(status));
}

static void tell_addresses(struct loop_lookup *u, const struct addrinfo *found)
{
    char texts[MOST_ADDRESSES][INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
    const char *addresses[MOST_ADDRESSES];
    int n = 0;
    for (const struct addrinfo *a = found; a != NULL && n < MOST_ADDRESSES; a = a->ai_next) {
        /* Not uv_ip6_name: this keeps the interface of fe80::1%eth0. */
        if (getnameinfo(a->ai_addr, a->ai_addrlen, texts[n], sizeof(texts[n]), NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        addresses[n] = texts[n];
        n++;
    }
    if (n == 0) {
        tell_failure(u, UV_EAI_NODATA);
        return;
    }
    u->told = true;
    u->fn(u->ctx, addresses, n, NULL);
}

static void looked_up(uv_getaddrinfo_t *h, int status, struct addrinfo *found)
{
    struct loop_lookup *u = h->data;
    if (u->fn != NULL && status == 0)
        tell_addresses(u, found);
    else if (u->fn != NULL)
        tell_failure(u, status);
    uv_freeaddrinfo(found);
    free(u);
}

static void refused(void *ctx)
{
    struct loop_lookup *u = ctx;
    tell_failure(u, u->status);
    loop_timer_free(u->refused);
    free(u);
}

struct loop_lookup *loop_lookup(struct loop *l, const char *host, loop_lookup_fn *fn, void *ctx)
{
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct loop_lookup *u = mem_new(sizeof(*u));
    u->fn = fn;
    u->ctx = ctx;
    u->uv.data = u;
    u->status = uv_getaddrinfo(&l->uv, &u->uv, looked_up, host, NULL, &hints);
    if (u->status != 0) {
        u->refused = loop_timer_new(l, refused, u);
        loop_timer_start(u->refused, 0, 0);
    }
    return u;
}

void loop_lookup_cancel(struct loop_lookup *u)
{
    if (u == NULL || u->told)
        return;
    if (u->refused != NULL) {
        loop_timer_free(u->refused);
        free(u);
        return;
    }
    u->fn = NULL;
    uv_cancel((uv_req_t *)&u->uv); /* may come too late; then what is found is dropped */
}

/* ---- Work in the pool ---- */

struct work {
    uv_work_t uv;
    loop_fn *work, *done;
    void *ctx;
};

static void do_work(uv_work_t *h)
{
    struct work *w = h->data;
    w->work(w->ctx);
}

static void work_done(uv_work_t *h, int status)
{
    (void)status;
    struct work *w = h->data;
    w->done(w->ctx);
    free(w);
}

void loop_work(struct loop *l, loop_fn *work, loop_fn *done, void *ctx)
{
    struct work *w = mem_new(sizeof(*w));
    w->work = work;
    w->done = done;
    w->ctx = ctx;
    w->uv.data = w;
    must(uv_queue_work(&l->uv, &w->uv, do_work, work_done));
}
