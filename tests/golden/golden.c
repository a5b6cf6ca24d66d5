/* Golden screens: a canvas against the file a person has looked at. */
#include "tests/golden/golden.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/utf8.h"
#include "tests/unit/test.h"

enum { MOST_BYTES = 1 << 20, MOST_DIFFERENCES = 20 };

/* A letter for each role, like its name where it can be; '.' is plain text. In the order of enum role. */
static const char letters[N_ROLES + 1] = ".dthkagwCb|^>%m~DXfFpeKSN#123456";

static void add_roles(const struct canvas *c, struct text *out)
{
    bool used[N_ROLES] = {false};
    text_add(out, "---- roles\n");
    for (int row = 0; row < c->rows; row++) {
        const struct cell *line = c->cells + row * c->columns;
        int end = c->columns;
        while (end > 0 && line[end - 1].role == ROLE_TEXT)
            end--;
        for (int i = 0; i < end; i++) {
            text_add_char(out, letters[line[i].role]);
            used[line[i].role] = true;
        }
        text_add_char(out, '\n');
    }
    for (int role = 0; role < N_ROLES; role++)
        if (used[role])
            text_addf(out, "%c %s\n", letters[role], role_name((enum role)role));
}

/* Only rows that have any: most screens have few. */
static void add_attributes(const struct canvas *c, struct text *out)
{
    text_add(out, "---- attributes: 1 bold, 2 underline, 4 reverse\n");
    for (int row = 0; row < c->rows; row++) {
        const struct cell *line = c->cells + row * c->columns;
        int end = c->columns;
        while (end > 0 && line[end - 1].attrs == 0)
            end--;
        if (end == 0)
            continue;
        text_addf(out, "%3d ", row + 1);
        for (int i = 0; i < end; i++)
            text_add_char(out, line[i].attrs == 0 ? '.' : (char)('0' + line[i].attrs));
        text_add_char(out, '\n');
    }
}

void golden_text(const struct canvas *c, bool styles, struct text *out)
{
    canvas_text(c, out);
    if (!styles)
        return;
    add_roles(c, out);
    add_attributes(c, out);
}

/* The next line of *TEXT, "" after the last, without its newline; *TEXT moves behind it. */
static const char *next_line(const char **text, int *len)
{
    const char *line = *text;
    *len = (int)strcspn(line, "\n");
    *text = line + *len + (line[*len] == '\n' ? 1 : 0);
    return line;
}

/* Columns of A before it differs from B. */
static int same_columns(const char *a, int a_len, const char *b, int b_len)
{
    char same[4096];
    int n = 0;
    while (n < a_len && n < b_len && n < (int)sizeof(same) - 1 && a[n] == b[n])
        n++;
    while (n > 0 && ((unsigned char)a[n] & 0xC0) == 0x80)
        n--;
    memcpy(same, a, (size_t)n);
    same[n] = '\0';
    return utf8_columns(same);
}

bool golden_diff(const char *expected, const char *drawn, struct text *out)
{
    int n = 0;
    for (int row = 1; *expected != '\0' || *drawn != '\0'; row++) {
        int was_len, is_len;
        const char *was = next_line(&expected, &was_len), *is = next_line(&drawn, &is_len);
        if (was_len == is_len && memcmp(was, is, (size_t)was_len) == 0)
            continue;
        if (++n > MOST_DIFFERENCES) {
            text_add(out, "... and more\n");
            break;
        }
        text_addf(out, "%3d - %.*s\n    + %.*s\n      %*s^\n", row, was_len, was, is_len, is,
                  same_columns(was, was_len, is, is_len), "");
    }
    return n > 0;
}

static void read_all(const char *path, struct text *out)
{
    char bytes[4096];
    FILE *f = fopen(path, "r");
    for (size_t n = 1; f != NULL && n > 0;) {
        n = fread(bytes, 1, sizeof(bytes), f);
        text_add_n(out, bytes, n);
    }
    if (f == NULL)
        text_addf(out, "(%s: %s)\n", path, strerror(errno));
    else
        fclose(f);
}

static bool write_all(const char *path, const char *bytes)
{
    FILE *f = fopen(path, "w");
    bool ok = f != NULL && fputs(bytes, f) >= 0;
    if (f != NULL)
        ok = fclose(f) == 0 && ok;
    if (!ok)
        print_error("cannot write %s: %s\n", path, strerror(errno));
    return ok;
}

void golden_compare(const struct canvas *c, const char *name, bool styles, const char *file, int line)
{
    char path[4096];
    struct text drawn, expected, diff;
    text_init(&drawn, MOST_BYTES);
    text_init(&expected, MOST_BYTES);
    text_init(&diff, MOST_BYTES);
    snprintf(path, sizeof(path), "%s/%s.txt", GOLDEN_SCREENS, name);
    golden_text(c, styles, &drawn);
    bool good;
    if (getenv("DBVITALS_GOLDEN_WRITE") != NULL) {
        good = write_all(path, text_str(&drawn));
    } else {
        read_all(path, &expected);
        good = !golden_diff(text_str(&expected), text_str(&drawn), &diff);
    }
    if (!good)
        print_error(
            "the screen is not the one in %s (- there, + drawn; DBVITALS_GOLDEN_WRITE=1 rewrites it):\n%s",
            path, text_str(&diff));
    text_done(&drawn);
    text_done(&expected);
    text_done(&diff);
    if (!good)
        _fail(file, line);
}
