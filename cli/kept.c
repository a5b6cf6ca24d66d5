/* Datasets that stand on our own disk. */
#include "cli/kept.h"

#include <stdlib.h>
#include <string.h>

#include "cli/guard_paths.h"
#include "cli/output.h"
#include "cures/ledger.h"

/* ---- The ledger ---- */

static void put_ledger(struct session *s, struct entry *const *entries, int n, const char *target)
{
    store_put(engine_store(s->engine), target,
              ledger_sample((const struct entry *const *)entries, n, target, loop_mono_s(), loop_wall_s()));
}

static bool stands_before(struct entry *const *entries, int at)
{
    for (int i = 0; i < at; i++)
        if (strcmp(entries[i]->target, entries[at]->target) == 0)
            return true;
    return false;
}

static bool read_ledger(struct session *s, struct err *err)
{
    char *directory = guard_state_directory(&s->config), *notice = NULL;
    struct entry **entries;
    int n;
    bool ok = ledger_read(directory, &entries, &n, &notice, err);
    if (notice != NULL)
        output_tell(stderr, notice);
    for (int i = 0; ok && s->asked && i < s->n_targets; i++)
        put_ledger(s, entries, n, s->targets[i].name);
    for (int i = 0; ok && !s->asked && i < n; i++)
        if (!stands_before(entries, i))
            put_ledger(s, entries, n, entries[i]->target);
    if (ok)
        entries_free(entries, n);
    free(notice);
    free(directory);
    return ok;
}

/* ---- All ---- */

static const struct kept {
    const struct dataset *dataset;
    bool (*read)(struct session *s, struct err *err);
} kept[] = {
    {&ledger_dataset, read_ledger},
};
enum { N_KEPT = sizeof(kept) / sizeof(kept[0]) };

static const struct kept *find(const struct dataset *d)
{
    for (int i = 0; i < N_KEPT; i++)
        if (kept[i].dataset == d)
            return &kept[i];
    return NULL;
}

bool kept_is(const struct dataset *d)
{
    return find(d) != NULL;
}

bool kept_read(struct session *s, const struct dataset *d, struct err *err)
{
    return find(d)->read(s, err);
}
