/* The advisor: it asks only while somebody looks, and then rarely; what it found and what it could not judge
 * are datasets. */
#include <string.h>

#include "cures/advisor.h"
#include "tests/unit/source_made.h"

struct world {
    struct made made;
    struct query_thread *queries;
    struct advisor *advisor;
    bool late;
};

/* Over what the made source has: one that finds, one that cannot be judged by its own word, one that fails.
 */
static const char own[] = "[finding loaded]\ncategory = space\nprimary = yes\naction = no_such\n"
                          "sql = select target, name as label, 'warning' as severity, 'load ' || load as "
                          "evidence, 7 as relid, 2 as cost_s from levels('last') where load >= 1\n"
                          "[finding counted]\nsql = select target, name as label, 'critical' as severity, "
                          "'x' as evidence from counts('last')\n"
                          "lacks = select target, 'too young' as lacks from levels('last')\n"
                          "[finding off]\nenabled = no\nsql = select target, name as label, 'info' as "
                          "severity, 'x' as evidence from levels('last')\n"
                          "[finding rarely]\nsql = select target, name as label, 'info' as severity, 'x' as "
                          "evidence from rare('last')\n";

static int begin(void **state)
{
    static const char *const names[] = {"shop", "dead"};
    struct world *w = calloc(1, sizeof(*w));
    struct err err = {""};
    struct config config;
    made_init(&w->made, names, 2);
    assert_true(findings_register(&w->made.registry, &err));
    assert_true(config_parse(own, strlen(own), "f.conf", config_options, n_config_options, &config, &err));
    w->queries = query_thread_new(w->made.loop, &w->made.registry, &err);
    w->advisor = advisor_new(w->made.loop, w->made.engine, w->queries, &config, &w->made.registry, NULL, &err);
    if (w->advisor == NULL)
        fail_msg("%s", err.text);
    config_done(&config);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    advisor_free(w->advisor);
    query_thread_free(w->queries);
    made_done(&w->made);
    free(w);
    return 0;
}

static void on_sample(void *ctx, const char *target, const struct dataset *d)
{
    advisor_sample(((struct world *)ctx)->advisor, target, d);
}

static void look(struct world *w, bool looks)
{
    static const char *const names[] = {"findings"};
    engine_want(w->made.engine, names, looks ? 1 : 0);
}

static double cadence(const struct world *w, int dataset)
{
    return engine_cadence(w->made.engine, "shop", &made_datasets[dataset]);
}

static struct sample *newest(const struct world *w, const char *target, const struct dataset *d)
{
    return store_newest(engine_store(w->made.engine), target, d);
}

static void on_late(void *ctx)
{
    ((struct world *)ctx)->late = true;
}

/* Turns the loop until DONE says so. */
static void turn(struct world *w, bool (*done)(struct world *))
{
    struct loop_timer *t = loop_timer_new(w->made.loop, on_late, w);
    w->late = false;
    loop_timer_start(t, 20, 0);
    while (!done(w) && !w->late)
        loop_run_once(w->made.loop, true);
    loop_timer_free(t);
    assert_false(w->late);
}

static bool is_told(struct world *w)
{
    return newest(w, "shop", &findings_dataset) != NULL;
}

static bool is_complete(struct world *w)
{
    return advisor_is_complete(w->advisor);
}

/* The cell of COLUMN of the check of that name. */
static const char *check(const struct world *w, const char *target, const char *name, const char *column)
{
    struct sample *s = newest(w, target, &checks_dataset);
    assert_non_null(s);
    for (int row = 0; row < s->n_rows; row++)
        if (strcmp(sample_text(s, dataset_column(&checks_dataset, "finding"), row), name) == 0)
            return sample_text(s, dataset_column(&checks_dataset, column), row);
    fail_msg("no check is called %s", name);
    return NULL;
}

static void what_findings_read_is_asked_only_while_somebody_looks_and_rarely(void **state)
{
    struct world *w = *state;
    assert_true(isinf(cadence(w, LEVELS)));
    look(w, true);
    assert_true(cadence(w, LEVELS) == 30);
    assert_true(isinf(cadence(w, SESSIONS)));
    look(w, false);
    assert_true(isinf(cadence(w, LEVELS)));
    loop_run_once(w->made.loop, false);
    assert_false(is_told(w));
}

