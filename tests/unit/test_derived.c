/* The datasets that the engine makes itself: waits, changes, sampled statements, from hand-made samples. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "engine/derived.h"
#include "engine/engine.h"
#include "engine/products.h"
#include "engine/target.h"

#include <cmocka.h>

// clang-format off
enum { S_PID, S_STATE, S_CLASS, S_EVENT, S_USER, S_APP, S_QUERYID, S_OWN, S_QUERY, S_DB, S_AGE, S_TYPE };
static const struct column session_columns[] = {
    [S_PID] = {"pid", KIND_KEY, TYPE_INT, .help = "x"},            [S_STATE] = {"state", KIND_LABEL, TYPE_TEXT, .help = "x"},
    [S_CLASS] = {"wait_class", KIND_LABEL, TYPE_TEXT, .help = "x"}, [S_EVENT] = {"wait_event", KIND_LABEL, TYPE_TEXT, .help = "x"},
    [S_USER] = {"usename", KIND_LABEL, TYPE_TEXT, .help = "x"},     [S_APP] = {"application_name", KIND_LABEL, TYPE_TEXT, .help = "x"},
    [S_QUERYID] = {"queryid", KIND_LABEL, TYPE_INT, .help = "x"},   [S_OWN] = {"own", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "x"},
    [S_QUERY] = {"query", KIND_TEXT, TYPE_TEXT, .help = "x"},       [S_DB] = {"datname", KIND_LABEL, TYPE_TEXT, .help = "x"},
    [S_AGE] = {"query_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "x"}, [S_TYPE] = {"backend_type", KIND_LABEL, TYPE_TEXT, .help = "x"},
};
static const struct dataset sessions = {.name = "sessions", .help = "x", .columns = session_columns, .n_columns = 12, .whole = true};
enum { T_NAME, T_SETTING, T_CONTEXT, T_OWN };
static const struct column setting_columns[] = {
    [T_NAME] = {"name", KIND_KEY, TYPE_TEXT, .help = "x"}, [T_SETTING] = {"shown", KIND_LABEL, TYPE_TEXT, .help = "x"},
    [T_CONTEXT] = {"context", KIND_LABEL, TYPE_TEXT, .help = "x"}, [T_OWN] = {"own", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "x"}};
static const struct dataset settings = {.name = "settings", .help = "x", .columns = setting_columns, .n_columns = 4, .whole = true};
enum { I_KEY, I_STARTED, I_UPTIME, I_LOADED };
static const struct column server_columns[] = {
    [I_KEY] = {"instance", KIND_KEY, TYPE_INT, .help = "x"}, [I_STARTED] = {"started", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "x"},
    [I_UPTIME] = {"uptime_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "x"}, [I_LOADED] = {"conf_loaded", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "x"}};
static const struct dataset server = {.name = "server", .help = "x", .columns = server_columns, .n_columns = 4, .whole = true};
// clang-format on

static void text(struct sample *s, int column, int row, const char *value)
{
    if (value != NULL)
        sample_set_text(s, column, row, value, strlen(value));
}

static void session(struct sample *s, int row, int64_t pid, const char *state, const char *class, const char *event, double own)
{
    s->values[S_PID].integer[row] = pid;
    s->values[S_QUERYID].integer[row] = 77;
    s->values[S_OWN].real[row] = own;
    s->values[S_AGE].real[row] = 2.5;
    text(s, S_STATE, row, state);
    text(s, S_CLASS, row, class);
    text(s, S_EVENT, row, event);
    text(s, S_USER, row, "shop");
    text(s, S_APP, row, "web");
    text(s, S_DB, row, "db");
    text(s, S_QUERY, row, pid % 2 == 0 ? "select 1" : "select  2");
}

/* Three active (two on the CPU, one of them ours; one waits for a lock) and one idle in a transaction. */
static struct sample *sessions_at(double mono_s)
{
    struct sample *s = sample_new(&sessions, 4);
    s->mono_s = s->wall_s = mono_s;
    session(s, 0, 1, "active", NULL, NULL, 0);
    session(s, 1, 2, "active", "Lock", "transactionid", 0);
    session(s, 2, 3, "active", NULL, NULL, 1);
    session(s, 3, 4, "idle in transaction", "Client", "ClientRead", 0);
    return s;
}

static double real_of(const struct sample *s, const char *column, int row)
{
    return sample_real(s, dataset_column(s->dataset, column), row);
}

static const char *text_of(const struct sample *s, const char *column, int row)
{
    return sample_text(s, dataset_column(s->dataset, column), row);
}

struct rig {
    void *state;
    struct target target;
    struct engine *engine;
    struct registry registry;
    struct loop *loop;
};

static void rig_open(struct rig *r, const struct derived *d)
{
    *r = (struct rig){.state = mem_new(d->state_size), .loop = loop_new()};
    registry_init(&r->registry);
    struct engine_options options = {.refresh_s = 1, .first_s = 1, .budget_ratio = 0.01, .memory_bytes = 1 << 20};
    r->engine = engine_new(r->loop, &r->registry, &options);
    r->target = (struct target){.engine = r->engine, .config = {.name = "t"}};
}

