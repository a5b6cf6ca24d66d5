/* The products on the shelf, and all datasets that are built in. */
#include "engine/products.h"

#include "collectors/app/app.h"
#include "collectors/files/files.h"
#include "collectors/pg/pg.h"
#include "collectors/pgbouncer/bouncer.h"
#include "collectors/sqlite/sqlite.h"
#include "collectors/redis/redis.h"
#include "engine/derived.h"

static const struct product *const products[] = {
    &pg_product,
    &bouncer_product,
    &app_product,
    &files_product,
    &lite_product,
    &redis_product,
};
enum { N_PRODUCTS = sizeof(products) / sizeof(products[0]) };

const struct product *product_serving(const char *url)
{
    for (int i = 0; i < N_PRODUCTS; i++)
        if (products[i]->serves(url))
            return products[i];
    return NULL;
}

const struct product *product_at(int i)
{
    return i < N_PRODUCTS ? products[i] : NULL;
}

/* A dataset of several products is one, and registered once. */
bool products_register(struct registry *r, struct err *err)
{
    registry_init(r);
    for (int i = 0; i < n_derived; i++)
        if (!registry_add(r, derived_table[i]->dataset, err))
            return false;
    for (int i = 0; i < N_PRODUCTS; i++)
        for (int j = 0; products[i]->dataset(j) != NULL; j++)
            if (registry_find(r, products[i]->dataset(j)->name) != products[i]->dataset(j) &&
                !registry_add(r, products[i]->dataset(j), err))
                return false;
    return true;
}
