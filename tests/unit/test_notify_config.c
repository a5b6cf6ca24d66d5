/* [webhook NAME] and [maintenance NAME] are read as the manual says, and every mistake is told with its
 * place. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/notify.h"
#include "core/option.h"

static void parse(const char *text, struct config *out)
{
    struct err err = {""};
    if (!config_parse(text, strlen(text), "a.conf", config_options, n_config_options, out, &err))
        fail_msg("%s", err.text);
}

static void a_webhook_has_the_standards_of_the_manual(void **state)
{
    (void)state;
    struct config c;
    struct webhooks w;
    parse("[webhook ops]\nurl = https://example.org/x\n[target a]\nurl = x\n[webhook b]\nurl = http://b\n",
          &c);
    assert_true(webhooks_read(&c, &w, NULL));
    assert_int_equal(w.n, 2);
    const struct webhook *ops = webhook_find(&w, "ops");
    assert_string_equal(ops->format, "generic");
    assert_int_equal(ops->levels, WEBHOOK_WARNING | WEBHOOK_CRITICAL);
    assert_true(ops->resolved && ops->group_wait_s == 15 && ops->repeat_s == 4 * 3600);
    assert_true(ops->timeout_s == 10 && ops->give_up_s == 24 * 3600);
    assert_null(ops->secret);
    assert_null(webhook_find(&w, "nobody"));
    webhooks_done(&w);
    config_done(&c);
}

static void a_webhook_takes_what_is_given(void **state)
{
    (void)state;
    struct config c;
    struct webhooks w;
    parse("[webhook ops]\nurl = http://a\nlevels = info,critical\nresolved = no\ngroup_wait = 0\nrepeat = "
          "never\n"
          "timeout = 3s\ngive_up = 1h\nuser = u\nsecret = whsec_x\nca_file = /ca\nformat = custom\nsql = "
          "select 1 as body\n",
          &c);
    assert_true(webhooks_read(&c, &w, NULL));
    assert_int_equal(w.list[0].levels, WEBHOOK_INFO | WEBHOOK_CRITICAL);
    assert_true(!w.list[0].resolved && w.list[0].group_wait_s == 0 && w.list[0].repeat_s == 0);
    assert_true(w.list[0].timeout_s == 3 && w.list[0].give_up_s == 3600);
    assert_string_equal(w.list[0].sql, "select 1 as body");
    webhooks_done(&w);
    config_done(&c);
}

static void mistakes_in_a_webhook_are_told_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"[webhook ops]\nformat = slack\n", "a.conf:1: [webhook ops] has no url"},
        {"[webhook ops]\nurl = ftp://x\n", "a.conf:2: [webhook ops] url: expected http"},
        {"[webhook ops]\nurl = http://x\nlevels = loud\n",
         "a.conf:3: [webhook ops] levels: 'loud'; expected info"},
        {"[webhook ops]\nurl = http://x\nlevels = ok\n", "levels: 'ok'"},
        {"[webhook ops]\nurl = http://x\nlevels = ,\n", "levels is empty"},
        {"[webhook ops]\nurl = http://x\nrepeat = often\n", "a.conf:3: [webhook ops] repeat = 'often'"},
        {"[webhook ops]\nurl = http://x\nsecret = a\nsecret_command = b\n", "expected one of them"},
        {"[webhook ops]\nurl = http://x\nformat = custom\n", "a.conf:1: [webhook ops] expected sql"},
        {"[webhook ops]\nurl = http://x\nsql = select 1\n", "a.conf:3: [webhook ops] expected sql"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config c;
        struct webhooks w = {.n = 77};
        struct err err = {""};
        parse(cases[i].text, &c);
        assert_false(webhooks_read(&c, &w, &err));
        if (strstr(err.text, cases[i].expected) == NULL)
            fail_msg("'%s', expected '%s'", err.text, cases[i].expected);
        assert_int_equal(w.n, 77); /* untouched */
        config_done(&c);
    }
}

static bool covered(const struct maintenances *m, const char *target, const char *moment)
{
    double wall_s = 0;
    struct tm t = {0};
    assert_non_null(strptime(moment, "%Y-%m-%d %H:%M", &t));
    wall_s = (double)timegm(&t);
    return maintenance_at(m, target, wall_s) != NULL;
}

