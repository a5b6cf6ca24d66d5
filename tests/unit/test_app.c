/* Applications over HTTP: the shapes of pools and caches in JSON, Prometheus text, and what is not told. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "collectors/app/app.h"
#include "collectors/app/prom.h"
#include "core/text.h"

#include <cmocka.h>

#define assert_real(a, b) assert_float_equal(a, b, 1e-9)
#define assert_none(a) assert_true(isnan(a))

/* A target called shop, its words, and what was read. */
struct world {
    struct app_words *words;
    struct app_reading reading;
    struct sample *sample;
    struct err err;
};

static bool begin(struct world *w, const struct target_word *words, const char *text)
{
    *w = (struct world){.words = NULL};
    struct target_config config = {
        .name = "shop", .url = "http://127.0.0.1/", .stack = "", .env = "", .words = words};
    const char *key;
    w->words = app_words_new(&config, &key, &w->err);
    if (w->words == NULL)
        fail_msg("%s", w->err.text);
    app_reading_init(&w->reading);
    return app_read(w->words, text, strlen(text), &w->reading, &w->err);
}

static void end(struct world *w)
{
    sample_unref(w->sample);
    app_reading_done(&w->reading);
    app_words_unref(w->words);
}

static struct sample *sample_of(struct world *w, const struct dataset *d)
{
    sample_unref(w->sample);
    w->sample = app_sample(w->words, &w->reading, d, &w->err);
    if (w->sample == NULL)
        fail_msg("%s", w->err.text);
    return w->sample;
}

/* The number that the sample has; NAN too where the whole column is not there. */
static double at(struct world *w, int row, const char *column)
{
    int c = dataset_column(w->sample->dataset, column);
    return sample_has(w->sample, c) ? sample_real(w->sample, c, row) : NAN;
}

static const char *text_at(struct world *w, int row, const char *column)
{
    return sample_text(w->sample, dataset_column(w->sample->dataset, column), row);
}

static void read_pools(struct world *w, const struct target_word *words, const char *text, int n)
{
    if (!begin(w, words, text))
        fail_msg("%s", w->err.text);
    assert_int_equal(sample_of(w, &dataset_pools)->n_rows, n);
}

/* ---- JSON ---- */

// clang-format off
static const struct shape {
    const char *text, *shape;
    double in_use, idle, waiting, max_size, size;
} shapes[] = {
    {"{\"size\":5,\"checked_in\":4,\"checked_out\":1,\"overflow\":-4,\"total_connections\":5}", "SQLAlchemy pool", 1, 4, NAN, NAN, 5},
    {"{\"status\":\"healthy\",\"connection\":true,\"pool\":{\"size\":5,\"checked_in\":0,\"checked_out\":7,\"overflow\":2,\"max_overflow\":10}}", "SQLAlchemy pool", 7, 0, NAN, 15, 5},
    {"{\"totalCount\":20,\"idleCount\":5,\"waitingCount\":3}", "node-postgres pool", 15, 5, 3, NAN, NAN},
    {"{\"pg\":{\"total\":20,\"idle\":5,\"waiting\":3,\"max\":50}}", NULL, 15, 5, 3, 50, NAN},
    {"{\"totalConnections\":10,\"activeConnections\":9,\"idleConnections\":1,\"threadsAwaitingConnection\":4,\"maxPoolSize\":10}", "HikariCP", 9, 1, 4, 10, NAN},
    {"{\"TotalConns\":8,\"AcquiredConns\":6,\"IdleConns\":2,\"MaxConns\":10,\"CanceledAcquireCount\":3}", "pgx pool", 6, 2, NAN, 10, NAN},
    {"{\"MaxOpenConnections\":0,\"OpenConnections\":4,\"InUse\":3,\"Idle\":1}", "Go database/sql", 3, 1, NAN, NAN, NAN},
};
// clang-format on

static void assert_same(const char *what, const char *text, double is, double should)
{
    if (isnan(is) != isnan(should) || (!isnan(is) && fabs(is - should) > 1e-9))
        fail_msg("%s of %s: %g, not %g", what, text, is, should);
}

static void shapes_of_known_pools_are_recognised(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const struct shape *s = &shapes[i];
        struct world w;
        read_pools(&w, NULL, s->text, 1);
        assert_same("in_use", s->text, at(&w, 0, "in_use"), s->in_use);
        assert_same("idle", s->text, at(&w, 0, "idle"), s->idle);
        assert_same("waiting", s->text, at(&w, 0, "waiting"), s->waiting);
        assert_same("max_size", s->text, at(&w, 0, "max_size"), s->max_size);
        assert_same("size", s->text, at(&w, 0, "size"), s->size);
        assert_same("utilization", s->text, at(&w, 0, "utilization"), s->in_use / s->max_size);
        if ((w.reading.shape == NULL) != (s->shape == NULL) ||
            (s->shape != NULL && strcmp(w.reading.shape, s->shape) != 0))
            fail_msg("%s is %s", s->text, w.reading.shape);
        end(&w);
    }
}

static void a_pool_of_20_with_40_more_is_full_at_60(void **state)
{
    (void)state;
    static const struct target_word words[] = {{"pool.max_overflow", "40"}, {NULL, NULL}};
    struct world w;
    read_pools(&w, words, "{\"size\":20,\"checked_in\":0,\"checked_out\":30,\"overflow\":10}", 1);
    assert_real(at(&w, 0, "max_size"), 60);
    assert_real(at(&w, 0, "utilization"), 0.5);
    assert_string_equal(text_at(&w, 0, "name"), "shop");
    end(&w);
}

