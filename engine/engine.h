/* The engine: targets, who needs which dataset, when each is polled, and what that costs. */
#ifndef DBVITALS_ENGINE_ENGINE_H
#define DBVITALS_ENGINE_ENGINE_H

#include "collectors/source.h"
#include "core/store.h"

struct engine;

struct engine_options {
    double refresh_s;    /* cadence of what a visible pane shows */
    double first_s;      /* the second sample of a dataset comes this soon after the first one */
    double budget_ratio; /* server time this program may cost, as a share of one core (0.01) */
    size_t memory_bytes; /* what the store may hold */
};

/* Called on the loop thread after each new sample. */
typedef void engine_sample_fn(void *ctx, const char *target, const struct dataset *d);

struct engine *engine_new(struct loop *loop, const struct registry *registry, const struct engine_options *options);
void engine_free(struct engine *e);
/* Adds a target and starts connecting. Takes copies; CONFIG's own datasets must outlive the engine. */
bool engine_add(struct engine *e, const struct target_config *config, struct err *err);
/* Whether engine_add would take it, as product.check says: KEY is what of its section is wrong. */
bool engine_check(const struct target_config *config, const char **key, struct err *err);
/* Closes target I and forgets its samples. Not from a callback of the engine. */
void engine_remove(struct engine *e, int i);
const struct target_config *engine_target_config(const struct engine *e, int i);
/* What a visible pane (or a one-shot command) needs now, by name; replaces what was wanted before. What is not wanted any more is polled
 * at its slow baseline cadence only. A dataset that is made from another brings that one along. */
void engine_want(struct engine *e, const char *const *datasets, int n);
/* A pane or a command wants D itself now. */
bool engine_is_wanted(const struct engine *e, const struct dataset *d);
/* FN is called after each engine_want, on the loop thread; it may put and need, until CTX is taken off. */
typedef void engine_demand_fn(void *ctx);
void engine_on_demand(struct engine *e, engine_demand_fn *fn, void *ctx);
void engine_off_demand(struct engine *e, const void *ctx);
/* What ASKER needs, each at its own cadence, beside what panes want; replaces what it needed before. Of two that want a dataset the faster
 * counts. */
enum engine_asker { ASKER_RULES, ASKER_FINDINGS, N_ASKERS };
struct engine_need {
    const struct dataset *dataset;
    double every_s;
};
void engine_need(struct engine *e, enum engine_asker asker, const struct engine_need *needs, int n);
/* DATASET of TARGET is read once AFTER_S from now, whether or not somebody wants it, beside its cadence. */
void engine_soon(struct engine *e, const char *target, const char *dataset, double after_s);
/* When the newest sample of it was taken (monotonic); NAN: there is none. */
double engine_read_at(const struct engine *e, const char *target, const char *dataset);
void engine_set_refresh(struct engine *e, double refresh_s);
/* From now on what is wanted is asked at each refresh, also where its dataset would be asked more rarely: a person said how often. */
void engine_obey_refresh(struct engine *e);
/* Seconds between polls in force for (TARGET, D); NAN if D is made here from others. */
double engine_cadence(const struct engine *e, const char *target, const struct dataset *d);
void engine_on_sample(struct engine *e, engine_sample_fn *fn, void *ctx);
struct store *engine_store(struct engine *e);
/* Samples that arrived for (TARGET, D) since the start; with FAILED set to the reason if the last answer was a failure (NULL otherwise). */
int engine_samples(const struct engine *e, const char *target, const struct dataset *d, const char **failed);
/* Target number I will never have D: it belongs to other products. engine_samples gives a reason for it then. */
bool engine_lacks(const struct engine *e, int i, const struct dataset *d);
/* What its product says to try when target number I cannot be reached: lines. */
const char *engine_hints(const struct engine *e, int i);
/* How a dataset of target number I is read. */
struct engine_feed {
    bool polled;     /* asked of the source, at a cadence; else made here when there is something to tell */
    double every_s;  /* cadence in force; HUGE_VAL: not read at all now */
    int samples;
    const char *error; /* of the last answer, NULL if it was a sample */
    bool passing;      /* it was time, or the connection, that ERROR tells of: the next answer may be a sample */
};
void engine_feed(const struct engine *e, int i, const struct dataset *d, struct engine_feed *out);
/* A sample of TARGET that somebody else made (alerts, rules): kept and told as any other. Takes the reference. */
void engine_put(struct engine *e, const char *target, struct sample *s);
/* Something happened to TARGET that belongs into `changes`. */
void engine_note(struct engine *e, const char *target, const char *kind, const char *what, const char *old_value, const char *new_value);
/* Some sample of some server has come. */
bool engine_has_data(const struct engine *e);
/* The plan of SQL on a target, as product.explain says. */
bool engine_explain(struct engine *e, const char *target, const char *database, const char *sql, source_explain_fn *fn, void *ctx, struct err *err);
/* A cure on a target, as product.act says. NULL and err if it cannot be tried now. */
struct act *engine_act(struct engine *e, const char *target, const struct act_order *order, struct act_host host, struct err *err);
/* A is one of TARGET that has not ended. */
void engine_act_cancel(struct engine *e, const char *target, struct act *a);
void engine_act_forget(struct engine *e, const char *target, struct act *a);
int engine_targets(const struct engine *e);
const char *engine_target_name(const struct engine *e, int i);
/* Borrowed until the loop turns. */
void engine_target_status(const struct engine *e, int i, struct source_status *out);

#endif
