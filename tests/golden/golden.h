/* Golden screens: a canvas against the file a person has looked at. */
#ifndef DBVITALS_TESTS_GOLDEN_H
#define DBVITALS_TESTS_GOLDEN_H

#include "tui/canvas.h"

/* Fails the cmocka test, with the lines that differ, unless C is what tests/golden/screens/NAME.txt shows.
 * With DBVITALS_GOLDEN_WRITE=1 in the environment the file is written instead: then look at it. */
#define golden_check(c, name) golden_compare((c), (name), false, __FILE__, __LINE__)
/* Roles and attributes too: behind the screen stand a letter for each cell's role and what the letters mean.
 */
#define golden_check_styles(c, name) golden_compare((c), (name), true, __FILE__, __LINE__)

void golden_compare(const struct canvas *c, const char *name, bool styles, const char *file, int line);
/* Writes what such a file holds. */
void golden_text(const struct canvas *c, bool styles, struct text *out);
/* Writes the lines that differ, as - expected and + drawn with a mark under the first difference; false if
 * there are none. */
bool golden_diff(const char *expected, const char *drawn, struct text *out);

#endif
