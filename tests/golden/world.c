/* A database made by hand: samples by column name, and a host that answers when it is told to. */
#include "tests/golden/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/book.h"
#include "cures/cures.h"
#include "cures/cures_sample.h"
#include "cures/ledger.h"
#include "alerts/context.h"
#include "collectors/pg/wait_tree.h"
#include "core/mem.h"
#include "engine/products.h"
#include "engine/queue.h"
#include "tests/unit/test.h"

static const char *const target = "shop";
enum { TREND_S = 600, STEP_S = 5 };

/* ---- samples by column name ---- */

static int column_of(const struct sample *s, const char *name)
{
    int c = dataset_column(s->dataset, name);
    if (c < 0)
        fail_msg("dataset %s has no column %s", s->dataset->name, name);
    return c;
}

static void real_set(struct sample *s, int row, const char *name, double v)
{
    int c = column_of(s, name);
    if (s->dataset->columns[c].type == TYPE_INT)
        s->values[c].integer[row] = isnan(v) ? INT_NONE : (int64_t)v;
    else
        s->values[c].real[row] = v;
}

static void text_set(struct sample *s, int row, const char *name, const char *text)
{
    if (text != NULL)
        sample_set_text(s, column_of(s, name), row, text, strlen(text));
}

static struct sample *sample_of(struct world *w, const char *dataset, int rows, double ago_s)
{
    const struct dataset *d = registry_find(&w->registry, dataset);
    if (d == NULL)
        fail_msg("there is no dataset %s", dataset);
    struct sample *s = sample_new(d, rows);
    s->mono_s = w->mono_s - ago_s;
    s->wall_s = w->now_s - ago_s;
    s->reset_s = WORLD_NOW - 86400;
    s->epoch = 1;
    return s;
}

static void put(struct world *w, struct sample *s)
{
    store_put(w->store, target, s);
}

/* ---- what stands in it ---- */

struct person {
    int pid;
    const char *user, *app, *state, *wait_class, *wait_event;
    double xact_s, query_s, state_s;
    const char *query;
};
// clang-format off
static const struct person trouble[] = {
    {4711, "shop_rw", "web-3", "idle in transaction", "Client", "ClientRead", 252, 252, 252, "update orders set status = $1 where id = $2"},
    {4802, "shop_rw", "web-1", "active", "Lock", "transactionid", 238, 238, 238, "update orders set status = $1 where customer = $2 and placed > now() - interval '1 day'"},
    {4811, "shop_rw", "web-2", "active", "Lock", "tuple", 231, 231, 231, "update orders set status = $1 where id = $2"},
    {4812, "shop_rw", "web-2", "active", "Lock", "tuple", 228, 228, 228, "update orders set status = $1 where id = $2"},
    {4813, "shop_rw", "web-1", "active", "Lock", "tuple", 190, 190, 190, "update orders set status = $1 where id = $2"},
    {4820, "shop_ro", "report", "active", "IO", "DataFileRead", 64, 61, 61, "select customer, sum(total) from orders join lines using (order_id) group by customer order by 2 desc"},
    {4900, "shop_rw", "web-4", "active", NULL, NULL, 0.01, 0.01, 0.01, "select * from sessions where a_addr = $1"},
    {4901, "shop_rw", "web-4", "idle", "Client", "ClientRead", NAN, 12, 12, "commit"},
    {4902, "shop_rw", "web-5", "idle", "Client", "ClientRead", NAN, 400, 400, "commit"},
};
static const struct person quiet[] = {
    {4820, "shop_ro", "report", "active", "IO", "DataFileRead", 2, 2, 2, "select customer, sum(total) from orders join lines using (order_id) group by customer order by 2 desc"},
    {4900, "shop_rw", "web-4", "active", NULL, NULL, 0.01, 0.01, 0.01, "select * from sessions where a_addr = $1"},
    {4901, "shop_rw", "web-4", "idle", "Client", "ClientRead", NAN, 12, 12, "commit"},
};
static const struct person hostile[] = {
    {4711, "evil\x1b[31m\"role\n", "\x1b]0;owned\x07" "web", "idle in transaction", "Client", "ClientRead", 252, 252, 252,
     "update \"ta\nble\" set x = '\xe2\x80\xae" "drowssap\xe2\x80\xac' /* \x9b" "2J \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9 */ where y = E'\\'\x01'"},
    {4802, "\xff\xfe\xc0", "漢字カナ한글漢字カナ한글漢字カナ", "active", "Lock", "transactionid", 238, 238, 238,
     "select '\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97' as \"an identifier of sixty-three bytes with \"\"quotes\"\" and \nnewline\", e\xcc\x81\xcc\x81\xcc\x81\xcc\x81"},
    {4820, "shop\tro", "a\rb", "active", "IO", "DataFileRead", 64, 61, 61, "\x1bPq#0;2;0;0;0#0~~@@vv@@~~@@~~$\x1b\\ select 1; -- \xe2\x80\xa8 end"},
};
struct edge { int pid, holder, root, depth; double wait_s; const char *type, *mode, *relation, *object; };
static const struct edge trouble_edges[] = {
    {4802, 4711, 4711, 1, 238, "transactionid", "ShareLock", NULL, "transaction 81234"},
    {4811, 4802, 4711, 2, 231, "tuple", "ExclusiveLock", "public.orders", "row (17,4)"},
    {4812, 4802, 4711, 2, 228, "tuple", "ExclusiveLock", "public.orders", "row (17,4)"},
    {4813, 4802, 4711, 2, 190, "tuple", "ExclusiveLock", "public.orders", "row (17,4)"},
};
struct known { int id; const char *query; double calls_per_s, mean_ms, rows; bool own; };
static const struct known statements[] = {
    {101, "select * from sessions where a_addr = $1", 24, 130, 1},
    {102, "update telemetry set last_seen = $1 where id = $2", 410, 1.7, 1},
    {103, "select balance from users where id = $1", 640, 0.6, 1},
    {104, "insert into events (session_id, kind, body) values ($1, $2, $3)", 120, 2.1, 1},
    {105, "select * from orders where customer = $1 order by placed desc limit $2", 60, 4.0, 18},
    {106, "select count(*) from lines where order_id = $1", 30, 3.0, 1},
    {107, "/* dbvitals */ select * from pg_stat_statements", 500, 40, 5000, .own = true},
};
struct relation { const char *name; double bytes, live, dead, seq_per_s, idx_per_s, writes_per_s, vacuum_s; };
static const struct relation relations[] = {
    {"sessions", 3.2e9, 8.4e6, 1.9e6, 24, 400, 90, 86400},
    {"orders", 1.4e9, 2.1e6, 12000, 0.1, 900, 30, 3600},
    {"telemetry", 800e6, 240000, 410000, 0, 410, 410, 7200},
    {"users", 20e6, 41000, 900, 0, 640, 2, 600},
};
// clang-format on

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static bool is_quiet(enum world_kind kind)
{
    return kind == WORLD_QUIET || kind == WORLD_IDLE || kind == WORLD_YOUNG;
}

static const struct person *people_of(enum world_kind kind, int *n)
{
    *n = is_quiet(kind) ? COUNT(quiet) : kind == WORLD_HOSTILE ? COUNT(hostile) : COUNT(trouble);
    return is_quiet(kind) ? quiet : kind == WORLD_HOSTILE ? hostile : trouble;
}

