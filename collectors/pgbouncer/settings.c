/* settings: PgBouncer's configuration as it is in force. */
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/pgbouncer/bouncer.h"

static const struct column_source sources[] = {
    // clang-format off
    {"name",        "key"},
    {"value",       "value"},
    {"shown",       "value"},
    {"boot_value",  "default"},
    {"context",     "changeable"},
    {NULL, NULL},
    // clang-format on
};

static const struct bouncer_collector filled = {.dataset = &dataset_settings, .sources = sources};

static struct sample *make(struct bouncer_poll *p, struct conn_rows *const *rows)
{
    static const char *const not_told[] = {"unit", "source",   "place",      "reset_value", "pending_restart",
                                           "own",  "category", "description"};
    struct sample *s = bouncer_fill(&filled, rows[0]);
    int context = dataset_column(s->dataset, "context"), changed = dataset_column(s->dataset, "changed");
    bouncer_know_config(p, rows[0]);
    for (int row = 0; row < s->n_rows; row++) {
        const char *changeable = bouncer_text(rows[0], row, "changeable"),
                   *value = bouncer_text(rows[0], row, "value");
        const char *preset = bouncer_text(rows[0], row, "default");
        const char *takes = changeable == NULL               ? NULL
                            : strcmp(changeable, "yes") == 0 ? "sighup"
                                                             : "postmaster";
        if (takes != NULL)
            sample_set_text(s, context, row, takes, strlen(takes));
        if (preset != NULL && value != NULL)
            s->values[changed].real[row] = strcmp(preset, value) != 0;
    }
    for (size_t i = 0; i < sizeof(not_told) / sizeof(not_told[0]); i++)
        sample_lacks(s, dataset_column(s->dataset, not_told[i]), "PgBouncer does not tell it");
    return s;
}

const struct bouncer_collector bouncer_set_settings = {
    .dataset = &dataset_settings, .shows = {"SHOW CONFIG"}, .sources = sources, .make = make};
