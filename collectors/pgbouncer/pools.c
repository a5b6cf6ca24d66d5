/* pools: each pool of PgBouncer, a database and a role, and the places that it has for clients. What SHOW
 * POOLS counts, with the sizes that SHOW DATABASES tells. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/pgbouncer/bouncer.h"
#include "core/mem.h"

static const struct column_source sources[] = {
    // clang-format off
    {"datname",     "database"},
    {"usename",     "user"},
    {"pool_mode",   "pool_mode"},
    {"waiting",     "cl_waiting"},
    {"clients",     "cl_active"},
    {"active",      "sv_active"},
    {NULL, NULL},
    // clang-format on
};

static const struct bouncer_collector filled = {
    .dataset = &dataset_pools, .sources = sources, .keeps = NOT_CONSOLE};

static double sum(const struct conn_rows *r, int row, const char *const *fields)
{
    double v = 0;
    for (; *fields != NULL; fields++) {
        double part = bouncer_number(r, row, *fields);
        v += isnan(part) ? 0 : part; /* some are of newer versions */
    }
    return v;
}

static void set(struct sample *s, int row, const char *column, double v)
{
    s->values[dataset_column(s->dataset, column)].real[row] = v;
}

static void set_text(struct sample *s, int row, const char *column, const char *v)
{
    sample_set_text(s, dataset_column(s->dataset, column), row, v, strlen(v));
}

static int database_row(const struct conn_rows *databases, const char *name, int hint)
{
    int n = conn_rows_n(databases);
    for (int i = 0; i < n; i++) {
        const char *at = bouncer_text(databases, (hint + i) % n, "name");
        if (at != NULL && strcmp(at, name) == 0)
            return (hint + i) % n;
    }
    return -1;
}

/* Overflow is the reserve, which all pools of one database may take; the database's own limit ends both. */
static double max_size(const struct conn_rows *databases, int at)
{
    double reserve = bouncer_number(databases, at, "reserve_pool_size"),
           limit = bouncer_number(databases, at, "max_connections");
    if (isnan(reserve))
        reserve = bouncer_number(databases, at, "reserve_pool");
    double most = bouncer_number(databases, at, "pool_size") + (isnan(reserve) ? 0 : reserve);
    return limit > 0 ? fmin(most, limit) : most;
}

static double taken(const struct conn_rows *r, int row)
{
    static const char *const fields[] = {"sv_active", "sv_active_cancel", "sv_being_canceled",
                                         "sv_tested", "sv_login",         NULL};
    return sum(r, row, fields);
}

/* What the pools of each database have in use together, by row of DATABASES. Those that idle do not count:
 * they are closed when another pool of the database needs one. */
static double *taken_of_databases(const struct conn_rows *r, const struct conn_rows *databases)
{
    double *all = mem_new_array((size_t)conn_rows_n(databases) + 1, sizeof(*all));
    for (int row = 0; row < conn_rows_n(r); row++) {
        const char *name = bouncer_text(r, row, "database");
        int at = name == NULL ? -1 : database_row(databases, name, row);
        if (at >= 0)
            all[at] += taken(r, row);
    }
    return all;
}

/* One row: of pool ROW of R, what its own columns do not say. SHARED is taken_of_databases. */
static void complete(struct bouncer_poll *p, struct sample *s, int to, const struct conn_rows *r, int row,
                     const struct conn_rows *databases, const double *shared)
{
    static const char *const idle[] = {"sv_idle", "sv_used", NULL};
    const char *database = bouncer_text(r, row, "database"), *user = bouncer_text(r, row, "user");
    double us = bouncer_number(r, row, "maxwait_us"), waiting, wait_ms, in_use = taken(r, row);
    char name[300];
    snprintf(name, sizeof(name), "%s/%s", database, user == NULL ? "" : user);
    set_text(s, to, "kind", "pgbouncer");
    set_text(s, to, "name", name);
    set(s, to, "in_use", in_use);
    set(s, to, "idle", sum(r, row, idle));
    set(s, to, "max_wait_ms", bouncer_number(r, row, "maxwait") * 1000 + (isnan(us) ? 0 : us / 1000));
    peaks_get(bouncer_peaks(p), database, user == NULL ? "" : user, conn_rows_end_s(r), &waiting, &wait_ms);
    set(s, to, "peak_waiting", waiting);
    set(s, to, "peak_wait_ms", wait_ms);
    int at = database_row(databases, database, row);
    if (at < 0)
        return;
    double most = max_size(databases, at), limit = bouncer_number(databases, at, "max_connections");
    if (limit > 0) {
        set(s, to, "shared_in_use", shared[at]);
        set(s, to, "shared_max", limit);
    }
    set(s, to, "size", bouncer_number(databases, at, "pool_size"));
    set(s, to, "max_size", most);
    set(s, to, "utilization", most > 0 ? in_use / most : NAN);
    set(s, to, "paused", bouncer_number(databases, at, "paused"));
}

/* Who is not let in at all is refused, and waits in no pool. */
static void add_clients(struct bouncer_poll *p, struct sample *s, int to, const struct conn_rows *lists)
{
    double used = NAN, most = bouncer_max_clients(p);
    for (int row = 0; row < conn_rows_n(lists); row++) {
        const char *list = bouncer_text(lists, row, "list");
        if (list != NULL && strcmp(list, "used_clients") == 0)
            used = bouncer_number(lists, row, "items");
    }
    set_text(s, to, "kind", "clients");
    set_text(s, to, "name", "max_client_conn");
    set(s, to, "size", most);
    set(s, to, "max_size", most);
    set(s, to, "in_use", used);
    set(s, to, "own", 1);
    set(s, to, "utilization", most > 0 ? used / most : NAN);
}

static struct sample *make(struct bouncer_poll *p, struct conn_rows *const *rows)
{
    static const char *const not_told[] = {"avg_wait_ms", "connect_ms", "timeouts",        "idle_in_xact",
                                           "hidden",      "reserved",   "reserved_in_use", "own_limit"};
    peaks_add(bouncer_peaks(p), rows[0], conn_rows_end_s(rows[0]));
    int n = 0, database = conn_rows_column(rows[0], "database");
    for (int row = 0; row < conn_rows_n(rows[0]); row++)
        n += bouncer_holds(&filled.keeps, rows[0], row, database);
    struct sample *s = sample_new(&dataset_pools, n + 1);
    bouncer_fill_into(&filled, rows[0], s);
    double *shared = taken_of_databases(rows[0], rows[1]);
    for (int row = 0, to = 0; row < conn_rows_n(rows[0]); row++)
        if (bouncer_holds(&filled.keeps, rows[0], row, database))
            complete(p, s, to++, rows[0], row, rows[1], shared);
    free(shared);
    add_clients(p, s, n, rows[2]);
    for (size_t i = 0; i < sizeof(not_told) / sizeof(not_told[0]); i++)
        sample_lacks(s, dataset_column(s->dataset, not_told[i]),
                     i == 0 ? "PgBouncer counts it by database: bouncer_stats"
                            : "PgBouncer does not tell it");
    return s;
}

const struct bouncer_collector bouncer_set_pools = {.dataset = &dataset_pools,
                                                    .shows = {"SHOW POOLS", "SHOW DATABASES", "SHOW LISTS"},
                                                    .sources = sources,
                                                    .make = make};
