/* Datasets `alerts` and `rules`: their columns. */
#include "alerts/book.h"
#include "alerts/book_table.h"
#include "alerts/context.h"
#include "alerts/state.h"

// clang-format off
static const struct column alerts_columns[] = {
    [ALERTS_RULE]           = {"rule",            KIND_KEY,   TYPE_TEXT, .help = "name of the rule"},
    [ALERTS_KEY]            = {"alert_key",       KIND_KEY,   TYPE_TEXT, .help = "which of the target: \"cache=buffers\"; empty when the rule has one alert per target"},
    [ALERTS_ID]             = {"alert_id",        KIND_LABEL, TYPE_TEXT, .help = "16 hex digits, the same as long as rule, target and key are: for alerts ack"},
    [ALERTS_STATE]          = {"state",           KIND_LABEL, TYPE_TEXT, .help = "pending (bad, but not for long enough), firing, kept (good again, but not for long enough), ok"},
    [ALERTS_SEVERITY]       = {"severity",        KIND_LABEL, TYPE_TEXT, .help = "info, warning, critical: in force, or of a pending one to become; ok"},
    [ALERTS_LEVEL]          = {"level",           KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "severity as a number: 0 ok, 1 info, 2 warning, 3 critical"},
    [ALERTS_RISING]         = {"rising",          KIND_LABEL, TYPE_TEXT, .help = "a worse severity that it becomes when it holds for for_s"},
    [ALERTS_VALUE]          = {"value",           KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "value judged last, in base units; value_text has its unit"},
    [ALERTS_VALUE_TEXT]     = {"value_text",      KIND_TEXT,  TYPE_TEXT, .help = "the value with its unit"},
    [ALERTS_THRESHOLD]      = {"threshold",       KIND_TEXT,  TYPE_TEXT, .help = "threshold of the severity"},
    [ALERTS_TITLE]          = {"title",           KIND_TEXT,  TYPE_TEXT, .help = "severity, target, what and how much in one line"},
    [ALERTS_SUMMARY]        = {"summary",         KIND_TEXT,  TYPE_TEXT, .help = "what and how much, when it was bad last"},
    [ALERTS_ACTION]         = {"action",          KIND_TEXT,  TYPE_TEXT, .help = "first thing to do"},
    [ALERTS_RUNBOOK]        = {"runbook",         KIND_TEXT,  TYPE_TEXT, .help = "URL of what to do"},
    [ALERTS_EVIDENCE]       = {"evidence",        KIND_TEXT,  TYPE_TEXT, .help = "the row that was bad last, as JSON"},
    [ALERTS_ACTIVE]         = {"active_at",       KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when it became bad"},
    [ALERTS_FIRED]          = {"fired_at",        KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when it began to fire last"},
    [ALERTS_RESOLVED]       = {"resolved_at",     KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when it ended; n/a while it fires"},
    [ALERTS_CHANGED]        = {"changed_at",      KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when its state or severity changed last"},
    [ALERTS_SINCE]          = {"since_s",         KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "time since changed_at"},
    [ALERTS_HELD]           = {"held_s",          KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "how long what would change the state has held; n/a when nothing would"},
    [ALERTS_FOR]            = {"for_s",           KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "how long it must be bad before it fires, or gets worse"},
    [ALERTS_KEEP_FOR]       = {"keep_for_s",      KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "how long it must be good before it ends, or better before it is lowered"},
    [ALERTS_OCCURRENCES]    = {"occurrences",     KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "rows that were bad last"},
    [ALERTS_TRANSITIONS]    = {"transitions",     KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "number of its last transition, part of the id of deliveries"},
    [ALERTS_ACKED_BY]       = {"acked_by",        KIND_TEXT,  TYPE_TEXT, .help = "who acknowledged it"},
    [ALERTS_ACK_COMMENT]    = {"ack_comment",     KIND_TEXT,  TYPE_TEXT, .help = "what that person said"},
    [ALERTS_ACKED_AT]       = {"acked_at",        KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when it was acknowledged"},
    [ALERTS_ACK_UNTIL]      = {"ack_until",       KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "until when that counts; n/a: until it is ok"},
    [ALERTS_SILENCED_BY]    = {"silenced_by",     KIND_TEXT,  TYPE_TEXT, .help = "who silenced it"},
    [ALERTS_SILENCED_UNTIL] = {"silenced_until",  KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "until when nobody is told of it"},
    [ALERTS_INHIBITED_BY]   = {"inhibited_by",    KIND_LABEL, TYPE_TEXT, .help = "rule whose alert says more, and is told instead: target_down"},
    [ALERTS_FLAPPING]       = {"flapping",        KIND_GAUGE, TYPE_REAL, UNIT_BOOL,  .help = "it changes too often: nobody is told until it is calm"},
    [ALERTS_NO_DATA]        = {"no_data",         KIND_TEXT,  TYPE_TEXT, .help = "why it could not be judged last: its state is kept meanwhile"},
    [ALERTS_REASON]         = {"reason",          KIND_TEXT,  TYPE_TEXT, .help = "why it changed last: threshold, below, gone, below floor, no data, rule removed, acknowledged"},
    [ALERTS_MAINTENANCE]    = {"maintenance",     KIND_TEXT,  TYPE_TEXT, .help = "[maintenance] in force for the target: nobody is told meanwhile"},
    [ALERTS_MAINTENANCE_UNTIL] = {"maintenance_until", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when that ends"},
};
static const struct column rules_columns[] = {
    [RULES_RULE]        = {"rule",         KIND_KEY,   TYPE_TEXT, .help = "name of the rule"},
    [RULES_PACK]        = {"pack",         KIND_LABEL, TYPE_TEXT, .help = "pack that it comes from, the last one that changes it; n/a: the config"},
    [RULES_STATUS]      = {"status",       KIND_LABEL, TYPE_TEXT, .help = "ok, error, disabled, or no data source (it reads a dataset that nothing fills)"},
    [RULES_PENDING]     = {"n_pending",    KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "its alerts of this target that are pending"},
    [RULES_INFO]        = {"n_info",       KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "those that fire as info"},
    [RULES_WARNING]     = {"n_warning",    KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "those that fire as warning"},
    [RULES_CRITICAL]    = {"n_critical",   KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "those that fire as critical"},
    [RULES_JUDGED_AGE]  = {"judged_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "time since it was judged last; n/a: not yet"},
    [RULES_CPU]         = {"cpu_ms",       KIND_GAUGE, TYPE_REAL, UNIT_MS,    .help = "what judging all targets cost last"},
    [RULES_ERROR]       = {"error",        KIND_TEXT,  TYPE_TEXT, .help = "why it could not be judged, or that it has too many alerts"},
    [RULES_NO_DATA]     = {"no_data",      KIND_TEXT,  TYPE_TEXT, .help = "why this target could not be judged last"},
    [RULES_HELP]        = {"help",         KIND_TEXT,  TYPE_TEXT, .help = "what it watches"},
    [RULES_INFO_AT]     = {"info_at",      KIND_TEXT,  TYPE_TEXT, .help = "threshold of info"},
    [RULES_WARNING_AT]  = {"warning_at",   KIND_TEXT,  TYPE_TEXT, .help = "threshold of warning"},
    [RULES_CRITICAL_AT] = {"critical_at",  KIND_TEXT,  TYPE_TEXT, .help = "threshold of critical"},
    [RULES_CLEAR_AT]    = {"clear_at",     KIND_TEXT,  TYPE_TEXT, .help = "threshold that the value must pass to be good again"},
    [RULES_FOR]         = {"for_s",        KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "how long it must be bad before it fires"},
    [RULES_KEEP_FOR]    = {"keep_for_s",   KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "how long it must be good before it ends"},
    [RULES_EVERY]       = {"every_s",      KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "how often it is judged; n/a: with each sample"},
    [RULES_ACTION]      = {"action",       KIND_TEXT,  TYPE_TEXT, .help = "first thing to do, before its {columns} are filled in"},
    [RULES_RUNBOOK]     = {"runbook",      KIND_TEXT,  TYPE_TEXT, .help = "URL of what to do"},
    [RULES_SQL]         = {"sql",          KIND_TEXT,  TYPE_TEXT, .help = "the SELECT that is judged"},
    [RULES_PLACE]       = {"place",        KIND_TEXT,  TYPE_TEXT, .help = "file and line that it stands in; n/a: built in"},
    [RULES_MAINTENANCE] = {"maintenance",  KIND_TEXT,  TYPE_TEXT, .help = "[maintenance] in force for the target: nobody is told meanwhile"},
    [RULES_MAINTENANCE_UNTIL] = {"maintenance_until", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when that ends"},
};
// clang-format on
const struct dataset alerts_dataset = {
    .name = "alerts",
    .help = "an alert: what a rule found bad, how bad, since when, and who knows of it",
    .columns = alerts_columns,
    .n_columns = N_ALERTS_COLUMNS,
};
const struct dataset rules_dataset = {
    .name = "rules",
    .help = "a rule: can it be judged, how many alerts it has, its thresholds",
    .columns = rules_columns,
    .n_columns = N_RULES_COLUMNS,
};

bool alerts_register(struct registry *r, struct err *err)
{
    return registry_add(r, &alerts_dataset, err) && registry_add(r, &rules_dataset, err) &&
           registry_add(r, &deliveries_dataset, err) && registry_add(r, &alert_context_dataset, err);
}
