/* settings: the server's settings as our connection sees them. */
#include <stdlib.h>

#include "collectors/datasets.h"
#include "collectors/pg/pg.h"
#include "core/text.h"

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
    {"in_auto",         "case when k.known then a.value is not null end"},
    {"auto_value",      NO_PASSWORD("a.value")},
    {"changed",         "s.setting is distinct from s.boot_val"},
    {"pending_restart", "s.pending_restart"},
    {"own",             "s.source in ('client', 'session')"},
    {"context",         "s.context"},
    {"category",        "s.category"},
    {"description",     "s.short_desc"},
    {NULL, NULL},
};
// clang-format on

/* Who may not read what stands in the file gets an error for naming it at all. ALTER SYSTEM writes NAME =
 * 'VALUE', one a line, quotes and backslashes doubled; the last one of a name counts. Not from
 * pg_file_settings: to read that view marks, in our own session, each setting that the command line overrides
 * as one that waits for a restart. */
static const char from_superuser[] =
    " from pg_settings s cross join (select true as known) k left join"
    " (select distinct on (lower(m[1])) lower(m[1]) as name, replace(replace(m[2], '''''', ''''), "
    "E'\\\\\\\\', E'\\\\') as value"
    " from (select n, regexp_match(line, '^\\s*([A-Za-z_0-9.]+)\\s*=\\s*''(.*)''\\s*$') as m"
    " from regexp_split_to_table(pg_read_file('postgresql.auto.conf', 0, 1000000, true), '\n') with "
    "ordinality as t(line, n)) l"
    " where m is not null order by lower(m[1]), n desc) a on a.name = lower(s.name)";
static const char from_others[] =
    " from pg_settings s cross join (select null::bool as known) k cross join (select null::text as value) a";

static void start(struct pg_poll *p)
{
    struct text sql;
    char *list = pg_select_list(p);
    text_init(&sql, 4000);
    text_addf(&sql, "select %s%s", list, pg_facts(p)->superuser ? from_superuser : from_others);
    pg_run(p, text_str(&sql), 0, NULL, pg_sample_all);
    text_done(&sql);
    free(list);
}

const struct pg_collector pg_settings = {
    .dataset = &dataset_settings, .lane = PG_SLOW, .sources = sources, .start = start};
