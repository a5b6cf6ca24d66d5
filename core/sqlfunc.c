/* SQL functions of our own, and those of SQLite's that could run for minutes without asking the progress
 * handler. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/door.h"
#include "core/normal.h"
#include "core/regexp.h"
#include "core/utf8.h"

enum { MAX_REGEXP_TEXT = 64 * 1024, MAX_TRIM_CHARS = 64, MAX_MIXTURE = 100 * 1000 };

static const char *text_of(sqlite3_value *v, size_t *len)
{
    const char *text = (const char *)sqlite3_value_text(v);
    *len = text == NULL ? 0 : (size_t)sqlite3_value_bytes(v);
    return text;
}

/* ---- mix_quantile(q, calls, mean_ms, stddev_ms) ---- */

struct mixture {
    double q;
    int n, capacity;
    double *weights, *means, *stddevs;
};

static bool grow_mixture(struct mixture *m)
{
    int capacity = m->capacity == 0 ? 64 : m->capacity * 2;
    double **lists[] = {&m->weights, &m->means, &m->stddevs};
    for (int i = 0; i < 3; i++) {
        double *grown = sqlite3_realloc64(*lists[i], sizeof(double) * (sqlite3_uint64)capacity);
        if (grown == NULL)
            return false;
        *lists[i] = grown;
    }
    m->capacity = capacity;
    return true;
}

static void mix_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct mixture *m = sqlite3_aggregate_context(ctx, sizeof(*m));
    if (m == NULL) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    for (int i = 0; i < argc; i++)
        if (sqlite3_value_numeric_type(argv[i]) != SQLITE_INTEGER &&
            sqlite3_value_numeric_type(argv[i]) != SQLITE_FLOAT)
            return; /* what is not known takes no part */
    double calls = sqlite3_value_double(argv[1]);
    if (!(calls > 0))
        return;
    m->q = sqlite3_value_double(argv[0]);
    if (m->n >= MAX_MIXTURE) {
        sqlite3_result_error(ctx, "mix_quantile takes at most 100,000 rows", -1);
        return;
    }
    if (m->n == m->capacity && !grow_mixture(m)) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    m->weights[m->n] = calls;
    m->means[m->n] = sqlite3_value_double(argv[2]);
    m->stddevs[m->n++] = sqlite3_value_double(argv[3]);
}

static void mix_final(sqlite3_context *ctx)
{
    struct mixture *m = sqlite3_aggregate_context(ctx, 0);
    if (m == NULL)
        return;
    if (m->n > 0 && !(m->q > 0 && m->q < 1))
        sqlite3_result_error(ctx, "mix_quantile: the first argument is between 0 and 1, such as 0.95", -1);
    else if (m->n > 0)
        sqlite3_result_double(ctx,
                              mixture_quantile(m->q, m->n, m->weights, m->means, m->stddevs)); /* NAN: NULL */
    sqlite3_free(m->weights);
    sqlite3_free(m->means);
    sqlite3_free(m->stddevs);
}

/* ---- x regexp y ---- */

static void free_pattern(void *pattern)
{
    regexp_free(pattern);
}

static void sql_regexp(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    size_t n_pattern, len;
    const char *pattern = text_of(argv[0], &n_pattern), *text = text_of(argv[1], &len);
    if (pattern == NULL || text == NULL)
        return;
    struct regexp *r = sqlite3_get_auxdata(ctx, 0), *made = NULL;
    if (r == NULL) {
        struct err err = {""};
        r = made = regexp_new(pattern, &err);
        if (r == NULL) {
            sqlite3_result_error(ctx, err.text, -1);
            return;
        }
    }
    sqlite3_result_int(ctx, regexp_match(r, text, len < MAX_REGEXP_TEXT ? len : MAX_REGEXP_TEXT));
    if (made != NULL)
        sqlite3_set_auxdata(ctx, 0, made, free_pattern); /* kept if the pattern is constant, else freed */
}

/* ---- format_unit(value, unit) ---- */

static void sql_format_unit(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    size_t len;
    const char *name = text_of(argv[1], &len);
    int unit = name == NULL ? -1 : unit_parse(name);
    if (unit < 0) {
        sqlite3_result_error(ctx, "format_unit: the units are bytes, ms, s, ratio, count, pages, lsn, time",
                             -1);
        return;
    }
    int type = sqlite3_value_type(argv[0]);
    if (type == SQLITE_TEXT || type == SQLITE_BLOB) {
        sqlite3_result_value(ctx, argv[0]);
        return;
    }
    char out[64];
    unit_format(out, sizeof(out), type == SQLITE_NULL ? NAN : sqlite3_value_double(argv[0]), (enum unit)unit);
    sqlite3_result_text(ctx, out, -1, SQLITE_TRANSIENT);
}

/* ---- replace and trim: SQLite's own cost the product of both lengths ---- */

