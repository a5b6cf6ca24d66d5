/* Rules: each a SELECT whose rows are judged by their column `value`. Read from [rule NAME] sections, the
 * user's and those of packs, by one parser; a later one of the same name replaces the keys that it gives. */
#ifndef DBVITALS_ALERTS_RULE_H
#define DBVITALS_ALERTS_RULE_H

#include <stdbool.h>

#include "alerts/level.h"
#include "core/config.h"
#include "core/query.h"

enum compare { COMPARE_NONE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE, COMPARE_EQ, COMPARE_NE };

/* "> 0.8", "< 95 %", ">= 5m": the number in base units. COMPARE_NONE: not given. */
struct threshold {
    enum compare op;
    double number;
    const char *text; /* as written, for people */
};
bool threshold_parse(struct arena *arena, const char *s, struct threshold *out, struct err *err);
/* False for NAN and when not given. */
bool threshold_holds(const struct threshold *t, double value);

enum no_data { NO_DATA_KEEP, NO_DATA_ALERT, NO_DATA_OK };

/* Strings live in the arena of `rules`. */
struct rule {
    const char *name, *help, *pack; /* pack NULL: the user's own */
    /* One SELECT with the columns target, the key columns, value; whatever else it has is the evidence and
     * can stand in the summary. A column `level` (text) wins over the thresholds. Made from `from where
     * value` or given as `sql`. Params: none. */
    const char *sql;
    const struct dataset *from; /* without a row of it SQL finds none; NULL: that is not known (sql =) */
    /* Target and key of each row that is there, whatever `where` says, for telling "gone" from "below floor";
     * NULL if it cannot be told (sql =), or is no question (no `where`). */
    const char *floor_sql;
    const char *window; /* of the first dataset, as written: "5m"; NULL: last */
    const char **key; /* names of the columns that, with target, identify an alert; 0 of them: per = target */
    int n_key;
    struct threshold levels[N_LEVELS]; /* by level; LEVEL_NONE is `clear` */
    double for_s, keep_for_s, every_s;
    bool latched; /* never clears by itself: until somebody acknowledges it */
    enum no_data on_no_data;
    enum unit unit;      /* of value */
    const char *summary; /* with {column}s */
    const char
        *over; /* what is told instead once it is good, of the row that is; NULL: the summary as it was */
    const char *action;  /* the first thing to do, with {column}s; NULL: none */
    const char *runbook; /* URL or NULL */
    const char **notify; /* names of webhooks; 0 of them: all */
    int n_notify;
    bool enabled;
    const char
        *missing; /* "no data source: dataset io": it cannot be judged, and is shown as such; NULL: it can */
    struct query_uses uses; /* datasets that it reads, for demand and freshness */
    const char *file;       /* NULL: built in */
    int line;
};
struct rules {
    struct arena *arena;
    struct rule *list;
    int n;
};

/* All rules in force: the packs that [rules] packs names, then the sections of CONFIG. Unknown columns,
 * datasets, thresholds, webhooks are refused with file and line; in packs an unknown dataset makes the rule
 * `missing`, not an error. */
bool rules_read(const struct config *config, const struct registry *registry, struct rules *out,
                struct err *err);
/* The same from CONFIG only, without packs, for tests of rules; webhooks are not looked for. PACK: it is one
 * of that name; NULL: the user's own. */
bool rules_read_alone(const struct config *config, const char *pack, const struct registry *registry,
                      struct rules *out, struct err *err);
void rules_done(struct rules *r);
const struct rule *rule_find(const struct rules *r, const char *name);

/* Appends TEMPLATE with {column} replaced from row ROW of RESULT with its unit, {count} by COUNT, {target},
 * {value}. An unknown name stays as it is written: a template never blocks an alert. Lines and controls are
 * made harmless. */
void rule_expand(struct text *out, const struct rule *rule, const char *template, const struct result *result,
                 int row, int count);

#endif
