/* Schedules: when cures are done without a person, each a [schedule NAME] of the config. The calendar is a
 * pure function of given moments. */
#ifndef DBVITALS_CURES_SCHEDULE_H
#define DBVITALS_CURES_SCHEDULE_H

#include "core/column.h"
#include "core/config.h"
#include "core/zone.h"
#include "cures/plan_words.h"

enum { MOST_TIMES = 24 };

/* Strings are its own. Times of day are seconds after midnight, by the clock of its time zone. */
struct schedule {
    char *name;
    char *when; /* in words: at 03:00, between 01:00-05:00, Europe/Berlin */
    struct zone *zone;
    double every_s;        /* from the beginning of its hours; NAN: `times` instead */
    int times[MOST_TIMES]; /* rising */
    int n_times;
    int days; /* that its hours begin on: bits, 0 Sunday */
    /* TO_S <= FROM_S goes on after midnight. Without hours: from midnight to midnight. */
    bool has_between;
    int from_s, to_s;
    double limit_s; /* that a run may take in all */
    struct plan_words actions;
    char *targets; /* patterns with * and ?, with commas or blanks between them; NULL: all */
};
struct schedules {
    struct schedule *list;
    int n;
};

/* The [schedule NAME] sections of CONFIG. Errors name file and line. OUT untouched on failure. */
bool schedules_read(const struct config *config, struct schedules *out, struct err *err);
/* The same, and that findings and targets of CONFIG are there for each. */
bool schedules_check(const struct config *config, const struct registry *registry, struct err *err);
void schedules_done(struct schedules *s);
bool schedule_is_for(const struct schedule *s, const char *target);

/* A moment when a schedule's run is due. Seconds since 1970. */
struct due {
    double at;
    double late_until; /* it may begin before: its hours, the next moment, and without hours an hour bound
                          it */
    double end;        /* of its hours: what runs then is cancelled; HUGE_VAL: it has none */
};
/* The first after AFTER. False: there is none in the next months, because its times are always skipped. */
bool schedule_next(const struct schedule *s, double after, struct due *out);
/* The newest of those after AFTER and not after NOW that may still begin at NOW. False: there is none. */
bool schedule_due(const struct schedule *s, double after, double now, struct due *out);

#endif
