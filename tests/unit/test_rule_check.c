/* What can be written but not be meant is refused with its place, and says what was meant. */
#include "alerts/book.h"
#include "engine/products.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

struct world {
    struct registry registry;
    struct rules rules;
    struct err err;
};

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    *state = w;
    return products_register(&w->registry, &w->err) && alerts_register(&w->registry, &w->err) ? 0 : -1;
}

static int end(void **state)
{
    struct world *w = *state;
    rules_done(&w->rules);
    registry_done(&w->registry);
    free(w);
    return 0;
}

/* With packs, as a guard reads it. */
static bool reads(struct world *w, const char *text)
{
    struct config c;
    rules_done(&w->rules);
    w->err.text[0] = '\0';
    if (!config_parse(text, strlen(text), "f.conf", config_options, n_config_options, &c, &w->err))
        return false;
    bool ok = rules_read(&c, &w->registry, &w->rules, &w->err);
    config_done(&c);
    return ok;
}

static void refused(struct world *w, const char *text, const char *says)
{
    if (reads(w, text))
        fail_msg("taken: %s", text);
    if (strstr(w->err.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", w->err.text, says);
}

static void taken(struct world *w, const char *text)
{
    if (!reads(w, text))
        fail_msg("%s", w->err.text);
}

#define POOLS "[rule r]\nfrom = pools\nvalue = waiting\n"

static void levels_point_one_way_and_the_worse_is_further_away(void **state)
{
    refused(*state, POOLS "warning = > 10\ncritical = > 5",
            "f.conf:5: [rule r] critical: critical '> 5' is reached before warning '> 10'");
    refused(*state, POOLS "warning = < 5\ncritical = < 10", "f.conf:5: [rule r] critical: critical '< 10'");
    refused(*state, POOLS "info = > 10\ncritical = > 5", "f.conf:5: [rule r] critical:");
    refused(*state, POOLS "warning = > 10\ncritical = < 5",
            "f.conf:5: [rule r] critical: warning is '> 10' but critical is '< 5'");
    refused(*state, "[rule connections_saturation]\nwarning = > 99 %",
            "f.conf:2: [rule connections_saturation] warning:");
    taken(*state, POOLS "info = >= 1\nwarning = > 1\ncritical = > 20");
    taken(*state, POOLS "warning = != 3\ncritical = > 20");
}

static void clear_lies_on_the_good_side(void **state)
{
    refused(*state, POOLS "warning = > 10\nclear = > 5",
            "f.conf:5: [rule r] clear: clear '> 5' points the same way as warning '> 10': it would never "
            "resolve");
    refused(*state, POOLS "critical = < 10\nclear = < 20", "f.conf:5: [rule r] clear:");
    refused(*state, POOLS "warning = > 10\nclear = < 15", "clear '< 15' lies beyond warning '> 10'");
    taken(*state, POOLS "warning = > 10\nclear = < 10");
    taken(*state, POOLS "warning = < 10\nclear = > 12");
}

static void a_clear_of_a_pack_gives_way_to_a_tighter_level_of_the_user(void **state)
{
    struct world *w = *state;
    taken(w, "[rule connections_saturation]\nwarning = > 60 %");
    assert_int_equal(rule_find(&w->rules, "connections_saturation")->levels[LEVEL_NONE].op, COMPARE_NONE);
}

static void a_ratio_above_one_without_percent_is_asked_for(void **state)
{
    refused(
        *state, "[rule r]\nfrom = pools\nvalue = utilization\nwarning = > 80",
        "f.conf:4: [rule r] warning: '> 80', but the value is a ratio, where 1 is 100 %: did you mean 80 %?");
    taken(*state, "[rule r]\nfrom = pools\nvalue = utilization\nwarning = > 80 %\ncritical = >= 1");
    taken(*state, "[rule r]\nfrom = tables\nvalue = vacuum_debt\nwarning = > 200 %");
    taken(*state, "[rule r]\nfrom = tables\nvalue = vacuum_debt\nunit = ratio\nwarning = > 2");
}

static void texts_name_columns_that_are_there(void **state)
{
    refused(*state, POOLS "warning = > 1\nsummary = {valu} wait",
            "f.conf:5: [rule r] summary: {valu} is no column of what is judged; did you mean 'value'?");
    refused(*state, POOLS "warning = > 1\naction = ask {nobody_knows_whom}",
            "f.conf:5: [rule r] action: {nobody_knows_whom} is no column of what is judged; expected one of");
    taken(*state, POOLS
          "warning = > 1\nsummary = {value} of {max_size} in {target}, {count}: {} {a b} {\naction = { x");
    taken(*state,
          "[rule pool_exhausted]\nsql = select target, 'x' as kind, 'y' as name, 1 as value from targets");
}

static void one_way_to_say_what_is_judged(void **state)
{
    refused(*state, POOLS "sql = select target, 1 as value from pools\nkey = kind\nwarning = > 0",
            "f.conf:2: [rule r] from: stands beside `sql`");
    refused(*state, "[rule r]\nsql = select target, 1 as value from pools\nvalue = waiting\nwarning = > 0",
            "f.conf:3: [rule r] value: stands beside `sql`");
    taken(*state, "[rule deadlocks]\nsql = select target, datname, 1 as value from databases\nwarning = > 0");
}

static void none_is_no_pack_among_others(void **state)
{
    refused(*state, "[rules]\npacks = none, standard", "f.conf:2: [rules] packs: expected `none` alone");
    refused(*state, "[rules]\npacks = standart",
            "f.conf:2: [rules] packs: there is no pack 'standart'; did you mean 'standard'?");
}

static void a_column_that_is_not_there_is_told_with_those_like_it(void **state)
{
    refused(*state, "[rule r]\nfrom = sessions\nvalue = xact_s\nwarning = > 1m",
            "f.conf:3: [rule r] value: no such column: xact_s; did you mean 'xact_age_s'?");
    refused(*state, "[rule r]\nsql = select s.target, s.xact_age as value from sessions s\nwarning = > 1",
            "f.conf:2: [rule r] sql: no such column: s.xact_age; did you mean 'xact_age_s'?");
    refused(*state, "[rule r]\nfrom = sessions\nvalue = zzzzzz\nwarning = > 1m",
            "see dbvitals help sessions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(levels_point_one_way_and_the_worse_is_further_away, begin, end),
        cmocka_unit_test_setup_teardown(clear_lies_on_the_good_side, begin, end),
        cmocka_unit_test_setup_teardown(a_clear_of_a_pack_gives_way_to_a_tighter_level_of_the_user, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_ratio_above_one_without_percent_is_asked_for, begin, end),
        cmocka_unit_test_setup_teardown(texts_name_columns_that_are_there, begin, end),
        cmocka_unit_test_setup_teardown(one_way_to_say_what_is_judged, begin, end),
        cmocka_unit_test_setup_teardown(none_is_no_pack_among_others, begin, end),
        cmocka_unit_test_setup_teardown(a_column_that_is_not_there_is_told_with_those_like_it, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
