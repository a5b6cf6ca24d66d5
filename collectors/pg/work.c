/* What a poll has to have done in the pool: the disk may be slow. */
#include <stdlib.h>

#include "collectors/pg/inside.h"
#include "core/mem.h"

struct work {
    struct work *next;
    struct pg_source *source; /* NULL: closed meanwhile, nobody waits for it */
    struct pg_poll *poll;
    struct pg_work_order order;
};

static void run(void *ctx)
{
    const struct work *w = ctx;
    w->order.run(w->order.ctx);
}

static void unlink_work(struct work *w)
{
    struct work **at = &w->source->works;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
}

static void done(void *ctx)
{
    struct work *w = ctx;
    struct pg_source *s = w->source;
    if (s != NULL) {
        unlink_work(w);
        source_enter(s);
        if (!w->poll->answered)
            w->order.done(w->poll, w->order.ctx);
        poll_ran(w->poll);
        source_leave(s);
    }
    w->order.free(w->order.ctx);
    free(w);
}

void pg_work(struct pg_poll *p, const struct pg_work_order *order)
{
    struct work *w = mem_new(sizeof(*w));
    *w = (struct work){.next = p->source->works, .source = p->source, .poll = p, .order = *order};
    p->source->works = w;
    p->n_running++;
    loop_work(p->source->loop, run, done, w);
}

void work_forget(struct pg_source *s)
{
    for (; s->works != NULL; s->works = s->works->next)
        s->works->source = NULL;
}
