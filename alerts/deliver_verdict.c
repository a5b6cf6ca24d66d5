/* What to do after an attempt: the table of the retries. Pure. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "alerts/deliver.h"
#include "alerts/format.h"

static const double base_s = 1, cap_s = 300, most_retry_after_s = 3600;

// clang-format off
/* Statuses of which the receiver may think better; the rest of 4xx, and 3xx, will be the same again. */
static const struct { int first, last; } again[] = {
    {408, 408}, {425, 425}, {429, 429}, {500, 599},
};
// clang-format on

static bool may_change(int status)
{
    for (size_t i = 0; i < sizeof(again) / sizeof(*again); i++)
        if (status >= again[i].first && status <= again[i].last)
            return true;
    return false;
}

/* OK is "202" or "2xx". */
static bool is_ok(const char *ok, int status)
{
    for (int digit = 100; digit > 0; digit /= 10, ok++)
        if (*ok != 'x' && *ok - '0' != status / digit % 10)
            return false;
    return true;
}

static struct verdict retry(const struct attempt *a)
{
    struct verdict v = {.what = DELIVERY_RETRY, .pause_webhook = a->status == 429};
    v.wait_s = a->tls_refused ? cap_s : fmin(cap_s, base_s * exp2(fmin(a->attempts - 1, 20)));
    if (a->retry_after_s > 0)
        v.least_s = fmin(a->retry_after_s, most_retry_after_s);
    return v;
}

struct verdict deliver_verdict(const struct format *format, const struct attempt *a, double give_up_s)
{
    struct verdict v = {.what = DELIVERY_DEAD};
    if (a->status > 0 && is_ok(format->ok, a->status) && a->ok_body)
        v.what = DELIVERY_DONE;
    else if (a->status == 0 || may_change(a->status))
        v = retry(a);
    else if (a->status == 413 && !a->shortened)
        v = (struct verdict){.what = DELIVERY_RETRY, .shorter = true};
    else
        v.off = a->status == 410;
    if (v.what == DELIVERY_RETRY && a->age_s >= give_up_s)
        v = (struct verdict){.what = DELIVERY_DEAD};
    return v;
}
