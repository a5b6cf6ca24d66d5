/* The canvas keeps its promises: clipped, harmless, wide characters whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/utf8.h"
#include "tui/canvas.h"

#define TEXT STYLE(ROLE_TEXT)

static void assert_screen(const struct canvas *c, const char *expected)
{
    struct text out;
    text_init(&out, 1 << 20);
    canvas_text(c, &out);
    assert_string_equal(text_str(&out), expected);
    text_done(&out);
}

/* Every second half has its first half before it, and every cell is valid UTF-8 of the width it stands for.
 */
static void assert_sound(const struct canvas *c)
{
    for (int row = 0; row < c->rows; row++)
        for (int column = 0; column < c->columns; column++) {
            const struct cell *cell = &c->cells[row * c->columns + column];
            char bytes[UTF8_CELL];
            int columns;
            if (cell->bytes[0] == '\0') {
                assert_true(column > 0);
                utf8_cell(cell[-1].bytes, strlen(cell[-1].bytes), bytes, &columns);
                assert_int_equal(columns, 2);
                continue;
            }
            assert_true(strlen(cell->bytes) < UTF8_CELL);
            assert_true(utf8_valid(cell->bytes, strlen(cell->bytes)));
            assert_int_equal(utf8_cell(cell->bytes, strlen(cell->bytes), bytes, &columns),
                             strlen(cell->bytes));
            assert_string_equal(bytes, cell->bytes); /* already harmless */
            if (columns == 2) {
                assert_true(column + 1 < c->columns);
                assert_string_equal(cell[1].bytes, "");
            }
        }
}

static void text_is_drawn_and_trailing_blanks_are_cut(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(2, 10);
    struct area a = canvas_area(c);
    assert_int_equal(area_put(a, 0, 1, -1, TEXT, "hello", false), 5);
    assert_screen(c, " hello\n\n");
    canvas_clear(c);
    assert_screen(c, "\n\n");
    canvas_free(c);
}

static void sizes_below_one_become_one(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(0, -5);
    assert_int_equal(c->rows, 1);
    assert_int_equal(c->columns, 1);
    area_put(canvas_area(c), 0, 0, -1, TEXT, "漢字", true);
    assert_screen(c, "…\n");
    canvas_resize(c, 2, 3);
    area_put(canvas_area(c), 1, 0, -1, TEXT, "漢字", false);
    assert_screen(c, "\n漢\n");
    canvas_free(c);
}

static void nothing_gets_out_of_an_area(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(4, 8);
    area_fill(canvas_area(c), TEXT, ".");
    struct area a = area_part(canvas_area(c), 1, 2, 2, 4);
    area_put(a, 0, -2, -1, TEXT, "abcdefghij", false);
    area_put(a, 1, 2, 100, TEXT, "wxyz", false);
    area_put(a, -1, 0, -1, TEXT, "above", false);
    area_put(a, 2, 0, -1, TEXT, "below", false);
    area_put(a, INT_MAX, INT_MIN, INT_MAX, TEXT, "far", true);
    area_put(a, 0, INT_MAX, INT_MAX, TEXT, "far", true);
    area_restyle(a, 0, -3, INT_MAX, STYLE(ROLE_DIM));
    area_highlight(a, 7, STYLE(ROLE_CURSOR));
    assert_screen(c, "........\n"
                     "..cdef..\n"
                     "....wx..\n"
                     "........\n");
    assert_int_equal(c->cells[8 + 1].role, ROLE_TEXT);
    assert_int_equal(c->cells[8 + 2].role, ROLE_DIM);
    assert_int_equal(c->cells[8 + 5].role, ROLE_DIM);
    assert_int_equal(c->cells[8 + 6].role, ROLE_TEXT);
    canvas_free(c);
}

static void a_part_is_cut_to_its_area(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(10, 20);
    struct area a = area_part(canvas_area(c), 2, 3, 4, 5);
    struct area b = area_part(a, -1, 2, 3, INT_MAX);
    assert_int_equal(b.row, 2);
    assert_int_equal(b.rows, 2);
    assert_int_equal(b.column, 5);
    assert_int_equal(b.columns, 3);
    b = area_part(a, 9, -9, 1, 2);
    assert_int_equal(b.rows, 0);
    assert_int_equal(b.columns, 0);
    b = area_part(a, INT_MAX, INT_MIN, INT_MAX, INT_MIN);
    assert_int_equal(b.rows, 0);
    assert_int_equal(b.columns, 0);
    canvas_free(c);
}

