/* Names in SQL: each dataset and column of a registry can be asked for without quotes, and what cannot is
 * told. */
#include "alerts/book.h"
#include "cures/cures.h"
#include "core/query.h"
#include "engine/products.h"
#include "tests/unit/made.h"
#include "tests/unit/test.h"

static bool checked(const char *dataset, const char *column, struct err *err)
{
    const struct column columns[] = {{.name = column, .kind = KIND_KEY, .type = TYPE_INT, .help = "x"}};
    const struct dataset d = {.name = dataset, .help = "x", .columns = columns, .n_columns = 1};
    /* Not by registry_add, which has a list of its own: SQLite has the last word. */
    const struct dataset *datasets[] = {&d};
    struct registry r = {.datasets = datasets, .n = 1};
    err->text[0] = '\0';
    return door_check_registry(&r, err);
}

static void good_names_pass(void **state)
{
    (void)state;
    struct made m;
    made_init(&m, 1, 1);
    if (!door_check_registry(&m.registry, &m.err))
        fail_msg("%s", m.err.text);
    assert_true(checked("jobs", "kind", &m.err));
    made_done(&m);
}

static void built_in_names_pass(void **state)
{
    (void)state;
    struct registry r;
    struct err err = {""};
    assert_true(products_register(&r, &err));
    assert_true(alerts_register(&r, &err));
    assert_true(cures_register(&r, &err));
    assert_true(r.n > 0);
    if (!door_check_registry(&r, &err))
        fail_msg("%s", err.text);
    registry_done(&r);
}

static void reserved_words_are_told(void **state)
{
    (void)state;
    static const char *const words[] = {"order",        "index",  "table", "group",  "null",
                                        "current_date", "select", "in",    "window", "at"};
    struct err err;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (checked("jobs", words[i], &err) || err.text[0] == '\0')
            fail_msg("column %s was taken", words[i]);
    assert_false(checked("group", "kind", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names_pass),
        cmocka_unit_test(built_in_names_pass),
        cmocka_unit_test(reserved_words_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
