/* The advisor: asks the findings on the query thread, one SELECT at a time, and puts datasets `findings` and
 * `checks` into the engine. It works only while somebody wants one of them, and then each half a minute. */
#ifndef DBVITALS_CURES_ADVISOR_H
#define DBVITALS_CURES_ADVISOR_H

#include "cures/action.h"
#include "cures/finding.h"
#include "engine/engine.h"

struct advisor;

extern const struct dataset findings_dataset, checks_dataset;
bool findings_register(struct registry *r, struct err *err);

/* CONFIG may have findings of the user's own; it is not needed afterwards. ACTIONS, which must outlive it,
 * may be NULL: it reads its own. */
struct advisor *advisor_new(struct loop *loop, struct engine *engine, struct query_thread *queries,
                            const struct config *config, const struct registry *registry,
                            const struct actions *actions, struct err *err);
void advisor_free(struct advisor *a);
/* The engine's samples: what is asked may have come just now. */
void advisor_sample(struct advisor *a, const char *target, const struct dataset *d);
/* Something was cured: asks soon. */
void advisor_soon(struct advisor *a);
/* What was asked last had all that the sources can give: each dataset of each target that is up was read, or
 * cannot be. */
bool advisor_is_complete(const struct advisor *a);
/* Asks no more: what was found stays as it is. */
void advisor_stop(struct advisor *a);
/* The cure that was found last whose statement this is, and its action; NULL if there is none. Borrowed until
 * the advisor asks again. */
struct advisor_step {
    const char *target, *action, *database, *statement; /* as in dataset findings */
};
const struct action *advisor_cure(const struct advisor *a, const struct advisor_step *step, struct cure *out);

#endif