static void sql_replace(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    size_t len, n_old, n_new;
    const char *text = text_of(argv[0], &len), *old = text_of(argv[1], &n_old),
               *new = text_of(argv[2], &n_new);
    if (text == NULL || old == NULL || new == NULL)
        return;
    sqlite3_str *out = sqlite3_str_new(sqlite3_context_db_handle(ctx)); /* bounded by the limit on lengths */
    const char *end = text + len, *found;
    while (n_old > 0 && sqlite3_str_errcode(out) == SQLITE_OK &&
           (found = memmem(text, (size_t)(end - text), old, n_old)) != NULL) {
        sqlite3_str_append(out, text, (int)(found - text));
        sqlite3_str_append(out, new, (int)n_new);
        text = found + n_old;
    }
    sqlite3_str_append(out, text, (int)(end - text));
    int rc = sqlite3_str_errcode(out), n = sqlite3_str_length(out);
    char *done = sqlite3_str_finish(out);
    if (rc != SQLITE_OK) {
        sqlite3_free(done);
        sqlite3_result_error_code(ctx, rc);
    } else {
        sqlite3_result_text(ctx, done == NULL ? "" : done, n, done == NULL ? SQLITE_STATIC : sqlite3_free);
    }
}

/* The length of the character of CHARS that S begins with, or ends with if AT_END; 0 if none. */
static size_t trim_one(const char *s, size_t len, bool at_end, const char *chars, size_t n_chars)
{
    for (size_t i = 0, n; i < n_chars; i += n) {
        n = 1;
        while (i + n < n_chars && ((unsigned char)chars[i + n] & 0xC0) == 0x80)
            n++;
        if (n <= len && memcmp(at_end ? s + len - n : s, chars + i, n) == 0)
            return n;
    }
    return 0;
}

enum trim { TRIM_LEFT = 1, TRIM_RIGHT = 2, TRIM_BOTH = 3 };
static const enum trim trim_left = TRIM_LEFT, trim_right = TRIM_RIGHT, trim_both = TRIM_BOTH;

static void sql_trim(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    const enum trim *sides = sqlite3_user_data(ctx);
    size_t len, n_chars, n;
    const char *text = text_of(argv[0], &len), *chars = text_of(argv[1], &n_chars);
    if (text == NULL || chars == NULL)
        return;
    if (n_chars > MAX_TRIM_CHARS) {
        sqlite3_result_error(ctx, "trim: at most 64 bytes of characters to remove", -1);
        return;
    }
    while (*sides & TRIM_LEFT && (n = trim_one(text, len, false, chars, n_chars)) > 0) {
        text += n;
        len -= n;
    }
    while (*sides & TRIM_RIGHT && (n = trim_one(text, len, true, chars, n_chars)) > 0)
        len -= n;
    sqlite3_result_text(ctx, text, (int)len, SQLITE_TRANSIENT);
}

/* ---- normalize_sql(text) ---- */

static void sql_without_literals(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    size_t len;
    const char *text = text_of(argv[0], &len);
    struct text out;
    if (text == NULL)
        return;
    text_init(&out, 2 * len + 100);
    sql_normalize(text, &out);
    sqlite3_result_text(ctx, text_str(&out), (int)out.len, SQLITE_TRANSIENT);
    text_done(&out);
}

/* ---- harmless_text(text) ---- */

/* Newlines stay: it is for text that is read in lines. */
static void sql_harmless(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    size_t len;
    const char *text = text_of(argv[0], &len);
    struct text out;
    if (text == NULL)
        return;
    text_init(&out, 3 * len + 100); /* a bad byte becomes three */
    for (size_t at = 0; at < len;) {
        uint32_t code;
        char encoded[4];
        at += utf8_decode(text + at, len - at, &code);
        text_add_n(&out, encoded, utf8_encode(code == '\n' ? code : utf8_harmless(code), encoded));
    }
    sqlite3_result_text(ctx, text_str(&out), (int)out.len, SQLITE_TRANSIENT);
    text_done(&out);
}

typedef void call_fn(sqlite3_context *ctx, int argc, sqlite3_value **argv);
typedef void final_fn(sqlite3_context *ctx);

// clang-format off
static const struct {
    const char *name;
    int n_args;
    call_fn *call, *step;
    final_fn *final;
    const enum trim *sides;
} functions[] = {
    {"format_unit",  2, sql_format_unit},
    {"harmless_text", 1, sql_harmless},
    {"ltrim",        2, sql_trim,   .sides = &trim_left},
    {"mix_quantile", 4, .step = mix_step, .final = mix_final},
    {"normalize_sql", 1, sql_without_literals},
    {"regexp",       2, sql_regexp},
    {"replace",      3, sql_replace},
    {"rtrim",        2, sql_trim,   .sides = &trim_right},
    {"trim",         2, sql_trim,   .sides = &trim_both},
};
// clang-format on

bool sqlfunc_add(sqlite3 *db, struct err *err)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
        union {
            const enum trim *in;
            void *out;
        } data = {functions[i].sides}; /* SQLite's parameter is not const, our reading is */
        if (sqlite3_create_function(db, functions[i].name, functions[i].n_args,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, data.out,
                                    functions[i].call, functions[i].step, functions[i].final) != SQLITE_OK)
            return fail(err, "SQL function %s: %s", functions[i].name, sqlite3_errmsg(db));
    }
    return true;
}
