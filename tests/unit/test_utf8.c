/* Text from outside is valid and harmless afterwards, and its width is known, in every locale. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

static void expect_code(const char *bytes, size_t len, uint32_t code, size_t used)
{
    uint32_t found;
    size_t n = utf8_decode(bytes, len, &found);
    if (n != used || found != code)
        fail_msg("U+%04X in %zu bytes, expected U+%04X in %zu", found, n, code, used);
}

static void decodes_what_is_well_formed(void **state)
{
    (void)state;
    expect_code("a", 1, 'a', 1);
    expect_code("\xC3\xA9", 2, 0xE9, 2);
    expect_code("\xE2\x82\xAC", 3, 0x20AC, 3);
    expect_code("\xF0\x9F\x98\x80", 4, 0x1F600, 4);
    expect_code("\xF4\x8F\xBF\xBF", 4, 0x10FFFF, 4);
    expect_code("\0", 1, 0, 1);
}

static void refuses_what_is_not(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",             /* a continuation */
        "\xC0\xAF",         /* overlong slash */
        "\xC1\xBF",         /* overlong */
        "\xE0\x80\xAF",     /* overlong in three */
        "\xF0\x80\x80\xAF", /* overlong in four */
        "\xED\xA0\x80",     /* surrogate */
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xF5\x80\x80\x80",
        "\xFF",
        "\xC3",
        "\xE2\x82",
        "\xF0\x9F\x98",
        "\xC3(",
        "\xE2\x28\xA1",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect_code(bad[i], strlen(bad[i]), 0xFFFD, 1);
        assert_false(utf8_valid(bad[i], strlen(bad[i])));
    }
}

static void every_code_point_comes_back(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        char bytes[4];
        size_t n = utf8_encode(code, bytes);
        expect_code(bytes, n, code, n);
        if (n > 1)
            expect_code(bytes, n - 1, 0xFFFD, 1);
    }
}

static void valid_text_may_hold_a_nul(void **state)
{
    (void)state;
    assert_true(utf8_valid("", 0));
    assert_true(utf8_valid("a\0\0\xC3\xA9", 5));
    assert_false(utf8_valid("a\0\0\xC3", 4));
    assert_false(utf8_valid("a\0\x80", 3));
}

static void expect_mended(const char *bytes, size_t len, const char *expected)
{
    struct text t;
    text_init(&t, 1000);
    utf8_mend(&t, bytes, len);
    assert_string_equal(text_str(&t), expected);
    assert_true(utf8_valid(t.data == NULL ? "" : t.data, t.len));
    text_done(&t);
    struct arena *arena = arena_new(64);
    assert_string_equal(utf8_keep(arena, bytes, len), expected);
    arena_unref(arena);
}

static void mending_replaces_bad_bytes_and_keeps_the_rest(void **state)
{
    (void)state;
    expect_mended("", 0, "");
    expect_mended("caf\xC3\xA9\n\x1b[31m", 11, "caf\xC3\xA9\n\x1b[31m");
    expect_mended("a\xFF\xFE"
                  "b",
                  4,
                  "a\xEF\xBF\xBD\xEF\xBF\xBD"
                  "b");
    expect_mended("a\0b", 3,
                  "a\xEF\xBF\xBD"
                  "b");
    expect_mended("\xE2\x82", 2, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void expect_width(uint32_t code, int width)
{
    if (utf8_width(code) != width)
        fail_msg("U+%04X: %d, expected %d", code, utf8_width(code), width);
}

static void widths_are_those_of_a_terminal(void **state)
{
    (void)state;
    static const uint32_t one[] = {' ',    '~',     0xA0,   0xE9,   0x2500, 0x2588,
                                   0x2764, 0x1F1E9, 0xFF71, 0xE0B0, 0xFFFD, 0x416};
    static const uint32_t two[] = {0x1100, 0x115F,  0x3042,  0x4E2D,  0xAC00,  0xD7A3,
                                   0xFF21, 0x1F600, 0x1F468, 0x1F3FB, 0x20000, 0x231A};
    static const uint32_t none[] = {0x300,  0x36F,  0x20DD, 0x1160, 0x11FF,  0xD7B0,
                                    0x3099, 0x200C, 0x200D, 0xFE0F, 0xE0100, 0x94D};
    for (size_t i = 0; i < 12; i++) {
        expect_width(one[i], 1);
        expect_width(two[i], 2);
        expect_width(none[i], 0);
    }
}

/* What must never reach a terminal: it would move the cursor, start a sequence, turn text around or hide it.
 */
static bool harmful(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0xAD || code == 0x61C || code == 0x180E ||
           code == 0x200B || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB) ||
           (code >= 0xE0000 && code <= 0xE007F) || (code >= 0xD800 && code <= 0xDFFF) ||
           (code & 0xFFFE) == 0xFFFE || code > 0x10FFFF;
}

static void harmful_code_points_are_not_printable(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x110001; code++) {
        uint32_t shown = utf8_harmless(code);
        if (harmful(code)) {
            expect_width(code, -1);
            assert_int_equal(shown, code == '\n' || code == '\t' || code == '\r' ? ' ' : 0xB7);
        }
        if (harmful(shown) || utf8_width(shown) < 0)
            fail_msg("U+%04X is shown as U+%04X", code, shown);
    }
}

