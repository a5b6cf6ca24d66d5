/* Who is told what, and when: what each webhook was told of each alert is held against what is true now; the
 * difference waits for its group, or for whatever holds it back. */
#include "alerts/notify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/notify_message.h"
#include "core/mem.h"

static const double KEEP_S = 60; /* how much of the time until a repeat a crash may lose */
static const double MOST_S = 60, MUTED_S = 1;

/* What one webhook was told of one alert. It is here while the alert is firing, or has not been told to be
 * over. */
struct entry {
    struct notified told;
    char *webhook;
    double waited_s; /* since there was something to tell; below 0: there is not */
    double saved_s;  /* told.since_s as the state file has it */
    enum reason reason;
    /* It ended and began again before the end was told: number 0 if not. */
    struct {
        int64_t number;
        enum level from;
        enum reason reason;
    } owed;
    bool changed;
};

struct notify {
    const struct webhooks *webhooks;
    const struct rules *rules;
    const struct maintenances *maintenances;
    struct book *book;
    struct json *json;
    char *source;
    struct entry **entries; /* by alert, then webhook */
    int n, room;
    bool look; /* there may be alerts that a webhook has not heard of */
};

/* ---- Entries ---- */

static int compare(const struct entry *e, const char *alert_id, const char *webhook)
{
    int order = strcmp(e->told.alert_id, alert_id);
    return order != 0 ? order : strcmp(e->webhook, webhook);
}

