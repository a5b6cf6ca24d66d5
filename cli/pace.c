/* What lies between two prints of --samples. */
#include "cli/pace.h"

#include <math.h>
#include <stdlib.h>

#include "cli/output.h"
#include "core/mem.h"
#include "core/text.h"

/* A sample is given up this long after it was due. */
static const double patience_s = 8;

static double newest(const struct pace *p, int target, int dataset)
{
    const struct engine *e = p->session->engine;
    const struct sample *s = store_newest(engine_store(p->session->engine), engine_target_name(e, target), p->datasets[dataset]);
    return s == NULL ? NAN : s->mono_s;
}

static void remember(struct pace *p)
{
    for (int t = 0; t < engine_targets(p->session->engine); t++)
        for (int d = 0; d < p->n_datasets; d++)
            p->newest[t * p->n_datasets + d] = newest(p, t, d);
}

static void tell_states(struct pace *p)
{
    const struct engine *e = p->session->engine;
    for (int t = 0; t < engine_targets(e); t++) {
        struct source_status status;
        engine_target_status(e, t, &status);
        bool down = status.state == SOURCE_DOWN, back = status.state == SOURCE_UP;
        if (!(down && isnan(p->down_s[t])) && !(back && !isnan(p->down_s[t])))
            continue;
        struct text line;
        text_init(&line, 1 << 14);
        if (down)
            text_addf(&line, "%s is down: %s", engine_target_name(e, t), status.error != NULL ? status.error : "no answer yet");
        else
            text_addf(&line, "%s is back after %.1f s", engine_target_name(e, t), loop_mono_s() - p->down_s[t]);
        output_tell(stderr, text_str(&line));
        text_done(&line);
        p->down_s[t] = down ? loop_mono_s() : NAN;
    }
}

/* What is asked more often than it comes. */
static void tell_slow(struct pace *p, int dataset, double every_s)
{
    if (p->told_slow[dataset] || !(every_s > p->session->refresh_s * 1.01))
        return;
    p->told_slow[dataset] = true;
    bool asked = !isnan(p->session->args->refresh_s);
    struct text line;
    text_init(&line, 400);
    text_addf(&line, "%s is read every %.3g s%s", p->datasets[dataset]->name, every_s,
              asked ? ", since more would cost the server too much" : " at most, unless --refresh asks for more");
    output_tell(stderr, text_str(&line));
    text_done(&line);
}

/* Is there nothing to wait for, WAITED_S after the last print? */
static bool is_enough(struct pace *p, double waited_s, bool refreshed)
{
    const struct engine *e = p->session->engine;
    bool enough = p->n_datasets > 0 || refreshed;
    for (int t = 0; t < engine_targets(e); t++) {
        struct source_status status;
        engine_target_status(e, t, &status);
        for (int d = 0; d < p->n_datasets; d++) {
            const char *name = engine_target_name(e, t), *failed;
            double taken = newest(p, t, d), before = p->newest[t * p->n_datasets + d];
            if (taken > before || (isnan(before) && !isnan(taken)))
                continue;
            double every_s = engine_cadence(e, name, p->datasets[d]); /* NAN: made here, when there is something to tell */
            engine_samples(e, name, p->datasets[d], &failed);
            bool comes = status.state == SOURCE_UP && failed == NULL && isfinite(every_s);
            if (comes)
                tell_slow(p, d, every_s);
            enough = enough && (comes ? waited_s > every_s + patience_s : refreshed);
        }
    }
    return enough;
}

static void on_refresh(void *ctx)
{
    *(bool *)ctx = true;
}

void pace_init(struct pace *p, struct session *session, const struct dataset *const *datasets, int n_datasets)
{
    size_t n_targets = (size_t)engine_targets(session->engine);
    *p = (struct pace){.session = session, .datasets = datasets, .n_datasets = n_datasets};
    p->newest = mem_new_array(n_targets * (size_t)n_datasets, sizeof(p->newest[0]));
    p->down_s = mem_new_array(n_targets, sizeof(p->down_s[0]));
    p->told_slow = mem_new_array((size_t)n_datasets, sizeof(p->told_slow[0]));
    for (size_t t = 0; t < n_targets; t++)
        p->down_s[t] = NAN;
    remember(p);
}

void pace_done(struct pace *p)
{
    free(p->newest);
    free(p->down_s);
    free(p->told_slow);
    *p = (struct pace){0};
}

void pace_wait(struct pace *p)
{
    bool refreshed = false;
    double begin_s = loop_mono_s();
    struct loop_timer *timer = loop_timer_new(p->session->loop, on_refresh, &refreshed);
    loop_timer_start(timer, p->session->refresh_s, p->session->refresh_s); /* again and again: patience ends too */
    tell_states(p);
    while (!is_enough(p, loop_mono_s() - begin_s, refreshed)) {
        loop_run_once(p->session->loop, true);
        tell_states(p);
    }
    loop_timer_free(timer);
    remember(p);
}
