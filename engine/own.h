/* Datasets of the user's own: [dataset NAME] of the config made into the same thing as a built-in one. */
#ifndef DBVITALS_ENGINE_OWN_H
#define DBVITALS_ENGINE_OWN_H

#include "collectors/source.h"
#include "core/config.h"

struct own_datasets {
    struct own_dataset *list;
    int n;
    struct arena *arena; /* owns names, columns and SQL */
};

/* Errors name file and line. Adds each to R, which OUT must outlive. */
bool own_datasets_read(const struct config *config, struct registry *r, struct own_datasets *out, struct err *err);
/* When the config has no [target]: each dataset's target is one of these. Where it has some, reading has checked it. */
bool own_datasets_check(const struct config *config, const struct own_datasets *o, const struct target_config *targets, int n, struct err *err);
void own_datasets_done(struct own_datasets *o);

#endif
