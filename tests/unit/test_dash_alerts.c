/* The dashboard's promises about alerts: what the head counts, what is said once, what a form orders. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/screen.h"

static void start_alarm(struct world *w, const char *page)
{
    world_init(w, WORLD_TROUBLE);
    world_alarm(w);
    world_open(w, 43, 132, page);
    world_settle(w);
}

static void a_verdict_is_silent_when_its_rule_fires(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, NULL);
    SHOWS(&w, "pid 4711 blocks 4 for 3m58s"); /* no rule says it */
    world_done(&w);
    start_alarm(&w, NULL);
    SHOWS(&w, "91 of 97 connections taken");
    SHOWS_NOT(&w, "connection slots 94 % full");
    SHOWS(&w, "role shop_ro 100 % full"); /* connections_saturation is about the slots */
    world_done(&w);
}

static void a_lock_queue_is_told_once_with_live_numbers_and_the_worse_level(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    w.alert_severities[0] = "warning"; /* what is seen is critical: nobody waits less because a rule was asked */
    world_alarm(&w);
    world_open(&w, 43, 132, NULL);
    world_settle(&w);
    SHOWS(&w, " ▲ pid 4711 blocks 4 for 3m58s");
    SHOWS_NOT(&w, "4 sessions blocked");
    world_done(&w);
}

static void what_fired_before_the_server_went_away_is_below_that(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, NULL);
    w.error = "Connection refused";
    world_lost(&w, "down", 1);
    world_settle(&w);
    SHOWS(&w, " ▲ cannot be reached: Connection refused");
    SHOWS(&w, "before it went away: 91 of 97 connections taken");
    SHOWS_NOT(&w, "▲ before it went away");
    world_done(&w);
}

static void calm_says_how_many_rules_looked(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_QUIET);
    world_calm(&w);
    world_open(&w, 43, 132, NULL);
    world_settle(&w);
    SHOWS(&w, "nothing to report: 3 rules checked, 1 without data now; no source here for 1 more");
    SHOWS_NOT(&w, "critical");
    world_done(&w);
}

static int line_of(const char *screen, const char *what)
{
    int line = 0;
    const char *at = strstr(screen, what);
    if (at == NULL)
        fail_msg("\"%s\" is not on the screen", what);
    for (; screen < at; screen++)
        line += *screen == '\n';
    return line;
}

static void the_worst_is_first_whoever_found_it(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    w.alert_severities[0] = w.alert_severities[1] = "warning";
    world_alarm(&w);
    world_open(&w, 43, 132, NULL);
    world_settle(&w);
    char *screen = screen_of(&w);
    assert_true(line_of(screen, "role shop_ro 100 % full") < line_of(screen, "91 of 97 connections"));
    assert_true(line_of(screen, "91 of 97 connections") < line_of(screen, "vacuum is behind"));
    free(screen);
    world_done(&w);
}

static void what_is_over_is_said_to_be_and_counts_no_more(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_QUIET);
    w.alert_states[0] = "kept";
    world_alarm(&w);
    world_open(&w, 43, 132, NULL);
    world_settle(&w);
    SHOWS(&w, "▲ 1 critical   ○ 1 known");
    SHOWS(&w, " ○ over since 12.0 s: 4 sessions blocked 3m58s");
    SHOWS(&w, " ▲ 91 of 97 connections");
    world_done(&w);
}

static void what_is_announced_is_known(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    w.maintenance = "nightly";
    world_alarm(&w);
    world_open(&w, 43, 132, NULL);
    world_settle(&w);
    SHOWS(&w, " ○ 4 sessions blocked 3m58s by pid 4711 (idle in transaction); maintenance nightly");
    SHOWS(&w, " ○ role shop_ro 100 % full: 10 of 10 taken; maintenance nightly");
    SHOWS_NOT(&w, "critical");
    world_type(&w, ":page alerts<enter>");
    world_settle(&w);
    SHOWS(&w, "maintenance nightly until 2026-11-20 13:13");
    world_done(&w);
    world_init(&w, WORLD_QUIET);
    w.maintenance = "nightly";
    world_calm(&w);
    world_open(&w, 43, 132, NULL);
    world_settle(&w);
    SHOWS(&w, "maintenance nightly until 2026-11-20 13:13"); /* before anything fires */
    world_done(&w);
}

static void numbers_are_old_by_the_cadence_that_they_are_read_at(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_QUIET, NULL);
    w.every_s = 5;
    world_collector(&w, "sessions", 9, NULL);
    world_stopped(&w, 9);
    world_settle(&w);
    SHOWS(&w, "live 9.0 s");
    SHOWS_NOT(&w, "no newer numbers");
    world_stopped(&w, 16);
    world_settle(&w);
    SHOWS(&w, "STALE");
    SHOWS(&w, "no newer numbers");
    world_done(&w);
}