static void session_set(struct sample *s, int row, const struct person *p, double later_s, bool hidden)
{
    real_set(s, row, "pid", p->pid);
    real_set(s, row, "backend_start", WORLD_NOW - 4000 - p->pid);
    text_set(s, row, "usename", p->user);
    real_set(s, row, "userid", 10);
    real_set(s, row, "datid", 5);
    text_set(s, row, "datname", "shop");
    text_set(s, row, "application_name", p->app);
    text_set(s, row, "client_addr", "10.0.3.7");
    if (hidden) {
        real_set(s, row, "own", 0);
        real_set(s, row, "hidden", 1);
        return;
    }
    text_set(s, row, "backend_type", "client backend");
    text_set(s, row, "state", p->state);
    text_set(s, row, "wait_class", p->wait_class);
    text_set(s, row, "wait_event", p->wait_event);
    real_set(s, row, "xact_age_s", p->xact_s + later_s);
    real_set(s, row, "query_age_s", p->query_s + later_s);
    real_set(s, row, "query_start", WORLD_NOW - p->query_s);
    real_set(s, row, "state_age_s", p->state_s + later_s);
    real_set(s, row, "backend_age_s", 4000 + p->pid + later_s);
    real_set(s, row, "queryid", 100 + p->pid % 6 + 1);
    real_set(s, row, "own", 0);
    real_set(s, row, "hidden", 0);
    text_set(s, row, "query", p->query);
}

static void sessions_put(struct world *w, enum world_kind kind, int without_pid, double ago_s)
{
    int n, kept = 0;
    const struct person *people = people_of(kind, &n);
    int copies = kind == WORLD_LARGE ? 55 : 1;
    struct sample *s = sample_of(w, "sessions", n * copies, ago_s);
    for (int i = 0; i < n * copies; i++) {
        struct person p = people[i % n];
        p.pid += i / n * 1000;
        if (p.pid != without_pid)
            session_set(s, kept++, &p, fmax(w->now_s - WORLD_NOW - ago_s, -p.state_s),
                        kind == WORLD_HIDDEN && p.pid != 4900);
    }
    sample_shrink(s, kept);
    put(w, s);
}

static void blocks_set(struct sample *s)
{
    struct wait_edges e = {.n = s->n_rows,
                           .pid = s->values[dataset_column(s->dataset, "pid")].integer,
                           .holder = s->values[dataset_column(s->dataset, "holder_pid")].integer,
                           .gid = s->values[dataset_column(s->dataset, "holder_gid")].text};
    int *behind = mem_new_array((size_t)e.n, sizeof(int));
    wait_tree_behind(&e, behind);
    for (int i = 0; i < e.n; i++)
        real_set(s, i, "holder_blocks", behind[i]);
    free(behind);
}

static void locks_put(struct world *w, enum world_kind kind, double ago_s)
{
    int n = is_quiet(kind) ? 0 : kind == WORLD_HOSTILE ? 1 : kind == WORLD_LARGE ? 200 : COUNT(trouble_edges);
    struct sample *s = sample_of(w, "locks", n, ago_s);
    for (int i = 0; i < n; i++) {
        struct edge e = trouble_edges[i % COUNT(trouble_edges)];
        int more = i / COUNT(trouble_edges) * 1000;
        real_set(s, i, "pid", e.pid + more);
        real_set(s, i, "holder_pid", e.holder + (e.holder == e.root ? 0 : more));
        real_set(s, i, "root_pid", e.root);
        real_set(s, i, "depth", e.depth);
        real_set(s, i, "wait_s", e.wait_s + w->now_s - WORLD_NOW - ago_s);
        text_set(s, i, "locktype", e.type);
        text_set(s, i, "mode", e.mode);
        text_set(s, i, "relation", kind == WORLD_HOSTILE ? "public.\"ta\nble\x1b[2J\"" : e.relation);
        text_set(s, i, "object", e.object);
        text_set(s, i, "usename", "shop_rw");
        text_set(s, i, "application_name", "web");
        text_set(s, i, "holder_state", "idle in transaction");
        real_set(s, i, "holder_xact_age_s", 252 + w->now_s - WORLD_NOW - ago_s);
        text_set(s, i, "query", "update orders set status = $1 where id = $2");
    }
    blocks_set(s);
    put(w, s);
}

/* The load rises in the last two minutes when there is trouble. */
static void server_put(struct world *w, enum world_kind kind, double ago_s)
{
    struct sample *s = sample_of(w, "server", 1, ago_s);
    double t = 100000 + w->now_s - WORLD_NOW - ago_s, late = is_quiet(kind) ? 0 : fmax(0, 120 - ago_s) / 120;
    double xacts =
        t * 1284 - 150 * late * late * 120; /* the rate falls by 300 a second while the load rises */
    text_set(s, 0, "instance", "postgresql");
    text_set(s, 0, "role", "primary");
    text_set(s, 0, "version_text", "16.4");
    real_set(s, 0, "uptime_s", 12.0 * 86400 + 4 * 3600);
    real_set(s, 0, "connections", is_quiet(kind) ? 31 : 31 + round(60 * late));
    real_set(s, 0, "max_connections", 100);
    real_set(s, 0, "reserved_connections", 3);
    real_set(s, 0, "active", is_quiet(kind) ? 2 : 2 + round(4 * late));
    real_set(s, 0, "idle", is_quiet(kind) ? 1 : 2);
    real_set(s, 0, "idle_in_xact", is_quiet(kind) ? 0 : 1);
    real_set(s, 0, "waiting", is_quiet(kind) ? 0 : round(4 * late));
    real_set(s, 0, "longest_xact_s", is_quiet(kind) ? 2 : 252 * late);
    real_set(s, 0, "longest_xact_pid", is_quiet(kind) ? 4820 : 4711);
    real_set(s, 0, "xact", xacts);
    real_set(s, 0, "xact_commit", xacts * 0.996);
    real_set(s, 0, "xact_rollback", xacts * 0.004);
    real_set(s, 0, "blks_hit", t * 160000);
    real_set(s, 0, "blks_read", t * 1300);
    real_set(s, 0, "xids_left", 2144483647 - w->xid_age);
    real_set(s, 0, "xid_age", w->xid_age);
    real_set(s, 0, "mxid_age", w->mxid_age);
    real_set(s, 0, "freeze_max_age", w->freeze_max_age);
    put(w, s);
}

static void waits_put(struct world *w, enum world_kind kind, double ago_s)
{
    static const struct {
        const char *class, *event;
        double load, late;
    } rows[] = {{"CPU*", "", 3.6, 0},
                {"IO", "DataFileRead", 1.5, 0},
                {"Lock", "tuple", 0, 4},
                {"LWLock", "WALWrite", 0.4, 0.5}};
    struct sample *s = sample_of(w, "waits", 4, ago_s);
    double since = 700 + w->now_s - WORLD_NOW - ago_s, late = fmax(0, since - 580);
    for (int i = 0; i < 4; i++) {
        text_set(s, i, "wait_class", rows[i].class);
        text_set(s, i, "wait_event", rows[i].event);
        text_set(s, i, "usename", "shop_rw");
        text_set(s, i, "application_name", "web");
        /* In quiet times no one statement takes most of it. */
        real_set(s, i, "queryid", i == 0 && is_quiet(kind) ? NAN : 101 + i);
        real_set(s, i, "active_s",
                 since * rows[i].load + (is_quiet(kind) ? 0 : late * rows[i].late * late / 240));
        real_set(s, i, "sightings", since);
    }
    put(w, s);
}

