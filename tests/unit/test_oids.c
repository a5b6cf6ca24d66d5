/* Arrays of numbers as the server reads them. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_is_written_as_the_server_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
