/* Rows and alerts: an alert makes one step per look, however many rows an answer has for it. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/book.h"
#include "core/mem.h"

struct row {
    const char *target, *name;
    double value;
};
enum { TARGET, NAME, VALUE, N_COLUMNS };

static struct result *answer_new(const struct row *rows, int n)
{
    static const struct result_column columns[] = {
        {.name = "target"}, {.name = "name"}, {.name = "value", .unit = UNIT_COUNT}};
    struct arena *arena = arena_new(256);
    struct result *r = arena_alloc(arena, sizeof(*r));
    *r = (struct result){.arena = arena, .n_columns = N_COLUMNS, .n_rows = n};
    r->columns = arena_alloc(arena, sizeof(columns));
    memcpy(r->columns, columns, sizeof(columns));
    r->values = arena_alloc(arena, (size_t)n * N_COLUMNS * sizeof(*r->values));
    for (int i = 0; i < n; i++) {
        struct value *v = &r->values[i * N_COLUMNS];
        v[TARGET] = (struct value){VALUE_TEXT, .text = rows[i].target};
        v[NAME] = (struct value){VALUE_TEXT, .text = rows[i].name};
        v[VALUE] = (struct value){isnan(rows[i].value) ? VALUE_NULL : VALUE_REAL, .real = rows[i].value};
    }
    return r;
}

static const char *const name_key[] = {"name"};
static const struct coverage both[] = {{"shop", NULL}, {"blog", NULL}};

/* Warning above 50, critical above 90, for a minute. */
static struct rule rule_made(void)
{
    struct rule r = {.name = "full",
                     .help = "h",
                     .sql = "select 1",
                     .summary = "{count} of {name}",
                     .enabled = true,
                     .unit = UNIT_COUNT,
                     .for_s = 60,
                     .key = (const char **)(uintptr_t)name_key,
                     .n_key = 1};
    r.levels[LEVEL_WARNING] = (struct threshold){COMPARE_GT, 50, "> 50"};
    r.levels[LEVEL_CRITICAL] = (struct threshold){COMPARE_GT, 90, "> 90"};
    return r;
}

static void of_rows_that_share_a_key_the_worst_decides_and_all_that_offend_count(void **state)
{
    (void)state;
    const struct row rows[] = {{"shop", "a", 60}, {"blog", "a", 10},  {"shop", "a", 95}, {"shop", "b", 10},
                               {"shop", "a", 99}, {"shop", "a", NAN}, {"shop", "a", 3},  {"blog", "a", NAN}};
    struct rule rule = rule_made();
    struct result *r = answer_new(rows, 8);
    struct judgement j;
    judge_result(&rule, r, both, 2, NULL, NULL, &j);
    assert_int_equal(j.n, 3);
    assert_string_equal(j.rows[0].key, "name=a");
    assert_int_equal(j.rows[0].outcome.level, LEVEL_CRITICAL);
    assert_int_equal(j.rows[0].row, 4);
    assert_int_equal(j.rows[0].count, 3);
    assert_string_equal(j.rows[1].target, "blog");
    assert_int_equal(j.rows[1].outcome.kind, OUTCOME_NO_DATA); /* it may offend */
    assert_int_equal(j.rows[2].outcome.kind, OUTCOME_FALSE);
    judgement_done(&j);
    result_free(r);
}

static void count_event(void *ctx, const struct event *e)
{
    (void)e;
    ++*(int *)ctx;
}

/* Looks at ROWS every ten seconds; the number of looks until the alert fires, 0 if it does not in 10. */
static int looks_until_it_fires(const struct row *rows, int n, int *events)
{
    struct rule rule = rule_made();
    struct rules rules = {.list = &rule, .n = 1};
    struct book *book = book_new(&rules);
    struct result *r = answer_new(rows, n);
    int fired = 0;
    book_on_event(book, count_event, events);
    for (int look = 1; look <= 10; look++) {
        book_answer(book, &(struct book_answer){.rule = &rule,
                                                .result = r,
                                                .coverage = both,
                                                .n_coverage = 1,
                                                .step_s = look == 1 ? 0 : 10,
                                                .wall_s = 1e9 + look * 10});
        const struct alert *a = book_alerts(book) > 0 ? book_alert(book, 0) : NULL;
        if (fired == 0 && a != NULL && a->state.phase == PHASE_FIRING)
            fired = look;
    }
    result_free(r);
    book_free(book);
    return fired;
}

static void rows_that_share_a_key_do_not_shorten_for(void **state)
{
    (void)state;
    const struct row twins[] = {{"shop", "a", 60}, {"shop", "a", 61}};
    int events = 0;
    assert_int_equal(looks_until_it_fires(twins, 1, &events), 7);
    assert_int_equal(looks_until_it_fires(twins, 2, &events), 7);
}

static void a_good_row_beside_a_bad_one_of_its_key_neither_holds_it_back_nor_ends_it(void **state)
{
    (void)state;
    const struct row mixed[] = {{"shop", "a", 60}, {"shop", "a", 1}}, turned[] = {mixed[1], mixed[0]};
    int events = 0;
    assert_int_equal(looks_until_it_fires(mixed, 2, &events), 7);
    assert_int_equal(looks_until_it_fires(turned, 2, &events), 7);
    assert_int_equal(events, 4); /* pending and firing, twice: nothing flaps */
}

static void keys_that_differ_behind_a_thousand_bytes_are_two(void **state)
{
    (void)state;
    char a[3000], b[3000];
    memset(a, 'x', sizeof(a));
    memcpy(a + 900, "\xc3\xa4\xc3\xa4", 4);
    a[sizeof(a) - 1] = '\0';
    memcpy(b, a, sizeof(b));
    b[2500] = 'y';
    const struct row rows[] = {{"shop", a, 60}, {"shop", b, 60}, {"shop", a, 95}};
    struct rule rule = rule_made();
    struct result *r = answer_new(rows, 3);
    struct judgement j;
    judge_result(&rule, r, both, 1, NULL, NULL, &j);
    assert_int_equal(j.n, 2);
    assert_string_not_equal(j.rows[0].key, j.rows[1].key);
    assert_int_equal(j.rows[0].count, 2);
    assert_true(strlen(j.rows[0].key) <= 1000);
    assert_memory_equal(j.rows[0].key, "name=xxxx", 9);
    char *key = judge_key(&rule, r, 0);
    assert_string_equal(key, j.rows[0].key); /* and it is found again */
    free(key);
    judgement_done(&j);
    result_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_rows_that_share_a_key_the_worst_decides_and_all_that_offend_count),
        cmocka_unit_test(rows_that_share_a_key_do_not_shorten_for),
        cmocka_unit_test(a_good_row_beside_a_bad_one_of_its_key_neither_holds_it_back_nor_ends_it),
        cmocka_unit_test(keys_that_differ_behind_a_thousand_bytes_are_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
