/* A guard that the dashboard is attached to: what is asked of it, and asked again. */
#include "cli/attach_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/secret.h"

enum { MOST_BODY = 1 << 20, MOST_ANSWER = 32 << 20 };
/* A guard that is alive answers within the deadline of a SELECT, 2 s; one that was stopped takes connections
 * and says nothing. */
static const double timeout_s = 5;
/* How often a guard that is away is looked for. */
static const double retry_s = 1;

static void send_request(struct request *r)
{
    struct attach *a = r->attach;
    struct err err = {""};
    char url[2048];
    const char *headers[] = {"Accept: application/vnd.dbvitals.result+json", "Content-Type: application/json",
                             a->authorization, NULL};
    snprintf(url, sizeof(url), "%s%s", a->base, r->path);
    struct fetch_request f = {.url = url,
                              .unix_socket = a->socket,
                              .headers = headers,
                              .body = r->body,
                              .len = r->body == NULL ? 0 : strlen(r->body),
                              .timeout_s = timeout_s,
                              .max_answer = MOST_ANSWER};
    r->fetch = fetch_start(a->fetcher, &f, request_answered, r, &err);
    if (r->fetch == NULL)
        attach_set_trouble(a, err.text);
}

/* One request finds out whether the guard is back; the others follow its answer. */
static void on_retry(void *ctx)
{
    struct attach *a = ctx;
    for (struct request *r = a->requests; r != NULL; r = r->next) {
        if (r->fetch != NULL && a->away_s > 0)
            return;
        if (r->fetch != NULL || r->reading)
            continue;
        send_request(r);
        if (a->away_s > 0)
            return;
    }
}

void attach_set_trouble(struct attach *a, const char *text)
{
    bool was = a->away_s > 0;
    if (text == NULL && !was)
        return;
    a->away_s = text == NULL ? 0 : was ? a->away_s : loop_mono_s();
    snprintf(a->trouble, sizeof(a->trouble), "%s", text == NULL ? "" : text);
    /* Never from within fetch's callback: what waits is sent when the loop turns. */
    loop_timer_start(a->retry, text == NULL ? 0 : retry_s, retry_s);
    if (text == NULL)
        a->refused = false;
    if (a->on_trouble != NULL)
        a->on_trouble(a->on_trouble_ctx);
}

int request_add(struct attach *a, struct request *r)
{
    struct request **end = &a->requests;
    while (*end != NULL)
        end = &(*end)->next;
    *end = r;
    r->attach = a;
    r->registry = a->registry;
    r->ticket = ++a->next_ticket;
    if (a->away_s == 0)
        send_request(r);
    return r->ticket;
}

void request_take(struct request *r)
{
    struct request **at = &r->attach->requests;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
}

void request_free(struct request *r)
{
    result_free(r->result);
    free(r->path);
    free(r->body);
    free(r->answer);
    free(r);
}

/* Nobody waits for R any more. */
static void request_drop(struct request *r)
{
    request_take(r);
    if (r->fetch != NULL)
        fetch_cancel(r->fetch);
    r->attach = NULL;
    if (!r->reading)
        request_free(r); /* else the pool's work ends it */
}

/* ---- what can be asked ---- */

/* Only the parameters that SQL names: detail pages bring a whole row of them along. */
static bool param_used(const char *sql, const char *name)
{
    char word[128];
    int len = snprintf(word, sizeof(word), ":%s", name);
    for (const char *at = sql; (at = strstr(at, word)) != NULL; at += len) {
        char after = at[len];
        bool more = after == '_' || (after >= '0' && after <= '9') || (after >= 'a' && after <= 'z') ||
                    (after >= 'A' && after <= 'Z');
        if (!more)
            return true;
    }
    return false;
}

static char *query_body(struct json *j, const struct query *q)
{
    struct text t;
    bool first = true;
    text_init(&t, MOST_BODY);
    text_add(&t, "{\"sql\":");
    json_add_text(j, &t, q->sql);
    text_addf(&t, ",\"max_rows\":%d,\"params\":{", q->max_rows > 0 ? q->max_rows : 100000);
    for (int i = 0; i < q->n_params; i++) {
        if (!param_used(q->sql, q->params[i].name))
            continue;
        text_add(&t, first ? "" : ",");
        json_add_text(j, &t, q->params[i].name);
        text_add_char(&t, ':');
        json_add(j, &t, &q->params[i].value);
        first = false;
    }
    text_add(&t, "}}");
    return text_take(&t);
}