static void what_is_not_told_has_no_value_and_says_which_key_tells_it(void **state)
{
    (void)state;
    struct world w;
    read_pools(&w, NULL, "{\"size\":5,\"checked_in\":4,\"checked_out\":1,\"overflow\":0}", 1);
    int waiting = dataset_column(&dataset_pools, "waiting"),
        utilization = dataset_column(&dataset_pools, "utilization");
    assert_false(sample_has(w.sample, waiting));
    assert_non_null(strstr(w.sample->why[waiting], "pool.waiting = $.path in [target shop]"));
    assert_false(sample_has(w.sample, utilization));
    assert_non_null(strstr(w.sample->why[utilization], "pool.max_overflow"));
    assert_null(app_sample(w.words, &w.reading, &dataset_caches, &w.err));
    assert_non_null(strstr(w.err.text, "cache.hits"));
    end(&w);
}

static void paths_lead_to_numbers_of_any_shape(void **state)
{
    (void)state;
    static const struct target_word words[] = {{"pool.in_use", "$.a.busy"}, {"pool.max_size", "$.limits[1]"},
                                               {"pool.name", "main"},       {"cache.hits", "$.c.h"},
                                               {"cache.misses", "$.c.m"},   {NULL, NULL}};
    struct world w;
    read_pools(&w, words, "{\"a\":{\"busy\":7,\"name\":\"x\"},\"limits\":[1,14],\"c\":{\"h\":90,\"m\":10}}",
               1);
    assert_real(at(&w, 0, "in_use"), 7);
    assert_real(at(&w, 0, "utilization"), 0.5);
    assert_string_equal(text_at(&w, 0, "name"), "main");
    assert_int_equal(sample_of(&w, &dataset_caches)->n_rows, 1);
    assert_real(at(&w, 0, "hits"), 90);
    assert_real(at(&w, 0, "misses"), 10);
    end(&w);
}

static void words_that_can_mean_nothing_are_refused_with_their_key(void **state)
{
    (void)state;
    static const struct target_word wrong[] = {
        {"pool.size", "$.a["},
        {"pool.size", "$..size"},
        {"pool.size", "abc def"},
        {"pool.size", "$.x]"},
        {"pool.size", "$a"},
        {"pool.size", "$.a."},
        {"pool.size", "$[x]"},
        {"pool.size", "$.\"a"},
        {"pool.size", "-5"},
        {"pool.size", "5x"},
        {"pool.size", "a.b"},
        {"cache.hits", "m{x=\"1\"}"},
        {"caches", "nodollar"},
        {"caches", "5"},
        {"pools", "$.x["},
        {"pool.name", "$."},
        {"latency", "a-b"},
        {"latency", "a_bucket"},
        {"latency", "a, $.b"},
        {"header", "no colon"},
        {"header", "X-A: 1\nX B: 2"},
        {"header", "X-A:"},
        {"header", "X-A: 1\r2"},
        {"token", "a\nb"},
        {"ca_file", "/nowhere/ca.pem"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const struct target_word words[] = {wrong[i], {NULL, NULL}};
        struct target_config config = {
            .name = "shop", .url = "http://h/", .stack = "", .env = "", .words = words};
        const char *key = "url";
        struct err err = {""};
        if (app_product.check(&config, &key, &err) || strcmp(key, wrong[i].key) != 0 || err.text[0] == '\0')
            fail_msg("%s = %s: %s: %s", wrong[i].key, wrong[i].value, key, err.text);
        if (strcmp(key, "header") == 0 && strstr(err.text, "X-A") != NULL)
            fail_msg("a header may be a secret: %s", err.text);
    }
}

static void words_that_mean_something_are_taken(void **state)
{
    (void)state;
    static const struct target_word words[] = {{"pools", "$"},
                                               {"caches", "$.a[0].b"},
                                               {"pool.size", "$.\"a.b\"[#-1].c"},
                                               {"pool.in_use", "my:metric_1"},
                                               {"pool.max_size", "60"},
                                               {"pool.max_overflow", "-1"},
                                               {"pool.name", "the main one"},
                                               {"cache.name", "5"},
                                               {"latency", "a, b\nc"},
                                               {"header", "X-A: 1\nX-B:2"},
                                               {"token", "t"},
                                               {NULL, NULL}};
    struct target_config config = {
        .name = "shop", .url = "http://h/", .stack = "", .env = "", .words = words};
    const char *key = "url";
    struct err err = {""};
    if (!app_product.check(&config, &key, &err))
        fail_msg("%s: %s", key, err.text);
}

/* In words that are said of much else a pool is told by where it stands. */
static void other_things_that_are_counted_are_no_pools(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int pools;
    } texts[] = {
        {"{\"jobs\":{\"pending\":12,\"active\":3,\"total\":15},\"pool\":{\"size\":20,\"checked_in\":5,"
         "\"checked_out\":15,\"overflow\":-5,\"max_overflow\":40}}",
         1},
        {"{\"status\":\"ok\",\"memory\":{\"total\":16000,\"used\":9000,\"free\":7000,\"active\":8000}}", 0},
        {"{\"status\":\"ok\",\"users\":{\"active\":120,\"total\":500}}", 0},
        {"{\"status\":\"ok\",\"bots\":{\"total\":50,\"active\":50,\"idle\":0}}", 0},
        {"{\"status\":\"ok\",\"users\":{\"totalCount\":500,\"active\":120}}", 0},
        {"{\"status\":\"ok\",\"feedback\":{\"size\":500,\"active\":120}}", 0},
        {"{\"status\":\"ok\",\"thread_pool\":{\"size\":8,\"active\":8,\"pending\":3}}", 0},
        {"{\"status\":\"ok\",\"database\":{\"users\":{\"active\":5,\"total\":9}}}", 0},
        {"{\"status\":\"ok\",\"active\":120,\"total\":500}", 0},
        {"{\"status\":\"ok\",\"pending\":12,\"active\":3,\"total\":15}", 0},
        {"{\"db\":{\"active\":3,\"size\":10}}", 1},
        {"{\"database\":{\"stats\":{\"active\":3,\"size\":10}}}", 1},
        {"{\"userDb\":{\"active\":3,\"idle\":10}}", 1},
        {"{\"connections\":{\"primary\":{\"active\":3,\"idle\":1},\"replica\":{\"active\":2,\"idle\":2}}}",
         2},
        {"{\"x\":{\"in_use\":3,\"pool_size\":10}}", 1},
        {"{\"total\":20,\"idle\":5,\"waiting\":3,\"max\":50}", 1},
        {"{\"in_use\":3,\"idle\":1,\"max_size\":10,\"waiting\":0}", 1},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world w;
        if (!begin(&w, NULL, texts[i].text))
            fail_msg("%s: %s", texts[i].text, w.err.text);
        if (w.reading.things[APP_POOL].n != texts[i].pools)
            fail_msg("%s: %d pools", texts[i].text, w.reading.things[APP_POOL].n);
        end(&w);
    }
}

