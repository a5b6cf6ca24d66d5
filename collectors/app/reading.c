/* What one answer tells: found out what it is written in, and read. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/app/app.h"
#include "core/mem.h"
#include "core/utf8.h"

void app_reading_init(struct app_reading *r)
{
    *r = (struct app_reading){.arena = arena_new(4096), .started_s = NAN};
}

void app_reading_done(struct app_reading *r)
{
    for (int i = 0; i < N_APP_ROLES; i++)
        free(r->things[i].items);
    free(r->series);
    free(r->errors);
    arena_unref(r->arena);
    *r = (struct app_reading){0};
}

const char *app_lost(const struct app_reading *r, enum app_role role)
{
    const char *lost = r->lost_several[role];
    for (int i = 0; i < APP_FIELDS && lost == NULL; i++)
        lost = r->lost[role][i];
    return lost;
}

struct app_thing *app_add_thing(struct app_reading *r, enum app_role role, const char *name)
{
    struct app_things *t = &r->things[role];
    if (t->n == MOST_THINGS)
        return NULL;
    t->items = mem_grow(t->items, (size_t)t->n + 1, sizeof(*t->items));
    struct app_thing *thing = &t->items[t->n++];
    thing->name = name == NULL ? NULL : utf8_keep(r->arena, name, strnlen(name, LONGEST_NAME));
    for (int i = 0; i < APP_FIELDS; i++)
        thing->v[i] = NAN;
    thing->group = 0;
    memset(thing->metric, 0, sizeof(thing->metric));
    return thing;
}

/* Prometheus' names in quotes stand in braces, so that its text may begin as JSON does. No line of JSON is
 * one of Prometheus: what JSON is refused for stays the reason. */
static bool read_either(const struct app_words *w, const char *text, size_t len, struct app_reading *r,
                        struct err *err)
{
    struct err why = {""}, other = {""};
    r->json = app_read_json(w, text, len, r, &why);
    if (r->json || app_read_prom(w, text, len, r, &other))
        return true;
    r->json = true;
    return fail(err, "%s", why.text);
}

bool app_read(const struct app_words *w, const char *text, size_t len, struct app_reading *r, struct err *err)
{
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark */
    if (len >= 2 && memcmp(text, "\x1f\x8b", 2) == 0)
        return fail(
            err, "answered with what is compressed (gzip), though that was not asked for: what answers there "
                 "must send it plain");
    while (at < len && isspace((unsigned char)text[at]))
        at++;
    if (at == len)
        return fail(err, "answered with nothing");
    if (text[at] == '<')
        return fail(err, "answered with a web page: the path should give JSON or Prometheus text");
    return text[at] == '{' || text[at] == '[' ? read_either(w, text + at, len - at, r, err)
                                              : app_read_prom(w, text + at, len - at, r, err);
}
