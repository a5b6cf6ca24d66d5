/* What delivery promises that needs no network: signatures, the table of verdicts, who is first in line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/deliver_inside.h"
#include "tests/unit/test.h"

/* standard-webhooks/standard-webhooks, libraries/go/webhook_test.go */
static void the_vector_of_standard_webhooks_is_signed_right(void **state)
{
    (void)state;
    static const char body[] = "{\"test\": 2432232314}";
    char out[100];
    struct err err = {""};
    assert_true(deliver_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                             1614265330, body, strlen(body), out, sizeof(out), &err));
    assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* "whsec_" and base64 of it stand for the same key, padded or not. */
static void a_secret_of_any_bytes_is_the_key_itself(void **state)
{
    (void)state;
    char plain[100], base64[100], padded[100];
    struct err err = {""};
    assert_true(deliver_sign("key", "id", 1, "{}", 2, plain, sizeof(plain), &err));
    assert_true(deliver_sign("whsec_a2V5", "id", 1, "{}", 2, base64, sizeof(base64), &err));
    assert_string_equal(plain, base64);
    assert_true(deliver_sign("keys", "id", 1, "{}", 2, plain, sizeof(plain), &err));
    assert_true(deliver_sign("whsec_a2V5cw==", "id", 1, "{}", 2, padded, sizeof(padded), &err));
    assert_string_equal(plain, padded);
}

static void a_bad_secret_is_refused_without_being_quoted(void **state)
{
    (void)state;
    static const char *const bad[] = {"",           "whsec_",     "whsec_a",   "whsec_a2V",
                                      "whsec_a2V!", "whsec_====", "whsec_a=b="};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char out[100];
        struct err err = {""};
        if (deliver_sign(bad[i], "id", 1, "{}", 2, out, sizeof(out), &err))
            fail_msg("'%s' was taken", bad[i]);
        assert_true(err.text[0] != '\0');
        assert_null(strstr(err.text, "a2V"));
    }
}

static void an_attempt_has_the_verdict_of_the_table(void **state)
{
    (void)state;
    static const struct format any = {.name = "any", .ok = "2xx"},
                               slack = {.name = "slack", .ok = "200", .ok_body = "ok"},
                               pagerduty = {.name = "pagerduty", .ok = "202"};
    // clang-format off
    static const struct {
        const struct format *format;
        struct attempt attempt;
        struct verdict expected;
    } rows[] = {
        {&any, {.status = 200, .ok_body = true}, {.what = DELIVERY_DONE}},
        {&any, {.status = 204, .ok_body = true}, {.what = DELIVERY_DONE}},
        {&any, {.status = 204, .ok_body = true, .age_s = 1e9}, {.what = DELIVERY_DONE}},
        {&slack, {.status = 200, .ok_body = true}, {.what = DELIVERY_DONE}},
        {&slack, {.status = 200}, {.what = DELIVERY_DEAD}},
        {&slack, {.status = 201, .ok_body = true}, {.what = DELIVERY_DEAD}},
        {&pagerduty, {.status = 202, .ok_body = true}, {.what = DELIVERY_DONE}},
        {&pagerduty, {.status = 200, .ok_body = true}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 301, .ok_body = true}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 302, .ok_body = true}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 400}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 401}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 403}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 404}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 405}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 415}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 422}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 410}, {.what = DELIVERY_DEAD, .off = true}},
        {&any, {.status = 413}, {.what = DELIVERY_RETRY, .shorter = true}},
        {&any, {.status = 413, .shortened = true}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 0, .attempts = 1}, {.what = DELIVERY_RETRY, .wait_s = 1}},
        {&any, {.status = 0, .attempts = 2}, {.what = DELIVERY_RETRY, .wait_s = 2}},
        {&any, {.status = 0, .attempts = 9}, {.what = DELIVERY_RETRY, .wait_s = 256}},
        {&any, {.status = 0, .attempts = 10}, {.what = DELIVERY_RETRY, .wait_s = 300}},
        {&any, {.status = 0, .attempts = 2000000000}, {.what = DELIVERY_RETRY, .wait_s = 300}},
        {&any, {.status = 0, .attempts = 1, .tls_refused = true}, {.what = DELIVERY_RETRY, .wait_s = 300}},
        {&any, {.status = 408, .attempts = 3}, {.what = DELIVERY_RETRY, .wait_s = 4}},
        {&any, {.status = 425, .attempts = 3}, {.what = DELIVERY_RETRY, .wait_s = 4}},
        {&any, {.status = 429, .attempts = 3}, {.what = DELIVERY_RETRY, .wait_s = 4, .pause_webhook = true}},
        {&any, {.status = 500, .attempts = 1}, {.what = DELIVERY_RETRY, .wait_s = 1}},
        {&any, {.status = 503, .attempts = 1, .retry_after_s = 120}, {.what = DELIVERY_RETRY, .wait_s = 1, .least_s = 120}},
        {&any, {.status = 599, .attempts = 1, .retry_after_s = 1e9}, {.what = DELIVERY_RETRY, .wait_s = 1, .least_s = 3600}},
        {&any, {.status = 500, .attempts = 1, .retry_after_s = NAN}, {.what = DELIVERY_RETRY, .wait_s = 1}},
        {&any, {.status = 600, .attempts = 1}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 500, .attempts = 99, .age_s = 86399}, {.what = DELIVERY_RETRY, .wait_s = 300}},
        {&any, {.status = 500, .attempts = 99, .age_s = 86400}, {.what = DELIVERY_DEAD}},
        {&any, {.status = 429, .attempts = 99, .age_s = 86400}, {.what = DELIVERY_DEAD}},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct verdict v = deliver_verdict(rows[i].format, &rows[i].attempt, 86400), e = rows[i].expected;
        if (v.what != e.what || v.wait_s != e.wait_s || v.least_s != e.least_s || v.shorter != e.shorter ||
            v.pause_webhook != e.pause_webhook || v.off != e.off)
            fail_msg("row %zu, %s, status %d: got %d %g %g %d %d %d, expected %d %g %g %d %d %d", i,
                     rows[i].format->name, rows[i].attempt.status, v.what, v.wait_s, v.least_s, v.shorter,
                     v.pause_webhook, v.off, e.what, e.wait_s, e.least_s, e.shorter, e.pause_webhook, e.off);
    }
}

