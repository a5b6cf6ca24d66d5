/* What ships pages nobody for nothing, and speaks of nothing that is not there. */
#include "alerts/book.h"
#include "alerts/trial.h"
#include "engine/products.h"
#include "tests/unit/test.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct registry registry;
    struct rules rules;
    struct err err;
};

static int begin(void **state)
{
    static const char text[] = "[rules]\npacks = standard, targets\n";
    struct world *w = calloc(1, sizeof(*w));
    struct config c;
    *state = w;
    bool ok = products_register(&w->registry, &w->err) && alerts_register(&w->registry, &w->err) &&
              config_parse(text, strlen(text), "f.conf", config_options, n_config_options, &c, &w->err);
    if (!ok || !rules_read(&c, &w->registry, &w->rules, &w->err))
        fail_msg("%s", w->err.text);
    config_done(&c);
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    rules_done(&w->rules);
    registry_done(&w->registry);
    free(w);
    return 0;
}

/* Sessions of APPLICATION that run, hold a transaction open, and are idle in one while others wait. */
static bool runs(struct world *w, const char *application, const char *expected, struct text *out)
{
    struct text samples;
    bool met = false;
    text_init(&samples, 1 << 16);
    text_addf(&samples,
              "{\"at\": 0, \"dataset\": \"locks\", \"target\": \"shop\", \"rows\": []}\n"
              "{\"at\": 0, \"dataset\": \"sessions\", \"target\": \"shop\", \"rows\": ["
              "{\"pid\": 1, \"backend_start\": 0, \"state\": \"active\", \"backend_type\": \"client "
              "backend\", \"own\": 0,"
              " \"application_name\": \"%s\", \"query\": \"select 1\", \"query_age_s\": 7000, "
              "\"xact_age_s\": 7000},"
              "{\"pid\": 2, \"backend_start\": 0, \"state\": \"idle in transaction\", \"backend_type\": "
              "\"client backend\","
              " \"own\": 0, \"application_name\": \"%s\", \"query\": \"select 1\", \"state_age_s\": 7000, "
              "\"xact_age_s\": 7000}]}\n"
              "%s{\"at\": 60, \"expect\": \"nothing\"}\n",
              application, application, expected);
    if (!trial_run(&w->rules, &w->registry, text_str(&samples), samples.len, "f", out, &met, &w->err))
        fail_msg("%s", w->err.text);
    text_done(&samples);
    return met;
}

static void dumps_and_maintenance_are_no_long_queries_nor_transactions(void **state)
{
    static const char *const programs[] = {"pg_dump",  "pg_dumpall", "pg_restore", "pg_basebackup",
                                           "vacuumdb", "reindexdb",  "pg_repack"};
    struct text out;
    text_init(&out, 1 << 16);
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (!runs(*state, programs[i], "", &out))
            fail_msg("%s: %s", programs[i], text_str(&out));
    if (!runs(*state, "web",
              "{\"at\": 60, \"expect\": \"fired\", \"rule\": \"query_running_long\"}\n"
              "{\"at\": 60, \"expect\": \"fired\", \"rule\": \"transaction_long\"}\n"
              "{\"at\": 60, \"expect\": \"fired\", \"rule\": \"idle_in_transaction\"}\n",
              &out))
        fail_msg("%s", text_str(&out));
    text_done(&out);
}

/* "(V)", "press o": cures have no key yet. */
static void actions_name_no_keys(void **state)
{
    const struct world *w = *state;
    for (int i = 0; i < w->rules.n; i++) {
        const char *action = w->rules.list[i].action;
        for (const char *p = action; (p = strchr(p, '(')) != NULL; p++)
            if (isalpha((unsigned char)p[1]) && p[2] == ')')
                fail_msg("%s: %s", w->rules.list[i].name, action);
        if (strstr(action, "press ") != NULL)
            fail_msg("%s: %s", w->rules.list[i].name, action);
    }
}

/* What an application tells of itself: 10 requests a second, of which ERRORS fail, and as many are timed of
 * which LATE took 50 to 200 ms. */
static bool tells(struct world *w, double per_s, double errors, double late, const char *expected)
{
    struct text samples, out;
    bool met = false;
    text_init(&samples, 1 << 16);
    text_init(&out, 1 << 16);
    text_addf(
        &samples,
        "{\"at\": 0, \"dataset\": \"errors\", \"target\": \"app\", \"rows\": ["
        "{\"kind\": \"app\", \"name\": \"http\", \"severity\": \"error\", \"requests_per_s\": %g, "
        "\"errors_per_s\": %g},"
        "{\"kind\": \"app\", \"name\": \"slow_queries\", \"severity\": \"slow\", \"requests_per_s\": %g, "
        "\"errors_per_s\": %g}]}\n"
        "{\"at\": 0, \"dataset\": \"latency\", \"target\": \"app\", \"rows\": ["
        "{\"name\": \"db_query_duration\", \"series\": \"\", \"count_per_s\": %g, \"sum_ms_per_s\": %g, "
        "\"highest_ms\": 200,"
        " \"upto_1\": 50, \"upto_2\": 200, \"upto_3\": 1e9, \"bucket_1_per_s\": %g, \"bucket_2_per_s\": %g, "
        "\"bucket_3_per_s\": %g}]}\n%s",
        per_s, errors, per_s, 0.3 * errors, per_s, 20 * per_s, per_s - late, per_s, per_s, expected);
    if (!trial_run(&w->rules, &w->registry, text_str(&samples), samples.len, "f", &out, &met, &w->err))
        fail_msg("%s", w->err.text);
    if (!met)
        print_message("%s\n", text_str(&out));
    text_done(&samples);
    text_done(&out);
    return met;
}

