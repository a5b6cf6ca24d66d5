/* Where the queue of a stack stands: samples of pools and locks in, the place out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "collectors/datasets.h"
#include "engine/queue.h"

#include <cmocka.h>

struct pool {
    const char *kind, *name;
    double in_use, max_size, waiting, own, own_limit, paused, size, idle, shared_in_use, shared_max;
};

static struct sample *pools_of(const struct pool *pools, int n)
{
    struct sample *s = sample_new(&dataset_pools, n);
    for (int i = 0; i < n; i++) {
        const struct {
            const char *column;
            double value;
        } numbers[] = {{"in_use", pools[i].in_use},
                       {"max_size", pools[i].max_size},
                       {"size", pools[i].size > 0 ? pools[i].size : pools[i].max_size},
                       {"idle", pools[i].idle},
                       {"waiting", pools[i].waiting},
                       {"max_wait_ms", pools[i].waiting > 0 ? 1500 : NAN},
                       {"own", pools[i].own},
                       {"own_limit", pools[i].own_limit},
                       {"paused", pools[i].paused},
                       {"shared_in_use", pools[i].shared_in_use},
                       {"shared_max", pools[i].shared_max > 0 ? pools[i].shared_max : NAN},
                       {"utilization", pools[i].in_use / pools[i].max_size}};
        sample_set_text(s, 0, i, pools[i].kind, strlen(pools[i].kind));
        sample_set_text(s, 1, i, pools[i].name, strlen(pools[i].name));
        const char *user = strchr(pools[i].name, '/');
        if (user != NULL)
            sample_set_text(s, dataset_column(s->dataset, "usename"), i, user + 1, strlen(user + 1));
        for (size_t c = 0; c < sizeof(numbers) / sizeof(numbers[0]); c++)
            s->values[dataset_column(s->dataset, numbers[c].column)].real[i] = numbers[c].value;
    }
    return s;
}

// clang-format off
static const struct column lock_columns[] = {
    {"pid", KIND_KEY, TYPE_INT, .help = "x"}, {"holder_pid", KIND_KEY, TYPE_INT, .help = "x"}, {"root_pid", KIND_LABEL, TYPE_INT, .help = "x"},
    {"root_gid", KIND_LABEL, TYPE_TEXT, .help = "x"}, {"wait_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "x"},
    {"holder_state", KIND_LABEL, TYPE_TEXT, .help = "x"}, {"holder_state_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "x"}};
// clang-format on
static const struct dataset locks = {
    .name = "locks", .help = "x", .columns = lock_columns, .n_columns = 7, .whole = true};

/* N sessions that wait WAIT_S behind pid 7, which idles. Each has two edges: it is one all the same. */
static struct sample *locks_of(int n, double wait_s)
{
    struct sample *s = sample_new(&locks, 2 * n);
    for (int i = 0; i < 2 * n; i++) {
        s->values[0].integer[i] = 100 + i / 2;
        s->values[1].integer[i] = i % 2 == 0 ? 7 : 99;
        s->values[2].integer[i] = 7;
        s->values[4].real[i] = wait_s;
        sample_set_text(s, 5, i, "idle in transaction", strlen("idle in transaction"));
        s->values[6].real[i] = wait_s + 1;
    }
    return s;
}

static double real(const struct sample *s, int row, const char *column)
{
    return sample_real(s, dataset_column(s->dataset, column), row);
}

static const char *text(const struct sample *s, int row, const char *column)
{
    return sample_text(s, dataset_column(s->dataset, column), row);
}

/* "kind name" of the only place where it stands, with its verdict in OUT; "" if it stands nowhere. */
static void stands(const struct queue_part *parts, int n, char *out, size_t size)
{
    int found = 0;
    out[0] = '\0';
    for (int of = 0; of < n; of++) {
        struct sample *s = queue_sample(parts, n, of, "shop");
        for (int row = 0; row < s->n_rows; row++)
            if (real(s, row, "stands") == 1) {
                snprintf(out, size, "%s %s: %s", text(s, row, "kind"), text(s, row, "name"),
                         text(s, row, "verdict"));
                found++;
            }
        sample_unref(s);
    }
    assert_true(found <= 1);
}

