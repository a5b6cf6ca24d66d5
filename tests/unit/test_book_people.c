/* What the book of alerts tells people, and what they tell it: acknowledgements, silences, titles, datasets.
 */
#include "core/store.h"
#include "tests/unit/book_world.h"

static void an_acknowledgement_ends_when_it_ends_gets_worse_or_at_its_time(void **state)
{
    (void)state;
    struct world w;
    struct err err = {""};
    world_init(&w);
    shop(&w, LAG, 60);
    struct alert *a = find(&w, "lag", "shop", "a");
    assert_true(book_ack(w.book, a->id, "ann", "I look", w.wall_s, NAN, &err));
    assert_int_equal(last(&w)->change, CHANGE_NONE);
    assert_int_equal(last(&w)->reason, REASON_ACKED);
    shop(&w, LAG, 61);
    assert_string_equal(a->ack.by, "ann");
    shop(&w, LAG, 95);
    assert_null(a->ack.by);
    assert_true(book_ack(w.book, a->id, "ann", NULL, w.wall_s, NAN, &err));
    shop(&w, LAG, 60); /* better is no reason to ask again */
    assert_string_equal(a->ack.by, "ann");
    shop(&w, LAG, 1);
    assert_null(a->ack.by);
    shop(&w, LAG, 60);
    assert_true(book_ack(w.book, a->id, "ann", NULL, w.wall_s, w.wall_s + 60, &err));
    book_tick(w.book, 1, w.wall_s + 59);
    assert_string_equal(a->ack.by, "ann");
    book_tick(w.book, 1, w.wall_s + 60);
    assert_null(a->ack.by);
    book_free(w.book);
}

static void only_what_fires_can_be_acknowledged_by_somebody_until_later(void **state)
{
    (void)state;
    struct world w;
    struct err err = {""};
    world_init(&w);
    assert_false(book_ack(w.book, "0123456789abcdef", "ann", NULL, 0, NAN, &err));
    shop(&w, DISKS, 60);
    const char *id = find(&w, "disks", "shop", "a")->id;
    assert_false(book_ack(w.book, id, "ann", NULL, w.wall_s, NAN, &err));
    assert_non_null(strstr(err.text, "pending"));
    for (int i = 0; i < 3; i++)
        shop(&w, DISKS, 60);
    assert_false(book_ack(w.book, id, "", NULL, w.wall_s, NAN, &err));
    assert_false(book_ack(w.book, id, "ann", NULL, w.wall_s, w.wall_s - 1, &err));
    assert_false(book_unack(w.book, id, &err));
    assert_true(book_ack(w.book, id, "ann", NULL, w.wall_s, NAN, &err));
    assert_true(book_unack(w.book, id, &err));
    assert_null(book_find(w.book, id)->ack.by);
    book_free(w.book);
}

static void a_latched_one_waits_for_its_acknowledgement(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    shop(&w, LATCHED, 95);
    for (int i = 0; i < 10; i++)
        shop(&w, LATCHED, 1);
    struct alert *a = find(&w, "checksums", "shop", "");
    assert_int_equal(a->state.phase, PHASE_KEPT);
    assert_true(book_ack(w.book, a->id, "ann", NULL, w.wall_s, NAN, NULL));
    shop(&w, LATCHED, 1);
    assert_int_equal(last(&w)->reason, REASON_ACKED);
    assert_int_equal(a->state.phase, PHASE_OK);
    book_free(w.book);
}

static void a_dead_target_inhibits_its_other_alerts_and_not_itself(void **state)
{
    (void)state;
    struct world w;
    const struct row rows[] = {{"shop", "a", 95, NULL}, {"blog", "a", 95, NULL}};
    world_init(&w);
    answer(&w, LAG, rows, 2, both, 2);
    struct alert *shop_lag = find(&w, "lag", "shop", "a");
    assert_null(shop_lag->inhibited_by);
    shop(&w, DOWN, 60);
    struct alert *down = find(&w, "target_down", "shop", "");
    assert_string_equal(shop_lag->inhibited_by, "target_down");
    assert_ptr_equal(book_inhibitor(w.book, shop_lag), down);
    assert_null(down->inhibited_by);
    assert_null(book_inhibitor(w.book, down));
    assert_null(find(&w, "lag", "blog", "a")->inhibited_by);
    shop(&w, DISKS, 60); /* one that comes later is too */
    assert_string_equal(find(&w, "disks", "shop", "a")->inhibited_by, "target_down");
    shop(&w, DOWN, 1);
    assert_null(shop_lag->inhibited_by);
    assert_null(book_inhibitor(w.book, shop_lag));
    book_free(w.book);
}

