/* What stands between a key and a server: no single key, no type-ahead, no paste, nothing in the past, on old
 * numbers, or with --read-only. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/screen.h"

/* A screen on which a dialog would open, and the time that a person needs to read it. */
static void start_on(struct world *w, const char *page)
{
    world_init(w, WORLD_TROUBLE);
    world_open(w, 40, 120, page);
    world_settle(w);
}

static void offered(struct world *w, const char *keys)
{
    world_type(w, keys);
    world_settle(w);
}

static void read_it(struct world *w)
{
    w->now_s += 0.31;
}

static void type(struct world *w, const char *keys)
{
    world_type(w, keys);
    world_settle(w);
}

static void paste(struct world *w, const char *text)
{
    dash_key(w->dash, &(struct key){.kind = KEY_PASTE, .text = text});
    world_settle(w);
}

static void a_dialog_shows_the_exact_sql_and_y_runs_it(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    offered(&w, "A");
    SHOWS(&w, "ANALYZE \"public\".\"");
    SHOWS(&w, "y does it   any other key leaves it");
    SHOWS(&w, "PROD");
    SHOWS(&w, "changed since the last ANALYZE");
    assert_int_equal(w.n_flushed, 1);
    read_it(&w);
    type(&w, "y");
    assert_int_equal(w.n_cured, 1);
    assert_true(strncmp(w.cured, "shop analyze: ANALYZE \"public\".\"", 32) == 0);
    SHOWS(&w, "page cures tells how it goes");
    SHOWS_NOT(&w, "y does it");
    world_done(&w);
}

static void nothing_but_y_confirms(void **state)
{
    static const char *const others[] = {"<enter>", "<esc>", " ", "Y", "n", "A", "q"};
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct world w;
        start_on(&w, "tables");
        offered(&w, "A");
        read_it(&w);
        type(&w, others[i]);
        SHOWS_NOT(&w, "y does it");
        SHOWS(&w, "nothing was done");
        read_it(&w);
        type(&w, "y");
        if (w.n_cured != 0)
            fail_msg("%s and then y did it", others[i]);
        world_done(&w);
    }
}

static void keys_of_the_first_300_ms_and_type_ahead_are_ignored(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    offered(&w, "A");
    w.now_s += 0.2;
    type(&w, "yyyy");
    SHOWS(&w, "y does it");
    assert_int_equal(w.n_cured, 0);
    w.now_s += 0.11;
    type(&w, "y");
    assert_int_equal(w.n_cured, 1);
    world_done(&w);
    start_on(&w, "tables");
    world_type(&w, "Ay"); /* before it was even asked */
    world_settle(&w);
    assert_int_equal(w.n_cured, 0);
    SHOWS(&w, "y does it");
    world_done(&w);
}

static void a_paste_never_confirms(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    paste(&w, "A");
    SHOWS_NOT(&w, "y does it");
    offered(&w, "A");
    read_it(&w);
    paste(&w, "y");
    assert_int_equal(w.n_cured, 0);
    SHOWS_NOT(&w, "y does it");
    world_done(&w);
}

static void refused(struct world *w, const char *why)
{
    offered(w, "A");
    SHOWS(w, why);
    SHOWS_NOT(w, "y does it");
    read_it(w);
    type(w, "y");
    assert_int_equal(w->n_cured, 0);
    world_done(w);
}

static void it_is_off_and_says_why(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    type(&w, " ");
    refused(&w, "it is paused");
    start_on(&w, "sessions");
    type(&w, "[");
    SHOWS(&w, "PAST");
    offered(&w, "K");
    SHOWS(&w, "this is the past: End goes to now");
    SHOWS_NOT(&w, "y does it");
    world_done(&w);
    start_on(&w, "tables");
    w.sample_age_s = 16; /* its cadence is 5 s */
    refused(&w, "16 s old");
    start_on(&w, "tables");
    w.sample_age_s = NAN;
    refused(&w, "there is no sample of tables yet");
    world_init(&w, WORLD_TROUBLE);
    w.read_only = true;
    world_open(&w, 40, 120, "tables");
    world_settle(&w);
    refused(&w, "--read-only");
    world_init(&w, WORLD_TROUBLE);
    w.no_cures = true;
    w.attached = "guard";
    world_open(&w, 40, 120, "tables");
    world_settle(&w);
    refused(&w, "--no-attach");
}