static void the_path_of_the_url_says_what_the_whole_answer_is(void **state)
{
    (void)state;
    static const char text[] =
        "{\"status\":\"ok\",\"active\":3,\"size\":10,\"jobs\":{\"active\":1,\"total\":9}}";
    static const struct {
        const char *url;
        int pools;
    } urls[] = {
        {"http://h/database/connections", 1}, {"http://h/api/pool?x=1", 1}, {"http://h/db", 1},
        {"http://pool.h/jobs?of=pool", 0},    {"http://pool.h", 0},         {"http://h/thread-pool", 0}};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct target_config config = {.name = "shop", .url = urls[i].url, .stack = "", .env = ""};
        const char *key;
        struct err err = {""};
        struct app_words *words = app_words_new(&config, &key, &err);
        struct app_reading r;
        app_reading_init(&r);
        assert_true(app_read(words, text, strlen(text), &r, &err));
        if (r.things[APP_POOL].n != urls[i].pools)
            fail_msg("%s: %d pools", urls[i].url, r.things[APP_POOL].n);
        app_reading_done(&r);
        app_words_unref(words);
    }
}

static void several_pools_are_rows_of_their_names(void **state)
{
    (void)state;
    static const char text[] = "{\"pools\":{\"orders\":{\"total\":10,\"idle\":4,\"waiting\":0},\"stock\":{"
                               "\"total\":5,\"idle\":5,\"waiting\":1}},"
                               "\"caches\":[{\"name\":\"query\",\"hits\":5,\"misses\":1,\"ttl\":60},{"
                               "\"name\":\"news\",\"hits\":0,\"misses\":0}]}";
    struct world w;
    read_pools(&w, NULL, text, 2);
    assert_string_equal(text_at(&w, 0, "name"), "orders");
    assert_string_equal(text_at(&w, 1, "name"), "stock");
    assert_real(at(&w, 0, "in_use"), 6);
    assert_real(at(&w, 1, "waiting"), 1);
    assert_int_equal(sample_of(&w, &dataset_caches)->n_rows, 2);
    assert_string_equal(text_at(&w, 0, "name"), "query");
    assert_real(at(&w, 0, "ttl_s"), 60);
    assert_none(at(&w, 1, "ttl_s"));
    end(&w);
}

static void a_path_to_several_pools_makes_the_others_relative(void **state)
{
    (void)state;
    static const struct target_word words[] = {{"pools", "$.list"},
                                               {"pool.in_use", "$.n.busy"},
                                               {"pool.max_size", "10"},
                                               {"pool.name", "$.id"},
                                               {NULL, NULL}};
    struct world w;
    read_pools(&w, words,
               "{\"list\":[{\"id\":\"a\",\"n\":{\"busy\":1}},{\"id\":\"a\",\"n\":{\"busy\":2}},{\"id\":3,"
               "\"n\":{\"busy\":5}}]}",
               3);
    assert_real(at(&w, 2, "utilization"), 0.5);
    assert_string_equal(text_at(&w, 0, "name"), "a");
    assert_string_equal(text_at(&w, 1, "name"), "a-2"); /* two of one name are two rows */
    assert_string_equal(text_at(&w, 2, "name"), "3");
    end(&w);
}

static void an_application_that_is_not_well_says_so_in_errors(void **state)
{
    (void)state;
    struct world w;
    assert_true(begin(&w, NULL, "{\"status\":\"unhealthy\",\"connection\":false}"));
    assert_string_equal(w.reading.health, "unhealthy");
    assert_int_equal(sample_of(&w, &dataset_errors)->n_rows, 1);
    assert_string_equal(text_at(&w, 0, "severity"), "unhealthy");
    assert_none(at(&w, 0, "errors"));
    end(&w);
    assert_true(begin(&w, NULL, "{\"status\":\"healthy\",\"connection\":true}"));
    assert_null(w.reading.health);
    end(&w);
}

static void a_text_that_holds_json_is_text(void **state)
{
    (void)state;
    struct world w;
    assert_true(begin(&w, NULL,
                      "{\"log\":\"{\\\"pool\\\":{\\\"size\\\":5,\\\"checked_out\\\":9,"
                      "\\\"checked_in\\\":0}}\",\"status\":\"ok\"}"));
    assert_int_equal(w.reading.things[APP_POOL].n, 0);
    end(&w);
    read_pools(&w, NULL, "{\"pool\":{\"name\":\"[main]\",\"size\":5,\"checked_out\":3,\"checked_in\":2}}", 1);
    assert_string_equal(text_at(&w, 0, "name"), "[main]");
    end(&w);
    static const struct target_word several[] = {{"pools", "$.p"}, {"pool.in_use", "$.busy"}, {NULL, NULL}};
    assert_false(begin(&w, several, "{\"p\":\"[{\\\"busy\\\":1}]\"}"));
    assert_non_null(strstr(w.err.text, "is no object and no list"));
    end(&w);
    assert_true(begin(&w, NULL, "{\"status\":\"{down}\"}"));
    assert_string_equal(w.reading.health, "{down}");
    end(&w);
}

