/* check: one verdict for scripts and monitoring systems that know the exit codes of Nagios' plug-ins. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alerts.h"
#include "cli/commands.h"
#include "cli/guard_client.h"
#include "cli/output.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/text.h"
#include "core/utf8.h"
#include "core/when.h"

enum state_of_all { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN, N_VERDICTS };
static const char *const verdict_names[N_VERDICTS] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* An alert that is only pending is told by the guard when its time has come. Judged here and now there is no
 * time: how it stands counts. */
#define HANDLED                                                                                              \
    "case when acked_by is not null then 'acked by ' || acked_by when silenced_by is not null then "         \
    "'silenced by ' || silenced_by when inhibited_by is not null then 'inhibited by ' || inhibited_by "      \
    "when maintenance is not null then 'in maintenance ' || maintenance end as handled "
static const char alerts_sql[] = "select rule, level, title, " HANDLED ", target from alerts "
                                 "where state in ('firing', 'kept') order by level desc, since_s desc";
static const char alerts_now_sql[] = "select rule, case severity when 'critical' then 3 when 'warning' then "
                                     "2 else 1 end as level, title, " HANDLED ", target from alerts "
                                     "where state <> 'ok' order by 2 desc";
/* Why a rule knows nothing, and whether that is so for now only: of all rules some never can be judged (there
 * is no replica, an extension is missing), and say nothing of how things are. */
static const char rules_sql[] =
    "select rule, target, status, why, why is not null and status <> 'disabled' and status <> 'no data "
    "source'"
    " and why not like '% failed: %' and why <> 'it has no value' as for_now from (select rule, target, "
    "status,"
    " coalesce(error, no_data, case when judged_age_s is null then 'not judged yet' end) as why from rules)";

struct check {
    const struct args *args;
    struct session session;
    struct guard_client guard;
    const char *target; /* of the guard's, the only one that is meant; NULL: all */
    struct query_thread *queries;
    struct alerts *alerts; /* judged here; NULL: a guard was asked */
    struct door *door;
    struct text lines;   /* below the first one */
    struct text handled; /* and those of alerts that somebody takes care of, below these */
    int n_handled;
    int n[N_VERDICTS]; /* alerts, and rules that cannot be judged, by what they mean */
    int n_rules;       /* that were judged */
    char *worst;
};

/* ---- Who is asked ---- */

static struct result *select_rows(struct check *c, const char *sql, struct err *err)
{
    if (c->alerts == NULL)
        return guard_client_select(&c->guard, sql, err);
    struct snapshot *snapshot = store_snapshot(engine_store(c->session.engine));
    struct query query = {.sql = sql};
    struct result *r = door_run(c->door, snapshot, &query, err);
    snapshot_unref(snapshot);
    return r;
}

static const char *cell(const struct result *r, int row, int column)
{
    const struct value *v = result_at(r, row, column);
    return v->type == VALUE_TEXT ? v->text : "";
}

static bool is_asked(const struct check *c, const char *rule, const char *target)
{
    if (c->target != NULL && strcmp(c->target, target) != 0)
        return false;
    for (int i = 0; i < c->args->n_words; i++)
        if (strcmp(c->args->words[i], rule) == 0)
            return true;
    return c->args->n_words == 0;
}

/* ---- What they say ---- */

/* TEXT as one line that begins no figures: Nagios takes what stands behind a bar, in any line, for them. The
 * caller's. */
static char *line_of(const char *text)
{
    char *line = mem_dup(text);
    for (char *p = line; (p = strpbrk(p, "|\n")) != NULL; p++)
        *p = *p == '|' ? '/' : ' ';
    return line;
}

static void count(struct check *c, enum state_of_all v, const char *text)
{
    static const int rank[N_VERDICTS] = {
        [VERDICT_OK] = 0, [VERDICT_UNKNOWN] = 1, [VERDICT_WARNING] = 2, [VERDICT_CRITICAL] = 3};
    bool worse = true;
    for (int i = 0; i < N_VERDICTS; i++)
        worse = worse && (c->n[i] == 0 || rank[i] < rank[v]);
    c->n[v]++;
    char *line = line_of(text);
    text_addf(&c->lines, "%s\n", line);
    if (worse && v != VERDICT_OK) {
        free(c->worst);
        c->worst = line;
    } else
        free(line);
}

/* Whoever acknowledged or silenced it is not to be told again: it is listed, and decides nothing. */
static void set_aside(struct check *c, const char *text, const char *why)
{
    char *line = line_of(text), *by = line_of(why);
    c->n_handled++;
    text_addf(&c->handled, "(%s) %s\n", by, line);
    free(line);
    free(by);
}

