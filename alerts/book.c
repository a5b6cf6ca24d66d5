/* The book: the list of alerts, found by rule, target and key; rules and targets that come and go. */
#include "alerts/book_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

enum { FIRST_BUCKETS = 64 };
static const double KEPT_S = 900;

void text_replace(char **slot, const char *text)
{
    if (*slot == text || (*slot != NULL && text != NULL && strcmp(*slot, text) == 0))
        return;
    free(*slot);
    *slot = mem_dup(text);
}

static uint64_t hash_of(const char *rule, const char *target, const char *key)
{
    uint64_t h = epoch_add(EPOCH_START, rule, strlen(rule) + 1);
    h = epoch_add(h, target, strlen(target) + 1);
    return epoch_add(h, key, strlen(key) + 1);
}

static struct entry **bucket(const struct book *b, uint64_t hash)
{
    return &b->buckets[(hash ^ hash >> 32) & (uint64_t)(b->n_buckets - 1)];
}

static void bucket_add(const struct book *b, struct entry *e)
{
    struct entry **first = bucket(b, e->hash);
    e->next = *first;
    *first = e;
}

static void buckets_grow(struct book *b)
{
    free(b->buckets);
    b->n_buckets = b->n_buckets == 0 ? FIRST_BUCKETS : 2 * b->n_buckets;
    b->buckets = mem_new_array((size_t)b->n_buckets, sizeof(*b->buckets));
    for (int i = 0; i < b->entries.n; i++)
        bucket_add(b, b->entries.list[i]);
}

static bool is_called(const struct alert *a, const char *rule, const char *target, const char *key)
{
    return strcmp(a->key, key) == 0 && strcmp(a->target, target) == 0 && strcmp(a->rule, rule) == 0;
}

struct entry *entry_find(const struct book *b, const char *rule, const char *target, const char *key)
{
    uint64_t hash = hash_of(rule, target, key);
    for (struct entry *e = *bucket(b, hash); e != NULL; e = e->next)
        if (e->hash == hash && is_called(&e->alert, rule, target, key))
            return e;
    return NULL;
}

static void list_add(struct entries *l, int which, struct entry *e)
{
    if ((l->n & (l->n - 1)) == 0) /* it is full at each power of two */
        l->list = mem_grow(l->list, l->n == 0 ? 1 : 2 * (size_t)l->n, sizeof(struct entry *));
    e->at[which] = l->n;
    l->list[l->n++] = e;
}

/* The last one takes its place. */
static void list_remove(struct entries *l, int which, const struct entry *e)
{
    struct entry *last = l->list[--l->n];
    l->list[e->at[which]] = last;
    last->at[which] = e->at[which];
}

static void move_to(struct entry *e, struct rule_book *r)
{
    if (e->rules == r)
        return;
    if (e->rules != NULL)
        list_remove(&e->rules->entries, IN_RULE, e);
    list_add(&r->entries, IN_RULE, e);
    e->rules = r;
}

struct entry *entry_get(struct book *b, struct rule_book *rules, const char *rule, const char *target,
                        const char *key)
{
    struct entry *e = entry_find(b, rule, target, key);
    if (e != NULL) {
        move_to(e, rules); /* its rule was away for a while */
        return e;
    }
    e = mem_new(sizeof(*e));
    e->hash = hash_of(rule, target, key);
    e->alert =
        (struct alert){.rule = mem_dup(rule), .target = mem_dup(target), .key = mem_dup(key), .value = NAN};
    e->alert.ack.at_s = e->alert.ack.until_s = NAN;
    snprintf(e->alert.id, sizeof(e->alert.id), "%016" PRIx64, e->hash);
    alert_state_init(&e->alert.state);
    e->alert.state.transitions = b->number;
    e->place = place_get(b, target, 0);
    list_add(&b->entries, IN_BOOK, e);
    list_add(&e->place->entries, IN_PLACE, e);
    move_to(e, rules);
    if (b->entries.n > b->n_buckets)
        buckets_grow(b);
    else
        bucket_add(b, e);
    const struct alert *inhibitor = book_inhibitor(b, &e->alert);
    e->alert.inhibited_by = inhibitor == NULL ? NULL : mem_dup(inhibitor->rule);
    return e;
}

