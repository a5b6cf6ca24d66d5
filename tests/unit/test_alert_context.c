/* What a target looked like when an alert fired: taken, kept in the file, shown again, and bounded. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/alerts.h"
#include "alerts/context.h"
#include "engine/products.h"
#include "tests/golden/world.h"
#include "tests/unit/test.h"

static struct result *run(struct world *w, const char *sql, const struct query_param *params, int n)
{
    struct err err = {""};
    struct query q = {.sql = sql, .params = params, .n_params = n};
    struct snapshot *s = store_snapshot(w->store);
    struct result *r = door_run(w->door, s, &q, &err);
    snapshot_unref(s);
    if (r == NULL)
        fail_msg("%s", err.text);
    return r;
}

static int count(const struct result *rows, const char *kind)
{
    int n = 0, column = result_column(rows, "kind");
    for (int i = 0; i < rows->n_rows; i++)
        n += strcmp(result_at(rows, i, column)->text, kind) == 0;
    return n;
}

static struct result *take(struct world *w)
{
    const struct query_param of[] = {{"target", {VALUE_TEXT, .text = "shop"}},
                                     {"rule", {VALUE_TEXT, .text = "a 'rule'"}},
                                     {"key", {VALUE_TEXT, .text = "cache=\"x\""}},
                                     {"severity", {VALUE_TEXT, .text = "critical"}},
                                     {"at", {VALUE_REAL, .real = 1785585600.5}}};
    return run(w, context_take_sql, of, 5);
}

static struct result *read_back(struct world *w, const char *json)
{
    const struct query_param of[] = {{"json", {VALUE_TEXT, .text = json}},
                                     {"id", {VALUE_TEXT, .text = "0123456789abcdef"}},
                                     {"number", {VALUE_INT, .integer = 4}}};
    return run(w, context_rows_sql, of, 3);
}

static void a_moment_of_a_large_server_is_bounded(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_LARGE);
    struct result *taken = take(&w), *rows = read_back(&w, result_at(taken, 0, 0)->text);
    assert_true(strlen(result_at(taken, 0, 0)->text) < 200 << 10);
    assert_int_equal(count(rows, "session"), 50);
    assert_int_equal(count(rows, "lock"), 50);
    assert_int_equal(count(rows, "statement"), 20);
    result_free(rows);
    result_free(taken);
    world_done(&w);
}

static bool keep_all(void *ctx, const char *id, int64_t number)
{
    (void)ctx, (void)id, (void)number;
    return true;
}

static const char *text_at(const struct sample *s, const char *column, int row)
{
    return sample_text(s, dataset_column(s->dataset, column), row);
}

static void what_was_taken_is_read_back_as_it_was(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, WORLD_TROUBLE);
    struct result *taken = take(&w), *rows = read_back(&w, result_at(taken, 0, 0)->text);
    struct sample *s = context_sample(NULL, keep_all, NULL, &rows, 1);
    assert_string_equal(text_at(s, "alert_id", 0), "0123456789abcdef");
    assert_string_equal(text_at(s, "rule", 0), "a 'rule'");
    assert_string_equal(text_at(s, "alert_key", 0), "cache=\"x\"");
    assert_string_equal(text_at(s, "state", 0), "idle in transaction"); /* the oldest transaction */
    assert_int_equal(sample_int(s, dataset_column(s->dataset, "pid"), 0), 4711);
    assert_true(sample_real(s, dataset_column(s->dataset, "fired_at"), 0) == 1785585600.5);
    assert_true(isnan(sample_real(s, dataset_column(s->dataset, "wait_s"), 0))); /* that is of locks */
    struct sample *both = context_sample(s, keep_all, NULL, &rows, 1);
    assert_int_equal(both->n_rows, 2 * s->n_rows);
    assert_string_equal(text_at(both, "query", s->n_rows), text_at(s, "query", 0));
    sample_unref(both);
    sample_unref(s);
    result_free(rows);
    result_free(taken);
    world_done(&w);
}

/* ---- The file, and what is shown of it ---- */

struct bench {
    char directory[64];
    struct registry registry;
    struct config config;
    struct loop *loop;
    struct engine *engine;
    struct query_thread *queries;
    struct alerts *alerts;
    double end_s;
};

enum { CONTEXTS = 40 };

