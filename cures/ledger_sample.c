/* Dataset `ledger`: its columns, and a sample of the newest entries of one target. */
#include <math.h>
#include <string.h>

#include "cures/ledger.h"

enum {
    ID,
    ACTION,
    LABEL,
    STATE,
    DATABASE,
    BY,
    ASKED,
    BEGAN,
    ENDED,
    RUN,
    STATEMENT,
    MESSAGE,
    KEYS,
    NUMBERS,
    UNDO,
    UNDO_VERIFY,
    WHY_NO_UNDO,
    UNDOES,
    INTACT,
    N_COLUMNS
};
// clang-format off
static const struct column columns[N_COLUMNS] = {
    [ID]          = {"entry_id",    KIND_KEY,   TYPE_INT,  .help = "number of the entry, from 1, in the order of beginning"},
    [ACTION]      = {"action",      KIND_LABEL, TYPE_TEXT, .help = "name of the action: analyze, vacuum, ..."},
    [LABEL]       = {"label",       KIND_LABEL, TYPE_TEXT, .help = "what it was done to"},
    [STATE]       = {"state",       KIND_LABEL, TYPE_TEXT, .help = "running, done, failed, cancelled, left (it ran when its dashboard was left), unknown (dbvitals ended before it)"},
    [DATABASE]    = {"datname",     KIND_LABEL, TYPE_TEXT, .help = "database that it ran in; n/a: the connected one"},
    [BY]          = {"by_whom",     KIND_TEXT,  TYPE_TEXT, .help = "who asked for it"},
    [ASKED]       = {"asked_at",    KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when it was asked for"},
    [BEGAN]       = {"began_at",    KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when it began; n/a: it was taken out of the queue"},
    [ENDED]       = {"ended_at",    KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when it ended; n/a: it has not, or nobody saw it"},
    [RUN]         = {"run_s",       KIND_GAUGE, TYPE_REAL, UNIT_S,    .help = "how long it ran"},
    [STATEMENT]   = {"statement",   KIND_TEXT,  TYPE_TEXT, .help = "the exact SQL"},
    [MESSAGE]     = {"message",     KIND_TEXT,  TYPE_TEXT, .help = "why it failed, what the server warned of, what was left behind"},
    [KEYS]        = {"row_keys",    KIND_TEXT,  TYPE_TEXT, .help = "the row that it was done to, as JSON"},
    [NUMBERS]     = {"numbers",     KIND_TEXT,  TYPE_TEXT, .help = "numbers before and after, as JSON: before, after (a number that is not known yet is not there), units, over (seconds of the window, where it is one; equal before and after)"},
    [UNDO]        = {"undo",        KIND_TEXT,  TYPE_TEXT, .help = "the SQL that takes it back; n/a: nothing does"},
    [UNDO_VERIFY] = {"undo_verify", KIND_TEXT,  TYPE_TEXT, .help = "SQL that is asked just before, whether that still means what it meant"},
    [WHY_NO_UNDO] = {"why_no_undo", KIND_TEXT,  TYPE_TEXT, .help = "why nothing takes it back"},
    [UNDOES]      = {"undoes",      KIND_LABEL, TYPE_INT,  .help = "the entry that it took back; n/a: it is no undo"},
    [INTACT]      = {"intact",      KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "statement and undo are as they were written: their checksum is the same"},
};
// clang-format on
const struct dataset ledger_dataset = {
    .name = "ledger",
    .help = "something that was done to the server on a person's word: who, when, with what result, and what "
            "takes "
            "it back",
    .columns = columns,
    .n_columns = N_COLUMNS,
};

static void fill(struct sample *s, int row, const struct entry *e)
{
    const struct {
        int column;
        const char *text;
    } texts[] = {
        {ACTION, e->action},
        {LABEL, e->label},
        {STATE, e->state},
        {DATABASE, e->database},
        {BY, e->by},
        {STATEMENT, e->statement},
        {MESSAGE, e->message},
        {KEYS, e->keys},
        {NUMBERS, e->numbers},
        {UNDO, e->undo},
        {UNDO_VERIFY, e->undo_verify},
        {WHY_NO_UNDO, e->why_no_undo},
    };
    const struct {
        int column;
        double value;
    } numbers[] = {
        {ASKED, e->asked_at},         {BEGAN, e->began_at},
        {ENDED, e->ended_at},         {RUN, e->ended_at - e->began_at},
        {INTACT, entry_is_intact(e)},
    };
    s->values[ID].integer[row] = e->id;
    s->values[UNDOES].integer[row] = e->undoes == 0 ? INT_NONE : e->undoes;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].text != NULL)
            sample_set_text(s, texts[i].column, row, texts[i].text, strlen(texts[i].text));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        s->values[numbers[i].column].real[row] = numbers[i].value;
}

struct sample *ledger_sample(const struct entry *const *entries, int n, const char *target, double mono_s,
                             double wall_s)
{
    struct sample *s = sample_new(&ledger_dataset, n);
    int rows = 0;
    s->mono_s = mono_s;
    s->wall_s = wall_s;
    for (int i = 0; i < n; i++)
        if (strcmp(entries[i]->target, target) == 0)
            fill(s, rows++, entries[i]);
    sample_shrink(s, rows);
    return s;
}
