/* The dashboard judges rules too: they are shown, and told to nobody unless --notify says so. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/alerts.h"
#include "cli/guard_paths.h"
#include "cli/watch.h"
#include "core/mem.h"

bool watch_notify_check(const struct watch *w, struct err *err)
{
    const struct args *a = w->session.args;
    const struct config *c = &w->session.config;
    if (a->notify && a->attach != NULL)
        return fail(err, "--notify with --attach: the guard that is attached to delivers by itself");
    bool somebody = !a->notify;
    for (int i = 0; i < c->n_sections && !somebody; i++)
        somebody = strcmp(c->sections[i].kind, "webhook") == 0;
    return somebody ||
           fail(err, "--notify: there is nobody to tell: the config has no section [webhook NAME]");
}

bool watch_alerts_start(struct watch *w, struct err *err)
{
    char host[256] = "";
    bool held = false, notify = w->session.args->notify;
    gethostname(host, sizeof(host) - 1);
    char *directory = notify ? guard_state_directory(&w->session.config) : NULL;
    struct alerts_options options = {.config = &w->session.config,
                                     .registry = &w->session.registry,
                                     .state_directory = directory,
                                     .notify = notify,
                                     .source = host};
    w->alerts = alerts_new(w->session.loop, w->session.engine, w->queries, &options, &held, err);
    if (w->alerts == NULL && held)
        fail(err, "--notify: a guard has %s already, and delivers", directory);
    free(directory);
    return w->alerts != NULL;
}

static bool silence(struct watch *w, const struct alert_order *o, struct err *err)
{
    char *by = mem_dup(watch_person()), *comment = mem_dup(o->comment), *target = glob_of(o->target),
         *rule = glob_of(o->rule), *key = glob_of(o->key);
    struct silence s = {
        .target = target, .by = by, .comment = comment, .from_s = loop_wall_s(), .until_s = o->until_s};
    int64_t id;
    s.rule = o->scope != SCOPE_TARGET ? rule : NULL;
    s.key = o->scope == SCOPE_ALERT ? key : NULL;
    bool ok = alerts_silence(w->alerts, &s, &id, err);
    free(by);
    free(comment);
    free(target);
    free(rule);
    free(key);
    return ok;
}

/* All silences that cover it: else it would stay silent, and nobody would know why. */
static bool unsilence(struct watch *w, const struct alert_order *o, struct err *err)
{
    const struct book *b = alerts_book(w->alerts);
    const struct alert *a = book_find(b, o->alert_id);
    const struct silence *s;
    for (int i = 0; a != NULL && i < 1000 && (s = book_silenced(b, a, loop_wall_s())) != NULL; i++)
        if (!alerts_unsilence(w->alerts, s->id, err))
            return false;
    return a != NULL || fail(err, "there is no such alert any more");
}

static void on_resent(void *ctx, bool found)
{
    struct watch *w = ctx;
    dash_say(w->dash, found ? ROLE_GOOD : ROLE_WARNING,
             found ? "it is sent again" : "there is no such dead letter any more");
}

bool watch_alert(void *ctx, const struct alert_order *o, struct err *err)
{
    struct watch *w = ctx;
    if (w->alerts == NULL)
        return fail(err, "alerts are not judged here");
    switch (o->deed) {
    case ALERT_ACK:
        return alerts_ack(w->alerts, o->alert_id, watch_person(), o->comment, o->until_s, err);
    case ALERT_UNACK:
        return alerts_unack(w->alerts, o->alert_id, err);
    case ALERT_SILENCE:
        return silence(w, o, err);
    case ALERT_RESEND:
        return alerts_resend(w->alerts, o->number, on_resent, w, err);
    case ALERT_UNSILENCE:
        break;
    }
    return unsilence(w, o, err);
}
