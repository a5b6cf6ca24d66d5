/* The key table. */
#include "tui/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

static void no_key_is_bound_twice_at_one_place(void **state)
{
    (void)state;
    for (int i = 0; i < n_key_rows; i++) {
        const struct key_row *a = &key_rows[i];
        for (int k = 0; k < i; k++) {
            const struct key_row *b = &key_rows[k];
            char name[24];
            key_name_format(a, name, sizeof(name));
            if (a->kind == b->kind && a->value == b->value && a->control == b->control &&
                (a->where & b->where) != 0)
                fail_msg("%s is bound to %s and to %s", name, command_find(a->command)->name,
                         command_find(b->command)->name);
        }
    }
}

static void digits_open_pages_and_nothing_else(void **state)
{
    (void)state;
    for (int i = 0; i < n_key_rows; i++)
        assert_false(key_rows[i].kind == KEY_CHAR && !key_rows[i].control && key_rows[i].value >= '0' &&
                     key_rows[i].value <= '9');
    struct key key = {.kind = KEY_CHAR, .code = '3'};
    assert_int_equal(key_command(&key, WHERE_LIVE), COMMAND_PAGE);
    assert_int_equal(key_command(&key, WHERE_EDIT), COMMAND_NONE);
}

static void every_command_has_a_row_and_a_key(void **state)
{
    (void)state;
    for (int c = COMMAND_NONE + 1; c < N_COMMANDS; c++) {
        char keys[64];
        const struct command_row *row = command_find((enum command)c);
        if (row == NULL)
            fail_msg("command %d has no row", c);
        command_keys((enum command)c, keys, sizeof(keys));
        if (keys[0] == '\0' && c != COMMAND_NOW)
            fail_msg("%s has no key", row->name);
    }
}

static void upper_case_letters_are_left_to_what_changes_a_server(void **state)
{
    (void)state;
    for (int i = 0; i < n_key_rows; i++) {
        const struct key_row *row = &key_rows[i];
        bool view = row->command == COMMAND_PREVIOUS_MATCH ||
                    row->command == COMMAND_UNTAG || /* N and U, as DESIGN names them */
                    row->command == COMMAND_ACK || row->command == COMMAND_SILENCE ||
                    row->command == COMMAND_RESEND || /* of page alerts, with a form */
                    row->command == COMMAND_STOP;     /* of page cures, with a question */
        if (row->kind == KEY_CHAR && !row->control && row->value < 128 && isupper((int)row->value) && !view)
            fail_msg("%c is bound to %s", (char)row->value, command_find(row->command)->name);
    }
}

static void end_is_now_only_in_the_past(void **state)
{
    (void)state;
    struct key end = {.kind = KEY_NAMED, .name = NAMED_END};
    assert_int_equal(key_command(&end, WHERE_LIVE), COMMAND_END);
    assert_int_equal(key_command(&end, WHERE_PAST), COMMAND_NOW);
}

static void keys_have_names(void **state)
{
    (void)state;
    char keys[64];
    command_keys(COMMAND_PAUSE, keys, sizeof(keys));
    assert_string_equal(keys, "Space p");
    command_keys(COMMAND_HELP, keys, sizeof(keys));
    assert_string_equal(keys, "? h F1");
    command_keys(COMMAND_PAGE_DOWN, keys, sizeof(keys));
    assert_string_equal(keys, "PgDn Ctrl-F");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_key_is_bound_twice_at_one_place),
        cmocka_unit_test(digits_open_pages_and_nothing_else),
        cmocka_unit_test(every_command_has_a_row_and_a_key),
        cmocka_unit_test(upper_case_letters_are_left_to_what_changes_a_server),
        cmocka_unit_test(end_is_now_only_in_the_past),
        cmocka_unit_test(keys_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
