/* An option's rules, apart from the file that it stands in. */
#include "core/option.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/mem.h"
#include "core/nearest.h"
#include "core/when.h"

const struct option *option_find(const struct option *options, int n, const char *kind, const char *key)
{
    for (int i = 0; i < n; i++)
        if (strcmp(options[i].section, kind) == 0 && strcmp(options[i].key, key) == 0)
            return &options[i];
    return NULL;
}

const struct option *option_find_section(const struct option *options, int n, const char *kind)
{
    for (int i = 0; i < n; i++)
        if (strcmp(options[i].section, kind) == 0)
            return &options[i];
    return NULL;
}

static int bool_parse(const char *value)
{
    static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (strcasecmp(value, yes[i]) == 0)
            return 1;
        if (strcasecmp(value, no[i]) == 0)
            return 0;
    }
    return -1;
}

/* Plain decimal numbers only: strtod also reads "nan", "inf" and hexadecimal ones. */
static bool number_parse(const char *value, bool integer, double *number)
{
    char *end;
    if (value[0] == '\0' || strspn(value, integer ? "0123456789-" : "0123456789.-eE") != strlen(value))
        return false;
    *number = strtod(value, &end);
    return *end == '\0' && isfinite(*number);
}

static bool parse(const struct option *o, const char *value, double *number)
{
    if (o->type == OPTION_DURATION)
        return duration_parse(value, number, NULL);
    return number_parse(value, o->type == OPTION_INTEGER, number);
}

static bool check_number(const struct option *o, const char *value, struct err *err)
{
    const char *what = o->type == OPTION_DURATION  ? "a duration such as 0.5s, 30s or 5m"
                       : o->type == OPTION_INTEGER ? "a whole number"
                                                   : "a number";
    double number, least, most;
    if (!parse(o, value, &number))
        return fail(err, "%s = %.100s; expected %s", o->key, value, what);
    const char *dots = o->choices == NULL ? NULL : strstr(o->choices, "..");
    if (dots == NULL)
        return true;
    char low[32] = "";
    memcpy(low, o->choices,
           strnlen(o->choices, sizeof(low) - 1) < (size_t)(dots - o->choices)
               ? strnlen(o->choices, sizeof(low) - 1)
               : (size_t)(dots - o->choices));
    bool below = parse(o, low, &least) && number < least, above = parse(o, dots + 2, &most) && number > most;
    if (below || above)
        return fail(err, "%s = %.100s is out of range; expected %s to %s", o->key, value, low, dots + 2);
    return true;
}

static bool check_choice(const struct option *o, const char *value, struct err *err)
{
    size_t len = strlen(value);
    for (const char *c = o->choices; len > 0; c++) {
        size_t n = strcspn(c, "|");
        if (n == len && memcmp(c, value, n) == 0)
            return true;
        c += n;
        if (*c == '\0')
            break;
    }
    return fail(err, "%s = %.100s; expected one of %s", o->key, value, o->choices);
}

bool option_check(const struct option *o, const char *value, struct err *err)
{
    switch (o->type) {
    case OPTION_BOOL:
        return bool_parse(value) >= 0 || fail(err, "%s = %.100s; expected yes or no", o->key, value);
    case OPTION_INTEGER:
    case OPTION_REAL:
    case OPTION_DURATION:
        return check_number(o, value, err);
    case OPTION_CHOICE:
        return check_choice(o, value, err);
    case OPTION_SQL:
        return value[0] != '\0' || fail(err, "%s is empty; expected SQL", o->key);
    case OPTION_TEXT:
    case OPTION_URL:
    case OPTION_HOOK:
        break;
    }
    return true;
}

double option_number(const struct option *o, const char *value)
{
    double number;
    if (o->type == OPTION_BOOL)
        return bool_parse(value) == 1;
    return parse(o, value, &number) ? number : NAN;
}

void option_suggest(struct text *out, const struct option *options, int n, const char *kind,
                    const char *given)
{
    const char **names = mem_new_array((size_t)n, sizeof(*names));
    int n_names = 0;
    for (int i = 0; i < n; i++) {
        if (kind != NULL && strcmp(options[i].section, kind) == 0)
            names[n_names++] = options[i].key;
        if (kind == NULL && option_find_section(options, n, options[i].section) == &options[i])
            names[n_names++] = options[i].section;
    }
    text_add(out, "; ");
    nearest_say(out, given, names, n_names);
    free(names);
}
