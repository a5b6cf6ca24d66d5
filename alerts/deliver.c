/* Delivery: the messages of each webhook in hand, which of them may go now, and what becomes of them. */
#include "alerts/deliver.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "alerts/deliver_inside.h"
#include "core/mem.h"

enum { AT_ONCE = 4, MAX_DEAD_IDS = 4096 };
static const double tell_again_s = 60;

/* ---- Items ---- */

static void item_free(struct item *item)
{
    item_cancel(item);
    if (item->row == NULL)
        free(item->body);
    outbox_row_free(item->row);
    free(item->ids);
    free(item->refused);
    free(item);
}

static void unlink_item(struct item *item)
{
    struct item **at = &item->lane->items;
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
}

/* The message's type: the first of its fields but the id, which holds no quote. */
static bool has_type(const char *body, const char *type)
{
    static const char key[] = "\"type\":\"";
    const char *at = strstr(body, key);
    return at != NULL && strncmp(at + sizeof(key) - 1, type, strlen(type)) == 0 &&
           at[sizeof(key) - 1 + strlen(type)] == '"';
}

/* Takes BODY when there is no ROW. */
static struct item *add_item(struct lane *lane, struct outbox_row *row, char *body, const char *order_key)
{
    struct item *item = mem_new(sizeof(*item)), **end = &lane->items;
    *item = (struct item){.lane = lane, .row = row, .body = row == NULL ? body : row->body};
    item->attempts = row == NULL ? 0 : row->attempts;
    item->came_s = loop_mono_s();
    item->ids = order_ids(order_key, &item->n_ids);
    item->resolved = has_type(item->body, "alert.resolved");
    item->opens = has_type(item->body, "alert.firing") || has_type(item->body, "alert.group");
    while (*end != NULL)
        end = &(*end)->next;
    *end = item;
    deliver_wake(lane->deliver);
    return item;
}

static void note_attempt(struct item *item, enum delivery what, int status, const char *detail,
                         double took_ms)
{
    struct lane *lane = item->lane;
    if (what == DELIVERY_DONE)
        lane->delivered += item->row != NULL;
    else {
        lane->failed++;
        free(lane->trouble);
        lane->trouble = mem_dup(detail);
    }
    if (item->row == NULL)
        return;
    lane->dead += what == DELIVERY_DEAD;
    state_put_attempt(lane->deliver->state, item->row->number, what, status, detail, took_ms, loop_wall_s());
    lane->deliver->wrote = true;
}

/* ---- Alerts that the receiver never heard of ---- */

static int find_dead(const struct lane *lane, uint64_t id)
{
    for (int i = 0; i < lane->n_dead_ids; i++)
        if (lane->dead_ids[i] == id)
            return i;
    return -1;
}

static void forget_dead(struct lane *lane, const struct item *item)
{
    for (int i = 0; i < item->n_ids; i++) {
        int at = find_dead(lane, item->ids[i]);
        if (at >= 0)
            lane->dead_ids[at] = lane->dead_ids[--lane->n_dead_ids];
    }
}

static void add_dead(struct lane *lane, const struct item *item)
{
    for (int i = 0; i < item->n_ids; i++) {
        if (find_dead(lane, item->ids[i]) >= 0 || lane->n_dead_ids == MAX_DEAD_IDS)
            continue;
        lane->dead_ids = mem_grow(lane->dead_ids, (size_t)lane->n_dead_ids + 1, sizeof(*lane->dead_ids));
        lane->dead_ids[lane->n_dead_ids++] = item->ids[i];
    }
}

static bool tells_end_of_unknown(const struct lane *lane, const struct item *item)
{
    if (!item->resolved || item->n_ids == 0)
        return false;
    for (int i = 0; i < item->n_ids; i++)
        if (find_dead(lane, item->ids[i]) < 0)
            return false;
    return true;
}

/* Ends ITEM, which does not run. */
static void drop(struct item *item, enum delivery what, const char *why)
{
    unlink_item(item);
    note_attempt(item, what, 0, why, 0);
    item_free(item);
}

static void drop_ends_of_unknown(struct lane *lane)
{
    for (struct item *item = lane->items, *next; item != NULL; item = next) {
        next = item->next;
        if (item->running || !tells_end_of_unknown(lane, item))
            continue;
        forget_dead(lane, item);
        drop(item, DELIVERY_DEAD, "not sent: that it fires could not be delivered");
    }
}

/* ---- The end of an attempt ---- */

/* The receiver is back: what waited for that need not wait longer. */
static void receiver_is_back(struct lane *lane)
{
    for (struct item *item = lane->items; item != NULL; item = item->next)
        if (item->receiver_is_down && !item->running)
            item->due_s = 0;
}

void item_ended(struct item *item, enum delivery what, int status, const char *detail, double took_ms)
{
    struct lane *lane = item->lane;
    unlink_item(item);
    lane->n_running--;
    note_attempt(item, what, status, detail, took_ms);
    if (what == DELIVERY_DONE) {
        forget_dead(lane, item);
        if (lane->trouble != NULL)
            receiver_is_back(lane);
        free(lane->trouble);
        lane->trouble = NULL;
    } else if (item->opens && item->taken == 0 && item->row != NULL) {
        add_dead(lane, item);
        drop_ends_of_unknown(lane);
    }
    deliver_wake(lane->deliver);
    item_free(item);
}

