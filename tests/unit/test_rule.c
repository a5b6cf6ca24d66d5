/* Rules: what is written becomes what is judged, what is wrong is told with its place, and what ships can
 * fire. */
#include "alerts/book.h"
#include "alerts/trial.h"
#include "engine/products.h"
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct registry registry;
    struct rules rules;
    struct err err;
};

static void world_init(struct world *w)
{
    *w = (struct world){.rules = {.n = 0}};
    assert_true(products_register(&w->registry, &w->err));
    assert_true(alerts_register(&w->registry, &w->err));
}

static void world_done(struct world *w)
{
    rules_done(&w->rules);
    registry_done(&w->registry);
}

static bool reads(struct world *w, const char *text)
{
    struct config c;
    w->err.text[0] = '\0';
    rules_done(&w->rules);
    if (!config_parse(text, strlen(text), "f.conf", config_options, n_config_options, &c, &w->err))
        return false;
    bool ok = rules_read_alone(&c, NULL, &w->registry, &w->rules, &w->err);
    config_done(&c);
    return ok;
}

static void from_config(struct world *w, const char *text)
{
    struct config c;
    if (!config_parse(text, strlen(text), "f.conf", config_options, n_config_options, &c, &w->err) ||
        !rules_read(&c, &w->registry, &w->rules, &w->err))
        fail_msg("%s", w->err.text);
    config_done(&c);
}

static void thresholds_are_numbers_of_base_units(void **state)
{
    static const struct {
        const char *text;
        enum compare op;
        double number;
    } good[] = {{"> 80 %", COMPARE_GT, 0.8}, {"<0.95", COMPARE_LT, 0.95},
                {">= 5m", COMPARE_GE, 300},  {"<= 500 MB", COMPARE_LE, 524288000},
                {"> 10M", COMPARE_GT, 1e7},  {"= 0", COMPARE_EQ, 0},
                {"!= 3", COMPARE_NE, 3},     {"> 1h30m", COMPARE_GT, 5400},
                {"< -1", COMPARE_LT, -1}};
    static const char *const bad[] = {"", "80", "> ", "> x", "> 5 apples", "> 0x10", "=> 5", "> nan"};
    struct arena *arena = arena_new(64);
    struct threshold t;
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!threshold_parse(arena, good[i].text, &t, &err))
            fail_msg("%s", err.text);
        assert_int_equal(t.op, good[i].op);
        if (fabs(t.number - good[i].number) > 1e-9)
            fail_msg("%s is %g", good[i].text, t.number);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (threshold_parse(arena, bad[i], &t, &err))
            fail_msg("'%s' was taken", bad[i]);
    assert_true(threshold_parse(arena, "> 5", &t, &err));
    assert_false(threshold_holds(&t, NAN));
    arena_unref(arena);
}