static void statements_put(struct world *w, enum world_kind kind, double ago_s)
{
    int n = kind == WORLD_LARGE ? 5000 : COUNT(statements);
    struct sample *s = sample_of(w, "statements", n, ago_s);
    double t = 90000 + w->now_s - WORLD_NOW - ago_s;
    for (int i = 0; i < n; i++) {
        const struct known *k = &statements[i % COUNT(statements)];
        double calls = (kind == WORLD_IDLE && !k->own ? 90000 : t) * k->calls_per_s, ms = calls * k->mean_ms;
        char text[1200];
        real_set(s, i, "userid", 10);
        real_set(s, i, "dbid", 5);
        real_set(s, i, "queryid", k->id + i / COUNT(statements) * 1000);
        real_set(s, i, "toplevel", 1);
        real_set(s, i, "own", k->own);
        text_set(s, i, "usename", "shop_rw");
        text_set(s, i, "datname", "shop");
        real_set(s, i, "calls", calls);
        real_set(s, i, "total_exec_ms", ms);
        real_set(s, i, "toplevel_ms", k->own ? NAN : ms);
        real_set(s, i, "exec_sq", calls * k->mean_ms * k->mean_ms * 1.4);
        real_set(s, i, "rows_n", calls * k->rows);
        real_set(s, i, "shared_hit", calls * 40);
        real_set(s, i, "shared_read", calls * (i == 0 ? 2 : 0.01));
        snprintf(text, sizeof(text), "%s%*s", kind == WORLD_HOSTILE ? "select '\x1b[2J\x9b' -- " : k->query,
                 kind == WORLD_LARGE ? 1000 : 0, "");
        text_set(s, i, "query", kind == WORLD_HOSTILE ? text : kind == WORLD_LARGE ? text : k->query);
    }
    put(w, s);
}

static void pools_put(struct world *w, enum world_kind kind)
{
    struct sample *s = sample_of(w, "pools", 2, 0);
    text_set(s, 0, "kind", "slots");
    text_set(s, 0, "name", kind == WORLD_HOSTILE ? "slo\x1b[0mts" : "instance");
    real_set(s, 0, "max_size", 97);
    real_set(s, 0, "in_use", is_quiet(kind) ? 31 : 91);
    real_set(s, 0, "utilization", is_quiet(kind) ? 31 / 97.0 : 91 / 97.0);
    real_set(s, 0, "idle", 2);
    real_set(s, 0, "active", 6);
    real_set(s, 0, "idle_in_xact", 1);
    real_set(s, 0, "reserved", 3);
    real_set(s, 0, "own_limit", 0);
    text_set(s, 1, "kind", "role");
    text_set(s, 1, "name", "shop_ro");
    real_set(s, 1, "max_size", 10);
    real_set(s, 1, "in_use", is_quiet(kind) ? 2 : 10);
    real_set(s, 1, "utilization", is_quiet(kind) ? 0.2 : 1);
    real_set(s, 1, "own_limit", 1);
    put(w, s);
}

static void tables_put(struct world *w, enum world_kind kind, double ago_s)
{
    int n = kind == WORLD_LARGE ? 10000 : COUNT(relations);
    struct sample *s = sample_of(w, "tables", n, ago_s);
    for (int i = 0; i < n; i++) {
        const struct relation *r = &relations[i % COUNT(relations)];
        double t = 90000 - ago_s, seq_per_s = is_quiet(kind) ? 0.001 * r->seq_per_s : r->seq_per_s;
        real_set(s, i, "datid", 5);
        real_set(s, i, "relid", 16384 + i);
        text_set(s, i, "datname", "shop");
        text_set(s, i, "schema", "public");
        text_set(s, i, "name", kind == WORLD_HOSTILE ? "ta\nble\x1b[2J" : r->name);
        text_set(s, i, "kind", "table");
        real_set(s, i, "total_bytes", r->bytes);
        real_set(s, i, "heap_bytes", r->bytes * 0.7);
        real_set(s, i, "index_bytes", r->bytes * 0.3);
        real_set(s, i, "live_rows", r->live);
        double dead = is_quiet(kind) ? fmin(r->dead, 0.1 * r->live) : r->dead;
        real_set(s, i, "dead_rows", dead);
        real_set(s, i, "dead_ratio", dead / (r->live + dead));
        real_set(s, i, "vacuum_debt", dead / (50 + 0.2 * r->live));
        real_set(s, i, "analyze_debt", 0.4);
        real_set(s, i, "seq_scan", 3 * seq_per_s * t); /* a leader and two workers, each counted */
        real_set(s, i, "seq_rows", seq_per_s * r->live * t);
        real_set(s, i, "idx_scan", r->idx_per_s * t);
        real_set(s, i, "ins", r->writes_per_s * t);
        real_set(s, i, "upd", 0);
        real_set(s, i, "del", 0);
        real_set(s, i, "vacuum_age_s", r->vacuum_s);
        real_set(s, i, "xid_age", 2e8);
    }
    put(w, s);
}

static void targets_put(struct world *w, enum world_kind kind, double data_age_s)
{
    struct sample *s = sample_of(w, "targets", 1, 0);
    text_set(s, 0, "name", target);
    text_set(s, 0, "kind", "PostgreSQL");
    text_set(s, 0, "env", "prod");
    text_set(s, 0, "state", w->state);
    text_set(s, 0, "role", "primary");
    text_set(s, 0, "version", kind == WORLD_HOSTILE ? "16.4\x1b[2J" : "16.4");
    text_set(s, 0, "place", "monitor@10.0.3.7/shop");
    text_set(s, 0, "error", w->error);
    real_set(s, 0, "uptime_s", w->uptime_s);
    real_set(s, 0, "was_up_s", w->was_up_s);
    real_set(s, 0, "data_age_s", data_age_s);
    put(w, s);
}

static void changes_put(struct world *w)
{
    struct sample *s = sample_of(w, "changes", 2, 0);
    real_set(s, 0, "number", 1);
    real_set(s, 0, "at_time", WORLD_NOW - 651);
    text_set(s, 0, "kind", "setting");
    text_set(s, 0, "what", "work_mem");
    text_set(s, 0, "old_value", "4096");
    text_set(s, 0, "new_value", "65536");
    real_set(s, 1, "number", 2);
    real_set(s, 1, "at_time", WORLD_NOW - 1900);
    text_set(s, 1, "kind", "state");
    text_set(s, 1, "what", "shop");
    text_set(s, 1, "old_value", "connecting");
    text_set(s, 1, "new_value", "up");
    put(w, s);
}

static void access_put(struct world *w, enum world_kind kind)
{
    struct sample *s = sample_of(w, "access", 1, 0);
    text_set(s, 0, "what", "sessions of other roles");
    text_set(s, 0, "state", kind == WORLD_HIDDEN ? "missing" : "ok");
    text_set(s, 0, "cure", kind == WORLD_HIDDEN ? "GRANT pg_monitor TO monitor" : NULL);
    put(w, s);
}

