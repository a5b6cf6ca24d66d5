/* Pages and panes: what must hold once all of them were read. */
#include <string.h>

#include "tui/page.h"

struct check {
    const struct pages *pages;
    const struct page *page;
    struct err *err;
    bool ok;
};

static void pane_check(void *ctx, const char *name)
{
    struct check *c = ctx;
    const struct pane *pane = pane_find(c->pages, name);
    if (!c->ok)
        return;
    if (pane == NULL)
        c->ok = fail(c->err, "%s:%d: page %s: there is no pane \"%s\"", c->page->file, c->page->line,
                     c->page->name, name);
    else if (pane->detail != NULL && page_find(c->pages, pane->detail) == NULL)
        c->ok = fail(c->err, "%s:%d: pane %s: there is no page \"%s\"", pane->file, pane->line, name,
                     pane->detail);
    else if (pane->widget == WIDGET_TREE && (pane->id == NULL || pane->parent == NULL || pane->tree == NULL))
        c->ok =
            fail(c->err, "%s:%d: pane %s: a tree needs id, parent and tree", pane->file, pane->line, name);
}

bool pages_check(const struct pages *p, struct err *err)
{
    for (int i = 0; i < p->n_pages; i++) {
        const struct page *page = p->pages[i];
        if (page->layout.pane == NULL && page->layout.n_parts == 0)
            return fail(err, "%s:%d: page %s has no layout", page->file, page->line, page->name);
        for (int k = 0; k < i; k++)
            if (page->key != 0 && p->pages[k]->key == page->key)
                return fail(err, "%s:%d: key %c opens page %s already", page->file, page->line, page->key,
                            p->pages[k]->name);
        struct check check = {p, page, err, true};
        layout_each(&page->layout, pane_check, &check);
        if (!check.ok)
            return false;
    }
    return true;
}
