/* Findings: what ships compiles, gives what it promises, and names actions that there are; what a server cannot be brought to in a test is
 * judged over rows made by hand; the reader refuses what cannot be asked. */
#include "tests/unit/finding_world.h"

/* ---- What ships ---- */

static void each_has_what_the_page_tells_and_an_action_that_there_is(void **state)
{
    struct world *w = *state;
    static const char *const promised[] = {"target", "label", "severity", "evidence", "effect", "cost", "rank"};
    assert_true(w->findings.n >= 12);
    for (int i = 0; i < w->findings.n; i++) {
        const struct finding *f = &w->findings.list[i];
        if (f->missing != NULL)
            fail_msg("%s: %s", f->name, f->missing);
        if (f->action != NULL && action_find(&w->actions, f->action) == NULL)
            fail_msg("%s: no action is called %s", f->name, f->action);
        if (strlen(f->help) < 80 || f->title == f->name)
            fail_msg("%s: its help does not say what it looks for and from when on", f->name);
        struct result *r = asked(w, f->name, false);
        for (size_t c = 0; c < sizeof(promised) / sizeof(promised[0]); c++)
            if (result_column(r, promised[c]) < 0)
                fail_msg("%s gives no column %s", f->name, promised[c]);
        if (f->action != NULL && (result_column(r, "cost_s") < 0 || result_column(r, "risk") < 0))
            fail_msg("%s has an action, and does not say how long it takes and what may go wrong", f->name);
        assert_int_equal(r->n_rows, 0);
        result_free(r);
    }
}

static void each_gives_the_keys_of_the_rows_that_its_action_is_on(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < w->findings.n; i++) {
        const struct finding *f = &w->findings.list[i];
        const struct action *a = f->action == NULL ? NULL : action_find(&w->actions, f->action);
        struct result *r = asked(w, f->name, false);
        bool any = a == NULL || a->n_on == 0;
        for (int d = 0; a != NULL && d < a->n_on && !any; d++) {
            const struct dataset *on = registry_find(&w->registry, a->on[d]);
            any = true;
            for (int c = 0; c < on->n_columns; c++)
                any = any && (on->columns[c].kind != KIND_KEY || result_column(r, on->columns[c].name) >= 0);
        }
        if (!any)
            fail_msg("%s: action %s cannot know which row is meant", f->name, f->action);
        result_free(r);
    }
}

/* ---- Judged over rows made by hand ---- */

#define INDEX(more) "{\"datid\": 5, \"indexrelid\": 70, \"relid\": 7, \"datname\": \"shop\", \"schema\": \"public\", \"table_name\": \"t\", \"name\": \"t_a\"," \
    "\"is_unique\": 0, \"is_primary\": 0, \"is_constraint\": 0, \"is_partition\": 0, \"is_partitioned\": 0, \"is_valid\": 1, \"is_ready\": 1, \"scans\": 0," \
    "\"unused\": 1, \"size_bytes\": 20971520" more "}"
#define SERVER(days) "{\"instance\": \"postgresql\", \"uptime_s\": " #days "e5}"

static void an_index_is_unused_only_when_statistics_are_a_month_old(void **state)
{
    struct world *w = *state;
    put(w, "indexes", INDEX(""));
    put(w, "server", SERVER(90));
    put(w, "databases", "{\"dbid\": 5, \"datname\": \"shop\", \"stats_reset\": -2505600}"); /* 29 days */
    assert_int_equal(count(w, "unused_index", false), 0);
    check_text(w, "unused_index", true, "lacks", "29d");
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "databases", "{\"dbid\": 5, \"datname\": \"shop\", \"stats_reset\": -2678400}"); /* 31 days */
    check_text(w, "unused_index", false, "label", "t_a");
    assert_int_equal(count(w, "unused_index", true), 0);
}

static void where_statistics_were_never_reset_the_servers_start_counts(void **state)
{
    struct world *w = *state;
    put(w, "indexes", INDEX(""));
    put(w, "databases", "{\"dbid\": 5, \"datname\": \"shop\"}");
    put(w, "server", SERVER(20));
    assert_int_equal(count(w, "unused_index", false), 0);
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "server", SERVER(40));
    assert_int_equal(count(w, "unused_index", false), 1);
}

