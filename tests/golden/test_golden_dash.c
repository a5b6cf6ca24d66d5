/* The dashboard's screens: data in, canvas out. */
#include <string.h>

#include "tests/golden/golden.h"
#include "tests/golden/world.h"
#include "tests/unit/test.h"

static void screen(enum world_kind kind, int rows, int columns, bool ascii, const char *page,
                   const char *keys, const char *name)
{
    struct world w;
    world_init(&w, kind);
    world_open(&w, rows, columns, page);
    w.canvas->ascii = ascii;
    world_settle(&w);
    world_type(&w, keys);
    world_settle(&w);
    golden_check_styles(w.canvas, name);
    world_done(&w);
}

/* What MAKE has put into a world of that KIND, on PAGE after KEYS. */
static void made_screen(enum world_kind kind, void (*make)(struct world *w), const char *page, int rows,
                        int columns, const char *keys, const char *name)
{
    struct world w;
    world_init(&w, kind);
    make(&w);
    world_open(&w, rows, columns, page);
    world_settle(&w);
    world_type(&w, keys);
    world_settle(&w);
    golden_check_styles(w.canvas, name);
    world_done(&w);
}

static void alarm_screen(int rows, int columns, const char *page, const char *keys, const char *name)
{
    made_screen(WORLD_TROUBLE, world_alarm, page, rows, columns, keys, name);
}

static void ledger_screen(int rows, int columns, const char *keys, const char *name)
{
    made_screen(WORLD_QUIET, world_ledger, "ledger", rows, columns, keys, name);
}

static void jobs_screen(int rows, int columns, const char *keys, const char *name)
{
    made_screen(WORLD_QUIET, world_jobs, "cures", rows, columns, keys, name);
}

static void escalation_screen(int rows, int columns, const char *keys, const char *name)
{
    made_screen(WORLD_QUIET, world_escalation, "cures", rows, columns, keys, name);
}

static void findings_screen(int rows, int columns, bool found, const char *page, const char *keys, const char *name)
{
    struct world w;
    world_init(&w, WORLD_QUIET);
    world_advise(&w, found);
    world_open(&w, rows, columns, page);
    dash_data_changed(w.dash, "shop", "findings");
    world_settle(&w);
    world_type(&w, keys);
    world_settle(&w);
    golden_check_styles(w.canvas, name);
    world_done(&w);
}

