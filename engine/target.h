/* One target as the engine keeps it: its source, its state, and the cadence and cost of each of its datasets. */
#ifndef DBVITALS_ENGINE_TARGET_H
#define DBVITALS_ENGINE_TARGET_H

#include "collectors/source.h"
#include "core/store.h"

struct engine;
struct derived;

/* One dataset of one target: when it is due and what it has cost. */
struct feed {
    const struct dataset *dataset;
    bool wanted;        /* a pane shows it, or something made from it */
    double need_s;      /* rules need it this often; 0: none does */
    bool outstanding;   /* asked, not answered yet */
    double next_due_s;  /* monotonic; HUGE_VAL: never */
    double soon_s;      /* asked once more at that moment, whatever its cadence; 0: no */
    double every_s;     /* cadence in force */
    int stretch;        /* the governor's factor, a power of two */
    int samples;
    /* Totals, for the dataset `collectors`. */
    double polls, rows, server_ms, client_ms, bytes, skipped, failures;
    double mean_ms;     /* about what a poll costs the server, see governor_learn */
    const char *lane;
    char *error;        /* of the last answer, NULL if it was a sample */
    enum failure failure;
};

struct target {
    struct engine *engine;
    struct target_config config;
    const struct product *product;
    struct source *source; /* NULL until open_s, and where it could not be opened */
    enum source_state state;
    char *error, *product_name, *version, *role, *place, *via, *server_id;
    double rtt_ms, started_s;
    double was_up_s;      /* how long it had been up when it was last seen before it was started anew; NAN: no such start was seen */
    double beat_s;        /* when it came up last, monotonic: refreshes are counted from there */
    double open_s;        /* monotonic; HUGE_VAL: it was opened */
    double own_s;         /* when what the engine itself tells of it is made anew at the latest; monotonic */
    double turn_s;        /* the next moment at which something is to be done for it: engine_turn */
    double newest_mono_s; /* when the newest sample of any dataset arrived; NAN if none */
    struct feed *feeds;
    int n_feeds;
    void **derived_states; /* by row of the table of derived datasets */
};

void target_init(struct target *t, struct engine *e, const struct target_config *config, const struct product *product);
void target_done(struct target *t);
/* Takes over what a source tells of itself; true if the state changed. */
bool target_set_status(struct target *t, const struct source_status *status);
/* DUE_S or a moment near it at which refreshes begin: at most 0.3 REFRESH_S sooner, else later. What is due at different times of one
 * refresh would be asked, queried and drawn piece by piece. */
double target_beat(const struct target *t, double due_s, double refresh_s);
/* Some dataset was asked of it and is not answered yet. */
bool target_is_waiting(const struct target *t);
struct feed *target_feed(const struct target *t, const struct dataset *d);
/* Somebody needs it now: it is asked at more than its baseline cadence. */
bool feed_is_asked(const struct feed *f);
const char *state_name(enum source_state s);

#endif