/* A constraint, a partitioned table or the next insert may need it though nothing was read through it. */
static void an_index_that_something_needs_is_never_to_be_dropped(void **state)
{
    struct world *w = *state;
    static const char *const needed[] = {
        INDEX(", \"is_unique\": 1, \"unused\": 0, \"duplicate_of\": \"t_b\""), INDEX(", \"is_primary\": 1, \"is_unique\": 1, \"unused\": 0, \"duplicate_of\": \"t_b\""),
        INDEX(", \"is_constraint\": 1, \"unused\": 0, \"duplicate_of\": \"t_b\""), INDEX(", \"is_partition\": 1, \"duplicate_of\": \"t_b\""), INDEX(", \"is_partition\": 1"),
        INDEX(", \"is_partitioned\": 1, \"is_valid\": 0, \"unused\": null"), INDEX(", \"size_bytes\": 65536"), INDEX(", \"size_bytes\": 65536, \"duplicate_of\": \"t_b\"")};
    put(w, "server", SERVER(90));
    put(w, "databases", "{\"dbid\": 5, \"datname\": \"shop\", \"stats_reset\": -8e6}");
    put(w, "sessions", "");
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        w->trial.mono_s++, w->trial.wall_s++;
        put(w, "indexes", needed[i]);
        if (count(w, "unused_index", false) + count(w, "duplicate_index", false) + count(w, "invalid_index", false) > 0)
            fail_msg("found: %s", needed[i]);
    }
}

static void an_index_that_is_being_built_is_not_invalid(void **state)
{
    struct world *w = *state;
    put(w, "indexes", INDEX(", \"is_valid\": 0, \"catalog_at\": -60"));
    put(w, "sessions", "{\"pid\": 1, \"backend_start\": -90, \"own\": 0, \"state\": \"active\", \"state_age_s\": 80, \"query\": \"CREATE INDEX CONCURRENTLY t_a ON t(a)\"}");
    assert_int_equal(count(w, "invalid_index", false), 0);
    w->trial.mono_s++, w->trial.wall_s++; /* built since the catalog was read */
    put(w, "sessions", "{\"pid\": 1, \"backend_start\": -90, \"own\": 0, \"state\": \"idle\", \"state_age_s\": 10, \"query\": \"CREATE INDEX CONCURRENTLY t_a ON t(a)\"}");
    assert_int_equal(count(w, "invalid_index", false), 0);
    w->trial.mono_s++, w->trial.wall_s++; /* failed long before */
    put(w, "sessions", "{\"pid\": 1, \"backend_start\": -90, \"own\": 0, \"state\": \"idle\", \"state_age_s\": 80, \"query\": \"CREATE INDEX CONCURRENTLY t_a ON t(a)\"}");
    assert_int_equal(count(w, "invalid_index", false), 1);
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "sessions", "{\"pid\": 1, \"backend_start\": -90, \"own\": 0, \"hidden\": 1}");
    check_text(w, "invalid_index", true, "lacks", "GRANT pg_monitor");
}

#define UNCOUNTED(more) "{\"datid\": 5, \"relid\": 7, \"datname\": \"shop\", \"schema\": \"public\", \"name\": \"t\", \"kind\": \"table\", \"is_system\": 0," \
    "\"autovacuum\": 1, \"heap_bytes\": 1e9, \"index_bytes\": 1e8" more "}"
#define TABLE(more) UNCOUNTED(", \"live_rows\": 1e7" more)

static void old_transaction_ids_are_a_warning_beyond_the_age_at_which_autovacuum_freezes_and_critical_near_the_end(void **state)
{
    struct world *w = *state;
    put(w, "settings", "{\"name\": \"autovacuum_multixact_freeze_max_age\", \"value\": \"400000000\"}");
    put(w, "server", "{\"instance\": \"postgresql\", \"freeze_max_age\": 2e8}");
    put(w, "tables", TABLE(", \"xid_age\": 2.4e8, \"mxid_age\": 1e6"));
    assert_int_equal(count(w, "wraparound", false), 0);
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "tables", TABLE(", \"xid_age\": 2.6e8, \"mxid_age\": 1e6"));
    check_text(w, "wraparound", false, "severity", "warning");
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "tables", TABLE(", \"xid_age\": 1.7e9, \"mxid_age\": 1e6"));
    check_text(w, "wraparound", false, "severity", "critical");
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "tables", TABLE(", \"xid_age\": 1e6, \"mxid_age\": 6e8"));
    check_text(w, "wraparound", false, "evidence", "multixact");
}

