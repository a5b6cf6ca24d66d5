/* Relations by the thousand, read by what changed. */
#include "collectors/pg/relations_inside.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/oids.h"
#include "core/mem.h"
#include "core/text.h"

enum {
    FIRST_SLICE = 100, /* relations whose size is measured at once */
    FEW_ROWS = 500,    /* decoded at once */
    FIRST_OID = 16384  /* of relations that are not the system's: FirstNormalObjectId */
};
static const double CATALOG_EVERY_S = 120;
static const double FRESH_EVERY_S = 5; /* a catalog with new relations is read again, but not more often */
static const double CURED_S = 1.5;     /* one that was read so soon after a cure of ours may not be of afterwards */
static const double ALL_EVERY_S = 600; /* marks can miss what touches no page, so now and then all is read */

/* ---- State ---- */

static void free_relations(struct relations *r)
{
    sample_unref(r->last);
    sample_unref(r->now);
    free(r->ids);
    free(r->changed);
    free(r->marks);
    free(r->measures);
    free(r);
}

void relations_reset(void *state)
{
    struct relations_state *all = state;
    for (int i = 0; i < all->n; i++)
        free_relations(all->databases[i]);
    free(all->databases);
    *all = (struct relations_state){0};
}

static struct relations *find(struct pg_poll *p)
{
    struct relations_state *all = pg_state(p);
    for (int i = 0; i < all->n; i++)
        if (all->databases[i]->datid == pg_facts(p)->database_oid)
            return all->databases[i];
    return NULL;
}

static struct relations *find_or_new(struct pg_poll *p, const struct relations_kind *k)
{
    struct relations *r = find(p);
    if (r != NULL)
        return r;
    struct relations_state *all = pg_state(p);
    all->databases = mem_grow(all->databases, (size_t)all->n + 1, sizeof(all->databases[0]));
    r = mem_new(sizeof(*r));
    *r = (struct relations){.kind = k,
                            .datid = pg_facts(p)->database_oid,
                            .catalog_s = -INFINITY,
                            .all_s = -INFINITY,
                            .slice_s = -INFINITY,
                            .stats_reset = NAN,
                            .slice = FIRST_SLICE};
    return all->databases[all->n++] = r;
}

struct relations *relations_going_on(struct pg_poll *p)
{
    struct relations *r = find(p);
    if (r != NULL && r->now != NULL)
        return r;
    pg_poll_failed(p, FAILURE_LOST, "the connection was lost");
    return NULL;
}

/* ---- Rows ---- */

int relations_column(const struct relations *r, const char *name)
{
    int c = dataset_column(r->kind->dataset, name);
    assert(c >= 0);
    return c;
}

