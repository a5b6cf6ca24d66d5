/* A schedule on one target. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "cures/scheduler_private.h"

void turn_free(struct turn *t)
{
    if (t == NULL)
        return;
    free(t->schedule);
    free(t->target);
    free(t->when);
    free(t->waits_for);
    free(t->told);
    free(t->stopped);
    free(t->result);
    free(t->message);
    free(t);
}

void turn_set_result(struct turn *t, const char *result, const char *message)
{
    char *r = mem_dup(result), *m = mem_dup(message);
    free(t->result);
    free(t->message);
    t->result = r;
    t->message = m;
}

void turns_done(struct turns *t)
{
    for (int i = 0; i < t->n; i++)
        turn_free(t->list[i]);
    free(t->list);
    *t = (struct turns){.n = 0};
}

void turns_add(struct turns *t, struct turn *turn)
{
    t->list = mem_grow(t->list, (size_t)t->n + 1, sizeof(struct turn *));
    t->list[t->n++] = turn;
}

struct turn *turns_find(const struct turns *t, const char *schedule, const char *target)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->list[i]->schedule, schedule) == 0 && strcmp(t->list[i]->target, target) == 0)
            return t->list[i];
    return NULL;
}

void turn_set_text(char **text, const char *value)
{
    char *copy = mem_dup(value);
    free(*text);
    *text = copy;
}

bool turn_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}
