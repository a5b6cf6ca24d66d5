/* What the config says of whom to tell, and when not: [webhook NAME] and [maintenance NAME]. */
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "alerts/notify.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/when.h"

/* The value, else the standard. */
static const char *value_of(const struct config_section *s, const char *key)
{
    const char *given = section_get(s, key);
    return given != NULL ? given : option_find(config_options, n_config_options, s->kind, key)->standard;
}

static int line_of(const struct config_section *s, const char *key)
{
    for (int i = 0; i < s->n_entries; i++)
        if (strcmp(s->entries[i].key, key) == 0)
            return s->entries[i].line;
    return s->line;
}

static bool refuse(const struct config_section *s, const char *key, struct err *err, const char *why)
{
    return fail(err, "%s:%d: [%s %s] %s", s->file, line_of(s, key), s->kind, s->name, why);
}

/* Seconds, 0 of "0" and "never". */
static bool read_span(const struct config_section *s, const char *key, double *out, struct err *err)
{
    const char *value = value_of(s, key);
    struct err why = {""};
    if (strcmp(value, "0") == 0 || strcasecmp(value, "never") == 0) {
        *out = 0;
        return true;
    }
    if (duration_parse(value, out, &why))
        return true;
    return fail(err, "%s:%d: [%s %s] %s = %.900s", s->file, line_of(s, key), s->kind, s->name, key, why.text);
}

static bool read_levels(const struct config_section *s, int *out, struct err *err)
{
    const char *list = value_of(s, "levels");
    for (size_t n; (n = text_word(&list)) > 0; list += n) {
        char word[16] = "";
        memcpy(word, list, n < sizeof(word) ? n : sizeof(word) - 1);
        int level = level_parse(word);
        if (level <= LEVEL_NONE)
            return fail(err, "%s:%d: [webhook %s] levels: '%.*s'; expected info, warning, critical", s->file,
                        line_of(s, "levels"), s->name, (int)n, list);
        *out |= 1 << level;
    }
    return *out != 0 || refuse(s, "levels", err, "levels is empty; expected info, warning, critical");
}

static bool read_webhook(const struct config_section *s, struct webhook *out, struct err *err)
{
    *out = (struct webhook){
        .name = s->name,
        .url = section_get(s, "url"),
        .format = value_of(s, "format"),
        .secret = section_get(s, "secret"),
        .secret_command = section_get(s, "secret_command"),
        .resolved = section_get_bool(s, "resolved"),
        .timeout_s = section_get_real(s, "timeout"),
        .give_up_s = section_get_real(s, "give_up"),
        .user = section_get(s, "user"),
        .ca_file = section_get(s, "ca_file"),
        .sql = section_get(s, "sql"),
        .section = s,
    };
    if (out->url == NULL || out->url[0] == '\0')
        return refuse(s, "url", err, "has no url; expected url = https://...");
    if (strncmp(out->url, "http://", 7) != 0 && strncmp(out->url, "https://", 8) != 0)
        return refuse(s, "url", err, "url: expected http://... or https://...");
    if (out->secret != NULL && out->secret_command != NULL)
        return refuse(s, "secret_command", err, "has secret and secret_command; expected one of them");
    if ((strcmp(out->format, "custom") == 0) != (out->sql != NULL))
        return refuse(s, "sql", err, "expected sql = SELECT ... with format = custom, and only with it");
    return read_levels(s, &out->levels, err) && read_span(s, "group_wait", &out->group_wait_s, err) &&
           read_span(s, "repeat", &out->repeat_s, err);
}

bool webhooks_read(const struct config *c, struct webhooks *out, struct err *err)
{
    struct webhooks read = {.list = mem_new_array((size_t)c->n_sections, sizeof(*read.list))};
    for (int i = 0; i < c->n_sections; i++) {
        if (strcmp(c->sections[i].kind, "webhook") != 0)
            continue;
        if (!read_webhook(&c->sections[i], &read.list[read.n++], err)) {
            webhooks_done(&read);
            return false;
        }
    }
    *out = read;
    return true;
}

void webhooks_done(struct webhooks *w)
{
    free(w->list);
    *w = (struct webhooks){0};
}

const struct webhook *webhook_find(const struct webhooks *w, const char *name)
{
    for (int i = 0; w != NULL && i < w->n; i++)
        if (strcmp(w->list[i].name, name) == 0)
            return &w->list[i];
    return NULL;
}

