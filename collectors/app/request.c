/* The request to an application, and what it means when the answer is none. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/app/inside.h"
#include "core/text.h"

enum { MAX_ANSWER = 2 << 20 };

/* JSON where the application can choose: it tells more of a pool than text does. */
static const char accept_header[] =
    "Accept: application/json, application/openmetrics-text;version=1.0.0;q=0.8, "
    "text/plain;version=0.0.4;q=0.7, */*;q=0.5";

/* The lines of `header`, the token last; the caller frees the texts from 1 on. */
static int make_headers(const struct app_source *s, const char **list)
{
    const char *lines = target_config_word(&s->words->config, "header"),
               *token = target_config_word(&s->words->config, "token");
    int n = 0;
    list[n++] = accept_header;
    for (const char *at = lines; at != NULL && *at != '\0' && n < MOST_HEADERS;) {
        size_t len = strcspn(at, "\n");
        struct text line;
        text_init(&line, 1 << 16);
        text_add_n(&line, at, len);
        if (len > 0)
            list[n++] = text_take(&line);
        text_done(&line);
        at += len + (at[len] == '\n');
    }
    token = token != NULL ? token : s->token;
    if (token != NULL) {
        struct text line;
        text_init(&line, 1 << 16);
        text_addf(&line, "Authorization: Bearer %s", token);
        list[n++] = text_take(&line);
        text_done(&line);
    }
    list[n] = NULL;
    return n;
}

bool app_request(struct app_source *s, fetch_done_fn *fn, struct err *err)
{
    const char *headers[MOST_HEADERS + 2];
    int n = make_headers(s, headers);
    struct fetch_request request = {.url = s->words->config.url,
                                    .headers = headers,
                                    .ca_file = target_config_word(&s->words->config, "ca_file"),
                                    .timeout_s = s->words->timeout_s,
                                    .max_answer = MAX_ANSWER};
    s->fetch = fetch_start(s->fetcher, &request, fn, s, err);
    for (int i = 1; i < n; i++)
        free((void *)(uintptr_t)headers[i]);
    return s->fetch != NULL;
}

/* A body of an error that is JSON may still tell: a health check answers 503 when something is not well. */
static bool may_tell(const struct fetch_answer *a)
{
    const char *at = a->body + strspn(a->body, " \t\r\n");
    return a->status >= 500 && (*at == '{' || *at == '[');
}

enum failure app_refusal(const struct app_source *s, const struct fetch_answer *a, struct err *err)
{
    if (a->status == 0) {
        bool late = strstr(a->error, "no complete answer within") != NULL;
        fail(err, "%s", a->error);
        return late ? FAILURE_TIMEOUT : FAILURE_LOST;
    }
    if (a->status == 401 || a->status == 403) {
        fail(err, "%s answered %d: it wants to know who asks: token = ... or header = ... in [target %s]",
             s->place, a->status, s->words->config.name);
        return FAILURE_PERMISSION;
    }
    if (a->cut)
        fail(err, "%s answered with more than %d MB: name a path that gives only the numbers", s->place,
             MAX_ANSWER >> 20);
    else if (a->status >= 300 && a->status < 400)
        fail(err, "%s answered %d, a redirect, which is not followed: name the place that it leads to",
             s->place, a->status);
    else if (a->status == 404 || a->status == 405)
        fail(err, "%s answered %d: there is nothing at this path", s->place, a->status);
    else if ((a->status < 200 || a->status >= 300) && !may_tell(a))
        fail(err, "%s answered %d", s->place, a->status);
    return FAILURE_OTHER;
}
