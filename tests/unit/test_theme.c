/* Themes: their files, their errors, and that a person can read what they show. */
#include "tui/theme.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tui/colour.h"

static struct theme loaded(const char *name)
{
    struct theme theme;
    struct err err = {0};
    if (!theme_load(name, &theme, &err))
        fail_msg("%s: %s", name, err.text);
    return theme;
}

static void assert_refused(const char *text, const char *expected)
{
    struct err err = {0};
    struct theme theme = {.name = "untouched"};
    assert_false(theme_parse(text, strlen(text), "my.theme", &theme, &err));
    assert_string_equal(theme.name, "untouched");
    if (strncmp(err.text, expected, strlen(expected)) != 0)
        fail_msg("expected \"%s...\", got \"%s\"", expected, err.text);
}

static void a_theme_is_read(void **state)
{
    (void)state;
    static const char text[] = "# mine\n[theme mine]\nhelp = my own\ntext = default\n"
                               "critical = bright_red on default bold\nwarning = 221 underline\n"
                               "good = #5fafff on #000000\ncursor = reverse\ndim = on 236\n";
    struct theme t = {0};
    struct err err = {0};
    assert_true(theme_parse(text, strlen(text), "my.theme", &t, &err));
    assert_string_equal(t.name, "mine");
    assert_string_equal(t.help, "my own");
    assert_int_equal(t.looks[ROLE_CRITICAL].foreground, 9);
    assert_int_equal(t.looks[ROLE_CRITICAL].background, -1);
    assert_true(t.looks[ROLE_CRITICAL].bold);
    assert_int_equal(t.looks[ROLE_WARNING].foreground, 221);
    assert_true(t.looks[ROLE_WARNING].underline);
    assert_int_equal(t.looks[ROLE_GOOD].foreground, 0x1000000 | 0x5fafff);
    assert_int_equal(t.looks[ROLE_GOOD].background, 0x1000000);
    assert_true(t.looks[ROLE_CURSOR].reverse);
    assert_int_equal(t.looks[ROLE_DIM].foreground, -1);
    assert_int_equal(t.looks[ROLE_DIM].background, 236);
}

static void a_role_that_is_left_out_looks_like_text(void **state)
{
    (void)state;
    static const char text[] = "[theme t]\ncritical = red\ntext = 250 on 16\n";
    struct theme t = {0};
    assert_true(theme_parse(text, strlen(text), "my.theme", &t, NULL));
    assert_int_equal(t.looks[ROLE_GRAPH_6].foreground, 250);
    assert_int_equal(t.looks[ROLE_GRAPH_6].background, 16);
}

static void an_error_names_file_line_and_key(void **state)
{
    (void)state;
    assert_refused("[theme t]\n\ncritcal = red\n", "my.theme:3: a theme has no role \"critcal\"");
    assert_refused("[theme t]\ncritical = brigth_red\n", "my.theme:2: critical: cannot use \"brigth_red\"");
    assert_refused("[theme t]\ncritical = red on\n", "my.theme:2: critical: cannot use ");
    assert_refused("[theme t]\ncritical = red green\n", "my.theme:2: critical: cannot use \"green\"");
    assert_refused("[theme t]\ncritical = 256\n", "my.theme:2: critical: cannot use \"256\"");
    assert_refused("[theme t]\ncritical = -1\n", "my.theme:2: critical: cannot use \"-1\"");
    assert_refused("[theme t]\ncritical = #ff00\n", "my.theme:2: critical: cannot use \"#ff00\"");
    assert_refused("[theme t]\ncritical = #ff00fg\n", "my.theme:2: critical: cannot use \"#ff00fg\"");
    assert_refused("[theme t]\ncritical = red on blue on blue\n", "my.theme:2: critical: cannot use \"on\"");
    assert_refused("[theme t]\ncritical =\n", "my.theme:2: critical: cannot use \"\"");
    assert_refused("[theme t]\ncritical = red\ncritical = red\n",
                   "my.theme:3: 'critical' a second time");
    assert_refused("[theme]\n", "my.theme:1: a theme needs a name");
    assert_refused("[theme a]\n[theme b]\n", "my.theme:2: a theme file has one section");
    assert_refused("[pane a]\n", "my.theme:1: a theme file starts with [theme NAME]");
    assert_refused("", "my.theme:1: a theme file starts with [theme NAME]");
    assert_refused("critical = red\n", "my.theme:1:");
}

