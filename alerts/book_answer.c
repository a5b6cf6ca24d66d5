/* The answer of a rule goes into the book: each alert that it names or does not name makes one step. */
#include <stdlib.h>
#include <string.h>

#include "alerts/book_private.h"
#include "core/mem.h"

enum { MOST_ALERTS = 10000 }; /* of one rule */
static const char no_value[] = "it has no value";

struct answering {
    struct book *book;
    struct rule_book *rules;
    const struct book_answer *answer;
};

static struct machine machine_of(const struct rule *r, const struct alert *a)
{
    struct machine m = {
        .for_s = r->for_s, .keep_for_s = r->keep_for_s, .latched = r->latched, .acked = a->ack.by != NULL};
    switch (r->on_no_data) {
    case NO_DATA_KEEP:
        m.on_no_data = MACHINE_KEEP;
        break;
    case NO_DATA_ALERT:
        m.on_no_data = MACHINE_ALERT;
        break;
    case NO_DATA_OK:
        m.on_no_data = MACHINE_OK;
        break;
    }
    return m;
}

/* What having no data counts as: a warning, or what the rule has that is nearest. */
static enum level no_data_level(const struct rule *r)
{
    if (r->levels[LEVEL_WARNING].op == COMPARE_NONE && r->levels[LEVEL_CRITICAL].op != COMPARE_NONE)
        return LEVEL_CRITICAL;
    if (r->levels[LEVEL_WARNING].op == COMPARE_NONE && r->levels[LEVEL_INFO].op != COMPARE_NONE)
        return LEVEL_INFO;
    return LEVEL_WARNING;
}

static void step(const struct answering *s, struct entry *e, const struct outcome *o, const char *no_data)
{
    const struct book_answer *a = s->answer;
    struct outcome outcome = *o;
    struct machine m = machine_of(a->rule, &e->alert);
    struct transition transitions[2];
    if (o->kind == OUTCOME_NO_DATA)
        outcome.level = no_data_level(a->rule);
    text_replace(&e->alert.no_data, o->kind == OUTCOME_NO_DATA ? no_data : NULL);
    e->round = s->book->round;
    e->alert.restored = false;
    int n = machine_step(&e->alert.state, &m, &outcome, a->step_s, a->wall_s, transitions);
    if (o->kind == OUTCOME_TRUE)
        entry_title(e, REASON_NONE);
    entry_tell(s->book, e, transitions, n, a->wall_s);
}

/* The alert of that key, made if the rule has room for one more. */
static struct entry *take(const struct answering *s, const char *target, const char *key)
{
    const char *rule = s->answer->rule->name;
    struct entry *e = entry_find(s->book, rule, target, key);
    if (e == NULL && s->rules->entries.n >= MOST_ALERTS) {
        s->rules->left_out++;
        return NULL;
    }
    return entry_get(s->book, s->rules, rule, target, key);
}

static void apply_row(const struct answering *s, const struct finding_row *row)
{
    const struct rule *rule = s->answer->rule;
    bool alerts = row->outcome.kind == OUTCOME_TRUE ||
                  (row->outcome.kind == OUTCOME_NO_DATA && rule->on_no_data == NO_DATA_ALERT);
    struct entry *e =
        alerts ? take(s, row->target, row->key) : entry_find(s->book, rule->name, row->target, row->key);
    if (e == NULL)
        return;
    if (row->outcome.kind == OUTCOME_TRUE)
        entry_describe(s->book, e, s->answer->result, row);
    else if (row->outcome.kind == OUTCOME_FALSE)
        entry_describe_over(e, s->answer->result, row);
    step(s, e, &row->outcome, no_value);
}

/* What the answer does not name. */
static void apply_rest(const struct answering *s, struct entry *e)
{
    const struct book_answer *a = s->answer;
    struct outcome o = {.kind = OUTCOME_FALSE, .reason = REASON_GONE};
    const char *no_data = e->place->no_data;
    if (e->round == s->book->round || e->place->round != s->book->round)
        return;
    if (no_data == NULL && a->result->more)
        no_data = "the answer was cut: too many rows";
    if (no_data != NULL && a->rule->on_no_data == NO_DATA_ALERT && e->alert.state.phase == PHASE_OK)
        return; /* whether this one would be bad is not known: if nothing of the target alerts, one of all
                   does */
    if (no_data != NULL)
        o = (struct outcome){.kind = OUTCOME_NO_DATA, .reason = REASON_NO_DATA};
    else if (e->alert.state.phase != PHASE_OK && a->still_there != NULL && a->still_there(a->ctx, &e->alert))
        o.reason = REASON_FLOOR;
    step(s, e, &o, no_data);
}