static void silences_cover_by_globs_for_their_time(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *key;
        bool covers;
    } cases[] = {{"a", "a", true},         {"a", "ab", false},
                 {"a*", "ab", true},       {"*b", "ab", true},
                 {"*", "", true},          {"?", "", false},
                 {"a?c", "abc", true},     {"[a-c]x", "bx", true},
                 {"[^a]", "a", false},     {"[^a]", "b", true},
                 {"[", "[", true},         {"", "", true},
                 {"*a*b*", "xaxxb", true}, {"[]]", "]", true},
                 {"a*c", "abb", false},    {"*aaaab", "aaaaaaaaaaaaaaaaaab", true}};
    struct world w;
    world_init(&w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char pattern[40], rule[] = "l?g", by[] = "ann";
        snprintf(pattern, sizeof(pattern), "%s", cases[i].pattern);
        const struct silence s = {.rule = rule, .key = pattern, .by = by, .from_s = 100, .until_s = 200};
        int64_t id = book_silence(w.book, &s);
        const struct alert *a = book_restore(w.book, "lag", "shop", cases[i].key);
        if ((book_silenced(w.book, a, 150) != NULL) != cases[i].covers)
            fail_msg("%s and %s", cases[i].pattern, cases[i].key);
        assert_null(book_silenced(w.book, a, 99));
        assert_null(book_silenced(w.book, a, 200));
        assert_null(book_silenced(w.book, book_restore(w.book, "disks", "shop", cases[i].key), 150));
        assert_true(book_unsilence(w.book, id, 120));
        assert_false(book_unsilence(w.book, id, 121));
        assert_null(book_silenced(w.book, a, 150));
    }
    /* One of the state file keeps its id, and later ones come after it. */
    assert_int_equal(book_silence(w.book, &(struct silence){.id = 70, .from_s = 1, .until_s = 2}), 70);
    assert_int_equal(book_silence(w.book, &(struct silence){.from_s = 1, .until_s = 2}), 71);
    book_free(w.book);
}

static void the_glob_of_a_text_matches_it_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "*", "a?c", "[^a]", "lo[c]k*", "]", "it's \xc3\xa4", "**[[??"};
    enum { N = sizeof(texts) / sizeof(texts[0]) };
    struct world w;
    world_init(&w);
    for (int i = 0; i < N; i++) {
        struct silence s = {.key = glob_of(texts[i]), .from_s = 100 + 10 * i, .until_s = 105 + 10 * i};
        book_silence(w.book, &s);
        for (int k = 0; k < N; k++) {
            const struct alert *a = book_restore(w.book, "lag", "shop", texts[k]);
            if ((book_silenced(w.book, a, s.from_s) != NULL) != (i == k))
                fail_msg("what is made of '%s' and '%s'", texts[i], texts[k]);
        }
        free(s.key);
    }
    book_free(w.book);
}

static void a_title_tells_level_target_what_and_how_much_within_80_characters(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.list[LAG].summary = "9 sessions blocked 4m by pid 4711 (idle in transaction)";
    shop(&w, LAG, 95);
    const struct alert *a = find(&w, "lag", "shop", "a");
    assert_string_equal(a->title, "CRITICAL shop: 9 sessions blocked 4m by pid 4711 (idle in transaction)");
    assert_true(strlen(a->title) <= 80);
    assert_string_equal(a->threshold, "> 90 s");
    assert_string_equal(a->value_text, "1m35s");
    shop(&w, LAG, 1);
    assert_string_equal(a->title, "RESOLVED shop: 9 sessions blocked 4m by pid 4711 (idle in transaction)");
    shop(&w, LAG, 60);
    shop(&w, LAG, NAN);
    assert_string_equal(a->title,
                        "RESOLVED (gone) shop: 9 sessions blocked 4m by pid 4711 (idle in transaction)");
    w.list[LAG].summary = NULL;
    shop(&w, LAG, 60);
    assert_string_equal(a->title, "WARNING shop: lag of a is 1m00s");
    book_free(w.book);
}

