/* The dashboard's promises: what a key does at once, what the cursor follows, what is asked and of when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/screen.h"

static void a_key_changes_the_screen_before_any_answer(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "3");
    SHOWS(&w, "── statements");
    SHOWS(&w, "collecting...");
    world_settle(&w);
    SHOWS(&w, "select balance");
    world_type(&w, "2"); /* the last results of that page are there at once */
    SHOWS(&w, "idle in tx");
    SHOWS_NOT(&w, "collecting...");
    world_done(&w);
}

static void a_page_left_long_ago_asks_anew(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "<down>");
    for (const char *key = "34567"; *key != '\0'; key++) {
        world_type(&w, (char[]){*key, '\0'});
        world_settle(&w);
    }
    world_type(&w, "2");
    SHOWS_NOT(&w, "idle in tx"); /* its results are gone, */
    world_settle(&w);
    SHOWS(&w, "idle in tx"); /* and come again */
    world_type(&w, "3");
    SHOWS_NOT(&w, "select balance"); /* those of statements went for it, */
    world_settle(&w);
    SHOWS(&w, "select balance");
    world_type(&w, "2");
    SHOWS(&w, "idle in tx"); /* not those of the page before */
    world_done(&w);
}

static void what_is_visible_is_demanded(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    assert_non_null(strstr(w.demanded, "sessions"));
    assert_null(strstr(w.demanded, "tables"));
    world_type(&w, "4");
    assert_non_null(strstr(w.demanded, "tables"));
    world_done(&w);
}

static void the_cursor_follows_the_row_not_the_line(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "<down><down>");
    SHOWS(&w, "▶ 4811");
    world_type(&w, "r"); /* the other way round: the row moves, the cursor with it */
    world_settle(&w);
    SHOWS(&w, "▶ 4811");
    world_type(&w, ">");
    world_settle(&w);
    SHOWS(&w, "▶ 4811");
    world_done(&w);
}

static void a_row_that_went_away_stays_until_the_cursor_moves(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "<down><down>");
    world_end_session(&w, 4811);
    world_settle(&w);
    SHOWS(&w, "× 4811");
    world_end_session(&w, 4811);
    world_settle(&w);
    SHOWS(&w, "× 4811");
    world_type(&w, "<down>");
    SHOWS_NOT(&w, "4811 ");
    SHOWS(&w, "▶ 4812");
    world_done(&w);
}

static void a_row_that_went_away_goes_by_itself_when_it_was_read(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "<down><down>");
    world_end_session(&w, 4811);
    world_settle(&w);
    SHOWS(&w, "× 4811");
    world_stopped(&w, 11);
    world_type(&w, ":"); /* what is typed now is about this row */
    world_end_session(&w, 4811);
    world_settle(&w);
    world_type(&w, "<esc>");
    SHOWS(&w, "× 4811");
    world_end_session(&w, 4811);
    world_settle(&w);
    SHOWS_NOT(&w, "4811 ");
    SHOWS(&w, "▶ 4711");
    world_done(&w);
}

static void where_the_queue_stands_is_the_last_that_has_no_room(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 24, 62, "overview");
    SHOWS(&w, " … → role shop_ro 10/10 ▲ → … → locks, 4 wait 3m58s: HERE ▲");
    world_done(&w);
}

/* Locks are asked more rarely than sessions. */
static void a_waiter_whose_blocker_is_not_known_yet_does_not_look_as_if_nobody_blocked_it(void **state)
{
    (void)state;
    static const char *const pages[] = {"sessions", "overview"};
    for (int i = 0; i < 2; i++) {
        struct world w;
        start(&w, WORLD_TROUBLE, pages[i]);
        SHOWS(&w, "Lock:transactionid  4711 ");
        world_forget_locks(&w);
        world_settle(&w);
        SHOWS(&w, "Lock:transactionid  n/a ");
        world_done(&w);
    }
}

