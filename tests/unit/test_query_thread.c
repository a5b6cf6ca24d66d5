/* What the query thread promises: answers on the loop, panes first, nothing after a cancel, a quick end. */
#include <stdlib.h>

#include "tests/unit/made.h"
#include "tests/unit/test.h"

enum { MAX_ANSWERS = 100 };

static const char endless[] =
    "with recursive c(i) as (select 1 union all select i + 1 from c) select count(*) from c";

struct bench {
    struct made made;
    struct loop *loop;
    struct query_thread *thread;
    int n;
    char answers[MAX_ANSWERS][200]; /* in order: a number, or the error */
    int awaited;
};

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    made_init(&b->made, 20, 2000);
    b->loop = loop_new();
    b->thread = query_thread_new(b->loop, &b->made.registry, &b->made.err);
    *state = b;
    return b->thread == NULL;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    query_thread_free(b->thread);
    loop_free(b->loop);
    made_done(&b->made);
    free(b);
    return 0;
}

static void answered(void *ctx, struct result *result, const char *error)
{
    struct bench *b = ctx;
    assert_true((result == NULL) == (error != NULL));
    if (result != NULL)
        value_format(result_at(result, 0, 0), UNIT_NONE, b->answers[b->n], sizeof(b->answers[0]));
    else
        snprintf(b->answers[b->n], sizeof(b->answers[0]), "%s", error);
    result_free(result);
    if (++b->n == b->awaited)
        loop_stop(b->loop);
}

static int ask(struct bench *b, const char *sql, int priority, double deadline_s)
{
    struct query q = {.sql = sql, .deadline_s = deadline_s};
    return query_submit(b->thread, b->made.snapshot, &q, priority, answered, b);
}

static void await(struct bench *b, int n)
{
    b->awaited = n;
    if (b->n < n)
        loop_run(b->loop);
}

static void gives_up(void *ctx)
{
    loop_stop(ctx);
}

/* Turns the loop for S seconds. */
static void turn(struct bench *b, double s)
{
    b->awaited = -1;
    struct loop_timer *t = loop_timer_new(b->loop, gives_up, b->loop);
    loop_timer_start(t, s, 0);
    loop_run(b->loop);
    loop_timer_free(t);
}

static void answers_come_on_the_loop_in_order(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 10; i++) {
        char sql[100];
        snprintf(sql, sizeof(sql), "select %d + 0 * count(*) from sessions", i);
        ask(b, sql, 1, 0);
    }
    assert_int_equal(b->n, 0);
    await(b, 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(strtol(b->answers[i], NULL, 10), i);
}

static void a_failure_is_a_text(void **state)
{
    struct bench *b = *state;
    ask(b, "select nobody from sessions", 0, 0);
    ask(b, endless, 0, 0.05);
    await(b, 2);
    assert_string_equal(b->answers[0], "no such column: nobody");
    assert_non_null(strstr(b->answers[1], "ended after 0.05 s"));
}

static void panes_come_first(void **state)
{
    struct bench *b = *state;
    int blocker = ask(b, endless, 0, 10); /* all others queue behind it */
    ask(b, "select 'user'", 2, 0);
    ask(b, "select 'rule'", 1, 0);
    ask(b, "select 'pane'", 0, 0);
    turn(b, 0.02);
    query_cancel(b->thread, blocker);
    await(b, 3);
    assert_string_equal(b->answers[0], "pane");
    assert_string_equal(b->answers[1], "rule");
    assert_string_equal(b->answers[2], "user");
}

/* About 50 ms of work. */
static const char slow[] =
    "with recursive c(i) as (select 1 union all select i + 1 from c limit 300000) select count(*) from c";

static void a_pane_does_not_wait_for_the_rest(void **state)
{
    struct bench *b = *state;
    ask(b, endless, 2, 1.0);
    turn(b, 0.05);
    double start_s = loop_mono_s();
    ask(b, "select 'pane'", 0, 0);
    await(b, 1);
    assert_string_equal(b->answers[0], "pane");
    assert_true(loop_mono_s() - start_s < 0.5); /* not the second that the other one has */
    await(b, 2);                                /* it was put back, and ends at its deadline */
    assert_non_null(strstr(b->answers[1], "ended after 1 s"));
}

