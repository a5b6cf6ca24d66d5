/* The overhead governor: stretches the cadence of expensive datasets so that our own cost on a server stays within a budget. */
#ifndef DBVITALS_ENGINE_GOVERNOR_H
#define DBVITALS_ENGINE_GOVERNOR_H

#include "engine/target.h"

/* One more poll took OWN_MS of the server's wall time: takes it into the estimate of what a poll costs. */
void governor_learn(struct feed *f, double own_ms);
/* EVERY_S, or longer for what is asked every few seconds and would take more than a quarter of BUDGET alone: up to 5 s. */
double governor_ease(const struct feed *f, double every_s, double budget);
/* Server time that the polls of T cost at their cadences, in ms per second. */
double governor_cost(const struct target *t);
/* One step: doubles the cadence of the feed that costs most while the sum is over BUDGET (share of one core), halves one that was stretched
 * when that leaves the sum under 80 % of it. */
void governor_balance(struct target *t, double budget);
/* After a time-out: twice as rarely. */
void governor_stretch(struct feed *f);

#endif
