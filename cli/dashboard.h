/* What [dashboard] of the config names must exist. */
#ifndef DBVITALS_CLI_DASHBOARD_H
#define DBVITALS_CLI_DASHBOARD_H

#include "core/config.h"
#include "tui/page.h"

/* False with FILE:LINE and the nearest name, or all there are, if [dashboard] of C names a page that is not in PAGES or a theme that cannot be
 * loaded. */
bool dashboard_check(const struct config *c, const struct pages *pages, struct err *err);

#endif
