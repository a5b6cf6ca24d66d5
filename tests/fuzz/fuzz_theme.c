/* Any bytes as a theme file: a theme whose colours every terminal can be given, or an error that says why
 * not. */
#include <stdlib.h>
#include <string.h>

#include "tui/colour.h"
#include "tui/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_colour(int colour, int n_colours, bool direct)
{
    if (colour < COLOUR_DEFAULT || colour >= (direct ? 1 << 24 : n_colours))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct theme theme;
    struct err err = {0};
    if (!theme_parse((const char *)data, size, "fuzz.theme", &theme, &err)) {
        if (err.text[0] == '\0')
            abort();
        return 0;
    }
    if (memchr(theme.name, '\0', sizeof(theme.name)) == NULL ||
        memchr(theme.help, '\0', sizeof(theme.help)) == NULL)
        abort();
    for (int role = 0; role < N_ROLES; role++)
        for (int n_colours = 8; n_colours <= 256; n_colours *= n_colours == 8 ? 2 : 16) {
            struct look look = colour_fit(theme.looks[role], n_colours, n_colours == 256 && role % 2 == 0);
            check_colour(look.foreground, n_colours, n_colours == 256 && role % 2 == 0);
            check_colour(look.background, n_colours, n_colours == 256 && role % 2 == 0);
        }
    return 0;
}
