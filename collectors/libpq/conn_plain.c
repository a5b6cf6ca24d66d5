/* A plain connection that blocks: libpq's synchronous calls, which nothing else in the house may use. */
#include "collectors/libpq/conn_plain.h"

#include <libpq-fe.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

struct conn_plain {
    PGconn *pg;
};

static void swallow_notice(void *ctx, const char *message)
{
    (void)ctx;
    (void)message;
}

/* libpq's messages end with a newline, and go on after it with details that are not for one sentence. */
static int first_line(const char *message)
{
    return (int)strcspn(message, "\n");
}

struct conn_plain *conn_plain_open(const char *conninfo, struct err *err)
{
    PGconn *pg = PQconnectdb(conninfo);
    if (PQstatus(pg) != CONNECTION_OK) {
        const char *message = PQerrorMessage(pg);
        fail(err, "cannot connect: %.*s", first_line(message), message);
        PQfinish(pg);
        return NULL;
    }
    PQsetNoticeProcessor(pg, swallow_notice, NULL);
    struct conn_plain *c = mem_new(sizeof(*c));
    c->pg = pg;
    return c;
}

void conn_plain_close(struct conn_plain *c)
{
    if (c == NULL)
        return;
    PQfinish(c->pg);
    free(c);
}

bool conn_plain_run(struct conn_plain *c, const char *sql, const char *param, struct err *err)
{
    PGresult *r = param == NULL ? PQexec(c->pg, sql) : PQexecParams(c->pg, sql, 1, NULL, &param, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(r);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!good) {
        const char *message = PQerrorMessage(c->pg);
        fail(err, "%.*s", first_line(message), message);
    }
    PQclear(r);
    return good;
}

bool conn_plain_alive(const struct conn_plain *c)
{
    return PQstatus(c->pg) == CONNECTION_OK;
}
