/* Numbers are readable at a glance, fit their column, and do not lie. */
#include "tests/unit/test.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/unit.h"

struct row {
    double value;
    const char *expected;
};

static void expect(enum unit u, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char out[32];
        unit_format(out, sizeof(out), rows[i].value, u);
        if (strcmp(out, rows[i].expected) != 0)
            fail_msg("%.17g as %s: '%s', expected '%s'", rows[i].value, unit_name(u), out, rows[i].expected);
    }
}
#define EXPECT(u, ...)                                                                                       \
    do {                                                                                                     \
        static const struct row rows[] = {__VA_ARGS__};                                                      \
        expect(u, rows, sizeof(rows) / sizeof(rows[0]));                                                     \
    } while (0)

static void counts_are_grouped_then_scaled(void **state)
{
    (void)state;
    EXPECT(UNIT_COUNT, {0, "0"}, {9, "9"}, {1.7, "1.7"}, {24.4, "24"}, {1284, "1,284"}, {240000, "240,000"},
           {999999, "999,999"}, {1300000, "1.3M"}, {24e6, "24.0M"}, {240e6, "240M"}, {2.4e9, "2.4G"},
           {1.5e12, "1.5T"}, {-1284, "-1,284"}, {-0.5, "-0.5"}, {0.004, "0.004"}, {1e30, "1.0e+30"});
    EXPECT(UNIT_PAGES, {240000, "240,000"});
}

static void bytes_are_binary(void **state)
{
    (void)state;
    EXPECT(UNIT_BYTES, {0, "0 B"}, {1, "1 B"}, {512, "512 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"},
           {8192, "8.0 KiB"}, {1.4 * 1073741824, "1.4 GiB"}, {128.0 * 1048576, "128 MiB"},
           {1020.0 * 1048576, "1.0 GiB"}, {-2048, "-2.0 KiB"}, {0x1p62, "4.0 EiB"});
    EXPECT(UNIT_BYTES_PER_S, {1536, "1.5 KiB/s"}, {0, "0 B/s"}, {0.4, "0.4 B/s"});
}

static void milliseconds_grow_into_seconds_and_minutes(void **state)
{
    (void)state;
    EXPECT(UNIT_MS, {0, "0 ms"}, {0.0123, "0.012 ms"}, {0.0001, "<0.001 ms"}, {0.6, "0.6 ms"}, {4, "4.0 ms"},
           {12.34, "12.3 ms"}, {130, "130 ms"}, {999, "999 ms"}, {999.7, "1.0 s"}, {4200, "4.2 s"},
           {192000, "3m12s"}, {-4, "-4.0 ms"});
    EXPECT(UNIT_MS_PER_S, {130, "130 ms/s"}, {1300, "1.3 s/s"}, {90000, "90.0 s/s"}, {5e6, "5,000 s/s"});
}

static void seconds_grow_into_days(void **state)
{
    (void)state;
    EXPECT(UNIT_S, {0, "0 s"}, {0.4, "0.4 s"}, {29.4, "29.4 s"}, {59.94, "59.9 s"}, {59.96, "1m00s"},
           {252, "4m12s"}, {3599.4, "59m59s"}, {3599.6, "1h00m"}, {11100, "3h05m"}, {1051200, "12d 4h"},
           {86400.0 * 1284, "1,284d"}, {-252, "-4m12s"});
    EXPECT(UNIT_S_PER_S, {9, "9.0"}, {3.6, "3.6"}, {0, "0"}, {130, "130"});
}

static void ratios_never_say_all_or_nothing_when_it_is_not(void **state)
{
    (void)state;
    EXPECT(UNIT_RATIO, {0, "0 %"}, {1, "100 %"}, {0.992, "99.2 %"}, {0.004, "0.4 %"}, {0.87, "87 %"},
           {0.99999, "99.9 %"}, {0.985, "98.5 %"}, {0.00001, "<0.1 %"}, {0.099, "9.9 %"}, {1.4, "140 %"},
           {-0.004, "-0.4 %"}, {0.98499, "98 %"}, {12, "1,200 %"});
    EXPECT(UNIT_PERCENT, {61.2, "61 %"}, {99.2, "99.2 %"});
}