static void what_somebody_knows_of_is_counted_apart(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, NULL);
    SHOWS(&w, "▲ 3 critical   ● 3 warnings   ○ 1 known");
    SHOWS(&w, "waits for a restart; known to ada");
    world_done(&w);
}

static void enter_on_an_alert_opens_it_and_then_the_page_where_it_stands(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, "alerts");
    world_type(&w, "<down><enter>");
    world_settle(&w);
    SHOWS(&w, "look at pid 4711 in locks");
    SHOWS(&w, "https://wiki.example.com/locks");
    SHOWS(&w, "delivered"); /* who was told, each attempt with its answer */
    SHOWS(&w, "busy");
    SHOWS(&w, "sessions when it fired");
    world_done(&w);
}

static void a_long_text_of_a_detail_is_read_to_its_end(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    world_alarm(&w);
    world_open(&w, 24, 50, "alerts");
    world_settle(&w);
    SHOWS_NOT(&w, "(94 %)");
    world_type(&w, "<enter>");
    world_settle(&w);
    SHOWS(&w, " title           CRITICAL shop: 91 of 97");
    SHOWS(&w, "                 connections taken (94 %)");
    SHOWS(&w, " action          look at pid 4711 in locks");
    SHOWS_NOT(&w, "00000000a1e47001");
    world_type(&w, "<end>"); /* the focus is on what the page is about */
    world_settle(&w);
    SHOWS(&w, "alert id        00000000a1e47001");
    world_done(&w);
    start_alarm(&w, "alerts");
    SHOWS(&w, "91 of 97 connections taken"); /* where there is room, in the list */
    world_done(&w);
}

static void an_acknowledgement_has_a_comment_and_an_end(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, "alerts");
    world_type(&w, "<down>Aon it<tab>4h<enter>");
    assert_string_equal(w.ordered, "ack lock_waits scope 0 for 14400 s: on it");
    world_type(&w, "A<enter>");
    assert_string_equal(w.ordered, "ack lock_waits scope 0 for 0 s: "); /* until it is ok */
    world_done(&w);
}

static void a_narrow_screen_says_which_target_and_what_is_wrong(void **state)
{
    static const struct {
        int columns;
        const char *row;
    } sizes[] = {
        {80, "▶ shop   firing  critical  1m01s "},
        {120, "▶ connections_saturation    shop    firing   critical   1m01s"},
    };
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct world w;
        world_init(&w, WORLD_TROUBLE);
        w.alert_keys[0] = "run_id=5b0e1c6a7d3f49b8a2c1d0e9f8a7b6c5d4e3f2a1";
        w.alert_keys[1] = "kind=slots, name=instance";
        world_alarm(&w);
        world_open(&w, 24, sizes[i].columns, "alerts");
        world_settle(&w);
        SHOWS(&w, "target");
        SHOWS(&w, sizes[i].row);
        SHOWS(&w, "91 of 97 connections taken (");
        SHOWS(&w, "4 sessions blocked 3m58s by ");
        SHOWS_NOT(&w, "run_id=");
        world_done(&w);
    }
}

static void the_form_names_the_target_and_what_of_it(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    w.alert_keys[1] = "slots/instance";
    world_alarm(&w);
    world_open(&w, 24, 80, "alerts");
    world_settle(&w);
    world_type(&w, "A");
    SHOWS(&w, "─ acknowledge: connections_saturation of shop, slots/instance ─");
    world_type(&w, "<esc><down>S");
    SHOWS(&w, "─ silence: lock_waits of shop ─");
    world_done(&w);
}

static void what_is_acknowledged_can_be_taken_back(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, "alerts");
    world_type(&w, "<down><down>A");
    world_settle(&w);
    SHOWS(&w, "no longer acknowledged: settings_pending_restart of shop");
    world_type(&w, "<enter>");
    assert_string_equal(w.ordered, "unack settings_pending_restart scope 0 for 0 s: ");
    world_done(&w);
}

/* Newer rows have come, and are not drawn yet: lock_waits leads now. */
static void another_leads(struct world *w)
{
    w->alert_states[1] = "pending";
    w->now_s += 1;
    w->mono_s += 1;
    world_alarm(w);
    dash_data_changed(w->dash, "shop", "alerts");
    w->now_s += 0.2;
    dash_tick(w->dash);
    assert_true(w->n_asks > 0);
    while (w->n_asks > 0)
        world_answer(w);
}

static void a_key_acts_on_the_row_that_was_seen(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, "alerts");
    SHOWS(&w, "▶ connections_saturation");
    another_leads(&w);
    world_type(&w, "A");
    world_settle(&w);
    SHOWS(&w, "acknowledge: connections_saturation of shop");
    world_type(&w, "<enter>");
    assert_string_equal(w.ordered, "ack connections_saturation scope 0 for 0 s: ");
    world_settle(&w);
    SHOWS(&w, "▶ connections_saturation"); /* the cursor stays with it */
    world_done(&w);
    start_alarm(&w, "alerts");
    another_leads(&w);
    world_type(&w, "<enter>");
    world_settle(&w);
    SHOWS(&w, "CRITICAL shop: 91 of 97 connections");
    world_done(&w);
}

