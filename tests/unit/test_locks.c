/* The door's locks: each is tried by somebody who wants through. */
#include <sqlite3.h>
#include <stdlib.h>

#include "core/text.h"
#include "tests/unit/made.h"
#include "tests/unit/test.h"

static int set_up(void **state)
{
    struct made *m = calloc(1, sizeof(*m));
    made_init(m, 20, 200);
    *state = m;
    return m->door == NULL;
}

static int tear_down(void **state)
{
    made_done(*state);
    free(*state);
    return 0;
}

static void assert_works(struct made *m, const char *sql)
{
    struct result *r = made_ask_as_user(m, sql);
    if (r == NULL)
        fail_msg("%s: %s", sql, m->err.text);
    result_free(r);
}

/* The statement fails within LIMIT_S, the error says PART, and the door works afterwards. */
static void assert_ends(struct made *m, const char *sql, const char *part, double limit_s)
{
    double start_s = loop_mono_s();
    m->err.text[0] = '\0';
    struct query q = {.sql = sql, .user = true, .deadline_s = 0.3};
    struct result *r = door_run(m->door, m->snapshot, &q, &m->err);
    double took_s = loop_mono_s() - start_s;
    if (r != NULL)
        fail_msg("%.200s: was allowed", sql);
    if (strstr(m->err.text, part) == NULL)
        fail_msg("%.200s\n  said      %s\n  expected  %s", sql, m->err.text, part);
    if (took_s > limit_s)
        fail_msg("%.200s: took %.3f s", sql, took_s);
    assert_works(m, "select count(*) from sessions");
}

static void assert_refused(struct made *m, const char *sql, const char *part)
{
    assert_ends(m, sql, part, 5);
}

static void only_select_is_allowed(void **state)
{
    static const char *const others[] = {
        "insert into sessions(pid) values (1)",
        "update sessions set pid = 1",
        "delete from sessions",
        "create table x(a)",
        "create temp table x(a)",
        "create view x as select 1",
        "create temp view x as select 1",
        "create index x on sessions(pid)",
        "create trigger x before insert on sessions begin select 1; end",
        "create virtual table x using sessions",
        "create virtual table x using fts5(a)",
        "drop table sessions",
        "alter table sessions rename to x",
        "begin",
        "savepoint x",
        "analyze",
        "vacuum",
        "vacuum into '/tmp/dbvitals-vacuumed'",
        "reindex",
        "detach main",
        "explain select 1",
        "explain query plan select 1 from sessions",
        "insert into sessions(pid) values (1) returning pid",
        "with x as (select 1) delete from sessions",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_refused(*state, others[i], "");
    assert_refused(*state, "create table x(a)", "only SELECT over datasets is allowed here");
    assert_works(*state, "values (1), (2)");
    assert_works(*state, "with x as (select pid from sessions) select count(*) from x");
}

static void attach_and_pragma_are_refused(void **state)
{
    assert_refused(*state, "attach ':memory:' as x", "only SELECT");
    assert_refused(*state, "attach '/tmp/dbvitals-attached' as x", "only SELECT");
    assert_refused(*state, "pragma table_list", "only SELECT");
    assert_refused(*state, "pragma temp_store = file", "only SELECT");
    assert_refused(*state, "pragma hard_heap_limit = 0", "only SELECT");
    assert_refused(*state, "select * from pragma_database_list", "");
    assert_refused(*state, "select * from pragma_function_list()", "");
}

static void only_datasets_are_read(void **state)
{
    assert_refused(*state, "select * from sqlite_master", "not a dataset");
    assert_refused(*state, "select count(*) from sqlite_master", "not a dataset");
    assert_refused(*state, "select count(*) from main.sqlite_schema", "not a dataset");
    assert_refused(*state, "select sql from sqlite_temp_master", "not a dataset");
    assert_refused(*state, "select * from dbstat", "no such dataset");
    assert_refused(*state, "select * from sqlite_stmt", "no such dataset");
    assert_refused(*state, "select * from sqlite_dbpage", "no such dataset");
    assert_refused(*state, "select * from fts3tokenize('simple', 'x')", "no such dataset");
    assert_refused(*state, "select * from bytecode('select 1')", "no such dataset");
    assert_works(*state, "select value from json_each('[1,2]')");
    assert_works(*state, "select count(*) from json_tree('{\"a\":[1,2]}')");
}

static void only_listed_functions_are_called(void **state)
{
    static const char *const calls[] = {
        "load_extension('/tmp/x.so')",
        "instr('ab', 'b')",
        "randomblob(10)",
        "zeroblob(1000000000)",
        "json_patch('{}', '{}')",
        "sqlite_version()",
        "sqlite_source_id()",
        "fts3_tokenizer('simple')",
        "sqlite_compileoption_get(0)",
        "soundex('x')",
        "changes()",
        "rtreecheck('x')",
        "match('a', 'b')",
        "last_insert_rowid()",
        "edit('x')",
        "readfile('/etc/passwd')",
        "writefile('/tmp/x', 'x')",
        "fts5_source_id()",
        "sqlite_log(1, 'x')",
        "random()",
    };
    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "select %s", calls[i]);
        assert_refused(*state, sql, "");
    }
    assert_refused(*state, "select instr(query, 'x') from sessions",
                   "the function instr is not allowed here");
    assert_works(
        *state,
        "select group_concat(upper(app)), max(coalesce(xact_age, 0)), json_group_array(pid) from sessions");
    assert_works(*state, "select pid, row_number() over (order by pid) from sessions");
}