int attach_ask(struct attach *a, const struct query *q, query_done_fn *done, void *ctx)
{
    struct request *r = mem_new(sizeof(*r));
    r->path = mem_dup("/api/v1/query");
    r->body = query_body(a->json, q);
    r->done = done;
    r->ctx = ctx;
    return request_add(a, r);
}

void attach_cancel(struct attach *a, int ticket)
{
    for (struct request *r = a->requests; r != NULL; r = r->next) {
        if (r->ticket != ticket)
            continue;
        request_drop(r);
        return;
    }
}

void attach_step(struct attach *a, const char *dataset, double at_s, int direction, attach_step_fn *fn,
                 void *ctx)
{
    struct request *r = mem_new(sizeof(*r));
    struct text path;
    text_init(&path, 300);
    /* All of its digits: a moment that is rounded stands before or after its own sample, which is then
     * the next one. */
    text_addf(&path, "/api/v1/step?dataset=%s&at=%.17g&direction=%d", dataset, at_s, direction);
    r->path = text_take(&path);
    r->step = fn;
    r->ctx = ctx;
    request_add(a, r);
}

void attach_post(struct attach *a, const char *path, const char *body, attach_post_fn *fn, void *ctx)
{
    if (a->away_s > 0) {
        fn(ctx, a->trouble);
        return;
    }
    struct request *r = mem_new(sizeof(*r));
    r->path = mem_dup(path);
    r->body = mem_dup(body);
    r->once = true;
    r->post = fn;
    r->ctx = ctx;
    request_add(a, r);
}

/* ---- life ---- */

/* What a person calls it: what stands before an @ is a password. */
static char *host_of(const char *url)
{
    const char *host = strstr(url, "://") + 3, *at = strrchr(host, '@');
    struct text name;
    text_init(&name, 300);
    host = at == NULL ? host : at + 1;
    text_add_n(&name, host, strcspn(host, "/?#"));
    return text_take(&name);
}

struct attach *attach_new(struct loop *loop, const struct registry *registry, const char *where,
                          const char *token, struct err *err)
{
    bool url = strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0;
    if (!url && strstr(where, "://") != NULL) {
        struct text shown;
        text_init(&shown, 200);
        secret_mask(&shown, where);
        fail(err, "--attach %s: a socket's path, or http(s)://host:port", text_str(&shown));
        text_done(&shown);
        return NULL;
    }
    struct attach *a = mem_new(sizeof(*a));
    struct text base, authorization;
    const char *slash = strrchr(where, '/');
    text_init(&base, 1000);
    text_init(&authorization, 8000);
    text_add(&base, url ? where : "http://guard");
    while (base.len > 0 && base.data[base.len - 1] == '/')
        base.data[--base.len] = '\0';
    a->loop = loop;
    a->registry = registry;
    a->base = text_take(&base);
    a->socket = url ? NULL : mem_dup(where);
    a->name = url ? host_of(a->base) : mem_dup(slash != NULL ? slash + 1 : where);
    if (token != NULL)
        text_addf(&authorization, "Authorization: Bearer %s", token);
    a->authorization = token != NULL ? text_take(&authorization) : NULL;
    text_done(&authorization);
    a->fetcher = fetcher_new(loop);
    a->json = json_new();
    a->retry = loop_timer_new(loop, on_retry, a);
    return a;
}

void attach_free(struct attach *a)
{
    if (a == NULL)
        return;
    while (a->requests != NULL)
        request_drop(a->requests);
    fetcher_free(a->fetcher);
    loop_timer_free(a->retry);
    json_free(a->json);
    free(a->base);
    free(a->socket);
    free(a->name);
    free(a->authorization);
    free(a);
}

const char *attach_name(const struct attach *a)
{
    return a->name;
}

const char *attach_trouble(const struct attach *a)
{
    return a->away_s > 0 ? a->trouble : NULL;
}

bool attach_refused(const struct attach *a)
{
    return a->refused;
}

void attach_on_trouble(struct attach *a, loop_fn *fn, void *ctx)
{
    a->on_trouble = fn;
    a->on_trouble_ctx = ctx;
}
