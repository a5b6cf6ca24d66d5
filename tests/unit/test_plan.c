/* The plan: its order is safe, it keeps to what was asked for and to its time, and what is left out is told.
 */
#include "cures/plan.h"
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct plan_item item(const char *action, const char *label, const char *statement, enum stage stage,
                             double cost_s)
{
    return (struct plan_item){.target = "shop",
                              .action = action,
                              .label = label,
                              .database = "shop",
                              .statement = statement,
                              .stage = stage,
                              .severity = SEVERITY_INFO,
                              .rank = 1,
                              .cost_s = cost_s};
}

static const char *const kinds[] = {"analyze", "vacuum", "reindex", "create_index", "drop"};
static const struct plan_options everything = {.only = kinds, .n_only = 5, .budget_s = NAN};

/* The labels of the steps, in order, then what is left out behind a bar. */
static void order(const struct plan_item *items, int n, const struct plan_options *o, char *out, size_t size)
{
    struct plan p;
    struct text t;
    text_init(&t, size - 1);
    plan_make(items, n, o, &p);
    assert_int_equal(p.n, n);
    for (int i = 0; i < p.n; i++) {
        if (i == p.n_steps)
            text_add(&t, "|");
        assert_int_equal(p.entries[i].fate == PLAN_STEP, i < p.n_steps);
        text_add(&t, items[p.entries[i].item].label);
    }
    snprintf(out, size, "%s", text_str(&t));
    text_done(&t);
    plan_done(&p);
}

static void what_saves_the_server_is_first_and_what_cannot_be_taken_back_is_last(void **state)
{
    (void)state;
    char told[64];
    const struct plan_item items[] = {
        item("drop_index", "D", "drop index d", STAGE_DROP, 1),
        item("reindex", "B", "reindex b", STAGE_BUILD, 1),
        item("vacuum", "V", "vacuum v", STAGE_VACUUM, 1),
        item("drop_index", "R", "drop index r", STAGE_REPAIR, 1),
        item("analyze", "S", "analyze s", STAGE_STATISTICS, 1),
        item("vacuum_freeze", "F", "vacuum freeze f", STAGE_FREEZE, 1),
    };
    order(items, 6, &everything, told, sizeof(told));
    assert_string_equal(told, "FSRVBD");
}

static void the_worse_of_a_stage_is_first(void **state)
{
    (void)state;
    char told[64];
    struct plan_item items[] = {
        item("analyze", "a", "1", STAGE_STATISTICS, 1), item("analyze", "b", "2", STAGE_STATISTICS, 1),
        item("analyze", "c", "3", STAGE_STATISTICS, 1), item("analyze", "d", "4", STAGE_STATISTICS, 1)};
    items[1].rank = 1e6;
    items[2].severity = SEVERITY_WARNING;
    items[3].rank = NAN;
    order(items, 4, &everything, told, sizeof(told));
    assert_string_equal(told, "cbad");
}

static void without_only_nothing_but_analyze_and_vacuum_runs(void **state)
{
    (void)state;
    static const struct plan_options standard = {.budget_s = NAN},
                                     index = {.only = &kinds[4], .n_only = 1, .budget_s = NAN};
    char told[64];
    const struct plan_item items[] = {
        item("drop_index", "D", "drop index d", STAGE_DROP, 1),
        item("vacuum_freeze", "F", "vacuum freeze f", STAGE_FREEZE, 1),
        item("vacuumize", "X", "no", STAGE_VACUUM, 1),
        item("analyze", "S", "analyze s", STAGE_STATISTICS, 1),
    };
    order(items, 4, &standard, told, sizeof(told));
    assert_string_equal(told, "FS|DX");
    order(items, 4, &index, told, sizeof(told));
    assert_string_equal(told, "D|FSX");
}

static void what_does_not_fit_the_budget_is_left_and_what_fits_after_it_is_taken(void **state)
{
    (void)state;
    struct plan_item items[] = {
        item("analyze", "a", "1", STAGE_STATISTICS, 40), item("vacuum", "b", "2", STAGE_VACUUM, 30),
        item("vacuum", "c", "3", STAGE_VACUUM, 20), item("vacuum", "d", "4", STAGE_VACUUM, NAN)};
    struct plan_options o = {.budget_s = 60};
    struct plan p;
    struct text why;
    items[1].rank = 2;
    plan_make(items, 4, &o, &p);
    assert_int_equal(p.n_steps, 2);
    assert_int_equal(p.entries[0].item, 0);
    assert_int_equal(p.entries[1].item, 2);
    assert_true(p.cost_s == 60);
    assert_int_equal(p.entries[2].fate, PLAN_NO_TIME);
    text_init(&why, 500);
    plan_why(&p.entries[2], &items[p.entries[2].item], &why);
    assert_string_equal(text_str(&why), "it takes about 30.0 s, and 20.0 s are left");
    text_clear(&why);
    plan_why(&p.entries[3], &items[p.entries[3].item], &why);
    assert_true(strstr(text_str(&why), "not known") != NULL);
    text_done(&why);
    plan_done(&p);
}

