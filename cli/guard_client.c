/* Asking the guard of this machine, over its unix socket. */
#include "cli/guard_client.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/guard_paths.h"
#include "core/json.h"
#include "core/json_result.h"
#include "core/mem.h"

enum { MOST_ANSWER = 32 << 20 };
static const double timeout_s = 10;

/* 0, or errno. */
static int answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof(address.sun_path))
        return ENAMETOOLONG;
    memcpy(address.sun_path, path, len);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    int why = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    close(fd);
    return why == EAGAIN ? 0 : why; /* there is one, and it is busy */
}

bool guard_client_open(struct guard_client *c, struct session *session, struct err *err)
{
    char *paths[2];
    int n = guard_sockets(&session->config, paths);
    struct text why;
    text_init(&why, 900);
    *c = (struct guard_client){.session = session};
    for (int i = 0; i < n; i++) {
        int failed = c->socket != NULL ? 0 : answers(paths[i]);
        if (failed != 0)
            text_addf(&why, "%s%s: %s", why.len > 0 ? "; " : "", paths[i], strerror(failed));
        else if (c->socket == NULL) {
            c->socket = paths[i];
            continue;
        }
        free(paths[i]);
    }
    if (c->socket == NULL)
        fail(err, "no guard answers here (%s): start one with dbvitals guard", text_str(&why));
    text_done(&why);
    if (c->socket == NULL)
        return false;
    c->fetcher = fetcher_new(session->loop);
    c->door = door_new(&session->registry, err);
    return c->door != NULL;
}

void guard_client_done(struct guard_client *c)
{
    fetcher_free(c->fetcher);
    door_free(c->door);
    free(c->socket);
    *c = (struct guard_client){0};
}

struct result *guard_client_read(struct guard_client *c, const char *sql, const char *json, struct err *err)
{
    struct snapshot *snapshot = store_snapshot(engine_store(c->session->engine));
    struct query_param param = {"json", {.type = VALUE_TEXT, .text = json}};
    struct query query = {.sql = sql, .params = &param, .n_params = 1};
    struct result *r = door_run(c->door, snapshot, &query, err);
    snapshot_unref(snapshot);
    return r;
}

/* What the guard says is wrong. */
static bool refuse(struct guard_client *c, const struct fetch_answer *a, struct err *err)
{
    struct result *r =
        guard_client_read(c, "select coalesce(json_extract(:json, '$.error'), :json)", a->body, err);
    const struct value *v = r != NULL && r->n_rows > 0 ? result_at(r, 0, 0) : NULL;
    fail(err, "the guard refuses (%d): %s", a->status,
         v != NULL && v->type == VALUE_TEXT ? v->text : a->body);
    result_free(r);
    return false;
}

struct asking {
    struct guard_client *client;
    struct text *out;
    struct err *err;
    bool done, ok;
};

static void on_answer(void *ctx, const struct fetch_answer *a)
{
    struct asking *k = ctx;
    k->done = true;
    if (a->status == 0)
        fail(k->err, "the guard at %s does not answer: %s", k->client->socket, a->error);
    else if (a->status < 200 || a->status > 299)
        refuse(k->client, a, k->err);
    else
        k->ok = true;
    if (k->ok && k->out != NULL)
        text_add_n(k->out, a->body, a->len);
}

bool guard_client_ask(struct guard_client *c, const char *method, const char *path, const char *body,
                      struct text *out, struct err *err)
{
    struct text url;
    text_init(&url, 4096);
    text_addf(&url, "http://localhost%s", path);
    const char *const headers[] = {"Content-Type: application/json",
                                   "Accept: application/vnd.dbvitals.result+json, application/json", NULL};
    struct fetch_request request = {.method = method,
                                    .url = text_str(&url),
                                    .unix_socket = c->socket,
                                    .headers = headers,
                                    .body = body,
                                    .len = body != NULL ? strlen(body) : 0,
                                    .timeout_s = timeout_s,
                                    .max_answer = MOST_ANSWER};
    struct asking k = {.client = c, .out = out, .err = err};
    bool started = fetch_start(c->fetcher, &request, on_answer, &k, err) != NULL;
    while (started && !k.done)
        loop_run_once(c->session->loop, true);
    text_done(&url);
    return k.ok;
}

struct result *guard_client_select(struct guard_client *c, const char *sql, struct err *err)
{
    struct json *json = json_new();
    struct text body, answer;
    text_init(&body, 64 << 10);
    text_init(&answer, MOST_ANSWER);
    text_add(&body, "{\"sql\":");
    json_add_text(json, &body, sql);
    text_add(&body, "}");
    struct result *r = NULL;
    if (guard_client_ask(c, "POST", "/api/v1/query", text_str(&body), &answer, err))
        r = json_result_read(text_str(&answer), answer.len, &c->session->registry, err);
    text_done(&body);
    text_done(&answer);
    json_free(json);
    return r;
}
