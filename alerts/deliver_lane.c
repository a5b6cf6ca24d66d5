/* One webhook: its messages in hand, what becomes of them, and what it must be told again or never. */
#include "alerts/deliver_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

enum { MAX_DEAD_IDS = 4096 };
static const double tell_again_s = 60, most_pause_s = 300;

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
    struct lane *lane = item->lane;
    struct item *before = NULL;
    for (struct item *i = lane->items; i != item; i = i->next)
        before = i;
    if (before == NULL)
        lane->items = item->next;
    else
        before->next = item->next;
    if (lane->last == item)
        lane->last = before;
}

/* The message's type: the first of its fields but the id, which holds no quote. */
static bool has_type(const char *body, const char *type)
{
    static const char key[] = "\"type\":\"";
    const char *at = strstr(body, key);
    return at != NULL && strncmp(at + sizeof(key) - 1, type, strlen(type)) == 0 &&
           at[sizeof(key) - 1 + strlen(type)] == '"';
}

void lane_add(struct lane *lane, struct outbox_row *row, char *body, const char *order_key)
{
    struct item *item = mem_new(sizeof(*item));
    *item = (struct item){.lane = lane, .row = row, .body = row == NULL ? body : row->body};
    item->attempts = row == NULL ? 0 : row->attempts;
    item->came_s = loop_mono_s();
    item->ids = order_ids(order_key, &item->n_ids);
    item->resolved = has_type(item->body, "alert.resolved");
    item->opens = has_type(item->body, "alert.firing") || has_type(item->body, "alert.group");
    if (lane->last == NULL)
        lane->items = item;
    else
        lane->last->next = item;
    lane->last = item;
    deliver_wake(lane->deliver);
}

static void note_attempt(struct item *item, enum delivery what, int status, const char *detail,
                         double took_ms)
{
    struct lane *lane = item->lane;
    if (what == DELIVERY_DONE)
        lane->delivered += item->row != NULL;
    else {
        char *trouble = lane->off && lane->trouble != NULL ? lane->trouble : mem_dup(detail);
        lane->failed++;
        if (trouble != lane->trouble)
            free(lane->trouble);
        lane->trouble = trouble;
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

bool item_drop_end(struct item *item)
{
    if (!tells_end_of_unknown(item->lane, item))
        return false;
    forget_dead(item->lane, item);
    drop(item, DELIVERY_DEAD, "not sent: that it fires could not be delivered");
    return true;
}

/* ---- When nothing can be sent ---- */

double item_age_s(const struct item *item)
{
    return (item->row == NULL ? 0 : item->row->age_s) + loop_mono_s() - item->came_s;
}

void lane_give_up(struct lane *lane)
{
    static const char why_off[] = "not sent: the webhook is off since it said 410",
                      why_old[] = "given up: it waited too long for a receiver that cannot be asked";
    for (struct item *item = lane->items, *next; item != NULL; item = next) {
        next = item->next;
        if (item->running || (!lane->off && item_age_s(item) < lane->webhook->give_up_s))
            continue;
        if (item->opens && item->taken == 0)
            add_dead(lane, item);
        else if (item->resolved)
            forget_dead(lane, item);
        drop(item, DELIVERY_DEAD, lane->off ? why_off : why_old);
    }
}

void lane_has_no_secret(struct lane *lane, const char *why)
{
    for (struct item *item = lane->items; item != NULL; item = item->next) {
        bool told = item->attempts > 0 && item != lane->items; /* again and again only of the oldest one */
        if (item->running || item->row == NULL || told)
            continue;
        item->attempts++;
        note_attempt(item, DELIVERY_RETRY, 0, why, 0);
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
        lane->n_down = 0;
        lane->down_until_s = 0;
        if (lane->trouble != NULL)
            receiver_is_back(lane);
        free(lane->trouble);
        lane->trouble = NULL;
    } else if (item->opens && item->taken == 0 && item->row != NULL) {
        add_dead(lane, item);
    }
    deliver_wake(lane->deliver);
    item_free(item);
}

/* The receiver is down: all its messages wait, else each of a thousand would ask by itself. Of requests side
 * by side the first one counts. */
static void pause_while_down(struct lane *lane, double now_s)
{
    if (lane->down_until_s > now_s)
        return;
    double most_s = fmin(most_pause_s, exp2(fmin(lane->n_down, 20)));
    lane->n_down++;
    lane->down_until_s = now_s + most_s * erand48(lane->deliver->random);
}

void item_waits(struct item *item, const struct verdict *v, int status, const char *detail, double took_ms)
{
    struct lane *lane = item->lane;
    if (item->row == NULL) { /* the next minute brings a newer one */
        item_ended(item, DELIVERY_DEAD, status, detail, took_ms);
        return;
    }
    double now_s = loop_mono_s(),
           until_s = now_s + v->least_s + v->wait_s * erand48(lane->deliver->random); /* full jitter */
    item->running = false;
    item->due_s = until_s;
    item->receiver_is_down = item->receiver_is_down && v->least_s == 0;
    lane->n_running--;
    if (item->receiver_is_down)
        pause_while_down(lane, now_s);
    if (v->pause_webhook)
        lane->paused_until_s = fmax(lane->paused_until_s, until_s);
    note_attempt(item, DELIVERY_RETRY, status, detail, took_ms);
    deliver_wake(lane->deliver);
}

void item_put_back(struct item *item)
{
    item->running = false;
    item->lane->n_running--;
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

void lane_tell_due(struct lane *lane, double now_s, double *wake_s)
{
    for (struct told *t = lane->told; t != NULL; t = t->next) {
        if (t->due_s <= now_s) {
            t->due_s = now_s + tell_again_s;
            lane_add(lane, NULL, mem_dup(t->body), t->alert);
        }
        *wake_s = fmin(*wake_s, t->due_s);
    }
}

void lane_drop_older(struct lane *lane, const char *order_key)
{
    for (struct item *item = lane->items, *next; item != NULL; item = next) {
        next = item->next;
        if (item->row != NULL && !item->running && strcmp(item->row->order_key, order_key) == 0)
            drop(item, DELIVERY_DONE, "not sent: a newer state follows");
    }
}

/* ---- The webhook itself ---- */

void lane_free(struct lane *lane)
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

void lane_end(struct lane *lane)
{
    for (struct item *item = lane->items; item != NULL; item = item->next)
        note_attempt(item, DELIVERY_DEAD, 0, "the webhook is no longer in the config", 0);
    lane_free(lane);
}
