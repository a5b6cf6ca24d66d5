/* The facade: schedules rules, and carries what they find between the book, the file, and those who are told.
 */
#include "alerts/alerts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alerts_private.h"
#include "core/mem.h"

static const double tick_s = 1, close_wait_s = 2;
/* The timer runs each second: after so long the process was stopped, or the machine slept. */
static const double asleep_s = 5;

/* ---- What the config says ---- */

bool settings_read(const struct config *config, const struct registry *registry, struct settings *out,
                   struct err *err)
{
    struct settings s = {.rules = {.n = 0}};
    bool ok = rules_read(config, registry, &s.rules, err) && webhooks_read(config, &s.webhooks, err) &&
              maintenances_read(config, &s.maintenances, err) && deliver_check(&s.webhooks, registry, err);
    if (ok)
        *out = s;
    else
        settings_done(&s);
    return ok;
}

void settings_done(struct settings *s)
{
    rules_done(&s->rules);
    webhooks_done(&s->webhooks);
    maintenances_done(&s->maintenances);
}

bool alerts_check(const struct config *config, const struct registry *registry, struct err *err)
{
    struct settings s;
    if (!settings_read(config, registry, &s, err))
        return false;
    bool ok = deliver_check_files(&s.webhooks, err);
    settings_done(&s);
    return ok;
}

/* ---- Time ---- */

static void set_targets(struct alerts *a)
{
    int n = engine_targets(a->engine);
    const char **names = mem_new_array((size_t)n, sizeof(*names));
    for (int i = 0; i < n; i++)
        names[i] = engine_target_name(a->engine, i);
    book_set_targets(a->book, names, n, loop_wall_s());
    free(names);
}

/* A laptop that slept, a process that was stopped: connections are dead though their servers are not. */
static void look_for_sleep(struct alerts *a, double now_s)
{
    double boot_s = loop_boot_s();
    if (boot_s - a->awake_s > asleep_s) {
        watches_woke(a, now_s);
        a->ticked_s = now_s;
    }
    a->awake_s = boot_s;
}

static void tick(void *ctx)
{
    struct alerts *a = ctx;
    double now_s = loop_mono_s(), next_s = now_s + tick_s;
    look_for_sleep(a, now_s);
    if (!a->stopped) {
        next_s = fmin(next_s, watches_ask(a, now_s));
        keep_samples(a, now_s);
        contexts_show(a, now_s);
    }
    if (a->happened || now_s - a->ticked_s >= tick_s)
        keep_commit(a, now_s);
    if (!a->stopped || a->dirty)
        loop_timer_start(a->timer, fmax(0.001, next_s - now_s), 0);
}

void alerts_wake(struct alerts *a)
{
    loop_timer_start(a->timer, 0, 0);
}

void alerts_sample(struct alerts *a, const char *target, const struct dataset *d)
{
    const char *failed;
    if (a->stopped || engine_samples(a->engine, target, d, &failed) > 2)
        return;
    for (int i = 0; i < a->settings.rules.n; i++) {
        struct watch *w = &a->watches[i];
        for (int u = 0; u < w->rule->uses.n && !isinf(w->due_s); u++)
            if (w->rule->uses.datasets[u] == d)
                w->due_s = fmin(w->due_s, loop_mono_s() + tick_s);
    }
}

/* ---- Begin and end ---- */

static void on_outbox(void *ctx, struct outbox_row *row)
{
    struct alerts *a = ctx;
    if (a->deliver != NULL)
        deliver_row(a->deliver, row);
    else
        outbox_row_free(row);
}

struct resuming {
    struct deliver *deliver;
    const char *webhook;
};

static void resume(void *ctx, const struct message *m)
{
    struct resuming *r = ctx;
    deliver_resume(r->deliver, r->webhook, m->order_key, m->body);
}

static void begin_delivery(struct alerts *a)
{
    a->fetcher = fetcher_new(a->loop);
    a->deliver = deliver_new(a->loop, a->fetcher, a->queries, a->state, &a->settings.webhooks);
    for (int i = 0; i < a->settings.webhooks.n; i++) {
        struct resuming r = {a->deliver, a->settings.webhooks.list[i].name};
        notify_present(a->notify, r.webhook, loop_wall_s(), resume, &r);
    }
}

/* Everything that knows the settings. */
static void spread_settings(struct alerts *a)
{
    book_set_rules(a->book, &a->settings.rules, loop_wall_s());
    if (a->notify != NULL) {
        notify_set_rules(a->notify, &a->settings.rules);
        notify_set_maintenances(a->notify, &a->settings.maintenances);
        notify_set_webhooks(a->notify, &a->settings.webhooks);
    }
}

