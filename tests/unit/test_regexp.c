/* What regular expressions promise: POSIX's meaning, any case, and an end in sight. */
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/regexp.h"
#include "tests/unit/test.h"

static int matches(const char *pattern, const char *text)
{
    struct err err = {""};
    struct regexp *r = regexp_new(pattern, &err);
    if (r == NULL) {
        print_error("%s\n", err.text);
        return -1;
    }
    bool found = regexp_match(r, text, strlen(text));
    if (regexp_match(r, text, strlen(text)) != found)
        fail_msg("%s in %s: the second time differs", pattern, text);
    regexp_free(r);
    return found;
}

static void patterns_mean_what_posix_says(void **state)
{
    (void)state;
    // clang-format off
    static const struct { const char *pattern, *text; int expected; } cases[] = {
        {"b", "abc", 1},              {"d", "abc", 0},             {"", "abc", 1},            {"", "", 1},
        {"^b", "abc", 0},             {"^a", "abc", 1},            {"c$", "abc", 1},          {"b$", "abc", 0},
        {"^$", "", 1},                {"^$", "a", 0},              {"$", "abc", 1},           {"a^b", "a^b", 0},
        {"a.c", "abc", 1},            {"a.c", "a\nc", 1},          {"a.c", "ac", 0},          {"a\\.c", "abc", 0},
        {"ab*c", "ac", 1},            {"ab*c", "abbbc", 1},        {"ab+c", "ac", 0},         {"ab?c", "abbc", 0},
        {"^ab{2}c", "abc", 0},        {"^ab{2}c", "abbc", 1},      {"^ab{2}c", "abbbc", 0},   {"^ab{2,}c", "abbbc", 1},
        {"^ab{1,2}c", "abbbc", 0},    {"^ab{1,2}c", "abbc", 1},    {"^ab{0,2}c", "ac", 1},    {"^ab{0}c", "ac", 1},
        {"^ab{0}c", "abc", 0},        {"^(ab){2,3}$", "ababab", 1}, {"^(ab){2,3}$", "abababab", 0}, {"^(ab){2,3}$", "ab", 0},
        {"^a{0,3}$", "aaa", 1},       {"^a{0,3}$", "aaaa", 0},     {"^(a|b){0,2}$", "ba", 1}, {"x{", "x{", 1},
        {"cat|dog", "a dog", 1},      {"cat|dog|cow", "a cow", 1}, {"^(cat|dog)$", "cats", 0}, {"a(|b)c", "ac", 1},
        {"[abc]", "xbx", 1},          {"[^abc]", "abc", 0},        {"[^abc]", "abcd", 1},     {"[a-f]+$", "xfed", 1},
        {"[]]", "]", 1},              {"[^]]", "]", 0},            {"[a-]", "-", 1},          {"[[:digit:]]+x", "12x", 1},
        {"[[:alpha:]_]+", "_", 1},    {"[[:space:]]", "a b", 1},   {"[^[:space:]]", "  ", 0}, {"[\\]", "\\", 1},
        {"ABC", "xabcx", 1},          {"abc", "ABC", 1},           {"[A-C]", "b", 1},         {"[a-c]", "B", 1},
        {"\\w+\\s\\d", "ab 1", 1},    {"\\W", "ab", 0},            {"\\bis\\b", "this is", 1}, {"\\bis\\b", "this", 0},
        {"\\bis", "is", 1},           {"a\\n", "a\n", 1},          {"\\*", "*", 1},           {"\xC3\x84", "\xC3\xA4", 1},
        {"^.$", "\xE2\x82\xAC", 1},   {"[\xC3\xA0-\xC3\xBF]", "\xC3\xA9", 1}, {"a", "\xE2\x82\xAC" "a", 1}, {"\\ba", "\xC3\xA9" "a", 0},
        {"(a*)*", "b", 1},            {"^(a*)*$", "aab", 0},       {"^(a*)+$", "aaa", 1},     {"(()|a)+b", "b", 1},
        {"^(a|ab)(c|bcd)$", "abcd", 1}, {"((a))", "a", 1},         {"k", "\xE2\x84\xAA", 0},  {"x*$", "aaa", 1},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (matches(cases[i].pattern, cases[i].text) != cases[i].expected)
            fail_msg("%s in %s: expected %d", cases[i].pattern, cases[i].text, cases[i].expected);
}

static void what_is_no_pattern_is_told(void **state)
{
    (void)state;
    static const char *const bad[] = {"(",       ")",       "a)",  "[a",    "[",     "*",       "a{2",
                                      "a{3,2}",  "a{1000}", "(a",  "[b-a]", "\\",    "\\1",     "\\q",
                                      "[[:x:]]", "[[:a",    "a|*", "(?:a)", "a{1,2", "a{1,2}}{"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct err err = {""};
        struct regexp *r = regexp_new(bad[i], &err);
        bool ok = r == NULL && strstr(err.text, "regular expression") != NULL;
        regexp_free(r);
        if (!ok && i + 1 < sizeof(bad) / sizeof(*bad)) /* the last one is allowed: braces that are none */
            fail_msg("%s was taken", bad[i]);
    }
}

/* Random patterns and texts: the C library says the same. Few repeats, or it would not come to an end. */
static void the_c_library_agrees(void **state)
{
    (void)state;
    unsigned seed = 1;
    int compared = 0, found = 0;
    for (int n = 0; n < 20000; n++) {
        static const char *const pieces[] = {"a",     "b",    "c",  ".",          "[ab]", "[^a]",
                                             "(a|b)", "(ab)", "a*", "b+",         "c?",   "(a|bc)*",
                                             "|",     "^",    "$",  "(ab?){1,2}", "b{2}", "[b-c]{0,2}"};
        char pattern[100] = "", text[20];
        for (int k = 1 + rand_r(&seed) % 5; k > 0; k--)
            snprintf(pattern + strlen(pattern), sizeof(pattern) - strlen(pattern), "%s",
                     pieces[(size_t)rand_r(&seed) % (sizeof(pieces) / sizeof(*pieces))]);
        size_t len = (size_t)rand_r(&seed) % 8;
        for (size_t i = 0; i < len; i++)
            text[i] = "aAbcd"[rand_r(&seed) % 5];
        text[len] = '\0';
        regex_t re;
        if (regcomp(&re, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
            continue;
        int expected = regexec(&re, text, 0, NULL, 0) == 0;
        regfree(&re);
        if (matches(pattern, text) != expected)
            fail_msg("%s in %s: the C library says %d", pattern, text, expected);
        compared++;
        found += expected;
    }
    assert_true(compared > 15000 && found > compared / 10 && found < compared * 9 / 10);
}

static void what_hangs_the_c_library_ends(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "(((a*)*){5}){5}x",    "((((((((((((((((((((((((a)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+x",
        "(a|b)*a(a|b){100}c",  "(a?){200}a{200}c",
        "a.*b.*a.*b.*a.*b.*x", "(((||){0,7}c*(|b)*)){0,6}x",
    };
    char *text = malloc(65536);
    for (int i = 0; i < 65535; i++)
        text[i] = "ab"[i * 7919 % 31 % 2];
    text[65535] = '\0';
    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
        clock_t start = clock();
        assert_int_equal(matches(patterns[i], text), 0);
        double s = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (s > 3) /* matched twice, and maybe with sanitizers */
            fail_msg("%s: took %.1f s", patterns[i], s);
    }
    free(text);
    assert_int_equal(matches("((a{100}){100})", ""), -1);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_mean_what_posix_says),
        cmocka_unit_test(what_is_no_pattern_is_told),
        cmocka_unit_test(the_c_library_agrees),
        cmocka_unit_test(what_hangs_the_c_library_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
