/* Sending one message: its format's SELECT on the query thread, then a request for each row of it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/deliver_inside.h"
#include "core/mem.h"
#include "core/utf8.h"
#include "version.h"

enum {
    MAX_HEADERS = 40,
    MAX_ANSWER = 4096,
    MAX_MESSAGE = 900 * 1000,
    MAX_EXCERPT = 300,
    FORMAT_TRIES = 5,
    MAX_REQUESTS = 1000
};
static const double secret_patience_s = 10, secret_again_s = 60;

/* ---- What may be shown ---- */

/* The text in column NAME of the request that is next, NULL if there is none. */
static const char *field(const struct item *item, const char *name)
{
    int column = result_column(item->requests, name);
    const struct value *v = column < 0 ? NULL : result_at(item->requests, item->sent, column);
    return v == NULL || v->type != VALUE_TEXT ? NULL : v->text;
}

static char *user_password(const struct lane *lane)
{
    const char *user = lane->webhook->user;
    if (user == NULL)
        return NULL;
    struct text t;
    text_init(&t, 2000);
    text_add(&t, user);
    if (strchr(user, ':') == NULL && lane->secret != NULL)
        text_addf(&t, ":%s", lane->secret);
    return text_take(&t);
}

/* What was sent and is nobody else's business. */
static struct hidden *hidden_of(const struct item *item)
{
    const struct lane *lane = item->lane;
    struct hidden *h = hidden_new();
    char *login = user_password(lane);
    hidden_add(h, lane->secret);
    hidden_add(h, item->signature);
    hidden_add_url(h, lane->webhook->url);
    hidden_add_login(h, login);
    if (item->requests != NULL) {
        hidden_add_url(h, field(item, "url"));
        hidden_add_headers(h, field(item, "headers"));
    }
    free(login);
    return h;
}

/* "HTTP 400: what it said", without what only receiver and we may know. */
static void describe(const struct item *item, const struct fetch_answer *a, struct text *out)
{
    struct text mended, masked;
    struct hidden *hidden = hidden_of(item);
    text_init(&mended, MAX_ANSWER * 3);
    text_init(&masked, MAX_ANSWER * 3);
    if (a->status == 0)
        text_add(&mended, a->error);
    else
        utf8_mend(&mended, a->body, a->len);
    hidden_mask(hidden, &masked, text_str(&mended));
    if (a->status != 0)
        text_addf(out, "HTTP %d", a->status);
    if (a->status >= 200 && a->status < 300) /* a success elsewhere */
        text_addf(out, ", but %s was expected",
                  item->lane->format->ok_body != NULL ? item->lane->format->ok_body : item->lane->format->ok);
    text_add(out, a->status != 0 && masked.len > 0 ? ": " : "");
    utf8_clean(out, text_str(&masked), false);
    text_done(&mended);
    text_done(&masked);
    hidden_free(hidden);
}

/* ---- The secret ---- */

static void got_secret(void *ctx, const char *secret, const char *error)
{
    struct lane *lane = ctx;
    lane->command = NULL;
    if (secret != NULL) {
        lane->secret = mem_dup(secret);
    } else {
        lane_has_no_secret(lane, error);
        lane->paused_until_s = loop_mono_s() + secret_again_s;
    }
    deliver_wake(lane->deliver);
}

bool lane_has_secret(struct lane *lane)
{
    const struct webhook *w = lane->webhook;
    if (lane->secret == NULL && w->secret != NULL)
        lane->secret = mem_dup(w->secret);
    if (lane->secret != NULL || w->secret_command == NULL)
        return true;
    if (lane->command == NULL)
        lane->command = command_run(lane->deliver->loop, w->secret_command, "secret_command",
                                    secret_patience_s, got_secret, lane);
    return false;
}

/* ---- The request ---- */

static void send_next(struct item *item);

static void end_attempt(struct item *item)
{
    result_free(item->requests);
    item->requests = NULL;
}

static bool body_is_ok(const struct format *format, const struct fetch_answer *a)
{
    if (format->ok_body == NULL)
        return true;
    size_t len = a->len;
    while (len > 0 && (a->body[len - 1] == '\n' || a->body[len - 1] == '\r'))
        len--;
    return strlen(format->ok_body) == len && memcmp(a->body, format->ok_body, len) == 0;
}