static void entry_free(struct entry *e)
{
    struct alert *a = &e->alert;
    char *texts[] = {a->rule,   a->target,    a->key,      a->value_text, a->summary, a->over, a->title,
                     a->action, a->threshold, a->evidence, a->labels,     a->no_data, a->inhibited_by};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        free(texts[i]);
    ack_clear(a);
    free(e);
}

void entry_forget(struct book *b, struct entry *e)
{
    if (e->alert.state.transitions > b->number)
        b->number = e->alert.state.transitions;
    if (b->on_forget != NULL)
        b->on_forget(b->forget_ctx, &e->alert);
    struct entry **at = bucket(b, e->hash);
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    list_remove(&e->rules->entries, IN_RULE, e);
    list_remove(&e->place->entries, IN_PLACE, e);
    list_remove(&b->entries, IN_BOOK, e);
    entry_free(e);
}

struct place *place_get(struct book *b, const char *name, int hint)
{
    for (int i = 0; i < b->n_places; i++) {
        struct place *p = b->places[(hint + i) % b->n_places];
        if (strcmp(p->name, name) == 0)
            return p;
    }
    struct place *p = mem_new(sizeof(*p));
    *p = (struct place){.name = mem_dup(name), .number = b->n_places};
    b->places = mem_grow(b->places, (size_t)b->n_places + 1, sizeof(*b->places));
    b->places[b->n_places++] = p;
    return p;
}

struct rule_book *rule_book_of(const struct book *b, const struct rule *rule)
{
    bool ours = rule >= b->rules->list && rule < b->rules->list + b->rules->n;
    return ours ? b->rule_books[rule - b->rules->list] : NULL;
}

static struct rule_book *rule_book_called(const struct book *b, const char *name)
{
    for (int i = 0; i < b->n_rule_books; i++)
        if (b->rule_books[i] != NULL && strcmp(b->rule_books[i]->name, name) == 0)
            return b->rule_books[i];
    return NULL;
}

static void rule_book_free(struct rule_book *r)
{
    for (int i = 0; i < r->n_places; i++)
        free(r->no_data[i]);
    free(r->no_data);
    free(r->entries.list);
    free(r->error);
    free(r->name);
    free(r);
}

/* A list as RULES: what is kept of rules of the same name goes on. The old list keeps those that went. */
static void rule_books_make(struct book *b, const struct rules *rules)
{
    struct rule_book **list = mem_new_array((size_t)rules->n + 1, sizeof(struct rule_book *));
    for (int i = 0; i < rules->n; i++) {
        struct rule_book *r = rule_book_called(b, rules->list[i].name);
        if (r == NULL) {
            r = mem_new(sizeof(*r));
            *r = (struct rule_book){.name = mem_dup(rules->list[i].name), .judged_at = NAN, .cpu_ms = NAN};
        }
        for (int j = 0; j < b->n_rule_books; j++)
            if (b->rule_books[j] == r)
                b->rule_books[j] = NULL;
        r->rule = &rules->list[i];
        r->number = i;
        list[i] = r;
    }
    for (int i = 0; i < b->n_rule_books; i++) {
        struct rule_book *r = b->rule_books[i];
        while (r != NULL && r->entries.n > 0)
            move_to(r->entries.list[0], &b->orphans);
        if (r != NULL)
            rule_book_free(r);
    }
    free(b->rule_books);
    b->rule_books = list;
    b->n_rule_books = rules->n;
    b->rules = rules;
}

struct book *book_new(const struct rules *rules)
{
    struct book *b = mem_new(sizeof(*b));
    b->json = json_new();
    b->orphans = (struct rule_book){.judged_at = NAN, .cpu_ms = NAN};
    buckets_grow(b);
    rule_books_make(b, rules);
    return b;
}

void book_free(struct book *b)
{
    if (b == NULL)
        return;
    for (int i = 0; i < b->entries.n; i++)
        entry_free(b->entries.list[i]);
    for (int i = 0; i < b->n_rule_books; i++)
        rule_book_free(b->rule_books[i]);
    for (int i = 0; i < b->n_places; i++) {
        free(b->places[i]->entries.list);
        free(b->places[i]->name);
        free(b->places[i]);
    }
    silences_done(&b->silences);
    free(b->orphans.entries.list);
    free(b->rule_books);
    free(b->entries.list);
    free(b->buckets);
    free(b->places);
    json_free(b->json);
    free(b);
}

void book_on_event(struct book *b, book_event_fn *fn, void *ctx)
{
    b->on_event = fn;
    b->event_ctx = ctx;
}

