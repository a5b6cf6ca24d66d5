/* [schedule NAME] of the config: read, and refused where no schedule could be made of it. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/when.h"
#include "cures/action.h"
#include "cures/finding.h"
#include "cures/plan.h"
#include "cures/schedule.h"

enum { DAY_S = 86400 };

static bool refuse(const struct config_section *s, const char *key, struct err *err, const char *why)
{
    return fail(err, "%s:%d: [schedule %s] %.900s", s->file, section_line(s, key), s->name, why);
}

/* The value, else the standard. */
static const char *value_of(const struct config_section *s, const char *key)
{
    const char *given = section_get(s, key);
    return given != NULL ? given : option_find(config_options, n_config_options, s->kind, key)->standard;
}

/* ---- When ---- */

static int compare_times(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static bool read_times(const struct config_section *s, struct schedule *out, struct err *err)
{
    const char *list = section_get(s, "at");
    struct err why = {""};
    for (size_t n; (n = text_word(&list)) > 0; list += n) {
        int time = 0;
        if (!clock_parse(list, n, &time) || time == DAY_S) {
            fail(&why, "at: '%.*s'; expected times such as 03:00, 15:30", (int)n, list);
            return refuse(s, "at", err, why.text);
        }
        if (out->n_times == MOST_TIMES)
            return refuse(s, "at", err, "at: more than 24 times; every = 30m is for that");
        out->times[out->n_times++] = time;
    }
    qsort(out->times, (size_t)out->n_times, sizeof(out->times[0]), compare_times);
    return out->n_times > 0 || refuse(s, "at", err, "at is empty; expected times such as 03:00, 15:30");
}

/* "01:00-05:00" */
static bool read_between(const struct config_section *s, struct schedule *out, struct err *err)
{
    const char *value = section_get(s, "between");
    out->has_between = value != NULL;
    out->to_s = DAY_S;
    if (value == NULL)
        return true;
    if (strlen(value) != 11 || value[5] != '-' || !clock_parse(value, 5, &out->from_s) ||
        !clock_parse(value + 6, 5, &out->to_s) || out->from_s == DAY_S)
        return refuse(s, "between", err,
                      "between: expected two times such as 01:00-05:00, or 22:00-04:00 over midnight");
    return out->from_s != out->to_s % DAY_S || out->from_s == 0 ||
           refuse(s, "between", err, "between: ends when it begins; leave it out if it is the whole day");
}

static bool is_inside(const struct schedule *s, int time)
{
    return s->to_s > s->from_s ? time >= s->from_s && time < s->to_s : time >= s->from_s || time < s->to_s;
}

static bool check_times(const struct config_section *s, const struct schedule *out, struct err *err)
{
    struct err why = {""};
    for (int i = 0; i < out->n_times; i++)
        if (!is_inside(out, out->times[i])) {
            fail(&why, "at: %02d:%02d is never between %s", out->times[i] / 3600, out->times[i] / 60 % 60,
                 section_get(s, "between"));
            return refuse(s, "at", err, why.text);
        }
    return true;
}

/* Its hours end a run: a limit beyond them is one that somebody believes in and that never is. The standard
 * is nobody's belief. */
static bool check_limit(const struct config_section *s, const struct schedule *out, struct err *err)
{
    int hours_s = out->to_s - out->from_s + (out->to_s > out->from_s ? 0 : DAY_S);
    struct err why = {""};
    if (section_get(s, "limit") == NULL || !out->has_between || out->limit_s <= hours_s)
        return true;
    fail(&why, "limit: %s is longer than its hours, %s, which end it before", section_get(s, "limit"),
         section_get(s, "between"));
    return refuse(s, "limit", err, why.text);
}

static bool read_when(const struct config_section *s, struct schedule *out, struct err *err)
{
    bool every = section_get(s, "every") != NULL, at = section_get(s, "at") != NULL;
    const char *days = section_get(s, "days");
    struct err why = {""};
    out->every_s = section_get_real(s, "every");
    out->days = EVERY_DAY;
    if (every == at)
        return refuse(s, every ? "at" : "every", err,
                      every ? "has every and at; expected one of them"
                            : "is never due; expected every = 15m, or at = 03:00");
    if (at && !read_times(s, out, err))
        return false;
    if (days != NULL && !days_parse(days, &out->days, &why))
        return refuse(s, "days", err, why.text);
    return read_between(s, out, err) && check_times(s, out, err);
}

static bool read_zone(const struct config_section *s, struct schedule *out, struct err *err)
{
    const char *name = section_get(s, "timezone");
    struct err why = {""}, said = {""};
    out->zone = zone_new(name, &why);
    if (out->zone != NULL)
        return true;
    fail(&said, "timezone: %s; expected a name of the TZ database, such as Europe/Berlin or UTC", why.text);
    return refuse(s, "timezone", err, said.text);
}

static char *in_words(const struct config_section *s)
{
    static const struct {
        const char *key, *before;
    } parts[] = {
        {"every", "every "}, {"at", "at "}, {"between", ", between "}, {"days", ", "}, {"timezone", ", "}};
    struct text t;
    text_init(&t, 1000);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (section_get(s, parts[i].key) != NULL)
            text_addf(&t, "%s%s", parts[i].before, section_get(s, parts[i].key));
    return text_take(&t);
}

/* ---- What, and where ---- */

/* What asks a person for a name has nobody to ask here. */
static bool asks_nobody(const struct actions *actions, const char *word)
{
    const struct plan_options one = {.only = &word, .n_only = 1};
    for (int i = 0; i < actions->n; i++) {
        const struct action *a = &actions->list[i];
        if (plan_is_named(a->name, &one) && !a->by_name && a->asks == NULL)
            return true;
    }
    return false;
}

static bool read_actions(const struct config_section *s, const struct actions *actions, struct schedule *out,
                         struct err *err)
{
    struct err why = {""}, said = {""};
    if (!plan_words_read(value_of(s, "do"), &out->actions, &why)) {
        fail(&said, "do: %s", why.text);
        return refuse(s, "do", err, said.text);
    }
    for (int i = 0; i < out->actions.n; i++)
        if (!asks_nobody(actions, out->actions.list[i])) {
            fail(&said, "do: %s asks a person to type what it is done to; no schedule does it",
                 out->actions.list[i]);
            return refuse(s, "do", err, said.text);
        }
    return true;
}

static bool read_targets(const struct config_section *s, struct schedule *out, struct err *err)
{
    const char *list = section_get(s, "targets");
    out->targets = mem_dup(list);
    return list == NULL || text_word(&list) > 0 ||
           refuse(s, "targets", err, "targets is empty; leave it out if all are meant");
}

/* ---- All ---- */

void schedules_done(struct schedules *s)
{
    for (int i = 0; i < s->n; i++) {
        struct schedule *each = &s->list[i];
        free(each->name);
        free(each->when);
        zone_free(each->zone);
        plan_words_done(&each->actions);
        free(each->targets);
    }
    free(s->list);
    *s = (struct schedules){.n = 0};
}

static bool read_one(const struct config_section *s, const struct actions *actions, struct schedule *out,
                     struct err *err)
{
    out->name = mem_dup(s->name);
    out->when = in_words(s);
    out->limit_s = section_get_real(s, "limit");
    if (s->name[0] == '\0')
        return refuse(s, "", err, "has no name; expected [schedule nightly]");
    return read_when(s, out, err) && check_limit(s, out, err) && read_zone(s, out, err) &&
           read_actions(s, actions, out, err) && read_targets(s, out, err);
}

bool schedules_read(const struct config *config, struct schedules *out, struct err *err)
{
    struct schedules read = {.list = mem_new_array((size_t)config->n_sections, sizeof(*read.list))};
    struct actions actions;
    if (!actions_read(&actions, err)) {
        free(read.list);
        return false;
    }
    bool ok = true;
    for (int i = 0; ok && i < config->n_sections; i++)
        if (strcmp(config->sections[i].kind, "schedule") == 0)
            ok = read_one(&config->sections[i], &actions, &read.list[read.n++], err);
    actions_done(&actions);
    if (ok)
        *out = read;
    else
        schedules_done(&read);
    return ok;
}

/* ---- Against the rest of the config ---- */

static bool check_findings(const struct findings *f, const struct config_section *section,
                           const struct schedule *s, struct err *err)
{
    struct err why = {""};
    for (int i = 0; i < s->actions.n; i++) {
        const struct plan_options one = {.only = &s->actions.list[i], .n_only = 1};
        bool found = false;
        for (int j = 0; !found && j < f->n; j++)
            found = f->list[j].action != NULL && plan_is_named(f->list[j].action, &one);
        if (found)
            continue;
        fail(&why, "do: no finding is cured by %s, so that it would never be done", s->actions.list[i]);
        return refuse(section, "do", err, why.text);
    }
    return true;
}

/* A config without targets has those of the command line. */
static bool names_a_target(const struct config *config, const char *word, size_t n)
{
    char pattern[256];
    bool any = false;
    snprintf(pattern, sizeof(pattern), "%.*s", (int)n, word);
    for (int i = 0; i < config->n_sections; i++) {
        if (strcmp(config->sections[i].kind, "target") != 0)
            continue;
        if (fnmatch(pattern, config->sections[i].name, 0) == 0)
            return true;
        any = true;
    }
    return !any;
}

static bool check_targets(const struct config *config, const struct config_section *section,
                          const struct schedule *s, struct err *err)
{
    struct err why = {""};
    const char *list = s->targets == NULL ? "" : s->targets;
    for (size_t n; (n = text_word(&list)) > 0; list += n)
        if (!names_a_target(config, list, n)) {
            fail(&why, "targets: there is no [target %.*s]", (int)n, list);
            return refuse(section, "targets", err, why.text);
        }
    return true;
}

static bool check_all(const struct config *config, const struct findings *f, const struct schedules *s,
                      struct err *err)
{
    for (int i = 0; i < s->n; i++) {
        const struct config_section *section = config_find(config, "schedule", s->list[i].name);
        if (!check_findings(f, section, &s->list[i], err) ||
            !check_targets(config, section, &s->list[i], err))
            return false;
    }
    return true;
}

bool schedules_check(const struct config *config, const struct registry *registry, struct err *err)
{
    struct schedules s;
    struct findings findings;
    if (!schedules_read(config, &s, err))
        return false;
    bool ok = s.n == 0;
    if (!ok && findings_read(config, registry, &findings, err)) {
        ok = check_all(config, &findings, &s, err);
        findings_done(&findings);
    }
    schedules_done(&s);
    return ok;
}
