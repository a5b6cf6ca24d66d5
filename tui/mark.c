/* Mark rules: which cell of a pane is critical, in the page's data and not in code. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tui/page.h"

static int text_compare(const struct value *v, const char *text)
{
    return strcmp(v->text == NULL ? "" : v->text, text);
}

bool mark_holds(const struct mark *m, const struct value *v, enum unit unit)
{
    if (v->type == VALUE_NULL)
        return false;
    double limit;
    if (v->type == VALUE_TEXT || m->quoted || !quantity_parse(m->value, unit, &limit)) {
        if (v->type != VALUE_TEXT)
            return false;
        return op_holds(m->op, text_compare(v, m->value), 0);
    }
    return op_holds(m->op, value_real(v), limit);
}

/* NULL at the end. */
static const char *word_next(struct arena *arena, const char **s)
{
    *s += strspn(*s, " \t");
    size_t len = strcspn(*s, " \t");
    const char *word = len > 0 ? arena_dup_n(arena, *s, len) : NULL;
    *s += len;
    return word;
}

bool mark_parse(struct arena *arena, const char *s, struct mark *out, struct err *err)
{
    const char *whole = s;
    size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
    struct mark m = {.column = arena_dup_n(arena, s, len)};
    s += len + strspn(s + len, " \t");
    int op = op_parse(s, &m.op);
    if (len == 0 || op == 0)
        return fail(err, "\"%.80s\": COLUMN OP VALUE is ROLE is expected", whole);
    s += op;
    s += strspn(s, " \t");
    const char *is = NULL;
    if (*s == '\'') {
        const char *end = strchr(s + 1, '\'');
        if (end == NULL)
            return fail(err, "\"%.80s\": the closing ' is missing", whole);
        m.quoted = true;
        m.value = arena_dup_n(arena, s + 1, (size_t)(end - s) - 1);
        s = end + 1;
        s += strspn(s, " \t");
        is = strncmp(s, "is ", 3) == 0 ? s : NULL;
    } else if ((is = strstr(s, " is ")) != NULL) {
        m.value = arena_dup_n(arena, s, (size_t)(is - s));
        is++;
    }
    if (is == NULL)
        return fail(err, "\"%.80s\": `is ROLE` is missing", whole);
    s = is + 3;
    const char *role = word_next(arena, &s);
    int number = role == NULL ? -1 : role_parse(role);
    if (number < 0)
        return fail(err, "\"%.80s\": there is no role \"%.20s\"", whole, role == NULL ? "" : role);
    m.role = (enum role)number;
    const char *on = word_next(arena, &s);
    m.on = on == NULL ? m.column : word_next(arena, &s);
    if (on != NULL && (strcmp(on, "on") != 0 || m.on == NULL))
        return fail(err, "\"%.80s\": `on COLUMN` or `on row` is expected after the role", whole);
    *out = m;
    return true;
}
