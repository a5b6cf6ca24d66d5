/* What a subcommand prints: whether it arrived. */
#include "cli/output.h"

#include <errno.h>
#include <string.h>

#include "core/text.h"
#include "core/utf8.h"

bool output_flush(FILE *f, const char *name, struct err *err)
{
    err->text[0] = '\0';
    bool failed = fflush(f) != 0;
    if (!failed && !ferror(f))
        return true;
    if (!failed) { /* it was an earlier write: why, only another one tells */
        fputc('\n', f);
        failed = fflush(f) != 0;
    }
    int why = failed ? errno : EIO;
    return why == EPIPE ? false : fail(err, "cannot write %s: %s", name, strerror(why));
}

void output_tell(FILE *f, const char *text)
{
    struct text clean;
    text_init(&clean, 1 << 14);
    utf8_clean(&clean, text, false);
    fprintf(f, "dbvitals: %s\n", text_str(&clean));
    text_done(&clean);
}

bool output_format_parse(const char *name, enum export_format *out, struct err *err)
{
    static const struct {
        const char *name;
        enum export_format format;
    } formats[] = {{"table", EXPORT_TABLE}, {"json", EXPORT_JSON}, {"csv", EXPORT_CSV}};
    *out = EXPORT_TABLE;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (name == NULL || strcmp(name, formats[i].name) == 0) {
            *out = name == NULL ? EXPORT_TABLE : formats[i].format;
            return true;
        }
    return fail(err, "--format %s: must be table, json or csv", name);
}
