/* An action on a row of a real server, without a screen: cure_probe URL ACTION [hold] [cancel=SECONDS] [ledger=DIRECTORY [until=NUMBER]] KEY=VALUE...
 * Prints what the action says of the row, waits for a line of input (hold), runs it, and prints how it ended. With a ledger it is kept there; until
 * waits for that number after it. What a job says while it runs is told as it changes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cures/cures.h"
#include "core/query.h"
#include "engine/products.h"

enum { MOST_PARAMS = 16 };
static const double look_every_s = 0.1, patience_s = 20;

static const char *const wanted[] = {"tables", "indexes", "sessions", "locks", "settings", "server", "targets", "slots", "matviews", "foreign_keys", "progress", "statements", "ledger", "pools", "bouncer_databases", "bouncer", "clients", "access"};
enum { N_WANTED = sizeof(wanted) / sizeof(wanted[0]) };

struct probe {
    const struct registry *registry;
    struct loop *loop;
    struct engine *engine;
    struct cures *cures;
    struct door *door;
    struct actions actions;
    const struct action *action;
    struct query_param params[MOST_PARAMS];
    int n_params;
    bool hold;
    double cancel_s, began_s;
    const char *ledger, *until;
    struct query_thread *queries;
    int64_t job;
    struct loop_timer *look, *cancel, *wait, *meanwhile;
    char said[500];
};

static void tell(const char *what, const char *text)
{
    printf("%s: ", what);
    for (const char *s = text == NULL ? "" : text; *s != '\0'; s++)
        fputs(*s == '\n' ? " | " : (char[]){*s, '\0'}, stdout);
    printf("\n");
    fflush(stdout);
}

static void end(struct probe *p, const char *state, const char *message)
{
    tell("state", state);
    tell("message", message);
    loop_stop(p->loop);
}

static void on_ended(void *ctx, const struct job *job)
{
    struct probe *p = ctx;
    char attempts[20];
    if (p->until != NULL) {
        tell("state", job_state_name(job->state));
        loop_timer_start(p->wait, look_every_s, 0);
        return;
    }
    snprintf(attempts, sizeof(attempts), "%d", job->attempts);
    tell("attempts", attempts);
    end(p, job_state_name(job->state), job->message);
}

/* Until the newest entry of the ledger has the number. */
static void on_wait(void *ctx)
{
    struct probe *p = ctx;
    struct err err = {""};
    struct query_param until = {"until", {VALUE_TEXT, .text = p->until}};
    struct query q = {.sql = "select numbers, json_type(numbers, '$.after.' || :until) is not null as known from ledger order by entry_id desc",
                      .params = &until, .n_params = 1, .max_rows = 1};
    struct snapshot *s = store_snapshot(engine_store(p->engine));
    struct result *r = door_run(p->door, s, &q, &err);
    snapshot_unref(s);
    if (r == NULL)
        end(p, "wrong", err.text);
    else if (r->n_rows > 0 && result_at(r, 0, 1)->integer == 1)
        tell("numbers", result_at(r, 0, 0)->text);
    if (r != NULL && r->n_rows > 0 && result_at(r, 0, 1)->integer == 1)
        loop_stop(p->loop);
    else
        loop_timer_start(p->wait, look_every_s, 0);
    result_free(r);
}

static void on_meanwhile(void *ctx)
{
    struct probe *p = ctx;
    const struct job *job = jobs_find(cures_jobs(p->cures), p->job);
    if (job != NULL && job_is_open(job) && strcmp(job->message == NULL ? "" : job->message, p->said) != 0) {
        snprintf(p->said, sizeof(p->said), "%s", job->message == NULL ? "" : job->message);
        tell("meanwhile", p->said);
    }
    loop_timer_start(p->meanwhile, look_every_s, 0);
}

static void on_trouble(void *ctx, const char *text)
{
    (void)ctx;
    tell("ledger", text);
}

static void on_cancel(void *ctx)
{
    struct probe *p = ctx;
    cures_cancel(p->cures, p->job, NULL);
}

static void begin(struct probe *p, const struct cure *cure)
{
    struct err err = {""};
    char line[100];
    for (int i = 0; cure_column(i) != NULL; i++)
        tell(cure_column(i), cure_value(cure, i));
    printf("ready\n");
    fflush(stdout);
    if (p->hold && fgets(line, sizeof(line), stdin) == NULL)
        exit(1);
    if (cure->why_not != NULL) {
        end(p, "refused", cure->why_not);
        return;
    }
    p->job = cures_run(p->cures, "t", p->action, cure, "a test", &err);
    if (p->job == 0)
        end(p, "refused", err.text);
    else if (p->cancel_s >= 0)
        loop_timer_start(p->cancel, p->cancel_s, 0);
}