static void a_row_that_comes_back_is_a_row_again(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "<down><down>");
    world_end_session(&w, 4811);
    world_settle(&w);
    world_advance(&w, 1);
    world_settle(&w);
    char *screen = screen_of(&w), *first = strstr(screen, "4811  ");
    assert_non_null(first);
    assert_null(strstr(first + 4, " 4811  ")); /* not twice */
    free(screen);
    world_done(&w);
}

static void a_filter_asks_with_parameters(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "/report");
    SHOWS(&w, "/report");
    world_type(&w, "<enter>");
    dash_tick(w.dash);
    assert_true(w.n_asks > 0);
    for (int i = 0; i < w.n_asks; i++)
        assert_null(strstr(w.asks[i].query.sql, "report"));
    world_settle(&w);
    SHOWS(&w, "4820");
    SHOWS_NOT(&w, "4901");
    world_type(&w, "<esc>");
    world_settle(&w);
    SHOWS(&w, "4901");
    world_done(&w);
}

static void a_wrong_filter_keeps_the_old_one(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "/report<enter>");
    world_settle(&w);
    world_type(&w, "/nothere:x<enter>");
    SHOWS(&w, "no column \"nothere\"");
    world_type(&w, "<esc>");
    world_settle(&w);
    SHOWS(&w, "/report");
    world_done(&w);
}

static void sets_cycle(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "fff"); /* active, waiting, blocking */
    world_settle(&w);
    SHOWS(&w, "blocking ·");
    SHOWS(&w, "4802");
    SHOWS_NOT(&w, "4900");
    world_done(&w);
}

static void every_pane_is_asked_for_the_same_moment(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, NULL);
    world_type(&w, "[");
    dash_tick(w.dash);
    assert_true(w.n_asks > 5);
    double at = -1;
    for (int i = 0; i < w.n_asks; i++) {
        const struct query *q = &w.asks[i].query;
        for (int k = 0; k < q->n_params; k++) {
            if (strcmp(q->params[k].name, "at") != 0)
                continue;
            assert_true(q->params[k].value.type == VALUE_REAL);
            at = at < 0 ? q->params[k].value.real : at;
            assert_true(q->params[k].value.real == at);
        }
    }
    assert_true(at == WORLD_NOW - 60);
    SHOWS(&w, "PAST 13:02:21 (-1m00s)");
    world_advance(&w, 1); /* what comes now changes nothing */
    world_settle(&w);
    SHOWS(&w, "PAST 13:02:21");
    world_type(&w, "<end>");
    world_settle(&w);
    SHOWS(&w, "live");
    world_done(&w);
}

static void pause_holds_still(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, " ");
    world_advance(&w, 30);
    dash_tick(w.dash);
    assert_int_equal(w.n_asks, 0);
    SHOWS(&w, "PAUSED 30.0 s");
    SHOWS(&w, "4m12s");
    world_type(&w, " ");
    world_settle(&w);
    SHOWS(&w, "4m42s");
    world_done(&w);
}

static void the_window_is_a_parameter_and_in_the_title(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "statements");
    world_type(&w, "w");
    SHOWS(&w, "window 1m");
    world_settle(&w);
    SHOWS(&w, "finished calls, 1m");
    world_type(&w, ":window 30m<enter>");
    world_settle(&w);
    SHOWS(&w, "finished calls, 10m00s of 30m");
    world_done(&w);
}

static void details_stack_and_go_back(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "<down><enter>");
    world_settle(&w);
    SHOWS(&w, "── session 4802");
    SHOWS(&w, "and placed > now()");
    world_type(&w, "q");
    SHOWS(&w, "▶ 4802");
    assert_false(w.quit);
    world_type(&w, "<esc>");
    assert_false(w.quit);
    world_type(&w, "q");
    assert_true(w.quit);
    world_done(&w);
}

