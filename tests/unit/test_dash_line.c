/* What the dashboard says in words: its head, its last line, and panes that have no rows. */
#include "tests/unit/screen.h"

static void help_and_quit_stand_in_the_last_line_of_every_size(void **state)
{
    static const int sizes[][2] = {{10, 40}, {24, 80}, {24, 100}, {30, 110}, {50, 200}};
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct world w;
        start_sized(&w, WORLD_TROUBLE, sizes[i][0], sizes[i][1], NULL);
        SHOWS(&w, "? help  q quit");
        SHOWS(&w, "Enter detail");
        world_done(&w);
    }
}

static void the_last_line_says_back_where_q_goes_back(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 24, 80, "sessions");
    world_type(&w, "<enter>");
    SHOWS(&w, "? help  q back");
    world_type(&w, "q");
    SHOWS(&w, "? help  q quit");
    assert_false(w.quit);
    world_done(&w);
}

static void the_door_to_all_pages_stands_at_every_width(void **state)
{
    (void)state;
    for (int columns = 80; columns <= 140; columns++) {
        struct world w;
        start_sized(&w, WORLD_TROUBLE, 24, columns, "sessions");
        world_type(&w, "w"); /* of another width */
        SHOWS(&w, "2 sessions");
        SHOWS(&w, "0 more");
        world_type(&w, ":page alerts<enter>");
        SHOWS(&w, " 9 ");
        SHOWS(&w, "0 more");
        SHOWS(&w, "› alerts");
        world_done(&w);
    }
    struct world w;
    start(&w, WORLD_TROUBLE, NULL); /* names go from the last, and no more than must */
    SHOWS(&w, "6 pools  7 caches  8  9  0 more");
    world_done(&w);
}

static void what_was_said_goes_by_itself_after_a_while(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "A");
    SHOWS(&w, "this row is no alert");
    w.now_s -= 0.5; /* it was said later in the turn that looks at it, or the clock was set back a little */
    dash_tick(w.dash);
    SHOWS(&w, "this row is no alert");
    w.now_s += 19.5;
    dash_tick(w.dash);
    SHOWS(&w, "this row is no alert");
    w.now_s += 1;
    assert_true(dash_tick(w.dash) <= 1); /* so it is looked at in time */
    assert_true(dash_dirty(w.dash));
    SHOWS_NOT(&w, "this row is no alert");
    SHOWS(&w, "? help  q quit");
    world_done(&w);
}

static void what_is_down_is_not_live(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 24, 80, NULL);
    SHOWS(&w, "live 0 s");
    world_lost(&w, "down", 1);
    world_settle(&w);
    SHOWS(&w, "· down");
    SHOWS(&w, "STALE 1.0 s");
    SHOWS_NOT(&w, "live");
    world_lost(&w, "up", 0.5);
    world_settle(&w);
    SHOWS(&w, "live");
    SHOWS_NOT(&w, "· down");
    world_done(&w);
}

/* Both statement panes. */
static void says_of_statements(struct world *w, const char *what)
{
    dash_data_changed(w->dash, "shop", "statements");
    world_settle(w);
    SHOWS(w, what);
    world_type(w, "3");
    world_settle(w);
    SHOWS(w, what);
    world_done(w);
}

static void of_a_server_that_is_away_only_what_is_known_now_is_told(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 24, 80, NULL);
    SHOWS(&w, "pid 4711 blocks 4 for ");
    w.error = "Connection refused (server at \"10.0.3.7\", port 5432)";
    w.uptime_s += 7200; /* the engine counts on */
    world_lost(&w, "down", 7200);
    world_settle(&w);
    SHOWS(&w, "cannot be reached: Connection refused");
    SHOWS_NOT(&w, "blocks 4 for");
    SHOWS_NOT(&w, "full:");
    canvas_resize(w.canvas, 24, 200);
    world_settle(&w);
    SHOWS(&w, "port 5432); the last numbers are 2h00m old");
    SHOWS(&w, "was up 12d 4h");
    canvas_resize(w.canvas, 10, 40);
    world_settle(&w);
    SHOWS(&w, "STALE 2h00m");
    w.error = NULL;
    world_lost(&w, "up", 1);
    world_settle(&w);
    SHOWS(&w, "pid 4711 blocks 4 for ");
    world_done(&w);
}

