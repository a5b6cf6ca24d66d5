/* Words for kinds of action, as people write them: "analyze, vacuum". The command line, HTTP and schedules
 * read them here. */
#ifndef DBVITALS_CURES_PLAN_WORDS_H
#define DBVITALS_CURES_PLAN_WORDS_H

#include "core/err.h"
#include "cures/plan.h"

enum { MOST_PLAN_WORDS = 16 };

struct plan_words {
    const char *list[MOST_PLAN_WORDS]; /* as plan_options.only has them: `index` is create_index */
    int n;
    char *text; /* what they point into */
};

/* From a list with commas or blanks. Each is good for some action; false and err, OUT untouched, if not, or
 * if there is none. */
bool plan_words_read(const char *list, struct plan_words *out, struct err *err);
/* The same of a list that was read before, without looking into the table of actions. */
void plan_words_take(const char *list, struct plan_words *out);
void plan_words_done(struct plan_words *w);
/* Whether ACTION is a kind that W names. */
bool plan_words_have(const struct plan_words *w, const char *action);

#endif
