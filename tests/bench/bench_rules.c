/* What judging costs: 1,000 rules over 200 targets' worth of samples, the SELECT of each, the book, and what
 * of it is written to the state file; and how long the longest SELECT holds the query thread. First when
 * little fires, then when nearly all does; the samples stay what they are until the history of each alert is
 * full. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/state.h"
#include "core/loop.h"
#include "core/mem.h"
#include "core/store.h"
#include "engine/products.h"
#include "tests/unit/directory.h"

enum { TARGETS = 200, RULES = 1000, SESSIONS = 30, WORLDS = 2, ROUNDS = FLAP_RESULTS + 3 };

/* Of the kinds that ship, most of all. */
static const char *const kinds[] = {
    "from = pools\nwhere = kind = 'slots' and max_size > %d\nper = target\nvalue = utilization\nwarning = > "
    "80 %%\n"
    "summary = {in_use} of {max_size} connections\n",
    "from = server\nwhere = uptime_s > %d\nvalue = xid_age\nwarning = > 500M\n",
    "from = sessions\nwhere = state = 'active' and pid > %d and own = 0\nvalue = query_age_s\nwarning = > "
    "60s\n"
    "summary = pid {pid} runs {value}: {query}\n",
    "from = databases('5m')\nwhere = datname is not null and xact_per_s > %d\nkey = datname\nvalue = "
    "rollback_ratio\n"
    "warning = > 5 %%\n",
    "from = targets\nwhere = rtt_ms > %d\nvalue = rtt_ms\nwarning = > 500 ms\n",
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void fill(struct sample *s, int column, int row, int step)
{
    char text[32];
    switch (s->dataset->columns[column].type) {
    case TYPE_REAL:
        s->values[column].real[row] = 10 + row + step * 100;
        break;
    case TYPE_INT:
        s->values[column].integer[row] = 1000 + row;
        break;
    case TYPE_TEXT:
        snprintf(text, sizeof(text), "text %d", row);
        if (strcmp(s->dataset->columns[column].name, "state") == 0)
            snprintf(text, sizeof(text), row % 10 == 0 ? "active" : "idle");
        sample_set_text(s, column, row, text, strlen(text));
        break;
    }
}

static void put(struct store *store, const struct registry *r, const char *name, const char *target, int rows,
                double ago_s, int step)
{
    const struct dataset *d = registry_find(r, name);
    struct sample *s = sample_new(d, rows);
    s->mono_s = loop_mono_s() - ago_s;
    s->wall_s = loop_wall_s() - ago_s;
    for (int c = 0; c < d->n_columns; c++)
        for (int row = 0; row < rows && d->columns[c].kind != KIND_DERIVED; row++)
            fill(s, c, row, step);
    store_put(store, target, s);
}

static void fill_store(struct store *store, const struct registry *r, double ago_s, int step)
{
    for (int i = 0; i < TARGETS; i++) {
        char target[32];
        snprintf(target, sizeof(target), "target-%d", i);
        put(store, r, "pools", target, 3, ago_s, step);
        put(store, r, "server", target, 1, ago_s, step);
        put(store, r, "sessions", target, SESSIONS, ago_s, step);
        put(store, r, "databases", target, 3, ago_s, step);
        put(store, r, "targets", target, 1, ago_s, step);
    }
}

static bool make_rules(const struct registry *r, struct rules *rules, struct err *err)
{
    struct text t;
    text_init(&t, 1 << 20);
    for (int i = 0; i < RULES; i++) {
        text_addf(&t, "[rule r%d]\n", i);
        text_addf(&t, kinds[i % N_KINDS], i / N_KINDS);
    }
    struct config c = {.n_sections = 0};
    bool ok = config_parse(text_str(&t), t.len, "bench", config_options, n_config_options, &c, err) &&
              rules_read_alone(&c, NULL, r, rules, err);
    config_done(&c);
    text_done(&t);
    return ok;
}

static void stop(void *ctx, bool written)
{
    (void)written;
    loop_stop(ctx);
}

/* With the work of the writer's thread. */
static void keep(struct loop *loop, struct state *state, struct book *book, const struct rules *rules)
{
    double start = cpu_ms(), wall = loop_mono_s();
    int n = 0;
    for (int i = 0; i < rules->n; i++)
        n += state_put_rule(state, book, &rules->list[i]);
    double put = cpu_ms();
    state_commit(state, stop, loop);
    loop_run(loop);
    printf("kept %d of %d alerts: put %.0f ms, written %.0f ms CPU, %.0f ms in all\n", n, book_alerts(book),
           put - start, cpu_ms() - put, (loop_mono_s() - wall) * 1e3);
}

static void round_of(struct door *door, struct store *store, struct book *book, const struct rules *rules)
{
    struct snapshot *s = store_snapshot(store);
    struct coverage *coverage = mem_new_array(TARGETS, sizeof(*coverage));
    double select_ms = 0, book_ms = 0, longest_ms = 0, kind_ms[N_KINDS] = {0};
    long rows = 0;
    for (int i = 0; i < TARGETS; i++)
        coverage[i].target = snapshot_target(s, i);
    for (int i = 0; i < rules->n; i++) {
        struct err err = {""};
        double start = cpu_ms();
        struct result *result = door_run(door, s, &(struct query){.sql = rules->list[i].sql}, &err);
        double selected = cpu_ms();
        if (result == NULL)
            printf("%s\n", err.text);
        else
            rows += result->n_rows;
        book_answer(book, &(struct book_answer){.rule = &rules->list[i],
                                                .result = result,
                                                .error = err.text,
                                                .coverage = coverage,
                                                .n_coverage = TARGETS,
                                                .step_s = 15,
                                                .wall_s = 1e9});
        result_free(result);
        select_ms += selected - start;
        kind_ms[i % N_KINDS] += selected - start;
        book_ms += cpu_ms() - selected;
        longest_ms = fmax(longest_ms, selected - start);
    }
    printf("%d rules over %d targets: SELECTs %.0f ms (the longest %.2f ms, %ld rows), book %.0f ms; by kind",
           rules->n, TARGETS, select_ms, longest_ms, rows, book_ms);
    for (int k = 0; k < N_KINDS; k++)
        printf(" %.0f", kind_ms[k]);
    printf("\n");
    free(coverage);
    snapshot_unref(s);
}

int main(void)
{
    static const struct store_limits limits = {
        .series_bytes = 16 << 20, .total_bytes = 1 << 30, .keep_s = 630};
    struct registry registry;
    struct rules rules;
    struct err err = {""};
    if (!products_register(&registry, &err) || !alerts_register(&registry, &err) ||
        !make_rules(&registry, &rules, &err)) {
        printf("%s\n", err.text);
        return 1;
    }
    struct store *store = store_new(limits);
    fill_store(store, &registry, 300, 0);
    struct door *door = door_new(&registry, &err);
    struct book *book = book_new(&rules);
    struct loop *loop = loop_new();
    char directory[DIRECTORY_PATH];
    bool held;
    struct state *state = directory_new(directory) ? state_open(loop, directory, &held, &err) : NULL;
    for (int i = 0; i < WORLDS * ROUNDS; i++) {
        if (i % ROUNDS == 0)
            fill_store(store, &registry, 0, 1 + i);
        round_of(door, store, book, &rules);
        keep(loop, state, book, &rules);
    }
    state_close(state, 5);
    directory_remove(directory);
    loop_free(loop);
    book_free(book);
    door_free(door);
    store_free(store);
    rules_done(&rules);
    registry_done(&registry);
    return 0;
}
