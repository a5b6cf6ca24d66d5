/* INFO: what a server says of itself, found by name. */
#include "collectors/redis/info.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

static void add(struct info *i, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (line[0] == '#' || colon == NULL || colon == line || i->n >= INFO_MOST_FIELDS)
        return;
    i->fields[i->n++] = (struct info_field){.key = line,
                                            .key_len = (size_t)(colon - line),
                                            .value = colon + 1,
                                            .len = len - (size_t)(colon - line) - 1};
}

static int count_lines(const char *text, size_t len)
{
    int n = 1;
    for (size_t i = 0; i < len && n < INFO_MOST_FIELDS; i++)
        n += text[i] == '\n';
    return n;
}

void info_read(struct info *out, const char *text, size_t len)
{
    *out = (struct info){.fields = mem_new_array((size_t)count_lines(text, len), sizeof(*out->fields))};
    int most = count_lines(text, len);
    for (size_t at = 0; at < len && out->n < most;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end == NULL ? len - at : (size_t)(end - text) - at;
        size_t bare = n > 0 && text[at + n - 1] == '\r' ? n - 1 : n;
        if (bare > 0)
            add(out, text + at, bare);
        at += n + 1;
    }
}

void info_done(struct info *i)
{
    free(i->fields);
    *i = (struct info){.n = 0};
}

const struct info_field *info_find(const struct info *i, const char *key)
{
    size_t len = strlen(key);
    for (int k = 0; k < i->n; k++)
        if (i->fields[k].key_len == len && memcmp(i->fields[k].key, key, len) == 0)
            return &i->fields[k];
    return NULL;
}

double info_value(const char *s, size_t len)
{
    char room[64], *end;
    if (len == 0 || len >= sizeof(room) || s[0] < '0' || s[0] > '9')
        return NAN;
    snprintf(room, sizeof(room), "%.*s", (int)len, s);
    double v = strtod(room, &end);
    return end == room + len && isfinite(v) ? v : NAN;
}

double info_number(const struct info *i, const char *key)
{
    const struct info_field *f = info_find(i, key);
    return f == NULL ? NAN : info_value(f->value, f->len);
}

bool info_is(const struct info *i, const char *key, const char *value)
{
    const struct info_field *f = info_find(i, key);
    return f != NULL && f->len == strlen(value) && memcmp(f->value, value, f->len) == 0;
}

bool info_part(const struct info_field *f, const char *name, const char **value, size_t *len)
{
    size_t n = strlen(name);
    for (size_t at = 0; at < f->len;) {
        const char *part = f->value + at, *comma = memchr(part, ',', f->len - at);
        size_t part_len = comma == NULL ? f->len - at : (size_t)(comma - part);
        if (part_len > n && part[n] == '=' && memcmp(part, name, n) == 0) {
            *value = part + n + 1;
            *len = part_len - n - 1;
            return true;
        }
        at += part_len + 1;
    }
    return false;
}

double info_part_number(const struct info_field *f, const char *name)
{
    const char *value;
    size_t len;
    return info_part(f, name, &value, &len) ? info_value(value, len) : NAN;
}

const char *info_rest(const struct info_field *f, const char *prefix, size_t *len)
{
    size_t n = strlen(prefix);
    if (f->key_len <= n || memcmp(f->key, prefix, n) != 0)
        return NULL;
    *len = f->key_len - n;
    return f->key + n;
}
