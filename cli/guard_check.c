/* Whether a guard can do what a config says: everything that is refused before it begins. */
#include "cli/guard_check.h"

#include "alerts/alerts.h"
#include "core/fetch.h"
#include "cures/finding.h"
#include "cures/schedule.h"
#include "serve/serve.h"

static bool check_heartbeat(const struct config *c, struct err *err)
{
    const struct config_section *s = config_find(c, "guard", "");
    const char *url = s == NULL ? NULL : section_get(s, "heartbeat_url");
    struct err why = {""};
    return url == NULL || fetch_check(url, &why) ||
           fail(err, "%s:%d: [guard] heartbeat_url: %.900s", s->file, section_line(s, "heartbeat_url"),
                why.text);
}

bool guard_check(const struct config *config, const struct registry *registry, struct err *err)
{
    return findings_check(config, registry, err) && alerts_check(config, registry, err) && serve_check(config, err) && schedules_check(config, registry, err) && check_heartbeat(config, err);
}
