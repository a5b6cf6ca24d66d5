/* Actions: what ships compiles over the real datasets, gives what dialogs need, and no key means two things.
 */
#include "cures/cures.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/book.h"
#include "core/query.h"
#include "engine/products.h"
#include "tests/unit/test.h"
#include "tui/keys.h"

struct world {
    struct registry registry;
    struct actions actions;
    struct door *door;
    struct store *store;
    double mono_s;
    struct err err;
};

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    *state = w;
    if (!products_register(&w->registry, &w->err) || !alerts_register(&w->registry, &w->err) ||
        !cures_register(&w->registry, &w->err) || !actions_read(&w->actions, &w->err) ||
        (w->door = door_new(&w->registry, &w->err)) == NULL)
        fail_msg("%s", w->err.text);
    w->store =
        store_new((struct store_limits){.series_bytes = 1 << 20, .total_bytes = 1 << 20, .keep_s = 60});
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    door_free(w->door);
    store_free(w->store);
    actions_done(&w->actions);
    registry_done(&w->registry);
    free(w);
    return 0;
}

static void each_select_compiles_and_gives_the_columns_of_a_cure(void **state)
{
    struct world *w = *state;
    static const char *const always[] = {"label",   "statement", "verify", "database",
                                         "why_not", "says",      "effect"};
    assert_true(w->actions.n >= 12);
    for (int i = 0; i < w->actions.n; i++) {
        const struct action *a = &w->actions.list[i];
        struct snapshot *s = store_snapshot(w->store);
        char *sql = action_sql(a);
        struct query q = {.sql = sql};
        struct result *r = door_run(w->door, s, &q, &w->err);
        free(sql);
        snapshot_unref(s);
        if (r == NULL)
            fail_msg("%s: %s", a->name, w->err.text);
        for (size_t k = 0; k < sizeof(always) / sizeof(always[0]); k++)
            if (result_column(r, always[k]) < 0)
                fail_msg("%s gives no column %s", a->name, always[k]);
        for (int c = 0; c < r->n_columns; c++) {
            int k = 0;
            while (cure_column(k) != NULL && strcmp(cure_column(k), r->columns[c].name) != 0)
                k++;
            if (cure_column(k) == NULL)
                fail_msg("%s gives a column that nobody reads: %s", a->name, r->columns[c].name);
        }
        result_free(r);
    }
}

/* format_unit gives n/a where there is no value, never NULL: what coalesce says instead would not be said. */
static void what_is_not_known_is_told_in_its_own_words(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < w->actions.n; i++) {
        char *sql = action_sql(&w->actions.list[i]);
        if (strstr(sql, "coalesce(format_unit(") != NULL)
            fail_msg("%s: a coalesce that never comes to its second word: nullif(format_unit(...), 'n/a')",
                     w->actions.list[i].name);
        free(sql);
    }
}

static void put_tables(struct world *w, const int64_t *datids, int n)
{
    static const char *const texts[][2] = {{"schema", "public"}, {"name", "orders"}, {"datname", "shop"}};
    const struct dataset *d = registry_find(&w->registry, "tables"),
                         *g = registry_find(&w->registry, "targets");
    struct sample *tables = sample_new(d, n), *targets = sample_new(g, 1);
    tables->mono_s = targets->mono_s = w->mono_s++;
    for (int i = 0; i < n; i++) {
        tables->values[dataset_column(d, "datid")].integer[i] = datids[i];
        tables->values[dataset_column(d, "relid")].integer[i] = 16384;
        for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
            sample_set_text(tables, dataset_column(d, texts[k][0]), i, texts[k][1], strlen(texts[k][1]));
    }
    sample_set_text(targets, dataset_column(g, "name"), 0, "t", 1);
    store_put(w->store, "t", tables);
    store_put(w->store, "t", targets);
}

static void labelled(struct world *w, const char *expected)
{
    const struct query_param params[] = {{"target", {VALUE_TEXT, .text = "t"}},
                                         {"datid", {VALUE_INT, .integer = 7}},
                                         {"relid", {VALUE_INT, .integer = 16384}}};
    char *sql = action_sql(action_find(&w->actions, "analyze"));
    struct query q = {.sql = sql, .params = params, .n_params = 3};
    struct snapshot *s = store_snapshot(w->store);
    struct result *r = door_run(w->door, s, &q, &w->err);
    free(sql);
    struct cure cure;
    snapshot_unref(s);
    assert_non_null(r);
    assert_int_equal(r->n_rows, 1);
    cure_read(r, 0, &cure);
    assert_string_equal(cure.label, expected);
    result_free(r);
}

static void the_database_of_a_table_is_named_where_there_are_several(void **state)
{
    struct world *w = *state;
    put_tables(w, (const int64_t[]){7}, 1);
    labelled(w, "public.orders");
    put_tables(w, (const int64_t[]){7, 8}, 2);
    labelled(w, "shop.public.orders");
    put_tables(w, (const int64_t[]){6, 7}, 2);
    labelled(w, "shop.public.orders");
}

