/* A result that was sent as JSON comes back as it was; a JSON object gives its members. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/json_result.h"

#include <cmocka.h>

static const struct column made_columns[] = {
    {"pid", KIND_KEY, TYPE_INT, .help = "a number that is a name"},
    {"age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "an age"},
};
static const struct dataset made = {.name = "made", .help = "rows", .columns = made_columns, .n_columns = 2};

static struct result *result_made(void)
{
    struct arena *arena = arena_new(1024);
    struct result *r = arena_alloc(arena, sizeof(*r));
    *r = (struct result){.arena = arena, .n_columns = 3, .n_rows = 2, .more = true, .cpu_ms = 1.5};
    r->columns = arena_alloc(arena, 3 * sizeof(*r->columns));
    r->columns[0] = (struct result_column){"pid", UNIT_NONE, "made", &made_columns[0], true};
    r->columns[1] = (struct result_column){"age_s", UNIT_S, "made", &made_columns[1], true};
    r->columns[2] = (struct result_column){"a \"text\"", UNIT_NONE, NULL, NULL, false};
    r->values = arena_alloc(arena, 6 * sizeof(*r->values));
    r->values[0] = (struct value){.type = VALUE_INT, .integer = INT64_MAX};
    r->values[1] = (struct value){.type = VALUE_REAL, .real = 0.1};
    r->values[2] = (struct value){.type = VALUE_TEXT, .text = "\xc3\xa9\n\"\\\x1b[31m"};
    r->values[3] = (struct value){.type = VALUE_INT, .integer = -7};
    return r; /* the rest is NULL */
}

static void a_result_comes_back_as_it_was(void **state)
{
    (void)state;
    struct registry registry;
    struct err err = {0};
    registry_init(&registry);
    assert_true(registry_add(&registry, &made, &err));
    struct result *r = result_made();
    struct text t;
    text_init(&t, 1 << 20);
    json_result_add(&t, r);
    struct result *back = json_result_read(text_str(&t), t.len, &registry, &err);
    assert_non_null(back);
    assert_int_equal(back->n_rows, 2);
    assert_int_equal(back->n_columns, 3);
    assert_true(back->more);
    assert_true(back->cpu_ms == 1.5);
    for (int c = 0; c < 3; c++) {
        assert_string_equal(back->columns[c].name, r->columns[c].name);
        assert_int_equal(back->columns[c].unit, r->columns[c].unit);
        assert_ptr_equal(back->columns[c].origin, r->columns[c].origin);
        assert_int_equal(back->columns[c].numeric, r->columns[c].numeric);
    }
    assert_true(result_at(back, 0, 0)->integer == INT64_MAX);
    assert_true(result_at(back, 0, 1)->real == 0.1);
    assert_string_equal(result_at(back, 0, 2)->text, r->values[2].text);
    assert_true(result_at(back, 1, 0)->integer == -7);
    assert_int_equal(result_at(back, 1, 1)->type, VALUE_NULL);
    result_free(r);
    result_free(back);
    text_done(&t);
    registry_done(&registry);
}

static void what_is_no_result_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "{", "[]", "{}", "null", "{\"columns\":[]}", "{\"columns\":5,\"rows\":5}", "<html>"};
    struct registry registry;
    registry_init(&registry);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = {0};
        assert_null(json_result_read(bad[i], strlen(bad[i]), &registry, &err));
        assert_true(err.text[0] != '\0');
    }
    static const char odd[] = "{\"columns\":[{\"name\":\"a\"}],\"rows\":[[1,2,3],5,[],{\"x\":1},[\"t\"]]}";
    struct result *r = json_result_read(odd, sizeof(odd) - 1, &registry, NULL);
    assert_non_null(r); /* what is too much is left out, nothing is read beyond it */
    result_free(r);
    registry_done(&registry);
}

static void a_text_that_is_not_valid_is_mended(void **state)
{
    (void)state;
    static const char bad[] = "{\"columns\":[{\"name\":\"a\xff\"}],\"rows\":[[\"caf\xc3\"]]}";
    struct registry registry;
    registry_init(&registry);
    struct result *r = json_result_read(bad, sizeof(bad) - 1, &registry, NULL);
    assert_non_null(r);
    assert_string_equal(r->columns[0].name, "a\xef\xbf\xbd");
    assert_string_equal(result_at(r, 0, 0)->text, "caf\xef\xbf\xbd");
    result_free(r);
    registry_done(&registry);
}

