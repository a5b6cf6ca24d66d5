/* Over generated sequences of changes, silences, acks and crashes each receiver's picture of each alert stays
 * sound, and becomes true. */
#include "tests/unit/test.h"

#include "tests/unit/notices.h"

enum { N_ALERTS = 4, N_WEBHOOKS = 2, STEPS = 500, SEQUENCES = 300, MOST_EVENTS = 8000, SETTLED = 18 };
static const char *const rules[N_ALERTS] = {"lag", "locks", "lag", "pools"};
static const char *const targets[N_ALERTS] = {"shop", "shop", "blog", "blog"};

/* What one receiver believes. */
struct picture {
    bool open;
    int64_t number;
};
struct world {
    struct notices n;
    uint64_t random;
    int seed, second;
    struct picture pictures[N_WEBHOOKS][N_ALERTS];
    double silenced_until[2]; /* shop, blog */
    int quiet[N_ALERTS];      /* seconds in which nothing happened to it */
    /* What survives a crash: */
    struct alert_state states[N_ALERTS];
    struct notified kept[N_ALERTS * N_WEBHOOKS];
    int n_kept;
    struct event events[MOST_EVENTS]; /* committed, and behind them the ones that are not yet */
    int owners[MOST_EVENTS], n_events, n_committed;
};

static int draw(struct world *w, int n)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return (int)(w->random >> 33) % n;
}

/* The end of what receivers were told. */
static const char *newest_of(const struct text *log)
{
    return text_str(log) + (log->len > 400 ? log->len - 400 : 0);
}

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            fail_msg("sequence %d second %d: %s; told last:\n%s", w->seed, w->second, #condition,            \
                     newest_of(&w->n.log));                                                                  \
    } while (0)

static bool is_shop(int i)
{
    return strcmp(targets[i], "shop") == 0;
}

static bool is_silenced(const struct world *w, int i)
{
    return w->n.wall_s < w->silenced_until[is_shop(i) ? 0 : 1];
}

static int index_of(const struct world *w, const char *id)
{
    for (int i = 0; i < N_ALERTS; i++)
        if (strcmp(notices_alert((struct notices *)(uintptr_t)&w->n, rules[i], targets[i])->id, id) == 0)
            return i;
    return -1;
}

static void receive_notice(struct world *w, int webhook, const struct notice *notice)
{
    int i = index_of(w, notice->alert_id);
    struct picture *p = &w->pictures[webhook][i];
    const struct alert *a = notices_alert(&w->n, rules[i], targets[i]);
    bool firing = alert_state_force(&a->state) != LEVEL_NONE;
    bool ends = notice->change == CHANGE_RESOLVED || (notice->change == CHANGE_CALM && !firing);
    CHECK(notice->number >= p->number);
    CHECK(ends || !is_silenced(w, i));
    if (notice->change == CHANGE_FIRED)
        CHECK(!p->open);
    else if (notice->change != CHANGE_FLAPPING)
        CHECK(p->open);
    if (notice->repeat > 0)
        CHECK(a->state.level == LEVEL_CRITICAL && a->ack.by == NULL);
    if (notice->change == CHANGE_ESCALATED || notice->change == CHANGE_LOWERED ||
        notice->change == CHANGE_FIRED)
        CHECK(firing && !a->state.flapping);
    p->open = !ends;
    p->number = notice->number;
}

static void receive(void *ctx, const struct message *m)
{
    struct world *w = ctx;
    notices_log(&w->n, m);
    for (int i = 0; i < m->n_notices; i++)
        receive_notice(w, strcmp(m->webhook, "pager") == 0 ? 1 : 0, &m->notices[i]);
}

static void keep(void *ctx, const struct notified *told)
{
    struct world *w = ctx;
    int i = 0;
    while (i < w->n_kept && (strcmp(w->kept[i].alert_id, told->alert_id) != 0 ||
                             strcmp(w->kept[i].webhook, told->webhook) != 0))
        i++;
    w->kept[i] = *told;
    w->kept[i].webhook = strcmp(told->webhook, "pager") == 0 ? "pager" : "ops";
    if (i == w->n_kept)
        w->n_kept++;
    CHECK(w->n_kept <= N_ALERTS * N_WEBHOOKS);
}

/* One transaction: messages, what was told, events, states. */
static void commit(struct world *w)
{
    notify_tick(w->n.notify, 1, w->n.wall_s, receive, w);
    notify_changed(w->n.notify, keep, w);
    for (int i = 0; i < N_ALERTS; i++)
        w->states[i] = notices_alert(&w->n, rules[i], targets[i])->state;
    w->n_committed = w->n_events;
}

static bool waits(const struct world *w, const char *alert_id)
{
    for (int i = 0; i < w->n_kept; i++)
        if (w->kept[i].pending && strcmp(w->kept[i].alert_id, alert_id) == 0)
            return true;
    return false;
}

static void set_webhooks(struct world *w)
{
    w->n.webhook_list[0].repeat_s = 100;
    w->n.webhook_list[1] = notices_webhook("pager");
    w->n.webhook_list[1].levels = WEBHOOK_CRITICAL;
    w->n.webhook_list[1].group_wait_s = 0;
    w->n.webhooks.n = N_WEBHOOKS;
}

