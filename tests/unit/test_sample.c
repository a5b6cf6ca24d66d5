/* What a sample promises: typed cells, valid text, rows found by key and by value, memory given back. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h> /* after ours: it has a macro named fail */

enum { PID, STARTED, USER, QUERY, AGE, CALLS, SHARE, N };
// clang-format off
static const struct column columns[N] = {
    [PID]     = {.name = "pid",     .kind = KIND_KEY,     .type = TYPE_INT,  .help = "process"},
    [STARTED] = {.name = "started", .kind = KIND_KEY,     .type = TYPE_REAL, .unit = UNIT_TIME, .help = "when it started"},
    [USER]    = {.name = "usename", .kind = KIND_LABEL,   .type = TYPE_TEXT, .help = "who"},
    [QUERY]   = {.name = "query",   .kind = KIND_TEXT,    .type = TYPE_TEXT, .help = "what"},
    [AGE]     = {.name = "age_s",   .kind = KIND_GAUGE,   .type = TYPE_REAL, .unit = UNIT_S, .help = "how old"},
    [CALLS]   = {.name = "calls",   .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = UNIT_COUNT, .help = "how often"},
    [SHARE]   = {.name = "share",   .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_RATIO, .formula = FORMULA_PART,
                 .a = "calls", .help = "share of all calls"},
};
// clang-format on
static const struct dataset sessions = {
    .name = "sessions", .help = "a session", .columns = columns, .n_columns = N};

static void set(struct sample *s, int column, int row, const char *text)
{
    sample_set_text(s, column, row, text, strlen(text));
}

static void a_new_sample_has_no_values(void **state)
{
    (void)state;
    struct sample *s = sample_new(&sessions, 3);
    for (int row = 0; row < 3; row++) {
        assert_true(s->values[PID].integer[row] == INT_NONE);
        assert_true(isnan(s->values[STARTED].real[row]));
        assert_null(s->values[QUERY].text[row]);
        assert_true(isnan(s->values[CALLS].real[row]));
    }
    assert_null(s->values[SHARE].any);
    assert_null(s->why[CALLS]);
    assert_true(isnan(s->reset_s));
    sample_unref(s);
}

static void a_sample_may_have_no_rows(void **state)
{
    (void)state;
    struct sample *s = sample_new(&sessions, 0), *other = sample_new(&sessions, 1);
    assert_int_equal(sample_find(s, other, 0), -1);
    assert_int_equal(sample_first_int(s, PID, 1), -1);
    assert_int_equal(sample_first_text(s, USER, "a"), -1);
    sample_unref(s);
    sample_unref(other);
    sample_unref(NULL);
}

static void a_lacking_column_says_why_and_takes_no_text(void **state)
{
    (void)state;
    struct sample *s = sample_new(&sessions, 2);
    char why[] = "needs pg_monitor";
    sample_lacks(s, QUERY, why);
    why[0] = 'X';
    assert_null(s->values[QUERY].any);
    assert_string_equal(s->why[QUERY], "needs pg_monitor");
    set(s, QUERY, 0, "select 1");
    assert_int_equal(sample_first_text(s, QUERY, "select 1"), -1);
    sample_unref(s);
}

static void text_from_outside_becomes_valid_utf8(void **state)
{
    (void)state;
    struct sample *s = sample_new(&sessions, 3);
    sample_set_text(s, QUERY, 0,
                    "a\xff"
                    "b",
                    3);
    assert_string_equal(s->values[QUERY].text[0], "a\xEF\xBF\xBD"
                                                  "b");
    sample_set_text(s, QUERY, 1, "x\0y", 3);
    assert_string_equal(s->values[QUERY].text[1], "x\xEF\xBF\xBDy");
    set(s, QUERY, 0, "x");
    sample_set_text(s, QUERY, 1, "x\0y", 3); /* begins as the row before, which ends there */
    assert_string_equal(s->values[QUERY].text[1], "x\xEF\xBF\xBDy");
    set(s, QUERY, 0, "select\n\t1 \x7f\x01");
    assert_string_equal(s->values[QUERY].text[0], "select\n\t1 \x7f\x01"); /* exports are exact */
    set(s, QUERY, 2, "gr\xC3\xBC\xC3\x9F");
    assert_string_equal(s->values[QUERY].text[2], "gr\xC3\xBC\xC3\x9F");
    sample_set_text(s, QUERY, 2, NULL, 0);
    assert_null(s->values[QUERY].text[2]);
    sample_unref(s);
}

