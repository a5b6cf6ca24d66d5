/* From a line of JSON to a sample. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/trial_private.h"

struct result *trial_ask(struct trial *t, const char *sql, const char *line, struct err *err)
{
    struct query_param param = {"line", {VALUE_TEXT, .text = line}};
    struct query q = {.sql = sql, .params = &param, .n_params = 1};
    struct snapshot *s = store_snapshot(t->store);
    struct result *r = door_run(t->door, s, &q, err);
    snapshot_unref(s);
    return r;
}

static struct result *at_path(struct trial *t, const char *line, const char *path)
{
    struct text sql;
    text_init(&sql, 200);
    text_addf(&sql, "select json_extract(:line, '%s')", path);
    struct result *r = trial_ask(t, text_str(&sql), line, NULL);
    text_done(&sql);
    return r;
}

bool trial_text(struct trial *t, const char *line, const char *path, char *out, size_t size)
{
    struct result *r = at_path(t, line, path);
    bool found = r != NULL && result_at(r, 0, 0)->type == VALUE_TEXT;
    if (found)
        value_format(result_at(r, 0, 0), UNIT_NONE, out, size);
    result_free(r);
    return found;
}

double trial_number(struct trial *t, const char *line, const char *path)
{
    struct result *r = at_path(t, line, path);
    double number = r == NULL ? NAN : value_real(result_at(r, 0, 0));
    result_free(r);
    return number;
}

static void set_value(struct sample *s, int column, int row, const struct value *v)
{
    switch (s->dataset->columns[column].type) {
    case TYPE_REAL:
        s->values[column].real[row] = value_real(v);
        break;
    case TYPE_INT:
        s->values[column].integer[row] = v->type == VALUE_NULL ? INT_NONE : (int64_t)value_real(v);
        break;
    case TYPE_TEXT:
        if (v->type == VALUE_TEXT)
            sample_set_text(s, column, row, v->text, strlen(v->text));
        break;
    }
}

/* The counter that NAME, "calls_per_s", lets grow; -1 if it is none. */
static int growing(const struct dataset *d, const char *name)
{
    for (int i = 0; i < d->n_columns; i++) {
        size_t len = strlen(d->columns[i].name);
        if (d->columns[i].kind == KIND_COUNTER && strncmp(name, d->columns[i].name, len) == 0 &&
            strcmp(name + len, "_per_s") == 0)
            return i;
    }
    return -1;
}

/* One cell of the JSON: row, name, value. */
static bool take(struct trial *t, const struct scene *scene, struct sample *s, const struct result *r, int i,
                 struct err *err)
{
    int row = (int)value_real(result_at(r, i, 0));
    const char *name = result_at(r, i, 1)->text;
    const struct value *v = result_at(r, i, 2);
    int column = dataset_column(s->dataset, name), counter = growing(s->dataset, name);
    if (column < 0 && counter < 0)
        return fail(err, "dataset %s has no column '%s'", s->dataset->name, name);
    if (counter >= 0) {
        double *total = &s->values[counter].real[row];
        *total = (isnan(*total) ? 0 : *total) + value_real(v) * (t->now_s - scene->at_s);
        return true;
    }
    if (s->dataset->columns[column].kind == KIND_DERIVED)
        return fail(err, "%s.%s follows from counters: give those", s->dataset->name, name);
    if (s->dataset->columns[column].unit == UNIT_TIME && v->type != VALUE_NULL) {
        s->values[column].real[row] = t->wall_s + value_real(v);
        return true;
    }
    set_value(s, column, row, v);
    return true;
}

bool scene_put(struct trial *t, struct scene *scene, struct err *err)
{
    static const char cells[] =
        "select j.key, c.key, c.value from json_each(:line, '$.rows') j, json_each(j.value) c"
        " order by j.key, c.key like '%\\_per\\_s'";
    static const char counted[] = "select json_array_length(:line, '$.rows')";
    struct result *n = trial_ask(t, counted, scene->line, err);
    struct result *r = n == NULL ? NULL : trial_ask(t, cells, scene->line, err);
    bool ok = r != NULL;
    struct sample *s = ok ? sample_new(scene->dataset, (int)value_real(result_at(n, 0, 0))) : NULL;
    for (int i = 0; ok && i < r->n_rows; i++)
        ok = take(t, scene, s, r, i, err);
    if (ok) {
        s->mono_s = t->mono_s + t->now_s;
        s->wall_s = t->wall_s + t->now_s;
        s->epoch = EPOCH_START;
        store_put(t->store, scene->target, s);
    } else
        sample_unref(s);
    result_free(n);
    result_free(r);
    return ok;
}