// clang-format off
static void findings_132x24(void **state)  { (void)state; findings_screen(24, 132, true, NULL, "o", "findings_132x24"); }
static void findings_80x24(void **state)   { (void)state; findings_screen(24, 80, true, "findings", "", "findings_80x24"); }
static void findings_40x10(void **state)   { (void)state; findings_screen(10, 40, true, "findings", "", "findings_40x10"); }
static void findings_none(void **state)    { (void)state; findings_screen(24, 100, false, "findings", "", "findings_none"); }
static void finding_detail(void **state)   { (void)state; findings_screen(30, 110, true, "findings", "<enter>", "finding_detail"); }
static void finding_by_hand(void **state)  { (void)state; findings_screen(24, 80, true, "findings", "<down><down><down><enter>", "finding_by_hand"); }
static void alerts_132x43(void **state)    { (void)state; alarm_screen(43, 132, "alerts", "", "alerts_132x43"); }
static void alerts_80x24(void **state)     { (void)state; alarm_screen(24, 80, "alerts", "", "alerts_80x24"); }
static void alerts_40x10(void **state)     { (void)state; alarm_screen(10, 40, "alerts", "", "alerts_40x10"); }
static void alert_detail(void **state)     { (void)state; alarm_screen(43, 132, "alerts", "<enter>", "alert_detail"); }
static void alert_form(void **state)       { (void)state; alarm_screen(24, 80, "alerts", "Smine<tab>2h", "alert_form"); }
static void cure_dialog(void **state)      { (void)state; screen(WORLD_TROUBLE, 24, 80, false, "tables", "A", "cure_dialog"); }
static void cure_dialog_40x10(void **state) { (void)state; screen(WORLD_TROUBLE, 10, 40, false, "sessions", "K", "cure_dialog_40x10"); }
static void cure_hostile(void **state)     { (void)state; screen(WORLD_HOSTILE, 24, 100, false, "tables", "V", "cure_hostile"); }
static void cure_refused(void **state)     { (void)state; screen(WORLD_TROUBLE, 24, 100, false, "sessions", "C", "cure_refused"); }
static void cure_menu(void **state)        { (void)state; screen(WORLD_TROUBLE, 24, 100, false, "sessions", ".", "cure_menu"); }
static void cure_escalate(void **state)    { (void)state; screen(WORLD_TROUBLE, 24, 80, false, "sessions", "<down>E<enter>", "cure_escalate"); }
static void cure_escalate_40x10(void **state) { (void)state; screen(WORLD_TROUBLE, 10, 40, false, "sessions", "<down>E<enter>", "cure_escalate_40x10"); }
static void cure_tagged(void **state)      { (void)state; screen(WORLD_TROUBLE, 24, 80, false, "sessions", "tttC", "cure_tagged"); }
static void cures_escalate_80x24(void **state) { (void)state; escalation_screen(24, 80, "", "cures_escalate_80x24"); }
static void cures_escalate_200x50(void **state) { (void)state; escalation_screen(50, 200, "", "cures_escalate_200x50"); }
static void cure_escalates(void **state)   { (void)state; escalation_screen(24, 80, "<enter>", "cure_escalates"); }
static void cures_100x24(void **state)     { (void)state; jobs_screen(24, 100, "", "cures_100x24"); }
static void cures_132x24(void **state)     { (void)state; jobs_screen(24, 132, "", "cures_132x24"); }
static void cure_running(void **state)     { (void)state; jobs_screen(30, 100, "<down><enter>", "cure_running"); }
static void cure_detail(void **state)      { (void)state; jobs_screen(30, 100, "<down><down><enter>", "cure_detail"); }
static void ledger_100x24(void **state)    { (void)state; ledger_screen(24, 100, "", "ledger_100x24"); }
static void ledger_40x10(void **state)     { (void)state; ledger_screen(10, 40, "", "ledger_40x10"); }
static void ledger_entry(void **state)     { (void)state; ledger_screen(30, 100, "<enter>", "ledger_entry"); }
static void ledger_undo(void **state)      { (void)state; ledger_screen(24, 100, "<down><down><down>Z", "ledger_undo"); }
static void ledger_forged(void **state)    { (void)state; ledger_screen(24, 100, "<down><down>Z", "ledger_forged"); }
static void pools_alarm(void **state)      { (void)state; alarm_screen(24, 100, "pools", "", "pools_alarm"); }
static void overview_alarm(void **state)   { (void)state; alarm_screen(43, 132, NULL, "", "overview_alarm"); }
static void overview_132x43(void **state)  { (void)state; screen(WORLD_TROUBLE, 43, 132, false, NULL, "", "overview_132x43"); }
static void overview_80x24(void **state)   { (void)state; screen(WORLD_TROUBLE, 24, 80, false, NULL, "", "overview_80x24"); }
static void overview_40x10(void **state)   { (void)state; screen(WORLD_TROUBLE, 10, 40, false, NULL, "", "overview_40x10"); }
static void overview_200x50(void **state)  { (void)state; screen(WORLD_TROUBLE, 50, 200, false, NULL, "", "overview_200x50"); }
static void overview_400x60(void **state)  { (void)state; screen(WORLD_TROUBLE, 60, 400, false, NULL, "", "overview_400x60"); }
static void overview_quiet(void **state)   { (void)state; screen(WORLD_QUIET, 43, 132, false, NULL, "", "overview_quiet"); }
static void overview_ascii(void **state)   { (void)state; screen(WORLD_TROUBLE, 43, 132, true, NULL, "", "overview_ascii"); }
static void overview_hostile(void **state) { (void)state; screen(WORLD_HOSTILE, 43, 132, false, NULL, "", "overview_hostile"); }
static void sessions_132x43(void **state)  { (void)state; screen(WORLD_TROUBLE, 43, 132, false, "sessions", "", "sessions_132x43"); }
static void sessions_80x24(void **state)   { (void)state; screen(WORLD_TROUBLE, 24, 80, false, "sessions", "", "sessions_80x24"); }
static void sessions_hostile(void **state) { (void)state; screen(WORLD_HOSTILE, 24, 100, false, "sessions", "", "sessions_hostile"); }
static void session_detail(void **state)   { (void)state; screen(WORLD_TROUBLE, 43, 132, false, "sessions", "<down><enter>", "session_detail"); }
static void detail_hostile(void **state)   { (void)state; screen(WORLD_HOSTILE, 30, 100, false, "sessions", "<down><enter>", "detail_hostile"); }
static void statements(void **state)       { (void)state; screen(WORLD_TROUBLE, 24, 132, false, "statements", "", "statements_132x24"); }
static void statement_detail(void **state) { (void)state; screen(WORLD_TROUBLE, 43, 132, false, "statements", "w<enter>", "statement_detail"); }
static void tables(void **state)           { (void)state; screen(WORLD_TROUBLE, 24, 132, false, "tables", "", "tables_132x24"); }
static void locks(void **state)            { (void)state; screen(WORLD_TROUBLE, 24, 132, false, "locks", "", "locks_132x24"); }
static void waits(void **state)            { (void)state; screen(WORLD_TROUBLE, 30, 132, false, "waits", "w", "waits_132x30"); }
static void pools(void **state)            { (void)state; screen(WORLD_TROUBLE, 24, 100, false, "pools", "", "pools_100x24"); }
static void pool_detail(void **state)      { (void)state; screen(WORLD_TROUBLE, 24, 100, false, "pools", "<down><enter>", "pool_detail"); }
static void settings(void **state)         { (void)state; screen(WORLD_TROUBLE, 24, 100, false, "settings", "", "settings_100x24"); }
static void hidden(void **state)           { (void)state; screen(WORLD_HIDDEN, 24, 120, false, "sessions", "", "sessions_hidden"); }
static void help(void **state)             { (void)state; screen(WORLD_TROUBLE, 80, 110, false, "sessions", "?", "help"); }
static void palette(void **state)          { (void)state; screen(WORLD_TROUBLE, 30, 100, false, NULL, ":the", "palette"); }
static void sort_list(void **state)        { (void)state; screen(WORLD_TROUBLE, 30, 100, false, "sessions", "s<down>", "sort_list"); }
static void filtered(void **state)         { (void)state; screen(WORLD_TROUBLE, 24, 100, false, "sessions", "/tuple xact>200<enter>", "filtered"); }
static void filter_error(void **state)     { (void)state; screen(WORLD_TROUBLE, 24, 100, false, "sessions", "/colour:red<enter>", "filter_error"); }
static void past(void **state)             { (void)state; screen(WORLD_TROUBLE, 43, 132, false, NULL, "[", "past"); }
static void zoomed(void **state)           { (void)state; screen(WORLD_TROUBLE, 24, 100, false, NULL, "<tab>z", "zoomed"); }
// clang-format on

