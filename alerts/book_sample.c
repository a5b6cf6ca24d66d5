/* Datasets `alerts` and `rules`: samples of the book. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alerts/book_private.h"
#include "alerts/book_table.h"

static const struct place *place_find(const struct book *b, const char *name)
{
    for (int i = 0; i < b->n_places; i++)
        if (strcmp(b->places[i]->name, name) == 0)
            return b->places[i];
    return NULL;
}

static void set(struct sample *s, int column, int row, const char *text)
{
    if (text != NULL)
        sample_set_text(s, column, row, text, strlen(text));
}

static void set_state(struct sample *s, int row, const struct alert *a)
{
    const struct alert_state *state = &a->state;
    const struct {
        int column;
        double value;
    } numbers[] = {
        {ALERTS_LEVEL, state->level},
        {ALERTS_VALUE, a->value},
        {ALERTS_ACTIVE, state->active_at},
        {ALERTS_FIRED, state->fired_at},
        {ALERTS_RESOLVED, state->resolved_at},
        {ALERTS_CHANGED, state->changed_at},
        {ALERTS_SINCE, fmax(0, s->wall_s - state->changed_at)},
        {ALERTS_HELD, alert_state_held_s(state)},
        {ALERTS_OCCURRENCES, a->count},
        {ALERTS_TRANSITIONS, (double)state->transitions},
        {ALERTS_ACKED_AT, a->ack.at_s},
        {ALERTS_ACK_UNTIL, a->ack.until_s},
        {ALERTS_FLAPPING, state->flapping},
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        s->values[numbers[i].column].real[row] = numbers[i].value;
    if (isnan(state->changed_at)) /* fmax takes the 0 */
        s->values[ALERTS_SINCE].real[row] = NAN;
    set(s, ALERTS_STATE, row, phase_name(state->phase));
    set(s, ALERTS_SEVERITY, row, level_name(state->level));
    set(s, ALERTS_RISING, row, state->rising != LEVEL_NONE ? level_name(state->rising) : NULL);
}

