/* The keys that products take of a [target] are those that the config knows, and none is nobody's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/option.h"
#include "engine/products.h"

#include <cmocka.h>

/* The first product that takes KEY, NULL if none does. */
static const struct product *taker(const char *key)
{
    const struct target_word words[] = {{key, ""}, {NULL, NULL}};
    const char *wrong;
    struct err err;
    for (int i = 0; product_at(i) != NULL; i++)
        if (product_check_keys(product_at(i), words, &wrong, &err))
            return product_at(i);
    return NULL;
}

static void every_key_of_a_target_is_some_products(void **state)
{
    (void)state;
    for (int i = 0; i < n_config_options; i++)
        if (strcmp(config_options[i].section, "target") == 0 && taker(config_options[i].key) == NULL)
            fail_msg("[target] %s is taken by no product", config_options[i].key);
}

static void every_key_of_a_product_is_one_of_a_target(void **state)
{
    (void)state;
    for (int p = 0; product_at(p) != NULL; p++)
        for (const char *const *key = product_at(p)->keys; *key != NULL; key++) {
            size_t len = strlen(*key);
            bool known = false;
            for (int i = 0; i < n_config_options; i++)
                known = known || (strcmp(config_options[i].section, "target") == 0 &&
                                  ((*key)[len - 1] == '.' ? strncmp(config_options[i].key, *key, len) == 0
                                                          : strcmp(config_options[i].key, *key) == 0));
            if (!known)
                fail_msg("%s takes %s, which is no key of [target]", product_at(p)->name, *key);
        }
}

static void the_first_key_of_others_is_named_with_those_that_take_it(void **state)
{
    (void)state;
    const struct target_word words[] = {{"url", ""}, {"jobs", ""}, {"verify", ""}, {NULL, NULL}};
    const char *wrong = NULL;
    struct err err = {""};
    assert_false(product_check_keys(product_serving("redis://x"), words, &wrong, &err));
    assert_ptr_equal(wrong, words[1].key);
    assert_string_equal(err.text, "this key is one of PostgreSQL, not of Redis");
    assert_true(product_check_keys(product_serving("redis://x"), NULL, &wrong, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_of_a_target_is_some_products),
        cmocka_unit_test(every_key_of_a_product_is_one_of_a_target),
        cmocka_unit_test(the_first_key_of_others_is_named_with_those_that_take_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
