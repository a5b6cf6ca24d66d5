/* Who is told what, and when: one test for each sentence that the design says of it. */
#include "tests/unit/test.h"

#include <sqlite3.h>

#include "tests/unit/notices.h"

static int begin(void **state)
{
    struct notices *b = calloc(1, sizeof(*b));
    notices_init(b);
    *state = b;
    return 0;
}

static int end(void **state)
{
    notices_done(*state);
    free(*state);
    return 0;
}

static void alerts_of_one_target_wait_15_seconds_and_are_one_message(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    assert_string_equal(notices_pass(b, 10), "");
    notices_fire(b, "locks", "shop", LEVEL_CRITICAL);
    notices_fire(b, "lag", "blog", LEVEL_WARNING);
    assert_string_equal(notices_pass(b, 5), "");
    assert_string_equal(notices_pass(b, 1), "ops alert.firing: locks#1 lag#1\n"); /* the worst first */
    assert_string_equal(notices_pass(b, 9), "");
    assert_string_equal(notices_pass(b, 1), "ops alert.firing: lag#1\n"); /* blog's own group */
    assert_string_equal(notices_pass(b, 100), "");
}

static void each_webhook_has_its_own_wait_and_levels(void **state)
{
    struct notices *b = *state;
    b->webhook_list[1] = notices_webhook("pager");
    b->webhook_list[1].levels = WEBHOOK_CRITICAL;
    b->webhook_list[1].group_wait_s = 0;
    b->webhooks.n = 2;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    assert_string_equal(notices_pass(b, 16), "ops alert.firing: lag#1\n");
    notices_change(b, "lag", "shop", CHANGE_ESCALATED, LEVEL_CRITICAL);
    assert_string_equal(notices_pass(b, 16), "pager alert.firing: lag#2\nops alert.updated: lag#2\n");
    /* What was told is told to its end, whatever its level has become. */
    notices_change(b, "lag", "shop", CHANGE_LOWERED, LEVEL_WARNING);
    assert_string_equal(notices_pass(b, 16), "pager alert.updated: lag#3\nops alert.updated: lag#3\n");
    notices_resolve(b, "lag", "shop");
    assert_string_equal(notices_pass(b, 16), "pager alert.resolved: lag#4\nops alert.resolved: lag#4\n");
}

static void what_fires_and_ends_within_the_wait_is_told_as_both(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_CRITICAL);
    assert_string_equal(notices_pass(b, 10), "");
    notices_resolve(b, "lag", "shop");
    assert_string_equal(notices_pass(b, 6), "ops alert.group: lag#1 lag#2\n");
    assert_non_null(strstr(b->body, "\"status\":\"resolved\"")); /* what is true in the end */
    assert_string_equal(b->text, "RESOLVED shop: lag");
    assert_string_equal(b->order_key, notices_alert(b, "lag", "shop")->id);
    assert_string_equal(notices_pass(b, 100), "");
    assert_int_equal(notify_count(b->notify), 0);
}

static void what_ends_and_begins_again_within_the_wait_is_told_as_both_in_order(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_CRITICAL);
    notices_pass(b, 16);
    notices_resolve(b, "lag", "shop");
    notices_fire(b, "lag", "shop", LEVEL_CRITICAL);
    assert_string_equal(notices_pass(b, 16), "ops alert.group: lag#2 lag#3\n");
    notices_resolve(b, "lag", "shop");
    notices_fire(b, "lag", "shop", LEVEL_INFO); /* nobody asked for info: for them it ended */
    assert_string_equal(notices_pass(b, 16), "ops alert.resolved: lag#4\n");
    notices_resolve(b, "lag", "shop");
    assert_string_equal(notices_pass(b, 16), "");
}

static void info_is_told_only_to_those_who_ask_for_it(void **state)
{
    struct notices *b = *state;
    b->webhook_list[1] = notices_webhook("all");
    b->webhook_list[1].levels |= WEBHOOK_INFO;
    b->webhooks.n = 2;
    notices_fire(b, "lag", "shop", LEVEL_INFO);
    assert_string_equal(notices_pass(b, 16), "all alert.firing: lag#1\n");
}

