/* An application asked: one request at a time, its answer read in the pool, and what was due answered from
 * it. While it is down it is asked again and again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/app/inside.h"
#include "core/mem.h"
#include "core/text.h"

static const double backoff_s = 1, backoff_max_s = 15, command_timeout_s = 10, too_late_s = 2;

struct app_job {
    struct app_source *source; /* NULL: it is closed */
    struct app_words *words;
    char *body;
    size_t len;
    struct app_reading reading;
    bool ok;
    struct err err;
    int status;
    double took_ms, cpu_ms, mono_s, wall_s;
};

/* ---- Answers ---- */

static void fail_due(struct app_source *s, enum failure why, const char *text)
{
    for (int i = 0; i < N_APP_DATASETS && !s->closed; i++)
        if (s->due[i]) {
            s->due[i] = false;
            s->host.failed(s->host.ctx, app_datasets[i], why, text);
        }
}

/* Everything that is due fails, and the next attempt follows. */
static void down(struct app_source *s, enum failure why, const char *text)
{
    s->up = false;
    app_tell(s, SOURCE_DOWN, text, NULL, NAN);
    fail_due(s, why, text);
    if (s->closed)
        return;
    loop_timer_start(s->turn, s->backoff_s, 0);
    s->backoff_s = fmin(s->backoff_s * 2, backoff_max_s);
}

/* Counters of one process are not those of another. */
static uint64_t epoch_of(uint64_t epoch, const struct app_reading *r)
{
    return isnan(r->started_s) ? epoch : epoch_add(epoch, &r->started_s, sizeof(r->started_s));
}

static void deliver(struct app_source *s, const struct app_job *j)
{
    for (int i = 0; i < N_APP_DATASETS && !s->closed; i++) {
        struct err why = {""};
        if (!s->due[i])
            continue;
        s->due[i] = false;
        struct sample *sample = app_sample(s->words, &j->reading, app_datasets[i], &why);
        if (sample == NULL) {
            s->host.failed(s->host.ctx, app_datasets[i], FAILURE_ABSENT, why.text);
            continue;
        }
        sample->mono_s = j->mono_s;
        sample->wall_s = j->wall_s;
        sample->epoch = epoch_of(sample->epoch, &j->reading);
        sample->reset_s = j->reading.started_s;
        struct poll_cost cost = {.server_ms = j->took_ms,
                                 .client_ms = j->cpu_ms,
                                 .bytes = j->len,
                                 .rows = sample->n_rows,
                                 .lane = "http"};
        s->host.sample(s->host.ctx, sample, &cost);
    }
}

/* Of several processes behind one address each answers with its own start, sooner or later an earlier one. */
static void notice_start(struct app_source *s, const struct app_reading *r)
{
    if (isnan(r->started_s))
        return;
    s->several = s->several || r->started_s < s->newest_start_s - too_late_s;
    s->newest_start_s = fmax(s->newest_start_s, r->started_s); /* of NAN and a number it is the number */
}

static void was_read(void *ctx)
{
    struct app_job *j = ctx;
    struct app_source *s = j->source;
    if (s != NULL) {
        app_enter(s);
        s->job = NULL;
        if (j->ok) {
            struct text ails;
            text_init(&ails, 400);
            notice_start(s, &j->reading);
            if (j->reading.health != NULL)
                text_addf(&ails, "the application says of itself: %s", j->reading.health);
            else if (s->several)
                text_add(&ails, "several processes answer here in turn, each with its own counters: let them "
                                "share one registry, or watch each");
            s->up = true;
            s->backoff_s = backoff_s;
            app_tell(s, SOURCE_UP, ails.len > 0 ? text_str(&ails) : NULL, &j->reading, j->took_ms);
            deliver(s, j);
            text_done(&ails);
        } else {
            struct text why;
            text_init(&why, 1200);
            text_addf(&why, "%s %s", s->place, j->err.text);
            if (j->status >= 500)
                text_addf(&why, " (status %d)", j->status);
            down(s, FAILURE_OTHER, text_str(&why));
            text_done(&why);
        }
        app_leave(s);
    }
    app_words_unref(j->words);
    app_reading_done(&j->reading);
    free(j->body);
    free(j);
}

/* In the pool. */
static void read_answer(void *ctx)
{
    struct app_job *j = ctx;
    struct timespec before, after;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    app_reading_init(&j->reading);
    j->ok = app_read(j->words, j->body, j->len, &j->reading, &j->err);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    j->cpu_ms =
        (double)(after.tv_sec - before.tv_sec) * 1000 + (double)(after.tv_nsec - before.tv_nsec) / 1e6;
}

static void answered(void *ctx, const struct fetch_answer *a)
{
    struct app_source *s = ctx;
    struct err err = {""};
    app_enter(s);
    s->fetch = NULL;
    enum failure why = app_refusal(s, a, &err);
    if (err.text[0] != '\0')
        down(s, why, err.text);
    else {
        struct app_job *j = mem_new(sizeof(*j));
        double now = loop_mono_s();
        *j = (struct app_job){
            .source = s, .words = s->words, .len = a->len, .status = a->status, .took_ms = a->took_ms};
        j->words->refs++;
        j->mono_s = (s->sent_mono_s + now) / 2;
        j->wall_s = s->sent_wall_s + (now - s->sent_mono_s) / 2;
        j->body = mem_new(a->len + 1);
        memcpy(j->body, a->body, a->len);
        s->job = j;
        loop_work(s->loop, read_answer, was_read, j);
    }
    app_leave(s);
}

/* ---- Asking ---- */

static void attempt(void *ctx)
{
    struct app_source *s = ctx;
    struct err err = {""};
    if (s->fetch != NULL || s->job != NULL || s->asking != NULL)
        return;
    if (s->fetcher == NULL)
        s->fetcher = fetcher_new(s->loop);
    s->sent_mono_s = loop_mono_s();
    s->sent_wall_s = loop_wall_s();
    if (app_request(s, answered, &err))
        return;
    app_enter(s);
    down(s, FAILURE_OTHER, err.text);
    app_leave(s);
}

static void got_secret(void *ctx, const char *secret, const char *error)
{
    struct app_source *s = ctx;
    s->asking = NULL;
    free(s->token);
    s->token = mem_dup(secret);
    if (secret != NULL) {
        attempt(s);
        return;
    }
    app_enter(s);
    down(s, FAILURE_OTHER, error);
    app_leave(s);
}

/* The command is asked again while the application is down: what it gave may have expired. */
static void on_turn(void *ctx)
{
    struct app_source *s = ctx;
    const char *command = s->words->config.password_command;
    if (s->fetch != NULL || s->job != NULL || s->asking != NULL)
        return;
    if (command != NULL && !s->up)
        s->asking = command_run(s->loop, command, "password_command", command_timeout_s, got_secret, s);
    else
        attempt(s);
}

void app_ask_start(struct app_source *s)
{
    s->backoff_s = backoff_s;
    s->newest_start_s = NAN;
    s->turn = loop_timer_new(s->loop, on_turn, s);
    loop_timer_start(s->turn, 0, 0);
}

void app_ask_stop(struct app_source *s)
{
    command_forget(s->asking);
    fetcher_free(s->fetcher);
    loop_timer_free(s->turn);
    if (s->job != NULL)
        s->job->source = NULL;
    s->asking = NULL;
    s->fetcher = NULL;
    s->fetch = NULL;
    s->turn = NULL;
    s->job = NULL;
}