static void a_server_that_does_not_answer_is_told_in_one_line(void **state)
{
    (void)state;
    static const char *const datasets[] = {"sessions", "locks", "server", "pools"};
    struct world w;
    start(&w, WORLD_TROUBLE, NULL);
    world_collectors_fail(&w, datasets, 4, "no answer within 3 s");
    world_stopped(&w, 12);
    world_settle(&w);
    SHOWS(&w, "no newer numbers of 4 datasets: no answer within 3 s; the last are 12.0 s old");
    SHOWS(&w, "▲ 1 critical");
    SHOWS_NOT(&w, "blocks 4 for");
    world_collectors_fail(&w, datasets, 1, "no answer within 3 s");
    world_stopped(&w, 1);
    world_settle(&w);
    SHOWS(&w, "no newer numbers of sessions: no answer within 3 s"); /* of the others there are */
    SHOWS(&w, "pid 4711 blocks 4 for ");
    world_done(&w);
}

static void a_restart_is_told_at_every_size(void **state)
{
    (void)state;
    static const int sizes[][2] = {{10, 40}, {24, 80}, {50, 200}};
    for (int i = 0; i < 3; i++) {
        struct world w;
        /* On a small screen it gives way to what is bad. */
        start_sized(&w, i < 2 ? WORLD_QUIET : WORLD_TROUBLE, sizes[i][0], sizes[i][1], NULL);
        SHOWS_NOT(&w, "started");
        w.uptime_s = 63;
        w.was_up_s = 659;
        world_advance(&w, 1);
        world_settle(&w);
        SHOWS(&w, "restarted 1m03s ago (was up 10m59s)");
        w.uptime_s = 301;
        world_advance(&w, 1);
        world_settle(&w);
        SHOWS_NOT(&w, "started");
        world_done(&w);
    }
}

static void the_head_names_the_host_before_the_clock(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 24, 80, NULL);
    SHOWS(&w, "shop · primary · 10.0.3.7");
    canvas_resize(w.canvas, 24, 100);
    SHOWS(&w, "shop · primary · monitor@10.0.3.7  ");
    canvas_resize(w.canvas, 24, 200);
    SHOWS(&w, "up 12d 4h · monitor@10.0.3.7/shop");
    world_done(&w);
}

static void a_pane_without_rows_tells_the_one_reason(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_IDLE, NULL);
    world_collector(&w, "statements", 4, NULL);
    says_of_statements(&w, "no call finished in this window, ours not counted");
    start(&w, WORLD_YOUNG, NULL);
    world_collector(&w, "statements", 1, NULL);
    says_of_statements(&w, "collecting... calls show from the second sample on");
    start(&w, WORLD_YOUNG, NULL);
    world_collector(&w, "statements", 0, "pg_stat_statements is not installed");
    says_of_statements(&w, "pg_stat_statements is not installed");
}

static void what_is_read_no_more_tells_its_age(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "tables");
    w.every_s = 1;
    w.read_ago_s = 2;
    world_collector(&w, "tables", 9, NULL);
    world_settle(&w);
    SHOWS_NOT(&w, "ago");
    world_advance(&w, 1);
    w.read_ago_s = 90;
    world_collector(&w, "tables", 9, NULL);
    world_settle(&w);
    SHOWS(&w, "read 1m30s ago · ");
    canvas_resize(w.canvas, 20, 60); /* the sums beside it give way */
    world_settle(&w);
    SHOWS(&w, "read 1m30s ago");
    canvas_resize(w.canvas, 34, 120);
    world_advance(&w, 1);
    w.every_s = 60; /* it is not late */
    world_collector(&w, "tables", 9, NULL);
    world_settle(&w);
    SHOWS_NOT(&w, "read 1m30s ago");
    world_done(&w);
}

static void what_was_never_read_is_not_empty(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_QUIET, "locks");
    world_collector(&w, "locks", 9, NULL);
    world_settle(&w);
    SHOWS(&w, "nobody waits for a lock");
    SHOWS(&w, "0 wait");
    world_advance(&w, 1);
    world_collector(&w, "locks", 0, NULL);
    world_settle(&w);
    SHOWS(&w, "collecting...");
    SHOWS_NOT(&w, "nobody waits for a lock");
    SHOWS_NOT(&w, "0 wait");
    w.error = "Connection refused";
    world_lost(&w, "down", 1);
    world_settle(&w);
    SHOWS(&w, "n/a: cannot be reached: Connection refused");
    world_done(&w);
}

static void a_filter_or_a_set_that_leaves_nothing_says_so(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "statements");
    dash_data_changed(w.dash, "shop", "statements");
    world_type(&w, "/nowhere<enter>");
    world_settle(&w);
    SHOWS(&w, "no row passes the filter /nowhere (Esc drops it)");
    world_type(&w, "<esc>ff");
    world_settle(&w);
    SHOWS(&w, "the set \"inside functions\" has no rows (f: the next set)");
    world_done(&w);
}

