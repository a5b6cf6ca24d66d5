/* Reading the state file back, once, before anything is written; and the small rows that are put into it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/state_private.h"
#include "core/mem.h"

/* ---- Reading ---- */

typedef void row_fn(void *ctx, sqlite3_stmt *row);

static bool each_row(struct state *s, const char *sql, row_fn *fn, void *ctx, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(s->file->db, sql, -1, &stmt, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        fn(ctx, stmt);
        code = SQLITE_OK;
    }
    bool ok = code == SQLITE_DONE ||
              fail(err, "cannot read the state file %s: %s", s->file->path, sqlite3_errmsg(s->file->db));
    sqlite3_finalize(stmt);
    return ok;
}

static const char *text_at(sqlite3_stmt *row, int i)
{
    return (const char *)sqlite3_column_text(row, i);
}

static const char *text_or_empty(sqlite3_stmt *row, int i)
{
    const char *s = text_at(row, i);
    return s == NULL ? "" : s;
}

static double real_at(sqlite3_stmt *row, int i)
{
    return sqlite3_column_type(row, i) == SQLITE_NULL ? NAN : sqlite3_column_double(row, i);
}

/* A number of an enum whose last one is MOST; what a file says beyond that counts as the first. */
static int enum_at(sqlite3_stmt *row, int i, int most)
{
    int64_t number = sqlite3_column_int64(row, i);
    return number < 0 || number > most ? 0 : (int)number;
}

static struct cell cell_at(sqlite3_stmt *row, int i)
{
    switch (sqlite3_column_type(row, i)) {
    case SQLITE_INTEGER:
        return cell_int(sqlite3_column_int64(row, i));
    case SQLITE_FLOAT:
        return cell_real(sqlite3_column_double(row, i));
    case SQLITE_TEXT:
        return cell_text(text_at(row, i));
    default:
        return cell_text(NULL);
    }
}

/* ---- Alerts and people ---- */

struct loading {
    struct book *book;
    struct notify *notify;
};

static void load_alert(void *ctx, sqlite3_stmt *row)
{
    struct loading *l = ctx;
    const char *rule = text_at(row, 1 + ALERT_RULE), *target = text_at(row, 1 + ALERT_TARGET),
               *key = text_at(row, 1 + ALERT_KEY);
    if (rule == NULL || target == NULL || key == NULL)
        return;
    struct alert *a = book_restore(l->book, rule, target, key);
    for (int i = ALERT_KEY + 1; i < alert_fields(); i++) {
        struct cell c = cell_at(row, i + 1);
        alert_field_set(a, i, &c);
    }
    a->state.held_s[LEVEL_NONE] = NAN;
}

static void load_number(void *ctx, sqlite3_stmt *row)
{
    struct loading *l = ctx;
    book_set_number(l->book, sqlite3_column_int64(row, 0));
}

static void load_silence(void *ctx, sqlite3_stmt *row)
{
    struct loading *l = ctx;
    /* book_silence takes copies: nothing here is written to. */
    struct cell texts[5];
    for (int i = 0; i < 5; i++)
        texts[i] = cell_at(row, i + 1);
    char *copies[5];
    for (int i = 0; i < 5; i++)
        copies[i] = texts[i].type == CELL_TEXT ? mem_dup(texts[i].text) : NULL;
    struct silence silence = {.id = sqlite3_column_int64(row, 0),
                              .rule = copies[0],
                              .target = copies[1],
                              .key = copies[2],
                              .by = copies[3],
                              .comment = copies[4],
                              .from_s = real_at(row, 6),
                              .until_s = real_at(row, 7)};
    book_silence(l->book, &silence);
    for (int i = 0; i < 5; i++)
        free(copies[i]);
}

static void load_notified(void *ctx, sqlite3_stmt *row)
{
    struct loading *l = ctx;
    struct notified n = {.webhook = text_or_empty(row, 1),
                         .level = (enum level)enum_at(row, 2, LEVEL_CRITICAL),
                         .number = sqlite3_column_int64(row, 3),
                         .repeats = sqlite3_column_int(row, 4),
                         .since_s = sqlite3_column_double(row, 5),
                         .pending = sqlite3_column_int(row, 6) != 0,
                         .acked = sqlite3_column_int(row, 7) != 0,
                         .flapping = sqlite3_column_int(row, 8) != 0,
                         .seen = sqlite3_column_int64(row, 9)};
    const char *id = text_or_empty(row, 0);
    memcpy(n.alert_id, id, strnlen(id, sizeof(n.alert_id) - 1));
    notify_restore(l->notify, &n);
}