static bool is_first(struct order *o, const char *key)
{
    int n;
    uint64_t *ids = order_ids(key, &n);
    bool first = order_is_first(o, ids, n);
    free(ids);
    return first;
}

static void a_message_waits_for_every_older_one_about_one_of_its_alerts(void **state)
{
    (void)state;
    struct order *o = order_new();
    order_begin(o);
    assert_true(is_first(o, "aaaa"));
    assert_true(is_first(o, "bbbb,cccc"));
    assert_false(is_first(o, "dddd aaaa"));
    assert_false(is_first(o, "dddd")); /* behind the one that waits for aaaa */
    assert_false(is_first(o, "cccc"));
    assert_true(is_first(o, ""));
    assert_true(is_first(o, ""));
    order_begin(o);
    assert_true(is_first(o, "dddd"));
    order_free(o);
}

static void the_order_holds_for_any_number_of_alerts(void **state)
{
    (void)state;
    struct order *o = order_new();
    order_begin(o);
    char key[20];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5000; i++) {
            snprintf(key, sizeof(key), "%016x", i);
            assert_int_equal(is_first(o, key), round == 0);
        }
    order_free(o);
}

static void every_format_compiles(void **state)
{
    (void)state;
    struct registry registry;
    struct formats formats;
    struct err err = {""};
    registry_init(&registry);
    struct door *door = door_new(&registry, &err);
    if (!formats_init(&formats, &err))
        fail_msg("%s", err.text);
    assert_int_equal(formats.n, 10);
    for (int i = 0; i < formats.n; i++) {
        const struct format *f = &formats.list[i];
        if (f->sql == NULL)
            continue;
        char *sql = format_sql(&formats, f->sql);
        if (!door_check(door, sql, NULL, &err))
            fail_msg("%s: %s", f->name, err.text);
        free(sql);
    }
    assert_null(format_find(&formats, "nobody"));
    formats_done(&formats);
    door_free(door);
    registry_done(&registry);
}

static void a_webhooks_own_select_may_begin_as_it_likes(void **state)
{
    (void)state;
    static const char *const own[] = {"select title as body from alert",
                                      "  WITH\n x(a) as (select title from alert) select a as body from x",
                                      ("with recursive c(i) as (select 1 union all select i + 1 from c limit "
                                       "3) select i || '' as body from c, alert"),
                                      "select 1 as body where 'with' <> ''"};
    struct registry registry;
    struct formats formats;
    struct err err = {""};
    registry_init(&registry);
    struct door *door = door_new(&registry, &err);
    assert_true(formats_init(&formats, &err));
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
        char *sql = format_sql(&formats, own[i]);
        if (!door_check(door, sql, NULL, &err))
            fail_msg("%s: %s", own[i], err.text);
        free(sql);
    }
    formats_done(&formats);
    door_free(door);
    registry_done(&registry);
}