static void a_cursor_that_was_never_moved_stays_on_the_first_row(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, "alerts");
    another_leads(&w);
    world_settle(&w);
    SHOWS(&w, "▶ lock_waits");
    world_type(&w, "A<enter>");
    assert_string_equal(w.ordered, "ack lock_waits scope 0 for 0 s: ");
    world_done(&w);
}

static void a_silence_has_an_end_and_says_what_it_covers(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, "alerts");
    world_type(&w, "S<enter>");
    assert_string_equal(w.ordered, "silence connections_saturation scope 0 for 3600 s: ");
    w.ordered[0] = '\0';
    world_type(&w, "S<tab><bs><enter>"); /* the chosen text goes as one */
    assert_string_equal(w.ordered, "");
    world_settle(&w);
    SHOWS(&w, "a silence needs its end");
    world_type(&w, "2h<tab>rule<enter>");
    assert_string_equal(w.ordered, "silence connections_saturation scope 1 for 7200 s: ");
    world_done(&w);
}

static void escape_leaves_a_form_and_orders_nothing(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, "alerts");
    world_type(&w, "Amine<esc>");
    world_settle(&w);
    assert_string_equal(w.ordered, "");
    SHOWS_NOT(&w, "acknowledge: ");
    world_done(&w);
}

static void rows_that_are_no_alerts_and_the_past_take_no_orders(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, "sessions");
    world_type(&w, "A");
    world_settle(&w);
    SHOWS(&w, "this row is no alert");
    world_type(&w, ":page alerts<enter>");
    world_settle(&w);
    world_type(&w, " A");
    world_settle(&w);
    SHOWS(&w, "this is the past");
    assert_string_equal(w.ordered, "");
    world_done(&w);
}

static void only_a_dead_letter_is_sent_again(void **state)
{
    (void)state;
    struct world w;
    start_alarm(&w, "alerts");
    world_type(&w, "R");
    world_settle(&w);
    SHOWS(&w, "this row is no dead letter");
    world_type(&w, "<tab><tab>R"); /* delivered */
    world_settle(&w);
    SHOWS(&w, "this row is no dead letter");
    world_type(&w, "<down><down>R<esc>");
    assert_string_equal(w.ordered, "");
    world_type(&w, "R");
    world_settle(&w);
    SHOWS(&w, "send again: message 5 to pager");
    world_type(&w, "<enter>");
    assert_string_equal(w.ordered, "resend 5");
    world_done(&w);
}

static void a_guard_that_is_away_makes_the_screen_stale_and_is_told(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    dash_set_trouble(w.dash, "the guard at x does not answer");
    world_settle(&w);
    SHOWS(&w, "STALE");
    SHOWS(&w, "the guard at x does not answer");
    SHOWS(&w, "4711"); /* the old numbers stay */
    dash_set_trouble(w.dash, NULL);
    world_settle(&w);
    SHOWS_NOT(&w, "STALE");
    SHOWS_NOT(&w, "does not answer");
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_is_silent_when_its_rule_fires),
        cmocka_unit_test(a_lock_queue_is_told_once_with_live_numbers_and_the_worse_level),
        cmocka_unit_test(what_fired_before_the_server_went_away_is_below_that),
        cmocka_unit_test(calm_says_how_many_rules_looked),
        cmocka_unit_test(the_worst_is_first_whoever_found_it),
        cmocka_unit_test(what_is_over_is_said_to_be_and_counts_no_more),
        cmocka_unit_test(what_is_announced_is_known),
        cmocka_unit_test(numbers_are_old_by_the_cadence_that_they_are_read_at),
        cmocka_unit_test(what_somebody_knows_of_is_counted_apart),
        cmocka_unit_test(enter_on_an_alert_opens_it_and_then_the_page_where_it_stands),
        cmocka_unit_test(a_long_text_of_a_detail_is_read_to_its_end),
        cmocka_unit_test(an_acknowledgement_has_a_comment_and_an_end),
        cmocka_unit_test(a_narrow_screen_says_which_target_and_what_is_wrong),
        cmocka_unit_test(the_form_names_the_target_and_what_of_it),
        cmocka_unit_test(what_is_acknowledged_can_be_taken_back),
        cmocka_unit_test(a_key_acts_on_the_row_that_was_seen),
        cmocka_unit_test(a_cursor_that_was_never_moved_stays_on_the_first_row),
        cmocka_unit_test(a_silence_has_an_end_and_says_what_it_covers),
        cmocka_unit_test(escape_leaves_a_form_and_orders_nothing),
        cmocka_unit_test(rows_that_are_no_alerts_and_the_past_take_no_orders),
        cmocka_unit_test(only_a_dead_letter_is_sent_again),
        cmocka_unit_test(a_guard_that_is_away_makes_the_screen_stale_and_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
