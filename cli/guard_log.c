/* What the guard tells of itself: changes, each once. */
#include <stdlib.h>
#include <string.h>

#include "cli/guard.h"
#include "core/mem.h"
#include "core/text.h"

/* That the state file cannot be written is told again this often. */
static const double trouble_again_s = 300;

void guard_log_set(struct guard *g)
{
    const struct config *c = &g->session.config;
    static const char *const levels[] = {
        [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};
    enum log_level least = LOG_INFO;
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++)
        if (strcmp(config_get(c, "guard", "log_level"), levels[i]) == 0)
            least = (enum log_level)i;
    bool json = strcmp(config_get(c, "guard", "log_format"), "json") == 0;
    log_set(g->log, json ? LOG_JSON : LOG_LOGFMT, least);
}

void guard_say(struct guard *g, enum log_level level, const char *event, const char *key, const char *value)
{
    const struct log_pair pairs[] = {{key, value}, {NULL, NULL}};
    log_line(g->log, level, event, pairs);
}

/* ---- Targets ---- */

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static struct guard_told_target *told_target(struct guard_told *told, const char *name)
{
    for (int i = 0; i < told->n_targets; i++)
        if (strcmp(told->targets[i].name, name) == 0)
            return &told->targets[i];
    told->targets = mem_grow(told->targets, (size_t)told->n_targets + 1, sizeof(*told->targets));
    struct guard_told_target *t = &told->targets[told->n_targets++];
    *t = (struct guard_told_target){.name = mem_dup(name), .state = SOURCE_CONNECTING};
    return t;
}

static void tell_target(struct guard *g, const char *name, const struct source_status *status)
{
    struct guard_told_target *t = told_target(&g->told, name);
    bool down = status->state == SOURCE_DOWN, changed = t->state != status->state;
    if (status->state == SOURCE_CONNECTING || (!changed && (!down || same(t->error, status->error))))
        return;
    const struct log_pair pairs[] = {{"target", name},
                                     {"place", status->place},
                                     {"version", down ? NULL : status->version},
                                     {"role", down ? NULL : status->role},
                                     {"error", down ? status->error : NULL},
                                     {NULL, NULL}};
    log_line(g->log, down ? LOG_WARNING : LOG_INFO, down ? "target down" : "target up", pairs);
    t->state = status->state;
    free(t->error);
    t->error = mem_dup(status->error);
}

void guard_log_targets(struct guard *g)
{
    for (int i = 0; i < engine_targets(g->session.engine); i++) {
        struct source_status status;
        engine_target_status(g->session.engine, i, &status);
        tell_target(g, engine_target_name(g->session.engine, i), &status);
    }
}

/* ---- Alerts ---- */

void guard_on_alert(void *ctx, enum level level, const char *event, const struct alert *alert,
                    const char *text)
{
    static const enum log_level levels[N_LEVELS] = {[LEVEL_NONE] = LOG_INFO,
                                                    [LEVEL_INFO] = LOG_INFO,
                                                    [LEVEL_WARNING] = LOG_WARNING,
                                                    [LEVEL_CRITICAL] = LOG_ERROR};
    struct guard *g = ctx;
    const struct log_pair plain[] = {{"text", text}, {NULL, NULL}};
    if (alert == NULL) {
        log_line(g->log, levels[level], event, plain);
        return;
    }
    if (alert_state_force(&alert->state) == LEVEL_NONE)
        level = LEVEL_NONE; /* what is over alarms nobody */
    const struct log_pair pairs[] = {{"target", alert->target},
                                     {"rule", alert->rule},
                                     {"alert", alert->id},
                                     {"key", alert->key[0] != '\0' ? alert->key : NULL},
                                     {"value", alert->value_text},
                                     {"title", alert->title},
                                     {"text", same(text, alert->title) ? NULL : text},
                                     {NULL, NULL}};
    log_line(g->log, levels[level], event, pairs);
}

static void tell_trouble(struct guard *g)
{
    struct guard_told *told = &g->told;
    const char *trouble = alerts_trouble(g->alerts);
    double now = loop_mono_s();
    if (trouble == NULL && told->trouble != NULL)
        guard_say(g, LOG_INFO, "the state file is written again: nothing was lost", NULL, NULL);
    else if (trouble != NULL && (told->trouble == NULL || now >= told->trouble_s + trouble_again_s)) {
        const struct log_pair pairs[] = {{"error", trouble}, {"state", g->state_directory}, {NULL, NULL}};
        log_line(
            g->log, LOG_ERROR,
            "the state file cannot be written: what happens is kept in memory, a crash now would lose it",
            pairs);
        told->trouble_s = now;
    } else
        return;
    free(told->trouble);
    told->trouble = mem_dup(trouble);
}

static struct guard_told_webhook *told_webhook(struct guard_told *told, const char *name)
{
    for (int i = 0; i < told->n_webhooks; i++)
        if (strcmp(told->webhooks[i].name, name) == 0)
            return &told->webhooks[i];
    told->webhooks = mem_grow(told->webhooks, (size_t)told->n_webhooks + 1, sizeof(*told->webhooks));
    struct guard_told_webhook *w = &told->webhooks[told->n_webhooks++];
    *w = (struct guard_told_webhook){.name = mem_dup(name)};
    return w;
}

static void tell_webhook(struct guard *g, const struct deliver_status *s)
{
    struct guard_told_webhook *w = told_webhook(&g->told, s->webhook);
    char waiting[16];
    snprintf(waiting, sizeof(waiting), "%d", s->waiting);
    const struct log_pair pairs[] = {
        {"webhook", s->webhook}, {"waiting", waiting}, {"error", s->trouble}, {NULL, NULL}};
    if (s->off && !w->off)
        log_line(g->log, LOG_ERROR,
                 "webhook is off: it said 410; it is asked again when the config is read again", pairs);
    else if (s->trouble != NULL && s->waiting > 0 && !w->trouble && !s->off)
        log_line(g->log, LOG_WARNING, "webhook fails: messages wait and are tried again", pairs);
    else if (s->trouble == NULL && w->trouble)
        log_line(g->log, LOG_INFO, "webhook takes messages again", pairs);
    if (s->dead > w->dead)
        log_line(g->log, LOG_ERROR, "a message is given up: see dbvitals alerts deliveries", pairs);
    w->off = s->off;
    w->trouble = s->trouble != NULL && (w->trouble || (s->waiting > 0 && !s->off));
    w->dead = s->dead;
}

void guard_log_alerts(struct guard *g)
{
    const struct deliver *d = g->alerts == NULL ? NULL : alerts_deliver(g->alerts);
    if (g->alerts != NULL)
        tell_trouble(g);
    for (int i = 0; d != NULL && i < deliver_webhooks(d); i++) {
        struct deliver_status status;
        deliver_status(d, i, &status);
        tell_webhook(g, &status);
    }
}

void guard_log_done(struct guard *g)
{
    struct guard_told *told = &g->told;
    for (int i = 0; i < told->n_targets; i++) {
        free(told->targets[i].name);
        free(told->targets[i].error);
    }
    for (int i = 0; i < told->n_webhooks; i++)
        free(told->webhooks[i].name);
    free(told->targets);
    free(told->webhooks);
    free(told->trouble);
    free(told->listen);
    *told = (struct guard_told){0};
}