static void set_texts(struct sample *s, int row, const struct alert *a)
{
    const struct {
        int column;
        const char *text;
    } texts[] = {
        {ALERTS_RULE, a->rule},
        {ALERTS_KEY, a->key},
        {ALERTS_ID, a->id},
        {ALERTS_VALUE_TEXT, a->value_text},
        {ALERTS_THRESHOLD, a->threshold},
        {ALERTS_TITLE, a->title},
        {ALERTS_SUMMARY, a->summary},
        {ALERTS_ACTION, a->action},
        {ALERTS_EVIDENCE, a->evidence},
        {ALERTS_ACKED_BY, a->ack.by},
        {ALERTS_ACK_COMMENT, a->ack.comment},
        {ALERTS_INHIBITED_BY, a->inhibited_by},
        {ALERTS_NO_DATA, a->no_data},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        set(s, texts[i].column, row, texts[i].text);
}

static void set_alert(struct sample *s, int row, const struct book *b, const struct entry *e)
{
    const struct rule *rule = e->rules->rule;
    set_state(s, row, &e->alert);
    set_texts(s, row, &e->alert);
    set(s, ALERTS_REASON, row, e->alert.reason != REASON_NONE ? reason_name(e->alert.reason) : NULL);
    if (rule != NULL) {
        s->values[ALERTS_FOR].real[row] = rule->for_s;
        s->values[ALERTS_KEEP_FOR].real[row] = rule->keep_for_s;
        set(s, ALERTS_RUNBOOK, row, rule->runbook);
    }
    const struct silence *silence = book_silenced(b, &e->alert, s->wall_s);
    if (silence != NULL) {
        s->values[ALERTS_SILENCED_UNTIL].real[row] = silence->until_s;
        set(s, ALERTS_SILENCED_BY, row, silence->by);
    }
}

static struct sample *made(const struct dataset *d, int n, double mono_s, double wall_s)
{
    struct sample *s = sample_new(d, n);
    s->mono_s = mono_s;
    s->wall_s = wall_s;
    return s;
}

struct sample *book_alerts_sample(const struct book *b, const char *target, double mono_s, double wall_s)
{
    const struct place *place = place_find(b, target);
    struct sample *s = made(&alerts_dataset, place == NULL ? 0 : place->entries.n, mono_s, wall_s);
    for (int i = 0; i < s->n_rows; i++)
        set_alert(s, i, b, place->entries.list[i]);
    return s;
}

/* Texts of rules live as long as the rules' arena, which the sample shares when there is one. */
static void set_rule_text(struct sample *s, int column, int row, const char *text)
{
    if (s->shared != NULL)
        s->values[column].text[row] = text;
    else
        set(s, column, row, text);
}

static const char *status_of(const struct rule_book *r)
{
    if (!r->rule->enabled)
        return "disabled";
    if (r->rule->missing != NULL)
        return "no data source";
    return r->error != NULL ? "error" : "ok";
}

static void count_alerts(struct sample *s, const struct place *place)
{
    static const int columns[N_LEVELS] = {RULES_PENDING, RULES_INFO, RULES_WARNING, RULES_CRITICAL};
    for (int l = 0; l < N_LEVELS; l++)
        for (int row = 0; row < s->n_rows; row++)
            s->values[columns[l]].real[row] = 0;
    for (int i = 0; place != NULL && i < place->entries.n; i++) {
        const struct entry *e = place->entries.list[i];
        if (e->rules->rule != NULL && e->alert.state.phase != PHASE_OK)
            s->values[columns[alert_state_force(&e->alert.state)]].real[e->rules->number]++;
    }
}

static void set_rule(struct sample *s, int row, const struct rule *rule)
{
    const struct {
        int column;
        const char *text;
    } texts[] = {
        {RULES_RULE, rule->name},
        {RULES_PACK, rule->pack},
        {RULES_HELP, rule->help},
        {RULES_INFO_AT, rule->levels[LEVEL_INFO].text},
        {RULES_WARNING_AT, rule->levels[LEVEL_WARNING].text},
        {RULES_CRITICAL_AT, rule->levels[LEVEL_CRITICAL].text},
        {RULES_CLEAR_AT, rule->levels[LEVEL_NONE].text},
        {RULES_ACTION, rule->action},
        {RULES_RUNBOOK, rule->runbook},
        {RULES_SQL, rule->sql},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        set_rule_text(s, texts[i].column, row, texts[i].text);
    s->values[RULES_FOR].real[row] = rule->for_s;
    s->values[RULES_KEEP_FOR].real[row] = rule->keep_for_s;
    s->values[RULES_EVERY].real[row] = rule->every_s > 0 ? rule->every_s : NAN;
    if (rule->file != NULL) {
        char place[512];
        snprintf(place, sizeof(place), "%s:%d", rule->file, rule->line);
        set(s, RULES_PLACE, row, place);
    }
}

static void set_rule_state(struct sample *s, int row, const struct rule_book *r, const struct place *place)
{
    char left_out[80];
    set(s, RULES_STATUS, row, status_of(r));
    s->values[RULES_JUDGED_AGE].real[row] = isnan(r->judged_at) ? NAN : fmax(0, s->wall_s - r->judged_at);
    s->values[RULES_CPU].real[row] = r->cpu_ms;
    snprintf(left_out, sizeof(left_out), "too many alerts: %d are left out", r->left_out);
    set(s, RULES_ERROR, row, r->error == NULL && r->left_out > 0 ? left_out : r->error);
    if (r->rule->missing != NULL)
        set(s, RULES_NO_DATA, row, r->rule->missing);
    else if (place != NULL && place->number < r->n_places)
        set(s, RULES_NO_DATA, row, r->no_data[place->number]);
}

struct sample *book_rules_sample(const struct book *b, const char *target, double mono_s, double wall_s)
{
    const struct place *place = place_find(b, target);
    struct sample *s = made(&rules_dataset, b->n_rule_books, mono_s, wall_s);
    if (b->rules->arena != NULL)
        sample_share(s, b->rules->arena);
    for (int i = 0; i < b->n_rule_books; i++) {
        set_rule(s, i, b->rule_books[i]->rule);
        set_rule_state(s, i, b->rule_books[i], place);
    }
    count_alerts(s, place);
    return s;
}
