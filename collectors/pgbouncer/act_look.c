/* Who is still in the way of a PAUSE: connections that clients have. It is also seen here that somebody else
 * has said RESUME: PgBouncer leaves the PAUSE that waits without an answer then. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pgbouncer/act.h"
#include "core/mem.h"

enum { MOST_NAMED = 4 };

/* A look under way; it may outlive the cure. */
struct act_look {
    struct act *act; /* NULL: gone */
};

/* An identifier as the console reads it, quoted or not. */
char *bouncer_act_paused(const char *statement)
{
    static const char word[] = "PAUSE";
    struct text name;
    if (strncmp(statement, word, strlen(word)) != 0)
        return NULL;
    const char *s = statement + strlen(word);
    if (*s != ' ' && *s != '\0')
        return NULL;
    s += strspn(s, " ");
    bool quoted = *s == '"';
    text_init(&name, 1000);
    for (s += quoted; *s != '\0' && !(quoted && *s == '"' && s[1] != '"'); s++) {
        s += quoted && *s == '"';
        text_add_char(&name, *s);
    }
    return text_take(&name);
}

static bool is_meant(const struct act *a, const char *database)
{
    return database != NULL && strcmp(database, "pgbouncer") != 0 &&
           (a->database[0] == '\0' || strcmp(a->database, database) == 0);
}

/* Who has connections, by pool, and how many clients wait meanwhile. */
static void tell(struct act *a, const struct conn_rows *pools)
{
    double in_use = 0, waiting = 0;
    int named = 0;
    struct text who, all;
    text_init(&who, 800);
    for (int row = 0; row < conn_rows_n(pools); row++) {
        const char *database = bouncer_text(pools, row, "database"), *user = bouncer_text(pools, row, "user"),
                   *mode = bouncer_text(pools, row, "pool_mode");
        double held = bouncer_number(pools, row, "sv_active");
        if (!is_meant(a, database))
            continue;
        waiting += fmax(0, bouncer_number(pools, row, "cl_waiting"));
        if (!(held > 0))
            continue;
        in_use += held;
        if (named++ < MOST_NAMED)
            text_addf(&who, "%s%s/%s %.0f%s", who.len > 0 ? ", " : "", database, user == NULL ? "" : user,
                      held,
                      mode != NULL && strcmp(mode, "session") == 0 ? " until its clients disconnect" : "");
    }
    text_init(&all, 1200);
    text_addf(&all,
              "waits for %.0f connection%s in use (%s%s); %.0f client%s meanwhile; cancelled, it runs %s",
              in_use, in_use == 1 ? "" : "s", text_str(&who), named > MOST_NAMED ? ", ..." : "", waiting,
              waiting == 1 ? " waits" : "s wait", a->back);
    a->host.says(a->host.ctx, text_str(&all));
    text_done(&all);
    text_done(&who);
}

/* The act of a look that is over; NULL: it is gone, or further. */
static struct act *act_of(struct act_look *look)
{
    struct act *a = look->act;
    free(look);
    if (a == NULL)
        return NULL;
    a->look = NULL;
    return a->step == STEP_RUN ? a : NULL;
}

static void on_pools(void *ctx, const struct conn_answer *answer)
{
    struct act *a = act_of(ctx);
    if (a != NULL && answer->rows != NULL)
        tell(a, answer->rows);
    conn_rows_free(answer->rows);
}

static void ask(struct act_look *look, const char *sql,
                void (*done)(void *ctx, const struct conn_answer *answer))
{
    conn_send(look->act->source->conn,
              &(struct conn_query){.sql = sql, .timeout_s = CONSOLE_TIMEOUT_S, .ctx = look, .done = done});
}

/* False only where the console says so. */
static bool still_paused(const struct act *a, const struct conn_rows *databases)
{
    for (int row = 0; row < conn_rows_n(databases); row++) {
        const char *name = bouncer_text(databases, row, "name");
        if (name != NULL && strcmp(name, a->database) == 0)
            return bouncer_number(databases, row, "paused") != 0;
    }
    return true;
}

static void on_databases(void *ctx, const struct conn_answer *answer)
{
    struct act_look *look = ctx;
    struct act *a = look->act;
    bool there = a != NULL && a->step == STEP_RUN && a->source->keep.up;
    if (there && answer->rows != NULL && a->database[0] != '\0' && !still_paused(a, answer->rows)) {
        bouncer_act_finish(a, ACT_FAILED, "somebody has said RESUME before it was done");
        there = false;
    }
    conn_rows_free(answer->rows);
    if (there)
        ask(look, "SHOW POOLS", on_pools);
    else
        act_of(look);
}

void bouncer_act_look(void *ctx)
{
    struct act *a = ctx;
    if (a->step != STEP_RUN || a->look != NULL || !a->source->keep.up)
        return;
    a->look = mem_new(sizeof(*a->look));
    a->look->act = a;
    ask(a->look, "SHOW DATABASES", on_databases);
}

void bouncer_act_look_forget(struct act *a)
{
    if (a->look != NULL)
        a->look->act = NULL;
}
