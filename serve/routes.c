/* What can be asked over HTTP: one row a method and path, with who may and the SELECT that answers, so that
 * no endpoint disagrees with the screen. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/when.h"
#include "serve/inside.h"
#include "serve/sql.h"

static const double demand_s = 10;

typedef void route_fn(struct serve *s, struct http_call *c, const char *id);
enum body { BODY_NONE, BODY_MAY, BODY_MUST };
struct route {
    const char *method, *path; /* {id} stands for one part of the path */
    enum access access;
    enum body body;
    bool alias;   /* only with [http] aliases */
    route_fn *fn; /* NULL: SQL answers */
    const char *sql;
    enum shape shape;
    const char *help;
};

static void live(struct serve *s, struct http_call *c, const char *id)
{
    struct text t;
    (void)s, (void)id;
    text_init(&t, 100);
    text_add(&t, "{\"status\":\"ok\"}\n");
    answer_json(c, 200, &t);
}

/* Every target has answered once, or was found to be down. */
static void ready(struct serve *s, struct http_call *c, const char *id)
{
    struct text t;
    (void)id;
    int waiting = 0, n = engine_targets(s->parts.engine);
    for (int i = 0; i < n; i++) {
        struct source_status status;
        engine_target_status(s->parts.engine, i, &status);
        waiting += status.state == SOURCE_CONNECTING;
    }
    text_init(&t, 100);
    text_addf(&t, "{\"status\":\"%s\",\"targets\":%d,\"connecting\":%d}\n",
              waiting == 0 ? "ready" : "starting", n, waiting);
    answer_json(c, waiting == 0 ? 200 : 503, &t);
}

static void add_column(struct serve *s, struct text *t, const struct column *c)
{
    static const char *const kinds[] = {"key", "label", "text", "gauge", "counter", "derived"};
    text_addf(t, "{\"name\":\"%s\",\"kind\":\"%s\",\"unit\":\"%s\",\"help\":", c->name, kinds[c->kind],
              unit_name(c->unit));
    json_add_text(s->json, t, c->help != NULL ? c->help : "");
    text_add(t, "}");
}

static void datasets(struct serve *s, struct http_call *c, const char *id)
{
    struct text t;
    (void)id;
    text_init(&t, 4 << 20);
    for (int i = 0; i < s->parts.registry->n; i++) {
        const struct dataset *d = s->parts.registry->datasets[i];
        text_addf(&t, "%s{\"name\":\"%s\",\"help\":", i == 0 ? "[" : ",\n", d->name);
        json_add_text(s->json, &t, d->help != NULL ? d->help : "");
        text_add(&t, ",\"columns\":[");
        bool more = false;
        for (int k = 0; k < d->n_columns; k++) {
            if (d->columns[k].inside)
                continue;
            text_add(&t, more ? "," : "");
            add_column(s, &t, &d->columns[k]);
            more = true;
        }
        text_add(&t, "]}");
    }
    text_add(&t, "]\n");
    answer_json(c, 200, &t);
}

/* The moment before (direction -1) or after (1) `at` at which `dataset` was read: how a dashboard steps. */
static void step(struct serve *s, struct http_call *c, const char *id)
{
    (void)id;
    const char *name = http_argument(c, "dataset"), *at = http_argument(c, "at"),
               *way = http_argument(c, "direction");
    const struct dataset *d = name != NULL ? registry_find(s->parts.registry, name) : NULL;
    double at_s = NAN;
    if (d == NULL) {
        answer_error(s, c, 400, "dataset: the name of a dataset is needed, see /api/v1/datasets");
        return;
    }
    if (at != NULL && at[0] != '\0') {
        char *end;
        at_s = strtod(at, &end);
        if (*end != '\0' && !moment_parse(at, loop_wall_s(), &at_s, NULL)) {
            answer_error(s, c, 400, "at: seconds since 1970, or 2026-11-20T14:03:00Z");
            return;
        }
    }
    demand_add(s->demand, d, loop_mono_s() + demand_s);
    struct snapshot *snapshot = store_snapshot(engine_store(s->parts.engine));
    double moment = snapshot_step(snapshot, d, at_s, way != NULL && strcmp(way, "1") == 0 ? 1 : -1);
    snapshot_unref(snapshot);
    struct text t;
    text_init(&t, 200);
    text_add(&t, "{\"at\":");
    json_add(s->json, &t, &(struct value){.type = VALUE_REAL, .real = moment});
    text_add(&t, "}\n");
    answer_json(c, 200, &t);
}

