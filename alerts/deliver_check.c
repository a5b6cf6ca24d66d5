/* Whether webhooks can be delivered to at all: told at start and by `config check`, with file and line. */
#include "alerts/deliver.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/format.h"
#include "core/fetch.h"
#include "core/text.h"

/* What checking a SELECT needs. */
struct checking {
    struct formats formats;
    struct door *door;
    struct store *store;
    struct snapshot *nothing; /* formats read the message only */
};

/* "FILE:LINE: [webhook NAME] KEY: " before what FORMAT says; without the place when it is not known. */
static bool refuse(const struct webhook *w, const char *key, struct err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool refuse(const struct webhook *w, const char *key, struct err *err, const char *format, ...)
{
    char text[sizeof(err->text) - 300], place[200] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (w->section != NULL)
        snprintf(place, sizeof(place), "%s:%d: ", w->section->file, section_line(w->section, key));
    return fail(err, "%s[webhook %.60s] %s: %s", place, w->name, key, text);
}

static bool check_format(const struct checking *c, const struct webhook *w, struct err *err)
{
    if (format_find(&c->formats, w->format) != NULL)
        return true;
    struct text names;
    text_init(&names, 500);
    for (int i = 0; i < c->formats.n; i++)
        text_addf(&names, "%s%s", i == 0 ? "" : ", ", c->formats.list[i].name);
    refuse(w, "format", err, "there is no '%s'; expected one of %s", w->format, text_str(&names));
    text_done(&names);
    return false;
}

static bool check_url(const struct webhook *w, struct err *err)
{
    struct err why = {""};
    return w->url == NULL || fetch_check(w->url, &why) || refuse(w, "url", err, "%s", why.text);
}

static bool check_ca_file(const struct webhook *w, struct err *err)
{
    FILE *f = w->ca_file == NULL ? NULL : fopen(w->ca_file, "re");
    bool readable = f != NULL && fgetc(f) != EOF; /* a folder opens, but gives nothing */
    int why = errno;
    if (f != NULL)
        fclose(f);
    return w->ca_file == NULL || readable ||
           refuse(w, "ca_file", err, "cannot read %s: %s", w->ca_file,
                  f != NULL && why == 0 ? "it is empty" : strerror(why));
}

/* What SQL makes of a message of one alert, NULL with ERR. */
static struct result *try_sql(const struct checking *c, const struct webhook *w, struct err *err)
{
    static const char message[] =
        "{\"id\":\"0123456789abcdef-1\",\"type\":\"alert.firing\",\"timestamp\":\"2026-08-01T12:00:00.000Z\","
        "\"source\":\"host\",\"text\":\"t\",\"data\":{\"status\":\"firing\",\"group\":{\"target\":\"shop\"},"
        "\"count\":1,"
        "\"alerts\":[{\"id\":\"0123456789abcdef\",\"event_id\":\"0123456789abcdef-1\",\"number\":1,\"rule\":"
        "\"r\","
        "\"target\":\"shop\",\"state\":\"firing\",\"previous_state\":\"pending\",\"reason\":\"threshold\","
        "\"severity\":"
        "\"critical\",\"previous_severity\":\"ok\",\"labels\":{\"name\":\"a\"},\"title\":\"CRITICAL shop: "
        "t\","
        "\"summary\":\"t\",\"threshold\":\"> "
        "1\",\"value\":2,\"value_text\":\"2\",\"unit\":\"count\",\"evidence\":{},"
        "\"action\":\"a\",\"runbook_url\":\"\",\"active_at\":\"2026-08-01T12:00:00Z\",\"fired_at\":"
        "\"2026-08-01T12:00:00Z\",\"resolved_at\":null,\"repeat\":0,\"count\":1,\"ack\":null,\"flapping\":"
        "false}]}}";
    const struct query_param params[] = {
        {.name = "message", .value = {.type = VALUE_TEXT, .text = message}},
        {.name = "url", .value = {.type = VALUE_TEXT, .text = w->url != NULL ? w->url : ""}}};
    char *sql = format_sql(&c->formats, w->sql);
    struct query q = {
        .sql = sql, .params = params, .n_params = sizeof(params) / sizeof(*params), .max_rows = 100};
    struct result *r = door_run(c->door, c->nothing, &q, err);
    free(sql);
    return r;
}

/* A row is a request: its text stands in the column `body`. */
static bool check_body(const struct webhook *w, const struct result *r, struct err *err)
{
    int body = result_column(r, "body");
    if (body < 0)
        return refuse(w, "sql", err,
                      "gives no column `body`: expected select ... as body, the text that is sent");
    for (int i = 0; i < r->n_rows; i++) {
        enum value_type type = result_at(r, i, body)->type;
        if (type != VALUE_TEXT && type != VALUE_NULL)
            return refuse(w, "sql", err, "the column `body` is no text: expected the text that is sent");
    }
    return true;
}

static bool check_sql(const struct checking *c, const struct webhook *w, struct err *err)
{
    struct err why = {""};
    if (format_find(&c->formats, w->format)->sql != NULL)
        return true;
    if (w->sql == NULL)
        return refuse(w, "format", err, "%s needs sql = SELECT ... as body", w->format);
    struct result *r = try_sql(c, w, &why);
    bool ok = r == NULL ? refuse(w, "sql", err, "%s", why.text) : check_body(w, r, err);
    result_free(r);
    return ok;
}

/* A secret of the config; what a command prints is only known later. */
static bool check_secret(const struct checking *c, const struct webhook *w, struct err *err)
{
    struct err why = {""};
    char out[100];
    const struct format *format = format_find(&c->formats, w->format);
    bool none = (w->secret == NULL || w->secret[0] == '\0') && w->secret_command == NULL;
    if (none && format->keyed)
        return refuse(w, "secret", err, "format = %s needs the receiver's key: secret or secret_command",
                      w->format);
    if (w->secret == NULL || !format->sign || deliver_sign(w->secret, "id", 0, "", 0, out, sizeof(out), &why))
        return true;
    return refuse(w, "secret", err, "%s", why.text);
}

bool deliver_check(const struct webhooks *webhooks, const struct registry *registry, struct err *err)
{
    static const struct store_limits none = {.series_bytes = 1, .total_bytes = 1, .keep_s = 1};
    struct checking c;
    if (!formats_init(&c.formats, err))
        return false;
    c.store = store_new(none);
    c.nothing = store_snapshot(c.store);
    c.door = door_new(registry, err);
    bool ok = c.door != NULL;
    for (int i = 0; ok && i < webhooks->n; i++) {
        const struct webhook *w = &webhooks->list[i];
        ok = check_format(&c, w, err) && check_url(w, err) && check_sql(&c, w, err) &&
             check_secret(&c, w, err);
    }
    door_free(c.door);
    snapshot_unref(c.nothing);
    store_free(c.store);
    formats_done(&c.formats);
    return ok;
}

bool deliver_check_files(const struct webhooks *webhooks, struct err *err)
{
    for (int i = 0; i < webhooks->n; i++)
        if (!check_ca_file(&webhooks->list[i], err))
            return false;
    return true;
}
