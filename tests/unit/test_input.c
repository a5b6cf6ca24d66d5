/* Keys from bytes, in whatever pieces they come. */
#include "core/text.h"
#include "tui/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* after core/err.h: it makes a macro of fail() */

struct seen {
    struct text keys; /* one word a key */
    struct input *in;
    bool skip_after_first;
};

static void note_key(void *ctx, const struct key *key)
{
    static const char *const names[N_NAMED] = {
        [NAMED_UP] = "Up",
        [NAMED_DOWN] = "Down",
        [NAMED_LEFT] = "Left",
        [NAMED_RIGHT] = "Right",
        [NAMED_PAGE_UP] = "PageUp",
        [NAMED_PAGE_DOWN] = "PageDown",
        [NAMED_HOME] = "Home",
        [NAMED_END] = "End",
        [NAMED_ENTER] = "Enter",
        [NAMED_ESCAPE] = "Escape",
        [NAMED_TAB] = "Tab",
        [NAMED_BACKTAB] = "Backtab",
        [NAMED_BACKSPACE] = "Backspace",
        [NAMED_DELETE] = "Delete",
        [NAMED_INSERT] = "Insert",
        [NAMED_F1] = "F1",
        [NAMED_F2] = "F2",
        [NAMED_F3] = "F3",
        [NAMED_F4] = "F4",
        [NAMED_F5] = "F5",
        [NAMED_F6] = "F6",
        [NAMED_F7] = "F7",
        [NAMED_F8] = "F8",
        [NAMED_F9] = "F9",
        [NAMED_F10] = "F10",
        [NAMED_F11] = "F11",
        [NAMED_F12] = "F12",
    };
    static const char *const mice[] = {"press", "release", "drag", "wheel-up", "wheel-down"};
    struct seen *seen = ctx;
    text_add(&seen->keys, seen->keys.len > 0 ? " " : "");
    text_addf(&seen->keys, "%s%s%s", key->control ? "C-" : "", key->alt ? "A-" : "", key->shift ? "S-" : "");
    if (key->kind == KEY_CHAR)
        text_addf(&seen->keys, key->code > 0x20 && key->code < 0x7f ? "%c" : "U+%04X", (int)key->code);
    else if (key->kind == KEY_NAMED)
        text_add(&seen->keys, names[key->name]);
    else if (key->kind == KEY_MOUSE)
        text_addf(&seen->keys, "%s:%d@%d,%d", mice[key->mouse], key->button, key->row, key->column);
    else if (key->kind == KEY_PASTE)
        text_addf(&seen->keys, "paste(%s)", key->text);
    if (seen->skip_after_first)
        input_skip(seen->in, true);
}

static void open_input(struct seen *seen, const char *term)
{
    struct err err = {0};
    *seen = (struct seen){0};
    text_init(&seen->keys, 1 << 20);
    seen->in = input_new(term, note_key, seen, &err);
    assert_string_equal(err.text, "");
    assert_non_null(seen->in);
}

static void close_input(struct seen *seen)
{
    input_free(seen->in);
    text_done(&seen->keys);
}

/* BYTES give KEYS, whole, one byte at a time, and in every two pieces. */
static void assert_keys(const char *term, const char *bytes, const char *keys)
{
    size_t len = strlen(bytes);
    for (size_t cut = 0; cut <= len + 1; cut++) {
        struct seen seen;
        open_input(&seen, term);
        if (cut == len + 1) {
            for (size_t i = 0; i < len; i++)
                input_feed(seen.in, bytes + i, 1);
        } else {
            input_feed(seen.in, bytes, cut);
            input_feed(seen.in, bytes + cut, len - cut);
        }
        assert_string_equal(text_str(&seen.keys), keys);
        assert_true(input_wait_s(seen.in) == 0);
        close_input(&seen);
    }
}

static void plain_and_control_keys(void **state)
{
    (void)state;
    assert_keys("xterm-256color", "aZ1 ~é漢\xf0\x9f\x98\x80", "a Z 1 U+0020 ~ U+00E9 U+6F22 U+1F600");
    assert_keys("xterm-256color", "\x03\x1a\x01\r\t\x7f\b", "C-c C-z C-a Enter Tab Backspace Backspace");
}

