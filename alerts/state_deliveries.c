/* What becomes of messages: rows of the outbox and of its attempts, and dataset `deliveries`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/state_private.h"
#include "core/mem.h"

enum { NUMBER, ATTEMPT, AT, WEBHOOK, MESSAGE, OUTCOME, STATUS, DETAIL, TOOK, TEXT, ALERTS };
// clang-format off
static const struct column columns[] = {
    [NUMBER]  = {"number",     KIND_KEY,   TYPE_INT,  .help = "running number of the message"},
    [ATTEMPT] = {"attempt",    KIND_KEY,   TYPE_INT,  .help = "which attempt to deliver it this was; 0: it waits for the first"},
    [AT]      = {"at_time",    KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when it ended"},
    [WEBHOOK] = {"webhook",    KIND_LABEL, TYPE_TEXT, .help = "the receiver"},
    [MESSAGE] = {"message_id", KIND_TEXT,  TYPE_TEXT, .help = "id that the receiver sees"},
    [OUTCOME] = {"outcome",    KIND_LABEL, TYPE_TEXT, .help = "waiting, retry, delivered or dead"},
    [STATUS]  = {"status",     KIND_GAUGE, TYPE_REAL, UNIT_NONE, .help = "HTTP status of the answer; 0: there was none"},
    [DETAIL]  = {"detail",     KIND_TEXT,  TYPE_TEXT, .help = "what the receiver answered, or why there is no answer"},
    [TOOK]    = {"took_ms",    KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "how long the attempt took"},
    [TEXT]    = {"text",       KIND_TEXT,  TYPE_TEXT, .help = "the message in one line"},
    [ALERTS]  = {"alert_ids",  KIND_TEXT,  TYPE_TEXT, .help = "ids of the alerts that it tells of, with a blank between"},
};
// clang-format on
const struct dataset deliveries_dataset = {.name = "deliveries",
                                           .help = "an attempt to deliver a message to a webhook; the same rows for each target, as messages are of the process",
                                           .columns = columns,
                                           .n_columns = sizeof(columns) / sizeof(columns[0])};
enum { LONGEST_DETAIL = 1000 };

/* ---- Messages under way ---- */

void live_add(struct state *s, const struct live *l)
{
    if (s->n_live == s->live_room) {
        s->live_room = s->live_room == 0 ? 16 : s->live_room * 2;
        s->live = mem_grow(s->live, (size_t)s->live_room, sizeof(*s->live));
    }
    s->live[s->n_live++] = *l;
}

