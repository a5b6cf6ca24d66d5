/* The loop calls what it promised, once, and lets every handle be freed from its own callback. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/loop.h"

struct bench {
    struct loop *loop;
    struct loop_timer *timer;
    struct loop_fd *fd;
    struct loop_signal *signal;
    struct loop_post *post;
    struct loop_lookup *lookup;
    int calls;
    int stop_at; /* the loop stops after so many calls */
    int pipe[2];
    char addresses[1000];
    char error[200];
};

static int begin(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    b->loop = loop_new();
    b->stop_at = 1;
    if (pipe(b->pipe) != 0)
        return -1;
    *state = b;
    return 0;
}

/* Each test has freed its handles: loop_free asserts it, and says whether all has ended. */
static int end(void **state)
{
    struct bench *b = *state;
    bool ended = loop_free(b->loop);
    close(b->pipe[0]);
    close(b->pipe[1]);
    free(b);
    return ended ? 0 : -1;
}

static void count(void *ctx)
{
    struct bench *b = ctx;
    if (++b->calls >= b->stop_at)
        loop_stop(b->loop);
}

static double part_of_a_millisecond(void)
{
    return fmod(loop_mono_s() * 1e3, 1);
}

/* Its handle is freed before the tests: loop_free would end the program before it told which one failed. */
static void a_timer_fires_once_and_never_early(void **state)
{
    struct bench *b = *state;
    struct loop_timer *t = loop_timer_new(b->loop, count, b);
    double start = loop_mono_s();
    loop_timer_start(t, 0.02, 0);
    loop_run(b->loop);
    double took = loop_mono_s() - start;
    loop_run(b->loop); /* returns: nothing is left that could wake it */
    loop_timer_free(t);
    assert_true(took >= 0.02);
    assert_int_equal(b->calls, 1);
}

static void a_timer_is_not_early_where_a_millisecond_ends(void **state)
{
    struct bench *b = *state;
    struct loop_timer *t = loop_timer_new(b->loop, count, b);
    double least = 1;
    for (int i = 0; i < 10; i++) {
        while (part_of_a_millisecond() < 0.8)
            ;
        double start = loop_mono_s();
        loop_timer_start(t, 0.005, 0);
        while (part_of_a_millisecond() > 0.7)
            ;
        loop_run(b->loop);
        least = fmin(least, loop_mono_s() - start);
    }
    loop_timer_free(t);
    assert_int_equal(b->calls, 10);
    assert_true(least >= 0.005);
}

static void a_timer_repeats_until_it_is_stopped(void **state)
{
    struct bench *b = *state;
    struct loop_timer *t = loop_timer_new(b->loop, count, b);
    b->stop_at = 3;
    loop_timer_start(t, 0, 0.001);
    loop_run(b->loop);
    assert_int_equal(b->calls, 3);
    loop_timer_stop(t);
    loop_run(b->loop);
    assert_int_equal(b->calls, 3);
    loop_timer_free(t);
}

static void a_timer_started_again_forgets_its_first_start(void **state)
{
    struct bench *b = *state;
    struct loop_timer *t = loop_timer_new(b->loop, count, b);
    loop_timer_start(t, 3600, 3600);
    loop_timer_start(t, NAN, 0);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
    loop_timer_free(t);
}

static void free_timer(void *ctx)
{
    struct bench *b = ctx;
    b->calls++;
    loop_timer_free(b->timer);
}

static void a_timer_may_be_freed_from_its_own_callback(void **state)
{
    struct bench *b = *state;
    b->timer = loop_timer_new(b->loop, free_timer, b);
    loop_timer_start(b->timer, 0, 0.001);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
}

static void a_freed_timer_that_was_due_does_not_fire(void **state)
{
    struct bench *b = *state;
    struct loop_timer *first = loop_timer_new(b->loop, free_timer, b);
    b->timer = loop_timer_new(b->loop, count, b);
    loop_timer_start(first, 0, 0);
    loop_timer_start(b->timer, 0, 0); /* due in the same turn, after the first */
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
    loop_timer_free(first);
}

static void read_byte(void *ctx, bool readable, bool writable)
{
    struct bench *b = ctx;
    char byte;
    assert_true(readable);
    assert_false(writable);
    assert_int_equal(read(b->pipe[0], &byte, 1), 1);
    count(b);
}

static void put_byte(struct bench *b)
{
    assert_int_equal(write(b->pipe[1], "x", 1), 1);
}

