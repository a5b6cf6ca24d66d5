/* Starts the demo as the program does, prints what it is told, and holds it until standard input ends. For test_demo.py. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/loop.h"
#include "demo/demo.h"

struct hold {
    struct loop *loop;
    bool failed;
};

static void print_progress(void *ctx, const char *text)
{
    (void)ctx;
    printf("progress %s\n", text);
    fflush(stdout);
}

static void print_ready(void *ctx, const char *const *targets, int n, const char *error)
{
    struct hold *h = ctx;
    for (int i = 1; i < n; i++)
        printf("also %s\n", targets[i]);
    printf("%s %s\n", error == NULL ? "ready" : "failed", error == NULL ? targets[0] : error);
    fflush(stdout);
    h->failed = error != NULL;
    if (h->failed)
        loop_stop(h->loop);
}

static void stop_at_end(void *ctx, bool readable, bool writable)
{
    struct hold *h = ctx;
    char byte;
    (void)readable;
    (void)writable;
    if (read(STDIN_FILENO, &byte, 1) <= 0)
        loop_stop(h->loop);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "demo-supervisor") == 0)
        return demo_supervise(argc > 2 && strcmp(argv[2], "stack") == 0);
    struct hold h = {.loop = loop_new()};
    struct demo *d = demo_start(h.loop, argc > 1 && strcmp(argv[1], "stack") == 0, print_ready, &h);
    demo_watch(d, print_progress, NULL);
    struct loop_fd *in = loop_fd_new(h.loop, STDIN_FILENO, stop_at_end, &h);
    loop_fd_want(in, true, false);
    loop_run(h.loop);
    loop_fd_free(in);
    demo_stop(d);
    loop_free(h.loop);
    return h.failed ? 1 : 0;
}
