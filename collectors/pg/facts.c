/* What must be known of a server, found out at connect and looked at again now and then: a standby is
 * promoted, a role is granted and an extension is created without a connection being lost. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/inside.h"
#include "core/text.h"

/* Works with no privileges, in every version. Qualified throughout: the search path is not ours yet. */
#define FACTS(server_id)                                                                                     \
    "select pg_catalog.pg_backend_pid() as pid,"                                                             \
    " " server_id " as server_id,"                                                                           \
    " pg_catalog.current_setting('server_version_num') as version,"                                          \
    " pg_catalog.current_setting('server_version') as version_text,"                                         \
    " r.rolname as user_name, r.oid as user_oid, r.rolsuper as superuser,"                                   \
    " d.datname as database, d.oid as database_oid,"                                                         \
    " pg_catalog.pg_is_in_recovery() as standby,"                                                            \
    " pg_catalog.pg_postmaster_start_time() as started,"                                                     \
    " pg_catalog.current_setting('block_size') as block_size,"                                               \
    " pg_catalog.current_setting('track_io_timing') = 'on' as io_timing,"                                    \
    " pg_catalog.pg_has_role('pg_monitor', 'USAGE')"                                                         \
    "  or (pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')"                                             \
    "   and pg_catalog.pg_has_role('pg_read_all_settings', 'USAGE')) as monitor,"                            \
    " e.extversion as statements, pg_catalog.quote_ident(n.nspname) as statements_schema,"                   \
    " exists (select from pg_catalog.pg_settings s where s.name = 'pg_stat_statements.max') as "             \
    "statements_loaded,"                                                                                     \
    " case when not r.rolsuper then"                                                                         \
    "  (select pg_catalog.string_agg(m.oid::pg_catalog.text, ',' order by m.oid)"                            \
    "  from pg_catalog.pg_roles m where pg_catalog.pg_has_role(m.oid, 'USAGE')) end as memberships"          \
    " from pg_catalog.pg_roles r"                                                                            \
    " join pg_catalog.pg_database d on d.datname = pg_catalog.current_database()"                            \
    " left join pg_catalog.pg_extension e on e.extname = 'pg_stat_statements'"                               \
    " left join pg_catalog.pg_namespace n on n.oid = e.extnamespace"                                         \
    " where r.rolname = current_user"

static const char facts_sql[] =
    FACTS("(select c.system_identifier::pg_catalog.text from pg_catalog.pg_control_system() c)");
/* All roles may execute that function unless somebody took the right from them, and a statement with it fails
 * even where it is not reached. */
static const char facts_sql_without[] = FACTS("null::pg_catalog.text");

static const char *text_of(const struct conn_rows *r, const char *name)
{
    int len, column = conn_rows_column(r, name);
    const char *s = column < 0 ? NULL : conn_rows_value(r, 0, column, &len);
    return s == NULL ? "" : s;
}

static double number_of(const struct conn_rows *r, const char *name)
{
    int len, column = conn_rows_column(r, name);
    if (column < 0)
        return NAN;
    const char *s = conn_rows_value(r, 0, column, &len);
    return rows_real(conn_rows_type(r, column), s, len);
}

static bool is_true(const struct conn_rows *r, const char *name)
{
    return number_of(r, name) == 1;
}

/* "1.10" is 110, "" is 0. */
static int extension_version(const char *s)
{
    char *end;
    long major = strtol(s, &end, 10), minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return major < 0 || major > 1000 || minor < 0 || minor > 99 ? 0 : (int)(major * 100 + minor);
}

static const char *keep(struct arena *a, const char *s, const char *before)
{
    return before != NULL && strcmp(s, before) == 0 ? before : arena_dup(a, s);
}

/* "16.4 (Debian 16.4-1)" is 16.4. */
static const char *keep_version(struct arena *a, const char *s, const char *before)
{
    char word[40];
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(s, " "), s);
    return keep(a, word, before);
}