static void add_alerts(struct check *c, const struct result *r)
{
    for (int i = 0; i < r->n_rows; i++) {
        int level = (int)value_real(result_at(r, i, 1));
        enum state_of_all v = level >= LEVEL_CRITICAL  ? VERDICT_CRITICAL
                              : level == LEVEL_WARNING ? VERDICT_WARNING
                                                       : VERDICT_OK;
        if (!is_asked(c, cell(r, i, 0), cell(r, i, 4)))
            continue;
        if (cell(r, i, 3)[0] != '\0' && !c->args->all)
            set_aside(c, cell(r, i, 2), cell(r, i, 3));
        else
            count(c, v, cell(r, i, 2));
    }
}

static bool is_unknown(const struct check *c, const struct result *r, int row)
{
    return c->args->n_words > 0 || value_real(result_at(r, row, 4)) > 0;
}

/* A rule that cannot be judged is unknown: whatever the reason if it was asked for by name. */
static void add_rules(struct check *c, const struct result *r)
{
    for (int i = 0; i < r->n_rows; i++) {
        const char *why = cell(r, i, 3), *status = cell(r, i, 2);
        bool judged = strcmp(status, "ok") == 0 && why[0] == '\0';
        if (!is_asked(c, cell(r, i, 0), cell(r, i, 1)))
            continue;
        c->n_rules += judged;
        if (judged || !is_unknown(c, r, i))
            continue;
        struct text line;
        text_init(&line, 1000);
        text_addf(&line, "UNKNOWN %s: %s: %s", cell(r, i, 1), cell(r, i, 0), why[0] != '\0' ? why : status);
        count(c, VERDICT_UNKNOWN, text_str(&line));
        text_done(&line);
    }
}

static bool have_rules(struct check *c, const struct result *r, struct err *err)
{
    bool all = true;
    const char **names = mem_new_array((size_t)r->n_rows + 1, sizeof(*names));
    for (int row = 0; row < r->n_rows; row++)
        names[row] = cell(r, row, 0);
    for (int i = 0; i < c->args->n_words && all; i++) {
        bool there = false;
        for (int row = 0; row < r->n_rows; row++)
            there = there || strcmp(names[row], c->args->words[i]) == 0;
        if (there)
            continue;
        struct text known;
        text_init(&known, sizeof(err->text) - 100);
        nearest_say(&known, c->args->words[i], names, r->n_rows);
        all = fail(err, "no rule is called %.60s; %s", c->args->words[i], text_str(&known));
        text_done(&known);
    }
    free(names);
    return all;
}

static bool read_all(struct check *c, struct err *err)
{
    struct result *rules = select_rows(c, rules_sql, err);
    struct result *alerts =
        rules == NULL ? NULL : select_rows(c, c->alerts != NULL ? alerts_now_sql : alerts_sql, err);
    bool ok = alerts != NULL && have_rules(c, rules, err);
    if (ok) {
        add_alerts(c, alerts);
        add_rules(c, rules);
    }
    result_free(rules);
    result_free(alerts);
    return ok;
}

/* ---- Judging here ---- */

static void on_sample(void *ctx, const char *target, const struct dataset *d)
{
    alerts_sample(((struct check *)ctx)->alerts, target, d);
}

/* Rows of `rules` that were asked for and are not judged yet. */
static int n_open(struct check *c)
{
    struct err ignored;
    struct result *r = select_rows(c, rules_sql, &ignored);
    int n = r == NULL || r->n_rows == 0;
    for (int i = 0; r != NULL && i < r->n_rows; i++)
        n += is_asked(c, cell(r, i, 0), cell(r, i, 1)) && strcmp(cell(r, i, 2), "ok") == 0 && cell(r, i, 3)[0] != '\0' &&
             is_unknown(c, r, i);
    result_free(r);
    return n;
}

static void on_time(void *ctx)
{
    (void)ctx; /* the loop turns */
}

/* Until all is judged; what needs a window, or is not there, stays open: a moment without --wait. */
static void judge(struct check *c, double wait_s)
{
    struct loop_timer *timer = loop_timer_new(c->session.loop, on_time, c);
    double end = loop_mono_s() + wait_s;
    loop_timer_start(timer, 0.2, 0.2);
    while (loop_mono_s() < end && n_open(c) > 0)
        loop_run_once(c->session.loop, true);
    loop_timer_free(timer);
}

static bool open_here(struct check *c, struct err *err)
{
    struct session *s = &c->session;
    struct alerts_options options = {
        .config = &s->config, .registry = &s->registry, .soon = true, .source = "check"};
    bool held = false;
    if (!session_add_targets(s, NULL, 0, err))
        return false;
    c->queries = query_thread_new(s->loop, &s->registry, err);
    c->door = c->queries == NULL ? NULL : door_new(&s->registry, err);
    c->alerts = c->door == NULL ? NULL : alerts_new(s->loop, s->engine, c->queries, &options, &held, err);
    if (c->alerts != NULL)
        engine_on_sample(s->engine, on_sample, c);
    return c->alerts != NULL;
}

