/* A range of a number is looked at where the rows stand, and finds what SQLite itself would find. */
#include <sqlite3.h>
#include <stdlib.h>

#include "core/door.h"
#include "tests/unit/made.h"
#include "tests/unit/test.h"

#define EXACT (INT64_C(1) << 53) /* doubles tell integers up to here apart */

static int set_up(void **state)
{
    struct made *m = calloc(1, sizeof(*m));
    made_init(m, 60, 50);
    struct sample *s = made_sessions(4, 0);
    for (int i = 0; i < 4; i++)
        s->values[QUERYID].integer[i] = EXACT + i;
    store_put(m->store, "great", s);
    snapshot_unref(m->snapshot);
    m->snapshot = store_snapshot(m->store);
    *state = m;
    return m->door == NULL;
}

static int tear_down(void **state)
{
    made_done(*state);
    free(*state);
    return 0;
}

/* Of the only row and column. */
static double number(struct made *m, const char *sql)
{
    struct result *r = made_ask(m, sql);
    if (r == NULL)
        fail_msg("%s: %s", sql, m->err.text);
    assert_int_equal(r->n_rows, 1);
    double v = value_real(result_at(r, 0, 0));
    result_free(r);
    return v;
}

/* A comparison that is a value is not offered to the table. */
static void both_find_the_same(struct made *m, const char *from, const char *column, const char *op,
                               const char *value)
{
    char offered[200], kept[200];
    snprintf(offered, sizeof(offered), "select count(*) from %s where %s %s %s", from, column, op, value);
    snprintf(kept, sizeof(kept), "select coalesce(sum(%s %s %s), 0) from %s", column, op, value, from);
    if (number(m, offered) != number(m, kept))
        fail_msg("%s: %.0f rows, and by SQLite %.0f", offered, number(m, offered), number(m, kept));
}

static void a_range_finds_what_sql_finds(void **state)
{
    static const char *const places[][2] = {
        {"sessions", "pid"},
        {"sessions", "queryid"},
        {"sessions", "xact_age"},
        {"sessions", "backend_start"},
        {"sessions", "app"},
        {"statements('1m')", "calls"},
        {"statements('1m')", "calls_delta"},
        {"statements('10m')", "exec_ms_per_s"},
        {"statements('1m')", "mean"},
        {"statements('last', null, '10m')", "calls_delta"},
        {"statements('1m')", "span_s"},
        {"sessions", "sampled_at"},
    };
    static const char *const ops[] = {">", ">=", "<", "<=", "between 10 and"};
    static const char *const values[] = {"0",
                                         "10",
                                         "20.0",
                                         "99600",
                                         "100",
                                         "40.5",
                                         "-1",
                                         "'20'",
                                         "'x'",
                                         "null",
                                         "1e300",
                                         "-1e300 ",
                                         "1e9",
                                         "9007199254740993",
                                         "9e15",
                                         "x'00'",
                                         "9007199254740993.0"};
    for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++)
        for (size_t o = 0; o < sizeof(ops) / sizeof(ops[0]); o++)
            for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
                both_find_the_same(*state, places[p][0], places[p][1], ops[o], values[v]);
}

static void integers_that_doubles_cannot_tell_apart_are_told_apart(void **state)
{
    assert_true(number(*state, "select count(*) from sessions where queryid > 9007199254740992") == 3);
    assert_true(number(*state, "select count(*) from sessions where queryid >= 9007199254740993") == 3);
    assert_true(
        number(*state,
               "select min(queryid) - 9007199254740992 from sessions where queryid > 9007199254740993") == 2);
}

static void a_range_may_come_from_another_table(void **state)
{
    static const char *const sql = "select count(*) from statements('1m') t join sessions s on s.xact_age %s "
                                   "and %ss.pid < 130 where t.userid = 0";
    char offered[200], kept[200];
    snprintf(offered, sizeof(offered), sql, "> t.queryid", "");
    snprintf(kept, sizeof(kept), sql, "> +t.queryid", "+");
    assert_true(number(*state, offered) > 0);
    assert_true(number(*state, offered) == number(*state, kept));
    /* Rows of the left side stay where no row of the right is in the range. */
    assert_true(
        number(*state,
               "select count(*) from sessions s left join statements t on t.calls > 1e18 and t.userid = 0 "
               "where s.target = 'shop'") == 60);
}

static void more_limits_than_are_taken_all_hold(void **state)
{
    assert_true(
        number(*state,
               "select count(*) from sessions where pid > 100 and pid > 101 and pid > 102 and pid > 103 "
               "and pid > 104 and pid > 105 and pid > 106 and pid > 107 and pid > 108 and pid > 157") == 2);
}

/* What SQLite tells of its plan: the columns of the limits and their sides. */
static void assert_limits(struct made *m, const char *sql, const char *expected)
{
    char explain[300];
    sqlite3_stmt *stmt = NULL;
    snprintf(explain, sizeof(explain), "explain query plan %s", sql);
    door_start(m->door, 10);
    assert_int_equal(sqlite3_prepare_v2(m->door->db, explain, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    const char *plan = (const char *)sqlite3_column_text(stmt, 3), *limits = strrchr(plan, ':');
    assert_non_null(limits);
    assert_string_equal(limits + 1, expected);
    sqlite3_finalize(stmt);
}

/* Columns as shown: userid 2, calls 3, calls_delta 4, calls_per_s 5, exec_ms 6, its increases 7 and 8,
 * mean 9. */
static void what_is_cheap_to_look_at_comes_first(void **state)
{
    assert_limits(*state, "select 1 from statements where mean > 1 and calls_per_s >= 2 and calls < 5",
                  "\x04<\x06>\x0a>");
    assert_limits(*state, "select 1 from statements where +calls < 5 and query > 'a' and span_s > 3", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_range_finds_what_sql_finds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(integers_that_doubles_cannot_tell_apart_are_told_apart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_range_may_come_from_another_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_limits_than_are_taken_all_hold, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_cheap_to_look_at_comes_first, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
