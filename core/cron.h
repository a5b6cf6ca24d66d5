/* Cron's five fields as times: when a job is due. In UTC, or in any clock without summer time that the caller
 * adds and takes away. */
#ifndef DBVITALS_CORE_CRON_H
#define DBVITALS_CORE_CRON_H

#include <stdbool.h>
#include <stdint.h>

/* A bit for each value that a field has. A day is due when it is of both fields, or, where both say
 * something, of one: as cron has it. */
struct cron {
    uint64_t minutes;
    uint32_t hours, days, months, weekdays; /* days and months from bit 1 on, Sunday is bit 0 */
    bool last_day;                          /* $ or L: the month's last */
    bool any_day, any_weekday;              /* the field begins with * */
    double interval_s; /* "30 seconds", as pg_cron has it: then there are no fields; else 0 */
};

/* Reads "0 3 * * 1-5", "@daily", "30 seconds". False where that is no schedule of times: @reboot, or not
 * understood. */
bool cron_parse(struct cron *out, const char *s);
/* The first time due after T_S (seconds since 1970), NAN if there is none within eight years. An interval
 * counts from T_S. */
double cron_after(const struct cron *c, double t_s);

#endif