/* ---- Maintenance ---- */

static bool read_days(const struct config_section *s, int *out, struct err *err)
{
    const char *list = section_get(s, "days");
    struct err why = {""};
    *out = EVERY_DAY;
    return list == NULL || days_parse(list, out, &why) || refuse(s, "days", err, why.text);
}

static bool read_moment(const struct config_section *s, const char *key, bool *daily, double *out,
                        struct err *err)
{
    const char *value = section_get(s, key);
    if (value == NULL)
        return refuse(s, key, err, "expected from = and to =: 22:00, or 2026-08-01 22:00");
    int since_midnight = 0;
    *daily = clock_parse(value, strlen(value), &since_midnight);
    *out = since_midnight;
    bool dated = strlen(value) > 4 && value[4] == '-' && moment_parse(value, 0, out, NULL);
    return *daily || dated || refuse(s, key, err, "from and to: expected 22:00, or 2026-08-01 22:00");
}

static bool read_maintenance(const struct config_section *s, struct maintenance *out, struct err *err)
{
    bool daily_end = false;
    *out = (struct maintenance){
        .name = s->name, .target = section_get(s, "target"), .comment = section_get(s, "comment")};
    if (!read_moment(s, "from", &out->daily, &out->from_s, err) ||
        !read_moment(s, "to", &daily_end, &out->to_s, err) || !read_days(s, &out->days, err))
        return false;
    if (out->daily != daily_end)
        return refuse(s, "to", err, "from and to: expected both with a date, or both without");
    if (!out->daily && section_get(s, "days") != NULL)
        return refuse(s, "days", err, "days: expected from and to without a date");
    if (out->from_s == out->to_s || (!out->daily && out->to_s < out->from_s))
        return refuse(s, "to", err, "ends when it begins, or before: nothing is ever held back");
    return true;
}

bool maintenances_read(const struct config *c, struct maintenances *out, struct err *err)
{
    struct maintenances read = {.list = mem_new_array((size_t)c->n_sections, sizeof(*read.list))};
    for (int i = 0; i < c->n_sections; i++) {
        if (strcmp(c->sections[i].kind, "maintenance") != 0)
            continue;
        if (!read_maintenance(&c->sections[i], &read.list[read.n++], err)) {
            maintenances_done(&read);
            return false;
        }
    }
    *out = read;
    return true;
}

void maintenances_done(struct maintenances *m)
{
    free(m->list);
    *m = (struct maintenances){0};
}

static bool covers(const struct maintenance *m, double wall_s)
{
    time_t seconds = (time_t)floor(wall_s);
    struct tm t;
    if (!m->daily)
        return wall_s >= m->from_s && wall_s < m->to_s;
    if (localtime_r(&seconds, &t) == NULL)
        return false;
    int since_midnight = t.tm_hour * 3600 + t.tm_min * 60 + t.tm_sec;
    bool today = (m->days >> t.tm_wday & 1) != 0, yesterday = (m->days >> (t.tm_wday + 6) % 7 & 1) != 0;
    if (m->from_s < m->to_s)
        return today && since_midnight >= m->from_s && since_midnight < m->to_s;
    return (today && since_midnight >= m->from_s) || (yesterday && since_midnight < m->to_s);
}

const struct maintenance *maintenance_at(const struct maintenances *m, const char *target, double wall_s)
{
    for (int i = 0; m != NULL && i < m->n; i++) {
        const struct maintenance *each = &m->list[i];
        if ((each->target == NULL || fnmatch(each->target, target, 0) == 0) && covers(each, wall_s))
            return each;
    }
    return NULL;
}

double maintenance_end(const struct maintenance *m, double wall_s)
{
    time_t seconds = (time_t)floor(wall_s);
    struct tm t;
    if (!m->daily)
        return m->to_s;
    if (localtime_r(&seconds, &t) == NULL)
        return NAN;
    int end = (int)m->to_s, since_midnight = t.tm_hour * 3600 + t.tm_min * 60 + t.tm_sec;
    t.tm_mday += since_midnight >= end;
    t.tm_hour = end / 3600;
    t.tm_min = end / 60 % 60;
    t.tm_sec = end % 60;
    t.tm_isdst = -1; /* the clock may be changed before */
    return (double)mktime(&t);
}
