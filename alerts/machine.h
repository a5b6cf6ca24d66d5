/* The state machine of one alert: a pure function of the state, an outcome, and the time that passed. */
#ifndef DBVITALS_ALERTS_MACHINE_H
#define DBVITALS_ALERTS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "alerts/level.h"

/* The three outcomes of an evaluation are three things. */
enum outcome_kind { OUTCOME_FALSE, OUTCOME_TRUE, OUTCOME_NO_DATA };
/* Why an outcome is false or has no data; why a transition happened. */
enum reason {
    REASON_NONE,
    REASON_THRESHOLD,
    REASON_BELOW,
    REASON_GONE,
    REASON_FLOOR,
    REASON_NO_DATA,
    REASON_REMOVED,
    REASON_ACKED
};
const char *reason_name(enum reason r); /* "threshold", "below", "gone", "below floor", "no data", "rule
                                           removed", "acknowledged" */

struct outcome {
    enum outcome_kind kind;
    enum level level;   /* TRUE: the worst level whose threshold holds; NO_DATA: what that counts as for
                           MACHINE_ALERT, LEVEL_NONE is a warning */
    enum level held_by; /* FALSE: the level whose hysteresis still holds (value not past `clear`), LEVEL_NONE
                           if none: counts as true at that level, but never worse than what is in force */
    enum reason reason;
};

enum phase { PHASE_OK, PHASE_PENDING, PHASE_FIRING, PHASE_KEPT };
const char *phase_name(enum phase p); /* "ok", "pending", "firing", "kept" (below, but keep_for runs) */

enum { FLAP_RESULTS = 21 };

/* All that is kept of one alert; plain data, written to the state file column by column. Times of the wall
 * are for people only: no decision reads them. Durations are sums of the steps of evaluations, so that a
 * clock that jumps, a suspended laptop, or a guard that was down neither fires nor resolves.
 *
 * Each level is on or off by itself: it comes on when results have been that bad, or worse, for `for`, and
 * goes off when they were better for `keep_for`. In force is the worst level that is on. So a value that
 * climbs through warning to critical is critical as soon as it was that for `for`, and one that swings
 * between ok and warning does not stay critical. */
struct alert_state {
    enum phase phase;
    enum level level;  /* PENDING: to become; FIRING, KEPT: in force */
    enum level rising; /* FIRING, KEPT: a worse level that is pending, else LEVEL_NONE */
    /* By level: how long the results have been against what it is (bad though off, good though on); NAN: they
     * are not. Index LEVEL_NONE is NAN. */
    double held_s[N_LEVELS];
    uint32_t history; /* of the last results: did the level in force change with it; bit 0 is the newest */
    int n_history;    /* at most FLAP_RESULTS - 1 */
    bool flapping;    /* notifications are held until it is calm */
    bool no_data;
    int64_t transitions; /* number of the last one: part of the id of a delivery */
    double active_at, fired_at, resolved_at, changed_at; /* wall, seconds since 1970; NAN: never */
};
struct machine {
    double for_s, keep_for_s;
    enum { MACHINE_KEEP, MACHINE_ALERT, MACHINE_OK } on_no_data;
    bool latched; /* no level goes off before it is acked */
    bool acked;   /* for latched ones */
};
enum change {
    CHANGE_NONE,
    CHANGE_PENDING,
    CHANGE_FIRED,
    CHANGE_ESCALATED,
    CHANGE_LOWERED,
    CHANGE_RESOLVED,
    CHANGE_DROPPED,
    CHANGE_FLAPPING,
    CHANGE_CALM
};
const char *change_name(enum change c);

struct transition {
    enum change change;
    enum level from, to;
    enum reason reason;
    int64_t number; /* 0 for PENDING and DROPPED, which nobody is told of */
};

void alert_state_init(struct alert_state *s);
/* FIRING and KEPT: the level; else LEVEL_NONE. */
enum level alert_state_force(const struct alert_state *s);
/* For people: how long what is under way (becoming worse first, else becoming better) has held; NAN: nothing
 * is. */
double alert_state_held_s(const struct alert_state *s);
/* One evaluation. STEP_S: seconds of monotonic time since the one before, at most a few cadences (the caller
 * cuts it). The first result against what a level is starts its timer at 0; the steps of later ones add up,
 * those of evaluations without data do not. Returns how many transitions happened (0..2: a flap change may
 * come with another, then as the second). */
int machine_step(struct alert_state *s, const struct machine *m, const struct outcome *o, double step_s,
                 double wall_s, struct transition out[2]);
/* The rule or target is not there any more: resolves with REASON_REMOVED. */
int machine_remove(struct alert_state *s, double wall_s, struct transition out[2]);

/* Weighted share of changes among the last FLAP_RESULTS results, newest weighted 1.25, oldest 0.75, as Naemon
 * documents: flapping begins above 0.20, ends below 0.05. Of HISTORY the N newest bits count. */
double flap_ratio(uint32_t history, int n);

#endif
