/* What leaves the dashboard: a copied text, exported rows, a query to explain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/export.h"
#include "core/text.h"
#include "tui/dash_state.h"

static const char *text_at(const struct result *r, int row, const char *column)
{
    int c = view_find(r, column);
    return c >= 0 && result_at(r, row, c)->type == VALUE_TEXT ? result_at(r, row, c)->text : NULL;
}

/* What a person means by "the text of this row": the pane's `copy` column, a query or definition, else the
 * last text there is. */
static const char *row_text(const struct dash_pane *p, const struct result *r, int row)
{
    static const char *const names[] = {"query", "definition"};
    const char *text = text_at(r, row, p->pane->copy);
    for (size_t i = 0; text == NULL && i < sizeof(names) / sizeof(names[0]); i++)
        text = text_at(r, row, names[i]);
    for (int c = r->n_columns - 1; text == NULL && c >= 0; c--)
        if (result_at(r, row, c)->type == VALUE_TEXT)
            text = result_at(r, row, c)->text;
    return text;
}

static bool save(struct dash *d, const char *name, const char *text, size_t len)
{
    char path[512], said[700];
    struct err err = {""};
    if (d->host.save == NULL)
        return false;
    if (d->host.save(d->host.ctx, name, text, len, path, sizeof(path), &err)) {
        snprintf(said, sizeof(said), "%zu bytes written to %s", len, path);
        dash_say(d, ROLE_GOOD, said);
    } else {
        dash_say(d, ROLE_WARNING, err.text);
    }
    return true;
}

void dash_copy(struct dash *d)
{
    const struct result *from;
    struct dash_pane *p = dash_focus(d);
    int row;
    char said[100];
    const char *text = pane_row(p, &from, &row) ? row_text(p, from, row) : NULL;
    if (text == NULL) {
        dash_say(d, ROLE_DIM, "nothing to copy in this row");
        return;
    }
    size_t len = strlen(text);
    if (d->host.copy != NULL && d->host.copy(d->host.ctx, text, len)) {
        snprintf(said, sizeof(said), "%zu bytes copied to the terminal's clipboard", len);
        dash_say(d, ROLE_GOOD, said);
    } else if (!save(d, "copied.txt", text, len)) {
        dash_say(d, ROLE_WARNING, "this terminal takes no copies");
    }
}

static void export_write(struct dash_pane *p, const struct result *r)
{
    struct dash *d = p->dash;
    char *text = NULL, name[100];
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (f == NULL) {
        dash_say(d, ROLE_WARNING, "no memory to export");
        return;
    }
    if (strcmp(p->export_format, "csv") == 0)
        export_csv(f, r);
    else
        export_json(f, r), fputc('\n', f);
    fclose(f);
    snprintf(name, sizeof(name), "%s.%s", p->pane->name, p->export_format);
    if (!save(d, name, text, len))
        dash_say(d, ROLE_WARNING, "files cannot be written here");
    free(text);
    if (r->more) {
        snprintf(name, sizeof(name), "only the first %d rows were written", r->n_rows);
        dash_say(d, ROLE_WARNING, name);
    }
}

static void export_done(void *ctx, struct result *result, const char *error)
{
    struct asking *a = ctx;
    a->out = false;
    if (result == NULL)
        dash_say(a->pane->dash, ROLE_WARNING, error == NULL ? "the query failed" : error);
    else
        export_write(a->pane, result);
    result_free(result);
}

void dash_export(struct dash *d, const char *format)
{
    struct dash_pane *p = dash_focus(d);
    struct err err = {""};
    if (p == NULL || p->result == NULL) {
        dash_say(d, ROLE_DIM, "nothing to export yet");
        return;
    }
    snprintf(p->export_format, sizeof(p->export_format), "%s", format);
    if (!p->result->more)
        export_write(p, p->result);
    else if (!pane_ask_all(p, export_done, &err)) /* what is held is only what scrolling needs */
        dash_say(d, ROLE_WARNING, err.text);
}

void dash_explain(struct dash *d)
{
    const struct result *from;
    struct dash_pane *p = dash_focus(d);
    int row;
    struct err err = {""};
    const char *sql = pane_row(p, &from, &row) ? text_at(from, row, "query") : NULL;
    if (sql == NULL) {
        dash_say(d, ROLE_DIM, "there is no query in this row");
        return;
    }
    const char *target = text_at(from, row, "target"), *database = text_at(from, row, "database");
    if (d->host.explain == NULL)
        dash_say(d, ROLE_WARNING, "EXPLAIN needs a connection of its own: not here");
    else if (!d->host.explain(d->host.ctx, target == NULL ? d->target : target, database, sql, &err))
        dash_say(d, ROLE_WARNING, err.text);
    else
        dash_say(d, ROLE_TEXT, "asking for the plan...");
}
