/* Page files: what is read, and what is refused with its place. */
#include "tui/page.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

static void load(struct pages *p, const char *text)
{
    struct err err = {""};
    if (!pages_add_text(p, text, strlen(text), "my.page", &err))
        fail_msg("%s", err.text);
}

static void refused(const char *text, const char *because)
{
    struct pages p;
    struct err err = {""};
    pages_init(&p);
    bool ok = pages_add_text(&p, text, strlen(text), "my.page", &err) && pages_check(&p, &err);
    if (ok || strstr(err.text, because) == NULL)
        fail_msg("%s\n\"%s\" was expected to name \"%s\"", text, err.text, because);
    pages_done(&p);
}

static void attributes_are_read(void **state)
{
    (void)state;
    struct pages p;
    struct err err = {""};
    pages_init(&p);
    load(&p, "[page jobs]\nkey = 5\nlayout = jobs\n"
             "[pane jobs]\nsql = select 1 as a\nsort = a desc, b\nhide = c, d\nleast = 4x30\n"
             "headings = a: alpha, b: beta\nsets = \n all: 1\n big: a > 1\n"
             "mark =\n a > 5m is critical\n b = 'idle in tx' is warning on row\n");
    const struct pane *pane = pane_find(&p, "jobs");
    assert_true(pages_check(&p, &err));
    assert_int_equal(page_of_key(&p, '5')->layout.kind, LAYOUT_PANE);
    assert_int_equal(pane->n_sorts, 2);
    assert_true(pane->sorts[0].descending && !pane->sorts[1].descending);
    assert_true(names_have(&pane->hide, "d") && !names_have(&pane->hide, "a"));
    assert_string_equal(pairs_find(&pane->headings, "b"), "beta");
    assert_int_equal(pane->sets.n, 2);
    assert_string_equal(pane->sets.texts[1], "a > 1");
    assert_int_equal(pane->least_columns, 30);
    assert_int_equal(pane->n_marks, 2);
    assert_string_equal(pane->marks[1].on, "row");
    pages_done(&p);
}

static void a_users_pane_replaces_what_it_gives_and_is_appended(void **state)
{
    (void)state;
    struct pages p;
    pages_init(&p);
    load(&p, "[page a]\nlayout = one\n[pane one]\nsql = select 1\ntitle = built in\nsort = x\n");
    load(&p, "[pane one]\nsql = select 2\n[pane two]\nsql = select 3\npage = a\nsize = 4\n");
    assert_string_equal(pane_find(&p, "one")->sql, "select 2");
    assert_string_equal(pane_find(&p, "one")->title, "built in");
    const struct layout *l = &page_find(&p, "a")->layout;
    assert_int_equal(l->kind, LAYOUT_ROWS);
    assert_string_equal(l->parts[1].pane, "two");
    assert_int_equal(l->parts[1].least, 4);
    pages_done(&p);
}

static void marks_compare_with_the_columns_unit(void **state)
{
    (void)state;
    struct pages p;
    pages_init(&p);
    load(&p, "[pane m]\nsql = select 1\nmark =\n x > 5m is critical\n x = 'active' is good\n x < 90% is "
             "warning\n x > '' is dim\n");
    const struct mark *m = pane_find(&p, "m")->marks;
    struct value number = {.type = VALUE_REAL, .real = 301}, text = {.type = VALUE_TEXT, .text = "active"},
                 none = {.type = VALUE_NULL};
    assert_true(mark_holds(&m[0], &number, UNIT_S));
    assert_false(mark_holds(&m[0], &number, UNIT_MS));
    assert_true(mark_holds(&m[1], &text, UNIT_NONE));
    assert_false(mark_holds(&m[1], &number, UNIT_S));
    number.real = 0.89;
    assert_true(mark_holds(&m[2], &number, UNIT_RATIO));
    assert_true(mark_holds(&m[3], &text, UNIT_NONE));
    for (int i = 0; i < 4; i++)
        assert_false(mark_holds(&m[i], &none, UNIT_S));
    pages_done(&p);
}

static void mistakes_name_file_and_line(void **state)
{
    (void)state;
    refused("[page a]\nlayout = nothere\n", "my.page:1: page a: there is no pane \"nothere\"");
    refused("[pane a]\nsql = select 1\nmark = x > 5\n", "my.page:3: mark");
    refused("[pane a]\nsql = select 1\nmark = x > 5 is purple\n", "no role \"purple\"");
    refused("[pane a]\nsql = select 1\nleast = big\n", "ROWSxCOLUMNS");
    refused("[pane a]\nsql = select 1\nsort = a sideways\n", "asc or desc");
    refused("[pane a]\ntitle = no sql\n", "has no sql");
    refused("[pane a]\nsql = select 1\nwidget = pie\n", "pie");
    refused("[pane a]\nsql = select 1\npage = b\n", "no page \"b\"");
    refused("[page a]\nkey = 1\nlayout = x\n[page b]\nkey = 1\nlayout = x\n[pane x]\nsql = select 1\n",
            "opens page a already");
    refused("[page a]\nkey = 1\n", "no layout");
    refused("[pane a]\nsql = select 1\ndetail = b\n[page p]\nlayout = a\n", "no page \"b\"");
    refused("[pane a]\nsql = select 1\nwidget = tree\n[page p]\nlayout = a\n", "a tree needs");
    refused("[pane a]\nsql = select 1\ncolour = red\n", "colour");
}

static void the_built_in_pages_are_sound(void **state)
{
    (void)state;
    struct pages p;
    struct err err = {""};
    pages_init(&p);
    if (!pages_add_builtin(&p, &err) || !pages_check(&p, &err))
        fail_msg("%s", err.text);
    static const char *const names[] = {"overview", "sessions", "statements", "tables", "indexes",
                                        "pools",    "caches",   "locks",      "waits"};
    for (int i = 0; i < 9; i++) {
        const struct page *page = page_of_key(&p, (char)('1' + i));
        if (page == NULL || strcmp(page->name, names[i]) != 0)
            fail_msg("key %d opens %s, not %s", i + 1, page == NULL ? "nothing" : page->name, names[i]);
    }
    for (int i = 0; i < p.n_pages; i++)
        if (p.pages[i]->help[0] == '\0')
            fail_msg("page %s has no help", p.pages[i]->name);
    pages_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_read),
        cmocka_unit_test(a_users_pane_replaces_what_it_gives_and_is_appended),
        cmocka_unit_test(marks_compare_with_the_columns_unit),
        cmocka_unit_test(mistakes_name_file_and_line),
        cmocka_unit_test(the_built_in_pages_are_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
