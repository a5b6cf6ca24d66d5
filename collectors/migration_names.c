/* Names of migrations, as each tool makes them from the paths of its files. */
#include "collectors/migration_names.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"

enum { LONGEST_NAME = 300, HEAD_OF_FILE = 1 << 16 };

/* ---- Lists ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void ids_add(struct ids *n, const char *name)
{
    if ((n->n & (n->n - 1)) == 0)
        n->items = mem_grow(n->items, n->n == 0 ? 1 : (size_t)n->n * 2, sizeof(char *));
    n->items[n->n++] = mem_dup(name);
}

static void sort(struct ids *n)
{
    if (n->n > 1)
        qsort(n->items, (size_t)n->n, sizeof(char *), by_name);
}

bool ids_have(const struct ids *n, const char *name)
{
    return n->n > 0 && bsearch(&name, n->items, (size_t)n->n, sizeof(char *), by_name) != NULL;
}

void ids_done(struct ids *n)
{
    for (int i = 0; i < n->n; i++)
        free(n->items[i]);
    free(n->items);
    *n = (struct ids){0};
}

/* ---- Files ---- */

static bool ends(const char *s, const char *with)
{
    size_t len = strlen(s), n = strlen(with);
    return len >= n && strcmp(s + len - n, with) == 0;
}

/* Leading zeros are for the eye: 003 is 3. */
static bool number_of(const char *base, char *out, size_t size)
{
    base += base[0] == '0' ? strspn(base, "0") - (strspn(base, "0123456789") == strspn(base, "0")) : 0;
    size_t digits = strspn(base, "0123456789");
    snprintf(out, size, "%.*s", (int)digits, base);
    return digits > 0;
}

static bool by_number(const char *path, const char *base, char *out, size_t size)
{
    (void)path;
    return strstr(base, ".down.") == NULL && !ends(base, ".py") && number_of(base, out, size);
}

static bool by_stem(const char *path, const char *base, char *out, size_t size)
{
    const char *dot = strrchr(base, '.');
    (void)path;
    if (!isdigit((unsigned char)base[0]) || dot == NULL || ends(base, ".py") || ends(base, ".Designer.cs"))
        return false;
    snprintf(out, size, "%.*s", (int)(dot - base), base);
    return true;
}

static bool by_file(const char *path, const char *base, char *out, size_t size)
{
    (void)path;
    snprintf(out, size, "%s", base);
    return isdigit((unsigned char)base[0]) != 0 &&
           (ends(base, ".js") || ends(base, ".ts") || ends(base, ".cjs") || ends(base, ".mjs"));
}

/* The last but one part of PATH, whose last is BASE. */
static bool folder_of(const char *path, const char *base, char *out, size_t size)
{
    const char *end = base - 1, *start = end;
    if (base - path < 2)
        return false;
    while (start > path && start[-1] != '/')
        start--;
    snprintf(out, size, "%.*s", (int)(end - start), start);
    return end > start;
}

static bool by_folder(const char *path, const char *base, char *out, size_t size)
{
    return strcmp(base, "migration.sql") == 0 && folder_of(path, base, out, size);
}

/* https://documentation.red-gate.com/flyway: versioned migrations. Parts of a version are parted by . or _.
 */
static bool by_flyway(const char *path, const char *base, char *out, size_t size)
{
    const char *end = strstr(base, "__");
    (void)path;
    if (base[0] != 'V' || end == NULL || !isdigit((unsigned char)base[1]))
        return false;
    snprintf(out, size, "%.*s", (int)(end - base - 1), base + 1);
    for (char *c = out; *c != '\0'; c++)
        *c = *c == '_' ? '.' : *c;
    return true;
}

static bool by_django(const char *path, const char *base, char *out, size_t size)
{
    char folder[LONGEST_NAME], app[LONGEST_NAME];
    if (!isdigit((unsigned char)base[0]) || !ends(base, ".py") ||
        !folder_of(path, base, folder, sizeof(folder)) || strcmp(folder, "migrations") != 0 ||
        !folder_of(path, base - strlen("migrations/"), app, sizeof(app)))
        return false;
    snprintf(out, size, "%s.%.*s", app, (int)(strlen(base) - strlen(".py")), base);
    return true;
}