static void it_is_off_when_the_numbers_grow_old_while_the_dialog_stands(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    offered(&w, "A");
    read_it(&w);
    w.sample_age_s = 16;
    type(&w, "y");
    assert_int_equal(w.n_cured, 0);
    SHOWS(&w, "16 s old");
    world_done(&w);
}

/* A dataset that is read seldom is not old yet when its server is. */
static void it_is_off_while_the_head_says_that_the_server_is_stale_or_down(void **state)
{
    static const char *const keys[] = {"A", "."};
    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct world w;
        start_on(&w, "tables");
        world_stopped(&w, 12);
        world_settle(&w);
        offered(&w, keys[i]);
        SHOWS(&w, "STALE, so nothing was done: what is known of shop is 12 s old");
        SHOWS_NOT(&w, "y does it");
        SHOWS_NOT(&w, "update statistics");
        world_done(&w);
        start_on(&w, "tables");
        world_lost(&w, "down", 1);
        world_settle(&w);
        offered(&w, keys[i]);
        SHOWS(&w, "down, so nothing was done: what is known of shop is 1 s old");
        SHOWS_NOT(&w, "y does it");
        world_done(&w);
    }
}

static void it_is_off_when_the_server_stops_while_the_dialog_stands(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    offered(&w, "A");
    SHOWS(&w, "y does it");
    world_stopped(&w, 12);
    world_settle(&w);
    type(&w, "y");
    assert_int_equal(w.n_cured, 0);
    SHOWS(&w, "STALE, so nothing was done: what is known of shop is 12 s old");
    world_done(&w);
}

static void a_menu_that_may_do_nothing_says_so_of_each(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_TROUBLE);
    w.read_only = true;
    world_open(&w, 40, 120, "sessions");
    world_settle(&w);
    offered(&w, ".");
    SHOWS(&w, "cancel the statement");
    SHOWS(&w, "end the session");
    SHOWS(&w, "--read-only: nothing here changes a server");
    SHOWS_NOT(&w, "pg_terminate_backend");
    world_done(&w);
}

/* Who it is, since when, whom it blocks, what it runs: of each, on a small screen. */
static void each_of_several_sessions_is_told_with_all_that_tells_it(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_TROUBLE);
    world_open(&w, 24, 80, "sessions");
    world_settle(&w);
    type(&w, "tt");
    offered(&w, "K");
    SHOWS(&w, "SELECT pg_catalog.pg_terminate_backend(4711)");
    SHOWS(&w, "web-3 as shop_rw");
    SHOWS(&w, "idle in transaction, transaction open for 4m12s");
    SHOWS(&w, "4 sessions wait behind it (pid 4802 directly)");
    SHOWS(&w, "ran last: ");
    SHOWS(&w, "SELECT pg_catalog.pg_terminate_backend(4802)");
    SHOWS(&w, "3 sessions wait behind it (pid 4811, 4812, 4813 directly)");
    SHOWS(&w, "runs: update orders");
    world_done(&w);
}

static void several_rows_of_production_are_confirmed_by_name(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    type(&w, "tt");
    offered(&w, "V");
    SHOWS(&w, "type shop and Enter");
    read_it(&w);
    type(&w, "<enter>");
    SHOWS(&w, "Enter alone confirms nothing");
    type(&w, "y<enter>");
    type(&w, "<bs>2<enter>");
    SHOWS(&w, "that is not it");
    assert_int_equal(w.n_cured, 0);
    type(&w, "<bs>shop<enter>");
    assert_int_equal(w.n_cured, 2);
    world_done(&w);
}

