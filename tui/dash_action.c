/* An action is offered: its SELECT is asked for each row that is meant, the dialog shows the exact SQL, and a
 * word confirms it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/dash_state.h"

/* Keys that come sooner were meant for what stood there before. */
static const double deaf_s = 0.3;
/* What a dialog has said for longer is of then: it is looked at anew before anything is done. */
static const double stale_s = 60;

void offer_close(struct dash *d)
{
    struct offer *o = d->offer;
    d->offer = NULL;
    if (d->mode == MODE_OFFER)
        d->mode = MODE_PAGE;
    if (o == NULL)
        return;
    if (o->out && d->host.cancel != NULL)
        d->host.cancel(d->host.ctx, o->ticket);
    for (int i = 0; i < o->n; i++)
        result_free(o->list[i].result);
    arena_unref(o->arena);
    free(o);
}

/* ---- Asking ---- */

static void ask_next(struct offer *o);

static void on_answer(void *ctx, struct result *result, const char *error)
{
    struct offer *o = ctx;
    struct proposal *p = &o->list[o->answered++];
    o->out = false;
    o->dash->dirty = true;
    p->result = result;
    if (result != NULL && result->n_rows > 0)
        cure_read(result, 0, &p->cure);
    else
        p->cure.why_not =
            arena_dup(o->arena, result == NULL  ? error
                                : p->of_finding ? "this finding is about something else: . tells its cure"
                                                : "it is not there any more");
    if (o->action == NULL && dash_why_never(o->dash) != NULL)
        p->cure.why_not = dash_why_never(o->dash);
    /* What is typed first is not typed in a menu. */
    if (p->cure.why_not == NULL && p->cure.statement == NULL &&
        (o->action != NULL || p->action->asks == NULL))
        p->cure.why_not = "not enough is known of it yet";
    ask_next(o);
}

/* A menu has only what is meant for such a row, possible now or not: an action that finds no row is about
 * others. */
static void menu_settle(struct offer *o)
{
    int kept = 0;
    for (int i = 0; i < o->n; i++) {
        if (o->list[i].result != NULL && o->list[i].result->n_rows > 0)
            o->list[kept++] = o->list[i];
        else
            result_free(o->list[i].result);
    }
    o->answered = o->n = kept;
    if (kept > 0)
        return;
    dash_say(o->dash, ROLE_WARNING,
             "there is nothing to be done about this row, or it is not there any more");
    offer_close(o->dash);
}

static void ask_next(struct offer *o)
{
    struct dash *d = o->dash;
    if (o->answered == o->n) {
        if (o->action == NULL)
            menu_settle(o);
        return;
    }
    struct proposal *p = &o->list[o->answered];
    struct query_param params[24];
    int n = 0;
    for (; n < p->n_params && n < 20; n++)
        params[n] = p->params[n];
    if (o->typed != NULL)
        params[n++] = (struct query_param){"typed", {VALUE_TEXT, .text = o->typed}};
    char *sql = action_sql(p->action);
    struct query q = {.sql = sql, .params = params, .n_params = n, .max_rows = 1, .seldom = true};
    o->out = true;
    o->ticket = d->host.ask(d->host.ctx, &q, 0, on_answer, o);
    free(sql);
}

bool offer_ready(const struct offer *o)
{
    return o->answered == o->n && (o->action == NULL || o->action->asks == NULL || o->typed != NULL);
}

static struct offer *offer_new(struct dash *d, const struct action *a, char *why, size_t size)
{
    struct offer *o = mem_new(sizeof(*o));
    offer_close(d);
    *o = (struct offer){.dash = d, .arena = arena_new(4096), .action = a, .shown_s = NAN};
    d->offer = o;
    if (!offer_rows(o, a, why, size)) {
        offer_close(d);
        return NULL;
    }
    return o;
}

/* ---- Opening ---- */

