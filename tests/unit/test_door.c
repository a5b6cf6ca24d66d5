/* What the door promises: datasets are tables, their arguments are windows, and a look-up is no walk. */
#include <stdlib.h>
#include <time.h>

#include "tests/unit/made.h"
#include "tests/unit/test.h"

static int set_up(void **state)
{
    struct made *m = calloc(1, sizeof(*m));
    made_init(m, 500, 5000);
    *state = m;
    return m->door == NULL;
}

static int tear_down(void **state)
{
    made_done(*state);
    free(*state);
    return 0;
}

/* The only value of the only row, as a text for comparing. */
static const char *answer(struct made *m, const char *sql)
{
    static char out[4096];
    struct result *r = made_ask(m, sql);
    if (r == NULL)
        snprintf(out, sizeof(out), "error: %s", m->err.text);
    else if (r->n_rows != 1 || r->n_columns != 1)
        snprintf(out, sizeof(out), "%d rows of %d columns", r->n_rows, r->n_columns);
    else if (result_at(r, 0, 0)->type == VALUE_NULL)
        snprintf(out, sizeof(out), "NULL");
    else if (result_at(r, 0, 0)->type == VALUE_REAL)
        snprintf(out, sizeof(out), "%.6g", result_at(r, 0, 0)->real);
    else
        value_format(result_at(r, 0, 0), UNIT_NONE, out, sizeof(out));
    result_free(r);
    return out;
}

#define assert_answer(m, sql, expected) assert_string_equal(answer(m, sql), expected)

static void assert_fails(struct made *m, const char *sql, const char *part)
{
    const char *said = answer(m, sql);
    if (strncmp(said, "error: ", 7) != 0 || strstr(said, part) == NULL)
        fail_msg("%s\n  gave      %s\n  expected  error with %s", sql, said, part);
}

static void rows_of_all_targets_come_with_their_target(void **state)
{
    assert_answer(*state, "select count(*) from sessions", "502");
    assert_answer(*state, "select count(*) from sessions where target = 'shop'", "500");
    assert_answer(*state, "select group_concat(distinct target) from sessions", "blog,shop");
    assert_answer(*state, "select count(*) from sessions where target = 'nobody'", "0");
    assert_answer(*state, "select count(*) from sessions where target = null", "0");
    assert_answer(*state, "select count(*) from sessions where target collate nocase = 'SHOP'", "500");
}

static void values_keep_their_types_and_no_value_is_null(void **state)
{
    assert_answer(*state, "select typeof(pid) from sessions where pid = 150", "integer");
    assert_answer(*state, "select typeof(xact_age) from sessions where pid = 150", "real");
    assert_answer(*state, "select typeof(xact_age) from sessions where pid = 151", "null");
    assert_answer(*state, "select count(*) from sessions where target = 'shop' and queryid is null", "71");
    assert_answer(*state, "select query from sessions where pid = 151", "COMMIT");
}

static void an_integer_of_64_bits_is_exact(void **state)
{
    (void)state;
    struct made m;
    made_init(&m, 1, 1);
    struct sample *s = made_statements(2, -1);
    s->values[S_QUERYID].integer[0] = INT64_MAX;
    s->values[S_QUERYID].integer[1] = INT64_MIN + 1;
    store_put(m.store, "shop", s);
    snapshot_unref(m.snapshot);
    m.snapshot = store_snapshot(m.store);
    assert_answer(&m, "select max(queryid) from statements", "9223372036854775807");
    assert_answer(&m, "select userid from statements where queryid = -9223372036854775807", "1");
    assert_answer(&m, "select count(*) from statements where queryid = 9223372036854775806", "0");
    assert_answer(&m, "select count(*) from statements where queryid = 9223372036854775807.0", "0");
    made_done(&m);
}

