/* What the body of a request says. */
#include "serve/wish.h"

#include <math.h>
#include <string.h>

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
    return !json_has_nul(body, len) || refuse_nul(w, body, len, err);
}

const struct value *wish_value(const struct wish *w, const char *name)
{
    for (int i = 0; i < w->n; i++)
        if (strcmp(w->members[i].name, name) == 0)
            return &w->members[i].value;
    return NULL;
}

const char *wish_text(const struct wish *w, const char *name)
{
    const struct value *v = wish_value(w, name);
    return v != NULL && v->type == VALUE_TEXT ? v->text : NULL;
}

double wish_number(const struct wish *w, const char *name)
{
    const struct value *v = wish_value(w, name);
    return v != NULL ? value_real(v) : NAN;
}

static bool is_word_of(const char *names, const char *name)
{
    size_t len = strlen(name);
    while (*names != '\0') {
        size_t word = strcspn(names, " ");
        if (word == len && strncmp(names, name, len) == 0)
            return true;
        names += word + strspn(names + word, " ");
    }
    return false;
}

const char *wish_unknown(const struct wish *w, const char *names)
{
    for (int i = 0; i < w->n; i++)
        if (!is_word_of(names, w->members[i].name))
            return w->members[i].name;
    return NULL;
}
