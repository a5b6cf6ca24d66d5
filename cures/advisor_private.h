/* What the files of the advisor share. */
#ifndef DBVITALS_CURES_ADVISOR_PRIVATE_H
#define DBVITALS_CURES_ADVISOR_PRIVATE_H

#include "cures/action.h"
#include "cures/advisor.h"

enum { MOST_OFFENDERS = 50 }; /* of one finding over all targets: the rest is counted only */

/* What one finding gave in this round. */
struct checked {
    const struct finding *finding;
    const struct action *action; /* NULL: none cures it, or it is unknown */
    struct result *rows, *lacks; /* NULL: not asked, or not answered */
    struct result **cures;       /* by row: what the action's SELECT gave; NULL: nothing */
    char *error;
    double cpu_ms;
};

struct advisor {
    struct loop *loop;
    struct engine *engine;
    struct query_thread *queries;
    const struct registry *registry;
    struct findings findings;      /* none before somebody looks */
    const struct actions *actions; /* NULL: not read yet */
    struct actions own_actions;    /* if nobody gave some */
    struct loop_timer *timer;
    bool looked_at, complete;
    bool came;            /* something that findings read, since the round under way began */
    double due_s;         /* monotonic, of the next round */
    double begun_s;       /* monotonic, of the last round; -HUGE_VAL: there was none since somebody looks */
    double hurry_until_s; /* monotonic; 0: nothing was cured lately */
    int rounds;           /* since somebody looks */
    int lookers;          /* who wait for an answer, beside panes */
    double since_s;       /* monotonic: what was read before is too old for them; 0: they have their answer */
    /* Of the round that is under way: */
    int ticket; /* 0: none is */
    struct snapshot *snapshot;
    struct checked *checked; /* by finding */
    struct checked *last;    /* of the round before, the same way; NULL: there was none */
    int at;                  /* the finding that is asked */
    int row;                 /* STEP_LACKS, STEP_ROWS, or the row whose cure is asked */
};
enum { STEP_LACKS = -2, STEP_ROWS = -1 };

enum { READ_OFTEN_S = 12 }; /* a table is looked at each 5 s, an index each 10 */

/* advisor_keep.c: makes samples of what was found, puts them, and returns whether some source has not been
 * read yet, or too long ago. */
bool advisor_keep(struct advisor *a);
/* Why F cannot be judged on target number TARGET for want of a source, NULL: it can; in the caller's TEXT.
 * PENDING: it is only not read yet. */
const char *advisor_why_not(const struct advisor *a, const struct finding *f, int target, struct text *text,
                            bool *pending);
/* Such a target has none of what F is found in, or only a part of it that cannot be judged: it is not worth a
 * word. */
bool advisor_is_foreign(const struct advisor *a, const struct finding *f, int target, bool unjudged);

#endif
