/* Findings across the products of a stack: pools against slots, churn, sizes that differ, caches. Each is
 * found where it is, and not where something that looks like it is well. */
#include "tests/unit/finding_world.h"

#include <stdio.h>
#include <string.h>

static void later(struct world *w, double s)
{
    w->trial.mono_s += s, w->trial.wall_s += s;
}

static void stack_of(struct world *w, const char *target, const char *more)
{
    char rows[300];
    snprintf(rows, sizeof(rows), "{\"name\": \"%s\", \"stack\": \"web\", \"state\": \"up\"%s}", target, more);
    put_of(w, target, "targets", rows);
}

#define SLOTS(max, used)                                                                                     \
    "{\"kind\": \"slots\", \"name\": \"slots\", \"max_size\": " #max ", \"in_use\": " #used                  \
    ", \"idle_in_xact\": 0}"
#define POOL(kind, name, max)                                                                                \
    "{\"kind\": \"" kind "\", \"name\": \"" name "\", \"size\": " #max ", \"max_size\": " #max "}"
#define BOUNCED(database, user, max)                                                                         \
    "{\"kind\": \"pgbouncer\", \"name\": \"" database "/" user "\", \"datname\": \"" database                \
    "\", \"usename\": \"" user "\", \"size\": " #max ", \"max_size\": " #max "}"

/* ---- Pools against slots ---- */

static void pools_of_pgbouncer_count_up_to_the_limit_of_their_database(void **state)
{
    struct world *w = *state;
    stack_of(w, "pg", "");
    stack_of(w, "pool", "");
    put_of(w, "pg", "pools", SLOTS(50, 1));
    put_of(
        w, "pool", "bouncer_databases",
        "{\"datname\": \"shop\", \"max_connections\": 40}, {\"datname\": \"log\", \"max_connections\": 0}");
    put_of(w, "pool", "pools",
           BOUNCED("shop", "a", 30) "," BOUNCED("shop", "b", 30) "," BOUNCED("log", "a", 10));
    assert_int_equal(count(w, "connection_limits", false), 0); /* 40 + 10 */
    later(w, 1);
    put_of(w, "pool", "pools",
           BOUNCED("shop", "a", 30) "," BOUNCED("shop", "b", 30) "," BOUNCED("log", "a", 11));
    check_text(w, "connection_limits", false, "evidence",
               "3 pools may ask for 51 connections, the server has 50: ");
    check_text(w, "connection_limits", false, "evidence", "pgbouncer shop 40");
    check_text(w, "connection_limits", false, "severity", "info");
}

static void pools_of_an_application_before_pgbouncer_ask_the_server_for_nothing(void **state)
{
    struct world *w = *state;
    stack_of(w, "pg", "");
    stack_of(w, "app", "");
    put_of(w, "pg", "pools", SLOTS(50, 1));
    put_of(w, "app", "pools", POOL("app", "main", 80));
    check_text(w, "connection_limits", false, "evidence", "app main 80");
    later(w, 1);
    stack_of(w, "pool", "");
    put_of(w, "pool", "pools", BOUNCED("shop", "a", 20));
    assert_int_equal(count(w, "connection_limits", false), 0);
}

static void a_standby_and_another_target_of_the_same_server_are_no_second_server(void **state)
{
    struct world *w = *state;
    stack_of(w, "pg", ", \"server_id\": \"1\"");
    stack_of(w, "pg2", ", \"server_id\": \"1\"");
    stack_of(w, "replica", ", \"server_id\": \"1\", \"role\": \"standby\"");
    stack_of(w, "app", "");
    put_of(w, "pg", "pools", SLOTS(50, 1));
    put_of(w, "pg2", "pools", SLOTS(50, 1));
    put_of(w, "replica", "pools", SLOTS(50, 1));
    put_of(w, "app", "pools", POOL("app", "main", 80));
    check_text(w, "connection_limits", false, "target", "pg");
    later(w, 1);
    stack_of(w, "pg2", ", \"server_id\": \"2\"");
    assert_int_equal(count(w, "connection_limits", false), 0); /* who asks which is not known */
}

