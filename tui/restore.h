/* The way back: how the terminal is put right from anywhere, a crash included. */
#ifndef DBVITALS_TUI_RESTORE_H
#define DBVITALS_TUI_RESTORE_H

#include <stddef.h>
#include <termios.h>

enum { MOST_RESTORE_BYTES = 512 };

/* From now on, whatever ends the process (exit, a crash, the end of memory, a signal nobody handles) first writes BYTES to FD, gives it the modes
 * SAVED back and, if FLAGS is not -1, those file status flags. One terminal at a time. */
void restore_arm(int fd, const struct termios *saved, int flags, const char *bytes, size_t len);
/* Puts the terminal right now; stays armed. Async-signal-safe. A terminal that takes no bytes is waited for 0.3 s at most. */
void restore_now(void);
void restore_disarm(void);

#endif
