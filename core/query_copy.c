/* A query that outlives whoever asks it. */
#include <stdlib.h>

#include "core/mem.h"
#include "core/query.h"

static struct value copy_value(const struct value *v)
{
    struct value copy = *v;
    if (v->type == VALUE_TEXT)
        copy.text = mem_dup(v->text);
    return copy;
}

void query_copy(struct query *out, const struct query *q)
{
    struct query_param *params = mem_new_array((size_t)q->n_params, sizeof(*params));
    for (int i = 0; i < q->n_params; i++)
        params[i] = (struct query_param){mem_dup(q->params[i].name), copy_value(&q->params[i].value)};
    *out = *q;
    out->sql = mem_dup(q->sql);
    out->params = params;
}

/* What query_copy made is the copy's own, whatever a query's promise to its readers. */
static void free_const(const void *p)
{
    union {
        const void *in;
        void *out;
    } u = {p};
    free(u.out);
}

void query_done(struct query *q)
{
    for (int i = 0; i < q->n_params; i++) {
        free_const(q->params[i].name);
        if (q->params[i].value.type == VALUE_TEXT)
            free_const(q->params[i].value.text);
    }
    free_const(q->params);
    free_const(q->sql);
}