/* Numbers ascend. */
static struct live *live_find(struct state *s, int64_t number)
{
    int low = 0, high = s->n_live;
    while (low < high) {
        int middle = (low + high) / 2;
        if (s->live[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n_live && s->live[low].number == number ? &s->live[low] : NULL;
}

static void live_done(struct live *l)
{
    free(l->message_id);
    free(l->webhook);
    free(l->text);
    free(l->alerts);
}

static void live_drop(struct state *s, struct live *l)
{
    int at = (int)(l - s->live);
    live_done(l);
    s->n_live--;
    memmove(l, l + 1, (size_t)(s->n_live - at) * sizeof(*l));
}

void live_free_all(struct state *s)
{
    for (int i = 0; i < s->n_live; i++)
        live_done(&s->live[i]);
    free(s->live);
}

/* ---- Attempts ---- */

static void attempt_row_done(struct attempt_row *r)
{
    free(r->webhook);
    free(r->message_id);
    free(r->text);
    free(r->alerts);
    free(r->detail);
    *r = (struct attempt_row){0};
}

/* The first attempt takes the place of the row that waits for it. */
static struct attempt_row *place_for(struct attempts *a, const struct attempt_row *row)
{
    int64_t kept = a->total < KEPT_ATTEMPTS ? a->total : KEPT_ATTEMPTS;
    for (int64_t i = 1; row->attempt == 1 && i <= kept; i++) {
        struct attempt_row *r = &a->rows[(a->total - i) % KEPT_ATTEMPTS];
        if (r->number == row->number && r->attempt == 0)
            return r;
    }
    return &a->rows[a->total++ % KEPT_ATTEMPTS];
}

void attempts_add(struct attempts *a, const struct attempt_row *row)
{
    struct attempt_row *r = place_for(a, row);
    attempt_row_done(r);
    *r = *row;
    r->webhook = mem_dup(row->webhook);
    r->message_id = mem_dup(row->message_id);
    r->text = mem_dup(row->text);
    r->alerts = mem_dup(row->alerts);
    r->detail = mem_dup(row->detail);
}

void attempts_done(struct attempts *a)
{
    for (int i = 0; a != NULL && i < KEPT_ATTEMPTS; i++)
        attempt_row_done(&a->rows[i]);
    free(a);
}

/* ---- The outbox ---- */

struct outbox_row *outbox_row_new(int64_t number, const char *message_id, const char *webhook,
                                  const char *order_key, const char *body)
{
    struct outbox_row *r = mem_new(sizeof(*r));
    r->number = number;
    r->message_id = mem_dup(message_id);
    r->webhook = mem_dup(webhook);
    r->order_key = mem_dup(order_key);
    r->body = mem_dup(body);
    return r;
}

void outbox_row_free(struct outbox_row *r)
{
    if (r == NULL)
        return;
    free(r->message_id);
    free(r->webhook);
    free(r->order_key);
    free(r->body);
    free(r);
}

static void hold_until_written(struct batch *b, struct outbox_row *row)
{
    struct outgoing *o = mem_new(sizeof(*o));
    o->row = row;
    if (b->last_out == NULL)
        b->first_out = o;
    else
        b->last_out->next = o;
    b->last_out = o;
}

void state_put_message(struct state *s, const struct message *m)
{
    int64_t number = s->next_message++;
    struct cell cells[] = {cell_int(number),        cell_text(m->id),   cell_text(m->webhook),
                           cell_text(m->order_key), cell_text(m->body), cell_text(m->text),
                           cell_real(m->made_s)};
    state_add_row(s, row_new(PUT_MESSAGE, cells, sizeof(cells) / sizeof(cells[0])));
    struct outbox_row *row = outbox_row_new(number, m->id, m->webhook, m->order_key, m->body);
    row->made_s = m->made_s;
    hold_until_written(s->open, row);
    live_add(s, &(struct live){.number = number,
                               .message_id = mem_dup(m->id),
                               .webhook = mem_dup(m->webhook),
                               .text = mem_dup(m->text),
                               .alerts = mem_dup(m->order_key),
                               .made_mono_s = loop_mono_s()});
    attempts_add(s->attempts, &(struct attempt_row){.number = number,
                                                    .at_s = m->made_s,
                                                    .webhook = row->webhook,
                                                    .message_id = row->message_id,
                                                    .text = m->text,
                                                    .alerts = m->order_key,
                                                    .took_ms = NAN});
}

static void put_outcome(struct state *s, const struct live *l, enum delivery what)
{
    double age_s = loop_mono_s() - l->made_mono_s;
    struct cell cells[] = {cell_int(l->number), cell_int(l->attempts), cell_real(age_s)};
    switch (what) {
    case DELIVERY_RETRY:
        state_add_row(s, row_new(RETRY_MESSAGE, cells, 3));
        break;
    case DELIVERY_DONE:
        state_add_row(s, row_new(DROP_MESSAGE, cells, 1));
        break;
    case DELIVERY_DEAD:
        state_add_row(s, row_new(BURY_MESSAGE, cells, 2));
        break;
    }
}

void state_put_attempt(struct state *s, int64_t number, enum delivery what, int status, const char *detail,
                       double took_ms, double wall_s)
{
    struct live *l = live_find(s, number);
    if (l == NULL)
        return; /* it has come to its end before */
    l->attempts++;
    struct text cut;
    text_init(&cut, LONGEST_DETAIL);
    text_add(&cut, detail);
    char *kept = text_take(&cut);
    struct attempt_row row = {number,    l->attempts, wall_s, l->webhook, l->message_id, l->text,
                              l->alerts, kept,        what,   status,     took_ms};
    struct cell cells[] = {cell_int(number),       cell_int(row.attempt),     cell_real(wall_s),
                           cell_text(row.webhook), cell_text(row.message_id), cell_text(row.text),
                           cell_int(what),         cell_int(status),          cell_text(kept),
                           cell_real(took_ms),     cell_text(row.alerts)};
    state_add_row(s, row_new(PUT_DELIVERY, cells, sizeof(cells) / sizeof(cells[0])));
    put_outcome(s, l, what);
    attempts_add(s->attempts, &row);
    free(kept);
    if (what != DELIVERY_RETRY)
        live_drop(s, l);
}

/* ---- The dataset ---- */

static void set_text(struct sample *s, int column, int row, const char *text)
{
    if (text != NULL)
        sample_set_text(s, column, row, text, strlen(text));
}

static void fill(struct sample *s, int row, const struct attempt_row *r)
{
    static const char *const outcomes[] = {
        [DELIVERY_RETRY] = "retry", [DELIVERY_DONE] = "delivered", [DELIVERY_DEAD] = "dead"};
    s->values[NUMBER].integer[row] = r->number;
    s->values[ATTEMPT].integer[row] = r->attempt;
    s->values[AT].real[row] = r->at_s;
    set_text(s, WEBHOOK, row, r->webhook);
    set_text(s, MESSAGE, row, r->message_id);
    set_text(s, OUTCOME, row, r->attempt == 0 ? "waiting" : outcomes[r->outcome]);
    s->values[STATUS].real[row] = r->attempt == 0 ? NAN : r->status;
    set_text(s, DETAIL, row, r->detail);
    s->values[TOOK].real[row] = r->took_ms;
    set_text(s, TEXT, row, r->text);
    set_text(s, ALERTS, row, r->alerts);
}

struct sample *state_deliveries_sample(struct state *s, const char *target, double mono_s, double wall_s)
{
    (void)target; /* messages are of the process, whatever the target that its rows are shown for */
    const struct attempts *a = s->attempts;
    int n = a->total < KEPT_ATTEMPTS ? (int)a->total : KEPT_ATTEMPTS;
    struct sample *sample = sample_new(&deliveries_dataset, n);
    sample->mono_s = mono_s;
    sample->wall_s = wall_s;
    for (int i = 0; i < n; i++)
        fill(sample, i, &a->rows[(a->total - 1 - i) % KEPT_ATTEMPTS]);
    return sample;
}
