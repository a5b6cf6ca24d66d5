/* What a guard says: rows, which the pool reads; a moment; that something was done; or why not. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/attach_private.h"
#include "core/json_result.h"
#include "core/mem.h"

/* In the pool: a big answer delays no key. */
static void read_rows(void *ctx)
{
    struct request *r = ctx;
    r->result = json_result_read(r->answer, r->len, r->registry, &r->err);
}

static void on_read(void *ctx)
{
    struct request *r = ctx;
    r->reading = false;
    if (r->attach != NULL) {
        struct result *result = r->result;
        request_take(r);
        r->result = NULL;
        r->done(r->ctx, result, r->err.text);
    }
    request_free(r);
}

/* A member of the answer's object: the text of `error`, the number of `at`. */
static void member(const struct fetch_answer *answer, const char *name, char *text, size_t size,
                   double *number)
{
    struct arena *arena = arena_new(1024);
    struct json_member *members;
    int n = 0;
    struct err err;
    bool ok = json_members(arena, answer->body, answer->len, 20, &members, &n, &err);
    for (int i = 0; ok && i < n; i++) {
        if (strcmp(members[i].name, name) != 0)
            continue;
        if (members[i].value.type == VALUE_TEXT && text != NULL)
            snprintf(text, size, "%s", members[i].value.text);
        else if (number != NULL)
            *number = value_real(&members[i].value);
    }
    arena_unref(arena);
}

/* Why there is no answer to work with, for a person; false if there is one, though it may be a refusal. */
static bool away(struct attach *a, const struct fetch_answer *answer, char *out, size_t size)
{
    char error[200] = "";
    if (answer->status == 401 || answer->status == 403)
        member(answer, "error", error, sizeof(error), NULL);
    if (answer->status == 401)
        snprintf(out, size, "the guard at %s %s: give the one of its [http] token in DBVITALS_TOKEN", a->name,
                 a->authorization == NULL ? "wants a token" : "refuses our token");
    else if (answer->status == 403)
        snprintf(out, size, "the guard at %s refuses us (403)%s%s", a->name, error[0] == '\0' ? "" : ": ",
                 error);
    else if (answer->tls_refused && !answer->other_name)
        snprintf(out, size,
                 "the certificate of the guard at %s is not believed: DBVITALS_CA_FILE names the file of a "
                 "private authority's",
                 a->name);
    else if (answer->status == 0)
        snprintf(out, size, "the guard at %s does not answer: %s", a->name,
                 answer->error == NULL ? "no reason is known" : answer->error);
    else if (answer->status == 502 || answer->status == 503 || answer->status == 504)
        snprintf(out, size, "the guard at %s is not ready (%d)", a->name, answer->status);
    else
        return false;
    return true;
}

static void finish(struct request *r, const struct fetch_answer *answer)
{
    char error[300] = "";
    double at = NAN;
    bool good = answer->status == 200;
    if (!good) {
        snprintf(error, sizeof(error), "the guard answers %d", answer->status);
        member(answer, "error", error, sizeof(error), NULL);
    } else if (r->step != NULL) {
        member(answer, "at", NULL, 0, &at);
    }
    request_take(r);
    if (r->step != NULL)
        r->step(r->ctx, at);
    else if (r->post != NULL)
        r->post(r->ctx, good ? NULL : error);
    else
        r->done(r->ctx, NULL, error);
    request_free(r);
}

void request_answered(void *ctx, const struct fetch_answer *answer)
{
    struct request *r = ctx;
    struct attach *a = r->attach;
    char why[300];
    r->fetch = NULL;
    if (away(a, answer, why, sizeof(why))) {
        if (r->once) {
            request_take(r);
            r->post(r->ctx, why);
            request_free(r);
        }
        attach_set_trouble(a, why);
        return;
    }
    attach_set_trouble(a, NULL);
    if (answer->status != 200 || r->done == NULL) {
        finish(r, answer);
        return;
    }
    r->answer = mem_new(answer->len + 1);
    memcpy(r->answer, answer->body, answer->len);
    r->len = answer->len;
    r->reading = true;
    loop_work(a->loop, read_rows, on_read, r);
}
