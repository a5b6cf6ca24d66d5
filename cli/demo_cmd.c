/* demo: a server of our own first, then the dashboard over it. */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/watch.h"
#include "core/mem.h"
#include "demo/demo.h"

struct demo_wait {
    char *conninfo, *error;
};

static void on_demo_ready(void *ctx, const char *conninfo, const char *error)
{
    struct demo_wait *d = ctx;
    d->conninfo = mem_dup(conninfo);
    d->error = mem_dup(error);
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
    struct demo *demo = demo_start(loop, on_demo_ready, &wait);
    demo_watch(demo, on_demo_progress, &wait);
    while (wait.conninfo == NULL && wait.error == NULL)
        loop_run_once(loop, true);
    int code = EXIT_NO_DATA;
    if (wait.error != NULL)
        output_tell(stderr, wait.error);
    else {
        const char *word = wait.conninfo;
        code = watch_targets(args, &word, 1, "DEMO");
    }
    demo_stop(demo);
    free(wait.conninfo);
    free(wait.error);
    loop_free(loop);
    return code;
}
