/* access: what the role may do at the console. Who is let in at all sees everything. */
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/pgbouncer/bouncer.h"

/* NAME in a list of names between commas. */
static bool lists(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; at != NULL && *at != '\0';) {
        at += strspn(at, " ,");
        size_t n = strcspn(at, " ,");
        if (n == len && strncmp(at, name, n) == 0)
            return true;
        at += n;
    }
    return false;
}

static void set(struct sample *s, int row, const char *const texts[4])
{
    static const char *const columns[] = {"what", "state", "why", "cure"};
    for (int i = 0; i < 4; i++)
        if (texts[i] != NULL)
            sample_set_text(s, dataset_column(s->dataset, columns[i]), row, texts[i], strlen(texts[i]));
}

static struct sample *make(struct bouncer_poll *p, struct conn_rows *const *rows)
{
    struct sample *s = sample_new(&dataset_access, 2);
    const char *user = bouncer_user(p);
    bool admin = strcmp(user, "pgbouncer") == 0; /* over a unix socket the console's own name needs no list */
    for (int row = 0; row < conn_rows_n(rows[0]); row++) {
        const char *key = bouncer_text(rows[0], row, "key");
        admin = admin || (key != NULL && strcmp(key, "admin_users") == 0 &&
                          lists(bouncer_text(rows[0], row, "value"), user));
    }
    struct text why, cure;
    text_init(&why, 300);
    text_init(&cure, 300);
    text_addf(&why, admin ? "%s is in admin_users" : "%s is in stats_users: it may look, and not act", user);
    text_addf(&cure, "admin_users = ..., %s in pgbouncer.ini, then RELOAD", user);
    set(s, 0, (const char *const[]){"console", "ok", "all that SHOW tells", NULL});
    set(s, 1,
        (const char *const[]){"pause, resume, kill", admin ? "ok" : "advice", text_str(&why),
                              admin ? NULL : text_str(&cure)});
    text_done(&why);
    text_done(&cure);
    return s;
}

const struct bouncer_collector bouncer_set_access = {
    .dataset = &dataset_access, .shows = {"SHOW CONFIG"}, .make = make};
