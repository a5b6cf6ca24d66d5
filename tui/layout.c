/* Layout: the tree's small language, and the sharing of rows and columns among its parts. */
#include "tui/layout.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8, MAX_PARTS = 32, MAX_SIZE = 1000 };

struct reader {
    const char *s;
    struct arena *arena;
    struct err *err;
    int depth;
};

static bool items_read(struct reader *r, struct layout *out);

static void blanks_skip(struct reader *r)
{
    while (*r->s == ' ' || *r->s == '\t' || *r->s == '\r')
        r->s++;
}

static bool at_comma(const struct reader *r)
{
    return *r->s == ',' || *r->s == '\n';
}

static void commas_skip(struct reader *r)
{
    while (blanks_skip(r), at_comma(r))
        r->s++;
}

static int number_read(struct reader *r)
{
    int n = 0;
    while (isdigit((unsigned char)*r->s)) {
        if (n < MAX_SIZE)
            n = n * 10 + (*r->s - '0');
        r->s++;
    }
    return n < MAX_SIZE ? n : MAX_SIZE;
}

static bool size_read(struct reader *r, struct layout *l)
{
    blanks_skip(r);
    l->weight = 1;
    if (*r->s == '*') {
        r->s++;
        if (isdigit((unsigned char)*r->s))
            l->weight = number_read(r);
        if (l->weight <= 0)
            return fail(r->err, "layout: a weight must be above 0");
    } else if (isdigit((unsigned char)*r->s)) {
        l->weight = 0;
        l->least = l->most = number_read(r);
        if (r->s[0] == '.' && r->s[1] == '.') {
            r->s += 2;
            if (!isdigit((unsigned char)*r->s))
                return fail(r->err, "layout: a number is expected after '..'");
            l->most = number_read(r);
        }
        if (l->least < 1 || l->most < l->least)
            return fail(r->err, "layout: a size must be N or N..M with 1 <= N <= M");
    }
    return true;
}

static bool part_read(struct reader *r, struct layout *out)
{
    blanks_skip(r);
    if (*r->s == '(') {
        if (++r->depth > MAX_DEPTH)
            return fail(r->err, "layout: more than %d parentheses inside each other", MAX_DEPTH);
        r->s++;
        if (!items_read(r, out))
            return false;
        if (*r->s != ')')
            return fail(r->err, "layout: ')' is missing before \"%.20s\"", r->s);
        r->s++;
        r->depth--;
        return size_read(r, out);
    }
    size_t len = 0;
    while (isalnum((unsigned char)r->s[len]) || r->s[len] == '_')
        len++;
    if (len == 0)
        return fail(r->err, "layout: the name of a pane is expected before \"%.20s\"", r->s);
    out->kind = LAYOUT_PANE;
    out->pane = arena_dup_n(r->arena, r->s, len);
    r->s += len;
    return size_read(r, out);
}

/* Puts N parts under OUT; a single one takes its place. */
static void parts_keep(struct reader *r, struct layout *out, enum layout_kind kind,
                       const struct layout *parts, int n)
{
    if (n == 1) {
        *out = parts[0];
        return;
    }
    *out = (struct layout){.kind = kind, .weight = 1, .n_parts = n};
    out->parts = arena_alloc(r->arena, (size_t)n * sizeof(*parts));
    memcpy(out->parts, parts, (size_t)n * sizeof(*parts));
}

static bool item_read(struct reader *r, struct layout *out)
{
    struct layout parts[MAX_PARTS];
    int n = 0;
    do {
        if (n == MAX_PARTS)
            return fail(r->err, "layout: more than %d parts side by side", MAX_PARTS);
        if (n > 0)
            r->s++;
        memset(&parts[n], 0, sizeof(parts[n]));
        if (!part_read(r, &parts[n++]))
            return false;
        blanks_skip(r);
    } while (*r->s == '|');
    parts_keep(r, out, LAYOUT_COLUMNS, parts, n);
    return true;
}

static bool items_read(struct reader *r, struct layout *out)
{
    struct layout parts[MAX_PARTS];
    int n = 0;
    commas_skip(r);
    do {
        if (n == MAX_PARTS)
            return fail(r->err, "layout: more than %d items below each other", MAX_PARTS);
        if (!item_read(r, &parts[n++]))
            return false;
        bool comma = at_comma(r);
        commas_skip(r);
        if (!comma || *r->s == ')')
            break;
    } while (*r->s != '\0');
    parts_keep(r, out, LAYOUT_ROWS, parts, n);
    return true;
}

bool layout_parse(struct arena *arena, const char *text, struct layout *out, struct err *err)
{
    struct reader r = {.s = text, .arena = arena, .err = err};
    struct layout l;
    if (!items_read(&r, &l))
        return false;
    if (*r.s != '\0')
        return fail(err, "layout: a comma or a new line is expected before \"%.20s\"", r.s);
    *out = l;
    return true;
}

void layout_each(const struct layout *l, void (*fn)(void *ctx, const char *pane), void *ctx)
{
    if (l->kind == LAYOUT_PANE)
        fn(ctx, l->pane);
    for (int i = 0; i < l->n_parts; i++)
        layout_each(&l->parts[i], fn, ctx);
}

/* ---- sharing ---- */

struct solver {
    layout_want_fn *want;
    void *ctx;
    struct layout_place *out;
    int n, max;
};