static void each_measure_compiles_and_names_its_numbers(void **state)
{
    struct world *w = *state;
    static const char *const columns[] = {"number", "unit", "kind", "value", "as_of", "over_s"};
    int n = 0;
    for (int i = 0; i < w->actions.n; i++) {
        const struct action *a = &w->actions.list[i];
        if (a->measure == NULL)
            continue;
        struct snapshot *s = store_snapshot(w->store);
        char *sql = action_measure(a);
        struct query q = {.sql = sql};
        struct result *r = door_run(w->door, s, &q, &w->err);
        free(sql);
        snapshot_unref(s);
        if (r == NULL)
            fail_msg("%s: %s", a->name, w->err.text);
        for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++)
            if (result_column(r, columns[k]) < 0)
                fail_msg("%s measures without %s", a->name, columns[k]);
        sql = action_sql(a);
        if (strstr(sql, "as keys") == NULL)
            fail_msg("%s measures, and does not say which row", a->name);
        free(sql);
        result_free(r);
        n++;
    }
    assert_true(n >= 9);
}

/* At MONO_S each of the texts has been called CALLS times, for MS each. */
static void put_statements(struct world *w, double mono_s, double calls)
{
    static const struct {
        const char *query;
        double ms;
    } made[] = {{"insert into orders select * from loaded", 5000},
                {"select * from orders where id = $1", 10},
                {"select * from others", 700},
                {"CREATE INDEX ON orders (id)", 9000}};
    enum { N = sizeof(made) / sizeof(made[0]) };
    const struct dataset *d = registry_find(&w->registry, "statements");
    struct sample *s = sample_new(d, N);
    s->mono_s = s->wall_s = mono_s;
    for (int i = 0; i < N; i++) {
        s->values[dataset_column(d, "dbid")].integer[i] = 7;
        s->values[dataset_column(d, "queryid")].integer[i] = i + 1;
        s->values[dataset_column(d, "toplevel")].integer[i] = 1;
        s->values[dataset_column(d, "calls")].real[i] = calls;
        s->values[dataset_column(d, "total_exec_ms")].real[i] = calls * made[i].ms;
        sample_set_text(s, dataset_column(d, "query"), i, made[i].query, strlen(made[i].query));
    }
    store_put(w->store, "t", s);
}

static void of_a_table_those_statements_count_that_find_its_rows(void **state)
{
    struct world *w = *state;
    const struct query_param params[] = {{"target", {VALUE_TEXT, .text = "t"}},
                                         {"window", {VALUE_TEXT, .text = "last"}},
                                         {"datid", {VALUE_INT, .integer = 7}},
                                         {"relid", {VALUE_INT, .integer = 16384}}};
    put_tables(w, (const int64_t[]){7}, 1);
    put_statements(w, 100, 1);
    put_statements(w, 200, 11);
    char *sql = action_measure(action_find(&w->actions, "analyze"));
    struct query q = {.sql = sql, .params = params, .n_params = 4};
    struct snapshot *s = store_snapshot(w->store);
    struct result *r = door_run(w->door, s, &q, &w->err);
    bool found = false;
    snapshot_unref(s);
    free(sql);
    assert_non_null(r);
    for (int i = 0; i < r->n_rows; i++)
        if (strcmp(result_at(r, i, result_column(r, "number"))->text, "statements_mean_ms") == 0) {
            assert_true(value_real(result_at(r, i, result_column(r, "value"))) == 10);
            found = true;
        }
    assert_true(found);
    result_free(r);
}

static void what_has_no_undo_says_why(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < w->actions.n; i++)
        if (w->actions.list[i].lasting == NULL)
            fail_msg("%s does not say why nothing takes it back", w->actions.list[i].name);
}

static bool is_param(const struct world *w, const struct action *a, const char *name)
{
    if (strcmp(name, "target") == 0 || (strcmp(name, "typed") == 0 && a->asks != NULL))
        return true;
    for (int i = 0; i < a->n_on; i++) {
        const struct dataset *d = registry_find(&w->registry, a->on[i]);
        int c = d == NULL ? -1 : dataset_column(d, name);
        if (c >= 0 && d->columns[c].kind == KIND_KEY)
            return true;
    }
    return false;
}

static void each_names_only_keys_of_the_rows_it_is_on(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < w->actions.n; i++) {
        const struct action *a = &w->actions.list[i];
        for (int k = 0; k < a->n_on; k++)
            if (registry_find(&w->registry, a->on[k]) == NULL)
                fail_msg("%s is on %s, which is no dataset", a->name, a->on[k]);
        bool quoted = false;
        char *sql = action_sql(a);
        for (const char *p = sql; *p != '\0'; p++) {
            quoted = quoted != (*p == '\'');
            size_t n = 0;
            char name[64] = "";
            while (!quoted && p[0] == ':' && (isalnum((unsigned char)p[n + 1]) || p[n + 1] == '_') &&
                   n < 63) {
                name[n] = p[n + 1];
                n++;
            }
            if (n > 0 && !is_param(w, a, name))
                fail_msg("%s: the rows it is on have no key :%s", a->name, name);
        }
        free(sql);
    }
}

