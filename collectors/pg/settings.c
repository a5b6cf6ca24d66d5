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
static const char select_all[] =
    "select s.name as name"
    ", " NO_PASSWORD("s.setting") " as value"
    ", s.unit as unit"
    ", " SHOWN " as shown"
    ", s.source as source"
    ", s.sourcefile || ':' || s.sourceline as place"
    ", " NO_PASSWORD("s.boot_val") " as boot_value"
    ", " NO_PASSWORD("s.reset_val") " as reset_value"
    ", s.setting is distinct from s.boot_val as changed"
    ", s.pending_restart as pending_restart"
    ", s.source in ('client', 'session') as own"
    ", s.context as context"
    ", s.category as category"
    ", s.short_desc as description"
    " from pg_settings s";
// clang-format on

static const struct pg_from from[] = {
    {140000, select_all},
    {0, NULL},
};

const struct pg_collector pg_settings = {.dataset = &dataset_settings, .lane = PG_SLOW, .from = from};
