/* Any text as a duration or a moment: a sensible number or an error. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/unit.h"
#include "core/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = malloc(size + 1), out[40];
    memcpy(s, data, size);
    s[size] = '\0';
    double v;
    struct err err = {""};
    if (duration_parse(s, &v, &err))
        must(v > 0 && isfinite(v));
    else
        must(err.text[0] != '\0');
    setenv("TZ", size % 2 == 0 ? "Europe/Berlin" : "UTC", 1);
    tzset();
    if (moment_parse(s, 1795174401, &v, &err)) {
        must(isfinite(v));
        moment_format_local(out, sizeof(out), v);
        double again;
        /* What is written is read again: the same second, or the other of a doubled hour. */
        if (v >= 86400 && moment_parse(out, 1795174401, &again, NULL))
            must(fabs(again - v) < 1 || fabs(fabs(again - v) - 3600) < 1);
    }
    if (size >= sizeof(v)) {
        memcpy(&v, data, sizeof(v));
        for (int u = 0; u < N_UNITS; u++)
            unit_format(out, size % sizeof(out), v, (enum unit)u);
    }
    free(s);
    return 0;
}