void action_open(struct dash *d, const struct action *a)
{
    char why[300] = "";
    d->mode = MODE_PAGE;
    struct offer *o = offer_new(d, a, why, sizeof(why));
    if (o == NULL) {
        dash_say(d, ROLE_WARNING, why);
        return;
    }
    if (dash_why_no_cure(d, o->target, o->dataset, why, sizeof(why))) {
        offer_close(d);
        dash_say(d, ROLE_WARNING, why);
        return;
    }
    if (d->host.flush != NULL)
        d->host.flush(d->host.ctx);
    line_start(d, MODE_OFFER, "");
    if (a->asks == NULL)
        ask_next(o);
}

void action_menu(struct dash *d)
{
    char why[300] = "";
    struct offer *o = d->options.actions == NULL || dash_dataset(d, NULL) == NULL
                          ? NULL
                          : offer_new(d, NULL, why, sizeof(why));
    if (o == NULL) {
        if (!dash_way(d, why, sizeof(why)))
            snprintf(why, sizeof(why), "%s",
                     "there is nothing to be done about this row; :  has what can be done to the server");
        dash_say(d, ROLE_DIM, why);
        return;
    }
    /* What is never possible here says so in its place. */
    if (dash_why_never(d) == NULL && dash_why_no_cure(d, o->target, o->dataset, why, sizeof(why))) {
        offer_close(d);
        dash_say(d, ROLE_WARNING, why);
        return;
    }
    line_start(d, MODE_OFFER, "");
    ask_next(o);
}

/* ---- Confirming ---- */

int offer_possible(const struct offer *o, const struct proposal **first)
{
    int n = 0;
    *first = o->n > 0 ? &o->list[0] : NULL;
    for (int i = o->n - 1; i >= 0; i--)
        if (o->list[i].cure.why_not == NULL) {
            *first = &o->list[i];
            n++;
        }
    return n;
}

void offer_word(const struct offer *o, char *out, size_t size)
{
    const struct proposal *first;
    int n = offer_possible(o, &first);
    bool by_name = o->action->by_name || (n > 1 && dash_is_prod(o->dash, o->target));
    for (int i = 0; i < o->n; i++)
        by_name =
            by_name || (o->list[i].cure.confirm != NULL && strcmp(o->list[i].cure.confirm, "name") == 0);
    if (by_name)
        snprintf(out, size, "%s", n > 1 || first->cure.label == NULL ? o->target : first->cure.label);
    else if (n > 1)
        snprintf(out, size, "%d", n);
    else
        snprintf(out, size, "y");
}

static void run(struct dash *d)
{
    struct offer *o = d->offer;
    struct err err = {""};
    char said[300];
    int n = 0, wanted = 0;
    if (dash_why_no_cure(d, o->target, o->dataset, said, sizeof(said))) {
        offer_close(d);
        dash_say(d, ROLE_WARNING, said);
        return;
    }
    for (int i = 0; i < o->n; i++) {
        struct proposal *p = &o->list[i];
        if (p->cure.why_not != NULL)
            continue;
        wanted++;
        n += d->host.cure(d->host.ctx, o->target, o->action, &p->cure, &err);
    }
    if (n < wanted)
        snprintf(said, sizeof(said), "%d of %d begun: %.200s", n, wanted, err.text);
    else
        snprintf(said, sizeof(said), "%s: %d job%s begun; page cures tells how it goes", o->action->name, n,
                 n == 1 ? "" : "s");
    if (o->pane != NULL)
        pane_untag(o->pane); /* or the next key would mean them again */
    offer_close(d);
    dash_say(d, n < wanted ? ROLE_WARNING : ROLE_GOOD, said);
}

/* What a person has confirmed, if it is still what it was. */
static void confirmed(struct dash *d)
{
    struct offer *o = d->offer;
    if (d->host.now(d->host.ctx) - o->shown_s <= stale_s) {
        run(d);
        return;
    }
    for (int i = 0; i < o->n; i++) {
        result_free(o->list[i].result);
        o->list[i].result = NULL;
        o->list[i].cure = (struct cure){.label = NULL};
    }
    o->answered = o->top = 0;
    o->shown_s = NAN;
    line_start(d, MODE_OFFER, "");
    dash_say(d, ROLE_WARNING, "it has stood here for a minute: this is how it is now");
    ask_next(o);
}