static void set_no_data(const struct answering *s, const struct place *p, const char *why)
{
    struct rule_book *r = s->rules;
    if (why != NULL && p->number >= r->n_places) {
        int n = s->book->n_places;
        r->no_data = mem_grow(r->no_data, (size_t)n, sizeof(*r->no_data));
        memset(r->no_data + r->n_places, 0, (size_t)(n - r->n_places) * sizeof(*r->no_data));
        r->n_places = n;
    }
    if (p->number < r->n_places)
        text_replace(&r->no_data[p->number], why);
}

/* Marks the places that the answer speaks of, and keeps why those without data have none. */
static void cover(const struct answering *s)
{
    const struct book_answer *a = s->answer;
    int hint = 0;
    for (int i = 0; i < a->n_coverage; i++) {
        const struct coverage *c = &a->coverage[i];
        struct place *p = place_get(s->book, c->target, hint);
        const char *why = c->no_data;
        if (a->result == NULL && why == NULL)
            why = a->error != NULL ? a->error : "the rule could not be judged";
        hint = p->number + 1;
        p->round = s->book->round;
        p->no_data = why;
        set_no_data(s, p, why);
    }
}

/* Targets without data alert even if nothing of them ever did. */
static void alert_of_no_data(const struct answering *s)
{
    static const struct outcome none = {.kind = OUTCOME_NO_DATA, .reason = REASON_NO_DATA};
    for (int i = 0; i < s->book->n_places; i++) {
        const struct place *p = s->book->places[i];
        if (p->round != s->book->round || p->no_data == NULL)
            continue;
        bool has = false;
        for (int j = 0; j < p->entries.n && !has; j++) {
            const struct entry *e = p->entries.list[j];
            has = e->rules == s->rules && e->round == s->book->round && e->alert.state.phase != PHASE_OK;
        }
        struct entry *e = has ? NULL : take(s, p->name, "");
        if (e != NULL && e->round != s->book->round)
            step(s, e, &none, p->no_data);
    }
}

/* A target whose rows have no value, not one of them, is not judged. */
static void note_values(const struct answering *s, const struct judgement *j)
{
    bool all = true;
    for (int i = 0; i < j->n; i++)
        all = all && j->rows[i].outcome.kind != OUTCOME_NO_DATA;
    for (int i = 0; i < j->n && !all; i++)
        if (j->rows[i].outcome.kind != OUTCOME_NO_DATA)
            place_get(s->book, j->rows[i].target, 0)->valued = s->book->round;
    for (int i = 0; i < j->n && !all; i++) {
        struct place *p = place_get(s->book, j->rows[i].target, 0);
        if (p->round == s->book->round && p->valued != s->book->round)
            set_no_data(s, p, no_value);
    }
}

static enum level level_of(void *ctx, const char *target, const char *key)
{
    const struct answering *s = ctx;
    const struct entry *e = entry_find(s->book, s->answer->rule->name, target, key);
    return e == NULL ? LEVEL_NONE : alert_state_force(&e->alert.state);
}

void book_answer(struct book *b, const struct book_answer *a)
{
    struct answering s = {b, rule_book_of(b, a->rule), a};
    if (s.rules == NULL) /* asked before the rules were read again */
        return;
    b->round++;
    s.rules->judged_at = a->wall_s;
    s.rules->cpu_ms = a->cpu_ms;
    s.rules->left_out = 0;
    text_replace(&s.rules->error, a->result == NULL ? a->error : NULL);
    cover(&s);
    if (a->result != NULL) {
        struct judgement j = {0};
        judge_result(a->rule, a->result, a->coverage, a->n_coverage, level_of, &s, &j);
        for (int i = 0; i < j.n; i++)
            apply_row(&s, &j.rows[i]);
        note_values(&s, &j);
        judgement_done(&j);
    }
    for (int i = s.rules->entries.n - 1; i >= 0; i--)
        apply_rest(&s, s.rules->entries.list[i]);
    if (a->rule->on_no_data == NO_DATA_ALERT)
        alert_of_no_data(&s);
}
