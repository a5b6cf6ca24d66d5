/* Errors among the counters of Prometheus text: X_errors_total beside X_requests_total, requests by their
 * status, slow queries. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "collectors/app/prom_answer.h"
#include "core/mem.h"

/* The row called NAME (LEN bytes) and SQLSTATE, made if it is new; NULL at the limit. */
static struct app_error *row_of(struct app_reading *r, const char *name, size_t len, const char *sqlstate)
{
    for (int i = 0; i < r->n_errors; i++) {
        const struct app_error *e = &r->errors[i];
        if (strncmp(e->name, name, len) == 0 && e->name[len] == '\0' &&
            (sqlstate == NULL) == (e->sqlstate == NULL) &&
            (sqlstate == NULL || strcmp(sqlstate, e->sqlstate) == 0))
            return &r->errors[i];
    }
    if (r->n_errors == MOST_ERRORS)
        return NULL;
    r->errors = mem_grow(r->errors, (size_t)r->n_errors + 1, sizeof(*r->errors));
    struct app_error *e = &r->errors[r->n_errors++];
    *e = (struct app_error){.name = arena_dup_n(r->arena, name, len),
                            .severity = "error",
                            .sqlstate = arena_dup(r->arena, sqlstate),
                            .errors = NAN,
                            .requests = NAN};
    return e;
}

static void add(double *to, double v)
{
    *to = (isnan(*to) ? 0 : *to) + v;
}

/* Five letters or digits of a label that says so. */
static const char *sqlstate_of(const struct prom_line *l)
{
    const char *s = prom_label(l, "sqlstate");
    s = s != NULL ? s : prom_label(l, "db_response_status_code");
    if (s == NULL || strlen(s) != 5)
        return NULL;
    for (const char *c = s; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c))
            return NULL;
    return s;
}

/* The status that an HTTP answer had, NULL if L is not of such. */
static const char *status_of(const struct prom_line *l)
{
    static const char *const labels[] = {"status", "code", "status_code", "http_status_code",
                                         "http_response_status_code"};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        const char *s = prom_label(l, labels[i]);
        if (s != NULL && s[0] >= '1' && s[0] <= '5' && strlen(s) == 3)
            return s;
    }
    return NULL;
}

/* The length of NAME without what says that it counts requests, 0 if it does not. */
static size_t without(const char *name, const char *const *ends)
{
    size_t len = strlen(name);
    for (; *ends != NULL; ends++)
        if (prom_ends(name, len, *ends))
            return len - strlen(*ends);
    return 0;
}

/* All requests are those that X_errors_total are of; where they tell their status they are a row of their
 * own. */
static void take_requests(struct app_reading *r, const struct prom_line *l)
{
    static const char *const totals[] = {"_requests_total", "_queries_total", NULL},
                             *const counts[] = {"_total", "_seconds_count", NULL},
                             *const requests[] = {"_requests_total", "_requests_seconds_count",
                                                  "_request_duration_seconds_count", NULL};
    size_t base = without(l->name, totals);
    struct app_error *e = base > 0 ? row_of(r, l->name, base, NULL) : NULL;
    if (e != NULL)
        add(&e->requests, l->value);
    const char *status = without(l->name, requests) > 0 ? status_of(l) : NULL;
    e = status != NULL ? row_of(r, l->name, without(l->name, counts), NULL) : NULL;
    if (e != NULL) {
        add(&e->requests, l->value);
        add(&e->errors, status[0] == '5' ? l->value : 0);
    }
}

void errors_take(struct app_reading *r, const struct prom_line *l)
{
    size_t len = strlen(l->name);
    struct app_error *e = NULL;
    if (!isfinite(l->value))
        return;
    if (prom_ends(l->name, len, "slow_queries_total")) {
        e = row_of(r, l->name, len - strlen("_total"), NULL);
        if (e != NULL) {
            e->severity = "slow";
            add(&e->errors, l->value);
        }
    } else if (prom_ends(l->name, len, "_errors_total") && len > strlen("_errors_total")) {
        e = row_of(r, l->name, len - strlen("_errors_total"), sqlstate_of(l));
        if (e != NULL)
            add(&e->errors, l->value);
    } else
        take_requests(r, l);
}

void errors_finish(struct app_reading *r)
{
    int kept = 0;
    for (int i = 0; i < r->n_errors; i++)
        if (!isnan(r->errors[i].errors))
            r->errors[kept++] = r->errors[i];
    r->n_errors = kept;
}