static void settings_put(struct world *w)
{
    static const struct {
        const char *name, *value, *unit, *source, *context;
        bool changed, pending;
    } rows[] = {{"max_connections", "100", NULL, "configuration file", "postmaster", true, false},
                {"shared_buffers", "131072", "8kB", "configuration file", "postmaster", true, true},
                {"work_mem", "65536", "kB", "configuration file", "user", true, false},
                {"zero_damaged_pages", "off", NULL, "default", "superuser", false, false}};
    struct sample *s = sample_of(w, "settings", COUNT(rows), 0);
    for (int i = 0; i < COUNT(rows); i++) {
        text_set(s, i, "name", rows[i].name);
        text_set(s, i, "value", rows[i].value);
        text_set(s, i, "unit", rows[i].unit);
        text_set(s, i, "source", rows[i].source);
        text_set(s, i, "context", rows[i].context);
        real_set(s, i, "changed", rows[i].changed);
        real_set(s, i, "pending_restart", rows[i].pending);
        text_set(s, i, "description", "what it does, in the server's words");
    }
    put(w, s);
}

struct made_alert {
    const char *rule, *key, *state, *severity, *value, *threshold, *summary, *evidence, *acked_by;
    double level, since_s, number;
};
// clang-format off
static const struct made_alert made_alerts[] = {
    {"lock_waits", "", "firing", "critical", "3m58s", "> 2m", "4 sessions blocked 3m58s by pid 4711 (idle in transaction)", "{\"pid\":4711,\"root_pid\":4711,\"blocked\":4}", NULL, 3, 118, 238},
    {"connections_saturation", "", "firing", "critical", "94 %", "> 90 %", "91 of 97 connections taken (94 %)", "{\"kind\":\"slots\",\"name\":\"instance\",\"in_use\":91}", NULL, 3, 61, 0.94},
    {"settings_pending_restart", "", "firing", "warning", "1", "> 0", "1 setting waits for a restart", "{\"value\":1}", "ada", 2, 7200, 1},
    {"idle_in_transaction", "", "pending", "warning", "4m12s", "> 5m", "shop_rw (web-3, pid 4711) is idle in transaction for 4m12s", "{\"pid\":4711}", NULL, 2, 12, 252},
};
// clang-format on

static void alert_set(const struct world *w, struct sample *s, int row, const struct made_alert *a)
{
    char id[20], title[300];
    const char *state = w->alert_states[row] != NULL ? w->alert_states[row] : a->state,
               *severity = w->alert_severities[row] != NULL ? w->alert_severities[row] : a->severity,
               *key = w->alert_keys[row] != NULL ? w->alert_keys[row] : a->key;
    snprintf(id, sizeof(id), "%016x", 0xa1e47000 + row);
    snprintf(title, sizeof(title), "%s %s: %s", a->level > 2 ? "CRITICAL" : "WARNING", target, a->summary);
    const char *texts[][2] = {{"rule", a->rule},
                              {"alert_key", key},
                              {"alert_id", id},
                              {"state", state},
                              {"severity", severity},
                              {"maintenance", w->maintenance},
                              {"value_text", a->value},
                              {"threshold", a->threshold},
                              {"title", title},
                              {"summary", a->summary},
                              {"evidence", a->evidence},
                              {"acked_by", a->acked_by},
                              {"action", "look at pid 4711 in locks"},
                              {"runbook", row == 0 ? "https://wiki.example.com/locks" : NULL}};
    for (int i = 0; i < COUNT(texts); i++)
        text_set(s, row, texts[i][0], texts[i][1]);
    real_set(s, row, "level", a->level);
    real_set(s, row, "since_s", a->since_s);
    real_set(s, row, "fired_at", strcmp(state, "firing") == 0 ? s->wall_s - a->since_s : NAN);
    real_set(s, row, "active_at", s->wall_s - a->since_s - 30);
    real_set(s, row, "flapping", 0);
    real_set(s, row, "held_s", strcmp(state, "kept") == 0 ? 12 : NAN);
    real_set(s, row, "keep_for_s", 60);
}

/* What rules found; the values climb over the last minutes. */
static void alerts_put(struct world *w)
{
    for (int ago = 300; ago >= 0; ago -= 20) {
        struct sample *s = sample_of(w, "alerts", COUNT(made_alerts), ago);
        for (int i = 0; i < COUNT(made_alerts); i++) {
            alert_set(w, s, i, &made_alerts[i]);
            real_set(s, i, "value", made_alerts[i].number * (i == 2 ? 1 : 1 - ago / 400.0));
        }
        put(w, s);
    }
}

static void rules_put(struct world *w)
{
    static const char *const rules[][4] = {
        {"lock_waits", "ok", NULL, "sessions wait for a lock that another one holds"},
        {"connections_saturation", "ok", NULL, "soon nobody can connect any more"},
        {"settings_pending_restart", "ok", NULL, "a setting waits for a restart"},
        {"statement_slow", "ok", "the window covers 20 s of 5m", "a statement is slow"},
        {"disk_full", "no data source", "no data source: dataset disks", "a disk is nearly full"},
    };
    struct sample *s = sample_of(w, "rules", COUNT(rules), 0);
    for (int i = 0; i < COUNT(rules); i++) {
        text_set(s, i, "rule", rules[i][0]);
        text_set(s, i, "status", rules[i][1]);
        text_set(s, i, "no_data", rules[i][2]);
        text_set(s, i, "help", rules[i][3]);
        text_set(s, i, "critical_at", "> 90 %");
        text_set(s, i, "maintenance", w->maintenance);
        real_set(s, i, "maintenance_until", w->maintenance == NULL ? NAN : WORLD_NOW + 600);
        real_set(s, i, "n_pending", 0);
        real_set(s, i, "n_info", 0);
        real_set(s, i, "n_warning", i == 2);
        real_set(s, i, "n_critical", i < 2);
        real_set(s, i, "judged_age_s", i < 3 ? 1 : NAN);
    }
    put(w, s);
}

void world_calm(struct world *w)
{
    rules_put(w);
}

static void deliveries_put(struct world *w)
{
    // clang-format off
    static const struct { double number, attempt, ago_s, status; const char *webhook, *message, *outcome, *detail, *text; } rows[] = {
        {7, 1, 100, 503, "ops", "00000000a1e47000-1", "retry", "busy", "CRITICAL shop: 4 sessions blocked 3m58s by pid 4711 (idle in transaction)"},
        {7, 2,  92, 200, "ops", "00000000a1e47000-1", "delivered", "ok", "CRITICAL shop: 4 sessions blocked 3m58s by pid 4711 (idle in transaction)"},
        {5, 1, 7190, 404, "pager", "00000000a1e47002-1", "dead", "no such service", "WARNING shop: 1 setting waits for a restart"},
    };
    // clang-format on
    struct sample *s = sample_of(w, "deliveries", COUNT(rows), 0);
    for (int i = 0; i < COUNT(rows); i++) {
        real_set(s, i, "attempt", rows[i].attempt);
        real_set(s, i, "number", rows[i].number);
        real_set(s, i, "at_time", WORLD_NOW - rows[i].ago_s);
        text_set(s, i, "webhook", rows[i].webhook);
        text_set(s, i, "message_id", rows[i].message);
        sample_set_text(s, column_of(s, "alert_ids"), i, rows[i].message, 16);
        text_set(s, i, "outcome", rows[i].outcome);
        real_set(s, i, "status", rows[i].status);
        text_set(s, i, "detail", rows[i].detail);
        real_set(s, i, "took_ms", 31);
        text_set(s, i, "text", rows[i].text);
    }
    put(w, s);
}

