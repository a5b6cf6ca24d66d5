/* help actions: what can be done to a server, from the table that dialogs and menus read. */
#include <stdlib.h>

#include "cli/help.h"
#include "core/mem.h"
#include "core/text.h"
#include "cures/action.h"

/* "tables, indexes", or the target. */
static void on_text(const struct action *a, struct text *out)
{
    for (int i = 0; i < a->n_on; i++)
        text_addf(out, "%s%s", i > 0 ? ", " : "", a->on[i]);
    if (a->n_on == 0)
        text_add(out, "the target");
}

static void what_table(struct help *h, const struct actions *as)
{
    static const struct doc_column columns[] = {
        {"action", .code = true}, {"key", .code = true}, {"on rows of"}, {"what it does"}};
    const char **cells = mem_new_array((size_t)as->n * 4, sizeof(*cells));
    struct text *on = mem_new_array((size_t)as->n, sizeof(*on));
    char(*keys)[2] = mem_new_array((size_t)as->n, sizeof(*keys));
    for (int i = 0; i < as->n; i++) {
        const struct action *a = &as->list[i];
        text_init(&on[i], 300);
        on_text(a, &on[i]);
        keys[i][0] = a->key;
        cells[4 * i] = a->name;
        cells[4 * i + 1] = a->key == '\0' ? NULL : keys[i];
        cells[4 * i + 2] = text_str(&on[i]);
        cells[4 * i + 3] = a->help;
    }
    doc_table(&h->doc, columns, 4, cells, as->n);
    for (int i = 0; i < as->n; i++)
        text_done(&on[i]);
    free(keys);
    free(on);
    free(cells);
}

static void who_table(struct help *h, const struct actions *as)
{
    static const struct doc_column columns[] = {
        {"action", .code = true}, {"who may"}, {"what may go wrong"}, {"why it is not taken back"}};
    const char **cells = mem_new_array((size_t)as->n * 4, sizeof(*cells));
    for (int i = 0; i < as->n; i++) {
        cells[4 * i] = as->list[i].name;
        cells[4 * i + 1] = as->list[i].privilege;
        cells[4 * i + 2] = as->list[i].risk;
        cells[4 * i + 3] = as->list[i].lasting;
    }
    doc_heading(&h->doc, "rights and risks");
    doc_table(&h->doc, columns, 4, cells, as->n);
    free(cells);
}

void actions_help(struct help *h)
{
    struct actions actions;
    if (!actions_read(&actions, NULL))
        return;
    doc_paragraph(
        &h->doc,
        "In the dashboard a key, the menu (.) or the palette (:) opens a dialog with the "
        "exact SQL; y runs it, anything else leaves it. Several "
        "tagged rows are confirmed by their number, on a target with env = prod by the "
        "target's name. What it is done to is looked at again just "
        "before, on the same connection. Plain DDL steps back from a lock that does not "
        "come and tries again; what is done CONCURRENTLY waits and "
        "tells who waits behind it. Page cures shows the jobs, page ledger what they did, with numbers "
        "before and after, and takes it back where that is possible. With --read-only, in the past, while "
        "it is paused and on old numbers there are none.");
    what_table(h, &actions);
    who_table(h, &actions);
    actions_done(&actions);
}
