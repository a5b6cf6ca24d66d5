/* Values of PostgreSQL's binary format: each type as its *send function writes it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/libpq/rows.h"

#include <cmocka.h>

enum {
    BOOL = 16,
    INT8 = 20,
    INT2 = 21,
    INT4 = 23,
    TEXT = 25,
    OID = 26,
    XID = 28,
    FLOAT4 = 700,
    FLOAT8 = 701,
    INET = 869
};
enum {
    DATE = 1082,
    TIMESTAMPTZ = 1184,
    INTERVAL = 1186,
    NUMERIC = 1700,
    LSN = 3220,
    XID8 = 5069,
    INT4_ARRAY = 1007
};

#define REAL(type, bytes) rows_real(type, bytes, (int)sizeof(bytes) - 1)
#define INT(type, bytes) rows_int(type, bytes, (int)sizeof(bytes) - 1)

static void whole_numbers_keep_sign_and_width(void **state)
{
    (void)state;
    assert_int_equal(INT(INT2, "\xff\xfe"), -2);
    assert_int_equal(INT(INT4, "\x80\x00\x00\x00"), INT32_MIN);
    assert_int_equal(INT(INT8, "\x7f\xff\xff\xff\xff\xff\xff\xff"), INT64_MAX);
    assert_int_equal(INT(OID, "\xff\xff\xff\xff"), 4294967295); /* unsigned */
    assert_int_equal(INT(XID, "\x80\x00\x00\x00"), 2147483648);
    assert_int_equal(INT(BOOL, "\x01"), 1);
    assert_true(REAL(INT2, "\xff\xfe") == -2);
    assert_true(REAL(BOOL, "\x00") == 0);
}

static void a_64_bit_position_is_unsigned(void **state)
{
    (void)state;
    assert_true(REAL(LSN, "\x00\x00\x00\x16\xb3\x74\xd8\x48") == (double)0x16B374D848);
    assert_true(REAL(XID8, "\x80\x00\x00\x00\x00\x00\x00\x00") == 9223372036854775808.0);
}

static void floats_are_exact_and_infinities_are_no_value(void **state)
{
    (void)state;
    assert_true(REAL(FLOAT8, "\x3f\xf8\x00\x00\x00\x00\x00\x00") == 1.5);
    assert_true(REAL(FLOAT4, "\xbf\x40\x00\x00") == -0.75);
    assert_true(isnan(REAL(FLOAT8, "\x7f\xf0\x00\x00\x00\x00\x00\x00")));
    assert_true(isnan(REAL(FLOAT4, "\x7f\xc0\x00\x00")));
    assert_int_equal(INT(FLOAT8, "\x3f\xf8\x00\x00\x00\x00\x00\x00"), 2); /* rounded */
}

static void numerics_are_the_nearest_double(void **state)
{
    (void)state;
    /* digits, weight, sign, scale; 12.34 is 12 and 3400 in base 10,000 */
    assert_true(REAL(NUMERIC, "\x00\x02\x00\x00\x00\x00\x00\x02\x00\x0c\x0d\x48") == 12.34);
    assert_true(REAL(NUMERIC, "\x00\x02\x00\x00\x40\x00\x00\x02\x00\x0c\x0d\x48") == -12.34);
    assert_true(REAL(NUMERIC, "\x00\x01\xff\xff\x00\x00\x00\x04\x00\x01") == 0.0001);
    assert_true(REAL(NUMERIC, "\x00\x01\x00\x04\x00\x00\x00\x00\x00\x07") ==
                7e16); /* trailing zeros are not sent */
    assert_true(REAL(NUMERIC, "\x00\x00\x00\x00\x00\x00\x00\x00") == 0);
    assert_true(isnan(REAL(NUMERIC, "\x00\x00\x00\x00\xc0\x00\x00\x00"))); /* NaN */
    assert_true(
        isnan(REAL(NUMERIC, "\x00\x05\x00\x00\x00\x00\x00\x02\x00\x0c"))); /* says five digits, has one */
}