/* ---- Churn ---- */

#define OPENED(n, xacts)                                                                                     \
    "{\"dbid\": 5, \"datname\": \"shop\", \"sessions\": " #n ", \"xact_commit\": " #xacts                    \
    ", \"xact\": " #xacts ", \"xact_rollback\": 0}"

static void sessions_that_are_opened_for_a_statement_or_two_are_churn(void **state)
{
    struct world *w = *state;
    put(w, "targets", "{\"name\": \"shop\", \"state\": \"up\"}");
    put(w, "databases", OPENED(0, 0));
    later(w, 100);
    put(w, "databases", OPENED(1200, 2400));
    check_text(w, "connection_churn", false, "evidence",
               "sessions were opened in the last 1m40s, 12.0 a second, for 2.0 transactions each");
    assert_int_equal(count(w, "connection_churn", true), 0);
}

static void sessions_that_work_for_long_or_come_by_a_pool_are_none(void **state)
{
    struct world *w = *state;
    put(w, "targets", "{\"name\": \"shop\", \"stack\": \"web\", \"state\": \"up\"}");
    put(w, "databases", OPENED(0, 0));
    check_text(w, "connection_churn", true, "lacks", "less than a minute");
    later(w, 100);
    put(w, "databases", OPENED(1200, 24000));
    assert_int_equal(count(w, "connection_churn", false), 0);
    later(w, 400);
    put(w, "databases", OPENED(1300, 24100));
    later(w, 100);
    put(w, "databases", OPENED(1450, 24300)); /* few */
    assert_int_equal(count(w, "connection_churn", false), 0);
    later(w, 400);
    put(w, "databases", OPENED(1500, 24400));
    later(w, 100);
    put(w, "databases", OPENED(9000, 32000));
    assert_int_equal(count(w, "connection_churn", false), 1);
    stack_of(w, "pool", "");
    put_of(w, "pool", "pools", BOUNCED("shop", "a", 20));
    assert_int_equal(count(w, "connection_churn", false), 0);
}

/* ---- Settings that differ, and a pool that is short ---- */

#define BEHIND(name, place, size)                                                                            \
    "{\"datname\": \"" name "\", \"host\": \"10.0.0.1\", \"port\": 5432, \"server_datname\": \"" place       \
    "\", \"pool_size\": " #size ", \"reserve_size\": 0}"

static void pools_of_one_database_that_differ_are_told_once(void **state)
{
    struct world *w = *state;
    put(w, "bouncer_databases",
        BEHIND("a", "shop", 20) "," BEHIND("b", "shop", 20) "," BEHIND("c", "log", 5));
    assert_int_equal(count(w, "pools_differ", false), 0);
    later(w, 1);
    put(w, "bouncer_databases",
        BEHIND("a", "shop", 20) "," BEHIND("b", "shop", 10) "," BEHIND("c", "log", 5));
    check_text(w, "pools_differ", false, "label", "10.0.0.1:5432/shop");
    check_text(w, "pools_differ", false, "evidence", "default mode, 10");
}

static void instances_of_an_application_with_pools_of_different_sizes_are_told(void **state)
{
    struct world *w = *state;
    stack_of(w, "app1", "");
    stack_of(w, "app2", "");
    put_of(w, "app1", "pools",
           POOL("app", "main", 20) "," POOL("app", "jobs", 5)); /* pools of different names may differ */
    put_of(w, "app2", "pools", POOL("app", "main", 20) "," POOL("app", "jobs", 5));
    assert_int_equal(count(w, "pools_differ", false), 0);
    later(w, 1);
    put_of(w, "app2", "pools", POOL("app", "main", 10) "," POOL("app", "jobs", 5));
    check_text(w, "pools_differ", false, "evidence", "app1: 20 to 20; app2: 10 to 10");
}