typedef bool name_fn(const char *path, const char *base, char *out, size_t size);
static name_fn *const namings[] = {
    [NAMED_BY_NUMBER] = by_number, [NAMED_BY_STEM] = by_stem,     [NAMED_BY_FILE] = by_file,
    [NAMED_BY_FOLDER] = by_folder, [NAMED_BY_FLYWAY] = by_flyway, [NAMED_BY_DJANGO] = by_django,
    [NAMED_BY_ALEMBIC] = NULL};

void ids_of_files(struct ids *out, const struct ids *paths, enum migration_naming naming)
{
    *out = (struct ids){0};
    for (int i = 0; i < paths->n && namings[naming] != NULL; i++) {
        char name[LONGEST_NAME];
        const char *slash = strrchr(paths->items[i], '/'),
                   *base = slash != NULL ? slash + 1 : paths->items[i];
        if (namings[naming](paths->items[i], base, name, sizeof(name)))
            ids_add(out, name);
    }
    sort(out);
}

void ids_of_lines(struct ids *out, const char *lines, enum migration_naming naming)
{
    *out = (struct ids){0};
    while (lines != NULL && *lines != '\0' && out->n < MOST_NAMES) {
        char name[LONGEST_NAME];
        size_t len = strcspn(lines, "\n");
        snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), lines);
        char number[LONGEST_NAME];
        bool short_form = naming == NAMED_BY_NUMBER && number_of(name, number, sizeof(number));
        ids_add(out, short_form ? number : name);
        lines += len + (lines[len] == '\n');
    }
    sort(out);
}

/* ---- Alembic ---- */

/* The texts in quotes of the line that AT is in, and of those that a bracket keeps open; at most N. */
static int quoted(const char *at, char (*out)[64], int n)
{
    int found = 0;
    bool open = false;
    at += strcspn(at, "=\n");
    for (; *at != '\0' && (*at != '\n' || open) && found < n; at++) {
        open = *at == '(' || *at == '[' ? true : *at == ')' || *at == ']' ? false : open;
        if (*at == '#')
            break;
        if (*at != '\'' && *at != '"')
            continue;
        size_t len = strcspn(at + 1, *at == '"' ? "\"\n" : "'\n");
        snprintf(out[found++], sizeof(out[0]), "%.*s", (int)(len < 63 ? len : 63), at + 1);
        at += 1 + len;
        if (*at != '\'' && *at != '"')
            break;
    }
    return found;
}

/* The line that assigns WORD: `revision = `, or with its type, `revision: str = `. */
static const char *assignment(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, word, len) == 0 && strchr(" :=\t", at[len]) != NULL && at[len] != '\0')
            return at;
    }
    return NULL;
}

static bool revision_read(struct revision *v, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *text = fd < 0 ? NULL : mem_new(HEAD_OF_FILE + 1);
    ssize_t len = fd < 0 ? -1 : read(fd, text, HEAD_OF_FILE);
    if (fd >= 0)
        close(fd);
    *v = (struct revision){0};
    const char *revision = len > 0 ? assignment(text, "revision") : NULL,
               *down = len > 0 ? assignment(text, "down_revision") : NULL;
    bool ours = revision != NULL && down != NULL && quoted(revision, &v->id, 1) == 1;
    if (ours)
        v->n_downs = quoted(down, v->downs, MOST_DOWNS);
    free(text);
    return ours;
}

struct revisions *revisions_read(const struct ids *paths)
{
    struct revisions *r = mem_new(sizeof(*r));
    for (int i = 0; i < paths->n; i++) {
        struct revision v;
        if (!ends(paths->items[i], ".py") || !revision_read(&v, paths->items[i]))
            continue;
        r->items = mem_grow(r->items, (size_t)r->n + 1, sizeof(v));
        r->items[r->n++] = v;
    }
    return r;
}

void revisions_free(struct revisions *r)
{
    free(r->items);
    free(r);
}
