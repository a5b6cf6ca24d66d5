/* settings: the server's settings as our connection sees them. */
#include "collectors/pg/pg.h"

/* Connection strings may hold a password, which superusers see here. */
#define NO_PASSWORD(value)                                                                                   \
    "case when s.name like '%conninfo%' then regexp_replace(" value                                          \
    ", '(password|passfile)\\s*=\\s*(''([^''\\\\]|\\\\.)*''|[^[:space:]]+)', '\\1=***', 'gi') else " value   \
    " end"

/* As SHOW writes it, with the unit in which it is easiest read, set apart: "64 MB". */
#define SHOWN                                                                                                \
    "case when s.unit is not null then regexp_replace(coalesce(current_setting(s.name, true), s.setting),"   \
    " '^(-?[0-9.]+)([A-Za-z]+)$', '\\1 \\2') else " NO_PASSWORD("s.setting") " end"

// clang-format off
static const struct column columns[] = {
    {"name", KIND_KEY, TYPE_TEXT, .source = "s.name", .help = "name of the setting"},
    {"value", KIND_TEXT, TYPE_TEXT, .source = NO_PASSWORD("s.setting"), .help = "its value, in its own unit"},
    {"unit", KIND_LABEL, TYPE_TEXT, .source = "s.unit", .help = "unit of the value: 8kB, ms, ..."},
    {"shown", KIND_TEXT, TYPE_TEXT, .source = SHOWN, .help = "its value as SHOW writes it: 64 MB, 5 min"},
    {"source", KIND_LABEL, TYPE_TEXT, .source = "s.source", .help = "where the value comes from: default, configuration file, database, user, client, ..."},
    {"place", KIND_TEXT, TYPE_TEXT, .source = "s.sourcefile || ':' || s.sourceline", .help = "file and line that set it (for pg_read_all_settings only)"},
    {"boot_value", KIND_TEXT, TYPE_TEXT, .source = NO_PASSWORD("s.boot_val"), .help = "value when nothing sets it"},
    {"reset_value", KIND_TEXT, TYPE_TEXT, .source = NO_PASSWORD("s.reset_val"), .help = "value that RESET gives"},
    {"changed", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.setting is distinct from s.boot_val", .help = "the value is not the built-in one"},
    {"pending_restart", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.pending_restart", .help = "changed in the file, but needs a restart"},
    {"own", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "s.source in ('client', 'session')", .help = "set by dbvitals' own connection, so not what others see"},
    {"context", KIND_LABEL, TYPE_TEXT, .source = "s.context", .help = "what a change takes: postmaster (restart), sighup (reload), superuser, user, ..."},
    {"category", KIND_LABEL, TYPE_TEXT, .source = "s.category", .help = "chapter of the manual"},
    {"description", KIND_TEXT, TYPE_TEXT, .source = "s.short_desc", .help = "what it does, in the server's words"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "settings",
    .help = "a setting of the server: value, where it comes from, whether a restart is pending",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 60,
    .baseline_every = 60,
};

static const struct pg_from from[] = {
    {140000, "from pg_settings s"},
    {0, NULL},
};

const struct pg_collector pg_settings = {.dataset = &dataset, .lane = PG_SLOW, .from = from};
