/* What the machinery's files share; dataset files include sqlite.h only. */
#ifndef DBVITALS_COLLECTORS_SQLITE_INSIDE_H
#define DBVITALS_COLLECTORS_SQLITE_INSIDE_H

#include "collectors/sqlite/reader.h"
#include "collectors/sqlite/sqlite.h"

enum { LITE_MOST_SETS = 8, LITE_MOST_OWN = 64 };

/* What came of one dataset in a look. */
struct lite_answer {
    bool asked;
    bool same; /* nothing was written since the last sample: it stands for now too */
    struct sample *sample;
    uint64_t mark; /* of the content that it is of; 0: it is not all there yet */
    enum failure why;
    char *text; /* why it failed; NULL if it did not */
    double ms, cpu_ms;
};

/* A look at a file, made in the pool. What it points to is touched by nobody else meanwhile. */
struct lite_job {
    const char *path; /* as the target has it */
    const char *cache_word;
    struct lite_kept *kept;
    atomic_bool cancel;
    uint64_t marks[LITE_MOST_SETS]; /* of the content that the last samples are of; 0: there is none */
    struct lite_answer answers[LITE_MOST_SETS]; /* by collector */
    /* What came of it: */
    bool up, busy;
    struct err err; /* why it is not up, or that it is busy */
    char place[1024], version[24];
    double read_ms, all_ms; /* the longest read transaction; the look in all */
    double mono_s;
};
void lite_job_run(struct lite_job *j); /* in the pool */

struct lite_source {
    struct loop *loop;
    struct target_config config; /* with strings of its own */
    struct source_host host;
    struct lite_kept kept;
    struct lite_job job;
    bool running;                             /* the job is in the pool */
    bool due[LITE_MOST_SETS];                 /* asked while it ran */
    const struct dataset *own[LITE_MOST_OWN]; /* asked for, of the user's own */
    int n_own;
    struct sample *last[LITE_MOST_SETS];
    uint64_t marks[LITE_MOST_SETS];
    struct loop_timer *again; /* the next look, while it is not up */
    bool up, closed;
    struct act *acts;
};

/* sqlite:PATH, sqlite:///PATH, sqlite://PATH -> PATH; borrowed. NULL: no such URL, or no path. */
const char *lite_path_of(const char *url);
void lite_sizes_done(struct lite_kept *k);

/* act.c */
struct act *lite_act_start(struct source *source, const struct act_order *order, struct act_host host,
                           struct err *err);
void lite_act_cancel(struct act *a);
void lite_act_forget(struct act *a);
/* The source is closed: what its acts have begun is interrupted, and nobody hears of it. */
void lite_acts_close(struct lite_source *s);

#endif