static void collecting(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    world_open(&w, 30, 100, NULL);
    world_draw(&w);
    golden_check(w.canvas, "collecting");
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_132x24), cmocka_unit_test(findings_80x24), cmocka_unit_test(findings_40x10),
        cmocka_unit_test(findings_none), cmocka_unit_test(finding_detail), cmocka_unit_test(finding_by_hand), cmocka_unit_test(alerts_132x43),
        cmocka_unit_test(alerts_80x24),
        cmocka_unit_test(alerts_40x10),
        cmocka_unit_test(alert_detail),
        cmocka_unit_test(alert_form),
        cmocka_unit_test(overview_alarm),
        cmocka_unit_test(cure_dialog),
        cmocka_unit_test(cure_dialog_40x10),
        cmocka_unit_test(cure_hostile),
        cmocka_unit_test(cure_refused),
        cmocka_unit_test(cure_menu),
        cmocka_unit_test(cure_escalate),
        cmocka_unit_test(cure_escalate_40x10),
        cmocka_unit_test(cure_tagged),
        cmocka_unit_test(cures_escalate_80x24),
        cmocka_unit_test(cures_escalate_200x50),
        cmocka_unit_test(cure_escalates),
        cmocka_unit_test(cures_100x24),
        cmocka_unit_test(cures_132x24),
        cmocka_unit_test(cure_detail),
        cmocka_unit_test(cure_running),
        cmocka_unit_test(ledger_100x24),
        cmocka_unit_test(ledger_40x10),
        cmocka_unit_test(ledger_entry),
        cmocka_unit_test(ledger_undo),
        cmocka_unit_test(ledger_forged),
        cmocka_unit_test(pools_alarm),
        cmocka_unit_test(overview_132x43),
        cmocka_unit_test(overview_80x24),
        cmocka_unit_test(overview_40x10),
        cmocka_unit_test(overview_200x50),
        cmocka_unit_test(overview_400x60),
        cmocka_unit_test(overview_quiet),
        cmocka_unit_test(overview_ascii),
        cmocka_unit_test(overview_hostile),
        cmocka_unit_test(sessions_132x43),
        cmocka_unit_test(sessions_80x24),
        cmocka_unit_test(sessions_hostile),
        cmocka_unit_test(session_detail),
        cmocka_unit_test(detail_hostile),
        cmocka_unit_test(statements),
        cmocka_unit_test(statement_detail),
        cmocka_unit_test(tables),
        cmocka_unit_test(locks),
        cmocka_unit_test(waits),
        cmocka_unit_test(pools),
        cmocka_unit_test(pool_detail),
        cmocka_unit_test(settings),
        cmocka_unit_test(hidden),
        cmocka_unit_test(help),
        cmocka_unit_test(palette),
        cmocka_unit_test(sort_list),
        cmocka_unit_test(filtered),
        cmocka_unit_test(filter_error),
        cmocka_unit_test(past),
        cmocka_unit_test(zoomed),
        cmocka_unit_test(collecting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
