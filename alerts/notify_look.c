/* What there is to tell one receiver of one alert, and sending it when its group has waited. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/notify_private.h"
#include "core/mem.h"

static const double MOST_S = 60;

/* ---- What there is to tell ---- */

/* Found once: there may be as many alerts as rules. */
static const struct rule *rule_of(const struct notify *n, struct entry *e, const struct alert *a)
{
    for (int i = 0; !e->rule_known && n->rules != NULL && i < n->rules->n && e->rule == NULL; i++)
        if (strcmp(n->rules->list[i].name, a->rule) == 0)
            e->rule = &n->rules->list[i];
    e->rule_known = true;
    return e->rule;
}

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

bool notify_is_firing(const struct alert *a)
{
    return a->state.phase == PHASE_FIRING || a->state.phase == PHASE_KEPT;
}

static bool is_acked(const struct alert *a, double wall_s)
{
    return a->ack.by != NULL && !(a->ack.until_s <= wall_s);
}

static void tell(struct look *l, const char *type, enum change change)
{
    l->news.type = type;
    l->news.notice.change = change;
}

static bool wants(const struct look *l, enum level level)
{
    return (l->webhook->levels >> level & 1) != 0 && is_for(l->news.rule, l->webhook);
}

/* It flaps, or has become calm after that was told. */
static void look_flapping(struct look *l)
{
    const struct notified *told = &l->entry->told;
    bool firing = l->news.firing, open = told->level != LEVEL_NONE;
    if (!l->flaps)
        tell(l, firing ? "alert.updated" : "alert.resolved", CHANGE_CALM);
    else if (!told->flapping && (open || (firing && wants(l, l->news.level))))
        tell(l, "alert.flapping", CHANGE_FLAPPING);
}

static void look_repeat(struct look *l)
{
    const struct notified *told = &l->entry->told;
    if (is_acked(l->news.alert, l->wall_s)) {
        if (!told->acked) {
            tell(l, "alert.acknowledged", CHANGE_NONE);
            l->news.notice.acked = true;
        }
    } else if (told->level == LEVEL_CRITICAL && l->webhook->repeat_s > 0 &&
               told->since_s >= l->webhook->repeat_s) {
        tell(l, "alert.repeat", CHANGE_NONE);
        l->news.notice.repeat = told->repeats + 1;
        l->news.notice.number = told->number;
    }
}

/* What was told and what is true differ, or not. */
static void look_changed(struct look *l)
{
    enum level told = l->entry->told.level, level = l->news.level;
    bool again = l->entry->owed.number != 0 && l->news.firing;
    if (told == LEVEL_NONE || again) {
        if (l->news.firing && wants(l, level))
            tell(l, "alert.firing", CHANGE_FIRED);
        else if (again)
            tell(l, "", CHANGE_NONE);
    } else if (!l->news.firing)
        tell(l, "alert.resolved", CHANGE_RESOLVED);
    else if (level != told)
        tell(l, "alert.updated", level > told ? CHANGE_ESCALATED : CHANGE_LOWERED);
    else
        look_repeat(l);
}

void look_at(const struct notify *n, struct look *l, const struct alert *a)
{
    struct entry *e = l->entry;
    bool firing = notify_is_firing(a);
    l->news = (struct news){.alert = a,
                            .rule = rule_of(n, e, a),
                            .firing = firing,
                            .reason = e->reason != REASON_NONE ? e->reason : a->reason};
    l->news.level = firing ? a->state.level : LEVEL_NONE;
    l->news.previous = e->told.level;
    l->news.notice = (struct notice){.alert_id = a->id, .number = a->state.transitions};
    l->flaps = a->state.flapping && (firing || l->news.reason != REASON_REMOVED);
    if (l->flaps || e->told.flapping)
        look_flapping(l);
    else
        look_changed(l);
    if (l->news.reason == REASON_NONE)
        l->news.reason = firing ? REASON_THRESHOLD : REASON_BELOW;
}

static bool ends(const struct news *news)
{
    return news->type != NULL &&
           ((!news->firing && news->notice.change != CHANGE_FLAPPING) || news->type[0] == '\0');
}

bool look_is_muted(const struct notify *n, const struct look *l)
{
    const struct alert *a = l->news.alert;
    return !ends(&l->news) &&
           (book_inhibitor(n->book, a) != NULL || book_silenced(n->book, a, l->wall_s) != NULL ||
            maintenance_at(n->maintenances, a->target, l->wall_s) != NULL);
}

/* ---- What was told ---- */

