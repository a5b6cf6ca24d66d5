/* How large tables and indexes are: dbstat reads every page of one, so they are measured a few at each look,
 * each in a read transaction of its own, those measured longest ago first. One that takes longer than a
 * transaction may last is what the others leave of the file, if it is the only one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/sqlite/inside.h"
#include "core/mem.h"

static const double BUDGET_S = 0.5, LIMIT_S = 0.2;
/* What changed is measured again after this; what took too long is tried again after LATE_S. */
static const double FRESH_S = 60, LATE_S = 3600;
enum { MOST_SIZES = 5000 };

void lite_sizes_done(struct lite_kept *k)
{
    free(k->sizes);
    k->sizes = NULL;
    k->n_sizes = 0;
}

const struct lite_size *lite_size_of(const struct lite_look *l, int64_t id)
{
    for (int i = 0; i < l->kept->n_sizes; i++)
        if (l->kept->sizes[i].id == id)
            return &l->kept->sizes[i];
    return NULL;
}

static struct lite_size *size_for(struct lite_kept *k, int64_t id)
{
    for (int i = 0; i < k->n_sizes; i++)
        if (k->sizes[i].id == id)
            return &k->sizes[i];
    return NULL;
}

static char **list_names(struct lite_look *l, int *n)
{
    sqlite3_stmt *stmt = NULL;
    char **names = mem_new_array(MOST_SIZES, sizeof(*names));
    *n = 0;
    if (sqlite3_prepare_v2(l->db,
                           "select 'sqlite_schema' union all select name from sqlite_schema where type in "
                           "('table', 'index') and rootpage > 0",
                           -1, &stmt, NULL) == SQLITE_OK)
        while (*n < MOST_SIZES && sqlite3_step(stmt) == SQLITE_ROW)
            if (sqlite3_column_text(stmt, 0) != NULL)
                names[(*n)++] = mem_dup((const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return names;
}

/* The sizes of what is there now, in the order of NAMES. */
static void renew(struct lite_kept *k, char *const *names, int n)
{
    struct lite_size *sizes = mem_new_array((size_t)n, sizeof(*sizes));
    for (int i = 0; i < n; i++) {
        const struct lite_size *before = size_for(k, lite_id(names[i]));
        sizes[i] = before != NULL
                       ? *before
                       : (struct lite_size){
                             .id = lite_id(names[i]), .bytes = NAN, .unused_bytes = NAN, .sized_at = NAN};
    }
    free(k->sizes);
    k->sizes = sizes;
    k->n_sizes = n;
}

static void measure(struct lite_look *l, struct reader *r, const char *name, struct lite_size *size)
{
    sqlite3_stmt *stmt = NULL;
    double since = loop_mono_s();
    reader_limit(r, LIMIT_S);
    int rc = sqlite3_prepare_v2(
        l->db, "select sum(pgsize), sum(unused) from dbstat('main', 1) where name = ?1", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, name, -1, SQLITE_TRANSIENT);
        rc = sqlite3_step(stmt);
    }
    size->late = (rc & 0xff) == SQLITE_INTERRUPT;
    if (rc == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
        size->bytes = sqlite3_column_double(stmt, 0);
        size->unused_bytes = sqlite3_column_double(stmt, 1);
    }
    if (rc == SQLITE_ROW || size->late) {
        size->sized_at = loop_wall_s();
        size->mark = l->mark;
    }
    sqlite3_finalize(stmt);
    l->read_ms = fmax(l->read_ms, (loop_mono_s() - since) * 1000);
}

static bool is_due(const struct lite_size *s, uint64_t mark, double now)
{
    return isnan(s->sized_at) || (s->mark != mark && now - s->sized_at > (s->late ? LATE_S : FRESH_S));
}

/* The one that is due and was measured longest ago; -1: none is. */
static int next(const struct lite_look *l, double now)
{
    int best = -1;
    const struct lite_size *sizes = l->kept->sizes;
    for (int i = 0; i < l->kept->n_sizes; i++)
        if (is_due(&sizes[i], l->mark, now) &&
            (best < 0 || isnan(sizes[i].sized_at) || sizes[i].sized_at < sizes[best].sized_at)) {
            best = i;
            if (isnan(sizes[i].sized_at))
                break;
        }
    return best;
}

/* What the others leave. With auto_vacuum there are pages that belong to none. */
static void infer(struct lite_look *l)
{
    struct lite_size *late = NULL;
    double left = lite_number(
        l, "select (page_count - freelist_count) * page_size from pragma_page_count, pragma_freelist_count, "
           "pragma_page_size where (select auto_vacuum from pragma_auto_vacuum) = 0");
    for (int i = 0; i < l->kept->n_sizes; i++) {
        struct lite_size *s = &l->kept->sizes[i];
        if (s->late && late != NULL)
            return;
        late = s->late ? s : late;
        left -= s->late ? 0 : s->bytes;
    }
    if (late != NULL)
        late->bytes = left > 0 ? left : NAN;
}

void lite_sizes_measure(struct lite_look *l, struct reader *r)
{
    int n;
    double until = loop_mono_s() + BUDGET_S, now = loop_wall_s();
    char **names = list_names(l, &n);
    renew(l->kept, names, n);
    int i = next(l, now);
    for (; i >= 0 && loop_mono_s() < until; i = next(l, now)) {
        double before = l->kept->sizes[i].sized_at;
        measure(l, r, names[i], &l->kept->sizes[i]);
        if (isnan(before) ? isnan(l->kept->sizes[i].sized_at) : before == l->kept->sizes[i].sized_at)
            break; /* busy, or without dbstat: another time */
    }
    reader_limit(r, LIMIT_S);
    infer(l);
    l->unsized = i >= 0;
    for (int j = 0; j < l->kept->n_sizes; j++)
        l->unsized = l->unsized || (l->kept->sizes[j].mark != l->mark && !l->kept->sizes[j].late);
    for (int j = 0; j < n; j++)
        free(names[j]);
    free(names);
}
