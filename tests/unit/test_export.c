/* What exports promise: text that can be read, CSV and JSON that can be parsed, nothing that harms a
 * terminal. */
#include <sqlite3.h>
#include <stdlib.h>

#include "core/export.h"
#include "tests/unit/made.h"
#include "tests/unit/test.h"

typedef void write_fn(FILE *f, const struct result *r);

static char *written(const char *sql, write_fn *fn)
{
    struct made m;
    made_init(&m, 3, 3);
    struct result *r = made_ask(&m, sql);
    if (r == NULL)
        fail_msg("%s: %s", sql, m.err.text);
    char *data = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&data, &size);
    fn(f, r);
    fclose(f);
    result_free(r);
    made_done(&m);
    return data;
}

static void assert_written(const char *sql, write_fn *fn, const char *expected)
{
    char *data = written(sql, fn);
    assert_string_equal(data, expected);
    free(data);
}

static void table(FILE *f, const struct result *r)
{
    export_table(f, r, 0);
}

static void table_of_30(FILE *f, const struct result *r)
{
    export_table(f, r, 30);
}

static void a_table_is_aligned_and_has_units(void **state)
{
    (void)state;
    assert_written(
        "select pid, app, xact_age, 2048 as size_bytes, null as none from sessions where target = 'shop'",
        table,
        "pid  app    xact_age  size_bytes  none\n"
        "---  -----  --------  ----------  ----\n"
        "100  web-1       0 s     2.0 KiB  n/a\n"
        "101  web-2       n/a     2.0 KiB  n/a\n"
        "102  batch     2.0 s     2.0 KiB  n/a\n");
}

static void a_table_counts_columns_of_the_terminal(void **state)
{
    (void)state;
    assert_written("values ('\xE6\xBC\xA2\xE5\xAD\x97', 1), ('e\xCC\x81', 22), ('abc', 3)", table,
                   "column1  column2\n"
                   "-------  -------\n"
                   "\xE6\xBC\xA2\xE5\xAD\x97           1\n"
                   "e\xCC\x81             22\n"
                   "abc            3\n");
}

static void a_table_is_cut_only_when_told(void **state)
{
    (void)state;
    assert_written("select 12345 as n, 'a text that is much too long for this line' as t, 'short' as s",
                   table_of_30,
                   "    n  t                 s\n"
                   "-----  ----------------  -----\n"
                   "12345  a text that is ~  short\n");
    char *data = written("select 12345 as n, 'a text that is much too long for this line' as t", table);
    assert_non_null(strstr(data, "for this line\n"));
    free(data);
}

static const char hostile[] =
    "select 'a' || char(27) || ']0;x' || char(7) || char(155, 13, 10, 9, 127, 8238) || 'b' as t";

static void a_table_is_harmless(void **state)
{
    (void)state;
    char *data = written(hostile, table);
    assert_null(strpbrk(data, "\x1b\x07\x7f\r\t"));
    assert_null(strstr(data, "\xC2\x9B"));     /* CSI in one character */
    assert_null(strstr(data, "\xE2\x80\xAE")); /* right-to-left override */
    int lines = 0;
    for (const char *p = data; *p != '\0'; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 3);
    free(data);
}

static void csv_is_rfc_4180_with_raw_values(void **state)
{
    (void)state;
    assert_written("select pid, app, xact_age from sessions where target = 'shop'", export_csv,
                   "pid,app,xact_age\r\n100,web-1,0\r\n101,web-2,\r\n102,batch,2\r\n");
    assert_written(
        "select 'a,b' as \"x,y\", 'say \"no\"' as q, 'two' || char(10) || 'lines' as l, '' as e, null as n, "
        "0.1 + 0.2 as r, 9223372036854775807 as i, 1e300 as big",
        export_csv,
        "\"x,y\",q,l,e,n,r,i,big\r\n"
        "\"a,b\",\"say \"\"no\"\"\",\"two\nlines\",\"\",,0.30000000000000004,9223372036854775807,1e+300\r\n");
    assert_written("select pid from sessions where pid = 0", export_csv, "pid\r\n");
}

static void csv_has_an_empty_field_for_what_is_no_number(void **state)
{
    (void)state;
    assert_written("select 9e999 as up, -9e999 as down, null as none, 1.5 as n", export_csv, "up,down,none,n\r\n,,,1.5\r\n");
}

