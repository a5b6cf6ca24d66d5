/* The queue of jobs: one at a time on each target, what is urgent waits for nobody, what has ended stays
 * ended. */
#include "cures/job.h"

#include <math.h>
#include <string.h>

#include "tests/unit/test.h"

static struct job *add(struct jobs *j, const char *target, bool at_once)
{
    const struct job job = {
        .target = (char *)(uintptr_t)target, .statement = (char *)(uintptr_t) "ANALYZE", .at_once = at_once};
    return jobs_add(j, &job, 100);
}

static void one_runs_at_a_time_in_the_order_of_asking(void **state)
{
    (void)state;
    struct jobs j = {.n = 0};
    struct job *a = add(&j, "shop", false), *b = add(&j, "shop", false), *other = add(&j, "blog", false);
    assert_ptr_equal(jobs_next(&j, "shop"), a);
    assert_int_equal(jobs_place(&j, b), 2);
    job_begin(a, 101);
    assert_null(jobs_next(&j, "shop"));
    assert_int_equal(jobs_place(&j, b), 1);
    assert_ptr_equal(jobs_next(&j, "blog"), other);
    jobs_end(&j, a, JOB_DONE, "", 102);
    assert_ptr_equal(jobs_next(&j, "shop"), b);
    assert_int_equal(jobs_open(&j, "shop"), 1);
    assert_int_equal(jobs_open(&j, NULL), 2);
    assert_null(a->message);
    jobs_done(&j);
}

static void what_is_urgent_does_not_queue_and_holds_up_nobody(void **state)
{
    (void)state;
    struct jobs j = {.n = 0};
    struct job *vacuum = add(&j, "shop", false), *next = add(&j, "shop", false);
    job_begin(vacuum, 101);
    struct job *terminate = add(&j, "shop", true);
    assert_ptr_equal(jobs_next(&j, "shop"), terminate);
    job_begin(terminate, 102);
    jobs_end(&j, vacuum, JOB_DONE, NULL, 103);
    assert_ptr_equal(jobs_next(&j, "shop"), next);
    jobs_done(&j);
}

static void of_those_that_go_at_once_only_so_many_run_side_by_side(void **state)
{
    (void)state;
    struct jobs j = {.n = 0};
    struct job *begun[JOBS_AT_ONCE];
    struct job *vacuum = add(&j, "shop", false);
    for (int i = 0; i < 100; i++)
        add(&j, "shop", true);
    for (int i = 0; i < JOBS_AT_ONCE; i++)
        job_begin(begun[i] = jobs_next(&j, "shop"), 101);
    assert_ptr_equal(jobs_next(&j, "shop"), vacuum); /* which they do not hold up */
    job_begin(vacuum, 101);
    assert_null(jobs_next(&j, "shop"));
    jobs_end(&j, begun[3], JOB_DONE, NULL, 102);
    assert_true(jobs_next(&j, "shop")->at_once);
    jobs_done(&j);
}

static void the_sum_tells_how_many_ended_how_and_why_the_first_did_not(void **state)
{
    (void)state;
    struct job_sum sum = {.why = NULL};
    struct job job = {.action = (char *)(uintptr_t) "terminate", .label = (char *)(uintptr_t) "pid 12", .state = JOB_DONE};
    struct text text;
    text_init(&text, 200);
    for (int i = 0; i < 5; i++)
        job_sum_add(&sum, &job);
    job_sum_text(&sum, &text);
    assert_string_equal(text_str(&text), "terminate: 5 done");
    job.state = JOB_FAILED;
    job.message = (char *)(uintptr_t) "must be a superuser";
    job_sum_add(&sum, &job);
    job.label = (char *)(uintptr_t) "pid 13";
    job_sum_add(&sum, &job);
    text_clear(&text);
    job_sum_text(&sum, &text);
    assert_string_equal(text_str(&text), "terminate: 5 done, 2 failed: pid 12: must be a superuser");
    assert_int_equal(job_sum_n(&sum), 7);
    job.action = (char *)(uintptr_t) "cancel";
    job_sum_add(&sum, &job);
    assert_int_equal(job_sum_n(&sum), 1);
    job_sum_done(&sum);
    text_done(&text);
}

static void cancelling_asks_the_server_only_for_what_runs(void **state)
{
    (void)state;
    struct jobs j = {.n = 0};
    struct job *a = add(&j, "shop", false), *b = add(&j, "shop", false);
    job_begin(a, 101);
    assert_false(job_cancel(b, 102));
    assert_int_equal(b->state, JOB_CANCELLED);
    assert_true(b->ended_at == 102);
    assert_true(job_cancel(a, 103));
    assert_int_equal(a->state, JOB_CANCELLING);
    assert_null(jobs_next(&j, "shop")); /* it still runs */
    assert_false(job_cancel(a, 104));
    jobs_end(&j, a, JOB_CANCELLED, "cancelled", 105);
    assert_false(job_cancel(a, 106));
    assert_true(a->ended_at == 105);
    jobs_done(&j);
}

static void old_ones_are_forgotten_and_open_ones_never(void **state)
{
    (void)state;
    struct jobs j = {.n = 0};
    struct job *waits = add(&j, "blog", false);
    for (int i = 0; i < JOBS_KEPT + 50; i++)
        jobs_end(&j, add(&j, "shop", false), JOB_DONE, NULL, 101);
    assert_int_equal(j.n, JOBS_KEPT + 1);
    assert_ptr_equal(jobs_find(&j, waits->id), waits);
    assert_null(jobs_find(&j, 2));
    assert_int_equal(j.list[j.n - 1]->id, JOBS_KEPT + 51);
    jobs_done(&j);
}

static void one_that_ends_is_told_of_though_it_is_the_oldest(void **state)
{
    (void)state;
    struct jobs j = {.n = 0};
    struct job *old = add(&j, "blog", false);
    job_begin(old, 100);
    for (int i = 0; i < JOBS_KEPT + 50; i++)
        jobs_end(&j, add(&j, "shop", false), JOB_DONE, NULL, 101);
    jobs_end(&j, old, JOB_FAILED, "late", 102);
    assert_ptr_equal(jobs_find(&j, 1), old);
    assert_string_equal(old->message, "late");
    assert_int_equal(j.n, JOBS_KEPT);
    jobs_done(&j);
}

static void a_queue_has_an_end(void **state)
{
    (void)state;
    struct jobs j = {.n = 0};
    for (int i = 0; i < JOBS_QUEUED; i++)
        assert_non_null(add(&j, "shop", false));
    assert_null(add(&j, "shop", false));
    assert_non_null(add(&j, "blog", false));
    jobs_done(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_runs_at_a_time_in_the_order_of_asking),
        cmocka_unit_test(what_is_urgent_does_not_queue_and_holds_up_nobody),
        cmocka_unit_test(of_those_that_go_at_once_only_so_many_run_side_by_side),
        cmocka_unit_test(the_sum_tells_how_many_ended_how_and_why_the_first_did_not),
        cmocka_unit_test(cancelling_asks_the_server_only_for_what_runs),
        cmocka_unit_test(old_ones_are_forgotten_and_open_ones_never),
        cmocka_unit_test(one_that_ends_is_told_of_though_it_is_the_oldest),
        cmocka_unit_test(a_queue_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
