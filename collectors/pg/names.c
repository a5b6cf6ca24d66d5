/* Names of databases and roles by oid. */
#include "collectors/pg/names.h"

#include <stdlib.h>

#include "core/mem.h"

const char names_sql[] = "select oid, datname as name, true as is_database from pg_database union all"
                         " select oid, rolname, false from pg_roles order by is_database desc, oid";

void names_done(struct names *n)
{
    arena_unref(n->arena);
    free(n->names);
    *n = (struct names){0};
}

void names_take(struct names *n, const struct pg_rows *rows)
{
    names_done(n);
    n->arena = arena_new(4096);
    n->n = pg_rows_n(rows);
    n->names = mem_new_array((size_t)n->n, sizeof(n->names[0]));
    int oid = pg_rows_column(rows, "oid"), name = pg_rows_column(rows, "name");
    int is_database = pg_rows_column(rows, "is_database");
    for (int i = 0; i < n->n; i++) {
        size_t len;
        const char *text = pg_rows_text(rows, i, name, &len);
        n->names[i] = (struct name){pg_rows_int(rows, i, oid), arena_dup_n(n->arena, text, len)};
        n->n_databases += pg_rows_int(rows, i, is_database) == 1;
    }
}

static int by_oid(const void *key, const void *name)
{
    int64_t a = *(const int64_t *)key, b = ((const struct name *)name)->oid;
    return (a > b) - (a < b);
}

static const char *find(const struct name *names, int n, int64_t oid)
{
    const struct name *found = n == 0 ? NULL : bsearch(&oid, names, (size_t)n, sizeof(*names), by_oid);
    return found == NULL ? NULL : found->text;
}

const char *names_database(const struct names *n, int64_t oid)
{
    return find(n->names, n->n_databases, oid);
}

const char *names_role(const struct names *n, int64_t oid)
{
    return n->n == 0 ? NULL : find(n->names + n->n_databases, n->n - n->n_databases, oid);
}
