/* Texts of statements: kept once, mended, clipped, and given up when they are no longer used. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/statements_texts.h"
#include "collectors/pg/texts.h"
#include "core/mem.h"

static void put(struct texts *t, int64_t id, const char *text)
{
    texts_put(t, id, text, strlen(text));
}

static void an_empty_cache_holds_nothing(void **state)
{
    (void)state;
    struct texts t = {0};
    texts_begin(&t);
    assert_null(texts_use(&t, 1, NULL));
    assert_false(texts_sweep(&t));
    texts_done(&t);
}

static void a_text_is_found_by_its_id(void **state)
{
    (void)state;
    struct texts t = {0};
    for (int i = 0; i < 5000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "select %d", i);
        put(&t, (int64_t)i * 1000003 - 77, text);
    }
    texts_begin(&t);
    assert_string_equal(texts_use(&t, -77, NULL), "select 0");
    assert_string_equal(texts_use(&t, (int64_t)4999 * 1000003 - 77, NULL), "select 4999");
    assert_null(texts_use(&t, 12345, NULL));
    texts_done(&t);
}

static void a_text_that_is_held_stays_where_it_is(void **state)
{
    (void)state;
    struct texts t = {0};
    put(&t, 1, "first");
    const char *before = texts_use(&t, 1, NULL);
    put(&t, 1, "second");
    assert_ptr_equal(texts_use(&t, 1, NULL), before);
    assert_string_equal(before, "first");
    texts_done(&t);
}

static void a_query_of_ours_is_told_by_the_tag_behind_its_first_word(void **state)
{
    (void)state;
    struct texts t = {0};
    put(&t, 1, "select /* dbvitals */ 1");
    put(&t, 2, "select 1 /* dbvitals */");
    bool own = false;
    assert_non_null(texts_use(&t, 1, &own));
    assert_true(own);
    assert_non_null(texts_use(&t, 2, &own));
    assert_false(own);
    texts_done(&t);
}

static void bad_bytes_are_mended(void **state)
{
    (void)state;
    struct texts t = {0};
    put(&t, 1, "caf\xe9");
    assert_string_equal(texts_use(&t, 1, NULL), "caf\xef\xbf\xbd");
    texts_done(&t);
}

static void a_long_text_is_clipped_between_characters(void **state)
{
    (void)state;
    struct texts t = {0};
    size_t len = TEXTS_LONGEST + 10;
    char *text = mem_new(len + 1);
    memset(text, 'x', len);
    memcpy(text + TEXTS_LONGEST - 1, "\xc3\xa9", 2); /* the limit is in the middle of this one */
    texts_put(&t, 1, text, len);
    assert_int_equal(strlen(texts_use(&t, 1, NULL)), TEXTS_LONGEST - 1);
    free(text);
    texts_done(&t);
}

static void a_text_of_broken_characters_is_clipped_too(void **state)
{
    (void)state;
    struct texts t = {0};
    size_t len = TEXTS_LONGEST + 10;
    char *text = mem_new(len + 1);
    memset(text, 0x80, len);
    texts_put(&t, 1, text, len);
    assert_int_equal(strlen(texts_use(&t, 1, NULL)), 3 * TEXTS_LONGEST); /* each byte is a U+FFFD now */
    free(text);
    texts_done(&t);
}

static void beyond_the_limit_only_beginnings_are_kept(void **state)
{
    (void)state;
    struct texts t = {0};
    char *text = mem_new(TEXTS_LONGEST + 1);
    memset(text, 'x', TEXTS_LONGEST);
    int n = TEXTS_MOST / TEXTS_LONGEST;
    for (int i = 0; i <= n; i++)
        texts_put(&t, i, text, TEXTS_LONGEST);
    assert_int_equal(strlen(texts_use(&t, n - 1, NULL)), TEXTS_LONGEST);
    assert_int_equal(strlen(texts_use(&t, n, NULL)), TEXTS_SHORTEST);
    free(text);
    texts_done(&t);
}

