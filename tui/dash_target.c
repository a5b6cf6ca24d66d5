/* The target that is looked at, and the way to the others: those of its stack, and other stacks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "tui/dash_state.h"

/* COLUMN of target number I, as the head was told last; NULL after the last, and where it has none. */
static const char *told(struct dash *d, int i, const char *column)
{
    const struct dash_pane *p = dash_pane_named(d, "head");
    const struct result *r = p != NULL && p->result != NULL ? p->result : d->targets;
    int c = r == NULL ? -1 : result_column(r, column);
    const struct value *v = c >= 0 && i < r->n_rows ? result_at(r, i, c) : NULL;
    return v != NULL && v->type == VALUE_TEXT ? v->text : NULL;
}

const char *dash_target_name(struct dash *d, int i)
{
    return told(d, i, "name");
}

const char *dash_target_stack(struct dash *d, int i)
{
    const char *stack = told(d, i, "stack");
    return stack != NULL && stack[0] != '\0' ? stack : dash_target_name(d, i);
}

const char *dash_target(const struct dash *d)
{
    return d->target;
}

bool dash_looks_for_target(struct dash *d)
{
    bool connecting = dash_target_name(d, 0) == NULL; /* the head has not answered yet */
    for (int i = 0; dash_target_name(d, i) != NULL; i++) {
        const char *state = told(d, i, "state");
        connecting = connecting || (state != NULL && strcmp(state, "connecting") == 0);
    }
    return d->looks_for_target && connecting;
}

bool dash_look_at(struct dash *d, const char *name, struct err *err)
{
    const char *one;
    bool known = dash_target_name(d, 0) == NULL; /* the head has not answered yet */
    for (int i = 0; (one = dash_target_name(d, i)) != NULL; i++)
        known = known || strcmp(one, name) == 0;
    if (!known)
        return fail(err, "no target is called \"%.60s\"", name);
    char *chosen = mem_dup(name); /* it may be the head's own */
    struct dash_pane *head = dash_pane_named(d, "head");
    if (head != NULL && head->result != NULL) {
        result_free(d->targets);
        d->targets = head->result;
        head->result = NULL;
    }
    free(d->target);
    d->target = chosen;
    /* Nothing of the other target may stay on the screen. */
    dash_forget(d);
    return true;
}

/* A server tells more than what stands before it. */
static bool leads(struct dash *d, int i, int than)
{
    const char *a = told(d, i, "kind"), *b = told(d, than, "kind");
    bool server = a != NULL && strcmp(a, "PostgreSQL") == 0,
         other = b != NULL && strcmp(b, "PostgreSQL") == 0;
    return server != other ? server : strcmp(dash_target_name(d, i), dash_target_name(d, than)) < 0;
}

bool dash_look_at_stack(struct dash *d, const char *name, struct err *err)
{
    int best = -1;
    for (int i = 0; dash_target_name(d, i) != NULL; i++)
        if (strcmp(dash_target_stack(d, i), name) == 0 && (best < 0 || leads(d, i, best)))
            best = i;
    if (best < 0)
        return fail(err, "no stack is called \"%.60s\"", name);
    return dash_look_at(d, dash_target_name(d, best), err);
}

/* Of NAME_OF each target that STACK has (NULL: all) the next one after NOW, by the alphabet and round; NULL:
 * there is no other. */
static const char *next_of(struct dash *d, const char *(*name_of)(struct dash *d, int i), const char *stack,
                           const char *now)
{
    const char *next = NULL, *first = NULL;
    for (int i = 0; dash_target_name(d, i) != NULL; i++) {
        const char *one = name_of(d, i);
        if (stack != NULL && strcmp(dash_target_stack(d, i), stack) != 0)
            continue;
        if (first == NULL || strcmp(one, first) < 0)
            first = one;
        if (strcmp(one, now) > 0 && (next == NULL || strcmp(one, next) < 0))
            next = one;
    }
    next = next != NULL ? next : first;
    return next == NULL || strcmp(next, now) == 0 ? NULL : next;
}

static const char *stack_now(struct dash *d)
{
    for (int i = 0; dash_target_name(d, i) != NULL; i++)
        if (strcmp(dash_target_name(d, i), d->target) == 0)
            return dash_target_stack(d, i);
    return d->target;
}

void dash_look_for_page(struct dash *d)
{
    char product[64];
    const struct visit *v = d->pages[d->page];
    if (!d->looks_for_target)
        return;
    visit_take_newer(&d->head); /* without a terminal nothing is drawn meanwhile */
    if (!dash_product(d, product, sizeof(product)))
        return;
    d->looks_for_target = visit_is_foreign(v, product);
    if (!d->looks_for_target)
        return;
    const char *stack = stack_now(d);
    int best = -1;
    bool in_stack = false;
    for (int i = 0; dash_target_name(d, i) != NULL; i++) {
        const char *kind = told(d, i, "kind");
        bool same = strcmp(dash_target_stack(d, i), stack) == 0;
        if (kind != NULL && !visit_is_foreign(v, kind) && (best < 0 || (same && !in_stack))) {
            best = i;
            in_stack = same;
        }
    }
    if (best < 0)
        return;
    char said[200];
    snprintf(said, sizeof(said), "page %s: target %s is looked at", v->page->name, dash_target_name(d, best));
    dash_say(d, ROLE_DIM, said);
    dash_look_at(d, dash_target_name(d, best), NULL);
}

void dash_next_target(struct dash *d)
{
    const char *next = next_of(d, dash_target_name, stack_now(d), d->target);
    if (next == NULL)
        next = next_of(d, dash_target_name, NULL, d->target);
    if (next == NULL)
        dash_say(d, ROLE_DIM, "there is one target only");
    else
        dash_look_at(d, next, NULL);
    d->dirty = true;
}

void dash_next_stack(struct dash *d)
{
    const char *next = next_of(d, dash_target_stack, NULL, stack_now(d));
    if (next == NULL)
        dash_say(d, ROLE_DIM, "there is one stack only: targets name theirs by `stack` in the config");
    else
        dash_look_at_stack(d, next, NULL);
    d->dirty = true;
}