static void texts_from_outside_are_harmless_in_titles_and_whole_in_evidence(void **state)
{
    (void)state;
    struct world w;
    char *longest = mem_new(40000);
    memset(longest, 'x', 39999);
    const char *target = "a-target-with-a-name-that-nobody-can-read-on-a-phone";
    const struct coverage coverage[] = {{target, NULL}};
    const struct row rows[] = {{target, "a\nb\x1b[31m\xe2\x80\xae", 60, longest}};
    world_init(&w);
    answer(&w, LAG, rows, 1, coverage, 1);
    const struct alert *a = book_alert(w.book, 0);
    assert_null(strpbrk(a->title, "\n\x1b"));
    assert_null(strstr(a->title, "\xe2\x80\xae"));
    assert_non_null(strstr(a->title, "WARNING a-target-with-a-name-that-no\xe2\x80\xa6: a b"));
    assert_true(strstr(a->title, ": a b") - a->title < 50);
    assert_true(strlen(a->title) <= 200);
    assert_non_null(strstr(a->evidence, "\"name\":\"a\\nb\\u001b[31m\\u202e\""));
    assert_non_null(strstr(a->evidence, "\"value\":60"));
    size_t len = strlen(a->evidence);
    assert_true(len < 2000 && strcmp(a->evidence + len - 3, "x\"}") == 0);
    assert_string_equal(a->labels, "{\"name\":\"a\\nb\\u001b[31m\\u202e\"}");
    free(longest);
    book_free(w.book);
}

static double number_of(const struct sample *s, const char *column, int row)
{
    return s->values[dataset_column(s->dataset, column)].real[row];
}

static const char *text_of(const struct sample *s, const char *column, int row)
{
    const char *text = sample_text(s, dataset_column(s->dataset, column), row);
    return text != NULL ? text : "NULL";
}

static void the_dataset_alerts_has_those_of_the_target(void **state)
{
    (void)state;
    struct world w;
    const struct row rows[] = {{"shop", "a", 95, NULL}, {"blog", "a", 60, NULL}};
    world_init(&w);
    answer(&w, LAG, rows, 2, both, 2);
    assert_true(book_ack(w.book, find(&w, "lag", "shop", "a")->id, "ann", "I look", w.wall_s, NAN, NULL));
    char by[] = "bob", target[] = "shop";
    book_silence(w.book,
                 &(struct silence){.target = target, .by = by, .from_s = 0, .until_s = w.wall_s + 60});
    struct sample *s = book_alerts_sample(w.book, "shop", 5, w.wall_s + 7);
    assert_int_equal(s->n_rows, 1);
    assert_string_equal(text_of(s, "rule", 0), "lag");
    assert_string_equal(text_of(s, "alert_key", 0), "a");
    assert_string_equal(text_of(s, "state", 0), "firing");
    assert_string_equal(text_of(s, "severity", 0), "critical");
    assert_string_equal(text_of(s, "acked_by", 0), "ann");
    assert_string_equal(text_of(s, "silenced_by", 0), "bob");
    assert_string_equal(text_of(s, "reason", 0), "threshold");
    assert_string_equal(text_of(s, "threshold", 0), "> 90 s");
    assert_true(number_of(s, "value", 0) == 95 && number_of(s, "since_s", 0) == 7 &&
                number_of(s, "level", 0) == 3);
    assert_true(isnan(number_of(s, "resolved_at", 0)) && isnan(number_of(s, "ack_until", 0)));
    sample_unref(s);
    s = book_alerts_sample(w.book, "nobody", 5, 6);
    assert_int_equal(s->n_rows, 0);
    sample_unref(s);
    book_free(w.book);
}