static void named_keys_of_the_terminals_people_use(void **state)
{
    (void)state;
    static const char *const terms[] = {"xterm-256color", "screen-256color", "tmux-256color",
                                        "xterm",          "linux",           "vt100"};
    for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
        assert_keys(terms[i], "\x1b[A\x1b[B\x1b[C\x1b[D\x1bOA\x1bOB\x1bOC\x1bOD",
                    "Up Down Right Left Up Down Right Left");
        assert_keys(terms[i], "\x1b[5~\x1b[6~\x1b[2~\x1b[3~", "PageUp PageDown Insert Delete");
        assert_keys(terms[i], "\x1b[H\x1b[F\x1bOH\x1bOF\x1b[1~\x1b[4~", "Home End Home End Home End");
        assert_keys(terms[i], "\x1b[15~\x1b[17~\x1b[18~\x1b[19~\x1b[20~\x1b[21~\x1b[23~\x1b[24~",
                    "F5 F6 F7 F8 F9 F10 F11 F12");
        assert_keys(terms[i], "\x1bOP\x1bOQ\x1bOR\x1bOS", "F1 F2 F3 F4");
        assert_keys(terms[i], "\x1b[Z", "S-Backtab");
    }
    assert_keys("xterm-256color", "\x1b[1;5A\x1b[1;2C\x1b[1;3D", "C-Up S-Right A-Left");
    assert_keys("linux", "\x1b[[A\x1b[[E", "F1 F5");
}

static void an_escape_alone_is_a_key_only_after_its_wait(void **state)
{
    (void)state;
    struct seen seen;
    open_input(&seen, "xterm");
    input_feed(seen.in, "\x1b", 1);
    assert_string_equal(text_str(&seen.keys), "");
    assert_true(input_wait_s(seen.in) > 0.02 && input_wait_s(seen.in) < 0.1);
    input_wait_over(seen.in);
    assert_string_equal(text_str(&seen.keys), "Escape");
    assert_true(input_wait_s(seen.in) == 0);
    input_feed(seen.in, "\x1b\x1b", 2);
    assert_string_equal(text_str(&seen.keys), "Escape Escape");
    input_wait_over(seen.in);
    assert_string_equal(text_str(&seen.keys), "Escape Escape Escape");
    close_input(&seen);
}

static void an_escape_then_a_key_at_once_is_alt(void **state)
{
    (void)state;
    assert_keys("xterm",
                "\x1b"
                "a\x1b\xc3\xa9\x1b\r",
                "A-a A-U+00E9 A-Enter");
    struct seen seen;
    open_input(&seen, "xterm");
    input_feed(seen.in, "\x1bO", 2);
    input_wait_over(seen.in);
    input_feed(seen.in, "\x1bP", 2);
    input_wait_over(seen.in);
    assert_string_equal(text_str(&seen.keys), "A-O A-P");
    close_input(&seen);
}

static void a_sequence_that_never_ends_is_no_hotkeys(void **state)
{
    (void)state;
    struct seen seen;
    open_input(&seen, "xterm");
    input_feed(seen.in, "\x1b[1;", 4);
    input_wait_over(seen.in);
    input_feed(seen.in, "\x1b[", 2);
    input_wait_over(seen.in);
    assert_string_equal(text_str(&seen.keys), "");
    for (int i = 0; i < 1000; i++)
        input_feed(seen.in, i == 0 ? "\x1b[" : "12345;", i == 0 ? 2 : 6);
    input_feed(seen.in, "Aq", 2);
    assert_string_equal(text_str(&seen.keys), "q");
    close_input(&seen);
}