static void a_text_is_limited_to_1_mib_at_a_character(void **state)
{
    (void)state;
    enum { LEN = (1 << 20) + 10 };
    char *text = test_malloc(LEN);
    memset(text, 'a', LEN);
    memcpy(text + (1 << 20) - 1, "\xC3\xBC", 2); /* stands across the limit */
    struct sample *s = sample_new(&sessions, 1);
    sample_set_text(s, QUERY, 0, text, LEN);
    assert_int_equal(strlen(s->values[QUERY].text[0]), (1 << 20) - 1);
    sample_unref(s);
    test_free(text);
}

static void text_equal_to_the_row_before_is_kept_once(void **state)
{
    (void)state;
    struct sample *s = sample_new(&sessions, 4);
    set(s, USER, 0, "app");
    set(s, USER, 1, "app");
    set(s, USER, 2, "ap");
    set(s, USER, 3, "app");
    assert_ptr_equal(s->values[USER].text[0], s->values[USER].text[1]);
    assert_string_equal(s->values[USER].text[2], "ap");
    assert_string_equal(s->values[USER].text[3], "app");
    sample_unref(s);
}

static struct sample *three_sessions(void)
{
    struct sample *s = sample_new(&sessions, 3);
    for (int row = 0; row < 3; row++) {
        s->values[PID].integer[row] = 100 + row % 2;
        s->values[STARTED].real[row] = row == 2 ? NAN : row;
        set(s, USER, row, row % 2 == 0 ? "app" : "dba");
    }
    return s;
}

static void a_row_is_found_by_all_its_keys(void **state)
{
    (void)state;
    struct sample *s = three_sessions(), *other = three_sessions();
    for (int row = 0; row < 3; row++)
        assert_int_equal(sample_find(s, other, row), row);
    other->values[STARTED].real[0] = 7; /* the same pid, started at another moment */
    assert_int_equal(sample_find(s, other, 0), -1);
    sample_unref(s);
    sample_unref(other);
}

static void a_value_is_found_in_every_row_that_has_it(void **state)
{
    (void)state;
    struct sample *s = three_sessions();
    assert_int_equal(sample_first_int(s, PID, 100), 0);
    assert_int_equal(sample_next(s, PID, 0), 2);
    assert_int_equal(sample_next(s, PID, 2), -1);
    assert_int_equal(sample_first_int(s, PID, 99), -1);
    assert_int_equal(sample_first_text(s, USER, "dba"), 1);
    assert_int_equal(sample_next(s, USER, 1), -1);
    assert_int_equal(sample_first_text(s, USER, "db"), -1);
    sample_unref(s);
}

static void no_value_is_found_nowhere(void **state)
{
    (void)state;
    struct sample *s = sample_new(&sessions, 2);
    assert_int_equal(sample_first_int(s, PID, INT_NONE), -1);
    assert_int_equal(sample_first_text(s, USER, NULL), -1);
    sample_unref(s);
}

static void hashes_agree_with_a_plain_search(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    struct sample *s = sample_new(&sessions, ROWS);
    uint64_t seed = 7;
    char name[20];
    for (int row = 0; row < ROWS; row++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        s->values[PID].integer[row] = (int64_t)(seed >> 54);
        snprintf(name, sizeof(name), "user%d", (int)(seed >> 40 & 63));
        set(s, USER, row, name);
    }
    for (int value = 0; value < 1024; value++) {
        int found = sample_first_int(s, PID, value);
        for (int row = 0; row < ROWS; row++) {
            if (s->values[PID].integer[row] != value)
                continue;
            assert_int_equal(found, row);
            found = sample_next(s, PID, found);
        }
        assert_int_equal(found, -1);
    }
    int n = 0;
    for (int row = sample_first_text(s, USER, "user5"); row >= 0; row = sample_next(s, USER, row))
        n++;
    for (int row = 0; row < ROWS; row++)
        n -= strcmp(s->values[USER].text[row], "user5") == 0;
    assert_int_equal(n, 0);
    sample_unref(s);
}

