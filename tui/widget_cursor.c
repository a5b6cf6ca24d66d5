/* Widgets' cursor: it follows a row's identity over results; a row that went away stays as a ghost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/widget.h"

static void identity_add(const struct result *r, int row, int column, struct text *out)
{
    char buf[64];
    const struct value *value = result_at(r, row, column);
    if (value->type == VALUE_INT)
        snprintf(buf, sizeof(buf), "%lld", (long long)value->integer);
    else if (value->type == VALUE_REAL)
        snprintf(buf, sizeof(buf), "%.17g", value->real);
    text_add(out, value->type == VALUE_TEXT ? value->text : value->type == VALUE_NULL ? "" : buf);
    text_add_char(out, '\x1f');
}

void view_identity(const struct view *v, const struct result *r, int row, struct text *out)
{
    bool any = false;
    for (int i = 0; i < v->pane->key.n; i++) {
        int column = result_column(r, v->pane->key.items[i]);
        if (column >= 0)
            identity_add(r, row, column, out);
        any = any || column >= 0;
    }
    for (int i = 0; i < r->n_columns && v->pane->key.n == 0; i++) {
        if (r->columns[i].origin == NULL || r->columns[i].origin->kind != KIND_KEY)
            continue;
        identity_add(r, row, i, out);
        any = true;
    }
    if (!any && r->n_columns > 0)
        identity_add(r, row, 0, out);
}

void table_reset(struct table *t)
{
    free(t->cursor);
    free(t->widths);
    result_free(t->ghost);
    tree_done(t);
    t->cursor = NULL;
    t->widths = NULL;
    t->ghost = NULL;
    t->n_widths = t->row = t->top = t->scroll = t->narrower = 0;
}

void table_done(struct table *t)
{
    table_reset(t);
    sql_text_done(&t->formatted);
    for (int i = 0; i < t->n_tags; i++)
        free(t->tags[i]);
    free(t->tags);
    *t = (struct table){0};
}

/* One row of R as a result of its own. */
static struct result *row_copy(const struct result *r, int row)
{
    struct arena *arena = arena_new(1024);
    struct result *copy = arena_alloc(arena, sizeof(*copy));
    *copy = (struct result){.arena = arena, .n_columns = r->n_columns, .n_rows = 1};
    copy->columns = arena_alloc(arena, (size_t)r->n_columns * sizeof(*copy->columns));
    copy->values = arena_alloc(arena, (size_t)r->n_columns * sizeof(*copy->values));
    for (int i = 0; i < r->n_columns; i++) {
        copy->columns[i] = r->columns[i];
        copy->columns[i].name = arena_dup(arena, r->columns[i].name);
        copy->values[i] = *result_at(r, row, i);
        if (copy->values[i].type == VALUE_TEXT)
            copy->values[i].text = arena_dup(arena, copy->values[i].text);
    }
    return copy;
}

static int row_of_identity(const struct view *v, const struct result *r, const char *identity)
{
    struct text text;
    int found = -1;
    text_init(&text, 64000);
    for (int i = 0; i < r->n_rows && found < 0; i++) {
        text_clear(&text);
        view_identity(v, r, i, &text);
        if (strcmp(text_str(&text), identity) == 0)
            found = i;
    }
    text_done(&text);
    return found;
}

/* The shown place of row ROW of the result. */
static int place_of(const struct view *v, int row)
{
    for (int i = 0; i < v->table->n_order; i++)
        if (v->table->order[i] == row)
            return i;
    return row;
}

static bool same_columns(const struct result *a, const struct result *b)
{
    return a->n_columns == b->n_columns &&
           (a->n_columns == 0 ||
            strcmp(a->columns[a->n_columns - 1].name, b->columns[b->n_columns - 1].name) == 0);
}

static void forget_cursor(struct table *t)
{
    result_free(t->ghost);
    free(t->cursor);
    t->ghost = NULL;
    t->cursor = NULL;
    t->row = 0;
}

void view_let_go(struct view *v)
{
    forget_cursor(v->table);
}

bool view_is_ghost(const struct view *v, int i)
{
    return v->table->ghost != NULL && i == v->table->row;
}

void view_pin(struct view *v)
{
    if (v->table->cursor == NULL)
        view_move(v, v->table->row);
}

bool view_settle(struct view *v, const struct result *old)
{
    struct table *t = v->table;
    int last = v->result->n_rows - 1;
    bool other_rows = t->other_rows;
    t->other_rows = false;
    tree_done(t);
    if (v->pane->widget == WIDGET_TREE)
        tree_order(v);
    if (t->cursor == NULL) {
        t->row = 0;
        return true;
    }
    int found = row_of_identity(v, v->result, t->cursor);
    if (found >= 0) {
        result_free(t->ghost);
        t->ghost = NULL;
        t->row = place_of(v, found);
        return true;
    }
    if (other_rows) {
        forget_cursor(t);
        return true;
    }
    if (t->ghost != NULL && !same_columns(t->ghost, v->result)) {
        result_free(t->ghost);
        t->ghost = NULL;
    }
    if (t->ghost == NULL && old != NULL && same_columns(old, v->result)) {
        int before = row_of_identity(v, old, t->cursor);
        t->ghost = before >= 0 ? row_copy(old, before) : NULL;
    }
    if (t->row > last + (t->ghost != NULL ? 1 : 0))
        t->row = last + (t->ghost != NULL ? 1 : 0);
    if (t->row < 0)
        t->row = 0;
    return !v->result->more;
}

void view_move(struct view *v, int i)
{
    struct table *t = v->table;
    const struct result *from;
    struct text identity;
    int row, n = view_rows(v);
    if (t->ghost != NULL && i != t->row) {
        if (i > t->row)
            i--;
        result_free(t->ghost);
        t->ghost = NULL;
        n--;
    }
    i = i >= n ? n - 1 : i;
    i = i < 0 ? 0 : i;
    t->row = i;
    if (n == 0)
        return;
    view_row(v, i, &from, &row);
    text_init(&identity, 64000);
    view_identity(v, from, row, &identity);
    free(t->cursor);
    t->cursor = text_take(&identity);
}

bool view_tagged(const struct view *v, const char *identity)
{
    for (int i = 0; i < v->table->n_tags; i++)
        if (strcmp(v->table->tags[i], identity) == 0)
            return true;
    return false;
}

void view_tag(struct view *v, const char *identity)
{
    struct table *t = v->table;
    for (int i = 0; i < t->n_tags; i++) {
        if (strcmp(t->tags[i], identity) != 0)
            continue;
        free(t->tags[i]);
        t->tags[i] = t->tags[--t->n_tags];
        return;
    }
    t->tags = mem_grow(t->tags, (size_t)t->n_tags + 1, sizeof(*t->tags));
    t->tags[t->n_tags++] = mem_dup(identity);
}
