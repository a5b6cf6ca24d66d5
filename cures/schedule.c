/* The calendar of schedules: hours of days, moments in them. */
#include "cures/schedule.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>

#include "core/text.h"

/* Without hours a run may begin this late. */
static const double may_be_late_s = 3600;
/* A schedule of one weekday has its next moment within a week, or a week later where the clock skips it; more
 * of that there never was. */
enum { DAY_S = 86400, DAYS_AHEAD = 40, DAYS_BACK = 3 };

/* The hours of one day, as moments. */
struct hours {
    int64_t day; /* since 1970, that it begins on */
    double begin, end;
};

static struct hours hours_of(const struct schedule *s, int64_t day)
{
    int length = (s->to_s > s->from_s ? 0 : DAY_S) + s->to_s - s->from_s;
    return (struct hours){.day = day,
                          .begin = (double)zone_moment(s->zone, day * DAY_S + s->from_s),
                          .end = (double)zone_moment(s->zone, day * DAY_S + s->from_s + length)};
}

static bool has_day(const struct schedule *s, int64_t day)
{
    return (s->days >> (day + 4) % 7 & 1) != 0; /* 1970-01-01 was a Thursday */
}

static int64_t day_at(const struct schedule *s, double moment)
{
    int64_t m = (int64_t)floor(moment);
    return (m + zone_offset(s->zone, m)) / DAY_S;
}

/* Moment number I of the hours H, in rising order; NAN: it does not have it. A time of day that the clock
 * skips is the moment when it was set, so that with hours it may be outside. */
static double moment_of(const struct schedule *s, const struct hours *h, double i)
{
    if (!isnan(s->every_s)) {
        double moment = h->begin + i * s->every_s;
        return moment < h->end ? moment : NAN;
    }
    int time = s->times[(int)i];
    int64_t day = h->day + (s->has_between && time < s->from_s);
    double moment = (double)zone_moment(s->zone, day * DAY_S + time);
    return !s->has_between || (moment >= h->begin && moment < h->end) ? moment : NAN;
}

/* The first moment of hours H after AFTER, or the last one not after it; NAN: there is none. */
static double first_after(const struct schedule *s, const struct hours *h, double after)
{
    double best = NAN;
    if (!isnan(s->every_s)) {
        double i = after < h->begin ? 0 : floor((after - h->begin) / s->every_s) + 1;
        return moment_of(s, h, i);
    }
    for (int i = 0; i < s->n_times; i++) {
        double moment = moment_of(s, h, i);
        if (moment > after && !(moment >= best))
            best = moment;
    }
    return best;
}

static double last_until(const struct schedule *s, const struct hours *h, double now)
{
    double best = NAN;
    if (!isnan(s->every_s)) {
        double last = fmin(now, h->end - 0.001);
        return last < h->begin ? NAN : moment_of(s, h, floor((last - h->begin) / s->every_s));
    }
    for (int i = 0; i < s->n_times; i++) {
        double moment = moment_of(s, h, i);
        if (moment <= now && !(moment <= best))
            best = moment;
    }
    return best;
}

static bool find_next(const struct schedule *s, double after, double *at, double *end)
{
    int64_t from = day_at(s, after) - DAYS_BACK;
    for (int64_t day = from; day < from + DAYS_AHEAD; day++) {
        if (!has_day(s, day))
            continue;
        struct hours h = hours_of(s, day);
        *at = first_after(s, &h, after);
        *end = s->has_between ? h.end : HUGE_VAL;
        if (!isnan(*at))
            return true;
    }
    return false;
}

static struct due make_due(const struct schedule *s, double at, double end)
{
    double next, ignored, late = isnan(s->every_s) && !s->has_between ? at + may_be_late_s : end;
    if (find_next(s, at, &next, &ignored))
        late = fmin(late, next);
    return (struct due){.at = at, .late_until = late, .end = end};
}

bool schedule_next(const struct schedule *s, double after, struct due *out)
{
    double at, end;
    if (!find_next(s, after, &at, &end))
        return false;
    *out = make_due(s, at, end);
    return true;
}

bool schedule_due(const struct schedule *s, double after, double now, struct due *out)
{
    int64_t today = day_at(s, now);
    for (int64_t day = today + 1; day >= today - DAYS_BACK; day--) {
        if (!has_day(s, day))
            continue;
        struct hours h = hours_of(s, day);
        double at = last_until(s, &h, now);
        if (isnan(at))
            continue;
        struct due due = make_due(s, at, s->has_between ? h.end : HUGE_VAL);
        if (at <= after || now >= due.late_until)
            return false;
        *out = due;
        return true;
    }
    return false;
}

bool schedule_is_for(const struct schedule *s, const char *target)
{
    const char *list = s->targets;
    char pattern[256];
    if (list == NULL)
        return true;
    for (size_t n; (n = text_word(&list)) > 0; list += n) {
        snprintf(pattern, sizeof(pattern), "%.*s", (int)n, list);
        if (fnmatch(pattern, target, 0) == 0)
            return true;
    }
    return false;
}
