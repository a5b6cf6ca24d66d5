/* A file of SQLite as a product. All reading is done in the pool, one look at a time; the loop starts looks,
 * and tells what came of them. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/sqlite/inside.h"
#include "core/mem.h"
#include "core/utf8.h"

#define COLLECTOR(name) extern const struct lite_collector lite_##name;
#include "collectors/sqlite_collectors.def"
#undef COLLECTOR

const struct lite_collector *const lite_collectors[] = {
#define COLLECTOR(name) &lite_##name,
#include "collectors/sqlite_collectors.def"
#undef COLLECTOR
    NULL};

/* While it is not up. */
static const double AGAIN_S = 2;

const char *lite_path_of(const char *url)
{
    if (strncmp(url, "sqlite:", strlen("sqlite:")) != 0)
        return NULL;
    url += strlen("sqlite:");
    return strncmp(url, "//", 2) == 0 ? url + 2 : url;
}

static bool serves(const char *url)
{
    return lite_path_of(url) != NULL;
}

static bool check(const struct target_config *config, const char **key, struct err *err)
{
    (void)key; /* it is the URL */
    const char *path = lite_path_of(config->url);
    return path[0] != '\0' || fail(err, "sqlite: names no file: sqlite:PATH");
}

static const struct dataset *dataset(int i)
{
    return lite_collectors[i] == NULL ? NULL : lite_collectors[i]->dataset;
}

static const struct column_source *sources(int i)
{
    return lite_collectors[i]->sources;
}

/* ---- Life ---- */

static void destroy(struct lite_source *s)
{
    for (int i = 0; i < LITE_MOST_SETS; i++) {
        sample_unref(s->last[i]);
        sample_unref(s->job.answers[i].sample);
        free(s->job.answers[i].text);
    }
    lite_sizes_done(&s->kept);
    target_config_done(&s->config);
    free(s);
}

static void tell(struct lite_source *s)
{
    struct text place;
    text_init(&place, 1100);
    utf8_mend(&place, s->job.place, strlen(s->job.place));
    const struct lite_job *j = &s->job;
    struct source_status status = {.state = j->up ? SOURCE_UP : SOURCE_DOWN,
                                   .error = j->err.text[0] != '\0' ? j->err.text : NULL,
                                   .product = "SQLite",
                                   .version = j->version[0] != '\0' ? j->version : NULL,
                                   .role = "file",
                                   .place = text_str(&place),
                                   .rtt_ms = j->up ? j->all_ms : NAN,
                                   .started_s = NAN};
    s->host.status(s->host.ctx, &status);
    text_done(&place);
}

static void start(struct lite_source *s);

/* The sample of now; one of a file that nobody wrote is that of before, as of now. */
static struct sample *sample_of(struct lite_source *s, int i)
{
    struct lite_answer *a = &s->job.answers[i];
    struct sample *sample = a->sample;
    a->sample = NULL;
    if (a->same) {
        sample = sample_like(s->last[i]);
        sample->mono_s = s->job.mono_s;
        sample->wall_s = loop_wall_s() - (loop_mono_s() - s->job.mono_s);
        sample->epoch = s->last[i]->epoch;
        sample->reset_s = NAN;
        return sample;
    }
    sample_unref(s->last[i]);
    s->last[i] = a->mark != 0 ? sample_ref(sample) : NULL;
    s->marks[i] = a->mark;
    return sample;
}

static void deliver(struct lite_source *s, int i)
{
    struct lite_answer *a = &s->job.answers[i];
    const struct dataset *d = lite_collectors[i]->dataset;
    struct poll_cost cost = {.server_ms = a->ms, .client_ms = a->cpu_ms, .lane = "shared"};
    a->asked = false;
    if (a->sample != NULL || a->same) {
        struct sample *sample = sample_of(s, i);
        cost.rows = sample->n_rows;
        s->host.sample(s->host.ctx, sample, &cost);
    } else
        s->host.failed(s->host.ctx, d, a->text != NULL ? a->why : FAILURE_LOST,
                       a->text != NULL ? a->text : s->job.err.text);
    free(a->text);
    a->text = NULL;
    a->same = false;
}

