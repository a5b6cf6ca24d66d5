/* Rows as libpq received them. */
#include <stdlib.h>
#include <string.h>

#include "collectors/libpq/conn_inside.h"

int conn_rows_n(const struct conn_rows *r)
{
    return PQntuples(r->pg);
}

size_t conn_rows_bytes(const struct conn_rows *r)
{
    return PQresultMemorySize(r->pg);
}

int conn_rows_n_columns(const struct conn_rows *r)
{
    return PQnfields(r->pg);
}

int conn_rows_column(const struct conn_rows *r, const char *name)
{
    for (int i = 0, n = PQnfields(r->pg); i < n; i++)
        if (strcmp(PQfname(r->pg, i), name) == 0)
            return i;
    return -1;
}

const char *conn_rows_name(const struct conn_rows *r, int column)
{
    return PQfname(r->pg, column);
}

uint32_t conn_rows_type(const struct conn_rows *r, int column)
{
    return PQftype(r->pg, column);
}

bool conn_rows_is_text(const struct conn_rows *r, int column)
{
    return PQfformat(r->pg, column) == 0;
}

const char *conn_rows_value(const struct conn_rows *r, int row, int column, int *len)
{
    *len = PQgetlength(r->pg, row, column); /* 0 for NULL: only then must it be asked which of the two it is */
    return *len == 0 && PQgetisnull(r->pg, row, column) ? NULL : PQgetvalue(r->pg, row, column);
}

void conn_rows_slice(const struct conn_rows *r, int column, int first, int n, const char **values, int *lens)
{
    /* Of a type of fixed size no value is empty: its length tells NULL, and each call into libpq that is spared counts here. */
    bool fixed = PQfsize(r->pg, column) > 0 && !conn_rows_is_text(r, column);
    for (int i = 0; i < n; i++) {
        lens[i] = PQgetlength(r->pg, first + i, column);
        bool none = lens[i] == 0 && (fixed || PQgetisnull(r->pg, first + i, column));
        values[i] = none ? NULL : PQgetvalue(r->pg, first + i, column);
    }
}

double conn_rows_start_s(const struct conn_rows *r)
{
    return r->start_s;
}

double conn_rows_end_s(const struct conn_rows *r)
{
    return r->end_s;
}

void conn_rows_free(struct conn_rows *r)
{
    if (r == NULL)
        return;
    PQclear(r->pg);
    free(r);
}