/* `a = b` by hash gives what SQLite's own comparison gives: `+a = b` is not offered to the hash. */
static void equality_by_hash_is_equality_of_sql(void **state)
{
    static const char *const values[] = {"150",
                                         "'150'",
                                         "150.0",
                                         "150.5",
                                         "' 150 '",
                                         "'0150'",
                                         "null",
                                         "'x'",
                                         "x'313530'",
                                         "'150x'",
                                         "1e300",
                                         "-1e300",
                                         "'web-1'",
                                         "'WEB-1'",
                                         "''",
                                         "0",
                                         "'web-1' || ''",
                                         "char(0)",
                                         "'web-1' || char(0)",
                                         "1 = 1"};
    static const char *const columns[] = {"pid", "app", "queryid", "state", "target", "backend_start"};
    for (size_t c = 0; c < sizeof(columns) / sizeof(*columns); c++)
        for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
            char sql[400];
            snprintf(sql, sizeof(sql),
                     "select (select count(*) from sessions where %s = %s) = "
                     "(select sum(case when %s = %s then 1 else 0 end) from sessions)",
                     columns[c], values[v], columns[c], values[v]);
            if (strcmp(answer(*state, sql), "1") != 0)
                fail_msg("%s = %s differs: %s", columns[c], values[v], answer(*state, sql));
        }
    assert_answer(*state, "select count(*) from sessions where pid = '150'", "1");
    assert_answer(*state, "select count(*) from sessions where app = 'WEB-1' collate nocase", "168");
}

static void a_row_that_two_branches_find_comes_once(void **state)
{
    assert_answer(*state, "select count(*) from sessions where pid = 150 or queryid = 50",
                  "5"); /* 50, 150, ..., 450 */
    assert_answer(*state,
                  "select count(*) from sessions where target = 'shop' and (pid = 150 or app = 'web-1')",
                  "168");
    assert_answer(*state, "select count(*) from sessions where pid in (150, 151, 150, null, 9)", "2");
}

static void several_keys_use_the_shortest_chain(void **state)
{
    assert_answer(*state, "select count(*) from statements where userid = 1 and queryid = 4", "1");
    assert_answer(*state, "select count(*) from statements where userid = 1 and queryid = 5", "0");
    assert_answer(*state,
                  "select count(*) from sessions where app = 'web-1' and state = 'idle' and queryid = 3",
                  "2"); /* 3, 303 */
}

static void counters_give_total_increase_and_rate(void **state)
{
    assert_answer(*state, "select calls from statements where queryid = 7", "100000");
    assert_answer(*state, "select calls_delta from statements where queryid = 7", "100");
    assert_answer(*state, "select round(calls_per_s, 1) from statements where queryid = 7", "10");
    assert_answer(*state, "select mean from statements where queryid = 7", "2");
    assert_answer(*state, "select round(span_s) from statements where queryid = 7", "10");
}

static void the_first_argument_is_the_window(void **state)
{
    assert_answer(*state, "select calls_delta from statements('1m') where queryid = 7", "600");
    assert_answer(*state, "select round(span_s) from statements('10m') where queryid = 7", "600");
    assert_answer(*state, "select round(span_s) from statements('start') where queryid = 7", "600");
    assert_answer(*state, "select round(span_s) from statements(null) where queryid = 7", "10");
    assert_answer(*state, "select round(span_s) from statements where \"window\" = '1m' and queryid = 7",
                  "60");
    assert_answer(
        *state,
        "select a.calls_delta - b.calls_delta from statements('1m') a join statements b using (queryid) "
        "where queryid = 7",
        "500");
    /* The window may come from a row of another table. */
    assert_answer(*state,
                  "select group_concat(round(s.span_s)) from (select '1m' as w union all select 'last') x, "
                  "statements(x.w) s where queryid = 7",
                  "60.0,10.0");
}

/* SQLite looks at each branch of an OR alone, without what the table was called with. */
static void arguments_hold_in_each_branch_of_an_or(void **state)
{
    static const char *const tables[] = {"sessions('last')", "sessions('last', null)", "sessions('last', null, null)"};
    char sql[300], expected[40];
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        snprintf(sql, sizeof(sql), "select count(*) from %s as s where pid > 0 and (target = 'shop' or pid = 150)", tables[i]);
        assert_answer(*state, sql, "500");
        snprintf(sql, sizeof(sql), "select count(*) from %s as s where (target in (select 'shop') or (target = 'blog' and pid in (1, 2))) and pid > 0", tables[i]);
        assert_answer(*state, sql, "500");
    }
    snprintf(expected, sizeof(expected), "%s", answer(*state, "select sum(span_s) from statements('5m') where +target = 'shop'"));
    assert_answer(*state, "select sum(span_s) from statements('5m') where target = 'shop' or (target = 'nobody' and queryid = 1)", expected);
}