static void an_answer_that_tells_nothing_is_refused_in_words(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", "nothing"},
        {" \n", "nothing"},
        {"<html>", "web page"},
        {"{\"a\":", "begins like JSON"},
        {"[1,2", "begins like"},
        {"{\"a\":1}", "no pool and no cache"},
        {"\x1f\x8b\b", "compressed (gzip)"},
        {"hello", "neither JSON"},
        {"one two three\nfour five", "neither JSON"},
        {"{\"memory\":{\"total\":5,\"used\":4,\"idle\":1}}", "no pool"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world w;
        if (begin(&w, NULL, texts[i][0]) || strstr(w.err.text, texts[i][1]) == NULL)
            fail_msg("'%s': %s", texts[i][0], w.err.text);
        end(&w);
    }
}

static void a_number_that_is_a_text_is_told_as_that(void **state)
{
    (void)state;
    struct world w;
    assert_false(begin(&w, NULL, "{\"pool\":{\"size\":\"20\",\"checked_out\":\"3\",\"checked_in\":\"17\"}}"));
    assert_non_null(strstr(w.err.text, "size is a text, not a number"));
    end(&w);
    read_pools(&w, NULL, "{\"pool\":{\"size\":\"20\",\"checked_out\":3,\"checked_in\":17}}", 1);
    int size = dataset_column(&dataset_pools, "size");
    assert_false(sample_has(w.sample, size));
    assert_non_null(strstr(w.sample->why[size], "size is a text, not a number"));
    assert_real(at(&w, 0, "in_use"), 3);
    end(&w);
    /* Texts that are no numbers, or of what is no pool. */
    assert_false(
        begin(&w, NULL, "{\"pool\":{\"size\":\"big\",\"checked_out\":\"\"},\"memory\":{\"size\":\"5\"}}"));
    assert_non_null(strstr(w.err.text, "no pool and no cache"));
    end(&w);
}

static void too_many_members_are_told_as_that(void **state)
{
    (void)state;
    struct text t;
    struct world w;
    text_init(&t, 1 << 20);
    for (int i = 0; i < 5000; i++)
        text_addf(&t, "%s\"p%d\":{\"size\":5,\"checked_in\":4,\"checked_out\":1}", i == 0 ? "{" : ",", i);
    text_add(&t, "}");
    assert_false(begin(&w, NULL, text_str(&t)));
    assert_non_null(strstr(w.err.text, "too many members (at most 500"));
    assert_null(strstr(w.err.text, "recognised"));
    end(&w);
    text_done(&t);
}

static void json_has_no_number_below_zero_where_none_can_be(void **state)
{
    (void)state;
    static const struct target_word words[] = {
        {"pool.in_use", "$.busy"}, {"pool.idle", "$.idle"}, {NULL, NULL}};
    struct world w;
    read_pools(&w, words, "{\"busy\":-7,\"idle\":2}", 1);
    assert_none(at(&w, 0, "in_use"));
    assert_real(at(&w, 0, "idle"), 2);
    end(&w);
}

static void a_path_that_leads_to_no_number_is_told_with_its_key(void **state)
{
    (void)state;
    static const struct {
        const char *text, *key, *path, *says;
    } texts[] = {
        {"{\"b\":1}", "pool.in_use", "$.a",
         "$.a, which pool.in_use of [target shop] names, is not there, or null"},
        {"{\"a\":null}", "pool.in_use", "$.a",
         "$.a, which pool.in_use of [target shop] names, is not there, or null"},
        {"{\"a\":\"7\"}", "pool.in_use", "$.a",
         "$.a, which pool.in_use of [target shop] names, is no number"},
        {"{\"a\":{\"b\":7}}", "pool.in_use", "$.a",
         "$.a, which pool.in_use of [target shop] names, is no number"},
        {"{\"a\":-4}", "pool.in_use", "$.a", "$.a, which pool.in_use of [target shop] names, is below zero"},
        {"{\"a\":-4}", "cache.hits", "$.a", "$.a, which cache.hits of [target shop] names, is below zero"},
        {"{\"b\":1}", "pools", "$.a", "$.a, which pools of [target shop] names, is not there, or null"},
        {"{\"a\":1}", "caches", "$.a", "$.a, which caches of [target shop] names, is no object and no list"},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct target_word words[] = {{texts[i].key, texts[i].path}, {NULL, NULL}};
        struct world w;
        if (begin(&w, words, texts[i].text) || strstr(w.err.text, texts[i].says) == NULL ||
            strstr(w.err.text, "recognised") != NULL)
            fail_msg("%s: %s", texts[i].text, w.err.text);
        end(&w);
    }
}

/* And where other numbers are there. */
static void a_column_and_a_dataset_say_which_path_leads_to_no_number(void **state)
{
    (void)state;
    static const struct target_word words[] = {{"pools", "$.p"},        {"pool.in_use", "$.busy"},
                                               {"pool.idle", "$.free"}, {"pool.max_size", "$.max"},
                                               {"cache.hits", "$.h"},   {NULL, NULL}};
    struct world w;
    read_pools(&w, words, "{\"p\":[{\"free\":1,\"busy\":-2},{\"free\":2}]}", 2);
    int in_use = dataset_column(&dataset_pools, "in_use");
    assert_false(sample_has(w.sample, in_use));
    assert_string_equal(w.sample->why[in_use],
                        "$.busy in $.p, which pool.in_use of [target shop] names, is not there, or null");
    assert_non_null(
        strstr(w.sample->why[dataset_column(&dataset_pools, "utilization")], "$.max in $.p, which"));
    assert_null(app_sample(w.words, &w.reading, &dataset_caches, &w.err));
    assert_string_equal(w.err.text, "$.h, which cache.hits of [target shop] names, is not there, or null");
    sample_of(&w, &dataset_access);
    for (int row = 0; row < w.sample->n_rows; row++)
        if (strcmp(text_at(&w, row, "what"), "caches") == 0)
            assert_string_equal(text_at(&w, row, "why"), w.err.text);
    end(&w);
}