static void the_end_is_not_told_to_those_who_do_not_want_it(void **state)
{
    struct notices *b = *state;
    b->webhook_list[0].resolved = false;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_pass(b, 16);
    notices_resolve(b, "lag", "shop");
    assert_string_equal(notices_pass(b, 16), "");
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    assert_string_equal(notices_pass(b, 16), "ops alert.firing: lag#3\n");
    notices_resolve(b, "lag", "shop");
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    assert_string_equal(notices_pass(b, 16), "ops alert.firing: lag#5\n");
}

static void critical_alerts_are_repeated_every_4_hours_of_running_time(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "locks", "shop", LEVEL_CRITICAL);
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_pass(b, 16);
    assert_string_equal(notices_pass(b, 4 * 3600 - 1), "");
    assert_string_equal(notices_pass(b, 20), "ops alert.repeat: locks#1\n"); /* with the wait of its group */
    assert_non_null(strstr(b->id, "-1-r1"));
    assert_non_null(strstr(b->body, "\"repeat\":1"));
    assert_string_equal(notices_pass(b, 4 * 3600 + 15), "ops alert.repeat: locks#1\n");
    assert_non_null(strstr(b->id, "-1-r2"));
    b->webhook_list[0].repeat_s = 0;
    assert_string_equal(notices_pass(b, 10 * 3600), "");
}

static void a_clock_that_jumps_repeats_nothing(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "locks", "shop", LEVEL_CRITICAL);
    notices_pass(b, 16);
    b->wall_s += 30 * 86400;
    assert_string_equal(notices_pass(b, 60), "");
}

static void an_ack_is_told_once_and_stops_repeats_until_it_ends(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "locks", "shop", LEVEL_CRITICAL);
    notices_pass(b, 16);
    struct alert *a = notices_alert(b, "locks", "shop");
    assert_true(book_ack(b->book, a->id, "eva", "on it", b->wall_s, b->wall_s + 6 * 3600, NULL));
    assert_string_equal(notices_pass(b, 16), "ops alert.acknowledged: locks#1\n");
    assert_non_null(strstr(b->body, "\"by\":\"eva\""));
    assert_string_equal(notices_pass(b, 5 * 3600), "");
    assert_string_equal(notices_pass(b, 3600 + 16), "ops alert.repeat: locks#1\n");
}

static void what_nobody_acknowledged_leads_the_message(void **state)
{
    struct notices *b = *state;
    static const char *const known[] = {"acked", "worse", "over"};
    for (int i = 0; i < 3; i++)
        notices_fire(b, known[i], "shop", i == 1 ? LEVEL_WARNING : LEVEL_CRITICAL);
    notices_pass(b, 16);
    for (int i = 0; i < 2; i++)
        assert_true(
            book_ack(b->book, notices_alert(b, known[i], "shop")->id, "root", "", b->wall_s, NAN, NULL));
    notices_change(b, "worse", "shop", CHANGE_ESCALATED, LEVEL_CRITICAL);
    notices_resolve(b, "over", "shop");
    notices_fire(b, "warning", "shop", LEVEL_WARNING);
    notices_fire(b, "new", "shop", LEVEL_CRITICAL);
    assert_string_equal(notices_pass(b, 16), "ops alert.group: new#1 warning#1 worse#2 over#2 acked#1\n");
    assert_string_equal(b->text, "CRITICAL shop: new; 4 more");
    assert_non_null(strstr(b->body, "root took it"));
}

static void escalation_is_told_though_it_is_acknowledged(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_pass(b, 16);
    assert_true(book_ack(b->book, notices_alert(b, "lag", "shop")->id, "eva", "", b->wall_s, NAN, NULL));
    notices_pass(b, 16);
    notices_change(b, "lag", "shop", CHANGE_ESCALATED, LEVEL_CRITICAL);
    assert_string_equal(notices_pass(b, 16), "ops alert.updated: lag#2\n");
}

static void what_is_inhibited_when_it_would_be_sent_is_told_when_that_ends(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_CRITICAL);
    notices_pass(b, 5);
    notices_fire(b, "target_down", "shop", LEVEL_CRITICAL); /* later than what it explains */
    assert_string_equal(notices_pass(b, 30), "ops alert.firing: target_down#1\n");
    notices_resolve(b, "target_down", "shop");
    assert_string_equal(notices_pass(b, 16), "ops alert.group: lag#1 target_down#2\n");
}

