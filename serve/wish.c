/* What the body of a request says. */
#include "serve/wish.h"

#include <math.h>
#include <string.h>

#include "core/text.h"

/* What is read of it would be something else than what was written: of a pattern, one that fits more keys. */
static bool refuse_nul(const struct wish *w, const char *body, size_t len, struct err *err)
{
    const char *name = json_nul_member(w->arena, body, len);
    return fail(err, "%.40s: it has a NUL in it, which no text may have", name != NULL ? name : "a member");
}

bool wish_read(struct http_call *c, struct wish *w, struct err *err)
{
    size_t len;
    const char *body = http_body(c, &len);
    *w = (struct wish){.arena = arena_new(1024)};
    if (len == 0)
        return true;
    if (!json_members(w->arena, body, len, WISH_MEMBERS, &w->members, &w->n, err))
        return false;
    const char *repeated = json_repeated(w->members, w->n);
    if (repeated != NULL)
        return fail(err, "%.40s: it stands there twice", repeated);
    return !json_has_nul(body, len) || refuse_nul(w, body, len, err);
}

static unsigned kinds_of(const struct json_member *m)
{
    double number = value_real(&m->value);
    switch (m->type) {
    case JSON_NULL:
        return WISH_NULL;
    case JSON_BOOLEAN:
        return WISH_BOOLEAN;
    case JSON_NUMBER:
        return number == floor(number) ? WISH_NUMBER | WISH_WHOLE : WISH_NUMBER;
    case JSON_TEXT:
        return WISH_TEXT;
    case JSON_ARRAY:
        return WISH_ARRAY;
    case JSON_OBJECT:
        return WISH_OBJECT;
    }
    return 0;
}

static bool refuse_unknown(const char *name, const struct wish_rule *rules, size_t n, struct err *err)
{
    struct text names;
    text_init(&names, 400);
    for (size_t i = 0; i < n; i++)
        text_addf(&names, "%s%s", i == 0 ? "" : " ", rules[i].name);
    fail(err, "%.40s: there is no such member: must be one of %s", name, text_str(&names));
    text_done(&names);
    return false;
}

bool wish_check(const struct wish *w, const struct wish_rule *rules, size_t n, struct err *err)
{
    for (int i = 0; i < w->n; i++) {
        const struct json_member *m = &w->members[i];
        size_t k = 0;
        while (k < n && strcmp(rules[k].name, m->name) != 0)
            k++;
        if (k == n)
            return refuse_unknown(m->name, rules, n, err);
        if ((kinds_of(m) & rules[k].kinds) == 0)
            return fail(err, "%s: it must be %s", rules[k].name, rules[k].must);
    }
    return true;
}

const struct json_member *wish_member(const struct wish *w, const char *name)
{
    for (int i = 0; i < w->n; i++)
        if (strcmp(w->members[i].name, name) == 0)
            return w->members[i].type != JSON_NULL ? &w->members[i] : NULL;
    return NULL;
}

const char *wish_text(const struct wish *w, const char *name)
{
    const struct json_member *m = wish_member(w, name);
    return m != NULL && m->type == JSON_TEXT ? m->value.text : NULL;
}

double wish_number(const struct wish *w, const char *name)
{
    const struct json_member *m = wish_member(w, name);
    return m != NULL && m->type == JSON_NUMBER ? value_real(&m->value) : NAN;
}
