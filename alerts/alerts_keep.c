/* What happened goes out: to the state file, to whom it concerns, to the log, to the datasets; and what the
 * moment looked like is kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alerts_private.h"
#include "core/mem.h"

static const double show_every_s = 5, show_soon_s = 0.5;

/* ---- The moment ---- */

struct context {
    struct context *next;
    struct alerts *alerts;
    int ticket;
    int64_t number;
    char id[17];
};

/* As one JSON object; texts are cut so that it stays small. */
static const char context_sql[] =
    "select json_object("
    "'sessions', (select json_group_array(json_object('pid', pid, 'usename', usename, 'application_name',"
    " application_name, 'state', state, 'wait_class', wait_class, 'wait_event', wait_event, 'xact_age_s',"
    " xact_age_s, 'query_age_s', query_age_s, 'query', substr(query, 1, 500))) from (select * from sessions"
    " where target = :target and state <> 'idle' and own = 0 order by xact_age_s desc limit 50)),"
    "'locks', (select json_group_array(json_object('pid', pid, 'holder_pid', holder_pid, 'root_pid', "
    "root_pid,"
    " 'wait_s', wait_s, 'locktype', locktype, 'mode', mode, 'relation', relation, 'holder_state',"
    " holder_state, 'query', substr(query, 1, 500), 'holder_query', substr(holder_query, 1, 500)))"
    " from (select * from locks where target = :target order by wait_s desc limit 50)),"
    "'statements', (select json_group_array(json_object('queryid', queryid, 'calls_per_s', calls_per_s,"
    " 'mean_ms', mean_ms, 'share', share, 'query', substr(query, 1, 500))) from (select * from"
    " statements('1m') where target = :target and calls_delta > 0 order by total_exec_ms_delta desc limit"
    " 20))) as json";

static void context_end(struct context *c)
{
    struct context **at = &c->alerts->contexts;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    free(c);
}

static void on_context(void *ctx, struct result *result, const char *error)
{
    struct context *c = ctx;
    struct alerts *a = c->alerts;
    struct alert *alert = book_find(a->book, c->id);
    (void)error; /* without it the alert is told all the same */
    if (result != NULL && result->n_rows > 0 && result_at(result, 0, 0)->type == VALUE_TEXT &&
        alert != NULL) {
        alert->snapshot = c->number;
        state_put_context(a->state, c->number, c->id, result_at(result, 0, 0)->text);
        state_put_alert(a->state, alert);
        a->dirty = true;
    }
    result_free(result);
    context_end(c);
}

static void ask_context(struct alerts *a, const struct event *e)
{
    struct context *c = mem_new(sizeof(*c));
    *c = (struct context){.next = a->contexts, .alerts = a, .number = e->transition.number};
    memcpy(c->id, e->alert->id, sizeof(c->id));
    a->contexts = c;
    struct query_param target = {"target", {VALUE_TEXT, .text = e->alert->target}};
    struct query q = {.sql = context_sql, .params = &target, .n_params = 1, .max_rows = 1};
    struct snapshot *s = store_snapshot(engine_store(a->engine));
    c->ticket = query_submit(a->queries, s, &q, 2, on_context, c);
    snapshot_unref(s);
}

void contexts_free(struct alerts *a)
{
    while (a->contexts != NULL) {
        query_cancel(a->queries, a->contexts->ticket);
        context_end(a->contexts);
    }
}

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
    state_put_alert(a->state, e->alert);
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
        ask_context(a, e);
    a->happened = a->dirty = a->changed = true;
}

void keep_forgotten(void *ctx, const struct alert *alert)
{
    struct alerts *a = ctx;
    state_drop_alert(a->state, alert, book_number(a->book));
    a->dirty = a->changed = true;
}

void keep_rule(struct alerts *a, const struct rule *rule)
{
    for (int i = 0; i < book_alerts(a->book); i++) {
        const struct alert *alert = book_alert(a->book, i);
        if (strcmp(alert->rule, rule->name) != 0)
            continue;
        state_put_alert(a->state, alert);
        a->dirty = true;
    }
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

void keep_samples(struct alerts *a, double now_s)
{
    double every_s = a->happened ? 0 : a->soon ? show_soon_s : show_every_s;
    if (!a->changed || now_s - a->shown_s < every_s)
        return;
    double wall_s = loop_wall_s();
    for (int i = 0; i < engine_targets(a->engine); i++) {
        const char *target = engine_target_name(a->engine, i);
        put_sample(a, target, book_alerts_sample(a->book, target, now_s, wall_s));
        put_sample(a, target, book_rules_sample(a->book, target, now_s, wall_s));
        if (registry_find(a->registry, "deliveries") != NULL)
            put_sample(a, target, state_deliveries_sample(a->state, target, now_s, wall_s));
    }
    a->changed = false;
    a->shown_s = now_s;
}
