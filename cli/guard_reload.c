/* SIGHUP: another config, all of it or none of it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/guard.h"
#include "cli/guard_check.h"
#include "cli/guard_paths.h"
#include "cli/sd_notify.h"
#include "core/text.h"

/* Sections of KIND, as text: what is asked is only whether they are the same. */
static char *sections_of(const struct config *c, const char *kind)
{
    struct text t;
    text_init(&t, 4 << 20);
    for (int i = 0; i < c->n_sections; i++) {
        const struct config_section *s = &c->sections[i];
        if (strcmp(s->kind, kind) != 0)
            continue;
        text_addf(&t, "[%s]\n", s->name);
        for (int j = 0; j < s->n_entries; j++)
            text_addf(&t, "%s=%s\n", s->entries[j].key, s->entries[j].value);
    }
    text_add_char(&t, '\n');
    return text_take(&t);
}

static bool same_sections(const struct config *a, const struct config *b, const char *kind)
{
    char *in_a = sections_of(a, kind), *in_b = sections_of(b, kind);
    bool same = strcmp(in_a, in_b) == 0;
    free(in_a);
    free(in_b);
    return same;
}

/* HTTP by the config that is in force now, BEFORE it was another one. Who is connected stays so if nothing of
 * that has changed. */
static bool listen_again(struct guard *g, const struct config *before, struct err *err)
{
    char *socket = guard_socket(&g->session.config);
    bool same = g->serve != NULL && strcmp(socket, g->socket) == 0 &&
                same_sections(before, &g->session.config, "http");
    free(g->socket);
    g->socket = socket;
    if (same)
        serve_set_config(g->serve, &g->session.config);
    return same || g->alerts == NULL || guard_listen(g, err);
}

/* CONFIG and the one in force change places. False and all as before if something of it cannot be. What
 * alerts and HTTP borrow of the config before is there until both have the new one. */
static bool exchange(struct guard *g, struct config *config, struct err *err)
{
    struct session *s = &g->session;
    struct err ignored = {0};
    if (!guard_check(config, &s->registry, err) ||
        !session_replace_config(s, config, g->words, g->n_words, err))
        return false;
    if (listen_again(g, config,
                     err)) /* alerts are last: what they resolve for a rule that went away is told */
        return g->alerts == NULL || alerts_reload(g->alerts, &s->config, err);
    if (!session_replace_config(s, config, g->words, g->n_words, &ignored) ||
        !listen_again(g, config, &ignored))
        guard_say(g, LOG_ERROR, "cannot go back to the config before", "error", ignored.text);
    return false;
}

/* What is read at the start only. */
static void tell_what_needs_a_restart(struct guard *g, const struct config *before)
{
    char *state = guard_state_directory(&g->session.config);
    if (strcmp(state, g->state_directory) != 0)
        guard_say(g, LOG_WARNING, "another state directory is taken at the next start only", "state", state);
    free(state);
    if (!same_sections(before, &g->session.config, "dataset"))
        guard_say(g, LOG_WARNING, "other sections [dataset NAME] are taken at the next start only", NULL,
                  NULL);
    if (!same_sections(before, &g->session.config, "finding"))
        guard_say(g, LOG_WARNING, "other sections [finding NAME] are taken at the next start only", NULL,
                  NULL);
}

static void take_over(struct guard *g, const struct config *before)
{
    struct session *s = &g->session;
    guard_log_set(g);
    if (isnan(s->args->refresh_s)) {
        s->refresh_s = config_get_real(&s->config, "guard", "refresh");
        engine_set_refresh(s->engine, s->refresh_s);
    }
    guard_alive_set(g->alive);
    guard_schedules_set(g);
    tell_what_needs_a_restart(g, before);
    guard_say(g, LOG_INFO, "config read again", "file", s->config.path);
}

void guard_reload(struct guard *g)
{
    struct config config;
    struct err err = {0};
    char state[64];
    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%.0f", loop_mono_s() * 1e6);
    sd_notify_send(state);
    bool read = config_read(g->session.args->config, &config, &err);
    if (read && exchange(g, &config, &err))
        take_over(g, &config);
    else
        guard_say(g, LOG_ERROR, "the config is refused, the one before stays in force", "error", err.text);
    if (read)
        config_done(&config);
    sd_notify_send("READY=1");
}
