/* Questions to the query thread and their answers: the call waits meanwhile, the loop does not. What is large
 * is written as JSON in the pool. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/export.h"
#include "core/json_result.h"
#include "core/mem.h"
#include "serve/inside.h"

enum {
    MOST_ASKS = 32,         /* that wait for the query thread */
    MOST_UNSENT = 64 << 20, /* bytes of answers that clients have not taken */
    MOST_ANSWER = 32 << 20, /* bytes of one answer */
    FEW_VALUES = 500,       /* are written at once */
    MOST_ROWS = 100000
};

/* Asked, then perhaps written in the pool; freed by whichever step is the last. */
struct ask {
    struct serve *serve;    /* NULL: it has ended */
    struct http_call *call; /* NULL: nobody waits any more */
    int ticket;
    bool user, writing;
    bool elsewhere; /* somebody else finds the answer, and calls answer_late */
    enum shape shape;
    struct result *result;
    struct text body;
    int64_t id; /* of what was made, while it is written to the disk; 0: none */
};

void answer_json(struct http_call *c, int status, struct text *body)
{
    struct http_answer a = {.status = status, .type = TYPE_JSON, .len = body->len};
    a.body = text_take(body);
    http_answer(c, &a);
}

void answer_error_with(struct serve *s, struct http_call *c, int status, const char *sentence,
                       const char *header, const char *value)
{
    struct text t;
    text_init(&t, 16 << 10);
    text_add(&t, "{\"error\":");
    json_add_text(s->json, &t, sentence);
    text_add(&t, "}\n");
    struct http_answer a = {.status = status, .type = TYPE_JSON, .len = t.len};
    a.extra[0].name = header;
    a.extra[0].value = value;
    a.body = text_take(&t);
    s->cost.refused++;
    http_answer(c, &a);
}

void answer_error(struct serve *s, struct http_call *c, int status, const char *sentence)
{
    answer_error_with(s, c, status, sentence, NULL, NULL);
}

static void ask_free(struct ask *a)
{
    result_free(a->result);
    text_done(&a->body);
    free(a);
}

static void write_rows(struct ask *a)
{
    char *data = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&data, &len);
    if (f == NULL)
        return;
    export_json(f, a->result);
    fputc('\n', f);
    fclose(f);
    text_add_n(&a->body, data, len);
    free(data);
}

static void write_document(struct ask *a)
{
    int column = result_column(a->result, "document");
    if (a->result->n_rows > 0 && column >= 0 && result_at(a->result, 0, column)->type == VALUE_TEXT)
        text_add(&a->body, result_at(a->result, 0, column)->text);
    text_add(&a->body, "\n");
}

/* In the pool, or on the loop when it is short. */
static void write_body(void *ctx)
{
    struct ask *a = ctx;
    switch (a->shape) {
    case SHAPE_ROWS:
        write_rows(a);
        break;
    case SHAPE_COLUMNAR:
        json_result_add(&a->body, a->result);
        break;
    case SHAPE_DOCUMENT:
        write_document(a);
        break;
    }
}

static int status_of(const struct ask *a)
{
    int column = a->shape == SHAPE_DOCUMENT ? result_column(a->result, "status") : -1;
    double status = column >= 0 && a->result->n_rows > 0 ? value_real(result_at(a->result, 0, column)) : 200;
    return status >= 200 && status < 600 ? (int)status : 200;
}

static void give(struct ask *a)
{
    struct http_call *c = a->call;
    http_set_data(c, NULL);
    if (a->body.cut) {
        answer_error(a->serve, c, 413, "the answer is larger than 32 MB: ask for fewer rows or columns");
        return;
    }
    struct http_answer answer = {.status = status_of(a), .len = a->body.len};
    answer.type = a->shape == SHAPE_COLUMNAR ? TYPE_RESULT : TYPE_JSON;
    if (a->result->more) {
        answer.extra[0].name = "X-More-Rows";
        answer.extra[0].value = "yes";
    }
    answer.body = text_take(&a->body);
    http_answer(c, &answer);
}

static void on_written(void *ctx)
{
    struct ask *a = ctx;
    if (a->call != NULL)
        give(a);
    ask_free(a);
}

