/* What the book costs: 1,000 rules over 200 targets, one answer of each, when nothing and when much is wrong.
 */
#include <time.h>

#include "tests/unit/book_world.h"

enum { N = 1000, TARGETS = 200 };

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(void)
{
    static struct rule list[N];
    static char names[N][16], targets[TARGETS][16];
    static struct coverage coverage[TARGETS];
    static struct row rows[TARGETS];
    struct rules rules = {.list = list, .n = N};
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof(names[i]), "rule_%d", i);
        list[i] = keyed_rule_made(names[i]);
    }
    for (int i = 0; i < TARGETS; i++) {
        snprintf(targets[i], sizeof(targets[i]), "target-%d", i);
        coverage[i].target = targets[i];
        rows[i] = (struct row){targets[i], "a", 95, "select * from orders where id = $1"};
    }
    struct book *b = book_new(&rules);
    static const int bad[] = {0, 0, 10, 10, 200, 200, 0};
    for (size_t round = 0; round < sizeof(bad) / sizeof(bad[0]); round++) {
        struct result *result = answer_new(rows, bad[round]);
        double before = cpu_ms();
        for (int i = 0; i < N; i++)
            book_answer(b, &(struct book_answer){.rule = &list[i],
                                                 .result = result,
                                                 .coverage = coverage,
                                                 .n_coverage = TARGETS,
                                                 .step_s = 10,
                                                 .wall_s = 1e9});
        double answered = cpu_ms();
        book_tick(b, 10, 1e9);
        double ticked = cpu_ms();
        sample_unref(book_alerts_sample(b, targets[0], 1, 1));
        sample_unref(book_rules_sample(b, targets[0], 1, 1));
        printf("%3d of %d targets are bad: %d answers %.1f ms, tick %.2f ms, samples of a target %.2f ms, %d "
               "alerts\n",
               bad[round], TARGETS, N, answered - before, ticked - answered, cpu_ms() - ticked,
               book_alerts(b));
        arena_unref(result->arena);
    }
    book_free(b);
    return 0;
}
