/* Whether a guard is there to attach to, and as what: asked before any screen opens. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/attach_find.h"
#include "cli/guard_paths.h"
#include "core/mem.h"

/* A guard of this machine answers at once, or is not worth waiting for. */
static const double local_s = 1, named_s = 6;
enum { MOST_TOKEN = 4096 };

struct probe {
    bool over;
    char *target;
    char error[300];
};

static void on_targets(void *ctx, struct result *result, const char *error)
{
    struct probe *p = ctx;
    p->over = true;
    if (result == NULL)
        snprintf(p->error, sizeof(p->error), "%s", error);
    else if (result->n_rows > 0 && result_at(result, 0, 0)->type == VALUE_TEXT)
        p->target = mem_dup(result_at(result, 0, 0)->text);
    else
        snprintf(p->error, sizeof(p->error), "it watches nothing");
    result_free(result);
}

static void on_time(void *ctx)
{
    ((struct probe *)ctx)->over = true;
}

/* The name of a target that it watches, or NULL with the reason. */
static char *ask_target(struct loop *loop, struct attach *a, double wait_s, struct err *err)
{
    struct probe p = {.over = false};
    struct query q = {.sql = "select name from targets", .max_rows = 1};
    struct loop_timer *timer = loop_timer_new(loop, on_time, &p);
    loop_timer_start(timer, wait_s, 0);
    int ticket = attach_ask(a, &q, on_targets, &p);
    while (!p.over && attach_trouble(a) == NULL)
        loop_run_once(loop, true);
    loop_timer_free(timer);
    attach_cancel(a, ticket);
    if (p.target == NULL)
        fail(err, "cannot attach to %s: %s", attach_name(a),
             attach_trouble(a) != NULL ? attach_trouble(a)
             : p.error[0] != '\0'      ? p.error
                                       : "no answer came");
    return p.target;
}

static char *token_of_file(const char *path, struct err *err)
{
    char token[MOST_TOKEN] = "";
    FILE *f = fopen(path, "r");
    size_t n = f == NULL ? 0 : fread(token, 1, sizeof(token) - 1, f);
    if (f != NULL)
        fclose(f);
    token[n] = '\0';
    token[strcspn(token, "\r\n")] = '\0';
    if (token[0] == '\0') {
        fail(err, "DBVITALS_TOKEN_FILE: cannot read a token from %s", path);
        return NULL;
    }
    return mem_dup(token);
}

/* DBVITALS_TOKEN, the first line of the file DBVITALS_TOKEN_FILE, [http] token of the config; NULL in OUT
 * when there is none. */
static bool token_of(const struct config *c, char **out, struct err *err)
{
    const char *direct = getenv("DBVITALS_TOKEN"), *file = getenv("DBVITALS_TOKEN_FILE");
    *out = NULL;
    if (direct != NULL && direct[0] != '\0')
        *out = mem_dup(direct);
    else if (file != NULL && file[0] != '\0')
        return (*out = token_of_file(file, err)) != NULL;
    else
        *out = mem_dup(config_get(c, "http", "token"));
    return true;
}

static struct attach *attach_try(struct session *s, const char *where, const struct attach_trust *trust,
                                 double wait_s, char **target, struct err *err)
{
    struct attach *a = attach_new(s->loop, &s->registry, where, trust, err);
    *target = a == NULL ? NULL : ask_target(s->loop, a, wait_s, err);
    if (*target == NULL) {
        attach_free(a);
        return NULL;
    }
    return a;
}

struct attach *attach_named(struct session *s, const char *where, char **target, struct err *err)
{
    char *ca_file = getenv("DBVITALS_CA_FILE");
    struct attach_trust trust = {.ca_file = ca_file != NULL && ca_file[0] != '\0' ? ca_file : NULL};
    if (!token_of(&s->config, &trust.token, err))
        return NULL;
    struct attach *a = attach_try(s, where, &trust, named_s, target, err);
    free(trust.token);
    return a;
}

struct attach *attach_local(struct session *s, char **target)
{
    static const struct attach_trust none = {0};
    char *places[3];
    int n = guard_sockets(&s->config, places);
    struct attach *a = NULL;
    for (int i = 0; i < n; i++) {
        if (a == NULL && access(places[i], R_OK | W_OK) == 0)
            a = attach_try(s, places[i], &none, local_s, target, NULL);
        free(places[i]);
    }
    return a;
}
