/* Who waits for whom, as edges from a waiter to one that it waits for, and what follows from all edges together. Pure. */
#ifndef DBVITALS_COLLECTORS_PG_WAIT_TREE_H
#define DBVITALS_COLLECTORS_PG_WAIT_TREE_H

#include <stdint.h>

/* Arrays of N, by edge. A waiter may have several edges; they need not form a tree, nor be free of cycles. */
struct wait_edges {
    int n;
    const int64_t *pid;    /* that waits */
    const int64_t *holder; /* 0: a prepared transaction, which waits for nothing */
    const char **gid;      /* its name; NULL where holder is not 0 */
};

/* ROOT[i] is the edge whose holder stands at the end of the chain from I, DEPTH[i] how many waits there are up to it, I included. With several holders
 * the chain is that of a holder's first edge; a cycle ends it. */
void wait_tree_roots(const struct wait_edges *e, int *root, int *depth);
/* BEHIND[i]: how many wait behind the holder of edge I, directly or through others, each counted once and the holder not. */
void wait_tree_behind(const struct wait_edges *e, int *behind);

#endif
