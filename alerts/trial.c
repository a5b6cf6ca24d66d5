/* A trial of rules: the road from samples to transitions, without loop, thread, file or clock. */
#include "alerts/trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/trial_private.h"
#include "core/loop.h"
#include "core/mem.h"

static const double step_s = 5, longest_s = 7 * 86400;

/* ---- One step ---- */

static void on_event(void *ctx, const struct event *e)
{
    struct trial *t = ctx;
    enum level level = e->transition.to > LEVEL_NONE ? e->transition.to : e->transition.from;
    text_addf(t->out, "%gs %s %s %s %s: %s\n", t->now_s, change_name(e->transition.change), level_name(level),
              e->alert->rule, e->alert->target, e->alert->title);
    if (t->n_seen == MOST_SEEN)
        return;
    struct seen *s = &t->seen[t->n_seen++];
    *s = (struct seen){.change = e->transition.change, .level = level};
    memcpy(s->rule, e->alert->rule, strnlen(e->alert->rule, sizeof(s->rule) - 1));
    memcpy(s->target, e->alert->target, strnlen(e->alert->target, sizeof(s->target) - 1));
}

static struct scene *find_scene(struct trial *t, const char *target, const struct dataset *d)
{
    for (int i = 0; i < t->n_scenes; i++)
        if (t->scenes[i].dataset == d && strcmp(t->scenes[i].target, target) == 0)
            return &t->scenes[i];
    return NULL;
}

static const char *lack_of(struct trial *t, const struct rule *r, struct snapshot *s, int target)
{
    struct window_spec window;
    if (!window_spec_parse(r->window, &window, NULL))
        return "its window is none";
    for (int i = 0; i < r->uses.n; i++) {
        const struct scene *scene = find_scene(t, snapshot_target(s, target), r->uses.datasets[i]);
        if (scene == NULL || scene->silent)
            return "it is not read";
        if (window.kind == WINDOW_SECONDS && r->uses.needs_window &&
            !(snapshot_span_s(s, target, scene->dataset, window) >= 0.8 * window.seconds))
            return "its window is not covered";
    }
    return NULL;
}

static void judge(struct trial *t, int number)
{
    const struct rule *r = &t->rules->list[number];
    struct snapshot *s = store_snapshot(t->store);
    struct err err = {""};
    struct query q = {.sql = r->sql};
    int n = snapshot_targets(s);
    struct coverage *coverage = mem_new_array((size_t)n, sizeof(*coverage));
    for (int i = 0; i < n; i++)
        coverage[i] = (struct coverage){snapshot_target(s, i), lack_of(t, r, s, i)};
    struct result *result = door_run(t->door, s, &q, &err);
    if (result == NULL)
        text_addf(t->out, "%gs %s cannot be judged: %s\n", t->now_s, r->name, err.text);
    double before_s = t->judged_s[number];
    book_answer(t->book, &(struct book_answer){.rule = r,
                                               .result = result,
                                               .error = err.text,
                                               .coverage = coverage,
                                               .n_coverage = n,
                                               .step_s = isnan(before_s) ? 0 : t->now_s - before_s,
                                               .wall_s = t->wall_s + t->now_s});
    t->judged_s[number] = t->now_s;
    result_free(result);
    free(coverage);
    snapshot_unref(s);
}

static bool step(struct trial *t, struct err *err)
{
    for (int i = 0; i < t->n_scenes; i++)
        if (!t->scenes[i].silent && !scene_put(t, &t->scenes[i], err))
            return false;
    for (int i = 0; i < t->rules->n; i++) {
        const struct rule *r = &t->rules->list[i];
        bool due = isnan(t->judged_s[i]) || t->now_s - t->judged_s[i] >= r->every_s;
        if (due && r->enabled && r->missing == NULL)
            judge(t, i);
    }
    return true;
}

bool trial_go(struct trial *t, double until_s, struct err *err)
{
    while (t->now_s < until_s) {
        if (!step(t, err))
            return false;
        t->now_s += step_s;
    }
    return true;
}

/* ---- Lines ---- */

static bool add_scene(struct trial *t, const char *line, struct err *err)
{
    char dataset[64], target[64] = "", rows[8] = "";
    if (!trial_text(t, line, "$.dataset", dataset, sizeof(dataset)))
        return fail(err, "expected \"dataset\" or \"expect\"");
    const struct dataset *d = registry_find(t->registry, dataset);
    if (d == NULL)
        return fail(err, "there is no dataset '%s'", dataset);
    if (!trial_text(t, line, "$.target", target, sizeof(target)))
        return fail(err, "expected \"target\"");
    struct scene *s = find_scene(t, target, d);
    if (s == NULL && t->n_scenes == MOST_SCENES)
        return fail(err, "more than %d datasets", MOST_SCENES);
    if (s == NULL) {
        s = &t->scenes[t->n_scenes++];
        *s = (struct scene){.dataset = d};
        memcpy(s->target, target, sizeof(s->target));
    }
    free(s->line);
    s->line = mem_dup(line);
    s->at_s = t->now_s;
    s->silent = !trial_text(t, line, "$.rows", rows, sizeof(rows));
    return true;
}