/* SQLAlchemy's pool_timeout is 30 s, not 30 requests that got no connection. */
static void how_long_a_request_may_wait_is_no_count_of_timeouts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double timeouts;
    } texts[] = {
        {"{\"size\":5,\"checked_in\":4,\"checked_out\":1,\"timeout\":30}", NAN},
        {"{\"size\":5,\"checked_in\":4,\"checked_out\":1,\"timeout\":30,\"timeouts\":2}", 2},
        {"{\"size\":5,\"checked_in\":4,\"checked_out\":1,\"timeout_count\":3}", 3},
        {"{\"size\":5,\"checked_in\":4,\"checked_out\":1,\"timeouts_total\":4}", 4},
        {"sqlalchemy_pool_size 5\nsqlalchemy_pool_timeout 30\n", NAN},
        {"hikaricp_connections_active 5\nhikaricp_connections_timeout_total 6\n", 6},
        {"db_client_connections_timeouts_total 7\n", 7},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world w;
        read_pools(&w, NULL, texts[i].text, 1);
        assert_same("timeouts", texts[i].text, at(&w, 0, "timeouts"), texts[i].timeouts);
        end(&w);
    }
}

/* ---- Prometheus ---- */

static void every_line_of_the_format_is_understood(void **state)
{
    (void)state;
    static const char text[] =
        "# HELP a text\n# TYPE a counter\na 1\nb{} 2\nc{x=\"1\",} 3 1700000000000\n"
        "d { x = \"a\\\"b\\\\c\\nd\" , y=\"\" }\t+Inf\r\ne{le=\"0.1\"} 4 # {trace=\"z\"} 0.05 17\n"
        "{\"db.client.x\",\"pool.name\"=\"p\"} 5\nf.g 6\n# EOF\n";
    struct prom p;
    struct prom_line l;
    prom_init(&p, text, strlen(text));
    assert_true(prom_next(&p, &l) && strcmp(l.name, "a") == 0 && l.value == 1 && l.n_labels == 0);
    assert_true(prom_next(&p, &l) && strcmp(l.name, "b") == 0 && l.value == 2 && l.n_labels == 0);
    assert_true(prom_next(&p, &l) && strcmp(prom_label(&l, "x"), "1") == 0 && l.value == 3);
    assert_true(prom_next(&p, &l) && strcmp(prom_label(&l, "x"), "a\"b\\c\nd") == 0 && isinf(l.value));
    assert_string_equal(prom_label(&l, "y"), "");
    assert_true(prom_next(&p, &l) && strcmp(l.name, "e") == 0 && l.value == 4);
    assert_true(prom_next(&p, &l) && strcmp(l.name, "db_client_x") == 0 &&
                strcmp(prom_label(&l, "pool_name"), "p") == 0 && l.value == 5);
    assert_true(prom_next(&p, &l) && strcmp(l.name, "f_g") == 0 && l.value == 6);
    assert_false(prom_next(&p, &l));
    assert_int_equal(p.bad, 0);
}

static void text_that_begins_with_a_name_in_quotes_is_no_json(void **state)
{
    (void)state;
    struct world w;
    read_pools(&w, NULL,
               "{\"db.client.connection.count\",\"db.client.connection.pool.name\"=\"p\","
               "\"db.client.connection.state\"=\"used\"} 7\n"
               "{\"db.client.connection.max\",\"db.client.connection.pool.name\"=\"p\"} 9\n",
               1);
    assert_string_equal(text_at(&w, 0, "name"), "p");
    assert_real(at(&w, 0, "in_use"), 7);
    assert_real(at(&w, 0, "max_size"), 9);
    assert_false(w.reading.json);
    assert_string_equal(w.err.text, "");
    assert_null(app_sample(w.words, &w.reading, &dataset_latency, &w.err));
    assert_non_null(strstr(w.err.text, "its metrics have none"));
    end(&w);
    /* A first line that is cut short, and others behind it. */
    read_pools(&w, NULL, "{\"a\",\nhikaricp_connections_active 3\nhikaricp_connections_max 5\n", 1);
    end(&w);
}

static void bad_lines_are_left_out_and_counted(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "a",   "a{",   "a{x}", "a{x=}", "a{x=\"", "a{x=\"1\"",           "a{x=\"1\"}",
        "a b", "1a 2", "a 2x", "{} 1",  "{\"a\"", "a{x=\"1\" y=\"2\"} 3"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct prom p;
        struct prom_line l;
        prom_init(&p, lines[i], strlen(lines[i]));
        if (prom_next(&p, &l) || p.bad != 1)
            fail_msg("'%s' was read as %s", lines[i], l.name);
    }
}

static void pools_of_known_exporters_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        double in_use, idle, waiting, max_size;
    } texts[] = {
        {"hikaricp_connections{pool=\"p\"} 10\nhikaricp_connections_active{pool=\"p\"} "
         "9\nhikaricp_connections_idle{pool=\"p\"} 1\n"
         "hikaricp_connections_pending{pool=\"p\"} 2\nhikaricp_connections_max{pool=\"p\"} "
         "10\nhikaricp_connections_timeout_total{pool=\"p\"} 1\n",
         "p", 9, 1, 2, 10},
        {"db_client_connection_count{db_client_connection_pool_name=\"p\",db_client_connection_state="
         "\"used\"} 3\n"
         "db_client_connection_count{db_client_connection_pool_name=\"p\",db_client_connection_state="
         "\"idle\"} 2\n"
         "db_client_connection_max{db_client_connection_pool_name=\"p\"} "
         "6\ndb_client_connection_pending_requests{db_client_connection_pool_name=\"p\"} 1\n",
         "p", 3, 2, 1, 6},
        {"db_client_connections_usage{pool_name=\"p\",state=\"used\"} "
         "3\ndb_client_connections_usage{pool_name=\"p\",state=\"idle\"} 2\n",
         "p", 3, 2, NAN, NAN},
        {"sqlalchemy_pool_size 5\nsqlalchemy_pool_checked_out 4\nsqlalchemy_pool_checkedin "
         "1\nsqlalchemy_pool_overflow -1\nsqlalchemy_pool_max_overflow 3\n",
         "shop", 4, 1, NAN, 8},
        {"pgxpool_acquired_conns{db=\"x\"} 4\npgxpool_idle_conns 1\npgxpool_max_conns 8\n", "shop", 4, 1, NAN,
         8},
        {"db_connection_pool_size 10\ndb_pool_active_connections 7\n", "shop", 7, NAN, NAN, NAN},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world w;
        read_pools(&w, NULL, texts[i].text, 1);
        assert_string_equal(text_at(&w, 0, "name"), texts[i].name);
        assert_same("in_use", texts[i].text, at(&w, 0, "in_use"), texts[i].in_use);
        assert_same("idle", texts[i].text, at(&w, 0, "idle"), texts[i].idle);
        assert_same("waiting", texts[i].text, at(&w, 0, "waiting"), texts[i].waiting);
        assert_same("max_size", texts[i].text, at(&w, 0, "max_size"), texts[i].max_size);
        end(&w);
    }
}