static bool keep_all(void *ctx, const char *alert_id, int64_t number)
{
    (void)ctx, (void)alert_id, (void)number;
    return true;
}

static struct result *run_then(struct world *w, const char *sql, const struct query_param *params, int n)
{
    struct err err = {""};
    struct query q = {.sql = sql, .params = params, .n_params = n};
    struct result *r = door_run(w->door, w->then, &q, &err);
    if (r == NULL)
        fail_msg("%s", err.text);
    return r;
}

/* The moment at which the first two fired, taken and read back as a guard does. */
static void contexts_put(struct world *w)
{
    for (int i = 0; i < 2; i++) {
        const struct made_alert *a = &made_alerts[i];
        char id[20];
        snprintf(id, sizeof(id), "%016x", 0xa1e47000 + i);
        const struct query_param moment[] = {{"target", {VALUE_TEXT, .text = target}},
                                             {"rule", {VALUE_TEXT, .text = a->rule}},
                                             {"key", {VALUE_TEXT, .text = a->key}},
                                             {"severity", {VALUE_TEXT, .text = a->severity}},
                                             {"at", {VALUE_REAL, .real = w->now_s - a->since_s}}};
        struct result *taken = run_then(w, context_take_sql, moment, COUNT(moment));
        const struct query_param kept[] = {{"json", *result_at(taken, 0, 0)},
                                           {"id", {VALUE_TEXT, .text = id}},
                                           {"number", {VALUE_INT, .integer = 1}}};
        struct result *rows = run_then(w, context_rows_sql, kept, COUNT(kept));
        const struct sample *before = store_newest(w->store, target, &alert_context_dataset);
        struct sample *s = context_sample(before, keep_all, NULL, &rows, 1);
        s->mono_s = w->mono_s - a->since_s;
        s->wall_s = w->now_s - a->since_s;
        put(w, s);
        result_free(rows);
        result_free(taken);
    }
}

void world_alarm(struct world *w)
{
    alerts_put(w);
    contexts_put(w);
    rules_put(w);
    deliveries_put(w);
}

/* ---- findings ---- */

/* finding, severity, title, label, action, key, stage, statement, evidence, effect, cost, risk */
static const struct made_finding {
    const char *finding, *severity, *title, *label, *action, *key, *statement, *evidence, *effect, *cost, *risk, *left_out;
    int level, relid, indexrelid;
    double cost_s, step;
} made_findings[] = {
    {"stale_statistics", "warning", "statistics are old", "public.orders", "analyze", "A", "ANALYZE \"public\".\"orders\"",
     "1.00M rows changed since the last ANALYZE 3h12m ago, it has 2.31M; autovacuum waits for 100k", "the planner counts with the rows that are there now",
     "reads a sample of at most 234 MiB; readers and writers go on", "plans may change", NULL, 2, 16401, 0, 5.0, 1},
    {"dead_rows", "warning", "vacuum is behind", "public.session_tokens", "vacuum", "V", "VACUUM (TRUNCATE false) \"public\".\"session_tokens\"",
     "412k dead rows (41 %), last vacuum 2d 1h ago; autovacuum is off for it", "their room is used again, and scans read less",
     "reads up to 1.2 GiB of table and indexes; readers and writers go on", "load on the disks while it runs", NULL, 2, 16402, 0, 13, 2},
    {"duplicate_index", "info", "index twice", "public.orders_user_id_idx1", "drop_index", "D", "DROP INDEX CONCURRENTLY \"public\".\"orders_user_id_idx1\"",
     "does the same as orders_user_id_idx on orders; 312 MiB, 0 scans", "312 MiB come back, and writes are cheaper; queries use orders_user_id_idx",
     "waits for transactions that use the table; readers and writers go on", "a hint or a script that names it fails", "not asked for: --only drop_index", 1, 16401, 16455,
     0.5, NAN},
    {"restart_pending", "info", "a setting waits for a restart", "shared_buffers", NULL, NULL, NULL, "shared_buffers is 128 MB, the configuration has another value",
     "the value of the configuration is in force", "a restart ends all connections", NULL, "no action cures it: a person has to", 1, 0, 0, NAN, NAN},
};

static void finding_set(struct sample *s, int row, const struct made_finding *f)
{
    const char *const texts[][2] = {{"finding", f->finding}, {"severity", f->severity}, {"title", f->title}, {"label", f->label}, {"action", f->action},
                                    {"action_key", f->key}, {"statement", f->statement}, {"evidence", f->evidence}, {"effect", f->effect}, {"cost", f->cost},
                                    {"risk", f->risk}, {"left_out", f->left_out}, {"database", f->relid > 0 ? "shop" : NULL}};
    for (int i = 0; i < COUNT(texts); i++)
        text_set(s, row, texts[i][0], texts[i][1]);
    text_set(s, row, "help", "what it looks for, from when on, and why from there");
    real_set(s, row, "level", f->level);
    real_set(s, row, "cost_s", f->cost_s);
    real_set(s, row, "plan_step", f->step);
    if (f->relid > 0) {
        real_set(s, row, "datid", 5);
        real_set(s, row, "relid", f->relid);
    }
    if (f->indexrelid > 0)
        real_set(s, row, "indexrelid", f->indexrelid);
}

void world_advise(struct world *w, bool found)
{
    static const char *const checks[][3] = {{"stale_statistics", "found", NULL}, {"dead_rows", "found", NULL}, {"duplicate_index", "found", NULL},
                                            {"restart_pending", "found", NULL}, {"wraparound", "ok", NULL}, {"invalid_index", "ok", NULL},
                                            {"unused_index", "no data", "statistics go back 12d 4h: judged from 30 days on"}};
    struct sample *s = sample_of(w, "checks", COUNT(checks), 0);
    for (int i = 0; i < COUNT(checks); i++) {
        text_set(s, i, "finding", checks[i][0]);
        text_set(s, i, "title", i == 6 ? "index never used" : checks[i][0]);
        text_set(s, i, "status", found || i >= 4 ? checks[i][1] : "ok");
        text_set(s, i, "no_data", checks[i][2]);
    }
    put(w, s);
    s = sample_of(w, "findings", found ? COUNT(made_findings) : 0, 0);
    for (int i = 0; i < s->n_rows; i++)
        finding_set(s, i, &made_findings[i]);
    put(w, s);
}

/* A build that waits for the transaction of another session. */
static void progress_put(struct world *w, int pid, int waits_for)
{
    struct sample *s = sample_of(w, "progress", 1, 0);
    real_set(s, 0, "pid", pid);
    text_set(s, 0, "command", "REINDEX CONCURRENTLY");
    text_set(s, 0, "phase", "waiting for old snapshots");
    real_set(s, 0, "phase_at", w->now_s - 60);
    text_set(s, 0, "counted", "sessions");
    real_set(s, 0, "done", 1);
    real_set(s, 0, "total", 3);
    real_set(s, 0, "ratio", 1 / 3.0);
    real_set(s, 0, "waits_for_pid", waits_for);
    put(w, s);
}