static bool begin(struct alerts *a, const struct alerts_options *options, bool *held, struct err *err)
{
    if (!settings_read(options->config, options->registry, &a->settings, err) ||
        (a->tells && !deliver_check_files(&a->settings.webhooks, err)))
        return false;
    a->state = state_open(a->loop, options->state_directory, held, err);
    if (a->state == NULL)
        return false;
    a->book = book_new(&a->settings.rules);
    if (a->tells)
        a->notify = notify_new(&a->settings.webhooks, a->book, a->source);
    if (!state_load(a->state, a->book, a->notify, err))
        return false;
    book_on_event(a->book, keep_event, a);
    book_on_forget(a->book, keep_forgotten, a);
    a->timer = loop_timer_new(a->loop, tick, a);
    spread_settings(a);
    set_targets(a);
    if (a->tells)
        begin_delivery(a);
    state_on_outbox(a->state, on_outbox, a);
    a->contexts = contexts_new();
    if (!contexts_load(a, err))
        return false;
    watches_new(a);
    alerts_wake(a);
    return true;
}

struct alerts *alerts_new(struct loop *loop, struct engine *engine, struct query_thread *queries,
                          const struct alerts_options *options, bool *held, struct err *err)
{
    struct alerts *a = mem_new(sizeof(*a));
    bool no = false;
    *a = (struct alerts){.loop = loop,
                         .engine = engine,
                         .queries = queries,
                         .registry = options->registry,
                         .source = mem_dup(options->source != NULL ? options->source : ""),
                         .tells = options->notify,
                         .soon = options->soon,
                         .ticked_s = loop_mono_s(),
                         .awake_s = loop_boot_s(),
                         .shown_s = -HUGE_VAL,
                         .changed = true};
    if (begin(a, options, held != NULL ? held : &no, err))
        return a;
    alerts_free(a);
    return NULL;
}

/* The last word: nobody else knows what was in memory only. */
static bool close_state(struct alerts *a)
{
    struct state_lost lost = state_close(a->state, close_wait_s);
    if (lost.transitions + lost.others == 0)
        return true;
    char text[200];
    snprintf(text, sizeof(text),
             "%lld transitions and %lld other changes: the next start knows nothing of them",
             (long long)lost.transitions, (long long)lost.others);
    if (a->log != NULL)
        a->log(a->log_ctx, LEVEL_CRITICAL, "the state file did not take what happened: it is lost", NULL,
               text);
    return false;
}

bool alerts_free(struct alerts *a)
{
    if (a == NULL)
        return true;
    a->stopped = true;
    watches_free(a);
    contexts_free(a);
    if (a->state != NULL && a->book != NULL && a->dirty)
        state_commit(a->state, NULL, NULL);
    deliver_free(a->deliver);
    a->deliver = NULL; /* what the state still gives out is for the next start */
    fetcher_free(a->fetcher);
    bool kept = close_state(a);
    notify_free(a->notify);
    book_free(a->book);
    loop_timer_free(a->timer);
    settings_done(&a->settings);
    free(a->source);
    free(a);
    return kept;
}

void alerts_stop(struct alerts *a)
{
    a->stopped = true;
    watches_free(a);
    contexts_stop(a);
    engine_need(a->engine, ASKER_RULES, NULL, 0);
    a->dirty = true;
    alerts_wake(a);
}

bool alerts_drained(const struct alerts *a)
{
    return a->deliver == NULL || deliver_idle(a->deliver);
}

/* The strings of the old config are borrowed by what is replaced here: the new ones are given out first. */
bool alerts_reload(struct alerts *a, const struct config *config, struct err *err)
{
    struct settings was = a->settings, next;
    if (!settings_read(config, a->registry, &next, err))
        return false;
    watches_free(a);
    a->settings = next;
    spread_settings(a);
    set_targets(a);
    if (a->deliver != NULL)
        deliver_set_webhooks(a->deliver, &a->settings.webhooks);
    settings_done(&was);
    watches_new(a);
    a->changed = true;
    alerts_wake(a);
    return true;
}

/* ---- What others see ---- */

const struct book *alerts_book(const struct alerts *a)
{
    return a->book;
}

const struct deliver *alerts_deliver(const struct alerts *a)
{
    return a->deliver;
}

const char *alerts_trouble(const struct alerts *a)
{
    return state_trouble(a->state);
}

const char *alerts_notice(const struct alerts *a)
{
    return state_notice(a->state);
}

void alerts_on_log(struct alerts *a, alerts_log_fn *fn, void *ctx)
{
    a->log = fn;
    a->log_ctx = ctx;
}
