/* Rules on their way to the query thread and back: a few at a time, spread over time. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alerts_private.h"
#include "core/mem.h"

enum { MOST_RUNNING = 3, PRIORITY = 1, MOST_ROWS = 20000 };
static const double longest_step = 3, first_s = 2, moment_every_s = 5, soon_s = 1;
/* A rule is judged while its last answer is not older than so many of its intervals, and this on top. */
static const double intervals = 3, patience_s = 5;
static const double together_s = 0.25; /* what is asked within this time sees the same */

/* ---- What rules read ---- */

/* How often what R reads must be read: a window is covered when it is over, not an interval later. */
static double read_every_s(const struct alerts *a, const struct rule *r)
{
    struct window_spec window;
    if (!a->soon || r->window == NULL || !window_spec_parse(r->window, &window, NULL) ||
        window.kind != WINDOW_SECONDS)
        return r->every_s;
    return fmin(r->every_s, fmax(soon_s, window.seconds / 10));
}

struct needs {
    struct engine_need *list;
    int n, capacity;
};

static void need_add(struct needs *needs, const struct dataset *d, double every_s)
{
    if (needs->n == needs->capacity) {
        needs->capacity = needs->capacity * 2 + 64;
        needs->list = mem_grow(needs->list, (size_t)needs->capacity, sizeof(*needs->list));
    }
    needs->list[needs->n++] = (struct engine_need){d, every_s};
}

/* What rules judge; and who runs and who waits, so that the moment at which one of them fires can be kept. */
static void need(struct alerts *a)
{
    static const char *const of_moments[] = {"sessions", "locks"};
    struct needs needs = {NULL};
    for (int i = 0; i < a->settings.rules.n; i++) {
        const struct rule *r = &a->settings.rules.list[i];
        for (int d = 0; d < r->uses.n && r->enabled && r->missing == NULL; d++)
            need_add(&needs, r->uses.datasets[d], read_every_s(a, r));
    }
    bool judges = needs.n > 0;
    for (size_t i = 0; judges && i < sizeof(of_moments) / sizeof(of_moments[0]); i++) {
        const struct dataset *d = registry_find(a->registry, of_moments[i]);
        if (d != NULL)
            need_add(&needs, d, moment_every_s);
    }
    engine_need(a->engine, ASKER_RULES, needs.list, needs.n);
    free(needs.list);
}

void watches_new(struct alerts *a)
{
    const struct rules *rules = &a->settings.rules;
    double now_s = loop_mono_s();
    a->watches = mem_new_array((size_t)rules->n, sizeof(*a->watches));
    for (int i = 0; i < rules->n; i++) {
        const struct rule *r = &rules->list[i];
        bool asks = r->enabled && r->missing == NULL;
        double spread_s = fmin(r->every_s, first_s) * i / rules->n;
        a->watches[i] = (struct watch){.alerts = a, .rule = r, .judged_s = NAN, .answered_s = now_s};
        a->watches[i].due_s = asks ? now_s + spread_s : HUGE_VAL;
    }
    need(a);
}

static void watch_reset(struct watch *w)
{
    if (w->ticket != 0) {
        query_cancel(w->alerts->queries, w->ticket);
        w->alerts->n_running--;
    }
    w->ticket = 0;
    coverage_free(w->coverage, w->n_coverage);
    w->coverage = NULL;
    w->n_coverage = 0;
    snapshot_unref(w->snapshot);
    w->snapshot = NULL;
    result_free(w->answer);
    result_free(w->there);
    w->answer = w->there = NULL;
}

void watches_free(struct alerts *a)
{
    for (int i = 0; a->watches != NULL && i < a->settings.rules.n; i++)
        watch_reset(&a->watches[i]);
    free(a->watches);
    a->watches = NULL;
    moment_free(a->moment);
    a->moment = NULL;
}

void watches_woke(struct alerts *a, double now_s)
{
    for (int i = 0; a->watches != NULL && i < a->settings.rules.n; i++) {
        struct watch *w = &a->watches[i];
        watch_reset(w);
        w->judged_s = NAN;
        w->answered_s = now_s;
        w->due_s = fmax(w->due_s, now_s + first_s);
    }
}

/* ---- The answer ---- */

/* Row ROW of R is the alert A. */
static bool names(const struct rule *rule, const struct result *r, int row, const struct alert *a)
{
    const struct value *target = result_at(r, row, 0);
    if (target->type != VALUE_TEXT || strcmp(target->text, a->target) != 0)
        return false;
    char *key = judge_key(rule, r, row);
    bool same = strcmp(key, a->key) == 0;
    free(key);
    return same;
}

static bool still_there(void *ctx, const struct alert *a)
{
    const struct watch *w = ctx;
    for (int row = 0; w->there != NULL && row < w->there->n_rows; row++)
        if (names(w->rule, w->there, row, a))
            return true;
    return false;
}

