/* Dataset `cures`: its columns, and a sample of the jobs of one target. */
#include "cures/cures_sample.h"

#include <math.h>
#include <string.h>

#include "cures/advisor.h"
#include "cures/ledger.h"
#include "cures/scheduler.h"

enum {
    ID,
    ACTION,
    LABEL,
    STATE,
    STEP,
    STEP_LASTS,
    STEP_MOST,
    THEN,
    PLACE,
    DATABASE,
    STATEMENT,
    PID,
    ATTEMPTS,
    ASKED,
    BEGAN,
    ENDED,
    RUN,
    MESSAGE,
    UNDO,
    BY,
    N_COLUMNS
};
// clang-format off
static const struct column columns[N_COLUMNS] = {
    [ID]        = {"job_id",    KIND_KEY,   TYPE_INT,  .help = "number of the job, from 1 since the program was started"},
    [ACTION]    = {"action",    KIND_LABEL, TYPE_TEXT, .help = "name of the action: analyze, vacuum, ..."},
    [LABEL]     = {"label",     KIND_LABEL, TYPE_TEXT, .help = "what it is done to"},
    [STATE]     = {"state",     KIND_LABEL, TYPE_TEXT, .help = "queued, running, cancelling, done, failed, cancelled"},
    [STEP]      = {"step",      KIND_LABEL, TYPE_TEXT, .help = "of one that runs: connecting, runs, waits (for its next attempt to get a lock), watches (whether a cancelled statement ends), goes on (and ends its session)"},
    [STEP_LASTS] = {"step_s",   KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "how long it has been at that step"},
    [STEP_MOST] = {"step_most_s", KIND_GAUGE, TYPE_REAL, UNIT_S,   .help = "how long it watches at most, before it goes on"},
    [THEN]      = {"then_statement", KIND_TEXT, TYPE_TEXT, .help = "the exact SQL with which it goes on when its statement was not enough; n/a: it never does"},
    [PLACE]     = {"place",     KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "place in the queue of its target, from 1; n/a: not queued"},
    [DATABASE]  = {"datname",   KIND_LABEL, TYPE_TEXT, .help = "database that it runs in; n/a: the connected one"},
    [STATEMENT] = {"statement", KIND_TEXT,  TYPE_TEXT, .help = "the exact SQL"},
    [PID]       = {"pid",       KIND_LABEL, TYPE_INT,  .help = "process of the server that runs it"},
    [ATTEMPTS]  = {"attempts",  KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "attempts that were begun; more than one where a lock did not come"},
    [ASKED]     = {"asked_at",  KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when it was asked for"},
    [BEGAN]     = {"began_at",  KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when it began"},
    [ENDED]     = {"ended_at",  KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when it ended"},
    [RUN]       = {"run_s",     KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "how long it has run, or ran"},
    [MESSAGE]   = {"message",   KIND_TEXT,  TYPE_TEXT, .help = "while it runs: who waits behind it; then why it failed, what the server warned of, what was left behind"},
    [UNDO]      = {"undo",      KIND_TEXT,  TYPE_TEXT, .help = "the SQL that takes it back, where there is one"},
    [BY]        = {"by_whom",   KIND_TEXT,  TYPE_TEXT, .help = "who asked for it"},
};
// clang-format on
const struct dataset cures_dataset = {
    .name = "cures",
    .help = "a job: something that is done to the server on a person's word, from its place in the queue to "
            "its result",
    .columns = columns,
    .n_columns = N_COLUMNS,
};

bool cures_register(struct registry *r, struct err *err)
{
    return registry_add(r, &cures_dataset, err) && registry_add(r, &ledger_dataset, err) &&
           registry_add(r, &schedules_dataset, err) && findings_register(r, err);
}

static const char *step_of(const struct job *job)
{
    if (job->state != JOB_RUNNING && job->state != JOB_CANCELLING)
        return NULL;
    return job_step_name(job->step);
}

static void fill(struct sample *s, int row, const struct jobs *j, const struct job *job)
{
    const struct {
        int column;
        const char *text;
    } texts[] = {
        {ACTION, job->action},   {LABEL, job->label},       {STATE, job_state_name(job->state)},
        {STEP, step_of(job)},    {DATABASE, job->database}, {STATEMENT, job->statement},
        {MESSAGE, job->message}, {UNDO, job->undo},         {BY, job->by},
        {THEN, job->then},
    };
    int place = jobs_place(j, job);
    const struct {
        int column;
        double value;
    } numbers[] = {
        {PLACE, place > 0 ? place : NAN},
        {STEP_LASTS, step_of(job) == NULL ? NAN : fmax(0, s->wall_s - job->step_at)},
        {STEP_MOST, job->then == NULL ? NAN : job->wait_s},
        {ATTEMPTS, job->attempts},
        {ASKED, job->asked_at},
        {BEGAN, job->began_at},
        {ENDED, job->ended_at},
        {RUN, (isnan(job->ended_at) ? s->wall_s : job->ended_at) - job->began_at},
    };
    s->values[ID].integer[row] = job->id;
    s->values[PID].integer[row] = job->pid == 0 ? INT_NONE : job->pid;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].text != NULL)
            sample_set_text(s, texts[i].column, row, texts[i].text, strlen(texts[i].text));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        s->values[numbers[i].column].real[row] = numbers[i].value;
}

struct sample *cures_sample(const struct jobs *j, const char *target, double mono_s, double wall_s)
{
    struct sample *s = sample_new(&cures_dataset, j->n);
    int n = 0;
    s->mono_s = mono_s;
    s->wall_s = wall_s;
    for (int i = 0; i < j->n; i++)
        if (strcmp(j->list[i]->target, target) == 0)
            fill(s, n++, j, j->list[i]);
    sample_shrink(s, n);
    return s;
}
