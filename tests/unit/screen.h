/* What tests of the dashboard say about its screen. */
#ifndef DBVITALS_TESTS_UNIT_SCREEN_H
#define DBVITALS_TESTS_UNIT_SCREEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "tests/golden/world.h"
#include "tests/unit/test.h"

/* The screen as text; the caller frees it. */
static inline char *screen_of(struct world *w)
{
    struct text out;
    text_init(&out, 200000);
    world_draw(w);
    canvas_text(w->canvas, &out);
    return text_take(&out);
}

/* cmocka cuts what it prints at 1 kB: the screen goes by another way. */
static inline void screen_judge(struct world *w, const char *what, bool wanted, const char *file, int line)
{
    char *screen = screen_of(w);
    if ((strstr(screen, what) != NULL) != wanted) {
        fprintf(stderr, "\"%s\" is %son the screen:\n%s\n", what, wanted ? "not " : "", screen);
        _fail(file, line);
    }
    free(screen);
}
#define SHOWS(w, what) screen_judge(w, what, true, __FILE__, __LINE__)
#define SHOWS_NOT(w, what) screen_judge(w, what, false, __FILE__, __LINE__)

static inline void start_sized(struct world *w, enum world_kind kind, int rows, int columns, const char *page)
{
    world_init(w, kind);
    world_open(w, rows, columns, page);
    world_settle(w);
}

static inline void start(struct world *w, enum world_kind kind, const char *page)
{
    start_sized(w, kind, 30, 120, page);
}

#endif