void world_jobs(struct world *w)
{
    static const struct {
        const char *action, *label, *statement, *undo, *message;
        double ago_s, ran_s;
        enum job_state state;
    } made[] = {
        {"analyze", "public.orders", "ANALYZE \"public\".\"orders\"", NULL, NULL, 300, 0.4, JOB_DONE},
        {"drop_index", "public.orders_old", "DROP INDEX CONCURRENTLY \"public\".\"orders_old\"",
         "CREATE INDEX orders_old ON public.orders USING btree (status)",
         "not done: the index is gone: it was dropped, or built anew", 200, 0.1, JOB_FAILED},
        {"reindex", "public.sessions_pkey", "REINDEX INDEX CONCURRENTLY \"public\".\"sessions_pkey\"", NULL,
         NULL, 90, 0, JOB_RUNNING},
        {"vacuum", "public.telemetry", "VACUUM (TRUNCATE false) \"public\".\"telemetry\"", NULL, NULL, 30, 0,
         JOB_QUEUED},
    };
    struct jobs jobs = {.n = 0};
    for (int i = 0; i < COUNT(made); i++) {
        const struct job asked = {.target = (char *)(uintptr_t)target,
                                  .action = (char *)(uintptr_t)made[i].action,
                                  .label = (char *)(uintptr_t)made[i].label,
                                  .statement = (char *)(uintptr_t)made[i].statement,
                                  .undo = (char *)(uintptr_t)made[i].undo,
                                  .database = (char *)(uintptr_t) "shop",
                                  .by = (char *)(uintptr_t) "ada"};
        struct job *job = jobs_add(&jobs, &asked, w->now_s - made[i].ago_s);
        if (made[i].state == JOB_QUEUED)
            continue;
        job_begin(job, w->now_s - made[i].ago_s);
        job_goes(job, JOB_RUNS, 5000 + i, 1, w->now_s);
        if (made[i].state != JOB_RUNNING)
            jobs_end(&jobs, job, made[i].state, made[i].message, w->now_s - made[i].ago_s + made[i].ran_s);
    }
    put(w, cures_sample(&jobs, target, w->mono_s, w->now_s));
    jobs_done(&jobs);
    progress_put(w, 5002, 4900);
}

void world_escalation(struct world *w)
{
    struct jobs jobs = {.n = 0};
    const struct job asked = {.target = (char *)(uintptr_t)target,
                              .action = (char *)(uintptr_t) "end_query",
                              .label = (char *)(uintptr_t) "pid 4802",
                              .statement = (char *)(uintptr_t) "SELECT pg_catalog.pg_cancel_backend(4802)",
                              .then = (char *)(uintptr_t) "SELECT pg_catalog.pg_terminate_backend(4802, 5000)",
                              .wait_s = 10,
                              .at_once = true,
                              .by = (char *)(uintptr_t) "ada"};
    struct job *job = jobs_add(&jobs, &asked, w->now_s - 3.5);
    job_begin(job, w->now_s - 3.5);
    job_goes(job, JOB_WATCHES, 5000, 1, w->now_s - 3);
    put(w, cures_sample(&jobs, target, w->mono_s, w->now_s));
    jobs_done(&jobs);
}

void world_ledger(struct world *w)
{
    static const char analyzed[] =
        "{\"before\":{\"planner_rows\":12000,\"live_rows\":1012000,\"mod_since_analyze\":1000000,\"seq_scans_per_s\":2.4,"
        "\"statements_mean_ms\":130.25,\"statements_p95_ms\":412.5},\"after\":{\"planner_rows\":1012040,\"live_rows\":1012040,"
        "\"mod_since_analyze\":0},\"units\":{\"planner_rows\":\"count\",\"live_rows\":\"count\",\"mod_since_analyze\":\"count\","
        "\"seq_scans_per_s\":\"count/s\",\"statements_mean_ms\":\"ms\",\"statements_p95_ms\":\"ms\"},"
        "\"over\":{\"seq_scans_per_s\":300,\"statements_mean_ms\":300,\"statements_p95_ms\":300}}";
    static const char again[] = "CREATE INDEX CONCURRENTLY orders_old ON public.orders USING btree (status)";
    static const struct {
        const char *action, *label, *statement, *undo, *why, *message, *numbers;
        double ago_s, ran_s;
        int64_t undoes;
        enum job_state state;
        bool forged;
    } made[] = {
        {"drop_index", "public.orders_old", "DROP INDEX CONCURRENTLY \"public\".\"orders_old\"", again, NULL, NULL, NULL, 7200, 0.3, 0, JOB_DONE, false},
        {"undo", "public.orders_old", again, NULL, "it took something back itself: do that again on its own row", NULL, NULL, 6000, 42, 1, JOB_DONE, false},
        {"alter_system", "work_mem", "ALTER SYSTEM SET \"work_mem\" = '64MB'", "ALTER SYSTEM RESET \"work_mem\"", NULL, NULL, NULL, 5000, 0.1, 0, JOB_DONE, false},
        {"alter_system", "jit", "ALTER SYSTEM SET \"jit\" = 'off'", "ALTER SYSTEM RESET \"jit\"", NULL, NULL, NULL, 4000, 0.1, 0, JOB_DONE, true},
        {"vacuum", "public.telemetry", "VACUUM (TRUNCATE false) \"public\".\"telemetry\"", NULL, "dead rows cannot be had back, and nobody misses them",
         "canceling statement due to lock timeout", NULL, 3000, 12, 0, JOB_FAILED, false},
        {"analyze", "public.orders", "ANALYZE \"public\".\"orders\"", NULL, "the statistics before are not kept by the server", NULL, analyzed, 120, 0.4, 0, JOB_DONE,
         false},
    };
    struct entry *entries[COUNT(made)];
    for (int i = 0; i < COUNT(made); i++) {
        const struct job job = {.target = (char *)(uintptr_t)target,
                                .action = (char *)(uintptr_t)made[i].action,
                                .label = (char *)(uintptr_t)made[i].label,
                                .database = (char *)(uintptr_t) "shop",
                                .by = (char *)(uintptr_t) "ada",
                                .state = made[i].state,
                                .statement = (char *)(uintptr_t)made[i].statement,
                                .message = (char *)(uintptr_t)made[i].message,
                                .undo = (char *)(uintptr_t)made[i].undo,
                                .why_no_undo = (char *)(uintptr_t)made[i].why,
                                .undoes = made[i].undoes,
                                .asked_at = w->now_s - made[i].ago_s - made[i].ran_s,
                                .began_at = w->now_s - made[i].ago_s - made[i].ran_s,
                                .ended_at = w->now_s - made[i].ago_s};
        struct entry *e = entries[COUNT(made) - 1 - i] = entry_new(&job);
        e->id = i + 1;
        e->numbers = mem_dup(made[i].numbers);
        if (made[i].forged)
            e->sum[0] = e->sum[0] == '0' ? '1' : '0';
    }
    put(w, ledger_sample((const struct entry *const *)entries, COUNT(made), target, w->mono_s, w->now_s));
    for (int i = 0; i < COUNT(made); i++)
        entry_free(entries[i]);
}

