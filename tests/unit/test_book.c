/* The book of alerts: what rules find goes in, transitions come out. */
#include "tests/unit/book_world.h"

static void rows_that_offend_become_alerts_that_are_found_again(void **state)
{
    (void)state;
    struct world w;
    const struct row rows[] = {
        {"shop", "a", 60, NULL}, {"shop", "b", 95, NULL}, {"blog", "a", 60, NULL}, {"blog", "b", 10, NULL}};
    world_init(&w);
    answer(&w, LAG, rows, 4, both, 2);
    answer(&w, LAG, rows, 4, both, 2);
    assert_int_equal(book_alerts(w.book), 3);
    assert_int_equal(w.n_events, 3);
    struct alert *a = find(&w, "lag", "shop", "b");
    assert_int_equal(a->state.level, LEVEL_CRITICAL);
    assert_ptr_equal(book_find(w.book, a->id), a);
    assert_int_equal(strlen(a->id), 16);
    assert_string_not_equal(a->id, find(&w, "lag", "blog", "a")->id);
    assert_null(book_find(w.book, "0123456789abcdef"));
    assert_null(book_find(w.book, ""));
    char id[17];
    memcpy(id, a->id, 17);
    book_free(w.book);
    world_init(&w); /* another process gives the same id */
    assert_string_equal(book_restore(w.book, "lag", "shop", "b")->id, id);
    book_free(w.book);
}

static bool is_there(void *ctx, const struct alert *a)
{
    return strcmp(a->key, ctx) == 0;
}

static void what_an_answer_does_not_name_is_gone_or_below_floor(void **state)
{
    (void)state;
    struct world w;
    const struct row rows[] = {{"shop", "a", 60, NULL}, {"shop", "b", 60, NULL}, {"blog", "a", 60, NULL}};
    world_init(&w);
    answer(&w, LAG, rows, 3, both, 2);
    struct result *none = answer_new(NULL, 0);
    char b[] = "b";
    book_answer(w.book, &(struct book_answer){.rule = &w.list[LAG],
                                              .result = none,
                                              .coverage = both,
                                              .n_coverage = 1,
                                              .step_s = 10,
                                              .wall_s = 1,
                                              .still_there = is_there,
                                              .ctx = b});
    arena_unref(none->arena);
    assert_int_equal(w.n_events, 5);
    assert_int_equal(find(&w, "lag", "shop", "a")->state.phase, PHASE_OK);
    assert_int_equal(find(&w, "lag", "blog", "a")->state.phase, PHASE_FIRING); /* nobody spoke of blog */
    for (int i = 3; i < 5; i++) {
        bool floor = strcmp(w.events[i].id, find(&w, "lag", "shop", "b")->id) == 0;
        assert_int_equal(w.events[i].transition.reason, floor ? REASON_FLOOR : REASON_GONE);
    }
    book_free(w.book);
}

static void without_data_nothing_ends(void **state)
{
    (void)state;
    struct world w;
    const struct coverage stale[] = {{"shop", "sessions is 12 s old"}, {"blog", NULL}};
    world_init(&w);
    shop(&w, LAG, 60);
    answer(&w, LAG, NULL, 0, stale, 2);
    struct alert *a = find(&w, "lag", "shop", "a");
    assert_int_equal(a->state.phase, PHASE_FIRING);
    assert_string_equal(a->no_data, "sessions is 12 s old");
    book_answer(
        w.book,
        &(struct book_answer){
            .rule = &w.list[LAG], .error = "interrupted", .coverage = both, .n_coverage = 2, .step_s = 10});
    assert_int_equal(a->state.phase, PHASE_FIRING);
    assert_string_equal(a->no_data, "interrupted");
    shop(&w, LAG, 60);
    assert_null(a->no_data);
    struct result *cut = answer_new(NULL, 0);
    cut->more = true;
    book_answer(w.book,
                &(struct book_answer){
                    .rule = &w.list[LAG], .result = cut, .coverage = both, .n_coverage = 2, .step_s = 10});
    arena_unref(cut->arena);
    assert_int_equal(a->state.phase, PHASE_FIRING);
    assert_int_equal(w.n_events, 1);
    book_free(w.book);
}

static void a_rule_may_alert_of_a_target_without_data_once(void **state)
{
    (void)state;
    struct world w;
    const struct coverage stale[] = {{"shop", "sessions is 12 s old"}, {"blog", NULL}};
    world_init(&w);
    answer(&w, DEAF, NULL, 0, stale, 2);
    answer(&w, DEAF, NULL, 0, stale, 2);
    assert_int_equal(book_alerts(w.book), 1);
    struct alert *a = find(&w, "deaf", "shop", "");
    assert_int_equal(a->state.phase, PHASE_FIRING);
    assert_string_equal(a->title, "WARNING shop: deaf has no data: sessions is 12 s old");
    answer(&w, DEAF, NULL, 0, both, 2);
    assert_int_equal(last(&w)->change, CHANGE_RESOLVED);
    assert_int_equal(w.n_events, 2);
    /* One that fires already stays, and no second one is made. */
    shop(&w, DEAF, 60);
    answer(&w, DEAF, NULL, 0, stale, 2);
    assert_int_equal(find(&w, "deaf", "shop", "a")->state.phase, PHASE_FIRING);
    assert_int_equal(a->state.phase, PHASE_OK);
    book_free(w.book);
}