static void an_area_that_outlived_a_resize_draws_inside_the_canvas(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(10, 20);
    struct area a = canvas_area(c);
    canvas_resize(c, 2, 4);
    for (int row = 0; row < 10; row++)
        area_put(a, row, 0, -1, TEXT, "abcdefgh", false);
    area_fill(area_part(a, 1, 2, 9, 9), TEXT, "#");
    assert_screen(c, "abcd\nab##\n");
    canvas_free(c);
}

static void a_cut_text_ends_in_an_ellipsis(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(5, 12);
    struct area a = canvas_area(c);
    assert_int_equal(area_put(a, 0, 0, 6, TEXT, "statement", true), 6);
    assert_int_equal(area_put(a, 1, 0, 9, TEXT, "statement", true), 9);
    assert_int_equal(area_put(a, 2, 0, 6, TEXT, "statement", false), 6);
    assert_int_equal(area_put(a, 3, 0, 1, TEXT, "statement", true), 1);
    assert_int_equal(area_put(a, 4, 0, 0, TEXT, "statement", true), 0);
    assert_screen(c, "state…\nstatement\nstatem\n…\n\n");
    canvas_free(c);
}

static void a_wide_character_that_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(4, 5);
    struct area a = canvas_area(c);
    assert_int_equal(area_put(a, 0, 0, 5, TEXT, "漢字表", false), 4);
    assert_int_equal(area_put(a, 1, 0, 5, TEXT, "漢字表", true), 5);
    assert_int_equal(area_put(a, 2, 0, 4, TEXT, "漢字表", true), 4); /* the cut half of 字 is blank */
    assert_int_equal(area_put(a, 3, -1, -1, TEXT, "漢字", false),
                     4); /* so is what hangs over the left edge */
    assert_screen(c, "漢字\n漢字…\n漢 …\n 字\n");
    assert_sound(c);
    canvas_free(c);
}

static void overwriting_half_of_a_wide_character_blanks_the_other_half(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(5, 6);
    struct area a = canvas_area(c);
    for (int row = 0; row < 5; row++)
        area_put(a, row, 0, -1, TEXT, "漢字表", false);
    area_put(a, 0, 1, 1, TEXT, "x", false);  /* second half */
    area_put(a, 1, 2, 1, TEXT, "x", false);  /* first half */
    area_put(a, 2, 1, 2, TEXT, "界", false); /* halves of two */
    area_put(a, 3, 2, 2, TEXT, "界", false); /* exactly one */
    area_put(area_part(a, 4, 1, 1, 4), 0, 0, -1, TEXT, "界界", false);
    assert_screen(c, " x字表\n漢x 表\n 界 表\n漢界表\n 界界\n");
    assert_sound(c);
    canvas_free(c);
}

static void combining_marks_join_the_cell_before_and_are_bounded(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(3, 10);
    struct area a = canvas_area(c);
    assert_int_equal(area_put(a, 0, 0, -1, TEXT, "e\xCC\x81t\xC3\xA9|", false), 4);
    assert_string_equal(c->cells[0].bytes, "e\xCC\x81");
    struct text zalgo;
    text_init(&zalgo, 1 << 20);
    text_add(&zalgo, "z");
    for (int i = 0; i < 30; i++)
        text_add(&zalgo, "\xCC\x81");
    text_add(&zalgo, "!");
    assert_int_equal(area_put(a, 1, 0, -1, TEXT, text_str(&zalgo), false), 2);
    assert_string_equal(c->cells[10].bytes, "z\xCC\x81\xCC\x81\xCC\x81\xCC\x81");
    assert_string_equal(c->cells[11].bytes, "!");
    text_done(&zalgo);
    area_put(a, 2, 0, -1, TEXT, "漢\xCC\x81字", false);
    assert_string_equal(c->cells[20].bytes, "漢\xCC\x81");
    assert_string_equal(c->cells[22].bytes, "字");
    assert_sound(c);
    canvas_free(c);
}

