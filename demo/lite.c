/* Where no PostgreSQL can be found: an SQLite file that has what files of small applications have: a table without the index that its readers
 * need, an index that stands there twice, and writers that wait for each other. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/mem.h"
#include "demo/parts.h"

struct actor {
    int connections, every_ms;
    const char *sql;
    int below;    /* ?1 is a number from 1 to this */
    int holds_ms; /* the write lock is held so long: a transaction that does something else in its middle */
};

struct client {
    const struct actor *actor;
    const char *path;
    unsigned seed;
};

// clang-format off
static const struct actor actors[] = {
    {3, 80,   "select count(*), max(created_at) from messages where chat_id = ?1", 500, 0}, /* reads all of it */
    {2, 40,   "select name from bots where id = ?1", 200, 0},
    {4, 150,  "insert into messages (bot_id, chat_id, created_at, body) values (?1, ?1 * 7 % 500, unixepoch(), hex(randomblob(40)))", 200, 30},
    {1, 1000, "delete from messages where id in (select id from messages order by id limit 20) and ?1 > 0", 1, 0},
    {1, 9000, "update bots set seen = unixepoch() where id >= ?1", 1, 1500}, /* everybody who writes waits for it, some in vain */
};
// clang-format on
enum { N_ACTORS = sizeof(actors) / sizeof(actors[0]) };

static const char schema[] =
    "pragma journal_mode = wal;"
    "create table bots (id integer primary key, name text not null, seen integer);"
    "create table messages (id integer primary key, bot_id integer not null, chat_id integer not null, created_at integer not null, body text not null);"
    "create index messages_bot_created on messages (bot_id, created_at);"
    "create index messages_bot on messages (bot_id);" /* the one above begins with it */
    "create index messages_bot_again on messages (bot_id);"
    "begin;"
    "insert into bots select value, 'bot ' || value, 0 from (with recursive n(value) as (select 1 union all select value + 1 from n where value < 200) select value from n);"
    "insert into messages (bot_id, chat_id, created_at, body) select value % 200 + 1, value * 7 % 500, unixepoch() - value, hex(randomblob(40))"
    "  from (with recursive n(value) as (select 1 union all select value + 1 from n where value < 60000) select value from n);"
    "commit; analyze;";

static void run(struct client *c, sqlite3 *db, sqlite3_stmt *statement)
{
    sqlite3_bind_int(statement, 1, (int)((double)rand_r(&c->seed) / ((double)RAND_MAX + 1) * c->actor->below) + 1);
    if (c->actor->holds_ms > 0 && sqlite3_exec(db, "begin immediate", NULL, NULL, NULL) != SQLITE_OK)
        return; /* busy: that is part of the show */
    while (sqlite3_step(statement) == SQLITE_ROW)
        ;
    sqlite3_reset(statement);
    if (c->actor->holds_ms > 0) {
        poll(NULL, 0, c->actor->holds_ms);
        sqlite3_exec(db, "commit", NULL, NULL, NULL);
    }
}

static void *client_main(void *ctx)
{
    struct client *c = ctx;
    sqlite3 *db;
    sqlite3_stmt *statement = NULL;
    if (sqlite3_open(c->path, &db) != SQLITE_OK)
        return NULL;
    sqlite3_busy_timeout(db, 1000);
    if (sqlite3_prepare_v2(db, c->actor->sql, -1, &statement, NULL) == SQLITE_OK)
        for (;;) {
            poll(NULL, 0, c->actor->every_ms / 2 + (int)((double)rand_r(&c->seed) / RAND_MAX * c->actor->every_ms));
            run(c, db, statement);
        }
    sqlite3_close(db);
    return NULL;
}

static bool client_start(struct client c)
{
    pthread_attr_t how;
    pthread_t thread;
    struct client *own = mem_new(sizeof(*own)); /* until the process ends */
    *own = c;
    pthread_attr_init(&how);
    pthread_attr_setstacksize(&how, 512 * 1024);
    pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    int status = pthread_create(&thread, &how, client_main, own);
    pthread_attr_destroy(&how);
    return status == 0;
}

bool lite_start(const char *path, demo_tell_fn *progress, struct err *err)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    progress("filling an SQLite file with 60,000 messages");
    bool good = sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, schema, NULL, NULL, &why) == SQLITE_OK;
    if (!good)
        fail(err, "the demo's SQLite file could not be made: %s", why != NULL ? why : "it cannot be opened");
    sqlite3_free(why);
    sqlite3_close(db);
    const char *copy = mem_dup(path);
    for (int i = 0; i < N_ACTORS && good; i++)
        for (int n = 0; n < actors[i].connections && good; n++) {
            struct client c = {.actor = &actors[i], .path = copy, .seed = (unsigned)(i * 100 + n + 1)};
            good = client_start(c) || fail(err, "cannot start a thread of the demo's workload");
        }
    return good;
}