static void what_is_wrong_is_told_with_its_place_and_the_nearest_name(void **state)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"[rule r]\nfrom = pool\nvalue = waiting\nwarning = > 0",
         "f.conf:2: [rule r] from: there is no dataset 'pool'"},
        {"[rule r]\nfrom = pools\nvalue = waitin\nwarning = > 0",
         "f.conf:3: [rule r] value: no such column: waitin; did you mean 'waiting'?"},
        {"[rule r]\nfrom = pools\nwhere = kid = 'app'\nvalue = waiting\nwarning = > 0",
         "f.conf:3: [rule r] where: no such column: kid; did you mean 'kind'?"},
        {"[rule r]\nfrom = pools\nvalue = waiting\nwarning = 5",
         "f.conf:4: [rule r] warning: '5' is no threshold"},
        {"[rule r]\nfrom = pools\nvalue = waiting\nwarning = > 5 MB",
         "f.conf:4: [rule r] warning: '> 5 MB' is a size"},
        {"[rule r]\nfrom = pools\nvalue = waiting", "[rule r] warning: expected a threshold"},
        {"[rule r]\nfrom = pools\nwarning = > 1", "[rule r] value: expected the column"},
        {"[rule r]\nvalue = x\nwarning = > 1", "[rule r] from: expected `from` and `value`, or `sql`"},
        {"[rule r]\nsql = select 1 as value\nwarning = > 1",
         "f.conf:2: [rule r] sql: the SELECT gives no column 'target'"},
        {"[rule r]\nfrom = pools\nvalue = waiting\nwarning = > 1\nfor = soon",
         "f.conf:5: [rule r] for: 'soon' is no duration"},
    };
    struct world w;
    (void)state;
    world_init(&w);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        if (reads(&w, wrong[i].text))
            fail_msg("taken: %s", wrong[i].text);
        if (strstr(w.err.text, wrong[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", w.err.text, wrong[i].says);
    }
    world_done(&w);
}

static void thresholds_fit_the_unit_of_the_value(void **state)
{
    struct world w;
    (void)state;
    world_init(&w);
    assert_true(
        reads(&w, "[rule r]\nfrom = statements('5m')\nvalue = mean_ms\nwarning = > 2s\ncritical = > 5000"));
    assert_true(w.rules.list[0].unit == UNIT_MS);
    assert_true(fabs(w.rules.list[0].levels[LEVEL_WARNING].number - 2000) < 1e-9);
    assert_true(fabs(w.rules.list[0].levels[LEVEL_CRITICAL].number - 5000) < 1e-9);
    assert_string_equal(w.rules.list[0].window, "5m");
    world_done(&w);
}

/* Every {name} of a template is a column of the answer. */
static void check_template(const struct world *w, const struct rule *r, const char *template)
{
    static const struct store_limits none = {.series_bytes = 1, .total_bytes = 1, .keep_s = 1};
    struct err err;
    struct store *store = store_new(none);
    struct snapshot *s = store_snapshot(store);
    struct door *door = door_new(&w->registry, &err);
    struct result *result = door_run(door, s, &(struct query){.sql = r->sql}, &err);
    assert_non_null(result);
    for (const char *p = template; p != NULL && (p = strchr(p, '{')) != NULL; p++) {
        char name[64] = "";
        size_t len = strcspn(p + 1, "}");
        memcpy(name, p + 1, len);
        if (result_column(result, name) < 0 && strcmp(name, "count") != 0)
            fail_msg("rule %s: {%s} is no column of %s", r->name, name, r->sql);
    }
    result_free(result);
    door_free(door);
    snapshot_unref(s);
    store_free(store);
}

static void every_pack_loads_and_its_texts_are_whole(void **state)
{
    struct world w;
    int missing = 0;
    (void)state;
    world_init(&w);
    from_config(&w, "[rules]\npacks = standard, targets\n");
    assert_true(w.rules.n > 50);
    for (int i = 0; i < w.rules.n; i++) {
        const struct rule *r = &w.rules.list[i];
        if (strcmp(r->help, "a rule of the user's own") == 0 || r->action == NULL)
            fail_msg("rule %s has no help or no action", r->name);
        missing += r->missing != NULL;
        if (r->missing != NULL)
            continue;
        check_template(&w, r, r->summary);
        check_template(&w, r, r->action);
    }
    assert_true(missing > 0);
    assert_string_equal(rule_find(&w.rules, "disk_full")->missing, "no data source: dataset disks");
    world_done(&w);
}

static void a_later_section_replaces_single_keys(void **state)
{
    struct world w;
    (void)state;
    world_init(&w);
    from_config(&w, "[rule deadlocks]\nwarning = > 7\n");
    const struct rule *r = rule_find(&w.rules, "deadlocks");
    assert_true(fabs(r->levels[LEVEL_WARNING].number - 7) < 1e-9);
    assert_int_equal(r->levels[LEVEL_CRITICAL].op, COMPARE_GT);
    assert_string_equal(r->pack, "standard");
    rules_done(&w.rules);
    from_config(&w, "[rules]\npacks = none\n");
    assert_int_equal(w.rules.n, 0);
    world_done(&w);
}

static char *read_samples(const char *path)
{
    struct text t;
    char piece[4096];
    text_init(&t, 1 << 20);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        text_add_n(&t, piece, n);
    fclose(f);
    return text_take(&t);
}

/* All that SAMPLES expects of the rules comes true. */
static void expect_trial(struct world *w, const char *samples, const char *name)
{
    struct text out;
    bool met = false;
    text_init(&out, 1 << 20);
    if (!trial_run(&w->rules, &w->registry, samples, strlen(samples), name, &out, &met, &w->err))
        fail_msg("%s", w->err.text);
    if (!met)
        fail_msg("%s", text_str(&out));
    text_done(&out);
}

static void each_rule_of_standard_can_fire(void **state)
{
    struct world w;
    (void)state;
    world_init(&w);
    from_config(&w, "");
    char *samples = read_samples(SAMPLES);
    expect_trial(&w, samples, "standard.jsonl");
    for (int i = 0; i < w.rules.n; i++) {
        char word[100];
        snprintf(word, sizeof(word), "\"rule\": \"%s\"", w.rules.list[i].name);
        if (w.rules.list[i].missing == NULL && strstr(samples, word) == NULL)
            fail_msg("nothing makes rule %s fire", w.rules.list[i].name);
    }
    free(samples);
    world_done(&w);
}

#define ORDERS(numbers) "\"dataset\": \"tables\", \"target\": \"shop\", \"rows\": [{\"datid\": 5, \"relid\": 1, \"datname\": \"shop\", \"schema\": \"public\", \"name\": \"orders\"," \
    "\"kind\": \"table\", \"is_system\": 0, \"autovacuum\": 1" numbers "}]}\n"

static void alerts_of_a_table_stay_while_its_counters_are_lost(void **state)
{
    static const char samples[] =
        "{\"at\": 0, " ORDERS(", \"live_rows\": 1e5, \"dead_rows\": 90000, \"vacuum_debt\": 2.5, \"mod_since_analyze\": 90000, \"analyze_debt\": 3")
        "{\"at\": 3800, \"expect\": \"fired\", \"rule\": \"dead_tuples\"}\n"
        "{\"at\": 3800, \"expect\": \"fired\", \"rule\": \"stale_statistics\"}\n"
        "{\"at\": 3900, " ORDERS("")
        "{\"at\": 5000, " ORDERS(", \"dead_rows\": 12, \"mod_since_analyze\": 12")
        "{\"at\": 6000, \"expect\": \"nothing\"}\n"
        "{\"at\": 6100, " ORDERS(", \"live_rows\": 1e5, \"dead_rows\": 0, \"vacuum_debt\": 0, \"mod_since_analyze\": 0, \"analyze_debt\": 0")
        "{\"at\": 6300, \"expect\": \"resolved\", \"rule\": \"dead_tuples\"}\n"
        "{\"at\": 6300, \"expect\": \"resolved\", \"rule\": \"stale_statistics\"}\n";
    struct world w;
    (void)state;
    world_init(&w);
    from_config(&w, "");
    expect_trial(&w, samples, "lost.jsonl");
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_are_numbers_of_base_units),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place_and_the_nearest_name),
        cmocka_unit_test(thresholds_fit_the_unit_of_the_value),
        cmocka_unit_test(every_pack_loads_and_its_texts_are_whole),
        cmocka_unit_test(a_later_section_replaces_single_keys),
        cmocka_unit_test(each_rule_of_standard_can_fire),
        cmocka_unit_test(alerts_of_a_table_stay_while_its_counters_are_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