/* As the engine makes it from the newest samples. */
static void queue_put(struct world *w, double ago_s)
{
    struct queue_part part = {store_newest(w->store, target, registry_find(&w->registry, "pools")),
                              store_newest(w->store, target, registry_find(&w->registry, "locks"))};
    struct sample *s = queue_sample(&part, 1, 0, target);
    s->mono_s = w->mono_s - ago_s;
    s->wall_s = w->now_s - ago_s;
    s->epoch = 1;
    put(w, s);
}

static void fast_put(struct world *w, enum world_kind kind)
{
    sessions_put(w, kind, 0, 0);
    locks_put(w, kind, 0);
    pools_put(w, kind);
    queue_put(w, 0);
    targets_put(w, kind, 0);
}

void world_init(struct world *w, enum world_kind kind)
{
    struct err err = {""};
    *w = (struct world){.kind = kind,
                        .state = "up",
                        .uptime_s = 12.0 * 86400 + 4 * 3600,
                        .was_up_s = NAN,
                        .xid_age = 2e8,
                        .freeze_max_age = 2e8,
                        .now_s = WORLD_NOW,
                        .mono_s = loop_mono_s()}; /* ages are told by the clock of the machine */
    setenv("TZ", "UTC", 1);
    tzset();
    if (!products_register(&w->registry, &err) || !alerts_register(&w->registry, &err) ||
        !cures_register(&w->registry, &err))
        fail_msg("%s", err.text);
    if (!actions_read(&w->actions, &err))
        fail_msg("%s", err.text);
    w->stopped = -1;
    pages_init(&w->pages);
    if (!pages_add_builtin(&w->pages, &err) || !pages_check(&w->pages, &err))
        fail_msg("%s", err.text);
    w->store =
        store_new((struct store_limits){.series_bytes = 256 << 20, .total_bytes = 512 << 20, .keep_s = 900});
    w->door = door_new(&w->registry, &err);
    if (w->door == NULL)
        fail_msg("%s", err.text);
    for (int ago = TREND_S; ago >= 0; ago -= STEP_S) {
        server_put(w, kind, ago);
        waits_put(w, kind, ago);
    }
    static const int ages[] = {600, 60, 1, 0};
    for (int i = 0; i < COUNT(ages); i++) {
        if (kind != WORLD_YOUNG || ages[i] == 0)
            statements_put(w, kind, ages[i]);
        tables_put(w, kind, ages[i]);
    }
    for (int ago = 180; ago > 0; ago -= 60) {
        sessions_put(w, kind, 0, ago);
        locks_put(w, kind, ago);
        queue_put(w, ago);
        if (ago == 120)
            w->then = store_snapshot(w->store);
    }
    changes_put(w);
    settings_put(w);
    access_put(w, kind);
    fast_put(w, kind);
}

void world_done(struct world *w)
{
    dash_free(w->dash);
    for (int i = 0; i < w->n_asks; i++)
        arena_unref(w->asks[i].arena);
    canvas_free(w->canvas);
    snapshot_unref(w->then);
    door_free(w->door);
    store_free(w->store);
    pages_done(&w->pages);
    actions_done(&w->actions);
    registry_done(&w->registry);
}

/* ---- the host ---- */

static int ask(void *ctx, const struct query *q, int priority, query_done_fn *done, void *done_ctx)
{
    struct world *w = ctx;
    (void)priority;
    if (w->n_asks == WORLD_ASKS)
        fail_msg("more than %d questions at once", WORLD_ASKS);
    struct world_ask *a = &w->asks[w->n_asks++];
    *a = (struct world_ask){.ticket = ++w->next_ticket,
                            .arena = arena_new(1024),
                            .query = *q,
                            .done = done,
                            .done_ctx = done_ctx};
    struct query_param *params = arena_alloc(a->arena, (size_t)q->n_params * sizeof(*params));
    for (int i = 0; i < q->n_params; i++) {
        params[i] = q->params[i];
        params[i].name = arena_dup(a->arena, params[i].name);
        if (params[i].value.type == VALUE_TEXT)
            params[i].value.text = arena_dup(a->arena, params[i].value.text);
    }
    a->query.params = params;
    a->query.sql = arena_dup(a->arena, q->sql);
    return a->ticket;
}

static void cancel(void *ctx, int ticket)
{
    struct world *w = ctx;
    for (int i = 0; i < w->n_asks; i++) {
        if (w->asks[i].ticket != ticket)
            continue;
        arena_unref(w->asks[i].arena);
        memmove(&w->asks[i], &w->asks[i + 1], (size_t)(--w->n_asks - i) * sizeof(w->asks[0]));
        return;
    }
}

static double now(void *ctx)
{
    return ((struct world *)ctx)->now_s;
}

static void demand(void *ctx, const char *const *datasets, int n)
{
    struct world *w = ctx;
    struct text list;
    text_init(&list, sizeof(w->demanded) - 1);
    for (int i = 0; i < n; i++)
        text_addf(&list, "%s%s", i > 0 ? " " : "", datasets[i]);
    snprintf(w->demanded, sizeof(w->demanded), "%s", text_str(&list));
    text_done(&list);
}

static double step(void *ctx, const char *dataset, double at_s, int direction)
{
    struct world *w = ctx;
    struct snapshot *s = store_snapshot(w->store);
    double to = snapshot_step(s, registry_find(&w->registry, dataset), at_s, direction);
    snapshot_unref(s);
    return to;
}

static void quit(void *ctx)
{
    ((struct world *)ctx)->quit = true;
}

static bool copy(void *ctx, const char *text, size_t len)
{
    struct world *w = ctx;
    snprintf(w->copied, sizeof(w->copied), "%.*s", (int)len, text);
    return true;
}

static bool save(void *ctx, const char *name, const char *text, size_t len, char *path, size_t size,
                 struct err *err)
{
    struct world *w = ctx;
    (void)err;
    snprintf(w->saved_name, sizeof(w->saved_name), "%s", name);
    snprintf(w->saved, sizeof(w->saved), "%.*s", (int)len, text);
    w->saved_lines = 0;
    for (size_t i = 0; i < len; i++)
        w->saved_lines += text[i] == '\n';
    snprintf(path, size, "/tmp/%s", name);
    return true;
}

static bool alert(void *ctx, const struct alert_order *o, struct err *err)
{
    static const char *const deeds[] = {"ack", "unack", "silence", "unsilence", "resend"};
    struct world *w = ctx;
    (void)err;
    if (o->deed == ALERT_RESEND) {
        snprintf(w->ordered, sizeof(w->ordered), "resend %lld", (long long)o->number);
        return true;
    }
    snprintf(w->ordered, sizeof(w->ordered), "%s %s scope %d for %.0f s: %s", deeds[o->deed], o->rule,
             (int)o->scope, isnan(o->until_s) ? 0 : o->until_s - w->now_s, o->comment);
    return true;
}

static bool explain(void *ctx, const char *of, const char *database, const char *sql, struct err *err)
{
    struct world *w = ctx;
    (void)err;
    snprintf(w->explained, sizeof(w->explained), "%s %s %s", of, database == NULL ? "-" : database, sql);
    return true;
}

