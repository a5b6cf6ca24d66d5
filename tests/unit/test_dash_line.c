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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_quit_stand_in_the_last_line_of_every_size),
        cmocka_unit_test(the_last_line_says_back_where_q_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