/* Where the entry is, or would be. */
static int place_of(const struct notify *n, const char *alert_id, const char *webhook, bool *found)
{
    int low = 0, high = n->n;
    while (low < high) {
        int middle = (low + high) / 2;
        if (compare(n->entries[middle], alert_id, webhook) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < n->n && compare(n->entries[low], alert_id, webhook) == 0;
    return low;
}

static struct entry *entry_of(struct notify *n, const char *alert_id, const char *webhook)
{
    bool found;
    int at = place_of(n, alert_id, webhook, &found);
    if (found)
        return n->entries[at];
    if (n->n == n->room) {
        n->room = n->room == 0 ? 16 : n->room * 2;
        n->entries = mem_grow(n->entries, (size_t)n->room, sizeof(struct entry *));
    }
    memmove(n->entries + at + 1, n->entries + at, (size_t)(n->n - at) * sizeof(struct entry *));
    struct entry *e = n->entries[at] = mem_new(sizeof(*e));
    n->n++;
    e->webhook = mem_dup(webhook);
    e->told.webhook = e->webhook;
    memcpy(e->told.alert_id, alert_id, strnlen(alert_id, sizeof(e->told.alert_id) - 1));
    e->waited_s = -1;
    return e;
}

static void entry_free(struct entry *e)
{
    free(e->webhook);
    free(e);
}

static bool is_over(const struct entry *e)
{
    return e->told.level == LEVEL_NONE && !e->told.pending && !e->told.flapping;
}

struct notify *notify_new(const struct webhooks *webhooks, struct book *book, const char *source)
{
    struct notify *n = mem_new(sizeof(*n));
    n->book = book;
    n->json = json_new();
    n->source = mem_dup(source);
    notify_set_webhooks(n, webhooks);
    return n;
}

void notify_free(struct notify *n)
{
    if (n == NULL)
        return;
    for (int i = 0; i < n->n; i++)
        entry_free(n->entries[i]);
    free(n->entries);
    json_free(n->json);
    free(n->source);
    free(n);
}

void notify_set_webhooks(struct notify *n, const struct webhooks *webhooks)
{
    n->webhooks = webhooks;
    n->look = true;
}

void notify_set_rules(struct notify *n, const struct rules *rules)
{
    n->rules = rules;
    n->look = true;
}

void notify_set_maintenances(struct notify *n, const struct maintenances *maintenances)
{
    n->maintenances = maintenances;
}

void notify_restore(struct notify *n, const struct notified *was)
{
    struct entry *e = entry_of(n, was->alert_id, was->webhook);
    e->told = *was;
    e->told.webhook = e->webhook;
    e->saved_s = was->since_s;
    e->waited_s =
        was->pending ? INFINITY : -1; /* it waited before: again and again killed, it must go out some day */
    n->look = true;
}

int notify_count(const struct notify *n)
{
    return n->n;
}

const struct notified *notify_at(const struct notify *n, int i)
{
    return &n->entries[i]->told;
}

/* ---- What there is to tell ---- */

static const struct rule *rule_of(const struct notify *n, const struct alert *a)
{
    for (int i = 0; n->rules != NULL && i < n->rules->n; i++)
        if (strcmp(n->rules->list[i].name, a->rule) == 0)
            return &n->rules->list[i];
    return NULL;
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

static bool is_firing(const struct alert *a)
{
    return a->state.phase == PHASE_FIRING || a->state.phase == PHASE_KEPT;
}

static bool is_acked(const struct alert *a, double wall_s)
{
    return a->ack.by != NULL && !(a->ack.until_s <= wall_s);
}

static void touch(struct notify *n, const struct alert *a)
{
    for (int i = 0; n->webhooks != NULL && i < n->webhooks->n; i++)
        entry_of(n, a->id, n->webhooks->list[i].name);
}

static void see_event(struct entry *e, const struct transition *t)
{
    if (t->change == CHANGE_NONE || t->number <= e->told.number)
        return;
    e->reason = t->reason;
    if (t->change == CHANGE_RESOLVED && e->told.level != LEVEL_NONE && !e->told.flapping &&
        e->owed.number == 0) {
        e->owed.number = t->number;
        e->owed.from = t->from;
        e->owed.reason = t->reason;
    }
}

void notify_event(struct notify *n, const struct event *event)
{
    if (event->transition.number == 0)
        return; /* nobody is told of what is pending */
    touch(n, event->alert);
    for (int i = 0; n->webhooks != NULL && i < n->webhooks->n; i++)
        see_event(entry_of(n, event->alert->id, n->webhooks->list[i].name), &event->transition);
}

/* One entry on its way through a tick. */
struct look {
    struct entry *entry;
    const struct webhook *webhook;
    double wall_s;
    bool flaps;
    struct news news; /* news.type NULL: nothing; "": no more than the end that is owed */
};

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

static void look_at(const struct notify *n, struct look *l, const struct alert *a)
{
    const struct entry *e = l->entry;
    bool firing = is_firing(a);
    l->news = (struct news){.alert = a, .rule = rule_of(n, a), .firing = firing, .reason = e->reason};
    l->news.level = firing ? a->state.level : LEVEL_NONE;
    l->news.previous = e->told.level;
    l->news.notice = (struct notice){.alert_id = a->id, .number = a->state.transitions};
    l->flaps = a->state.flapping && (firing || e->reason != REASON_REMOVED);
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

/* The end of what was told is always told, so that receivers close it. */
static bool is_muted(const struct notify *n, const struct look *l)
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

/* What a webhook does not want to hear counts as told: the end, with `resolved = no`; an ack that was taken
 * back. */
static void settle_silently(struct look *l)
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

/* By target; what ends first, then the worst. */
static int compare_looks(const void *a, const void *b)
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

static void send(struct notify *n, const struct look *l, const struct news *news, int n_news,
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
    send(n, looks, news, n_news, fn, ctx);
    n_news = 0;
    for (int i = 0; i < n_looks; i++)
        if (looks[i].news.type[0] != '\0')
            news[n_news++] = as_told(&looks[i]);
    for (int i = 0; i < n_looks; i++)
        set_told(&looks[i], level_told(&looks[i]));
    send(n, looks, news, n_news, fn, ctx);
    free(news);
}

/* LOOKS are of one webhook, those that wait. */
static double send_due(struct notify *n, struct look *looks, int n_looks, notify_message_fn *fn, void *ctx)
{
    double next_s = MOST_S;
    if (n_looks > 0)
        qsort(looks, (size_t)n_looks, sizeof(*looks), compare_looks);
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

/* Brings one entry up to date; true when it waits for its group. */
static bool step(struct notify *n, struct look *l, const struct alert *a, double step_s)
{
    struct entry *e = l->entry;
    look_at(n, l, a);
    settle_silently(l);
    bool pending = l->news.type != NULL, muted = pending && is_muted(n, l);
    e->changed = e->changed || pending != e->told.pending;
    e->told.pending = pending;
    if (!pending || muted)
        e->waited_s = -1;
    else
        e->waited_s = e->waited_s < 0 ? 0 : e->waited_s + step_s;
    return pending && !muted;
}

/* Seconds of running time are added; what the file has is kept near enough. */
static void grow_older(struct entry *e, double step_s)
{
    e->told.since_s += step_s;
    if (e->told.level == LEVEL_CRITICAL && e->told.since_s - e->saved_s >= KEEP_S)
        e->changed = true;
}

static void forget(struct notify *n, int i)
{
    entry_free(n->entries[i]);
    n->n--;
    memmove(n->entries + i, n->entries + i + 1, (size_t)(n->n - i) * sizeof(struct entry *));
}

/* Alerts or webhooks that are not there any more, and what has been told to its end. */
static void drop_what_is_over(struct notify *n)
{
    for (int i = n->n - 1; i >= 0; i--) {
        struct entry *e = n->entries[i];
        bool gone =
            webhook_find(n->webhooks, e->webhook) == NULL || book_find(n->book, e->told.alert_id) == NULL;
        if (gone && !is_over(e)) {
            e->told.level = LEVEL_NONE;
            e->told.pending = e->told.flapping = false;
            e->changed = true;
        }
        if (is_over(e) && !e->changed)
            forget(n, i);
    }
}

static void look_for_unheard(struct notify *n)
{
    for (int i = 0; i < book_alerts(n->book); i++) {
        const struct alert *a = book_alert(n->book, i);
        if (is_firing(a))
            touch(n, a);
    }
    n->look = false;
}

/* How long until something that no event tells of may be due: a repeat, the end of what holds back. */
static double until_due(const struct look *l, bool waits)
{
    const struct entry *e = l->entry;
    if (e->told.pending && !waits)
        return MUTED_S;
    bool repeats = e->told.level == LEVEL_CRITICAL && l->webhook->repeat_s > 0;
    return repeats ? fmax(l->webhook->repeat_s - e->told.since_s, MUTED_S) : MOST_S;
}

static double tick_webhook(struct notify *n, const struct webhook *w, double step_s, double wall_s,
                           notify_message_fn *fn, void *ctx)
{
    struct look *looks = mem_new_array((size_t)n->n, sizeof(*looks));
    int n_looks = 0;
    double next_s = MOST_S;
    for (int i = 0; i < n->n; i++) {
        struct look *l = &looks[n_looks];
        *l = (struct look){.entry = n->entries[i], .webhook = w, .wall_s = wall_s};
        const struct alert *a =
            strcmp(l->entry->webhook, w->name) == 0 ? book_find(n->book, l->entry->told.alert_id) : NULL;
        if (a == NULL)
            continue;
        grow_older(l->entry, step_s);
        bool waits = step(n, l, a, step_s);
        next_s = fmin(next_s, until_due(l, waits));
        n_looks += waits;
    }
    next_s = fmin(next_s, send_due(n, looks, n_looks, fn, ctx));
    free(looks);
    return next_s;
}

double notify_tick(struct notify *n, double step_s, double wall_s, notify_message_fn *fn, void *ctx)
{
    double next_s = MOST_S;
    if (n->look)
        look_for_unheard(n);
    for (int i = 0; n->webhooks != NULL && i < n->webhooks->n; i++)
        next_s = fmin(next_s, tick_webhook(n, &n->webhooks->list[i], step_s, wall_s, fn, ctx));
    drop_what_is_over(n);
    return next_s;
}

void notify_changed(struct notify *n, notify_changed_fn *fn, void *ctx)
{
    for (int i = n->n - 1; i >= 0; i--) {
        struct entry *e = n->entries[i];
        if (!e->changed)
            continue;
        e->changed = false;
        e->saved_s = e->told.since_s;
        fn(ctx, &e->told);
        if (is_over(e))
            forget(n, i);
    }
}

/* ---- A test ---- */

void notify_test(struct notify *n, const char *webhook, double wall_s, notify_message_fn *fn, void *ctx)
{
    const struct webhook *w = webhook_find(n->webhooks, webhook);
    char rule[] = "test", none[] = "", title[] = "INFO dbvitals: this is a test: messages arrive";
    struct alert a = {.rule = rule, .target = none, .key = none, .value = NAN, .title = title, .count = 1};
    if (w == NULL)
        return;
    memcpy(a.id, "0000000000000000", sizeof(a.id));
    a.state.active_at = a.state.fired_at = wall_s;
    a.state.resolved_at = NAN;
    struct news news = {
        .alert = &a, .type = "test", .firing = true, .level = LEVEL_INFO, .reason = REASON_THRESHOLD};
    news.notice =
        (struct notice){.alert_id = a.id, .number = (int64_t)floor(wall_s * 1000), .change = CHANGE_FIRED};
    struct message m;
    message_init(&m, n->json, w, n->source, wall_s, &news, 1);
    fn(ctx, &m);
    message_done(&m);
}
