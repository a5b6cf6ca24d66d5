/* migrations: the table in which a tool keeps which migrations it ran, whichever tool that is: the version,
 * what failed, what a directory has more. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/migration_files.h"
#include "collectors/pg/pg.h"
#include "core/mem.h"

// clang-format off
enum { DATID, SCHEMA, TABLE, DATNAME, TOOL, VERSION, APPLIED, FAILED, DIRTY, LOCKED, HEADS, APPLIED_AT, PENDING, DIVERGED, NEXT, MAY_READ, NOTE };
static const struct column columns[] = {
    [DATID]      = {"datid", KIND_KEY, TYPE_INT, .help = "oid of the database"},
    [SCHEMA]     = {"schema", KIND_KEY, TYPE_TEXT, .help = "schema of the tool's table"},
    [TABLE]      = {"table_name", KIND_KEY, TYPE_TEXT, .help = "the tool's table"},
    [DATNAME]    = {"datname", KIND_LABEL, TYPE_TEXT, .help = "database"},
    [TOOL]       = {"tool", KIND_LABEL, TYPE_TEXT, .help = "the tool, by the table's name and columns: alembic, rails, golang-migrate, flyway, django, prisma, goose, knex, sqlx, liquibase, node-pg-migrate, typeorm, laravel, ecto, efcore"},
    [VERSION]    = {"version", KIND_LABEL, TYPE_TEXT, .help = "the newest migration that was applied; of alembic its heads"},
    [APPLIED]    = {"applied", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "migrations that were applied; n/a where the tool keeps the last one only"},
    [FAILED]     = {"failed", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "migrations that failed, or began and did not end; n/a where the tool does not keep it"},
    [DIRTY]      = {"dirty", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "one stopped half-way, and the tool refuses to go on"},
    [LOCKED]     = {"locked", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "the tool's own lock is taken: a migration runs, or was killed"},
    [HEADS]      = {"heads", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "alembic: revisions that nothing follows; more than one means that branches were not merged"},
    [APPLIED_AT] = {"applied_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when the newest one was applied; a time without a zone is taken as one of our session's"},
    [PENDING]    = {"pending", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "migrations of the directory (migrations = DIR) that are not applied"},
    [DIVERGED]   = {"diverged", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "applied, and not in the directory: another branch was deployed; those older than its oldest file are not counted"},
    [NEXT]       = {"next_pending", KIND_TEXT, TYPE_TEXT, .help = "the first of the pending ones"},
    [MAY_READ]   = {"may_read", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "the role may read the table"},
    [NOTE]       = {"note", KIND_TEXT, TYPE_TEXT, .help = "why something of this is not known"},
};

const struct dataset dataset_migrations = {
    .name = "migrations",
    .help = "the table of a migration tool: version, what failed, what is pending against a directory",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 60,
};

/* A tool: its table has all of `has`. The others are SQL over the rows m; NULL is not known. `rows` replaces the rows themselves, {t} is the table. */
static const struct tool {
    const char *name, *table, *has;
    enum migration_naming naming;
    bool only_newest;
    const char *version, *applied, *failed, *dirty, *at, *names, *lock_table, *locked, *rows;
} tools[] = {
    {"alembic", "alembic_version", "version_num", NAMED_BY_ALEMBIC, .version = "string_agg(version_num, ', ' order by version_num)", .names = "version_num"},
    {"golang-migrate", "schema_migrations", "version,dirty", NAMED_BY_NUMBER, true, "max(version)", .failed = "count(*) filter (where dirty)", .dirty = "bool_or(dirty)", .names = "version"},
    {"ecto", "schema_migrations", "version,inserted_at", NAMED_BY_NUMBER, .version = "max(version)", .applied = "count(*)", .at = "max(inserted_at)", .names = "version"},
    {"rails", "schema_migrations", "version", NAMED_BY_NUMBER, .version = "max(version)", .applied = "count(*)", .names = "version"},
    {"flyway", "flyway_schema_history", "installed_rank,version,success,installed_on", NAMED_BY_FLYWAY, false, "(array_agg(version order by installed_rank desc) filter (where success and version is not null))[1]",
     "count(*) filter (where success)", "count(*) filter (where not success)", "bool_or(not success)", "max(installed_on) filter (where success)", "case when success then version end"},
    {"django", "django_migrations", "id,app,name,applied", NAMED_BY_DJANGO, .version = "(array_agg(app || '.' || name order by id desc))[1]", .applied = "count(*)", .at = "max(applied)", .names = "app || '.' || name"},
    {"prisma", "_prisma_migrations", "migration_name,finished_at,rolled_back_at,started_at", NAMED_BY_FOLDER, false, "(array_agg(migration_name order by started_at desc) filter (where finished_at is not null and rolled_back_at is null))[1]",
     "count(*) filter (where finished_at is not null and rolled_back_at is null)", "count(*) filter (where finished_at is null and rolled_back_at is null)", "bool_or(finished_at is null and rolled_back_at is null)",
     "max(finished_at) filter (where rolled_back_at is null)", "case when finished_at is not null and rolled_back_at is null then migration_name end"},
    {"goose", "goose_db_version", "id,version_id,is_applied,tstamp", NAMED_BY_NUMBER, .version = "max(version_id) filter (where is_applied)", .applied = "count(*) filter (where is_applied and version_id <> 0)", .at = "max(tstamp) filter (where is_applied)",
     .names = "case when is_applied and version_id <> 0 then version_id end", .rows = "select distinct on (version_id) * from {t} order by version_id, id desc"},
    {"knex", "knex_migrations", "id,name,migration_time", NAMED_BY_FILE, .version = "(array_agg(name order by id desc))[1]", .applied = "count(*)", .at = "max(migration_time)", .names = "name", .lock_table = "knex_migrations_lock", .locked = "bool_or(is_locked = 1)"},
    {"sqlx", "_sqlx_migrations", "version,success,installed_on", NAMED_BY_NUMBER, false, "max(version) filter (where success)", "count(*) filter (where success)", "count(*) filter (where not success)", "bool_or(not success)", "max(installed_on) filter (where success)",
     "case when success then version end"},
    {"liquibase", "databasechangelog", "id,exectype,dateexecuted,orderexecuted", NAMED_NOWHERE, .version = "(array_agg(id order by orderexecuted desc) filter (where exectype not in ('FAILED', 'SKIPPED')))[1]", .applied = "count(*) filter (where exectype not in ('FAILED', 'SKIPPED'))",
     .failed = "count(*) filter (where exectype = 'FAILED')", .at = "max(dateexecuted)", .lock_table = "databasechangeloglock", .locked = "bool_or(locked)"},
    {"node-pg-migrate", "pgmigrations", "id,name,run_on", NAMED_BY_STEM, .version = "(array_agg(name order by id desc))[1]", .applied = "count(*)", .at = "max(run_on)", .names = "name"},
    {"typeorm", "migrations", "id,timestamp,name", NAMED_BY_NUMBER, .version = "(array_agg(name order by \"timestamp\" desc))[1]", .applied = "count(*)", .names = "\"timestamp\""},
    {"laravel", "migrations", "id,migration,batch", NAMED_BY_STEM, .version = "(array_agg(migration order by id desc))[1]", .applied = "count(*)", .names = "migration"},
    {"efcore", "__EFMigrationsHistory", "MigrationId", NAMED_BY_STEM, .version = "max(\"MigrationId\")", .applied = "count(*)", .names = "\"MigrationId\""},
};
enum { N_TOOLS = sizeof(tools) / sizeof(tools[0]), MOST_TABLES = 50 };