/* The world has a transaction of four minutes. */
static void a_build_beside_an_old_transaction_names_it_and_asks_for_more_than_y(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    offered(&w, "I");
    SHOWS(&w, "THIS IS LIKELY TO WAIT for pid 4711 (web-3), whose transaction is open for 4m12s");
    SHOWS(&w, " and Enter   Esc leaves it");
    read_it(&w);
    type(&w, "y<enter>");
    assert_int_equal(w.n_cured, 0);
    SHOWS(&w, "that is not it");
    type(&w, "<bs>public.sessions<enter>");
    assert_int_equal(w.n_cured, 1);
    world_done(&w);
    world_init(&w, WORLD_QUIET); /* none is open for a minute */
    world_open(&w, 40, 120, "tables");
    world_settle(&w);
    offered(&w, "I");
    SHOWS_NOT(&w, "LIKELY TO WAIT");
    SHOWS(&w, "y does it");
    world_done(&w);
}

static void cancelling_what_idles_in_a_transaction_is_refused_and_ending_it_offered(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    offered(&w, "C");
    SHOWS(&w, "there is no statement to cancel");
    SHOWS(&w, "K offers to: end the session");
    SHOWS(&w, "web-3 as shop_rw");
    SHOWS(&w, "4 sessions wait behind it");
    read_it(&w);
    offered(&w, "K");
    SHOWS(&w, "SELECT pg_catalog.pg_terminate_backend(4711)");
    SHOWS(&w, "rolls back 4m12s of work, frees 4 sessions");
    read_it(&w);
    type(&w, "y");
    assert_string_equal(w.cured, "shop terminate: SELECT pg_catalog.pg_terminate_backend(4711)\n");
    world_done(&w);
}

static void the_palette_offers_too_and_waits_for_y(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    type(&w, "<down>");
    offered(&w, ":cancel<enter>");
    SHOWS(&w, "SELECT pg_catalog.pg_cancel_backend(4802)");
    SHOWS(&w, "y does it");
    type(&w, "<esc>");
    offered(&w, ":reset_statements<enter>");
    read_it(&w);
    SHOWS(&w, "EVERYONE'S STATISTICS, NOT ONLY YOURS");
    type(&w, "y<enter>");
    assert_int_equal(w.n_cured, 0);
    type(&w, "<bs>shop<enter>");
    assert_int_equal(w.n_cured, 1);
    world_done(&w);
}

static void a_key_says_which_rows_it_is_for(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    offered(&w, "K");
    SHOWS(&w, "terminate: there is no row of sessions under the cursor");
    offered(&w, "C");
    SHOWS(&w, "C cancels the statement of a session, or a job of page cures: this row is neither");
    assert_int_equal(w.n_cured, 0);
    world_done(&w);
}

static void clicks_below_a_dialog_do_nothing(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    offered(&w, "A");
    for (int column = 0; column < 120; column += 3)
        dash_key(
            w.dash,
            &(struct key){.kind = KEY_MOUSE, .mouse = MOUSE_PRESS, .button = 1, .row = 1, .column = column});
    world_settle(&w);
    SHOWS(&w, "y does it");
    SHOWS(&w, "schema  name");
    world_done(&w);
}

static void a_detail_page_means_its_row_and_locks_mean_sessions(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    type(&w, "<enter>");
    offered(&w, "K");
    SHOWS(&w, "pg_terminate_backend(4711)");
    world_done(&w);
    start_on(&w, "locks");
    offered(&w, "K");
    SHOWS(&w, "pg_terminate_backend(4711)");
    world_done(&w);
}

static void a_row_that_went_away_is_not_another_one(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    type(&w, "<down><up>");
    world_end_session(&w, 4711);
    world_settle(&w);
    offered(&w, "K");
    SHOWS(&w, "it is not there any more");
    world_done(&w);
}

