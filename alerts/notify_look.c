/* What there is to tell one receiver of one alert, and sending it when its group has waited. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/notify_private.h"
#include "core/mem.h"

static const double MOST_S = 60;

/* ---- What there is to tell ---- */

/* Found once: there may be as many alerts as rules. */
const struct rule *notify_rule(const struct notify *n, struct entry *e, const struct alert *a)
{
    for (int i = 0; !e->rule_known && n->rules != NULL && i < n->rules->n && e->rule == NULL; i++)
        if (strcmp(n->rules->list[i].name, a->rule) == 0)
            e->rule = &n->rules->list[i];
    e->rule_known = true;
    return e->rule;
}

bool notify_is_firing(const struct alert *a)
{
    return alert_state_force(&a->state) != LEVEL_NONE;
}

static bool is_acked(const struct alert *a, double wall_s)
{
    return a->ack.by != NULL && !(a->ack.until_s <= wall_s);
}

/* Whether it flapped when T happened. A change of that comes after another one of the same evaluation, and A
 * is as it is after both. */
static bool flapped(const struct alert *a, const struct transition *t)
{
    if (t->change == CHANGE_FLAPPING || t->change == CHANGE_CALM)
        return t->change == CHANGE_FLAPPING;
    return t->number < a->state.transitions ? !a->state.flapping : a->state.flapping;
}

/* An alert whose rule is gone does not flap any more. */
static bool stays(enum level level, enum reason reason)
{
    return level != LEVEL_NONE || reason != REASON_REMOVED;
}

void look_event(const struct notify *n, struct entry *e, const struct webhook *w, const struct event *event)
{
    const struct transition *t = &event->transition;
    const struct alert *a = event->alert;
    struct news news;
    if (t->change == CHANGE_NONE || t->number <= e->last)
        return;
    notify_rule(n, e, a);
    bool is_flap = t->change == CHANGE_FLAPPING || t->change == CHANGE_CALM;
    struct moment then = {.alert = a, .number = t->number, .reason = t->reason};
    then.level = is_flap ? alert_state_force(&a->state) : t->to;
    then.flaps = flapped(a, t) && stays(then.level, t->reason);
    e->last = t->number;
    queue_look(e, w, &then, &news);
    if (news.type != NULL)
        queue_push(e, w, &news);
}

static bool is_muted(const struct notify *n, const struct alert *a, double wall_s)
{
    return book_inhibitor(n->book, a) != NULL || book_silenced(n->book, a, wall_s) != NULL ||
           maintenance_at(n->maintenances, a->target, wall_s) != NULL;
}

/* Nothing changed; but an acknowledgement, or time, may be something to tell. */
static void look_repeat(struct look *l)
{
    struct notified *told = &l->entry->told;
    bool acked = is_acked(l->news.alert, l->wall_s);
    if (told->acked && !acked) {
        told->acked = false; /* that it was taken back counts as told */
        l->entry->changed = true;
    }
    if (told->level == LEVEL_NONE || told->flapping)
        return;
    if (acked && !told->acked) {
        l->news.type = "alert.acknowledged";
        l->news.notice.acked = true;
    } else if (!acked && told->level == LEVEL_CRITICAL && l->webhook->repeat_s > 0 &&
               told->since_s >= l->webhook->repeat_s) {
        l->news.type = "alert.repeat";
        l->news.notice.repeat = told->repeats + 1;
        l->news.notice.number = told->number;
    }
}

bool look_at(const struct notify *n, struct look *l, const struct alert *a)
{
    struct entry *e = l->entry;
    bool muted = is_muted(n, a, l->wall_s);
    struct moment now = {.alert = a, .number = a->state.transitions, .reason = a->reason};
    now.level = alert_state_force(&a->state);
    now.flaps = a->state.flapping && stays(now.level, now.reason);
    notify_rule(n, e, a);
    if (muted)
        queue_hold(e);
    queue_look(e, l->webhook, &now, &l->news);
    if (l->news.type != NULL && (!muted || news_ends(&l->news))) {
        e->last = now.number > e->last ? now.number : e->last;
        queue_push(e, l->webhook, &l->news);
        l->news.type = NULL;
    }
    if (e->n_queue > 0)
        l->news = e->queue[e->n_queue - 1];
    else if (l->news.type == NULL)
        look_repeat(l);
    bool pending = l->news.type != NULL;
    e->changed = e->changed || pending != e->told.pending;
    e->told.pending = pending;
    return e->n_queue > 0 || (pending && !muted);
}

/* ---- What was told ---- */

static void set_told(struct look *l)
{
    struct entry *e = l->entry;
    e->told.level = e->ahead.level;
    e->told.flapping = e->ahead.flapping;
    e->told.number = l->news.notice.number;
    e->told.repeats = l->news.notice.repeat;
    e->told.since_s = e->saved_s = 0;
    e->told.acked = e->told.level != LEVEL_NONE && is_acked(l->news.alert, l->wall_s);
    e->told.pending = false;
    e->waited_s = -1;
    queue_clear(e);
}

/* ---- Groups ---- */

/* What fires and nobody looks after; what became worse though somebody does; what ended; the rest. */
static int rank_of(const struct look *l)
{
    if (!l->news.firing)
        return 2;
    if (!is_acked(l->news.alert, l->wall_s))
        return 0;
    return l->news.notice.change == CHANGE_ESCALATED ? 1 : 3;
}

static int compare_numbers(int a, int b)
{
    return (a > b) - (a < b);
}

int look_compare(const void *a, const void *b)
{
    const struct look *k = a, *l = b;
    const struct news *x = &k->news, *y = &l->news;
    int order = strcmp(x->alert->target, y->alert->target);
    if (order == 0)
        order = compare_numbers(rank_of(k), rank_of(l));
    if (order == 0)
        order = compare_numbers((int)y->level, (int)x->level);
    if (order == 0) /* of equally bad ones what is new leads what was known */
        order = compare_numbers(x->notice.change != CHANGE_FIRED, y->notice.change != CHANGE_FIRED);
    return order != 0 ? order : strcmp(x->alert->id, y->alert->id);
}

void notify_send(struct notify *n, const struct look *l, const struct news *news, int n_news,
                 notify_message_fn *fn, void *ctx)
{
    for (int i = 0; i < n_news; i += MOST_NEWS) {
        struct message m;
        int part = n_news - i < MOST_NEWS ? n_news - i : MOST_NEWS;
        message_init(&m, &n->sender, l->webhook, l->wall_s, news + i, part);
        fn(ctx, &m);
        message_done(&m);
    }
}

static void send_group(struct notify *n, struct look *looks, int n_looks, notify_message_fn *fn, void *ctx)
{
    int n_news = 0;
    for (int i = 0; i < n_looks; i++)
        n_news += looks[i].entry->n_queue > 0 ? looks[i].entry->n_queue : 1;
    struct news *news = mem_new_array((size_t)n_news, sizeof(*news));
    n_news = 0;
    for (int i = 0; i < n_looks; i++) {
        const struct entry *e = looks[i].entry;
        if (e->n_queue == 0)
            news[n_news++] = looks[i].news;
        for (int j = 0; j < e->n_queue; j++) {
            news[n_news] = e->queue[j];
            news[n_news++].rule = e->rule; /* the rules may be others by now */
        }
    }
    notify_send(n, looks, news, n_news, fn, ctx);
    for (int i = 0; i < n_looks; i++)
        set_told(&looks[i]);
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