static struct pg_facts read_facts(struct pg_source *s, const struct conn_rows *r)
{
    struct arena *a = s->facts_arena;
    const struct pg_facts *old = &s->facts; /* zero if there are none */
    struct pg_facts f = {
        .version = (int)strtol(text_of(r, "version"), NULL, 10),
        .version_text = keep_version(a, text_of(r, "version_text"), old->version_text),
        .server_id = keep(a, text_of(r, "server_id"), old->server_id),
        .user = keep(a, text_of(r, "user_name"), old->user),
        .database = keep(a, text_of(r, "database"), old->database),
        .user_oid = (int64_t)number_of(r, "user_oid"),
        .database_oid = (int64_t)number_of(r, "database_oid"),
        .standby = is_true(r, "standby"),
        .pooled = s->pooled,
        .started_s = number_of(r, "started"),
        .superuser = is_true(r, "superuser"),
        .monitor = is_true(r, "monitor"),
        .io_timing = is_true(r, "io_timing"),
        .statements = extension_version(text_of(r, "statements")),
        .statements_loaded = is_true(r, "statements_loaded"),
        .statements_schema = keep(a, text_of(r, "statements_schema"), old->statements_schema),
        .backend_pid = (int)number_of(r, "pid"),
        .block_size = (int)strtol(text_of(r, "block_size"), NULL, 10),
    };
    const char *memberships = text_of(r, "memberships");
    f.role_epoch = epoch_add(EPOCH_START, &f.started_s, sizeof(f.started_s));
    f.role_epoch = epoch_add(f.role_epoch, &f.user_oid, sizeof(f.user_oid));
    f.role_epoch = epoch_add(f.role_epoch, &f.superuser, sizeof(f.superuser));
    f.role_epoch = epoch_add(f.role_epoch, memberships, strlen(memberships));
    return f;
}

/* Whether SQL that was made from A is still right with B. The pid differs with each transaction through a
 * pooler. */
static bool same(const struct pg_facts *a, const struct pg_facts *b)
{
    return a->version == b->version && a->role_epoch == b->role_epoch && a->standby == b->standby &&
           a->statements == b->statements && a->statements_loaded == b->statements_loaded &&
           a->monitor == b->monitor && strcmp(a->statements_schema, b->statements_schema) == 0;
}

static void reset_states(struct pg_source *s)
{
    for (int i = 0; pg_collectors[i] != NULL; i++)
        if (s->states[i] != NULL && pg_collectors[i]->state_reset != NULL)
            pg_collectors[i]->state_reset(s->states[i]);
}

static void take(struct pg_source *s, const struct conn_rows *r)
{
    bool first = !s->has_facts;
    if (s->facts_arena == NULL)
        s->facts_arena = arena_new(1024);
    struct pg_facts f = read_facts(s, r);
    if (f.version < OLDEST_VERSION) {
        char text[120];
        snprintf(text, sizeof(text), "PostgreSQL %d is not supported; 14 to 18 are", f.version / 10000);
        lane_refuse(s, text);
        return;
    }
    if (first && !s->pooled && f.backend_pid != conn_backend_pid(s->fast.conn)) {
        lane_reopen_pooled(s);
        return;
    }
    bool changed = first || !same(&f, &s->facts);
    s->facts = f;
    s->has_facts = true;
    s->facts_mono_s = loop_mono_s();
    if (changed)
        s->generation++;
    if (first) {
        s->slow.backoff_s = 0;
        s->slow.next_try_mono_s = 0;
        reset_states(s);
        lane_settle(&s->fast);
        keep_up(&s->keep);
    }
    if (changed)
        source_tell(s, SOURCE_UP, NULL);
}

/* Without facts there is nothing to be done with this connection. A refresh that fails leaves the facts as
 * they are. */
static void failed(struct pg_source *s, const struct conn_answer *a)
{
    char text[500];
    if (!s->no_server_id && strcmp(a->sqlstate, "42501") == 0) {
        s->no_server_id = true;
        facts_ask(s);
        return;
    }
    if (s->has_facts || s->fast.conn == NULL || !conn_is_up(s->fast.conn))
        return;
    snprintf(text, sizeof(text), "cannot find out what server this is: %s", a->text);
    lane_refuse(s, text);
}

static void answered(void *ctx, const struct conn_answer *a)
{
    struct pg_source *s = ctx;
    source_enter(s);
    s->asking_facts = false;
    if (a->rows != NULL && conn_rows_n(a->rows) == 1)
        take(s, a->rows);
    else if (a->rows == NULL)
        failed(s, a);
    conn_rows_free(a->rows);
    source_leave(s);
}

void facts_ask(struct pg_source *s)
{
    if (s->asking_facts)
        return;
    struct text local;
    text_init(&local, 2000);
    double timeout_s = s->has_facts ? s->fast.timeout_s : 5;
    s->asking_facts = true;
    /* The first time nothing is set: it is not known yet whether this connection is ours alone. */
    const char *l = !s->has_facts && !s->pooled ? NULL : lane_local(&s->fast, false, timeout_s, &local);
    struct conn_query q = {.sql = s->no_server_id ? facts_sql_without : facts_sql,
                           .local = l,
                           .unnamed = !s->has_facts,
                           .timeout_s = timeout_s,
                           .ctx = s,
                           .done = answered};
    if (!lane_send(&s->fast, &q))
        s->asking_facts = false;
    text_done(&local);
}

void facts_forget(struct pg_source *s)
{
    s->has_facts = s->asking_facts = s->no_server_id = false;
    s->facts = (struct pg_facts){0};
    arena_unref(s->facts_arena);
    s->facts_arena = NULL;
    s->generation++;
}