/* All that is polled has answered: an action that reads of a table's indexes must not take those that were not read for none. */
static bool is_read(const struct probe *p)
{
    for (int i = 0; i < N_WANTED; i++) {
        struct engine_feed feed;
        engine_feed(p->engine, 0, registry_find(p->registry, wanted[i]), &feed);
        if (feed.polled && feed.samples == 0 && feed.error == NULL)
            return false;
    }
    return true;
}

/* Until the row is there, all that it is made from too. */
static void on_look(void *ctx)
{
    struct probe *p = ctx;
    if (!is_read(p) && loop_mono_s() - p->began_s < patience_s) {
        loop_timer_start(p->look, look_every_s, 0);
        return;
    }
    struct err err = {""};
    struct cure cure = {.label = NULL};
    struct snapshot *s = store_snapshot(engine_store(p->engine));
    char *sql = action_sql(p->action);
    struct query q = {.sql = sql, .params = p->params, .n_params = p->n_params, .max_rows = 1};
    struct result *r = door_run(p->door, s, &q, &err);
    free(sql);
    snapshot_unref(s);
    if (r == NULL) {
        end(p, "wrong", err.text);
        return;
    }
    if (r->n_rows > 0)
        cure_read(r, 0, &cure);
    if (cure.label != NULL && (cure.statement != NULL || cure.why_not != NULL))
        begin(p, &cure);
    else if (loop_mono_s() - p->began_s > patience_s)
        end(p, "no row", "");
    else
        loop_timer_start(p->look, look_every_s, 0);
    result_free(r);
}

static struct value value_of(const char *text)
{
    char *rest;
    double number = strtod(text, &rest);
    if (text[0] == '\0' || *rest != '\0' || text[strspn(text, "+-.0123456789")] != '\0') /* 0x7f is a name */
        return (struct value){.type = VALUE_TEXT, .text = text};
    if (strchr(text, '.') == NULL)
        return (struct value){.type = VALUE_INT, .integer = strtoll(text, NULL, 10)};
    return (struct value){.type = VALUE_REAL, .real = number};
}

static void take_words(struct probe *p, char **words, int n)
{
    p->params[p->n_params++] = (struct query_param){"target", {VALUE_TEXT, .text = "t"}};
    for (int i = 0; i < n && p->n_params < MOST_PARAMS; i++) {
        char *equals = strchr(words[i], '=');
        if (strcmp(words[i], "hold") == 0)
            p->hold = true;
        if (equals == NULL)
            continue;
        *equals = '\0';
        if (strcmp(words[i], "cancel") == 0)
            p->cancel_s = strtod(equals + 1, NULL);
        else if (strcmp(words[i], "ledger") == 0)
            p->ledger = equals + 1;
        else if (strcmp(words[i], "until") == 0)
            p->until = equals + 1;
        else
            p->params[p->n_params++] = (struct query_param){words[i], value_of(equals + 1)};
    }
}

int main(int argc, char **argv)
{
    struct registry registry;
    struct probe p = {.cancel_s = -1, .registry = &registry};
    struct err err = {""};
    if (argc < 3 || !products_register(&registry, &err) || !cures_register(&registry, &err) || !actions_read(&p.actions, &err) ||
        (p.action = action_find(&p.actions, argv[2])) == NULL || (p.door = door_new(&registry, &err)) == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    take_words(&p, argv + 3, argc - 3);
    p.loop = loop_new();
    struct engine_options options = {.refresh_s = 0.5, .first_s = 0.5, .budget_ratio = 1, .memory_bytes = 24 << 20};
    p.engine = engine_new(p.loop, &registry, &options);
    struct target_config target = {.name = "t", .url = argv[1], .stack = "", .env = "", .connect_timeout_s = 5};
    if (!engine_add(p.engine, &target, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    engine_want(p.engine, wanted, N_WANTED);
    p.cures = cures_new(p.loop, p.engine);
    cures_on_ended(p.cures, on_ended, &p);
    if (p.ledger != NULL) {
        p.queries = query_thread_new(p.loop, &registry, &err);
        cures_keep(p.cures, p.queries, p.ledger, on_trouble, &p);
    }
    p.wait = loop_timer_new(p.loop, on_wait, &p);
    p.look = loop_timer_new(p.loop, on_look, &p);
    p.meanwhile = loop_timer_new(p.loop, on_meanwhile, &p);
    loop_timer_start(p.meanwhile, look_every_s, 0);
    p.cancel = loop_timer_new(p.loop, on_cancel, &p);
    p.began_s = loop_mono_s();
    loop_timer_start(p.look, look_every_s, 0);
    loop_run(p.loop);
    if (!cures_free(p.cures))
        tell("ledger", "lost");
    query_thread_free(p.queries);
    engine_free(p.engine);
    loop_timer_free(p.look);
    loop_timer_free(p.cancel);
    loop_timer_free(p.wait);
    loop_timer_free(p.meanwhile);
    door_free(p.door);
    actions_done(&p.actions);
    registry_done(&registry);
    loop_free(p.loop);
    return 0;
}