static void a_transaction_that_keeps_dead_rows_is_told_where_vacuum_is_advised(void **state)
{
    struct world *w = *state;
    put(w, "tables", TABLE(", \"dead_rows\": 5e6, \"dead_ratio\": 0.33, \"vacuum_debt\": 2.5, \"vacuum_at\": 2e6"));
    put(w, "server", "{\"instance\": \"postgresql\", \"longest_xact_s\": 60, \"longest_xact_pid\": 4711}");
    check_text(w, "dead_rows", false, "effect", "scans read less");
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "server", "{\"instance\": \"postgresql\", \"longest_xact_s\": 7200, \"longest_xact_pid\": 4711}");
    check_text(w, "dead_rows", false, "effect", "pid 4711 holds a transaction open");
}

static void what_is_not_known_is_not_told_as_a_number(void **state)
{
    struct world *w = *state;
    put(w, "server", SERVER(1));
    put(w, "tables", TABLE(", \"dead_rows\": 5e6, \"dead_ratio\": 0.33, \"vacuum_debt\": 2.5, \"vacuum_at\": 2e6, \"analyze_debt\": 3, \"analyze_at\": 1e6, \"mod_since_analyze\": 3e6, \"planner_rows\": 8e6"));
    check_text(w, "dead_rows", false, "evidence", "5.0M dead rows (33 %), no vacuum is known; autovacuum waits for 2.0M");
    check_text(w, "stale_statistics", false, "evidence", "3.0M rows changed, and no ANALYZE is known, the planner reckons with 8.0M rows, it has 10.0M; autovacuum waits for 1.0M");
    w->trial.mono_s++, w->trial.wall_s++; /* the counters were lost: live_rows and dead_ratio are n/a */
    put(w, "tables", UNCOUNTED(", \"dead_rows\": 5e6, \"vacuum_debt\": 2.5, \"vacuum_at\": 2e6, \"analyze_debt\": 3, \"analyze_at\": 1e6, \"mod_since_analyze\": 3e6, \"planner_rows\": 8e6"));
    check_text(w, "dead_rows", false, "evidence", "at least 5.0M dead rows, no vacuum is known; autovacuum waits for 2.0M");
    check_text(w, "stale_statistics", false, "evidence", "at least 3.0M rows changed, and no ANALYZE is known, the planner reckons with 8.0M rows; autovacuum waits for 1.0M");
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "tables", UNCOUNTED(", \"vacuum_at\": 2e6, \"analyze_at\": 1e6, \"planner_rows\": 8e6"));
    assert_int_equal(count(w, "dead_rows", false) + count(w, "stale_statistics", false), 0);
    put(w, "partitions", "{\"datid\": 5, \"relid\": 9, \"datname\": \"shop\", \"schema\": \"public\", \"name\": \"ev\", \"strategy\": \"range\", \"children\": 2, \"newest_name\": \"ev_1\","
                         "\"ahead_s\": -60, \"width_s\": 86400, \"default_name\": \"ev_def\"}");
    check_text(w, "partitions_end", false, "evidence", "the newest of 2 partitions, ev_1, ended 1m00s ago; then rows go to ev_def");
    check_text(w, "partitions_end", false, "cost", "but it reads the default partition under a lock");
}

static void a_slot_is_worth_a_line_when_it_keeps_much_or_nobody_reads_it_for_a_day(void **state)
{
    struct world *w = *state;
    put(w, "slots", "{\"slot_name\": \"s\", \"active\": 0, \"retained_bytes\": 1e8, \"inactive_s\": 3600}, {\"slot_name\": \"r\", \"active\": 1, \"retained_bytes\": 9e9},"
                    "{\"slot_name\": \"y\", \"active\": 0, \"synced\": 1, \"retained_bytes\": 9e9}");
    assert_int_equal(count(w, "unread_slot", false), 0);
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "slots", "{\"slot_name\": \"s\", \"active\": 0, \"retained_bytes\": 1e8, \"inactive_s\": 90000}");
    check_text(w, "unread_slot", false, "severity", "info");
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "slots", "{\"slot_name\": \"s\", \"active\": 0, \"retained_bytes\": 2e9, \"inactive_s\": 60}");
    check_text(w, "unread_slot", false, "severity", "warning");
}