static void a_descriptor_is_told_readable_only_while_wanted(void **state)
{
    struct bench *b = *state;
    b->fd = loop_fd_new(b->loop, b->pipe[0], read_byte, b);
    put_byte(b);
    loop_run_once(b->loop, false);
    assert_int_equal(b->calls, 0);
    loop_fd_want(b->fd, true, false);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
    loop_fd_want(b->fd, false, false);
    put_byte(b);
    loop_run_once(b->loop, false);
    assert_int_equal(b->calls, 1);
    loop_fd_want(b->fd, true, false);
    loop_run(b->loop);
    assert_int_equal(b->calls, 2);
    loop_fd_free(b->fd);
}

static void see_writable(void *ctx, bool readable, bool writable)
{
    (void)readable;
    if (writable)
        count(ctx);
}

static void a_descriptor_is_told_writable(void **state)
{
    struct bench *b = *state;
    b->fd = loop_fd_new(b->loop, b->pipe[1], see_writable, b);
    loop_fd_want(b->fd, false, true);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
    loop_fd_free(b->fd);
}

static void free_fd(void *ctx, bool readable, bool writable)
{
    (void)writable;
    struct bench *b = ctx;
    assert_true(readable);
    b->calls++;
    loop_fd_free(b->fd);
}

static void a_descriptor_may_be_freed_from_its_own_callback(void **state)
{
    struct bench *b = *state;
    b->fd = loop_fd_new(b->loop, b->pipe[0], free_fd, b);
    loop_fd_want(b->fd, true, false);
    put_byte(b);
    put_byte(b);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
}

static void a_hang_up_counts_as_readable(void **state)
{
    struct bench *b = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    b->fd = loop_fd_new(b->loop, pair[0], free_fd, b);
    loop_fd_want(b->fd, true, false);
    close(pair[1]);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
    close(pair[0]);
}

static void an_error_is_told_again_until_the_owner_gives_up(void **state)
{
    struct bench *b = *state;
    b->fd = loop_fd_new(b->loop, b->pipe[1], see_writable, b);
    for (char bytes[4096] = "";
         fcntl(b->pipe[1], F_SETFL, O_NONBLOCK) == 0 && write(b->pipe[1], bytes, sizeof(bytes)) > 0;)
        ; /* full, so that only the error can make it writable */
    loop_fd_want(b->fd, false, true);
    loop_run_once(b->loop, false);
    assert_int_equal(b->calls, 0);
    b->stop_at = 3;
    close(b->pipe[0]); /* a pipe without a reader: POLLERR */
    loop_run(b->loop);
    assert_int_equal(b->calls, 3);
    loop_fd_free(b->fd);
    b->pipe[0] = dup(b->pipe[1]);
}

static void a_descriptor_closed_and_opened_under_its_number_is_watched_when_wanted_again(void **state)
{
    struct bench *b = *state;
    b->fd = loop_fd_new(b->loop, b->pipe[0], read_byte, b);
    loop_fd_want(b->fd, true, false);
    loop_run_once(b->loop, false);
    int other[2];
    assert_int_equal(pipe(other), 0);
    assert_int_equal(dup2(other[0], b->pipe[0]), b->pipe[0]); /* as libpq when it tries the next address */
    assert_int_equal(write(other[1], "x", 1), 1);
    loop_fd_want(b->fd, true, false);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
    loop_fd_free(b->fd);
    close(other[0]);
    close(other[1]);
}

static void a_descriptor_freed_may_be_watched_again_at_once(void **state)
{
    struct bench *b = *state;
    b->fd = loop_fd_new(b->loop, b->pipe[0], free_fd, b);
    loop_fd_want(b->fd, true, false);
    assert_null(loop_fd_new(b->loop, b->pipe[0], read_byte, b)); /* one watcher a descriptor */
    loop_fd_free(b->fd);
    b->fd = loop_fd_new(b->loop, b->pipe[0], read_byte, b);
    loop_fd_want(b->fd, true, false);
    put_byte(b);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
    loop_fd_free(b->fd);
}

static void a_descriptor_keeps_its_flags(void **state)
{
    struct bench *b = *state;
    int before = fcntl(b->pipe[0], F_GETFL);
    b->fd = loop_fd_new(b->loop, b->pipe[0], free_fd, b);
    loop_fd_want(b->fd, true, false);
    assert_int_equal(fcntl(b->pipe[0], F_GETFL), before);
    assert_false(before & O_NONBLOCK);
    loop_fd_free(b->fd);
}

