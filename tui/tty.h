/* The terminal's line: raw, never waited for, with a queue for what it does not take yet. */
#ifndef DBVITALS_TUI_TTY_H
#define DBVITALS_TUI_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "core/err.h"

struct tty {
    int fd;               /* non-blocking, and an open file description of our own wherever possible: the shell's stays as it is */
    int flags;            /* of a shared description, to be given back; -1 if it is our own */
    struct termios saved; /* the modes before us */
    char *queue;          /* queue[sent..len) is not written yet */
    size_t sent, len, capacity;
    size_t written; /* bytes in all */
    bool gone;      /* hung up: what is sent is dropped */
};

/* The terminal of standard output. Its modes are untouched. */
bool tty_init(struct tty *t, struct err *err);
void tty_done(struct tty *t);
/* No echo, no lines, no signals from keys, no flow control, no changes on output. */
void tty_raw(struct tty *t);
void tty_size(const struct tty *t, int *rows, int *columns);
void tty_send(struct tty *t, const char *bytes, size_t len);
/* Writes what the terminal takes now. */
void tty_flush(struct tty *t);
void tty_drop(struct tty *t);
bool tty_queue_empty(const struct tty *t);
/* All is written, and the driver has passed all of it on. */
bool tty_idle(const struct tty *t);

#endif
