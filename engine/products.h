/* The products on the shelf, and all datasets that are built in. */
#ifndef DBVITALS_ENGINE_PRODUCTS_H
#define DBVITALS_ENGINE_PRODUCTS_H

#include "collectors/source.h"

/* The product that serves URL; NULL if none does. A bare word and a conninfo string are PostgreSQL. */
const struct product *product_serving(const char *url);
/* Product I of the shelf; NULL after the last. */
const struct product *product_at(int i);
/* Can P give D? */
bool product_has(const struct product *p, const struct dataset *d);
/* Every built-in dataset: those of the products and those that the engine makes. R is initialised here. */
bool products_register(struct registry *r, struct err *err);

#endif