static void the_detail_of_what_has_ended_keeps_what_was_known(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "<down><enter>");
    world_settle(&w);
    SHOWS_NOT(&w, "last seen");
    world_end_session(&w, 4802);
    world_settle(&w);
    world_end_session(&w, 4802);
    world_settle(&w);
    SHOWS(&w, "this session has ended; last seen 13:03:21");
    SHOWS(&w, "and placed > now()");
    SHOWS(&w, "Lock:transactionid");
    SHOWS_NOT(&w, "its text cannot be seen");
    SHOWS_NOT(&w, "not known to pg_stat_statements");
    world_advance(&w, 1); /* the same session is there again */
    world_settle(&w);
    SHOWS_NOT(&w, "last seen");
    world_done(&w);
}

static void the_detail_of_a_row_that_is_gone_says_where_it_can_be_seen(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "<down>");
    world_end_session(&w, 4802);
    world_settle(&w);
    world_type(&w, "<enter>");
    world_settle(&w);
    SHOWS(&w, "this session has ended ([ steps back to when it was there)");
    SHOWS_NOT(&w, "its text cannot be seen");
    SHOWS_NOT(&w, "not known to pg_stat_statements");
    world_type(&w, "[");
    world_settle(&w);
    SHOWS(&w, "and placed > now()");
    world_done(&w);
}

static void a_verdict_opens_its_page(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, NULL);
    for (int i = 0; i < 6; i++) { /* to the verdicts, wherever the focus was */
        world_type(&w, "<tab>");
        char *screen = screen_of(&w);
        bool there = strstr(screen, "▶▲") != NULL;
        free(screen);
        if (there)
            break;
    }
    world_type(&w, "<enter>");
    SHOWS(&w, "── locks");
    world_settle(&w);
    world_type(&w, "q"); /* and q comes back from it */
    assert_false(w.quit);
    SHOWS(&w, "── now");
    SHOWS(&w, "▶▲");
    world_type(&w, "<enter>1");
    world_type(&w, "q"); /* a digit leaves all that was on top */
    assert_true(w.quit);
    world_done(&w);
}

static void q_returns_from_the_past_before_it_quits(void **state)
{
    (void)state;
    static const char *const there[] = {"[", " "}, *const leave[] = {"q", "<esc>"};
    for (int i = 0; i < 4; i++) {
        struct world w;
        start(&w, WORLD_TROUBLE, "sessions");
        world_type(&w, there[i / 2]);
        SHOWS(&w, "q now");
        world_type(&w, leave[i % 2]);
        assert_false(w.quit);
        SHOWS(&w, " live ");
        world_type(&w, "q");
        assert_true(w.quit);
        world_done(&w);
    }
}

static void a_detail_opened_in_the_past_goes_back_into_the_past(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "[<enter>q");
    SHOWS(&w, " PAST ");
    SHOWS(&w, "── sessions");
    world_done(&w);
}

static void enter_with_nothing_to_open_says_why(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_QUIET, "locks");
    world_type(&w, "<enter>");
    SHOWS(&w, "nothing to open: this pane is empty");
    world_type(&w, "1");
    world_settle(&w);
    for (int i = 0; i < 8; i++) {
        world_type(&w, "<tab>");
        char *screen = screen_of(&w);
        bool tiles = strstr(screen, "▶ vital signs") != NULL;
        free(screen);
        if (tiles)
            break;
    }
    world_type(&w, "<enter>");
    SHOWS(&w, "nothing to open here: this pane has no rows");
    world_done(&w);
}

static void the_focus_is_seen_where_there_is_no_row(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_QUIET, "locks");
    SHOWS(&w, "─▶ locks");
    world_done(&w);
    start(&w, WORLD_TROUBLE, "locks");
    SHOWS_NOT(&w, "─▶"); /* a row has the cursor */
    world_done(&w);
}

static void texts_leave_by_copy_and_export(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "y");
    assert_string_equal(w.copied, "update orders set status = $1 where id = $2");
    SHOWS(&w, "43 bytes copied");
    world_type(&w, "e");
    assert_string_equal(w.saved_name, "sessions.json");
    assert_non_null(strstr(w.saved, "\"pid\":4711"));
    SHOWS(&w, "written to /tmp/sessions.json");
    world_type(&w, ":export csv<enter>");
    assert_string_equal(w.saved_name, "sessions.csv");
    world_type(&w, "x");
    assert_string_equal(w.explained, "shop shop update orders set status = $1 where id = $2");
    world_done(&w);
}

