/* Asking the server to cancel what a connection runs: libpq does that by a blocking connection, so in the pool. */
#include <libpq-fe.h>
#include <stdlib.h>

#include "collectors/libpq/conn_inside.h"
#include "core/mem.h"

struct cancelling {
    PGcancel *cancel;
};

static void work(void *ctx)
{
    struct cancelling *k = ctx;
    char why[256];
    PQcancel(k->cancel, why, sizeof(why)); /* that it failed shows: the statement goes on, and is asked again */
}

static void done(void *ctx)
{
    struct cancelling *k = ctx;
    PQfreeCancel(k->cancel);
    free(k);
}

void conn_cancel(struct conn *c)
{
    PGcancel *cancel = c->state != CONN_UP ? NULL : PQgetCancel(c->pq);
    if (cancel == NULL)
        return;
    struct cancelling *k = mem_new(sizeof(*k));
    k->cancel = cancel;
    loop_work(c->loop, work, done, k);
}