static void *find_all(void *ctx)
{
    struct sample *s = ctx;
    intptr_t wrong = 0;
    for (int row = 0; row < s->n_rows; row++)
        wrong += sample_find(s, s, row) != row;
    return (void *)wrong;
}

static void two_threads_may_look_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct sample *s = sample_new(&sessions, 200);
        for (int row = 0; row < 200; row++)
            s->values[PID].integer[row] = row;
        pthread_t other;
        assert_int_equal(pthread_create(&other, NULL, find_all, s), 0);
        void *wrong;
        assert_null(find_all(s));
        assert_int_equal(pthread_join(other, &wrong), 0);
        assert_null(wrong);
        sample_unref(s);
    }
}

static void a_shrunk_sample_has_only_its_first_rows(void **state)
{
    (void)state;
    struct sample *s = three_sessions();
    sample_shrink(s, 2);
    assert_int_equal(s->n_rows, 2);
    assert_int_equal(sample_next(s, PID, sample_first_int(s, PID, 100)), -1);
    sample_unref(s);
}

static void shared_texts_outlive_who_made_them(void **state)
{
    (void)state;
    struct arena *texts = arena_new(64);
    struct sample *s = sample_new(&sessions, 1);
    s->values[QUERY].text[0] = arena_dup(texts, "select $1");
    sample_share(s, texts);
    arena_unref(texts);
    assert_string_equal(s->values[QUERY].text[0], "select $1");
    sample_unref(sample_ref(s));
    assert_string_equal(s->values[QUERY].text[0], "select $1");
    sample_unref(s);
}

static void ten_thousand_rows_cost_little_more_than_their_cells(void **state)
{
    (void)state;
    struct sample *s = sample_new(&sessions, 10000);
    size_t cells = 10000 * 6 * 8; /* share is derived: it has none */
    assert_in_range(sample_size(s), cells, cells + 2000);
    sample_unref(s);
}

static void a_settled_sample_shares_the_texts_of_the_poll_before(void **state)
{
    (void)state;
    struct sample *before = three_sessions(), *s = three_sessions(), *moved = three_sessions();
    sample_lacks(before, AGE, "PostgreSQL 16+");
    sample_lacks(s, AGE, "PostgreSQL 16+");
    set(s, QUERY, 1, "select 2");
    sample_settle(before, NULL);
    sample_settle(s, before);
    assert_ptr_equal(s->arena, before->arena);
    for (int row = 0; row < 3; row++)
        assert_ptr_equal(sample_text(s, USER, row), sample_text(before, USER, row));
    assert_ptr_equal(s->why[AGE], before->why[AGE]);
    moved->values[PID].integer[0] = 101; /* the rows 0 and 1 have changed places, row 2 is another */
    moved->values[STARTED].real[0] = 1;
    moved->values[PID].integer[1] = 100;
    moved->values[STARTED].real[1] = 0;
    moved->values[PID].integer[2] = 7;
    set(moved, USER, 0, "dba");
    set(moved, USER, 1, "app2");
    sample_settle(moved, s);
    assert_ptr_equal(sample_text(moved, USER, 0), sample_text(s, USER, 1));
    sample_unref(before);
    sample_unref(s);
    assert_string_equal(sample_text(moved, USER, 0), "dba");
    assert_string_equal(sample_text(moved, USER, 1), "app2");
    assert_string_equal(sample_text(moved, USER, 2), "app");
    assert_null(sample_text(moved, QUERY, 0));
    sample_unref(moved);
}

