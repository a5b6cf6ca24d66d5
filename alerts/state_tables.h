/* The tables of the state file: what a file has, and making them in a new one. Inside of state. */
#ifndef DBVITALS_ALERTS_STATE_TABLES_H
#define DBVITALS_ALERTS_STATE_TABLES_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum state_tables {
    TABLES_NONE, /* a new file */
    TABLES_OURS,
    TABLES_OTHER,     /* of another version, newer or older */
    TABLES_UNREADABLE /* the error is the connection's */
};
enum state_tables state_tables_look(sqlite3 *db);
/* Makes those of the version before into ours; leaves all others, and those for which the disk has no room. */
void state_tables_upgrade(sqlite3 *db);
/* In one transaction; false: the error is the connection's. GENERATION: see state_file.h. */
bool state_tables_make(sqlite3 *db, uint32_t generation);
uint32_t state_tables_generation(sqlite3 *db);
/* The number that the program which made them gave them; -1: it cannot be read. */
int state_tables_version(sqlite3 *db);

#endif
