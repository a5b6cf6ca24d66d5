/* Datasets `findings` and `checks`: their columns. */
#include "cures/finding_table.h"

#include "cures/advisor.h"

// clang-format off
static const struct column findings_columns[] = {
    [FINDINGS_FINDING]    = {"finding",    KIND_KEY,   TYPE_TEXT, .help = "name of what was found, as in checks"},
    [FINDINGS_DATID]      = {"datid",      KIND_KEY,   TYPE_INT,  .help = "oid of the database that it is in"},
    [FINDINGS_RELID]      = {"relid",      KIND_KEY,   TYPE_INT,  .help = "oid of the table"},
    [FINDINGS_INDEXRELID] = {"indexrelid", KIND_KEY,   TYPE_INT,  .help = "oid of the index"},
    [FINDINGS_LABEL]      = {"label",      KIND_KEY,   TYPE_TEXT, .help = "what it is about: a table, an index, a setting"},
    [FINDINGS_DATABASE]   = {"database",   KIND_LABEL, TYPE_TEXT, .help = "database that it is in"},
    [FINDINGS_CATEGORY]   = {"category",   KIND_LABEL, TYPE_TEXT, .help = "wraparound, statistics, space, indexes, schema, settings, connections, replication"},
    [FINDINGS_SEVERITY]   = {"severity",   KIND_LABEL, TYPE_TEXT, .help = "info: worth doing when there is time; warning: costs something each day; critical: the server will stop"},
    [FINDINGS_LEVEL]      = {"level",      KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "severity as a number: 1 info, 2 warning, 3 critical"},
    [FINDINGS_TITLE]      = {"title",      KIND_TEXT,  TYPE_TEXT, .help = "what was found, in few words"},
    [FINDINGS_EVIDENCE]   = {"evidence",   KIND_TEXT,  TYPE_TEXT, .help = "the numbers that say so"},
    [FINDINGS_ACTION]     = {"action",     KIND_LABEL, TYPE_TEXT, .help = "the action that cures it; n/a: a person has to"},
    [FINDINGS_KEY]        = {"action_key", KIND_LABEL, TYPE_TEXT, .help = "the key of that action"},
    [FINDINGS_KEYS]       = {"row_keys",   KIND_TEXT,  TYPE_TEXT, .help = "JSON: what that action wants to know of the row"},
    [FINDINGS_STAGE]      = {"stage",      KIND_LABEL, TYPE_TEXT, .help = "when its cure comes in a plan: freeze, statistics, repair, vacuum, settings, build, drop"},
    [FINDINGS_STATEMENT]  = {"statement",  KIND_TEXT,  TYPE_TEXT, .help = "the SQL of the action, exactly as it would run"},
    [FINDINGS_WHY_NOT]    = {"why_not",    KIND_TEXT,  TYPE_TEXT, .help = "why the action cannot be done there"},
    [FINDINGS_CONFIRM]    = {"confirm",    KIND_LABEL, TYPE_TEXT, .help = "what its dialog asks for: y, or name (what it is done to is typed); optimize does not do the latter"},
    [FINDINGS_CONFIRM_WHY] = {"confirm_why", KIND_TEXT, TYPE_TEXT, .help = "what makes it ask for more just now: a transaction that it would wait for"},
    [FINDINGS_EFFECT]     = {"effect",     KIND_TEXT,  TYPE_TEXT, .help = "what will be better"},
    [FINDINGS_COST]       = {"cost",       KIND_TEXT,  TYPE_TEXT, .help = "what the cure takes, of whom"},
    [FINDINGS_COST_S]     = {"cost_s",     KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "how long the cure will take, roughly: 50 to 100 MB/s of what it reads or writes"},
    [FINDINGS_RISK]       = {"risk",       KIND_TEXT,  TYPE_TEXT, .help = "what may go wrong"},
    [FINDINGS_WORTH]       = {"worth", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "the larger the worse, among findings of one name"},
    [FINDINGS_STEP]       = {"plan_step",  KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "number of its cure in the plan of optimize (analyze, vacuum); n/a: it is left out"},
    [FINDINGS_LEFT_OUT]   = {"left_out",   KIND_TEXT,  TYPE_TEXT, .help = "why that plan leaves it out"},
    [FINDINGS_HELP]       = {"help",       KIND_TEXT,  TYPE_TEXT, .help = "what the finding looks for, its thresholds and their reason"},
};
static const struct column checks_columns[] = {
    [CHECKS_FINDING]  = {"finding",  KIND_KEY,   TYPE_TEXT, .help = "name of what is looked for"},
    [CHECKS_CATEGORY] = {"category", KIND_LABEL, TYPE_TEXT, .help = "what it is about"},
    [CHECKS_TITLE]    = {"title",    KIND_TEXT,  TYPE_TEXT, .help = "what would be found, in few words"},
    [CHECKS_STATUS]   = {"status",   KIND_LABEL, TYPE_TEXT, .help = "ok (nothing to do), found, no data, error, no data source, disabled"},
    [CHECKS_NO_DATA]  = {"no_data",  KIND_TEXT,  TYPE_TEXT, .help = "why it cannot be judged here"},
    [CHECKS_FOUND]    = {"n_found",  KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "rows of findings"},
    [CHECKS_MORE]     = {"more",     KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "there are more, which are not shown: 50 are"},
    [CHECKS_ACTION]   = {"action",   KIND_LABEL, TYPE_TEXT, .help = "the action that cures it; n/a: a person has to"},
    [CHECKS_CPU]      = {"cpu_ms",   KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "what asking over all targets cost last"},
    [CHECKS_ERROR]    = {"error",    KIND_TEXT,  TYPE_TEXT, .help = "why its SELECT failed"},
    [CHECKS_HELP]     = {"help",     KIND_TEXT,  TYPE_TEXT, .help = "what it looks for, its thresholds and their reason"},
    [CHECKS_PLACE]    = {"place",    KIND_TEXT,  TYPE_TEXT, .help = "file and line that it stands in"},
    [CHECKS_SQL]      = {"sql",      KIND_TEXT,  TYPE_TEXT, .help = "the SELECT that is asked"},
};
// clang-format on
const struct dataset findings_dataset = {
    .name = "findings",
    .help =
        "something worth doing: what was found, on what evidence, the SQL that cures it, and what that costs",
    .columns = findings_columns,
    .n_columns = N_FINDINGS_COLUMNS,
};
const struct dataset checks_dataset = {
    .name = "checks",
    .help = "what findings look for: whether it could be judged, and how many there are",
    .columns = checks_columns,
    .n_columns = N_CHECKS_COLUMNS,
};

bool findings_register(struct registry *r, struct err *err)
{
    return registry_add(r, &findings_dataset, err) && registry_add(r, &checks_dataset, err);
}
