/* The writer does its jobs in order beside the loop, tells the loop of each, and never holds the end up for
 * longer than it may. */
#include "tests/unit/test.h"

#include <semaphore.h>
#include <stdlib.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/loop.h"
#include "core/writer.h"

enum { JOBS = 100 };

struct bench {
    struct loop *loop;
    struct writer *writer;
    int worked[JOBS], told[JOBS];
    atomic_int n_worked;
    int n_told;
    pthread_t thread;
};
struct job {
    struct bench *bench;
    int number;
};

static void work(void *ctx)
{
    struct job *j = ctx;
    j->bench->thread = pthread_self();
    j->bench->worked[atomic_fetch_add(&j->bench->n_worked, 1)] = j->number;
}

static void done(void *ctx)
{
    struct job *j = ctx;
    assert_false(pthread_equal(pthread_self(), j->bench->thread));
    j->bench->told[j->bench->n_told++] = j->number;
    if (j->bench->n_told == JOBS)
        loop_stop(j->bench->loop);
}

static void jobs_are_done_in_order_on_another_thread_and_told_on_the_loop(void **state)
{
    (void)state;
    struct bench b = {.loop = loop_new()};
    struct job jobs[JOBS];
    b.writer = writer_new(b.loop);
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){&b, i};
        writer_do(b.writer, work, done, &jobs[i]);
    }
    assert_int_equal(b.n_told, 0); /* only from the loop */
    loop_run(b.loop);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(b.worked[i], i);
        assert_int_equal(b.told[i], i);
    }
    assert_int_equal(writer_waiting(b.writer), 0);
    assert_true(writer_free(b.writer, 1));
    assert_true(loop_free(b.loop));
}

static void the_end_waits_for_what_was_given_and_tells_of_it(void **state)
{
    (void)state;
    struct bench b = {.loop = loop_new()};
    struct job jobs[JOBS - 1];
    b.writer = writer_new(b.loop);
    for (int i = 0; i < JOBS - 1; i++) {
        jobs[i] = (struct job){&b, i};
        writer_do(b.writer, work, i % 2 == 0 ? done : NULL, &jobs[i]);
    }
    assert_true(writer_free(b.writer, 10));
    assert_int_equal(b.n_worked, JOBS - 1);
    assert_int_equal(b.n_told, JOBS / 2);
    assert_true(loop_free(b.loop));
}

struct chain {
    struct writer *writer;
    int left, done;
};

static void nothing(void *ctx)
{
    (void)ctx;
}

static void give_another(void *ctx)
{
    struct chain *c = ctx;
    c->done++;
    if (c->left-- > 0)
        writer_do(c->writer, nothing, give_another, c);
}

static void a_job_given_while_the_end_waits_is_done_too(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct chain c = {.writer = writer_new(loop), .left = 5};
    writer_do(c.writer, nothing, give_another, &c);
    assert_true(writer_free(c.writer, 10));
    assert_int_equal(c.done, 6);
    assert_true(loop_free(loop));
}

static void hang(void *ctx)
{
    sem_wait(ctx);
}

static struct writer *left_behind; /* still reachable for the leak checker */

static void a_job_that_hangs_does_not_hold_the_end_up(void **state)
{
    (void)state;
    static sem_t release; /* the thread wakes after this function has ended */
    sem_init(&release, 0, 0);
    struct loop *loop = loop_new();
    left_behind = writer_new(loop);
    writer_do(left_behind, hang, NULL, &release);
    double start_s = loop_mono_s();
    assert_false(writer_free(left_behind, 0.05));
    double took_s = loop_mono_s() - start_s;
    assert_true(took_s >= 0.05 && took_s < 5);
    sem_post(&release); /* and the thread then ends without touching the loop */
    assert_true(loop_free(loop));
}

static void freeing_nothing_does_nothing(void **state)
{
    (void)state;
    assert_true(writer_free(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_are_done_in_order_on_another_thread_and_told_on_the_loop),
        cmocka_unit_test(the_end_waits_for_what_was_given_and_tells_of_it),
        cmocka_unit_test(a_job_given_while_the_end_waits_is_done_too),
        cmocka_unit_test(a_job_that_hangs_does_not_hold_the_end_up),
        cmocka_unit_test(freeing_nothing_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
