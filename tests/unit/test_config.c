/* The config file is read as its manual says, and every mistake is told with its place and what was expected.
 */
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config.h"
#include "core/option.h"
#include "core/text.h"

static void parse(const char *text, struct config *out)
{
    struct err err = {""};
    if (!config_parse(text, strlen(text), "a.conf", config_options, n_config_options, out, &err))
        fail_msg("%s", err.text);
}

static void expect_get(const char *text, const char *kind, const char *name, const char *key,
                       const char *expected)
{
    struct config c;
    parse(text, &c);
    const struct config_section *s = config_find(&c, kind, name);
    assert_non_null(s);
    assert_string_equal(section_get(s, key), expected);
    config_done(&c);
}

static void expect_error_n(const char *text, size_t len, const char *expected)
{
    struct config c = {.n_sections = 77};
    struct err err = {""};
    if (config_parse(text, len, "a.conf", config_options, n_config_options, &c, &err))
        fail_msg("was read, expected: %s", expected);
    if (strstr(err.text, expected) == NULL)
        fail_msg("'%s', expected '%s'", err.text, expected);
    assert_non_null(strstr(err.text, "a.conf:"));
    assert_int_equal(c.n_sections, 77); /* untouched */
}

static void expect_error(const char *text, const char *expected)
{
    expect_error_n(text, strlen(text), expected);
}

static void values_are_trimmed_and_nothing_else_is_taken_away(void **state)
{
    (void)state;
    expect_get("[target a]\nurl =  service=shop # not ; a comment \t\n", "target", "a", "url",
               "service=shop # not ; a comment");
    expect_get("[target a]\nurl=\"quoted\"", "target", "a", "url", "\"quoted\"");
    expect_get("[target a]\nurl = a = b", "target", "a", "url", "a = b");
    expect_get("[target a]\nurl =\n", "target", "a", "url", "");
    expect_get("[  target   my shop ]\nurl = x", "target", "my shop", "url", "x");
}

static void comments_stand_only_at_the_start_of_a_line(void **state)
{
    (void)state;
    expect_get("# one\n; two\n[target a]\n#three\nurl = x\n;four", "target", "a", "url", "x");
    expect_get("[dataset a]\nsql = select 1\n  -- in SQL\n  # part of it\n", "dataset", "a", "sql",
               "select 1\n-- in SQL\n# part of it");
}

static void indented_lines_continue_the_value(void **state)
{
    (void)state;
    expect_get("[dataset a]\nsql =\n  select 1\n\n# about the next line\n\tfrom t;  \nkey = x", "dataset",
               "a", "sql", "select 1\nfrom t;");
    expect_error("[target a]\n  url = x\n",
                 "a.conf:2: an indented line that continues nothing; expected KEY = VALUE");
}

static void files_from_other_systems_are_read(void **state)
{
    (void)state;
    expect_get("\xEF\xBB\xBF[target a]\r\nurl = x\r\nstack = y\r\n", "target", "a", "stack", "y");
    expect_get("[dataset a]\r\nsql = select 1\r\n  from t\r\n\r\n", "dataset", "a", "sql",
               "select 1\nfrom t");
    expect_get("[target a]\nurl = without a newline", "target", "a", "url", "without a newline");
    struct config c;
    parse("", &c);
    assert_int_equal(c.n_sections, 0);
    parse("\xEF\xBB\xBF", &c);
    assert_int_equal(c.n_sections, 0);
}

static void what_is_no_text_is_refused(void **state)
{
    (void)state;
    expect_error_n("[target a]\nurl = x\0y\n", 21,
                   "a.conf:2: a control character (byte 0x00); expected text");
    expect_error("[target a]\nurl = \x1b[31m\n", "a.conf:2: a control character (byte 0x1B)");
    expect_error("[target a]\n# caf\xE9\n", "a.conf:2: bytes that are not UTF-8");
}

static void lines_that_cannot_be_read_are_told_but_not_quoted(void **state)
{
    (void)state;
    static const char *const bad[] = {"hunter2",          "postgresql://u:hunter2@h/db?a=b",
                                      "= hunter2",        "hunter2\xC3\xA9 = x",
                                      "[target hunter2",  "[]",
                                      "[hunter2]]",       "[target hunter2] # x",
                                      "[ta%rget hunter2]"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[200];
        struct config c;
        struct err err = {""};
        snprintf(text, sizeof(text), "[dashboard]\n%s\n", bad[i]);
        if (config_parse(text, strlen(text), "a.conf", NULL, 0, &c, &err))
            fail_msg("'%s' was read", bad[i]);
        assert_non_null(strstr(err.text, "a.conf:2: "));
        assert_non_null(strstr(err.text, "expected"));
        assert_null(strstr(err.text, "hunter2"));
    }
    expect_error("url = x\n", "a.conf:1: 'url' stands before the first [SECTION]");
}

