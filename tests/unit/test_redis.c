/* Redis without a server: where a URL leads, what INFO says, what an error means. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/redis/inside.h"

#include <cmocka.h>

static void same(const char *a, const char *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (a != NULL)
        assert_string_equal(a, b);
}

static void a_url_leads_where_it_says(void **state)
{
    static const struct {
        const char *url;
        struct redis_place place;
    } rows[] = {
        {"redis://", {.host = (char *)(uintptr_t) "127.0.0.1", .port = 6379}},
        {"redis:///3", {.host = (char *)(uintptr_t) "127.0.0.1", .port = 6379, .db = 3}},
        {"redis://cache:7000/2", {.host = (char *)(uintptr_t) "cache", .port = 7000, .db = 2}},
        {"rediss://[::1]:7/0", {.host = (char *)(uintptr_t) "::1", .port = 7, .tls = true}},
        {"redis://:p%40ss@h",
         {.host = (char *)(uintptr_t) "h", .port = 6379, .password = (char *)(uintptr_t) "p@ss"}},
        {"redis://u:a@b@h?db=4",
         {.host = (char *)(uintptr_t) "h",
          .port = 6379,
          .user = (char *)(uintptr_t) "u",
          .password = (char *)(uintptr_t) "a@b",
          .db = 4}},
        {"redis:///run/r.sock", {.path = (char *)(uintptr_t) "/run/r.sock", .port = 6379}},
        {"redis+unix://u:p@/r%20s?db=1",
         {.path = (char *)(uintptr_t) "/r s",
          .port = 6379,
          .user = (char *)(uintptr_t) "u",
          .password = (char *)(uintptr_t) "p",
          .db = 1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct redis_place *e = &rows[i].place;
        struct redis_place p;
        struct err err = {""};
        if (!redis_place_read(&p, rows[i].url, &err))
            fail_msg("%s: %s", rows[i].url, err.text);
        same(p.host, e->host);
        same(p.path, e->path);
        same(p.user, e->user);
        same(p.password, e->password);
        assert_int_equal(p.port, e->port);
        assert_int_equal(p.db, e->db);
        assert_int_equal(p.tls, e->tls);
        redis_place_done(&p);
    }
}

static void a_number_of_info_is_one_or_none(void **state)
{
    static const char text[] =
        "# Server\r\nuptime:12\r\nratio:1.5\r\nbad:12x\r\nminus:-1\r\nhuge:1e999\r\n:x\r\nno colon\r\n"
        "db0:keys=7,expires=2,avg_ttl=1500\nlast:9";
    struct info i;
    (void)state;
    info_read(&i, text, strlen(text));
    assert_float_equal(info_number(&i, "uptime"), 12, 0);
    assert_float_equal(info_number(&i, "ratio"), 1.5, 0);
    assert_float_equal(info_number(&i, "last"), 9, 0);
    assert_true(isnan(info_number(&i, "bad")) && isnan(info_number(&i, "minus")) &&
                isnan(info_number(&i, "huge")));
    assert_true(isnan(info_number(&i, "upti")) && isnan(info_number(&i, "")));
    const struct info_field *db = info_find(&i, "db0");
    assert_float_equal(info_part_number(db, "keys"), 7, 0);
    assert_float_equal(info_part_number(db, "avg_ttl"), 1500, 0);
    assert_true(isnan(info_part_number(db, "ttl")));
    info_done(&i);
}

static void an_error_means_something_and_is_harmless(void **state)
{
    char text[300];
    static const char evil[] = "ERR \x1b[31m\xff";
    (void)state;
    assert_int_equal(redis_meaning("NOAUTH Authentication required.", 31, text, sizeof(text)),
                     FAILURE_PERMISSION);
    assert_non_null(strstr(text, "wants a password"));
    assert_true(redis_denies("WRONGPASS x", 11) && !redis_denies("READONLY x", 10));
    assert_int_equal(redis_meaning(evil, strlen(evil), text, sizeof(text)), FAILURE_OTHER);
    assert_null(strchr(text, '\x1b'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_leads_where_it_says),
        cmocka_unit_test(a_number_of_info_is_one_or_none),
        cmocka_unit_test(an_error_means_something_and_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