static void themes_are_loaded_by_name_or_path(void **state)
{
    (void)state;
    struct theme t;
    struct err err = {0};
    assert_int_equal(theme_builtin_count(), 4);
    assert_string_equal(theme_builtin_name(0), "dark");
    for (int i = 0; i < theme_builtin_count(); i++)
        assert_string_equal(loaded(theme_builtin_name(i)).name, theme_builtin_name(i));
    assert_false(theme_load("drak", &t, &err));
    assert_string_equal(
        err.text, "there is no theme \"drak\"; there are dark, light, colour-blind, mono, and PATH/TO/FILE");
    assert_false(theme_load("/nonexistent/x.theme", &t, &err));
    assert_non_null(strstr(err.text, "/nonexistent/x.theme"));
    char path[] = "/tmp/themeXXXXXX";
    int fd = mkstemp(path);
    assert_true(write(fd, "[theme own]\ntext = red\n", 23) == 23);
    close(fd);
    assert_string_equal(loaded(path).name, "own");
    unlink(path);
}

static void a_builtin_theme_gives_every_role(void **state)
{
    (void)state;
    /* A role left out would look like text without anybody having decided so: text made conspicuous shows it.
     */
    for (int i = 0; i < theme_builtin_count(); i++) {
        char path[300], text[8192], name[40];
        snprintf(path, sizeof(path), "%s/%s.theme", THEMES, theme_builtin_name(i));
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        text[0] = '\n';
        text[1 + fread(text + 1, 1, sizeof(text) - 2, f)] = '\0';
        fclose(f);
        for (int role = 0; role < N_ROLES; role++) {
            snprintf(name, sizeof(name), "\n%s ", role_name((enum role)role));
            if (strstr(text, name) == NULL)
                fail_msg("%s has no line for %s", path, role_name((enum role)role));
        }
    }
}

/* Not text: lines, bars. WCAG asks 3 for what carries meaning; a border carries none. */
static double least_contrast(int role)
{
    return role == ROLE_BORDER ? 2 : role >= ROLE_GRAPH_1 && role <= ROLE_GRAPH_6 ? 3 : 4.5;
}

static void assert_readable(const char *name, const uint32_t *grounds, int n_grounds, uint32_t default_text)
{
    struct theme t = loaded(name);
    for (int role = 0; role < N_ROLES; role++)
        for (int i = 0; i < n_grounds; i++) {
            struct look look = t.looks[role];
            uint32_t on = look.background == COLOUR_DEFAULT ? grounds[i] : colour_rgb(look.background);
            uint32_t text = look.foreground == COLOUR_DEFAULT ? default_text : colour_rgb(look.foreground);
            double contrast = colour_contrast(text, on);
            if (contrast < least_contrast(role))
                fail_msg("%s: %s is #%06x on #%06x, a contrast of %.2f; at least %.1f is needed", name,
                         role_name((enum role)role), text, on, contrast, least_contrast(role));
        }
}

/* Black, and the backgrounds of widespread dark palettes; white, and Solarized's light one. */
static const uint32_t dark_grounds[] = {0x000000, 0x1E1E1E, 0x282A36},
                      light_grounds[] = {0xFFFFFF, 0xFAFAFA, 0xFDF6E3};

static void every_role_is_readable_on_its_background(void **state)
{
    (void)state;
    assert_true(fabs(colour_contrast(0x000000, 0xFFFFFF) - 21) < 0.001); /* WCAG 2.1: the largest there is */
    assert_true(fabs(colour_contrast(0x767676, 0xFFFFFF) - 4.54) < 0.01);
    assert_readable("dark", dark_grounds, 3, 0xC8C8C8);
    assert_readable("colour-blind", dark_grounds, 3, 0xC8C8C8);
    assert_readable("light", light_grounds, 3, 0x202020);
}

static double from_srgb(uint32_t channel)
{
    double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

/* Distance of two colours as seen with a kind of colour blindness, in linear light: Machado, Oliveira and
 * Fernandes 2009, severity 1. */
static double seen_distance(const double m[3][3], uint32_t a, uint32_t b)
{
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double x = 0, y = 0;
        for (int k = 0; k < 3; k++) {
            x += m[i][k] * from_srgb(a >> (16 - 8 * k) & 0xFF);
            y += m[i][k] * from_srgb(b >> (16 - 8 * k) & 0xFF);
        }
        sum += (x - y) * (x - y);
    }
    return sqrt(sum);
}

