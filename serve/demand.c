/* Which datasets those who ask over HTTP need: each for some seconds after it was asked for. */
#include "serve/demand.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/mem.h"

struct demand {
    const struct registry *registry;
    double *until_s; /* by dataset of the registry */
};

struct demand *demand_new(const struct registry *r)
{
    struct demand *d = mem_new(sizeof(*d));
    d->registry = r;
    d->until_s = mem_new_array((size_t)r->n, sizeof(double));
    return d;
}

void demand_free(struct demand *d)
{
    if (d == NULL)
        return;
    free(d->until_s);
    free(d);
}

void demand_add(struct demand *d, const struct dataset *dataset, double until_s)
{
    for (int i = 0; i < d->registry->n; i++)
        if (d->registry->datasets[i] == dataset)
            d->until_s[i] = fmax(d->until_s[i], until_s);
}

static size_t word(const char *sql)
{
    size_t len = 0;
    while (isalnum((unsigned char)sql[len]) || sql[len] == '_')
        len++;
    return len;
}

static const struct dataset *find(const struct registry *r, const char *name, size_t len)
{
    for (int i = 0; i < r->n; i++)
        if (strncasecmp(r->datasets[i]->name, name, len) == 0 && r->datasets[i]->name[len] == '\0')
            return r->datasets[i];
    return NULL;
}

void demand_add_sql(struct demand *d, const char *sql, double until_s)
{
    while (*sql != '\0') {
        size_t len = word(sql);
        const struct dataset *named = len > 0 ? find(d->registry, sql, len) : NULL;
        if (named != NULL)
            demand_add(d, named, until_s);
        sql += len > 0 ? len : 1;
    }
}

/* How much of SQL is a string, or a comment; 0: it begins with neither. */
static size_t silent(const char *sql)
{
    const char *end = NULL;
    if (sql[0] == '\'') {
        end = strchr(sql + 1, '\'');
        return end != NULL ? (size_t)(end - sql) + 1 : strlen(sql);
    }
    if (sql[0] == '-' && sql[1] == '-')
        return strcspn(sql, "\n");
    if (sql[0] != '/' || sql[1] != '*')
        return 0;
    end = strstr(sql + 2, "*/");
    return end != NULL ? (size_t)(end - sql) + 2 : strlen(sql);
}

int demand_uses(const struct registry *r, const char *sql, const struct dataset **out)
{
    bool names = false; /* what comes next is a name of something else */
    int n = 0;
    while (*sql != '\0') {
        size_t len = word(sql), skip = silent(sql);
        const struct dataset *d = len > 0 && !names ? find(r, sql, len) : NULL;
        bool known = false;
        for (int i = 0; i < n; i++)
            known = known || out[i] == d;
        if (d != NULL && !known)
            out[n++] = d;
        if (len > 0)
            names = len == 2 && strncasecmp(sql, "as", 2) == 0;
        else if (!isspace((unsigned char)*sql) && skip == 0)
            names = *sql == '.';
        sql += len > 0 ? len : skip > 0 ? skip : 1;
    }
    return n;
}

int demand_list(const struct demand *d, double now_s, const char **out, int most)
{
    int n = 0;
    for (int i = 0; i < d->registry->n && n < most; i++)
        if (d->until_s[i] > now_s)
            out[n++] = d->registry->datasets[i]->name;
    return n;
}