static void the_old_filter_is_replaced_by_what_is_typed(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "/report<enter>");
    world_settle(&w);
    world_type(&w, "/");
    SHOWS(&w, "/report  typing replaces it  arrows edit it  Ctrl-U clears it");
    world_type(&w, "web-3<enter>");
    world_settle(&w);
    SHOWS(&w, "── /web-3 ·");
    world_type(&w, "/<right><bs>4<enter>"); /* after an arrow it is edited */
    world_settle(&w);
    SHOWS(&w, "── /web-4 ·");
    world_type(&w, "/<bs><enter>"); /* erased as a whole */
    world_settle(&w);
    SHOWS_NOT(&w, "── /");
    world_done(&w);
}

static void a_filter_takes_what_the_heading_says(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "/\"blocked by\":4711<enter>");
    world_settle(&w);
    SHOWS(&w, "4802");
    SHOWS_NOT(&w, "4812");
    world_type(&w, "/blockd_by:4711<enter>");
    SHOWS(&w, "did you mean \"blocked_by\"?");
    world_done(&w);
}

static void the_sort_list_has_the_headings_and_what_they_mean(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "statements");
    world_type(&w, "s");
    SHOWS(&w, " load                             sessions at work on average");
    SHOWS_NOT(&w, "load_s_per_s");
    world_done(&w);
    start(&w, WORLD_TROUBLE, "sessions");
    world_type(&w, "s");
    SHOWS(&w, " blocks                           how many sessions wait behind it");
    SHOWS(&w, " state                            active, idle");
    world_done(&w);
}

/* The world's statements of clients take 3.7 ms a call, ours 40. */
static void our_own_statements_count_in_no_mean(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 43, 132, NULL);
    SHOWS(&w, "3.7 ms");
    SHOWS(&w, "1,284 calls/s");
    world_type(&w, "3");
    world_settle(&w);
    SHOWS(&w, "1284.0 calls/s   3.7 ms mean   6 statements");
    world_done(&w);
}

static void verdicts_name_what_eats_the_time_and_what_vacuum_owes(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 43, 132, NULL);
    SHOWS(&w,
          "one statement takes 61 % of the time (3.6 of 5.9 active sessions): select * from sessions where");
    SHOWS(&w, "vacuum is behind: telemetry has 410,000 dead rows, 8.5 times what autovacuum starts at");
    assert_null(strstr(w.demanded, "tables")); /* read as they come */
    world_done(&w);
    start_sized(&w, WORLD_QUIET, 43, 132, NULL);
    SHOWS(&w, "nothing to report");
    SHOWS_NOT(&w, "one statement takes");
    world_done(&w);
}

static void a_table_that_is_read_whole_over_and_over_is_told(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 43, 132, NULL);
    SHOWS(&w, "table sessions is read whole 24.0 times/s (8.4M rows each): no index helps this WHERE; 1 more like it");
    world_done(&w);
}

static void what_ends_an_idle_blocker_stands_in_its_detail(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 43, 132, "sessions");
    world_type(&w, "<enter>");
    world_settle(&w);
    SHOWS(&w, "select pg_terminate_backend(4711) ends it: it is idle and 4 sessions wait behind it");
    for (int i = 0; i < 6 && strncmp(w.copied, "select pg_t", 11) != 0; i++)
        world_type(&w, "<tab>y");
    assert_string_equal(w.copied, "select pg_terminate_backend(4711)");
    world_type(&w, "q<down><enter>");
    world_settle(&w);
    SHOWS(&w, "── session 4802");
    SHOWS_NOT(&w, "pg_terminate_backend"); /* it waits and works */
    world_done(&w);
}

static void a_narrow_screen_shows_who_blocks(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 10, 40, NULL);
    SHOWS(&w, "▲ pid 4711 blocks 4 for 3m58s: idle");
    world_done(&w);
}

static void verdicts_warn_of_ids_that_run_out_whatever_the_settings(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_QUIET, 43, 132, NULL);
    w.xid_age = w.mxid_age = 1.1e9;
    w.freeze_max_age = 2e9;
    world_advance(&w, 1);
    world_settle(&w);
    SHOWS(&w, "transaction ids run out: 1.0G are left; something");
    SHOWS(&w, "multixact ids run out: the oldest is 1.1G back");
    world_done(&w);
}