static void pools_of_a_stack_are_held_against_the_slots_of_its_server(void **state)
{
    struct world *w = *state;
    put(w, "targets", "{\"name\": \"shop\", \"stack\": \"web\", \"state\": \"up\"}");
    put(w, "pools", "{\"kind\": \"slots\", \"name\": \"s\", \"max_size\": 97}, {\"kind\": \"app\", \"name\": \"a\", \"max_size\": 90}");
    assert_int_equal(count(w, "connection_limits", false), 0);
    w->trial.mono_s++, w->trial.wall_s++;
    put(w, "pools", "{\"kind\": \"slots\", \"name\": \"s\", \"max_size\": 97}, {\"kind\": \"app\", \"name\": \"a\", \"max_size\": 90},"
                    "{\"kind\": \"app\", \"name\": \"b\", \"max_size\": 40}");
    check_text(w, "connection_limits", false, "evidence", "2 pools may ask for 130 connections, the server has 97");
}

/* ---- The reader ---- */

static bool reads(struct world *w, const char *text, struct findings *out)
{
    struct config c;
    w->err.text[0] = '\0';
    if (!config_parse(text, strlen(text), "f.conf", config_options, n_config_options, &c, &w->err))
        return false;
    bool ok = findings_read(&c, &w->registry, out, &w->err);
    config_done(&c);
    return ok;
}

static void what_cannot_be_asked_is_refused_with_its_place(void **state)
{
    struct world *w = *state;
    static const char *const bad[][2] = {
        {"[finding a]\ntitle = x\n", "f.conf:1: [finding a] sql"},
        {"\n[finding a]\nsql = select nowhere from tables('last')\n", "f.conf:2: [finding a] sql: no such column: nowhere"},
        {"[finding a]\nsql = select target, name as label, 'info' as severity from tables('last')\n", "gives no column 'evidence'"},
        {"[finding a]\nsql = select target, '' as label, '' as severity, '' as evidence from tables\nlacks = select target from tables\n", "[finding a] lacks: the SELECT gives no column 'lacks'"},
        {"[finding a]\nstage = later\nsql = select 1\n", "stage"},
    };
    struct findings f;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (reads(w, bad[i][0], &f) || strstr(w->err.text, bad[i][1]) == NULL)
            fail_msg("'%s' is not '%s'", w->err.text, bad[i][1]);
}

static void a_section_of_the_users_replaces_the_keys_that_it_gives(void **state)
{
    struct world *w = *state;
    struct findings f;
    if (!reads(w, "[finding unused_index]\nenabled = no\n[finding own]\nsql = select target, name as label, 'info' as severity, 'x' as evidence from settings\n", &f))
        fail_msg("%s", w->err.text);
    assert_int_equal(f.n, w->findings.n + 1);
    const struct finding *unused = finding_find(&f, "unused_index"), *own = finding_find(&f, "own");
    assert_false(unused->enabled);
    assert_string_equal(unused->sql, finding_find(&w->findings, "unused_index")->sql);
    assert_true(own->enabled && own->action == NULL && own->uses.n == 1);
    findings_done(&f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(each_has_what_the_page_tells_and_an_action_that_there_is),
        TEST(each_gives_the_keys_of_the_rows_that_its_action_is_on),
        TEST(an_index_is_unused_only_when_statistics_are_a_month_old),
        TEST(where_statistics_were_never_reset_the_servers_start_counts),
        TEST(an_index_that_something_needs_is_never_to_be_dropped),
        TEST(an_index_that_is_being_built_is_not_invalid),
        TEST(old_transaction_ids_are_a_warning_beyond_the_age_at_which_autovacuum_freezes_and_critical_near_the_end),
        TEST(a_transaction_that_keeps_dead_rows_is_told_where_vacuum_is_advised),
        TEST(what_is_not_known_is_not_told_as_a_number),
        TEST(a_slot_is_worth_a_line_when_it_keeps_much_or_nobody_reads_it_for_a_day),
        TEST(pools_of_a_stack_are_held_against_the_slots_of_its_server),
        TEST(what_cannot_be_asked_is_refused_with_its_place),
        TEST(a_section_of_the_users_replaces_the_keys_that_it_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
