/* The lines of an INI file: sections, keys, values that go on in indented lines. */
#include "core/ini.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "core/utf8.h"

/* A piece of the file, not NUL-terminated. */
struct span {
    const char *start;
    size_t len;
};

struct reader {
    const struct ini_events *events;
    bool in_section;
    int line;
    int entry_line; /* of the key whose value is being read, 0 if there is none */
    int error_line;
    char key[64];
    struct text value;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && is_blank(s.start[0])) {
        s.start++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.start[s.len - 1]))
        s.len--;
    return s;
}

/* Length of the leading part of s that may be in a kind of section or a key. */
static size_t name_len(struct span s)
{
    size_t n = 0;
    while (n < s.len && s.start[n] > 0 &&
           strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", s.start[n]) != NULL)
        n++;
    return n;
}

/* Hands over the value that has been read, if any. */
static bool finish_entry(struct reader *r, struct err *err)
{
    if (r->entry_line == 0)
        return true;
    r->error_line = r->entry_line;
    bool ok = r->events->entry(r->events->ctx, r->key, text_str(&r->value), r->entry_line, err);
    text_clear(&r->value);
    r->entry_line = 0;
    return ok;
}

static bool add_line(struct reader *r, struct span s, struct err *err)
{
    if (r->value.len > 0 && s.len > 0)
        text_add_char(&r->value, '\n');
    text_add_n(&r->value, s.start, s.len);
    return !r->value.cut || fail(err, "the value of '%s' is too long; expected at most 64 kB", r->key);
}

static bool read_section(struct reader *r, struct span s, struct err *err)
{
    static const char expected[] = "expected [SECTION] or [SECTION NAME]";
    if (s.start[s.len - 1] != ']')
        return fail(err, "a section's line that does not end in ]; %s", expected);
    s = trimmed((struct span){s.start + 1, s.len - 2});
    struct span kind = {s.start, name_len(s)},
                name = trimmed((struct span){s.start + kind.len, s.len - kind.len});
    if (kind.len == 0 || (name.len > 0 && !is_blank(s.start[kind.len])) ||
        memchr(name.start, ']', name.len) != NULL)
        return fail(err, "a section's name that cannot be read; %s", expected);
    if (kind.len > 63 || name.len > 255)
        return fail(err, "a section's name that is too long; expected at most 255 bytes");
    char kind_text[64] = "", name_text[256] = "";
    memcpy(kind_text, kind.start, kind.len);
    memcpy(name_text, name.start, name.len);
    r->in_section = true;
    return r->events->section(r->events->ctx, kind_text, name_text, r->line, err);
}

static bool read_key(struct reader *r, struct span s, struct err *err)
{
    size_t len = name_len(s);
    struct span rest = trimmed((struct span){s.start + len, s.len - len});
    if (len == 0 || len >= sizeof(r->key) || rest.len == 0 || rest.start[0] != '=')
        return fail(err, "a line that is neither [SECTION] nor KEY = VALUE; expected one of them, # COMMENT, "
                         "or an indented line that "
                         "continues a value (a key is made of letters, digits, _ . -)");
    memcpy(r->key, s.start, len);
    r->key[len] = '\0';
    if (!r->in_section)
        return fail(err, "'%s' stands before the first [SECTION]; expected a section", r->key);
    r->entry_line = r->line;
    return add_line(r, trimmed((struct span){rest.start + 1, rest.len - 1}), err);
}

static bool read_line(struct reader *r, struct span s, struct err *err)
{
    bool indented = s.len > 0 && is_blank(s.start[0]),
         comment = s.len > 0 && (s.start[0] == '#' || s.start[0] == ';');
    s = trimmed(s);
    r->error_line = r->line;
    for (size_t i = 0; i < s.len; i++)
        if ((s.start[i] >= 0 && s.start[i] < ' ' && s.start[i] != '\t') || s.start[i] == 0x7F)
            return fail(err, "a control character (byte 0x%02X); expected text", (unsigned)s.start[i]);
    if (!utf8_valid(s.start, s.len))
        return fail(err, "bytes that are not UTF-8; expected text in UTF-8");
    if (s.len == 0 || comment)
        return true;
    if (indented && r->entry_line != 0)
        return add_line(r, s, err);
    if (indented)
        return fail(err,
                    "an indented line that continues nothing; expected KEY = VALUE at the start of the line");
    if (!finish_entry(r, err))
        return false;
    r->error_line = r->line;
    return s.start[0] == '[' ? read_section(r, s, err) : read_key(r, s, err);
}

bool ini_read(const char *text, size_t len, const char *file, const struct ini_events *events,
              struct err *err)
{
    struct reader r = {.events = events};
    struct err why = {""};
    bool ok = true;
    text_init(&r.value, INI_MAX_VALUE);
    size_t at = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (ok && at < len) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end == NULL ? len - at : (size_t)(end - (text + at));
        r.line++;
        ok = read_line(&r, (struct span){text + at, n}, &why);
        at += n + 1;
    }
    ok = ok && finish_entry(&r, &why);
    text_done(&r.value);
    return ok || fail(err, "%s:%d: %s", file, r.error_line, why.text);
}