static void what_is_unused_goes_when_it_is_more_than_half(void **state)
{
    (void)state;
    struct texts t = {0};
    char *text = mem_new(TEXTS_LONGEST + 1);
    memset(text, 'x', TEXTS_LONGEST);
    for (int i = 0; i < 100; i++)
        texts_put(&t, i, text, TEXTS_LONGEST);
    texts_begin(&t);
    for (int i = 0; i < 60; i++)
        texts_use(&t, i, NULL);
    assert_false(texts_sweep(&t));
    texts_begin(&t);
    for (int i = 0; i < 10; i++)
        texts_use(&t, i, NULL);
    struct arena *old = arena_ref(t.arena); /* as a sample does */
    const char *kept = texts_use(&t, 3, NULL);
    assert_true(texts_sweep(&t));
    assert_int_equal(strlen(kept), TEXTS_LONGEST); /* the old arena lives as long as a sample has it */
    arena_unref(old);
    texts_begin(&t);
    assert_non_null(texts_use(&t, 9, NULL));
    assert_null(texts_use(&t, 10, NULL));
    assert_int_equal(t.n, 10);
    free(text);
    texts_done(&t);
}

extern const struct pg_collector pg_statements;

/* Statement I of N has run for I + 1 ms each second, the last for LAST_MS altogether. */
static struct sample *statements_at(double at_s, int n, double last_ms)
{
    const struct dataset *d = pg_statements.dataset;
    struct sample *s = sample_new(d, n);
    s->mono_s = at_s;
    for (int i = 0; i < n; i++) {
        s->values[dataset_column(d, "userid")].integer[i] = 10;
        s->values[dataset_column(d, "dbid")].integer[i] = 5;
        s->values[dataset_column(d, "toplevel")].integer[i] = 1;
        s->values[dataset_column(d, "queryid")].integer[i] = i;
        s->values[dataset_column(d, "total_exec_ms")].real[i] = i == n - 1 ? last_ms : at_s * (i + 1);
    }
    return s;
}

/* Texts of 20 statements came at 1000 s, when the next fetch is a minute away; at AT_S one more stands there
 * that took LAST_MS. */
static bool is_due(double at_s, double last_ms, bool failed)
{
    struct statements_texts t = {.asked_s = 1000, .every_s = 60, .failed = failed};
    for (int i = 0; i < 20; i++)
        texts_put(&t.fetched, i, "select 1", 8);
    struct sample *before = statements_at(at_s - 2, 20, (at_s - 2) * 20),
                  *now = statements_at(at_s, 21, last_ms);
    struct text missing;
    text_init(&missing, 1000);
    now->values[dataset_column(now->dataset, "total_exec_ms")].real[19] = at_s * 20;
    statements_texts_delivered(&t, before);
    statements_texts_fill(&t, now, &missing);
    assert_string_equal(text_str(&missing), "{20}");
    bool due = statements_texts_due(&t, now);
    statements_texts_done(&t);
    text_done(&missing);
    sample_unref(before);
    sample_unref(now);
    return due;
}

static void a_text_that_lacks_among_the_top_is_fetched_within_seconds(void **state)
{
    (void)state;
    assert_true(is_due(1006, 100, false));
    assert_false(is_due(1004, 100, false)); /* not more often than each 5 s */
    assert_false(is_due(1006, 21, false));  /* ten others took more: 22 to 40 ms in 2 s */
    assert_false(is_due(1006, 100, true));  /* the last fetch failed: a minute */
    assert_true(is_due(1061, 21, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_lacks_among_the_top_is_fetched_within_seconds),
        cmocka_unit_test(an_empty_cache_holds_nothing),
        cmocka_unit_test(a_text_is_found_by_its_id),
        cmocka_unit_test(a_text_that_is_held_stays_where_it_is),
        cmocka_unit_test(a_query_of_ours_is_told_by_the_tag_behind_its_first_word),
        cmocka_unit_test(bad_bytes_are_mended),
        cmocka_unit_test(a_long_text_is_clipped_between_characters),
        cmocka_unit_test(a_text_of_broken_characters_is_clipped_too),
        cmocka_unit_test(beyond_the_limit_only_beginnings_are_kept),
        cmocka_unit_test(what_is_unused_goes_when_it_is_more_than_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