static void texts_shared_otherwise_are_left_alone(void **state)
{
    (void)state;
    struct arena *texts = arena_new(64), *others = arena_new(64);
    struct sample *before = three_sessions(), *s = three_sessions(), *other = three_sessions();
    before->values[QUERY].text[0] = s->values[QUERY].text[0] = arena_dup(texts, "select $1");
    other->values[QUERY].text[0] = arena_dup(others, "select $1");
    sample_share(before, texts);
    sample_share(s, texts);
    sample_share(other, others);
    arena_unref(texts);
    arena_unref(others);
    sample_settle(before, NULL);
    sample_settle(s, before);
    assert_ptr_equal(sample_text(s, QUERY, 0), sample_text(before, QUERY, 0));
    sample_settle(other, s);
    sample_unref(before);
    sample_unref(s);
    assert_string_equal(sample_text(other, QUERY, 0), "select $1");
    sample_unref(other);
}

static void old_texts_do_not_pile_up(void **state)
{
    (void)state;
    struct sample *before = NULL;
    char query[1000];
    for (int i = 0; i < 2000; i++) {
        struct sample *s = three_sessions();
        for (int row = 0; row < 3; row++) {
            int len = snprintf(query, sizeof(query), "select %d, %0*d", row, 400, i);
            sample_set_text(s, QUERY, row, query, (size_t)len);
        }
        sample_settle(s, before);
        assert_true(sample_size(s) < 40000);
        assert_memory_equal(sample_text(s, QUERY, 2), "select 2, ", 10);
        sample_unref(before);
        before = s;
    }
    sample_unref(before);
}

static struct sample *thousand_sessions(double age_s)
{
    struct sample *s = sample_new(&sessions, 1000);
    for (int row = 0; row < 1000; row++) {
        s->values[PID].integer[row] = row;
        s->values[AGE].real[row] = age_s;
        set(s, USER, row, "shop_rw");
    }
    return s;
}

static void cells_that_did_not_change_are_kept_once(void **state)
{
    (void)state;
    struct sample *before = thousand_sessions(1), *s = thousand_sessions(1);
    size_t filled = sample_size(s);
    s->values[AGE].real[500] = 2;
    sample_settle(before, NULL);
    sample_settle(s, before);
    size_t own = sample_size(s) - sample_size_shared(s, before);
    assert_true(own < filled / 20); /* one chunk of its own, and what leads to the shared ones */
    assert_true(sample_real(before, AGE, 500) == 1);
    sample_unref(before);
    assert_int_equal(sample_int(s, PID, 999), 999);
    assert_true(sample_real(s, AGE, 499) == 1 && sample_real(s, AGE, 500) == 2 &&
                sample_real(s, AGE, 999) == 1);
    assert_string_equal(sample_text(s, USER, 999), "shop_rw");
    sample_unref(s);
}

static void a_column_of_one_value_takes_one_chunk(void **state)
{
    (void)state;
    struct sample *s = thousand_sessions(1);
    size_t filled = sample_size(s);
    sample_settle(s, NULL);
    assert_true(sample_size(s) < filled / 2); /* of six columns only the pids differ */
    sample_unref(s);
}

static void more_or_fewer_rows_share_what_stands_where_it_stood(void **state)
{
    (void)state;
    struct sample *before = thousand_sessions(1), *fewer = thousand_sessions(1), *more = thousand_sessions(1);
    sample_shrink(before, 900);
    sample_shrink(fewer, 3 * SAMPLE_CHUNK);
    sample_settle(before, NULL);
    sample_settle(fewer, before);
    assert_true(sample_size(fewer) - sample_size_shared(fewer, before) < 1000);
    sample_settle(more, fewer);
    for (int row = 0; row < 1000; row++) {
        assert_int_equal(sample_int(more, PID, row), row);
        assert_true(row >= before->n_rows || sample_int(before, PID, row) == row);
        assert_true(row >= fewer->n_rows || sample_int(fewer, PID, row) == row);
    }
    sample_unref(before), sample_unref(fewer), sample_unref(more);
}