static void nothing_may_come_twice(void **state)
{
    (void)state;
    expect_error(
        "[target a]\nurl = x\n\nurl = y\n",
        "a.conf:4: 'url' a second time in one section; expected it once, it stands in line 2 already");
    expect_error("[target a]\n[target b]\n[target a]\n",
                 "a.conf:3: section [target a] a second time; expected it once, it stands in line 1 already");
    expect_error("[dashboard]\n[dashboard]\n", "a.conf:2: section [dashboard] a second time");
    expect_get("[target a]\nurl = 1\n[target b]\nurl = 2", "target", "b", "url", "2");
}

static void values_end_at_64_kb(void **state)
{
    (void)state;
    char *text = malloc(80000);
    int start = snprintf(text, 100, "[target a]\nurl = ");
    memset(text + start, 'x', 65536);
    text[start + 65536] = '\0';
    struct config c;
    parse(text, &c);
    assert_int_equal(strlen(section_get(&c.sections[0], "url")), 65536);
    config_done(&c);
    memcpy(text + start + 65536, "\n y", 4);
    expect_error(text, "a.conf:3: the value of 'url' is too long; expected at most 64 kB");
    free(text);
}

static void unknown_names_are_errors_that_say_the_nearest_one(void **state)
{
    (void)state;
    expect_error("[dashbord]\n", "a.conf:1: unknown section [dashbord]; did you mean 'dashboard'?");
    expect_error("[zzz]\n", "a.conf:1: unknown section [zzz]; expected one of dashboard, collect, target");
    expect_error("[rle x]\n", "unknown section [rle]; did you mean 'rule'?");
    expect_error("[dashboard]\n\nrefesh = 1s\n",
                 "a.conf:3: unknown key 'refesh' in [dashboard]; did you mean 'refresh'?");
    expect_error("[dashboard]\nxyzzy = 1s\n", "expected one of refresh, theme, mouse");
    expect_error("[target a]\npool.in_us = $.x\n", "unknown key 'pool.in_us' in [target]; did you mean 'pool.in_use'?");
}

static void sections_have_names_where_they_need_them(void **state)
{
    (void)state;
    expect_error("[target]\n", "a.conf:1: section [target] without a name; expected [target NAME]");
    expect_error("[dashboard x]\n", "a.conf:1: section [dashboard] has the name 'x'; expected [dashboard]");
}

static void values_of_a_wrong_type_say_what_was_expected(void **state)
{
    (void)state;
    expect_error("[dashboard]\nrefresh = soon\n", "a.conf:2: refresh = soon; expected a duration");
    expect_error("[dashboard]\nrefresh = 0.1s\n", "refresh = 0.1s is out of range; expected 0.25s to 300s");
    expect_error("[dashboard]\nrefresh = 6m\n", "refresh = 6m is out of range; expected 0.25s to 300s");
    expect_error("[dashboard]\nmouse = maybe\n", "mouse = maybe; expected yes or no");
    expect_error("[dashboard]\nwindow = 2m\n", "window = 2m; expected one of last|1m|5m|15m|1h|reset|start");
    expect_error("[dashboard]\nwindow =\n", "window = ; expected one of");
    expect_error("[dashboard]\nwindow = last|1m\n", "expected one of");
    expect_error("[collect]\nbudget = 2\n", "budget = 2 is out of range; expected 0.0001 to 1");
    static const char *const no_numbers[] = {"nan", "inf", "0x1p-3", "1,5", "", ".", "0.01x", "1e", "- 1"};
    for (size_t i = 0; i < sizeof(no_numbers) / sizeof(no_numbers[0]); i++) {
        char text[100];
        snprintf(text, sizeof(text), "[collect]\nbudget = %s\n", no_numbers[i]);
        expect_error(text, "; expected a number");
    }
    expect_error("[collect]\nmemory = 24.5\n", "memory = 24.5; expected a whole number");
    expect_error("[dataset a]\nsql =\n", "sql is empty; expected SQL");
}

static void variables_are_replaced_except_in_sql(void **state)
{
    (void)state;
    setenv("DBVITALS_TEST", "s3cret", 1);
    unsetenv("DBVITALS_UNSET");
    expect_get("[target a]\nurl = postgresql://u:${DBVITALS_TEST}@h/${DBVITALS_TEST}", "target", "a", "url",
               "postgresql://u:s3cret@h/s3cret");
    expect_get("[target a]\nurl = $$x$1$", "target", "a", "url", "$x$1$");
    expect_get("[target a]\nurl = $${DBVITALS_TEST}", "target", "a", "url", "${DBVITALS_TEST}");
    expect_get("[dataset a]\nsql = select $$a$$, '${DBVITALS_TEST}'", "dataset", "a", "sql",
               "select $$a$$, '${DBVITALS_TEST}'");
    expect_error(
        "[target a]\nurl = ${DBVITALS_UNSET}\n",
        "a.conf:2: environment variable DBVITALS_UNSET is not set; expected it for ${DBVITALS_UNSET}");
    expect_error("[target a]\nurl = ${\n", "a ${ that names no variable");
    expect_error("[target a]\nurl = ${A-B}\n", "a ${ that names no variable");
    expect_error("[target a]\nurl = ${}\n", "a ${ that names no variable");
    setenv("DBVITALS_TEST", "caf\xE9", 1);
    expect_error("[target a]\nurl = ${DBVITALS_TEST}\n", "environment variable DBVITALS_TEST is not UTF-8");
    expect_error("[dashboard]\nrefresh = ${DBVITALS_TEST}\n", "is not UTF-8");
}