static void members_have_their_types(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"b\":2.5,\"c\":\"t\",\"d\":null,\"e\":true,\"f\":{\"g\":[1]}}";
    struct arena *arena = arena_new(1024);
    struct json_member *m;
    struct err err = {0};
    int n;
    assert_true(json_members(arena, text, sizeof(text) - 1, 8, &m, &n, &err));
    assert_int_equal(n, 6);
    assert_string_equal(m[2].name, "c");
    assert_string_equal(m[2].value.text, "t");
    assert_int_equal(m[3].value.type, VALUE_NULL);
    assert_true(m[4].value.integer == 1);
    assert_string_equal(m[5].value.text, "{\"g\":[1]}");
    static const enum json_type types[] = {JSON_NUMBER, JSON_NUMBER,  JSON_TEXT,
                                           JSON_NULL,   JSON_BOOLEAN, JSON_OBJECT};
    for (int i = 0; i < n; i++)
        assert_int_equal(m[i].type, types[i]);
    assert_false(json_members(arena, text, sizeof(text) - 1, 5, &m, &n, &err));
    assert_false(json_members(arena, "[1]", 3, 5, &m, &n, &err));
    assert_false(json_members(arena, "", 0, 5, &m, &n, &err));
    arena_unref(arena);
}

static void a_text_that_looks_like_json_is_told_apart_from_json(void **state)
{
    (void)state;
    static const char text[] = "[\"[1]\",[1],\"{}\",{},\"null\",null]";
    static const enum json_type types[] = {JSON_TEXT,   JSON_ARRAY, JSON_TEXT,
                                           JSON_OBJECT, JSON_TEXT,  JSON_NULL};
    struct arena *arena = arena_new(1024);
    struct json_member *m, one;
    int n;
    assert_true(json_items(arena, text, sizeof(text) - 1, 8, &m, &n, NULL));
    assert_int_equal(n, 6);
    for (int i = 0; i < n; i++) {
        char path[20];
        snprintf(path, sizeof(path), "$[%d]", i);
        assert_true(json_at(arena, text, sizeof(text) - 1, path, &one, NULL));
        assert_int_equal(m[i].type, types[i]);
        assert_int_equal(one.type, types[i]);
    }
    assert_true(json_at(arena, text, sizeof(text) - 1, "$[6]", &one, NULL));
    assert_int_equal(one.type, JSON_NULL);
    arena_unref(arena);
}

static void a_name_that_stands_twice_is_found_however_it_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *repeated;
    } all[] = {{"{\"a\":1,\"b\":2,\"a\":3}", "a"},
               {"{\"a\":1,\"\\u0061\":3}", "a"},
               {"{\"a\":1,\"A\":2,\"c\":{\"a\":1}}", NULL},
               {"{}", NULL}};
    struct arena *arena = arena_new(1024);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct json_member *m;
        int n;
        assert_true(json_members(arena, all[i].text, strlen(all[i].text), 8, &m, &n, NULL));
        const char *repeated = json_repeated(m, n);
        assert_string_equal(repeated != NULL ? repeated : "none",
                            all[i].repeated != NULL ? all[i].repeated : "none");
    }
    arena_unref(arena);
}

static void a_nul_in_a_text_is_seen_and_its_member_named(void **state)
{
    static const struct {
        const char *text, *member;
        bool has;
    } all[] = {
        {"{\"a\":1,\"pattern\":\"s:*\\u0000zzz\"}", "pattern", true},
        {"{\"a\":\"\\\\u0000\",\"b\":[{\"c\":\"\\u0000\"}]}", "b", true},
        {"{\"a\":\"\\\\\\u0000\"}", "a", true},
        {"{\"a\":\"\\\\u0000\",\"b\":\"\\u00001\"}", "b", true},
        {"{\"a\":\"\\\\u0000 u0000 \\u0001\"}", NULL, false},
    };
    (void)state;
    struct arena *arena = arena_new(1024);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const char *member = json_nul_member(arena, all[i].text, strlen(all[i].text));
        assert_int_equal(json_has_nul(all[i].text, strlen(all[i].text)), all[i].has);
        assert_string_equal(member != NULL ? member : "none", all[i].has ? all[i].member : "none");
    }
    assert_true(json_has_nul("{}\0", 3));
    arena_unref(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_comes_back_as_it_was),
        cmocka_unit_test(what_is_no_result_is_refused),
        cmocka_unit_test(a_text_that_is_not_valid_is_mended),
        cmocka_unit_test(members_have_their_types),
        cmocka_unit_test(a_text_that_looks_like_json_is_told_apart_from_json),
        cmocka_unit_test(a_name_that_stands_twice_is_found_however_it_is_written),
        cmocka_unit_test(a_nul_in_a_text_is_seen_and_its_member_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
