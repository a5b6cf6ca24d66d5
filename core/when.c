/* Moments and durations as people write them. */
#include "core/when.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/text.h"

static const double longest_s = 100 * 366 * 86400.0;

/* Reads digits with an optional fraction and moves *s behind them. By hand: strtod follows the locale and
 * reads "nan" and "0x1p3". */
static bool read_number(const char **s, double *number)
{
    const char *p = *s;
    double value = 0, scale = 1;
    if (!isdigit((unsigned char)*p))
        return false;
    for (; isdigit((unsigned char)*p); p++)
        value = value * 10 + (*p - '0');
    if (*p == '.' && isdigit((unsigned char)p[1]))
        for (p++; isdigit((unsigned char)*p); p++)
            if (scale < 1e9) { /* further digits are below a nanosecond */
                value = value * 10 + (*p - '0');
                scale *= 10;
            }
    *s = p;
    *number = value / scale;
    return true;
}

/* Seconds of the unit at *s, which moves behind it; 0 if there is none. */
static double read_unit(const char **s)
{
    // clang-format off
    static const struct { const char *name; double seconds; } units[] = {
        {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400},
    };
    // clang-format on
    size_t n = strspn(*s, "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (n == strlen(units[i].name) && memcmp(*s, units[i].name, n) == 0) {
            *s += n;
            return units[i].seconds;
        }
    return 0;
}

bool duration_parse(const char *s, double *seconds, struct err *err)
{
    static const char expected[] = "expected a duration such as 30s, 5m, 1h30m or 500ms";
    const char *p = s;
    double sum = 0, unit, unit_before = INFINITY;
    do {
        double number;
        if (!read_number(&p, &number))
            return fail(err, "'%s' is no duration; %s", s, expected);
        unit = *p == '\0' && isinf(unit_before) ? 1 : read_unit(&p);
        if (unit == 0 || unit >= unit_before)
            return fail(err, "'%s' is no duration; %s", s, expected);
        sum += number * unit;
        unit_before = unit;
    } while (*p != '\0');
    if (sum <= 0 || sum > longest_s)
        return fail(err, "'%s' is out of range; expected a duration above 0 and at most 100 years", s);
    *seconds = sum;
    return true;
}

/* What a moment was written as. */
struct written {
    bool has_date;
    bool has_offset;
    int offset_s; /* east of Greenwich */
    struct tm tm;
    double fraction;
};

/* Exactly n digits. */
static bool read_digits(const char **s, int n, int *value)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)(*s)[i]))
            return false;
        v = v * 10 + ((*s)[i] - '0');
    }
    *s += n;
    *value = v;
    return true;
}

static bool read_char(const char **s, const char *any_of)
{
    if (**s == '\0' || strchr(any_of, **s) == NULL)
        return false;
    ++*s;
    return true;
}

static bool read_date(const char **s, struct tm *tm)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!read_digits(s, 4, &year) || !read_char(s, "-") || !read_digits(s, 2, &month) || !read_char(s, "-") ||
        !read_digits(s, 2, &day))
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days[month - 1] ||
        (month == 2 && day == 29 && !leap))
        return false;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    return true;
}

static bool read_time(const char **s, struct written *w)
{
    if (!read_digits(s, 2, &w->tm.tm_hour) || !read_char(s, ":") || !read_digits(s, 2, &w->tm.tm_min))
        return false;
    if (read_char(s, ":")) {
        double seconds;
        if (!isdigit((unsigned char)(*s)[0]) || !isdigit((unsigned char)(*s)[1]) ||
            !read_number(s, &seconds) || seconds >= 60)
            return false;
        w->tm.tm_sec = (int)seconds;
        w->fraction = seconds - w->tm.tm_sec;
    }
    return w->tm.tm_hour < 24 && w->tm.tm_min < 60;
}

/* Z, +02, +0200, +02:00 or nothing. */
static bool read_offset(const char **s, struct written *w)
{
    if (**s == '\0')
        return true;
    w->has_offset = true;
    if (read_char(s, "Zz"))
        return true;
    int sign = **s == '-' ? -1 : 1, hours, minutes = 0;
    if (!read_char(s, "+-") || !read_digits(s, 2, &hours))
        return false;
    if (**s != '\0') {
        read_char(s, ":");
        if (!read_digits(s, 2, &minutes))
            return false;
    }
    w->offset_s = sign * (hours * 3600 + minutes * 60);
    return hours <= 15 && minutes < 60;
}

static bool read_written(const char *s, struct written *w)
{
    *w = (struct written){0};
    w->has_date = strlen(s) > 4 && s[4] == '-';
    if (w->has_date && (!read_date(&s, &w->tm) || !read_char(&s, " Tt")))
        return false;
    return read_time(&s, w) && read_offset(&s, w) && *s == '\0';
}