/* What a subtree asks for, in rows and in columns. */
struct need {
    bool hidden;
    int least_rows, rows, least_columns, priority;
};

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static struct need need_of(struct solver *s, const struct layout *l)
{
    if (l->kind == LAYOUT_PANE) {
        struct layout_want w = s->want(s->ctx, l->pane);
        return (struct need){w.hidden, w.least_rows, larger(w.rows, w.least_rows), w.least_columns,
                             w.priority};
    }
    struct need all = {.hidden = true, .priority = INT_MAX};
    bool below = l->kind == LAYOUT_ROWS;
    for (int i = 0; i < l->n_parts; i++) {
        struct need part = need_of(s, &l->parts[i]);
        if (part.hidden)
            continue;
        int rows = below && l->parts[i].weight == 0
                       ? smaller(larger(part.rows, l->parts[i].least), l->parts[i].most)
                       : part.rows;
        all.hidden = false;
        all.priority = smaller(all.priority, part.priority);
        all.least_rows = larger(all.least_rows, part.least_rows);
        all.rows = below ? all.rows + rows : larger(all.rows, rows);
        all.least_columns = below ? larger(all.least_columns, part.least_columns) : part.least_columns;
    }
    return all;
}

static void hide_all(struct solver *s, const struct layout *l)
{
    if (l->kind == LAYOUT_PANE) {
        if (s->n < s->max)
            s->out[s->n] = (struct layout_place){.pane = l->pane};
        s->n++;
    }
    for (int i = 0; i < l->n_parts; i++)
        hide_all(s, &l->parts[i]);
}

/* Shares TOTAL among the parts of L: into GIVE, 0 for those that are dropped. GAP blanks stand between two.
 */
static void share(struct solver *s, const struct layout *l, int total, int gap, int *give)
{
    int least[MAX_PARTS], want[MAX_PARTS], priority[MAX_PARTS];
    bool below = l->kind == LAYOUT_ROWS;
    int sum = -gap;
    for (int i = 0; i < l->n_parts; i++) {
        const struct layout *part = &l->parts[i];
        struct need need = need_of(s, part);
        int content = below ? need.rows : part->most;
        least[i] = below ? need.least_rows : need.least_columns;
        if (part->weight == 0) {
            least[i] =
                part->least == part->most ? part->least : larger(smaller(least[i], part->most), part->least);
            want[i] = larger(least[i], smaller(content, part->most));
        } else {
            want[i] = least[i];
        }
        priority[i] = need.priority;
        give[i] = need.hidden ? 0 : least[i];
        sum += give[i] > 0 ? give[i] + gap : 0;
    }
    while (sum > total) {
        int worst = -1, shown = 0;
        for (int i = 0; i < l->n_parts; i++) {
            shown += give[i] > 0;
            if (give[i] > 0 && (worst < 0 || priority[i] >= priority[worst]))
                worst = i;
        }
        if (worst < 0)
            break;
        if (shown == 1) { /* the last one is cut, not dropped */
            give[worst] = larger(total, 0);
            return;
        }
        sum -= give[worst] + gap;
        give[worst] = 0;
    }
    int left = total - sum;
    double weights = 0;
    for (int i = 0; i < l->n_parts; i++) {
        if (give[i] == 0)
            continue;
        int more = smaller(left, want[i] - give[i]);
        give[i] += more;
        left -= more;
        weights += l->parts[i].weight;
    }
    /* By weight of the whole that the weighted parts have, so that what each needs at least is part of its
     * share. */
    for (int i = 0; i < l->n_parts && weights > 0; i++) {
        if (give[i] == 0 || l->parts[i].weight == 0)
            continue;
        int pool = left;
        for (int k = i; k < l->n_parts; k++)
            pool += give[k] > 0 && l->parts[k].weight > 0 ? give[k] : 0;
        int mine = (int)((double)pool * l->parts[i].weight / weights + 0.5);
        int more = larger(0, smaller(left, mine - give[i]));
        give[i] += more;
        left -= more;
        weights -= l->parts[i].weight;
    }
}

static void solve(struct solver *s, const struct layout *l, struct layout_place at)
{
    if (l->kind == LAYOUT_PANE) {
        at.pane = l->pane;
        if (s->want(s->ctx, l->pane).hidden)
            at.rows = at.columns = 0;
        if (s->n < s->max)
            s->out[s->n] = at;
        s->n++;
        return;
    }
    int give[MAX_PARTS];
    bool below = l->kind == LAYOUT_ROWS;
    share(s, l, below ? at.rows : at.columns, below ? 0 : 1, give);
    for (int i = 0; i < l->n_parts; i++) {
        struct layout_place part = at;
        *(below ? &part.rows : &part.columns) = give[i];
        if (give[i] == 0) {
            hide_all(s, &l->parts[i]);
            continue;
        }
        solve(s, &l->parts[i], part);
        *(below ? &at.row : &at.column) += give[i] + (below ? 0 : 1);
    }
}

int layout_solve(const struct layout *l, int rows, int columns, layout_want_fn *want, void *ctx,
                 struct layout_place *out, int max)
{
    struct solver s = {.want = want, .ctx = ctx, .out = out, .max = max};
    solve(&s, l, (struct layout_place){.rows = larger(rows, 0), .columns = larger(columns, 0)});
    return s.n;
}
