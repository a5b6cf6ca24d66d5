/* What a rule reads can be believed when the target is up, its last answer was a sample, that is fresh, and
 * the window is covered; else it is told why not. */
#include <string.h>

#include "alerts/alerts_private.h"
#include "tests/unit/source_made.h"

enum { SHOP, BLOG };

struct bench {
    struct made made;
    struct alerts alerts;
    struct moment *moment;
    struct coverage *list;
    int n;
    double now_s;
};

static int begin(void **state)
{
    static const char *const names[] = {"shop", "blog"};
    struct bench *b = calloc(1, sizeof(*b));
    made_init(&b->made, names, 2);
    b->alerts = (struct alerts){.engine = b->made.engine};
    b->now_s = loop_mono_s();
    made_status(&b->made, SHOP, SOURCE_UP);
    made_status(&b->made, BLOG, SOURCE_UP);
    for (int i = LEVELS; i <= COUNTS; i++)
        made_sample(&b->made, BLOG, &made_datasets[i], b->now_s);
    *state = b;
    return 0;
}

static void forget(struct bench *b)
{
    coverage_free(b->list, b->n);
    moment_free(b->moment);
    b->list = NULL;
    b->moment = NULL;
}

static int end(void **state)
{
    struct bench *b = *state;
    forget(b);
    made_done(&b->made);
    free(b);
    return 0;
}

static void cover(struct bench *b, const struct dataset **uses, int n_uses, const char *window)
{
    struct rule rule = {.name = "r", .window = window, .uses = {.datasets = uses, .n = n_uses}};
    forget(b);
    b->moment = moment_new(&b->alerts, b->now_s);
    b->list = coverage_of(b->moment, &rule, &b->n);
}

/* Why a rule over that dataset cannot believe TARGET, NULL if it can. */
static const char *lack(struct bench *b, int target, int dataset, const char *window)
{
    const struct dataset *d = &made_datasets[dataset];
    cover(b, &d, 1, window);
    assert_int_equal(b->n, 2);
    assert_string_equal(b->list[SHOP].target, "shop");
    assert_string_equal(b->list[BLOG].target, "blog");
    return b->list[target].no_data;
}

static void expect_lack(struct bench *b, int dataset, const char *window, const char *why)
{
    const char *is = lack(b, SHOP, dataset, window);
    assert_non_null(is);
    assert_string_equal(is, why);
}

static void a_fresh_answer_of_a_target_that_is_up_is_believed(void **state)
{
    struct bench *b = *state;
    made_sample(&b->made, SHOP, &made_datasets[LEVELS], b->now_s);
    assert_null(lack(b, SHOP, LEVELS, NULL));
}

static void each_target_lacks_its_own(void **state)
{
    struct bench *b = *state;
    expect_lack(b, LEVELS, NULL, "no sample of levels yet");
    assert_null(b->list[BLOG].no_data);
}

static void a_target_that_is_not_up_is_not_believed(void **state)
{
    struct bench *b = *state;
    made_sample(&b->made, SHOP, &made_datasets[LEVELS], b->now_s);
    made_status(&b->made, SHOP, SOURCE_DOWN);
    expect_lack(b, LEVELS, NULL, "the target is not up");
}

static void what_the_engine_tells_of_a_target_is_believed_when_it_is_down(void **state)
{
    struct bench *b = *state;
    const struct dataset *targets = registry_find(&b->made.registry, "targets");
    made_status(&b->made, SHOP, SOURCE_DOWN);
    cover(b, &targets, 1, NULL);
    assert_int_equal(b->n, 2);
    assert_null(b->list[SHOP].no_data);
}

static void a_last_answer_that_failed_is_told(void **state)
{
    struct bench *b = *state;
    const struct source_host *h = made_host(&b->made, SHOP);
    made_sample(&b->made, SHOP, &made_datasets[LEVELS], b->now_s);
    h->failed(h->ctx, &made_datasets[LEVELS], FAILURE_PERMISSION, "needs pg_monitor");
    expect_lack(b, LEVELS, NULL, "levels failed: needs pg_monitor");
    made_sample(&b->made, SHOP, &made_datasets[LEVELS], b->now_s);
    assert_null(lack(b, SHOP, LEVELS, NULL));
}

