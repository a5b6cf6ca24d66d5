/* Actions: what can be done about a row, each a block of a data file (actions/ *.conf). Help, menu, palette,
 * dialogs, the command line and HTTP read this one table.
 *
 * [action NAME]
 *   key       = A                  upper case; absent: in the menu only
 *   title     = a few words, such as "update statistics"
 *   help      = one sentence: what it does, and what it costs others
 *   on        = DATASET, ...       whose rows it can be done on; absent: on the target as a whole
 *   product   = postgresql         whose targets it is for; any: all
 *   risk      = one sentence: what may go wrong
 *   privilege = one sentence: who may
 *   rare      = yes                in the palette only
 *   confirm   = y | name           what is typed to confirm; name: the label
 *   asks      = what is typed first; it is the parameter :typed
 *   at_once   = yes                does not wait for other jobs of its target, and may run through a pooler:
 * a function, called once
 *   lock_timeout = 2s              how long it stands in a lock's queue before it steps back and tries again, and
 *                                  how long others wait behind it before it steps back for good; absent: it waits
 *                                  and goes on, as what it leaves half done is worse; who waits is told
 *   limit     = 6h                 how long it may take in all
 *   schema    = yes                changes the schema: written as a migration (findings --write-migrations)
 *   lasting   = one sentence: why nothing takes it back; where a row's `undo` is NULL, the ledger tells it
 *   sql       = one SELECT, see below; {NAME} in it stands for a piece
 *   measure   = one SELECT of the numbers before and after, see measure.h: rows (number, unit, kind: level or
 *               window, value, as_of: the moment that it is of, over_s: the window's length); its parameters
 *               are :target, :window, and what the cure's `keys` name
 * [piece NAME]
 *   sql       = SQL that several actions have in common
 *
 * The SELECT's parameters are :target, :typed, and the KEY columns of the datasets it is `on`, of the row
 * that is meant; those that the row does not have are NULL. It gives one row for it, or none when the row is
 * gone; its columns are those of `struct cure`, by name, as text. Identifiers are quoted by format('"%w"',
 * name), texts by format('%Q', text). */
#ifndef DBVITALS_CURES_ACTION_H
#define DBVITALS_CURES_ACTION_H

#include "core/arena.h"
#include "core/result.h"

struct pieces;
struct action {
    const char *name, *title, *help, *product, *risk, *privilege;
    const char *lasting;       /* NULL: none */
    const char *sql, *measure; /* with {NAME}s; asked for by action_sql and action_measure */
    const struct pieces *pieces;
    const char **on; /* names of datasets */
    int n_on;        /* 0: on the target */
    char key;        /* 0: none */
    bool rare, by_name, at_once, schema;
    const char *asks;      /* NULL: nothing is typed first */
    double lock_timeout_s; /* NAN: none */
    double limit_s;
};

struct actions {
    struct arena *arena;
    struct action *list; /* in the order of the files, which is that of menus */
    int n;
};

/* All that ship. */
bool actions_read(struct actions *out, struct err *err);
/* From the text of one file, for tests. */
bool actions_read_text(const char *text, size_t len, const char *file, struct actions *out, struct err *err);
void actions_done(struct actions *a);
const struct action *action_find(const struct actions *a, const char *name); /* NULL if none */
/* Its SELECT, with the pieces in their places; heap. Made when asked: all together they are large. */
char *action_sql(const struct action *a);
/* That of the numbers; NULL if it has none. */
char *action_measure(const struct action *a);
/* Whether it can be done on rows of DATASET; NULL: on the target. */
bool action_is_on(const struct action *a, const char *dataset);
/* Whether it is for targets of PRODUCT, by its name ("PgBouncer"); NULL: it is not known yet, and may be. */
bool action_serves(const struct action *a, const char *product);
/* That of KEY on rows of DATASET, of a target of PRODUCT (NULL: not known); NULL if none. */
const struct action *action_of_key(const struct actions *a, const char *dataset, const char *product,
                                   char key);

/* What an action's SELECT says of one row. All are borrowed from the result; NULL where it has no such column
 * or value. Only `statement` and `label` are always there (`statement` not when `why_not` is). */
struct cure {
    const char *label;     /* what it is done to, in few words: public.orders */
    const char *statement; /* the exact SQL: one statement; nothing else is run but what is named here */
    /* SQL that is run just before, on the same connection: gives the text `true`, or a sentence that says why
     * it is not done: what it is done to is another thing by now, or we may not. */
    const char *verify;
    const char *database;    /* that it runs in; NULL: the connected one */
    const char *why_not;     /* a sentence: it is not possible on this row */
    const char *instead;     /* the action that would be */
    const char *says;        /* the evidence, for the dialog: a line each */
    const char *effect;      /* what will be, one sentence */
    const char *confirm;     /* y or name, stronger than the action's */
    const char *confirm_why; /* what makes that stronger just now; NULL: nothing does */
    const char *undo;        /* the inverse SQL, if there is one */
    const char *undo_verify; /* as `verify`, for the undo; NULL: nothing is asked */
    const char *undoes;      /* number of the entry of the ledger that it takes back */
    const char *keys;        /* JSON: what tells the row from others, for `measure` and the ledger */
    /* A statement that may not be enough: `still` gives `true` as long as it was not, and else a text of what
     * came of it; after `wait_s` seconds of `true` the next statement is run, and `then_says` told. NULL: it
     * is. */
    const char *still, *wait_s, *then_statement, *then_says;
    const char *after_failure; /* SQL for the same connection when the statement failed: each row is a
                                  sentence about what it left behind */
};
/* Row ROW of R. */
void cure_read(const struct result *r, int row, struct cure *out);
/* Its texts are ARENA's own from now on. */
void cure_keep(struct cure *c, struct arena *arena);
/* The names of the columns above, for tests and docs; NULL after the last. */
const char *cure_column(int i);
/* What C has of column I. */
const char *cure_value(const struct cure *c, int i);

#endif