static void rig_close(struct rig *r, const struct derived *d)
{
    d->state_done(r->state);
    free(r->state);
    engine_free(r->engine);
    registry_done(&r->registry);
    loop_free(r->loop);
}

static void waits_credit_measured_time_to_active_sessions(void **unused)
{
    (void)unused;
    const struct derived *d = &derived_waits;
    struct rig r;
    rig_open(&r, d);
    struct sample *first = sessions_at(100), *second = sessions_at(102.5);
    struct sample *a = d->make(&r.target, r.state, first, NULL), *b = d->make(&r.target, r.state, second, first);
    assert_int_equal(a->n_rows, 2);
    assert_int_equal(b->n_rows, 2);
    for (int i = 0; i < 2; i++) { /* ours and the idle one count nowhere; each of the others 2.5 s */
        assert_true(real_of(a, "active_s", i) == 0);
        assert_true(real_of(b, "active_s", i) == 2.5);
        assert_string_equal(text_of(b, "usename", i), "shop");
    }
    assert_string_equal(text_of(b, "wait_class", 0), "CPU*");
    assert_string_equal(text_of(b, "wait_event", 1), "transactionid");
    sample_unref(a), sample_unref(b), sample_unref(first), sample_unref(second);
    rig_close(&r, d);
}

static void only_clients_and_their_parallel_workers_are_load(void **unused)
{
    (void)unused;
    static const char *const types[] = {"client backend", "parallel worker", "walsender", "autovacuum worker"};
    const struct derived *d = &derived_waits;
    struct rig r;
    rig_open(&r, d);
    struct sample *s = sample_new(&sessions, 4);
    s->mono_s = s->wall_s = 100;
    for (int i = 0; i < 4; i++) {
        session(s, i, i, "active", "IO", types[i], 0); /* an event of its own each, so a row of its own */
        text(s, S_TYPE, i, types[i]);
    }
    struct sample *made = d->make(&r.target, r.state, s, NULL);
    assert_int_equal(made->n_rows, 2);
    assert_string_equal(text_of(made, "wait_event", 0), "client backend");
    assert_string_equal(text_of(made, "wait_event", 1), "parallel worker");
    sample_unref(made), sample_unref(s);
    rig_close(&r, d);
}

static void waits_after_a_long_gap_credit_little(void **unused)
{
    (void)unused;
    const struct derived *d = &derived_waits;
    struct rig r;
    rig_open(&r, d);
    struct sample *first = sessions_at(100), *second = sessions_at(400);
    sample_unref(d->make(&r.target, r.state, first, NULL));
    struct sample *b = d->make(&r.target, r.state, second, first);
    assert_true(real_of(b, "active_s", 0) == 15);
    sample_unref(b), sample_unref(first), sample_unref(second);
    rig_close(&r, d);
}

static struct sample *settings_of(const char *work_mem)
{
    struct sample *s = sample_new(&settings, 2);
    text(s, T_NAME, 0, "port");
    text(s, T_SETTING, 0, "5432");
    text(s, T_NAME, 1, "work_mem");
    text(s, T_SETTING, 1, work_mem);
    s->wall_s = 1000;
    return s;
}

static void changes_tell_a_setting_once_with_both_values(void **unused)
{
    (void)unused;
    const struct derived *d = &derived_changes;
    struct rig r;
    rig_open(&r, d);
    struct sample *before = settings_of("4096"), *after = settings_of("65536");
    struct sample *none = d->make(&r.target, r.state, before, before), *one = d->make(&r.target, r.state, after, before);
    assert_null(none);
    assert_non_null(one);
    assert_int_equal(one->n_rows, 1);
    assert_string_equal(text_of(one, "what", 0), "work_mem");
    assert_string_equal(text_of(one, "old_value", 0), "4096");
    assert_string_equal(text_of(one, "new_value", 0), "65536");
    assert_true(real_of(one, "at_time", 0) == 1000);
    sample_unref(one), sample_unref(before), sample_unref(after);
    rig_close(&r, d);
}

static void what_only_follows_or_is_ours_is_no_change(void **unused)
{
    (void)unused;
    const struct derived *d = &derived_changes;
    struct rig r;
    rig_open(&r, d);
    struct sample *before = settings_of("143 MB"), *follows = settings_of("144 MB"), *ours = settings_of("145 MB");
    text(follows, T_CONTEXT, 1, "internal");
    ours->values[T_OWN].real[1] = 1;
    assert_null(d->make(&r.target, r.state, follows, before));
    assert_null(d->make(&r.target, r.state, ours, before));
    sample_unref(before), sample_unref(follows), sample_unref(ours);
    rig_close(&r, d);
}

/* The server's clock is an hour ahead of ours. */
static struct sample *server_at(double wall_s, double loaded_s)
{
    struct sample *s = sample_new(&server, 1);
    s->wall_s = s->mono_s = wall_s;
    s->values[I_KEY].integer[0] = 1;
    s->values[I_STARTED].real[0] = 3600;
    s->values[I_UPTIME].real[0] = wall_s;
    s->values[I_LOADED].real[0] = 3600 + loaded_s;
    return s;
}

