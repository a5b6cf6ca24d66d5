/* Files of a pattern as a product: the disk is looked at in the pool, once for all that is asked at the same
 * moment. */
#include "collectors/files/files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/option.h"
#include "core/text.h"

static const double RETRY_S = 10;
static const double PATIENCE_S =
    2; /* an answer waits so long for the program that reads the newest dump: small ones are told at once */
static const char scheme[] = "backups:";

static bool serves(const char *url)
{
    return strncmp(url, scheme, strlen(scheme)) == 0;
}

static bool check(const struct target_config *config, const char **key, struct err *err)
{
    (void)key; /* it is the URL */
    const char *pattern = config->url + strlen(scheme);
    return pattern[0] == '/' || pattern[0] == '~' ||
           fail(err, "cannot use %.200s: it takes a whole path, as backups:/var/backups/shop/*.sql.gz",
                config->url);
}

static const struct dataset *dataset(int i)
{
    return files_datasets[i];
}

/* ---- Life ---- */

static void destroy(struct files_source *s)
{
    target_config_done(&s->config);
    free(s);
}

/* Whoever is told something may close the source. */
static void enter(struct files_source *s)
{
    s->depth++;
}

static void leave(struct files_source *s)
{
    if (--s->depth == 0 && s->closed && s->rounds == NULL)
        destroy(s);
}

static void tell(struct files_source *s, enum source_state state, const char *error)
{
    s->state = state;
    struct source_status status = {.state = state,
                                   .error = error,
                                   .product = files_product.name,
                                   .role = "files",
                                   .place = s->pattern,
                                   .rtt_ms = NAN,
                                   .started_s = NAN};
    s->host.status(s->host.ctx, &status);
}

/* ---- A round: look, have the newest one read, answer ---- */

static void round_unlink(struct round *r)
{
    struct round **at = &r->source->rounds;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
}

static void round_free(struct round *r)
{
    scan_free(r->scan);
    free(r);
}

static bool is_ours(const struct dataset *d)
{
    int i = 0;
    while (files_datasets[i] != NULL && files_datasets[i] != d)
        i++;
    return files_datasets[i] != NULL;
}

static void answer_one(struct files_source *s, const struct round *r, const struct dataset *d)
{
    if (!is_ours(d)) {
        s->host.failed(s->host.ctx, d, FAILURE_ABSENT, "files have no SQL of the user's");
        return;
    }
    if (r->scan->error != NULL) {
        s->host.failed(s->host.ctx, d, r->scan->denied ? FAILURE_PERMISSION : FAILURE_OTHER, r->scan->error);
        return;
    }
    double now_s = loop_wall_s();
    struct sample *sample = files_sample(s, d, r->scan, now_s);
    struct poll_cost cost = {
        .lane = "slow", .server_ms = (r->found_mono_s - r->asked_mono_s) * 1000, .rows = sample->n_rows};
    sample->mono_s = r->found_mono_s;
    sample->wall_s = now_s - (loop_mono_s() - r->found_mono_s);
    sample->epoch = EPOCH_START;
    sample->reset_s = NAN;
    s->host.sample(s->host.ctx, sample, &cost);
}

static void know_sizes(struct files_source *s, const struct scan *found)
{
    s->n_seen = found->n_dumps;
    for (int i = 0; i < found->n_dumps; i++)
        s->seen[i] = found->dumps[i].id;
}

static struct round *next_found(const struct files_source *s, bool patient)
{
    struct round *r = s->rounds;
    while (r != NULL &&
           (!r->found || (patient && s->check.child != NULL && loop_mono_s() - r->asked_mono_s < PATIENCE_S)))
        r = r->next;
    return r;
}

/* Those that were found; while a program reads, with patience. */
static void answer_all(struct files_source *s, bool patient)
{
    enter(s);
    for (struct round *r; !s->closed && (r = next_found(s, patient)) != NULL;) {
        round_unlink(r);
        for (int i = 0; i < r->n_due && !s->closed; i++)
            answer_one(s, r, r->due[i]);
        know_sizes(s, r->scan);
        round_free(r);
    }
    leave(s);
}

static void on_patience(void *ctx)
{
    answer_all(ctx, false);
}

