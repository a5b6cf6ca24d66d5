/* What the config says of a target, kept by its source. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/source.h"
#include "core/mem.h"

static const size_t strings[] = {
    offsetof(struct target_config, name),     offsetof(struct target_config, url),
    offsetof(struct target_config, stack),    offsetof(struct target_config, env),
    offsetof(struct target_config, password), offsetof(struct target_config, password_command)};
enum { N_STRINGS = sizeof(strings) / sizeof(strings[0]) };

static char **string_of(struct target_config *c, int i)
{
    return (char **)(void *)((char *)c + strings[i]);
}

const char *target_config_word(const struct target_config *c, const char *key)
{
    for (const struct target_word *w = c->words; w != NULL && w->key != NULL; w++)
        if (strcmp(w->key, key) == 0)
            return w->value;
    return NULL;
}

bool target_config_check_file(const struct target_config *c, const char *key, const char **wrong,
                              struct err *err)
{
    const char *path = target_config_word(c, key);
    if (path == NULL || access(path, R_OK) == 0)
        return true;
    *wrong = key;
    return fail(err, "cannot read %.500s: %s", path, strerror(errno));
}

static const struct target_word *words_copy(const struct target_word *words)
{
    size_t n = 0;
    while (words != NULL && words[n].key != NULL)
        n++;
    if (n == 0)
        return NULL;
    struct target_word *own = mem_new_array(n + 1, sizeof(*own));
    for (size_t i = 0; i < n; i++)
        own[i] = (struct target_word){mem_dup(words[i].key), mem_dup(words[i].value)};
    return own;
}

static void words_free(const struct target_word *words)
{
    for (const struct target_word *w = words; w != NULL && w->key != NULL; w++) {
        free((void *)(uintptr_t)w->key);
        free((void *)(uintptr_t)w->value);
    }
    free((void *)(uintptr_t)words);
}

void target_config_copy(struct target_config *out, const struct target_config *c)
{
    *out = *c;
    for (int i = 0; i < N_STRINGS; i++)
        *string_of(out, i) = mem_dup(*string_of(out, i));
    out->words = words_copy(c->words);
}

void target_config_done(struct target_config *c)
{
    for (int i = 0; i < N_STRINGS; i++)
        free(*string_of(c, i));
    words_free(c->words);
}
