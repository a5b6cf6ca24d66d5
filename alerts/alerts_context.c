/* What the moment looked like when an alert fired: asked for, kept in the state file, shown as dataset
 * `alert_context` as long as there is room. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alerts_private.h"
#include "alerts/context.h"
#include "core/mem.h"

enum { PRIORITY = 2, MOST_BYTES = 1 << 20, MOST_ASKING = 200 };
static const double show_every_s = 1;

/* A question on its way: first for the moment, when it is a new one; then for the rows of that. */
struct asking {
    struct asking *next;
    struct alerts *alerts;
    int ticket;
    int64_t number;
    char id[17];
};
/* One of which there are rows in the samples, or will be with the next. */
struct kept {
    char id[17];
    int64_t number;
    char *target;
    double fired_s;
    size_t bytes;
    struct result *rows; /* NULL: they are in the sample */
};
struct contexts {
    struct asking *asking;
    int n_asking;
    struct kept *kept;
    int n_kept;
    size_t bytes;
    char **stale; /* targets whose sample is not what is kept */
    int n_stale;
    double shown_s; /* monotonic */
};

struct contexts *contexts_new(void)
{
    struct contexts *c = mem_new(sizeof(*c));
    c->shown_s = -HUGE_VAL;
    return c;
}

static void asking_end(struct asking *k)
{
    struct asking **at = &k->alerts->contexts->asking;
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    k->alerts->contexts->n_asking--;
    free(k);
}

void contexts_stop(struct alerts *a)
{
    while (a->contexts != NULL && a->contexts->asking != NULL) {
        query_cancel(a->queries, a->contexts->asking->ticket);
        asking_end(a->contexts->asking);
    }
}

static void kept_done(struct kept *k)
{
    result_free(k->rows);
    free(k->target);
}

static void stale_clear(struct contexts *c)
{
    while (c->n_stale > 0)
        free(c->stale[--c->n_stale]);
}

void contexts_free(struct alerts *a)
{
    struct contexts *c = a->contexts;
    if (c == NULL)
        return;
    contexts_stop(a);
    for (int i = 0; i < c->n_kept; i++)
        kept_done(&c->kept[i]);
    stale_clear(c);
    free(c->kept);
    free(c->stale);
    free(c);
    a->contexts = NULL;
}

static struct asking *asking_new(struct alerts *a, const char *id, int64_t number)
{
    struct asking *k = mem_new(sizeof(*k));
    *k = (struct asking){.next = a->contexts->asking, .alerts = a, .number = number};
    memcpy(k->id, id, strnlen(id, sizeof(k->id) - 1));
    a->contexts->asking = k;
    a->contexts->n_asking++;
    return k;
}

static void ask(struct asking *k, const char *sql, const struct query_param *params, int n, query_done_fn *fn)
{
    struct alerts *a = k->alerts;
    struct query q = {.sql = sql, .params = params, .n_params = n, .seldom = true};
    struct snapshot *s = store_snapshot(engine_store(a->engine));
    k->ticket = query_submit(a->queries, s, &q, PRIORITY, fn, k);
    snapshot_unref(s);
}

/* ---- What is kept ---- */

static bool is_kept(void *ctx, const char *id, int64_t number)
{
    const struct contexts *c = ctx;
    for (int i = 0; i < c->n_kept; i++)
        if (c->kept[i].number == number && strcmp(c->kept[i].id, id) == 0)
            return true;
    return false;
}

static void show(struct alerts *a, const char *target)
{
    struct contexts *c = a->contexts;
    const struct sample *before = store_newest(engine_store(a->engine), target, &alert_context_dataset);
    struct result **added = mem_new_array((size_t)c->n_kept, sizeof(struct result *));
    int n = 0;
    for (int i = 0; i < c->n_kept; i++)
        if (c->kept[i].rows != NULL && strcmp(c->kept[i].target, target) == 0) {
            added[n++] = c->kept[i].rows;
            c->kept[i].rows = NULL;
        }
    struct sample *s = context_sample(before, is_kept, c, added, n);
    s->wall_s = loop_wall_s();
    s->mono_s = loop_mono_s();
    engine_put(a->engine, target, s);
    while (n > 0)
        result_free(added[--n]);
    free(added);
}

/* Many may fire at once: a sample is made once for all of them. */
void contexts_show(struct alerts *a, double now_s)
{
    struct contexts *c = a->contexts;
    if (c->n_stale == 0 || now_s - c->shown_s < show_every_s)
        return;
    for (int i = 0; i < c->n_stale; i++)
        show(a, c->stale[i]);
    stale_clear(c);
    c->shown_s = now_s;
}

