/* A mistyped name is answered with the one that was meant. */
#include "tests/unit/test.h"

#include <string.h>

#include "core/nearest.h"

static void expect_nearest(const char *given, const char *expected)
{
    static const char *const known[] = {"refresh", "theme", "mouse", "ascii", "page", "window"};
    const char *found = nearest_find(given, known, 6);
    if (found == NULL || expected == NULL)
        assert_ptr_equal(found, expected);
    else
        assert_string_equal(found, expected);
}

static void the_nearest_name_is_found_if_it_is_near(void **state)
{
    (void)state;
    expect_nearest("refesh", "refresh");
    expect_nearest("rfeersh", "refresh"); /* two swaps of neighbours */
    expect_nearest("themes", "theme");
    expect_nearest("pgae", "page");
    expect_nearest("windows", "window");
    expect_nearest("zzz", NULL);
    expect_nearest("", NULL);
    expect_nearest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                   NULL);
}

static void otherwise_all_names_are_said(void **state)
{
    (void)state;
    static const char *const known[] = {"page", "window"};
    struct text t;
    text_init(&t, 100);
    nearest_say(&t, "zzz", known, 2);
    assert_string_equal(text_str(&t), "expected one of page, window");
    text_clear(&t);
    nearest_say(&t, "pag", known, 2);
    assert_string_equal(text_str(&t), "did you mean 'page'?");
    text_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_is_found_if_it_is_near),
        cmocka_unit_test(otherwise_all_names_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