static void without_options_anything_goes(void **state)
{
    (void)state;
    struct config c;
    struct err err;
    static const char text[] = "[theme dark]\nrole.x = ${NOT} a variable\n[whatever]\n";
    assert_true(config_parse(text, strlen(text), "x.theme", NULL, 0, &c, &err));
    assert_string_equal(section_get(&c.sections[0], "role.x"), "${NOT} a variable");
    assert_int_equal(c.sections[0].entries[0].line, 2);
    assert_string_equal(c.sections[1].kind, "whatever");
    assert_string_equal(c.sections[1].name, "");
    assert_string_equal(c.sections[1].file, "x.theme");
    assert_int_equal(c.sections[1].line, 3);
    config_done(&c);
}

static void what_the_file_does_not_say_has_its_standard(void **state)
{
    (void)state;
    struct config c;
    parse("[dashboard]\nrefresh = 500ms\nmouse = OFF\n[target a]\nconnect_timeout = 1m\n[target "
          "b]\nall_databases = true\n",
          &c);
    assert_true(config_get_real(&c, "dashboard", "refresh") == 0.5);
    assert_false(config_get_bool(&c, "dashboard", "mouse"));
    assert_false(config_get_bool(&c, "dashboard", "ascii"));
    assert_string_equal(config_get(&c, "dashboard", "theme"), "dark");
    assert_true(config_get_real(&c, "collect", "budget") == 0.01);
    assert_true(config_get_real(&c, "collect", "memory") == 24);
    assert_null(config_get(&c, "dashboard", "nonsense"));
    assert_true(isnan(config_get_real(&c, "dashboard", "nonsense")));
    assert_true(section_get_real(&c.sections[1], "connect_timeout") == 60);
    assert_true(section_get_real(&c.sections[2], "connect_timeout") == 5);
    assert_false(section_get_bool(&c.sections[1], "all_databases"));
    assert_true(section_get_bool(&c.sections[2], "all_databases"));
    config_done(&c);
}

static void every_standard_is_a_valid_value(void **state)
{
    (void)state;
    for (int i = 0; i < n_config_options; i++) {
        const struct option *o = &config_options[i];
        struct err err = {""};
        if (o->standard != NULL && !option_check(o, o->standard, &err))
            fail_msg("[%s] %s", o->section, err.text);
        assert_non_null(o->help);
        assert_ptr_equal(option_find(config_options, n_config_options, o->section, o->key), o);
        assert_true(o->single == option_find_section(config_options, n_config_options, o->section)->single);
    }
}

static char *shown(const struct config *c)
{
    struct text t;
    text_init(&t, 1 << 20);
    config_show(c, &t);
    return text_take(&t);
}

static void what_is_shown_can_be_read_again_and_says_the_same(void **state)
{
    (void)state;
    struct config c, again;
    parse("[target a]\nurl = service=shop\npassword_command = echo $$HOME $${x} $$$${y} $z$\nstack = s\n"
          "[dataset jobs]\nsql = select $$x$$, '${y}'\n  from t\n\n  where a = 1\nkey = "
          "state\n[dashboard]\nrefresh = 2s\n",
          &c);
    char *first = shown(&c);
    parse(first, &again);
    const struct config_section *a = config_find(&again, "target", "a"),
                                *jobs = config_find(&again, "dataset", "jobs");
    assert_string_equal(section_get(a, "password_command"), "echo $HOME ${x} $${y} $z$");
    assert_string_equal(section_get(jobs, "sql"), "select $$x$$, '${y}'\nfrom t\nwhere a = 1");
    assert_string_equal(section_get(jobs, "every"), "30s"); /* a standard */
    assert_string_equal(config_get(&again, "dashboard", "refresh"), "2s");
    char *second = shown(&again);
    assert_string_equal(first, second);
    free(first);
    free(second);
    config_done(&c);
    config_done(&again);
}