static void a_parameter_can_be_the_window(void **state)
{
    struct made *m = *state;
    struct query_param params[] = {{"window", {.type = VALUE_TEXT, .text = "1m"}},
                                   {"at", {.type = VALUE_REAL, .real = NAN}},
                                   {"id", {.type = VALUE_INT, .integer = 7}}};
    struct query q = {.sql =
                          "select round(span_s), :unknown from statements(:window, :at) where queryid = :id",
                      .params = params,
                      .n_params = 3};
    struct result *r = door_run(m->door, m->snapshot, &q, &m->err);
    assert_non_null(r);
    assert_int_equal(r->n_rows, 1);
    assert_float_equal(result_at(r, 0, 0)->real, 60, 0);
    assert_int_equal(result_at(r, 0, 1)->type, VALUE_NULL);
    result_free(r);
}

static void the_second_argument_is_a_moment(void **state)
{
    assert_answer(*state, "select calls from statements('last', '-5s') where queryid = 7", "99900");
    assert_answer(*state, "select calls from statements('last', '-5m') where queryid = 7", "94000");
    assert_answer(*state, "select calls from statements('last', unixepoch() - 300) where queryid = 7",
                  "94000");
    assert_answer(*state, "select calls from statements('last', '') where queryid = 7", "100000");
    assert_answer(*state, "select count(*) from statements('last', '2001-01-01 00:00')", "0");
    assert_answer(
        *state, "select round(age_s) between 4 and 6 from statements('last', '-5s') where queryid = 7", "1");
}

static void the_third_argument_gives_each_kept_sample(void **state)
{
    assert_answer(*state, "select group_concat(calls) from statements('last', null, 100) where queryid = 7",
                  "99400.0,99900.0,100000.0");
    assert_answer(*state, "select group_concat(calls) from statements('last', null, '1h') where queryid = 7",
                  "94000.0,99400.0,99900.0,100000.0");
    assert_answer(*state, "select count(*) from statements(null, '-5s', 100) where queryid = 7", "2");
    assert_answer(*state,
                  "select count(*) from statements(null, null, 100) a, statements(null, null, 1000) b "
                  "where a.queryid = 7 and b.queryid = 7",
                  "12");
}

static void bad_arguments_say_what_is_accepted(void **state)
{
    assert_fails(*state, "select * from statements('soon')", "last, reset, start");
    assert_fails(*state, "select * from statements('last', 'yesterday-ish')", "yesterday-ish");
    assert_fails(*state, "select * from statements('last', null, -1)", "seconds above 0");
    assert_fails(*state, "select * from statements('last', null, 'x')", "x");
    assert_fails(*state, "select * from statements(1, 2, 3, 4)", "too many arguments");
}

static void a_failure_says_what_there_is(void **state)
{
    assert_fails(*state, "select * from session", "the datasets are: sessions, statements");
    assert_fails(*state, "select pidd from sessions", "no such column: pidd");
    assert_fails(*state, "select", "incomplete");
    assert_fails(*state, "", "empty");
    assert_fails(*state, "select \"active\"", "no such column");
}

