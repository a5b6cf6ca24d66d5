/* Who is told what, and when: what each webhook was told of each alert is held against what is true now; the
 * difference waits for its group, or for whatever holds it back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/notify_private.h"
#include "core/mem.h"

static const double KEEP_S = 60; /* how much of the time until a repeat a crash may lose */
static const double MOST_S = 60, MUTED_S = 1;
enum { MOST_QUEUE = 32 }; /* of one alert for one webhook: then it does not wait for its group */

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

/* LAST is for one that is new. */
static struct entry *entry_of(struct notify *n, const char *alert_id, const char *webhook, int64_t last)
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
    e->last = e->told.seen = last;
    return e;
}

static void entry_free(struct entry *e)
{
    queue_clear(e);
    free(e->webhook);
    free(e);
}

static bool is_over(const struct entry *e)
{
    return e->n_queue == 0 && e->told.level == LEVEL_NONE && !e->told.pending && !e->told.flapping;
}

struct notify *notify_new(const struct webhooks *webhooks, struct book *book, const char *source)
{
    struct notify *n = mem_new(sizeof(*n));
    n->book = book;
    n->sender.json = json_new();
    n->sender.source = mem_dup(source);
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
    json_free(n->sender.json);
    free(n->sender.source);
    free(n);
}

void notify_set_generation(struct notify *n, uint32_t generation)
{
    n->sender.generation = generation;
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
    for (int i = 0; i < n->n; i++) {
        n->entries[i]->rule = NULL;
        n->entries[i]->rule_known = false;
    }
}

void notify_set_maintenances(struct notify *n, const struct maintenances *maintenances)
{
    n->maintenances = maintenances;
}

void notify_restore(struct notify *n, const struct notified *was)
{
    struct entry *e = entry_of(n, was->alert_id, was->webhook, was->seen);
    e->told = *was;
    e->told.webhook = e->webhook;
    e->last = was->seen;
    e->ahead.level = was->level;
    e->ahead.flapping = was->flapping;
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

void notify_event(struct notify *n, const struct event *event)
{
    int64_t number = event->transition.number;
    if (number == 0)
        return; /* nobody is told of what is pending */
    for (int i = 0; n->webhooks != NULL && i < n->webhooks->n; i++) {
        const struct webhook *w = &n->webhooks->list[i];
        look_event(n, entry_of(n, event->alert->id, w->name, number - 1), w, event);
    }
}

void notify_restore_event(struct notify *n, const struct event *event)
{
    for (int i = 0; n->webhooks != NULL && i < n->webhooks->n; i++) {
        const struct webhook *w = &n->webhooks->list[i];
        bool found;
        int at = place_of(n, event->alert->id, w->name, &found);
        if (found && event->transition.number > 0)
            look_event(n, n->entries[at], w, event);
    }
}

/* Brings one entry up to date; true when it waits for its group. */
static bool step(struct notify *n, struct look *l, const struct alert *a, double step_s)
{
    struct entry *e = l->entry;
    bool waits = look_at(n, l, a);
    if (!waits)
        e->waited_s = -1;
    else if (e->n_queue >= MOST_QUEUE)
        e->waited_s = INFINITY; /* nothing is left out: it goes now */
    else
        e->waited_s = e->waited_s < 0 ? 0 : e->waited_s + step_s;
    return waits;
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
        bool gone = webhook_find(n->webhooks, e->webhook) == NULL ||
                    (e->n_queue == 0 && book_find(n->book, e->told.alert_id) == NULL);
        if (gone && !is_over(e)) {
            queue_clear(e);
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
        for (int w = 0; notify_is_firing(a) && n->webhooks != NULL && w < n->webhooks->n; w++)
            entry_of(n, a->id, n->webhooks->list[w].name, a->state.transitions - 1);
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

/* The book may forget it before its group has waited. */
static const struct alert *alert_of(const struct notify *n, const struct entry *e)
{
    const struct alert *a = book_find(n->book, e->told.alert_id);
    return a == NULL && e->n_queue > 0 ? e->queue[e->n_queue - 1].alert : a;
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
        const struct alert *a = strcmp(l->entry->webhook, w->name) == 0 ? alert_of(n, l->entry) : NULL;
        if (a == NULL)
            continue;
        grow_older(l->entry, step_s);
        bool waits = step(n, l, a, step_s);
        next_s = fmin(next_s, until_due(l, waits));
        n_looks += waits;
    }
    next_s = fmin(next_s, notify_send_due(n, looks, n_looks, fn, ctx));
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

/* ---- Again, and tests ---- */

void notify_present(struct notify *n, const char *webhook, double wall_s, notify_message_fn *fn, void *ctx)
{
    const struct webhook *w = webhook_find(n->webhooks, webhook);
    struct look *looks = mem_new_array((size_t)n->n, sizeof(*looks));
    struct news *news = mem_new_array((size_t)n->n, sizeof(*news));
    int n_looks = 0;
    for (int i = 0; w != NULL && i < n->n; i++) {
        struct entry *e = n->entries[i];
        const struct alert *a =
            strcmp(e->webhook, webhook) == 0 ? book_find(n->book, e->told.alert_id) : NULL;
        if (a == NULL || e->told.level == LEVEL_NONE || !notify_is_firing(a))
            continue;
        struct look *l = &looks[n_looks++];
        *l = (struct look){.entry = e, .webhook = w, .wall_s = wall_s};
        l->news = (struct news){.alert = a,
                                .rule = notify_rule(n, e, a),
                                .type = "alert.firing",
                                .firing = true,
                                .level = e->told.level,
                                .previous = e->told.level,
                                .reason = a->reason != REASON_NONE ? a->reason : REASON_THRESHOLD};
        l->news.notice = (struct notice){.alert_id = a->id, .number = e->told.number, .change = CHANGE_NONE};
    }
    if (n_looks > 0)
        qsort(looks, (size_t)n_looks, sizeof(*looks), look_compare);
    for (int from = 0, to; from < n_looks; from = to) {
        for (to = from;
             to < n_looks && strcmp(looks[to].news.alert->target, looks[from].news.alert->target) == 0; to++)
            news[to] = looks[to].news;
        notify_send(n, looks, news + from, to - from, fn, ctx);
    }
    free(news);
    free(looks);
}

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
    message_init(&m, &n->sender, w, wall_s, &news, 1);
    fn(ctx, &m);
    message_done(&m);
}
