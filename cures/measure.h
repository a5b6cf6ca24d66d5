/* Measures: the numbers of what a cure is done to, before and after it. Both are asked with the action's
 * `measure`, a SELECT over the datasets: before, over what was known when the job began; after, each number
 * as soon as a sample has it that is newer than the job's end, and a window's when one of about equal length
 * lies behind the end. */
#ifndef DBVITALS_CURES_MEASURE_H
#define DBVITALS_CURES_MEASURE_H

#include "core/query.h"
#include "cures/entry.h"
#include "engine/engine.h"

struct measures;

/* NUMBERS have come for E, which is borrowed: a copy may be put into the ledger. */
typedef void measures_fn(void *ctx, const struct entry *e);
struct measures *measures_new(struct loop *loop, struct engine *e, struct query_thread *queries,
                              measures_fn *fn, void *ctx);
void measures_free(struct measures *m);
/* JOB begins: what is known now is `before`. */
void measures_begin(struct measures *m, const struct job *job);
/* JOB has ended as E tells, which gets what was there before; `after` comes later, through FN. Only of one
 * that was done, or was cancelled after it began: some leave what they did until then. */
void measures_end(struct measures *m, const struct job *job, struct entry *e);
/* Levels of a job that was done are still to come: a matter of seconds, as windows are not. */
bool measures_wait(const struct measures *m);

/* ---- The numbers as such, for tests ---- */

enum { MOST_NUMBERS = 40, NUMBER_NAME = 40, NUMBER_UNIT = 12 };
struct number {
    char name[NUMBER_NAME], unit[NUMBER_UNIT];
    double before, after;
    double over_s;         /* of the window before; NAN: it is a level */
    bool known, is_window; /* known: `after` was taken */
};
struct numbers {
    struct number list[MOST_NUMBERS];
    int n;
};
/* From rows (number, unit, kind, value, as_of, over_s). A window that is too short counts as none. */
void numbers_before(struct numbers *n, const struct result *r);
/* Takes what is newer than ENDED_AT; true if any was. */
bool numbers_after(struct numbers *n, const struct result *r, double ended_at);
/* Numbers are still to come. */
bool numbers_open(const struct numbers *n);
/* The same of levels alone. */
bool numbers_levels_open(const struct numbers *n);
/* How long a window the second look has to ask for, in seconds; NAN: none was there before. */
double numbers_window_s(const struct numbers *n);
struct json;
/* {"before":{...},"after":{...},"units":{...},"over":{...}}; heap; NULL if there are none. */
char *numbers_json(const struct numbers *n, struct json *json);

#endif
