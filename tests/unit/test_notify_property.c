/* Over generated sequences of changes, silences, acks and crashes each receiver's picture of each alert stays
 * sound, and becomes true; and it is told of each transition that nothing held back. */
#include "tests/unit/test.h"

#include "tests/unit/notices.h"

enum {
    N_ALERTS = 4,
    N_WEBHOOKS = 2,
    STEPS = 500,
    SEQUENCES = 300,
    MOST_NUMBER = 400,
    MOST_EVENTS = 8000,
    SETTLED = 18,
    HELD = 20
};
static const char *const rules[N_ALERTS] = {"lag", "locks", "lag", "pools"};
static const char *const targets[N_ALERTS] = {"shop", "shop", "blog", "blog"};

/* What one receiver believes. */
struct picture {
    bool open;
    int64_t number;                /* the newest that was told */
    enum change told[MOST_NUMBER]; /* by number: as what; CHANGE_NONE: it was not */
};
struct world {
    struct notices n;
    uint64_t random;
    int seed, second;
    struct picture pictures[N_WEBHOOKS][N_ALERTS];
    double silenced_until[2]; /* shop, blog */
    int quiet[N_ALERTS];      /* seconds in which nothing happened to it */
    int held[N_ALERTS];       /* the last second in which something held it back */
    int n_told;               /* transitions that had to be told, and were */
    int n_twice;              /* transitions that were told again after a crash */
    /* What survives a crash: */
    struct alert_state states[N_ALERTS];
    struct notified kept[N_ALERTS * N_WEBHOOKS];
    int n_kept;
    struct event events[MOST_EVENTS]; /* committed, and behind them the ones that are not yet */
    struct alert_state as_of[MOST_EVENTS];
    int owners[MOST_EVENTS], seconds[MOST_EVENTS], n_events, n_committed;
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

/* The event of that number of alert I. */
static const struct event *event_of(const struct world *w, int i, int64_t number)
{
    for (int e = w->n_events - 1; e >= 0; e--)
        if (w->owners[e] == i && w->events[e].transition.number == number)
            return &w->events[e];
    return NULL;
}

/* The alert in the message is as it was after that transition: its value is the number of it. */
static void check_moment(struct world *w, int i, const struct notice *notice, const char *body)
{
    const struct event *e = event_of(w, i, notice->number);
    char id[64], value[64], severity[64];
    CHECK(e != NULL);
    snprintf(id, sizeof(id), "\"event_id\":\"%s-%lld\"", notice->alert_id, (long long)notice->number);
    snprintf(value, sizeof(value), "\"value\":%lld", (long long)notice->number);
    snprintf(severity, sizeof(severity), "\"severity\":\"%s\"", level_name(e->transition.to));
    const char *at = strstr(body, id), *end = at == NULL ? NULL : strstr(at, "\"flapping\":");
    const char *has_value = at == NULL ? NULL : strstr(at, value),
               *has_severity = at == NULL ? NULL : strstr(at, severity);
    CHECK(at != NULL && has_value != NULL && has_value < end);
    if (e->transition.to != LEVEL_NONE)
        CHECK(has_severity != NULL && has_severity < end);
}

static void receive_notice(struct world *w, int webhook, const struct notice *notice, const char *body)
{
    int i = index_of(w, notice->alert_id);
    struct picture *p = &w->pictures[webhook][i];
    const struct alert *a = notices_alert(&w->n, rules[i], targets[i]);
    CHECK(notice->number < MOST_NUMBER);
    if (notice->change == CHANGE_NONE) {
        CHECK(p->open);
        if (notice->repeat > 0)
            CHECK(a->state.level == LEVEL_CRITICAL && a->ack.by == NULL);
        return;
    }
    check_moment(w, i, notice, body);
    if (p->told[notice->number] != CHANGE_NONE) { /* who removes equal ids does not see it */
        CHECK(p->told[notice->number] == notice->change);
        w->n_twice++;
        return;
    }
    const struct event *e = event_of(w, i, notice->number);
    bool ends = notice->change == CHANGE_RESOLVED ||
                (notice->change == CHANGE_CALM && e->transition.to == LEVEL_NONE);
    CHECK(notice->number > p->number);
    CHECK(ends || !is_silenced(w, i));
    if (notice->change == CHANGE_FIRED)
        CHECK(!p->open);
    else if (notice->change != CHANGE_FLAPPING)
        CHECK(p->open);
    p->told[notice->number] = notice->change;
    p->open = !ends;
    p->number = notice->number;
}

static void receive(void *ctx, const struct message *m)
{
    struct world *w = ctx;
    notices_log(&w->n, m);
    for (int i = 0; i < m->n_notices; i++)
        receive_notice(w, strcmp(m->webhook, "pager") == 0 ? 1 : 0, &m->notices[i], m->body);
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

/* One transaction: what is to be told, events, states. */
static void commit_events(struct world *w)
{
    notify_changed(w->n.notify, keep, w);
    for (int i = 0; i < N_ALERTS; i++)
        w->states[i] = notices_alert(&w->n, rules[i], targets[i])->state;
    w->n_committed = w->n_events;
}

static void crash(struct world *w);

/* With the messages; or they go out, but the disk refuses, and then it ends. */
static void commit(struct world *w)
{
    bool refused = w->n_committed == w->n_events && draw(w, 40) == 0;
    notify_tick(w->n.notify, 1, w->n.wall_s, receive, w);
    if (refused)
        crash(w);
    else
        commit_events(w);
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
    for (int i = 0; i < N_ALERTS; i++)
        if (is_silenced(w, i))
            w->held[i] = w->second;
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
        struct alert *a = notices_alert(&w->n, rules[i], targets[i]);
        a->state = w->states[i];
        a->value = (double)a->state.transitions;
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
        struct alert then = *notices_alert(&w->n, rules[w->owners[i]], targets[w->owners[i]]);
        then.state = w->as_of[i];
        then.value = (double)e.transition.number;
        e.alert = &then;
        if (waits(w, e.alert->id))
            notify_restore_event(w->n.notify, &e);
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
    if (is_flap || a->state.flapping)
        w->held[i] = w->second;
    a->value = (double)a->state.transitions + 1;
    w->owners[w->n_events] = i;
    w->seconds[w->n_events] = w->second;
    w->events[w->n_events++] = notices_change(&w->n, rules[i], targets[i], c, next);
    w->as_of[w->n_events - 1] = a->state;
    w->quiet[i] = 0;
    if (draw(w, 2) == 0)
        commit_events(w);
}

/* What nothing held back, before, then or since, was told by now. */
static void check_told(struct world *w, int at)
{
    int i = w->owners[at];
    const struct transition *t = &w->events[at].transition;
    bool is_flap = t->change == CHANGE_FLAPPING || t->change == CHANGE_CALM;
    if (is_flap || w->held[i] >= w->seconds[at] - HELD)
        return;
    for (int webhook = 0; webhook < N_WEBHOOKS; webhook++) {
        enum level least = webhook == 0 ? LEVEL_WARNING : LEVEL_CRITICAL;
        if (t->from >= least || t->to >= least) {
            CHECK(w->pictures[webhook][i].told[t->number] != CHANGE_NONE);
            w->n_told++;
        }
    }
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
    for (int i = 0; i < N_ALERTS; i++) {
        if (is_silenced(w, i) || notices_alert(&w->n, rules[i], targets[i])->state.flapping)
            w->held[i] = w->second;
        check_settled(w, i);
    }
    for (int e = w->n_events - 1; e >= 0 && w->seconds[e] >= w->second - HELD; e--)
        if (w->seconds[e] == w->second - HELD)
            check_told(w, e);
}

static void receivers_are_told_each_transition_in_order_and_believe_what_is_true(void **state)
{
    (void)state;
    static struct world worlds[1];
    struct world *w = worlds;
    int n_told = 0, n_twice = 0;
    for (int seed = 1; seed <= SEQUENCES; seed++) {
        *w = (struct world){.random = (uint64_t)seed * 7919, .seed = seed};
        notices_init(&w->n);
        set_webhooks(w);
        for (int i = 0; i < N_ALERTS; i++)
            w->held[i] = -HELD;
        for (int i = 0; i < N_ALERTS; i++)
            w->states[i] = notices_alert(&w->n, rules[i], targets[i])->state;
        for (w->second = 0; w->second < STEPS; w->second++)
            pass_second(w);
        CHECK(w->n.log.len > 500); /* something was told */
        notices_done(&w->n);
        n_told += w->n_told;
        n_twice += w->n_twice;
    }
    assert_true(n_told > SEQUENCES * 10); /* the sequences do reach what is checked */
    assert_true(n_twice > SEQUENCES / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receivers_are_told_each_transition_in_order_and_believe_what_is_true)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
