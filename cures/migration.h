/* Migrations: what the ledger says was done to a database's schema, as pairs of SQL files that do the same to
 * another one, and take it back. Pure: which there are, and their text. */
#ifndef DBVITALS_CURES_MIGRATION_H
#define DBVITALS_CURES_MIGRATION_H

#include "core/text.h"
#include "cures/action.h"
#include "cures/entry.h"

/* Whether an entry becomes one. */
enum migration_fate {
    MIGRATION_GOOD,
    MIGRATION_OPEN,    /* it still runs */
    MIGRATION_UNKNOWN, /* nobody saw how it ended */
    MIGRATION_FORGED,  /* its SQL is not as it was written */
    N_MIGRATION_FATES
};
struct migration {
    const struct entry *entry;
    const struct entry *undoes; /* it takes this one back, which was a migration; NULL: it is no undo */
    const struct entry *undone; /* the one that took it back; NULL: it stands */
    enum migration_fate fate;
    const char *up, *down; /* SQL; `down` NULL: nothing takes it back */
};
struct migrations {
    struct migration *list; /* in the order in which they ended, those that have not last */
    int n;
};

/* Those of N entries that are of an action with `schema`, or take one of those back, and did not fail.
 * Entries are borrowed. */
void migrations_choose(struct entry *const *entries, int n, const struct actions *actions,
                       struct migrations *out);
void migrations_done(struct migrations *m);
/* Why it becomes none: a sentence; NULL of a good one. */
const char *migration_why_not(const struct migration *m);

/* drop_index_public_orders_i: lower-case letters, digits and _ only. */
void migration_name(const struct migration *m, struct text *out);
/* A file of it, whose name without ".up.sql" is STEM: a comment, an empty line, the SQL. One without a way
 * down has SQL there that fails with the reason. */
void migration_text(const struct migration *m, const char *stem, bool up, struct text *out);
/* The uid of the entry that such a file is of, found in its first LEN bytes; 0: it is none. */
int64_t migration_uid(const char *head, size_t len);

#endif
