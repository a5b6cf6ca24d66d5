/* Layout: its small language, and who gets which rows. */
#include "tui/layout.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tests/unit/test.h"

/* What panes ask for: "tall" wants 20 rows, "late" goes first when there is no room, "wide" hides. */
static struct layout_want want(void *ctx, const char *pane)
{
    (void)ctx;
    struct layout_want w = {.rows = 5, .least_rows = 3, .least_columns = 20, .priority = 5};
    if (strcmp(pane, "tall") == 0)
        w.rows = 20;
    if (strcmp(pane, "late") == 0)
        w.priority = 9;
    if (strcmp(pane, "first") == 0)
        w.priority = 1;
    w.hidden = strcmp(pane, "gone") == 0;
    return w;
}

/* Solves TEXT; "name row,column rowsxcolumns; ..." */
static void placed(const char *text, int rows, int columns, const char *expected)
{
    struct arena *arena = arena_new(1024);
    struct layout l;
    struct layout_place places[16];
    struct err err = {""};
    struct text out;
    if (!layout_parse(arena, text, &l, &err))
        fail_msg("%s: %s", text, err.text);
    int n = layout_solve(&l, rows, columns, want, NULL, places, 16);
    text_init(&out, 1000);
    for (int i = 0; i < n; i++) {
        if (places[i].rows == 0)
            text_addf(&out, "%s no; ", places[i].pane);
        else
            text_addf(&out, "%s %d,%d %dx%d; ", places[i].pane, places[i].row, places[i].column,
                      places[i].rows, places[i].columns);
    }
    assert_string_equal(text_str(&out), expected);
    text_done(&out);
    arena_unref(arena);
}

static void refused(const char *text, const char *because)
{
    struct arena *arena = arena_new(1024);
    struct layout l;
    struct err err = {""};
    if (layout_parse(arena, text, &l, &err) || strstr(err.text, because) == NULL)
        fail_msg("%s: \"%s\" was expected to name \"%s\"", text, err.text, because);
    arena_unref(arena);
}

static void weights_share_what_is_left(void **state)
{
    (void)state;
    placed("a 4, b *1, c *3", 24, 80, "a 0,0 4x80; b 4,0 5x80; c 9,0 15x80; ");
}

static void a_range_takes_what_its_content_wants(void **state)
{
    (void)state;
    placed("tall 3..8\nb", 30, 80, "tall 0,0 8x80; b 8,0 22x80; ");
    placed("a 3..8\nb", 30, 80, "a 0,0 5x80; b 5,0 25x80; ");
}

static void parts_stand_side_by_side_with_a_blank_between(void **state)
{
    (void)state;
    placed("a | b", 10, 81, "a 0,0 10x40; b 0,41 10x40; ");
    placed("(a | b *3) 6, c", 10, 81, "a 0,0 6x20; b 0,21 6x60; c 6,0 4x81; ");
}

static void the_least_important_goes_first(void **state)
{
    (void)state;
    placed("first, late, a", 9, 80, "first 0,0 3x80; late 3,0 3x80; a 6,0 3x80; ");
    placed("first, late, a", 8, 80, "first 0,0 4x80; late no; a 4,0 4x80; ");
    placed("first, late, a", 5, 80, "first 0,0 5x80; late no; a no; ");
    placed("first | late", 5, 30, "first 0,0 5x30; late no; ");
}

static void the_last_one_is_cut_not_dropped(void **state)
{
    (void)state;
    placed("first, a", 1, 10, "first 0,0 1x10; a no; ");
}

static void hidden_panes_leave_no_hole(void **state)
{
    (void)state;
    placed("gone 5, a", 10, 80, "gone no; a 0,0 10x80; ");
    placed("(gone | a), b", 10, 80, "gone no; a 0,0 5x80; b 5,0 5x80; ");
}

static void no_place_is_larger_than_the_screen(void **state)
{
    (void)state;
    const char *text = "a 4\n(tall | late *2) 5..12\n(first, (b | c)) *2\ngone";
    struct arena *arena = arena_new(1024);
    struct layout l;
    struct layout_place p[16];
    assert_true(layout_parse(arena, text, &l, NULL));
    for (int rows = 0; rows < 70; rows++) {
        for (int columns = 0; columns < 130; columns += 7) {
            int n = layout_solve(&l, rows, columns, want, NULL, p, 16), used = 0;
            assert_int_equal(n, 7);
            for (int i = 0; i < n; i++) {
                assert_true(p[i].row + p[i].rows <= rows && p[i].column + p[i].columns <= columns);
                used += p[i].rows > 0;
            }
            assert_true(rows == 0 || columns == 0 || used > 0);
        }
    }
    arena_unref(arena);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    refused("", "name of a pane");
    refused("(a, b", "')'");
    refused("a 0", "1 <= N");
    refused("a 5..2", "N <= M");
    refused("a b", "comma");
    refused("((((((((((a))))))))))", "parentheses");
    refused("a *0", "weight");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_share_what_is_left),
        cmocka_unit_test(a_range_takes_what_its_content_wants),
        cmocka_unit_test(parts_stand_side_by_side_with_a_blank_between),
        cmocka_unit_test(the_least_important_goes_first),
        cmocka_unit_test(the_last_one_is_cut_not_dropped),
        cmocka_unit_test(hidden_panes_leave_no_hole),
        cmocka_unit_test(no_place_is_larger_than_the_screen),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
