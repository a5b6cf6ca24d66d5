/* The loop: descriptors, timers, signals, name look-ups, on libuv. Nothing blocks here. */
#ifndef DBVITALS_CORE_LOOP_H
#define DBVITALS_CORE_LOOP_H

#include <stdbool.h>

struct loop;
struct loop_timer;
struct loop_fd;
struct loop_signal;
struct loop_post;
struct loop_lookup;

typedef void loop_fn(void *ctx);
typedef void loop_fd_fn(void *ctx, bool readable, bool writable);
typedef void loop_signal_fn(void *ctx, int signal);

struct loop *loop_new(void);
/* After all its handles were freed. Look-ups and work that the pool still does get 0.2 s; if that was not enough (a dead name server)
 * the loop is left behind and false returned: then end the program with _exit(), since exit() waits for the pool. */
bool loop_free(struct loop *l);
void loop_run(struct loop *l); /* until loop_stop, or until no handle could ever wake it */
void loop_run_once(struct loop *l, bool wait);
void loop_stop(struct loop *l);
double loop_mono_s(void); /* CLOCK_MONOTONIC in seconds */
double loop_boot_s(void); /* the same, and goes on while the machine sleeps */
double loop_wall_s(void); /* seconds since 1970 */
/* FN runs once per turn before the loop sleeps: drawing happens there. At most one; NULL removes it. */
void loop_before_sleep(struct loop *l, loop_fn *fn, void *ctx);

/* A timer, not started. Freeing is allowed from any callback, its own too. */
struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *ctx);
void loop_timer_start(struct loop_timer *t, double after_s, double repeat_s); /* never early; repeat 0: once */
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

/* Watches a descriptor that stays the caller's; free this before closing it. Its flags are kept (not made non-blocking). NULL if it cannot
 * be watched: a regular file, /dev/null, or one that this loop watches already. Nothing is watched until loop_fd_want, which registers
 * the descriptor anew each time. An error or hang-up counts as everything that was wanted, until the owner reads it and gives up. */
struct loop_fd *loop_fd_new(struct loop *l, int fd, loop_fd_fn *fn, void *ctx);
void loop_fd_want(struct loop_fd *f, bool readable, bool writable);
void loop_fd_free(struct loop_fd *f);

struct loop_signal *loop_signal_new(struct loop *l, int signal, loop_signal_fn *fn, void *ctx);
void loop_signal_free(struct loop_signal *s);

/* A way for another thread to make FN run on the loop thread; several sends may give one call. */
struct loop_post *loop_post_new(struct loop *l, loop_fn *fn, void *ctx);
void loop_post_send(struct loop_post *p); /* any thread */
void loop_post_free(struct loop_post *p);

/* Addresses of HOST, found in the pool. ADDRESSES are numeric strings valid during the call; N 0 with ERROR on failure. Never called from
 * within loop_lookup. After the callback, or in it, the look-up is gone. */
typedef void loop_lookup_fn(void *ctx, const char *const *addresses, int n, const char *error);
struct loop_lookup *loop_lookup(struct loop *l, const char *host, loop_lookup_fn *fn, void *ctx);
void loop_lookup_cancel(struct loop_lookup *u); /* its callback will not be called; not after it was */

/* WORK runs in the pool (UV_THREADPOOL_SIZE threads, set in main), then DONE on the loop thread. Cannot be cancelled: CTX must live until
 * DONE. */
void loop_work(struct loop *l, loop_fn *work, loop_fn *done, void *ctx);

#endif