static bool cure(void *ctx, const char *of, const struct action *a, const struct cure *c, struct err *err)
{
    struct world *w = ctx;
    size_t len = strlen(w->cured);
    (void)err;
    snprintf(w->cured + len, sizeof(w->cured) - len, "%s %s: %s\n", of, a->name, c->statement);
    w->n_cured++;
    return true;
}

static bool cure_stop(void *ctx, int64_t id, struct err *err)
{
    (void)err;
    ((struct world *)ctx)->stopped = id;
    return true;
}

static int open_jobs(void *ctx)
{
    return ((struct world *)ctx)->open_jobs;
}

static double age(void *ctx, const char *of, const char *dataset, double *every_s)
{
    (void)of;
    (void)dataset;
    *every_s = 5;
    return ((struct world *)ctx)->sample_age_s;
}

static void flush(void *ctx)
{
    ((struct world *)ctx)->n_flushed++;
}

void world_open(struct world *w, int rows, int columns, const char *page)
{
    static const char *const themes[] = {"dark", "light"};
    struct err err = {""};
    struct dash_host host = {.ctx = w,
                             .ask = ask,
                             .cancel = cancel,
                             .now = now,
                             .demand = demand,
                             .step = step,
                             .quit = quit,
                             .copy = copy,
                             .save = save,
                             .explain = explain,
                             .alert = alert,
                             .cure = w->no_cures ? NULL : cure,
                             .cure_stop = cure_stop,
                             .cures_open = open_jobs,
                             .age = age,
                             .flush = flush};
    struct dash_options options = {.registry = &w->registry,
                                   .pages = &w->pages,
                                   .actions = &w->actions,
                                   .read_only = w->read_only,
                                   .page = page,
                                   .target = target,
                                   .refresh_s = 1,
                                   .attached = w->attached,
                                   .themes = themes,
                                   .n_themes = 2,
                                   .mouse = true};
    w->dash = dash_new(&options, host, &err);
    if (w->dash == NULL)
        fail_msg("%s", err.text);
    w->canvas = canvas_new(rows, columns);
    dash_data_changed(w->dash, target, "sessions");
    dash_data_changed(w->dash, target, "locks");
    if (!w->undrawn)
        dash_draw(w->dash, w->canvas);
    dash_tick(w->dash);
}

void world_answer(struct world *w)
{
    struct world_ask a = w->asks[0];
    struct err err = {""};
    memmove(&w->asks[0], &w->asks[1], (size_t)--w->n_asks * sizeof(w->asks[0]));
    struct snapshot *s = store_snapshot(w->store);
    struct result *r = door_run(w->door, s, &a.query, &err);
    if (r == NULL)
        fail_msg("%s\n%s", err.text, a.query.sql);
    w->cpu_ms += r->cpu_ms;
    w->n_run++;
    a.done(a.done_ctx, r, NULL);
    snapshot_unref(s);
    arena_unref(a.arena);
}

void world_draw(struct world *w)
{
    dash_draw(w->dash, w->canvas);
}

void world_settle(struct world *w)
{
    for (int i = 0; i < 20; i++) {
        dash_tick(w->dash);
        while (w->n_asks > 0)
            world_answer(w);
        dash_draw(w->dash, w->canvas);
    }
    if (!dash_complete(w->dash))
        fail_msg("the dashboard never settles");
}

void world_type(struct world *w, const char *keys)
{
    static const struct {
        const char *name;
        enum key_name key;
    } names[] = {{"<enter>", NAMED_ENTER},    {"<esc>", NAMED_ESCAPE},   {"<up>", NAMED_UP},
                 {"<down>", NAMED_DOWN},      {"<left>", NAMED_LEFT},    {"<right>", NAMED_RIGHT},
                 {"<tab>", NAMED_TAB},        {"<home>", NAMED_HOME},    {"<end>", NAMED_END},
                 {"<pgdn>", NAMED_PAGE_DOWN}, {"<pgup>", NAMED_PAGE_UP}, {"<bs>", NAMED_BACKSPACE},
                 {"<f1>", NAMED_F1}};
    while (*keys != '\0') {
        struct key key = {.kind = KEY_CHAR, .code = (unsigned char)*keys};
        size_t len = 1;
        for (int i = 0; i < COUNT(names); i++) {
            if (strncmp(keys, names[i].name, strlen(names[i].name)) != 0)
                continue;
            key = (struct key){.kind = KEY_NAMED, .name = names[i].key};
            len = strlen(names[i].name);
        }
        dash_key(w->dash, &key);
        keys += len;
    }
}

void world_advance(struct world *w, double seconds)
{
    static const char *const changed[] = {"sessions", "locks",  "pools", "queue",
                                          "targets",  "server", "waits", "statements"};
    w->now_s += seconds;
    w->mono_s += seconds;
    server_put(w, w->kind, 0);
    waits_put(w, w->kind, 0);
    statements_put(w, w->kind, 0);
    fast_put(w, w->kind);
    for (int i = 0; i < COUNT(changed); i++)
        dash_data_changed(w->dash, target, changed[i]);
    w->now_s += 0.2; /* the settling time of a refresh is over */
}

void world_forget_locks(struct world *w)
{
    w->now_s += 1;
    w->mono_s += 1;
    locks_put(w, WORLD_QUIET, 0);
    queue_put(w, 0);
    dash_data_changed(w->dash, target, "locks");
    dash_data_changed(w->dash, target, "queue");
    w->now_s += 0.2;
}

void world_end_session(struct world *w, int pid)
{
    w->now_s += 1;
    w->mono_s += 1;
    sessions_put(w, w->kind, pid, 0);
    dash_data_changed(w->dash, target, "sessions");
    w->now_s += 0.2;
}

void world_stopped(struct world *w, double seconds)
{
    w->now_s += seconds;
    w->mono_s += seconds;
    targets_put(w, w->kind, seconds);
    dash_data_changed(w->dash, target, "targets");
    w->now_s += 0.2;
}

void world_lost(struct world *w, const char *state, double seconds)
{
    w->state = state;
    world_stopped(w, seconds);
}

static void collector_set(const struct world *w, struct sample *s, int row, const char *dataset, double polls,
                          const char *error)
{
    text_set(s, row, "dataset", dataset);
    text_set(s, row, "state", error == NULL ? "ok" : "failed");
    text_set(s, row, "error", error);
    real_set(s, row, "polls", polls);
    real_set(s, row, "newest_at", polls > 0 ? w->now_s - w->read_ago_s : NAN);
    real_set(s, row, "every_s", w->every_s > 0 ? w->every_s : NAN);
}

void world_collector(struct world *w, const char *dataset, double polls, const char *error)
{
    struct sample *s = sample_of(w, "collectors", 1, 0);
    collector_set(w, s, 0, dataset, polls, error);
    put(w, s);
    dash_data_changed(w->dash, target, "collectors");
}

void world_collectors_fail(struct world *w, const char *const *datasets, int n, const char *error)
{
    struct sample *s = sample_of(w, "collectors", n, 0);
    for (int i = 0; i < n; i++)
        collector_set(w, s, i, datasets[i], 9, error);
    put(w, s);
    dash_data_changed(w->dash, target, "collectors");
}