static void json_has_each_key_once(void **state)
{
    (void)state;
    assert_written("select 1 as a, 2 as a, 3 as b, 4 as a_2, 5 as a", export_json,
                   "[{\"a\":1,\"a_3\":2,\"b\":3,\"a_2\":4,\"a_4\":5}]");
    assert_written("select 1 as a, 2 as a", export_json, "[{\"a\":1,\"a_2\":2}]");
}

static void csv_is_harmless(void **state)
{
    (void)state;
    char *data = written(hostile, export_csv);
    assert_null(strpbrk(data, "\x1b\x07\x7f"));
    assert_null(strstr(data, "\xC2\x9B"));
    assert_null(strstr(data, "\xE2\x80\xAE")); /* right-to-left override */
    assert_non_null(strstr(data, "\n\t")); /* these are kept */
    free(data);
}

static void json_is_exact(void **state)
{
    (void)state;
    assert_written("select pid, app, xact_age from sessions where target = 'shop' limit 2", export_json,
                   "[{\"pid\":100,\"app\":\"web-1\",\"xact_age\":0},\n{\"pid\":101,\"app\":\"web-2\",\"xact_"
                   "age\":null}]");
    assert_written(
        "select 9223372036854775807 as i, 0.1 as r, 0.1 + 0.2 as s, 1e999 as inf, 'q\"\\' || char(10, 27) as "
        "\"a\"\"b\"",
        export_json,
        "[{\"i\":9223372036854775807,\"r\":0.1,\"s\":0.30000000000000004,\"inf\":null,"
        "\"a\\\"b\":\"q\\\"\\\\\\n\\u001b\"}]");
    assert_written("select pid from sessions where pid = 0", export_json, "[]");
}

static bool json_holds(const char *data)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    sqlite3_open(":memory:", &db);
    sqlite3_prepare_v2(db, "select json_valid(?)", -1, &stmt, NULL);
    sqlite3_bind_text(stmt, 1, data, -1, SQLITE_STATIC);
    bool valid = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int(stmt, 0) == 1;
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return valid;
}

static void json_of_hostile_texts_is_valid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        hostile,
        "select cast(x'ff00c3' as text) as \"\x01\"",
        "select char(0, 34, 92, 8232, 65534, 1114111) as t, -0.0 as z, 1e-320 as tiny",
        "select * from sessions",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        char *data = written(texts[i], export_json);
        if (!json_holds(data))
            fail_msg("%s: not JSON: %s", texts[i], data);
        free(data);
    }
}

static void json_hides_what_a_terminal_would_obey(void **state)
{
    (void)state;
    assert_written("select char(0x9b, 0x7f, 0x202e, 0xe9, 0x6f22) as t", export_json, "[{\"t\":\"\\u009b\\u007f\\u202e\u00e9\u6f22\"}]");
}

static void two_results(FILE *f, const struct result *r)
{
    export_begin(f, EXPORT_JSON);
    export_result(f, r, EXPORT_JSON, "sessions", true);
    export_result(f, r, EXPORT_JSON, "statements", false);
    export_end(f, EXPORT_JSON);
}

static void one_result(FILE *f, const struct result *r)
{
    export_result(f, r, EXPORT_JSON, NULL, true);
}

static void several_results_are_one_object(void **state)
{
    (void)state;
    assert_written("select 1 as a", two_results, "{\"sessions\":[{\"a\":1}],\n\"statements\":[{\"a\":1}]}\n");
    assert_written("select 1 as a", one_result, "[{\"a\":1}]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_aligned_and_has_units),
        cmocka_unit_test(a_table_counts_columns_of_the_terminal),
        cmocka_unit_test(a_table_is_cut_only_when_told),
        cmocka_unit_test(a_table_is_harmless),
        cmocka_unit_test(csv_is_rfc_4180_with_raw_values),
        cmocka_unit_test(csv_has_an_empty_field_for_what_is_no_number),
        cmocka_unit_test(json_has_each_key_once),
        cmocka_unit_test(csv_is_harmless),
        cmocka_unit_test(json_is_exact),
        cmocka_unit_test(json_of_hostile_texts_is_valid),
        cmocka_unit_test(json_hides_what_a_terminal_would_obey),
        cmocka_unit_test(several_results_are_one_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
