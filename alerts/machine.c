/* The state machine of one alert: a pure function of the state, an outcome, and the time that passed. */
#include "alerts/machine.h"

#include <math.h>

static const char *const reason_names[] = {
    [REASON_NONE] = "",
    [REASON_THRESHOLD] = "threshold",
    [REASON_BELOW] = "below",
    [REASON_GONE] = "gone",
    [REASON_FLOOR] = "below floor",
    [REASON_NO_DATA] = "no data",
    [REASON_REMOVED] = "rule removed",
    [REASON_ACKED] = "acknowledged",
};
static const char *const phase_names[] = {"ok", "pending", "firing", "kept"};
static const char *const change_names[] = {
    [CHANGE_NONE] = "none",           [CHANGE_PENDING] = "pending",   [CHANGE_FIRED] = "fired",
    [CHANGE_ESCALATED] = "escalated", [CHANGE_LOWERED] = "lowered",   [CHANGE_RESOLVED] = "resolved",
    [CHANGE_DROPPED] = "dropped",     [CHANGE_FLAPPING] = "flapping", [CHANGE_CALM] = "calm",
};

const char *reason_name(enum reason r)
{
    return reason_names[r];
}

const char *phase_name(enum phase p)
{
    return phase_names[p];
}

const char *change_name(enum change c)
{
    return change_names[c];
}

static void stop_timers(struct alert_state *s)
{
    for (int l = 0; l < N_LEVELS; l++)
        s->held_s[l] = NAN;
}

void alert_state_init(struct alert_state *s)
{
    *s = (struct alert_state){.active_at = NAN, .fired_at = NAN, .resolved_at = NAN, .changed_at = NAN};
    stop_timers(s);
}

enum level alert_state_force(const struct alert_state *s)
{
    return s->phase == PHASE_FIRING || s->phase == PHASE_KEPT ? s->level : LEVEL_NONE;
}

double alert_state_held_s(const struct alert_state *s)
{
    if (s->phase == PHASE_PENDING || s->rising == LEVEL_NONE)
        return s->held_s[s->level];
    return s->held_s[s->rising];
}

/* How bad this result is; LEVEL_NONE is good. */
static enum level badness(const struct machine *m, const struct outcome *o, enum level force)
{
    switch (o->kind) {
    case OUTCOME_TRUE:
        return o->level;
    case OUTCOME_FALSE:
        return o->held_by < force ? o->held_by : force;
    case OUTCOME_NO_DATA:
        break;
    }
    if (m->on_no_data != MACHINE_ALERT)
        return LEVEL_NONE;
    enum level counts_as = o->level == LEVEL_NONE ? LEVEL_WARNING : o->level;
    return counts_as > force ? counts_as : force;
}

/* The level in force after a result that is as bad as BAD: timers go on, and what is over turns its level. */
static enum level turn(struct alert_state *s, const struct machine *m, enum level bad, enum level force,
                       double step_s)
{
    enum level worst = LEVEL_NONE;
    for (enum level l = LEVEL_INFO; l <= LEVEL_CRITICAL; l++) {
        bool is_bad = bad >= l, on = force >= l;
        if (is_bad == on)
            s->held_s[l] = NAN;
        else if (isnan(s->held_s[l]))
            s->held_s[l] = 0;
        else
            s->held_s[l] += step_s;
        if (!on && s->held_s[l] >= m->for_s)
            on = true;
        else if (on && s->held_s[l] >= m->keep_for_s && (!m->latched || m->acked))
            on = false;
        if (on == is_bad)
            s->held_s[l] = NAN;
        if (on) /* a worse level never is on without the milder ones: its timers are never ahead */
            worst = l;
    }
    return worst;
}

static void set_phase(struct alert_state *s, enum level force, enum level bad)
{
    if (force == LEVEL_NONE) {
        s->phase = bad == LEVEL_NONE ? PHASE_OK : PHASE_PENDING;
        s->level = bad;
        s->rising = LEVEL_NONE;
        return;
    }
    s->phase = bad == LEVEL_NONE ? PHASE_KEPT : PHASE_FIRING;
    s->level = force;
    s->rising = bad > force ? bad : LEVEL_NONE;
}

static enum change change_of(enum phase was, enum phase now, enum level before, enum level after)
{
    if (before == LEVEL_NONE && after != LEVEL_NONE)
        return CHANGE_FIRED;
    if (before != LEVEL_NONE && after == LEVEL_NONE)
        return CHANGE_RESOLVED;
    if (before != after)
        return after > before ? CHANGE_ESCALATED : CHANGE_LOWERED;
    if (was == PHASE_OK && now == PHASE_PENDING)
        return CHANGE_PENDING;
    if (was == PHASE_PENDING && now == PHASE_OK)
        return CHANGE_DROPPED;
    return CHANGE_NONE;
}

