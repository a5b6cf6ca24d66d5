/* What the files that read Prometheus text share. */
#ifndef DBVITALS_COLLECTORS_APP_PROM_ANSWER_H
#define DBVITALS_COLLECTORS_APP_PROM_ANSWER_H

#include "collectors/app/app.h"
#include "collectors/app/prom.h"

/* Do the first LEN bytes of NAME end so? */
bool prom_ends(const char *name, size_t len, const char *end);
/* The length of NAME without _total. */
size_t prom_base(const char *name);

/* Which samples are of one pool or cache. FAMILY: whose metric it is, NULL in plain words, ANY_FAMILY if that
 * of any metric beside it. All samples are noted before one is found. */
#define ANY_FAMILY "*"
struct groups;
struct groups *groups_new(struct arena *a);
void groups_free(struct groups *g);
void groups_note(struct groups *g, enum app_role role, const char *family, const struct prom_line *l);
/* The group of a sample that was noted and the NAME of its pool or cache in it, NULL if it has none; -1 where
 * there are too many. */
int groups_find(struct groups *g, enum app_role role, const char *family, const struct prom_line *l,
                const char **name);

/* Histograms are put together from their lines, which come in any order. NAMES, between commas, are those
 * that are taken whatever they are called; may be NULL. */
struct histograms;
struct histograms *histograms_new(const char *names);
void histograms_take(struct histograms *h, struct app_reading *r, const struct prom_line *l);
/* Puts them into R and frees H. */
void histograms_finish(struct histograms *h, struct app_reading *r);

void errors_take(struct app_reading *r, const struct prom_line *l);
/* What had no errors to tell goes. */
void errors_finish(struct app_reading *r);

#endif