static void judge(struct watch *w, const char *error)
{
    struct alerts *a = w->alerts;
    double step_s = isnan(w->judged_s) ? 0 : w->asked_s - w->judged_s;
    struct book_answer answer = {.rule = w->rule,
                                 .result = w->answer,
                                 .error = error,
                                 .coverage = w->coverage,
                                 .n_coverage = w->n_coverage,
                                 .step_s = fmin(step_s, longest_step * w->rule->every_s),
                                 .wall_s = loop_wall_s(),
                                 .cpu_ms = w->answer == NULL ? 0 : w->answer->cpu_ms,
                                 .still_there = w->there == NULL ? NULL : still_there,
                                 .ctx = w};
    book_answer(a->book, &answer);
    a->dirty |= state_put_rule(a->state, a->book, w->rule) > 0;
    w->judged_s = w->asked_s;
    if (error == NULL)
        w->answered_s = loop_mono_s();
    a->changed = true;
    watch_reset(w);
    alerts_wake(a);
}

/* Some alert of the rule is not ok: if the answer does not name it, why not? */
static bool asks_where(const struct watch *w)
{
    if (w->rule->floor_sql == NULL)
        return false;
    const struct alert *a;
    for (int i = 0; (a = book_alert_of(w->alerts->book, w->rule, i)) != NULL; i++) {
        if (a->state.phase == PHASE_OK)
            continue;
        bool named = false;
        for (int row = 0; row < w->answer->n_rows && !named; row++)
            named = names(w->rule, w->answer, row, a);
        if (!named)
            return true;
    }
    return false;
}

static void on_there(void *ctx, struct result *result, const char *error)
{
    struct watch *w = ctx;
    (void)error; /* then it is gone: as well as can be told */
    w->ticket = 0;
    w->alerts->n_running--;
    w->there = result;
    judge(w, NULL);
}

static void ask(struct watch *w, const char *sql, query_done_fn *fn)
{
    struct query q = {.sql = sql, .max_rows = MOST_ROWS, .seldom = true};
    w->ticket = query_submit(w->alerts->queries, w->snapshot, &q, PRIORITY, fn, w);
    w->alerts->n_running++;
}

static void on_answer(void *ctx, struct result *result, const char *error)
{
    struct watch *w = ctx;
    w->ticket = 0;
    w->alerts->n_running--;
    w->answer = result;
    if (result != NULL && asks_where(w))
        ask(w, w->rule->floor_sql, on_there);
    else
        judge(w, error);
}

/* ---- Asking ---- */

static void begin(struct watch *w, double now_s)
{
    struct alerts *a = w->alerts;
    double every_s = a->soon ? fmin(soon_s, w->rule->every_s) : w->rule->every_s;
    double next_s = w->due_s + every_s;
    w->due_s = next_s < now_s ? now_s + every_s : next_s;
    w->asked_s = now_s;
    if (a->moment == NULL || moment_age_s(a->moment, now_s) > together_s) {
        moment_free(a->moment);
        a->moment = moment_new(a, now_s);
    }
    w->snapshot = snapshot_ref(moment_snapshot(a->moment));
    w->coverage = coverage_of(a->moment, w->rule, &w->n_coverage);
    /* Many rules are about products that no target is: what is not there needs no SELECT to tell. */
    if (w->n_coverage == 0 && w->rule->from != NULL && !moment_has(a->moment, w->rule->from))
        judge(w, NULL);
    else
        ask(w, w->rule->sql, on_answer);
}

double watches_ask(struct alerts *a, double now_s)
{
    for (;;) {
        struct watch *first = NULL;
        double next_s = HUGE_VAL;
        for (int i = 0; i < a->settings.rules.n; i++) {
            struct watch *w = &a->watches[i];
            if (w->ticket == 0 && w->due_s < next_s) {
                next_s = w->due_s;
                first = w;
            }
        }
        if (a->n_running >= MOST_RUNNING)
            return HUGE_VAL; /* an answer wakes us */
        if (first == NULL || next_s > now_s) {
            moment_free(a->moment); /* it holds samples that may go */
            a->moment = NULL;
            return next_s;
        }
        begin(first, now_s);
    }
}

/* One that is late (its SELECT is slow) is no reason to say that nothing is judged; all are. */
bool alerts_judging(const struct alerts *a)
{
    double now_s = loop_mono_s();
    for (int i = 0; a->watches != NULL && i < a->settings.rules.n; i++) {
        const struct watch *w = &a->watches[i];
        if (!isinf(w->due_s) && now_s - w->answered_s <= intervals * w->rule->every_s + patience_s)
            return true;
    }
    return false;
}
