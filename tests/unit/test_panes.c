/* Every pane of every built-in page: its SELECT is taken by the door, names columns that exist, and reads
 * what it is thought to read. */
#include "core/query.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/book.h"
#include "cures/cures.h"
#include "core/text.h"
#include "engine/products.h"
#include "tests/unit/test.h"
#include "tui/page.h"
#include "tui/sqltext.h"

static struct registry registry;
static struct pages pages;
static struct door *door;

static int open_all(void **state)
{
    (void)state;
    struct err err = {""};
    pages_init(&pages);
    if (!products_register(&registry, &err) || !alerts_register(&registry, &err) || !cures_register(&registry, &err) || !pages_add_builtin(&pages, &err) || !pages_check(&pages, &err))
        fail_msg("%s", err.text);
    door = door_new(&registry, &err);
    return door == NULL;
}

static int close_all(void **state)
{
    (void)state;
    door_free(door);
    pages_done(&pages);
    registry_done(&registry);
    return 0;
}

static bool is_dataset(void *ctx, const char *name)
{
    return registry_find(ctx, name) != NULL;
}

static void check(const struct pane *pane, const char *sql)
{
    struct query_uses uses = {0};
    struct err err = {""};
    char found[20][64];
    if (!door_check(door, sql, &uses, &err))
        fail_msg("%s:%d: pane %s: %s", pane->file, pane->line, pane->name, err.text);
    int n = sql_datasets(sql, is_dataset, &registry, found, 20);
    for (int i = 0; i < uses.n; i++) {
        bool known = false;
        for (int k = 0; k < n; k++)
            known = known || strcmp(found[k], uses.datasets[i]->name) == 0;
        if (!known)
            fail_msg("%s:%d: pane %s reads %s, which is not found in its text", pane->file, pane->line,
                     pane->name, uses.datasets[i]->name);
    }
    free(uses.datasets);
}

static void every_select_is_taken_by_the_door(void **state)
{
    (void)state;
    for (int i = 0; i < pages.n_panes; i++) {
        const struct pane *pane = pages.panes[i];
        check(pane, pane->sql);
        if (pane->note != NULL)
            check(pane, pane->note);
        for (int k = 0; k < pane->sets.n; k++) {
            struct text sql;
            text_init(&sql, 100000);
            text_addf(&sql, "select * from (%s\n) where (%s)", pane->sql, pane->sets.texts[k]);
            check(pane, text_str(&sql));
            text_done(&sql);
        }
    }
}

static void must_have(const struct pane *pane, const struct result *r, const char *what, const char *column)
{
    if (column != NULL && result_column(r, column) < 0)
        fail_msg("%s:%d: pane %s: %s names %s, which its SELECT does not give", pane->file, pane->line,
                 pane->name, what, column);
}

static void list_check(const struct pane *pane, const struct result *r, const char *what,
                       const struct names *names)
{
    for (int i = 0; i < names->n; i++)
        must_have(pane, r, what, names->items[i]);
}

static void every_attribute_names_a_column(void **state)
{
    (void)state;
    struct store *store = store_new((struct store_limits){1 << 20, 1 << 20, 60});
    struct snapshot *snapshot = store_snapshot(store);
    for (int i = 0; i < pages.n_panes; i++) {
        const struct pane *p = pages.panes[i];
        struct err err = {""};
        struct query_param rows = {"rows", {.type = VALUE_INT, .integer = 10}};
        struct result *r =
            door_run(door, snapshot, &(struct query){.sql = p->sql, .params = &rows, .n_params = 1}, &err);
        if (r == NULL)
            fail_msg("%s:%d: pane %s: %s", p->file, p->line, p->name, err.text);
        list_check(p, r, "hide", &p->hide);
        list_check(p, r, "show", &p->show);
        list_check(p, r, "key", &p->key);
        list_check(p, r, "drop", &p->drop);
        list_check(p, r, "bars", &p->bars);
        list_check(p, r, "headings", &(struct names){p->headings.names, p->headings.n});
        for (int k = 0; k < p->n_sorts; k++)
            must_have(p, r, "sort", p->sorts[k].column);
        for (int k = 0; k < p->n_marks; k++) {
            must_have(p, r, "mark", p->marks[k].column);
            must_have(p, r, "mark on", strcmp(p->marks[k].on, "row") == 0 ? NULL : p->marks[k].on);
        }
        must_have(p, r, "copy", p->copy);
        must_have(p, r, "id", p->id);
        must_have(p, r, "parent", p->parent);
        must_have(p, r, "tree", p->tree);
        must_have(p, r, "trend", p->trend_s > 0 ? "sampled_at" : NULL);
        result_free(r);
    }
    snapshot_unref(snapshot);
    store_free(store);
}

/* Their texts hold numbers: a row keyed by them would be another one at each poll, and stand twice. */
static void verdicts_are_keyed_by_what_they_are_about(void **state)
{
    (void)state;
    const struct pane *now = NULL;
    for (int i = 0; i < pages.n_panes; i++)
        if (strcmp(pages.panes[i]->name, "now") == 0)
            now = pages.panes[i];
    assert_non_null(now);
    assert_true(names_have(&now->key, "rank") && names_have(&now->key, "id"));
    assert_false(names_have(&now->key, "text"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_select_is_taken_by_the_door),
        cmocka_unit_test(every_attribute_names_a_column),
        cmocka_unit_test(verdicts_are_keyed_by_what_they_are_about),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