static void a_pool_opens_into_who_holds_it(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "pools");
    world_type(&w, "<down><enter>");
    world_settle(&w);
    SHOWS(&w, "── role shop_ro");
    SHOWS(&w, "who holds its connections");
    SHOWS(&w, "4820"); /* its only session */
    SHOWS_NOT(&w, "4711");
    world_type(&w, "q<tab><down><enter>");
    world_settle(&w);
    SHOWS(&w, "── connections of shop_rw web-2");
    SHOWS(&w, "4811");
    SHOWS_NOT(&w, "4711");
    world_done(&w);
}

static void a_resized_screen_is_that_of_a_fresh_start(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 50, 200, NULL);
    char *fresh = screen_of(&w);
    world_done(&w);
    start_sized(&w, WORLD_TROUBLE, 50, 60, NULL);
    canvas_resize(w.canvas, 50, 200);
    world_settle(&w);
    char *resized = screen_of(&w);
    assert_string_equal(resized, fresh);
    free(resized);
    free(fresh);
    world_done(&w);
}

/* The number of the screen's line that has WHAT, from 0. */
static int line_of(struct world *w, const char *what)
{
    char *screen = screen_of(w), *at = strstr(screen, what);
    int n = at == NULL ? -1 : 0;
    for (char *s = screen; s < at; s++)
        n += *s == '\n';
    free(screen);
    return n;
}

static void room_that_is_no_longer_needed_is_given_back_after_a_while(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 43, 132, NULL);
    w.kind = WORLD_QUIET; /* the queue and the full pools are gone */
    world_advance(&w, 1);
    world_settle(&w);
    SHOWS_NOT(&w, "blocks 4 for");
    assert_int_equal(line_of(&w, "── vital signs"), 9); /* not at once: panes below stand still */
    for (int i = 0; i < 25; i++) {
        world_advance(&w, 1);
        world_settle(&w);
    }
    assert_int_equal(line_of(&w, "── vital signs"), 5); /* those of the tables, which nobody read anew, stay */
    world_done(&w);
}

static void a_filter_takes_the_names_that_rules_use(void **state)
{
    (void)state;
    struct world w;
    start(&w, WORLD_TROUBLE, "sessions");
    SHOWS(&w, " 4820  shop_ro");
    world_type(&w, "/xact_age_s>4m<enter>");
    world_settle(&w);
    SHOWS(&w, "4711  shop_rw");
    SHOWS_NOT(&w, " 4820  shop_ro");
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_takes_the_names_that_rules_use),
        cmocka_unit_test(help_and_quit_stand_in_the_last_line_of_every_size),
        cmocka_unit_test(the_last_line_says_back_where_q_goes_back),
        cmocka_unit_test(the_door_to_all_pages_stands_at_every_width),
        cmocka_unit_test(what_was_said_goes_by_itself_after_a_while),
        cmocka_unit_test(what_is_down_is_not_live),
        cmocka_unit_test(of_a_server_that_is_away_only_what_is_known_now_is_told),
        cmocka_unit_test(a_server_that_does_not_answer_is_told_in_one_line),
        cmocka_unit_test(a_restart_is_told_at_every_size),
        cmocka_unit_test(the_head_names_the_host_before_the_clock),
        cmocka_unit_test(a_pane_without_rows_tells_the_one_reason),
        cmocka_unit_test(what_is_read_no_more_tells_its_age),
        cmocka_unit_test(what_was_never_read_is_not_empty),
        cmocka_unit_test(a_filter_or_a_set_that_leaves_nothing_says_so),
        cmocka_unit_test(the_old_filter_is_replaced_by_what_is_typed),
        cmocka_unit_test(a_filter_takes_what_the_heading_says),
        cmocka_unit_test(a_pool_opens_into_who_holds_it),
        cmocka_unit_test(a_resized_screen_is_that_of_a_fresh_start),
        cmocka_unit_test(room_that_is_no_longer_needed_is_given_back_after_a_while),
        cmocka_unit_test(verdicts_name_what_eats_the_time_and_what_vacuum_owes),
        cmocka_unit_test(a_table_that_is_read_whole_over_and_over_is_told),
        cmocka_unit_test(what_ends_an_idle_blocker_stands_in_its_detail),
        cmocka_unit_test(a_narrow_screen_shows_who_blocks),
        cmocka_unit_test(verdicts_warn_of_ids_that_run_out_whatever_the_settings),
        cmocka_unit_test(our_own_statements_count_in_no_mean),
        cmocka_unit_test(the_sort_list_has_the_headings_and_what_they_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
