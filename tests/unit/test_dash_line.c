/* The dashboard's head and last line: what they promise, and what is typed there. */
#include "tests/unit/screen.h"

static void help_and_quit_stand_in_the_last_line_of_every_size(void **state)
{
    static const int sizes[][2] = {{10, 40}, {24, 80}, {24, 100}, {30, 110}, {50, 200}};
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct world w;
        start_sized(&w, WORLD_TROUBLE, sizes[i][0], sizes[i][1], NULL);
        SHOWS(&w, "? help  q quit");
        SHOWS(&w, "Enter detail");
        world_done(&w);
    }
}

static void the_last_line_says_back_where_q_goes_back(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 24, 80, "sessions");
    world_type(&w, "<enter>");
    SHOWS(&w, "? help  q back");
    world_type(&w, "q");
    SHOWS(&w, "? help  q quit");
    assert_false(w.quit);
    world_done(&w);
}

static void what_is_down_is_not_live(void **state)
{
    (void)state;
    struct world w;
    start_sized(&w, WORLD_TROUBLE, 24, 80, NULL);
    SHOWS(&w, "live 0 s");
    world_lost(&w, "down", 1);
    world_settle(&w);
    SHOWS(&w, "· down");
    SHOWS(&w, "STALE 1.0 s");
    SHOWS_NOT(&w, "live");
    world_lost(&w, "up", 0.5);
    world_settle(&w);
    SHOWS(&w, "live");
    SHOWS_NOT(&w, "· down");
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_quit_stand_in_the_last_line_of_every_size),
        cmocka_unit_test(the_last_line_says_back_where_q_goes_back),
        cmocka_unit_test(what_is_down_is_not_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
