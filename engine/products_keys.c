/* Which keys of a [target] are whose. */
#include <stdio.h>
#include <string.h>

#include "engine/products.h"

static bool takes(const struct product *p, const char *key)
{
    for (const char *const *k = p->keys; *k != NULL; k++) {
        size_t len = strlen(*k);
        if ((*k)[len - 1] == '.' ? strncmp(*k, key, len) == 0 : strcmp(*k, key) == 0)
            return true;
    }
    return strcmp(key, "url") == 0 || strcmp(key, "stack") == 0 || strcmp(key, "env") == 0;
}

bool product_check_keys(const struct product *p, const struct target_word *words, const char **key,
                        struct err *err)
{
    while (words != NULL && words->key != NULL && takes(p, words->key))
        words++;
    if (words == NULL || words->key == NULL)
        return true;
    char those[100] = "";
    for (int i = 0, n = 0; product_at(i) != NULL && n < (int)sizeof(those); i++)
        if (takes(product_at(i), words->key))
            n += snprintf(those + n, sizeof(those) - (size_t)n, "%s%s", n > 0 ? ", " : "",
                          product_at(i)->name);
    *key = words->key;
    return fail(err, "this key is one of %s, not of %s", those, p->name);
}
