/* Who waits for whom: walks over the edges. */
#include "collectors/pg/wait_tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

/* ---- Upwards: the root ---- */

struct chain {
    int *next; /* edge: the first edge in which its holder waits, -1 if that waits for nothing */
    int *root, *depth; /* depth 0: not known yet, -1: being looked at, which is a cycle */
};

static int edge_of_waiter(const struct wait_edges *e, int64_t pid)
{
    for (int i = 0; i < e->n; i++)
        if (e->pid[i] == pid)
            return i;
    return -1;
}

static void walk(struct chain *c, int i)
{
    if (c->depth[i] != 0)
        return;
    c->depth[i] = -1;
    int next = c->next[i];
    if (next >= 0)
        walk(c, next);
    bool end = next < 0 || c->depth[next] < 0;
    c->root[i] = end ? i : c->root[next];
    c->depth[i] = end ? 1 : c->depth[next] + 1;
}

void wait_tree_roots(const struct wait_edges *e, int *root, int *depth)
{
    struct chain c = {.next = mem_new_array((size_t)e->n, sizeof(int)), .root = root, .depth = depth};
    for (int i = 0; i < e->n; i++) {
        c.next[i] = e->holder[i] == 0 ? -1 : edge_of_waiter(e, e->holder[i]);
        depth[i] = 0;
    }
    for (int i = 0; i < e->n; i++)
        walk(&c, i);
    free(c.next);
}

/* ---- Downwards: all who wait behind ---- */

/* Everyone who waits or is waited for, in order. */
struct node {
    int64_t pid;
    const char *gid;
    int first, n_edges; /* where it waits: a range of `edges` */
    int seen_by;        /* the last waiter that came by, -1 none */
    int behind;
};
struct graph {
    struct node *nodes;
    int n_nodes;
    int *holder; /* by edge, in the order of waiters: the node that is waited for */
};

static int compare_nodes(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return strcmp(x->gid != NULL ? x->gid : "", y->gid != NULL ? y->gid : "");
}

static struct node holder_of(const struct wait_edges *e, int i)
{
    return (struct node){.pid = e->holder[i], .gid = e->holder[i] == 0 ? e->gid[i] : NULL, .seen_by = -1};
}

static int find(const struct graph *g, struct node key)
{
    struct node *found = bsearch(&key, g->nodes, (size_t)g->n_nodes, sizeof(key), compare_nodes);
    return (int)(found - g->nodes);
}

static void add_nodes(struct graph *g, const struct wait_edges *e)
{
    int n = 0;
    g->nodes = mem_new_array(2 * (size_t)e->n, sizeof(*g->nodes));
    for (int i = 0; i < e->n; i++) {
        g->nodes[n++] = (struct node){.pid = e->pid[i], .seen_by = -1};
        g->nodes[n++] = holder_of(e, i);
    }
    qsort(g->nodes, (size_t)n, sizeof(*g->nodes), compare_nodes);
    for (int i = 0; i < n; i++)
        if (i == 0 || compare_nodes(&g->nodes[g->n_nodes - 1], &g->nodes[i]) != 0)
            g->nodes[g->n_nodes++] = g->nodes[i];
}

static void add_edges(struct graph *g, const struct wait_edges *e)
{
    g->holder = mem_new_array((size_t)e->n, sizeof(int));
    for (int i = 0; i < e->n; i++)
        g->nodes[find(g, (struct node){.pid = e->pid[i]})].n_edges++;
    for (int i = 1; i < g->n_nodes; i++)
        g->nodes[i].first = g->nodes[i - 1].first + g->nodes[i - 1].n_edges;
    for (int i = 0; i < g->n_nodes; i++)
        g->nodes[i].n_edges = 0;
    for (int i = 0; i < e->n; i++) {
        struct node *waiter = &g->nodes[find(g, (struct node){.pid = e->pid[i]})];
        g->holder[waiter->first + waiter->n_edges++] = find(g, holder_of(e, i));
    }
}

/* WAITER counts once with each that it waits for, directly or not. TO_DO has room for all nodes. */
static void count(struct graph *g, int waiter, int *to_do)
{
    int n = 0;
    g->nodes[waiter].seen_by = waiter;
    to_do[n++] = waiter;
    while (n > 0) {
        const struct node *at = &g->nodes[to_do[--n]];
        for (int i = at->first; i < at->first + at->n_edges; i++) {
            struct node *holder = &g->nodes[g->holder[i]];
            if (holder->seen_by == waiter)
                continue;
            holder->seen_by = waiter;
            holder->behind++;
            to_do[n++] = g->holder[i];
        }
    }
}

void wait_tree_behind(const struct wait_edges *e, int *behind)
{
    struct graph g = {0};
    add_nodes(&g, e);
    add_edges(&g, e);
    int *to_do = mem_new_array((size_t)g.n_nodes, sizeof(int));
    for (int i = 0; i < g.n_nodes; i++)
        if (g.nodes[i].n_edges > 0)
            count(&g, i, to_do);
    for (int i = 0; i < e->n; i++)
        behind[i] = g.nodes[find(&g, holder_of(e, i))].behind;
    free(to_do);
    free(g.nodes);
    free(g.holder);
}