static int64_t silence(struct notices *b, const char *target, double seconds)
{
    char glob[20];
    snprintf(glob, sizeof(glob), "%s", target);
    return book_silence(
        b->book, &(struct silence){.target = glob, .from_s = b->wall_s, .until_s = b->wall_s + seconds});
}

static void what_is_silenced_is_told_when_the_silence_ends_and_it_still_fires(void **state)
{
    struct notices *b = *state;
    silence(b, "shop", 3600);
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_fire(b, "locks", "shop", LEVEL_CRITICAL);
    notices_fire(b, "lag", "blog", LEVEL_WARNING);
    assert_string_equal(notices_pass(b, 1800), "ops alert.firing: lag#1\n"); /* blog's */
    notices_resolve(b, "lag", "shop");
    assert_string_equal(notices_pass(b, 1799), "");
    assert_string_equal(notices_pass(b, 17), "ops alert.firing: locks#1\n");
}

static void the_end_of_what_was_told_is_told_through_a_silence(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_pass(b, 16);
    silence(b, "sh*", 3600);
    notices_change(b, "lag", "shop", CHANGE_ESCALATED, LEVEL_CRITICAL);
    assert_string_equal(notices_pass(b, 60), "");
    notices_resolve(b, "lag", "shop");
    assert_string_equal(notices_pass(b, 16), "ops alert.resolved: lag#3\n");
}

static void maintenance_holds_back_as_a_silence_does(void **state)
{
    struct notices *b = *state;
    struct maintenance window = {
        .name = "upgrade", .target = "sh*", .from_s = b->wall_s, .to_s = b->wall_s + 600};
    struct maintenances windows = {&window, 1};
    notify_set_maintenances(b->notify, &windows);
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_fire(b, "lag", "blog", LEVEL_WARNING);
    assert_string_equal(notices_pass(b, 599), "ops alert.firing: lag#1\n");
    assert_non_null(strstr(b->body, "\"target\":\"blog\""));
    assert_string_equal(notices_pass(b, 17), "ops alert.firing: lag#1\n");
    assert_non_null(strstr(b->body, "\"target\":\"shop\""));
}

static void flapping_is_told_once_and_held_until_it_is_calm(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_pass(b, 16);
    notices_resolve(b, "lag", "shop");
    notices_change(b, "lag", "shop", CHANGE_FLAPPING, LEVEL_NONE);
    assert_string_equal(notices_pass(b, 16), "ops alert.resolved: lag#2\n"); /* that was before it flapped */
    for (int i = 0; i < 10; i++) {
        notices_fire(b, "lag", "shop", i % 3 == 0 ? LEVEL_CRITICAL : LEVEL_WARNING);
        assert_string_equal(notices_pass(b, 16), i == 0 ? "ops alert.flapping: lag#4\n" : "");
        notices_resolve(b, "lag", "shop");
        assert_string_equal(notices_pass(b, 16), "");
    }
    notices_change(b, "lag", "shop", CHANGE_CALM, LEVEL_NONE);
    assert_string_equal(notices_pass(b, 16), "ops alert.resolved: lag#24\n");
    assert_non_null(strstr(b->body, "\"severity\":\"critical\"")); /* as it was told */
    assert_int_equal(notify_count(b->notify), 0);
}

/* The severities in the message, in order. */
static void assert_severities(struct notices *b, const char *expected)
{
    struct text found;
    text_init(&found, 1000);
    for (const char *p = b->body; (p = strstr(p, ",\"severity\":\"")) != NULL; p += 13)
        text_addf(&found, "%.*s ", (int)strcspn(p + 13, "\""), p + 13);
    assert_string_equal(text_str(&found), expected);
    text_done(&found);
}

