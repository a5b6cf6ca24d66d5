/* The products on the shelf, and all datasets that are built in. */
#ifndef DBVITALS_ENGINE_PRODUCTS_H
#define DBVITALS_ENGINE_PRODUCTS_H

#include "collectors/source.h"

/* The product that serves URL; NULL if none does. A bare word and a conninfo string are PostgreSQL. */
const struct product *product_serving(const char *url);
/* Product I of the shelf; NULL after the last. */
const struct product *product_at(int i);
/* Whether P takes all keys that the section of a target has; if not, KEY is the first other one (of WORDS)
 * and ERR names whose it is. WORDS may be NULL. */
bool product_check_keys(const struct product *p, const struct target_word *words, const char **key,
                        struct err *err);
/* What no wait brings: DATASET is on the shelf, and the product called PRODUCT has neither it nor what it
 * would be made from. False for datasets that are made of no server's answers (targets, alerts), for the
 * user's own, and for products that are not known. */
bool product_lacks(const char *product, const char *dataset);
/* The opposite: it has DATASET, or what that is made from. Both are false for what no server answers. */
bool product_gives(const char *product, const char *dataset);
/* Every built-in dataset: those of the products and those that the engine makes. R is initialised here. */
bool products_register(struct registry *r, struct err *err);

#endif