#define FULL(wait_ms)                                                                                        \
    "{\"kind\": \"app\", \"name\": \"main\", \"max_size\": 10, \"in_use\": 10, \"waiting\": 4, "             \
    "\"max_wait_ms\": " #wait_ms "}"

static void a_pool_is_small_only_where_the_server_has_room_and_nobody_stands_behind_a_lock(void **state)
{
    struct world *w = *state;
    stack_of(w, "pg", "");
    stack_of(w, "app", "");
    put_of(w, "pg", "pools", SLOTS(50, 12));
    put_of(w, "pg", "server", "{\"instance\": \"postgresql\", \"waiting\": 0}");
    put_of(w, "app", "pools", FULL(2500));
    check_text(w, "pool_small", false, "evidence",
               "4 wait, the longest 2.5 s; 10 of 10 are in use; pg has 38 slots free");
    static const struct {
        const char *target, *dataset, *rows;
    } well[] =
        {
            {"app", "pools", FULL(20)}, /* a short queue is what a pool is for */
            {"pg", "server", "{\"instance\": \"postgresql\", \"waiting\": 8}"},
            {"pg", "pools", SLOTS(50, 48)},
            {"pg", "pools",
             "{\"kind\": \"slots\", \"name\": \"slots\", \"max_size\": 50, \"in_use\": 12, \"idle_in_xact\": "
             "9}"}, /* a leak */
        };
    for (size_t i = 0; i < sizeof(well) / sizeof(well[0]); i++) {
        later(w, 1);
        put_of(w, "app", "pools", FULL(2500));
        put_of(w, "pg", "pools", SLOTS(50, 12));
        put_of(w, "pg", "server", "{\"instance\": \"postgresql\", \"waiting\": 0}");
        assert_int_equal(count(w, "pool_small", false), 1);
        later(w, 1);
        put_of(w, well[i].target, well[i].dataset, well[i].rows);
        if (count(w, "pool_small", false) != 0)
            fail_msg("found with %s", well[i].rows);
    }
}

/* ---- Caches ---- */

#define CACHE(kind, hits, misses, used, out, more)                                                           \
    "{\"kind\": \"" kind "\", \"name\": \"main\", \"hits\": " #hits ", \"misses\": " #misses                 \
    ", \"used_bytes\": " #used ", \"max_bytes\": 1e9, \"evictions\": " #out more "}"

/* Of the three findings of caches, which is there: its name, or "". */
static const char *cache_found(struct world *w, const char *before, const char *now)
{
    static const char *const names[] = {"cache_small", "cache_ttl", "cache_large"};
    const char *found = "";
    later(w, 400);
    put(w, "caches", before);
    later(w, 100);
    put(w, "caches", now);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (count(w, names[i], false) == 1) {
            assert_string_equal(found, "");
            found = names[i];
        }
    return found;
}

