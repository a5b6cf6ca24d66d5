/* What people and programs ask with words of their own: SELECTs, acknowledgements, silences. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/when.h"
#include "serve/inside.h"
#include "serve/wish.h"

enum { STANDARD_ROWS = 10000 };
static const double demand_s = 10;

/* What nobody would read is refused: a word that is misspelt must not be an acknowledgement without an end,
 * a target that is null not all targets. */
// clang-format off
static const struct wish_rule said[] = {
    {"by",      WISH_TEXT | WISH_NULL,               "text"},
    {"comment", WISH_TEXT | WISH_NULL,               "text"},
    {"for",     WISH_TEXT | WISH_NULL,               "text: \"2h\""},
    {"until",   WISH_TEXT | WISH_NUMBER | WISH_NULL, "text, or seconds since 1970"},
}, said_of[] = {
    {"rule",    WISH_TEXT,                           "text"},
    {"target",  WISH_TEXT,                           "text"},
    {"key",     WISH_TEXT,                           "text"},
    {"by",      WISH_TEXT | WISH_NULL,               "text"},
    {"comment", WISH_TEXT | WISH_NULL,               "text"},
    {"for",     WISH_TEXT | WISH_NULL,               "text: \"2h\""},
    {"until",   WISH_TEXT | WISH_NUMBER | WISH_NULL, "text, or seconds since 1970"},
};
// clang-format on

static bool read_said(struct http_call *c, struct wish *w, struct err *err)
{
    return wish_read(c, w, err) && wish_check(w, said, sizeof(said) / sizeof(said[0]), err);
}

/* ---- SELECTs ---- */

static enum shape wanted_shape(const struct http_call *c)
{
    const char *accept = http_header(c, "Accept");
    return accept != NULL && strstr(accept, TYPE_RESULT) != NULL ? SHAPE_COLUMNAR : SHAPE_ROWS;
}

static bool read_params(const struct wish *w, struct query *q, struct query_param params[WISH_MEMBERS],
                        struct err *err)
{
    const struct json_member *all = wish_member(w, "params");
    struct json_member *members;
    if (all == NULL)
        return true;
    const char *text = all->value.text;
    if (all->type != JSON_OBJECT ||
        !json_members(w->arena, text, strlen(text), WISH_MEMBERS, &members, &q->n_params, NULL))
        return fail(err, "params: an object of names and values is needed");
    for (int i = 0; i < q->n_params; i++)
        params[i] = (struct query_param){.name = members[i].name, .value = members[i].value};
    q->params = params;
    return true;
}

static bool read_query(struct http_call *c, const struct wish *w, struct query *q, struct query_param *params,
                       struct err *err)
{
    const char *most = http_argument(c, "max_rows");
    bool post = strcmp(http_method(c), "POST") == 0;
    double rows = post ? wish_number(w, "max_rows") : most != NULL ? strtod(most, NULL) : NAN;
    q->sql = post ? wish_text(w, "sql") : http_argument(c, "sql");
    q->user = true;
    q->max_rows = rows >= 1 && rows <= 100000 ? (int)rows : STANDARD_ROWS;
    if (q->sql == NULL)
        return fail(err, "sql: one SELECT is needed, as ?sql= or in {\"sql\":\"...\"}");
    return read_params(w, q, params, err);
}

void people_query(struct serve *s, struct http_call *c, const char *id)
{
    struct query_param params[WISH_MEMBERS];
    struct query q = {0};
    struct err err = {0};
    struct wish w;
    (void)id;
    if (wish_read(c, &w, &err) && read_query(c, &w, &q, params, &err)) {
        demand_add_sql(s->demand, q.sql, loop_mono_s() + demand_s);
        early_query(s, c, &q, wanted_shape(c));
    } else {
        answer_error(s, c, 400, err.text);
    }
    arena_unref(w.arena);
}

/* ---- Acknowledgements and silences ---- */

static bool has_alerts(struct serve *s, struct http_call *c)
{
    if (s->parts.alerts == NULL)
        answer_error(s, c, 503, "this process judges no rules");
    return s->parts.alerts != NULL;
}

