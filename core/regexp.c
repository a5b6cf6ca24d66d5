/* Regular expressions that cannot hang: a program of the pattern, run over all its threads at once
 * (Thompson 1968; Cox, "Regular Expression Matching Can Be Simple And Fast", 2007). */
#include "core/regexp.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "core/mem.h"
#include "core/utf8.h"

enum { MAX_PATTERN = 4000, MAX_CODE = 1000, MAX_RANGES = 1000, MAX_COST = 4000, MAX_DEPTH = 200, MAX_REPEAT = 255 };

enum op { OP_CHAR, OP_ANY, OP_SET, OP_SPLIT, OP_JUMP, OP_START, OP_END, OP_WORD_EDGE, OP_MATCH };
struct instruction {
    enum op op;
    bool negated; /* OP_SET */
    /* OP_CHAR: the character in lower case. OP_SET: first range, number of ranges. OP_SPLIT: both ways, OP_JUMP: the way,
     * relative to this instruction, so that a piece of the program can be moved and copied. */
    int a, b;
};
struct range {
    uint32_t from, to;
};

struct regexp {
    struct instruction code[MAX_CODE];
    int n_code;
    struct range *ranges;
    int n_ranges;
    bool first[256]; /* bytes that can begin a match; all, if it can be empty */
    /* The threads at one place of the text: */
    struct threads {
        int n;
        int at[MAX_CODE];
    } lists[2];
    int seen[MAX_CODE]; /* the place at which an instruction was added last */
    int stack[MAX_CODE * 2];
};

static uint32_t lower(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    uint32_t low = (uint32_t)towlower((wint_t)c);
    return low < 0x80 ? c : low; /* the Kelvin sign is no k */
}

/* ---- From the pattern to the program ---- */

struct parser {
    struct regexp *r;
    const char *s; /* the rest of the pattern */
    int depth;
    struct err *err;
};

static bool parse_choice(struct parser *p);

