/* Data files compiled in, in the syntax users write themselves: tools/embed.py makes the arrays, meson.build lists the files. */
#ifndef DBVITALS_CORE_EMBEDDED_H
#define DBVITALS_CORE_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name; /* the file's name without its ending */
    const char *text; /* NUL-terminated; LEN is without it */
    size_t len;
};

extern const struct embedded embedded_themes[];
extern const int n_embedded_themes;
extern const struct embedded embedded_pages[];
extern const int n_embedded_pages;
extern const struct embedded embedded_formats[];
extern const int n_embedded_formats;
extern const struct embedded embedded_packs[];
extern const int n_embedded_packs;
extern const struct embedded embedded_actions[];
extern const int n_embedded_actions;
extern const struct embedded embedded_findings[];
extern const int n_embedded_findings;

#endif