static void after_a_reload_settings_are_read_at_once_and_stamped_with_it(void **unused)
{
    (void)unused;
    const struct derived *d = &derived_changes;
    struct rig r;
    rig_open(&r, d);
    struct feed feed = {.dataset = &settings, .next_due_s = HUGE_VAL};
    r.target.feeds = &feed;
    r.target.n_feeds = 1;
    struct sample *quiet = server_at(990, 500), *quiet_too = server_at(991, 500), *reloaded = server_at(1000, 998.5);
    struct sample *before = settings_of("4 MB"), *after = settings_of("64 MB");
    before->wall_s = 950;
    after->wall_s = 1000.2;
    assert_null(d->make(&r.target, r.state, quiet_too, quiet));
    assert_true(isinf(feed.next_due_s));
    assert_null(d->make(&r.target, r.state, reloaded, quiet_too));
    assert_true(feed.next_due_s <= loop_mono_s());
    struct sample *made = d->make(&r.target, r.state, after, before);
    assert_true(fabs(real_of(made, "at_time", 0) - 998.5) < 1e-6);
    sample_unref(made), sample_unref(before), sample_unref(after), sample_unref(quiet), sample_unref(quiet_too), sample_unref(reloaded);
    rig_close(&r, d);
}

static struct sample *target_of(struct rig *r, enum source_state state)
{
    r->target.state = state;
    r->target.product = &(const struct product){.name = "p"};
    return derived_targets.make(&r->target, NULL, NULL, NULL);
}

/* Changes in the state of a target that goes FROM one TO another. */
static int changes_of_state(enum source_state from, enum source_state to)
{
    const struct derived *d = &derived_changes;
    struct rig r;
    rig_open(&r, d);
    struct sample *before = target_of(&r, from), *after = target_of(&r, to), *made = d->make(&r.target, r.state, after, before);
    int n = made == NULL ? 0 : made->n_rows;
    sample_unref(made), sample_unref(before), sample_unref(after);
    rig_close(&r, d);
    return n;
}

static void coming_to_know_a_target_is_no_change_of_it(void **unused)
{
    (void)unused;
    assert_int_equal(changes_of_state(SOURCE_CONNECTING, SOURCE_UP), 0);
    assert_int_equal(changes_of_state(SOURCE_UP, SOURCE_DOWN), 1);
    assert_int_equal(changes_of_state(SOURCE_DOWN, SOURCE_UP), 1);
}

static void changes_watches_columns_that_exist(void **unused)
{
    (void)unused;
    struct registry r;
    struct err err = {0};
    assert_true(products_register(&r, &err));
    if (!changes_check(&r, &err))
        fail_msg("%s", err.text);
    registry_done(&r);
}

static void changes_are_bounded_and_keep_the_newest(void **unused)
{
    (void)unused;
    const struct derived *d = &derived_changes;
    struct rig r;
    rig_open(&r, d);
    struct sample *a = settings_of("1"), *b = settings_of("2"), *last = NULL;
    for (int i = 0; i < 250; i++) {
        sample_unref(last);
        last = d->make(&r.target, r.state, i % 2 == 0 ? b : a, i % 2 == 0 ? a : b);
    }
    assert_int_equal(last->n_rows, 200);
    assert_true(last->values[0].integer[0] == 250);
    sample_unref(last), sample_unref(a), sample_unref(b);
    rig_close(&r, d);
}

static void sampled_statements_are_grouped_without_literals(void **unused)
{
    (void)unused;
    const struct derived *d = &derived_sampled_statements;
    struct rig r;
    rig_open(&r, d);
    struct sample *first = sessions_at(100), *second = sessions_at(101);
    sample_unref(d->make(&r.target, r.state, first, NULL));
    struct sample *b = d->make(&r.target, r.state, second, first);
    assert_int_equal(b->n_rows, 1);
    assert_string_equal(text_of(b, "query", 0), "select ?");
    assert_true(real_of(b, "active_s", 0) == 2); /* two sessions for one second */
    assert_true(real_of(b, "running", 0) == 2);
    assert_true(real_of(b, "longest_s", 0) == 2.5);
    sample_unref(b), sample_unref(first), sample_unref(second);
    rig_close(&r, d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_credit_measured_time_to_active_sessions),
        cmocka_unit_test(only_clients_and_their_parallel_workers_are_load),
        cmocka_unit_test(waits_after_a_long_gap_credit_little),
        cmocka_unit_test(changes_tell_a_setting_once_with_both_values),
        cmocka_unit_test(what_only_follows_or_is_ours_is_no_change),
        cmocka_unit_test(after_a_reload_settings_are_read_at_once_and_stamped_with_it),
        cmocka_unit_test(coming_to_know_a_target_is_no_change_of_it),
        cmocka_unit_test(changes_watches_columns_that_exist),
        cmocka_unit_test(changes_are_bounded_and_keep_the_newest),
        cmocka_unit_test(sampled_statements_are_grouped_without_literals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
