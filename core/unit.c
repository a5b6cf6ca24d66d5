/* Numbers as a tired person reads them: two or three figures, a unit, and never a lie at 0 % or 100 %. */
#include "core/unit.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// clang-format off
static const struct unit_row {
    const char *name;
    enum unit rate;
    const char *suffix; /* of a result column's name */
} units[N_UNITS] = {
    [UNIT_NONE]        = {"",        UNIT_COUNT_PER_S, NULL},
    [UNIT_COUNT]       = {"count",   UNIT_COUNT_PER_S, NULL},
    [UNIT_BYTES]       = {"bytes",   UNIT_BYTES_PER_S, "_bytes"},
    [UNIT_PAGES]       = {"pages",   UNIT_PAGES_PER_S, NULL},
    [UNIT_MS]          = {"ms",      UNIT_MS_PER_S,    "_ms"},
    [UNIT_S]           = {"s",       UNIT_S_PER_S,     "_s"},
    [UNIT_RATIO]       = {"ratio",   UNIT_COUNT_PER_S, "_ratio"},
    [UNIT_PERCENT]     = {"percent", UNIT_COUNT_PER_S, "_pct"},
    [UNIT_TIME]        = {"time",    UNIT_COUNT_PER_S, NULL},
    [UNIT_LSN]         = {"lsn",     UNIT_BYTES_PER_S, NULL},
    [UNIT_BOOL]        = {"bool",    UNIT_COUNT_PER_S, NULL},
    [UNIT_COUNT_PER_S] = {"count/s", UNIT_COUNT_PER_S, "_per_s"},
    [UNIT_BYTES_PER_S] = {"bytes/s", UNIT_COUNT_PER_S, "_bytes_per_s"},
    [UNIT_PAGES_PER_S] = {"pages/s", UNIT_COUNT_PER_S, "_pages_per_s"},
    [UNIT_MS_PER_S]    = {"ms/s",    UNIT_COUNT_PER_S, "_ms_per_s"},
    [UNIT_S_PER_S]     = {"s/s",     UNIT_COUNT_PER_S, "_s_per_s"},
};
// clang-format on

const char *unit_name(enum unit u)
{
    return units[u].name;
}

int unit_parse(const char *name)
{
    for (int u = UNIT_NONE + 1; u < N_UNITS; u++)
        if (strcmp(units[u].name, name) == 0)
            return u;
    return -1;
}

enum unit unit_rate(enum unit u)
{
    return units[u].rate;
}

enum unit unit_of_suffix(const char *column_name)
{
    size_t len = strlen(column_name), longest = 0;
    enum unit found = UNIT_NONE;
    for (int u = 0; u < N_UNITS; u++) {
        size_t n = units[u].suffix == NULL ? 0 : strlen(units[u].suffix);
        if (n > longest && n <= len && strcmp(column_name + len - n, units[u].suffix) == 0) {
            found = (enum unit)u;
            longest = n;
        }
    }
    return found;
}

/* "1284" as "1,284": whole numbers below 10^15. */
static void put_grouped(char *out, size_t size, double v)
{
    char digits[24], grouped[32];
    int n = snprintf(digits, sizeof(digits), "%.0f", v), to = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0 && isdigit((unsigned char)digits[i - 1]))
            grouped[to++] = ',';
        grouped[to++] = digits[i];
    }
    grouped[to] = '\0';
    snprintf(out, size, "%s", grouped);
}

/* V >= 0 below 1000, rounded to one decimal below `tenths_below` and three below a tenth. */
static void put_small(char *out, size_t size, double v, double tenths_below)
{
    if (v == 0)
        snprintf(out, size, "0");
    else if (v < 0.0005)
        snprintf(out, size, "<0.001");
    else if (v < 0.0995)
        snprintf(out, size, "%.3f", v);
    else
        snprintf(out, size, "%.*f", v < tenths_below - 0.05 ? 1 : 0, v);
}

static void put_count(char *out, size_t size, double v)
{
    static const char scales[] = "MGTPE";
    if (v < 999999.5) {
        if (v == floor(v) || v >= 9.95)
            put_grouped(out, size, v);
        else
            put_small(out, size, v, 10);
        return;
    }
    int scale = 0;
    for (v /= 1e6; v >= 999.5 && scales[scale + 1] != '\0'; v /= 1000)
        scale++;
    if (v >= 999.5)
        snprintf(out, size, "%.1e", v * 1e18);
    else
        snprintf(out, size, "%.*f%c", v < 99.95 ? 1 : 0, v, scales[scale]);
}

