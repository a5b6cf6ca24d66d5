/* Inside of serve/: what its files share. Everybody else includes serve/serve.h. */
#ifndef DBVITALS_SERVE_INSIDE_H
#define DBVITALS_SERVE_INSIDE_H

#include "core/json.h"
#include "serve/demand.h"
#include "serve/http.h"
#include "serve/serve.h"
#include "serve/trust.h"

/* One way in: a listener and what it means to come by it. */
struct door_in {
    struct serve *serve;
    enum entrance entrance;
    struct http *http;
};

struct serve {
    struct serve_parts parts;
    struct trust trust;
    struct door_in tcp, local;
    int port;
    char *socket_path; /* of the file that is ours to remove, NULL: none */
    struct demand *demand;
    struct scrapes *scrapes;
    struct json *json;          /* for the loop thread */
    struct planning *plannings; /* plans that somebody waits for */
    int n_asks;                 /* questions to the query thread that are not answered yet */
    struct early *earlies;      /* questions that wait for what is read now */
    int n_earlies;
    struct loop_timer *early_timer; /* NULL: none has waited yet */
    bool judged;                    /* all that findings stand on was read once */
    bool aliases;
    struct {
        double requests, refused, bytes; /* since the start */
    } cost;
};

/* How a result becomes a body. */
enum shape {
    SHAPE_ROWS,     /* [{"column":value,...},...] */
    SHAPE_COLUMNAR, /* as core/json_result.h, with units */
    SHAPE_DOCUMENT  /* the text in the column `document`, with the status in `status` */
};
#define TYPE_JSON "application/json"
#define TYPE_RESULT "application/vnd.dbvitals.result+json"

/* answer.c */
void answer_error(struct serve *s, struct http_call *c, int status, const char *sentence);
/* {"error":...} and a header more. */
void answer_error_with(struct serve *s, struct http_call *c, int status, const char *sentence,
                       const char *header, const char *value);
void answer_json(struct http_call *c, int status, struct text *body); /* takes BODY's string */
/* {"status":"ok","kept":true}, and the ID of what was made when it is not 0: once what people said is on the
 * disk, or the disk has refused it, `kept` tells which. */
void answer_when_kept(struct serve *s, struct http_call *c, int64_t id);
/* Asks the query thread; C is answered with what comes. USER: the SQL is the client's, and so are its errors.
 */
void answer_query(struct serve *s, struct http_call *c, const struct query *q, enum shape shape);
/* C is answered by answer_late, which must be called once, whether somebody still waits then or not: with
 * STATUS and SENTENCE when it failed, SENTENCE NULL: it is done. */
struct ask;
struct ask *answer_wait(struct serve *s, struct http_call *c);
void answer_late(struct ask *a, int status, const char *sentence);
/* The same with a body that was found, whose string is taken. */
void answer_late_json(struct ask *a, int status, struct text *body);
/* Likewise: it cannot be told yet, and may be asked again soon. */
void answer_late_again(struct ask *a, int status, const char *sentence);
/* Likewise: as answer_query, now that it can be asked. */
void answer_late_query(struct ask *a, const struct query *q, enum shape shape);
/* Somebody still waits. */
bool answer_is_awaited(const struct ask *a);
/* C has ended: nobody waits for its answer any more. */
void answer_forget(struct http_call *c);

/* early.c: as answer_query, once the first sample of every dataset that Q names is there of every target that
 * is up and gives it. What does not come in some seconds is told with 503 (425 to a dashboard). */
void early_query(struct serve *s, struct http_call *c, const struct query *q, enum shape shape);
/* Nobody is answered any more. */
void early_end(struct serve *s);

/* scrape.c: /metrics. */
struct scrapes *scrapes_new(struct serve *s);
void scrapes_free(struct scrapes *c); /* after all calls have ended */
void scrapes_metrics(struct serve *s, struct http_call *c, const char *id);
void scrapes_forget(struct scrapes *c, const struct http_call *call);

/* routes.c */
void routes_begin(struct door_in *in, struct http_call *c);
void routes_request(struct door_in *in, struct http_call *c);

/* people.c: what people do to alerts. ID is the part of the path that the route left open. */
void people_query(struct serve *s, struct http_call *c, const char *id);
void people_silences(struct serve *s, struct http_call *c, const char *id);
void people_silence(struct serve *s, struct http_call *c, const char *id);
void people_unsilence(struct serve *s, struct http_call *c, const char *id);
void people_ack(struct serve *s, struct http_call *c, const char *id);
void people_unack(struct serve *s, struct http_call *c, const char *id);
void people_unsilence_alert(struct serve *s, struct http_call *c, const char *id);
void people_silence_alert(struct serve *s, struct http_call *c, const char *id);
void people_resend(struct serve *s, struct http_call *c, const char *id);
void people_test(struct serve *s, struct http_call *c, const char *webhook);

/* plans.c: plans, and the rounds that run them. ID likewise. */
void plans_answer(struct serve *s, struct http_call *c, const char *id);
void plans_run(struct serve *s, struct http_call *c, const char *id);
void plans_told(struct serve *s, struct http_call *c, const char *id);
void plans_cancel(struct serve *s, struct http_call *c, const char *id);
/* clear.c: keys of a Redis are removed. */
void clear_run(struct serve *s, struct http_call *c, const char *id);
/* Nobody is answered any more. */
void plans_end(struct serve *s);

#endif