static void set_told(struct look *l, enum level level)
{
    struct entry *e = l->entry;
    const struct notice *notice = &l->news.notice;
    e->told.level = level;
    e->told.number = notice->number;
    e->told.repeats = notice->repeat;
    e->told.since_s = e->saved_s = 0;
    e->told.acked = level != LEVEL_NONE && is_acked(l->news.alert, l->wall_s);
    e->told.flapping = l->flaps;
    e->told.pending = false;
    e->owed.number = 0;
    e->waited_s = -1;
    e->changed = true;
}

void look_settle(struct look *l)
{
    struct entry *e = l->entry;
    if (ends(&l->news) && !l->webhook->resolved) {
        set_told(l, LEVEL_NONE);
        l->news.type = NULL;
    }
    if (e->told.acked && !is_acked(l->news.alert, l->wall_s)) {
        e->told.acked = false;
        e->changed = true;
    }
}

/* The end that was not told before the alert began again. */
static bool owed_news(const struct look *l, struct news *out)
{
    const struct entry *e = l->entry;
    if (e->owed.number == 0 || !l->news.firing || !l->webhook->resolved || l->flaps)
        return false;
    *out = l->news;
    out->type = "alert.resolved";
    out->firing = false;
    out->level = e->owed.from;
    out->reason = e->owed.reason;
    out->notice =
        (struct notice){.alert_id = l->news.alert->id, .number = e->owed.number, .change = CHANGE_RESOLVED};
    return true;
}

/* ---- Groups ---- */

int look_compare(const void *a, const void *b)
{
    const struct news *x = &((const struct look *)a)->news, *y = &((const struct look *)b)->news;
    int order = strcmp(x->alert->target, y->alert->target);
    if (order != 0)
        return order;
    if (x->firing != y->firing)
        return x->firing ? -1 : 1;
    if (x->level != y->level)
        return x->level > y->level ? -1 : 1;
    return strcmp(x->alert->id, y->alert->id);
}

void notify_send(struct notify *n, const struct look *l, const struct news *news, int n_news,
                 notify_message_fn *fn, void *ctx)
{
    for (int i = 0; i < n_news; i += MOST_NEWS) {
        struct message m;
        int part = n_news - i < MOST_NEWS ? n_news - i : MOST_NEWS;
        message_init(&m, n->json, l->webhook, n->source, l->wall_s, news + i, part);
        fn(ctx, &m);
        message_done(&m);
    }
}

/* A person wants to know what it was that ended. */
static struct news as_told(const struct look *l)
{
    struct news news = l->news;
    bool owed = l->entry->owed.number != 0;
    if (!news.firing)
        news.level = owed ? l->entry->owed.from : news.previous;
    else if (owed)
        news.previous = LEVEL_NONE;
    return news;
}

/* For a receiver it is still open while it flaps, also at a moment at which it is not firing. */
static enum level level_told(const struct look *l)
{
    if (l->news.type[0] == '\0')
        return LEVEL_NONE;
    return l->news.firing || !l->flaps ? l->news.level : l->entry->told.level;
}

static void send_group(struct notify *n, struct look *looks, int n_looks, notify_message_fn *fn, void *ctx)
{
    struct news *news = mem_new_array((size_t)n_looks, sizeof(*news));
    int n_news = 0;
    for (int i = 0; i < n_looks; i++)
        if (owed_news(&looks[i], &news[n_news]))
            n_news++;
    notify_send(n, looks, news, n_news, fn, ctx);
    n_news = 0;
    for (int i = 0; i < n_looks; i++)
        if (looks[i].news.type[0] != '\0')
            news[n_news++] = as_told(&looks[i]);
    for (int i = 0; i < n_looks; i++)
        set_told(&looks[i], level_told(&looks[i]));
    notify_send(n, looks, news, n_news, fn, ctx);
    free(news);
}

double notify_send_due(struct notify *n, struct look *looks, int n_looks, notify_message_fn *fn, void *ctx)
{
    double next_s = MOST_S;
    if (n_looks > 0)
        qsort(looks, (size_t)n_looks, sizeof(*looks), look_compare);
    for (int from = 0, to; from < n_looks; from = to) {
        double waited_s = 0;
        for (to = from;
             to < n_looks && strcmp(looks[to].news.alert->target, looks[from].news.alert->target) == 0; to++)
            waited_s = fmax(waited_s, looks[to].entry->waited_s);
        double left_s = looks[from].webhook->group_wait_s - waited_s;
        if (left_s <= 0)
            send_group(n, looks + from, to - from, fn, ctx);
        else
            next_s = fmin(next_s, left_s);
    }
    return next_s;
}