/* Field PATH of LINE is TEXT, or is not given. */
static bool fits(struct trial *t, const char *line, const char *path, const char *text)
{
    char wanted[64];
    return !trial_text(t, line, path, wanted, sizeof(wanted)) || strcmp(wanted, text) == 0;
}

static void expect(struct trial *t, const char *line)
{
    char what[32];
    bool found = false;
    trial_text(t, line, "$.expect", what, sizeof(what));
    if (strcmp(what, "nothing") == 0) {
        found = true;
        for (int i = 0; i < t->n_seen; i++)
            found = found && (t->seen[i].expected || t->seen[i].change == CHANGE_PENDING ||
                              t->seen[i].change == CHANGE_DROPPED);
    }
    for (int i = 0; i < t->n_seen && !found; i++) {
        struct seen *s = &t->seen[i];
        found = !s->expected && strcmp(change_name(s->change), what) == 0 &&
                fits(t, line, "$.rule", s->rule) && fits(t, line, "$.target", s->target) &&
                fits(t, line, "$.level", level_name(s->level));
        s->expected = s->expected || found;
    }
    if (!found)
        text_addf(t->out, "NOT MET: %s\n", line);
    t->met = t->met && found;
}

static bool take_line(struct trial *t, const char *line, struct err *err)
{
    char what[32];
    double at_s = trial_number(t, line, "$.at");
    if (isnan(at_s) || at_s < 0 || at_s > longest_s)
        return fail(err, "expected a JSON object with \"at\", seconds from the start");
    if (at_s < t->said_s)
        return fail(err, "\"at\" goes back, from %g to %g: expected lines in order of time", t->said_s, at_s);
    t->said_s = at_s;
    bool expects = trial_text(t, line, "$.expect", what, sizeof(what));
    if (!trial_go(t, expects ? at_s + step_s : at_s, err))
        return false;
    if (expects)
        expect(t, line);
    return expects || add_scene(t, line, err);
}

static bool take_all(struct trial *t, const char *samples, size_t len, const char *file, struct err *err)
{
    int number = 1;
    for (size_t at = 0; at < len; number++) {
        const char *end = memchr(samples + at, '\n', len - at);
        size_t n = end == NULL ? len - at : (size_t)(end - samples) - at;
        char *line = mem_new(n + 1);
        struct err why = {""};
        memcpy(line, samples + at, n);
        at += n + 1;
        size_t blank = strspn(line, " \t\r");
        bool ok = line[blank] == '\0' || line[blank] == '#' || take_line(t, line, &why);
        free(line);
        if (!ok)
            return fail(err, "%s:%d: %s", file, number, why.text);
    }
    return trial_go(t, t->now_s + step_s, err);
}

/* ---- Begin and end ---- */

static void trial_done(struct trial *t)
{
    for (int i = 0; i < t->n_scenes; i++)
        free(t->scenes[i].line);
    book_free(t->book);
    door_free(t->door);
    store_free(t->store);
    free(t->judged_s);
    free(t->seen);
}

bool trial_run(const struct rules *rules, const struct registry *registry, const char *samples, size_t len,
               const char *file, struct text *out, bool *met, struct err *err)
{
    static const struct store_limits limits = {
        .series_bytes = 16 << 20, .total_bytes = 64 << 20, .keep_s = 4000};
    struct trial t = {.rules = rules,
                      .registry = registry,
                      .store = store_new(limits),
                      .door = door_new(registry, err),
                      .book = book_new(rules),
                      .judged_s = mem_new_array((size_t)rules->n, sizeof(double)),
                      .seen = mem_new_array(MOST_SEEN, sizeof(struct seen)),
                      .mono_s = loop_mono_s(),
                      .wall_s = floor(loop_wall_s()),
                      .out = out,
                      .met = true};
    for (int i = 0; i < rules->n; i++)
        t.judged_s[i] = NAN;
    book_on_event(t.book, on_event, &t);
    bool ok = t.door != NULL && take_all(&t, samples, len, file, err);
    if (ok)
        *met = t.met;
    trial_done(&t);
    return ok;
}