static void what_is_no_key_is_ignored(void **state)
{
    (void)state;
    assert_keys("xterm", "\x1b[Ix\x1b[Oy", "x y");                                          /* focus */
    assert_keys("xterm", "\x1b[?2026;2$yx\x1b[?64;1;2cy\x1b[12;40Rz\x1b[999zw", "x y z w"); /* answers */
    assert_keys("xterm", "\x1b[?5Ax\x1b[>1;2~y\x1b[1 Az\x1b[?1u\x1b[=3;1Pw\x1b[1;2;3;4;5Av",
                "x y z w v"); /* like keys, but private */
    assert_keys("xterm", "\x1b]11;rgb:0000/0000/0000\x07x\x1bP1$r0m\x1b\\y\x1b_Gi=1;OK\x1b\\z", "x y z");
    assert_keys("xterm", "\x80\xff\xc0x\xe6qy", "x q y"); /* invalid UTF-8 */
    assert_keys("xterm", "\x1b[12\rx", "Enter x");        /* broken off */
}

static void a_paste_is_one_key_whatever_is_in_it(void **state)
{
    (void)state;
    assert_keys("xterm", "a\x1b[200~q K\ry\n\x1b[Ax\xff漢\x1b[201~b",
                "a paste(q K\ny\n\x1b[Ax\xef\xbf\xbd漢) b");
    assert_keys("xterm", "\x1b[200~\x1b[201~q", "paste() q");
    assert_keys("xterm", "\x1b[200~\x1b[20\x1b[201x\x1b\x1b[201~q", "paste(\x1b[20\x1b[201x\x1b) q");
    assert_keys("xterm", "\x1b[201~q", "q");
}

static void a_paste_has_a_limit_and_an_end(void **state)
{
    (void)state;
    struct seen seen;
    open_input(&seen, "xterm");
    input_feed(seen.in, "\x1b[200~", 6);
    for (int i = 0; i < 100000; i++)
        input_feed(seen.in, "K", 1);
    assert_string_equal(text_str(&seen.keys), "");
    assert_true(input_wait_s(seen.in) >= 1);
    input_wait_over(seen.in); /* the terminal forgot to end it */
    assert_int_equal(seen.keys.len, strlen("paste()") + 64 * 1024);
    input_feed(seen.in, "q", 1);
    assert_string_equal(text_str(&seen.keys) + seen.keys.len - 2, " q");
    close_input(&seen);
}

static void mouse_press_wheel_and_drag(void **state)
{
    (void)state;
    assert_keys("xterm-256color", "\x1b[<0;10;5M\x1b[<0;10;5m\x1b[<32;11;5M\x1b[<2;400;100M",
                "press:1@4,9 release:1@4,9 drag:1@4,10 press:3@99,399");
    assert_keys("xterm-256color", "\x1b[<64;1;1M\x1b[<65;1;1M", "wheel-up:4@0,0 wheel-down:5@0,0");
    assert_keys("xterm", "\x1b[M !!\x1b[M#!!",
                "press:1@0,0 release:0@0,0"); /* old mice; they do not tell which */
    assert_keys("xterm-256color", "\x1b[<0;0;0Mx\x1b[<0;;Mx\x1b[<Mx", "x x x");
}

static void type_ahead_can_be_skipped(void **state)
{
    (void)state;
    struct seen seen;
    open_input(&seen, "xterm");
    seen.skip_after_first = true;
    input_feed(seen.in, "Kyy\x1b[200~y", 10);
    assert_string_equal(text_str(&seen.keys), "K");
    input_skip(seen.in, false);
    seen.skip_after_first = false;
    input_feed(seen.in, "y\x1b[201~n", 8); /* the paste went on: it is still no hotkey */
    assert_string_equal(text_str(&seen.keys), "K paste(yy) n");
    close_input(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_control_keys),
        cmocka_unit_test(named_keys_of_the_terminals_people_use),
        cmocka_unit_test(an_escape_alone_is_a_key_only_after_its_wait),
        cmocka_unit_test(an_escape_then_a_key_at_once_is_alt),
        cmocka_unit_test(a_sequence_that_never_ends_is_no_hotkeys),
        cmocka_unit_test(what_is_no_key_is_ignored),
        cmocka_unit_test(a_paste_is_one_key_whatever_is_in_it),
        cmocka_unit_test(a_paste_has_a_limit_and_an_end),
        cmocka_unit_test(mouse_press_wheel_and_drag),
        cmocka_unit_test(type_ahead_can_be_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