bool dialog_armed(const struct dash *d, double *shown_s)
{
    double now = d->host.now(d->host.ctx);
    if (now < *shown_s) /* the clock was set back: it begins anew */
        *shown_s = now;
    return !isnan(*shown_s) && now - *shown_s >= deaf_s;
}

/* What is typed first; a paste is text here, and confirms nothing. */
static void type_first(struct dash *d, const struct key *key, enum command c)
{
    struct offer *o = d->offer;
    if (c == COMMAND_CANCEL) {
        offer_close(d);
    } else if (c == COMMAND_ACCEPT) {
        o->typed = arena_dup(o->arena, d->line);
        line_start(d, MODE_OFFER, "");
        ask_next(o);
    } else if (!line_edit(d, c)) {
        line_character(d, key);
    }
}

static void leave(struct dash *d)
{
    offer_close(d);
    dash_say(d, ROLE_DIM, "left as it was: nothing was done");
}

/* What was typed goes: it would stand before the right word. */
static void not_confirmed(struct dash *d, const char *word)
{
    bool empty = d->line[0] == '\0';
    line_start(d, MODE_OFFER, "");
    if (empty)
        snprintf(d->line_error, sizeof(d->line_error), "Enter alone confirms nothing");
    else
        snprintf(d->line_error, sizeof(d->line_error), "that is not it: type %.80s", word);
}

static void confirm_key(struct dash *d, const struct key *key, enum command c)
{
    struct offer *o = d->offer;
    const struct proposal *first;
    char word[300];
    bool plain = key->kind == KEY_CHAR && !key->control && !key->alt;
    if (offer_possible(o, &first) == 0) {
        const struct action *instead =
            first->cure.instead == NULL ? NULL : action_find(d->options.actions, first->cure.instead);
        offer_close(d);
        if (instead != NULL && plain && (char)key->code == instead->key)
            action_open(d, instead);
        return;
    }
    offer_word(o, word, sizeof(word));
    if (strcmp(word, "y") == 0 && plain && key->code == 'y')
        confirmed(d);
    else if (strcmp(word, "y") == 0 || c == COMMAND_CANCEL || key->kind == KEY_PASTE)
        leave(d);
    else if (c == COMMAND_ACCEPT && strcmp(d->line, word) == 0)
        confirmed(d);
    else if (c == COMMAND_ACCEPT)
        not_confirmed(d, word);
    else if (!line_edit(d, c))
        line_character(d, key);
}

static void menu_key(struct dash *d, const struct key *key, enum command c)
{
    struct offer *o = d->offer;
    const struct action *a = c == COMMAND_ACCEPT ? o->list[o->chosen].action : dash_action(d, key);
    if (c == COMMAND_UP || c == COMMAND_DOWN)
        o->chosen = (o->chosen + (c == COMMAND_UP ? o->n - 1 : 1)) % o->n;
    else if (a != NULL)
        action_open(d, a);
    else
        offer_close(d);
}

static bool scroll(struct offer *o, const struct key *key)
{
    if (key->kind != KEY_NAMED || o->action == NULL)
        return false;
    int page = o->room > 1 ? o->room - 1 : 1;
    int step = key->name == NAMED_UP          ? -1
               : key->name == NAMED_DOWN      ? 1
               : key->name == NAMED_PAGE_UP   ? -page
               : key->name == NAMED_PAGE_DOWN ? page
                                              : 0;
    o->top += step;
    if (o->top > o->lines - o->room)
        o->top = o->lines - o->room;
    if (o->top < 0)
        o->top = 0;
    return step != 0;
}

void offer_key(struct dash *d, const struct key *key)
{
    struct offer *o = d->offer;
    enum command c = key_command(key, WHERE_EDIT);
    d->line_error[0] = '\0';
    if (scroll(o, key))
        return;
    if (o->action != NULL && o->action->asks != NULL && o->typed == NULL)
        type_first(d, key, c);
    else if (o->action == NULL)
        menu_key(d, key, c);
    else if (offer_ready(o) && dialog_armed(d, &o->shown_s))
        confirm_key(d, key, c);
    else if (c == COMMAND_CANCEL)
        leave(d);
}
