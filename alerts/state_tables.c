/* The tables of the state file. */
#include "alerts/state_tables.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/state_row.h"
#include "core/mem.h"

/* Numbers of enums (level, phase, reason, change) are kept as they are: new ones go to the end. */
static const char *const schema =
    "create table numbers(name text primary key, value integer);"
    "create table events(seq integer primary key, alert_id text, number integer, change integer, from_level "
    "integer,"
    " to_level integer, reason integer, at_s real, title text);"
    "create index events_alert on events(alert_id, number);"
    "create table moments as select *, 0 as number from alerts where false;"
    "create index moments_alert on moments(id, number);"
    "create table notified(alert_id text, webhook text, level integer, number integer, repeats integer, "
    "since_s real,"
    " pending integer, acked integer, flapping integer, seen integer, primary key(alert_id, webhook)) "
    "without rowid;"
    "create table silences(id integer primary key, rule text, target text, key text, by text, comment text,"
    " from_s real, until_s real);"
    "create table contexts(alert_id text, number integer, json text, primary key(alert_id, number));"
    "create table outbox(number integer primary key, message_id text, webhook text, order_key text, body "
    "text,"
    " text text, made_s real, attempts integer, age_s real, dead integer);"
    "create table deliveries(seq integer primary key, number integer, attempt integer, at_s real, webhook "
    "text,"
    " message_id text, text text, outcome integer, status integer, detail text, took_ms real, alerts text);"
    "pragma user_version = 2;";
static const char *const from_version_1 = "begin immediate; alter table deliveries add column alerts text;"
                                          "pragma user_version = 2; commit;";

/* ---- What is there ---- */

/* The one number that SQL gives; MISSING if there is none. */
static int number(sqlite3 *db, const char *sql, int missing)
{
    sqlite3_stmt *s = NULL;
    bool found = sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW;
    int n = found ? sqlite3_column_int(s, 0) : missing;
    sqlite3_finalize(s);
    return n;
}

int state_tables_version(sqlite3 *db)
{
    return number(db, "pragma user_version", -1);
}

uint32_t state_tables_generation(sqlite3 *db)
{
    return (uint32_t)number(db, "select value from numbers where name = 'generation'", 0);
}

/* Version, tables and their columns, as one text; NULL: it cannot be read. */
static char *describe(sqlite3 *db)
{
    static const char sql[] =
        "select group_concat(name) from (select t.name || '.' || c.name as name from"
        " sqlite_master t, pragma_table_info(t.name) c where t.type = 'table' and t.name"
        " not like 'sqlite%' order by t.name, c.cid)";
    sqlite3_stmt *s = NULL;
    struct text t;
    int version = state_tables_version(db);
    text_init(&t, 64 << 10);
    bool ok = version >= 0 && sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
              sqlite3_step(s) == SQLITE_ROW;
    text_addf(&t, "%d:", version);
    if (ok)
        text_add(&t, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    if (ok)
        return text_take(&t);
    text_done(&t);
    return NULL;
}

/* As they would be made: nobody has to remember what else a new column changes. */
static char *describe_ours(void)
{
    sqlite3 *db = NULL;
    char *ours = NULL;
    if (sqlite3_open(":memory:", &db) == SQLITE_OK && state_tables_make(db, 1))
        ours = describe(db);
    sqlite3_close(db);
    return ours;
}

enum state_tables state_tables_look(sqlite3 *db)
{
    char *there = describe(db), *ours = there == NULL ? NULL : describe_ours();
    enum state_tables what = TABLES_UNREADABLE;
    if (there != NULL && ours != NULL)
        what = strcmp(there, ours) == 0 ? TABLES_OURS : strcmp(there, "0:") == 0 ? TABLES_NONE : TABLES_OTHER;
    free(there);
    free(ours);
    return what;
}

/* ---- Making them ---- */

bool state_tables_make(sqlite3 *db, uint32_t generation)
{
    struct text sql;
    text_init(&sql, 16384);
    text_add(&sql, "begin immediate; create table alerts(");
    alert_columns_add(&sql, true);
    text_addf(&sql, "); %s insert into numbers values('generation', %u); commit;", schema, generation);
    bool ok = sqlite3_exec(db, text_str(&sql), NULL, NULL, NULL) == SQLITE_OK;
    text_done(&sql);
    return ok;
}

void state_tables_upgrade(sqlite3 *db)
{
    if (state_tables_version(db) == 1 && sqlite3_exec(db, from_version_1, NULL, NULL, NULL) != SQLITE_OK)
        sqlite3_exec(db, "rollback", NULL, NULL, NULL);
}
