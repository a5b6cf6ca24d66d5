/* SQL as a person reads it. */
#include "tui/sqltext.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/utf8.h"
#include "tests/unit/test.h"

static void formatted(const char *sql, int width, const char *expected)
{
    struct sql_text t;
    struct text out;
    text_init(&out, 100000);
    sql_format(sql, strlen(sql), width, &t);
    sql_text_add(&t, &out);
    assert_string_equal(text_str(&out), expected);
    sql_text_done(&t);
    text_done(&out);
}

static void clauses_begin_lines_and_conditions_are_indented(void **state)
{
    (void)state;
    formatted("select a,  b from t join u on t.id = u.id where a = $1 and b between 1 and 2 or c is null "
              "order by a limit 5",
              80,
              "select a, b\nfrom t\njoin u on t.id = u.id\nwhere a = $1\n  and b between 1 and 2\n  or c is "
              "null\norder by a\nlimit 5\n");
}

static void a_subquery_is_indented(void **state)
{
    (void)state;
    formatted("select * from (select id from t where x) as s where id in (1, 2)", 80,
              "select *\nfrom (\n    select id\n    from t\n    where x\n  ) as s\nwhere id in (1, 2)\n");
}

static void a_line_break_in_a_name_is_seen(void **state)
{
    struct text out;
    (void)state;
    formatted("analyze \"a\nb\tc\"", 60,
              "analyze \"a\xE2\x90\x8A"
              "b\xE2\x90\x89"
              "c\"\n-- a name has a line break or a tab: \xE2\x90\x8A and the like\n");
    text_init(&out, 100);
    assert_true(sql_visible("drop \"a\n\r\"", &out));
    assert_string_equal(text_str(&out), "drop \"a\xE2\x90\x8A\xE2\x90\x8D\"");
    text_clear(&out);
    assert_false(sql_visible("drop \"a b\"", &out));
    assert_string_equal(text_str(&out), "drop \"a b\"");
    text_done(&out);
}

static void functions_stay_whole(void **state)
{
    (void)state;
    formatted("select extract(epoch from now()), count(*) from t", 80,
              "select extract(epoch from now()), count(*)\nfrom t\n");
}

static void long_lists_wrap_and_nothing_is_lost(void **state)
{
    (void)state;
    const char *sql = "select aaaaaaaaaa, bbbbbbbbbb, cccccccccc, dddddddddd, eeeeeeeeee from t";
    struct sql_text t;
    sql_format(sql, strlen(sql), 30, &t);
    for (int i = 0; i < t.n_lines; i++) {
        int columns = t.lines[i].indent;
        for (int k = 0; k < t.lines[i].n; k++)
            columns += t.pieces[t.lines[i].first + k].len;
        assert_true(columns <= 30);
    }
    assert_int_equal(t.left_out, 0);
    sql_text_done(&t);
}

static enum sql_kind kind_of(const char *s)
{
    struct sql_token token;
    const char *at = s;
    assert_true(sql_next(&at, s + strlen(s), &token));
    assert_int_equal(token.len, strlen(s));
    return token.kind;
}

static void tokens_end_where_postgresql_ends_them(void **state)
{
    (void)state;
    assert_int_equal(kind_of("'it''s'"), SQL_STRING);
    assert_int_equal(kind_of("E'a\\'b'"), SQL_STRING);
    assert_int_equal(kind_of("$tag$ $x$ ' $tag$"), SQL_STRING);
    assert_int_equal(kind_of("\"a \"\" b\""), SQL_IDENTIFIER);
    assert_int_equal(kind_of("/* a /* b */ c */"), SQL_COMMENT);
    assert_int_equal(kind_of("-- to the end"), SQL_COMMENT);
    assert_int_equal(kind_of("$12"), SQL_PARAM);
    assert_int_equal(kind_of("1.5e-3"), SQL_NUMBER);
    assert_int_equal(kind_of("SELECT"), SQL_KEYWORD);
    assert_int_equal(kind_of("selected"), SQL_WORD);
    assert_int_equal(kind_of("sel"), SQL_WORD);
    assert_int_equal(kind_of("::"), SQL_OPERATOR);
    assert_int_equal(kind_of("'never closed"), SQL_STRING);
}

static void a_megabyte_is_clipped_and_told(void **state)
{
    (void)state;
    size_t len = 1 << 20;
    char *sql = malloc(len + 1);
    memset(sql, 'x', len);
    memcpy(sql, "select '", 8);
    sql[len] = '\0';
    struct sql_text t;
    sql_format(sql, len, 80, &t);
    assert_true(t.left_out >= len - 64 * 1024);
    assert_true(t.n_lines > 100 && t.n_lines < 2000);
    sql_text_done(&t);
    free(sql);
}

static bool known(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "sessions") == 0 || strcmp(name, "locks") == 0 || strcmp(name, "pools") == 0;
}

static void datasets_of_a_select_are_found(void **state)
{
    (void)state;
    char names[4][64];
    int n = sql_datasets("with w as (select pid from locks('last', :at)) select 'from pools', locks.x from "
                         "sessions as s -- from pools\njoin w",
                         known, NULL, names, 4);
    assert_int_equal(n, 2);
    assert_string_equal(names[0], "locks");
    assert_string_equal(names[1], "sessions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clauses_begin_lines_and_conditions_are_indented),
        cmocka_unit_test(a_subquery_is_indented),
        cmocka_unit_test(a_line_break_in_a_name_is_seen),
        cmocka_unit_test(functions_stay_whole),
        cmocka_unit_test(long_lists_wrap_and_nothing_is_lost),
        cmocka_unit_test(tokens_end_where_postgresql_ends_them),
        cmocka_unit_test(a_megabyte_is_clipped_and_told),
        cmocka_unit_test(datasets_of_a_select_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