/* Rows of alerts, messages and jobs have keys of their own; there no action is. */
static bool is_taken(char key)
{
    struct key k = {.kind = KEY_CHAR, .code = (uint32_t)key};
    enum command c = key_command(&k, WHERE_LIVE);
    return c != COMMAND_NONE && c != COMMAND_ACK && c != COMMAND_SILENCE && c != COMMAND_RESEND &&
           c != COMMAND_STOP;
}

static bool share_a_place(const struct action *a, const struct action *b)
{
    for (int i = 0; i < a->n_on; i++)
        if (action_is_on(b, a->on[i]))
            return true;
    return a->n_on == 0 && b->n_on == 0;
}

static bool share_a_product(const struct action *a, const struct action *b)
{
    return action_serves(a, b->product) || action_serves(b, a->product);
}

static void no_key_means_two_things_in_one_place(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < w->actions.n; i++) {
        const struct action *a = &w->actions.list[i];
        if (a->key == '\0')
            continue;
        if (is_taken(a->key) || a->n_on == 0 || a->rare)
            fail_msg("%s: %c is bound to a command, or to an action that no row is meant by", a->name,
                     a->key);
        for (int k = 0; k < i; k++)
            if (w->actions.list[k].key == a->key && share_a_place(a, &w->actions.list[k]) &&
                share_a_product(a, &w->actions.list[k]))
                fail_msg("%s and %s are both %c", a->name, w->actions.list[k].name, a->key);
    }
    assert_string_equal(action_of_key(&w->actions, "tables", "PostgreSQL", 'A')->name, "analyze");
    assert_string_equal(action_of_key(&w->actions, "tables", "SQLite", 'A')->name, "analyze_in_file");
    assert_string_equal(action_of_key(&w->actions, "sessions", NULL, 'K')->name, "terminate");
    assert_null(action_of_key(&w->actions, "alerts", NULL, 'A'));
}

static void ddl_steps_back_from_a_lock_and_concurrent_builds_wait(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < w->actions.n; i++) {
        const struct action *a = &w->actions.list[i];
        bool concurrent = strcmp(a->name, "reindex") == 0 || strcmp(a->name, "drop_index") == 0 ||
                          strcmp(a->name, "create_index") == 0 || strcmp(a->name, "undo") == 0;
        bool plain = !concurrent && !a->at_once && strcmp(a->name, "checkpoint") != 0 &&
                     (strcmp(a->product, "postgresql") == 0 || strcmp(a->product, "sqlite") == 0);
        if (plain != (a->lock_timeout_s > 0))
            fail_msg("%s: lock_timeout %g", a->name, a->lock_timeout_s);
    }
}

static void refused(const char *text, const char *expected)
{
    struct actions a;
    struct err err = {""};
    assert_false(actions_read_text(text, strlen(text), "x.conf", &a, &err));
    if (strstr(err.text, expected) == NULL)
        fail_msg("expected \"%s\", got \"%s\"", expected, err.text);
}

#define REST "\ntitle = t\nhelp = h\nproduct = postgresql\nrisk = r\nprivilege = p\n"
static void mistakes_are_told_with_their_place(void **state)
{
    (void)state;
    refused("[action a]\nkey = a" REST "sql = select 1\n",
            "x.conf:2: [action a] key: expected one upper-case letter");
    refused("[action a]" REST "sql = select {b}\n", "x.conf:7: [action a] sql: a { that begins no piece");
    refused("[piece b]\nsql = {b}\n[action a]" REST "sql = select {b}\n", "a { that begins no piece");
    refused("[action a]\ntitle = t\n", "[action a] help: it is needed");
    refused("[action a]\nkeys = A" REST "sql = select 1\n", "key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_select_compiles_and_gives_the_columns_of_a_cure, begin, end),
        cmocka_unit_test_setup_teardown(what_is_not_known_is_told_in_its_own_words, begin, end),
        cmocka_unit_test_setup_teardown(the_database_of_a_table_is_named_where_there_are_several, begin, end),
        cmocka_unit_test_setup_teardown(each_measure_compiles_and_names_its_numbers, begin, end),
        cmocka_unit_test_setup_teardown(of_a_table_those_statements_count_that_find_its_rows, begin, end),
        cmocka_unit_test_setup_teardown(what_has_no_undo_says_why, begin, end),
        cmocka_unit_test_setup_teardown(each_names_only_keys_of_the_rows_it_is_on, begin, end),
        cmocka_unit_test_setup_teardown(no_key_means_two_things_in_one_place, begin, end),
        cmocka_unit_test_setup_teardown(ddl_steps_back_from_a_lock_and_concurrent_builds_wait, begin, end),
        cmocka_unit_test(mistakes_are_told_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