int relations_row(const struct relations *r, const struct sample *s, int64_t id)
{
    int c = relations_column(r, r->kind->id), low = 0, high = s == NULL ? 0 : s->n_rows, end = high;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (sample_int(s, c, middle) < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && sample_int(s, c, low) == id ? low : -1;
}

static bool is_live(const struct column *c)
{
    return c->source != NULL && (strncmp(c->source, "r.", 2) == 0 || strstr(c->source, "(r.") != NULL);
}

static bool is_sized(const struct relations_kind *k, int column)
{
    for (const char *const *name = k->sized; *name != NULL; name++)
        if (strcmp(k->dataset->columns[column].name, *name) == 0)
            return true;
    return false;
}

static char *select_list(const struct pg_poll *p, const struct relations_kind *k, bool live)
{
    int version = pg_facts(p)->version;
    struct text t;
    text_init(&t, 1 << 16);
    for (int i = 0; i < k->dataset->n_columns; i++) {
        const struct column *c = &k->dataset->columns[i];
        const char *source = version >= c->since ? c->source : c->before;
        if (source != NULL && (c->until == 0 || version < c->until) && is_live(c) == live)
            pg_select(&t, source, c->name);
    }
    return text_take(&t);
}

static const char *from_of(const struct pg_poll *p, const struct pg_from *from)
{
    while (from->since > pg_facts(p)->version)
        from++;
    return from->sql;
}

/* ---- What changed ---- */

/* Row I of CHANGED is row r->changed[I] of the sample to be, or of none. */
static void take_changed(struct relations *r, const struct sample *changed)
{
    const struct dataset *d = r->kind->dataset;
    for (int c = 0; c < d->n_columns; c++) {
        const double *from = changed->values[c].real;
        if (!is_live(&d->columns[c]) || from == NULL)
            continue;
        for (int i = 0; i < changed->n_rows; i++)
            if (r->changed[i] >= 0)
                sample_put_real(r->now, c, r->changed[i], from[i]);
    }
}

static void on_changed_sample(struct pg_poll *p, struct sample *changed)
{
    struct relations *r = relations_going_on(p);
    if (r != NULL) {
        take_changed(r, changed);
        r->now->mono_s = changed->mono_s;
        r->now->wall_s = changed->wall_s;
        relations_measure(p, r);
    }
    sample_unref(changed);
}

static void take_marks(struct relations *r, const struct pg_rows *rows)
{
    int id = pg_rows_column(rows, "id"), mark = pg_rows_column(rows, "mark"), n = pg_rows_n(rows);
    free(r->changed);
    r->n_changed = n;
    r->changed = mem_new_array((size_t)n, sizeof(r->changed[0]));
    for (int i = 0; i < n; i++) {
        int row = relations_row(r, r->now, pg_rows_int(rows, i, id));
        r->changed[i] = row;
        if (row >= 0)
            r->marks[row] = pg_rows_int(rows, i, mark);
    }
}

static void on_changed(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    struct relations *r = relations_going_on(p);
    if (r == NULL)
        return;
    if (rows == NULL) {
        sample_unref(r->now);
        r->now = NULL;
        if (r->all_changed) { /* marks and measures are by row of the catalog that is lost */
            sample_unref(r->last);
            r->last = NULL;
            r->catalog_s = -INFINITY;
        }
        pg_poll_failed(p, why, text);
        return;
    }
    take_marks(r, rows);
    if (pg_rows_n(rows) > FEW_ROWS)
        pg_sample_then(p, rows, on_changed_sample);
    else
        on_changed_sample(p, pg_sample(p, rows));
}

/* NOW is ready, with the values of before in its live columns. */
static void ask_changed(struct pg_poll *p, struct relations *r)
{
    const struct relations_kind *k = r->kind;
    int n = r->now->n_rows;
    double now_s = pg_poll_asked_mono_s(p);
    if (now_s - r->all_s >= ALL_EVERY_S) {
        r->all_s = now_s;
        for (int i = 0; i < n; i++)
            r->marks[i] = -1;
    }
    char *list = select_list(p, k, true), *marks = oids_array(r->marks, n);
    struct text sql;
    text_init(&sql, 1 << 16);
    text_add(&sql, "select r.id, r.mark, ");
    text_add(&sql, list);
    text_add_char(&sql, ' ');
    text_add(&sql, from_of(p, k->live));
    const char *params[] = {r->ids, marks};
    pg_run(p, text_str(&sql), 2, params, on_changed);
    text_done(&sql);
    free(list);
    free(marks);
}

/* ---- The catalog ---- */

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The same relations, with the same names? */
static bool is_same_catalog(const struct relations *r, const struct sample *s)
{
    const struct dataset *d = s->dataset;
    int id = relations_column(r, r->kind->id);
    if (r->last == NULL || r->last->n_rows != s->n_rows)
        return false;
    for (int i = 0; i < s->n_rows; i++)
        if (sample_int(s, id, i) != sample_int(r->last, id, i))
            return false;
    for (int c = 0; c < d->n_columns; c++) {
        if (d->columns[c].type != TYPE_TEXT || d->columns[c].source == NULL)
            continue;
        for (int i = 0; i < s->n_rows; i++)
            if (!is_same_text(s->values[c].text[i], sample_text(r->last, c, i)))
                return false;
    }
    return true;
}

/* Row TO of S gets what is not the catalog's from row FROM of the sample before; measures beat estimates. */
static void carry_row(const struct relations *r, struct sample *s, int to, int from, bool measured)
{
    const struct dataset *d = s->dataset;
    for (int c = 0; c < d->n_columns; c++) {
        bool carried =
            is_live(&d->columns[c]) || d->columns[c].source == NULL || (measured && is_sized(r->kind, c));
        if (!carried || d->columns[c].kind == KIND_DERIVED || s->values[c].any == NULL)
            continue;
        if (d->columns[c].type == TYPE_REAL)
            s->values[c].real[to] = sample_real(r->last, c, from);
        else if (d->columns[c].type == TYPE_TEXT)
            s->values[c].text[to] = arena_dup(s->arena, sample_text(r->last, c, from));
    }
}

/* S as a sample that shares with LAST, of the same catalog, what did not change. */
static struct sample *catalog_again(struct sample *last, const struct sample *s)
{
    struct sample *again = sample_like(last);
    for (int c = 0; c < s->dataset->n_columns; c++)
        for (int i = 0; i < s->n_rows && s->values[c].any != NULL; i++)
            if (s->dataset->columns[c].type == TYPE_REAL)
                sample_put_real(again, c, i, s->values[c].real[i]);
            else if (s->dataset->columns[c].type == TYPE_INT)
                sample_put_int(again, c, i, s->values[c].integer[i]);
    return again;
}

/* Makes the catalog sample S the one to be filled. */
static void take_catalog(struct relations *r, struct sample *s)
{
    int n = s->n_rows;
    const int64_t *ids = s->values[relations_column(r, r->kind->id)].integer;
    int64_t *marks = mem_new_array((size_t)n, sizeof(*marks));
    struct measure *measures = mem_new_array((size_t)n, sizeof(*measures));
    for (int i = 0; i < n; i++) {
        int from = relations_row(r, r->last, ids[i]);
        marks[i] = from < 0 ? -1 : r->marks[from];
        if (from < 0)
            continue;
        measures[i] = r->measures[from];
        carry_row(r, s, i, from, measures[i].known);
    }
    free(r->marks);
    free(r->measures);
    free(r->ids);
    r->marks = marks;
    r->measures = measures;
    r->ids = oids_array(ids, n);
    sample_unref(r->now);
    r->now = s;
}

static void on_catalog_sample(struct pg_poll *p, struct sample *s)
{
    struct relations *r = find(p);
    if (r == NULL) {
        sample_unref(s);
        pg_poll_failed(p, FAILURE_LOST, "the connection was lost");
        return;
    }
    r->catalog_s = s->mono_s;
    r->catalog_wall_s = s->wall_s;
    take_catalog(r, s);
    if (is_same_catalog(r, s)) {
        r->now = catalog_again(r->last, s);
        sample_unref(s);
    }
    r->all_changed = true;
    if (r->kind->compare != NULL)
        r->kind->compare(r->now);
    ask_changed(p, r);
}

static void on_catalog(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    if (rows == NULL)
        pg_poll_failed(p, why, text);
    else
        pg_sample_then(p, rows, on_catalog_sample);
}

static void ask_catalog(struct pg_poll *p, const struct relations_kind *k)
{
    char *list = select_list(p, k, false);
    struct text sql;
    text_init(&sql, 1 << 16);
    text_addf(&sql, "select %s %s where %s and c.oid >= %d order by c.oid", list, from_of(p, k->catalog),
              k->is_one, pg_target(p)->system_relations ? 0 : FIRST_OID);
    pg_run(p, text_str(&sql), 0, NULL, on_catalog);
    text_done(&sql);
    free(list);
}

/* ---- The start: is the catalog still good? ---- */

static void on_head(struct pg_poll *p, const struct pg_rows *rows, enum failure why, const char *text)
{
    struct relations *r = find(p);
    if (rows == NULL || r == NULL || pg_rows_n(rows) == 0) {
        pg_poll_failed(p, rows == NULL ? why : FAILURE_LOST, rows == NULL ? text : "the connection was lost");
        return;
    }
    r->stats_reset = pg_rows_real(rows, 0, pg_rows_column(rows, "stats_reset"));
    bool fresh = pg_rows_int(rows, 0, pg_rows_column(rows, "fresh")) == 1;
    double age_s = pg_rows_mono_s(rows) - r->catalog_s;
    bool cured = r->catalog_s < pg_cured_mono_s(p) + CURED_S;
    if (r->last == NULL || cured || age_s >= CATALOG_EVERY_S || (fresh && age_s >= FRESH_EVERY_S)) {
        ask_catalog(p, r->kind);
        return;
    }
    sample_unref(r->now);
    r->now = sample_like(r->last);
    ask_changed(p, r);
}

/* Oids grow, so a relation that came after the catalog was read has a greater one than all in it (until they
 * wrap around: then it waits for the catalog's next time). The limit makes the server take the index. */
void relations_start(struct pg_poll *p, const struct relations_kind *k)
{
    struct relations *r = find_or_new(p, k);
    int n = r->last == NULL ? 0 : r->last->n_rows;
    char greatest[32];
    snprintf(greatest, sizeof(greatest), "%lld",
             n == 0 ? 0LL : (long long)sample_int(r->last, relations_column(r, k->id), n - 1));
    struct text sql;
    text_init(&sql, 4096);
    text_addf(&sql,
              "select pg_stat_get_db_stat_reset_time(d.oid) as stats_reset, exists (select from"
              " (select oid, relkind, relpersistence, relnamespace from pg_class where oid > $1::oid"
              " order by oid limit 1000) c where %s) as fresh from pg_database d where d.datname = current_database()",
              k->is_one);
    const char *param = greatest;
    pg_run(p, text_str(&sql), 1, &param, on_head);
    text_done(&sql);
}
