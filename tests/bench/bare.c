/* What the program sends through libpq, recorded at its border (the linker's --wrap), and the same sent again by a bare loop. */
#include "tests/bench/bare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

enum { MOST_CONNECTIONS = 4 };

/* ---- What goes to libpq ---- */

struct statement {
    const PGconn *conn;
    char *name, *sql;
};

/* The wrapped functions have no context of their own: the one place here with state of the file. */
static struct {
    struct script *recording; /* NULL if not */
    const PGconn *connections[MOST_CONNECTIONS];
    int n_connections;
    struct statement statements[200];
    int n_statements;
    size_t looked; /* so that looking is not optimised away */
} seen;

static int connection_number(const PGconn *conn)
{
    for (int i = 0; i < seen.n_connections; i++)
        if (seen.connections[i] == conn)
            return i;
    if (seen.n_connections < MOST_CONNECTIONS)
        seen.connections[seen.n_connections++] = conn;
    return seen.n_connections - 1;
}

static void record(const PGconn *conn, const char *name, const char *sql, int n, const char *const *params)
{
    int number = connection_number(conn);
    if (seen.recording == NULL || seen.recording->n == MOST_SENT)
        return;
    struct sent *s = &seen.recording->sent[seen.recording->n++];
    *s = (struct sent){.connection = number, .sql = mem_dup(sql), .name = mem_dup(name), .n_params = n};
    s->params = mem_new_array((size_t)n, sizeof(*s->params));
    for (int i = 0; i < n; i++)
        s->params[i] = mem_dup(params[i]);
}

int __real_PQsendPrepare(PGconn *c, const char *name, const char *sql, int n, const Oid *types);
int __wrap_PQsendPrepare(PGconn *c, const char *name, const char *sql, int n, const Oid *types);
int __wrap_PQsendPrepare(PGconn *c, const char *name, const char *sql, int n, const Oid *types)
{
    if (seen.n_statements < 200)
        seen.statements[seen.n_statements++] = (struct statement){c, mem_dup(name), mem_dup(sql)};
    return __real_PQsendPrepare(c, name, sql, n, types);
}

int __real_PQsendQueryPrepared(PGconn *c, const char *name, int n, const char *const *params, const int *lens, const int *formats, int format);
int __wrap_PQsendQueryPrepared(PGconn *c, const char *name, int n, const char *const *params, const int *lens, const int *formats, int format);
int __wrap_PQsendQueryPrepared(PGconn *c, const char *name, int n, const char *const *params, const int *lens, const int *formats, int format)
{
    const char *sql = NULL;
    for (int i = 0; i < seen.n_statements; i++)
        if (seen.statements[i].conn == c && strcmp(seen.statements[i].name, name) == 0)
            sql = seen.statements[i].sql;
    record(c, name, sql, n, params);
    return __real_PQsendQueryPrepared(c, name, n, params, lens, formats, format);
}

int __real_PQsendQueryParams(PGconn *c, const char *sql, int n, const Oid *types, const char *const *params, const int *lens, const int *formats,
                             int format);
int __wrap_PQsendQueryParams(PGconn *c, const char *sql, int n, const Oid *types, const char *const *params, const int *lens, const int *formats,
                             int format);
int __wrap_PQsendQueryParams(PGconn *c, const char *sql, int n, const Oid *types, const char *const *params, const int *lens, const int *formats,
                             int format)
{
    record(c, NULL, sql, n, params);
    return __real_PQsendQueryParams(c, sql, n, types, params, lens, formats, format);
}

int __real_PQpipelineSync(PGconn *c);
int __wrap_PQpipelineSync(PGconn *c);
int __wrap_PQpipelineSync(PGconn *c)
{
    record(c, NULL, NULL, 0, NULL);
    return __real_PQpipelineSync(c);
}

void script_record(struct script *script)
{
    seen.recording = script;
}

void script_forget(struct script *script)
{
    for (int i = 0; i < script->n; i++) {
        for (int k = 0; k < script->sent[i].n_params; k++)
            free(script->sent[i].params[k]);
        free(script->sent[i].params);
        free(script->sent[i].sql);
        free(script->sent[i].name);
    }
    script->n = 0;
}

/* ---- Bare ---- */

static PGconn *bare[MOST_CONNECTIONS];

/* Each statement once, so that the loop only runs them; one that both scripts have is there already. */
static void prepare(const struct script *script)
{
    for (int i = 0; i < script->n; i++) {
        const struct sent *s = &script->sent[i];
        if (s->name != NULL)
            PQclear(PQprepare(bare[s->connection], s->name, s->sql, s->n_params, NULL));
    }
}

bool bare_open(const struct script *usual, const struct script *first)
{
    for (int i = 0; i < seen.n_connections; i++) {
        if (bare[i] == NULL)
            bare[i] = PQconnectdb("options='-c jit=off -c max_parallel_workers_per_gather=0 -c search_path=pg_catalog' client_encoding=SQL_ASCII");
        if (PQstatus(bare[i]) != CONNECTION_OK) {
            fprintf(stderr, "bench_collect: %s", PQerrorMessage(bare[i]));
            return false;
        }
        PQclear(PQexec(bare[i], "deallocate all"));
    }
    prepare(usual);
    prepare(first);
    for (int i = 0; i < seen.n_connections; i++)
        PQenterPipelineMode(bare[i]);
    return true;
}

void bare_close(void)
{
    for (int i = 0; i < MOST_CONNECTIONS; i++) {
        if (bare[i] != NULL)
            PQfinish(bare[i]);
        bare[i] = NULL;
    }
}

/* The least that a client does with rows. */
static size_t look_at_values(const PGresult *r)
{
    size_t sum = 0;
    int columns = PQnfields(r), rows = PQntuples(r);
    for (int row = 0; row < rows; row++)
        for (int c = 0; c < columns; c++)
            if (!PQgetisnull(r, row, c))
                sum += (size_t)PQgetlength(r, row, c) + (unsigned char)PQgetvalue(r, row, c)[0];
    return sum;
}

static int bare_take(PGconn *c, int syncs, bool look)
{
    int rows = 0;
    while (syncs > 0) {
        PGresult *r = PQgetResult(c);
        if (r == NULL)
            continue;
        rows += PQntuples(r);
        syncs -= PQresultStatus(r) == PGRES_PIPELINE_SYNC;
        seen.looked += look ? look_at_values(r) : 0;
        PQclear(r);
    }
    return rows;
}

/* Sends all that a round of ours sent, then takes the answers; how many rows came. */
int bare_round(const struct script *script, bool look)
{
    int rows = 0, syncs[MOST_CONNECTIONS] = {0};
    for (int i = 0; i < script->n; i++) {
        const struct sent *s = &script->sent[i];
        PGconn *c = bare[s->connection];
        const char *const *params = (const char *const *)s->params;
        if (s->sql == NULL)
            syncs[s->connection] += __real_PQpipelineSync(c);
        else if (s->name != NULL)
            PQsendQueryPrepared(c, s->name, s->n_params, params, NULL, NULL, 1);
        else
            PQsendQueryParams(c, s->sql, s->n_params, NULL, params, NULL, NULL, 1);
    }
    for (int i = 0; i < seen.n_connections; i++)
        rows += bare_take(bare[i], syncs[i], look);
    return rows;
}