static void caches_and_errors_of_prometheus_are_counters(void **state)
{
    (void)state;
    static const char text[] =
        "cache_hits_total{pool=\"query\"} 80\ncache_misses_total{pool=\"query\"} 20\n"
        "cache_gets_total{cache=\"m\",result=\"hit\"} 7\ncache_gets_total{cache=\"m\",result=\"miss\"} 3\n"
        "http_requests_total{method=\"GET\",status=\"200\"} "
        "90\nhttp_requests_total{method=\"POST\",status=\"201\"} 4\n"
        "http_requests_total{method=\"GET\",status=\"503\"} 6\n"
        "db_errors_total{sqlstate=\"40P01\"} 2\njobs_errors_total 3\njobs_requests_total "
        "30\ndb_slow_queries_total 5\n"
        "process_start_time_seconds 1.7e9\n";
    struct world w;
    assert_true(begin(&w, NULL, text));
    assert_real(w.reading.started_s, 1.7e9);
    assert_int_equal(sample_of(&w, &dataset_caches)->n_rows, 2);
    assert_real(at(&w, 0, "hits"), 80);
    assert_real(at(&w, 1, "misses"), 3);
    assert_int_equal(sample_of(&w, &dataset_errors)->n_rows, 4);
    const char *const names[] = {"http_requests", "db 40P01", "jobs", "db_slow_queries"};
    const double errors[] = {6, 2, 3, 5}, requests[] = {100, NAN, 30, NAN};
    for (int i = 0; i < 4; i++) {
        assert_string_equal(text_at(&w, i, "name"), names[i]);
        assert_same(names[i], "errors", at(&w, i, "errors"), errors[i]);
        assert_same(names[i], "requests", at(&w, i, "requests"), requests[i]);
    }
    assert_string_equal(text_at(&w, 1, "sqlstate"), "40P01");
    assert_string_equal(text_at(&w, 3, "severity"), "slow");
    end(&w);
}

static void prometheus_has_no_number_below_zero_where_none_can_be(void **state)
{
    (void)state;
    static const char text[] =
        "cache_hits_total{cache=\"x\"} -7\ncache_misses_total{cache=\"x\"} 3\n"
        "db_pool_size{shard=\"a\"} 5\ndb_pool_size{shard=\"b\"} -1\ndb_pool_size{shard=\"c\"} 5\n"
        "db_pool_in_use 4\n";
    struct world w;
    read_pools(&w, NULL, text, 1);
    assert_real(at(&w, 0, "in_use"), 4);
    assert_none(at(&w, 0, "size")); /* a sum that lacks a part */
    assert_int_equal(sample_of(&w, &dataset_caches)->n_rows, 1);
    assert_none(at(&w, 0, "hits"));
    assert_real(at(&w, 0, "misses"), 3);
    end(&w);
}

static void of_two_metrics_that_tell_the_same_the_first_counts_and_the_named_one_before_it(void **state)
{
    (void)state;
    static const char text[] =
        "connection_pool_size{w=\"1\"} 20\ndb_connection_pool_size 60\nconnection_pool_size{w=\"2\"} 5\n"
        "connection_pool_checkedout 3\nmine 9\nmine{w=\"2\"} 1\ndb_pool_in_use 4\n";
    static const struct target_word words[] = {{"pool.in_use", "mine"}, {NULL, NULL}};
    struct world w;
    read_pools(&w, NULL, text, 1);
    assert_real(at(&w, 0, "size"), 25);
    assert_real(at(&w, 0, "in_use"), 3);
    end(&w);
    read_pools(&w, words, text, 1);
    assert_real(at(&w, 0, "size"), 25);
    assert_real(at(&w, 0, "in_use"), 10);
    end(&w);
}

