/* Thresholds as people write them: "> 80 %", "<= 500 MB", ">= 5m". */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rule_private.h"
#include "core/when.h"

static const struct {
    const char *text;
    enum compare op;
} operators[] = {
    /* the longer ones first */
    {"<=", COMPARE_LE}, {">=", COMPARE_GE}, {"!=", COMPARE_NE}, {"<>", COMPARE_NE},
    {"==", COMPARE_EQ}, {"<", COMPARE_LT},  {">", COMPARE_GT},  {"=", COMPARE_EQ},
};
enum { N_OPERATORS = sizeof(operators) / sizeof(operators[0]) };

/* What may stand behind the number. Sizes are powers of 1024, as the servers' settings have them. */
static const struct {
    const char *text;
    enum measure measure;
    double factor;
} suffixes[] = {
    {"", MEASURE_PLAIN, 1},           {"%", MEASURE_SHARE, 0.01},        {"k", MEASURE_PLAIN, 1e3},
    {"M", MEASURE_PLAIN, 1e6},        {"G", MEASURE_PLAIN, 1e9},         {"B", MEASURE_BYTES, 1},
    {"kB", MEASURE_BYTES, 1024},      {"KiB", MEASURE_BYTES, 1024},      {"MB", MEASURE_BYTES, 1048576},
    {"MiB", MEASURE_BYTES, 1048576},  {"GB", MEASURE_BYTES, 1073741824}, {"GiB", MEASURE_BYTES, 1073741824},
    {"TB", MEASURE_BYTES, 0x1p40},    {"TiB", MEASURE_BYTES, 0x1p40},    {"/s", MEASURE_PLAIN, 1},
    {"MB/s", MEASURE_BYTES, 1048576}, {"kB/s", MEASURE_BYTES, 1024},     {"GB/s", MEASURE_BYTES, 1073741824},
};
enum { N_SUFFIXES = sizeof(suffixes) / sizeof(suffixes[0]) };

static const char expected[] = "expected a comparison with a number, such as > 80 %, < 0.95, >= 5m, > 500 MB";

/* By hand: strtod follows the locale, and reads "nan" and "0x1p3". */
static const char *read_number(const char *s, double *number)
{
    double value = 0, scale = 1;
    double sign = *s == '-' ? -1 : 1;
    s += *s == '-';
    if (!isdigit((unsigned char)*s))
        return NULL;
    for (; isdigit((unsigned char)*s) || *s == '_' || *s == ','; s++)
        if (isdigit((unsigned char)*s))
            value = value * 10 + (*s - '0');
    if (*s == '.')
        for (s++; isdigit((unsigned char)*s); s++) {
            value = value * 10 + (*s - '0');
            scale *= 10;
        }
    *number = sign * value / scale;
    return s;
}

static bool read_amount(const char *s, double *number, enum measure *measure)
{
    const char *behind = read_number(s, number);
    if (behind == NULL)
        return false;
    behind += strspn(behind, " \t");
    for (int i = 0; i < N_SUFFIXES; i++)
        if (strcmp(behind, suffixes[i].text) == 0) {
            *number *= suffixes[i].factor;
            *measure = suffixes[i].measure;
            return true;
        }
    char compact[64]; /* "60 s" as "60s" */
    size_t n = 0;
    for (; *s != '\0' && n + 1 < sizeof(compact); s++)
        if (*s != ' ')
            compact[n++] = *s;
    compact[n] = '\0';
    *measure = MEASURE_TIME;
    return duration_parse(compact, number, NULL);
}

bool threshold_read(const char *s, struct threshold *out, enum measure *measure, struct err *err)
{
    const char *p = s + strspn(s, " \t");
    for (int i = 0; i < N_OPERATORS; i++) {
        size_t len = strlen(operators[i].text);
        if (strncmp(p, operators[i].text, len) != 0)
            continue;
        p += len;
        p += strspn(p, " \t");
        double number;
        if (!read_amount(p, &number, measure))
            return fail(err, "'%s' is no threshold; %s", s, expected);
        *out = (struct threshold){.op = operators[i].op, .number = number, .text = s};
        return true;
    }
    return fail(err, "'%s' is no threshold; %s", s, expected);
}

bool threshold_parse(struct arena *arena, const char *s, struct threshold *out, struct err *err)
{
    enum measure measure;
    if (!threshold_read(s, out, &measure, err))
        return false;
    out->text = arena_dup(arena, s);
    return true;
}

bool threshold_fit(struct threshold *t, enum measure measure, enum unit unit, struct err *err)
{
    bool is_bytes = unit == UNIT_BYTES || unit == UNIT_BYTES_PER_S;
    if (measure == MEASURE_BYTES && !is_bytes)
        return fail(err, "'%s' is a size, but the value is in %s", t->text, unit_words(unit));
    if (measure == MEASURE_TIME && unit != UNIT_S && unit != UNIT_MS)
        return fail(err, "'%s' is a duration, but the value is in %s", t->text, unit_words(unit));
    if (measure == MEASURE_SHARE && unit != UNIT_RATIO && unit != UNIT_PERCENT)
        return fail(err, "'%s' is a percentage, but the value is in %s", t->text, unit_words(unit));
    if (measure == MEASURE_TIME && unit == UNIT_MS)
        t->number *= 1000;
    if (measure == MEASURE_SHARE && unit == UNIT_PERCENT)
        t->number *= 100;
    return true;
}

const char *unit_words(enum unit unit)
{
    return unit == UNIT_NONE ? "no unit: give one by `unit =`" : unit_name(unit);
}

bool threshold_holds(const struct threshold *t, double value)
{
    if (isnan(value))
        return false;
    switch (t->op) {
    case COMPARE_NONE:
        return false;
    case COMPARE_LT:
        return value < t->number;
    case COMPARE_LE:
        return value <= t->number;
    case COMPARE_GT:
        return value > t->number;
    case COMPARE_GE:
        return value >= t->number;
    case COMPARE_EQ:
        return !(value < t->number || value > t->number);
    case COMPARE_NE:
        return value < t->number || value > t->number;
    }
    return false;
}
