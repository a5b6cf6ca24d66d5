/* Cron's five fields as times: crontab(5), and what pg_cron adds to it. */
#include "core/cron.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                     "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};
enum { DAY_S = 86400, MOST_DAYS = 8 * 366 }; /* a 29th of February may be eight years away */

struct field {
    int low, high;
    const char *const *names; /* of LOW and what follows it; NULL: it has none */
};
// clang-format off
static const struct field fields[] = {{0, 59, NULL}, {0, 23, NULL}, {1, 31, NULL}, {1, 12, months}, {0, 7, weekdays}};
enum { MINUTES, HOURS, DAYS, MONTHS, WEEKDAYS, N_FIELDS };

static const struct { const char *name, *fields; } nicknames[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"},
};
// clang-format on

static bool number(const char **s, const struct field *f, int *out)
{
    for (int i = 0; f->names != NULL && f->names[i] != NULL; i++)
        if (strncasecmp(*s, f->names[i], 3) == 0) {
            *out = f->low + i;
            *s += 3;
            return true;
        }
    int v = 0, digits = 0;
    for (; isdigit((unsigned char)**s) && digits < 3; digits++)
        v = v * 10 + *(*s)++ - '0';
    *out = v;
    return digits > 0 && v >= f->low && v <= f->high;
}

/* One of a list: *, 5, 5-9, each perhaps with /2. */
static bool part(const char **s, const struct field *f, uint64_t *bits)
{
    int from = f->low, to = f->high, step = 1;
    bool one = false;
    if (**s == '*') {
        ++*s;
    } else {
        if (!number(s, f, &from))
            return false;
        one = **s != '-';
        to = from;
        if (!one && (++*s, !number(s, f, &to) || to < from))
            return false;
    }
    if (**s == '/') {
        ++*s;
        to = one ? f->high : to;
        if (!number(s, &(struct field){1, 59, NULL}, &step))
            return false;
    }
    for (int i = from; i <= to; i += step)
        *bits |= UINT64_C(1) << i;
    return true;
}

static bool list(const char **s, const struct field *f, uint64_t *bits)
{
    do {
        if (!part(s, f, bits))
            return false;
    } while (**s == ',' && ++*s);
    return **s == '\0' || isspace((unsigned char)**s);
}

static bool parse_fields(struct cron *c, const char *s)
{
    uint64_t bits[N_FIELDS] = {0};
    for (int i = 0; i < N_FIELDS; i++) {
        s += strspn(s, " \t");
        if (i == DAYS && (*s == '$' || *s == 'L') && (s[1] == ' ' || s[1] == '\t')) {
            c->last_day = true;
            s++;
            continue;
        }
        c->any_day = i == DAYS ? *s == '*' : c->any_day;
        c->any_weekday = i == WEEKDAYS ? *s == '*' : c->any_weekday;
        if (!list(&s, &fields[i], &bits[i]))
            return false;
    }
    c->minutes = bits[MINUTES];
    c->hours = (uint32_t)bits[HOURS];
    c->days = (uint32_t)bits[DAYS];
    c->months = (uint32_t)bits[MONTHS];
    c->weekdays = (uint32_t)(bits[WEEKDAYS] | bits[WEEKDAYS] >> 7) & 0x7f; /* 7 is Sunday too */
    return s[strspn(s, " \t")] == '\0';
}

bool cron_parse(struct cron *out, const char *s)
{
    struct cron c = {0};
    s += strspn(s, " \t");
    char *end;
    long seconds = strtol(s, &end, 10);
    if (end != s && (strcasecmp(end, " seconds") == 0 || strcasecmp(end, " second") == 0)) {
        c.interval_s = (double)seconds;
        *out = c;
        return seconds > 0 && seconds < 60;
    }
    for (size_t i = 0; i < sizeof(nicknames) / sizeof(nicknames[0]); i++)
        s = strcasecmp(s, nicknames[i].name) == 0 ? nicknames[i].fields : s;
    if (!parse_fields(&c, s))
        return false;
    *out = c;
    return true;
}

/* Year, month and day of DAY days since 1970-01-01: civil_from_days in H. Hinnant's "chrono-compatible
 * low-level date algorithms". */
static void date_of(int64_t day, int *year, int *month, int *mday)
{
    int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097, yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *mday = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static bool has_day(const struct cron *c, int64_t day)
{
    int year, month, mday, next_year, next_month, next;
    date_of(day, &year, &month, &mday);
    date_of(day + 1, &next_year, &next_month, &next);
    bool of_month = c->last_day ? next == 1 : (c->days >> mday & 1) != 0;
    bool of_week = (c->weekdays >> ((day % 7 + 11) % 7) & 1) != 0; /* 1970-01-01 was a Thursday */
    if ((c->months >> month & 1) == 0)
        return false;
    return c->any_day || c->any_weekday ? of_month && of_week : of_month || of_week;
}

double cron_after(const struct cron *c, double t_s)
{
    if (c->interval_s > 0)
        return t_s + c->interval_s;
    if (!(fabs(t_s) < 1e11))
        return NAN;
    int64_t minute = (int64_t)floor(t_s / 60) + 1, day = (int64_t)floor((double)minute / (DAY_S / 60));
    int64_t from = minute - day * (DAY_S / 60);
    for (int64_t last = day + MOST_DAYS; day <= last; day++, from = 0) {
        if (!has_day(c, day))
            continue;
        for (int64_t m = from; m < DAY_S / 60; m++)
            if ((c->hours >> m / 60 & 1) != 0 && (c->minutes >> m % 60 & 1) != 0)
                return (double)(day * DAY_S + m * 60);
    }
    return NAN;
}
