/* Templates: what a rule says of a row. */
#include <math.h>
#include <string.h>

#include "alerts/rule.h"
#include "core/utf8.h"

enum { LONGEST_PART = 300, LONGEST_NAME = 64 };

/* Appends S on one line, without what a terminal would obey. */
static void add_clean(struct text *out, const char *s)
{
    struct text clean;
    text_init(&clean, LONGEST_PART);
    utf8_clean(&clean, s, false);
    text_add(out, text_str(&clean));
    text_done(&clean);
}

static void add_number(struct text *out, const struct value *v, enum unit unit)
{
    char shown[LONGEST_PART];
    value_format(v, unit, shown, sizeof(shown));
    add_clean(out, shown);
}

static bool add_column(struct text *out, const struct rule *rule, const struct result *result, int row,
                       const char *name)
{
    int column = result_column(result, name);
    if (column < 0)
        return false;
    const struct value *v = result_at(result, row, column);
    enum unit unit = result->columns[column].unit;
    if (strcmp(name, "value") == 0)
        unit = rule->unit;
    if (v->type == VALUE_TEXT)
        add_clean(out, v->text);
    else
        add_number(out, v, unit);
    return true;
}

void rule_expand(struct text *out, const struct rule *rule, const char *template, const struct result *result,
                 int row, int count)
{
    for (const char *s = template; *s != '\0';) {
        size_t plain = strcspn(s, "{");
        text_add_n(out, s, plain);
        s += plain;
        if (*s == '\0')
            break;
        char name[LONGEST_NAME] = "";
        size_t len = strcspn(s + 1, "{}");
        bool closed = s[1 + len] == '}' && len > 0 && len < sizeof(name);
        if (closed)
            memcpy(name, s + 1, len);
        if (closed && strcmp(name, "count") == 0)
            add_number(out, &(struct value){VALUE_INT, .integer = count}, UNIT_COUNT);
        else if (!closed || !add_column(out, rule, result, row, name)) {
            text_add_char(out, '{'); /* as it is written */
            s++;
            continue;
        }
        s += len + 2;
    }
}
