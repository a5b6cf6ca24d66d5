/* What the declaration of a dataset promises: a wrong one is refused with a reason, a right one unfolds into
 * SQL columns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/column.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h> /* after ours: it has a macro named fail */

// clang-format off
static const struct column good[] = {
    {.name = "relid",     .kind = KIND_KEY,     .type = TYPE_INT,  .help = "its oid"},
    {.name = "relname",   .kind = KIND_LABEL,   .type = TYPE_TEXT, .help = "its name"},
    {.name = "size_bytes",.kind = KIND_GAUGE,   .type = TYPE_REAL, .unit = UNIT_BYTES, .help = "its size"},
    {.name = "reads",     .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = UNIT_PAGES, .help = "blocks read"},
    {.name = "hits",      .kind = KIND_COUNTER, .type = TYPE_REAL, .unit = UNIT_PAGES, .help = "blocks found"},
    {.name = "hit_ratio", .kind = KIND_DERIVED, .type = TYPE_REAL, .unit = UNIT_RATIO, .formula = FORMULA_SHARE,
     .a = "hits", .b = "reads", .help = "share found"},
};
// clang-format on
enum { N_GOOD = sizeof(good) / sizeof(good[0]), RELID = 0, RELNAME, SIZE_BYTES, READS, HITS, HIT_RATIO };

static struct dataset dataset_of(const struct column *columns, int n)
{
    return (struct dataset){.name = "tables", .help = "a table", .columns = columns, .n_columns = n};
}

/* The error for the good columns with one of them replaced; "" if it passes. */
static const char *error_with(int i, struct column replaced)
{
    static struct err err;
    struct column columns[N_GOOD];
    memcpy(columns, good, sizeof(good));
    columns[i] = replaced;
    struct dataset d = dataset_of(columns, N_GOOD);
    err.text[0] = '\0';
    assert_true(dataset_check(&d, &err) == (err.text[0] == '\0'));
    return err.text;
}

static void assert_refused(int i, struct column replaced, const char *part)
{
    const char *text = error_with(i, replaced);
    if (strstr(text, part) == NULL)
        print_error("'%s' does not say '%s'\n", text, part);
    assert_non_null(strstr(text, part));
}

static struct column with_name(struct column c, const char *name)
{
    c.name = name;
    return c;
}

static void a_right_dataset_passes(void **state)
{
    (void)state;
    assert_string_equal(error_with(RELID, good[RELID]), "");
}

static void names_are_lower_case_and_not_reserved(void **state)
{
    (void)state;
    const char *reserved[] = {"order", "group", "index", "check", "to", "current_time", "values"};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        assert_refused(RELNAME, with_name(good[RELNAME], reserved[i]), "reserved");
    assert_refused(RELNAME, with_name(good[RELNAME], "relName"), "lower-case");
    assert_refused(RELNAME, with_name(good[RELNAME], "1st"), "lower-case");
    assert_refused(RELNAME, with_name(good[RELNAME], "a b"), "lower-case");
    assert_refused(RELNAME, with_name(good[RELNAME], ""), "no name");
    assert_refused(RELNAME, with_name(good[RELNAME], NULL), "no name");
    assert_refused(RELNAME,
                   with_name(good[RELNAME], "a234567890b234567890c234567890d234567890e234567890f234567890g"),
                   "longer");
    assert_string_equal(error_with(RELNAME, with_name(good[RELNAME], "database")), ""); /* SQLite takes it */
    struct dataset d = dataset_of(good, N_GOOD);
    struct err err;
    d.name = "table";
    assert_false(dataset_check(&d, &err));
    assert_non_null(strstr(err.text, "reserved"));
}

static void shown_names_are_unique(void **state)
{
    (void)state;
    assert_refused(RELNAME, with_name(good[RELNAME], "relid"), "two columns named relid");
    assert_refused(RELNAME, with_name(good[RELNAME], "reads_per_s"), "two columns named reads_per_s");
    assert_refused(RELNAME, with_name(good[RELNAME], "target"), "two columns named target");
    assert_refused(RELNAME, with_name(good[RELNAME], "span_s"), "two columns named span_s");
}

static void numbers_have_units_and_everything_has_help(void **state)
{
    (void)state;
    struct column c = good[SIZE_BYTES];
    c.unit = UNIT_NONE;
    assert_refused(SIZE_BYTES, c, "without a unit");
    c = good[SIZE_BYTES];
    c.unit = N_UNITS;
    assert_refused(SIZE_BYTES, c, "no such unit");
    c = good[SIZE_BYTES];
    c.type = TYPE_INT;
    assert_refused(SIZE_BYTES, c, "real numbers");
    c = good[RELNAME];
    c.unit = UNIT_MS;
    assert_refused(RELNAME, c, "text, which has no unit");
    c = good[READS];
    c.help = NULL;
    assert_refused(READS, c, "no help");
    c = good[READS];
    c.since = 160000;
    c.until = 150000;
    assert_refused(READS, c, "before it starts");
    struct dataset d = dataset_of(good, N_GOOD);
    d.help = "";
    assert_false(dataset_check(&d, NULL));
}