/* By name in whatever schema, and without asking the tables: what may not be read is told. A lock's table counts if it may be read too. */
static const char find_sql[] =
    "select n.nspname as schema, c.relname as name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as place,"
    " has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as may_read,"
    " concat_ws('; ', case when not has_schema_privilege(n.oid, 'usage') then 'GRANT USAGE ON SCHEMA ' || quote_ident(n.nspname) || ' TO ' || quote_ident(current_user) end,"
    "  case when not has_table_privilege(c.oid, 'select') then 'GRANT SELECT ON ' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || ' TO ' || quote_ident(current_user) end) as cure,"
    " (select string_agg(a.attname, ',') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as has,"
    " (select string_agg(quote_ident(n.nspname) || '.' || quote_ident(l.relname), '') from pg_class l where l.relnamespace = n.oid and l.relkind = 'r'"
    "  and l.relname = case c.relname when 'knex_migrations' then 'knex_migrations_lock' when 'databasechangelog' then 'databasechangeloglock' end"
    "  and has_table_privilege(l.oid, 'select')) as lock_place,"
    " d.oid as datid, d.datname"
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_database d on d.datname = current_database()"
    " where c.relkind in ('r', 'p') and c.relname = any($1::name[]) and n.nspname !~ '^pg_' order by 1, 2 limit 50";
// clang-format on

/* A table that was found. */
struct found {
    const struct tool *tool;
    int row; /* of the sample */
};

struct state {
    struct sample *sample;
    struct found found[MOST_TABLES];
    int n;
};

static void set_text(struct sample *s, int column, int row, const char *text)
{
    if (text != NULL)
        sample_set_text(s, column, row, text, strlen(text));
}

