/* Whether what a [target] says can work, told with the place where it says so. */
#include "cli/session.h"

#include <string.h>

/* The section that T was made from, whose words it borrows; NULL: the command line named it. */
static const struct config_section *section_of(const struct session *s, const struct target_config *t)
{
    for (int i = 0; i < s->config.n_sections && t->words != NULL; i++) {
        const struct config_section *section = &s->config.sections[i];
        if (section->n_entries > 0 && t->words[0].key == section->entries[0].key)
            return section;
    }
    return NULL;
}

bool session_check_target(const struct session *s, int i, struct err *err)
{
    const struct target_config *t = &s->targets[i];
    const struct config_section *section = section_of(s, t);
    const char *key;
    struct err why = {""};
    if (engine_check(t, &key, &why))
        return true;
    if (section == NULL)
        return fail(err, "%s", why.text);
    return fail(err, "%s:%d: [target %s] %s: %.900s", section->file, section_line(section, key),
                section->name, key, why.text);
}