/* When a rule reads it that often. */
static void expect_stale_beyond(struct bench *b, double every_s, double limit_s, const char *why)
{
    engine_need(b->made.engine, ASKER_RULES, &(struct engine_need){&made_datasets[LEVELS], every_s}, 1);
    made_sample(&b->made, SHOP, &made_datasets[LEVELS], b->now_s);
    b->now_s += limit_s - 0.1;
    assert_null(lack(b, SHOP, LEVELS, NULL));
    b->now_s += 1.1;
    expect_lack(b, LEVELS, NULL, why);
}

static void what_is_older_than_three_cadences_is_stale(void **state)
{
    expect_stale_beyond(*state, 15, 45, "levels is 46.0 s old");
}

static void what_comes_each_second_may_be_five_seconds_old(void **state)
{
    expect_stale_beyond(*state, 1, 5, "levels is 6.0 s old");
}

static void a_window_is_covered_from_four_fifths_on(void **state)
{
    struct bench *b = *state;
    double begin_s = b->now_s - 240;
    made_sample(&b->made, SHOP, &made_datasets[COUNTS], begin_s);
    made_sample(&b->made, SHOP, &made_datasets[COUNTS], begin_s + 60);
    b->now_s = begin_s + 60;
    expect_lack(b, COUNTS, "5m", "the window covers 1m00s of 5m00s");
    assert_null(lack(b, SHOP, COUNTS, "1m"));
    assert_null(lack(b, SHOP, COUNTS, NULL)); /* the newest interval */
    made_sample(&b->made, SHOP, &made_datasets[COUNTS], begin_s + 239);
    b->now_s = begin_s + 239;
    assert_non_null(lack(b, SHOP, COUNTS, "5m"));
    made_sample(&b->made, SHOP, &made_datasets[COUNTS], begin_s + 240);
    b->now_s = begin_s + 240;
    assert_null(lack(b, SHOP, COUNTS, "5m"));
}

static void without_counters_a_window_needs_no_past(void **state)
{
    struct bench *b = *state;
    made_sample(&b->made, SHOP, &made_datasets[LEVELS], b->now_s);
    assert_null(lack(b, SHOP, LEVELS, "5m"));
}

static void of_several_datasets_each_must_be_there(void **state)
{
    struct bench *b = *state;
    const struct dataset *uses[] = {&made_datasets[LEVELS], &made_datasets[COUNTS]};
    made_sample(&b->made, SHOP, &made_datasets[LEVELS], b->now_s);
    cover(b, uses, 2, NULL);
    assert_string_equal(b->list[SHOP].no_data, "no sample of counts yet");
    assert_null(b->list[BLOG].no_data);
}

/* A rule over pools says nothing of a target that cannot have any. */
static void a_target_that_has_no_such_dataset_is_left_out(void **state)
{
    struct bench *b = *state;
    static const struct dataset foreign = {
        .name = "foreign", .help = "x", .columns = made_columns, .n_columns = 2};
    const struct dataset *uses[] = {&made_datasets[LEVELS], &foreign};
    cover(b, uses, 2, NULL);
    assert_int_equal(b->n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fresh_answer_of_a_target_that_is_up_is_believed),
        TEST(each_target_lacks_its_own),
        TEST(a_target_that_is_not_up_is_not_believed),
        TEST(what_the_engine_tells_of_a_target_is_believed_when_it_is_down),
        TEST(a_last_answer_that_failed_is_told),
        TEST(what_is_older_than_three_cadences_is_stale),
        TEST(what_comes_each_second_may_be_five_seconds_old),
        TEST(a_window_is_covered_from_four_fifths_on),
        TEST(without_counters_a_window_needs_no_past),
        TEST(of_several_datasets_each_must_be_there),
        TEST(a_target_that_has_no_such_dataset_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