/* "|" stands between cells: the shape of a line without a terminal. */
static void expect_cells(const char *s, const char *expected, int columns)
{
    struct text t;
    text_init(&t, 1000);
    int sum = 0;
    for (size_t i = 0, len = strlen(s); i < len;) {
        char cell[UTF8_CELL];
        int n;
        i += utf8_cell(s + i, len - i, cell, &n);
        text_addf(&t, "%s|", cell);
        sum += n;
    }
    assert_string_equal(text_str(&t), expected);
    assert_int_equal(sum, columns);
    assert_int_equal(utf8_columns(s), columns);
    text_done(&t);
}

static void a_cell_holds_a_base_and_its_marks(void **state)
{
    (void)state;
    expect_cells("ab", "a|b|", 2);
    expect_cells("e\u0301a", "e\u0301|a|", 2);
    expect_cells("\u4e2d\u6587", "\u4e2d|\u6587|", 4);
    expect_cells("\u1112\u1161\u11ab", "\u1112\u1161\u11ab|", 2); /* decomposed Hangul: one syllable */
    expect_cells("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d|\u0937|",
                 2); /* Devanagari keeps its joiner */
    expect_cells("\u0301a", " \u0301|a|", 2);
    expect_cells("a\nb\x1b[", "a| |b|\u00b7|[|", 5);
}

static void many_marks_do_not_fit_and_are_left_out(void **state)
{
    (void)state;
    expect_cells("e\u0301\u0302\u0303\u0304\u0305\u0306x", "e\u0301\u0302\u0303\u0304|x|", 2);
    expect_cells("\U0001F600\U000E0100\U000E0101\U000E0102\U000E0103\U000E0104x",
                 "\U0001F600\U000E0100\U000E0101|x|", 3);
}

static void emoji_take_the_same_columns_in_every_terminal(void **state)
{
    (void)state;
    expect_cells("\U0001F468\u200d\U0001F469\u200d\U0001F467", "\U0001F468|\U0001F469|\U0001F467|", 6);
    expect_cells("\u2764\uFE0Fx", "\u2764|x|", 2);
    expect_cells("\U0001F44D\U0001F3FDx", "\U0001F44D|x|", 3);
    expect_cells("\U0001F3FD", "\U0001F3FD|", 2);
    expect_cells("\U0001F1E9\U0001F1EA", "D|E|", 2);
    expect_cells("ad\u200dmin", "a|d|m|i|n|", 5);
}

static void expect_clean(const char *s, bool keep_newlines, const char *expected)
{
    struct text t;
    text_init(&t, 1000);
    utf8_clean(&t, s, keep_newlines);
    assert_string_equal(text_str(&t), expected);
    text_done(&t);
}

static void clean_text_can_be_given_to_a_terminal(void **state)
{
    (void)state;
    expect_clean("select 1", false, "select 1");
    expect_clean("a\nb\tc\r\n", false, "a b c  ");
    expect_clean("a\nb\tc\r\n", true, "a\nb c \n");
    expect_clean("\x1b]0;owned\x07", false, "\u00b7]0;owned\u00b7");
    expect_clean("a\xC2\x9B"
                 "31m",
                 false,
                 "a\u00b7"
                 "31m");
    expect_clean("user\u202Egpj.exe", false, "user\u00b7gpj.exe");
    expect_clean("a\xFFz", false, "a\uFFFDz");
    expect_clean("xe\u0301y", false, "xe\u0301y");
    expect_clean("a\n\u0301", true, "a\n \u0301");
    expect_clean(NULL, false, "");
}

static void clean_text_stops_at_the_limit_of_its_buffer(void **state)
{
    (void)state;
    struct text t;
    text_init(&t, 4);
    utf8_clean(&t, "ab\u4e2d\u6587", false);
    assert_string_equal(text_str(&t), "ab");
    assert_true(t.cut);
    text_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_what_is_well_formed),
        cmocka_unit_test(refuses_what_is_not),
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(valid_text_may_hold_a_nul),
        cmocka_unit_test(mending_replaces_bad_bytes_and_keeps_the_rest),
        cmocka_unit_test(widths_are_those_of_a_terminal),
        cmocka_unit_test(harmful_code_points_are_not_printable),
        cmocka_unit_test(a_cell_holds_a_base_and_its_marks),
        cmocka_unit_test(many_marks_do_not_fit_and_are_left_out),
        cmocka_unit_test(emoji_take_the_same_columns_in_every_terminal),
        cmocka_unit_test(clean_text_can_be_given_to_a_terminal),
        cmocka_unit_test(clean_text_stops_at_the_limit_of_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
