/* Numbers as people type them beside a column, and the operators between. */
#include "tui/quantity.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

// clang-format off
static const struct { const char *text; enum op op; const char *sql; } ops[] = {
    {"==", OP_EQUAL, "="},         {"!=", OP_NOT_EQUAL, "<>"}, {"<>", OP_NOT_EQUAL, "<>"}, {"<=", OP_LESS_EQUAL, "<="},
    {">=", OP_GREATER_EQUAL, ">="}, {"=", OP_EQUAL, "="},       {"<", OP_LESS, "<"},        {">", OP_GREATER, ">"},
};
/* What a suffix multiplies by, per family of units. The longest that fits is taken, so longer ones stand first. */
enum family { FAMILY_NONE, FAMILY_TIME, FAMILY_BYTES, FAMILY_COUNT, FAMILY_RATIO };
static const struct { const char *suffix; enum family family; double factor; } suffixes[] = {
    {"ms", FAMILY_TIME, 1e-3},    {"min", FAMILY_TIME, 60},     {"s", FAMILY_TIME, 1},        {"m", FAMILY_TIME, 60},
    {"h", FAMILY_TIME, 3600},     {"d", FAMILY_TIME, 86400},    {"us", FAMILY_TIME, 1e-6},
    {"kib", FAMILY_BYTES, 0x1p10}, {"mib", FAMILY_BYTES, 0x1p20}, {"gib", FAMILY_BYTES, 0x1p30}, {"tib", FAMILY_BYTES, 0x1p40},
    {"kb", FAMILY_BYTES, 0x1p10}, {"mb", FAMILY_BYTES, 0x1p20}, {"gb", FAMILY_BYTES, 0x1p30}, {"tb", FAMILY_BYTES, 0x1p40},
    {"k", FAMILY_BYTES, 0x1p10},  {"m", FAMILY_BYTES, 0x1p20},  {"g", FAMILY_BYTES, 0x1p30},  {"t", FAMILY_BYTES, 0x1p40},
    {"b", FAMILY_BYTES, 1},
    {"k", FAMILY_COUNT, 1e3},     {"m", FAMILY_COUNT, 1e6},     {"g", FAMILY_COUNT, 1e9},
    {"%", FAMILY_RATIO, 0.01},
};
// clang-format on

int op_parse(const char *s, enum op *op)
{
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        size_t len = strlen(ops[i].text);
        if (strncmp(s, ops[i].text, len) == 0) {
            *op = ops[i].op;
            return (int)len;
        }
    }
    return 0;
}

const char *op_sql(enum op op)
{
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (ops[i].op == op)
            return ops[i].sql;
    return "=";
}

bool op_holds(enum op op, double left, double right)
{
    if (isnan(left) || isnan(right))
        return false;
    switch (op) {
    case OP_EQUAL:
        return left == right;
    case OP_NOT_EQUAL:
        return left != right;
    case OP_LESS:
        return left < right;
    case OP_LESS_EQUAL:
        return left <= right;
    case OP_GREATER:
        return left > right;
    case OP_GREATER_EQUAL:
        return left >= right;
    }
    return false;
}

static enum family unit_family(enum unit unit)
{
    if (unit == UNIT_MS || unit == UNIT_S || unit == UNIT_MS_PER_S)
        return FAMILY_TIME;
    if (unit == UNIT_BYTES || unit == UNIT_BYTES_PER_S)
        return FAMILY_BYTES;
    if (unit == UNIT_RATIO)
        return FAMILY_RATIO;
    return FAMILY_COUNT;
}

/* Digits with at most one point, by hand: strtod would accept hexadecimal, inf, nan, and obey the locale. */
static const char *number_read(const char *s, double *out)
{
    double value = 0, scale = 1;
    int digits = 0;
    bool negative = *s == '-', point = false;
    if (*s == '-' || *s == '+')
        s++;
    for (; isdigit((unsigned char)*s) || (*s == '.' && !point); s++) {
        if (*s == '.') {
            point = true;
            continue;
        }
        if (++digits > 300)
            return NULL;
        value = value * 10 + (*s - '0');
        if (point)
            scale *= 10;
    }
    if (digits == 0)
        return NULL;
    *out = (negative ? -value : value) / scale;
    return s;
}

static const char *suffix_read(const char *s, enum family family, double *factor)
{
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        size_t len = strlen(suffixes[i].suffix);
        if (suffixes[i].family == family && strncasecmp(s, suffixes[i].suffix, len) == 0) {
            *factor = suffixes[i].factor;
            return s + len;
        }
    }
    return NULL;
}

static const char *blanks_skip(const char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return s;
}

bool quantity_parse(const char *s, enum unit unit, double *out)
{
    enum family family = unit_family(unit);
    double base = family == FAMILY_TIME && unit != UNIT_S ? 1e3 : 1;
    double sum = 0, part, factor;
    int parts = 0;
    s = blanks_skip(s);
    /* A duration may have several parts: 1h30m. */
    do {
        s = number_read(s, &part);
        if (s == NULL)
            return false;
        s = blanks_skip(s);
        const char *after = suffix_read(s, family, &factor);
        if (after == NULL) {
            if (parts > 0)
                return false;
            factor = family == FAMILY_RATIO && fabs(part) > 1 ? 0.01 : 1 / base;
        } else {
            s = blanks_skip(after);
        }
        sum += part * factor * base;
        parts++;
    } while (family == FAMILY_TIME && *s != '\0' && parts < 8);
    if (*s != '\0')
        return false;
    *out = sum;
    return true;
}