/* The alert as it was, then the event. */
static void load_event(void *ctx, sqlite3_stmt *row)
{
    struct loading *l = ctx;
    struct alert then = {.value = NAN};
    const char *id = text_or_empty(row, 0);
    memcpy(then.id, id, strnlen(id, sizeof(then.id) - 1));
    for (int i = 0; i < alert_fields(); i++) {
        struct cell c = cell_at(row, i + 1);
        alert_field_set(&then, i, &c);
    }
    int at = alert_fields() + 1;
    struct event e = {.alert = &then, .wall_s = real_at(row, at + 5)};
    e.transition = (struct transition){.number = sqlite3_column_int64(row, at),
                                       .change = (enum change)enum_at(row, at + 1, CHANGE_CALM),
                                       .from = (enum level)enum_at(row, at + 2, LEVEL_CRITICAL),
                                       .to = (enum level)enum_at(row, at + 3, LEVEL_CRITICAL),
                                       .reason = (enum reason)enum_at(row, at + 4, REASON_ACKED)};
    if (then.rule != NULL && then.target != NULL && then.key != NULL)
        notify_restore_event(l->notify, &e);
    struct cell none = cell_text(NULL);
    for (int i = 0; i < alert_fields(); i++)
        alert_field_set(&then, i, &none);
}

static bool load_notify(struct state *s, struct loading *l, struct err *err)
{
    return each_row(s, "select * from notified", load_notified, l, err) &&
           each_row(s,
                    "select m.*, e.change, e.from_level, e.to_level, e.reason, e.at_s"
                    " from events e join moments m on m.id = e.alert_id and m.number = e.number"
                    " where e.alert_id in (select alert_id from notified where pending) order by e.seq",
                    load_event, l, err);
}

bool state_load(struct state *s, struct book *book, struct notify *notify, struct err *err)
{
    struct loading l = {book, notify};
    struct text alerts;
    if (notify != NULL)
        notify_set_generation(notify, s->file == NULL ? state_file_new_generation() : s->file->generation);
    if (s->file == NULL || !s->file->ready)
        return true;
    text_init(&alerts, 4096);
    text_add(&alerts, "select ");
    alert_columns_add(&alerts, false);
    text_add(&alerts, " from alerts");
    bool ok = each_row(s, text_str(&alerts), load_alert, &l, err) &&
              each_row(s, "select value from numbers where name = 'alert'", load_number, &l, err) &&
              each_row(s, "select * from silences order by id", load_silence, &l, err) &&
              (notify == NULL || load_notify(s, &l, err));
    text_done(&alerts);
    return ok;
}

/* ---- Contexts ---- */

struct contexts_loading {
    state_context_fn *fn;
    void *ctx;
    size_t left;
};

static void load_context(void *ctx, sqlite3_stmt *row)
{
    struct contexts_loading *l = ctx;
    const char *json = text_or_empty(row, 2);
    size_t len = (size_t)sqlite3_column_bytes(row, 2);
    bool fits = len <= l->left;
    l->left = fits ? l->left - len : 0;
    if (fits)
        l->fn(l->ctx, text_or_empty(row, 0), sqlite3_column_int64(row, 1), json);
}

bool state_contexts(struct state *s, size_t most_bytes, state_context_fn *fn, void *ctx, struct err *err)
{
    struct contexts_loading l = {fn, ctx, most_bytes};
    if (s->file == NULL || !s->file->ready)
        return true;
    return each_row(s,
                    "select c.alert_id, c.number, c.json from contexts as c"
                    " left join alerts as a on a.id = c.alert_id and a.snapshot = c.number"
                    " order by coalesce(a.level, 0) > 0 desc, c.rowid desc limit 100",
                    load_context, &l, err);
}

/* ---- The outbox ---- */

static void load_message(void *ctx, sqlite3_stmt *row)
{
    struct state *s = ctx;
    struct outgoing *o = mem_new(sizeof(*o));
    struct outbox_row *r =
        outbox_row_new(sqlite3_column_int64(row, 0), text_or_empty(row, 1), text_or_empty(row, 2),
                       text_or_empty(row, 3), text_or_empty(row, 4));
    r->made_s = real_at(row, 6);
    r->attempts = sqlite3_column_int(row, 7);
    r->age_s = sqlite3_column_double(row, 8);
    o->row = r;
    if (s->last_early == NULL)
        s->early = o;
    else
        s->last_early->next = o;
    s->last_early = o;
    live_add(s, &(struct live){.number = r->number,
                               .message_id = mem_dup(r->message_id),
                               .webhook = mem_dup(r->webhook),
                               .text = mem_dup(text_or_empty(row, 5)),
                               .alerts = mem_dup(r->order_key),
                               .attempts = r->attempts,
                               .made_mono_s = loop_mono_s() - r->age_s});
    if (r->attempts > 0)
        return;
    char *text = mem_dup(text_or_empty(row, 5));
    attempts_add(s->attempts, &(struct attempt_row){.number = r->number,
                                                    .at_s = r->made_s,
                                                    .webhook = r->webhook,
                                                    .message_id = r->message_id,
                                                    .text = text,
                                                    .alerts = r->order_key,
                                                    .took_ms = NAN});
    free(text);
}