static void each_change_within_the_wait_is_told_as_it_was_then(void **state)
{
    struct notices *b = *state;
    struct alert *a = notices_alert(b, "lag", "shop");
    a->value = 61;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    a->value = 300;
    notices_change(b, "lag", "shop", CHANGE_ESCALATED, LEVEL_CRITICAL);
    a->value = 70;
    notices_change(b, "lag", "shop", CHANGE_LOWERED, LEVEL_WARNING);
    notices_fire(b, "locks", "shop", LEVEL_CRITICAL);
    assert_string_equal(notices_pass(b, 16), "ops alert.group: locks#1 lag#1 lag#2 lag#3\n");
    assert_severities(b, "critical warning critical warning ");
    const char *first = strstr(b->body, "\"value\":61"), *second = strstr(b->body, "\"value\":300"),
               *third = strstr(b->body, "\"value\":70");
    assert_true(first != NULL && second > first && third > second);
    assert_string_equal(b->text, "CRITICAL shop: locks; 1 more"); /* alerts, not changes */
}

static void what_changes_without_end_is_told_before_its_wait_is_over(void **state)
{
    struct notices *b = *state;
    b->webhook_list[0].group_wait_s = 3600;
    int told = 0, changes = 0;
    for (int i = 0; i < 100; i++) {
        notices_fire(b, "lag", "shop", LEVEL_WARNING);
        notices_resolve(b, "lag", "shop");
        changes += 2;
        for (const char *p = notices_pass(b, 1); (p = strchr(p, '#')) != NULL; p++)
            told++;
        assert_true(changes - told <= 32);
    }
    assert_true(told >= 168);
}

static void what_a_silence_holds_is_not_told_one_by_one(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    silence(b, "shop", 60); /* while it waits for its group */
    notices_change(b, "lag", "shop", CHANGE_ESCALATED, LEVEL_CRITICAL);
    notices_fire(b, "locks", "shop", LEVEL_WARNING);
    notices_resolve(b, "locks", "shop");
    assert_string_equal(notices_pass(b, 59), "");
    assert_string_equal(notices_pass(b, 17), "ops alert.firing: lag#2\n");
}

static void calm_tells_the_present_state(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_pass(b, 16);
    notices_change(b, "lag", "shop", CHANGE_FLAPPING, LEVEL_NONE);
    notices_pass(b, 16);
    notices_change(b, "lag", "shop", CHANGE_ESCALATED, LEVEL_CRITICAL);
    notices_change(b, "lag", "shop", CHANGE_CALM, LEVEL_NONE);
    assert_string_equal(notices_pass(b, 16), "ops alert.updated: lag#4\n");
    assert_non_null(strstr(b->body, "\"severity\":\"critical\",\"previous_severity\":\"warning\""));
}

static void a_rule_tells_only_the_receivers_that_it_names(void **state)
{
    struct notices *b = *state;
    const char *names[] = {"dba"};
    b->rule_list[0] = (struct rule){.name = "lag", .notify = names, .n_notify = 1};
    b->rules.n = 1;
    b->webhook_list[1] = notices_webhook("dba");
    b->webhooks.n = 2;
    notify_set_rules(b->notify, &b->rules);
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_fire(b, "locks", "shop", LEVEL_WARNING);
    const char *log = notices_pass(b, 16);
    assert_non_null(strstr(log, "ops alert.firing: locks#1\n"));
    assert_non_null(strstr(log, "dba alert.firing: l"));
    assert_null(strstr(log, "ops alert.firing: lag"));
}

static void a_new_receiver_hears_of_what_is_firing(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_pass(b, 16);
    struct webhook list[] = {b->webhook_list[0], notices_webhook("new")};
    struct webhooks two = {list, 2};
    notify_set_webhooks(b->notify, &two);
    assert_string_equal(notices_pass(b, 16), "new alert.firing: lag#1\n");
    notify_set_webhooks(b->notify, &b->webhooks);
    notices_pass(b, 1);
    assert_int_equal(notify_count(b->notify), 1); /* the one that went away is forgotten */
}

static void different_news_are_one_message_of_a_group(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_pass(b, 16);
    notices_resolve(b, "lag", "shop");
    notices_fire(b, "locks", "shop", LEVEL_WARNING);
    assert_string_equal(notices_pass(b, 16), "ops alert.group: locks#1 lag#2\n");
    assert_non_null(strstr(b->body, "\"status\":\"firing\""));
    char expected[64];
    const char *lag = notices_alert(b, "lag", "shop")->id, *locks = notices_alert(b, "locks", "shop")->id;
    bool lag_first = strcmp(lag, locks) < 0;
    snprintf(expected, sizeof(expected), "%s %s", lag_first ? lag : locks, lag_first ? locks : lag);
    assert_string_equal(b->order_key, expected);
}

