/* What an alert says to people: title, summary, value, and the row that caused it as JSON. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/book_private.h"
#include "core/mem.h"
#include "core/utf8.h"

enum {
    LONGEST_TITLE = 200,
    LONGEST_TEXT = 2000,
    LONGEST_VALUE = 1000,
    LONGEST_EVIDENCE = 16384,
    TARGET_SHOWN = 28
};

/* Appends S on one line, harmless, at most MOST bytes of it, cut at a character. */
static void add_line(struct text *out, const char *s, size_t most)
{
    struct text clean;
    text_init(&clean, most);
    utf8_clean(&clean, s, false);
    text_add(out, text_str(&clean));
    if (clean.cut)
        text_add(out, "\xe2\x80\xa6");
    text_done(&clean);
}

static void expand(char **slot, const struct rule *rule, const char *template, const struct result *result,
                   const struct finding_row *row)
{
    struct text t;
    text_init(&t, LONGEST_TEXT);
    if (template != NULL)
        rule_expand(&t, rule, template, result, row->row, row->count);
    text_replace(slot, template != NULL ? text_str(&t) : NULL);
    text_done(&t);
}

/* "name": value, */
static void add_member(struct json *json, struct text *out, const char *name, const struct value *v)
{
    struct text member;
    text_init(&member, LONGEST_EVIDENCE);
    json_add_text(json, &member, name);
    text_add_char(&member, ':');
    if (v->type == VALUE_TEXT) {
        struct text cut;
        text_init(&cut, LONGEST_VALUE);
        text_add(&cut, v->text);
        json_add_text(json, &member, text_str(&cut));
        text_done(&cut);
    } else
        json_add(json, &member, v);
    if (!member.cut && out->len + member.len + 2 < out->max) { /* a whole member or none: it stays JSON */
        text_add(out, out->len > 1 ? "," : "");
        text_add_n(out, text_str(&member), member.len);
    }
    text_done(&member);
}

static void describe_row(struct book *b, char **slot, const struct result *r, int row,
                         const char *const *names, int n)
{
    struct text t;
    text_init(&t, LONGEST_EVIDENCE);
    text_add_char(&t, '{');
    for (int i = 0; i < n; i++) {
        int column = names == NULL ? i : result_column(r, names[i]);
        if (column >= 0)
            add_member(b->json, &t, r->columns[column].name, result_at(r, row, column));
    }
    text_add_char(&t, '}');
    text_replace(slot, text_str(&t));
    text_done(&t);
}

void entry_value(struct entry *e, double value)
{
    char text[32];
    unit_format(text, sizeof(text), value, e->rules->rule->unit);
    e->alert.value = value;
    text_replace(&e->alert.value_text, isnan(value) ? NULL : text);
}

void entry_describe(struct book *b, struct entry *e, const struct result *result,
                    const struct finding_row *row)
{
    const struct rule *rule = e->rules->rule;
    struct alert *a = &e->alert;
    a->count = row->count;
    entry_value(e, row->value);
    expand(&a->summary, rule, rule->summary, result, row);
    expand(&a->action, rule, rule->action, result, row);
    describe_row(b, &a->evidence, result, row->row, NULL, result->n_columns);
    describe_row(b, &a->labels, result, row->row, (const char *const *)rule->key, rule->n_key);
}

void entry_describe_over(struct entry *e, const struct result *result, const struct finding_row *row)
{
    const struct rule *rule = e->rules->rule;
    entry_value(e, row->value);
    if (rule->over != NULL)
        expand(&e->alert.over, rule, rule->over, result, row);
}

/* CRITICAL, or when it is over RESOLVED and, unless the value came back by itself, why. */
static void add_state(struct text *t, const struct alert *a, enum reason reason)
{
    if (a->state.phase == PHASE_OK) {
        text_add(t, isnan(a->state.resolved_at) ? "OK" : "RESOLVED");
        if (reason != REASON_NONE && reason != REASON_BELOW)
            text_addf(t, " (%s)", reason_name(reason));
        return;
    }
    for (const char *c = level_name(a->state.level); *c != '\0'; c++)
        text_add_char(t, (char)toupper((unsigned char)*c));
}

void entry_title(struct entry *e, enum reason reason)
{
    struct alert *a = &e->alert;
    const struct rule *rule = e->rules->rule;
    bool over =
        a->state.phase == PHASE_OK && a->over != NULL && (reason == REASON_NONE || reason == REASON_BELOW);
    const char *said = over ? a->over : a->summary;
    struct text t;
    text_init(&t, LONGEST_TITLE);
    add_state(&t, a, reason);
    text_add_char(&t, ' ');
    add_line(&t, a->target, TARGET_SHOWN);
    text_add(&t, ": ");
    if (a->state.no_data && a->state.phase != PHASE_OK && a->no_data != NULL) {
        text_addf(&t, "%s has no data: ", a->rule);
        add_line(&t, a->no_data, LONGEST_TITLE);
    } else if (said != NULL && said[0] != '\0')
        add_line(&t, said, LONGEST_TITLE);
    else {
        text_add(&t, a->rule);
        text_add(&t, a->key[0] != '\0' ? " of " : "");
        add_line(&t, a->key, LONGEST_VALUE);
        text_addf(&t, "%s%s", a->value_text != NULL ? " is " : "",
                  a->value_text != NULL ? a->value_text : "");
    }
    text_replace(&a->title, text_str(&t));
    text_done(&t);
    enum level level = a->state.level;
    if (rule != NULL && level != LEVEL_NONE)
        text_replace(&a->threshold, rule->levels[level].op != COMPARE_NONE ? rule->levels[level].text : NULL);
}