void item_waits(struct item *item, const struct verdict *v, int status, const char *detail, double took_ms)
{
    struct lane *lane = item->lane;
    if (item->row == NULL) { /* the next minute brings a newer one */
        item_ended(item, DELIVERY_DEAD, status, detail, took_ms);
        return;
    }
    double until_s =
        loop_mono_s() + v->least_s + v->wait_s * erand48(lane->deliver->random); /* full jitter */
    item->running = false;
    item->due_s = until_s;
    item->receiver_is_down = item->receiver_is_down && v->least_s == 0;
    lane->n_running--;
    if (v->pause_webhook)
        lane->paused_until_s = fmax(lane->paused_until_s, until_s);
    note_attempt(item, DELIVERY_RETRY, status, detail, took_ms);
    deliver_wake(lane->deliver);
}

/* ---- States that are told again ---- */

void lane_tell_again(struct lane *lane, const char *alert, const char *body)
{
    struct told **at = &lane->told;
    while (*at != NULL && strcmp((*at)->alert, alert) != 0)
        at = &(*at)->next;
    struct told *t = *at;
    if (body == NULL && t != NULL) {
        *at = t->next;
        free(t->alert);
        free(t->body);
        free(t);
    }
    if (body == NULL)
        return;
    if (t == NULL) {
        t = *at = mem_new(sizeof(*t));
        t->alert = mem_dup(alert);
    }
    free(t->body);
    t->body = mem_dup(body);
    t->due_s = loop_mono_s() + tell_again_s;
}

static void tell_states_again(struct lane *lane, double now_s, double *wake_s)
{
    for (struct told *t = lane->told; t != NULL; t = t->next) {
        if (t->due_s <= now_s) {
            t->due_s = now_s + tell_again_s;
            add_item(lane, NULL, mem_dup(t->body), t->alert);
        }
        *wake_s = fmin(*wake_s, t->due_s);
    }
}

/* A receiver of states has no use for one that a newer one follows. */
static void drop_older_states(struct lane *lane, const char *order_key)
{
    for (struct item *item = lane->items, *next; item != NULL; item = next) {
        next = item->next;
        if (item->row != NULL && !item->running && strcmp(item->row->order_key, order_key) == 0)
            drop(item, DELIVERY_DONE, "not sent: a newer state follows");
    }
}

/* ---- What goes now ---- */

static void pump_lane(struct lane *lane, double now_s, double *wake_s)
{
    if (lane->off)
        return;
    if (lane->paused_until_s > now_s) {
        *wake_s = fmin(*wake_s, lane->paused_until_s);
        return;
    }
    tell_states_again(lane, now_s, wake_s);
    if (lane->items == NULL || !lane_has_secret(lane))
        return;
    order_begin(lane->deliver->order);
    for (struct item *item = lane->items; item != NULL && lane->n_running < AT_ONCE; item = item->next) {
        if (!order_is_first(lane->deliver->order, item->ids, item->n_ids) || item->running)
            continue;
        if (item->due_s > now_s) {
            *wake_s = fmin(*wake_s, item->due_s);
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

static void lane_free(struct lane *lane)
{
    while (lane->items != NULL) {
        struct item *item = lane->items;
        lane->items = item->next;
        item_free(item);
    }
    while (lane->told != NULL)
        lane_tell_again(lane, lane->told->alert, NULL);
    command_forget(lane->command);
    if (lane->secret != NULL)
        explicit_bzero(lane->secret, strlen(lane->secret));
    free(lane->secret);
    free(lane->sql);
    free(lane->dead_ids);
    free(lane->trouble);
    free(lane->name);
    free(lane);
}

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
    lane->paused_until_s = 0;
}

static void end_lane(struct lane *lane)
{
    for (struct item *item = lane->items; item != NULL; item = item->next)
        note_attempt(item, DELIVERY_DEAD, 0, "the webhook is no longer in the config", 0);
    lane_free(lane);
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
        end_lane(old);
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
        drop_older_states(lane, row->order_key);
    add_item(lane, row, NULL, row->order_key);
    drop_ends_of_unknown(lane);
}

void deliver_resume(struct deliver *d, const char *webhook, const char *order_key, const char *body)
{
    struct lane *lane = find_lane(d, webhook);
    if (lane != NULL && lane->format->state)
        add_item(lane, NULL, mem_dup(body), order_key);
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
    double now_s = loop_mono_s();
    *out = (struct deliver_status){.webhook = lane->name, .dead = lane->dead, .delivered = lane->delivered};
    out->failed = lane->failed;
    out->trouble = lane->trouble;
    out->off = lane->off;
    out->next_s = NAN;
    for (const struct item *item = lane->items; item != NULL; item = item->next) {
        double left_s = item->running ? 0 : fmax(0, fmax(item->due_s, lane->paused_until_s) - now_s);
        out->waiting += item->row != NULL;
        out->next_s = fmin(out->next_s, left_s); /* fmin passes over NAN */
    }
}