static void what_cannot_be_watched_is_refused(void **state)
{
    struct bench *b = *state;
    int fd = open("/dev/null", O_RDONLY);
    assert_null(loop_fd_new(b->loop, fd, free_fd, b));
    close(fd);
    assert_null(loop_fd_new(b->loop, fd, free_fd, b));
    assert_null(loop_fd_new(b->loop, -1, free_fd, b));
}

static void see_signal(void *ctx, int signal)
{
    struct bench *b = ctx;
    assert_int_equal(signal, SIGUSR1);
    loop_signal_free(b->signal);
    count(b);
}

static void a_signal_arrives_and_may_be_freed_from_its_own_callback(void **state)
{
    struct bench *b = *state;
    b->signal = loop_signal_new(b->loop, SIGUSR1, see_signal, b);
    raise(SIGUSR1);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
}

enum { SENDS = 1000 };

struct sender {
    struct loop_post *post;
    atomic_int sent, seen;
    struct loop *loop;
};

static void *send_many(void *ctx)
{
    struct sender *s = ctx;
    for (int i = 0; i < SENDS; i++) {
        atomic_fetch_add(&s->sent, 1);
        loop_post_send(s->post);
    }
    return NULL;
}

static void see_post(void *ctx)
{
    struct sender *s = ctx;
    atomic_store(&s->seen, atomic_load(&s->sent));
    if (s->seen == 2 * SENDS)
        loop_stop(s->loop);
}

static void no_post_from_another_thread_is_lost(void **state)
{
    struct bench *b = *state;
    struct sender s = {.loop = b->loop};
    s.post = loop_post_new(b->loop, see_post, &s);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, &s), 0);
    loop_run(b->loop);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(s.seen, 2 * SENDS);
    loop_post_free(s.post);
}

static void free_post(void *ctx)
{
    struct bench *b = ctx;
    b->calls++;
    loop_post_free(b->post);
}

static void a_post_may_be_freed_from_its_own_callback(void **state)
{
    struct bench *b = *state;
    b->post = loop_post_new(b->loop, free_post, b);
    loop_post_send(b->post);
    loop_post_send(b->post);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
}

static void take_addresses(void *ctx, const char *const *addresses, int n, const char *error)
{
    struct bench *b = ctx;
    for (int i = 0; i < n; i++) {
        strncat(b->addresses, addresses[i], 100);
        strncat(b->addresses, " ", 2);
    }
    strncat(b->error, error == NULL ? "" : error, 100);
    loop_lookup_cancel(b->lookup); /* allowed, and too late */
    count(b);
}

static void look_up(struct bench *b, const char *host)
{
    b->calls = 0;
    b->addresses[0] = b->error[0] = '\0';
    b->lookup = loop_lookup(b->loop, host, take_addresses, b);
    assert_int_equal(b->calls, 0);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
}

static void look_ups_give_numeric_addresses_of_both_families(void **state)
{
    struct bench *b = *state;
    look_up(b, "127.0.0.1");
    assert_string_equal(b->addresses, "127.0.0.1 ");
    look_up(b, "::1");
    assert_string_equal(b->addresses, "::1 ");
    look_up(b, "localhost");
    assert_true(strstr(b->addresses, "127.0.0.1") != NULL || strstr(b->addresses, "::1") != NULL);
    assert_string_equal(b->error, "");
}