static void tags_stay_with_their_rows(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "tt");
    SHOWS(&w, "2 tagged");
    SHOWS(&w, "+ 4711");
    SHOWS(&w, "+ 4802");
    world_type(&w, "r");
    world_settle(&w);
    SHOWS(&w, "+ 4802");
    world_type(&w, "U");
    SHOWS_NOT(&w, "+ 4802");
    world_done(&w);
}

static void a_moment_of_a_trend_is_asked_once(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, NULL);
    world_advance(&w, 2);
    dash_tick(w.dash);
    bool seen = false;
    for (int i = 0; i < w.n_asks; i++) {
        const struct query *q = &w.asks[i].query;
        for (int k = 0; k < q->n_params; k++) {
            if (strcmp(q->params[k].name, "trend") != 0 || strstr(q->sql, ":trend") == NULL)
                continue;
            seen = true;
            assert_true(q->params[k].value.real < 10);
        }
    }
    assert_true(seen);
    world_settle(&w);
    SHOWS(&w, "▃"); /* and the course of ten minutes is still there */
    world_done(&w);
}

static void an_unchanged_dataset_is_not_asked_again(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "settings");
    dash_data_changed(w.dash, "shop", "statements");
    w.now_s += 1;
    dash_tick(w.dash);
    for (int i = 0; i < w.n_asks; i++)
        assert_null(strstr(w.asks[i].query.sql, "settings"));
    dash_data_changed(w.dash, "shop", "settings");
    w.now_s += 1;
    dash_tick(w.dash);
    assert_true(w.n_asks > 0);
    world_done(&w);
}

static void every_page_draws_at_every_size(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_HOSTILE, NULL);
    for (int i = 0; i < w.pages.n_pages; i++) {
        char command[80];
        if (w.pages.pages[i]->detail)
            continue;
        snprintf(command, sizeof(command), ":page %s<enter>", w.pages.pages[i]->name);
        world_type(&w, command);
        world_settle(&w);
        static const int rows[] = {1, 2, 5, 10, 24, 60}, columns[] = {1, 10, 39, 80, 200, 400};
        for (int r = 0; r < 6; r++) {
            for (int c = 0; c < 6; c++) {
                canvas_resize(w.canvas, rows[r], columns[c]);
                world_draw(&w);
            }
        }
        canvas_resize(w.canvas, 30, 120);
        world_type(&w, "<down><right><enter>");
        world_settle(&w);
        world_type(&w, "<esc><tab><down><pgdn><home>?<pgdn>q");
        world_settle(&w);
    }
    world_done(&w);
}

static void plain_text_holds_the_overview(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, NULL);
    struct text out;
    text_init(&out, 100000);
    dash_plain(w.dash, &out, 100, true);
    assert_non_null(strstr(text_str(&out), "vital signs"));
    assert_non_null(strstr(text_str(&out), "pid 4711 blocks 4 for"));
    assert_non_null(strstr(text_str(&out), "4811"));
    for (const char *s = text_str(&out); *s != '\0'; s++)
        assert_true((*s >= ' ' && *s < 127) || *s == '\n');
    text_done(&out);
    world_done(&w);
}

static void plain_text_that_was_never_a_screen_has_its_badge(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    world_alarm(&w);
    w.undrawn = true;
    world_open(&w, 30, 120, "overview");
    while (w.n_asks > 0) {
        world_answer(&w);
        dash_tick(w.dash);
    }
    struct text out;
    text_init(&out, 100000);
    dash_plain(w.dash, &out, 132, false);
    const char *head_end = strchr(text_str(&out), '\n'),
               *badge = strstr(text_str(&out), "▲ 3 critical   ● 3 warnings   ○ 1 known");
    assert_non_null(badge);
    assert_true(badge < head_end);
    text_done(&out);
    world_done(&w);
}