static void a_thousand_alerts_of_one_target_are_messages_that_a_receiver_can_take(void **state)
{
    struct notices *b = *state;
    for (int i = 0; i < 1000; i++) {
        char rule[20];
        snprintf(rule, sizeof(rule), "rule%03d", i);
        notices_fire(b, rule, "shop", LEVEL_WARNING);
    }
    const char *log = notices_pass(b, 16);
    int messages = 0, notices = 0;
    for (const char *p = log; *p != '\0'; p++) {
        messages += *p == '\n';
        notices += *p == '#';
    }
    assert_int_equal(messages, 25);
    assert_int_equal(notices, 1000);
    assert_true(strlen(b->body) < 100 * 1000);
}

static char *keep(const char *s)
{
    return strdup(s);
}

static void the_message_is_as_the_manual_says(void **state)
{
    struct notices *b = *state;
    b->rule_list[0] = (struct rule){.name = "replication_lag", .unit = UNIT_S, .runbook = "https://wiki/lag"};
    b->rules.n = 1;
    notify_set_rules(b->notify, &b->rules);
    b->wall_s = 1785585600.123 - 16;
    struct alert *a = notices_alert(b, "replication_lag", "shop");
    a->title = keep("CRITICAL shop: replica \"r1\" is 93 s behind");
    a->summary = keep("replica r1 is behind");
    a->threshold = keep("> 60 s");
    a->value = 93.2;
    a->value_text = keep("93 s");
    a->labels = keep("{\"replica\":\"r1\"}");
    a->evidence = keep("{\"lag\":93.2}");
    a->action = keep("look at the network");
    a->count = 1;
    a->state.active_at = 1785585000;
    a->state.fired_at = 1785585500;
    notices_fire(b, "replication_lag", "shop", LEVEL_CRITICAL);
    notices_pass(b, 16);
    char expected[2000];
    snprintf(
        expected, sizeof(expected),
        "{\"id\":\"%s-1\",\"type\":\"alert.firing\",\"timestamp\":\"2026-08-01T12:00:00.123Z\",\"source\":"
        "\"host\","
        "\"text\":\"CRITICAL shop: replica \\\"r1\\\" is 93 s behind\",\"data\":{\"status\":\"firing\","
        "\"group\":{\"target\":\"shop\"},\"count\":1,\"alerts\":[{\"id\":\"%s\",\"event_id\":\"%s-1\","
        "\"number\":1,"
        "\"rule\":\"replication_lag\",\"target\":\"shop\",\"state\":\"firing\",\"previous_state\":"
        "\"pending\","
        "\"reason\":\"threshold\",\"severity\":\"critical\",\"previous_severity\":\"ok\","
        "\"labels\":{\"replica\":\"r1\"},\"title\":\"CRITICAL shop: replica \\\"r1\\\" is 93 s behind\","
        "\"summary\":\"replica r1 is behind\",\"threshold\":\"> 60 s\",\"value\":93.2,\"value_text\":\"93 "
        "s\","
        "\"unit\":\"s\",\"evidence\":{\"lag\":93.2},\"action\":\"look at the network\","
        "\"runbook_url\":\"https://wiki/lag\",\"active_at\":\"2026-08-01T11:50:00Z\","
        "\"fired_at\":\"2026-08-01T11:58:20Z\",\"resolved_at\":null,\"repeat\":0,\"count\":1,\"ack\":null,"
        "\"flapping\":false}]}}",
        a->id, a->id, a->id);
    assert_string_equal(b->body, expected);
    notices_resolve(b, "replication_lag", "shop");
    notices_pass(b, 16);
    assert_string_equal(b->text, "RESOLVED shop: replica \"r1\" is 93 s behind");
    assert_non_null(strstr(b->body,
                           "\"state\":\"resolved\",\"previous_state\":\"firing\",\"reason\":\"gone\","
                           "\"severity\":\"critical\",\"previous_severity\":\"critical\""));
}

static bool is_json(const char *text)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    sqlite3_open(":memory:", &db);
    sqlite3_prepare_v2(db, "select json_valid(?)", -1, &s, NULL);
    sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
    bool valid = sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int(s, 0) == 1;
    sqlite3_finalize(s);
    sqlite3_close(db);
    return valid;
}

