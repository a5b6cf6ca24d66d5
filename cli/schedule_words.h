/* When schedules are due, for a person: by the clock of their own zone. */
#ifndef DBVITALS_CLI_SCHEDULE_WORDS_H
#define DBVITALS_CLI_SCHEDULE_WORDS_H

#include "core/text.h"
#include "cures/schedule.h"

/* The next N moments after AFTER, each with its offset from Greenwich: "Sun 2026-11-22 01:00 +01:00". */
void schedule_words_next(const struct schedule *s, double after, int n, struct text *out);

#endif
