/* Who is first in line for each alert: a set of ids, emptied and filled for each look at a webhook's
 * messages. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/deliver_inside.h"
#include "core/mem.h"

/* Open addressing; a slot counts only if it is of this round. */
struct slot {
    uint64_t id;
    unsigned round;
};
struct order {
    struct slot *slots;
    size_t n_slots; /* a power of two */
    size_t n_used;
    unsigned round;
};

struct order *order_new(void)
{
    struct order *o = mem_new(sizeof(*o));
    o->n_slots = 256;
    o->slots = mem_new_array(o->n_slots, sizeof(*o->slots));
    return o;
}

void order_free(struct order *o)
{
    if (o == NULL)
        return;
    free(o->slots);
    free(o);
}

void order_begin(struct order *o)
{
    o->n_used = 0;
    if (++o->round == 0) { /* once in four thousand million rounds old slots would count again */
        memset(o->slots, 0, o->n_slots * sizeof(*o->slots));
        o->round = 1;
    }
}

/* False if it was there. */
static bool add(struct order *o, uint64_t id)
{
    size_t i = id & (o->n_slots - 1);
    for (; o->slots[i].round == o->round; i = (i + 1) & (o->n_slots - 1))
        if (o->slots[i].id == id)
            return false;
    o->slots[i] = (struct slot){id, o->round};
    o->n_used++;
    return true;
}

static void grow(struct order *o)
{
    struct order larger = {.n_slots = o->n_slots * 2, .round = o->round};
    larger.slots = mem_new_array(larger.n_slots, sizeof(*larger.slots));
    for (size_t i = 0; i < o->n_slots; i++)
        if (o->slots[i].round == o->round)
            add(&larger, o->slots[i].id);
    free(o->slots);
    *o = larger;
}

bool order_is_first(struct order *o, const uint64_t *ids, int n)
{
    bool first = true;
    for (int i = 0; i < n; i++) {
        if (o->n_used * 2 >= o->n_slots)
            grow(o);
        first = add(o, ids[i]) && first;
    }
    return first;
}

uint64_t *order_ids(const char *key, int *n)
{
    uint64_t *ids = mem_new_array(strlen(key) / 2 + 1, sizeof(*ids));
    int found = 0;
    while (*key != '\0') {
        size_t len = 0;
        while (isalnum((unsigned char)key[len]))
            len++;
        if (len > 0)
            ids[found++] = epoch_add(EPOCH_START, key, len);
        key += len;
        key += *key != '\0';
    }
    *n = found;
    return ids;
}