#define NONE NAN, NAN, NAN
static void each_trouble_stands_where_it_is(void **state)
{
    static const struct {
        struct pool app, pooler, slots;
        int n_locks;
        const char *stands;
    } rows[] = {
        /* A leak in the application: all its connections are out, and those behind it have room. */
        {{"app", "web", 10, 10, 14, NONE},
         {"pgbouncer", "shop/app", 10, 20, 0, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         "app web: the application's pool web is full (10 of 10), and nothing behind it is"},
        /* PgBouncer's pool is too small: its clients wait, and so do those of the application. */
        {{"app", "web", 10, 10, 14, NONE},
         {"pgbouncer", "shop/app", 2, 2, 8, NONE},
         {"slots", "", 4, 97, NAN, 1, 0, NAN},
         0,
         "pgbouncer shop/app: PgBouncer's pool shop/app is full (2 of 2), while the server has room"},
        /* Slots are exhausted: PgBouncer could have more, and gets none. */
        {{"app", "web", 10, 10, 14, NONE},
         {"pgbouncer", "shop/app", 5, 20, 8, NONE},
         {"slots", "", 97, 97, NAN, 1, 0, NAN},
         0,
         "slots : the server's connection slots are exhausted (97 of 97)"},
        /* A lock holds all that PgBouncer has. */
        {{"app", "web", 10, 10, 14, NONE},
         {"pgbouncer", "shop/app", 10, 10, 4, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         9,
         "locks locks: 9 sessions wait for locks"},
        /* One session that waits for a lock is not why ten connections are out. */
        {{"app", "web", 10, 10, 14, NONE},
         {"pgbouncer", "shop/app", 10, 20, 0, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         1,
         "app web: the application's pool web is full"},
        /* Slots refuse who comes: nobody waits, and PgBouncer gets no connection. */
        {{"app", "web", 0, 10, 0, NONE},
         {"pgbouncer", "shop/app", 0, 20, 0, NONE},
         {"slots", "", 97, 97, NAN, 1, 0, NAN},
         0,
         "slots : the server's connection slots are exhausted (97 of 97)"},
        {{"app", "web", 0, 10, 0, NONE},
         {"pgbouncer", "shop/app", 0, 20, 0, NONE},
         {"role", "app", 5, 5, NAN, 0, 1, NAN},
         0,
         "role app: the connection limit of role app is reached (5 of 5)"},
        /* That of a role which has no pool here refuses nobody of the stack. */
        {{"app", "web", 0, 10, 0, NONE},
         {"pgbouncer", "shop/app", 0, 20, 0, NONE},
         {"role", "reports", 5, 5, NAN, 0, 1, NAN},
         0,
         ""},
        /* One slot is left, the others idle in pools. */
        {{"app", "web", 0, 10, 0, NONE},
         {"pgbouncer", "shop/app", 0, 20, 0, NONE, .idle = 19},
         {"slots", "", 96, 97, NAN, 1, 0, NAN},
         0,
         ""},
        /* Nobody waits, and PgBouncer has all that it may have: full slots are no queue. */
        {{"app", "web", 10, 10, 0, NONE},
         {"pgbouncer", "shop/app", 20, 20, 0, NONE},
         {"slots", "", 97, 97, NAN, 1, 0, NAN},
         0,
         ""},
        {{"app", "web", 10, 10, 14, NONE},
         {"pgbouncer", "shop/app", 1, 20, 8, NAN, NAN, 1},
         {"slots", "", 4, 97, NAN, 1, 0, NAN},
         0,
         "pgbouncer shop/app: PgBouncer's pool shop/app is paused"},
        /* The limit of the database ends a pool that is not full, and one that has all of it. */
        {{"app", "web", 3, 10, 0, NONE},
         {"pgbouncer", "lim/rw", 0, 2, 3, NONE, .shared_in_use = 2, .shared_max = 2},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         "pgbouncer lim/rw: requests wait for PgBouncer's pool lim/rw: max_db_connections (2) of its "
         "database "
         "is used up, by 0 of this pool and 2 of others: "},
        {{"app", "web", 3, 10, 0, NONE},
         {"pgbouncer", "lim/app", 2, 2, 3, NONE, .shared_in_use = 2, .shared_max = 2},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         "pgbouncer lim/app: requests wait for PgBouncer's pool lim/app: max_db_connections (2) of its "
         "database is used up, by 2 of this pool and 0 of others: "},
        /* The pool's own size ends it before. */
        {{"app", "web", 3, 10, 0, NONE},
         {"pgbouncer", "lim/app", 2, 2, 3, NONE, .shared_in_use = 5, .shared_max = 5},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         "pgbouncer lim/app: PgBouncer's pool lim/app is full (2 of 2)"},
        {{"app", "web", 3, 10, 0, NONE},
         {"pgbouncer", "lim/app", 1, 2, 3, NONE, .shared_in_use = 3, .shared_max = 5},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         "pgbouncer lim/app: requests wait for PgBouncer's pool lim/app, which is not full (1 of 2)"},
        {{"app", "web", 3, 10, 0, NONE},
         {"pgbouncer", "shop/app", 3, 20, 0, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         ""},
        /* An application that does not tell who waits: full, it may have a queue, of which nothing behind it
         * tells. */
        {{"app", "web", 5, 5, NAN, NONE},
         {"pgbouncer", "shop/app", 5, 20, 0, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         "app web: the application's pool web is full (5 of 5); it does not tell who waits"},
        {{"app", "web", 5, 5, NAN, NONE},
         {"pgbouncer", "shop/app", 5, 20, 0, NONE},
         {"slots", "", 97, 97, NAN, 1, 0, NAN},
         0,
         "slots : the server's connection slots are exhausted (97 of 97)"},
        {{"app", "web", 5, 5, NAN, NONE},
         {"pgbouncer", "shop/app", 2, 2, 3, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         "pgbouncer shop/app: PgBouncer's pool shop/app is full (2 of 2)"},
        {{"app", "web", 5, 5, NAN, NONE},
         {"pgbouncer", "shop/app", 5, 20, 0, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         3,
         "locks locks: 3 sessions wait for locks"},
        {{"app", "web", 5, 5, NAN, NONE},
         {"pgbouncer", "shop/app", 5, 20, 0, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         1,
         "app web: the application's pool web is full (5 of 5); it does not tell who waits"},
        /* It tells that nobody waits, or has room: nothing stands. */
        {{"app", "web", 5, 5, 0, NONE},
         {"pgbouncer", "shop/app", 5, 20, 0, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         ""},
        {{"app", "web", 4, 5, NAN, NONE},
         {"pgbouncer", "shop/app", 4, 20, 0, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         ""},
        /* Nothing there to be full. */
        {{"app", "web", 0, 0, NAN, NONE},
         {"pgbouncer", "shop/app", 0, 20, 0, NONE},
         {"slots", "", 12, 97, NAN, 1, 0, NAN},
         0,
         ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample *s[] = {pools_of(&rows[i].app, 1), pools_of(&rows[i].pooler, 1),
                              pools_of(&rows[i].slots, 1), locks_of(rows[i].n_locks, 30)};
        const struct queue_part parts[] = {{s[2], s[3]}, {s[0], NULL}, {s[1], NULL}};
        char got[700];
        stands(parts, 3, got, sizeof(got));
        if (strncmp(got, rows[i].stands, strlen(rows[i].stands)) != 0 ||
            (rows[i].stands[0] == '\0' && got[0] != '\0'))
            fail_msg("row %zu: \"%s\" is not \"%s\"", i, got, rows[i].stands);
        for (int k = 0; k < 4; k++)
            sample_unref(s[k]);
    }
}

static void a_server_alone_has_its_queue_too(void **state)
{
    const struct pool full[] = {{"slots", "", 97, 97, NAN, 1, 0, NAN},
                                {"database", "shop", 20, 20, NAN, 0, 1, NAN},
                                {"database", "other", 1, 90, NAN, 0, 0, NAN}};
    struct sample *pools = pools_of(full, 3),
                  *ours = pools_of(&(struct pool){"slots", "", 1, 1, NAN, 1, 0, NAN}, 1),
                  *none = locks_of(0, 0);
    char got[700];
    (void)state;
    stands(&(struct queue_part){pools, NULL}, 1, got, sizeof(got));
    assert_string_equal(got, "database shop: the connection limit of database shop is reached (20 of 20)");
    struct sample *s = queue_sample(&(struct queue_part){pools, none}, 1, 0, "alone");
    assert_int_equal(s->n_rows, 3); /* no limit of its own: no place */
    assert_string_equal(text(s, 0, "kind"), "slots");
    assert_string_equal(text(s, 0, "level"), "critical");
    assert_string_equal(text(s, 2, "kind"), "locks");
    assert_string_equal(text(s, 2, "stack"), "alone");
    assert_float_equal(real(s, 2, "waiting"), 0, 0);
    stands(&(struct queue_part){ours, none}, 1, got, sizeof(got));
    assert_string_equal(got, ""); /* only we are there */
    sample_unref(s);
    sample_unref(pools);
    sample_unref(ours);
    sample_unref(none);
}

/* Exhausted slots behind pools of which none tells who waits are those of a server alone; and they refuse a
 * pool that may have more, whoever waits for it. */
static void full_slots_stand_behind_an_application_that_does_not_tell(void **state)
{
    static const struct pool web[] = {{"app", "web", 5, 5, NAN, NONE},
                                      {"app", "web", 2, 5, NAN, NONE},
                                      {"app", "web", 7, NAN, NAN, NONE, .size = 5, .idle = 0},
                                      {"app", "web", 2, 5, 0, NONE}};
    struct sample *slots = pools_of(&(struct pool){"slots", "", 20, 20, NAN, 1, 0, NAN}, 1);
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct sample *app = pools_of(&web[i], 1);
        char got[700];
        stands((const struct queue_part[]){{slots, NULL}, {app, NULL}}, 2, got, sizeof(got));
        assert_string_equal(got, "slots : the server's connection slots are exhausted (20 of 20)");
        sample_unref(app);
    }
    sample_unref(slots);
}

static void a_full_pool_that_does_not_tell_who_waits_is_critical(void **state)
{
    static const struct {
        struct pool pool;
        const char *level;
    } rows[] = {{{"app", "web", 5, 5, NAN, NONE}, "critical"},
                {{"app", "web", 5, 5, 0, NONE}, "warning"},
                {{"pgbouncer", "web", 5, 5, NAN, NONE}, "warning"}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample *pools = pools_of(&rows[i].pool, 1),
                      *s = queue_sample(&(struct queue_part){pools, NULL}, 1, 0, "x");
        assert_string_equal(text(s, 0, "level"), rows[i].level);
        assert_float_equal(real(s, 0, "stands"), i == 0, 0);
        assert_true(isnan(real(s, 0, "waiting")) == isnan(rows[i].pool.waiting)); /* it is not made up */
        sample_unref(s);
        sample_unref(pools);
    }
}

static void overflow_of_an_unknown_size_is_a_warning_that_stands_nowhere(void **state)
{
    static const struct {
        struct pool pool;
        const char *verdict;
    } rows[] = {{{"app", "web", 7, NAN, NAN, NONE, .size = 5, .idle = 0},
                 "the application's pool web: all of its size is out and overflow is in use; "
                 "pool.max_overflow tells how much there is"},
                {{"app", "web", 5, NAN, NAN, NONE, .size = 5, .idle = 0}, NULL},
                {{"app", "web", 7, NAN, NAN, NONE, .size = 5, .idle = 1}, NULL},
                {{"app", "web", 7, 15, NAN, NONE, .size = 5, .idle = 0}, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample *pools = pools_of(&rows[i].pool, 1),
                      *s = queue_sample(&(struct queue_part){pools, NULL}, 1, 0, "x");
        assert_float_equal(real(s, 0, "stands"), 0, 0);
        if (rows[i].verdict == NULL) {
            assert_null(text(s, 0, "level"));
            assert_null(text(s, 0, "verdict"));
        } else {
            assert_string_equal(text(s, 0, "level"), "warning");
            assert_string_equal(text(s, 0, "verdict"), rows[i].verdict);
        }
        sample_unref(s);
        sample_unref(pools);
    }
}

static void a_queue_of_a_pool_whose_largest_size_is_unknown_has_no_made_up_number(void **state)
{
    struct sample *pools = pools_of(&(struct pool){"app", "web", 7, NAN, 3, NONE, .size = 5}, 1);
    char got[700];
    (void)state;
    stands(&(struct queue_part){pools, NULL}, 1, got, sizeof(got));
    assert_string_equal(
        got, "app web: requests wait for the application's pool web, whose largest size is not told: "
             "pool.max_overflow or pool.max_size tells it");
    sample_unref(pools);
}

/* What is down is told with its reason; it stands there if somebody waits before it who has no other way. */
static void a_target_that_is_down_has_a_place_that_says_so(void **state)
{
    static const struct {
        const char *product, *kind;
        double waiting;
        bool with_slots;
        const char *stands;
    } rows[] = {{"PgBouncer", "pgbouncer", 4, true, "pgbouncer : PgBouncer is down: refused"},
                {"PgBouncer", "pgbouncer", 0, true, ""},
                {"PostgreSQL", "slots", 4, false, "slots : PostgreSQL is down: refused"},
                {"PostgreSQL", "slots", 4, true, "app web: the application's pool web is full (10 of 10)"},
                {"application", "app", 4, true, "app web: the application's pool web is full (10 of 10)"},
                {"SQLite", NULL, 4, true, "app web: the application's pool web is full (10 of 10)"}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample *app = pools_of(&(struct pool){"app", "web", 10, 10, rows[i].waiting, NONE}, 1),
                      *slots = pools_of(&(struct pool){"slots", "", 12, 97, NAN, 1, 0, NAN}, 1);
        const struct queue_part parts[] = {{.down = rows[i].product, .why = "refused"},
                                           {.pools = app},
                                           {.pools = rows[i].with_slots ? slots : NULL}};
        struct sample *s = queue_sample(parts, 3, 0, "shop");
        char got[700];
        assert_int_equal(s->n_rows, rows[i].kind != NULL);
        if (rows[i].kind != NULL) {
            assert_string_equal(text(s, 0, "kind"), rows[i].kind);
            assert_string_equal(text(s, 0, "level"), "critical");
            assert_float_equal(real(s, 0, "down"), 1, 0);
            assert_true(isnan(real(s, 0, "in_use")));
            assert_non_null(strstr(text(s, 0, "verdict"), " is down: refused"));
        }
        stands(parts, 3, got, sizeof(got));
        assert_int_equal(strncmp(got, rows[i].stands, strlen(rows[i].stands)), 0);
        assert_true((got[0] == '\0') == (rows[i].stands[0] == '\0'));
        sample_unref(s);
        sample_unref(app);
        sample_unref(slots);
    }
}

static void of_several_pools_one_stands_that_with_most_waiting(void **state)
{
    static const struct {
        struct pool pools[2];
        const char *stands;
    } rows[] = {
        {{{"app", "jobs", 5, 5, NAN, NONE}, {"app", "web", 10, 10, NAN, NONE}}, "app web: "},
        {{{"app", "jobs", 5, 5, 2, NONE}, {"app", "web", 10, 10, NAN, NONE}}, "app jobs: "},
        {{{"app", "jobs", 5, 5, 2, NONE}, {"app", "web", 3, 3, 4, NONE}}, "app web: "},
        {{{"pgbouncer", "a/a", 5, 5, 2, NONE}, {"pgbouncer", "b/b", 5, 5, 9, NONE}}, "pgbouncer b/b: "}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample *one = pools_of(rows[i].pools, 2), *first = pools_of(rows[i].pools, 1),
                      *second = pools_of(rows[i].pools + 1, 1);
        char got[700];
        stands(&(struct queue_part){one, NULL}, 1, got, sizeof(got)); /* also: of one target */
        assert_int_equal(strncmp(got, rows[i].stands, strlen(rows[i].stands)), 0);
        stands((const struct queue_part[]){{first, NULL}, {second, NULL}}, 2, got, sizeof(got));
        assert_int_equal(strncmp(got, rows[i].stands, strlen(rows[i].stands)), 0);
        sample_unref(one);
        sample_unref(first);
        sample_unref(second);
    }
}

static void of_a_thousand_pools_those_that_wait_are_kept(void **state)
{
    static struct pool many[1000];
    (void)state;
    for (int i = 0; i < 1000; i++)
        many[i] = (struct pool){"pgbouncer", "p", i % 10, 10, i % 250 == 7 ? i : 0, NONE};
    struct sample *pools = pools_of(many, 1000),
                  *s = queue_sample(&(struct queue_part){pools, NULL}, 1, 0, "x");
    assert_int_equal(s->n_rows, 4 + 3);
    assert_float_equal(real(s, 0, "waiting"), 757, 0);
    assert_float_equal(real(s, 3, "waiting"), 7, 0);
    assert_float_equal(real(s, 4, "utilization"), 0.9, 0.001);
    sample_unref(s);
    sample_unref(pools);
}

static void a_lock_is_told_by_how_long_and_how_many(void **state)
{
    static const struct {
        int n;
        double wait_s;
        const char *level;
    } rows[] = {{3, 0.5, NULL}, {1, 2, "warning"}, {3, 6, "critical"}, {1, 12, "critical"}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sample *l = locks_of(rows[i].n, rows[i].wait_s),
                      *s = queue_sample(&(struct queue_part){NULL, l}, 1, 0, "x");
        assert_float_equal(real(s, 0, "waiting"), rows[i].n, 0);
        assert_float_equal(real(s, 0, "max_wait_ms"), rows[i].wait_s * 1000, 0.001);
        if (rows[i].level == NULL)
            assert_null(text(s, 0, "level"));
        else
            assert_string_equal(text(s, 0, "level"), rows[i].level);
        sample_unref(s);
        sample_unref(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trouble_stands_where_it_is),
        cmocka_unit_test(a_server_alone_has_its_queue_too),
        cmocka_unit_test(full_slots_stand_behind_an_application_that_does_not_tell),
        cmocka_unit_test(a_full_pool_that_does_not_tell_who_waits_is_critical),
        cmocka_unit_test(overflow_of_an_unknown_size_is_a_warning_that_stands_nowhere),
        cmocka_unit_test(a_queue_of_a_pool_whose_largest_size_is_unknown_has_no_made_up_number),
        cmocka_unit_test(a_target_that_is_down_has_a_place_that_says_so),
        cmocka_unit_test(of_several_pools_one_stands_that_with_most_waiting),
        cmocka_unit_test(of_a_thousand_pools_those_that_wait_are_kept),
        cmocka_unit_test(a_lock_is_told_by_how_long_and_how_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