static void moments_are_seconds_since_1970(void **state)
{
    (void)state;
    assert_true(REAL(TIMESTAMPTZ, "\x00\x00\x00\x00\x00\x00\x00\x00") == 946684800);
    assert_true(REAL(TIMESTAMPTZ, "\xff\xff\xff\xff\xff\xf8\x5e\xe0") == 946684799.5);
    assert_true(isnan(REAL(TIMESTAMPTZ, "\x7f\xff\xff\xff\xff\xff\xff\xff"))); /* infinity */
    assert_true(REAL(DATE, "\xff\xff\xff\xff") == 946684800 - 86400);
}

static void intervals_are_seconds_as_extract_epoch_counts(void **state)
{
    (void)state;
    /* microseconds, days, months: 1.5 s, 2 days, 13 months */
    static const char interval[] = "\x00\x00\x00\x00\x00\x16\xe3\x60\x00\x00\x00\x02\x00\x00\x00\x0d";
    assert_true(REAL(INTERVAL, interval) == 1.5 + 2 * 86400 + 365.25 * 86400 + 30 * 86400);
}

static void text_that_is_a_number_as_a_whole_counts_as_one(void **state)
{
    (void)state;
    assert_true(REAL(TEXT, "42.5") == 42.5);
    assert_int_equal(INT(TEXT, "-7"), -7);
    assert_true(isnan(REAL(TEXT, "42 kB")));
    assert_true(isnan(REAL(TEXT, "")));
    assert_true(isnan(REAL(TEXT, "inf")));
    assert_int_equal(INT(TEXT, "7x"), INT_NONE);
}

static void null_and_wrong_lengths_are_no_value(void **state)
{
    (void)state;
    assert_true(isnan(rows_real(INT4, NULL, 0)));
    assert_int_equal(rows_int(INT4, NULL, 0), INT_NONE);
    static const uint32_t types[] = {BOOL,   INT2, INT4,        INT8,     OID, XID, FLOAT4,
                                     FLOAT8, DATE, TIMESTAMPTZ, INTERVAL, LSN, XID8};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        assert_true(isnan(rows_real(types[i], "abc", 3)));
        assert_int_equal(rows_int(types[i], "abc", 3), INT_NONE);
    }
}

static void only_types_that_are_understood_are_read(void **state)
{
    (void)state;
    assert_int_equal(rows_class(INT4), ROWS_NUMBER);
    assert_int_equal(rows_class(INET), ROWS_TEXT);
    assert_int_equal(rows_class(INT4_ARRAY), ROWS_OTHER);
    assert_int_equal(rows_class(99999), ROWS_TEXT); /* an enum or a domain of a user's */
    assert_true(isnan(REAL(INT4_ARRAY, "\x00\x00\x00\x01")));
}

static void random_bytes_never_read_beyond_their_end(void **state)
{
    (void)state;
    srandom(1);
    for (int round = 0; round < 20000; round++) {
        int len = (int)(random() % 40);
        char *bytes = malloc((size_t)len + 1); /* the heap: a sanitizer sees every byte too far */
        for (int i = 0; i < len; i++)
            bytes[i] = (char)random();
        bytes[len] = '\0';
        uint32_t type = (uint32_t)(random() % 6000);
        double v = rows_real(type, bytes, len);
        assert_false(isinf(v));
        (void)rows_int(type, bytes, len);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_keep_sign_and_width),
        cmocka_unit_test(a_64_bit_position_is_unsigned),
        cmocka_unit_test(floats_are_exact_and_infinities_are_no_value),
        cmocka_unit_test(numerics_are_the_nearest_double),
        cmocka_unit_test(moments_are_seconds_since_1970),
        cmocka_unit_test(intervals_are_seconds_as_extract_epoch_counts),
        cmocka_unit_test(text_that_is_a_number_as_a_whole_counts_as_one),
        cmocka_unit_test(null_and_wrong_lengths_are_no_value),
        cmocka_unit_test(only_types_that_are_understood_are_read),
        cmocka_unit_test(random_bytes_never_read_beyond_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
