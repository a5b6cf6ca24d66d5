/* What a canvas draws, as screens; and that the comparison itself tells what differs. */
#include <string.h>

#include "tests/golden/golden.h"
#include "tests/unit/test.h"

#define TEXT STYLE(ROLE_TEXT)

/* A frame of boxes with one hostile text in each: none may move a line. */
static void draw_hostile(struct canvas *c)
{
    static const char *const hostile[] = {
        "\x1b[2J\x1b[H\x1b[31mred\x1b[0m \x1b]0;title\x07",
        "\x9b"
        "2J \xc2\x9b"
        "31m \x1bP$q\x1b\\ \x0e\x0f",
        "line\nbreak\ttab\rreturn \x7f",
        "bad \xff\xfe\xc0\x80\xed\xa0\x80\xe6\xbc end",
        "\xe2\x80\xae"
        "drowssap\xe2\x80\xac \xe2\x81\xa6iso\xe2\x81\xa9 \xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
        "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 "
        "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd \xe2\x9d\xa4\xef\xb8\x8f \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa",
        "漢字カナ한글 e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81z",
        "zero\xe2\x80\x8bwidth\xef\xbb\xbf\xe2\x80\xa8separators",
        "a table \"with\"\n'quotes', a name of sixty-three bytes, and what is cut at its end",
    };
    int n = (int)(sizeof(hostile) / sizeof(hostile[0]));
    struct area a = canvas_area(c);
    area_fill(area_part(a, 0, 0, 1, c->columns), STYLE(ROLE_BORDER), "─");
    for (int i = 0; i < n; i++) {
        area_fill(area_part(a, 1 + i, 0, 1, c->columns), STYLE(ROLE_DIM), "·");
        area_put(a, 1 + i, 0, -1, STYLE(ROLE_BORDER), "│", false);
        struct area inner = area_part(a, 1 + i, 2, 1, c->columns - 4);
        area_fill(inner, TEXT, NULL);
        area_put(inner, 0, 0, -1, i % 2 == 0 ? TEXT : STYLE(ROLE_SQL_STRING), hostile[i], true);
        area_put(a, 1 + i, c->columns - 1, -1, STYLE(ROLE_BORDER), "│", false);
    }
    area_put(a, n + 1, 2, -1, STYLE(ROLE_CRITICAL), "▲ critical", false);
    area_put(a, n + 1, 14, -1, STYLE(ROLE_WARNING), "● warning", false);
    area_put_right(a, n + 1, 24, 12, STYLE(ROLE_DIM), "1.4 GiB");
    area_highlight(a, n + 1, STYLE(ROLE_CURSOR));
}

static void hostile_text_leaves_the_frame_intact(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(11, 48);
    draw_hostile(c);
    golden_check_styles(c, "canvas_hostile");
    canvas_free(c);
}

static void hostile_text_leaves_the_frame_intact_in_ascii(void **state)
{
    (void)state;
    struct canvas *c = canvas_new(11, 48);
    c->ascii = true;
    draw_hostile(c);
    golden_check(c, "canvas_hostile_ascii");
    canvas_free(c);
}

static void a_difference_is_shown_with_its_line_and_column(void **state)
{
    (void)state;
    struct text out;
    text_init(&out, 1 << 16);
    assert_false(golden_diff("a\nb\n", "a\nb\n", &out));
    assert_string_equal(text_str(&out), "");
    assert_true(golden_diff("same\n漢字 1.0\n", "same\n漢字 1.5\nmore\n", &out));
    assert_string_equal(text_str(&out), "  2 - 漢字 1.0\n    + 漢字 1.5\n             ^\n"
                                        "  3 - \n    + more\n      ^\n");
    text_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_text_leaves_the_frame_intact),
        cmocka_unit_test(hostile_text_leaves_the_frame_intact_in_ascii),
        cmocka_unit_test(a_difference_is_shown_with_its_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