static void tagged_rows_are_told_each_with_what_it_is_and_why_not(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    type(&w, "ttt");
    offered(&w, "C");
    SHOWS(&w, "cancel the statement: 2 of 3 rows");
    SHOWS(&w, "SELECT pg_catalog.pg_cancel_backend(4802)");
    SHOWS(&w, "web-1 as shop_rw");
    SHOWS(&w, "not pid 4711: it is idle in a transaction");
    read_it(&w);
    type(&w, "shop<enter>");
    assert_int_equal(w.n_cured, 2);
    SHOWS(&w, "2 jobs begun");
    offered(&w, "K"); /* the tags have served: the row under the cursor is meant again */
    SHOWS(&w, "end the session: pid 4812");
    world_done(&w);
}

static void tagged_rows_that_are_not_shown_are_told_and_left_alone(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    type(&w, "ttt/web-1<enter>");
    offered(&w, "K");
    SHOWS(&w, "left out: 2 tagged rows, not among those shown now");
    SHOWS(&w, "pg_terminate_backend(4802)");
    SHOWS_NOT(&w, "pg_terminate_backend(4711)");
    read_it(&w);
    type(&w, "y");
    assert_int_equal(w.n_cured, 1);
    world_done(&w);
    start_on(&w, "sessions");
    type(&w, "tt/report<enter>");
    offered(&w, "K");
    SHOWS(&w, "none of the 2 tagged rows is among those shown now: U forgets the tags");
    SHOWS_NOT(&w, "y does it");
    world_done(&w);
}

static void tags_of_another_page_are_not_meant_here(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    type(&w, "tt2");
    offered(&w, "K");
    SHOWS(&w, "end the session: pid 4711");
    type(&w, "<esc>4");
    offered(&w, "A");
    SHOWS(&w, "update statistics: 2 of 2 rows");
    world_done(&w);
}

static void
a_tagged_row_that_goes_before_the_dialog_is_left_out_and_one_after_is_the_servers_to_say(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    type(&w, "ttt");
    world_end_session(&w, 4711);
    world_settle(&w);
    offered(&w, "K");
    SHOWS(&w, "left out: 1 tagged row, not among those shown now");
    SHOWS(&w, "2 of 2 rows");
    read_it(&w);
    world_end_session(&w, 4802);
    type(&w, "shop<enter>");
    assert_int_equal(w.n_cured, 2);
    world_done(&w);
}

static void more_tagged_rows_than_one_dialog_takes_are_told(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LARGE);
    world_open(&w, 40, 120, "sessions");
    world_settle(&w);
    for (int i = 0; i < 210; i++)
        type(&w, "t");
    world_type(&w, "K");
    for (int i = 0; i < 210; i++)
        world_settle(&w);
    SHOWS(&w, "200 of 200 rows");
    type(&w, "<end>");
    for (int i = 0; i < 40; i++)
        type(&w, "<pgdn>");
    SHOWS(&w, "left out: 10 tagged rows, too many for one dialog");
    world_done(&w);
}

static void what_a_dialog_said_a_minute_ago_is_looked_at_anew(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    offered(&w, "K");
    SHOWS(&w, "rolls back 4m12s of work");
    world_advance(&w, 61);
    world_settle(&w);
    type(&w, "y");
    assert_int_equal(w.n_cured, 0);
    SHOWS(&w, "this is how it is now");
    SHOWS(&w, "y does it");
    type(&w, "y"); /* too soon */
    assert_int_equal(w.n_cured, 0);
    read_it(&w);
    type(&w, "y");
    assert_int_equal(w.n_cured, 1);
    world_done(&w);
}

static void an_escalation_asks_how_long_and_shows_both_statements(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    type(&w, "<down>");
    offered(&w, "E");
    SHOWS(&w, "seconds it gets (Enter: 10)");
    type(&w, "30<enter>");
    SHOWS(&w, "SELECT pg_catalog.pg_cancel_backend(4802)");
    SHOWS(&w, "and, if that has had no effect 30 s later:");
    SHOWS(&w, "SELECT pg_catalog.pg_terminate_backend(4802, 5000)");
    SHOWS(&w, "what it did is rolled back; if the same statement still runs");
    SHOWS(&w, "after 30 s, its connection is closed, and 3m58s of work rolled back");
    read_it(&w);
    type(&w, "y");
    assert_int_equal(w.n_cured, 1);
    offered(&w, "E");
    type(&w, "soon<enter>");
    SHOWS(&w, "expected a number of seconds from 1 to 600");
    type(&w, "<esc><up>");
    offered(&w, "E");
    type(&w, "<enter>");
    SHOWS(&w, "there is no statement to cancel");
    SHOWS(&w, "K offers to: end the session");
    world_done(&w);
}

