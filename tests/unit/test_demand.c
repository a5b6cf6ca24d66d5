/* Who needs which dataset, and how often it is asked for that: what panes show, what rules read, and nothing
 * more often than that. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/source_made.h"

static int begin(void **state)
{
    static const char *const names[] = {"shop"};
    struct made *m = calloc(1, sizeof(*m));
    made_init(m, names, 1);
    *state = m;
    return 0;
}

static int end(void **state)
{
    made_done(*state);
    free(*state);
    return 0;
}

static double cadence(const struct made *m, int dataset)
{
    return engine_cadence(m->engine, "shop", &made_datasets[dataset]);
}

static void need(const struct made *m, int dataset, double every_s)
{
    engine_need(m->engine, ASKER_RULES, &(struct engine_need){&made_datasets[dataset], every_s}, 1);
}

static void want(const struct made *m, const char *dataset)
{
    engine_want(m->engine, &dataset, dataset == NULL ? 0 : 1);
}

static void what_nobody_needs_is_asked_for_its_baseline_or_never(void **state)
{
    const struct made *m = *state;
    assert_true(cadence(m, COUNTS) == 60);
    assert_true(isinf(cadence(m, LEVELS)));
}

static void what_a_rule_reads_is_asked_at_the_cadence_of_the_rule(void **state)
{
    const struct made *m = *state;
    need(m, LEVELS, 15);
    assert_true(cadence(m, LEVELS) == 15);
    assert_true(isinf(cadence(m, SESSIONS)));
    need(m, COUNTS, 15);
    assert_true(cadence(m, COUNTS) == 15);
}

static void of_two_rules_the_faster_counts(void **state)
{
    const struct made *m = *state;
    const struct engine_need needs[] = {
        {&made_datasets[LEVELS], 60}, {&made_datasets[LEVELS], 15}, {&made_datasets[LEVELS], 30}};
    engine_need(m->engine, ASKER_RULES, needs, 3);
    assert_true(cadence(m, LEVELS) == 15);
}

static void no_rule_makes_a_dataset_faster_than_it_is_or_slower_than_its_baseline(void **state)
{
    const struct made *m = *state;
    need(m, RARE, 5);
    assert_true(cadence(m, RARE) == 30);
    need(m, COUNTS, 300);
    assert_true(cadence(m, COUNTS) == 60);
    need(m, LEVELS, 0.1);
    assert_true(cadence(m, LEVELS) == 1);
}

static void a_pane_and_a_rule_ask_once_at_the_faster_of_both(void **state)
{
    const struct made *m = *state;
    need(m, LEVELS, 15);
    want(m, "levels");
    assert_true(cadence(m, LEVELS) == 1);
    want(m, NULL); /* the pane is closed, the rule stays */
    assert_true(cadence(m, LEVELS) == 15);
}

static void what_rules_need_replaces_what_they_needed_before(void **state)
{
    const struct made *m = *state;
    need(m, LEVELS, 15);
    need(m, SESSIONS, 20);
    assert_true(isinf(cadence(m, LEVELS)));
    assert_true(cadence(m, SESSIONS) == 20);
    engine_need(m->engine, ASKER_RULES, NULL, 0);
    assert_true(isinf(cadence(m, SESSIONS)));
}

static void what_is_made_from_others_brings_them_along(void **state)
{
    const struct made *m = *state;
    const struct dataset *waits = registry_find(&m->registry, "waits"); /* from sessions */
    engine_need(m->engine, ASKER_RULES, &(struct engine_need){waits, 10}, 1);
    assert_true(cadence(m, SESSIONS) == 10);
    assert_true(isnan(engine_cadence(m->engine, "shop", waits)));
    engine_need(m->engine, ASKER_RULES, NULL, 0);
    want(m, "waits");
    assert_true(cadence(m, SESSIONS) == 1);
}

static void a_target_that_comes_later_is_asked_the_same(void **state)
{
    const struct made *m = *state;
    need(m, LEVELS, 15);
    assert_true(engine_add(m->engine, &(struct target_config){.name = "blog", .url = "made"}, NULL));
    assert_true(engine_cadence(m->engine, "blog", &made_datasets[LEVELS]) == 15);
}

