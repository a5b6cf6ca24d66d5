/* Dataset `alert_context`: its columns, the SELECTs that take a moment and read it back, its samples. */
#include "alerts/context.h"

#include <string.h>

enum { CONTEXT_ID, CONTEXT_NUMBER };
// clang-format off
static const struct column columns[] = {
    [CONTEXT_ID]     = {"alert_id", KIND_KEY, TYPE_TEXT, .help = "the alert, as in alerts"},
    [CONTEXT_NUMBER] = {"number",   KIND_KEY, TYPE_INT,  .help = "number of the alert's transition: the largest is the moment that it fired or got worse last"},
    {"kind",                    KIND_KEY,   TYPE_TEXT, .help = "what the row is: session, lock (a backend that waits and one that it waits for), statement"},
    {"place",                   KIND_KEY,   TYPE_INT,  .help = "1 is the worst of its kind: oldest transaction, longest wait, most time in the minute before"},
    {"rule",                    KIND_LABEL, TYPE_TEXT, .help = "rule of the alert"},
    {"alert_key",               KIND_LABEL, TYPE_TEXT, .help = "which of the target, as in alerts"},
    {"severity",                KIND_LABEL, TYPE_TEXT, .help = "what the alert became at that moment"},
    {"fired_at",                KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "the moment"},
    {"pid",                     KIND_LABEL, TYPE_INT,  .help = "the session; of a lock the one that waits"},
    {"backend_start",           KIND_GAUGE, TYPE_REAL, UNIT_TIME,  .help = "when the session started"},
    {"usename",                 KIND_LABEL, TYPE_TEXT, .help = "its role"},
    {"application_name",        KIND_LABEL, TYPE_TEXT, .help = "its application"},
    {"state",                   KIND_LABEL, TYPE_TEXT, .help = "its state"},
    {"waits_for",               KIND_LABEL, TYPE_TEXT, .help = "what it waited for, as Lock:tuple"},
    {"xact_age_s",              KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "age of its transaction"},
    {"query_age_s",             KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "time since its statement started"},
    {"wait_s",                  KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "how long it had waited for the lock"},
    {"mode",                    KIND_LABEL, TYPE_TEXT, .help = "mode that was waited for"},
    {"locktype",                KIND_LABEL, TYPE_TEXT, .help = "what was locked: relation, tuple, transactionid, ..."},
    {"relation",                KIND_LABEL, TYPE_TEXT, .help = "relation that was locked, or whose row, or which object"},
    {"holder_pid",              KIND_LABEL, TYPE_INT,  .help = "the backend that it waited for; 0 is a prepared transaction"},
    {"holder_usename",          KIND_LABEL, TYPE_TEXT, .help = "role of the holder"},
    {"holder_application_name", KIND_LABEL, TYPE_TEXT, .help = "application of the holder, or name of the prepared transaction"},
    {"holder_state",            KIND_LABEL, TYPE_TEXT, .help = "state of the holder"},
    {"holder_xact_age_s",       KIND_GAUGE, TYPE_REAL, UNIT_S,     .help = "age of the holder's transaction"},
    {"holder_query",            KIND_TEXT,  TYPE_TEXT, .help = "what the holder ran, or ran last, without its literals"},
    {"root_pid",                KIND_LABEL, TYPE_INT,  .help = "the backend at the end of the chain, which waited for no lock"},
    {"depth",                   KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "waits between this one and the root"},
    {"queryid",                 KIND_LABEL, TYPE_INT,  .help = "the statement's id, as in statements"},
    {"calls_per_s",             KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "calls a second in the minute before"},
    {"mean_ms",                 KIND_GAUGE, TYPE_REAL, UNIT_MS,    .help = "mean of a call in the minute before"},
    {"share",                   KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "its part of the time of all statements in the minute before"},
    {"query",                   KIND_TEXT,  TYPE_TEXT, .help = "what the session ran, or the statement, without its literals"},
};
// clang-format on
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };
const struct dataset alert_context_dataset = {
    .name = "alert_context",
    .help = "a session, a lock or a statement at the moment when an alert fired or got worse",
    .columns = columns,
    .n_columns = N_COLUMNS,
};

/* ---- The SELECTs ---- */