/* SQL of the user's own may take any time, and would hold its read transaction as long. */
static void refuse_own(struct lite_source *s)
{
    int n = s->n_own;
    s->n_own = 0;
    for (int i = 0; i < n && !s->closed; i++)
        s->host.failed(
            s->host.ctx, s->own[i], FAILURE_ABSENT,
            "SQL of the user's own is not run on files of SQLite: it could hold a read transaction for long");
}

static void looked(void *ctx)
{
    struct lite_source *s = ctx;
    s->running = false;
    if (s->closed) {
        destroy(s);
        return;
    }
    s->up = s->job.up;
    s->running = true; /* what is asked within a callback waits for the next look */
    tell(s);
    refuse_own(s);
    bool any = s->n_own > 0;
    for (int i = 0; lite_collectors[i] != NULL && !s->closed; i++)
        if (s->job.answers[i].asked)
            deliver(s, i);
    s->running = false;
    if (s->closed) {
        destroy(s);
        return;
    }
    for (int i = 0; i < LITE_MOST_SETS; i++)
        any = any || s->due[i];
    if (any)
        start(s);
    else if (!s->up)
        loop_timer_start(s->again, AGAIN_S, 0);
}

static void look(void *ctx)
{
    lite_job_run(&((struct lite_source *)ctx)->job);
}

/* One look at a time: what is due meanwhile is asked in the next one. */
static void start(struct lite_source *s)
{
    if (s->running)
        return;
    for (int i = 0; i < LITE_MOST_SETS; i++) {
        s->job.answers[i] = (struct lite_answer){.asked = s->due[i]};
        s->job.marks[i] = s->marks[i];
        s->due[i] = false;
    }
    s->running = true;
    loop_timer_stop(s->again);
    loop_work(s->loop, look, looked, s);
}

static void look_again(void *ctx)
{
    start(ctx);
}

static struct source *open_source(struct loop *loop, const struct target_config *config,
                                  struct source_host host, struct err *err)
{
    (void)err; /* check() is asked before */
    struct lite_source *s = mem_new(sizeof(*s));
    *s = (struct lite_source){.loop = loop, .host = host};
    target_config_copy(&s->config, config);
    s->job.path = s->config.url + (lite_path_of(s->config.url) - s->config.url);
    s->job.cache_word = target_config_word(&s->config, "cache_size");
    s->job.kept = &s->kept;
    s->again = loop_timer_new(loop, look_again, s);
    start(s);
    return (struct source *)s;
}

static void close_source(struct source *source)
{
    struct lite_source *s = (struct lite_source *)source;
    s->closed = true;
    atomic_store(&s->job.cancel, true);
    lite_acts_close(s);
    loop_timer_free(s->again);
    s->again = NULL;
    if (!s->running)
        destroy(s);
}

static int number_of(const struct dataset *d)
{
    for (int i = 0; lite_collectors[i] != NULL; i++)
        if (lite_collectors[i]->dataset == d)
            return i;
    return -1;
}

static void poll(struct source *source, const struct dataset *const *due, int n)
{
    struct lite_source *s = (struct lite_source *)source;
    for (int i = 0; i < n; i++) {
        int number = number_of(due[i]);
        if (number >= 0)
            s->due[number] = true;
        else if (s->n_own < LITE_MOST_OWN)
            s->own[s->n_own++] = due[i]; /* a dataset of the user's own */
    }
    start(s);
}

static const char *const keys[] = {"cache_size", NULL};

const struct product lite_product = {
    .name = "SQLite",
    .urls = "sqlite:PATH (a database file)",
    .hints = "  - the path: sqlite:PATH is relative to where dbvitals runs, sqlite:/PATH is not\n"
             "  - whether this user may read it: sqlite3 -readonly PATH .tables\n",
    .lacks = "SQLite has no such dataset: a file has no server that counts",
    .keys = keys,
    .check = check,
    .serves = serves,
    .open = open_source,
    .poll = poll,
    .dataset = dataset,
    .sources = sources,
    .act = lite_act_start,
    .act_cancel = lite_act_cancel,
    .act_forget = lite_act_forget,
    .close = close_source,
};