static void secrets_are_not_shown_and_are_noticed(void **state)
{
    (void)state;
    struct config c;
    setenv("DBVITALS_TEST", "hunter2", 1);
    parse("[target a]\nurl = postgresql://u:hunter2@h/db\n[target b]\nurl = host=h password='hunter2 x' "
          "user=u\n",
          &c);
    assert_true(c.has_secrets);
    char *text = shown(&c);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "url = postgresql://u:***@h/db\n"));
    assert_non_null(strstr(text, "url = host=h password=*** user=u\n"));
    free(text);
    config_done(&c);
    parse("[target a]\nurl = postgresql://u:${DBVITALS_TEST}@h/db\n", &c);
    assert_false(c.has_secrets); /* it does not stand in the file */
    text = shown(&c);
    assert_null(strstr(text, "hunter2"));
    free(text);
    config_done(&c);
    parse("[target a]\nurl = service=shop\n", &c);
    assert_false(c.has_secrets);
    config_done(&c);
}

/* ---- Files ---- */

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/dbvitals-test-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static const char *write_file(const char *name, const char *text, mode_t mode)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    chmod(path, mode);
    return path;
}

static void the_users_own_file_is_found(void **state)
{
    (void)state;
    struct config c;
    struct err err = {""};
    char path[256];
    setenv("XDG_CONFIG_HOME", folder, 1);
    snprintf(path, sizeof(path), "%s/dbvitals", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file("dbvitals/dbvitals.conf", "[dashboard]\nrefresh = 3s\n", 0600);
    assert_true(config_read(NULL, &c, &err));
    assert_true(config_get_real(&c, "dashboard", "refresh") == 3);
    snprintf(path, sizeof(path), "%s/dbvitals/dbvitals.conf", folder);
    assert_string_equal(c.path, path);
    config_done(&c);
    unsetenv("XDG_CONFIG_HOME");
    setenv("HOME", folder, 1);
    snprintf(path, sizeof(path), "%s/.config", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/.config/dbvitals", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(".config/dbvitals/dbvitals.conf", "[dashboard]\nrefresh = 4s\n", 0600);
    assert_true(config_read(NULL, &c, &err));
    assert_true(config_get_real(&c, "dashboard", "refresh") == 4);
    config_done(&c);
}

static void a_named_file_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    struct config c = {.n_sections = 77};
    struct err err = {""};
    char path[256];
    snprintf(path, sizeof(path), "%s/absent.conf", folder);
    assert_false(config_read(path, &c, &err));
    assert_non_null(strstr(err.text, "absent.conf: No such file"));
    assert_false(config_read(folder, &c, &err));
    assert_non_null(strstr(err.text, "Is a directory"));
    assert_false(config_read(write_file("bad.conf", "[dashboard]\nx\n", 0600), &c, &err));
    assert_non_null(strstr(err.text, "bad.conf:2: "));
    assert_int_equal(c.n_sections, 77);
}

static void expect_readable(const char *text, mode_t mode, bool expected)
{
    struct config c;
    struct err err = {""};
    if (!config_read(write_file("mode.conf", text, mode), &c, &err))
        fail_msg("%s", err.text);
    assert_int_equal(c.readable_by_others, expected);
    config_done(&c);
}

static void secrets_that_others_can_read_are_told(void **state)
{
    (void)state;
    static const char secret[] = "[target a]\nurl = postgresql://u:hunter2@h/db\n",
                      none[] = "[target a]\nurl = service=a\n";
    expect_readable(secret, 0600, false);
    expect_readable(secret, 0644, true);
    expect_readable(secret, 0640, geteuid() != 0); /* a service's group may read what belongs to root */
    expect_readable(none, 0644, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_trimmed_and_nothing_else_is_taken_away),
        cmocka_unit_test(comments_stand_only_at_the_start_of_a_line),
        cmocka_unit_test(indented_lines_continue_the_value),
        cmocka_unit_test(files_from_other_systems_are_read),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(lines_that_cannot_be_read_are_told_but_not_quoted),
        cmocka_unit_test(nothing_may_come_twice),
        cmocka_unit_test(values_end_at_64_kb),
        cmocka_unit_test(unknown_names_are_errors_that_say_the_nearest_one),
        cmocka_unit_test(sections_have_names_where_they_need_them),
        cmocka_unit_test(values_of_a_wrong_type_say_what_was_expected),
        cmocka_unit_test(variables_are_replaced_except_in_sql),
        cmocka_unit_test(without_options_anything_goes),
        cmocka_unit_test(what_the_file_does_not_say_has_its_standard),
        cmocka_unit_test(every_standard_is_a_valid_value),
        cmocka_unit_test(what_is_shown_can_be_read_again_and_says_the_same),
        cmocka_unit_test(secrets_are_not_shown_and_are_noticed),
        cmocka_unit_test_setup_teardown(the_users_own_file_is_found, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_named_file_that_cannot_be_read_is_an_error, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(secrets_that_others_can_read_are_told, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