static void one_like_another_shares_all_that_is_not_written_and_leaves_no_trace_in_it(void **state)
{
    (void)state;
    struct sample *from = thousand_sessions(1);
    sample_lacks(from, QUERY, "PostgreSQL 16+");
    sample_settle(from, NULL);
    struct sample *s = sample_like(from);
    assert_true(isnan(s->mono_s));
    assert_false(sample_has(s, QUERY));
    assert_string_equal(s->why[QUERY], "PostgreSQL 16+");
    sample_put_text(s, QUERY, 0, "nowhere");
    sample_put_int(s, PID, 130, 7);
    sample_put_real(s, AGE, 999, 1); /* as it was */
    sample_put_real(s, CALLS, 5, NAN);
    sample_put_text(s, USER, 3, NULL);
    sample_settle(s, from);
    assert_int_equal(sample_int(from, PID, 130), 130);
    assert_string_equal(sample_text(from, USER, 3), "shop_rw");
    size_t one = sizeof(struct chunk) + SAMPLE_CHUNK * SAMPLE_CELL;
    assert_true(sample_size(s) - sample_size_shared(s, from) <
                3 * one + 1000); /* two, and what leads to the others */
    sample_unref(from);          /* what is shared outlives it */
    assert_int_equal(sample_int(s, PID, 130), 7);
    assert_int_equal(sample_int(s, PID, 131), 131);
    assert_null(sample_text(s, USER, 3));
    assert_string_equal(sample_text(s, USER, 999), "shop_rw");
    sample_unref(s);
}

static void what_was_written_and_written_back_is_shared_again(void **state)
{
    (void)state;
    struct sample *from = thousand_sessions(1), *s = sample_like(from); /* which seals it */
    sample_put_real(s, AGE, 500, 2);
    sample_put_real(s, AGE, 500, 1);
    sample_settle(s, from);
    assert_true(sample_shares(s, from, AGE, 500));
    assert_int_equal(sample_size(s), sample_size(from));
    sample_unref(s), sample_unref(from);
}

/* Seals a sample whose three chunks are: numbers that have halves, the same but for the last one of them, and
 * all the same. */
static void check_sealed(double last_real, int64_t last_int)
{
    enum { ROWS = 3 * SAMPLE_CHUNK };
    struct sample *s = sample_new(&sessions, ROWS);
    for (int row = 0; row < ROWS; row++) {
        s->values[PID].integer[row] = row < 2 * SAMPLE_CHUNK ? row - 7 : last_int;
        s->values[AGE].real[row] = row < 2 * SAMPLE_CHUNK ? row / 4.0 - 7 : last_real;
    }
    s->values[PID].integer[2 * SAMPLE_CHUNK - 1] = last_int;
    s->values[AGE].real[2 * SAMPLE_CHUNK - 1] = last_real;
    struct sample *like = sample_like(s);
    double room[SAMPLE_CHUNK];
    for (int row = 0; row < ROWS; row++) {
        bool is_last = row >= 2 * SAMPLE_CHUNK - 1;
        double real = is_last ? last_real : row / 4.0 - 7, is = sample_real(s, AGE, row);
        double run = sample_reals(s, AGE, row, 1, room)[0];
        assert_memory_equal(&is, &real, sizeof(real)); /* -0.0 is not 0.0 */
        assert_memory_equal(&run, &real, sizeof(real));
        assert_int_equal(sample_int(s, PID, row), is_last ? last_int : row - 7);
    }
    sample_put_real(like, AGE, 3, last_real);
    sample_put_int(like, PID, 2 * SAMPLE_CHUNK + 3, 5);
    sample_settle(like, s);
    assert_true(sample_real(like, AGE, 2) == 2 / 4.0 - 7 && sample_real(s, AGE, 3) == 3 / 4.0 - 7);
    assert_int_equal(sample_int(like, PID, 2 * SAMPLE_CHUNK + 3), 5);
    assert_int_equal(sample_int(like, PID, 2 * SAMPLE_CHUNK + 4), last_int);
    sample_unref(like), sample_unref(s);
}

