/* The log of a program without a terminal: one line an event, logfmt or JSON, to a stream. Never a secret:
 * who logs a URL masks it. */
#ifndef DBVITALS_CORE_LOG_H
#define DBVITALS_CORE_LOG_H

#include <stdbool.h>
#include <stdio.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };
struct log_pair {
    const char *key, *value; /* VALUE NULL: the pair is left out */
};
struct log;
struct log *log_new(FILE *f, enum log_format format, enum log_level least);
void log_free(struct log *l);
void log_set(struct log *l, enum log_format format, enum log_level least);
/* EVENT is a sentence. Values are made harmless: one line, no controls. PAIRS end with a NULL key. */
void log_line(struct log *l, enum log_level level, const char *event, const struct log_pair *pairs);

#endif
