/* What people do with alerts: acknowledge, silence, test whom it reaches. */
#include <stdlib.h>

#include "alerts/alerts_private.h"
#include "core/mem.h"

static const char nothing_delivered[] =
    "nothing is delivered here: start the guard, or the dashboard with --notify";

/* Something changed that nobody else tells. */
static bool done(struct alerts *a)
{
    a->happened = a->dirty = a->changed = true;
    alerts_wake(a);
    return true;
}

bool alerts_ack(struct alerts *a, const char *id, const char *by, const char *comment, double until_s,
                struct err *err)
{
    if (!book_ack(a->book, id, by, comment, loop_wall_s(), until_s, err))
        return false;
    state_put_alert(a->state, book_find(a->book, id));
    return done(a);
}

bool alerts_unack(struct alerts *a, const char *id, struct err *err)
{
    if (!book_unack(a->book, id, err))
        return false;
    state_put_alert(a->state, book_find(a->book, id));
    return done(a);
}

static void put_silence(struct alerts *a, int64_t id)
{
    for (int i = 0; i < book_silences(a->book); i++)
        if (book_silence_at(a->book, i)->id == id)
            state_put_silence(a->state, book_silence_at(a->book, i));
}

bool alerts_silence(struct alerts *a, const struct silence *s, int64_t *id, struct err *err)
{
    int64_t made = book_silence(a->book, s);
    if (made == 0)
        return fail(err, "there are too many silences: end some with unsilence");
    put_silence(a, made);
    if (id != NULL)
        *id = made;
    return done(a);
}

bool alerts_unsilence(struct alerts *a, int64_t id, struct err *err)
{
    if (!book_unsilence(a->book, id, loop_wall_s()))
        return fail(err, "there is no silence %lld in force", (long long)id);
    put_silence(a, id);
    return done(a);
}

void alerts_keep(struct alerts *a, state_done_fn *fn, void *ctx)
{
    state_commit(a->state, fn, ctx);
}

static void put_message(void *ctx, const struct message *m)
{
    struct alerts *a = ctx;
    state_put_message(a->state, m);
}

bool alerts_test(struct alerts *a, const char *webhook, struct err *err)
{
    const struct webhooks *w = &a->settings.webhooks;
    if (a->notify == NULL)
        return fail(err, "%s", nothing_delivered);
    if (webhook != NULL && webhook_find(w, webhook) == NULL)
        return fail(err, "the config has no [webhook %s]", webhook);
    if (w->n == 0)
        return fail(err, "the config has no [webhook NAME]");
    for (int i = 0; i < w->n; i++)
        if (webhook == NULL || webhook_find(w, webhook) == &w->list[i])
            notify_test(a->notify, w->list[i].name, loop_wall_s(), put_message, a);
    return done(a);
}

/* ---- Dead letters ---- */

struct resending {
    struct alerts *alerts;
    alerts_resent_fn *fn;
    void *ctx;
};

static void on_resent(void *ctx, bool found)
{
    struct resending *r = ctx;
    if (found)
        done(r->alerts);
    r->fn(r->ctx, found);
    free(r);
}

bool alerts_resend(struct alerts *a, int64_t number, alerts_resent_fn *fn, void *ctx, struct err *err)
{
    if (a->deliver == NULL)
        return fail(err, "%s", nothing_delivered);
    struct resending *r = mem_new(sizeof(*r));
    *r = (struct resending){a, fn, ctx};
    state_resend(a->state, number, on_resent, r);
    return true;
}
