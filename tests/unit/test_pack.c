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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dumps_and_maintenance_are_no_long_queries_nor_transactions, begin,
                                        end),
        cmocka_unit_test_setup_teardown(actions_name_no_keys, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
