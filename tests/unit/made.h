/* Two datasets and their samples, made by hand: what the tests of the door, its bench and its fuzzer ask. */
#ifndef DBVITALS_TESTS_UNIT_MADE_H
#define DBVITALS_TESTS_UNIT_MADE_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/loop.h"
#include "core/query.h"
#include "core/store.h"

enum { PID, BACKEND_START, APP, STATE, QUERYID, XACT_S, QUERY, N_SESSIONS_COLUMNS };
enum { S_QUERYID, USERID, CALLS, TOTAL_MS, MEAN_MS, S_QUERY, N_STATEMENTS_COLUMNS };

// clang-format off
static const struct column sessions_columns[] = {
    [PID]           = {.name = "pid",           .kind = KIND_KEY,   .type = TYPE_INT,  .help = "process"},
    [BACKEND_START] = {.name = "backend_start", .kind = KIND_KEY,   .type = TYPE_REAL, .unit = UNIT_TIME, .help = "start"},
    [APP]           = {.name = "app",           .kind = KIND_LABEL, .type = TYPE_TEXT, .help = "application"},
    [STATE]         = {.name = "state",         .kind = KIND_LABEL, .type = TYPE_TEXT, .help = "state"},
    [QUERYID]       = {.name = "queryid",       .kind = KIND_LABEL, .type = TYPE_INT,  .help = "statement"},
    [XACT_S]        = {.name = "xact_age",      .kind = KIND_GAUGE, .type = TYPE_REAL, .unit = UNIT_S, .help = "age"},
    [QUERY]         = {.name = "query",         .kind = KIND_TEXT,  .type = TYPE_TEXT, .help = "text"},
};
static const struct column statements_columns[] = {
    [S_QUERYID] = {.name = "queryid",  .kind = KIND_KEY,     .type = TYPE_INT,  .help = "statement"},
    [USERID]    = {.name = "userid",   .kind = KIND_KEY,     .type = TYPE_INT,  .help = "user"},
    [CALLS]     = {.name = "calls",    .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = UNIT_COUNT, .help = "calls"},
    [TOTAL_MS]  = {.name = "exec_ms",  .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = UNIT_MS, .help = "time"},
    [MEAN_MS]   = {.name = "mean",     .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_MS, .help = "mean",
                   .formula = FORMULA_QUOTIENT, .a = "exec_ms", .b = "calls"},
    [S_QUERY]   = {.name = "query",    .kind = KIND_TEXT,    .type = TYPE_TEXT, .help = "text"},
};
// clang-format on
static const struct dataset sessions = {.name = "sessions",
                                        .help = "a backend",
                                        .columns = sessions_columns,
                                        .n_columns = N_SESSIONS_COLUMNS,
                                        .whole = true};
static const struct dataset statements = {.name = "statements",
                                          .help = "a statement",
                                          .columns = statements_columns,
                                          .n_columns = N_STATEMENTS_COLUMNS,
                                          .whole = true};

static inline void set_text(struct sample *s, int column, int row, const char *text)
{
    sample_set_text(s, column, row, text, strlen(text));
}

/* Taken AGO_S before now. Row i: pid 100 + i, three apps, two states, statement i modulo 100; every seventh
 * has no statement. */
static inline struct sample *made_sessions(int n, double ago_s)
{
    static const char *const apps[] = {"web-1", "web-2", "batch"};
    struct sample *s = sample_new(&sessions, n);
    s->mono_s = loop_mono_s() - ago_s;
    s->wall_s = loop_wall_s() - ago_s;
    for (int i = 0; i < n; i++) {
        s->values[PID].integer[i] = 100 + i;
        s->values[BACKEND_START].real[i] = 1e9 + i;
        set_text(s, APP, i, apps[i % 3]);
        set_text(s, STATE, i, i % 2 == 0 ? "active" : "idle");
        s->values[QUERYID].integer[i] = i % 7 == 6 ? INT_NONE : i % 100;
        if (i % 2 == 0)
            s->values[XACT_S].real[i] = i;
        set_text(s, QUERY, i, i % 2 == 0 ? "select * from orders where id = $1" : "COMMIT");
    }
    return s;
}

/* Row i: statement i of user i modulo 3; each second brings it 10 calls of 2 ms. */
static inline struct sample *made_statements(int n, double ago_s)
{
    struct sample *s = sample_new(&statements, n);
    s->mono_s = loop_mono_s() - ago_s;
    s->wall_s = loop_wall_s() - ago_s;
    for (int i = 0; i < n; i++) {
        char text[64];
        s->values[S_QUERYID].integer[i] = i;
        s->values[USERID].integer[i] = i % 3;
        s->values[CALLS].real[i] = round((10000 - ago_s) * 10);
        s->values[TOTAL_MS].real[i] = s->values[CALLS].real[i] * 2;
        snprintf(text, sizeof(text), "select %d from orders where id = $1", i);
        set_text(s, S_QUERY, i, text);
    }
    return s;
}

struct made {
    struct registry registry;
    struct store *store;
    struct snapshot *snapshot;
    struct door *door;
    struct err err;
};

static const struct store_limits made_limits = {
    .series_bytes = 64 << 20, .total_bytes = 256 << 20, .keep_s = 900};

/* Targets shop (both datasets) and blog (two sessions). Samples of statements: 600, 60, 10 and 0 s ago. */
static inline void made_init(struct made *m, int n_sessions, int n_statements)
{
    static const double ages_s[] = {600, 60, 10, 0};
    *m = (struct made){.store = store_new(made_limits)};
    registry_init(&m->registry);
    registry_add(&m->registry, &sessions, NULL);
    registry_add(&m->registry, &statements, NULL);
    store_put(m->store, "blog", made_sessions(2, 0));
    store_put(m->store, "shop", made_sessions(n_sessions, 0));
    for (int i = 0; i < 4; i++)
        store_put(m->store, "shop", made_statements(n_statements, ages_s[i]));
    m->snapshot = store_snapshot(m->store);
    m->door = door_new(&m->registry, &m->err);
}

static inline void made_done(struct made *m)
{
    door_free(m->door);
    snapshot_unref(m->snapshot);
    store_free(m->store);
    registry_done(&m->registry);
}

/* NULL on failure, m->err says why. */
static inline struct result *made_ask(struct made *m, const char *sql)
{
    m->err.text[0] = '\0';
    return door_run(m->door, m->snapshot, &(struct query){.sql = sql}, &m->err);
}

static inline struct result *made_ask_as_user(struct made *m, const char *sql)
{
    m->err.text[0] = '\0';
    return door_run(m->door, m->snapshot, &(struct query){.sql = sql, .user = true}, &m->err);
}

#endif