static void on_result(void *ctx, struct result *result, const char *error)
{
    struct ask *a = ctx;
    struct serve *s = a->serve;
    s->n_asks--;
    a->result = result;
    if (result == NULL) {
        http_set_data(a->call, NULL);
        answer_error(s, a->call, a->user ? 400 : 500, error);
        ask_free(a);
    } else if ((long)result->n_rows * result->n_columns <= FEW_VALUES) {
        write_body(a);
        on_written(a);
    } else {
        a->writing = true;
        loop_work(s->parts.loop, write_body, on_written, a);
    }
}

static bool is_busy(const struct serve *s)
{
    size_t unsent = (s->tcp.http != NULL ? http_unsent(s->tcp.http) : 0) +
                    (s->local.http != NULL ? http_unsent(s->local.http) : 0);
    return s->n_asks >= MOST_ASKS || unsent > MOST_UNSENT;
}

void answer_query(struct serve *s, struct http_call *c, const struct query *q, enum shape shape)
{
    if (is_busy(s)) {
        answer_error_with(s, c, 503, "too many questions at once: come again in a second", "Retry-After",
                          "1");
        return;
    }
    struct query query = *q;
    query.max_rows = q->max_rows > 0 && q->max_rows < MOST_ROWS ? q->max_rows : MOST_ROWS;
    struct ask *a = mem_new(sizeof(*a));
    a->serve = s;
    a->call = c;
    a->shape = shape;
    a->user = q->user;
    text_init(&a->body, MOST_ANSWER);
    http_set_data(c, a);
    s->n_asks++;
    struct snapshot *snapshot = store_snapshot(engine_store(s->parts.engine));
    a->ticket = query_submit(s->parts.queries, snapshot, &query, 2, on_result, a);
    snapshot_unref(snapshot);
}

void answer_forget(struct http_call *c)
{
    struct ask *a = http_data(c);
    if (a == NULL)
        return;
    http_set_data(c, NULL);
    a->call = NULL;
    if (a->writing || a->elsewhere)
        return; /* on_written, answer_late free it */
    query_cancel(a->serve->parts.queries, a->ticket);
    a->serve->n_asks--;
    ask_free(a);
}

static void answer_ok(struct http_call *c)
{
    struct text t;
    text_init(&t, 100);
    text_add(&t, "{\"status\":\"ok\"}\n");
    answer_json(c, 200, &t);
}

struct ask *answer_wait(struct serve *s, struct http_call *c)
{
    struct ask *a = mem_new(sizeof(*a));
    a->serve = s;
    a->call = c;
    a->elsewhere = true;
    text_init(&a->body, MOST_ANSWER);
    http_set_data(c, a);
    return a;
}

void answer_late(struct ask *a, int status, const char *sentence)
{
    struct http_call *c = a->call;
    if (c != NULL) {
        http_set_data(c, NULL);
        if (sentence != NULL)
            answer_error(a->serve, c, status, sentence);
        else
            answer_ok(c);
    }
    ask_free(a);
}

void answer_late_json(struct ask *a, int status, struct text *body)
{
    if (a->call != NULL) {
        http_set_data(a->call, NULL);
        answer_json(a->call, status, body);
    }
    text_done(body);
    ask_free(a);
}

void answer_late_again(struct ask *a, int status, const char *sentence)
{
    if (a->call != NULL) {
        http_set_data(a->call, NULL);
        answer_error_with(a->serve, a->call, status, sentence, "Retry-After", "1");
    }
    ask_free(a);
}

void answer_late_query(struct ask *a, const struct query *q, enum shape shape)
{
    struct serve *s = a->serve;
    struct http_call *c = a->call;
    if (c != NULL)
        http_set_data(c, NULL);
    ask_free(a);
    if (c != NULL)
        answer_query(s, c, q, shape);
}

bool answer_is_awaited(const struct ask *a)
{
    return a->call != NULL;
}

static void on_kept(void *ctx, bool written)
{
    struct ask *a = ctx;
    struct http_call *c = a->call;
    if (c != NULL) {
        struct text t;
        text_init(&t, 500);
        text_add(&t, "{\"status\":\"ok\"");
        if (a->id != 0)
            text_addf(&t, ",\"id\":%" PRId64, a->id);
        text_addf(&t, ",\"kept\":%s}\n", written ? "true" : "false");
        http_set_data(c, NULL);
        answer_json(c, 200, &t);
    }
    ask_free(a);
}

void answer_when_kept(struct serve *s, struct http_call *c, int64_t id)
{
    struct ask *a = answer_wait(s, c);
    a->id = id;
    alerts_keep(s->parts.alerts, on_kept, a);
}