static void columns_know_their_unit_and_origin(void **state)
{
    struct result *r = made_ask(
        *state, "select a.mean as m, a.calls_per_s, a.exec_ms_delta d, a.exec_ms_per_s, x.q, a.queryid, "
                "max(a.exec_ms) as worst_ms, 1 as n, a.target, 'text' as t, a.sampled_at "
                "from statements a, (select query as q from sessions limit 1) x limit 1");
    assert_non_null(r);
    static const enum unit units[] = {UNIT_MS,   UNIT_COUNT_PER_S, UNIT_MS,  UNIT_MS_PER_S,
                                      UNIT_NONE, UNIT_NONE,        UNIT_MS,  UNIT_NONE,
                                      UNIT_NONE, UNIT_NONE,        UNIT_TIME};
    static const bool numeric[] = {true, true, true, true, false, true, true, true, false, false, true};
    for (int c = 0; c < r->n_columns; c++) {
        assert_int_equal(r->columns[c].unit, units[c]);
        assert_int_equal(r->columns[c].numeric, numeric[c]);
    }
    assert_string_equal(r->columns[0].name, "m");
    assert_string_equal(r->columns[0].dataset, "statements");
    assert_ptr_equal(r->columns[0].origin, &statements_columns[MEAN_MS]);
    assert_string_equal(r->columns[4].dataset, "sessions");
    assert_null(r->columns[6].origin);
    assert_null(r->columns[8].origin);
    assert_int_equal(result_column(r, "worst_ms"), 6);
    assert_int_equal(result_column(r, "none"), -1);
    result_free(r);
}

static void a_result_outlives_its_samples(void **state)
{
    (void)state;
    struct made m;
    made_init(&m, 4, 4);
    struct result *r = made_ask(&m, "select app, query, target from sessions where pid = 102");
    made_done(&m);
    assert_string_equal(result_at(r, 0, 0)->text, "batch");
    assert_string_equal(result_at(r, 0, 2)->text, "shop");
    result_free(r);
}

static void texts_in_results_are_valid(void **state)
{
    assert_answer(*state, "select cast(x'61ff62' as text)",
                  "a\xEF\xBF\xBD"
                  "b");
    assert_answer(*state, "select 'a' || char(0) || 'b'",
                  "a\xEF\xBF\xBD"
                  "b");
    assert_answer(*state, "select x'6162'", "ab");
}

static void the_row_limit_cuts_and_tells(void **state)
{
    struct made *m = *state;
    struct query q = {.sql = "select pid from sessions", .max_rows = 10};
    struct result *r = door_run(m->door, m->snapshot, &q, &m->err);
    assert_int_equal(r->n_rows, 10);
    assert_true(r->more);
    result_free(r);
    q.max_rows = 502;
    r = door_run(m->door, m->snapshot, &q, &m->err);
    assert_int_equal(r->n_rows, 502);
    assert_false(r->more);
    result_free(r);
}

static void check_tells_what_a_statement_reads(void **state)
{
    struct made *m = *state;
    struct query_uses uses;
    assert_true(door_check(m->door, "select pid from sessions s", &uses, &m->err));
    assert_int_equal(uses.n, 1);
    assert_ptr_equal(uses.datasets[0], &sessions);
    assert_false(uses.needs_window);
    free(uses.datasets);
    assert_true(door_check(
        m->door, "with x as (select mean from statements) select count(*) from sessions, x", &uses, &m->err));
    assert_int_equal(uses.n, 2);
    assert_true(uses.needs_window);
    free(uses.datasets);
    assert_true(door_check(m->door, "select queryid from statements('1m')", &uses, &m->err));
    assert_true(uses.needs_window);
    free(uses.datasets);
    assert_true(door_check(m->door, "select calls_per_s from statements", &uses, &m->err));
    assert_true(uses.needs_window);
    free(uses.datasets);
    assert_false(door_check(m->door, "select pidd from sessions", &uses, &m->err));
    assert_string_equal(m->err.text, "no such column: pidd");
}

static void more_statements_than_are_kept_work(void **state)
{
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 100; i++) {
            char sql[100], expected[20];
            snprintf(sql, sizeof(sql),
                     "select %d + count(*) from sessions where pid = 100 and target = 'shop'", i);
            snprintf(expected, sizeof(expected), "%d", i + 1);
            assert_answer(*state, sql, expected);
        }
}