// clang-format off
#define CUT(column) "substr(normalize_sql(substr(" column ", 1, 2000)), 1, 500)"
const char context_take_sql[] =
    "select json_object('target', :target, 'rule', :rule, 'key', :key, 'severity', :severity, 'at', :at,"
    " 'sessions', (select json_group_array(json_object('pid', pid, 'backend_start', backend_start, 'usename', usename,"
    "   'application_name', application_name, 'state', state, 'xact_age_s', xact_age_s, 'query_age_s', query_age_s, 'queryid', queryid,"
    "   'waits_for', case when state not like 'idle%' then wait_class || ':' || wait_event end, 'query', " CUT("query") "))"
    "   from (select * from sessions where target = :target and state <> 'idle' and own = 0 order by xact_age_s desc limit 50)),"
    " 'locks', (select json_group_array(json_object('pid', pid, 'usename', usename, 'application_name', application_name,"
    "   'wait_s', wait_s, 'mode', mode, 'locktype', locktype, 'relation', coalesce(relation, object), 'holder_pid', holder_pid,"
    "   'holder_usename', holder_usename, 'holder_application_name', coalesce(holder_application_name, holder_gid),"
    "   'holder_state', holder_state, 'holder_xact_age_s', holder_xact_age_s, 'root_pid', root_pid, 'depth', depth,"
    "   'query', " CUT("query") ", 'holder_query', " CUT("holder_query") "))"
    "   from (select * from locks where target = :target order by wait_s desc limit 50)),"
    " 'statements', (select json_group_array(json_object('queryid', queryid, 'usename', usename, 'calls_per_s', calls_per_s,"
    "   'mean_ms', mean_ms, 'share', share, 'query', substr(query, 1, 500)))"
    "   from (select * from statements('1m') where target = :target and share > 0 order by share desc limit 20))) as json";

/* A member of the item that a row is. */
#define ITEM(name) ", json_extract(i.value, '$." name "') as " name
const char context_rows_sql[] =
    "with items as (select 'session' as kind, key, value from json_each(:json, '$.sessions')"
    " union all select 'lock', key, value from json_each(:json, '$.locks')"
    " union all select 'statement', key, value from json_each(:json, '$.statements'))"
    " select json_extract(:json, '$.target') as target, :id as alert_id, :number as number, i.kind, i.key + 1 as place,"
    " json_extract(:json, '$.rule') as rule, json_extract(:json, '$.key') as alert_key,"
    " json_extract(:json, '$.severity') as severity, json_extract(:json, '$.at') as fired_at"
    ITEM("pid") ITEM("backend_start") ITEM("usename") ITEM("application_name") ITEM("state") ITEM("waits_for")
    ITEM("xact_age_s") ITEM("query_age_s") ITEM("wait_s") ITEM("mode") ITEM("locktype") ITEM("relation")
    ITEM("holder_pid") ITEM("holder_usename") ITEM("holder_application_name") ITEM("holder_state")
    ITEM("holder_xact_age_s") ITEM("holder_query") ITEM("root_pid") ITEM("depth") ITEM("queryid")
    ITEM("calls_per_s") ITEM("mean_ms") ITEM("share") ITEM("query") " from items as i";
// clang-format on

/* ---- Samples ---- */

static void set_value(struct sample *s, int column, int row, const struct value *v)
{
    union values *to = &s->values[column];
    switch (columns[column].type) {
    case TYPE_REAL:
        to->real[row] = value_real(v);
        break;
    case TYPE_INT:
        to->integer[row] = v->type == VALUE_INT ? v->integer : INT_NONE;
        break;
    case TYPE_TEXT:
        if (v->type == VALUE_TEXT)
            sample_set_text(s, column, row, v->text, strlen(v->text));
        break;
    }
}

static void copy_cell(struct sample *s, int column, int row, const struct sample *from, int from_row)
{
    union values *to = &s->values[column];
    const char *text;
    switch (columns[column].type) {
    case TYPE_REAL:
        to->real[row] = sample_real(from, column, from_row);
        break;
    case TYPE_INT:
        to->integer[row] = sample_int(from, column, from_row);
        break;
    case TYPE_TEXT:
        text = sample_text(from, column, from_row);
        sample_set_text(s, column, row, text, text != NULL ? strlen(text) : 0);
        break;
    }
}

static void add_rows(struct sample *s, int at, const struct result *added)
{
    for (int column = 0; column < N_COLUMNS; column++) {
        int from = result_column(added, columns[column].name);
        for (int row = 0; from >= 0 && row < added->n_rows; row++)
            set_value(s, column, at + row, result_at(added, row, from));
    }
}

struct sample *context_sample(const struct sample *before, context_kept_fn *kept, void *ctx,
                              struct result *const *added, int n)
{
    int most = before != NULL ? before->n_rows : 0, at = 0;
    for (int i = 0; i < n; i++)
        most += added[i]->n_rows;
    struct sample *s = sample_new(&alert_context_dataset, most);
    for (int row = 0; before != NULL && row < before->n_rows; row++) {
        if (!kept(ctx, sample_text(before, CONTEXT_ID, row), sample_int(before, CONTEXT_NUMBER, row)))
            continue;
        for (int column = 0; column < N_COLUMNS; column++)
            copy_cell(s, column, at, before, row);
        at++;
    }
    for (int i = 0; i < n; at += added[i++]->n_rows)
        add_rows(s, at, added[i]);
    sample_shrink(s, at);
    return s;
}

size_t context_bytes(const struct result *rows)
{
    size_t bytes = (size_t)rows->n_rows * N_COLUMNS * SAMPLE_CELL;
    for (int i = 0; i < rows->n_rows * rows->n_columns; i++)
        bytes += rows->values[i].type == VALUE_TEXT ? strlen(rows->values[i].text) + 1 : 0;
    return bytes;
}