/* Seconds since 1970 at which it shall end: `for` ("2h") or `until` (a moment, or seconds since 1970); NAN
 * when neither is given. */
static bool read_until(const struct wish *w, double now_s, double *until_s, struct err *err)
{
    const char *length = wish_text(w, "for"), *moment = wish_text(w, "until");
    double seconds;
    *until_s = wish_number(w, "until");
    if (length != NULL) {
        if (!duration_parse(length, &seconds, err))
            return false;
        *until_s = now_s + seconds;
    } else if (moment != NULL && !moment_parse(moment, now_s, until_s, err)) {
        return false;
    }
    return !(*until_s <= now_s) || fail(err, "until: that moment is over");
}

static const char *by_of(const struct wish *w)
{
    const char *by = wish_text(w, "by");
    return by != NULL && by[0] != '\0' ? by : "http";
}

/* Tells how what was asked for went: OK, or why not. */
static void answer_outcome(struct serve *s, struct http_call *c, bool ok, int status, const struct err *err,
                           int64_t id)
{
    if (ok)
        answer_when_kept(s, c, id);
    else
        answer_error(s, c, status, err->text);
}

void people_ack(struct serve *s, struct http_call *c, const char *id)
{
    struct err err = {0};
    struct wish w;
    double until_s;
    if (!has_alerts(s, c))
        return;
    if (!read_said(c, &w, &err) || !read_until(&w, loop_wall_s(), &until_s, &err)) {
        answer_error(s, c, 400, err.text);
    } else {
        const char *comment = wish_text(&w, "comment");
        bool ok = alerts_ack(s->parts.alerts, id, by_of(&w), comment != NULL ? comment : "", until_s, &err);
        answer_outcome(s, c, ok, 404, &err, 0);
    }
    arena_unref(w.arena);
}

void people_unack(struct serve *s, struct http_call *c, const char *id)
{
    struct err err = {0};
    if (has_alerts(s, c))
        answer_outcome(s, c, alerts_unack(s->parts.alerts, id, &err), 404, &err, 0);
}

/* What comes of it is known when the outbox was looked into. */
static void on_resent(void *ctx, bool found)
{
    answer_late(ctx, 404,
                found ? NULL : "there is no dead letter of that number: see dbvitals alerts deliveries");
}

void people_resend(struct serve *s, struct http_call *c, const char *id)
{
    struct err err = {0};
    char *end;
    int64_t number = strtoll(id, &end, 10);
    if (!has_alerts(s, c))
        return;
    if (*end != '\0') {
        answer_error(s, c, 404, "there is no such message");
        return;
    }
    struct ask *a = answer_wait(s, c);
    if (!alerts_resend(s->parts.alerts, number, on_resent, a, &err))
        answer_late(a, 409, err.text);
}

void people_test(struct serve *s, struct http_call *c, const char *webhook)
{
    struct err err = {0};
    if (has_alerts(s, c))
        answer_outcome(s, c, alerts_test(s->parts.alerts, webhook, &err), 404, &err, 0);
}

/* What a silence holds is copied by alerts_silence; its strings are not const only for the book's own. */
static char *borrowed(const char *s)
{
    union {
        const char *in;
        char *out;
    } u = {.in = s};
    return u.out;
}

static void silence(struct serve *s, struct http_call *c, const struct wish *w, struct silence *new)
{
    struct err err = {0};
    int64_t id = 0;
    new->from_s = loop_wall_s();
    if (!read_until(w, new->from_s, &new->until_s, &err) ||
        (isnan(new->until_s) && !fail(&err, "for: a silence needs an end: \"for\":\"2h\", or until"))) {
        answer_error(s, c, 400, err.text);
        return;
    }
    new->by = borrowed(by_of(w));
    new->comment = borrowed(wish_text(w, "comment"));
    bool ok = alerts_silence(s->parts.alerts, new, &id, &err);
    answer_outcome(s, c, ok, 409, &err, id);
}

