/* SQL text without its literals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/normal.h"

static void expect(const char *sql, const char *normal)
{
    struct text t;
    text_init(&t, 4096);
    sql_normalize(sql, &t);
    assert_string_equal(text_str(&t), normal);
    text_done(&t);
}

static void literals_become_question_marks(void **state)
{
    (void)state;
    expect("select * from t where a = 'secret' and b = 42 and c = 1.5e-3", "select * from t where a = ? and b = ? and c = ?");
    expect("select E'it\\'s', b'01', $tag$ a $ b $tag$, $$x$$", "select ?, ...");
    expect("select 'it''s'", "select ?");
}

static void a_sign_belongs_to_its_number(void **state)
{
    (void)state;
    expect("update accounts set balance = balance + -4711 where id = 3", "update accounts set balance = balance + ? where id = ?");
    expect("update accounts set balance = balance + 4711 where id = 3", "update accounts set balance = balance + ? where id = ?");
    expect("update accounts set balance = balance - 4711 where id = -3", "update accounts set balance = balance - ? where id = ?");
    expect("SELECT -1, +2, - .5 LIMIT -1", "SELECT ?, ... LIMIT ?");
    expect("select 7 -1 + a -1, (b) -1, $1 -1, c[1]-1, d - -1", "select ? -? + a -?, (b) -?, $1 -?, c[?]-?, d - ?");
    expect("values (-1, 2, -3)", "values (?, ...)");
    expect("select x where y between -1 and -2", "select x where y between ? and ?");
    expect("select xselect -1", "select xselect -?");
}

static void names_and_parameters_stay(void **state)
{
    (void)state;
    expect("select t1.c2 from \"Odd \"\"Table 7\" where x = $1", "select t1.c2 from \"Odd \"\"Table 7\" where x = $1");
}

static void lists_of_literals_are_one(void **state)
{
    (void)state;
    expect("select 1 where a in (1,2,  3, 4)", "select ? where a in (?, ...)");
    expect("select 1 where a in (1)", "select ? where a in (?)");
}

static void comments_and_white_space_are_folded(void **state)
{
    (void)state;
    expect("/* a /* nested */ b */ select\n\t 1 -- end", "select ?");
}

static void a_text_cut_in_a_literal_leaks_nothing(void **state)
{
    (void)state;
    expect("select 'half a sec", "select ?");
    expect("select $x$half a sec", "select ?");
    expect("select /* half", "select");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_become_question_marks), cmocka_unit_test(names_and_parameters_stay),
        cmocka_unit_test(a_sign_belongs_to_its_number), cmocka_unit_test(lists_of_literals_are_one),      cmocka_unit_test(comments_and_white_space_are_folded),
        cmocka_unit_test(a_text_cut_in_a_literal_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