static void load_attempt(void *ctx, sqlite3_stmt *row)
{
    struct state *s = ctx;
    char *texts[] = {mem_dup(text_at(row, 3)), mem_dup(text_at(row, 4)), mem_dup(text_at(row, 5)),
                     mem_dup(text_at(row, 8)), mem_dup(text_at(row, 10))};
    attempts_add(s->attempts, &(struct attempt_row){.number = sqlite3_column_int64(row, 0),
                                                    .attempt = sqlite3_column_int(row, 1),
                                                    .at_s = real_at(row, 2),
                                                    .webhook = texts[0],
                                                    .message_id = texts[1],
                                                    .text = texts[2],
                                                    .outcome = (enum delivery)enum_at(row, 6, DELIVERY_DEAD),
                                                    .status = sqlite3_column_int(row, 7),
                                                    .detail = texts[3],
                                                    .took_ms = real_at(row, 9),
                                                    .alerts = texts[4]});
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(texts[i]);
}

static void load_next(void *ctx, sqlite3_stmt *row)
{
    struct state *s = ctx;
    s->next_message = sqlite3_column_int64(row, 0) + 1;
}

bool state_load_outbox(struct state *s, struct err *err)
{
    return each_row(s,
                    "select number, attempt, at_s, webhook, message_id, text, outcome, status, detail, "
                    "took_ms, alerts from"
                    " (select * from deliveries order by seq desc limit 500) order by seq",
                    load_attempt, s, err) &&
           each_row(s, "select * from outbox where not dead order by number", load_message, s, err) &&
           each_row(s,
                    "select max(coalesce((select max(number) from outbox), 0),"
                    " coalesce((select max(number) from deliveries), 0))",
                    load_next, s, err);
}

/* ---- Small rows ---- */

void state_put_alert(struct state *s, struct alert *a)
{
    a->kept = alert_hash(a);
    state_add_row(s, row_of_alert(a));
}

int state_put_rule(struct state *s, const struct book *b, const struct rule *rule)
{
    int n = 0;
    struct alert *a;
    for (int i = 0; (a = book_alert_of(b, rule, i)) != NULL; i++) {
        if (alert_hash(a) == a->kept)
            continue;
        state_put_alert(s, a);
        n++;
    }
    return n;
}

void state_drop_alert(struct state *s, const struct alert *a, int64_t number)
{
    struct cell id = cell_text(a->id), cells[] = {cell_text("alert"), cell_int(number)};
    state_add_row(s, row_new(DROP_ALERT, &id, 1));
    state_add_row(s, row_new(PUT_NUMBER, cells, 2));
}

void state_put_event(struct state *s, const struct event *e)
{
    const struct transition *t = &e->transition;
    struct cell cells[] = {cell_text(e->alert->id), cell_int(t->number),       cell_int(t->change),
                           cell_int(t->from),       cell_int(t->to),           cell_int(t->reason),
                           cell_real(e->wall_s),    cell_text(e->alert->title)};
    state_add_row(s, row_new(PUT_EVENT, cells, sizeof(cells) / sizeof(cells[0])));
    state_add_row(s, row_of_moment(e->alert, t->number));
}

void state_put_notified(struct state *s, const struct notified *n)
{
    struct cell cells[] = {cell_text(n->alert_id), cell_text(n->webhook), cell_int(n->level),
                           cell_int(n->number),    cell_int(n->repeats),  cell_real(n->since_s),
                           cell_int(n->pending),   cell_int(n->acked),    cell_int(n->flapping),
                           cell_int(n->seen)};
    bool over = n->level == LEVEL_NONE && !n->pending && !n->flapping;
    state_add_row(s, row_new(over ? DROP_NOTIFIED : PUT_NOTIFIED, cells, over ? 2 : 10));
}

void state_put_silence(struct state *s, const struct silence *silence)
{
    struct cell cells[] = {cell_int(silence->id),      cell_text(silence->rule),
                           cell_text(silence->target), cell_text(silence->key),
                           cell_text(silence->by),     cell_text(silence->comment),
                           cell_real(silence->from_s), cell_real(silence->until_s)};
    state_add_row(s, row_new(PUT_SILENCE, cells, sizeof(cells) / sizeof(cells[0])));
}

void state_put_context(struct state *s, int64_t number, const char *alert_id, const char *json)
{
    struct cell cells[] = {cell_text(alert_id), cell_int(number), cell_text(json)};
    state_add_row(s, row_new(PUT_CONTEXT, cells, sizeof(cells) / sizeof(cells[0])));
}