static enum reason reason_of(enum change change, const struct machine *m, const struct outcome *o)
{
    if (o->kind == OUTCOME_NO_DATA)
        return REASON_NO_DATA;
    if (o->kind == OUTCOME_TRUE)
        return change == CHANGE_LOWERED ? REASON_BELOW : REASON_THRESHOLD;
    if (change == CHANGE_RESOLVED && m->latched)
        return REASON_ACKED;
    return change == CHANGE_LOWERED || o->reason == REASON_NONE ? REASON_BELOW : o->reason;
}

static void keep_times(struct alert_state *s, enum phase was, enum change change, double wall_s)
{
    if (was == PHASE_OK && s->phase != PHASE_OK)
        s->active_at = wall_s;
    if (change == CHANGE_DROPPED)
        s->active_at = NAN;
    if (change == CHANGE_FIRED) {
        s->fired_at = wall_s;
        s->resolved_at = NAN;
    }
    if (change == CHANGE_RESOLVED)
        s->resolved_at = wall_s;
    if (change != CHANGE_NONE)
        s->changed_at = wall_s;
}

static int add(struct alert_state *s, struct transition *out, int n, struct transition t)
{
    if (t.change == CHANGE_NONE)
        return n;
    if (t.change != CHANGE_PENDING && t.change != CHANGE_DROPPED)
        t.number = ++s->transitions;
    out[n] = t;
    return n + 1;
}

/* Weights as whole numbers, 95 down to 57 by 2, so that what is just at a bound is not a matter of rounding.
 */
double flap_ratio(uint32_t history, int n)
{
    const int most = FLAP_RESULTS - 1, unit = 4 * (most - 1);
    int changes = 0;
    for (int i = 0; i < n && i < most; i++)
        if (history >> i & 1)
            changes += unit * 5 / 4 - 2 * i;
    return (double)changes / (unit * most);
}

/* FLAPPING or CALM when this result began or ended it. */
static enum change watch_flapping(struct alert_state *s, bool changed)
{
    const int most = FLAP_RESULTS - 1;
    s->history = (s->history << 1 | changed) & ((UINT32_C(1) << most) - 1);
    s->n_history += s->n_history < most;
    double ratio = flap_ratio(s->history, s->n_history);
    if (s->flapping ? ratio >= 0.05 : ratio <= 0.20)
        return CHANGE_NONE;
    s->flapping = !s->flapping;
    return s->flapping ? CHANGE_FLAPPING : CHANGE_CALM;
}

int machine_step(struct alert_state *s, const struct machine *m, const struct outcome *o, double step_s,
                 double wall_s, struct transition out[2])
{
    s->no_data = o->kind == OUTCOME_NO_DATA;
    if (s->no_data && m->on_no_data == MACHINE_KEEP)
        return 0;
    enum phase was = s->phase;
    enum level before = alert_state_force(s), bad = badness(m, o, before);
    enum level after = turn(s, m, bad, before, step_s > 0 ? step_s : 0);
    set_phase(s, after, bad);
    enum change change = change_of(was, s->phase, before, after);
    keep_times(s, was, change, wall_s);
    struct transition step = {change, before, after, reason_of(change, m, o), 0};
    if (change == CHANGE_PENDING)
        step.to = bad;
    int n = add(s, out, 0, step);
    struct transition flap = {watch_flapping(s, before != after), after, after, REASON_NONE, 0};
    return add(s, out, n, flap);
}

int machine_remove(struct alert_state *s, double wall_s, struct transition out[2])
{
    enum phase was = s->phase;
    enum level before = alert_state_force(s);
    stop_timers(s);
    set_phase(s, LEVEL_NONE, LEVEL_NONE);
    s->no_data = false;
    enum change change = change_of(was, PHASE_OK, before, LEVEL_NONE);
    keep_times(s, was, change, wall_s);
    int n = add(s, out, 0, (struct transition){change, before, LEVEL_NONE, REASON_REMOVED, 0});
    if (s->flapping)
        n = add(s, out, n, (struct transition){CHANGE_CALM, LEVEL_NONE, LEVEL_NONE, REASON_REMOVED, 0});
    s->flapping = false;
    s->history = 0;
    s->n_history = 0;
    return n;
}
