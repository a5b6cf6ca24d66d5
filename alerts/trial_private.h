/* What the files of a trial share. */
#ifndef DBVITALS_ALERTS_TRIAL_PRIVATE_H
#define DBVITALS_ALERTS_TRIAL_PRIVATE_H

#include "alerts/book.h"
#include "alerts/trial.h"

enum { MOST_SCENES = 200, MOST_SEEN = 2000 };

/* What a dataset of a target looks like from a moment on. */
struct scene {
    char target[64];
    const struct dataset *dataset;
    char *line;  /* the JSON */
    double at_s; /* since when */
    bool silent; /* it is not read any more */
};
/* A transition that happened. */
struct seen {
    enum change change;
    enum level level;
    char rule[64], target[64];
    bool expected;
};
struct trial {
    const struct rules *rules;
    const struct registry *registry;
    struct store *store;
    struct door *door;
    struct book *book;
    double *judged_s;      /* by rule; NAN: not yet */
    double now_s;          /* since the start */
    double said_s;         /* `at` of the last line */
    double mono_s, wall_s; /* of the start */
    struct scene scenes[MOST_SCENES];
    int n_scenes;
    struct seen *seen;
    int n_seen;
    struct text *out;
    bool met;
};
/* A value of LINE at PATH ("$.at") of the JSON; the result is the caller's; NULL and ERR if LINE is no JSON.
 */
struct result *trial_ask(struct trial *t, const char *sql, const char *line, struct err *err);
bool trial_text(struct trial *t, const char *line, const char *path, char *out, size_t size);
double trial_number(struct trial *t, const char *line, const char *path);
/* A new sample of S as it is now. */
bool scene_put(struct trial *t, struct scene *s, struct err *err);
/* Samples and evaluations up to UNTIL_S. */
bool trial_go(struct trial *t, double until_s, struct err *err);

#endif