static void formulas_have_counters_as_operands(void **state)
{
    (void)state;
    struct column c = good[HIT_RATIO];
    c.b = "size_bytes";
    assert_refused(HIT_RATIO, c, "operand b (size_bytes)");
    c.b = NULL;
    assert_refused(HIT_RATIO, c, "operand b (none)");
    c = good[HIT_RATIO];
    c.formula = FORMULA_P95;
    assert_refused(HIT_RATIO, c, "operand c");
    c = good[HIT_RATIO];
    c.formula = FORMULA_NONE;
    assert_refused(HIT_RATIO, c, "no formula");
    c = good[HIT_RATIO];
    c.unit = UNIT_MS;
    assert_refused(HIT_RATIO, c, "ratio");
    c = good[READS];
    c.formula = FORMULA_PART;
    assert_refused(READS, c, "not derived");
}

static void a_counter_shows_its_total_its_increase_and_its_rate(void **state)
{
    (void)state;
    // clang-format off
    static const struct shown expected[] = {
        {"target",      FACE_TARGET,     -1,         UNIT_NONE,        TYPE_TEXT},
        {"relid",       FACE_SELF,       RELID,      UNIT_NONE,        TYPE_INT},
        {"relname",     FACE_SELF,       RELNAME,    UNIT_NONE,        TYPE_TEXT},
        {"size_bytes",  FACE_SELF,       SIZE_BYTES, UNIT_BYTES,       TYPE_REAL},
        {"reads",       FACE_SELF,       READS,      UNIT_PAGES,       TYPE_REAL},
        {"reads_delta", FACE_DELTA,      READS,      UNIT_PAGES,       TYPE_REAL},
        {"reads_per_s", FACE_PER_S,      READS,      UNIT_PAGES_PER_S, TYPE_REAL},
        {"hits",        FACE_SELF,       HITS,       UNIT_PAGES,       TYPE_REAL},
        {"hits_delta",  FACE_DELTA,      HITS,       UNIT_PAGES,       TYPE_REAL},
        {"hits_per_s",  FACE_PER_S,      HITS,       UNIT_PAGES_PER_S, TYPE_REAL},
        {"hit_ratio",   FACE_SELF,       HIT_RATIO,  UNIT_RATIO,       TYPE_REAL},
        {"span_s",      FACE_SPAN_S,     -1,         UNIT_S,           TYPE_REAL},
        {"age_s",       FACE_AGE_S,      -1,         UNIT_S,           TYPE_REAL},
        {"sampled_at",  FACE_SAMPLED_AT, -1,         UNIT_TIME,        TYPE_REAL},
    };
    // clang-format on
    enum { N_EXPECTED = sizeof(expected) / sizeof(expected[0]) };
    struct dataset d = dataset_of(good, N_GOOD);
    int n;
    struct shown *shown = dataset_shown(&d, &n);
    assert_int_equal(n, N_EXPECTED);
    for (int i = 0; i < n; i++) {
        assert_string_equal(shown[i].name, expected[i].name);
        assert_int_equal(shown[i].face, expected[i].face);
        assert_int_equal(shown[i].column, expected[i].column);
        assert_int_equal(shown[i].unit, expected[i].unit);
        assert_int_equal(shown[i].type, expected[i].type);
    }
    free(shown);
}

static void columns_are_found_by_name(void **state)
{
    (void)state;
    struct dataset d = dataset_of(good, N_GOOD);
    assert_int_equal(dataset_column(&d, "hits"), HITS);
    assert_int_equal(dataset_column(&d, "hit"), -1);
}

static void a_registry_takes_each_name_once(void **state)
{
    (void)state;
    struct dataset tables = dataset_of(good, N_GOOD), again = tables, indexes = tables;
    indexes.name = "indexes";
    struct registry r;
    struct err err;
    registry_init(&r);
    assert_null(registry_find(&r, "tables"));
    assert_true(registry_add(&r, &tables, &err));
    assert_true(registry_add(&r, &indexes, &err));
    assert_false(registry_add(&r, &again, &err));
    assert_non_null(strstr(err.text, "tables"));
    assert_ptr_equal(registry_find(&r, "tables"), &tables);
    assert_ptr_equal(registry_find(&r, "indexes"), &indexes);
    assert_int_equal(r.n, 2);
    registry_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_dataset_passes),
        cmocka_unit_test(names_are_lower_case_and_not_reserved),
        cmocka_unit_test(shown_names_are_unique),
        cmocka_unit_test(numbers_have_units_and_everything_has_help),
        cmocka_unit_test(formulas_have_counters_as_operands),
        cmocka_unit_test(a_counter_shows_its_total_its_increase_and_its_rate),
        cmocka_unit_test(columns_are_found_by_name),
        cmocka_unit_test(a_registry_takes_each_name_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
