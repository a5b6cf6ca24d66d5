/* What the files that read rules share. */
#ifndef DBVITALS_ALERTS_RULE_PRIVATE_H
#define DBVITALS_ALERTS_RULE_PRIVATE_H

#include "alerts/rule.h"

/* What the suffix of a threshold says that it measures. */
enum measure { MEASURE_PLAIN, MEASURE_SHARE, MEASURE_TIME, MEASURE_BYTES };
/* OUT->text is S itself. */
bool threshold_read(const char *s, struct threshold *out, enum measure *measure, struct err *err);
/* Makes the number one of UNIT; refuses a suffix that does not fit it. */
bool threshold_fit(struct threshold *t, enum measure measure, enum unit unit, struct err *err);
/* The unit's name in a sentence. */
const char *unit_words(enum unit unit);

/* A key of a rule as the last of the sections that have it gives it. */
struct given {
    const char *value; /* NULL: none does */
    const char *file;
    int line;
    int layer;   /* number of the section */
    bool packed; /* it stands in a pack */
};
/* All sections of one name, in the order in which they count. */
enum { MOST_LAYERS = 8 };
struct layers {
    const char *name;
    struct layer {
        const struct config_section *section;
        const char *pack; /* NULL: the user's */
    } list[MOST_LAYERS];
    int n;
};
struct given layers_get(const struct layers *l, const char *key);
/* "FILE:LINE: [rule NAME] KEY: " before what FORMAT says; a pack is its own file. */
bool layers_fail(const struct layers *l, const char *key, const struct given *at, struct err *err,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What checking needs. */
struct rule_reader {
    struct arena *arena;
    const struct registry *registry;
    const struct config *config; /* whose webhooks there are; NULL: any name is good */
    struct door *door;
    struct snapshot *nothing; /* to see the columns that a SELECT gives */
};
/* Makes R->sql and what follows from it: key, window, uses, unit. False with ERR; or true with R->missing
 * set. */
bool rule_make_sql(const struct rule_reader *reader, const struct layers *l, struct rule *r, struct err *err);
/* False with ERR: WHY key KEY does not compile (alerts/rule_blame.c), with the nearest name behind it when
 * that is "no such column: dead_row". */
bool rule_blame(const struct rule_reader *reader, const struct layers *l, const char *key,
                const struct given *at, const char *why, struct err *err);
/* What a rule says makes sense together (alerts/rule_check.c): `sql` stands alone; levels point one way, the
 * worse further away, `clear` on the good side (one of a pack that a level of the user's has passed is
 * dropped); texts name only columns of what is judged. */
bool rule_check_ways(const struct layers *l, struct err *err);
bool rule_check_levels(const struct layers *l, struct rule *r, struct err *err);
bool rule_check_texts(const struct layers *l, const struct result *columns, struct err *err);
/* The names in a list "a, b c": an array in the arena, N of them. */
const char **names_split(struct arena *arena, const char *list, int *n);

/* Packs (alerts/pack.c): each name of LIST is a built-in pack; the config that stands in it. Heap array of N
 * configs, pack i is called names[i]; packs_done frees. */
struct packs {
    struct config *configs;
    const char **names; /* static */
    int n;
};
bool packs_read(const char *list, struct packs *out, struct err *err);
void packs_done(struct packs *p);

#endif
