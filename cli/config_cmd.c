/* config check and config show. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/dashboard.h"
#include "cli/guard_check.h"
#include "cli/output.h"
#include "cli/schedule_words.h"
#include "cli/session.h"
#include "core/text.h"
#include "tui/page.h"

static bool check_sql(struct door *door, const struct config_section *s, const char *key, const char *sql,
                      struct err *err)
{
    struct query_uses uses = {0};
    bool ok = sql == NULL || door_check(door, sql, &uses, err);
    free(uses.datasets);
    return ok || fail(err, "%s:%d: pane %s: %s: %s", s->file, section_line(s, key), s->name, key, err->text);
}

/* The config's own pages and panes, down to the names in their SQL; the built-in ones are a test's business.
 */
static bool check_pages(const struct session *s, struct err *err)
{
    struct pages pages;
    pages_init(&pages);
    bool ok = pages_add_builtin(&pages, err) && pages_add(&pages, &s->config, err) &&
              pages_check(&pages, err) && dashboard_check(&s->config, &pages, err);
    struct door *door = ok ? door_new(&s->registry, err) : NULL;
    ok = ok && door != NULL;
    for (int i = 0; i < pages.n_panes && ok; i++) {
        const struct pane *p = pages.panes[i];
        const struct config_section *section = config_find(&s->config, "pane", p->name);
        if (section != NULL)
            ok = check_sql(door, section, "sql", p->sql, err) &&
                 check_sql(door, section, "note", p->note, err);
    }
    door_free(door);
    pages_done(&pages);
    return ok;
}

static void show(const struct session *s, const char *path)
{
    struct text t;
    text_init(&t, 1 << 22);
    config_show(&s->config, &t);
    printf("# %s\n%s", path, text_str(&t));
    text_done(&t);
}

enum { RUNS_TOLD = 3 };

/* What was checked, and what will be done without a person. */
static void tell_checked(const struct session *s, const char *path)
{
    struct schedules schedules;
    printf("%s: ok\n", path);
    if (!schedules_read(&s->config, &schedules, NULL))
        return;
    for (int i = 0; i < schedules.n; i++) {
        struct text t;
        text_init(&t, 1000);
        schedule_words_next(&schedules.list[i], loop_wall_s(), RUNS_TOLD, &t);
        printf("schedule %s, %s: next %s\n", schedules.list[i].name, schedules.list[i].when, text_str(&t));
        text_done(&t);
    }
    schedules_done(&schedules);
}

static bool check_targets(struct session *s, struct err *err)
{
    session_name_config(s);
    for (int i = 0; i < s->n_targets; i++)
        if (!session_check_target(s, i, err))
            return false;
    return true;
}

int config_run(const struct args *args)
{
    struct session s;
    struct err err = {0};
    int code = EXIT_USAGE;
    const char *word = args->n_words > 0 ? args->words[0] : "";
    bool checks = strcmp(word, "check") == 0;
    if (!checks && strcmp(word, "show") != 0)
        fail(&err, "config %s: say `config check` or `config show`", word);
    else if (session_open(&s, args, 0, &err)) {
        struct text none;
        text_init(&none, 5000);
        text_add(&none, "no config file: defaults (looked for: ");
        config_places(&none);
        text_add(&none, ")");
        const char *path = s.config.path != NULL ? s.config.path : text_str(&none);
        bool good = !checks || (check_pages(&s, &err) && check_targets(&s, &err) &&
                                guard_check(&s.config, &s.registry, &err));
        code = good ? EXIT_OK : EXIT_USAGE;
        if (checks && code == EXIT_OK)
            tell_checked(&s, path);
        if (!checks)
            show(&s, path);
        text_done(&none);
        session_close(&s, code);
    }
    if (code != EXIT_OK)
        output_tell(stderr, err.text);
    return code;
}