static void functions_of_our_own(void **state)
{
    assert_answer(*state, "select round(mix_quantile(0.5, calls, 10, 0)) from statements", "10");
    assert_answer(*state, "select mix_quantile(0.95, null, 10, 0) from statements", "NULL");
    assert_answer(*state, "select mix_quantile(0.5, calls, 1, 1) from statements where queryid < 0", "NULL");
    assert_fails(*state, "select mix_quantile(95, calls, 1, 1) from statements", "between 0 and 1");
    assert_answer(*state, "select count(*) from sessions where query regexp 'FROM +(orders|users)'", "251");
    assert_answer(*state, "select null regexp 'x'", "NULL");
    assert_fails(*state, "select 'x' regexp '(x'", "( without )");
    assert_answer(*state, "select normalize_sql('select 1  where a = ''secret''')", "select ? where a = ?");
    assert_answer(*state, "select normalize_sql(null)", "NULL");
    assert_answer(*state, "select harmless_text('a' || char(27) || '[1m' || char(8238) || char(10) || char(233))",
                  "a\xc2\xb7[1m\xc2\xb7\n\xc3\xa9");
    assert_answer(*state, "select harmless_text(null)", "NULL");
    assert_answer(*state, "select format_unit(1536, 'bytes')", "1.5 KiB");
    assert_answer(*state, "select format_unit(null, 'ms')", "n/a");
    assert_fails(*state, "select format_unit(1, 'furlong')", "bytes, ms");
    assert_answer(*state, "select replace('aXbXc', 'X', 'yy')", "ayybyyc");
    assert_answer(*state, "select replace('abc', '', 'y') || replace('', 'a', 'b')", "abc");
    assert_answer(*state, "select trim('  x '), '' limit 0", "0 rows of 2 columns");
    assert_answer(*state, "select trim('xxaxyé', 'xé') || ltrim('00120', '0') || rtrim('00120', '0')",
                  "axy120"
                  "0012");
}

static double cpu_ms_of(struct made *m, const char *sql, int *rows)
{
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        struct result *r = made_ask(m, sql);
        if (r == NULL)
            fail_msg("%s: %s", sql, m->err.text);
        *rows = r->n_rows;
        best = fmin(best, r->cpu_ms);
        result_free(r);
    }
    return best;
}

/* Figures are the bench's; here: many times less than the walk through all pairs (`+x` is not offered to the
 * hash). */
static void a_join_by_key_looks_up(void **state)
{
    struct made *m = *state;
    int rows, all_rows;
    double hashed = cpu_ms_of(m,
                              "select s.pid, t.query from sessions s join statements t using (queryid) "
                              "where s.target = 'shop'",
                              &rows);
    struct query q = {
        .sql = "select s.pid, t.query from sessions s join statements t on +s.queryid = +t.queryid "
               "where s.target = 'shop'",
        .deadline_s = 60};
    struct result *r = door_run(m->door, m->snapshot, &q, &m->err);
    assert_non_null(r);
    all_rows = r->n_rows;
    double walked = r->cpu_ms;
    result_free(r);
    assert_int_equal(rows, 429); /* 500 without those that have no statement */
    assert_int_equal(all_rows, rows);
    if (!(hashed < walked / 20))
        fail_msg("by hash %.2f ms, by walking %.2f ms", hashed, walked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_of_all_targets_come_with_their_target, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_keep_their_types_and_no_value_is_null, set_up, tear_down),
        cmocka_unit_test(an_integer_of_64_bits_is_exact),
        cmocka_unit_test_setup_teardown(equality_by_hash_is_equality_of_sql, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_row_that_two_branches_find_comes_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_keys_use_the_shortest_chain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(counters_give_total_increase_and_rate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_argument_is_the_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(arguments_hold_in_each_branch_of_an_or, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_parameter_can_be_the_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_second_argument_is_a_moment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_third_argument_gives_each_kept_sample, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_arguments_say_what_is_accepted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failure_says_what_there_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(columns_know_their_unit_and_origin, set_up, tear_down),
        cmocka_unit_test(a_result_outlives_its_samples),
        cmocka_unit_test_setup_teardown(texts_in_results_are_valid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_row_limit_cuts_and_tells, set_up, tear_down),
        cmocka_unit_test_setup_teardown(check_tells_what_a_statement_reads, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_statements_than_are_kept_work, set_up, tear_down),
        cmocka_unit_test_setup_teardown(functions_of_our_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_join_by_key_looks_up, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