// clang-format off
static const struct route routes[] = {
    {"GET",    "/livez",                      ACCESS_OPEN, .fn = live, .help = "ok while the loop turns; depends on no database"},
    {"GET",    "/readyz",                     ACCESS_OPEN, .fn = ready, .help = "200 once every target has answered or was found to be down, else 503"},
    {"GET",    "/metrics",                    ACCESS_METRICS, .fn = scrapes_metrics, .help = "Prometheus text, or OpenMetrics when Accept prefers it"},
    {"GET",    "/health",                     ACCESS_READ, .sql = SQL_HEALTH,         .shape = SHAPE_DOCUMENT, .help = "one object: status, pool, alerts, targets; 503 when nothing answers"},
    {"GET",    "/health/performance",         ACCESS_READ, .sql = SQL_PERFORMANCE,    .shape = SHAPE_DOCUMENT, .help = "the last minute of each target"},
    {"GET",    "/database/health",            ACCESS_READ, .sql = SQL_DATABASE_HEALTH, .shape = SHAPE_DOCUMENT, .help = "state, role, version, uptime and alerts of each target"},
    {"GET",    "/database/metrics",           ACCESS_READ, .sql = SQL_DATABASE_METRICS, .help = "rows: each database, its totals, rates and ratios"},
    {"GET",    "/database/cache-stats",       ACCESS_READ, .sql = SQL_CACHE_STATS, .help = "rows: each cache, hits, misses, ratio, size"},
    {"GET",    "/database/connections",       ACCESS_READ, .sql = SQL_CONNECTIONS, .help = "rows: each pool, its size, and what of it is in use"},
    {"GET",    "/database/query-analysis",    ACCESS_READ, .sql = SQL_QUERY_ANALYSIS, .help = "rows: the statements that took the most time in the last 5 minutes"},
    {"GET",    "/query-performance",          ACCESS_READ, .sql = SQL_QUERY_ANALYSIS, .alias = true, .help = "another name of /database/query-analysis, with [http] aliases"},
    {"GET",    "/bot-optimization",           ACCESS_READ, .sql = SQL_CONNECTIONS,    .alias = true, .help = "another name of /database/connections, with [http] aliases"},
    {"GET",    "/db-status",                  ACCESS_READ, .sql = SQL_HEALTH,         .shape = SHAPE_DOCUMENT, .alias = true, .help = "another name of /health, with [http] aliases"},
    {"GET",    "/api/v1/datasets",            ACCESS_READ, .fn = datasets, .help = "every dataset with its columns"},
    {"GET",    "/api/v1/query",               ACCESS_READ, .fn = people_query, .help = "the rows of one SELECT: ?sql=...&max_rows=..."},
    {"POST",   "/api/v1/query",               ACCESS_READ, BODY_MUST, .fn = people_query, .help = "the same, of a body: sql, params, max_rows"},
    {"GET",    "/api/v1/step",                ACCESS_READ, .fn = step, .help = "the moment before or after another when a dataset was read: ?dataset=&at=&direction="},
    {"GET",    "/api/v1/alerts",              ACCESS_READ, .sql = SQL_ALERTS, .help = "rows: every alert, the worst first"},
    {"GET",    "/api/v1/silences",            ACCESS_READ, .fn = people_silences, .help = "rows: the silences"},
    {"POST",   "/api/v1/silences",            ACCESS_READ, BODY_MUST, .fn = people_silence, .help = "a silence: rule, target or key (patterns), and for or until"},
    {"DELETE", "/api/v1/silences/{id}",       ACCESS_READ, .fn = people_unsilence, .help = "ends it"},
    {"POST",   "/api/v1/alerts/{id}/ack",     ACCESS_READ, BODY_MAY, .fn = people_ack, .help = "acknowledges: by, comment, for or until, all of it optional"},
    {"POST",   "/api/v1/alerts/{id}/unack",   ACCESS_READ, BODY_MAY, .fn = people_unack, .help = "takes that back"},
    {"POST",   "/api/v1/alerts/{id}/silence", ACCESS_READ, BODY_MAY, .fn = people_silence_alert, .help = "a silence for this alert alone"},
    {"POST",   "/api/v1/alerts/{id}/unsilence", ACCESS_READ, BODY_MAY, .fn = people_unsilence_alert, .help = "ends every silence that covers this alert"},
    {"POST",   "/api/v1/deliveries/{id}/resend", ACCESS_READ, BODY_MAY, .fn = people_resend, .help = "sends a dead letter again"},
    {"POST",   "/api/v1/webhooks/{id}/test", ACCESS_READ, BODY_MAY, .fn = people_test, .help = "sends a test message to the webhook of that name"},
    {"GET",    "/database/optimize",          ACCESS_READ, .fn = plans_answer, .help = "rows: the plan; nothing is run"},
    {"POST",   "/database/optimize",          ACCESS_READ, BODY_MAY, .fn = plans_run, .help = "runs the plan; needs act_token, and [http] allow"}, /* which asks for more */
    {"GET",    "/database/optimize/{id}",     ACCESS_READ, .fn = plans_told, .help = "how far that is"},
    {"DELETE", "/database/optimize/{id}",     ACCESS_ACT,  .fn = plans_cancel, .help = "cancels it on the server"},
    {"POST",   "/database/cache/clear",       ACCESS_ACT,  BODY_MAY, .fn = clear_run, .help = "removes keys of a Redis: target, and database (its number) or pattern (session:*); needs [http] allow = cache_clear"},
};
// clang-format on
enum { N_ROUTES = sizeof(routes) / sizeof(routes[0]), MOST_ID = 64 };