static void hysteresis_asks_for_the_level_in_force(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    shop(&w, LAG, 45);
    assert_int_equal(book_alerts(w.book), 0);
    shop(&w, LAG, 60);
    shop(&w, LAG, 45);
    assert_int_equal(find(&w, "lag", "shop", "a")->state.phase, PHASE_FIRING);
    shop(&w, LAG, 39);
    assert_int_equal(last(&w)->change, CHANGE_RESOLVED);
    assert_int_equal(last(&w)->reason, REASON_BELOW);
    book_free(w.book);
}

static void alerts_of_rules_and_targets_that_go_end(void **state)
{
    (void)state;
    struct world w;
    const struct row rows[] = {{"shop", "a", 95, NULL}, {"blog", "a", 95, NULL}};
    const char *const targets[] = {"shop"};
    world_init(&w);
    answer(&w, LAG, rows, 2, both, 2);
    answer(&w, DISKS, rows, 2, both, 2);
    book_set_targets(w.book, targets, 1, w.wall_s);
    assert_int_equal(find(&w, "lag", "blog", "a")->state.phase, PHASE_OK);
    assert_int_equal(find(&w, "lag", "shop", "a")->state.phase, PHASE_FIRING);
    w.n_events = 0;
    struct rule list[] = {rule_made("new"), w.list[DISKS]};
    const struct rules others = {.list = list, .n = 2};
    book_set_rules(w.book, &others, w.wall_s);
    assert_int_equal(w.n_events, 1);
    assert_int_equal(last(&w)->reason, REASON_REMOVED);
    assert_string_equal(w.events[0].title, "RESOLVED (rule removed) shop: a waits");
    assert_int_equal(find(&w, "disks", "shop", "a")->state.phase, PHASE_PENDING); /* its timer goes on */
    assert_true(alert_state_held_s(&find(&w, "disks", "shop", "a")->state) == 0);
    list[1].enabled = false;
    book_set_rules(w.book, &others, w.wall_s);
    assert_int_equal(last(&w)->change, CHANGE_DROPPED);
    /* An answer that was asked with the old rules comes too late. */
    shop(&w, LAG, 95);
    assert_int_equal(find(&w, "lag", "shop", "a")->state.phase, PHASE_OK);
    /* The rule is back. */
    book_set_rules(w.book, &w.rules, w.wall_s);
    shop(&w, LAG, 95);
    assert_int_equal(last(&w)->change, CHANGE_FIRED);
    book_free(w.book);
}

static void what_is_over_is_forgotten_and_its_numbers_are_not_used_again(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    shop(&w, LAG, 95);
    for (int i = 0; i < 25; i++)
        shop(&w, LAG, 1);
    shop(&w, DISKS, 60);
    shop(&w, DISKS, 1);
    for (int i = 0; i < 899; i++)
        book_tick(w.book, 1, w.wall_s);
    assert_null(find(&w, "disks", "shop", "a")); /* it was pending only */
    assert_int_equal(book_alerts(w.book), 1);
    book_tick(w.book, 1, w.wall_s);
    assert_int_equal(book_alerts(w.book), 0);
    assert_int_equal(w.n_forgotten, 2);
    assert_int_equal(book_number(w.book), 2);
    shop(&w, LAG, 95);
    assert_int_equal(last(&w)->number, 3);
    book_free(w.book);
}

static void an_alert_of_the_state_file_goes_on_where_it_stood(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct alert *a = book_restore(w.book, "disks", "shop", "a"),
                 *orphan = book_restore(w.book, "was", "shop", "");
    a->state.phase = orphan->state.phase = PHASE_PENDING;
    a->state.level = orphan->state.level = LEVEL_WARNING;
    a->state.held_s[LEVEL_INFO] = a->state.held_s[LEVEL_WARNING] = 25;
    a->state.transitions = 41;
    book_set_rules(w.book, &w.rules, w.wall_s);
    assert_int_equal(w.n_events, 1);
    assert_int_equal(last(&w)->reason, REASON_REMOVED);
    assert_true(a->restored);
    shop(&w, DISKS, 60);
    assert_int_equal(last(&w)->change, CHANGE_FIRED);
    assert_int_equal(last(&w)->number, 42);
    assert_false(a->restored);
    book_free(w.book);
}

static void one_rule_cannot_fill_the_memory(void **state)
{
    (void)state;
    enum { N = 10050 };
    struct world w;
    struct row *rows = mem_new_array(N, sizeof(*rows));
    char(*names)[16] = mem_new_array(N, sizeof(*names));
    world_init(&w);
    book_on_event(w.book, NULL, NULL);
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof(names[i]), "t%d", i);
        rows[i] = (struct row){"shop", names[i], 60, NULL};
    }
    answer(&w, LAG, rows, N, both, 2);
    answer(&w, LAG, rows, N, both, 2);
    assert_int_equal(book_alerts(w.book), 10000);
    struct sample *s = book_rules_sample(w.book, "shop", 1, w.wall_s);
    assert_string_equal(s->values[dataset_column(&rules_dataset, "error")].text[LAG],
                        "too many alerts: 50 are left out");
    sample_unref(s);
    free(rows);
    free(names);
    book_free(w.book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_offend_become_alerts_that_are_found_again),
        cmocka_unit_test(what_an_answer_does_not_name_is_gone_or_below_floor),
        cmocka_unit_test(without_data_nothing_ends),
        cmocka_unit_test(a_rule_may_alert_of_a_target_without_data_once),
        cmocka_unit_test(hysteresis_asks_for_the_level_in_force),
        cmocka_unit_test(alerts_of_rules_and_targets_that_go_end),
        cmocka_unit_test(what_is_over_is_forgotten_and_its_numbers_are_not_used_again),
        cmocka_unit_test(an_alert_of_the_state_file_goes_on_where_it_stood),
        cmocka_unit_test(one_rule_cannot_fill_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