/* Answers, but nothing is drawn: the person still sees what was there before. */
static void answer_unseen(struct world *w)
{
    dash_tick(w->dash);
    while (w->n_asks > 0)
        world_answer(w);
}

static void a_key_means_the_row_that_is_drawn_until_newer_ones_are(void **state)
{
    static const char *const before[] = {"/nobody is called so<enter>", "ffff", "r"};
    (void)state;
    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        struct world w;
        start_on(&w, "sessions");
        world_type(&w, before[i]);
        answer_unseen(&w);
        offered(&w, "K");
        SHOWS(&w, "SELECT pg_catalog.pg_terminate_backend(4711)");
        world_done(&w);
    }
}

static void a_row_that_went_away_after_a_filter_stays_until_the_cursor_moves(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    type(&w, "<down>/web-1<enter>");
    world_end_session(&w, 4802);
    world_settle(&w);
    SHOWS(&w, "4802");
    offered(&w, "K");
    SHOWS(&w, "it is not there any more");
    world_done(&w);
}

static void the_menu_has_all_with_their_sql_or_why_not(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "sessions");
    offered(&w, ".");
    SHOWS(&w, "cancel the statement");
    SHOWS(&w, "it is idle in a transaction");
    SHOWS(&w, "SELECT pg_catalog.pg_terminate_backend(4711)");
    offered(&w, "<down><enter>");
    SHOWS(&w, "y does it");
    assert_int_equal(w.n_cured, 0);
    world_done(&w);
    start_on(&w, "alerts");
    offered(&w, ".");
    SHOWS(&w, "nothing to be done about this row");
    world_done(&w);
}

static void a_on_alerts_still_acknowledges(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_TROUBLE);
    world_alarm(&w);
    world_open(&w, 40, 120, "alerts");
    world_settle(&w);
    type(&w, "A");
    SHOWS(&w, "acknowledge");
    type(&w, "<enter>");
    assert_true(strncmp(w.ordered, "ack", 3) == 0);
    world_done(&w);
}

static void a_setting_asks_for_its_value_and_is_confirmed_by_name(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "settings");
    offered(&w, ":alter_system<enter>");
    SHOWS(&w, "the new value");
    paste(&w, "it's\n64MB");
    type(&w, "<enter>");
    SHOWS(&w, "= 'it''s");
    read_it(&w);
    type(&w, "y");
    assert_int_equal(w.n_cured, 0);
    type(&w, "<esc>");
    assert_int_equal(w.n_cured, 0);
    world_done(&w);
}

static void leaving_asks_what_becomes_of_jobs(void **state)
{
    struct world w;
    (void)state;
    start_on(&w, "tables");
    w.open_jobs = 2;
    type(&w, "q");
    assert_false(w.quit);
    SHOWS(&w, "2 jobs have not ended");
    type(&w, "c"); /* too soon */
    assert_int_equal(w.stopped, -1);
    read_it(&w);
    type(&w, "c");
    assert_int_equal(w.stopped, 0);
    assert_false(w.quit);
    w.open_jobs = 0;
    dash_data_changed(w.dash, "shop", "cures");
    assert_true(w.quit);
    world_done(&w);
    /* It waits: q asks again, and who stays, stays. */
    start_on(&w, "tables");
    w.open_jobs = 1;
    type(&w, "q");
    read_it(&w);
    type(&w, "w");
    SHOWS(&w, "q asks again");
    type(&w, "q");
    SHOWS(&w, "1 job has not ended");
    read_it(&w);
    type(&w, "n");
    w.open_jobs = 0;
    dash_data_changed(w.dash, "shop", "cures");
    assert_false(w.quit);
    world_done(&w);
    /* The last one ends while the question stands. */
    start_on(&w, "tables");
    w.open_jobs = 1;
    type(&w, "q");
    read_it(&w);
    w.open_jobs = 0;
    type(&w, "w");
    assert_true(w.quit);
    world_done(&w);
    start_on(&w, "tables");
    w.open_jobs = 1;
    type(&w, "q");
    read_it(&w);
    type(&w, "n");
    assert_false(w.quit);
    SHOWS_NOT(&w, "has not ended");
    world_done(&w);
}

