/* demo: a server of our own first, then the dashboard over it. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/watch.h"
#include "core/mem.h"
#include "demo/demo.h"
#include "engine/products.h"

struct demo_wait {
    char *targets[MOST_DEMO_TARGETS];
    int n_targets;
    char *error;
};

/* What this program was built without is left out, and told. */
static bool can_watch(const char *target)
{
    struct err why = {0};
    const struct target_config config = {.name = "demo", .url = target};
    const char *key;
    const struct product *p = product_serving(target);
    if (p != NULL && p->check(&config, &key, &why))
        return true;
    fprintf(stderr, "demo: without %.*s: %s\n", (int)strcspn(target, ":"), target, p == NULL ? "this program was built without it" : why.text);
    return false;
}

static void on_demo_ready(void *ctx, const char *const *targets, int n, const char *error)
{
    struct demo_wait *d = ctx;
    for (int i = 0; i < n; i++)
        if (can_watch(targets[i]))
            d->targets[d->n_targets++] = mem_dup(targets[i]);
    d->error = mem_dup(error == NULL && d->n_targets == 0 ? "nothing of the demo can be shown by this program" : error);
}

static void on_demo_progress(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "demo: %s\n", text);
}

int demo_command_run(const struct args *args)
{
    struct loop *loop = loop_new();
    struct demo_wait wait = {0};
    struct demo *demo = demo_start(loop, args->stack, on_demo_ready, &wait);
    demo_watch(demo, on_demo_progress, &wait);
    while (wait.n_targets == 0 && wait.error == NULL)
        loop_run_once(loop, true);
    int code = EXIT_NO_DATA;
    if (wait.error != NULL)
        output_tell(stderr, wait.error);
    else
        code = watch_targets(args, (const char *const *)wait.targets, wait.n_targets, &(struct watch_place){.badge = "DEMO", .stack = "demo"});
    demo_stop(demo);
    for (int i = 0; i < wait.n_targets; i++)
        free(wait.targets[i]);
    free(wait.error);
    loop_free(loop);
    return code;
}