void book_on_forget(struct book *b, book_forget_fn *fn, void *ctx)
{
    b->on_forget = fn;
    b->forget_ctx = ctx;
}

int64_t book_number(const struct book *b)
{
    return b->number;
}

void book_set_number(struct book *b, int64_t number)
{
    b->number = number;
}

int book_alerts(const struct book *b)
{
    return b->entries.n;
}

struct alert *book_alert(const struct book *b, int i)
{
    return &b->entries.list[i]->alert;
}

struct alert *book_alert_of(const struct book *b, const struct rule *rule, int i)
{
    const struct rule_book *r = rule_book_of(b, rule);
    return r != NULL && i < r->entries.n ? &r->entries.list[i]->alert : NULL;
}

struct alert *book_find(const struct book *b, const char *id)
{
    char *end = NULL;
    if (strlen(id) != 16)
        return NULL;
    uint64_t hash = strtoull(id, &end, 16);
    for (struct entry *e = *bucket(b, hash); e != NULL; e = e->next)
        if (strcmp(e->alert.id, id) == 0)
            return &e->alert;
    return NULL;
}

struct alert *book_restore(struct book *b, const char *rule, const char *target, const char *key)
{
    struct rule_book *r = rule_book_called(b, rule);
    struct entry *e = entry_get(b, r != NULL ? r : &b->orphans, rule, target, key);
    e->alert.restored = true;
    return &e->alert;
}

void entry_tell(struct book *b, struct entry *e, const struct transition *transitions, int n, double wall_s)
{
    bool force_changed = false;
    for (int i = 0; i < n; i++) {
        enum change change = transitions[i].change;
        if (change == CHANGE_RESOLVED || change == CHANGE_ESCALATED)
            ack_clear(&e->alert);
        force_changed = force_changed || change == CHANGE_FIRED || change == CHANGE_RESOLVED;
        if (change == CHANGE_FLAPPING || change == CHANGE_CALM)
            continue;
        e->alert.reason = transitions[i].reason;
        entry_title(e, e->alert.reason);
    }
    if (force_changed && alert_inhibits(&e->alert))
        place_inhibit(b, e->place);
    for (int i = 0; i < n && b->on_event != NULL; i++)
        b->on_event(b->event_ctx, &(struct event){&e->alert, transitions[i], wall_s});
}

static void entry_remove(struct book *b, struct entry *e, double wall_s)
{
    struct transition transitions[2];
    int n = machine_remove(&e->alert.state, wall_s, transitions);
    entry_tell(b, e, transitions, n, wall_s);
}

void book_set_rules(struct book *b, const struct rules *rules, double wall_s)
{
    rule_books_make(b, rules);
    for (int i = 0; i < b->entries.n; i++) {
        struct entry *e = b->entries.list[i];
        struct rule_book *r = e->rules->rule != NULL ? e->rules : rule_book_called(b, e->alert.rule);
        if (r != NULL)
            move_to(e, r);
        if (r == NULL || !r->rule->enabled)
            entry_remove(b, e, wall_s);
    }
    for (int i = 0; i < b->n_places; i++)
        place_inhibit(b, b->places[i]);
}

void book_set_targets(struct book *b, const char *const *targets, int n, double wall_s)
{
    b->round++;
    for (int i = 0; i < n; i++)
        place_get(b, targets[i], i)->round = b->round;
    for (int i = 0; i < b->entries.n; i++)
        if (b->entries.list[i]->place->round != b->round)
            entry_remove(b, b->entries.list[i], wall_s);
}

/* Nothing of it is of any use: it never fired, or that was long ago. */
static bool is_over(const struct entry *e)
{
    const struct alert_state *s = &e->alert.state;
    if (s->phase != PHASE_OK || (e->rules->rule != NULL && (s->history != 0 || s->flapping)))
        return false;
    return isnan(s->fired_at) || e->quiet_s >= KEPT_S;
}

void book_tick(struct book *b, double step_s, double wall_s)
{
    for (int i = b->entries.n - 1; i >= 0; i--) {
        struct entry *e = b->entries.list[i];
        if (e->alert.ack.by != NULL && e->alert.ack.until_s <= wall_s)
            ack_clear(&e->alert);
        e->quiet_s = e->alert.state.phase == PHASE_OK ? e->quiet_s + step_s : 0;
        if (is_over(e))
            entry_forget(b, e);
    }
}
