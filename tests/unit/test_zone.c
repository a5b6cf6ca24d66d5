/* What a clock shows, in every zone of the TZ database, as the C library has it; and moments of what it
 * shows, as a walk minute by minute finds them. */
#include "tests/unit/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/zone.h"

enum { MOMENTS = 50 };

static const char *const some[] = {"UTC",
                                   "Europe/Berlin",
                                   "Europe/London",
                                   "Europe/Dublin", /* its winter is the exception */
                                   "America/New_York",
                                   "America/St_Johns",
                                   "America/Sao_Paulo", /* was set at midnight */
                                   "America/Scoresbysund",
                                   "Africa/Casablanca", /* back for Ramadan */
                                   "Africa/Cairo",
                                   "Asia/Gaza",
                                   "Asia/Kathmandu",
                                   "Asia/Tehran",
                                   "Australia/Lord_Howe", /* by half an hour */
                                   "Pacific/Apia",        /* left a day out */
                                   "Pacific/Chatham",
                                   "Antarctica/Troll", /* by two hours */
                                   "Etc/GMT+12"};
enum { N_SOME = sizeof(some) / sizeof(some[0]) };

static void set_zone(const char *tz)
{
    if (tz == NULL)
        unsetenv("TZ");
    else
        setenv("TZ", tz, 1);
    tzset();
}

static int offset_of_library(int64_t moment)
{
    time_t t = (time_t)moment;
    struct tm tm;
    assert_non_null(localtime_r(&t, &tm));
    return (int)tm.tm_gmtoff;
}

static int64_t random_moment(unsigned *seed, int from_year, int to_year)
{
    int64_t from = zone_day(from_year, 1, 1) * 86400, to = zone_day(to_year, 1, 1) * 86400;
    int64_t big = (int64_t)rand_r(seed) << 31 | rand_r(seed);
    return from + big % (to - from);
}

static void same_as_the_library(const char *tz, const struct zone *z, int from_year)
{
    unsigned seed = 7;
    set_zone(tz);
    for (int i = 0; i < MOMENTS; i++) {
        int64_t moment = random_moment(&seed, from_year, 2060);
        int is = zone_offset(z, moment), wanted = offset_of_library(moment);
        if (is != wanted)
            fail_msg("%s at %lld: %d seconds east, the library says %d", tz, (long long)moment, is, wanted);
    }
}

/* nftw has no argument to pass state in. */
static int n_zones;

static int each_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    static const char root[] = "/usr/share/zoneinfo/";
    const char *name = path + strlen(root);
    (void)st, (void)ftw;
    /* right/ has leap seconds; posixrules and localtime are links to others. */
    if (type != FTW_F || strchr(name, '.') != NULL || strncmp(name, "right/", 6) == 0)
        return 0;
    struct err err = {""};
    struct zone *z = zone_new(name, &err);
    if (z == NULL && strstr(err.text, "no file of the TZ database") != NULL)
        return 0; /* tables and lists stand there too */
    if (z == NULL)
        fail_msg("%s", err.text);
    same_as_the_library(name, z, 1910);
    zone_free(z);
    n_zones++;
    return 0;
}

static void every_zone_is_what_the_library_says(void **state)
{
    (void)state;
    n_zones = 0;
    assert_int_equal(nftw("/usr/share/zoneinfo", each_file, 8, FTW_PHYS), 0);
    assert_true(n_zones > 300);
}

static void the_programs_own_zone_is_what_the_library_says(void **state)
{
    (void)state;
    static const char *const own[] = {NULL,
                                      "",
                                      "UTC",
                                      "Europe/Berlin",
                                      ":Europe/Berlin",
                                      "/usr/share/zoneinfo/Asia/Tokyo",
                                      "CET-1CEST,M3.5.0,M10.5.0/3",
                                      "EST5EDT",
                                      "EST5EDT4,M3.2.0,M11.1.0",
                                      "<+0330>-3:30",
                                      "AEST-10AEDT,M10.1.0,M4.1.0/3",
                                      "XXX-2YYY,J60/0,J300/-1",
                                      "XXX3YYY,59,300",
                                      "Nowhere/AtAll",
                                      "IST-1GMT0,M10.5.0,M3.5.0/1"};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        set_zone(own[i]);
        struct zone *z = zone_new(NULL, NULL);
        assert_non_null(z);
        same_as_the_library(own[i], z, 1970);
        zone_free(z);
    }
}