static void a_failed_look_up_says_why_from_the_loop(void **state)
{
    struct bench *b = *state;
    char host[5000];
    memset(host, 'a', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0'; /* too long even to ask */
    look_up(b, host);
    assert_string_equal(b->addresses, "");
    assert_string_not_equal(b->error, "");
    look_up(b, "256.256.256.256.");
    assert_string_not_equal(b->error, "");
}

static void a_cancelled_look_up_does_not_call_back(void **state)
{
    struct bench *b = *state;
    char host[5000];
    memset(host, 'a', sizeof(host) - 1);
    host[sizeof(host) - 1] = '\0';
    loop_lookup_cancel(loop_lookup(b->loop, host, take_addresses, b));
    loop_lookup_cancel(loop_lookup(b->loop, "127.0.0.1", take_addresses, b));
    loop_run(b->loop);
    assert_int_equal(b->calls, 0);
    loop_lookup_cancel(loop_lookup(b->loop, "127.0.0.1", take_addresses, b));
    /* and loop_free, in end(), drains the last one */
}

static void note_thread(void *ctx)
{
    *(pthread_t *)ctx = pthread_self();
}

static void check_thread(void *ctx)
{
    assert_false(pthread_equal(*(pthread_t *)ctx, pthread_self()));
    *(pthread_t *)ctx = pthread_self();
}

static void work_runs_in_another_thread_and_is_done_in_this_one(void **state)
{
    struct bench *b = *state;
    pthread_t thread = pthread_self();
    loop_work(b->loop, note_thread, check_thread, &thread);
    loop_run(b->loop);
    assert_true(pthread_equal(thread, pthread_self()));
}

static void wait_for_release(void *ctx)
{
    sem_wait(ctx);
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static struct loop *left_behind; /* still reachable for the leak checker */

static void the_loop_ends_though_the_pool_is_stuck(void **state)
{
    (void)state;
    static sem_t release; /* the worker wakes after this function has ended */
    sem_init(&release, 0, 0);
    left_behind = loop_new();
    loop_work(left_behind, wait_for_release, nothing, &release);
    double start = loop_mono_s();
    assert_false(loop_free(left_behind));
    assert_true(loop_mono_s() - start < 2);
    sem_post(&release);
}

struct drawing {
    struct bench *bench;
    int draws, calls_at_draw;
};

static void draw(void *ctx)
{
    struct drawing *d = ctx;
    d->draws++;
    d->calls_at_draw = d->bench->calls;
}

static void before_sleep_runs_once_a_turn_after_what_came_in(void **state)
{
    struct bench *b = *state;
    struct drawing d = {.bench = b};
    struct loop_timer *t = loop_timer_new(b->loop, count, b);
    b->fd = loop_fd_new(b->loop, b->pipe[0], read_byte, b);
    loop_fd_want(b->fd, true, false);
    b->stop_at = 100;
    loop_before_sleep(b->loop, draw, &d);
    put_byte(b);
    loop_run_once(b->loop, true); /* draws, sleeps, reads */
    assert_int_equal(b->calls, 1);
    loop_run_once(b->loop, false); /* draws what was read, before it would sleep */
    assert_int_equal(d.draws, 2);
    assert_int_equal(d.calls_at_draw, 1);
    loop_before_sleep(b->loop, NULL, NULL);
    loop_run_once(b->loop, false);
    assert_int_equal(d.draws, 2);
    loop_fd_free(b->fd);
    loop_timer_free(t);
}

static void stopping_ends_a_run_even_when_more_is_due(void **state)
{
    struct bench *b = *state;
    struct loop_timer *t = loop_timer_new(b->loop, count, b);
    loop_timer_start(t, 0, 0.001);
    loop_run(b->loop);
    assert_int_equal(b->calls, 1);
    loop_run(b->loop); /* and it can run again */
    assert_int_equal(b->calls, 2);
    loop_timer_free(t);
}

static void freeing_nothing_does_nothing(void **state)
{
    (void)state;
    loop_timer_free(NULL);
    loop_fd_free(NULL);
    loop_signal_free(NULL);
    loop_post_free(NULL);
    loop_lookup_cancel(NULL);
    assert_true(loop_free(NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_timer_fires_once_and_never_early),
        TEST(a_timer_is_not_early_where_a_millisecond_ends),
        TEST(a_timer_repeats_until_it_is_stopped),
        TEST(a_timer_started_again_forgets_its_first_start),
        TEST(a_timer_may_be_freed_from_its_own_callback),
        TEST(a_freed_timer_that_was_due_does_not_fire),
        TEST(a_descriptor_is_told_readable_only_while_wanted),
        TEST(a_descriptor_is_told_writable),
        TEST(a_descriptor_may_be_freed_from_its_own_callback),
        TEST(a_hang_up_counts_as_readable),
        TEST(an_error_is_told_again_until_the_owner_gives_up),
        TEST(a_descriptor_closed_and_opened_under_its_number_is_watched_when_wanted_again),
        TEST(a_descriptor_freed_may_be_watched_again_at_once),
        TEST(a_descriptor_keeps_its_flags),
        TEST(what_cannot_be_watched_is_refused),
        TEST(a_signal_arrives_and_may_be_freed_from_its_own_callback),
        TEST(no_post_from_another_thread_is_lost),
        TEST(a_post_may_be_freed_from_its_own_callback),
        TEST(look_ups_give_numeric_addresses_of_both_families),
        TEST(a_failed_look_up_says_why_from_the_loop),
        TEST(a_cancelled_look_up_does_not_call_back),
        TEST(work_runs_in_another_thread_and_is_done_in_this_one),
        TEST(before_sleep_runs_once_a_turn_after_what_came_in),
        TEST(stopping_ends_a_run_even_when_more_is_due),
        cmocka_unit_test(freeing_nothing_does_nothing),
        cmocka_unit_test(the_loop_ends_though_the_pool_is_stuck),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