static void one_statement_and_no_more(void **state)
{
    assert_refused(*state, "select 1; select 2", "only one statement");
    assert_refused(*state, "select 1; delete from sessions", "only one statement");
    assert_refused(*state, "select 1; attach 'x' as y", "only one statement");
    assert_refused(*state, "select 1; nonsense", "only one statement");
    assert_refused(*state, "; ; -- nothing\n", "empty");
    assert_works(*state, "select 1;");
    assert_works(*state, "select 1 ; ;; -- the end\n /* and */ ; ");
    assert_works(*state, "-- first\nselect /* in */ 1 -- last");
}

static void double_quotes_are_names(void **state)
{
    assert_refused(*state, "select count(*) from sessions where state = \"active\"",
                   "no such column: active");
    assert_works(*state, "select \"pid\" from \"sessions\"");
}

static void a_statement_ends_at_its_deadline(void **state)
{
    static const char endless[] = "with recursive c(i) as (select 1 union all select i + 1 from c) ";
    char sql[300];
    snprintf(sql, sizeof(sql), "%sselect count(*) from c", endless);
    assert_ends(*state, sql, "ended after 0.3 s", 2);
    snprintf(sql, sizeof(sql), "%sselect 1 from c where i < 0", endless);
    assert_ends(*state, sql, "ended after 0.3 s", 2);
    assert_ends(
        *state,
        "select count(*) from statements a, statements b, statements c, statements d where +d.calls = 1",
        "ended after 0.3 s", 2);
    assert_ends(
        *state,
        "with recursive c(i) as (select 1 union select (i * 7 + 1) % 100000000 from c) select max(i) from c",
        "", 4);
}

/* SQLite asks nobody while one of its functions runs: none may take long. */
static void no_function_takes_long(void **state)
{
    struct made *m = *state;
    static const char *const slow[] = {
        "select printf('%.*c', 490000, 'a') like '%' || printf('%.*c', 240, 'a') || 'b%'",
        "select printf('%.*c', 490000, 'a') glob '*' || replace(printf('%*s', 50, ''), ' ', '[a-z]') || 'B*'",
        "select printf('%.*c', 490000, 'a') regexp '(a*)*b'",
        "select printf('%.*c', 490000, 'a') regexp '(.*a){100}b'",
        "select printf('%.*c', 490000, 'a') regexp '[^b]{250}[[:space:]]'",
        "select length(trim(printf('%.*c', 490000, 'a'), '0123456789bcdefghijklmnopqrstuvwxyza'))",
        "select length(replace(printf('%*s', 900000, ''), printf('%*s', 450000, '') || 'x', 'y'))",
        "select length(hex(printf('%*s', 400000, '')))",
        "select length(printf('%.900000f', 1e300))",
    };
    for (size_t i = 0; i < sizeof(slow) / sizeof(*slow); i++) {
        struct query q = {.sql = slow[i], .deadline_s = 60};
        struct result *r = door_run(m->door, m->snapshot, &q, &m->err);
        if (r == NULL)
            fail_msg("%s: %s", slow[i], m->err.text);
        if (r->cpu_ms > 1000)
            fail_msg("%s: took %.0f ms", slow[i], r->cpu_ms);
        result_free(r);
    }
    assert_refused(*state, "select trim('a', printf('%*s', 100, ''))", "at most 64 bytes");
    assert_refused(*state, "select 'a' like printf('%*s', 1000, '')", "pattern too complex");
}

