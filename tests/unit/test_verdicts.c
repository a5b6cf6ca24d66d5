/* What the panes say of samples made by hand: the verdicts of `now`, and what marks and counts as it does. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/book.h"
#include "cures/cures.h"
#include "core/query.h"
#include "core/store.h"
#include "engine/products.h"
#include "engine/queue.h"
#include "tests/unit/test.h"
#include "tui/page.h"

struct rig {
    struct registry registry;
    struct pages pages;
    struct store *store;
    struct door *door;
};

static int open_rig(void **state)
{
    struct rig *r = calloc(1, sizeof(*r));
    struct err err = {""};
    pages_init(&r->pages);
    if (!products_register(&r->registry, &err) || !alerts_register(&r->registry, &err) || !cures_register(&r->registry, &err) || !pages_add_builtin(&r->pages, &err) ||
        !pages_check(&r->pages, &err))
        fail_msg("%s", err.text);
    r->store =
        store_new((struct store_limits){.series_bytes = 1 << 20, .total_bytes = 4 << 20, .keep_s = 900});
    r->door = door_new(&r->registry, &err);
    *state = r;
    return r->door == NULL;
}

static int close_rig(void **state)
{
    struct rig *r = *state;
    door_free(r->door);
    store_free(r->store);
    pages_done(&r->pages);
    registry_done(&r->registry);
    free(r);
    return 0;
}

static void cell_set(struct sample *s, int row, const char *cell, size_t len)
{
    char name[64], value[400];
    size_t n = strcspn(cell, "=");
    snprintf(name, sizeof(name), "%.*s", (int)n, cell);
    snprintf(value, sizeof(value), "%.*s", (int)(len - n - 1), cell + n + 1);
    int c = dataset_column(s->dataset, name);
    if (c < 0)
        fail_msg("%s has no column %s", s->dataset->name, name);
    if (s->dataset->columns[c].type == TYPE_TEXT)
        sample_set_text(s, c, row, value, strlen(value));
    else if (s->dataset->columns[c].type == TYPE_INT)
        s->values[c].integer[row] = strtoll(value, NULL, 10);
    else
        s->values[c].real[row] = strtod(value, NULL);
}

/* As the engine makes it from the newest samples of pools and locks. */
static void queue_put(struct rig *r, double at)
{
    const struct queue_part part = {store_newest(r->store, "t", registry_find(&r->registry, "pools")),
                                    store_newest(r->store, "t", registry_find(&r->registry, "locks"))};
    struct sample *s = queue_sample(&part, 1, 0, "t");
    s->mono_s = at;
    s->wall_s = 1e9 + at;
    s->epoch = 1;
    store_put(r->store, "t", s);
}