static void good_warning_and_critical_differ_for_the_colour_blind(void **state)
{
    (void)state;
    static const double protanopia[3][3] = {
        {0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}};
    static const double deuteranopia[3][3] = {
        {0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}};
    struct theme t = loaded("colour-blind");
    uint32_t good = colour_rgb(t.looks[ROLE_GOOD].foreground),
             warning = colour_rgb(t.looks[ROLE_WARNING].foreground);
    assert_true(seen_distance(protanopia, good, warning) > 0.5);
    assert_true(seen_distance(deuteranopia, good, warning) > 0.5);
    assert_true(t.looks[ROLE_CRITICAL].background !=
                t.looks[ROLE_WARNING].background); /* by shape, not by hue */
    assert_true(seen_distance(deuteranopia, 0x00AF00, 0xD70000) <
                0.5); /* what the theme avoids would not pass */
}

static void mono_has_no_colours_and_tells_what_matters_by_attributes(void **state)
{
    (void)state;
    struct theme t = loaded("mono");
    for (int role = 0; role < N_ROLES; role++) {
        assert_int_equal(t.looks[role].foreground, COLOUR_DEFAULT);
        assert_int_equal(t.looks[role].background, COLOUR_DEFAULT);
    }
    const int telling[] = {ROLE_TEXT, ROLE_WARNING, ROLE_CRITICAL, ROLE_CURSOR, ROLE_MATCH, ROLE_GONE};
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < i; k++)
            assert_memory_not_equal(&t.looks[telling[i]], &t.looks[telling[k]], sizeof(struct look));
}

static struct look fitted(int foreground, int background, int n_colours, bool direct)
{
    return colour_fit((struct look){.foreground = foreground, .background = background}, n_colours, direct);
}

static void colours_fit_the_terminal(void **state)
{
    (void)state;
    assert_int_equal(fitted(0x1000000 | 0x87D7FF, -1, 256, false).foreground, 117); /* exactly the cube's */
    assert_int_equal(fitted(0x1000000 | 0x88D6FE, -1, 256, false).foreground, 117);
    assert_int_equal(fitted(117, -1, 256, false).foreground, 117);
    assert_int_equal(fitted(117, -1, 1 << 24, true).foreground, 0x87D7FF);
    assert_int_equal(fitted(1, -1, 1 << 24, true).foreground, 1);
    assert_int_equal(fitted(0x1000000 | 5, -1, 1 << 24, true).foreground, 0); /* 5 would be magenta */
    assert_int_equal(fitted(210, -1, 8, false).foreground, 1);                /* pale red is red, not white */
    assert_int_equal(fitted(114, -1, 8, false).foreground, 2);
    assert_int_equal(fitted(221, -1, 8, false).foreground, 3);
    assert_int_equal(fitted(210, -1, 16, false).foreground, 9);
    assert_int_equal(fitted(12, -1, 16, false).foreground, 12);
    assert_int_equal(fitted(247, -1, 16, false).foreground, -1); /* a grey might be the background */
    assert_true(fitted(247, -1, 16, false).dim);
    assert_false(fitted(255, -1, 16, false).dim);
    assert_true(fitted(255, 24, 0, false).reverse);
    assert_int_equal(fitted(255, 24, 0, false).background, -1);
}

static void what_has_a_background_stays_readable_with_few_colours(void **state)
{
    (void)state;
    for (int i = 0; i < theme_builtin_count(); i++)
        for (int n_colours = 8; n_colours <= 16; n_colours += 8) {
            struct theme t = loaded(theme_builtin_name(i));
            for (int role = 0; role < N_ROLES; role++) {
                struct look look = colour_fit(t.looks[role], n_colours, false);
                assert_in_range(look.foreground + 1, 0, n_colours);
                if (look.background == COLOUR_DEFAULT || look.foreground == COLOUR_DEFAULT)
                    continue;
                double contrast = colour_contrast(colour_rgb(look.foreground), colour_rgb(look.background));
                if (contrast < 3)
                    fail_msg("%s: %s has a contrast of %.1f with %d colours", t.name,
                             role_name((enum role)role), contrast, n_colours);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_theme_is_read),
        cmocka_unit_test(a_role_that_is_left_out_looks_like_text),
        cmocka_unit_test(an_error_names_file_line_and_key),
        cmocka_unit_test(themes_are_loaded_by_name_or_path),
        cmocka_unit_test(a_builtin_theme_gives_every_role),
        cmocka_unit_test(every_role_is_readable_on_its_background),
        cmocka_unit_test(good_warning_and_critical_differ_for_the_colour_blind),
        cmocka_unit_test(mono_has_no_colours_and_tells_what_matters_by_attributes),
        cmocka_unit_test(colours_fit_the_terminal),
        cmocka_unit_test(what_has_a_background_stays_readable_with_few_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