static void close_here(struct check *c)
{
    engine_on_sample(c->session.engine, NULL, NULL);
    if (c->alerts != NULL)
        alerts_free(c->alerts);
    door_free(c->door);
    query_thread_free(c->queries);
}

/* ---- The command ---- */

static enum state_of_all verdict_of(const struct check *c)
{
    if (c->n[VERDICT_CRITICAL] > 0)
        return VERDICT_CRITICAL;
    if (c->n[VERDICT_WARNING] > 0)
        return VERDICT_WARNING;
    return c->n[VERDICT_UNKNOWN] > 0 || c->n_rules == 0 ? VERDICT_UNKNOWN : VERDICT_OK;
}

/* Like a plug-in's: the verdict, what is worst, figures behind a bar; then a line for each. */
static enum state_of_all print(const struct check *c)
{
    enum state_of_all v = verdict_of(c);
    struct text t;
    text_init(&t, 1 << 20);
    text_addf(&t, "DBVITALS %s - ", verdict_names[v]);
    if (c->worst != NULL)
        text_add(&t, c->worst);
    else if (c->n_handled > 0)
        text_addf(&t, "%d %s taken care of", c->n_handled, c->n_handled == 1 ? "alert is" : "alerts are");
    else
        text_addf(&t, c->n_rules > 0 ? "%d rules hold" : "no rule could be judged", c->n_rules);
    text_addf(&t, " | critical=%d warning=%d unknown=%d handled=%d rules=%d\n", c->n[VERDICT_CRITICAL],
              c->n[VERDICT_WARNING], c->n[VERDICT_UNKNOWN], c->n_handled, c->n_rules);
    text_add(&t, text_str(&c->lines));
    text_add(&t, text_str(&c->handled));
    struct text clean;
    text_init(&clean, 1 << 20);
    utf8_clean(&clean, text_str(&t), true);
    fputs(text_str(&clean), stdout);
    text_done(&clean);
    text_done(&t);
    return v;
}

static bool guard_watches(struct check *c, const char *target)
{
    bool found = false;
    struct err ignored;
    struct result *r = guard_client_select(&c->guard, "select name from targets", &ignored);
    for (int i = 0; r != NULL && i < r->n_rows; i++)
        found = found || strcmp(cell(r, i, 0), target) == 0;
    result_free(r);
    return found;
}

/* A guard's verdict is about what it watches: where one server is meant it is asked only if that is a [target]
 * of the config, and it watches it. */
static bool find_guard(struct check *c)
{
    const struct args *a = c->args;
    struct err none;
    bool one = args_name_server(a), known = a->host == NULL && a->port == NULL && a->user == NULL &&
                                            a->database != NULL &&
                                            config_find(&c->session.config, "target", a->database) != NULL;
    if (a->no_attach || (one && !known) || !guard_client_open(&c->guard, &c->session, &none))
        return false;
    c->target = one ? a->database : NULL;
    if (!one || guard_watches(c, a->database))
        return true;
    guard_client_done(&c->guard);
    c->target = NULL;
    return false;
}

/* False if nothing could be found out. */
static bool ask(struct check *c, struct err *err)
{
    double wait_s = NAN;
    if (c->args->wait != NULL && !duration_parse(c->args->wait, &wait_s, err))
        return fail(err, "--wait %s: %s", c->args->wait, err->text);
    if (find_guard(c)) {
        bool ok = read_all(c, err);
        guard_client_done(&c->guard);
        return ok;
    }
    bool ok = open_here(c, err);
    if (ok) {
        judge(c, isnan(wait_s) ? 4 + 2 * c->session.refresh_s : wait_s);
        ok = read_all(c, err);
    }
    close_here(c);
    return ok;
}

int check_run(const struct args *args)
{
    struct check c = {.args = args};
    struct err err = {0};
    int code = VERDICT_UNKNOWN;
    text_init(&c.lines, 1 << 20);
    text_init(&c.handled, 1 << 20);
    bool opened = session_open(&c.session, args, 0, &err);
    if (opened && ask(&c, &err))
        code = (int)print(&c);
    else
        printf("DBVITALS UNKNOWN - %s\n", err.text);
    if (fflush(stdout) != 0)
        code = VERDICT_UNKNOWN;
    text_done(&c.lines);
    text_done(&c.handled);
    free(c.worst);
    if (opened)
        session_close(&c.session, code);
    return code;
}