static bool lists(const char *list, const char *name, size_t len)
{
    for (const char *at = list; at != NULL && *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == len && strncmp(at, name, len) == 0)
            return true;
    return false;
}

static bool is_tool(const struct tool *t, const char *table, const char *has)
{
    if (strcmp(t->table, table) != 0)
        return false;
    for (const char *at = t->has; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        if (!lists(has, at, strcspn(at, ",")))
            return false;
    return true;
}

/* ---- The answers ---- */

static void directory_read(void *ctx)
{
    migration_files_answer(ctx);
}

static void directory_free(void *ctx)
{
    migration_files_free(ctx);
}

static void deliver(struct pg_poll *p)
{
    struct state *st = pg_state(p);
    struct sample *s = st->sample;
    st->sample = NULL;
    pg_poll_done(p, s);
}

static void directory_known(struct pg_poll *p, void *ctx)
{
    struct state *st = pg_state(p);
    const struct migration_files *m = ctx;
    for (int i = 0; i < m->n_questions; i++) {
        const struct migration_question *q = &m->questions[i];
        int row = st->found[i].row;
        st->sample->values[PENDING].real[row] = q->pending;
        st->sample->values[DIVERGED].real[row] = q->unknown;
        if (q->next[0] != '\0')
            set_text(st->sample, NEXT, row, q->next);
        if (q->why[0] != '\0')
            set_text(st->sample, NOTE, row, q->why);
    }
    deliver(p);
}

static void ask_directory(struct pg_poll *p, const struct pg_rows *rows, const char *directory)
{
    struct state *st = pg_state(p);
    struct migration_files *m = mem_new(sizeof(*m));
    m->directory = mem_dup(directory);
    m->n_questions = st->n;
    m->questions = mem_new_array((size_t)st->n, sizeof(*m->questions));
    int nth = pg_rows_column(rows, "nth"), names = pg_rows_column(rows, "names");
    for (int i = 0; i < pg_rows_n(rows); i++) {
        int at = (int)pg_rows_int(rows, i, nth);
        const char *text = pg_rows_text(rows, i, names, NULL);
        if (at < 0 || at >= st->n)
            continue;
        m->questions[at].naming = st->found[at].tool->naming;
        m->questions[at].only_newest = st->found[at].tool->only_newest;
        m->questions[at].applied = text != NULL ? mem_dup(text) : NULL;
    }
    pg_work(p, &(struct pg_work_order){
                   .run = directory_read, .done = directory_known, .free = directory_free, .ctx = m});
}

static void take_row(struct state *st, const struct pg_rows *rows, int row)
{
    static const struct {
        int column;
        const char *name;
    } numbers[] = {{APPLIED, "applied"}, {FAILED, "failed"}, {DIRTY, "dirty"},
                   {LOCKED, "locked"},   {HEADS, "heads"},   {APPLIED_AT, "applied_at"}};
    int64_t at = pg_rows_int(rows, row, pg_rows_column(rows, "nth"));
    if (at < 0 || at >= st->n)
        return;
    int to = st->found[at].row;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        st->sample->values[numbers[i].column].real[to] =
            pg_rows_real(rows, row, pg_rows_column(rows, numbers[i].name));
    set_text(st->sample, VERSION, to, pg_rows_text(rows, row, pg_rows_column(rows, "version"), NULL));
}

static void got_tables(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    struct state *st = pg_state(p);
    const char *directory = target_config_word(pg_target(p), "migrations");
    if (rows == NULL) {
        pg_poll_failed(p, why, text);
        return;
    }
    for (int i = 0; i < pg_rows_n(rows); i++)
        take_row(st, rows, i);
    if (directory != NULL && directory[0] != '\0' && pg_is_home(p) && st->n > 0)
        ask_directory(p, rows, directory);
    else
        deliver(p);
}

/* ---- The questions ---- */

static void add_or_null(struct text *sql, const char *format, const char *expression)
{
    if (expression != NULL)
        text_addf(sql, format, expression);
    else
        text_add(sql, "null");
}

static void add_rows(struct text *sql, const struct tool *t, const char *place)
{
    const char *rows = t->rows != NULL ? t->rows : "select * from {t}", *at = strstr(rows, "{t}");
    text_add_n(sql, rows, (size_t)(at - rows));
    text_add(sql, place);
    text_add(sql, at + strlen("{t}"));
}

/* One SELECT of the UNION over all tables: NTH tells them apart. */
static void add_question(struct text *sql, const struct tool *t, int nth, const char *place,
                         const char *lock_place)
{
    text_addf(sql, "%sselect %d as nth, left((%s)::text, 200) as version, ", nth > 0 ? " union all " : "",
              nth, t->version);
    add_or_null(sql, "(%s)", t->applied);
    text_add(sql, "::float8 as applied, ");
    add_or_null(sql, "(%s)", t->failed);
    text_add(sql, "::float8 as failed, ");
    add_or_null(sql, "(%s)", t->dirty);
    text_add(sql, "::bool as dirty, ");
    add_or_null(sql, "(%s)", t->naming == NAMED_BY_ALEMBIC ? "count(*)" : NULL);
    text_add(sql, "::float8 as heads, ");
    add_or_null(sql, "(%s)", t->at);
    text_add(sql, "::timestamptz as applied_at, ");
    if (t->locked != NULL && lock_place != NULL)
        text_addf(sql, "(select %s from %s)", t->locked, lock_place);
    else
        text_add(sql, "null");
    text_add(sql, "::bool as locked, ");
    add_or_null(sql, "string_agg(left((%s)::text, 250), E'\\n')", t->names);
    text_add(sql, "::text as names from (");
    add_rows(sql, t, place);
    text_add(sql, " limit 20000) m");
}

static const char *text_of(const struct pg_rows *rows, int row, const char *name)
{
    return pg_rows_text(rows, row, pg_rows_column(rows, name), NULL);
}

static const struct tool *tool_of(const struct pg_rows *rows, int row)
{
    for (int i = 0; i < N_TOOLS; i++)
        if (is_tool(&tools[i], text_of(rows, row, "name"), text_of(rows, row, "has")))
            return &tools[i];
    return NULL;
}

static void take_table(struct sample *s, int row, const struct pg_rows *rows, int from,
                       const struct tool *tool)
{
    bool may_read = pg_rows_real(rows, from, pg_rows_column(rows, "may_read")) == 1;
    s->values[DATID].integer[row] = pg_rows_int(rows, from, pg_rows_column(rows, "datid"));
    set_text(s, DATNAME, row, text_of(rows, from, "datname"));
    set_text(s, SCHEMA, row, text_of(rows, from, "schema"));
    set_text(s, TABLE, row, text_of(rows, from, "name"));
    set_text(s, TOOL, row, tool->name);
    s->values[MAY_READ].real[row] = may_read;
    if (may_read)
        return;
    struct text note;
    text_init(&note, 600);
    text_addf(&note, "the role may not read it: %s", text_of(rows, from, "cure"));
    set_text(s, NOTE, row, text_str(&note));
    text_done(&note);
}

static void got_places(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    struct state *st = pg_state(p);
    if (rows == NULL) {
        pg_poll_failed(p, why, text);
        return;
    }
    struct text sql;
    int n = 0;
    text_init(&sql, 1 << 17);
    sample_unref(st->sample);
    st->n = 0;
    st->sample = sample_new(&dataset_migrations, pg_rows_n(rows));
    st->sample->mono_s = pg_rows_mono_s(rows);
    st->sample->wall_s = pg_rows_wall_s(rows);
    st->sample->reset_s = NAN;
    st->sample->epoch = pg_facts(p)->role_epoch;
    for (int i = 0; i < pg_rows_n(rows) && st->n < MOST_TABLES; i++) {
        const struct tool *tool = tool_of(rows, i);
        if (tool == NULL)
            continue;
        take_table(st->sample, n, rows, i, tool);
        if (st->sample->values[MAY_READ].real[n] == 1) {
            st->found[st->n] = (struct found){tool, n};
            add_question(&sql, tool, st->n++, text_of(rows, i, "place"), text_of(rows, i, "lock_place"));
        }
        n++;
    }
    sample_shrink(st->sample, n);
    if (st->n > 0)
        pg_run(p, text_str(&sql), 0, NULL, got_tables);
    else
        deliver(p);
    text_done(&sql);
}

static void start(struct pg_poll *p)
{
    struct text names;
    text_init(&names, 1000);
    for (int i = 0; i < N_TOOLS; i++)
        text_addf(&names, "%s%s", i > 0 ? "," : "{", tools[i].table);
    text_add(&names, "}");
    pg_run(p, find_sql, 1, (const char *const[]){text_str(&names)}, got_places);
    text_done(&names);
}

static void reset(void *state)
{
    struct state *st = state;
    sample_unref(st->sample);
    st->sample = NULL;
    st->n = 0;
}

const struct pg_collector pg_migrations = {.dataset = &dataset_migrations,
                                           .lane = PG_SLOW,
                                           .per_database = true,
                                           .start = start,
                                           .state_size = sizeof(struct state),
                                           .state_done = reset,
                                           .state_reset = reset};
