/* settings: the server's settings as our connection sees them. */
#include "collectors/datasets.h"
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
static const struct column_source sources[] = {
    {"name",            "s.name"},
    {"value",           NO_PASSWORD("s.setting")},
    {"unit",            "s.unit"},
    {"shown",           SHOWN},
    {"source",          "s.source"},
    {"place",           "s.sourcefile || ':' || s.sourceline"},
    {"boot_value",      NO_PASSWORD("s.boot_val")},
    {"reset_value",     NO_PASSWORD("s.reset_val")},
    {"changed",         "s.setting is distinct from s.boot_val"},
    {"pending_restart", "s.pending_restart"},
    {"own",             "s.source in ('client', 'session')"},
    {"context",         "s.context"},
    {"category",        "s.category"},
    {"description",     "s.short_desc"},
    {NULL, NULL},
};
// clang-format on

static const struct pg_from from[] = {
    {140000, "from pg_settings s"},
    {0, NULL},
};

const struct pg_collector pg_settings = {
    .dataset = &dataset_settings, .lane = PG_SLOW, .sources = sources, .from = from};