static void the_dataset_rules_says_which_can_be_judged(void **state)
{
    (void)state;
    struct world w;
    const struct coverage stale[] = {{"shop", NULL}, {"blog", "sessions is 12 s old"}};
    const struct row rows[] = {{"shop", "a", 95, NULL}};
    world_init(&w);
    w.list[DOWN].missing = "no data source: dataset io";
    w.list[LATCHED].enabled = false;
    answer(&w, LAG, rows, 1, stale, 2);
    book_answer(w.book,
                &(struct book_answer){
                    .rule = &w.list[DISKS], .error = "interrupted", .coverage = both, .n_coverage = 2});
    struct sample *s = book_rules_sample(w.book, "shop", 5, w.wall_s + 3),
                  *blog = book_rules_sample(w.book, "blog", 5, w.wall_s + 3);
    static const char *const status[N_RULES] = {"ok", "no data source", "disabled", "ok", "error"};
    assert_int_equal(s->n_rows, N_RULES);
    for (int i = 0; i < N_RULES; i++)
        assert_string_equal(text_of(s, "status", i), status[i]);
    assert_string_equal(text_of(s, "error", DISKS), "interrupted");
    assert_string_equal(text_of(s, "warning_at", LAG), "> 50 s");
    assert_true(number_of(s, "n_critical", LAG) == 1 && number_of(blog, "n_critical", LAG) == 0);
    assert_true(number_of(s, "judged_age_s", LAG) == 3 && isnan(number_of(s, "judged_age_s", DEAF)));
    assert_string_equal(text_of(s, "no_data", LAG), "NULL");
    assert_string_equal(text_of(blog, "no_data", LAG), "sessions is 12 s old");
    assert_string_equal(text_of(s, "no_data", DOWN), "no data source: dataset io");
    sample_unref(s);
    sample_unref(blog);
    book_free(w.book);
}

/* The texts of rules are those of the rules' arena, which outlives a reload as long as somebody looks. */
static void samples_of_rules_outlive_the_rules(void **state)
{
    (void)state;
    struct world w;
    struct store *store = store_new((struct store_limits){1 << 20, 1 << 20, 60});
    world_init(&w);
    w.rules.arena = arena_new(256);
    w.list[LAG].help = arena_dup(w.rules.arena, "how late it is");
    book_set_rules(w.book, &w.rules, w.wall_s);
    for (int i = 1; i <= 3; i++) {
        store_put(store, "shop", book_rules_sample(w.book, "shop", i, i));
        shop(&w, LAG, 60);
    }
    const struct rules none = {0};
    book_set_rules(w.book, &none, w.wall_s);
    arena_unref(w.rules.arena);
    store_put(store, "shop", book_rules_sample(w.book, "shop", 4, 4));
    struct snapshot *snapshot = store_snapshot(store);
    int n_shown = 0;
    struct window **trend;
    for (int n = snapshot_trend(snapshot, 0, &rules_dataset, 60, 4, &trend), i = 0; i < n; i++) {
        const struct sample *s = trend[i]->now;
        for (int row = 0; row < s->n_rows; row++)
            n_shown += strcmp(text_of(s, "help", row), row == LAG ? "how late it is" : "h") == 0;
    }
    assert_int_equal(n_shown, 3 * N_RULES);
    snapshot_unref(snapshot);
    store_free(store);
    book_free(w.book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_acknowledgement_ends_when_it_ends_gets_worse_or_at_its_time),
        cmocka_unit_test(only_what_fires_can_be_acknowledged_by_somebody_until_later),
        cmocka_unit_test(a_latched_one_waits_for_its_acknowledgement),
        cmocka_unit_test(a_dead_target_inhibits_its_other_alerts_and_not_itself),
        cmocka_unit_test(silences_cover_by_globs_for_their_time),
        cmocka_unit_test(the_glob_of_a_text_matches_it_alone),
        cmocka_unit_test(a_title_tells_level_target_what_and_how_much_within_80_characters),
        cmocka_unit_test(texts_from_outside_are_harmless_in_titles_and_whole_in_evidence),
        cmocka_unit_test(the_dataset_alerts_has_those_of_the_target),
        cmocka_unit_test(the_dataset_rules_says_which_can_be_judged),
        cmocka_unit_test(samples_of_rules_outlive_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