/* Goes on to the request after the one that has ended; one that was refused spoils no other. */
static void request_ended(struct item *item, int status, double took_ms)
{
    item->sent++;
    if (item->sent < item->requests->n_rows) {
        send_next(item);
        return;
    }
    end_attempt(item);
    char detail[40];
    snprintf(detail, sizeof(detail), "HTTP %d", status);
    if (item->refused == NULL)
        item_ended(item, DELIVERY_DONE, status, detail, took_ms);
    else
        item_ended(item, DELIVERY_DEAD, item->refused_status, item->refused, took_ms);
}

static void request_taken(struct item *item, int status, double took_ms)
{
    const char *alert = field(item, "alert");
    if (alert != NULL)
        lane_tell_again(item->lane, alert, field(item, "again"));
    item->taken++;
    request_ended(item, status, took_ms);
}

static void request_refused(struct item *item, int status, const char *detail, double took_ms)
{
    if (item->refused == NULL) {
        item->refused = mem_dup(detail);
        item->refused_status = status;
    }
    request_ended(item, status, took_ms);
}

static void answered(void *ctx, const struct fetch_answer *a)
{
    struct item *item = ctx;
    struct lane *lane = item->lane;
    item->fetch = NULL;
    item->attempts++;
    struct attempt attempt = {.status = a->status, .tls_refused = a->tls_refused, .shortened = item->shorter};
    attempt.ok_body = body_is_ok(lane->format, a);
    attempt.retry_after_s = a->retry_after_s;
    attempt.attempts = item->attempts;
    attempt.age_s = item_age_s(item);
    struct verdict v = deliver_verdict(lane->format, &attempt, lane->webhook->give_up_s);
    if (v.what == DELIVERY_DONE) {
        request_taken(item, a->status, a->took_ms);
        return;
    }
    struct text detail;
    text_init(&detail, MAX_EXCERPT);
    describe(item, a, &detail);
    item->shorter = item->shorter || v.shorter;
    item->receiver_is_down = a->status == 0 || (a->status >= 502 && a->status <= 504);
    if (v.what == DELIVERY_RETRY) {
        end_attempt(item);
        item_waits(item, &v, a->status, text_str(&detail), a->took_ms);
    } else if (a->status > 0 && !v.off) {
        request_refused(item, a->status, text_str(&detail), a->took_ms);
    } else {
        end_attempt(item);
        item_ended(item, DELIVERY_DEAD, a->status, text_str(&detail), a->took_ms);
    }
    lane->off = lane->off || v.off;
    text_done(&detail);
}

/* Standard Webhooks' headers; the signature only when there is a secret to sign with. */
static bool add_identity(struct item *item, const char *body, struct text *out, struct err *err)
{
    char id[300];
    long long now = (long long)loop_wall_s();
    const char *message_id = item->row == NULL ? "again" : item->row->message_id;
    if (item->requests->n_rows > 1)
        snprintf(id, sizeof(id), "%s-%d", message_id, item->sent);
    else
        snprintf(id, sizeof(id), "%s", message_id);
    text_addf(out, "webhook-id: %s\nwebhook-timestamp: %lld\n", id, now);
    if (item->lane->secret == NULL)
        return true;
    if (!deliver_sign(item->lane->secret, id, now, body, strlen(body), item->signature,
                      sizeof(item->signature), err))
        return false;
    text_addf(out, "webhook-signature: %s\n", item->signature);
    return true;
}

