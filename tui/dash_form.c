/* The dashboard's form: an alert is acknowledged or silenced, until when and why, or that is taken back; a
 * message is sent again. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"
#include "core/when.h"
#include "tui/dash_state.h"

enum { FIELD_COMMENT, FIELD_FOR, FIELD_COVERS };

/* What a form is about: its words, and the fields that it asks for. */
// clang-format off
static const struct deed {
    const char *verb;
    int n;
    const char *standard_for, *for_help;
} deeds[] = {
    [ALERT_ACK]       = {"acknowledge", 2, "",   "such as 4h; empty: until it is ok"},
    [ALERT_UNACK]     = {"no longer acknowledged", 0, "", NULL},
    [ALERT_SILENCE]   = {"silence", 3, "1h", "such as 30m, 2h, 1d"},
    [ALERT_UNSILENCE] = {"end the silence", 0, "", NULL},
    [ALERT_RESEND]    = {"send again", 0, "", NULL},
};
// clang-format on
static const char *const scopes[] = {
    [SCOPE_ALERT] = "alert", [SCOPE_RULE] = "rule", [SCOPE_TARGET] = "target"};

static bool text_of(const struct result *r, int row, const char *column, char *out, size_t size)
{
    int c = result_column(r, column);
    const struct value *v = c < 0 ? NULL : result_at(r, row, c);
    bool has = v != NULL && v->type == VALUE_TEXT;
    snprintf(out, size, "%s", has ? v->text : "");
    return has && out[0] != '\0';
}

static void field_set(struct form *f, int field, const char *label, const char *help, const char *value)
{
    f->labels[field] = label;
    f->helps[field] = help;
    snprintf(f->values[field], sizeof(f->values[field]), "%s", value);
}

/* Of the row that A, S or R was typed on. */
static bool alert_of(struct form *f, enum command c, const struct result *from, int row)
{
    char by[FORM_TEXT];
    if (!text_of(from, row, "alert_id", f->id, sizeof(f->id)))
        return false;
    bool acked = text_of(from, row, "acked_by", by, sizeof(by)),
         silenced = text_of(from, row, "silenced_by", by, sizeof(by));
    f->deed = c == COMMAND_ACK ? (acked ? ALERT_UNACK : ALERT_ACK)
              : silenced       ? ALERT_UNSILENCE
                               : ALERT_SILENCE;
    text_of(from, row, "rule", f->rule, sizeof(f->rule));
    text_of(from, row, "target", f->target, sizeof(f->target));
    text_of(from, row, "alert_key", f->key, sizeof(f->key));
    snprintf(f->title, sizeof(f->title), " %s: %.60s of %.50s%s%.50s ", deeds[f->deed].verb, f->rule, f->target,
             f->key[0] != '\0' ? ", " : "", f->key);
    return true;
}

static bool message_of(struct form *f, const struct result *from, int row)
{
    char id[FORM_TEXT], outcome[FORM_TEXT], webhook[FORM_TEXT];
    int number = result_column(from, "number");
    if (number < 0 || !text_of(from, row, "message_id", id, sizeof(id)) ||
        !text_of(from, row, "outcome", outcome, sizeof(outcome)) || strcmp(outcome, "dead") != 0)
        return false;
    text_of(from, row, "webhook", webhook, sizeof(webhook));
    f->deed = ALERT_RESEND;
    f->number = (int64_t)value_real(result_at(from, row, number));
    snprintf(f->title, sizeof(f->title), " %s: message %lld to %.80s", deeds[f->deed].verb,
             (long long)f->number, webhook);
    return true;
}

void form_open(struct dash *d, struct dash_pane *p, enum command c)
{
    const struct result *from;
    int row;
    struct form *f = &d->form;
    *f = (struct form){.n = 0};
    if (!pane_row(p, &from, &row)) {
        dash_say(d, ROLE_DIM, "there is no row here");
        return;
    }
    if (!(c == COMMAND_RESEND ? message_of(f, from, row) : alert_of(f, c, from, row))) {
        dash_say(d, ROLE_DIM,
                 c == COMMAND_RESEND ? "this row is no dead letter: R is for dead ones of the deliveries"
                                     : "this row is no alert: A and S are for those of page alerts");
        return;
    }
    if (d->host.alert == NULL || !dash_live(d)) {
        dash_say(d, ROLE_WARNING,
                 d->host.alert == NULL ? "alerts are not judged here" : "this is the past: End goes to now");
        return;
    }
    const struct deed *deed = &deeds[f->deed];
    f->n = deed->n;
    field_set(f, FIELD_COMMENT, "comment", "for those who look at it next", "");
    field_set(f, FIELD_FOR, "for", deed->for_help, deed->standard_for);
    field_set(f, FIELD_COVERS, "covers", "alert, rule, or target: all alerts of it", scopes[SCOPE_ALERT]);
    line_start(d, MODE_FORM, "");
}

