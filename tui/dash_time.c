/* The dashboard's time: the window, pause, steps into the past, the refresh. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/dash_state.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const windows[] = {"last", "1m", "5m", "15m", "1h", "reset", "start"};
static const double refreshes[] = {0.5, 1, 2, 5, 10, 30, 60};

void dash_set_window(struct dash *d, const char *window)
{
    snprintf(d->window, sizeof(d->window), "%s", window);
    pane_stale_all(d);
}

void dash_next_window(struct dash *d)
{
    size_t i = 0;
    while (i < COUNT(windows) && strcmp(windows[i], d->window) != 0)
        i++;
    dash_set_window(d, windows[i >= COUNT(windows) - 1 ? 0 : i + 1]);
}

void dash_to_now(struct dash *d)
{
    d->at_s = NAN;
    d->paused = false;
    pane_stale_all(d);
}

void dash_pause(struct dash *d)
{
    if (!dash_live(d)) {
        dash_to_now(d);
        return;
    }
    d->at_s = d->host.now(d->host.ctx);
    d->paused = true;
    /* What is asked from now on is asked for this moment; what is on the screen is of it already. */
    for (int i = 0; i < dash_visit(d)->n; i++)
        dash_visit(d)->panes[i].stale = dash_visit(d)->panes[i].result == NULL;
}

/* A pane that joins several datasets steps through its sessions: none of the others comes more often. */
static const char *stepped_dataset(const struct dash_pane *p)
{
    for (int i = 0; p != NULL && i < p->n_datasets; i++)
        if (strcmp(p->datasets[i], "sessions") == 0)
            return "sessions";
    return p != NULL && p->n_datasets > 0 ? p->datasets[0] : "sessions";
}

void dash_step(struct dash *d, int direction)
{
    struct dash_pane *p = dash_focus(d);
    const char *dataset = stepped_dataset(p);
    if (d->host.step == NULL && d->host.step_later == NULL)
        return;
    bool newest = dash_live(d) || d->paused;
    double from = dash_live(d) ? d->host.now(d->host.ctx) : d->at_s;
    if (d->host.step_later != NULL) {
        bool second = newest && direction < 0;
        d->host.step_later(d->host.ctx, dataset, second ? from + 0.001 : from, direction, second ? 2 : 1);
        return;
    }
    /* From now, the sample before the newest: that one is what is shown. */
    double to = d->host.step(d->host.ctx, dataset, newest && direction < 0 ? from + 0.001 : from, direction);
    if (newest && direction < 0 && !isnan(to)) {
        double before = d->host.step(d->host.ctx, dataset, to, direction);
        to = isnan(before) ? to : before;
    }
    dash_stepped(d, to, direction);
}

void dash_stepped(struct dash *d, double to, int direction)
{
    if (isnan(to) && direction > 0) {
        dash_to_now(d);
        return;
    }
    if (isnan(to)) {
        dash_say(d, ROLE_WARNING, "no older sample is kept");
        return;
    }
    d->at_s = to;
    d->paused = false;
    pane_stale_all(d);
}

void dash_step_refresh(struct dash *d, int step)
{
    int i = 0, n = (int)COUNT(refreshes);
    while (i < n - 1 && refreshes[i] < d->refresh_s * 0.999)
        i++;
    i += step;
    d->refresh_s = refreshes[i < 0 ? 0 : i >= n ? n - 1 : i];
    if (d->host.refresh != NULL)
        d->host.refresh(d->host.ctx, d->refresh_s);
}
