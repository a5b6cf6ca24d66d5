/* From a regular expression's pattern to its program. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/regexp_program.h"
#include "core/utf8.h"

struct parser {
    struct regexp *r;
    const char *s; /* the rest of the pattern */
    int depth;
    struct err *err;
};

static bool parse_choice(struct parser *p);

bool regexp_emit(struct regexp *r, struct instruction i, struct err *err)
{
    if (r->n_code >= MAX_CODE)
        return fail(err, "the pattern is too large");
    r->code[r->n_code++] = i;
    return true;
}

static bool emit(struct parser *p, struct instruction i)
{
    return regexp_emit(p->r, i, p->err);
}

static bool insert(struct parser *p, int at, struct instruction i)
{
    if (!emit(p, i))
        return false;
    struct instruction *code = p->r->code;
    memmove(code + at + 1, code + at, sizeof(*code) * (size_t)(p->r->n_code - 1 - at));
    code[at] = i;
    return true;
}

static bool add_range(struct parser *p, uint32_t from, uint32_t to)
{
    if (p->r->n_ranges >= MAX_RANGES)
        return fail(p->err, "the pattern is too large");
    p->r->ranges = mem_grow(p->r->ranges, (size_t)p->r->n_ranges + 1, sizeof(*p->r->ranges));
    p->r->ranges[p->r->n_ranges++] = (struct range){from, to};
    return true;
}

static uint32_t take(struct parser *p)
{
    uint32_t c;
    p->s += utf8_decode(p->s, strlen(p->s), &c);
    return c;
}

/* Ranges by name: [:alpha:] and \w. Other scripts' letters count as letters. */
static const struct {
    const char *name;
    struct range ranges[5];
} classes[] = {
    {"alpha", {{'a', 'z'}, {0x80, 0x10FFFF}}},
    {"upper", {{'a', 'z'}}}, /* case does not matter */
    {"lower", {{'a', 'z'}}},
    {"digit", {{'0', '9'}}},
    {"alnum", {{'a', 'z'}, {'0', '9'}, {0x80, 0x10FFFF}}},
    {"xdigit", {{'a', 'f'}, {'0', '9'}}},
    {"space", {{'\t', '\r'}, {' ', ' '}}},
    {"blank", {{'\t', '\t'}, {' ', ' '}}},
    {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
    {"cntrl", {{1, 0x1F}, {0x7F, 0x9F}}},
    {"print", {{' ', '~'}, {0xA0, 0x10FFFF}}},
    {"graph", {{'!', '~'}, {0xA0, 0x10FFFF}}},
    {"w", {{'a', 'z'}, {'0', '9'}, {'_', '_'}, {0x80, 0x10FFFF}}},
    {"s", {{'\t', '\r'}, {' ', ' '}}},
    {"d", {{'0', '9'}}},
};

static bool add_class(struct parser *p, const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
        if (strlen(classes[i].name) != len || strncmp(classes[i].name, name, len) != 0)
            continue;
        for (const struct range *r = classes[i].ranges; r->to != 0; r++)
            if (!add_range(p, r->from, r->to))
                return false;
        return true;
    }
    return fail(p->err, "unknown class [:%.*s:]", (int)len, name);
}

/* One piece of [...]: a class, a range or a character. */
static bool parse_set_piece(struct parser *p)
{
    if (p->s[0] == '[' && p->s[1] == ':') {
        const char *end = strstr(p->s + 2, ":]");
        if (end == NULL)
            return fail(p->err, "[: without :]");
        if (!add_class(p, p->s + 2, (size_t)(end - p->s - 2)))
            return false;
        p->s = end + 2;
        return true;
    }
    uint32_t from = take(p), to = from;
    if (p->s[0] == '-' && p->s[1] != ']' && p->s[1] != '\0') {
        p->s++;
        to = take(p);
    }
    if (to < from)
        return fail(p->err, "a range in [...] runs backwards");
    return add_range(p, from, to);
}

static bool parse_set(struct parser *p)
{
    struct instruction i = {.op = OP_SET, .a = p->r->n_ranges};
    if (*p->s == '^') {
        i.negated = true;
        p->s++;
    }
    bool first = true;
    for (; *p->s != ']' || first; first = false) {
        if (*p->s == '\0')
            return fail(p->err, "[ without ]");
        if (!parse_set_piece(p))
            return false;
    }
    p->s++;
    i.b = p->r->n_ranges - i.a;
    return emit(p, i);
}

static bool emit_char(struct parser *p, uint32_t c)
{
    return emit(p, (struct instruction){.op = OP_CHAR, .a = (int)regexp_lower(c)});
}