static void caches_are_judged_by_what_they_answer_and_throw_out(void **state)
{
    struct world *w = *state;
    const char *none = CACHE("redis", 0, 0, 1e8, 0, "");
    assert_string_equal(cache_found(w, none, CACHE("redis", 6000, 4000, 9.8e8, 500, "")), "cache_small");
    assert_string_equal(cache_found(w, none, CACHE("redis", 9000, 1000, 9.8e8, 500, "")),
                        ""); /* it throws out what nobody asks */
    assert_string_equal(cache_found(w, none, CACHE("redis", 60, 40, 9.8e8, 500, "")),
                        ""); /* too few lookups */
    assert_string_equal(cache_found(w, none, CACHE("buffers", 6000, 4000, 9.8e8, 500, "")),
                        ""); /* the server's own */
    assert_string_equal(cache_found(w, none, CACHE("app", 6000, 4000, 3e8, 0, ", \"ttl_s\": 30")),
                        "cache_ttl");
    assert_string_equal(cache_found(w, none, CACHE("app", 6000, 4000, 3e8, 0, ", \"ttl_s\": 3600")),
                        ""); /* asked for what nobody stores */
    assert_string_equal(cache_found(w, none, CACHE("app", 6000, 4000, 3e8, 0, "")), "");
    assert_string_equal(
        cache_found(w, none, CACHE("redis", 200000, 1000, 1e8, 0, ", \"stats_reset\": -90000")),
        "cache_large");
    assert_string_equal(
        cache_found(w, none, CACHE("redis", 200000, 1000, 1e8, 0, ", \"stats_reset\": -3600")),
        ""); /* it may grow yet */
    assert_string_equal(
        cache_found(w, none, CACHE("redis", 200000, 1000, 6e8, 0, ", \"stats_reset\": -90000")), "");
    assert_string_equal(
        cache_found(w, none, CACHE("redis", 200000, 1000, 1e8, 7, ", \"stats_reset\": -90000")), "");
}

/* ---- Tables ---- */

#define GROWN(rows, upd)                                                                                     \
    "{\"datid\": 5, \"relid\": 7, \"datname\": \"shop\", \"schema\": \"public\", \"name\": \"messages\", "   \
    "\"kind\": \"table\", \"is_system\": 0, \"is_partition\": 0,"                                            \
    "\"live_rows\": " #rows ", \"ins\": " #rows ", \"upd\": " #upd ", \"del\": 0}"
#define BY(definition)                                                                                       \
    "{\"datid\": 5, \"indexrelid\": 70, \"relid\": 7, \"name\": \"by\", \"is_valid\": 1, \"is_partial\": "   \
    "0, \"has_expressions\": 0, \"definition\": \"" definition "\"}"

static void a_table_that_only_grows_by_time_is_told_from_a_million_rows_on(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *table, *index;
        int n;
    } cases[] = {
        {GROWN(1200000, 100), BY("CREATE INDEX by ON public.messages USING btree (bot_id, created_at)"), 1},
        {GROWN(1200000, 100), BY("CREATE INDEX by ON public.messages USING brin (\\\"timestamp\\\", symbol)"),
         1},
        {GROWN(900000, 100), BY("CREATE INDEX by ON public.messages USING btree (bot_id, created_at)"), 0},
        {GROWN(1200000, 800000), BY("CREATE INDEX by ON public.messages USING btree (bot_id, created_at)"),
         0},
        {GROWN(1200000, 100), BY("CREATE INDEX created_at ON public.messages USING btree (bot_id)"),
         0}, /* the index's name tells nothing */
        {GROWN(1200000, 100), BY("CREATE INDEX by ON public.messages USING btree (format, state)"), 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        later(w, 1);
        put(w, "tables", cases[i].table);
        put(w, "indexes", cases[i].index);
        if (count(w, "grows_by_time", false) != cases[i].n)
            fail_msg("not %d: %s %s", cases[i].n, cases[i].table, cases[i].index);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(pools_of_pgbouncer_count_up_to_the_limit_of_their_database),
        TEST(pools_of_an_application_before_pgbouncer_ask_the_server_for_nothing),
        TEST(a_standby_and_another_target_of_the_same_server_are_no_second_server),
        TEST(sessions_that_are_opened_for_a_statement_or_two_are_churn),
        TEST(sessions_that_work_for_long_or_come_by_a_pool_are_none),
        TEST(pools_of_one_database_that_differ_are_told_once),
        TEST(instances_of_an_application_with_pools_of_different_sizes_are_told),
        TEST(a_pool_is_small_only_where_the_server_has_room_and_nobody_stands_behind_a_lock),
        TEST(caches_are_judged_by_what_they_answer_and_throw_out),
        TEST(a_table_that_only_grows_by_time_is_told_from_a_million_rows_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