/* A dump that failed has the one before it read, while somebody still waits for the answer. */
void files_checked(struct files_source *s)
{
    const struct round *r = next_found(s, false);
    if (r != NULL)
        files_check(s, r->scan, loop_wall_s());
    answer_all(s, true);
}

static void look(void *ctx)
{
    struct round *r = ctx;
    scan_run(r->scan);
}

static void judge(struct files_source *s, const struct round *r)
{
    enum source_state state = r->scan->error != NULL ? SOURCE_DOWN : SOURCE_UP;
    if (state == SOURCE_DOWN)
        loop_timer_start(s->retry, RETRY_S, 0);
    else
        files_check(s, r->scan, loop_wall_s());
    if (s->check.child != NULL)
        loop_timer_start(s->patience, PATIENCE_S, 0);
    if (state != s->state)
        tell(s, state, r->scan->error);
}

static void looked(void *ctx)
{
    struct round *r = ctx;
    struct files_source *s = r->source;
    enter(s);
    r->found = true;
    r->found_mono_s = loop_mono_s();
    if (s->closed) {
        round_unlink(r);
        round_free(r);
    } else {
        judge(s, r);
        answer_all(s, true);
    }
    leave(s);
}

static struct round *round_start(struct files_source *s)
{
    struct round *r = mem_new(sizeof(*r));
    const char *marker = target_config_word(&s->config, "restore_marker");
    r->source = s;
    r->asked_mono_s = loop_mono_s();
    r->scan = mem_new(sizeof(*r->scan));
    r->scan->pattern = mem_dup(s->pattern);
    r->scan->marker = marker != NULL ? mem_dup(marker) : NULL;
    r->next = s->rounds;
    s->rounds = r;
    loop_work(s->loop, look, looked, r);
    return r;
}

static void retry(void *ctx)
{
    round_start(ctx);
}

static double option_of(const struct target_config *c, const char *key)
{
    const struct option *o = option_find(config_options, n_config_options, "target", key);
    const char *value = target_config_word(c, key);
    return option_number(o, value != NULL ? value : o->standard);
}

static struct source *open_source(struct loop *loop, const struct target_config *config,
                                  struct source_host host, struct err *err)
{
    (void)err; /* check() is asked before */
    struct files_source *s = mem_new(sizeof(*s));
    s->loop = loop;
    s->host = host;
    target_config_copy(&s->config, config);
    s->pattern = s->config.url + strlen(scheme);
    s->verify = option_of(config, "verify") != 0;
    s->limit_s = option_of(config, "verify_limit");
    s->state = SOURCE_CONNECTING;
    s->retry = loop_timer_new(loop, retry, s);
    s->patience = loop_timer_new(loop, on_patience, s);
    round_start(s);
    return (struct source *)s;
}

static void close_source(struct source *source)
{
    struct files_source *s = (struct files_source *)source;
    s->closed = true;
    files_check_stop(s);
    /* Not later, with the last round that the pool works on: the loop may end before that. */
    loop_timer_free(s->retry);
    loop_timer_free(s->patience);
    enter(s);
    for (struct round *r = s->rounds, *next; r != NULL; r = next) {
        next = r->next;
        if (r->found) {
            round_unlink(r);
            round_free(r);
        }
    }
    leave(s);
}

static void poll(struct source *source, const struct dataset *const *due, int n)
{
    struct files_source *s = (struct files_source *)source;
    for (int i = 0; i < n; i += MOST_DUE) {
        struct round *r = round_start(s);
        r->n_due = n - i < MOST_DUE ? n - i : MOST_DUE;
        memcpy(r->due, due + i, (size_t)r->n_due * sizeof(r->due[0]));
    }
}

static const char *const keys[] = {"restore_marker", "verify", "verify_limit", NULL};

const struct product files_product = {
    .name = "backups",
    .urls = "backups:GLOB (dumps in files: backups:/var/backups/shop/*.sql.gz)",
    .hints = "  - the pattern, in quotes for the shell: 'backups:/var/backups/shop/*.sql.gz'\n"
             "  - whether the user that dbvitals runs as may read them: ls -l /var/backups/shop\n",
    .lacks = "a target of backups has only backups",
    .keys = keys,
    .check = check,
    .serves = serves,
    .open = open_source,
    .poll = poll,
    .dataset = dataset,
    .close = close_source,
};