static bool parse_escape(struct parser *p)
{
    struct instruction i = {.op = OP_SET, .a = p->r->n_ranges};
    char c = *p->s;
    if (c == '\0')
        return fail(p->err, "\\ at the end");
    if (strchr("wsdWSD", c) != NULL) {
        char name = (char)(c | 0x20);
        p->s++;
        i.negated = c != name;
        if (!add_class(p, &name, 1))
            return false;
        i.b = p->r->n_ranges - i.a;
        return emit(p, i);
    }
    if (c == 'b') {
        p->s++;
        return emit(p, (struct instruction){.op = OP_WORD_EDGE});
    }
    if ((c >= '0' && c <= '9') || (((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && c != 'n' && c != 't'))
        return fail(p->err, "\\%c is not known", c);
    uint32_t code = take(p);
    return emit_char(p, code == 'n' ? '\n' : code == 't' ? '\t' : code);
}

static bool parse_group(struct parser *p)
{
    if (++p->depth > MAX_DEPTH)
        return fail(p->err, "the pattern is too deep");
    if (!parse_choice(p))
        return false;
    if (*p->s != ')')
        return fail(p->err, "( without )");
    p->s++;
    p->depth--;
    return true;
}

static bool parse_atom(struct parser *p)
{
    uint32_t c = take(p);
    switch (c) {
    case '(':
        return parse_group(p);
    case '[':
        return parse_set(p);
    case '\\':
        return parse_escape(p);
    case '.':
        return emit(p, (struct instruction){.op = OP_ANY});
    case '^':
        return emit(p, (struct instruction){.op = OP_START});
    case '$':
        return emit(p, (struct instruction){.op = OP_END});
    case '*':
    case '+':
    case '?':
        return fail(p->err, "nothing stands before %c", (char)c);
    default:
        return emit_char(p, c);
    }
}

/* Repeats what was emitted from START on; MAX -1: without end. */
static bool repeat(struct parser *p, int start, int min, int max)
{
    struct instruction *code = p->r->code;
    int len = p->r->n_code - start;
    if (min == 0 && max < 0) /* split past it; it; jump back */
        return insert(p, start, (struct instruction){.op = OP_SPLIT, .a = 1, .b = len + 2}) &&
               emit(p, (struct instruction){.op = OP_JUMP, .a = -(len + 1)});
    /* For the first copy what is there is used; the rest is copied from it. */
    if (min == 0 && max == 0) {
        p->r->n_code = start;
        return true;
    }
    int from = start;
    if (min == 0) {
        if (!insert(p, start, (struct instruction){.op = OP_SPLIT, .a = 1, .b = max * (len + 1)}))
            return false;
        from++;
    }
    for (int n = 1; n < min || n < max; n++) {
        if (n >= min && !emit(p, (struct instruction){.op = OP_SPLIT, .a = 1, .b = (max - n) * (len + 1)}))
            return false;
        for (int i = 0; i < len; i++)
            if (!emit(p, code[from + i]))
                return false;
    }
    return max >= 0 || emit(p, (struct instruction){.op = OP_SPLIT, .a = -len, .b = 1});
}

static bool parse_number(struct parser *p, int *n)
{
    if (*p->s < '0' || *p->s > '9')
        return false;
    for (*n = 0; *p->s >= '0' && *p->s <= '9' && *n <= MAX_REPEAT; p->s++)
        *n = *n * 10 + (*p->s - '0');
    return true;
}

/* {n} {n,} {n,m}, after the brace. */
static bool parse_interval(struct parser *p, int *min, int *max)
{
    bool ok = parse_number(p, min);
    *max = *min;
    if (ok && *p->s == ',') {
        p->s++;
        if (!parse_number(p, max))
            *max = -1;
    }
    if (!ok || *p->s != '}' || *min > MAX_REPEAT || *max > MAX_REPEAT || (*max >= 0 && *max < *min))
        return fail(p->err, "expected {n}, {n,} or {n,m} with numbers up to %d", MAX_REPEAT);
    p->s++;
    return true;
}

static bool parse_repeats(struct parser *p, int start)
{
    for (;;) {
        int min = 0, max = -1;
        if (*p->s == '*' || *p->s == '+' || *p->s == '?') {
            min = *p->s == '+' ? 1 : 0;
            max = *p->s == '?' ? 1 : -1;
            p->s++;
        } else if (*p->s == '{' && p->s[1] >= '0' && p->s[1] <= '9') {
            p->s++;
            if (!parse_interval(p, &min, &max))
                return false;
        } else {
            return true;
        }
        if (!repeat(p, start, min, max))
            return false;
    }
}

static bool parse_sequence(struct parser *p)
{
    while (*p->s != '\0' && *p->s != '|' && *p->s != ')') {
        int start = p->r->n_code;
        if (!parse_atom(p) || !parse_repeats(p, start))
            return false;
    }
    return true;
}

static bool parse_choice(struct parser *p)
{
    int start = p->r->n_code;
    if (!parse_sequence(p))
        return false;
    if (*p->s != '|')
        return true;
    p->s++;
    if (++p->depth > MAX_DEPTH)
        return fail(p->err, "the pattern has too many alternatives");
    int len = p->r->n_code - start;
    if (!insert(p, start, (struct instruction){.op = OP_SPLIT, .a = 1, .b = len + 2}) ||
        !emit(p, (struct instruction){.op = OP_JUMP}))
        return false;
    int jump = p->r->n_code - 1;
    if (!parse_choice(p))
        return false;
    p->depth--;
    p->r->code[jump].a = p->r->n_code - jump;
    return true;
}

bool regexp_parse(struct regexp *r, const char *pattern, struct err *err)
{
    struct parser p = {.r = r, .s = pattern, .err = err};
    if (strlen(pattern) > MAX_PATTERN)
        return fail(err, "the pattern is too large");
    if (!parse_choice(&p))
        return false;
    return *p.s != ')' || fail(err, ") without (");
}
