/* Findings: what is worth doing something about, each a SELECT whose rows are the offenders. Read from
 * [finding NAME] sections, those that ship and the user's own, by one parser; a later section of the same
 * name replaces the keys that it gives. */
#ifndef DBVITALS_CURES_FINDING_H
#define DBVITALS_CURES_FINDING_H

#include "core/config.h"
#include "core/query.h"

/* When the cure of a finding comes in a plan: what saves the server first, what is quick and harmless before
 * what is long, what makes room before what needs it, and what cannot be taken back last. */
enum stage {
    STAGE_FREEZE,
    STAGE_STATISTICS,
    STAGE_REPAIR,
    STAGE_VACUUM,
    STAGE_SETTINGS,
    STAGE_BUILD,
    STAGE_DROP,
    N_STAGES
};
const char *stage_name(enum stage s);
/* -1: no stage is called so. */
int stage_parse(const char *name);

/* How bad it is: info (worth doing when there is time), warning (costs something each day), critical (the
 * server will stop). */
enum severity { SEVERITY_INFO = 1, SEVERITY_WARNING, SEVERITY_CRITICAL };
/* Of a SELECT's column `severity`; 0: none of them. */
int severity_parse(const char *name);
const char *severity_name(int severity);

/* Strings live in the arena of `findings`. */
struct finding {
    const char *name, *category, *title, *help;
    const char *action; /* the name of the action that cures it; NULL: a person has to */
    enum stage stage;
    /* Columns target, label (what it is about), severity, evidence, and those that the action wants as
     * parameters; where they are given effect, cost (texts), cost_s (seconds that the cure will take,
     * roughly), risk, rank (the larger the worse, among equals). Over all targets; no parameters. */
    const char *sql;
    const char
        *lacks_sql; /* columns target, lacks: why it cannot be judged there; NULL: there always is enough */
    bool primary;   /* on a standby it is judged elsewhere */
    bool enabled;
    const char *missing;    /* "no data source: dataset slots"; NULL: it can be asked */
    struct query_uses uses; /* datasets that both SELECTs read */
    const char *file;
    int line;
};
struct findings {
    struct arena *arena;
    struct finding *list;
    int n;
};

/* Those that ship, then the sections of CONFIG (NULL: none). Refused with file and line: a SELECT that does
 * not compile, or lacks a column. A dataset that is not there makes a finding that ships `missing`, not an
 * error. OUT untouched on failure. */
bool findings_read(const struct config *config, const struct registry *registry, struct findings *out,
                   struct err *err);
/* The [finding NAME] sections of CONFIG are good. */
bool findings_check(const struct config *config, const struct registry *registry, struct err *err);
void findings_done(struct findings *f);
const struct finding *finding_find(const struct findings *f, const char *name);

#endif