static void maintenance_covers_its_days_and_goes_on_after_midnight(void **state)
{
    (void)state;
    struct config c;
    struct maintenances m;
    parse("[maintenance backup]\ntarget = shop*\nfrom = 22:00\nto = 02:30\ndays = fri-sat, mon\n"
          "[maintenance move]\nfrom = 2026-08-05 10:00\nto = 2026-08-06 11:00\ncomment = to the new rack\n",
          &c);
    assert_true(maintenances_read(&c, &m, NULL));
    assert_true(covered(&m, "shop", "2026-07-31 22:00")); /* Friday */
    assert_false(covered(&m, "shop", "2026-07-31 21:59"));
    assert_true(covered(&m, "shop-2", "2026-08-02 02:29")); /* Sunday: began on Saturday */
    assert_false(covered(&m, "shop-2", "2026-08-02 02:30"));
    assert_false(covered(&m, "shop", "2026-08-02 23:00"));
    assert_true(covered(&m, "shop", "2026-08-03 23:00")); /* Monday */
    assert_false(covered(&m, "blog", "2026-08-03 23:00"));
    assert_true(covered(&m, "blog", "2026-08-05 10:00"));
    assert_true(covered(&m, "blog", "2026-08-06 10:59"));
    assert_false(covered(&m, "blog", "2026-08-06 11:00"));
    maintenances_done(&m);
    config_done(&c);
}

static double end_at(const struct maintenances *m, const char *moment)
{
    struct tm t = {0};
    assert_non_null(strptime(moment, "%Y-%m-%d %H:%M", &t));
    double wall_s = (double)timegm(&t);
    return maintenance_end(maintenance_at(m, "shop", wall_s), wall_s) - wall_s;
}

static void maintenance_tells_its_end(void **state)
{
    (void)state;
    struct config c;
    struct maintenances m;
    parse("[maintenance backup]\nfrom = 22:00\nto = 02:30\n"
          "[maintenance noon]\nfrom = 12:00\nto = 13:00\n"
          "[maintenance move]\nfrom = 2026-08-05 03:00\nto = 2026-08-06 11:00\n",
          &c);
    assert_true(maintenances_read(&c, &m, NULL));
    assert_float_equal(end_at(&m, "2026-07-31 22:00"), 4.5 * 3600, 0.5); /* after midnight, in August */
    assert_float_equal(end_at(&m, "2026-08-01 02:29"), 60, 0.5);
    assert_float_equal(end_at(&m, "2026-08-01 12:00"), 3600, 0.5);
    assert_float_equal(end_at(&m, "2026-08-05 10:00"), 25 * 3600, 0.5);
    maintenances_done(&m);
    config_done(&c);
}

static void mistakes_in_a_maintenance_are_told_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"[maintenance x]\nto = 02:00\n", "a.conf:1: [maintenance x] expected from = and to ="},
        {"[maintenance x]\nfrom = noon\nto = 02:00\n",
         "a.conf:2: [maintenance x] from and to: expected 22:00"},
        {"[maintenance x]\nfrom = 25:00\nto = 02:00\n", "a.conf:2:"},
        {"[maintenance x]\nfrom = -5m\nto = 02:00\n", "a.conf:2:"},
        {"[maintenance x]\nfrom = 01:00\nto = 2026-08-06 11:00\n", "both with a date"},
        {"[maintenance x]\nfrom = 01:00\nto = 01:00\n", "nothing is ever held back"},
        {"[maintenance x]\nfrom = 2026-08-06 11:00\nto = 2026-08-06 10:00\n", "nothing is ever held back"},
        {"[maintenance x]\nfrom = 01:00\nto = 02:00\ndays = funday\n",
         "a.conf:4: [maintenance x] days: 'funday'"},
        {"[maintenance x]\nfrom = 01:00\nto = 02:00\ndays = ,\n", "days is empty"},
        {"[maintenance x]\nfrom = 2026-08-06 11:00\nto = 2026-08-06 12:00\ndays = mon\n", "without a date"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config c;
        struct maintenances m = {.n = 77};
        struct err err = {""};
        parse(cases[i].text, &c);
        assert_false(maintenances_read(&c, &m, &err));
        if (strstr(err.text, cases[i].expected) == NULL)
            fail_msg("'%s', expected '%s'", err.text, cases[i].expected);
        assert_int_equal(m.n, 77);
        config_done(&c);
    }
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_webhook_has_the_standards_of_the_manual),
        cmocka_unit_test(a_webhook_takes_what_is_given),
        cmocka_unit_test(mistakes_in_a_webhook_are_told_with_their_place),
        cmocka_unit_test(maintenance_covers_its_days_and_goes_on_after_midnight),
        cmocka_unit_test(maintenance_tells_its_end),
        cmocka_unit_test(mistakes_in_a_maintenance_are_told_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