static void more_rows_come_as_one_scrolls(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_LARGE);
    world_open(&w, 30, 120, "tables");
    world_settle(&w);
    SHOWS(&w, "first 60");
    for (int i = 0; i < 8; i++) {
        world_type(&w, "<pgdn>");
        world_settle(&w);
    }
    SHOWS(&w, "first 240");
    world_done(&w);
}

static void the_end_is_the_last_of_all_rows(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_LARGE, "tables");
    world_type(&w, "<end>");
    world_settle(&w);
    SHOWS(&w, "10000 rows");
    SHOWS_NOT(&w, "first ");
    struct text last;
    text_init(&last, 100);
    world_type(&w, "y"); /* the row under the cursor */
    text_add(&last, w.copied);
    world_type(&w, "<down>y");
    assert_string_equal(w.copied, text_str(&last));
    world_type(&w, "<home>");
    world_advance(&w, 1);
    dash_data_changed(w.dash, "shop", "tables");
    w.now_s += 0.2;
    world_settle(&w);
    SHOWS(&w, "first 60"); /* and no longer more than is looked at */
    text_done(&last);
    world_done(&w);
}

static void a_search_goes_through_all_rows(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_LARGE, "tables");
    world_type(&w, "/name:/./<enter>");
    world_settle(&w);
    SHOWS(&w, "first 60");
    world_type(&w, "N"); /* from the first row backwards: the last of all */
    world_settle(&w);
    SHOWS(&w, "10000 rows");
    world_type(&w, "y");
    char last[sizeof(w.copied)];
    snprintf(last, sizeof(last), "%s", w.copied);
    world_type(&w, "<end>y");
    assert_string_equal(w.copied, last);
    world_done(&w);
}

static void an_export_holds_all_rows(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_LARGE, "tables");
    SHOWS(&w, "first 60");
    world_type(&w, ":export csv<enter>");
    world_settle(&w);
    assert_string_equal(w.saved_name, "tables.csv");
    assert_int_equal(w.saved_lines, 1 + 10000);
    SHOWS(&w, "first 60"); /* what is held is no more than before */
    world_type(&w, "/name:orders<enter>");
    world_settle(&w);
    world_type(&w, ":export csv<enter>");
    world_settle(&w);
    assert_int_equal(w.saved_lines, 1 + 2500);
    world_done(&w);
}

static void numbers_of_a_stopped_server_grow_old(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    SHOWS(&w, "live 0 s");
    world_stopped(&w, 10);
    world_settle(&w);
    SHOWS(&w, "STALE 10.0 s");
    SHOWS(&w, "4802"); /* and they are kept */
    world_done(&w);
}

static void the_pace_of_a_guard_that_nobody_looked_at_before_is_no_alarm(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    w.attached = "guard.sock";
    world_open(&w, 30, 132, "sessions");
    world_settle(&w);
    world_stopped(&w, 10);
    world_settle(&w);
    SHOWS(&w, "live 10.0 s");
    world_stopped(&w, 20);
    world_settle(&w);
    SHOWS(&w, "STALE 20.0 s");
    world_done(&w);
}

/* A target of which nothing is known but its name. */
static void meet(struct world *w, const char *name)
{
    const struct dataset *d = registry_find(&w->registry, "targets");
    struct sample *s = sample_new(d, 1);
    s->mono_s = w->mono_s;
    s->wall_s = w->now_s;
    sample_set_text(s, dataset_column(d, "name"), 0, name, strlen(name));
    store_put(w->store, name, s);
}

static void another_target_shows_nothing_of_the_one_before(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    meet(&w, "blog");
    world_open(&w, 30, 120, NULL);
    world_settle(&w);
    world_type(&w, "2");
    world_settle(&w);
    world_type(&w, ":target blog<enter>");
    SHOWS_NOT(&w, "4802");
    world_settle(&w);
    SHOWS_NOT(&w, "4802");
    world_type(&w, "1");
    SHOWS_NOT(&w, "4802");
    world_settle(&w);
    SHOWS_NOT(&w, "4802");
    world_type(&w, ":target nowhere<enter>");
    SHOWS(&w, "no target is called \"nowhere\"");
    world_done(&w);
}

