/* Whether webhooks can be delivered to at all: told at start, with the webhook's name. */
#include "alerts/deliver.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/format.h"
#include "core/text.h"

static bool check_format(const struct formats *formats, const struct webhook *w, struct err *err)
{
    if (format_find(formats, w->format) != NULL)
        return true;
    struct text names;
    text_init(&names, 500);
    for (int i = 0; i < formats->n; i++)
        text_addf(&names, "%s%s", i == 0 ? "" : ", ", formats->list[i].name);
    fail(err, "[webhook %s] format: there is no '%s'; expected one of %s", w->name, w->format,
         text_str(&names));
    text_done(&names);
    return false;
}

static bool check_sql(struct door *door, const struct formats *formats, const struct webhook *w,
                      struct err *err)
{
    struct err why = {""};
    if (format_find(formats, w->format)->sql != NULL)
        return true;
    if (w->sql == NULL)
        return fail(err, "[webhook %s] format = %s needs sql = SELECT ...", w->name, w->format);
    char *sql = format_sql(formats, w->sql);
    bool ok = door_check(door, sql, NULL, &why);
    free(sql);
    return ok || fail(err, "[webhook %s] sql: %s", w->name, why.text);
}

/* A secret of the config; what a command prints is only known later. */
static bool check_secret(const struct formats *formats, const struct webhook *w, struct err *err)
{
    struct err why = {""};
    char out[100];
    if (w->secret == NULL || !format_find(formats, w->format)->sign ||
        deliver_sign(w->secret, "id", 0, "", 0, out, sizeof(out), &why))
        return true;
    return fail(err, "[webhook %s] secret: %s", w->name, why.text);
}

bool deliver_check(const struct webhooks *webhooks, const struct registry *registry, struct err *err)
{
    struct formats formats;
    if (!formats_init(&formats, err))
        return false;
    struct door *door = door_new(registry, err);
    bool ok = door != NULL;
    for (int i = 0; ok && i < webhooks->n; i++) {
        const struct webhook *w = &webhooks->list[i];
        ok = check_format(&formats, w, err) && check_sql(door, &formats, w, err) &&
             check_secret(&formats, w, err);
    }
    door_free(door);
    formats_done(&formats);
    return ok;
}
