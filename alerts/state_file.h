/* The file behind the state: one connection, used by one thread at a time (the loop's until the first job,
 * then the writer's). Inside of state. */
#ifndef DBVITALS_ALERTS_STATE_FILE_H
#define DBVITALS_ALERTS_STATE_FILE_H

#include <sqlite3.h>

#include "alerts/state_row.h"
#include "core/text.h"

/* Ready: the tables are there. One that is not knows nothing, and there is nothing to know: the disk was full
 * when it was to be made. */
struct state_file {
    sqlite3 *db;
    char *directory, *path;
    bool ready;
    int lock; /* descriptor of the lock file */
    sqlite3_stmt *statements[N_STATEMENTS];
    uint32_t generation; /* random, made with the file; 0: it is older than that */
    char *notice;        /* a damaged file was put aside, or NULL */
};

/* HELD: another process has the directory; then NULL. A disk that has no room for a new file is no failure:
 * it is not `ready` then, ERR tells why, and state_file_make is to be tried again. A file that is there is
 * read also when the disk is full. */
struct state_file *state_file_open(const char *directory, bool *held, struct err *err);
uint32_t state_file_new_generation(void);
bool state_file_make(struct state_file *f, struct err *err);
void state_file_close(struct state_file *f);
/* Rows of batches are written in one transaction: begin, each row, commit; after a failure, rollback. */
bool state_file_begin(struct state_file *f, struct err *err);
bool state_file_row(struct state_file *f, const struct row *row, struct err *err);
bool state_file_commit(struct state_file *f, struct err *err);
void state_file_rollback(struct state_file *f);
/* Old events, deliveries, contexts, dead letters go, so that the file stays bounded. */
void state_file_thin(struct state_file *f, double wall_s);

#endif
