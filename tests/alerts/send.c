/* Delivery without a guard, for tests:
 *
 *   send CONFIG                        delivers what stdin says, over the webhooks of CONFIG
 *   send render FORMAT FILE [short]    prints what a format makes of a message, as JSON
 *   send get URL TIMEOUT_S MAX [HEADER...]   prints the answer to one request
 *
 * Lines of stdin, divided by tabs: `row NUMBER WEBHOOK ORDER_KEY FILE`, `resume WEBHOOK ORDER_KEY FILE`,
 * `status`, `later SECONDS` (as if so much time had passed), `reload CONFIG`, `quit`. Prints `attempt NUMBER
 * WHAT STATUS DETAIL`, `status ...`, and `late MS` when a turn of the loop took longer than ever. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/deliver_inside.h"
#include "core/json.h"
#include "core/mem.h"

struct driver {
    struct loop *loop;
    struct fetcher *fetcher;
    struct query_thread *queries;
    struct deliver *deliver;
    struct config config, old;
    struct webhooks webhooks;
    struct loop_fd *in;
    struct loop_timer *tick;
    double ticked_s, longest_s;
    struct text line;
    bool failed;
};

/* ---- Stand-ins for the state file ---- */

void outbox_row_free(struct outbox_row *r)
{
    if (r == NULL)
        return;
    free(r->message_id);
    free(r->webhook);
    free(r->order_key);
    free(r->body);
    free(r);
}

void state_put_attempt(struct state *s, int64_t number, enum delivery what, int status, const char *detail,
                       double took_ms, double wall_s)
{
    static const char *const names[] = {"retry", "done", "dead"};
    (void)s, (void)took_ms, (void)wall_s;
    printf("attempt\t%lld\t%s\t%d\t%s\n", (long long)number, names[what], status, detail);
    fflush(stdout);
}

void state_commit(struct state *s, state_done_fn *fn, void *ctx)
{
    (void)s, (void)fn, (void)ctx;
}

/* ---- Files ---- */

static char *read_whole(const char *path)
{
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        perror(path);
        exit(2);
    }
    struct text t;
    text_init(&t, 4 << 20);
    char chunk[65536];
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
        text_add_n(&t, chunk, n);
    fclose(f);
    return text_take(&t);
}

static double seconds_of(const struct config_section *s, const char *key, double standard)
{
    const char *v = section_get(s, key);
    return v == NULL ? standard : strtod(v, NULL);
}