/* Seconds as a clock shows them. */
static int64_t shown(int64_t moment)
{
    return moment + offset_of_library(moment);
}

/* The first moment that shows CIVIL or later, minute by minute. */
static int64_t walked(int64_t civil)
{
    int64_t moment = civil - 2 * 86400;
    while (shown(moment) < civil)
        moment += 60;
    return moment;
}

static void a_moment_is_the_first_that_shows_it(void **state)
{
    (void)state;
    unsigned seed = 3;
    for (int i = 0; i < N_SOME; i++) {
        struct zone *z = zone_new(some[i], NULL);
        set_zone(some[i]);
        for (int n = 0; n < 12; n++) {
            /* Near a change, where there is one: the last of some days. */
            int64_t at = random_moment(&seed, 2000, 2060) / 60 * 60;
            for (int day = 0; day < 200 && offset_of_library(at) == offset_of_library(at + 86400); day++)
                at += 86400;
            int64_t civil = shown(at) + rand_r(&seed) % 2880 * 60 - 86400;
            int64_t is = zone_moment(z, civil), wanted = walked(civil);
            if (is != wanted)
                fail_msg("%s, %lld: is %lld, a walk says %lld", some[i], (long long)civil, (long long)is,
                         (long long)wanted);
        }
        zone_free(z);
    }
}

static void days_are_those_of_the_calendar(void **state)
{
    (void)state;
    for (int64_t day = -40000; day < 80000; day += 13) {
        time_t t = (time_t)(day * 86400);
        struct tm tm;
        gmtime_r(&t, &tm);
        assert_int_equal(zone_day(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday), day);
    }
}

static void a_name_that_is_none_is_told(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/Bonn", "",         "/etc/passwd", "../../../etc/passwd",
                                        "Europe",      "zone.tab", "tzdata.zi",   "Europe/Berlin\n"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct err err = {""};
        assert_null(zone_new(names[i], &err));
        assert_true(err.text[0] != '\0');
        assert_null(strstr(err.text, "root:"));
    }
}

/* Whatever stands in a file, the reader ends within it. */
static void a_damaged_file_is_refused_or_read_within_its_bounds(void **state)
{
    (void)state;
    char folder[] = "/tmp/dbv-zone-XXXXXX", path[64];
    unsigned char good[8192], bad[8192];
    unsigned seed = 11;
    FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    assert_non_null(f);
    size_t len = fread(good, 1, sizeof(good), f);
    fclose(f);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/x", folder);
    setenv("TZDIR", folder, 1);
    for (int i = 0; i < 400; i++) {
        size_t n = i % 2 == 0 ? (size_t)rand_r(&seed) % len : len;
        memcpy(bad, good, len);
        for (int j = 0; j < 5; j++)
            bad[(size_t)rand_r(&seed) % (i % 4 == 1 ? 50 : len)] = (unsigned char)rand_r(&seed);
        f = fopen(path, "wb");
        fwrite(bad, 1, n, f);
        fclose(f);
        struct err err = {""};
        struct zone *z = zone_new("x", &err);
        assert_true(z != NULL || err.text[0] != '\0');
        if (z != NULL)
            zone_offset(z, zone_moment(z, 1800000000));
        zone_free(z);
    }
    unsetenv("TZDIR");
    remove(path);
    remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_zone_is_what_the_library_says),
        cmocka_unit_test(the_programs_own_zone_is_what_the_library_says),
        cmocka_unit_test(a_moment_is_the_first_that_shows_it),
        cmocka_unit_test(days_are_those_of_the_calendar),
        cmocka_unit_test(a_name_that_is_none_is_told),
        cmocka_unit_test(a_damaged_file_is_refused_or_read_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
