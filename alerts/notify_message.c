/* The generic message: written once, in one place, for all receivers. */
#include "alerts/notify_message.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/sample.h"
#include "core/when.h"

enum {
    MAX_BODY = 900 * 1000, /* what the door takes as one text, DOOR_LENGTH, with room */
    MAX_TEXT = 1000,       /* of a title, summary, action */
    MAX_OBJECT = 8 * 1000, /* of evidence and labels: an object cannot be cut, only left out */
    MAX_LOCK_SCREEN = 160,
    MAX_ID = 64
};

/* ---- Pieces of JSON ---- */

static void add_key(struct text *out, const char *key)
{
    char last = out->len == 0 ? '{' : out->data[out->len - 1];
    text_addf(out, "%s\"%s\":", last == '{' || last == '[' ? "" : ",", key);
}

/* At most MAX_TEXT bytes, whole characters. */
static void add_text(struct json *j, struct text *out, const char *key, const char *s)
{
    struct text cut;
    text_init(&cut, MAX_TEXT);
    text_add(&cut, s);
    add_key(out, key);
    json_add_text(j, out, text_str(&cut));
    text_done(&cut);
}

static void add_text_or_null(struct json *j, struct text *out, const char *key, const char *s)
{
    if (s != NULL) {
        add_text(j, out, key, s);
        return;
    }
    add_key(out, key);
    text_add(out, "null");
}

/* An object that is written already. */
static void add_object(struct text *out, const char *key, const char *object)
{
    add_key(out, key);
    text_add(out, object == NULL || object[0] != '{' || strlen(object) > MAX_OBJECT ? "{}" : object);
}

static void add_time(struct text *out, const char *key, double wall_s)
{
    char text[40];
    add_key(out, key);
    if (isnan(wall_s)) {
        text_add(out, "null");
        return;
    }
    moment_format_utc(text, sizeof(text), wall_s);
    text_addf(out, "\"%s\"", text);
}

/* With milliseconds, as Standard Webhooks shows it. */
static void add_timestamp(struct text *out, double wall_s)
{
    char text[40];
    long ms = lround((wall_s - floor(wall_s)) * 1000);
    moment_format_utc(text, sizeof(text), floor(wall_s));
    add_key(out, "timestamp");
    text_addf(out, "\"%.19s.%03ldZ\"", text, ms > 999 ? 999 : ms);
}

static void add_int(struct text *out, const char *key, int64_t v)
{
    add_key(out, key);
    text_addf(out, "%" PRId64, v);
}

/* ---- One alert ---- */

/* The book's title begins with its level; what is told may be another thing than that. */
static void add_title(struct text *out, const struct news *news)
{
    static const char *const words[N_LEVELS] = {"OK", "INFO", "WARNING", "CRITICAL"};
    const struct alert *a = news->alert;
    const char *word = !news->firing ? "RESOLVED" : words[news->level], *rest = NULL;
    if (a->title != NULL && (rest = strchr(a->title, ' ')) != NULL)
        text_addf(out, "%s%s", word, rest);
    else
        text_addf(out, "%s %s: %s", word, a->target, a->rule);
    if (a->state.flapping)
        text_add(out, " (flapping)");
    else if (news->notice.acked)
        text_addf(out, " (%s took it)", a->ack.by);
}

static const char *state_before(const struct news *news)
{
    return news->notice.change == CHANGE_FIRED ? "pending" : "firing";
}

static void add_ack(struct json *j, struct text *out, const struct alert *a)
{
    add_key(out, "ack");
    if (a->ack.by == NULL) {
        text_add(out, "null");
        return;
    }
    text_add(out, "{");
    add_text(j, out, "by", a->ack.by);
    add_text_or_null(j, out, "comment", a->ack.comment);
    add_time(out, "at", a->ack.at_s);
    add_time(out, "until", a->ack.until_s);
    text_add(out, "}");
}

static void add_value(struct json *j, struct text *out, const struct news *news)
{
    const struct alert *a = news->alert;
    add_text(j, out, "threshold", a->threshold);
    add_key(out, "value");
    json_add(j, out, &(struct value){.type = VALUE_REAL, .real = a->value});
    add_text(j, out, "value_text", a->value_text);
    add_text(j, out, "unit", news->rule == NULL ? "" : unit_name(news->rule->unit));
}

/* The same whenever the transition is told. */
static void add_event_id(struct text *out, const struct sender *s, const struct news *news)
{
    text_add(out, news->alert->id);
    if (s->generation != 0)
        text_addf(out, "-%08" PRIx32, s->generation);
    text_addf(out, "-%" PRId64, news->notice.number);
}

static void add_alert(const struct sender *s, struct text *out, const struct news *news)
{
    struct json *j = s->json;
    const struct alert *a = news->alert;
    struct text title;
    text_init(&title, MAX_TEXT);
    add_title(&title, news);
    text_add(out, out->data[out->len - 1] == '[' ? "{" : ",{");
    add_text(j, out, "id", a->id);
    add_key(out, "event_id");
    text_add_char(out, '"');
    add_event_id(out, s, news);
    text_add_char(out, '"');
    add_int(out, "number", news->notice.number);
    add_text(j, out, "rule", a->rule);
    add_text(j, out, "target", a->target);
    add_text(j, out, "state", news->firing ? "firing" : "resolved");
    add_text(j, out, "previous_state", state_before(news));
    add_text(j, out, "reason", reason_name(news->reason));
    add_text(j, out, "severity", level_name(news->level));
    add_text(j, out, "previous_severity", level_name(news->previous));
    add_object(out, "labels", a->labels);
    add_text(j, out, "title", text_str(&title));
    add_text(j, out, "summary", a->summary);
    add_value(j, out, news);
    add_object(out, "evidence", a->evidence);
    add_text(j, out, "action", a->action);
    add_text(j, out, "runbook_url", news->rule == NULL ? NULL : news->rule->runbook);
    add_time(out, "active_at", a->state.active_at);
    add_time(out, "fired_at", a->state.fired_at);
    add_time(out, "resolved_at", news->firing ? NAN : a->state.resolved_at);
    add_int(out, "repeat", news->notice.repeat);
    add_int(out, "count", a->count);
    add_ack(j, out, a);
    add_key(out, "flapping");
    text_add(out, a->state.flapping ? "true}" : "false}");
    text_done(&title);
}

