/* Any bytes as what a guard sent: a result or a sentence why not; what was read is valid, and is the same
 * when it is sent on and read again. The same bytes as one object with members. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/json_result.h"
#include "core/utf8.h"
#include "tests/unit/made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_MEMBERS = 16 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_be_valid(const struct value *v)
{
    must(v->type != VALUE_TEXT || utf8_valid(v->text, strlen(v->text)));
}

static void must_be_whole(const struct result *r)
{
    must(r->n_columns > 0 && r->n_rows >= 0);
    for (int c = 0; c < r->n_columns; c++) {
        must(utf8_valid(r->columns[c].name, strlen(r->columns[c].name)));
        for (int row = 0; row < r->n_rows; row++)
            must_be_valid(result_at(r, row, c));
    }
}

static char *sent(const struct result *r)
{
    struct text t;
    text_init(&t, 1 << 24);
    json_result_add(&t, r);
    must(!t.cut);
    return text_take(&t);
}

static void read_result(const struct registry *registry, const char *text, size_t size)
{
    struct err err = {""};
    struct result *r = json_result_read(text, size, registry, &err);
    must((r == NULL) == (err.text[0] != '\0'));
    if (r == NULL)
        return;
    must_be_whole(r);
    char *first = sent(r);
    struct result *again = json_result_read(first, strlen(first), registry, &err);
    must(again != NULL);
    char *second = sent(again);
    must(strcmp(first, second) == 0);
    free(first);
    free(second);
    result_free(r);
    result_free(again);
}

static void read_members(const char *text, size_t size)
{
    struct arena *arena = arena_new(1024);
    struct json_member *members;
    struct err err = {""};
    int n;
    if (json_members(arena, text, size, MOST_MEMBERS, &members, &n, &err)) {
        must(n >= 0 && n <= MOST_MEMBERS);
        for (int i = 0; i < n; i++) {
            must(utf8_valid(members[i].name, strlen(members[i].name)));
            must_be_valid(&members[i].value);
            bool nested = members[i].type == JSON_ARRAY || members[i].type == JSON_OBJECT;
            must((members[i].value.type == VALUE_TEXT) == (nested || members[i].type == JSON_TEXT));
        }
    } else
        must(err.text[0] != '\0');
    arena_unref(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registry registry;
    registry_init(&registry);
    must(registry_add(&registry, &sessions, NULL));
    read_result(&registry, (const char *)data, size);
    read_members((const char *)data, size);
    registry_done(&registry);
    return 0;
}
