/* Which product has which dataset, and so what of a page is of no use for a target. */
#include <string.h>

#include "engine/derived.h"
#include "engine/products.h"

static bool has(const struct product *p, const char *name)
{
    for (int i = 0; p->dataset(i) != NULL; i++)
        if (strcmp(p->dataset(i)->name, name) == 0)
            return true;
    return false;
}

/* Is it made here from others? Then of one of those at least. */
static bool is_made(const char *name, const char *const **from)
{
    for (int i = 0; i < n_derived; i++)
        if (strcmp(derived_table[i]->dataset->name, name) == 0) {
            *from = derived_table[i]->from;
            return true;
        }
    return false;
}

bool product_lacks(const char *product, const char *dataset)
{
    const struct product *p = NULL;
    bool shelved = false;
    for (int i = 0; product_at(i) != NULL; i++) {
        p = strcmp(product_at(i)->name, product) == 0 ? product_at(i) : p;
        shelved = shelved || has(product_at(i), dataset);
    }
    const char *const *from = NULL;
    if (p == NULL || has(p, dataset))
        return false;
    if (!is_made(dataset, &from))
        return shelved;
    bool lacks = from != NULL;
    for (; from != NULL && *from != NULL; from++)
        lacks = lacks && product_lacks(product, *from);
    return lacks;
}

bool product_gives(const char *product, const char *dataset)
{
    bool of_products = false;
    const char *const *from = NULL;
    for (int i = 0; product_at(i) != NULL; i++)
        of_products = of_products || has(product_at(i), dataset);
    return (of_products || (is_made(dataset, &from) && from != NULL)) && !product_lacks(product, dataset);
}