static void compiling_takes_no_longer_than_running(void **state)
{
    struct text sql;
    text_init(&sql, 1 << 20);
    /* Names that double with each step. */
    text_add(&sql, "with x0 as (select 1 as a)");
    for (int i = 1; i < 40; i++)
        text_addf(&sql, ", x%d as (select l.a from x%d l, x%d r)", i, i - 1, i - 1);
    text_add(&sql, " select count(*) from x39");
    assert_ends(*state, text_str(&sql), "", 4);
    /* A join of as many tables as SQLite takes. */
    text_clear(&sql);
    text_add(&sql, "select count(*) from sessions t0");
    for (int i = 1; i < 63; i++)
        text_addf(&sql, " join statements t%d on t%d.queryid = t%d.queryid or t%d.userid = t%d.queryid", i, i,
                  i - 1, i, i / 2);
    assert_ends(*state, text_str(&sql), "", 4);
    text_clear(&sql);
    text_add(&sql, "select 1");
    for (int i = 0; i < 5000; i++)
        text_add(&sql, " + (1");
    assert_ends(*state, text_str(&sql), "", 4);
    text_clear(&sql);
    text_add(&sql, "select 1");
    for (int i = 0; i < 100; i++)
        text_add(&sql, " union select 1");
    assert_ends(*state, text_str(&sql), "too many terms", 4);
    text_done(&sql);
}

static void memory_is_bounded(void **state)
{
    /* Sorting what does not end. */
    assert_ends(*state,
                "with recursive c(i) as (select 1 union all select i + 1 from c limit 100000000) "
                "select max(s) from (select printf('%*s', 100000, i) as s from c order by s desc)",
                "", 4);
    assert_works(*state, "select printf('%*s', 2000000, 'x')"); /* NULL */
    assert_ends(*state, "select printf('%*s', 600000, 'x') || printf('%*s', 600000, 'x')", "too big", 4);
    assert_ends(*state, "select group_concat(printf('%*s', 100000, pid)) from sessions", "too big", 4);
    struct query q = {.sql = "select count(distinct printf('%*s', 500000, queryid)) from statements",
                      .deadline_s = 20};
    struct made *m = *state;
    assert_null(door_run(m->door, m->snapshot, &q, &m->err));
    assert_non_null(strstr(m->err.text, "needs more than 48 MB of memory"));
    q = (struct query){
        .sql =
            "select printf('%*s', 100000, a.pid) || b.pid || c.pid from sessions a, sessions b, sessions c",
        .deadline_s = 20};
    struct result *r = door_run(m->door, m->snapshot, &q, &m->err);
    assert_non_null(r);
    assert_true(r->more); /* 10,648 rows of 100 kB are cut */
    assert_true(arena_size(r->arena) < 80 << 20);
    result_free(r);
    assert_true(sqlite3_hard_heap_limit64(-1) > 0);
}

static void lengths_are_bounded(void **state)
{
    struct text sql;
    text_init(&sql, 1 << 20);
    text_add(&sql, "select '");
    for (int i = 0; i < 110000; i++)
        text_add_char(&sql, 'x');
    text_add(&sql, "'");
    assert_refused(*state, text_str(&sql), "too big");
    text_clear(&sql);
    text_add(&sql, "select 1");
    for (int i = 0; i < 2000; i++)
        text_add(&sql, ", 1");
    assert_refused(*state, text_str(&sql), "too many columns");
    text_clear(&sql);
    text_add(&sql, "select 1 where ?1 ");
    for (int i = 2; i < 120; i++)
        text_addf(&sql, "or ?%d ", i);
    assert_refused(*state, text_str(&sql), "variable number");
    text_done(&sql);
}

static void a_long_text_is_clipped_at_a_character(void **state)
{
    struct made *m = *state;
    struct text long_text;
    text_init(&long_text, 4 << 20);
    text_add(&long_text, "x");
    while (long_text.len < 2 << 20)
        text_add(&long_text, "\xC3\xA9");
    struct sample *s = made_sessions(1, -1);
    sample_set_text(s, QUERY, 0, text_str(&long_text), long_text.len);
    store_put(m->store, "shop", s);
    snapshot_unref(m->snapshot);
    m->snapshot = store_snapshot(m->store);
    struct result *r = made_ask_as_user(m, "select query, length(query) from sessions where target = 'shop'");
    assert_non_null(r);
    assert_int_equal(strlen(result_at(r, 0, 0)->text),
                     64 * 1024 - 1); /* a character of two bytes did not fit */
    assert_int_equal(result_at(r, 0, 1)->integer, 32 * 1024);
    result_free(r);
    r = made_ask(m, "select query from sessions where target = 'shop'");
    assert_int_equal(strlen(result_at(r, 0, 0)->text), 256 * 1024 - 1);
    result_free(r);
    text_done(&long_text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_select_is_allowed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(attach_and_pragma_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_datasets_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_listed_functions_are_called, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_statement_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(double_quotes_are_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_statement_ends_at_its_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_function_takes_long, set_up, tear_down),
        cmocka_unit_test_setup_teardown(compiling_takes_no_longer_than_running, set_up, tear_down),
        cmocka_unit_test_setup_teardown(memory_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lengths_are_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_text_is_clipped_at_a_character, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
