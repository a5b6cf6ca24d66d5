/* Pages and panes: from sections of the INI syntax to structs. The attributes are rows of tables. */
#include "tui/page.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/embedded.h"
#include "core/mem.h"
#include "core/text.h"

enum { MAX_LIST = 64, MAX_PAGES = 100, MAX_PANES = 400 };

static const char *const widget_names[N_WIDGETS] = {"table", "tree", "lines",  "tiles",
                                                    "chart", "flow", "record", "sql"};

const char *widget_name(enum widget w)
{
    return widget_names[w];
}

// clang-format off
/* Attributes that are one string. */
static const struct { const char *key; size_t offset; } pane_strings[] = {
    {"title", offsetof(struct pane, title)},   {"sql", offsetof(struct pane, sql)},       {"note", offsetof(struct pane, note)},
    {"detail", offsetof(struct pane, detail)}, {"empty", offsetof(struct pane, empty)},   {"copy", offsetof(struct pane, copy)},
    {"id", offsetof(struct pane, id)},         {"parent", offsetof(struct pane, parent)}, {"tree", offsetof(struct pane, tree)},
    {"page", offsetof(struct pane, page)},     {"size", offsetof(struct pane, size)},     {"of", offsetof(struct pane, of)},
};
/* Attributes that are a list of names. */
static const struct { const char *key; size_t offset; } pane_lists[] = {
    {"hide", offsetof(struct pane, hide)}, {"show", offsetof(struct pane, show)}, {"key", offsetof(struct pane, key)},
    {"drop", offsetof(struct pane, drop)}, {"bars", offsetof(struct pane, bars)}, {"undemanded", offsetof(struct pane, undemanded)}, {"needs", offsetof(struct pane, needs)},
};
// clang-format on

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool names_have(const struct names *names, const char *name)
{
    for (int i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

const char *pairs_find(const struct pairs *pairs, const char *name)
{
    for (int i = 0; i < pairs->n; i++)
        if (strcmp(pairs->names[i], name) == 0)
            return pairs->texts[i];
    return NULL;
}

void pages_init(struct pages *p)
{
    *p = (struct pages){.arena = arena_new(16384)};
}

void pages_done(struct pages *p)
{
    if (p->arena == NULL)
        return;
    free(p->pages);
    free(p->panes);
    arena_unref(p->arena);
    *p = (struct pages){0};
}

const struct page *page_find(const struct pages *p, const char *name)
{
    for (int i = 0; i < p->n_pages; i++)
        if (strcmp(p->pages[i]->name, name) == 0)
            return p->pages[i];
    return NULL;
}

const struct page *page_of_key(const struct pages *p, char key)
{
    for (int i = 0; i < p->n_pages; i++)
        if (key != 0 && p->pages[i]->key == key)
            return p->pages[i];
    return NULL;
}

const struct pane *pane_find(const struct pages *p, const char *name)
{
    for (int i = 0; i < p->n_panes; i++)
        if (strcmp(p->panes[i]->name, name) == 0)
            return p->panes[i];
    return NULL;
}

/* ---- values ---- */

/* Cuts the next piece of *S that ends at one of ENDS, without the blanks around it, into the arena. NULL at
 * the end. */
static const char *piece_next(struct arena *arena, const char **s, const char *ends)
{
    while (**s != '\0') {
        size_t len = strcspn(*s, ends);
        const char *start = *s;
        *s += len + (start[len] != '\0');
        while (len > 0 && isspace((unsigned char)*start))
            start++, len--;
        while (len > 0 && isspace((unsigned char)start[len - 1]))
            len--;
        if (len > 0)
            return arena_dup_n(arena, start, len);
    }
    return NULL;
}

static bool pieces_read(struct arena *arena, const char *s, const char *ends, struct names *out,
                        struct err *err)
{
    const char *items[MAX_LIST], *piece;
    int n = 0;
    while ((piece = piece_next(arena, &s, ends)) != NULL) {
        if (n == MAX_LIST)
            return fail(err, "more than %d entries", MAX_LIST);
        items[n++] = piece;
    }
    out->n = n;
    out->items = arena_alloc(arena, (size_t)n * sizeof(*items));
    memcpy(out->items, items, (size_t)n * sizeof(*items));
    return true;
}

static bool pairs_read(struct arena *arena, const char *s, const char *ends, struct pairs *out,
                       struct err *err)
{
    struct names pieces = {0};
    if (!pieces_read(arena, s, ends, &pieces, err))
        return false;
    struct pairs pairs = {.n = pieces.n};
    pairs.names = arena_alloc(arena, (size_t)pieces.n * sizeof(char *));
    pairs.texts = arena_alloc(arena, (size_t)pieces.n * sizeof(char *));
    for (int i = 0; i < pieces.n; i++) {
        const char *rest = pieces.items[i];
        if (strchr(rest, ':') == NULL)
            return fail(err, "\"%.60s\" has no ':' (NAME: TEXT is expected)", rest);
        pairs.names[i] = piece_next(arena, &rest, ":");
        while (isspace((unsigned char)*rest))
            rest++;
        pairs.texts[i] = rest;
        if (pairs.names[i] == NULL || *rest == '\0')
            return fail(err, "\"%.60s\": NAME: TEXT is expected", pieces.items[i]);
    }
    *out = pairs;
    return true;
}

static bool sorts_read(struct arena *arena, const char *s, struct pane *pane, struct err *err)
{
    struct names pieces = {0};
    if (!pieces_read(arena, s, ",\n", &pieces, err))
        return false;
    struct pane_sort *sorts = arena_alloc(arena, (size_t)pieces.n * sizeof(*sorts));
    for (int i = 0; i < pieces.n; i++) {
        const char *rest = pieces.items[i];
        sorts[i].column = piece_next(arena, &rest, " \t");
        const char *direction = piece_next(arena, &rest, " \t");
        sorts[i].descending = direction != NULL && strcmp(direction, "desc") == 0;
        if (direction != NULL && !sorts[i].descending && strcmp(direction, "asc") != 0)
            return fail(err, "\"%.60s\": asc or desc is expected after the column", pieces.items[i]);
    }
    pane->sorts = sorts;
    pane->n_sorts = pieces.n;
    return true;
}

static bool marks_read(struct arena *arena, const char *s, struct pane *pane, struct err *err)
{
    struct names pieces = {0};
    if (!pieces_read(arena, s, "\n", &pieces, err))
        return false;
    struct mark *marks = arena_alloc(arena, (size_t)pieces.n * sizeof(*marks));
    for (int i = 0; i < pieces.n; i++)
        if (!mark_parse(arena, pieces.items[i], &marks[i], err))
            return false;
    pane->marks = marks;
    pane->n_marks = pieces.n;
    return true;
}

/* Digits, up to 9999; false if there are none. */
static bool number_read(const char **s, int *out)
{
    int n = 0;
    if (!isdigit((unsigned char)**s))
        return false;
    for (; isdigit((unsigned char)**s); (*s)++)
        n = n > 999 ? 9999 : n * 10 + (**s - '0');
    *out = n;
    return true;
}

static bool extent_read(const char *s, int *rows, int *columns, struct err *err)
{
    int r, c;
    const char *at = s;
    if (!number_read(&at, &r) || *at++ != 'x' || !number_read(&at, &c) || *at != '\0')
        return fail(err, "\"%.40s\": ROWSxCOLUMNS is expected, such as 24x80", s);
    *rows = r;
    *columns = c;
    return true;
}

static bool widget_read(const char *s, enum widget *out, struct err *err)
{
    for (int i = 0; i < N_WIDGETS; i++) {
        if (strcmp(s, widget_names[i]) == 0) {
            *out = (enum widget)i;
            return true;
        }
    }
    return fail(err, "there is no widget \"%.40s\"", s);
}

/* ---- sections ---- */

static bool pane_set(struct arena *arena, struct pane *pane, const char *key, const char *value,
                     struct err *err)
{
    for (size_t i = 0; i < COUNT(pane_strings); i++) {
        if (strcmp(key, pane_strings[i].key) == 0) {
            *(const char **)(void *)((char *)pane + pane_strings[i].offset) = arena_dup(arena, value);
            return true;
        }
    }
    for (size_t i = 0; i < COUNT(pane_lists); i++)
        if (strcmp(key, pane_lists[i].key) == 0)
            return pieces_read(arena, value, ",\n",
                               (struct names *)(void *)((char *)pane + pane_lists[i].offset), err);
    if (strcmp(key, "headings") == 0)
        return pairs_read(arena, value, ",\n", &pane->headings, err);
    if (strcmp(key, "sets") == 0)
        return pairs_read(arena, value, "\n", &pane->sets, err);
    if (strcmp(key, "sort") == 0)
        return sorts_read(arena, value, pane, err);
    if (strcmp(key, "mark") == 0)
        return marks_read(arena, value, pane, err);
    if (strcmp(key, "optional") == 0) {
        pane->optional = strchr("yt1", value[0]) != NULL; /* yes, true, 1: checked by the config's parser */
        return true;
    }
    if (strcmp(key, "stack") == 0) {
        pane->stack = strchr("yt1", value[0]) != NULL;
        return true;
    }
    if (strcmp(key, "widget") == 0)
        return widget_read(value, &pane->widget, err);
    if (strcmp(key, "screen") == 0)
        return extent_read(value, &pane->screen_rows, &pane->screen_columns, err);
    if (strcmp(key, "least") == 0)
        return extent_read(value, &pane->least_rows, &pane->least_columns, err);
    int number;
    const char *at = value;
    if (!number_read(&at, &number) || *at != '\0')
        return fail(err, "\"%.40s\": a whole number is expected", value);
    if (strcmp(key, "trend") == 0)
        pane->trend_s = number;
    else
        pane->priority = number;
    return true;
}

static bool page_set(struct arena *arena, struct page *page, const char *key, const char *value,
                     struct err *err)
{
    if (strcmp(key, "layout") == 0)
        return layout_parse(arena, value, &page->layout, err);
    if (strcmp(key, "key") == 0) {
        page->detail = strcmp(value, "detail") == 0;
        page->key = page->detail ? 0 : value[0];
        if (!page->detail && (!isdigit((unsigned char)value[0]) || value[1] != '\0'))
            return fail(err, "\"%.40s\": a digit or `detail` is expected", value);
        return true;
    }
    const char **text = strcmp(key, "title") == 0   ? &page->title
                        : strcmp(key, "focus") == 0 ? &page->focus
                                                    : &page->help;
    *text = arena_dup(arena, value);
    return true;
}

static struct page *page_make(struct pages *p, const struct config_section *s, struct err *err)
{
    for (int i = 0; i < p->n_pages; i++)
        if (strcmp(p->pages[i]->name, s->name) == 0)
            return p->pages[i];
    if (p->n_pages == MAX_PAGES) {
        fail(err, "%s:%d: more than %d pages", s->file, s->line, MAX_PAGES);
        return NULL;
    }
    struct page *page = arena_alloc(p->arena, sizeof(*page));
    page->name = page->title = arena_dup(p->arena, s->name);
    page->help = "";
    page->file = arena_dup(p->arena, s->file);
    page->line = s->line;
    p->pages = mem_grow(p->pages, (size_t)p->n_pages + 1, sizeof(*p->pages));
    p->pages[p->n_pages++] = page;
    return page;
}

static struct pane *pane_make(struct pages *p, const struct config_section *s, struct err *err)
{
    for (int i = 0; i < p->n_panes; i++)
        if (strcmp(p->panes[i]->name, s->name) == 0)
            return p->panes[i];
    if (p->n_panes == MAX_PANES) {
        fail(err, "%s:%d: more than %d panes", s->file, s->line, MAX_PANES);
        return NULL;
    }
    struct pane *pane = arena_alloc(p->arena, sizeof(*pane));
    pane->name = pane->title = arena_dup(p->arena, s->name);
    pane->empty = "nothing";
    pane->least_rows = 3;
    pane->least_columns = 20;
    pane->priority = 5;
    pane->file = arena_dup(p->arena, s->file);
    pane->line = s->line;
    p->panes = mem_grow(p->panes, (size_t)p->n_panes + 1, sizeof(*p->panes));
    p->panes[p->n_panes++] = pane;
    return pane;
}

/* Puts the pane below what its page shows already. */
static bool pane_append(struct pages *p, const struct pane *pane, const struct config_section *s, struct err *err)
{
    const struct page *found = page_find(p, pane->page);
    if (found == NULL)
        return fail(err, "%s:%d: pane %s: there is no page \"%s\"", s->file, section_line(s, "page"), pane->name,
                    pane->page);
    struct text item;
    struct layout added;
    struct err why;
    text_init(&item, 1024);
    text_addf(&item, "%s %s", pane->name, pane->size == NULL ? "*1" : pane->size);
    bool ok = layout_parse(p->arena, text_str(&item), &added, &why) && added.kind == LAYOUT_PANE;
    text_done(&item);
    if (!ok)
        return fail(err, "%s:%d: pane %s: size: N, N..M or *N is expected", s->file, section_line(s, "size"),
                    pane->name);
    for (int i = 0; i < p->n_pages; i++) {
        if (p->pages[i] != found)
            continue;
        struct layout *parts = arena_alloc(p->arena, 2 * sizeof(*parts));
        parts[0] = found->layout;
        parts[1] = added;
        p->pages[i]->layout = (struct layout){.kind = LAYOUT_ROWS, .weight = 1, .parts = parts, .n_parts = 2};
    }
    return true;
}

static bool section_add(struct pages *p, const struct config_section *s, bool is_page, struct err *err)
{
    if (s->name == NULL || s->name[0] == '\0')
        return fail(err, "%s:%d: [%s] needs a name: [%s NAME]", s->file, s->line, s->kind, s->kind);
    struct page *page = is_page ? page_make(p, s, err) : NULL;
    struct pane *pane = is_page ? NULL : pane_make(p, s, err);
    if (page == NULL && pane == NULL)
        return false;
    for (int i = 0; i < s->n_entries; i++) {
        const struct config_entry *e = &s->entries[i];
        struct err why;
        bool ok = is_page ? page_set(p->arena, page, e->key, e->value, &why)
                          : pane_set(p->arena, pane, e->key, e->value, &why);
        if (!ok)
            return fail(err, "%s:%d: %s: %s", s->file, e->line, e->key, why.text);
    }
    if (pane != NULL && pane->sql == NULL)
        return fail(err, "%s:%d: pane %s has no sql", s->file, s->line, s->name);
    if (pane != NULL && section_get(s, "page") != NULL)
        return pane_append(p, pane, s, err);
    return true;
}

bool pages_add(struct pages *p, const struct config *c, struct err *err)
{
    for (int i = 0; i < c->n_sections; i++) {
        bool is_page = strcmp(c->sections[i].kind, "page") == 0;
        if ((is_page || strcmp(c->sections[i].kind, "pane") == 0) &&
            !section_add(p, &c->sections[i], is_page, err))
            return false;
    }
    return true;
}

bool pages_add_text(struct pages *p, const char *text, size_t len, const char *file, struct err *err)
{
    struct config c;
    if (!config_parse(text, len, file, config_options, n_config_options, &c, err))
        return false;
    bool ok = pages_add(p, &c, err);
    config_done(&c);
    return ok;
}

bool pages_add_builtin(struct pages *p, struct err *err)
{
    for (int i = 0; i < n_embedded_pages; i++) {
        char file[80];
        snprintf(file, sizeof(file), "%s.page", embedded_pages[i].name);
        if (!pages_add_text(p, embedded_pages[i].text, embedded_pages[i].len, file, err))
            return false;
    }
    return true;
}