static void what_cannot_run_says_why(void **state)
{
    (void)state;
    struct plan_item items[] = {item(NULL, "hand", NULL, STAGE_SETTINGS, 1),
                                item("vacuum", "standby", NULL, STAGE_VACUUM, 1),
                                item("vacuum", "unknown", NULL, STAGE_VACUUM, 1),
                                item("reindex", "unnamed", "reindex", STAGE_BUILD, 1),
                                item("vacuum", "typed", "vacuum", STAGE_VACUUM, 1)};
    static const struct plan_options standard = {.budget_s = NAN};
    static const char typed[] = "what it is done to must be typed, in the dashboard: action vacuum "
                                "(pid 7 has a transaction open)";
    static const char *const wanted[] = {"no action cures it: a person has to", "this is a standby",
                                         "its statement is not known", "not asked for: --only reindex", typed};
    struct plan p;
    items[1].why_not = "this is a standby";
    items[4].by_name = true;
    items[4].by_name_why = "pid 7 has a transaction open";
    plan_make(items, 5, &standard, &p);
    assert_int_equal(p.n_steps, 0);
    for (int i = 0; i < p.n; i++) {
        struct text why;
        text_init(&why, 500);
        plan_why(&p.entries[i], &items[p.entries[i].item], &why);
        assert_string_equal(text_str(&why), wanted[p.entries[i].item]);
        text_done(&why);
    }
    plan_done(&p);
}

static void the_same_statement_runs_once_in_each_place(void **state)
{
    (void)state;
    char told[64];
    struct plan_item items[] = {item("drop_index", "a", "drop index x", STAGE_REPAIR, 1),
                                item("drop_index", "b", "drop index x", STAGE_DROP, 1),
                                item("drop_index", "c", "drop index x", STAGE_DROP, 1)};
    items[2].database = "other";
    order(items, 3, &everything, told, sizeof(told));
    assert_string_equal(told, "ac|b");
}

/* Any findings: each is in the plan once, steps are in order of stage, and their time keeps to the budget. */
static void any_plan_is_whole_in_order_and_within_its_time(void **state)
{
    (void)state;
    static const char *const actions[] = {NULL, "analyze", "vacuum", "drop_index", "reindex"};
    enum { MOST = 40, ROUNDS = 2000 };
    srand(7);
    for (int round = 0; round < ROUNDS; round++) {
        struct plan_item items[MOST];
        char names[MOST][8];
        bool seen[MOST] = {false};
        int n = rand() % MOST;
        struct plan_options o = everything;
        struct plan p;
        o.budget_s = rand() % 3 == 0 ? NAN : rand() % 200;
        for (int i = 0; i < n; i++) {
            snprintf(names[i], sizeof(names[i]), "s%d", rand() % 30);
            items[i] = item(actions[rand() % 5], names[i], rand() % 5 == 0 ? NULL : names[i],
                            (enum stage)(rand() % N_STAGES), rand() % 30);
            items[i].severity = 1 + rand() % 3;
            items[i].rank = rand() % 4 == 0 ? NAN : rand() % 5;
        }
        plan_make(items, n, &o, &p);
        double cost_s = 0;
        for (int i = 0; i < p.n; i++) {
            assert_false(seen[p.entries[i].item]);
            seen[p.entries[i].item] = true;
            if (i < p.n_steps)
                cost_s += items[p.entries[i].item].cost_s;
            if (i > 0 && i < p.n_steps)
                assert_true(items[p.entries[i - 1].item].stage <= items[p.entries[i].item].stage);
        }
        assert_int_equal(p.n, n);
        assert_true(p.cost_s == cost_s && (isnan(o.budget_s) || cost_s <= o.budget_s));
        plan_done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_saves_the_server_is_first_and_what_cannot_be_taken_back_is_last),
        cmocka_unit_test(the_worse_of_a_stage_is_first),
        cmocka_unit_test(without_only_nothing_but_analyze_and_vacuum_runs),
        cmocka_unit_test(what_does_not_fit_the_budget_is_left_and_what_fits_after_it_is_taken),
        cmocka_unit_test(what_cannot_run_says_why),
        cmocka_unit_test(the_same_statement_runs_once_in_each_place),
        cmocka_unit_test(any_plan_is_whole_in_order_and_within_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
