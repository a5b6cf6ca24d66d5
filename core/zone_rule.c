/* The rule that says how a time zone goes on: the last line of a file of the TZ database, as POSIX has TZ
 * (RFC 8536, 3.3.1). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/zone_private.h"

enum { FIRST_YEAR = 1900, LAST_YEAR = 2200, MOST_HOURS = 167 };

/* When the clock is set each year. */
struct setting {
    enum { BY_WEEKDAY, BY_DAY, BY_DAY_WITHOUT_LEAP } how;
    int month, week,
        day;    /* BY_WEEKDAY: the WEEKth (5: the last) weekday DAY of MONTH; else the day of the year */
    int time_s; /* after that day's midnight, by the clock as it was before */
};
struct rule {
    int standard, summer; /* offsets */
    bool has_summer;
    struct setting to_summer, to_standard;
};

/* ---- Reading ---- */

static bool read_int(const char **s, int most, int *out)
{
    int value = 0;
    if (!isdigit((unsigned char)**s))
        return false;
    for (; isdigit((unsigned char)**s); ++*s)
        if ((value = value * 10 + (**s - '0')) > most)
            return false;
    *out = value;
    return true;
}

static bool skip_char(const char **s, char c)
{
    if (**s != c)
        return false;
    ++*s;
    return true;
}

/* [+-]h[:m[:s]] */
static bool read_time(const char **s, int *out)
{
    int sign = **s == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;
    if (**s == '-' || **s == '+')
        ++*s;
    if (!read_int(s, MOST_HOURS, &hours) || (skip_char(s, ':') && !read_int(s, 59, &minutes)) ||
        (skip_char(s, ':') && !read_int(s, 59, &seconds)))
        return false;
    *out = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

/* CET, or <+03>. */
static bool skip_name(const char **s)
{
    static const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (**s == '<') {
        const char *end = strchr(*s, '>');
        *s = end == NULL ? *s : end + 1;
        return end != NULL;
    }
    size_t n = strspn(*s, letters);
    *s += n;
    return n >= 3;
}

static bool read_setting(const char **s, struct setting *out)
{
    bool ok;
    *out = (struct setting){.how = BY_DAY, .time_s = 2 * 3600};
    if (skip_char(s, 'M')) {
        out->how = BY_WEEKDAY;
        ok = read_int(s, 12, &out->month) && out->month >= 1 && skip_char(s, '.') &&
             read_int(s, 5, &out->week) && out->week >= 1 && skip_char(s, '.') && read_int(s, 6, &out->day);
    } else {
        out->how = skip_char(s, 'J') ? BY_DAY_WITHOUT_LEAP : BY_DAY;
        ok = read_int(s, 365, &out->day);
    }
    return ok && (!skip_char(s, '/') || read_time(s, &out->time_s));
}

static bool read_rule(const char *s, struct rule *out)
{
    int west;
    if (!skip_name(&s) || !read_time(&s, &west))
        return false;
    *out = (struct rule){.standard = -west, .summer = -west + 3600, .has_summer = *s != '\0'};
    if (!out->has_summer)
        return true;
    if (!skip_name(&s))
        return false;
    if (*s != ',' && *s != '\0') {
        if (!read_time(&s, &west))
            return false;
        out->summer = -west;
    }
    if (*s == '\0') /* what the C library takes then */
        s = ",M3.2.0,M11.1.0";
    return skip_char(&s, ',') && read_setting(&s, &out->to_summer) && skip_char(&s, ',') &&
           read_setting(&s, &out->to_standard) && *s == '\0';
}

/* ---- Going on ---- */

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The day of SETTING in YEAR, since 1970. */
static int64_t day_of(const struct setting *setting, int year)
{
    if (setting->how == BY_DAY)
        return zone_day(year, 1, 1) + setting->day;
    if (setting->how == BY_DAY_WITHOUT_LEAP)
        return zone_day(year, 1, 1) + setting->day - 1 + (is_leap(year) && setting->day >= 60);
    int64_t first = zone_day(year, setting->month, 1);
    int64_t next_month =
        setting->month == 12 ? zone_day(year + 1, 1, 1) : zone_day(year, setting->month + 1, 1);
    int weekday = (int)((first + 4) % 7); /* 1970-01-01 was a Thursday */
    int64_t day = first + (setting->day - weekday + 7) % 7 + (setting->week - 1) * 7;
    return day < next_month ? day : day - 7;
}

static int64_t moment_of(const struct setting *setting, int year, int offset_before)
{
    return day_of(setting, year) * DAY_S + setting->time_s - offset_before;
}

bool zone_add_rule(struct zone *z, const char *text)
{
    struct rule rule;
    if (!read_rule(text, &rule))
        return false;
    bool alone = z->n == 0;
    int64_t after = alone ? -1 : z->changes[z->n - 1].at;
    int64_t year = 1969 + after / (366 * DAY_S); /* not later than the true one, for the next centuries */
    if (year < FIRST_YEAR)
        year = FIRST_YEAR;
    if (alone)
        z->first = rule.standard;
    for (; rule.has_summer && year <= LAST_YEAR; year++) {
        struct zone_change summer = {moment_of(&rule.to_summer, (int)year, rule.standard), rule.summer},
                           standard = {moment_of(&rule.to_standard, (int)year, rule.summer), rule.standard};
        bool summer_first = summer.at <= standard.at; /* not in the south */
        const struct zone_change both[] = {summer_first ? summer : standard,
                                           summer_first ? standard : summer};
        for (int i = 0; i < 2; i++)
            if (both[i].at > after)
                zone_add(z, both[i].at, both[i].offset);
    }
    return true;
}
