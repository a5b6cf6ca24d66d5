/* What happened goes out: to the state file, to whom it concerns, to the log, to the datasets. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alerts_private.h"
#include "alerts/book_table.h"
#include "core/mem.h"

static const double show_every_s = 5, show_soon_s = 0.5;

/* ---- Events ---- */

/* As `changes` tells it. */
static void note(struct alerts *a, const struct event *e)
{
    switch (e->transition.change) {
    case CHANGE_FIRED:
    case CHANGE_ESCALATED:
    case CHANGE_LOWERED:
    case CHANGE_RESOLVED:
        engine_note(a->engine, e->alert->target, "alert", e->alert->rule, level_name(e->transition.from),
                    level_name(e->transition.to));
        break;
    case CHANGE_NONE:
    case CHANGE_PENDING:
    case CHANGE_DROPPED:
    case CHANGE_FLAPPING:
    case CHANGE_CALM:
        break;
    }
}

static void put_notified(void *ctx, const struct notified *n)
{
    struct alerts *a = ctx;
    state_put_notified(a->state, n);
    a->dirty = true;
}

void keep_event(void *ctx, const struct event *e)
{
    struct alerts *a = ctx;
    enum change change = e->transition.change;
    state_put_alert(a->state, book_find(a->book, e->alert->id));
    if (e->transition.number > 0)
        state_put_event(a->state, e);
    if (a->notify != NULL) {
        notify_event(a->notify, e);
        notify_changed(a->notify, put_notified, a); /* in the commit of the event, whoever makes it */
    }
    if (a->log != NULL)
        a->log(a->log_ctx, e->transition.to > e->transition.from ? e->transition.to : e->transition.from,
               change == CHANGE_NONE ? reason_name(e->transition.reason) : change_name(change), e->alert,
               e->alert->title);
    note(a, e);
    if ((change == CHANGE_FIRED || change == CHANGE_ESCALATED) && !a->stopped)
        context_ask(a, e);
    a->happened = a->dirty = a->changed = true;
}

void keep_forgotten(void *ctx, const struct alert *alert)
{
    struct alerts *a = ctx;
    state_drop_alert(a->state, alert, book_number(a->book));
    a->dirty = a->changed = true;
}

static void put_message(void *ctx, const struct message *m)
{
    struct alerts *a = ctx;
    state_put_message(a->state, m);
    a->dirty = true;
}

void keep_commit(struct alerts *a, double now_s)
{
    double step_s = now_s - a->ticked_s;
    a->ticked_s = now_s;
    book_tick(a->book, step_s, loop_wall_s());
    if (a->notify != NULL) {
        notify_tick(a->notify, step_s, loop_wall_s(), put_message, a);
        notify_changed(a->notify, put_notified, a);
    }
    if (a->dirty)
        state_commit(a->state, NULL, NULL);
    a->dirty = a->happened = false;
}

/* ---- What datasets show ---- */

static void put_sample(struct alerts *a, const char *target, struct sample *s)
{
    if (s != NULL)
        engine_put(a->engine, target, s);
}

/* The book knows of no maintenance: it is about who is told. */
static struct sample *with_maintenance(const struct alerts *a, const char *target, struct sample *s, int name,
                                       int until)
{
    const struct maintenance *m = maintenance_at(&a->settings.maintenances, target, s->wall_s);
    for (int row = 0; m != NULL && row < s->n_rows; row++) {
        sample_set_text(s, name, row, m->name, strlen(m->name));
        s->values[until].real[row] = maintenance_end(m, s->wall_s);
    }
    return s;
}

void keep_samples(struct alerts *a, double now_s)
{
    double every_s = a->happened ? 0 : a->soon ? show_soon_s : show_every_s;
    if (!a->changed || now_s - a->shown_s < every_s)
        return;
    double wall_s = loop_wall_s();
    for (int i = 0; i < engine_targets(a->engine); i++) {
        const char *target = engine_target_name(a->engine, i);
        struct sample *alerts = book_alerts_sample(a->book, target, now_s, wall_s),
                      *rules = book_rules_sample(a->book, target, now_s, wall_s);
        put_sample(a, target,
                   with_maintenance(a, target, alerts, ALERTS_MAINTENANCE, ALERTS_MAINTENANCE_UNTIL));
        put_sample(a, target, with_maintenance(a, target, rules, RULES_MAINTENANCE, RULES_MAINTENANCE_UNTIL));
        if (registry_find(a->registry, "deliveries") != NULL)
            put_sample(a, target, state_deliveries_sample(a->state, target, now_s, wall_s));
    }
    a->changed = false;
    a->shown_s = now_s;
}