static void what_gave_way_is_done_after_all(void **state)
{
    struct bench *b = *state;
    ask(b, slow, 2, 30);
    turn(b, 0.02);
    ask(b, "select 'pane'", 0, 0);
    await(b, 2);
    /* On a machine that had answered the slow one by then the order may be the other. */
    bool slow_came = strcmp(b->answers[0], "300000") == 0 || strcmp(b->answers[1], "300000") == 0;
    assert_true(slow_came);
}

/* It gave way once; the second time it runs to its end, however many panes ask. */
static void nothing_starves(void **state)
{
    struct bench *b = *state;
    ask(b, slow, 2, 30);
    bool came = false;
    for (int i = 0; i < 90 && !came; i++) {
        int n = b->n;
        ask(b, "select 'pane'", 0, 0);
        await(b, n + 1);
        came = strcmp(b->answers[b->n - 1], "300000") == 0;
        turn(b, 0.005);
        for (int k = 0; k < b->n; k++)
            came = came || strcmp(b->answers[k], "300000") == 0;
    }
    assert_true(came);
}

static void a_cancelled_one_is_not_answered(void **state)
{
    struct bench *b = *state;
    int running = ask(b, endless, 0, 30);
    int queued = ask(b, "select 'queued'", 0, 0);
    turn(b, 0.02);
    query_cancel(b->thread, queued);
    query_cancel(b->thread, running);
    query_cancel(b->thread, 12345);
    double start_s = loop_mono_s();
    ask(b, "select 'after'", 0, 0);
    await(b, 1);
    assert_string_equal(b->answers[0], "after");
    assert_true(loop_mono_s() - start_s < 1);
    turn(b, 0.02);
    assert_int_equal(b->n, 1);
    int done = ask(b, "select 'done'", 0, 0);
    while (loop_mono_s() < start_s + 0.2) /* it runs, but the loop does not */
        ;
    query_cancel(b->thread, done);
    turn(b, 0.02);
    assert_int_equal(b->n, 1);
}

static void freeing_while_running_is_quick(void **state)
{
    struct bench *b = *state;
    ask(b, endless, 0, 30);
    for (int i = 0; i < 20; i++)
        ask(b, "select count(*) from statements", i % 3, 0);
    turn(b, 0.02);
    double start_s = loop_mono_s();
    query_thread_free(b->thread);
    assert_true(loop_mono_s() - start_s < 1);
    b->thread = NULL;
    assert_int_equal(b->n, 0);
}

static void parameters_are_copied(void **state)
{
    struct bench *b = *state;
    char sql[] = "select :a || :b", name[] = "a", text[] = "hello";
    struct query_param params[] = {{name, {.type = VALUE_TEXT, .text = text}},
                                   {"b", {.type = VALUE_INT, .integer = 5}}};
    struct query q = {.sql = sql, .params = params, .n_params = 2};
    query_submit(b->thread, b->made.snapshot, &q, 0, answered, b);
    memset(sql, 'x', sizeof(sql) - 1);
    memset(name, 'x', sizeof(name) - 1);
    memset(text, 'x', sizeof(text) - 1);
    params[1].value.integer = 6;
    await(b, 1);
    assert_string_equal(b->answers[0], "hello5");
}

static void the_store_may_go_on_meanwhile(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 30; i++) {
        struct snapshot *s = store_snapshot(b->made.store);
        struct query q = {.sql = "select count(*) from statements('1m') a join statements b using (queryid)"};
        query_submit(b->thread, s, &q, 0, answered, b);
        snapshot_unref(s);
        store_put(b->made.store, "shop", made_statements(2000, -1 - i));
    }
    await(b, 30);
    for (int i = 0; i < 30; i++)
        assert_string_equal(b->answers[i], "2000");
}

static void an_interrupt_ends_what_runs_and_nothing_else(void **state)
{
    struct bench *b = *state;
    door_interrupt(b->made.door); /* nothing runs */
    struct result *r = made_ask(&b->made, "select 1");
    assert_non_null(r);
    result_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_come_on_the_loop_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_is_a_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(panes_come_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pane_does_not_wait_for_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_gave_way_is_done_after_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_starves, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancelled_one_is_not_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(freeing_while_running_is_quick, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parameters_are_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_store_may_go_on_meanwhile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interrupt_ends_what_runs_and_nothing_else, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