bool serve_route(int i, struct serve_route *out)
{
    static const char *const who[] = {[ACCESS_OPEN] = "everybody",
                                      [ACCESS_METRICS] = "who may read, metrics_token",
                                      [ACCESS_READ] = "who may read",
                                      [ACCESS_ACT] = "act_token"};
    if (i < 0 || i >= N_ROUTES)
        return false;
    *out = (struct serve_route){routes[i].method, routes[i].path, who[routes[i].access], routes[i].help};
    return true;
}

/* Whether PATH is PATTERN; what stands for {id} goes to ID. */
static bool path_is(const char *path, const char *pattern, char id[MOST_ID])
{
    const char *brace = strchr(pattern, '{');
    if (brace == NULL)
        return strcmp(path, pattern) == 0;
    size_t before = (size_t)(brace - pattern);
    if (strncmp(path, pattern, before) != 0)
        return false;
    size_t len = strcspn(path + before, "/");
    if (len == 0 || len >= MOST_ID || strcmp(path + before + len, strchr(brace, '}') + 1) != 0)
        return false;
    memcpy(id, path + before, len);
    id[len] = '\0';
    return true;
}

static bool method_is(const struct http_call *c, const struct route *r)
{
    const char *method = http_method(c);
    return strcmp(method, r->method) == 0 || (strcmp(method, "HEAD") == 0 && strcmp(r->method, "GET") == 0);
}

/* The route of C, or NULL; ALLOW lists the methods that its path has. */
static const struct route *find(const struct serve *s, const struct http_call *c, struct text *allow,
                                char id[MOST_ID])
{
    const struct route *found = NULL;
    for (int i = 0; i < N_ROUTES; i++) {
        const struct route *r = &routes[i];
        if ((r->alias && !s->aliases) || !path_is(http_path(c), r->path, id))
            continue;
        text_addf(allow, "%s%s%s", allow->len == 0 ? "" : ", ", r->method,
                  strcmp(r->method, "GET") == 0 ? ", HEAD" : "");
        if (method_is(c, r) && found == NULL)
            found = r;
    }
    return found;
}

static void refuse_path(struct door_in *in, struct http_call *c, const char *allow)
{
    struct err err = {0};
    /* Who may not read anything learns no paths either. */
    int status = trust_check(&in->serve->trust, in->entrance, ACCESS_READ, c, &err);
    if (status != 0)
        answer_error_with(in->serve, c, status, err.text, status == 401 ? "WWW-Authenticate" : NULL,
                          "Bearer");
    else if (allow[0] != '\0')
        answer_error_with(in->serve, c, 405, "this path does not have that method", "Allow", allow);
    else
        answer_error(in->serve, c, 404, "there is no such path; docs/http.md lists them");
}

void routes_begin(struct door_in *in, struct http_call *c)
{
    struct serve *s = in->serve;
    struct err err = {0};
    struct text allow;
    char id[MOST_ID];
    text_init(&allow, 100);
    s->cost.requests++;
    const struct route *r = find(s, c, &allow, id);
    int status = r != NULL ? trust_check(&s->trust, in->entrance, r->access, c, &err) : 0;
    if (r == NULL)
        refuse_path(in, c, text_str(&allow));
    else if (status != 0)
        answer_error_with(s, c, status, err.text, status == 401 ? "WWW-Authenticate" : NULL, "Bearer");
    else if (r->body == BODY_MUST && !http_has_body(c))
        answer_error(s, c, 411, "a JSON body is needed, with Content-Length");
    text_done(&allow);
}

void routes_request(struct door_in *in, struct http_call *c)
{
    struct serve *s = in->serve;
    struct text allow;
    char id[MOST_ID] = "";
    text_init(&allow, 100);
    const struct route *r = find(s, c, &allow, id);
    text_done(&allow);
    if (r->fn != NULL) {
        r->fn(s, c, id);
        return;
    }
    demand_add_sql(s->demand, r->sql, loop_mono_s() + demand_s);
    answer_query(s, c, &(struct query){.sql = r->sql}, r->shape);
}