void people_silence(struct serve *s, struct http_call *c, const char *id)
{
    struct err err = {0};
    struct wish w;
    (void)id;
    if (!has_alerts(s, c))
        return;
    if (!wish_read(c, &w, &err) || !wish_check(&w, said_of, sizeof(said_of) / sizeof(said_of[0]), &err)) {
        answer_error(s, c, 400, err.text);
    } else {
        struct silence new = {.rule = borrowed(wish_text(&w, "rule")),
                              .target = borrowed(wish_text(&w, "target")),
                              .key = borrowed(wish_text(&w, "key"))};
        if (new.rule == NULL &&new.target == NULL &&new.key == NULL)
            answer_error(s, c, 400,
                         "rule, target or key is needed: what shall be silent (\"*\" is everything)");
        else
            silence(s, c, &w, &new);
    }
    arena_unref(w.arena);
}

/* A silence for just this alert. */
void people_silence_alert(struct serve *s, struct http_call *c, const char *id)
{
    struct err err = {0};
    struct wish w;
    if (!has_alerts(s, c))
        return;
    const struct alert *a = book_find(alerts_book(s->parts.alerts), id);
    if (a == NULL) {
        answer_error(s, c, 404, "there is no such alert");
        return;
    }
    if (read_said(c, &w, &err)) {
        struct silence new = {.rule = glob_of(a->rule), .target = glob_of(a->target), .key = glob_of(a->key)};
        char *texts[] = {new.rule, new.target, new.key};
        silence(s, c, &w, &new);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
            free(texts[i]);
    } else {
        answer_error(s, c, 400, err.text);
    }
    arena_unref(w.arena);
}

void people_unsilence(struct serve *s, struct http_call *c, const char *id)
{
    struct err err = {0};
    char *end;
    int64_t number = strtoll(id, &end, 10);
    if (!has_alerts(s, c))
        return;
    if (*end != '\0')
        answer_error(s, c, 404, "there is no such silence");
    else
        answer_outcome(s, c, alerts_unsilence(s->parts.alerts, number, &err), 404, &err, 0);
}

/* Ends all silences that cover just this alert or more: else it would stay silent. */
void people_unsilence_alert(struct serve *s, struct http_call *c, const char *id)
{
    struct err err = {0};
    const struct silence *one;
    if (!has_alerts(s, c))
        return;
    const struct book *b = alerts_book(s->parts.alerts);
    const struct alert *a = book_find(b, id);
    bool ok = a != NULL || fail(&err, "there is no such alert");
    for (int i = book_silences(b); ok && i > 0 && (one = book_silenced(b, a, loop_wall_s())) != NULL; i--)
        ok = alerts_unsilence(s->parts.alerts, one->id, &err);
    answer_outcome(s, c, ok, 404, &err, 0);
}

static void add_text(struct serve *s, struct text *t, const char *name, const char *text)
{
    text_addf(t, ",\"%s\":", name);
    json_add(s->json, t, &(struct value){.type = text != NULL ? VALUE_TEXT : VALUE_NULL, .text = text});
}

static void add_number(struct serve *s, struct text *t, const char *name, double number)
{
    text_addf(t, ",\"%s\":", name);
    json_add(s->json, t, &(struct value){.type = VALUE_REAL, .real = number});
}

void people_silences(struct serve *s, struct http_call *c, const char *id)
{
    const struct book *b = s->parts.alerts != NULL ? alerts_book(s->parts.alerts) : NULL;
    struct text t;
    (void)id;
    text_init(&t, 4 << 20);
    text_add(&t, "[");
    for (int i = 0; b != NULL && i < book_silences(b); i++) {
        const struct silence *one = book_silence_at(b, i);
        text_addf(&t, "%s{\"id\":%" PRId64, i == 0 ? "" : ",\n", one->id);
        add_text(s, &t, "rule", one->rule);
        add_text(s, &t, "target", one->target);
        add_text(s, &t, "key", one->key);
        add_text(s, &t, "by", one->by);
        add_text(s, &t, "comment", one->comment);
        add_number(s, &t, "from", one->from_s);
        add_number(s, &t, "until", one->until_s);
        text_add(&t, "}");
    }
    text_add(&t, "]\n");
    answer_json(c, 200, &t);
}