static char *long_text(size_t len)
{
    char *s = calloc(1, len + 1);
    for (size_t i = 0; i + 2 <= len; i += 2)
        memcpy(s + i, i % 8 == 0 ? "\"\\" : "\xc3\xa4", 2);
    return s;
}

static void long_and_hostile_texts_are_cut_and_it_stays_json(void **state)
{
    struct notices *b = *state;
    struct alert *a = notices_alert(b, "lag", "shop");
    a->title = long_text(5001);
    a->summary = long_text(100001);
    a->evidence = long_text(100000);
    a->labels = keep("not an object");
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_pass(b, 16);
    assert_true(is_json(b->body));
    assert_true(strlen(b->body) < 10000);
    assert_true(strlen(b->text) <= 160); /* a lock screen */
}

static void after_a_restart_what_is_open_can_be_told_again(void **state)
{
    struct notices *b = *state;
    notices_fire(b, "lag", "shop", LEVEL_WARNING);
    notices_fire(b, "locks", "shop", LEVEL_CRITICAL);
    notices_fire(b, "lag", "blog", LEVEL_WARNING);
    notices_pass(b, 16);
    notices_resolve(b, "lag", "shop");
    notices_fire(b, "pools", "shop", LEVEL_WARNING); /* not told yet */
    text_clear(&b->log);
    notify_present(b->notify, "ops", b->wall_s, notices_log, b);
    assert_string_equal(text_str(&b->log), "ops alert.firing: lag#1\nops alert.firing: locks#1\n");
    assert_non_null(strstr(b->body, "\"severity\":\"critical\",\"previous_severity\":\"critical\""));
    assert_string_equal(notices_pass(b, 16), "ops alert.group: pools#1 lag#2\n"); /* nothing was changed */
}

static void a_test_is_a_message_like_any_other(void **state)
{
    struct notices *b = *state;
    text_clear(&b->log);
    notify_test(b->notify, "nobody", b->wall_s, notices_log, b);
    assert_string_equal(text_str(&b->log), "");
    notify_test(b->notify, "ops", b->wall_s, notices_log, b);
    assert_string_equal(text_str(&b->log), "ops test: ?#1785585600000\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(alerts_of_one_target_wait_15_seconds_and_are_one_message),
        TEST(each_webhook_has_its_own_wait_and_levels),
        TEST(what_fires_and_ends_within_the_wait_is_told_as_both),
        TEST(what_ends_and_begins_again_within_the_wait_is_told_as_both_in_order),
        TEST(info_is_told_only_to_those_who_ask_for_it),
        TEST(the_end_is_not_told_to_those_who_do_not_want_it),
        TEST(critical_alerts_are_repeated_every_4_hours_of_running_time),
        TEST(a_clock_that_jumps_repeats_nothing),
        TEST(an_ack_is_told_once_and_stops_repeats_until_it_ends),
        TEST(escalation_is_told_though_it_is_acknowledged),
        TEST(what_is_inhibited_when_it_would_be_sent_is_told_when_that_ends),
        TEST(what_is_silenced_is_told_when_the_silence_ends_and_it_still_fires),
        TEST(the_end_of_what_was_told_is_told_through_a_silence),
        TEST(maintenance_holds_back_as_a_silence_does),
        TEST(flapping_is_told_once_and_held_until_it_is_calm),
        TEST(calm_tells_the_present_state),
        TEST(each_change_within_the_wait_is_told_as_it_was_then),
        TEST(what_changes_without_end_is_told_before_its_wait_is_over),
        TEST(what_a_silence_holds_is_not_told_one_by_one),
        TEST(a_rule_tells_only_the_receivers_that_it_names),
        TEST(a_new_receiver_hears_of_what_is_firing),
        TEST(different_news_are_one_message_of_a_group),
        TEST(a_thousand_alerts_of_one_target_are_messages_that_a_receiver_can_take),
        TEST(what_nobody_acknowledged_leads_the_message),
        TEST(the_message_is_as_the_manual_says),
        TEST(long_and_hostile_texts_are_cut_and_it_stays_json),
        TEST(after_a_restart_what_is_open_can_be_told_again),
        TEST(a_test_is_a_message_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
