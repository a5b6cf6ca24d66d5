/* Who waits for whom: roots, depths, and how many stand behind each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "collectors/pg/wait_tree.h"

#include <cmocka.h>

enum { MOST = 8 };

/* Edges as pairs of waiter and holder, N of them. */
static void behind_of(const int64_t pairs[][2], int n, int behind[MOST])
{
    int64_t pid[MOST], holder[MOST];
    const char *gid[MOST] = {NULL};
    for (int i = 0; i < n; i++) {
        pid[i] = pairs[i][0];
        holder[i] = pairs[i][1];
    }
    wait_tree_behind(&(struct wait_edges){.n = n, .pid = pid, .holder = holder, .gid = gid}, behind);
}

/* 1 holds; 2 waits for it, 3 and 4 wait for 2, 5 waits for 4. */
static void who_waits_through_others_counts_too(void **unused)
{
    (void)unused;
    int behind[MOST];
    behind_of((const int64_t[][2]){{2, 1}, {3, 2}, {4, 2}, {5, 4}}, 4, behind);
    assert_int_equal(behind[0], 4);
    assert_int_equal(behind[1], 3);
    assert_int_equal(behind[2], 3);
    assert_int_equal(behind[3], 1);
}

/* 4 waits for 2 and 3, both of whom wait for 1. */
static void who_waits_on_two_ways_counts_once(void **unused)
{
    (void)unused;
    int behind[MOST];
    behind_of((const int64_t[][2]){{2, 1}, {3, 1}, {4, 2}, {4, 3}}, 4, behind);
    assert_int_equal(behind[0], 3);
    assert_int_equal(behind[2], 1);
    assert_int_equal(behind[3], 1);
}

/* 1 and 2 wait for each other, 3 for 1. */
static void a_cycle_ends_and_nobody_stands_behind_himself(void **unused)
{
    (void)unused;
    int behind[MOST];
    behind_of((const int64_t[][2]){{1, 2}, {2, 1}, {3, 1}}, 3, behind);
    assert_int_equal(behind[0], 2); /* 1 and 3 behind 2 */
    assert_int_equal(behind[1], 2); /* 2 and 3 behind 1 */
    behind_of((const int64_t[][2]){{1, 1}}, 1, behind);
    assert_int_equal(behind[0], 0);
}

static void prepared_transactions_are_told_apart_by_name(void **unused)
{
    (void)unused;
    const int64_t pid[] = {1, 2, 3}, holder[] = {0, 0, 1};
    const char *gid[] = {"a", "b", NULL};
    int behind[3], root[3], depth[3];
    struct wait_edges e = {.n = 3, .pid = pid, .holder = holder, .gid = gid};
    wait_tree_behind(&e, behind);
    wait_tree_roots(&e, root, depth);
    assert_int_equal(behind[0], 2);
    assert_int_equal(behind[1], 1);
    assert_int_equal(root[2], 0);
    assert_int_equal(depth[2], 2);
}

static void no_edges_are_no_trouble(void **unused)
{
    (void)unused;
    wait_tree_behind(&(struct wait_edges){0}, NULL);
    wait_tree_roots(&(struct wait_edges){0}, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_through_others_counts_too),
        cmocka_unit_test(who_waits_on_two_ways_counts_once),
        cmocka_unit_test(a_cycle_ends_and_nobody_stands_behind_himself),
        cmocka_unit_test(prepared_transactions_are_told_apart_by_name),
        cmocka_unit_test(no_edges_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
