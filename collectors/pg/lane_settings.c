/* What a collecting session has set: as startup options, or for each transaction where a pooler stands between. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collectors/pg/inside.h"

static const double LOCK_TIMEOUT_S = 0.2;
static const double IDLE_IN_TRANSACTION_S = 10;

/* What every collecting session has; the same list serves as startup options and for transactions of their
 * own. */
static const struct {
    const char *name, *value; /* NULL: in milliseconds, see setting_ms */
} settings[] = {
    // clang-format off
    {"statement_timeout",                   NULL},
    {"lock_timeout",                        NULL},
    {"idle_in_transaction_session_timeout", NULL},
    {"default_transaction_read_only",       "on"},
    {"standard_conforming_strings",         "on"},
    {"jit",                                 "off"},
    {"max_parallel_workers_per_gather",     "0"},
    // clang-format on
};
enum { N_SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static const char *setting_value(int i, double timeout_s, char out[24])
{
    double seconds[] = {timeout_s, LOCK_TIMEOUT_S, IDLE_IN_TRANSACTION_S};
    if (settings[i].value != NULL)
        return settings[i].value;
    snprintf(out, 24, "%.0f", fmax(1, seconds[i] * 1000));
    return out;
}

/* Ours after the user's own, so that ours hold. */
static void add_options(struct conn_info *info, double timeout_s)
{
    struct text t;
    char value[24];
    text_init(&t, 4000);
    const char *own = conn_info_get(info, "options");
    if (own != NULL)
        text_addf(&t, "%s ", own);
    for (int i = 0; i < N_SETTINGS; i++)
        text_addf(&t, "%s-c %s=%s", i > 0 ? " " : "", settings[i].name, setting_value(i, timeout_s, value));
    conn_info_set(info, "options", text_str(&t));
    text_done(&t);
}

/* Bytes come as they are stored (SQL_ASCII), so that no conversion can fail and take a whole poll with it:
 * texts of other databases, in other encodings, pass through pg_stat_activity. They are mended where they
 * enter a sample. */
void lane_add_standards(struct conn_info *info, bool pooled, bool named, double timeout_s)
{
    conn_info_set(info, "application_name", named ? "dbvitals" : NULL);
    keep_add_standards(info);
    conn_info_set(info, "client_encoding", pooled ? NULL : "SQL_ASCII");
    /* libpq takes a session that is read-only by its own settings, as ours are, for a server that is. */
    const char *attrs = conn_info_get(info, "target_session_attrs");
    if (attrs != NULL && strcmp(attrs, "read-write") == 0)
        conn_info_set(info, "target_session_attrs", "primary");
    else if (attrs != NULL && strcmp(attrs, "read-only") == 0)
        conn_info_set(info, "target_session_attrs", "standby");
    if (pooled)
        conn_info_set(info, "options", NULL);
    else
        add_options(info, timeout_s);
}

const char *lane_local(const struct lane *l, bool own_sql, double timeout_s, struct text *out)
{
    char value[24];
    bool pooled = l->source->pooled;
    if (!pooled && !own_sql && timeout_s == l->timeout_s)
        return NULL;
    text_add(out, "SELECT " PG_TAG " ");
    for (int i = 0; i < (pooled ? N_SETTINGS : 1); i++)
        text_addf(out, "%spg_catalog.set_config('%s', '%s', true)", i > 0 ? ", " : "", settings[i].name,
                  setting_value(i, timeout_s, value));
    if (pooled)
        text_add(out, ", pg_catalog.set_config('application_name', 'dbvitals', true)");
    /* The user's SQL sees the names that the user sees; ours the system's only: nobody's function stands in
     * for one of them. */
    if (pooled && !own_sql)
        text_add(out, ", pg_catalog.set_config('search_path', 'pg_catalog', true)");
    else if (!pooled && own_sql)
        text_addf(out, ", pg_catalog.set_config('search_path', s.reset_val, true) from "
                       "pg_catalog.pg_settings s where s.name = "
                       "'search_path'");
    return text_str(out);
}