static void put_bytes(char *out, size_t size, double v)
{
    static const char *const scales[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (v < 1023.5) {
        char number[16];
        put_small(number, sizeof(number), v, v == floor(v) ? 0 : 10);
        snprintf(out, size, "%s B", number);
        return;
    }
    int scale = 0;
    for (v /= 1024; v >= 999.5 && scale < 5; v /= 1024)
        scale++;
    if (v >= 999.5)
        snprintf(out, size, "%.1e B", v * 0x1p60);
    else
        snprintf(out, size, "%.*f %s", v < 99.95 ? 1 : 0, v, scales[scale]);
}

static void put_seconds(char *out, size_t size, double v)
{
    char number[16];
    if (v < 59.95) {
        put_small(number, sizeof(number), v, 100);
        snprintf(out, size, "%s s", number);
        return;
    }
    if (v >= 86400.0 * 1000) {
        put_count(number, sizeof(number), floor(v / 86400));
        snprintf(out, size, "%sd", number);
        return;
    }
    long s = lround(v), m = s / 60, h = m / 60;
    if (h == 0)
        snprintf(out, size, "%ldm%02lds", m, s % 60);
    else if (h < 24)
        snprintf(out, size, "%ldh%02ldm", h, m % 60);
    else
        snprintf(out, size, "%ldd %ldh", h / 24, h % 24);
}

static void put_ms(char *out, size_t size, double v)
{
    if (v >= 999.5) {
        put_seconds(out, size, v / 1000);
        return;
    }
    char number[16];
    put_small(number, sizeof(number), v, 100);
    snprintf(out, size, "%s ms", number);
}

/* What is not all is never shown as 100 %, what is not nothing never as 0 %. */
static void put_percent(char *out, size_t size, double v)
{
    char number[24];
    if (v == 0)
        snprintf(out, size, "0 %%");
    else if (v < 0.05)
        snprintf(out, size, "<0.1 %%");
    else if (v < 9.95 || (v >= 98.5 && v < 100))
        snprintf(out, size, "%.1f %%", v > 99.9 ? 99.9 : v);
    else {
        put_count(number, sizeof(number), v < 999999.5 ? round(v) : v);
        snprintf(out, size, "%s %%", number);
    }
}

static void put_ms_per_s(char *out, size_t size, double v)
{
    char number[24];
    bool seconds = v >= 999.5;
    if (seconds)
        v /= 1000;
    if (v < 99.95)
        put_small(number, sizeof(number), v, 100);
    else
        put_count(number, sizeof(number), v);
    snprintf(out, size, "%s %s", number, seconds ? "s/s" : "ms/s");
}

/* A number that is a name, or of which nothing is known: all its digits while they fit. */
static void put_plain(char *out, size_t size, double v)
{
    if (v >= 1e19 || (v < 0.001 && v > 0))
        snprintf(out, size, "%.2e", v);
    else if (v == floor(v))
        snprintf(out, size, "%.0f", v);
    else
        snprintf(out, size, "%.*f", v < 10 ? 3 : 1, v);
}

static void put_time(char *out, size_t size, double v)
{
    time_t then = (time_t)floor(v), now = time(NULL);
    struct tm t, today;
    if (fabs(v) > 1e12 || localtime_r(&then, &t) == NULL || localtime_r(&now, &today) == NULL) {
        snprintf(out, size, "n/a");
        return;
    }
    bool is_today = t.tm_yday == today.tm_yday && t.tm_year == today.tm_year;
    char text[40];
    strftime(text, sizeof(text), is_today ? "%H:%M:%S" : "%Y-%m-%d %H:%M", &t);
    snprintf(out, size, "%s", text);
}

static void put_lsn(char *out, size_t size, double v)
{
    uint64_t lsn = v < 0x1p64 ? (uint64_t)v : UINT64_MAX;
    snprintf(out, size, "%" PRIX32 "/%" PRIX32, (uint32_t)(lsn >> 32), (uint32_t)lsn);
}

/* V >= 0 and finite. */
static void put(char *out, size_t size, double v, enum unit u)
{
    char number[32];
    switch (u) {
    case UNIT_COUNT:
    case UNIT_PAGES:
        put_count(out, size, v);
        return;
    case UNIT_COUNT_PER_S:
    case UNIT_PAGES_PER_S:
        if (v < 9.95)
            put_small(number, sizeof(number), v, 10);
        else
            put_count(number, sizeof(number), v);
        snprintf(out, size, "%s/s", number);
        return;
    case UNIT_BYTES:
        put_bytes(out, size, v);
        return;
    case UNIT_BYTES_PER_S:
        put_bytes(number, sizeof(number), v);
        snprintf(out, size, "%s/s", number);
        return;
    case UNIT_MS:
        put_ms(out, size, v);
        return;
    case UNIT_S:
        put_seconds(out, size, v);
        return;
    case UNIT_MS_PER_S:
        put_ms_per_s(out, size, v);
        return;
    case UNIT_S_PER_S:
        if (v < 99.95)
            put_small(out, size, v, 100);
        else
            put_count(out, size, v);
        return;
    case UNIT_RATIO:
        put_percent(out, size, v * 100);
        return;
    case UNIT_PERCENT:
        put_percent(out, size, v);
        return;
    case UNIT_LSN:
        put_lsn(out, size, v);
        return;
    case UNIT_BOOL:
        snprintf(out, size, "%s", v != 0 ? "yes" : "no");
        return;
    case UNIT_NONE:
    case UNIT_TIME: /* has been dealt with */
    case N_UNITS:
        break;
    }
    put_plain(out, size, v);
}

void unit_format(char *out, size_t size, double v, enum unit u)
{
    if (size == 0)
        return;
    if (isnan(v))
        snprintf(out, size, "n/a");
    else if (isinf(v))
        snprintf(out, size, v < 0 ? "-inf" : "inf");
    else if (u == UNIT_TIME)
        put_time(out, size, v);
    else if (v < 0 && size > 1 && u != UNIT_BOOL) {
        out[0] = '-';
        put(out + 1, size - 1, -v, u);
    } else
        put(out, size, fabs(v), u);
}