static void rates_end_in_per_second(void **state)
{
    (void)state;
    EXPECT(UNIT_COUNT_PER_S, {0, "0/s"}, {0.4, "0.4/s"}, {9, "9.0/s"}, {24, "24/s"}, {1284.3, "1,284/s"},
           {2.4e6, "2.4M/s"}, {-3, "-3.0/s"});
}

static void names_keep_their_digits(void **state)
{
    (void)state;
    EXPECT(UNIT_NONE, {4711, "4711"}, {1234567, "1234567"}, {-7, "-7"}, {3.14159, "3.142"},
           {9007199254740992.0, "9007199254740992"});
    EXPECT(UNIT_LSN, {0x16B374D848, "16/B374D848"}, {0, "0/0"});
    EXPECT(UNIT_BOOL, {0, "no"}, {1, "yes"}, {-1, "yes"});
}

static void no_value_is_na(void **state)
{
    (void)state;
    for (int u = 0; u < N_UNITS; u++) {
        char out[32];
        unit_format(out, sizeof(out), NAN, (enum unit)u);
        assert_string_equal(out, "n/a");
        unit_format(out, sizeof(out), INFINITY, (enum unit)u);
        assert_string_equal(out, "inf");
    }
}

static void times_are_local_and_today_needs_no_date(void **state)
{
    (void)state;
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    EXPECT(UNIT_TIME, {1763643801, "2025-11-20 14:03"}, {0, "1970-01-01 01:00"}, {1e300, "n/a"},
           {-1e300, "n/a"});
    time_t now;
    char out[32], expected[32];
    do { /* again if midnight came between */
        struct tm tm;
        now = time(NULL);
        unit_format(out, sizeof(out), (double)now, UNIT_TIME);
        strftime(expected, sizeof(expected), "%H:%M:%S", localtime_r(&now, &tm));
    } while (time(NULL) / 60 != now / 60);
    assert_string_equal(out, expected);
}

