/* An entry of the ledger: a cure from when it begins, and what is to be known to judge it and to take it
 * back.
 */
#ifndef DBVITALS_CURES_ENTRY_H
#define DBVITALS_CURES_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cures/job.h"

/* Texts are NULL where there is none. They are the entry's own. */
struct entry {
    int64_t id;  /* from 1, in the order of beginning; 0: not written yet */
    int64_t uid; /* random: whose entry it is, before it has an id */
    char *target, *action, *label, *database, *by, *state;
    double asked_at, began_at, ended_at; /* seconds since 1970; NAN: not, or nobody saw it */
    char *statement, *message;
    char *keys;        /* JSON: the row that it was done to */
    char *numbers;     /* JSON, see measure.h; NULL: none were taken */
    char *undo;        /* the inverse SQL */
    char *undo_verify; /* SQL that gives `true` where the undo still means what it meant */
    char *why_no_undo; /* one sentence */
    int64_t undoes;    /* the entry that it took back; 0: none */
    char *sum; /* SHA-256, hexadecimal, of statement, undo, database and undo_verify as they were written */
};

/* Of a job as it stands, with its checksum; the uid is the job's, a new one if it has none. */
struct entry *entry_new(const struct job *job);
/* It has begun, and its end is not written. */
bool entry_is_open(const struct entry *e);
/* How it stands, and why. */
void entry_say(struct entry *e, const char *state, const char *message);
/* SHA-256 of TEXT, hexadecimal, heap; "" where OpenSSL refuses. */
char *entry_digest(const char *text);
void entry_free(struct entry *e);
/* N entries, and the array of them. */
void entries_free(struct entry **entries, int n);
struct entry *entry_copy(const struct entry *e);
/* Statement and undo, with the database and what is asked before, are those that were written. */
bool entry_is_intact(const struct entry *e);

/* What a table of the entry's members needs, for whoever reads and writes them. */
enum entry_type { ENTRY_TEXT, ENTRY_INT, ENTRY_REAL };
struct entry_field {
    const char *name;
    enum entry_type type;
    size_t at; /* offset in struct entry */
};
/* From 0: `id`, `uid`, then the others; NULL after the last. */
const struct entry_field *entry_field(int i);
static inline void *entry_at(const struct entry *e, const struct entry_field *f)
{
    return (char *)(uintptr_t)e + f->at;
}

#endif
