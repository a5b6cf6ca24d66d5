/* A book and its receivers, made by hand, with a log of what each is told: for the tests of notify. */
#ifndef DBVITALS_TESTS_UNIT_NOTICES_H
#define DBVITALS_TESTS_UNIT_NOTICES_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/notify.h"
#include "core/text.h"

/* Summaries are not expanded here. */
__attribute__((weak)) void rule_expand(struct text *out, const struct rule *rule, const char *template,
                                       const struct result *result, int row, int count)
{
    (void)rule, (void)result, (void)row, (void)count;
    text_add(out, template);
}

enum { MOST_WEBHOOKS = 4 };

struct notices {
    struct rules rules;
    struct rule rule_list[4];
    struct webhook webhook_list[MOST_WEBHOOKS];
    struct webhooks webhooks;
    struct book *book;
    struct notify *notify;
    double wall_s;
    struct text log;                    /* of messages, each "WEBHOOK TYPE: RULE#NUMBER RULE#NUMBER\n" */
    char *body, *id, *order_key, *text; /* of the last one */
};

static inline struct webhook notices_webhook(const char *name)
{
    return (struct webhook){.name = name,
                            .url = "http://127.0.0.1/",
                            .format = "generic",
                            .levels = WEBHOOK_WARNING | WEBHOOK_CRITICAL,
                            .resolved = true,
                            .group_wait_s = 15,
                            .repeat_s = 4 * 3600};
}

static inline void notices_init(struct notices *b)
{
    *b = (struct notices){.wall_s = 1785585600}; /* 2026-08-01 12:00 UTC */
    b->webhook_list[0] = notices_webhook("ops");
    b->webhooks = (struct webhooks){b->webhook_list, 1};
    b->rules.list = b->rule_list;
    b->book = book_new(&b->rules);
    b->notify = notify_new(&b->webhooks, b->book, "host");
    text_init(&b->log, 1 << 20);
}

static inline void notices_done(struct notices *b)
{
    notify_free(b->notify);
    book_free(b->book);
    text_done(&b->log);
    free(b->body);
    free(b->id);
    free(b->order_key);
    free(b->text);
}

/* The alert of RULE and TARGET, as if the book had made it. */
static inline struct alert *notices_alert(struct notices *b, const char *rule, const char *target)
{
    for (int i = 0; i < book_alerts(b->book); i++) {
        struct alert *a = book_alert(b->book, i);
        if (strcmp(a->rule, rule) == 0 && strcmp(a->target, target) == 0)
            return a;
    }
    struct alert *a = book_restore(b->book, rule, target, "");
    alert_state_init(&a->state);
    return a;
}

/* A transition of it, told to notify. */
static inline struct event notices_change(struct notices *b, const char *rule, const char *target,
                                          enum change change, enum level level)
{
    struct alert *a = notices_alert(b, rule, target);
    enum level from = alert_state_force(&a->state);
    if (change == CHANGE_FLAPPING || change == CHANGE_CALM)
        a->state.flapping = change == CHANGE_FLAPPING;
    else
        a->state.level = level;
    if (change == CHANGE_FIRED || change == CHANGE_ESCALATED || change == CHANGE_LOWERED)
        a->state.phase = PHASE_FIRING;
    if (change == CHANGE_RESOLVED)
        a->state.phase = PHASE_OK;
    a->state.transitions++;
    struct event e = {.alert = a, .wall_s = b->wall_s};
    e.transition = (struct transition){.change = change,
                                       .from = from,
                                       .to = alert_state_force(&a->state),
                                       .reason = change == CHANGE_RESOLVED ? REASON_GONE : REASON_THRESHOLD,
                                       .number = a->state.transitions};
    notify_event(b->notify, &e);
    return e;
}

static inline void notices_fire(struct notices *b, const char *rule, const char *target, enum level level)
{
    notices_change(b, rule, target, CHANGE_FIRED, level);
}

static inline void notices_resolve(struct notices *b, const char *rule, const char *target)
{
    notices_change(b, rule, target, CHANGE_RESOLVED, LEVEL_NONE);
}

static inline void notices_keep(char **kept, const char *s)
{
    free(*kept);
    *kept = strdup(s);
}

static inline void notices_log(void *ctx, const struct message *m)
{
    struct notices *b = ctx;
    const char *type = strstr(m->body, "\"type\":\"");
    size_t len = type == NULL ? 0 : strcspn(type + 8, "\"");
    text_addf(&b->log, "%s %.*s:", m->webhook, (int)len, type == NULL ? "" : type + 8);
    for (int i = 0; i < m->n_notices; i++) {
        const struct alert *a = book_find(b->book, m->notices[i].alert_id);
        text_addf(&b->log, " %s#%lld", a == NULL ? "?" : a->rule, (long long)m->notices[i].number);
    }
    text_add(&b->log, "\n");
    notices_keep(&b->body, m->body);
    notices_keep(&b->id, m->id);
    notices_keep(&b->order_key, m->order_key);
    notices_keep(&b->text, m->text);
}

static inline void notices_ignore(void *ctx, const struct notified *n)
{
    (void)ctx;
    (void)n;
}

/* Running time passes, in seconds; the log is begun anew. */
static inline const char *notices_pass(struct notices *b, int seconds)
{
    text_clear(&b->log);
    for (int i = 0; i < seconds; i++) {
        b->wall_s++;
        notify_tick(b->notify, 1, b->wall_s, notices_log, b);
        notify_changed(b->notify, notices_ignore, NULL);
    }
    return text_str(&b->log);
}

#endif
