/* Prometheus' text format, line by line. Each line is copied, so that nothing reads past it, and cut up in
 * place. */
#include "collectors/app/prom.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void prom_init(struct prom *p, const char *text, size_t len)
{
    p->at = text;
    p->end = text + len;
    p->bad = 0;
}

const char *prom_label(const struct prom_line *l, const char *name)
{
    for (int i = 0; i < l->n_labels; i++)
        if (strcmp(l->labels[i].name, name) == 0)
            return l->labels[i].value;
    return NULL;
}

static char *skip_spaces(char *s)
{
    return s + strspn(s, " \t");
}

/* A name from S on: its end, where it is not yet closed. NULL if it is none. */
static char *name_end(char *s)
{
    char *end = s;
    while (isalnum((unsigned char)*end) || *end == '_' || *end == ':' || *end == '.')
        end++;
    return end == s || isdigit((unsigned char)*s) ? NULL : end;
}

static void spell(char *name)
{
    for (; *name != '\0'; name++)
        *name = *name == '.' ? '_' : *name;
}

/* A text in quotes at S: *OUT, its escapes undone in place; returns what follows its closing quote, NULL if
 * there is none. */
static char *unquote(char *s, char **out)
{
    char *to = s, *from = s + 1;
    *out = s;
    while (*from != '"' && *from != '\0') {
        bool escaped = *from == '\\' && from[1] != '\0';
        from += escaped;
        *to++ = escaped && *from == 'n' ? '\n' : *from;
        from++;
    }
    if (*from == '\0')
        return NULL;
    *to = '\0';
    return from + 1;
}

/* name="value"; a name in quotes alone is the metric's own, as one with dots is written. */
static char *read_label(char *s, struct prom_line *out)
{
    bool quoted = *s == '"';
    char *name = s, *value, *end = quoted ? unquote(s, &name) : name_end(s);
    if (end == NULL)
        return NULL;
    char *equals = skip_spaces(end);
    if (*equals != '=') {
        if (!quoted || out->name[0] != '\0')
            return NULL;
        spell(name);
        out->name = name;
        return equals;
    }
    char *quote = skip_spaces(equals + 1);
    if (*quote != '"' || out->n_labels == PROM_LABELS)
        return NULL;
    *end = '\0'; /* of a name without quotes: a space, or the equals sign */
    end = unquote(quote, &value);
    spell(name);
    out->labels[out->n_labels++] = (struct prom_label){name, value};
    return end;
}

/* S follows the opening brace. */
static char *read_labels(char *s, struct prom_line *out)
{
    for (;;) {
        s = skip_spaces(s);
        if (*s == '}')
            return s + 1;
        s = read_label(s, out);
        if (s == NULL)
            return NULL;
        s = skip_spaces(s);
        if (*s == ',')
            s++;
        else if (*s != '}')
            return NULL;
    }
}

/* A timestamp and an exemplar may follow the value. */
static bool read_value(char *s, struct prom_line *out)
{
    char *end;
    s = skip_spaces(s);
    out->value = strtod(s, &end);
    return end != s && (*end == '\0' || *end == ' ' || *end == '\t');
}

static bool read_line(char *s, struct prom_line *out)
{
    char *end = name_end(s), after = end != NULL ? *end : '\0';
    *out = (struct prom_line){.name = ""};
    if (end != NULL) {
        char *next = skip_spaces(end);
        bool labels = *next == '{';
        *end = '\0';
        spell(s);
        out->name = s;
        end = labels ? read_labels(next + 1, out) : after != '\0' ? end + 1 : NULL;
    } else if (*s == '{')
        end = read_labels(s + 1, out);
    return end != NULL && out->name[0] != '\0' && read_value(end, out);
}

bool prom_next(struct prom *p, struct prom_line *out)
{
    while (p->at < p->end) {
        const char *line = p->at, *newline = memchr(line, '\n', (size_t)(p->end - line));
        size_t len = (size_t)((newline != NULL ? newline : p->end) - line);
        p->at = newline != NULL ? newline + 1 : p->end;
        while (len > 0 && isspace((unsigned char)*line))
            line++, len--;
        while (len > 0 && isspace((unsigned char)line[len - 1]))
            len--;
        if (len == 0 || *line == '#')
            continue;
        if (len <= PROM_LINE && memchr(line, '\0', len) == NULL) {
            memcpy(p->room, line, len);
            p->room[len] = '\0';
            if (read_line(p->room, out))
                return true;
        }
        p->bad++;
    }
    return false;
}