static const struct {
    const char *text;
    const char *names[3]; /* in the order of the text */
    double in_use[3], max_size[3];
} parted[] = {
    {"pgxpool_acquired_conns{db=\"x\"} 3\npgxpool_max_conns{db=\"x\"} 4\n"
     "pgxpool_acquired_conns{db=\"y\"} 1\npgxpool_max_conns{db=\"y\"} 4\n",
     {"x", "y"},
     {3, 1},
     {4, 4}},
    {"pgxpool_acquired_conns{database=\"x\",instance=\"i\"} "
     "3\npgxpool_max_conns{database=\"x\",instance=\"i\"} 4\n"
     "pgxpool_acquired_conns{database=\"y\",instance=\"i\"} "
     "1\npgxpool_max_conns{instance=\"i\",database=\"y\"} 4\n",
     {"x", "y"},
     {3, 1},
     {4, 4}},
    {"hikaricp_connections_active{application=\"a\",pool=\"HikariPool-1\"} 3\n"
     "hikaricp_connections_active{application=\"b\",pool=\"HikariPool-1\"} 9\n"
     "hikaricp_connections_max{application=\"a\",pool=\"HikariPool-1\"} 10\n"
     "hikaricp_connections_max{application=\"b\",pool=\"HikariPool-1\"} 10\n",
     {"HikariPool-1 a", "HikariPool-1 b"},
     {3, 9},
     {10, 10}},
    {"hikaricp_connections_active{application=\"a\",pool=\"p\"} "
     "3\nhikaricp_connections_max{application=\"a\",pool=\"p\"} 5\n"
     "hikaricp_connections_active{application=\"b\",pool=\"q\"} "
     "4\nhikaricp_connections_max{application=\"b\",pool=\"q\"} 6\n",
     {"p", "q"},
     {3, 4},
     {5, 6}},
    {"sqlalchemy_pool_checkedout 60\nsqlalchemy_pool_size 60\nsqlalchemy_pool_max_overflow 0\n"
     "pgxpool_acquired_conns{db=\"x\"} 3\npgxpool_max_conns{db=\"x\"} 4\n"
     "pgxpool_acquired_conns{db=\"y\"} 1\npgxpool_max_conns{db=\"y\"} 4\n",
     {"shop", "x", "y"},
     {60, 3, 1},
     {60, 4, 4}},
    {"db_pool_in_use 60\npgxpool_acquired_conns 3\npgxpool_max_conns 4\n",
     {"shop", "shop-2"},
     {60, 3},
     {NAN, 4}},
    {"db_client_connections_usage{pool_name=\"p\",state=\"used\",host=\"a\"} 3\n"
     "db_client_connections_usage{pool_name=\"p\",state=\"idle\",host=\"a\"} 2\n"
     "db_client_connections_max{pool_name=\"p\",host=\"a\"} 5\n",
     {"p"},
     {3},
     {5}},
};

/* Each of them may be full while the others are not. */
static void pools_are_told_apart_by_the_labels_in_which_they_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(parted) / sizeof(parted[0]); i++) {
        struct world w;
        int n = 0;
        while (n < 3 && parted[i].names[n] != NULL)
            n++;
        read_pools(&w, NULL, parted[i].text, n);
        for (int row = 0; row < n; row++) {
            assert_string_equal(text_at(&w, row, "name"), parted[i].names[row]);
            assert_same("in_use", parted[i].text, at(&w, row, "in_use"), parted[i].in_use[row]);
            assert_same("max_size", parted[i].text, at(&w, row, "max_size"), parted[i].max_size[row]);
        }
        end(&w);
    }
}

/* Whatever stands before it. */
static void a_metric_that_the_target_names_joins_the_pool_that_is_there(void **state)
{
    (void)state;
    static const char text[] =
        "mine 9\nsqlalchemy_pool_size 20\nsqlalchemy_pool_max_overflow 5\npgxpool_max_conns 4\n"
        "pgxpool_acquired_conns 3\n";
    static const struct target_word own[] = {{"pool.in_use", "mine"}, {NULL, NULL}};
    static const struct target_word library[] = {{"pool.in_use", "pgxpool_max_conns"}, {NULL, NULL}};
    struct world w;
    read_pools(&w, own, text, 2);
    assert_real(at(&w, 0, "in_use"), 9);
    assert_real(at(&w, 0, "max_size"), 25);
    assert_real(at(&w, 1, "in_use"), 3);
    end(&w);
    read_pools(&w, library, text, 2);
    assert_none(at(&w, 0, "in_use"));
    assert_real(at(&w, 1, "in_use"), 4);
    end(&w);
}

/* They are one row, however many samples they have. */
static void long_names_of_pools_are_cut_and_stay_one_row(void **state)
{
    (void)state;
    struct text t;
    struct world w;
    text_init(&t, 1 << 16);
    for (int i = 0; i < 2; i++) {
        text_addf(&t, "hikaricp_connections_%s{pool=\"", i == 0 ? "active" : "max");
        for (int k = 0; k < 150; k++)
            text_add(&t, "\xff\xe6");
        text_add(&t, "\"} 5\n");
    }
    read_pools(&w, NULL, text_str(&t), 1);
    assert_real(at(&w, 0, "utilization"), 1);
    text_done(&t);
    end(&w);
}

static void only_histograms_that_speak_of_a_database_or_requests_are_taken(void **state)
{
    (void)state;
    static const char text[] =
        "db_query_duration_seconds_bucket{op=\"select\",le=\"0.1\"} "
        "8\ndb_query_duration_seconds_bucket{le=\"+Inf\",op=\"select\"} 10\n"
        "db_query_duration_seconds_sum{op=\"select\"} 2\ndb_query_duration_seconds_count{op=\"select\"} 10\n"
        "sql_ms_bucket{le=\"5\"} 1\nsql_ms_bucket{le=\"+Inf\"} 2\n"
        "gc_pause_seconds_bucket{le=\"1\"} 1\ngc_pause_seconds_bucket{le=\"+Inf\"} 1\n"
        "mine_bucket{le=\"1\"} 1\nmine_bucket{le=\"+Inf\"} 1\n"
        "db_broken_seconds_bucket{le=\"1\"} 1\ndb_broken_seconds_bucket{le=\"2\"} 1\n";
    static const struct target_word words[] = {{"latency", "other, mine"}, {NULL, NULL}};
    struct world w;
    assert_true(begin(&w, words, text));
    assert_int_equal(sample_of(&w, &dataset_latency)->n_rows, 3);
    assert_string_equal(text_at(&w, 0, "name"), "db_query_duration");
    assert_string_equal(text_at(&w, 0, "series"), "op=select");
    assert_real(at(&w, 0, "sum_ms"), 2000);
    assert_real(at(&w, 0, "count"), 10);
    assert_real(at(&w, 0, "highest_ms"), 100);
    assert_string_equal(text_at(&w, 1, "name"), "sql");
    assert_real(at(&w, 1, "highest_ms"), 5);
    assert_string_equal(text_at(&w, 2, "name"), "mine");
    assert_real(at(&w, 2, "highest_ms"), 1000); /* seconds, where nothing says otherwise */
    end(&w);
}

