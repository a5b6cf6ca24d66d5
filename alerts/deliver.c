/* Delivery: which messages may go now, the webhooks of the config, and what others see of it. */
#include "alerts/deliver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "alerts/deliver_inside.h"
#include "core/mem.h"

enum { AT_ONCE = 4 };

/* ---- What goes now ---- */

static void pump_lane(struct lane *lane, double now_s, double *wake_s)
{
    if (lane->off) {
        lane_give_up(lane);
        return;
    }
    double paused_until_s = fmax(lane->paused_until_s, lane->down_until_s);
    if (paused_until_s > now_s) {
        lane_give_up(lane);
        *wake_s = fmin(*wake_s, paused_until_s);
        return;
    }
    lane_tell_due(lane, now_s, wake_s);
    if (lane->items == NULL || !lane_has_secret(lane))
        return;
    order_begin(lane->deliver->order);
    for (struct item *item = lane->items, *next; item != NULL && lane->n_running < AT_ONCE; item = next) {
        next = item->next;
        if (!order_is_first(lane->deliver->order, item->ids, item->n_ids) || item->running)
            continue;
        if (item->due_s > now_s) {
            *wake_s = fmin(*wake_s, item->due_s);
            continue;
        }
        if (item_drop_end(item)) {
            *wake_s = now_s; /* for what waits behind it */
            continue;
        }
        item->running = true;
        lane->n_running++;
        item_send(item);
    }
}

static void pump(void *ctx)
{
    struct deliver *d = ctx;
    double now_s = loop_mono_s(), wake_s = INFINITY;
    for (struct lane *lane = d->lanes; lane != NULL; lane = lane->next)
        pump_lane(lane, now_s, &wake_s);
    if (d->wrote)
        state_commit(d->state, NULL, NULL);
    d->wrote = false;
    if (wake_s < INFINITY)
        loop_timer_start(d->timer, wake_s - now_s, 0);
}

void deliver_wake(struct deliver *d)
{
    loop_timer_start(d->timer, 0, 0);
}

/* ---- Webhooks ---- */

static struct lane *find_lane(const struct deliver *d, const char *name)
{
    struct lane *lane = d->lanes;
    while (lane != NULL && strcmp(lane->name, name) != 0)
        lane = lane->next;
    return lane;
}

static void set_webhook(struct lane *lane, const struct webhook *w)
{
    const struct formats *formats = &lane->deliver->formats;
    const struct format *format = format_find(formats, w->format);
    lane->webhook = w;
    lane->format = format != NULL ? format : format_find(formats, "generic"); /* the config was checked */
    free(lane->sql);
    lane->sql = format_sql(formats, lane->format->sql != NULL ? lane->format->sql
                                    : w->sql != NULL          ? w->sql
                                                              : "");
    free(lane->secret);
    lane->secret = NULL;
    command_forget(lane->command);
    lane->command = NULL;
    lane->off = false;
    lane->paused_until_s = lane->down_until_s = 0;
}

void deliver_set_webhooks(struct deliver *d, const struct webhooks *webhooks)
{
    struct lane *old = d->lanes, **end = &d->lanes;
    for (int i = 0; i < webhooks->n; i++) {
        struct lane **was = &old;
        while (*was != NULL && strcmp((*was)->name, webhooks->list[i].name) != 0)
            was = &(*was)->next;
        struct lane *lane = *was;
        if (lane != NULL)
            *was = lane->next;
        else {
            lane = mem_new(sizeof(*lane));
            *lane = (struct lane){.deliver = d, .name = mem_dup(webhooks->list[i].name)};
        }
        set_webhook(lane, &webhooks->list[i]);
        *end = lane;
        end = &lane->next;
    }
    *end = NULL;
    for (struct lane *next; old != NULL; old = next) {
        next = old->next;
        lane_end(old);
    }
    deliver_wake(d);
}

/* ---- Delivery as others see it ---- */

struct deliver *deliver_new(struct loop *loop, struct fetcher *fetcher, struct query_thread *queries,
                            struct state *state, const struct webhooks *webhooks)
{
    static const struct store_limits none = {.series_bytes = 1, .total_bytes = 1, .keep_s = 1};
    struct deliver *d = mem_new(sizeof(*d));
    struct err err = {""};
    *d = (struct deliver){.loop = loop, .fetcher = fetcher, .queries = queries, .state = state};
    if (!formats_init(&d->formats, &err)) /* compiled in: a test reads them */
        abort();
    d->store = store_new(none);
    d->nothing = store_snapshot(d->store);
    d->order = order_new();
    d->timer = loop_timer_new(loop, pump, d);
    if (getrandom(d->random, sizeof(d->random), GRND_NONBLOCK) < 0)
        d->random[0] = (unsigned short)(loop_mono_s() * 1000);
    deliver_set_webhooks(d, webhooks);
    return d;
}

void deliver_free(struct deliver *d)
{
    if (d == NULL)
        return;
    for (struct lane *lane = d->lanes, *next; lane != NULL; lane = next) {
        next = lane->next;
        lane_free(lane);
    }
    loop_timer_free(d->timer);
    order_free(d->order);
    snapshot_unref(d->nothing);
    store_free(d->store);
    formats_done(&d->formats);
    free(d);
}

void deliver_row(struct deliver *d, struct outbox_row *row)
{
    struct lane *lane = find_lane(d, row->webhook);
    if (lane == NULL) {
        state_put_attempt(d->state, row->number, DELIVERY_DEAD, 0, "the webhook is no longer in the config",
                          0, loop_wall_s());
        d->wrote = true;
        outbox_row_free(row);
        deliver_wake(d);
        return;
    }
    if (lane->format->state)
        lane_drop_older(lane, row->order_key);
    lane_add(lane, row, NULL, row->order_key);
}

void deliver_resume(struct deliver *d, const char *webhook, const char *order_key, const char *body)
{
    struct lane *lane = find_lane(d, webhook);
    if (lane != NULL && lane->format->state)
        lane_add(lane, NULL, mem_dup(body), order_key);
}

bool deliver_idle(const struct deliver *d)
{
    for (const struct lane *lane = d->lanes; lane != NULL; lane = lane->next)
        if (lane->items != NULL && !lane->off)
            return false;
    return true;
}

int deliver_webhooks(const struct deliver *d)
{
    int n = 0;
    for (const struct lane *lane = d->lanes; lane != NULL; lane = lane->next)
        n++;
    return n;
}

void deliver_status(const struct deliver *d, int i, struct deliver_status *out)
{
    const struct lane *lane = d->lanes;
    while (i-- > 0)
        lane = lane->next;
    double now_s = loop_mono_s(), paused_until_s = fmax(lane->paused_until_s, lane->down_until_s);
    *out = (struct deliver_status){.webhook = lane->name, .dead = lane->dead, .delivered = lane->delivered};
    out->failed = lane->failed;
    out->trouble = lane->trouble;
    out->off = lane->off;
    out->next_s = NAN;
    for (const struct item *item = lane->items; item != NULL; item = item->next) {
        double left_s = item->running ? 0 : fmax(0, fmax(item->due_s, paused_until_s) - now_s);
        out->waiting += item->row != NULL;
        out->next_s = fmin(out->next_s, left_s); /* fmin passes over NAN */
    }
}
