/* Rules of a config over a real server, without a screen: alerts_probe CONFIG SECONDS URL. Prints a line for
 * each transition, then how many rules were judged and how many had no data. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alerts.h"
#include "engine/products.h"

struct probe {
    struct alerts *alerts;
    struct loop *loop;
};

static void on_sample(void *ctx, const char *target, const struct dataset *d)
{
    struct probe *p = ctx;
    if (p->alerts != NULL)
        alerts_sample(p->alerts, target, d);
}

static void on_log(void *ctx, enum level level, const char *event, const struct alert *alert,
                   const char *text)
{
    (void)ctx;
    printf("%s %s %s %s\n", event, level_name(level), alert->rule, text);
    fflush(stdout);
}

static void on_end(void *ctx)
{
    loop_stop(ctx);
}

static void summarize(const struct book *b)
{
    struct sample *s = book_rules_sample(b, "t", loop_mono_s(), loop_wall_s());
    sample_settle(s, NULL);
    int rule = dataset_column(&rules_dataset, "rule"), status = dataset_column(&rules_dataset, "status"),
        no_data = dataset_column(&rules_dataset, "no_data"), error = dataset_column(&rules_dataset, "error");
    for (int i = 0; i < s->n_rows; i++) {
        const char *why = sample_text(s, no_data, i), *wrong = sample_text(s, error, i);
        printf("rule %s: %s%s%s%s%s\n", sample_text(s, rule, i), sample_text(s, status, i),
               why == NULL ? "" : "; no data: ", why == NULL ? "" : why,
               wrong == NULL ? "" : "; error: ", wrong == NULL ? "" : wrong);
    }
    sample_unref(s);
}

int main(int argc, char **argv)
{
    struct probe p = {.alerts = NULL};
    struct registry registry;
    struct config config;
    struct err err = {""};
    bool held = false;
    if (argc < 4 || !products_register(&registry, &err) || !alerts_register(&registry, &err) ||
        !config_read(argv[1], &config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    p.loop = loop_new();
    struct engine_options engine_options = {
        .refresh_s = 1, .first_s = 1, .budget_ratio = 0.05, .memory_bytes = 24 << 20};
    struct engine *engine = engine_new(p.loop, &registry, &engine_options);
    struct target_config target = {
        .name = "t", .url = argv[3], .stack = "", .env = "", .connect_timeout_s = 5};
    struct query_thread *queries = query_thread_new(p.loop, &registry, &err);
    engine_on_sample(engine, on_sample, &p);
    struct alerts_options options = {.config = &config, .registry = &registry, .source = "test"};
    if (!engine_add(engine, &target, &err) ||
        (p.alerts = alerts_new(p.loop, engine, queries, &options, &held, &err)) == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    alerts_on_log(p.alerts, on_log, NULL);
    struct loop_timer *end = loop_timer_new(p.loop, on_end, p.loop);
    loop_timer_start(end, strtod(argv[2], NULL), 0);
    loop_run(p.loop);
    summarize(alerts_book(p.alerts));
    alerts_free(p.alerts);
    loop_timer_free(end);
    query_thread_free(queries);
    engine_free(engine);
    loop_free(p.loop);
    config_done(&config);
    registry_done(&registry);
    return 0;
}
