/* The lines of an INI file: sections, keys, values that go on in indented lines. What they mean is for the caller. */
#ifndef DBVITALS_CORE_INI_H
#define DBVITALS_CORE_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

enum { INI_MAX_VALUE = 65536 };

/* Both may refuse with a sentence that needs no place: the reader puts "FILE:LINE: " before it. Strings are borrowed for the call,
 * valid UTF-8, trimmed, without control characters but tabs (and newlines between the lines of a value). */
struct ini_events {
    void *ctx;
    /* [KIND NAME], NAME "" if there is none. */
    bool (*section)(void *ctx, const char *kind, const char *name, int line, struct err *err);
    /* KEY = VALUE with all its lines; LINE is that of the key. Always within a section. */
    bool (*entry)(void *ctx, const char *key, const char *value, int line, struct err *err);
};

/* TEXT is LEN bytes, a byte order mark and CRLF are tolerated. Ends at the first error: "FILE:LINE: what was found; what was expected". A line
 * that cannot be understood is never quoted: it may be the end of a password. */
bool ini_read(const char *text, size_t len, const char *file, const struct ini_events *events, struct err *err);

#endif