static bool order_of(struct dash *d, struct alert_order *o, struct err *err)
{
    struct form *f = &d->form;
    double seconds;
    const char *span = f->n > FIELD_FOR ? f->values[FIELD_FOR] : "";
    *o = (struct alert_order){.deed = f->deed,
                              .alert_id = f->id,
                              .rule = f->rule,
                              .target = f->target,
                              .key = f->key,
                              .number = f->number};
    o->comment = f->values[FIELD_COMMENT];
    o->until_s = NAN;
    if (span[0] != '\0' && !duration_parse(span, &seconds, err))
        return false;
    if (span[0] != '\0')
        o->until_s = d->host.now(d->host.ctx) + seconds;
    else if (f->deed == ALERT_SILENCE)
        return fail(err, "a silence needs its end, such as 1h");
    for (int i = 0; f->n > FIELD_COVERS && i <= SCOPE_TARGET; i++) {
        o->scope = (enum alert_scope)i;
        if (strcmp(f->values[FIELD_COVERS], scopes[i]) == 0)
            return true;
    }
    return f->n <= FIELD_COVERS || fail(err, "it covers alert, rule, or target");
}

static void field_go(struct dash *d, int step)
{
    struct form *f = &d->form;
    if (f->n == 0)
        return;
    snprintf(f->values[f->at], sizeof(f->values[f->at]), "%.*s", FORM_TEXT, d->line);
    f->at = (f->at + step + f->n) % f->n;
    line_start(d, MODE_FORM, f->values[f->at]);
    d->line_chosen = d->line[0] != '\0'; /* typing replaces it */
}

static void form_accept(struct dash *d)
{
    struct alert_order order;
    struct err err = {""};
    field_go(d, 0);
    if (!order_of(d, &order, &err) || !d->host.alert(d->host.ctx, &order, &err)) {
        snprintf(d->line_error, sizeof(d->line_error), "%.290s", err.text);
        return;
    }
    d->mode = MODE_PAGE;
}

/* Nothing of a server changes here, so Enter is enough. */
void form_key(struct dash *d, const struct key *key)
{
    enum command c = key_command(key, WHERE_EDIT);
    if (c == COMMAND_CANCEL)
        d->mode = MODE_PAGE;
    else if (c == COMMAND_ACCEPT)
        form_accept(d);
    else if (c == COMMAND_UP)
        field_go(d, -1);
    else if (c == COMMAND_DOWN || c == COMMAND_COMPLETE)
        field_go(d, 1);
    else if (d->form.n > 0) {
        if (!line_edit(d, c))
            line_character(d, key);
        d->line_chosen = false;
        d->line_error[0] = '\0';
    }
}

static void field_draw(struct dash *d, struct area box, int i)
{
    const struct form *f = &d->form;
    const char *value = i == f->at ? d->line : f->values[i];
    char before[LINE_MOST + 1];
    area_put(box, i, 1, 8, STYLE(ROLE_DIALOG), f->labels[i], true);
    int used = area_put(box, i, 10, box.columns - 11, (struct style){ROLE_DIALOG, ATTR_BOLD}, value, true);
    if (box.columns - 10 - used > 20)
        area_put(box, i, 12 + used, box.columns - 13 - used, STYLE(ROLE_DIALOG), f->helps[i], true);
    if (i != f->at)
        return;
    if (d->line_chosen)
        area_restyle(box, i, 10, used, (struct style){ROLE_DIALOG, ATTR_REVERSE});
    snprintf(before, sizeof(before), "%.*s", d->line_at, d->line);
    int at = 10 + utf8_columns(before);
    box.canvas->cursor_row = box.row + i;
    box.canvas->cursor_column = box.column + (at < box.columns ? at : box.columns - 1);
    area_restyle(box, i, 1, 8, STYLE(ROLE_CURSOR));
}

void form_draw(struct dash *d, struct area a)
{
    const struct form *f = &d->form;
    int columns = a.columns - 4 < 90 ? a.columns - 4 : 90;
    if (a.rows < 3)
        return;
    struct area box = box_draw(a, f->n + 1, columns, f->title);
    for (int i = 0; i < f->n && i < box.rows; i++)
        field_draw(d, box, i);
    bool wrong = d->line_error[0] != '\0';
    area_put(box, box.rows - 1, 1, box.columns - 2, STYLE(wrong ? ROLE_WARNING : ROLE_DIALOG),
             wrong      ? d->line_error
             : f->n > 1 ? "Enter does it   Tab the next line   Esc leaves it"
                        : "Enter does it   Esc leaves it",
             true);
}
