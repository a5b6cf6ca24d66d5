/* Regular expressions that cannot hang: a program of the pattern, run over all its threads at once
 * (Thompson 1968; Cox, "Regular Expression Matching Can Be Simple And Fast", 2007). */
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "core/mem.h"
#include "core/regexp_program.h"
#include "core/utf8.h"

uint32_t regexp_lower(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    uint32_t low = (uint32_t)towlower((wint_t)c);
    return low < 0x80 ? c : low; /* the Kelvin sign is no k */
}

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
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c >= 0x80;
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
                matches(r, &r->code[pc], regexp_lower((uint32_t)byte & 0x7F)) ||
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
                at = (struct place){.number = at.number + 1,
                                    .before = (unsigned char)s[-1]}; /* a word, if not ASCII */
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
            if (matches(r, &r->code[now->at[k]], regexp_lower(c)) && add_thread(r, next, now->at[k] + 1, &at))
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
    bool ok = regexp_parse(r, pattern, &why) && regexp_emit(r, (struct instruction){.op = OP_MATCH}, &why);
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