static void read_webhooks(const char *path, struct config *config, struct webhooks *out)
{
    struct err err = {""};
    char *text = read_whole(path);
    if (!config_parse(text, strlen(text), path, NULL, 0, config, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(2);
    }
    free(text);
    *out =
        (struct webhooks){mem_new_array((size_t)config->n_sections, sizeof(*out->list)), config->n_sections};
    for (int i = 0; i < out->n; i++) {
        const struct config_section *s = &config->sections[i];
        out->list[i] = (struct webhook){
            .name = s->name, .url = section_get(s, "url"), .format = section_get(s, "format")};
        struct webhook *w = &out->list[i];
        w->secret = section_get(s, "secret");
        w->secret_command = section_get(s, "secret_command");
        w->user = section_get(s, "user");
        w->ca_file = section_get(s, "ca_file");
        w->sql = section_get(s, "sql");
        w->timeout_s = seconds_of(s, "timeout", 10);
        w->give_up_s = seconds_of(s, "give_up", 86400);
    }
}

/* ---- Commands ---- */

static void take_row(struct driver *d, char **words)
{
    struct outbox_row *row = mem_new(sizeof(*row));
    char id[100];
    snprintf(id, sizeof(id), "%s-%s", words[3], words[1]);
    *row = (struct outbox_row){.number = strtoll(words[1], NULL, 10), .message_id = mem_dup(id)};
    row->webhook = mem_dup(words[2]);
    row->order_key = mem_dup(words[3]);
    row->body = read_whole(words[4]);
    deliver_row(d->deliver, row);
}

static void resume(struct driver *d, char **words)
{
    char *body = read_whole(words[3]);
    deliver_resume(d->deliver, words[1], words[2], body);
    free(body);
}

static void print_status(struct driver *d, char **words)
{
    (void)words;
    for (int i = 0; i < deliver_webhooks(d->deliver); i++) {
        struct deliver_status s;
        deliver_status(d->deliver, i, &s);
        printf("status\t%s\t%d\t%d\t%lld\t%lld\t%d\t%.3f\t%s\n", s.webhook, s.waiting, s.dead,
               (long long)s.delivered, (long long)s.failed, s.off, isnan(s.next_s) ? -1.0 : s.next_s,
               s.trouble == NULL ? "" : s.trouble);
    }
    printf("idle\t%d\n", deliver_idle(d->deliver));
    fflush(stdout);
}

static void pass_time(struct driver *d, char **words)
{
    double s = strtod(words[1], NULL);
    for (struct lane *lane = d->deliver->lanes; lane != NULL; lane = lane->next) {
        lane->paused_until_s -= s;
        lane->down_until_s -= s;
        for (struct told *t = lane->told; t != NULL; t = t->next)
            t->due_s -= s;
        for (struct item *item = lane->items; item != NULL; item = item->next) {
            item->due_s -= s;
            item->came_s -= s;
        }
    }
    deliver_wake(d->deliver);
}

static void reload(struct driver *d, char **words)
{
    struct webhooks webhooks;
    struct config config;
    read_webhooks(words[1], &config, &webhooks);
    deliver_set_webhooks(d->deliver, &webhooks);
    free(d->webhooks.list);
    config_done(&d->config);
    d->webhooks = webhooks;
    d->config = config;
}

static void quit(struct driver *d, char **words)
{
    (void)words;
    loop_stop(d->loop);
}

static void obey(struct driver *d, char *line)
{
    static const struct {
        const char *name;
        void (*run)(struct driver *d, char **words);
        int n_words;
    } commands[] = {{"row", take_row, 5},    {"resume", resume, 4}, {"status", print_status, 1},
                    {"later", pass_time, 2}, {"reload", reload, 2}, {"quit", quit, 1}};
    char *words[6] = {NULL};
    int n = 0;
    for (char *word; n < 6 && (word = strsep(&line, "\t")) != NULL;)
        words[n++] = word;
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
        if (strcmp(words[0], commands[i].name) == 0 && n == commands[i].n_words) {
            commands[i].run(d, words);
            return;
        }
    fprintf(stderr, "what is %s with %d words?\n", words[0], n);
    exit(2);
}

static void typed(void *ctx, bool readable, bool writable)
{
    (void)readable, (void)writable;
    struct driver *d = ctx;
    char chunk[65536];
    ssize_t n = read(0, chunk, sizeof(chunk));
    if (n <= 0) {
        loop_stop(d->loop);
        return;
    }
    text_add_n(&d->line, chunk, (size_t)n);
    char *all = text_take(&d->line), *line = all;
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        obey(d, line);
    }
    text_add(&d->line, line);
    free(all);
}

/* The loop is asked each 10 ms whether it still turns. */
static void ticked(void *ctx)
{
    struct driver *d = ctx;
    double now_s = loop_mono_s(), late_s = now_s - d->ticked_s - 0.010;
    if (d->ticked_s > 0 && late_s > d->longest_s + 0.005) {
        d->longest_s = late_s;
        printf("late\t%.0f\n", late_s * 1000);
        fflush(stdout);
    }
    d->ticked_s = now_s;
}

static int deliver_all(const char *path)
{
    struct driver d = {.loop = loop_new()};
    struct registry registry;
    struct err err = {""};
    registry_init(&registry);
    read_webhooks(path, &d.config, &d.webhooks);
    text_init(&d.line, 1 << 20);
    d.fetcher = fetcher_new(d.loop);
    d.queries = query_thread_new(d.loop, &registry, &err);
    d.deliver = deliver_new(d.loop, d.fetcher, d.queries, NULL, &d.webhooks);
    d.in = loop_fd_new(d.loop, 0, typed, &d);
    d.tick = loop_timer_new(d.loop, ticked, &d);
    loop_timer_start(d.tick, 0.010, 0.010);
    loop_fd_want(d.in, true, false);
    loop_run(d.loop);
    deliver_free(d.deliver);
    query_thread_free(d.queries);
    fetcher_free(d.fetcher);
    loop_timer_free(d.tick);
    loop_fd_free(d.in);
    free(d.webhooks.list);
    config_done(&d.config);
    text_done(&d.line);
    registry_done(&registry);
    return loop_free(d.loop) ? 0 : 1;
}