static void numbers_are_what_they_were_however_small_their_cells_are(void **state)
{
    (void)state;
    static const double reals[] = {NAN,  0.0,   -0.0,   1,        0.1,       16777217, 3.4028234663852886e38,
                                   4e38, 1e300, -1e300, INFINITY, -INFINITY, 1e-45,    4.9e-324};
    static const int64_t integers[] = {
        0, -1, INT32_MAX, INT32_MIN, INT32_MAX + INT64_C(1), INT32_MIN - INT64_C(1), INT64_MAX, INT_NONE};
    for (size_t r = 0; r < sizeof(reals) / sizeof(*reals); r++)
        for (size_t i = 0; i < sizeof(integers) / sizeof(*integers); i++)
            check_sealed(reals[r], integers[i]);
}

static void what_fits_takes_half_and_what_is_all_the_same_nearly_nothing(void **state)
{
    (void)state;
    struct sample *same = thousand_sessions(1), *fits = sample_new(&sessions, 1000),
                  *whole = sample_new(&sessions, 1000);
    for (int row = 0; row < 1000; row++) {
        same->values[PID].integer[row] = 7;
        for (int c = 0; c < N; c++)
            if (sessions.columns[c].type == TYPE_REAL && sessions.columns[c].kind != KIND_DERIVED) {
                fits->values[c].real[row] = row;
                whole->values[c].real[row] = row + 0.1;
            }
    }
    size_t filled = sample_size(same);
    sample_seal(same, NULL), sample_seal(fits, NULL), sample_seal(whole, NULL);
    assert_true(sample_size(same) < filled / 20);
    assert_in_range(sample_size(whole), 18 * sample_size(fits) / 10, 2 * sample_size(fits));
    sample_unref(same), sample_unref(fits), sample_unref(whole);
}

static void epochs_are_fnv_1a(void **state)
{
    (void)state;
    /* From the test vectors of FNV (Landon Curt Noll): "" and "foobar". */
    assert_true(epoch_add(EPOCH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(epoch_add(EPOCH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(epoch_add(epoch_add(EPOCH_START, "foo", 3), "bar", 3) == UINT64_C(0x85944171f73967e8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_sample_has_no_values),
        cmocka_unit_test(a_sample_may_have_no_rows),
        cmocka_unit_test(a_lacking_column_says_why_and_takes_no_text),
        cmocka_unit_test(text_from_outside_becomes_valid_utf8),
        cmocka_unit_test(a_text_is_limited_to_1_mib_at_a_character),
        cmocka_unit_test(text_equal_to_the_row_before_is_kept_once),
        cmocka_unit_test(a_row_is_found_by_all_its_keys),
        cmocka_unit_test(a_value_is_found_in_every_row_that_has_it),
        cmocka_unit_test(no_value_is_found_nowhere),
        cmocka_unit_test(hashes_agree_with_a_plain_search),
        cmocka_unit_test(two_threads_may_look_at_once),
        cmocka_unit_test(a_shrunk_sample_has_only_its_first_rows),
        cmocka_unit_test(shared_texts_outlive_who_made_them),
        cmocka_unit_test(ten_thousand_rows_cost_little_more_than_their_cells),
        cmocka_unit_test(a_settled_sample_shares_the_texts_of_the_poll_before),
        cmocka_unit_test(texts_shared_otherwise_are_left_alone),
        cmocka_unit_test(old_texts_do_not_pile_up),
        cmocka_unit_test(cells_that_did_not_change_are_kept_once),
        cmocka_unit_test(a_column_of_one_value_takes_one_chunk),
        cmocka_unit_test(more_or_fewer_rows_share_what_stands_where_it_stood),
        cmocka_unit_test(one_like_another_shares_all_that_is_not_written_and_leaves_no_trace_in_it),
        cmocka_unit_test(what_was_written_and_written_back_is_shared_again),
        cmocka_unit_test(numbers_are_what_they_were_however_small_their_cells_are),
        cmocka_unit_test(what_fits_takes_half_and_what_is_all_the_same_nearly_nothing),
        cmocka_unit_test(epochs_are_fnv_1a),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