static void the_question_is_read_whole_on_a_small_screen(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_TROUBLE);
    world_open(&w, 10, 40, "tables");
    world_settle(&w);
    w.open_jobs = 1;
    type(&w, "q");
    SHOWS(&w, "c cancels them");
    SHOWS(&w, "w waits for them");
    SHOWS(&w, "l leaves now: what runs goes on");
    SHOWS(&w, "at the server, what waits is");
    SHOWS(&w, "any other key stays");
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dialog_shows_the_exact_sql_and_y_runs_it),
        cmocka_unit_test(nothing_but_y_confirms),
        cmocka_unit_test(keys_of_the_first_300_ms_and_type_ahead_are_ignored),
        cmocka_unit_test(a_paste_never_confirms),
        cmocka_unit_test(it_is_off_and_says_why),
        cmocka_unit_test(it_is_off_when_the_numbers_grow_old_while_the_dialog_stands),
        cmocka_unit_test(several_rows_of_production_are_confirmed_by_name),
        cmocka_unit_test(a_build_beside_an_old_transaction_names_it_and_asks_for_more_than_y),
        cmocka_unit_test(cancelling_what_idles_in_a_transaction_is_refused_and_ending_it_offered),
        cmocka_unit_test(the_palette_offers_too_and_waits_for_y),
        cmocka_unit_test(a_key_says_which_rows_it_is_for),
        cmocka_unit_test(clicks_below_a_dialog_do_nothing),
        cmocka_unit_test(a_detail_page_means_its_row_and_locks_mean_sessions),
        cmocka_unit_test(a_row_that_went_away_is_not_another_one),
        cmocka_unit_test(tagged_rows_are_told_each_with_what_it_is_and_why_not),
        cmocka_unit_test(tagged_rows_that_are_not_shown_are_told_and_left_alone),
        cmocka_unit_test(tags_of_another_page_are_not_meant_here),
        cmocka_unit_test(
            a_tagged_row_that_goes_before_the_dialog_is_left_out_and_one_after_is_the_servers_to_say),
        cmocka_unit_test(more_tagged_rows_than_one_dialog_takes_are_told),
        cmocka_unit_test(what_a_dialog_said_a_minute_ago_is_looked_at_anew),
        cmocka_unit_test(an_escalation_asks_how_long_and_shows_both_statements),
        cmocka_unit_test(a_key_means_the_row_that_is_drawn_until_newer_ones_are),
        cmocka_unit_test(a_row_that_went_away_after_a_filter_stays_until_the_cursor_moves),
        cmocka_unit_test(it_is_off_while_the_head_says_that_the_server_is_stale_or_down),
        cmocka_unit_test(it_is_off_when_the_server_stops_while_the_dialog_stands),
        cmocka_unit_test(a_menu_that_may_do_nothing_says_so_of_each),
        cmocka_unit_test(each_of_several_sessions_is_told_with_all_that_tells_it),
        cmocka_unit_test(the_menu_has_all_with_their_sql_or_why_not),
        cmocka_unit_test(a_on_alerts_still_acknowledges),
        cmocka_unit_test(a_setting_asks_for_its_value_and_is_confirmed_by_name),
        cmocka_unit_test(leaving_asks_what_becomes_of_jobs),
        cmocka_unit_test(the_question_is_read_whole_on_a_small_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