/* ---- One format ---- */

static void print_rows(const struct result *r)
{
    struct json *json = json_new();
    struct text out;
    text_init(&out, 8 << 20);
    for (int row = 0; row < r->n_rows; row++)
        for (int c = 0; c < r->n_columns; c++) {
            text_add(&out, c > 0 ? "," : row > 0 ? "},{" : "[{");
            json_add_text(json, &out, r->columns[c].name);
            text_add(&out, ":");
            json_add(json, &out, result_at(r, row, c));
        }
    text_add(&out, r->n_rows > 0 ? "}]" : "[]");
    puts(text_str(&out));
    text_done(&out);
    json_free(json);
}

static int render(const char *format, const char *path, bool is_short)
{
    struct registry registry;
    struct formats formats;
    struct err err = {""};
    registry_init(&registry);
    struct door *door = door_new(&registry, &err);
    char *message = read_whole(path);
    if (!formats_init(&formats, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    char *sql = format_sql(&formats, format_find(&formats, format)->sql);
    struct query_param params[] = {
        {"message", {.type = VALUE_TEXT, .text = message}},
        {"secret", {.type = VALUE_TEXT, .text = "s3cret"}},
        {"url", {.type = VALUE_TEXT, .text = "http://receiver/hook"}},
        {"now", {.type = VALUE_INT, .integer = 1785585600}},
        {"short", {.type = VALUE_INT, .integer = is_short}},
    };
    struct result *r =
        door_run(door, NULL, &(struct query){.sql = sql, .params = params, .n_params = 5}, &err);
    if (r == NULL)
        fprintf(stderr, "%s\n", err.text);
    else
        print_rows(r);
    int code = r == NULL;
    result_free(r);
    free(sql);
    free(message);
    formats_done(&formats);
    door_free(door);
    registry_done(&registry);
    return code;
}

/* ---- One request ---- */

static void got(void *ctx, const struct fetch_answer *a)
{
    printf("%d\t%d\t%zu\t%.0f\t%.0f\t%s\t%s\n", a->status, a->tls_refused, a->len,
           isnan(a->retry_after_s) ? -1.0 : a->retry_after_s, a->took_ms, a->content_type,
           a->error == NULL ? "" : a->error);
    loop_stop(ctx);
}

static int get(char **words, int n)
{
    struct loop *loop = loop_new();
    struct fetcher *f = fetcher_new(loop);
    struct err err = {""};
    const char *headers[10] = {NULL};
    for (int i = 3; i < n && i < 12; i++)
        headers[i - 3] = words[i];
    struct fetch_request q = {.url = words[0], .timeout_s = strtod(words[1], NULL), .headers = headers};
    q.max_answer = strtoul(words[2], NULL, 10);
    bool unix_socket = strncmp(q.url, "unix:", 5) == 0; /* unix:PATH: its / */
    q.unix_socket = unix_socket ? q.url + 5 : NULL;
    q.url = unix_socket ? "http://guard/" : q.url;
    if (fetch_start(f, &q, got, loop, &err) != NULL)
        loop_run(loop);
    else
        printf("refused\t%s\n", err.text);
    fetcher_free(f);
    return loop_free(loop) ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "render") == 0)
        return render(argv[2], argv[3], argc > 4);
    if (argc >= 5 && strcmp(argv[1], "get") == 0)
        return get(argv + 2, argc - 2);
    if (argc == 2)
        return deliver_all(argv[1]);
    fprintf(stderr,
            "send CONFIG | send render FORMAT FILE [short] | send get URL TIMEOUT_S MAX [HEADER...]\n");
    return 2;
}
