/* Regular expressions that cannot hang: POSIX extended syntax, case-insensitive, "does it occur in the text".
 * The time is at most the pattern's size times the text's length, and memory is the pattern's size. The C
 * library's regcomp takes minutes or gigabytes for patterns of 20 characters such as (((a*)*){5}){5}, and
 * cannot be interrupted. */
#ifndef DBVITALS_CORE_REGEXP_H
#define DBVITALS_CORE_REGEXP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

struct regexp;

/* Beside POSIX: \w \W \s \S \d \D \b \n \t. No back references. NULL and err if PATTERN is not one, or too
 * large. */
struct regexp *regexp_new(const char *pattern, struct err *err);
void regexp_free(struct regexp *r);
/* TEXT is UTF-8; bytes that are not count as U+FFFD. */
bool regexp_match(struct regexp *r, const char *text, size_t len);

#endif