static void a_paste_is_text_and_never_keys(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    struct key paste = {.kind = KEY_PASTE, .text = "q\nq"};
    dash_key(w.dash, &paste);
    assert_false(w.quit);
    world_type(&w, "/");
    dash_key(w.dash, &(struct key){.kind = KEY_PASTE, .text = "web-3\x1b[2J\nq"});
    SHOWS(&w, "/web-3");
    assert_false(w.quit);
    world_done(&w);
}

static void a_click_on_a_frame_of_another_page_does_nothing(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, NULL);
    world_draw(&w);
    world_type(&w, "2"); /* and not drawn: the clicks were meant for what the overview showed */
    for (int row = 2; row < 29; row++)
        dash_key(w.dash, &(struct key){.kind = KEY_MOUSE, .mouse = MOUSE_PRESS, .row = row, .column = 5});
    world_settle(&w);
    SHOWS(&w, "▶ 4711");
    SHOWS_NOT(&w, "its query");
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_changes_the_screen_before_any_answer),
        cmocka_unit_test(a_page_left_long_ago_asks_anew),
        cmocka_unit_test(what_is_visible_is_demanded),
        cmocka_unit_test(the_cursor_follows_the_row_not_the_line),
        cmocka_unit_test(a_row_that_went_away_stays_until_the_cursor_moves),
        cmocka_unit_test(a_row_that_went_away_goes_by_itself_when_it_was_read),
        cmocka_unit_test(where_the_queue_stands_is_the_last_that_has_no_room),
        cmocka_unit_test(a_waiter_whose_blocker_is_not_known_yet_does_not_look_as_if_nobody_blocked_it),
        cmocka_unit_test(a_row_that_comes_back_is_a_row_again),
        cmocka_unit_test(a_filter_asks_with_parameters),
        cmocka_unit_test(a_wrong_filter_keeps_the_old_one),
        cmocka_unit_test(sets_cycle),
        cmocka_unit_test(every_pane_is_asked_for_the_same_moment),
        cmocka_unit_test(pause_holds_still),
        cmocka_unit_test(the_window_is_a_parameter_and_in_the_title),
        cmocka_unit_test(details_stack_and_go_back),
        cmocka_unit_test(the_detail_of_what_has_ended_keeps_what_was_known),
        cmocka_unit_test(the_detail_of_a_row_that_is_gone_says_where_it_can_be_seen),
        cmocka_unit_test(a_verdict_opens_its_page),
        cmocka_unit_test(q_returns_from_the_past_before_it_quits),
        cmocka_unit_test(a_detail_opened_in_the_past_goes_back_into_the_past),
        cmocka_unit_test(enter_with_nothing_to_open_says_why),
        cmocka_unit_test(the_focus_is_seen_where_there_is_no_row),
        cmocka_unit_test(texts_leave_by_copy_and_export),
        cmocka_unit_test(tags_stay_with_their_rows),
        cmocka_unit_test(a_moment_of_a_trend_is_asked_once),
        cmocka_unit_test(an_unchanged_dataset_is_not_asked_again),
        cmocka_unit_test(every_page_draws_at_every_size),
        cmocka_unit_test(plain_text_holds_the_overview),
        cmocka_unit_test(plain_text_that_was_never_a_screen_has_its_badge),
        cmocka_unit_test(more_rows_come_as_one_scrolls),
        cmocka_unit_test(the_end_is_the_last_of_all_rows),
        cmocka_unit_test(a_search_goes_through_all_rows),
        cmocka_unit_test(an_export_holds_all_rows),
        cmocka_unit_test(numbers_of_a_stopped_server_grow_old),
        cmocka_unit_test(the_pace_of_a_guard_that_nobody_looked_at_before_is_no_alarm),
        cmocka_unit_test(another_target_shows_nothing_of_the_one_before),
        cmocka_unit_test(a_paste_is_text_and_never_keys),
        cmocka_unit_test(a_click_on_a_frame_of_another_page_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