static void what_was_cured_is_read_sooner_for_a_while(void **state)
{
    struct world *w = *state;
    advisor_soon(w->advisor);
    assert_true(isinf(cadence(w, LEVELS)));
    look(w, true);
    advisor_soon(w->advisor);
    assert_true(cadence(w, LEVELS) == 1);
}

static void what_was_not_read_yet_is_told_and_is_not_the_last_word(void **state)
{
    struct world *w = *state;
    engine_on_sample(w->made.engine, on_sample, w);
    made_status(&w->made, 0, SOURCE_UP);
    made_status(&w->made, 1, SOURCE_DOWN);
    look(w, true);
    turn(w, is_told);
    assert_false(advisor_is_complete(w->advisor));
    assert_string_equal(check(w, "shop", "loaded", "no_data"), "levels: not read yet");
    assert_string_equal(check(w, "dead", "loaded", "no_data"), "the target cannot be reached");
}

static void what_was_found_stands_there_with_what_could_not_be_judged_and_why(void **state)
{
    struct world *w = *state;
    const struct source_host *h = made_host(&w->made, 0);
    engine_on_sample(w->made.engine, on_sample, w);
    made_status(&w->made, 0, SOURCE_UP);
    made_status(&w->made, 1, SOURCE_DOWN);
    look(w, true);
    made_sample(&w->made, 0, &made_datasets[LEVELS], loop_mono_s());
    made_sample(&w->made, 0, &made_datasets[COUNTS], loop_mono_s());
    h->failed(h->ctx, &made_datasets[RARE], FAILURE_PERMISSION, "needs pg_monitor: GRANT pg_monitor TO app");
    turn(w, is_complete);
    struct sample *s = newest(w, "shop", &findings_dataset);
    assert_int_equal(s->n_rows, 1);
    assert_string_equal(sample_text(s, dataset_column(&findings_dataset, "label"), 0), "a");
    assert_string_equal(sample_text(s, dataset_column(&findings_dataset, "severity"), 0), "warning");
    assert_true(sample_int(s, dataset_column(&findings_dataset, "relid"), 0) == 7);
    assert_string_equal(sample_text(s, dataset_column(&findings_dataset, "left_out"), 0),
                        "no action cures it: a person has to");
    assert_string_equal(check(w, "shop", "loaded", "status"), "found");
    assert_string_equal(check(w, "shop", "counted", "no_data"), "too young");
    assert_string_equal(check(w, "shop", "off", "status"), "disabled");
    assert_string_equal(check(w, "shop", "rarely", "no_data"),
                        "rare: needs pg_monitor: GRANT pg_monitor TO app");
    assert_string_equal(check(w, "shop", "unused_index", "status"), "no data source");
    assert_int_equal(newest(w, "dead", &findings_dataset)->n_rows, 0);
}

static void on_a_standby_what_is_its_primarys_is_not_judged(void **state)
{
    struct world *w = *state;
    const struct source_host *h = made_host(&w->made, 0);
    engine_on_sample(w->made.engine, on_sample, w);
    h->status(h->ctx, &(struct source_status){
                          .state = SOURCE_UP, .role = "standby", .rtt_ms = NAN, .started_s = NAN});
    made_status(&w->made, 1, SOURCE_DOWN);
    look(w, true);
    for (int d = LEVELS; d <= RARE; d++)
        made_sample(&w->made, 0, &made_datasets[d], loop_mono_s());
    turn(w, is_complete);
    assert_string_equal(check(w, "shop", "loaded", "no_data"), "a standby: it is judged on its primary");
    assert_string_equal(check(w, "shop", "rarely", "status"), "found");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(what_findings_read_is_asked_only_while_somebody_looks_and_rarely),
        TEST(what_was_cured_is_read_sooner_for_a_while),
        TEST(what_was_not_read_yet_is_told_and_is_not_the_last_word),
        TEST(what_was_found_stands_there_with_what_could_not_be_judged_and_why),
        TEST(on_a_standby_what_is_its_primarys_is_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
