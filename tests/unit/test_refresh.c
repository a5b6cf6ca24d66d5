/* One refresh is asked once and drawn once, and soon; the clock alone costs one line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "tests/golden/world.h"
#include "tests/unit/test.h"

static void start(struct world *w)
{
    world_init(w, WORLD_TROUBLE);
    world_open(w, 50, 200, NULL);
    world_settle(w);
    world_advance(w, 5); /* panes that wait for first answers redraw each second */
    world_settle(w);
    dash_tick(w->dash);
}

static char *text_of(const struct canvas *c)
{
    struct text out;
    text_init(&out, 200000);
    canvas_text(c, &out);
    return text_take(&out);
}

static void datasets_of_one_refresh_are_asked_for_together(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    static const char *const arrivals[] = {"targets", "server", "sessions", "statements"};
    double first = w.now_s;
    for (int i = 0; i < 4; i++) {
        w.now_s = first + 0.012 * i;
        dash_data_changed(w.dash, "shop", arrivals[i]);
        dash_tick(w.dash);
        assert_int_equal(w.n_asks, 0);
    }
    w.now_s = first + 0.051;
    dash_tick(w.dash);
    assert_true(w.n_asks > 5);
    while (w.n_asks > 0)
        world_answer(&w);
    assert_true(dash_settled(w.dash)); /* nothing of it is asked later */
    world_done(&w);
}

static void a_late_dataset_is_not_waited_for(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    double first = w.now_s;
    dash_data_changed(w.dash, "shop", "sessions");
    assert_true(dash_tick(w.dash) <= 0.051);
    w.now_s = first + 0.051;
    dash_tick(w.dash);
    int n = w.n_asks;
    assert_true(n > 0);
    while (w.n_asks > 0)
        world_answer(&w);
    w.now_s = first + 0.06;
    dash_data_changed(w.dash, "shop", "statements");
    dash_tick(w.dash);
    assert_int_equal(w.n_asks, 0);
    w.now_s = first + 0.111;
    dash_tick(w.dash);
    assert_true(w.n_asks > 0);
    world_done(&w);
}

static void the_clock_alone_redraws_one_line(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    world_draw(&w);
    assert_false(dash_clock_due(w.dash));
    w.now_s += 1;
    dash_tick(w.dash);
    assert_false(dash_dirty(w.dash));
    assert_true(dash_clock_due(w.dash));
    char *before = text_of(w.canvas);
    dash_draw_clock(w.dash, w.canvas);
    assert_false(dash_clock_due(w.dash));
    char *clock = text_of(w.canvas);
    world_draw(&w);
    char *all = text_of(w.canvas);
    assert_string_equal(clock, all);
    assert_string_not_equal(before, clock);
    assert_string_equal(strchr(before, '\n'), strchr(clock, '\n'));
    free(before);
    free(clock);
    free(all);
    world_done(&w);
}

static void a_text_over_the_page_covers_the_clock(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    world_type(&w, "?");
    world_draw(&w);
    w.now_s += 1;
    assert_false(dash_clock_due(w.dash));
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datasets_of_one_refresh_are_asked_for_together),
        cmocka_unit_test(a_late_dataset_is_not_waited_for),
        cmocka_unit_test(the_clock_alone_redraws_one_line),
        cmocka_unit_test(a_text_over_the_page_covers_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
