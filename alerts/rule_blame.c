/* Why the SELECT of a rule does not compile, with the name that was perhaps meant. */
#include <stdlib.h>
#include <string.h>

#include "alerts/rule_private.h"
#include "core/mem.h"
#include "core/nearest.h"

enum { MOST_KNOWN = 4096, MOST_LISTS = 64, LEAST_STEM = 3 };

/* The columns of the datasets that a rule names. */
struct known {
    const char *names[MOST_KNOWN];
    int n;
    struct shown *lists[MOST_LISTS]; /* the names live here */
    int n_lists;
    const char *dataset; /* the first one, NULL: none */
};

static void know(struct known *k, const struct dataset *d)
{
    int n;
    struct shown *list = dataset_shown(d, &n);
    k->lists[k->n_lists++] = list;
    k->dataset = k->dataset == NULL ? d->name : k->dataset;
    for (int i = 0; i < n && k->n < MOST_KNOWN; i++)
        k->names[k->n++] = list[i].name;
}

/* Columns that begin with the same word: xact_s is far from xact_age_s, but was meant. */
static void add_kin(struct text *t, const struct known *k, const char *name)
{
    size_t stem = strcspn(name, "_");
    int found = 0;
    for (int i = 0; i < k->n && stem >= LEAST_STEM; i++)
        if (strncmp(k->names[i], name, stem) == 0)
            text_addf(t, "%s '%s'", found++ == 0 ? "; did you mean" : " or", k->names[i]);
    if (found > 0)
        text_add_char(t, '?');
    else if (k->dataset != NULL)
        text_addf(t, "; see dbvitals help %s", k->dataset);
}

static void suggest(struct text *t, const struct known *k, const char *name)
{
    const char *dot = strrchr(name, '.');
    name = dot == NULL ? name : dot + 1;
    const char *near = nearest_find(name, k->names, k->n);
    if (near != NULL)
        text_addf(t, "; did you mean '%s'?", near);
    else
        add_kin(t, k, name);
}

bool rule_blame(const struct rule_reader *reader, const struct layers *l, const char *key,
                const struct given *at, const char *why, struct err *err)
{
    static const char start[] = "no such column: ";
    struct text t;
    text_init(&t, sizeof(err->text) - 200);
    text_add(&t, why);
    if (strncmp(why, start, sizeof(start) - 1) == 0) {
        struct given from = layers_get(l, "from");
        const char *in = from.value != NULL ? from.value : at->value;
        struct known *known = mem_new(sizeof(*known));
        for (int i = 0; in != NULL && i < reader->registry->n && known->n_lists < MOST_LISTS; i++)
            if (strstr(in, reader->registry->datasets[i]->name) != NULL)
                know(known, reader->registry->datasets[i]);
        suggest(&t, known, why + sizeof(start) - 1);
        for (int i = 0; i < known->n_lists; i++)
            free(known->lists[i]);
        free(known);
    }
    layers_fail(l, key, at, err, "%s", text_str(&t));
    text_done(&t);
    return false;
}
