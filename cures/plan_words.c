/* Words for kinds of action, as people write them. */
#include "cures/plan_words.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "cures/action.h"

/* A word that means no action would be a plan that is always empty. */
static bool check_word(const struct actions *actions, const char *word, struct err *err)
{
    const struct plan_options one = {.only = &word, .n_only = 1};
    for (int i = 0; i < actions->n; i++)
        if (plan_is_named(actions->list[i].name, &one))
            return true;
    return fail(err,
                "%s: no action is called so: analyze, vacuum, reindex, index, drop, or a name of "
                "dbvitals help actions",
                word);
}

static bool check(const struct plan_words *w, struct err *err)
{
    struct actions actions;
    if (!actions_read(&actions, err))
        return false;
    bool ok = w->n > 0 || fail(err, "names no action");
    for (int i = 0; ok && i < w->n; i++)
        ok = check_word(&actions, w->list[i], err);
    actions_done(&actions);
    return ok;
}

/* False: there are too many. */
static bool split(struct plan_words *w)
{
    for (char *s = w->text + strspn(w->text, ", \t\n"); *s != '\0'; s += strspn(s, ", \t\n")) {
        char *word = s;
        s += strcspn(s, ", \t\n");
        if (*s != '\0')
            *s++ = '\0';
        if (w->n == MOST_PLAN_WORDS)
            return false;
        w->list[w->n++] = strcmp(word, "index") == 0 ? "create_index" : word;
    }
    return true;
}

bool plan_words_read(const char *list, struct plan_words *out, struct err *err)
{
    struct plan_words w = {.text = mem_dup(list)};
    bool ok = (split(&w) || fail(err, "%.200s: more than %d kinds of action", list, MOST_PLAN_WORDS)) &&
              check(&w, err);
    if (ok)
        *out = w;
    else
        plan_words_done(&w);
    return ok;
}

void plan_words_take(const char *list, struct plan_words *out)
{
    *out = (struct plan_words){.text = mem_dup(list)};
    split(out);
}

void plan_words_done(struct plan_words *w)
{
    free(w->text);
    *w = (struct plan_words){.n = 0};
}

bool plan_words_have(const struct plan_words *w, const char *action)
{
    const struct plan_options o = {.only = w->list, .n_only = w->n};
    return w->n > 0 && plan_is_named(action, &o);
}