static bool emit(struct parser *p, struct instruction i)
{
    if (p->r->n_code >= MAX_CODE)
        return fail(p->err, "the pattern is too large");
    p->r->code[p->r->n_code++] = i;
    return true;
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
    return emit(p, (struct instruction){.op = OP_CHAR, .a = (int)lower(c)});
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

/* ---- Running it ---- */

static bool in_ranges(const struct regexp *r, const struct instruction *i, uint32_t c)
{
    for (int k = i->a; k < i->a + i->b; k++)
        if (c >= r->ranges[k].from && c <= r->ranges[k].to)
            return true;
    return false;
}

/* C is in lower case. */
static bool matches(const struct regexp *r, const struct instruction *i, uint32_t c)
{
    switch (i->op) {
    case OP_CHAR:
        return (uint32_t)i->a == c;
    case OP_ANY:
        return true;
    case OP_SET:
        return (in_ranges(r, i, c) || in_ranges(r, i, (uint32_t)towupper((wint_t)c))) != i->negated;
    case OP_SPLIT:
    case OP_JUMP:
    case OP_START:
    case OP_END:
    case OP_WORD_EDGE:
    case OP_MATCH:
        break;
    }
    return false;
}

static bool is_word(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

/* A place in the text: the characters around it, 0 at its ends (no text holds a NUL). */
struct place {
    int number; /* from 1 */
    uint32_t before, after;
};

/* Adds the thread at PC and all that it reaches without reading; true when that is the end of the pattern. */
static bool add_thread(struct regexp *r, struct threads *list, int pc, const struct place *at)
{
    int n = 0;
    r->stack[n++] = pc;
    while (n > 0) {
        pc = r->stack[--n];
        if (r->seen[pc] == at->number)
            continue;
        r->seen[pc] = at->number;
        const struct instruction *i = &r->code[pc];
        switch (i->op) {
        case OP_MATCH:
            return true;
        case OP_JUMP:
            r->stack[n++] = pc + i->a;
            break;
        case OP_SPLIT:
            r->stack[n++] = pc + i->b;
            r->stack[n++] = pc + i->a;
            break;
        case OP_START:
            if (at->before == 0)
                r->stack[n++] = pc + 1;
            break;
        case OP_END:
            if (at->after == 0)
                r->stack[n++] = pc + 1;
            break;
        case OP_WORD_EDGE:
            if (is_word(at->before) != is_word(at->after))
                r->stack[n++] = pc + 1;
            break;
        case OP_CHAR:
        case OP_ANY:
        case OP_SET:
            list->at[list->n++] = pc;
            break;
        }
    }
    return false;
}

/* Finds the bytes that can begin a match: with every edge passed, what the first threads accept. */
static void find_first(struct regexp *r)
{
    bool reached[MAX_CODE] = {true};
    for (bool more = true; more;) {
        more = false;
        for (int pc = 0; pc < r->n_code; pc++) {
            const struct instruction *i = &r->code[pc];
            if (!reached[pc] || i->op == OP_CHAR || i->op == OP_ANY || i->op == OP_SET || i->op == OP_MATCH)
                continue;
            int ways[2] = {pc + 1, pc + 1};
            if (i->op == OP_SPLIT || i->op == OP_JUMP)
                ways[0] = ways[1] = pc + i->a;
            if (i->op == OP_SPLIT)
                ways[1] = pc + i->b;
            for (int w = 0; w < 2; w++) {
                more = more || !reached[ways[w]];
                reached[ways[w]] = true;
            }
        }
    }
    for (int pc = 0; pc < r->n_code; pc++)
        for (int byte = 0; byte < 256 && reached[pc]; byte++)
            if (r->code[pc].op == OP_MATCH || r->code[pc].op == OP_ANY ||
                matches(r, &r->code[pc], lower((uint32_t)byte & 0x7F)) ||
                (byte >= 0x80 && (r->code[pc].op == OP_SET || r->code[pc].a >= 0x80)))
                r->first[byte] = true;
}

bool regexp_match(struct regexp *r, const char *text, size_t len)
{
    const char *s = text, *end = text + len;
    struct threads *now = &r->lists[0], *next = &r->lists[1];
    struct place at = {.number = 1};
    now->n = 0;
    memset(r->seen, 0, sizeof(r->seen));
    for (;;) {
        if (now->n == 0 && !r->first[0]) { /* nothing is under way: on to where something can begin */
            const char *skipped = s;
            while (s < end && !r->first[(unsigned char)*s])
                s++;
            if (s == end)
                return false;
            if (s > skipped)
                at = (struct place){.number = at.number + 1, .before = (unsigned char)s[-1]}; /* a word, if not ASCII */
        }
        uint32_t c = 0;
        size_t used = s == end ? 0 : utf8_decode(s, (size_t)(end - s), &c);
        at.after = c;
        if (add_thread(r, now, 0, &at))
            return true;
        if (used == 0)
            return false;
        s += used;
        uint32_t after = 0;
        if (s < end)
            utf8_decode(s, (size_t)(end - s), &after);
        at = (struct place){.number = at.number + 1, .before = c, .after = after};
        next->n = 0;
        for (int k = 0; k < now->n; k++)
            if (matches(r, &r->code[now->at[k]], lower(c)) && add_thread(r, next, now->at[k] + 1, &at))
                return true;
        struct threads *swapped = now;
        now = next;
        next = swapped;
    }
}

struct regexp *regexp_new(const char *pattern, struct err *err)
{
    struct regexp *r = mem_new(sizeof(*r));
    struct err why = {""};
    struct parser p = {.r = r, .s = pattern, .err = &why};
    bool ok = strlen(pattern) <= MAX_PATTERN || fail(&why, "the pattern is too large");
    ok = ok && parse_choice(&p);
    if (ok && *p.s == ')')
        ok = fail(&why, ") without (");
    ok = ok && emit(&p, (struct instruction){.op = OP_MATCH});
    int cost = 0;
    for (int i = 0; i < r->n_code; i++)
        cost += 1 + (r->code[i].op == OP_SET ? r->code[i].b : 0);
    if (ok && cost > MAX_COST)
        ok = fail(&why, "the pattern is too large");
    if (!ok) {
        fail(err, "regular expression %.100s: %s", pattern, why.text);
        regexp_free(r);
        return NULL;
    }
    find_first(r);
    return r;
}

void regexp_free(struct regexp *r)
{
    if (r == NULL)
        return;
    free(r->ranges);
    free(r);
}
