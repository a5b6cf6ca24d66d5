/* Dataset `schedules`: its columns, and a sample of those of one target. */
#include <math.h>
#include <string.h>

#include "cures/scheduler_private.h"

enum {
    NAME,
    STATE,
    WHEN,
    ACTIONS,
    NEXT,
    BEGAN,
    ENDED,
    RUN,
    RESULT,
    FAILED,
    STEPS_DONE,
    STEPS_FAILED,
    STEPS_LEFT,
    MESSAGE,
    N_COLUMNS
};
// clang-format off
static const struct column columns[N_COLUMNS] = {
    [NAME]         = {"schedule",     KIND_KEY,   TYPE_TEXT, .help = "name of the schedule, as in [schedule NAME]"},
    [STATE]        = {"state",        KIND_LABEL, TYPE_TEXT, .help = "idle, waiting (it is due, and something is in its way), running"},
    [WHEN]         = {"due_when",     KIND_TEXT,  TYPE_TEXT, .help = "when it is due, as the config has it"},
    [ACTIONS]      = {"actions",      KIND_TEXT,  TYPE_TEXT, .help = "kinds of actions that it does of the plan"},
    [NEXT]         = {"next_at",      KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when it is due next"},
    [BEGAN]        = {"began_at",     KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when it began last"},
    [ENDED]        = {"ended_at",     KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when that ended, or when it was left last"},
    [RUN]          = {"run_s",        KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "how long it has run, or ran; n/a: it was left"},
    [RESULT]       = {"result",       KIND_LABEL, TYPE_TEXT, .help = "of the last time: done, failed (a step did, or there was no plan), cancelled (its time was over), left (its target was down, or another was at work), standby (left, as it must be), missed (the guard or the machine was not there), broken (the guard ended in the middle)"},
    [FAILED]       = {"failed",       KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "1: the last time did not do what it should: failed, cancelled, left, missed or broken; 0: it did, or the target is a standby; n/a: it never was due"},
    [STEPS_DONE]   = {"steps_done",   KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "steps of the plan that were done the last time"},
    [STEPS_FAILED] = {"steps_failed", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "steps that failed then, or were cancelled"},
    [STEPS_LEFT]   = {"steps_left",   KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "steps that were left then: they did not fit into its time"},
    [MESSAGE]      = {"message",      KIND_TEXT,  TYPE_TEXT, .help = "what it waits for, else what became of it the last time"},
};
// clang-format on
const struct dataset schedules_dataset = {
    .name = "schedules",
    .help = "a schedule of a guard, on this target: when it is due next, and what became of it the last time",
    .columns = columns,
    .n_columns = N_COLUMNS,
};

static const char *const states[] = {
    [TURN_IDLE] = "idle", [TURN_WAITS] = "waiting", [TURN_IS_KEPT] = "waiting", [TURN_RUNS] = "running"};

static void add_actions(const struct schedules *schedules, const char *name, struct text *out)
{
    for (int i = 0; i < schedules->n; i++)
        for (int w = 0; strcmp(schedules->list[i].name, name) == 0 && w < schedules->list[i].actions.n; w++)
            text_addf(out, "%s%s", w > 0 ? ", " : "", schedules->list[i].actions.list[w]);
}

static double failed(const struct turn *t)
{
    static const char *const bad[] = {"failed", "cancelled", "missed", "broken", "left"};
    for (size_t i = 0; t->result != NULL && i < sizeof(bad) / sizeof(bad[0]); i++)
        if (strcmp(t->result, bad[i]) == 0)
            return 1;
    return t->result == NULL ? NAN : 0;
}

static void fill(struct sample *s, int row, const struct turn *t, const struct schedules *schedules)
{
    struct text actions;
    text_init(&actions, 500);
    add_actions(schedules, t->schedule, &actions);
    const struct {
        int column;
        const char *text;
    } texts[] = {{NAME, t->schedule}, {STATE, states[t->state]},
                 {WHEN, t->when},     {ACTIONS, text_str(&actions)},
                 {RESULT, t->result}, {MESSAGE, t->state == TURN_WAITS ? t->waits_for : t->message}};
    bool ran = !isnan(t->began_at), counts = t->result != NULL && ran;
    double end = t->state == TURN_RUNS ? s->wall_s : t->ended_at;
    const struct {
        int column;
        double value;
    } numbers[] = {{NEXT, isinf(t->next) ? NAN : t->next},
                   {BEGAN, t->began_at},
                   {ENDED, t->ended_at},
                   {RUN, end - t->began_at},
                   {FAILED, failed(t)},
                   {STEPS_DONE, counts ? t->n_done : NAN},
                   {STEPS_FAILED, counts ? t->n_failed : NAN},
                   {STEPS_LEFT, counts ? t->n_left : NAN}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].text != NULL)
            sample_set_text(s, texts[i].column, row, texts[i].text, strlen(texts[i].text));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        s->values[numbers[i].column].real[row] = numbers[i].value;
    text_done(&actions);
}

struct sample *turns_sample(const struct turns *t, const struct schedules *schedules, const char *target,
                            double mono_s, double wall_s)
{
    struct sample *s = sample_new(&schedules_dataset, t->n);
    int n = 0;
    s->mono_s = mono_s;
    s->wall_s = wall_s;
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->list[i]->target, target) == 0 && !t->list[i]->gone)
            fill(s, n++, t->list[i], schedules);
    sample_shrink(s, n);
    return s;
}