static void silence(struct world *w, int target, double until_s)
{
    char shop[] = "shop", blog[] = "blog";
    w->silenced_until[target] = fmax(until_s, w->silenced_until[target]);
    book_silence(
        w->n.book,
        &(struct silence){.target = target == 0 ? shop : blog, .from_s = w->n.wall_s, .until_s = until_s});
}

/* What was not committed never was. */
static void crash(struct world *w)
{
    double wall_s = w->n.wall_s;
    struct text log = w->n.log;
    w->n.log = (struct text){0};
    notices_done(&w->n);
    notices_init(&w->n);
    w->n.log = log;
    w->n.wall_s = wall_s;
    set_webhooks(w);
    for (int i = 0; i < N_ALERTS; i++) {
        notices_alert(&w->n, rules[i], targets[i])->state = w->states[i];
        w->quiet[i] = 0;
    }
    for (int t = 0; t < 2; t++)
        if (w->silenced_until[t] > wall_s)
            silence(w, t, w->silenced_until[t]);
    for (int i = 0; i < w->n_kept; i++)
        if (w->kept[i].level != LEVEL_NONE || w->kept[i].pending || w->kept[i].flapping)
            notify_restore(w->n.notify, &w->kept[i]);
    w->n_events = w->n_committed;
    for (int i = 0; i < w->n_events; i++) {
        struct event e = w->events[i];
        e.alert = notices_alert(&w->n, rules[w->owners[i]], targets[w->owners[i]]);
        if (waits(w, e.alert->id))
            notify_event(w->n.notify, &e);
    }
}

static void change(struct world *w, int i)
{
    struct alert *a = notices_alert(&w->n, rules[i], targets[i]);
    enum level level = alert_state_force(&a->state), next = (enum level)draw(w, N_LEVELS);
    enum change c = a->state.flapping && draw(w, 2) == 0 ? CHANGE_CALM
                    : draw(w, 12) == 0                   ? CHANGE_FLAPPING
                    : next == LEVEL_NONE                 ? CHANGE_RESOLVED
                    : level == LEVEL_NONE                ? CHANGE_FIRED
                    : next > level                       ? CHANGE_ESCALATED
                                                         : CHANGE_LOWERED;
    bool is_flap = c == CHANGE_FLAPPING || c == CHANGE_CALM;
    if ((!is_flap && next == level) || (c == CHANGE_FLAPPING && a->state.flapping))
        return;
    if (c == CHANGE_RESOLVED || c == CHANGE_ESCALATED)
        book_unack(w->n.book, a->id, NULL);
    CHECK(w->n_events < MOST_EVENTS);
    w->owners[w->n_events] = i;
    w->events[w->n_events++] = notices_change(&w->n, rules[i], targets[i], c, next);
    w->quiet[i] = 0;
}

static void check_settled(struct world *w, int i)
{
    const struct alert_state *s = &notices_alert(&w->n, rules[i], targets[i])->state;
    enum level level = alert_state_force(s);
    if (w->quiet[i] < SETTLED || s->flapping)
        return;
    if (level == LEVEL_NONE)
        CHECK(!w->pictures[0][i].open && !w->pictures[1][i].open);
    if (is_silenced(w, i))
        return;
    if (level >= LEVEL_WARNING)
        CHECK(w->pictures[0][i].open);
    if (level == LEVEL_CRITICAL)
        CHECK(w->pictures[1][i].open);
}

static void pass_second(struct world *w)
{
    w->n.wall_s++;
    for (int i = 0; i < N_ALERTS; i++) {
        bool silence_ended = w->n.wall_s - 1 < w->silenced_until[is_shop(i) ? 0 : 1] && !is_silenced(w, i);
        w->quiet[i] = silence_ended ? 0 : w->quiet[i] + 1;
        if (draw(w, 25) == 0)
            change(w, i);
    }
    if (draw(w, 60) == 0)
        silence(w, draw(w, 2), w->n.wall_s + draw(w, 40));
    if (draw(w, 30) == 0) {
        int i = draw(w, N_ALERTS);
        const struct alert *a = notices_alert(&w->n, rules[i], targets[i]);
        if (alert_state_force(&a->state) != LEVEL_NONE)
            book_ack(w->n.book, a->id, "eva", "", w->n.wall_s, w->n.wall_s + draw(w, 100), NULL);
    }
    if (draw(w, 20) == 0)
        crash(w);
    commit(w);
    for (int i = 0; i < N_ALERTS; i++)
        check_settled(w, i);
}

static void what_receivers_believe_is_sound_and_becomes_true(void **state)
{
    (void)state;
    static struct world worlds[1];
    struct world *w = worlds;
    for (int seed = 1; seed <= SEQUENCES; seed++) {
        *w = (struct world){.random = (uint64_t)seed * 7919, .seed = seed};
        notices_init(&w->n);
        set_webhooks(w);
        for (int i = 0; i < N_ALERTS; i++)
            w->states[i] = notices_alert(&w->n, rules[i], targets[i])->state;
        for (w->second = 0; w->second < STEPS; w->second++)
            pass_second(w);
        CHECK(w->n.log.len > 500); /* something was told */
        notices_done(&w->n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_receivers_believe_is_sound_and_becomes_true)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
