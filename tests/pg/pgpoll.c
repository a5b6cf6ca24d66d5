/* pgpoll: opens a source, polls datasets, prints what comes as one JSON object a line. For tests/pg.
 *
 *   pgpoll [-n POLLS] [-i SECONDS] [-t SECONDS] [-s NAME=SQL] [-c PASSWORD_COMMAND] [-a] [-q] [-u] URL
 * DATASET...
 *
 * -n ends after that many answered rounds (default 1), -i is the time between rounds, -t ends at the latest
 * then; -s adds a dataset of the user's own with a key column k and a gauge v; -a reads all databases; -q
 * prints no rows; -u ends as soon as it is up. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/pg/pg.h"
#include "core/mem.h"
#include "core/text.h"

enum { MAX_DUE = 20 };

struct driver {
    struct loop *loop;
    struct source *source;
    struct loop_timer *round, *end;
    const struct dataset *due[MAX_DUE];
    int n_due, n_open;
    int rounds, wanted;
    double interval_s;
    bool up, quiet, until_up;
    struct loop_timer *tick; /* how long the loop was busy at the longest */
    double ticked_s, longest_s;
};

static void add_json(struct text *t, const char *s)
{
    if (s == NULL) {
        text_add(t, "null");
        return;
    }
    text_add_char(t, '"');
    for (; *s != '\0'; s++)
        if (*s == '"' || *s == '\\' || (unsigned char)*s < 0x20)
            text_addf(t, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            text_add_char(t, *s);
    text_add_char(t, '"');
}

static void add_number(struct text *t, double v)
{
    if (isnan(v))
        text_add(t, "null");
    else
        text_addf(t, "%.17g", v);
}

static void add_value(struct text *t, const struct sample *s, int c, int row)
{
    switch (s->dataset->columns[c].type) {
    case TYPE_REAL:
        add_number(t, sample_real(s, c, row));
        break;
    case TYPE_INT:
        if (sample_int(s, c, row) == INT_NONE)
            text_add(t, "null");
        else
            text_addf(t, "%lld", (long long)sample_int(s, c, row));
        break;
    case TYPE_TEXT:
        add_json(t, sample_text(s, c, row));
        break;
    }
}

static void add_rows(struct text *t, const struct sample *s)
{
    for (int row = 0; row < s->n_rows; row++) {
        text_add(t, row > 0 ? ",{" : "{");
        for (int c = 0, n = 0; c < s->dataset->n_columns; c++) {
            if (s->dataset->columns[c].kind == KIND_DERIVED || !sample_has(s, c))
                continue;
            text_addf(t, "%s\"%s\":", n++ > 0 ? "," : "", s->dataset->columns[c].name);
            add_value(t, s, c, row);
        }
        text_add(t, "}");
    }
}

static void print(struct text *t)
{
    puts(text_str(t));
    fflush(stdout);
    text_done(t);
}

static void round_over(struct driver *d)
{
    if (--d->n_open > 0)
        return;
    if (++d->rounds >= d->wanted)
        loop_stop(d->loop);
    else
        loop_timer_start(d->round, d->interval_s, 0);
}

static void on_sample(void *ctx, struct sample *s, const struct poll_cost *cost)
{
    struct driver *d = ctx;
    struct text t;
    text_init(&t, 1 << 26);
    text_addf(
        &t,
        "{\"dataset\":\"%s\",\"t\":%.3f,\"n\":%d,\"epoch\":\"%016llx\",\"lane\":\"%s\",\"server_ms\":%.3f,",
        s->dataset->name, loop_wall_s(), s->n_rows, (unsigned long long)s->epoch, cost->lane,
        cost->server_ms);
    text_addf(&t, "\"client_ms\":%.3f,\"bytes\":%zu,\"why\":{", cost->client_ms, cost->bytes);
    for (int c = 0, n = 0; c < s->dataset->n_columns; c++)
        if (s->dataset->columns[c].kind != KIND_DERIVED && s->why[c] != NULL) {
            text_addf(&t, "%s\"%s\":", n++ > 0 ? "," : "", s->dataset->columns[c].name);
            add_json(&t, s->why[c]);
        }
    text_add(&t, "},\"rows\":[");
    if (!d->quiet)
        add_rows(&t, s);
    text_add(&t, "]}");
    print(&t);
    sample_unref(s);
    round_over(d);
}

static void on_failed(void *ctx, const struct dataset *dataset, enum failure why, const char *text)
{
    static const char *const names[] = {[FAILURE_PERMISSION] = "permission",
                                        [FAILURE_ABSENT] = "absent",
                                        [FAILURE_TIMEOUT] = "timeout",
                                        [FAILURE_LOST] = "lost",
                                        [FAILURE_OTHER] = "other"};
    struct driver *d = ctx;
    struct text t;
    text_init(&t, 1 << 16);
    text_addf(&t, "{\"dataset\":\"%s\",\"t\":%.3f,\"failed\":\"%s\",\"text\":", dataset->name, loop_wall_s(),
              names[why]);
    add_json(&t, text);
    text_add(&t, "}");
    print(&t);
    round_over(d);
}

static void on_status(void *ctx, const struct source_status *s)
{
    static const char *const names[] = {
        [SOURCE_CONNECTING] = "connecting", [SOURCE_UP] = "up", [SOURCE_DOWN] = "down"};
    struct driver *d = ctx;
    struct text t;
    text_init(&t, 1 << 16);
    text_addf(&t, "{\"state\":\"%s\",\"t\":%.3f,\"error\":", names[s->state], loop_wall_s());
    add_json(&t, s->error);
    text_add(&t, ",\"version\":");
    add_json(&t, s->version);
    text_add(&t, ",\"role\":");
    add_json(&t, s->role);
    text_add(&t, ",\"place\":");
    add_json(&t, s->place);
    text_add(&t, ",\"via\":");
    add_json(&t, s->via);
    text_add(&t, ",\"rtt_ms\":");
    add_number(&t, s->rtt_ms);
    text_add(&t, "}");
    print(&t);
    bool was_up = d->up;
    d->up = s->state == SOURCE_UP;
    if (d->up && d->until_up)
        loop_stop(d->loop);
    else if (d->up && !was_up && d->n_open == 0)
        loop_timer_start(d->round, 0, 0);
}

static void on_round(void *ctx)
{
    struct driver *d = ctx;
    if (!d->up || d->n_open > 0)
        return;
    d->n_open = d->n_due;
    pg_product.poll(d->source, d->due, d->n_due);
}

static void on_end(void *ctx)
{
    struct driver *d = ctx;
    loop_stop(d->loop);
}

static void on_tick(void *ctx)
{
    struct driver *d = ctx;
    double now = loop_mono_s();
    d->longest_s = fmax(d->longest_s, now - d->ticked_s);
    d->ticked_s = now;
}

static const struct dataset *find(const struct target_config *config, const char *name)
{
    for (int i = 0; i < config->n_own; i++)
        if (strcmp(config->own[i]->dataset.name, name) == 0)
            return &config->own[i]->dataset;
    for (int i = 0; pg_product.dataset(i) != NULL; i++)
        if (strcmp(pg_product.dataset(i)->name, name) == 0)
            return pg_product.dataset(i);
    fprintf(stderr, "pgpoll: no dataset %s\n", name);
    exit(2);
}

/* NAME=SQL */
static struct own_dataset *make_own(char *given)
{
    static const struct column columns[] = {
        {"k", KIND_KEY, TYPE_TEXT, .help = "key"},
        {"v", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "value"},
    };
    struct own_dataset *own = mem_new(sizeof(*own));
    char *equals = strchr(given, '=');
    *equals = '\0';
    own->sql = equals + 1;
    own->dataset = (struct dataset){.name = given, .help = "own", .columns = columns, .n_columns = 2};
    return own;
}

int main(int argc, char **argv)
{
    struct driver d = {.wanted = 1, .interval_s = 0.2};
    struct target_config config = {.name = "test", .stack = "", .env = ""};
    struct own_dataset *own[8];
    double end_s = 20;
    for (int o; (o = getopt(argc, argv, "n:i:t:s:c:aqu")) != -1;) {
        if (o == 'n')
            d.wanted = (int)strtol(optarg, NULL, 10);
        else if (o == 'i')
            d.interval_s = strtod(optarg, NULL);
        else if (o == 't')
            end_s = strtod(optarg, NULL);
        else if (o == 's' && config.n_own < 8)
            own[config.n_own++] = make_own(optarg);
        else if (o == 'c')
            config.password_command = optarg;
        else if (o == 'a')
            config.all_databases = true;
        else if (o == 'q')
            d.quiet = true;
        else if (o == 'u')
            d.until_up = true;
        else
            return 2;
    }
    if (optind >= argc)
        return 2;
    config.url = argv[optind++];
    config.own = (const struct own_dataset *const *)own;
    for (; optind < argc && d.n_due < MAX_DUE; optind++)
        d.due[d.n_due++] = find(&config, argv[optind]);
    d.loop = loop_new();
    d.round = loop_timer_new(d.loop, on_round, &d);
    d.end = loop_timer_new(d.loop, on_end, &d);
    struct err err;
    struct source_host host = {.ctx = &d, .sample = on_sample, .failed = on_failed, .status = on_status};
    d.source = pg_product.open(d.loop, &config, host, &err);
    if (d.source == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    loop_timer_start(d.end, end_s, 0);
    d.tick = loop_timer_new(d.loop, on_tick, &d);
    d.ticked_s = loop_mono_s();
    loop_timer_start(d.tick, 0.001, 0.001);
    loop_run(d.loop);
    pg_product.close(d.source);
    loop_timer_free(d.round);
    loop_timer_free(d.tick);
    loop_timer_free(d.end);
    loop_free(d.loop);
    printf("{\"longest_turn_ms\":%.3f}\n", d.longest_s * 1000);
    for (int i = 0; i < config.n_own; i++)
        free(own[i]);
    return d.rounds >= d.wanted || d.until_up ? 0 : 3;
}
