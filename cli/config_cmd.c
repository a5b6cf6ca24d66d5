/* config check and config show. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/session.h"
#include "core/text.h"

int config_run(const struct args *args)
{
    struct session s;
    struct err err = {0};
    const char *word = args->n_words > 0 ? args->words[0] : "";
    bool check = strcmp(word, "check") == 0, show = strcmp(word, "show") == 0;
    if (!check && !show)
        fail(&err, "config %s: say `config check` or `config show`", word);
    else if (session_open(&s, args, 0, &err)) {
        const char *path = s.config.path != NULL ? s.config.path : "no config file: defaults";
        if (check)
            printf("%s: ok\n", path);
        if (show) {
            struct text t;
            text_init(&t, 1 << 22);
            config_show(&s.config, &t);
            printf("# %s\n%s", path, text_str(&t));
            text_done(&t);
        }
        session_close(&s, EXIT_OK);
        return EXIT_OK;
    }
    fprintf(stderr, "dbvitals: %s\n", err.text);
    return EXIT_USAGE;
}
