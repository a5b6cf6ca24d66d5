/* The filter language: what is typed becomes a WHERE with parameters, never SQL text. */
#include "tui/filter.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

static const struct filter_column columns[] = {
    {"pid", UNIT_NONE, true},   {"user", UNIT_NONE, false},  {"xact_s", UNIT_S, true},
    {"size", UNIT_BYTES, true}, {"state", UNIT_NONE, false}, {"state_s", UNIT_S, true},
    {"longest_s", UNIT_S, true, "oldest xact"},
    {"calls_per_s", UNIT_COUNT, true, "calls/s"},
    {"p95_ms", UNIT_MS, true, "≈p95"},
};
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static struct filter_sql *compile(const char *text)
{
    struct filter f;
    struct err err = {""};
    struct filter_sql *sql = calloc(1, sizeof(*sql));
    if (!filter_parse(text, &f, &err))
        fail_msg("%s: %s", text, err.text);
    if (!filter_compile(&f, columns, N_COLUMNS, sql, &err))
        fail_msg("%s: %s", text, err.text);
    filter_done(&f);
    return sql;
}

static void release(struct filter_sql *sql)
{
    filter_sql_done(sql);
    free(sql);
}

static void refused(const char *text, const char *because)
{
    struct filter f;
    struct filter_sql *sql = calloc(1, sizeof(*sql));
    struct err err = {""};
    bool ok = filter_parse(text, &f, &err);
    if (ok) {
        ok = filter_compile(&f, columns, N_COLUMNS, sql, &err);
        filter_done(&f);
    }
    if (ok || strstr(err.text, because) == NULL)
        fail_msg("%s: \"%s\" was expected to name \"%s\"", text, err.text, because);
    free(sql);
}

static void a_word_is_searched_in_texts_and_in_numbers_that_are_names(void **state)
{
    (void)state;
    struct filter_sql *sql = compile("web");
    assert_string_equal(
        text_str(&sql->where),
        "1 and (coalesce(\"pid\" like :f0 escape '\\',0) or coalesce(\"user\" like :f0 escape '\\',0)"
        " or coalesce(\"state\" like :f0 escape '\\',0))");
    assert_int_equal(sql->n, 1);
    assert_string_equal(sql->params[0].name, "f0");
    assert_string_equal(sql->params[0].value.text, "%web%");
    release(sql);
}

static void wildcards_are_taken_literally(void **state)
{
    (void)state;
    struct filter_sql *sql = compile("50%_\\");
    assert_string_equal(sql->params[0].value.text, "%50\\%\\_\\\\%");
    release(sql);
}

static void a_comparison_reads_the_columns_unit(void **state)
{
    (void)state;
    struct filter_sql *sql = compile("xact_s>5m size>=10MB");
    assert_string_equal(text_str(&sql->where),
                        "1 and (coalesce(\"xact_s\" > :f0,0)) and (coalesce(\"size\" >= :f1,0))");
    assert_true(sql->params[0].value.type == VALUE_REAL && sql->params[0].value.real == 300);
    assert_true(sql->params[1].value.real == 10.0 * 1024 * 1024);
    release(sql);
}

static void not_also_keeps_rows_without_a_value(void **state)
{
    (void)state;
    struct filter_sql *sql = compile("!user:web");
    assert_string_equal(text_str(&sql->where), "1 and not (coalesce(\"user\" like :f0 escape '\\',0))");
    release(sql);
}

static void a_column_may_be_shortened_while_it_is_unique(void **state)
{
    (void)state;
    struct filter_sql *sql = compile("us:web state=active");
    assert_non_null(strstr(text_str(&sql->where), "\"user\" like"));
    assert_non_null(strstr(text_str(&sql->where), "\"state\" = :f1 collate nocase"));
    release(sql);
    refused("sta:x", "which column");
}

static void a_column_goes_by_its_heading_too(void **state)
{
    static const char *const same[][2] = {
        {"\"oldest xact\">5m", "\"longest_s\" >"}, {"oldest_xact>5m", "\"longest_s\" >"},
        {"Oldest>5m", "\"longest_s\" >"},           {"calls/s>10", "\"calls_per_s\" >"},
        {"≈p95>1ms", "\"p95_ms\" >"},               {"longest_s>5m", "\"longest_s\" >"},
        {"!\"oldest xact\">5m", "\"longest_s\" >"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        struct filter_sql *sql = compile(same[i][0]);
        if (strstr(text_str(&sql->where), same[i][1]) == NULL)
            fail_msg("%s: %s", same[i][0], text_str(&sql->where));
        release(sql);
    }
    refused("oldst_xact>5m", "did you mean \"oldest xact\"?");
    refused("stat_s:x", "did you mean \"state_s\"?");
    struct filter_sql *sql = compile("\"two words\" a::text"); /* neither names a column */
    assert_string_equal(sql->params[0].value.text, "%two words%");
    assert_string_equal(sql->params[1].value.text, "%a::text%");
    release(sql);
}

static void a_regex_keeps_its_slashes(void **state)
{
    (void)state;
    struct filter_sql *sql = compile("/^a\\/b|c d$/");
    assert_non_null(strstr(text_str(&sql->where), "\"user\" regexp :f0"));
    assert_string_equal(sql->params[0].value.text, "^a/b|c d$");
    release(sql);
}

static void hostile_text_stays_a_parameter(void **state)
{
    (void)state;
    struct filter_sql *sql = compile("\"'); drop table x; --\"");
    assert_null(strstr(text_str(&sql->where), "drop"));
    assert_string_equal(sql->params[0].value.text, "%'); drop table x; --%");
    release(sql);
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    refused("nothere:x", "no column \"nothere\"");
    refused("nothere:x", "xact_s");
    refused("xact_s>soon", "not a number of s");
    refused("/a(/", "/a(/");
    refused("/abc", "closing slash");
    refused("\"abc", "closing");
    refused("user:", "value");
    refused("/((x{200}){200}){200}/", "/((x");
    refused("a a a a a a a a a a a a a a a a a", "16 words");
}

static void nothing_typed_is_no_condition(void **state)
{
    (void)state;
    struct filter_sql *sql = compile("   ");
    assert_string_equal(text_str(&sql->where), "1");
    assert_int_equal(sql->n, 0);
    release(sql);
}

static void matches_are_found_for_highlighting(void **state)
{
    (void)state;
    struct filter f;
    size_t start, len;
    assert_true(filter_parse("!select orders", &f, NULL));
    assert_true(filter_finds(&f, "SELECT * FROM Orders", &start, &len));
    assert_int_equal(start, 14);
    assert_int_equal(len, 6);
    assert_false(filter_finds(&f, "select 1", &start, &len));
    filter_done(&f);
    assert_true(filter_parse("/or.ers$/", &f, NULL));
    assert_true(filter_finds(&f, "SELECT * FROM Orders", &start, &len));
    assert_false(filter_finds(&f, "orders o", &start, &len));
    filter_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_is_searched_in_texts_and_in_numbers_that_are_names),
        cmocka_unit_test(wildcards_are_taken_literally),
        cmocka_unit_test(a_comparison_reads_the_columns_unit),
        cmocka_unit_test(not_also_keeps_rows_without_a_value),
        cmocka_unit_test(a_column_may_be_shortened_while_it_is_unique),
        cmocka_unit_test(a_column_goes_by_its_heading_too),
        cmocka_unit_test(a_regex_keeps_its_slashes),
        cmocka_unit_test(hostile_text_stays_a_parameter),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(nothing_typed_is_no_condition),
        cmocka_unit_test(matches_are_found_for_highlighting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
