/* A file of named queries: what stands in it, and what is refused with its line. */
#include "tests/unit/test.h"

#include <math.h>
#include <string.h>

#include "profile/file.h"

static struct query_file parse(const char *text)
{
    struct query_file f;
    struct err err = {""};
    if (!query_file_parse(text, strlen(text), "q.sql", &f, &err))
        fail_msg("%s in %s", err.text, text);
    return f;
}

static void expect_failure(const char *text, size_t len, const char *says)
{
    struct query_file f;
    struct err err = {""};
    assert_false(query_file_parse(text, len, "q.sql", &f, &err));
    assert_string_equal(err.text, says);
}

static void names_of_other_tools_are_known(void **state)
{
    (void)state;
    struct query_file f = parse(
        "\xef\xbb\xbf-- name: one^\r\nselect 1;\r\n--name: Two :many\nselect 2\n-- name: three(id)$\n"
        "-- a comment\nwith x as (select 3) select * from x -- the end\n-- :name four :one\n(select 4)");
    const char *const names[] = {"one", "Two", "three", "four"};
    assert_int_equal(f.n, 4);
    for (int i = 0; i < 4; i++)
        assert_string_equal(f.queries[i].name, names[i]);
    assert_string_equal(f.queries[0].sql, "select 1");
    assert_string_equal(f.queries[1].sql, "select 2");
    assert_string_equal(f.queries[2].sql, "with x as (select 3) select * from x -- the end");
    assert_string_equal(f.queries[3].sql, "(select 4)");
    assert_int_equal(f.queries[2].line, 5);
    assert_int_equal(f.queries[2].sql_line, 7);
    query_file_done(&f);
}

static void statements_without_names_are_counted(void **state)
{
    (void)state;
    struct query_file f = parse("select 1; ; values (2);\ntable x");
    assert_int_equal(f.n, 3);
    assert_string_equal(f.queries[0].name, "query 1");
    assert_string_equal(f.queries[2].name, "query 3");
    assert_string_equal(f.queries[2].sql, "table x");
    query_file_done(&f);
}

static void targets_are_of_one_or_of_all(void **state)
{
    (void)state;
    struct query_file f =
        parse("-- p95: 50ms\n-- name: a\nselect 1;\n-- name: b\n-- p95: 2s\n-- p99: 0.5ms\nselect 2;\n");
    assert_true(f.queries[0].p95_ms == 50 && isnan(f.queries[0].p99_ms));
    assert_true(f.queries[1].p95_ms == 2000 && f.queries[1].p99_ms == 0.5);
    query_file_done(&f);
}

static void parameters_are_numbered_and_nothing_else_is(void **state)
{
    (void)state;
    struct query_file f = parse(
        "-- set b = 'it''s; :a'\n-- name: q\n-- param a, c: select x, ':no' from t; \n-- set 7 = null\n"
        "select :a, :b, :a, ':a', \":a\", x::int, e'\\':a', $$:a$$, $t$ ;:a $t$, l[1:b], l[b:a] /* :a ; */ "
        "-- :a ;\n, $7, ?7, :c, d$1, ?|, 'a';");
    assert_string_equal(
        f.queries[0].sql,
        "select $1, $2, $1, ':a', \":a\", x::int, e'\\':a', $$:a$$, $t$ ;:a $t$, l[1:b], l[b:a] /* :a ; */ "
        "-- :a ;\n, $3, $3, $4, d$1, ?|, 'a'");
    const struct named_query *q = &f.queries[0];
    assert_int_equal(q->n_uses, 4);
    assert_int_equal(f.bindings[q->uses[0]].column, 0);
    assert_string_equal(f.bindings[q->uses[1]].value.text, "it's; :a");
    assert_int_equal(f.bindings[q->uses[2]].value.type, VALUE_NULL);
    assert_int_equal(f.bindings[q->uses[3]].column, 1);
    assert_int_equal(f.n_lists, 1);
    assert_string_equal(f.lists[0].sql, "select x, ':no' from t");
    query_file_done(&f);
}

static void values_have_the_type_that_they_look_like(void **state)
{
    (void)state;
    struct query_file f =
        parse("-- set i = -5\n-- set r = 1.5e3\n-- set t = 5 apples\n-- set q = '5'\n-- set e =\n"
              "-- set the flag = when you like\n-- name: a\n-- set i = 6\nselect :i;\n-- name: b\nselect :i");
    assert_int_equal(f.n_bindings, 6);
    assert_int_equal(f.bindings[0].value.integer, -5);
    assert_true(f.bindings[1].value.type == VALUE_REAL && f.bindings[1].value.real == 1500);
    assert_string_equal(f.bindings[2].value.text, "5 apples");
    assert_true(f.bindings[3].value.type == VALUE_TEXT && strcmp(f.bindings[3].value.text, "5") == 0);
    assert_string_equal(f.bindings[4].value.text, "");
    assert_int_equal(f.bindings[f.queries[0].uses[0]].value.integer, 6);
    assert_int_equal(f.bindings[f.queries[1].uses[0]].value.integer, -5);
    query_file_done(&f);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "q.sql has no query"},
        {"-- just this\n", "q.sql has no query"},
        {"\n-- name: a\n-- name: b\nselect 1", "q.sql:2: a has no statement"},
        {"-- name: a\nselect 1;\nselect 2;",
         "q.sql:3: a has a second statement: each needs a name of its own (-- name: ...)"},
        {"-- name: a\nselect 1;\n-- name: a\nselect 2;",
         "q.sql:3: the name a is used twice: it stands in line 1 already"},
        {"-- name:  \nselect 1", "q.sql:1: a name has 1 to 63 bytes"},
        {"-- name: a\x1b[31m\nselect 1", "q.sql:1: a name has no control characters"},
        {"\n\n-- name: a\n delete from t",
         "q.sql:3: a begins with delete: profile runs only what reads (SELECT, WITH, VALUES, TABLE)"},
        {"commit",
         "q.sql:1: query 1 begins with commit: profile runs only what reads (SELECT, WITH, VALUES, TABLE)"},
        {"-- name: a\nselect 'x", "q.sql:2: the quote that begins here does not end"},
        {"-- name: a\nselect $x$ $y$", "q.sql:2: the quote that begins here does not end"},
        {"select 1 /* ", "q.sql:1: the comment that begins here does not end"},
        {"-- name: a\nselect :id",
         "q.sql:1: a: the parameter id has no value: say -- set id = VALUE, or -- param id: SELECT"},
        {"-- name: a\n-- param i-d: select 1\nselect 1", "q.sql:2: i-d is no name of a parameter"},
        {"-- param a: select :b\nselect 1", "q.sql:1: the query of a parameter has none itself"},
        {"-- param a: select 1; select 2\nselect 1", "q.sql:1: the query of a parameter is one statement"},
        {"select 1;\n\xff", "q.sql:2: this is no text in UTF-8"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_failure(cases[i].text, strlen(cases[i].text), cases[i].says);
    expect_failure("select 1;\n\0", 11, "q.sql:2: this is no text in UTF-8");
    struct query_file f;
    struct err err = {""};
    assert_false(query_file_parse("\n-- p95: fast\nselect 1", 22, "q.sql", &f, &err));
    assert_memory_equal(err.text, "q.sql:2: ", 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_other_tools_are_known),
        cmocka_unit_test(statements_without_names_are_counted),
        cmocka_unit_test(targets_are_of_one_or_of_all),
        cmocka_unit_test(parameters_are_numbered_and_nothing_else_is),
        cmocka_unit_test(values_have_the_type_that_they_look_like),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
