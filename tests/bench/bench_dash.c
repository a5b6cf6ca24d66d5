/* What a refresh of the dashboard costs here: all SELECTs of the page, and drawing it; CPU of this thread. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/golden/world.h"

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

enum { REFRESHES = 20 };

/* Most SELECTs first. */
static void statements_print(struct world *w)
{
    world_advance(w, 1);
    dash_tick(w->dash);
    while (w->n_asks > 0) {
        char sql[100];
        double before = w->cpu_ms;
        snprintf(sql, sizeof(sql), "%s", w->asks[0].query.sql + strspn(w->asks[0].query.sql, " \n"));
        for (char *s = sql; *s != '\0'; s++)
            *s = *s == '\n' ? ' ' : *s;
        world_answer(w);
        printf("    %7.3f ms  %s\n", w->cpu_ms - before, sql);
    }
}

static void page_print(enum world_kind kind, const char *name, const char *page)
{
    static struct world w;
    double select = 0, draw = 0, all = 0;
    world_init(&w, kind);
    world_open(&w, 50, 200, page);
    world_settle(&w);
    for (int i = 0; i < REFRESHES; i++) {
        world_advance(&w, 1);
        double start = cpu_ms();
        dash_tick(w.dash);
        while (w.n_asks > 0)
            world_answer(&w);
        double asked = cpu_ms();
        world_draw(&w);
        double drawn = cpu_ms();
        select += asked - start;
        draw += drawn - asked;
        all += drawn - start;
    }
    printf("%-6s %-11s  SELECTs %7.3f ms   draw %6.3f ms   sum %7.3f ms\n", name, page, select / REFRESHES,
           draw / REFRESHES, all / REFRESHES);
    if (strcmp(page, "overview") == 0)
        statements_print(&w);
    world_done(&w);
}

/* One SELECT over the large database, as bench_dash "SQL". */
static void select_print(const char *sql)
{
    static struct world w;
    world_init(&w, WORLD_LARGE);
    struct snapshot *s = store_snapshot(w.store);
    struct query_param params[] = {{"target", {.type = VALUE_TEXT, .text = "shop"}},
                                   {"window", {.type = VALUE_TEXT, .text = "last"}}};
    for (int i = 0; i < 5; i++) {
        struct err err = {""};
        struct result *r =
            door_run(w.door, s, &(struct query){.sql = sql, .params = params, .n_params = 2}, &err);
        printf(r == NULL ? "%s\n" : "%s%8.3f ms\n", err.text, r == NULL ? 0 : r->cpu_ms);
        result_free(r);
    }
    snapshot_unref(s);
    world_done(&w);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        select_print(argv[1]);
        return 0;
    }
    static const char *const pages[] = {"overview", "sessions", "statements", "tables", "locks"};
    printf("one refresh at 200x50, mean of %d\n", REFRESHES);
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        page_print(WORLD_TROUBLE, "small", pages[i]);
        page_print(WORLD_LARGE, "large", pages[i]);
    }
    return 0;
}