/* A sample taken AT seconds; ROWS is a line per row: "pid=7; state=idle". */
static void put(struct rig *r, const char *dataset, double at, const char *rows)
{
    int n = 0;
    for (const char *line = rows; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n')
        n++;
    struct sample *s = sample_new(registry_find(&r->registry, dataset), n);
    s->mono_s = at;
    s->wall_s = 1e9 + at;
    s->epoch = 1;
    s->reset_s = NAN;
    for (int row = 0; row < n; row++) {
        const char *end = rows + strcspn(rows, "\n");
        while (rows < end) {
            size_t len = strcspn(rows, ";\n");
            cell_set(s, row, rows, len);
            rows += len;
            rows += strspn(rows, "; ");
        }
        rows = end + (*end == '\n');
    }
    store_put(r->store, "t", s);
    if (strcmp(dataset, "pools") == 0 || strcmp(dataset, "locks") == 0)
        queue_put(r, at);
}

static const struct pane *pane_of(const struct rig *r, const char *name)
{
    for (int i = 0; i < r->pages.n_panes; i++)
        if (strcmp(r->pages.panes[i]->name, name) == 0)
            return r->pages.panes[i];
    fail_msg("there is no pane %s", name);
    return NULL;
}

/* Column NAME of the first row of SQL whose text has WORD (any row: ""); "" if there is none. */
static const char *said(struct rig *r, const char *sql, const char *name, const char *word)
{
    static char out[4][600];
    static int next;
    struct err err = {""};
    struct query_param params[] = {{"target", {.type = VALUE_TEXT, .text = "t"}},
                                   {"rows", {.type = VALUE_INT, .integer = 10}}};
    struct snapshot *snapshot = store_snapshot(r->store);
    struct result *result =
        door_run(r->door, snapshot, &(struct query){.sql = sql, .params = params, .n_params = 2}, &err);
    snapshot_unref(snapshot);
    if (result == NULL)
        fail_msg("%s", err.text);
    char *text = out[next++ % 4];
    text[0] = '\0';
    int from = result_column(result, "text"), column = result_column(result, name);
    for (int i = 0; i < result->n_rows && text[0] == '\0'; i++) {
        const struct value *found = from < 0 ? NULL : result_at(result, i, from);
        if (word[0] != '\0' &&
            (found == NULL || found->type != VALUE_TEXT || strstr(found->text, word) == NULL))
            continue;
        const struct value *v = result_at(result, i, column);
        if (v->type == VALUE_TEXT)
            snprintf(text, sizeof(out[0]), "%s", v->text);
        else if (v->type != VALUE_NULL)
            snprintf(text, sizeof(out[0]), "%g", value_real(v));
    }
    result_free(result);
    return text;
}

static const char *now(struct rig *r, const char *column, const char *word)
{
    return said(r, pane_of(r, "now")->sql, column, word);
}

#define EDGE "pid=2; holder_pid=1; root_pid=1; depth=1; holder_mode=ExclusiveLock; locktype=transactionid; "

static void a_holder_is_named_when_both_samples_show_its_transaction(void **state)
{
    put(*state, "locks", 100, EDGE "wait_s=3; holder_state=active; holder_xact_age_s=8");
    put(*state, "sessions", 100.4,
        "pid=1; usename=web; state=active; state_age_s=8.4; xact_age_s=8.4; backend_age_s=50; query=update "
        "t");
    assert_string_equal(now(*state, "text", "blocks"),
                        "pid 1 blocks 1 for 3.0 s: active 8.4 s (web), runs update t");
}

static void a_session_that_is_in_no_transaction_any_more_is_not_blamed(void **state)
{
    put(*state, "locks", 100, EDGE "wait_s=3; holder_state=active; holder_xact_age_s=8");
    put(*state, "sessions", 100.4,
        "pid=1; usename=web; state=idle; state_age_s=0.2; backend_age_s=50; query=commit");
    assert_string_equal(now(*state, "text", "wait"), "1 session waits 3.0 s for locks");
}

static void a_transaction_younger_than_the_wait_is_not_blamed(void **state)
{
    put(*state, "locks", 100, EDGE "wait_s=3; holder_state=active; holder_xact_age_s=8");
    put(*state, "sessions", 100.4,
        "pid=1; usename=web; state=active; state_age_s=0.2; xact_age_s=0.2; backend_age_s=50; query=update "
        "t");
    assert_string_equal(now(*state, "text", "wait"), "1 session waits 3.0 s for locks");
}

static void samples_of_different_moments_blame_nobody(void **state)
{
    put(*state, "locks", 100, EDGE "wait_s=3; holder_state=active; holder_xact_age_s=8");
    put(*state, "sessions", 106,
        "pid=1; usename=web; state=active; state_age_s=14; xact_age_s=14; backend_age_s=50; query=update t");
    assert_string_equal(now(*state, "text", "wait"), "1 session waits 3.0 s for locks");
}

static void who_holds_an_advisory_lock_needs_no_transaction(void **state)
{
    put(*state, "locks", 100,
        "pid=2; holder_pid=1; root_pid=1; depth=1; holder_mode=ExclusiveLock; locktype=advisory; wait_s=3; "
        "holder_state=idle");
    put(*state, "sessions", 100.4,
        "pid=1; usename=web; state=idle; state_age_s=20; backend_age_s=50; query=select pg_advisory_lock(1)");
    assert_string_equal(
        now(*state, "text", "blocks"),
        "pid 1 blocks 1 for 3.0 s: idle 20.0 s (web), after select pg_advisory_lock(1)");
}

static void a_holder_whose_state_is_hidden_is_named_without_it(void **state)
{
    put(*state, "locks", 100, EDGE "wait_s=3");
    put(*state, "sessions", 100.4, "pid=1; usename=web; hidden=1; backend_age_s=50");
    assert_string_equal(now(*state, "text", "blocks"), "pid 1 blocks 1 for 3.0 s");
}

static const char *queue(struct rig *r, const char *column)
{
    return said(r, pane_of(r, "queue")->sql, column, "lock");
}

#define IDLE(s) "holder_state=idle in transaction; holder_xact_age_s=60; holder_state_age_s=" s "; "

static void a_lock_queue_is_a_verdict_from_one_second_and_critical_from_ten(void **state)
{
    static const struct {
        const char *locks, *level;
    } rows[] = {
        {EDGE IDLE("0.9") "wait_s=0.9\npid=3; holder_pid=1; root_pid=1; wait_s=0.9", ""},
        {EDGE IDLE("4") "wait_s=1", "warning"},
        {EDGE IDLE("60") "wait_s=9", "warning"},
        {EDGE IDLE("4") "wait_s=3\npid=3; holder_pid=1; root_pid=1; wait_s=2", "warning"},
        {EDGE IDLE("5.5") "wait_s=3\npid=3; holder_pid=1; root_pid=1; wait_s=2", "critical"},
        {EDGE "holder_state=active; holder_xact_age_s=60; holder_state_age_s=60; wait_s=9.9", "warning"},
        {EDGE "holder_state=active; holder_xact_age_s=60; holder_state_age_s=60; wait_s=10", "critical"},
    };
    put(*state, "sessions", 99,
        "pid=1; usename=web; state=idle in transaction; state_age_s=4; xact_age_s=60; backend_age_s=80");
    for (int i = 0; i < (int)(sizeof(rows) / sizeof(rows[0])); i++) {
        put(*state, "locks", 100 + 0.1 * i, rows[i].locks);
        assert_string_equal(now(*state, "level", "blocks"), rows[i].level);
        assert_string_equal(queue(*state, "level"), rows[i].level);
    }
}

#define SLOTS "kind=slots; name=instance; max_size=57; "

static void full_slots_are_told_with_all_that_are_taken(void **state)
{
    put(*state, "pools", 100, SLOTS "in_use=57; own=6; utilization=1");
    assert_string_equal(now(*state, "text", "slots"),
                        "connection slots 100 % full: 57 of 57 taken (6 by dbvitals)");
    assert_string_equal(now(*state, "level", "slots"), "critical");
    assert_string_equal(said(*state, pane_of(*state, "queue")->sql, "level", "slots"), "critical");
}

static void a_pool_that_only_we_are_in_is_never_marked(void **state)
{
    put(*state, "pools", 100, "kind=role; name=mon; max_size=2; own_limit=1; in_use=2; own=2; utilization=1");
    assert_string_equal(now(*state, "text", "mon"), "");
    assert_string_equal(said(*state, pane_of(*state, "queue")->sql, "level", "mon"), "");
    assert_string_equal(said(*state, pane_of(*state, "pools")->sql, "utilization", ""), "1");
    assert_string_equal(said(*state, pane_of(*state, "pools")->sql, "filled_ratio", ""), "");
    put(*state, "pools", 101, "kind=role; name=mon; max_size=2; own_limit=1; in_use=2; own=1; utilization=1");
    assert_string_equal(now(*state, "text", "mon"), "role mon 100 % full: 2 of 2 taken (1 by dbvitals)");
    assert_string_equal(said(*state, pane_of(*state, "pools")->sql, "filled_ratio", ""), "1");
}

static void a_table_without_autovacuum_says_so_first_and_no_absurd_number(void **state)
{
    put(*state, "tables", 100,
        "datid=5; relid=7; schema=public; name=events; live_rows=9; dead_rows=50000; vacuum_debt=1000; autovacuum=0");
    assert_string_equal(now(*state, "text", "vacuum"),
                        "vacuum is behind: autovacuum is off for events, 50,000 dead rows, over 100 times "
                        "what autovacuum starts at (never vacuumed or analyzed)");
    put(*state, "tables", 101,
        "datid=5; relid=7; schema=a; name=events; dead_rows=50000; vacuum_debt=4; autovacuum=1; "
        "analyze_age_s=7");
    assert_string_equal(
        now(*state, "text", "vacuum"),
        "vacuum is behind: a.events has 50,000 dead rows, 4.0 times what autovacuum starts at");
}

static void counts_of_sessions_are_clients_without_ours_and_workers_apart(void **state)
{
    put(*state, "sessions", 100,
        "pid=1; backend_type=client backend; own=0; state=active\n"
        "pid=2; backend_type=parallel worker; own=0; state=active\n"
        "pid=3; backend_type=walsender; own=0; state=active\n"
        "pid=4; backend_type=client backend; own=1; state=active\n"
        "pid=5; backend_type=client backend; own=1; state=idle\n"
        "pid=6; backend_type=client backend; own=0; state=idle");
    char sql[2000];
    snprintf(sql, sizeof(sql), "select note as text from (select (%s) as note)",
             pane_of(*state, "sessions")->note);
    assert_string_equal(said(*state, sql, "text", ""), "1 active   0 idle in tx   1 idle   +1 parallel");
}

static void where_our_own_transactions_are_many_it_is_said(void **state)
{
    put(*state, "server", 100, "instance=x; xact=1000; xact_own=500; xact_commit=900; xact_rollback=100");
    put(*state, "server", 102, "instance=x; xact=1080; xact_own=576; xact_commit=980; xact_rollback=100");
    assert_string_equal(said(*state, pane_of(*state, "vitals")->note, "xact_per_s_note", ""),
                        "about 38 of them ours");
    put(*state, "server", 104, "instance=x; xact=3080; xact_own=652; xact_commit=2980; xact_rollback=100");
    assert_string_equal(said(*state, pane_of(*state, "vitals")->note, "xact_per_s_note", ""),
                        "0 % rolled back");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        TEST(a_holder_is_named_when_both_samples_show_its_transaction),
        TEST(a_session_that_is_in_no_transaction_any_more_is_not_blamed),
        TEST(a_transaction_younger_than_the_wait_is_not_blamed),
        TEST(samples_of_different_moments_blame_nobody),
        TEST(who_holds_an_advisory_lock_needs_no_transaction),
        TEST(a_holder_whose_state_is_hidden_is_named_without_it),
        TEST(a_lock_queue_is_a_verdict_from_one_second_and_critical_from_ten),
        TEST(a_table_without_autovacuum_says_so_first_and_no_absurd_number),
        TEST(counts_of_sessions_are_clients_without_ours_and_workers_apart),
        TEST(where_our_own_transactions_are_many_it_is_said),
        TEST(full_slots_are_told_with_all_that_are_taken),
        TEST(a_pool_that_only_we_are_in_is_never_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