static void hostile_text_is_harmless_in_every_cell(void **state)
{
    (void)state;
    static const char *const hostile[] = {
        "\x1b[2J\x1b[31mred\x1b[0m",
        "\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x1b\\",
        "\x9b"
        "2J\xc2\x9b"
        "2J\xc2\x90q\xc2\x9c",
        "a\nb\rc\td\be\x7f"
        "f\x0e\x0f",
        "\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe6\xbc",
        "\xe2\x80\xae"
        "drowssap\xe2\x80\xac \xe2\x81\xa6iso\xe2\x81\xa9\xe2\x80\x8f",
        "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 "
        "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd \xe2\x9d\xa4\xef\xb8\x8f",
        "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\xe2\x80\x8b\xef\xbb\xbf\xe2\x80\xa8x",
        "\xcc\x81\xcc\x81\xcc\x81mark first",
    };
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
        for (int width = 1; width <= 24; width++) {
            struct canvas *c = canvas_new(3, width);
            area_fill(canvas_area(c), TEXT, "漢");
            area_put(canvas_area(c), 1, 0, -1, TEXT, hostile[i], width % 2 == 0);
            area_put_right(canvas_area(c), 2, 0, width, TEXT, hostile[i]);
            assert_sound(c);
            struct text out;
            text_init(&out, 1 << 16);
            canvas_text(c, &out);
            for (size_t b = 0; b < out.len; b++)
                assert_false(((unsigned char)out.data[b] < 0x20 && out.data[b] != '\n') ||
                             out.data[b] == 0x7f);
            text_done(&out);
            canvas_free(c);
        }
    struct canvas *c = canvas_new(1, 40);
    area_put(canvas_area(c), 0, 0, -1, TEXT,
             "\x1b[31mred\x07 \xe2\x80\xae"
             "abc\xff",
             false);
    assert_screen(c, "·[31mred· ·abc\xEF\xBF\xBD\n");
    canvas_free(c);
}

static void ascii_mode_draws_nothing_outside_ascii(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(6, 24);
    c->ascii = true;
    struct area a = canvas_area(c);
    area_put(a, 0, 0, -1, TEXT, "▲ ● ○ ■ ▶ → · … ≈", false);
    area_put(a, 1, 0, -1, TEXT, "├─ │ └─ ┤", false);
    area_put(a, 2, 0, -1, TEXT, "▁▂▃▄▅▆▇█", false);
    area_put(a, 3, 0, -1, TEXT, "漢é€\x1b", false);
    area_put(a, 4, 0, 4, TEXT, "statement", true);
    area_put(a, 5, 0, 5, TEXT, "漢字表", true);
    assert_screen(c, "! * o # > > . ~ ~\n"
                     "+- | `- +\n"
                     " .:-=+*#\n"
                     "????.\n"
                     "sta~\n"
                     "????~\n");
    canvas_free(c);
}

static void right_alignment_counts_columns_and_cuts_with_an_ellipsis(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(4, 8);
    struct area a = canvas_area(c);
    assert_int_equal(area_put_right(a, 0, 1, 6, TEXT, "漢1"), 3);
    assert_int_equal(area_put_right(a, 1, 0, 8, TEXT, "e\xCC\x81"), 1);
    assert_int_equal(area_put_right(a, 2, 0, 4, TEXT, "123456"), 4);
    assert_int_equal(area_put_right(a, 3, 0, -1, TEXT, "end"), 3);
    assert_screen(c, "    漢1\n       e\xCC\x81\n123…\n     end\n");
    canvas_free(c);
}

static void a_fill_of_wide_characters_leaves_no_half(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(1, 5);
    area_fill(canvas_area(c), TEXT, "漢");
    assert_screen(c, "漢漢\n");
    area_fill(canvas_area(c), STYLE(ROLE_DIM), NULL);
    assert_screen(c, "\n");
    assert_int_equal(c->cells[4].role, ROLE_DIM);
    assert_sound(c);
    canvas_free(c);
}

static void a_highlight_keeps_what_is_critical_or_warning(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(1, 3);
    struct area a = canvas_area(c);
    area_put(a, 0, 0, -1, STYLE(ROLE_CRITICAL), "c", false);
    area_put(a, 0, 1, -1, STYLE(ROLE_WARNING), "w", false);
    area_put(a, 0, 2, -1, ((struct style){ROLE_GOOD, ATTR_UNDERLINE}), "g", false);
    area_highlight(a, 0, ((struct style){ROLE_CURSOR, ATTR_BOLD}));
    assert_int_equal(c->cells[0].role, ROLE_CRITICAL);
    assert_int_equal(c->cells[0].attrs, ATTR_REVERSE);
    assert_int_equal(c->cells[1].role, ROLE_WARNING);
    assert_int_equal(c->cells[1].attrs, ATTR_REVERSE);
    assert_int_equal(c->cells[2].role, ROLE_CURSOR);
    assert_int_equal(c->cells[2].attrs, ATTR_UNDERLINE | ATTR_BOLD);
    assert_screen(c, "cwg\n");
    canvas_free(c);
}

