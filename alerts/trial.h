/* Rules tried on samples written by hand, on a clock that is simulated: `alerts test`, and the tests of what
 * ships. */
#ifndef DBVITALS_ALERTS_TRIAL_H
#define DBVITALS_ALERTS_TRIAL_H

#include "alerts/rule.h"

/* SAMPLES are lines of JSON, in order of their `at` (seconds from the start); empty ones and those that begin
 * with # are left out:
 *   {"at": 0, "dataset": "pools", "target": "shop", "rows": [{"kind": "slots", "in_use": 97}]}
 *     what the dataset looks like from then on. A counter is its total; "calls_per_s" lets it grow.
 *     "rows": null: it is not read any more.
 *   {"at": 90, "expect": "fired", "rule": "x", "target": "shop", "level": "critical"}
 *     such a transition has happened by then, and no line before has named it.
 *   {"at": 600, "expect": "nothing"}
 *     all that has happened was expected.
 * Appends a line to OUT for each transition, and for each expectation that is not met, which makes *MET
 * false. False with ERR when a line cannot be understood: "FILE:LINE: sentence". */
bool trial_run(const struct rules *rules, const struct registry *registry, const char *samples, size_t len,
               const char *file, struct text *out, bool *met, struct err *err);

#endif
