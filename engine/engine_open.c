/* When the sources of a fleet are opened: not all in one instant, for a server that has a hundred of them
 * would have a hundred connections to make at once. As polls go on from there, they are spread too. */
#include <math.h>

#include "core/loop.h"
#include "engine/engine_private.h"

enum { AT_ONCE = 8, A_REFRESH = 200 };
static const double longest_gap_s = 0.05;

void engine_open_later(struct engine *e, struct target *t)
{
    double now = loop_mono_s(), gap_s = fmin(longest_gap_s, e->options.refresh_s / A_REFRESH);
    t->open_s = fmax(e->open_s, now - (AT_ONCE - 1) * gap_s);
    e->open_s = t->open_s + gap_s;
}

bool engine_open(struct engine *e, struct target *t, struct err *err)
{
    t->open_s = HUGE_VAL;
    t->source = t->product->open(e->loop, &t->config, engine_host(t), err);
    return t->source != NULL;
}