/* It may have been asked just now, for its baseline. */
static void what_becomes_needed_is_asked_at_once(void **state)
{
    const struct made *m = *state;
    made_status(m, 0, SOURCE_UP);
    for (int i = LEVELS; i <= COUNTS; i++) {
        struct feed *f = target_feed(m->engine->targets[0], &made_datasets[i]);
        f->next_due_s += 60;
        need(m, i, 15);
        assert_true(f->next_due_s <= loop_mono_s());
        f->next_due_s += 15;
        need(m, i, 15); /* as before: nothing new */
        assert_true(f->next_due_s > loop_mono_s());
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

/* RARE is of nobody's interest here: neither at once, nor at a cadence. */
static void what_is_to_be_read_soon_is_asked_once_though_nobody_needs_it(void **state)
{
    const struct made *m = *state;
    const struct feed *f = &m->engine->targets[0]->feeds[RARE];
    made_status(m, 0, SOURCE_UP);
    engine_soon(m->engine, "shop", "rare", 3600);
    engine_tick(m->engine);
    assert_false(f->outstanding);
    engine_soon(m->engine, "shop", "rare", 0);
    engine_tick(m->engine);
    assert_true(f->outstanding);
    made_sample(m, 0, &made_datasets[RARE], loop_mono_s());
    engine_tick(m->engine);
    assert_false(f->outstanding);
    assert_true(isinf(f->next_due_s));
}

static void an_answer_that_is_under_way_does_not_count_as_soon(void **state)
{
    const struct made *m = *state;
    const struct feed *f = &m->engine->targets[0]->feeds[LEVELS];
    want(m, "levels");
    made_status(m, 0, SOURCE_UP);
    engine_tick(m->engine);
    assert_true(f->outstanding);
    engine_soon(m->engine, "shop", "levels", 0);
    engine_tick(m->engine);
    made_sample(m, 0, &made_datasets[LEVELS], loop_mono_s());
    assert_false(f->outstanding);
    engine_tick(m->engine);
    assert_true(f->outstanding);
    assert_true(f->next_due_s >= loop_mono_s() + 0.5); /* its cadence goes on from there */
}

static int opened(const struct made *m)
{
    int n = 0;
    for (int i = 0; i < m->engine->n_targets; i++)
        n += m->engine->targets[i]->source != NULL;
    return n;
}

static void a_fleet_is_opened_one_after_another(void **state)
{
    struct made *m = *state;
    enum { FLEET = 100 };
    char names[FLEET][16];
    for (int i = 0; i < FLEET; i++) {
        snprintf(names[i], sizeof(names[i]), "t%d", i);
        assert_true(engine_add(m->engine, &(struct target_config){.name = names[i], .url = "made"}, NULL));
    }
    const struct target *last = m->engine->targets[FLEET];
    double most_s = loop_mono_s() + 1; /* a refresh */
    assert_true(opened(m) >= 5 && opened(m) <= FLEET / 2);
    assert_true(last->open_s > loop_mono_s() && last->open_s < most_s);
    for (int i = 0; i < FLEET; i++)
        assert_true(m->engine->targets[i]->open_s < m->engine->targets[i + 1]->open_s ||
                    isinf(m->engine->targets[i]->open_s));
    struct err err = {0};
    assert_null(engine_act(m->engine, last->config.name, &(struct act_order){.statement = "x"},
                           (struct act_host){.ctx = NULL}, &err));
    while (opened(m) <= FLEET)
        loop_run_once(m->loop, true);
    assert_true(isinf(last->open_s));
}

static void what_one_target_has_due_touches_no_other(void **state)
{
    struct made *m = *state;
    assert_true(engine_add(m->engine, &(struct target_config){.name = "other", .url = "made"}, NULL));
    made_status(m, 0, SOURCE_UP);
    made_status(m, 1, SOURCE_UP);
    need(m, LEVELS, 5);
    engine_tick(m->engine);
    struct target *shop = m->engine->targets[0], *other = m->engine->targets[1];
    made_sample(m, 0, &made_datasets[LEVELS], loop_mono_s());
    made_sample(m, 1, &made_datasets[LEVELS], loop_mono_s());
    struct feed *due = target_feed(shop, &made_datasets[LEVELS]),
                *not_due = target_feed(other, &made_datasets[LEVELS]);
    double turn_s = other->turn_s;
    assert_true(turn_s > loop_mono_s());
    due->next_due_s = shop->turn_s = loop_mono_s();
    not_due->next_due_s = loop_mono_s(); /* nobody said so: its turn has not come */
    engine_tick(m->engine);
    assert_true(due->outstanding && !not_due->outstanding);
    assert_true(other->turn_s == turn_s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_nobody_needs_is_asked_for_its_baseline_or_never),
        TEST(what_a_rule_reads_is_asked_at_the_cadence_of_the_rule),
        TEST(of_two_rules_the_faster_counts),
        TEST(no_rule_makes_a_dataset_faster_than_it_is_or_slower_than_its_baseline),
        TEST(a_pane_and_a_rule_ask_once_at_the_faster_of_both),
        TEST(what_rules_need_replaces_what_they_needed_before),
        TEST(what_is_made_from_others_brings_them_along),
        TEST(a_target_that_comes_later_is_asked_the_same),
        TEST(what_becomes_needed_is_asked_at_once),
        TEST(what_is_to_be_read_soon_is_asked_once_though_nobody_needs_it),
        TEST(an_answer_that_is_under_way_does_not_count_as_soon),
        TEST(a_fleet_is_opened_one_after_another),
        TEST(what_one_target_has_due_touches_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
