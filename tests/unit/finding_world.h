/* What the findings that ship say of rows made by hand, of which a server cannot be brought to each in a test. */
#ifndef DBVITALS_TESTS_UNIT_FINDING_WORLD_H
#define DBVITALS_TESTS_UNIT_FINDING_WORLD_H

#include "alerts/book.h"
#include "alerts/trial_private.h"
#include "cures/cures.h"
#include "cures/finding.h"
#include "engine/products.h"
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct registry registry;
    struct findings findings;
    struct actions actions;
    struct trial trial; /* for its rows of JSON */
    struct err err;
};

static inline int begin(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    *state = w;
    if (!products_register(&w->registry, &w->err) || !alerts_register(&w->registry, &w->err) ||
        !cures_register(&w->registry, &w->err) || !findings_read(NULL, &w->registry, &w->findings, &w->err) ||
        !actions_read(&w->actions, &w->err))
        fail_msg("%s", w->err.text);
    w->trial = (struct trial){.registry = &w->registry, .door = door_new(&w->registry, &w->err), .mono_s = 1000, .wall_s = 2e9};
    w->trial.store = store_new((struct store_limits){.series_bytes = 1 << 20, .total_bytes = 8 << 20, .keep_s = 60});
    return 0;
}

static inline int end(void **state)
{
    struct world *w = *state;
    door_free(w->trial.door);
    store_free(w->trial.store);
    findings_done(&w->findings);
    actions_done(&w->actions);
    registry_done(&w->registry);
    free(w);
    return 0;
}

/* Rows as JSON objects; times are seconds from the moment of the sample. */
static inline void put_of(struct world *w, const char *target, const char *dataset, const char *rows)
{
    struct text line;
    text_init(&line, 1 << 16);
    text_addf(&line, "{\"rows\": [%s]}", rows);
    struct scene scene = {.dataset = registry_find(&w->registry, dataset), .line = line.data};
    snprintf(scene.target, sizeof(scene.target), "%s", target);
    if (!scene_put(&w->trial, &scene, &w->err))
        fail_msg("%s: %s", dataset, w->err.text);
    text_done(&line);
}

static inline void put(struct world *w, const char *dataset, const char *rows)
{
    put_of(w, "shop", dataset, rows);
}

/* Rows of the SELECT of that finding (or of its `lacks`). */
static inline struct result *asked(struct world *w, const char *name, bool lacks)
{
    const struct finding *f = finding_find(&w->findings, name);
    assert_non_null(f);
    struct query q = {.sql = lacks ? f->lacks_sql : f->sql};
    struct snapshot *s = store_snapshot(w->trial.store);
    struct result *r = door_run(w->trial.door, s, &q, &w->err);
    snapshot_unref(s);
    if (r == NULL)
        fail_msg("%s: %s", name, w->err.text);
    return r;
}

static inline int count(struct world *w, const char *name, bool lacks)
{
    struct result *r = asked(w, name, lacks);
    int n = r->n_rows;
    result_free(r);
    return n;
}

static inline void check_text(struct world *w, const char *name, bool lacks, const char *column, const char *wanted)
{
    struct result *r = asked(w, name, lacks);
    assert_int_equal(r->n_rows, 1);
    const struct value *v = result_at(r, 0, result_column(r, column));
    if (v->type != VALUE_TEXT || strstr(v->text, wanted) == NULL)
        fail_msg("%s: %s is '%s', not '%s'", name, column, v->type == VALUE_TEXT ? v->text : "no text", wanted);
    result_free(r);
}

#endif