static void a_webhook_that_cannot_work_is_refused_at_start(void **state)
{
    (void)state;
    static const struct {
        struct webhook webhook;
        const char *told; /* NULL: it is good */
    } rows[] = {
        {{.name = "ops", .format = "generic", .secret = "any"}, NULL},
        {{.name = "ops", .format = "pagerduty", .secret = "whsec_!"}, NULL}, /* not for signing */
        {{.name = "ops", .format = "custom", .sql = "select title as body from alert"}, NULL},
        {{.name = "ops", .format = "slak"},
         "[webhook ops] format: there is no 'slak'; expected one of alertmanager, custom, "},
        {{.name = "ops", .format = "custom"}, "[webhook ops] format: custom needs sql = SELECT ... as body"},
        {{.name = "ops", .format = "custom", .sql = "select title from alert"},
         "[webhook ops] sql: gives no column `body`"},
        {{.name = "ops", .format = "custom", .sql = "select n as body from alert"},
         "[webhook ops] sql: the column `body` is no text"},
        {{.name = "ops",
          .format = "custom",
          .sql = "select case when state = 'resolved' then title end as body from alert"},
         NULL},
        {{.name = "ops", .format = "custom", .sql = "select json(:message || 'x') as body"},
         "[webhook ops] sql: malformed JSON"},
        {{.name = "ops", .format = "pagerduty"},
         "[webhook ops] secret: format = pagerduty needs the receiver's key"},
        {{.name = "ops", .format = "opsgenie", .secret = ""},
         "[webhook ops] secret: format = opsgenie needs"},
        {{.name = "ops", .format = "opsgenie", .secret_command = "pass"}, NULL},
        {{.name = "ops", .format = "slack", .url = "http://"},
         "[webhook ops] url: the URL cannot be understood"},
        {{.name = "ops", .format = "slack", .url = "http://a b/"},
         "[webhook ops] url: the URL cannot be understood"},
        {{.name = "ops", .format = "slack", .ca_file = "/nowhere/ca.pem"},
         "[webhook ops] ca_file: cannot read /nowhere/ca.pem: No such file"},
        {{.name = "ops", .format = "slack", .ca_file = "/tmp"},
         "[webhook ops] ca_file: cannot read /tmp: Is a directory"},
        {{.name = "ops", .format = "custom", .sql = "select nobody from alert"},
         "[webhook ops] sql: no such column: nobody"},
        {{.name = "ops", .format = "generic", .secret = "whsec_!"},
         "[webhook ops] secret: the secret begins with whsec_"},
    };
    struct registry registry;
    registry_init(&registry);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct webhook w = rows[i].webhook;
        struct err err = {""};
        bool ok = deliver_check(&(struct webhooks){&w, 1}, &registry, &err) &&
                  deliver_check_files(&(struct webhooks){&w, 1}, &err);
        if (ok != (rows[i].told == NULL) ||
            (!ok && strncmp(err.text, rows[i].told, strlen(rows[i].told)) != 0))
            fail_msg("row %zu: '%s', expected '%s'", i, err.text, rows[i].told == NULL ? "" : rows[i].told);
    }
    registry_done(&registry);
}

/* ---- Stand-ins: nothing here reaches the state file ---- */

void outbox_row_free(struct outbox_row *r)
{
    (void)r;
}

void state_put_attempt(struct state *s, int64_t number, enum delivery what, int status, const char *detail,
                       double took_ms, double wall_s)
{
    (void)s, (void)number, (void)what, (void)status, (void)detail, (void)took_ms, (void)wall_s;
}

void state_commit(struct state *s, state_done_fn *fn, void *ctx)
{
    (void)s, (void)fn, (void)ctx;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_of_standard_webhooks_is_signed_right),
        cmocka_unit_test(a_secret_of_any_bytes_is_the_key_itself),
        cmocka_unit_test(a_bad_secret_is_refused_without_being_quoted),
        cmocka_unit_test(an_attempt_has_the_verdict_of_the_table),
        cmocka_unit_test(a_message_waits_for_every_older_one_about_one_of_its_alerts),
        cmocka_unit_test(the_order_holds_for_any_number_of_alerts),
        cmocka_unit_test(every_format_compiles),
        cmocka_unit_test(a_webhooks_own_select_may_begin_as_it_likes),
        cmocka_unit_test(a_webhook_that_cannot_work_is_refused_at_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