/* Lines of LINES as a NULL-ended list; what no header may hold becomes a blank. */
static void split(char *lines, const char *list[MAX_HEADERS + 1])
{
    int n = 0;
    for (char *line = lines, *end; *line != '\0' && n < MAX_HEADERS; line = end) {
        end = strchrnul(line, '\n');
        for (char *c = line; c < end; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                *c = ' ';
        if (*end == '\n')
            *end++ = '\0';
        if (*line != '\0')
            list[n++] = line;
    }
    list[n] = NULL;
}

static bool start_request(struct item *item, const char *body, char *lines, struct err *err)
{
    struct lane *lane = item->lane;
    const char *headers[MAX_HEADERS + 1], *url = field(item, "url");
    split(lines, headers);
    char *user = user_password(lane);
    struct fetch_request q = {.method = field(item, "method"), .headers = headers, .user_password = user};
    q.url = url == NULL ? lane->webhook->url : url;
    q.body = body;
    q.len = strlen(body);
    q.ca_file = lane->webhook->ca_file;
    q.timeout_s = lane->webhook->timeout_s;
    q.max_answer = MAX_ANSWER;
    item->fetch = fetch_start(lane->deliver->fetcher, &q, answered, item, err);
    free(user);
    return item->fetch != NULL;
}

static bool send_one(struct item *item, struct err *err)
{
    const struct lane *lane = item->lane;
    const char *body = field(item, "body"), *type = field(item, "content_type"),
               *own = field(item, "headers");
    if (body == NULL)
        return fail(err, "format %s: the SELECT gave no text in the column body", lane->format->name);
    struct text lines;
    text_init(&lines, 16 * 1024);
    text_addf(&lines, "Content-Type: %s\nUser-Agent: dbvitals/%s\n%s\n",
              type == NULL ? "application/json" : type, DBVITALS_VERSION, own == NULL ? "" : own);
    bool ok = !lane->format->sign || add_identity(item, body, &lines, err);
    char *list = text_take(&lines);
    ok = ok && start_request(item, body, list, err);
    free(list);
    return ok;
}

static void send_next(struct item *item)
{
    struct err err = {""};
    const char *body = field(item, "body");
    if (body != NULL && strlen(body) > (size_t)item->lane->format->max_body && !item->shorter) {
        struct verdict shorter = {.what = DELIVERY_RETRY, .shorter = true};
        item->shorter = true;
        end_attempt(item);
        item_waits(item, &shorter, 0, "too long for the receiver: sent again with shorter texts", 0);
    } else if (!send_one(item, &err)) {
        request_refused(item, 0, err.text, 0);
    }
}

/* ---- The format's SELECT ---- */

static void format_failed(struct item *item, const char *error)
{
    struct text detail;
    text_init(&detail, MAX_EXCERPT);
    text_addf(&detail, "format %s: %s", item->lane->format->name, error);
    struct attempt attempt = {
        .status = 0, .attempts = ++item->attempts, .retry_after_s = NAN, .age_s = item_age_s(item)};
    struct verdict v = deliver_verdict(item->lane->format, &attempt, item->lane->webhook->give_up_s);
    item->shorter = true; /* a result that is too long is one of the reasons */
    if (v.what == DELIVERY_RETRY && item->attempts < FORMAT_TRIES)
        item_waits(item, &v, 0, text_str(&detail), 0);
    else
        item_ended(item, DELIVERY_DEAD, 0, text_str(&detail), 0);
    text_done(&detail);
}

static void formatted(void *ctx, struct result *result, const char *error)
{
    struct item *item = ctx;
    item->ticket = 0;
    item->requests = result;
    if (strlen(item->body) > MAX_MESSAGE) {
        end_attempt(item);
        item_ended(item, DELIVERY_DEAD, 0, "the message is larger than 900 kB", 0);
    } else if (result == NULL) {
        format_failed(item, error);
    } else if (item->sent >= result->n_rows) {
        end_attempt(item);
        item_ended(item, DELIVERY_DONE, 0, "the format has nothing to say of it", 0);
    } else if (!lane_has_secret(item->lane)) { /* the config was read again meanwhile */
        end_attempt(item);
        item_put_back(item);
    } else {
        send_next(item);
    }
}

static struct query_param text_param(const char *name, const char *text)
{
    struct query_param p = {.name = name, .value = {.type = VALUE_NULL}};
    if (text != NULL)
        p.value = (struct value){.type = VALUE_TEXT, .text = text};
    return p;
}

void item_send(struct item *item)
{
    const struct lane *lane = item->lane;
    struct query_param params[] = {
        text_param("message", item->body),
        text_param("secret", lane->secret),
        text_param("user", lane->webhook->user),
        text_param("url", lane->webhook->url),
        {.name = "now", .value = {.type = VALUE_INT, .integer = (int64_t)loop_wall_s()}},
        {.name = "short", .value = {.type = VALUE_INT, .integer = item->shorter}},
    };
    struct query q = {.sql = lane->sql, .params = params, .n_params = sizeof(params) / sizeof(*params)};
    q.max_rows = MAX_REQUESTS;
    item->ticket = query_submit(lane->deliver->queries, lane->deliver->nothing, &q, 1, formatted, item);
}

void item_cancel(struct item *item)
{
    if (item->ticket != 0)
        query_cancel(item->lane->deliver->queries, item->ticket);
    fetch_cancel(item->fetch);
    result_free(item->requests);
}