/* ---- The message ---- */

/* What one piece of news is called: the same whenever it is told again. */
static void add_id(struct text *out, const struct sender *s, const struct news *news)
{
    add_event_id(out, s, news);
    if (news->notice.repeat > 0)
        text_addf(out, "-r%d", news->notice.repeat);
    if (news->notice.acked)
        text_addf(out, "-a%.0f", news->alert->ack.at_s);
}

static char *id_of(const struct sender *s, const struct news *news, int n)
{
    uint64_t hash = EPOCH_START;
    struct text id;
    text_init(&id, MAX_ID);
    for (int i = 0; i < n; i++) {
        text_clear(&id);
        add_id(&id, s, &news[i]);
        hash = epoch_add(hash, text_str(&id), id.len + 1);
    }
    if (n > 1) {
        text_clear(&id);
        text_addf(&id, "group-%016" PRIx64, hash);
    }
    return text_take(&id);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *order_key_of(const struct news *news, int n)
{
    const char *ids[MOST_NEWS];
    struct text key;
    text_init(&key, MOST_NEWS * 17);
    for (int i = 0; i < n; i++)
        ids[i] = news[i].alert->id;
    qsort(ids, (size_t)n, sizeof(*ids), compare_ids);
    for (int i = 0; i < n; i++)
        if (i == 0 || strcmp(ids[i], ids[i - 1]) != 0)
            text_addf(&key, "%s%s", i == 0 ? "" : " ", ids[i]);
    return text_take(&key);
}

/* Whether NEWS[I] is what is true of its alert in the end: those of one alert stand together, in order. */
static bool is_newest(const struct news *news, int n, int i)
{
    return i + 1 == n || strcmp(news[i].alert->id, news[i + 1].alert->id) != 0;
}

/* Of the first alert what is true in the end; how many other alerts. */
static char *text_of(const struct news *news, int n)
{
    struct text title, text;
    int first = 0, n_alerts = 0;
    while (!is_newest(news, n, first))
        first++;
    for (int i = 0; i < n; i++)
        n_alerts += is_newest(news, n, i);
    text_init(&title, n_alerts > 1 ? MAX_LOCK_SCREEN - 10 : MAX_LOCK_SCREEN);
    add_title(&title, &news[first]);
    text_init(&text, MAX_LOCK_SCREEN);
    text_add(&text, text_str(&title));
    if (n_alerts > 1)
        text_addf(&text, "; %d more", n_alerts - 1);
    text_done(&title);
    return text_take(&text);
}

static const char *type_of(const struct news *news, int n)
{
    for (int i = 1; i < n; i++)
        if (strcmp(news[i].type, news[0].type) != 0)
            return "alert.group";
    return news[0].type;
}

static bool any_firing(const struct news *news, int n)
{
    for (int i = 0; i < n; i++)
        if (news[i].firing && is_newest(news, n, i))
            return true;
    return false;
}

static char *body_of(const struct message *m, const struct sender *s, const struct news *news, int n)
{
    struct json *j = s->json;
    struct text out;
    text_init(&out, MAX_BODY);
    text_add(&out, "{");
    add_text(j, &out, "id", m->id);
    add_text(j, &out, "type", type_of(news, n));
    add_timestamp(&out, m->made_s);
    add_text(j, &out, "source", s->source);
    add_text(j, &out, "text", m->text);
    add_key(&out, "data");
    text_add(&out, "{");
    add_text(j, &out, "status", any_firing(news, n) ? "firing" : "resolved");
    add_key(&out, "group");
    text_add(&out, "{");
    add_text(j, &out, "target", news[0].alert->target);
    text_add(&out, "}");
    add_int(&out, "count", n);
    add_key(&out, "alerts");
    text_add(&out, "[");
    for (int i = 0; i < n; i++)
        add_alert(s, &out, &news[i]);
    text_add(&out, "]}}");
    return text_take(&out);
}

void message_init(struct message *m, const struct sender *sender, const struct webhook *webhook,
                  double wall_s, const struct news *news, int n)
{
    *m = (struct message){.webhook = webhook->name, .made_s = wall_s, .n_notices = n};
    m->id = id_of(sender, news, n);
    m->order_key = order_key_of(news, n);
    m->text = text_of(news, n);
    m->notices = mem_new_array((size_t)n, sizeof(*m->notices));
    for (int i = 0; i < n; i++)
        m->notices[i] = news[i].notice;
    m->body = body_of(m, sender, news, n);
}

void message_done(struct message *m)
{
    free(m->id);
    free(m->order_key);
    free(m->text);
    free(m->body);
    free(m->notices);
    *m = (struct message){0};
}