static uint32_t random_bits(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Of any magnitude and sign. */
static double random_value(uint32_t *state)
{
    double mantissa = random_bits(state) / 4294967296.0 + 0.5;
    int exponent = (int)(random_bits(state) % 120) - 40;
    return ldexp(random_bits(state) % 4 == 0 ? -mantissa : mantissa, exponent);
}

static void nothing_is_wider_than_twelve_columns_or_than_its_buffer(void **state)
{
    (void)state;
    uint32_t seed = 42;
    for (int i = 0; i < 50000; i++) {
        double v = random_value(&seed);
        for (int u = UNIT_COUNT; u < N_UNITS; u++) {
            char out[33];
            size_t size = i % 33;
            memset(out, '#', sizeof(out));
            unit_format(out, size, v, (enum unit)u);
            assert_int_equal(out[size], '#');
            if (size > 0)
                assert_true(strlen(out) < size);
            unit_format(out, 32, v, (enum unit)u);
            if (u != UNIT_TIME && u != UNIT_LSN && strlen(out) > 12)
                fail_msg("%g as %s is '%s'", v, unit_name((enum unit)u), out);
        }
    }
}

/* The number that a person reads. */
static double read_back(const char *s)
{
    double sum = 0, sign = 1;
    if (*s == '-') {
        sign = -1;
        s++;
    }
    if (*s == '<')
        return 0;
    while (*s != '\0') {
        char digits[32], unit[16];
        int n = 0, k = 0;
        for (; isdigit((unsigned char)*s) || *s == ',' || *s == '.' || (n > 0 && *s == 'e' && s[1] == '+') ||
               (n > 0 && *s == '+');
             s++)
            if (*s != ',')
                digits[n++] = *s;
        digits[n] = '\0';
        while (*s == ' ')
            s++;
        for (; *s != '\0' && !isdigit((unsigned char)*s) && *s != ' ' && k < (int)sizeof(unit) - 1; s++)
            unit[k++] = *s;
        unit[k] = '\0';
        while (*s == ' ')
            s++;
        static const struct {
            const char *name;
            double factor;
        } factors[] = {{"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30},  {"TiB", 0x1p40},  {"PiB", 0x1p50},
                       {"EiB", 0x1p60}, {"ms", 1},       {"s", 1000},      {"m", 60e3},      {"h", 3600e3},
                       {"d", 86400e3},  {"M", 1e6},      {"G", 1e9},       {"T", 1e12},      {"P", 1e15},
                       {"E", 1e18},     {"Md", 86400e9}, {"Gd", 86400e12}, {"Td", 86400e15}, {"Pd", 86400e18},
                       {"Ed", 86400e21}};
        double factor = 1;
        for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
            if (strcmp(factors[i].name, unit) == 0)
                factor = factors[i].factor;
        sum += strtod(digits, NULL) * factor;
    }
    return sign * sum;
}

static void a_larger_number_never_reads_smaller(void **state)
{
    (void)state;
    static const enum unit some[] = {UNIT_COUNT, UNIT_BYTES, UNIT_MS, UNIT_RATIO};
    uint32_t seed = 7;
    for (int i = 0; i < 200000; i++) {
        double a = random_value(&seed), b = a + fabs(a) * (random_bits(&seed) % 1000) / 10000.0;
        for (size_t k = 0; k < 4; k++) {
            char first[32], second[32];
            unit_format(first, sizeof(first), a, some[k]);
            unit_format(second, sizeof(second), b, some[k]);
            if (read_back(first) > read_back(second) * (1 + (second[0] == '-' ? -1e-9 : 1e-9)))
                fail_msg("%.17g is '%s' but %.17g is '%s'", a, first, b, second);
        }
    }
}

static void what_is_read_is_what_is_meant(void **state)
{
    (void)state;
    static const enum unit some[] = {UNIT_COUNT, UNIT_BYTES, UNIT_MS};
    uint32_t seed = 99;
    for (int i = 0; i < 200000; i++) {
        double v = fabs(random_value(&seed));
        for (size_t k = 0; k < 3; k++) {
            char out[32];
            unit_format(out, sizeof(out), v, some[k]);
            double error = fabs(read_back(out) - v), allowed = v * 0.05 + (v < 0.0995 ? 0.0005
                                                                           : v < 10   ? 0.051
                                                                                      : 0.51);
            if (error > allowed)
                fail_msg("%.17g is '%s'", v, out);
        }
    }
}

static void every_unit_has_a_name_of_its_own(void **state)
{
    (void)state;
    assert_string_equal(unit_name(UNIT_NONE), "");
    assert_int_equal(unit_parse(""), -1);
    assert_int_equal(unit_parse("furlong"), -1);
    for (int u = 1; u < N_UNITS; u++)
        assert_int_equal(unit_parse(unit_name((enum unit)u)), u);
}

static void units_of_rates_and_of_names(void **state)
{
    (void)state;
    assert_int_equal(unit_rate(UNIT_BYTES), UNIT_BYTES_PER_S);
    assert_int_equal(unit_rate(UNIT_MS), UNIT_MS_PER_S);
    assert_int_equal(unit_rate(UNIT_NONE), UNIT_COUNT_PER_S);
    assert_int_equal(unit_of_suffix("mean_ms"), UNIT_MS);
    assert_int_equal(unit_of_suffix("age_s"), UNIT_S);
    assert_int_equal(unit_of_suffix("size_bytes"), UNIT_BYTES);
    assert_int_equal(unit_of_suffix("hit_ratio"), UNIT_RATIO);
    assert_int_equal(unit_of_suffix("share_pct"), UNIT_PERCENT);
    assert_int_equal(unit_of_suffix("calls_per_s"), UNIT_COUNT_PER_S);
    assert_int_equal(unit_of_suffix("wal_bytes_per_s"), UNIT_BYTES_PER_S);
    assert_int_equal(unit_of_suffix("calls"), UNIT_NONE);
    assert_int_equal(unit_of_suffix(""), UNIT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_grouped_then_scaled),
        cmocka_unit_test(bytes_are_binary),
        cmocka_unit_test(milliseconds_grow_into_seconds_and_minutes),
        cmocka_unit_test(seconds_grow_into_days),
        cmocka_unit_test(ratios_never_say_all_or_nothing_when_it_is_not),
        cmocka_unit_test(rates_end_in_per_second),
        cmocka_unit_test(names_keep_their_digits),
        cmocka_unit_test(no_value_is_na),
        cmocka_unit_test(times_are_local_and_today_needs_no_date),
        cmocka_unit_test(nothing_is_wider_than_twelve_columns_or_than_its_buffer),
        cmocka_unit_test(a_larger_number_never_reads_smaller),
        cmocka_unit_test(what_is_read_is_what_is_meant),
        cmocka_unit_test(every_unit_has_a_name_of_its_own),
        cmocka_unit_test(units_of_rates_and_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
