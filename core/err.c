/* What went wrong, as one sentence for the person who reads it. */
#include "core/err.h"

#include <stdarg.h>
#include <stdio.h>

bool fail(struct err *err, const char *format, ...)
{
    if (err == NULL)
        return false;
    char text[sizeof(err->text)]; /* an argument may be the old text of this very error */
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    snprintf(err->text, sizeof(err->text), "%s", text);
    return false;
}