static void count_is_the_bucket_without_a_bound(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double all;
    } texts[] = {
        {"db_seconds_bucket{le=\"0.01\"} 50\ndb_seconds_bucket{le=\"0.1\"} 90\n"
         "db_seconds_sum 4\ndb_seconds_count 100\n",
         100},
        {"db_seconds_count 100\ndb_seconds_bucket{le=\"0.1\"} 90\ndb_seconds_bucket{le=\"0.01\"} 50\n", 100},
        {"db_seconds_count 0\ndb_seconds_bucket{le=\"0.1\"} 0\ndb_seconds_bucket{le=\"0.01\"} 0\n", 0},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world w;
        assert_true(begin(&w, NULL, texts[i].text));
        assert_int_equal(sample_of(&w, &dataset_latency)->n_rows, 1);
        assert_real(at(&w, 0, "count"), texts[i].all);
        assert_real(at(&w, 0, "bucket_3"), texts[i].all);
        assert_real(at(&w, 0, "highest_ms"), 100);
        end(&w);
    }
}

static void buckets_that_are_not_cumulative_have_no_numbers(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "db_seconds_bucket{le=\"0.01\"} 50\ndb_seconds_bucket{le=\"0.1\"} 40\n"
        "db_seconds_bucket{le=\"+Inf\"} 100\ndb_seconds_sum 4\ndb_seconds_count 100\n",
        "db_seconds_bucket{le=\"0.01\"} 50\ndb_seconds_bucket{le=\"0.1\"} 200\n"
        "db_seconds_sum 4\ndb_seconds_count 100\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world w;
        assert_true(begin(&w, NULL, texts[i]));
        assert_int_equal(sample_of(&w, &dataset_latency)->n_rows, 1);
        assert_real(at(&w, 0, "count"), 100);
        assert_real(at(&w, 0, "sum_ms"), 4000);
        assert_none(at(&w, 0, "bucket_1"));
        assert_none(at(&w, 0, "bucket_3"));
        end(&w);
    }
}

/* 100 buckets become 24, each of which counts what its bound says. */
static void merged_buckets_keep_the_truth(void **state)
{
    (void)state;
    struct text t;
    struct world w;
    text_init(&t, 1 << 16);
    for (int i = 1; i < 100; i++)
        text_addf(&t, "db_seconds_bucket{le=\"%d\"} %d\n", i, i * 10);
    text_addf(&t, "db_seconds_bucket{le=\"+Inf\"} 1000\n");
    assert_true(begin(&w, NULL, text_str(&t)));
    const struct app_series *s = &w.reading.series[0];
    assert_int_equal(s->n, LATENCY_BUCKETS);
    for (int i = 0; i < s->n - 1; i++) {
        assert_real(s->counts[i], s->upto[i] / 100);
        assert_true(i == 0 || s->upto[i] > s->upto[i - 1]);
    }
    assert_real(s->upto[s->n - 2], 99000);
    assert_true(isinf(s->upto[s->n - 1]) && s->counts[s->n - 1] == 1000);
    text_done(&t);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_of_known_pools_are_recognised),
        cmocka_unit_test(a_pool_of_20_with_40_more_is_full_at_60),
        cmocka_unit_test(what_is_not_told_has_no_value_and_says_which_key_tells_it),
        cmocka_unit_test(paths_lead_to_numbers_of_any_shape),
        cmocka_unit_test(words_that_can_mean_nothing_are_refused_with_their_key),
        cmocka_unit_test(words_that_mean_something_are_taken),
        cmocka_unit_test(other_things_that_are_counted_are_no_pools),
        cmocka_unit_test(the_path_of_the_url_says_what_the_whole_answer_is),
        cmocka_unit_test(several_pools_are_rows_of_their_names),
        cmocka_unit_test(a_path_to_several_pools_makes_the_others_relative),
        cmocka_unit_test(an_application_that_is_not_well_says_so_in_errors),
        cmocka_unit_test(a_text_that_holds_json_is_text),
        cmocka_unit_test(a_number_that_is_a_text_is_told_as_that),
        cmocka_unit_test(an_answer_that_tells_nothing_is_refused_in_words),
        cmocka_unit_test(a_path_that_leads_to_no_number_is_told_with_its_key),
        cmocka_unit_test(a_column_and_a_dataset_say_which_path_leads_to_no_number),
        cmocka_unit_test(how_long_a_request_may_wait_is_no_count_of_timeouts),
        cmocka_unit_test(every_line_of_the_format_is_understood),
        cmocka_unit_test(text_that_begins_with_a_name_in_quotes_is_no_json),
        cmocka_unit_test(bad_lines_are_left_out_and_counted),
        cmocka_unit_test(pools_of_known_exporters_are_recognised),
        cmocka_unit_test(too_many_members_are_told_as_that),
        cmocka_unit_test(json_has_no_number_below_zero_where_none_can_be),
        cmocka_unit_test(caches_and_errors_of_prometheus_are_counters),
        cmocka_unit_test(prometheus_has_no_number_below_zero_where_none_can_be),
        cmocka_unit_test(of_two_metrics_that_tell_the_same_the_first_counts_and_the_named_one_before_it),
        cmocka_unit_test(pools_are_told_apart_by_the_labels_in_which_they_differ),
        cmocka_unit_test(a_metric_that_the_target_names_joins_the_pool_that_is_there),
        cmocka_unit_test(long_names_of_pools_are_cut_and_stay_one_row),
        cmocka_unit_test(only_histograms_that_speak_of_a_database_or_requests_are_taken),
        cmocka_unit_test(count_is_the_bucket_without_a_bound),
        cmocka_unit_test(buckets_that_are_not_cumulative_have_no_numbers),
        cmocka_unit_test(merged_buckets_keep_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
