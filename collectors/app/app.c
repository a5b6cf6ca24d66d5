/* Applications over HTTP as a product: a target is one URL, asked once for all that is due. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/app/inside.h"
#include "core/mem.h"
#include "core/text.h"

const struct dataset *const app_datasets[N_APP_DATASETS + 1] = {
    &dataset_pools, &dataset_caches, &dataset_latency, &dataset_errors, &dataset_access, NULL};

static bool serves(const char *url)
{
    return strncmp(url, "http://", strlen("http://")) == 0 ||
           strncmp(url, "https://", strlen("https://")) == 0;
}

static bool check(const struct target_config *config, const char **key, struct err *err)
{
    return fetch_check(config->url, err) && app_words_check(config, key, err);
}

static const struct dataset *dataset(int i)
{
    return app_datasets[i];
}

/* Scheme, host and path: what stands before the @ and behind the ? may be a secret. */
static char *place_of(const char *url)
{
    struct text t;
    text_init(&t, 500);
    size_t scheme = strcspn(url, ":") + strlen("://"), host = scheme + strcspn(url + scheme, "/?#");
    const char *start = url + scheme;
    for (const char *c = start; c < url + host; c++)
        if (*c == '@')
            start = c + 1;
    text_add_n(&t, url, scheme);
    text_add_n(&t, start, strcspn(start, "?#"));
    char *place = text_take(&t);
    text_done(&t);
    return place;
}

/* ---- Life ---- */

void app_enter(struct app_source *s)
{
    s->depth++;
}

bool app_leave(struct app_source *s)
{
    if (--s->depth > 0 || !s->closed)
        return true;
    app_ask_stop(s);
    app_words_unref(s->words);
    free(s->place);
    free(s->token);
    free(s);
    return false;
}

void app_tell(struct app_source *s, enum source_state state, const char *error, const struct app_reading *r,
              double rtt_ms)
{
    if (s->closed)
        return;
    const char *shape = r == NULL ? NULL : r->shape != NULL ? r->shape : r->json ? "JSON" : "Prometheus text";
    struct source_status status = {.state = state,
                                   .error = error,
                                   .product = app_product.name,
                                   .version = shape,
                                   .role = "application",
                                   .place = s->place,
                                   .rtt_ms = rtt_ms,
                                   .started_s = r == NULL || s->several ? NAN : r->started_s};
    s->host.status(s->host.ctx, &status);
}

static struct source *open_source(struct loop *loop, const struct target_config *config,
                                  struct source_host host, struct err *err)
{
    const char *key;
    struct app_words *words = app_words_new(config, &key, err);
    if (words == NULL)
        return NULL;
    struct app_source *s = mem_new(sizeof(*s));
    *s = (struct app_source){.loop = loop, .host = host, .words = words, .place = place_of(config->url)};
    app_ask_start(s);
    return (struct source *)s;
}

static void close_source(struct source *source)
{
    struct app_source *s = (struct app_source *)source;
    app_enter(s);
    s->closed = true;
    loop_timer_stop(s->turn);
    app_leave(s);
}

static void poll(struct source *source, const struct dataset *const *due, int n)
{
    struct app_source *s = (struct app_source *)source;
    for (int i = 0; i < n; i++)
        for (int d = 0; d < N_APP_DATASETS; d++)
            s->due[d] = s->due[d] || due[i] == app_datasets[d];
    loop_timer_start(s->turn, 0, 0);
}

static const char *const keys[] = {"ca_file", "cache.", "caches", "header", "latency", "password_command", "pool.", "pools", "timeout", "token", NULL};

const struct product app_product = {
    .name = "application",
    .urls = "http[s]://HOST/PATH (an application's pool, cache or latency, as JSON or Prometheus text)",
    .hints = "  - whether anybody is answered: curl -i http://HOST/PATH\n"
             "  - a private certificate authority goes into ca_file of the [target], a token into token or "
             "header\n",
    .lacks = "an application has no such dataset",
    .keys = keys,
    .check = check,
    .serves = serves,
    .open = open_source,
    .poll = poll,
    .dataset = dataset,
    .close = close_source,
};