/* 40 moments of 60 kB; the first is that of the alert that fires. */
static void fill_file(struct bench *b)
{
    struct err err = {""};
    bool held;
    struct state *s = state_open(b->loop, b->directory, &held, &err);
    struct rules none = {.n = 0};
    struct book *book = book_new(&none);
    assert_non_null(s);
    struct alert *fires = book_restore(book, "target_down", "shop", "");
    fires->state.phase = PHASE_FIRING;
    fires->state.level = LEVEL_CRITICAL;
    fires->state.transitions = fires->snapshot = 1;
    state_put_alert(s, fires);
    for (int i = 0; i < CONTEXTS; i++) {
        char id[20], filler[60001] = "";
        struct text json;
        memset(filler, 'x', 60000);
        snprintf(id, sizeof(id), "%016d", i);
        text_init(&json, 1 << 20);
        text_addf(&json,
                  "{\"target\":\"shop\",\"at\":%d,\"sessions\":[{\"pid\":%d,\"query\":\"\\u001b%s\"}]}",
                  1000 + i, i, filler);
        state_put_context(s, 1, i == 0 ? fires->id : id, text_str(&json));
        text_done(&json);
    }
    state_put_context(s, 1, "notjson", "{");
    state_close(s, 5);
    book_free(book);
}

static const struct sample *shown(const struct bench *b)
{
    return store_newest(engine_store(b->engine), "shop", &alert_context_dataset);
}

static void start(struct bench *b, const char *directory)
{
    struct err err = {""};
    bool held;
    struct engine_options engine_options = {
        .refresh_s = 1, .first_s = 1, .budget_ratio = 0.05, .memory_bytes = 24 << 20};
    struct target_config target = {
        .name = "shop", .url = "postgresql://127.0.0.1:1/x", .stack = "", .env = "", .connect_timeout_s = 5};
    struct alerts_options options = {
        .config = &b->config, .registry = &b->registry, .state_directory = directory, .source = "test"};
    b->engine = engine_new(b->loop, &b->registry, &engine_options);
    b->queries = query_thread_new(b->loop, &b->registry, &err);
    if (b->queries == NULL || !engine_add(b->engine, &target, &err) ||
        (b->alerts = alerts_new(b->loop, b->engine, b->queries, &options, &held, &err)) == NULL)
        fail_msg("%s", err.text);
}

static void on_poll(void *ctx)
{
    loop_stop(ctx);
}

/* Until N contexts are shown, for at most ten seconds. */
static int wait_shown(struct bench *b, int n)
{
    struct loop_timer *poll = loop_timer_new(b->loop, on_poll, b->loop);
    loop_timer_start(poll, 0.01, 0.01);
    double end_s = loop_mono_s() + 10;
    while ((shown(b) == NULL || shown(b)->n_rows < n) && loop_mono_s() < end_s)
        loop_run(b->loop);
    loop_timer_free(poll);
    return shown(b) == NULL ? 0 : shown(b)->n_rows;
}

static int begin(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    struct err err = {""};
    char path[100];
    snprintf(b->directory, sizeof(b->directory), "/tmp/dbvitals-context-XXXXXX");
    *state = b;
    if (mkdtemp(b->directory) == NULL || !products_register(&b->registry, &err) ||
        !alerts_register(&b->registry, &err))
        return -1;
    snprintf(path, sizeof(path), "%s/conf", b->directory);
    FILE *f = fopen(path, "w");
    fputs("[rules]\npacks = none\n", f);
    fclose(f);
    chmod(path, 0600);
    b->loop = loop_new();
    return config_read(path, &b->config, &err) ? 0 : -1;
}

static int end(void **state)
{
    struct bench *b = *state;
    static const char *const files[] = {"conf", "lock", "state.db", "state.db-wal", "state.db-shm"};
    alerts_free(b->alerts);
    query_thread_free(b->queries);
    engine_free(b->engine);
    loop_free(b->loop);
    config_done(&b->config);
    registry_done(&b->registry);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[100];
        snprintf(path, sizeof(path), "%s/%s", b->directory, files[i]);
        unlink(path);
    }
    rmdir(b->directory);
    free(b);
    return 0;
}

static void the_file_s_moments_are_shown_again_within_a_megabyte(void **state)
{
    struct bench *b = *state;
    fill_file(b);
    start(b, b->directory);
    int n = wait_shown(b, 16);
    assert_in_range(n, 16, 17); /* 1 MiB of 60 kB each */
    bool first = false, last = false, middle = false;
    for (int i = 0; i < n; i++) {
        int64_t pid = sample_int(shown(b), dataset_column(&alert_context_dataset, "pid"), i);
        first = first || pid == 0; /* fires: it stays though it is the oldest */
        last = last || pid == CONTEXTS - 1;
        middle = middle || pid == CONTEXTS / 2;
    }
    assert_true(first && last && !middle);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_of_a_large_server_is_bounded),
        cmocka_unit_test(what_was_taken_is_read_back_as_it_was),
        cmocka_unit_test_setup_teardown(the_file_s_moments_are_shown_again_within_a_megabyte, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
