/* What the files of the engine share. */
#ifndef DBVITALS_ENGINE_ENGINE_PRIVATE_H
#define DBVITALS_ENGINE_ENGINE_PRIVATE_H

#include "engine/engine.h"
#include "engine/target.h"

enum { MOST_WANTED = 64 };

struct engine {
    struct loop *loop;
    const struct registry *registry;
    struct engine_options options;
    struct store *store;
    struct target **targets;
    int n_targets;
    struct loop_timer *timer;
    double open_s; /* no target that is added is opened before, monotonic */
    bool obeys_refresh;
    const struct dataset *wanted[MOST_WANTED];
    int n_wanted;
    struct needs {
        struct engine_need *list;
        int n;
    } needs[N_ASKERS];
    struct listener {
        engine_demand_fn *fn;
        void *ctx;
    } * listeners; /* of demand */
    int n_listeners;
    engine_sample_fn *sample_fn;
    void *sample_ctx;
};

/* engine.c */
struct target *engine_find(const struct engine *e, const char *name);

/* engine_demand.c */
/* Seconds between polls of F as things are; HUGE_VAL: nobody needs it. */
double engine_cadence_of(const struct engine *e, const struct feed *f);
/* Recomputes who wants what of T; what became wanted is due at once. */
void engine_plan(struct engine *e, struct target *t);
/* Somebody needs D itself, not only what is made from it. */
bool engine_is_asked_for(const struct engine *e, const struct dataset *d);

/* engine_ask.c */
/* Arms the timer for the earliest turn of all targets. */
void engine_arm(struct engine *e);
/* Something of T is due at another time: finds its next turn, and arms the timer. */
void engine_turn(struct engine *e, struct target *t);
/* The timer's: asks what is due. */
void engine_tick(void *engine);

/* engine_open.c */
/* Says when the source of T is opened: a few at once, those of a fleet one after another. */
void engine_open_later(struct engine *e, struct target *t);
bool engine_open(struct engine *e, struct target *t, struct err *err);

/* engine_keep.c */
/* Where the source of T brings its answers. */
struct source_host engine_host(struct target *t);
/* Takes the reference. */
void engine_keep(struct engine *e, struct target *t, struct sample *s);
/* A sample of each dataset that is made at a tick and that somebody needs. */
void engine_make_own(struct engine *e, struct target *t);

#endif
