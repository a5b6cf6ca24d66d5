/* Widget tree: the order of rows in which each stands below the one it belongs to, and the branches drawn
 * before it. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/widget.h"

/* Finding parents compares all rows with each other; beyond this they stand as they come. */
enum { MOST_DEPTH = 24, MOST_ROWS = 600 };

struct walk {
    struct view *v;
    int id, parent;
    bool *done;
    int n;
    struct text prefix;
};

static bool same(const struct value *a, const struct value *b)
{
    if (a->type != b->type || a->type == VALUE_NULL)
        return false;
    if (a->type == VALUE_TEXT)
        return strcmp(a->text, b->text) == 0;
    return value_real(a) == value_real(b);
}

static bool is_child(const struct walk *w, int row, int of)
{
    const struct result *r = w->v->result;
    return same(result_at(r, row, w->parent), result_at(r, of, w->id));
}

static bool has_parent(const struct walk *w, int row)
{
    for (int i = 0; i < w->v->result->n_rows; i++)
        if (i != row && is_child(w, row, i))
            return true;
    return false;
}

static void visit(struct walk *w, int row, int depth, bool last)
{
    struct view *v = w->v;
    struct text branch;
    size_t keep = w->prefix.len;
    w->done[row] = true;
    v->table->order[w->n++] = row;
    text_init(&branch, 512);
    text_add(&branch, text_str(&w->prefix));
    if (depth > 0)
        text_add(&branch, last ? "└─ " : "├─ ");
    v->table->branches[row] = mem_dup(text_str(&branch));
    text_done(&branch);
    if (depth >= MOST_DEPTH)
        return;
    if (depth > 0)
        text_add(&w->prefix, last ? "   " : "│  ");
    int final = -1;
    for (int i = 0; i < v->result->n_rows; i++)
        if (!w->done[i] && is_child(w, i, row))
            final = i;
    for (int i = 0; i <= final; i++)
        if (!w->done[i] && is_child(w, i, row))
            visit(w, i, depth + 1, i == final);
    if (w->prefix.data != NULL) {
        w->prefix.data[keep] = '\0';
        w->prefix.len = keep;
    }
}

void tree_done(struct table *t)
{
    for (int i = 0; i < t->n_order; i++)
        free(t->branches[i]);
    free(t->branches);
    free(t->order);
    t->branches = NULL;
    t->order = NULL;
    t->n_order = 0;
}

void tree_order(struct view *v)
{
    const struct result *r = v->result;
    struct walk w = {.v = v, .id = view_find(r, v->pane->id), .parent = view_find(r, v->pane->parent)};
    tree_done(v->table);
    if (r->n_rows > MOST_ROWS)
        return;
    v->table->n_order = r->n_rows;
    v->table->order = mem_new_array((size_t)r->n_rows, sizeof(int));
    v->table->branches = mem_new_array((size_t)r->n_rows, sizeof(char *));
    w.done = mem_new_array((size_t)r->n_rows, sizeof(bool));
    text_init(&w.prefix, 256);
    /* Roots first in their order; then what is left, which are circles. */
    for (int i = 0; i < r->n_rows; i++)
        if (!w.done[i] && (w.id < 0 || w.parent < 0 || !has_parent(&w, i)))
            visit(&w, i, 0, false);
    for (int i = 0; i < r->n_rows; i++)
        if (!w.done[i])
            visit(&w, i, 0, false);
    text_done(&w.prefix);
    free(w.done);
}