static void a_spark_ends_at_the_right_edge_and_leaves_gaps_for_nan(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(3, 12);
    const double values[] = {0.9, 0, 0.125, 0.13, 0.5, NAN, 1, 7, -1, INFINITY};
    area_spark(canvas_area(c), 0, 1, 10, TEXT, values, 10);
    area_spark(canvas_area(c), 1, 0, 4, TEXT, values, 10);
    area_spark(canvas_area(c), 2, 9, 12, TEXT, values, 2); /* the place of the values lies beyond the edge */
    assert_screen(c, " █▁▁▂▄ ██▁█\n██▁█\n\n");
    c->ascii = true;
    canvas_clear(c);
    area_spark(canvas_area(c), 0, 0, 3, TEXT, (const double[]){0.2, 0.5, 1}, 3);
    assert_screen(c, ".-#\n\n\n");
    canvas_free(c);
}

static void roles_are_named_once_and_parse_back(void **state)
{
    (void)state;
    for (int i = 0; i < N_ROLES; i++) {
        assert_non_null(role_name((enum role)i));
        assert_int_equal(role_parse(role_name((enum role)i)), i);
    }
    assert_int_equal(role_parse("no such role"), -1);
    assert_int_equal(role_parse(""), -1);
}

static void equal_frames_are_equal_bytes(void **state)
{
    (void)state;
    struct canvas *a = canvas_new(2, 20), *b = canvas_new(2, 20);
    area_put(canvas_area(a), 0, 0, -1, TEXT, "漢字 e\xCC\x81\xCC\x81\xCC\x81 long text", false);
    area_fill(canvas_area(a), TEXT, NULL);
    for (int i = 0; i < 2; i++)
        area_put(canvas_area(i == 0 ? a : b), 1, 0, -1, TEXT, "same", false);
    area_put(canvas_area(a), 1, 0, -1, TEXT, "same", false);
    assert_memory_equal(a->cells, b->cells, sizeof(*a->cells) * 40);
    canvas_free(a);
    canvas_free(b);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void a_megabyte_of_text_does_not_slow_a_frame(void **state)
{
    (void)state;
    static const char *const units[] = {"x", "漢", "\xCC\x81", "\x1b[", "\xff"};
    struct canvas *c = canvas_new(50, 200);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct text t;
        text_init(&t, 1 << 20);
        while (!t.cut)
            text_add(&t, units[i]);
        double start = seconds();
        for (int row = 0; row < 50; row++) {
            area_put(canvas_area(c), row, 0, -1, TEXT, text_str(&t), true);
            area_put_right(canvas_area(c), row, 0, 20, TEXT, text_str(&t));
        }
        assert_true(seconds() - start < 0.1); /* one scan of each text would take longer than all of this */
        assert_sound(c);
        text_done(&t);
    }
    canvas_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_drawn_and_trailing_blanks_are_cut),
        cmocka_unit_test(sizes_below_one_become_one),
        cmocka_unit_test(nothing_gets_out_of_an_area),
        cmocka_unit_test(a_part_is_cut_to_its_area),
        cmocka_unit_test(an_area_that_outlived_a_resize_draws_inside_the_canvas),
        cmocka_unit_test(a_cut_text_ends_in_an_ellipsis),
        cmocka_unit_test(a_wide_character_that_does_not_fit_is_left_out_whole),
        cmocka_unit_test(overwriting_half_of_a_wide_character_blanks_the_other_half),
        cmocka_unit_test(combining_marks_join_the_cell_before_and_are_bounded),
        cmocka_unit_test(hostile_text_is_harmless_in_every_cell),
        cmocka_unit_test(ascii_mode_draws_nothing_outside_ascii),
        cmocka_unit_test(right_alignment_counts_columns_and_cuts_with_an_ellipsis),
        cmocka_unit_test(a_fill_of_wide_characters_leaves_no_half),
        cmocka_unit_test(a_highlight_keeps_what_is_critical_or_warning),
        cmocka_unit_test(a_spark_ends_at_the_right_edge_and_leaves_gaps_for_nan),
        cmocka_unit_test(roles_are_named_once_and_parse_back),
        cmocka_unit_test(equal_frames_are_equal_bytes),
        cmocka_unit_test(a_megabyte_of_text_does_not_slow_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