/* The local moment of these fields. An hour that comes twice (the clock is set back) is the later one unless
 * that is in the future; a time that does not exist (set forward) is read as if the clock had not been set
 * yet. */
static time_t local_moment(const struct tm *fields, double now_s)
{
    bool found = false;
    time_t best = 0;
    struct tm tm;
    for (int dst = 0; dst <= 1; dst++) {
        tm = *fields;
        tm.tm_isdst = dst;
        time_t t = mktime(&tm);
        /* What the library had to mend has moved to another hour. */
        if (tm.tm_isdst != dst || tm.tm_hour != fields->tm_hour || tm.tm_min != fields->tm_min)
            continue;
        time_t later = found && best > t ? best : t;
        time_t earlier = found && best < t ? best : t;
        best = (double)later <= now_s ? later : earlier;
        found = true;
    }
    if (found)
        return best;
    tm = *fields;
    tm.tm_isdst = 0;
    return mktime(&tm);
}

static double moment_of(const struct written *w, double now_s)
{
    struct tm tm = w->tm;
    return w->fraction +
           (w->has_offset ? (double)timegm(&tm) - w->offset_s : (double)local_moment(&w->tm, now_s));
}

/* Without a date: today, or yesterday if that would be in the future. Days go by the calendar: one may have
 * 23 or 25 hours. */
static double moment_of_clock(struct written *w, double now_s)
{
    time_t now = (time_t)floor(now_s);
    struct tm today;
    if (w->has_offset) {
        now += w->offset_s;
        gmtime_r(&now, &today);
    } else
        localtime_r(&now, &today);
    w->tm.tm_year = today.tm_year;
    w->tm.tm_mon = today.tm_mon;
    w->tm.tm_mday = today.tm_mday;
    double moment = moment_of(w, now_s);
    if (moment > now_s) {
        w->tm.tm_mday--; /* mktime and timegm know that the 0th is the last of the month before */
        moment = moment_of(w, now_s);
    }
    return moment;
}

bool moment_parse(const char *s, double now_s, double *moment, struct err *err)
{
    struct written w;
    double ago;
    if (strcmp(s, "now") == 0) {
        *moment = now_s;
        return true;
    }
    if (s[0] == '-' && duration_parse(s + 1, &ago, NULL)) {
        *moment = now_s - ago;
        return true;
    }
    if (!read_written(s, &w))
        return fail(err,
                    "'%s' is no time; expected 14:03, 2026-11-20 14:03:21 (local, or with Z or +02:00 at its "
                    "end), -5m or now",
                    s);
    *moment = w.has_date ? moment_of(&w, now_s) : moment_of_clock(&w, now_s);
    return true;
}

static void format_moment(char *out, size_t size, double moment, bool utc)
{
    if (size == 0)
        return;
    char text[40] = "n/a";
    struct tm tm;
    if (fabs(moment) < 1e11) { /* the year 5138; NAN fails this too */
        time_t t = (time_t)floor(moment);
        if ((utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) != NULL)
            strftime(text, sizeof(text), utc ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%S", &tm);
    }
    snprintf(out, size, "%s", text);
}

void moment_format_local(char *out, size_t size, double moment)
{
    format_moment(out, size, moment, false);
}

void moment_format_utc(char *out, size_t size, double moment)
{
    format_moment(out, size, moment, true);
}

bool clock_parse(const char *s, size_t len, int *seconds)
{
    int hours, minutes;
    const char *p = s;
    if (len != 5 || !read_digits(&p, 2, &hours) || !read_char(&p, ":") || !read_digits(&p, 2, &minutes) ||
        minutes >= 60 || hours * 60 + minutes > 24 * 60)
        return false;
    *seconds = (hours * 60 + minutes) * 60;
    return true;
}

/* The number of the day whose name begins at S, -1 if none does. */
static int day_at(const char *s)
{
    static const char *const names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
    for (int i = 0; i < 7; i++)
        if (strncasecmp(s, names[i], 3) == 0)
            return i;
    return -1;
}

/* "mon" or "fri-mon". */
static bool read_day(const char *word, size_t n, int *days)
{
    bool range = n == 7 && word[3] == '-';
    int first = n == 3 || range ? day_at(word) : -1, last = range ? day_at(word + 4) : first;
    if (first < 0 || last < 0)
        return false;
    for (int d = first;; d = (d + 1) % 7) {
        *days |= 1 << d;
        if (d == last)
            return true;
    }
}

bool days_parse(const char *list, int *days, struct err *err)
{
    int read = 0;
    for (size_t n; (n = text_word(&list)) > 0; list += n)
        if (!read_day(list, n, &read))
            return fail(err, "days: '%.*s'; expected sun, mon-fri and the like", (int)n, list);
    if (read == 0)
        return fail(err, "days is empty; expected sun, mon-fri and the like");
    *days = read;
    return true;
}