static void what_an_application_tells_of_itself_is_held_against_the_targets(void **state)
{
    assert_true(tells(*state, 10, 0.1, 0.05, "{\"at\": 900, \"expect\": \"nothing\"}\n"));
    assert_true(
        tells(*state, 0.1, 0.09, 0.09, "{\"at\": 900, \"expect\": \"nothing\"}\n")); /* few requests */
    assert_true(
        tells(*state, 10, 1.5, 1,
              "{\"at\": 900, \"expect\": \"fired\", \"rule\": \"error_rate\", \"level\": \"critical\"}\n"
              "{\"at\": 900, \"expect\": \"fired\", \"rule\": \"app_slow_queries\", \"level\": \"info\"}\n"
              "{\"at\": 900, \"expect\": \"fired\", \"rule\": \"latency_p95\", \"level\": \"warning\"}\n"
              "{\"at\": 900, \"expect\": \"fired\", \"rule\": \"latency_p99\", \"level\": \"warning\"}\n"));
}

/* SAMPLES with what is expected; what came of them in OUT. */
static bool comes(struct world *w, const char *samples, struct text *out)
{
    bool met = false;
    text_clear(out);
    if (!trial_run(&w->rules, &w->registry, samples, strlen(samples), "f", out, &met, &w->err))
        fail_msg("%s", w->err.text);
    return met;
}

static void of_settings_that_changed_the_newest_is_told(void **state)
{
    struct text out;
    text_init(&out, 1 << 16);
    assert_true(
        comes(*state,
              "{\"at\": 0, \"dataset\": \"targets\", \"target\": \"shop\", \"rows\": [{\"name\": \"shop\", "
              "\"state\": \"up\"}]}\n"
              "{\"at\": 0, \"dataset\": \"changes\", \"target\": \"shop\", \"rows\": ["
              "{\"number\": 1, \"at_time\": 0, \"kind\": \"setting\", \"what\": \"work_mem\", "
              "\"old_value\": \"4 MB\", \"new_value\": \"64 MB\"},"
              "{\"number\": 2, \"at_time\": 0, \"kind\": \"setting\", \"what\": \"fsync\", \"old_value\": "
              "\"on\", \"new_value\": \"off\"}]}\n"
              "{\"at\": 20, \"expect\": \"fired\", \"rule\": \"settings_changed\", \"level\": \"info\"}\n",
              &out));
    if (strstr(text_str(&out), "2 settings changed, the newest: fsync on to off\n") == NULL)
        fail_msg("%s", text_str(&out));
    text_done(&out);
}

/* A table whose last partition ended two months ago. */
#define ENDED(name, rest)                                                                                    \
    "{\"at\": 0, \"dataset\": \"partitions\", \"target\": \"shop\", \"rows\": [{\"datid\": 5, \"relid\": 1"  \
    ", \"datname\": \"shop\", \"schema\": \"public\", \"name\": \"" name "\", \"strategy\": \"range\", "     \
    "\"is_open\": 0, \"newest_name\": \"p\", \"newest_until\": 1e9, \"width_s\": 2592000, "                  \
    "\"ahead_s\": -5184000, " rest "}]}\n"

#define CRITICAL                                                                                             \
    "{\"at\": 900, \"expect\": \"fired\", \"rule\": \"partitions_ending\", \"level\": \"critical\"}\n"
#define NOTHING "{\"at\": 900, \"expect\": \"nothing\"}\n"

static void partitions_that_ended_long_ago_are_told_of_while_rows_come_that_nothing_takes(void **state)
{
    struct text out;
    text_init(&out, 1 << 16);
    assert_true(comes(*state, ENDED("used", "\"ins\": 10, \"ins_per_s\": 1") CRITICAL, &out));
    assert_true(comes(*state, ENDED("archive", "\"ins\": 10, \"ins_per_s\": 0") NOTHING, &out));
    assert_true(comes(
        *state, ENDED("caught", "\"ins\": 10, \"ins_per_s\": 1, \"default_name\": \"rest\"") NOTHING, &out));
    text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dumps_and_maintenance_are_no_long_queries_nor_transactions, begin,
                                        end),
        cmocka_unit_test_setup_teardown(actions_name_no_keys, begin, end),
        cmocka_unit_test_setup_teardown(what_an_application_tells_of_itself_is_held_against_the_targets,
                                        begin, end),
        cmocka_unit_test_setup_teardown(of_settings_that_changed_the_newest_is_told, begin, end),
        cmocka_unit_test_setup_teardown(
            partitions_that_ended_long_ago_are_told_of_while_rows_come_that_nothing_takes, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
