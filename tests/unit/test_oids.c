/* Arrays of numbers as the server reads them, and where a number stands. */
#include "tests/unit/test.h"

#include <stdlib.h>

#include "collectors/pg/oids.h"

static void becomes(const int64_t *values, int n, const char *expected)
{
    char *array = oids_array(values, n);
    assert_string_equal(array, expected);
    free(array);
}

static void an_array_is_written_as_the_server_reads_it(void **state)
{
    (void)state;
    becomes(NULL, 0, "{}");
    becomes((int64_t[]){7}, 1, "{7}");
    becomes((int64_t[]){0, -1, 4294967295}, 3, "{0,-1,4294967295}");
    becomes((int64_t[]){INT64_MIN, INT64_MAX}, 2, "{-9223372036854775808,9223372036854775807}");
}

static void each_number_is_found_and_no_other(void **state)
{
    (void)state;
    const int64_t ids[] = {16384, 16385, 20000, 4294967295};
    for (int i = 0; i < 4; i++)
        assert_int_equal(oids_find(ids, 4, ids[i]), i);
    assert_int_equal(oids_find(ids, 4, 1), -1);
    assert_int_equal(oids_find(ids, 4, 16386), -1);
    assert_int_equal(oids_find(ids, 4, INT64_MAX), -1);
    assert_int_equal(oids_find(NULL, 0, 1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_is_written_as_the_server_reads_it),
        cmocka_unit_test(each_number_is_found_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
