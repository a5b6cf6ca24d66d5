/* help NAME: one dataset, with every column, what it is and where it comes from. */
#include <stdlib.h>
#include <string.h>

#include "cli/help.h"
#include "core/arena.h"
#include "core/mem.h"
#include "core/text.h"
#include "engine/products.h"

static const char *const kinds[] = {
    [KIND_KEY] = "key",     [KIND_LABEL] = "label",     [KIND_TEXT] = "text",
    [KIND_GAUGE] = "gauge", [KIND_COUNTER] = "counter", [KIND_DERIVED] = "derived"};

/* PostgreSQL's server_version_num, or an extension's as 108 for 1.8. */
static void add_version(struct text *t, int version)
{
    if (version >= 10000)
        text_addf(t, "PostgreSQL %d", version / 10000);
    else
        text_addf(t, "version %d.%d of the extension", version / 100, version % 100);
}

/* The help with the versions that have the column. */
static char *what_of(const struct column *c)
{
    struct text t;
    text_init(&t, 2000);
    text_add(&t, c->help);
    if (c->since > 0 && c->before == NULL) {
        text_add(&t, " (from ");
        add_version(&t, c->since);
        text_add(&t, " on)");
    }
    if (c->until > 0) {
        text_add(&t, " (before ");
        add_version(&t, c->until);
        text_add(&t, ")");
    }
    return text_take(&t);
}

static void add_formula(struct text *t, const struct column *c)
{
    switch (c->formula) {
    case FORMULA_NONE:
        return;
    case FORMULA_SHARE:
        text_addf(t, "%s / (%s + %s)", c->a, c->a, c->b);
        break;
    case FORMULA_QUOTIENT:
        text_addf(t, "%s / %s", c->a, c->b);
        break;
    case FORMULA_PART:
        text_addf(t, "%s / sum of %s over all rows", c->a, c->a);
        break;
    case FORMULA_STDDEV:
    case FORMULA_P50:
    case FORMULA_P95:
    case FORMULA_P99:
        text_addf(t, "from %s, %s, %s", c->a, c->b, c->c);
        break;
    case FORMULA_BUCKET50:
    case FORMULA_BUCKET95:
    case FORMULA_BUCKET99:
        text_addf(t, "from the increases of at most %d buckets", c->run - 1);
        break;
    }
    if (c->least > 0)
        text_addf(t, "; n/a below %g", c->least);
}

/* Of a dataset of several products: what each takes it from. */
static void add_source_at(struct text *t, const struct product *p, const struct dataset *d,
                          const char *column)
{
    for (int i = 0; p->dataset(i) != NULL; i++) {
        const struct column_source *list = p->dataset(i) == d && p->sources != NULL ? p->sources(i) : NULL;
        const char *source = list == NULL ? NULL : column_source_find(list, column);
        if (source != NULL)
            text_addf(t, "%s%s: %s", t->len > 0 ? "; " : "", p->name, source);
    }
}

/* SQL, or the increases that it is computed from; "" when code fills it in. */
static char *from_of(const struct dataset *d, const struct column *c)
{
    struct text t;
    text_init(&t, 4000);
    add_formula(&t, c);
    for (int i = 0; product_at(i) != NULL; i++)
        add_source_at(&t, product_at(i), d, c->name);
    if (c->source != NULL && strcmp(c->source, c->name) != 0)
        text_add(&t, c->source);
    return text_take(&t);
}

static bool has_kind(const struct dataset *d, enum kind kind)
{
    for (int i = 0; i < d->n_columns; i++)
        if (d->columns[i].kind == kind)
            return true;
    return false;
}

static void add_cadence(struct text *t, const struct dataset *d)
{
    if (d->every > 0)
        text_addf(t, "Read every %g s while something needs it", d->every);
    else
        text_add(t, "Read at each refresh while something needs it");
    if (d->baseline_every > 0)
        text_addf(t, ", and every %g s from the start so that windows reach back", d->baseline_every);
    text_add(t, ".");
}

void help_dataset(struct doc *doc, const struct dataset *d)
{
    static const struct doc_column columns[] = {
        {"column", true}, {"kind"}, {"unit"}, {"what it is"}, {"from", true}};
    int n = doc->format == DOC_TERMINAL ? 4 : 5, n_rows = 0;
    const char **cells = mem_new_array((size_t)(d->n_columns * n), sizeof(*cells));
    struct arena *arena = arena_new(4096);
    for (int i = 0; i < d->n_columns; i++) {
        const struct column *c = &d->columns[i];
        if (c->inside)
            continue;
        char *what = what_of(c), *from = from_of(d, c);
        const char *row[] = {c->name, kinds[c->kind], unit_name(c->unit), arena_dup(arena, what),
                             arena_dup(arena, from)};
        memcpy(cells + n_rows++ * n, row, (size_t)n * sizeof(*row));
        free(what);
        free(from);
    }
    struct text t;
    text_init(&t, 2000);
    doc_title(doc, d->name, d->help);
    doc_table(doc, columns, n, cells, n_rows);
    add_cadence(&t, d);
    if (has_kind(d, KIND_COUNTER))
        text_add(&t, " Of each counter x there are x_delta, its increase over the window, and x_per_s too.");
    text_add(&t, " Every dataset has target, span_s, age_s and sampled_at.");
    doc_paragraph(doc, text_str(&t));
    text_done(&t);
    arena_unref(arena);
    free(cells);
}
