/* The transitions that one receiver is to be told of one alert, in order, each as the alert was then. */
#include <stdlib.h>
#include <string.h>

#include "alerts/notify_private.h"
#include "core/mem.h"

/* ---- An alert as of a moment ---- */

/* Every text of an alert that is its own. */
static const size_t texts[] = {
    offsetof(struct alert, rule),      offsetof(struct alert, target),
    offsetof(struct alert, key),       offsetof(struct alert, summary),
    offsetof(struct alert, title),     offsetof(struct alert, value_text),
    offsetof(struct alert, action),    offsetof(struct alert, evidence),
    offsetof(struct alert, threshold), offsetof(struct alert, labels),
    offsetof(struct alert, no_data),   offsetof(struct alert, inhibited_by),
    offsetof(struct alert, ack.by),    offsetof(struct alert, ack.comment),
};
enum { N_TEXTS = sizeof(texts) / sizeof(texts[0]) };

static char **text_in(struct alert *a, int i)
{
    return (char **)(void *)((char *)a + texts[i]);
}

static struct alert *copy_alert(const struct alert *a)
{
    struct alert *copy = mem_new(sizeof(*copy));
    *copy = *a;
    for (int i = 0; i < N_TEXTS; i++)
        *text_in(copy, i) = mem_dup(*text_in(copy, i));
    return copy;
}

static void news_done(struct news *news)
{
    struct alert *a = (struct alert *)(uintptr_t)news->alert;
    for (int i = 0; i < N_TEXTS; i++)
        free(*text_in(a, i));
    free(a);
}

/* ---- What there is to tell ---- */

/* A rule may name its receivers. */
static bool is_for(const struct rule *rule, const struct webhook *w)
{
    if (rule == NULL || rule->n_notify == 0)
        return true;
    for (int i = 0; i < rule->n_notify; i++)
        if (strcmp(rule->notify[i], w->name) == 0)
            return true;
    return false;
}

static bool wants(const struct entry *e, const struct webhook *w, enum level level)
{
    return level != LEVEL_NONE && (w->levels >> level & 1) != 0 && is_for(e->rule, w);
}

static void tell(struct news *news, const char *type, enum change change)
{
    news->type = type;
    news->notice.change = change;
}

void queue_look(const struct entry *e, const struct webhook *w, const struct moment *m, struct news *out)
{
    enum level ahead = e->ahead.level;
    bool firing = m->level != LEVEL_NONE;
    *out = (struct news){.alert = m->alert,
                         .rule = e->rule,
                         .firing = firing,
                         .level = firing ? m->level : ahead,
                         .previous = ahead,
                         .reason = m->reason};
    out->notice = (struct notice){.alert_id = m->alert->id, .number = m->number};
    if (out->reason == REASON_NONE)
        out->reason = firing ? REASON_THRESHOLD : REASON_BELOW;
    if (m->flaps) {
        if (!e->ahead.flapping && (ahead != LEVEL_NONE || wants(e, w, m->level)))
            tell(out, "alert.flapping", CHANGE_FLAPPING);
    } else if (e->ahead.flapping)
        tell(out, firing ? "alert.updated" : "alert.resolved", CHANGE_CALM);
    else if (ahead == LEVEL_NONE) {
        if (wants(e, w, m->level))
            tell(out, "alert.firing", CHANGE_FIRED);
    } else if (!firing)
        tell(out, "alert.resolved", CHANGE_RESOLVED);
    else if (m->level != ahead)
        tell(out, "alert.updated", m->level > ahead ? CHANGE_ESCALATED : CHANGE_LOWERED);
}

bool news_ends(const struct news *news)
{
    return !news->firing && news->notice.change != CHANGE_FLAPPING;
}

/* ---- The queue ---- */

/* What a restart begins with: everything after `seen` is told from the events that are kept. */
static void set_seen(struct entry *e)
{
    e->told.seen = e->n_queue > 0 ? e->queue[0].notice.number - 1 : e->last;
    e->told.pending = e->told.pending || e->n_queue > 0;
    e->changed = true;
}

static void append(struct entry *e, const struct news *news)
{
    if (e->n_queue == e->queue_room) {
        e->queue_room = e->queue_room == 0 ? 2 : e->queue_room * 2;
        e->queue = mem_grow(e->queue, (size_t)e->queue_room, sizeof(*e->queue));
    }
    struct news *kept = &e->queue[e->n_queue++];
    struct alert *copy = copy_alert(news->alert);
    copy->state.flapping = news->notice.change == CHANGE_FLAPPING;
    *kept = *news;
    kept->alert = copy;
    kept->notice.alert_id = copy->id;
}

void queue_push(struct entry *e, const struct webhook *w, const struct news *news)
{
    bool ends = news_ends(news), flaps = news->notice.change == CHANGE_FLAPPING;
    e->ahead.level = ends ? LEVEL_NONE : news->level; /* open while it flaps, also when it is not firing */
    e->ahead.flapping = flaps;
    if (!ends || w->resolved)
        append(e, news);
    else if (e->n_queue == 0) {
        e->told.level = LEVEL_NONE;
        e->told.flapping = e->told.acked = false;
        e->told.repeats = 0;
    }
    set_seen(e);
}

void queue_hold(struct entry *e)
{
    int end = 0, n = e->n_queue;
    if (n == 0)
        return;
    while (end < n && (e->told.level == LEVEL_NONE || !news_ends(&e->queue[end])))
        end++;
    if (n == 1 && end == 0)
        return; /* nothing else is here */
    e->n_queue = 0;
    for (int i = 0; i < n; i++) {
        if (i == end)
            e->queue[e->n_queue++] = e->queue[i];
        else
            news_done(&e->queue[i]);
    }
    e->ahead.level = end < n ? LEVEL_NONE : e->told.level;
    e->ahead.flapping = end < n ? false : e->told.flapping;
    if (end < n) /* what came between is not told: this is what the receiver knows */
        e->queue[0].level = e->queue[0].previous = e->told.level;
    set_seen(e);
}

void queue_clear(struct entry *e)
{
    for (int i = 0; i < e->n_queue; i++)
        news_done(&e->queue[i]);
    free(e->queue);
    e->queue = NULL;
    e->n_queue = e->queue_room = 0;
    set_seen(e);
}