static void set_stale(struct contexts *c, const char *target)
{
    for (int i = 0; i < c->n_stale; i++)
        if (strcmp(c->stale[i], target) == 0)
            return;
    c->stale = mem_grow(c->stale, (size_t)c->n_stale + 1, sizeof(char *));
    c->stale[c->n_stale++] = mem_dup(target);
}

/* The one that is missed least: the oldest whose alert has ended, else the oldest. */
static int least_wanted(const struct alerts *a)
{
    const struct contexts *c = a->contexts;
    int found = 0;
    bool found_fires = true;
    for (int i = 0; i < c->n_kept; i++) {
        const struct alert *alert = book_find(a->book, c->kept[i].id);
        bool fires = alert != NULL && alert_state_force(&alert->state) != LEVEL_NONE &&
                     alert->snapshot == c->kept[i].number;
        if (i == 0 || fires < found_fires ||
            (fires == found_fires && c->kept[i].fired_s < c->kept[found].fired_s)) {
            found = i;
            found_fires = fires;
        }
    }
    return found;
}

static void make_room(struct alerts *a)
{
    struct contexts *c = a->contexts;
    while (c->bytes > MOST_BYTES) {
        struct kept *k = &c->kept[least_wanted(a)], gone = *k;
        *k = c->kept[--c->n_kept];
        c->bytes -= gone.bytes;
        set_stale(c, gone.target);
        kept_done(&gone);
    }
}

/* Takes ROWS. */
static void keep(struct alerts *a, const struct asking *k, struct result *rows)
{
    struct contexts *c = a->contexts;
    const struct value *target = result_at(rows, 0, result_column(rows, "target"));
    if (target->type != VALUE_TEXT || is_kept(c, k->id, k->number)) {
        result_free(rows);
        return;
    }
    c->kept = mem_grow(c->kept, (size_t)c->n_kept + 1, sizeof(*c->kept));
    struct kept *new = &c->kept[c->n_kept++];
    *new = (struct kept){.number = k->number,
                         .target = mem_dup(target->text),
                         .fired_s = value_real(result_at(rows, 0, result_column(rows, "fired_at"))),
                         .bytes = context_bytes(rows),
                         .rows = rows};
    memcpy(new->id, k->id, sizeof(new->id));
    c->bytes += new->bytes;
    set_stale(c, new->target);
    make_room(a);
    alerts_wake(a);
}

static void on_rows(void *ctx, struct result *rows, const char *error)
{
    struct asking *k = ctx;
    (void)error; /* a file of an older version, or one that a hand was in: it is not shown */
    if (rows != NULL && rows->n_rows > 0)
        keep(k->alerts, k, rows);
    else
        result_free(rows);
    asking_end(k);
}

static void ask_rows(struct asking *k, const char *json)
{
    const struct query_param params[] = {{"json", {VALUE_TEXT, .text = json}},
                                         {"id", {VALUE_TEXT, .text = k->id}},
                                         {"number", {VALUE_INT, .integer = k->number}}};
    ask(k, context_rows_sql, params, 3, on_rows);
}

/* ---- The moment ---- */

static void on_taken(void *ctx, struct result *taken, const char *error)
{
    struct asking *k = ctx;
    struct alerts *a = k->alerts;
    struct alert *alert = book_find(a->book, k->id);
    const struct value *json = taken != NULL && taken->n_rows > 0 ? result_at(taken, 0, 0) : NULL;
    (void)error; /* without it the alert is told all the same */
    if (alert != NULL && json != NULL && json->type == VALUE_TEXT) {
        alert->snapshot = k->number;
        state_put_context(a->state, k->number, k->id, json->text);
        state_put_alert(a->state, alert);
        a->dirty = true;
        ask_rows(k, json->text);
    } else {
        asking_end(k);
    }
    result_free(taken);
}

void context_ask(struct alerts *a, const struct event *e)
{
    const struct alert *alert = e->alert;
    if (a->contexts->n_asking >= MOST_ASKING)
        return; /* a flood: the first of it tell what there is to see */
    const struct query_param params[] = {
        {"target", {VALUE_TEXT, .text = alert->target}},
        {"rule", {VALUE_TEXT, .text = alert->rule}},
        {"key", {VALUE_TEXT, .text = alert->key}},
        {"severity", {VALUE_TEXT, .text = level_name(e->transition.to)}},
        {"at", {VALUE_REAL, .real = e->wall_s}},
    };
    struct asking *k = asking_new(a, alert->id, e->transition.number);
    ask(k, context_take_sql, params, sizeof(params) / sizeof(params[0]), on_taken);
}

/* ---- What the file has ---- */

static void load(void *ctx, const char *id, int64_t number, const char *json)
{
    ask_rows(asking_new(ctx, id, number), json);
}

bool contexts_load(struct alerts *a, struct err *err)
{
    return state_contexts(a->state, MOST_BYTES, load, a, err);
}
