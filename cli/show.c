/* show and query: the datasets as text, JSON or CSV. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/advice.h"
#include "cli/commands.h"
#include "cli/kept.h"
#include "cli/output.h"
#include "cli/pace.h"
#include "cli/session.h"
#include "cli/show_guard.h"
#include "core/export.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/text.h"
#include "engine/products.h"

enum { MOST_DATASETS = 64 };

/* What a one-shot command prints: some SELECTs over some datasets. */
struct job {
    struct session session;
    struct door *door;
    struct attach *attach; /* a guard that is asked; NULL: we read ourselves */
    const struct dataset *datasets[MOST_DATASETS];
    int n_datasets;
    const struct dataset *asked[MOST_DATASETS]; /* of these: those that are not kept on our own disk */
    int n_asked;
    bool all; /* no dataset was named */
    bool needs_window;
    enum export_format format;
    FILE *out;
    const char *sql; /* query; NULL: show */
    struct advising advising;
};

static bool open_job(struct job *j, const struct args *args, struct err *err)
{
    struct window_spec window;
    if (!output_format_parse(args->format, &j->format, err) || !window_spec_parse(args->window, &window, err))
        return false;
    if (!session_open(&j->session, args, 0, err))
        return false;
    if (!isnan(args->refresh_s))
        engine_obey_refresh(j->session.engine);
    j->door = door_new(&j->session.registry, err);
    j->out = args->output == NULL ? stdout : fopen(args->output, "we");
    if (j->door != NULL && j->out == NULL)
        fail(err, "cannot write %s: %s", args->output, strerror(errno));
    return j->door != NULL && j->out != NULL;
}

static void close_job(struct job *j, int code)
{
    door_free(j->door);
    attach_free(j->attach);
    advising_end(&j->advising);
    session_close(&j->session, code);
    if (j->out != NULL && j->out != stdout)
        fclose(j->out);
}

static bool print_sql(struct job *j, const char *sql, const char *name, bool first, struct err *err)
{
    struct snapshot *snapshot = store_snapshot(engine_store(j->session.engine));
    const char *window = j->session.args->window;
    struct query_param param = {"window", {.type = window == NULL ? VALUE_NULL : VALUE_TEXT, .text = window}};
    struct query query = {.sql = sql, .params = &param, .n_params = 1, .deadline_s = 10, .user = true};
    struct result *result = j->attach != NULL ? show_guard_ask(&j->session, j->attach, &query, err)
                                              : door_run(j->door, snapshot, &query, err);
    if (result != NULL) {
        export_result(j->out, result, j->format, name, first);
        result_free(result);
    }
    snapshot_unref(snapshot);
    return result != NULL;
}

static bool read_kept(struct job *j, struct err *err)
{
    for (int i = 0; i < j->n_datasets && j->attach == NULL; i++)
        if (kept_is(j->datasets[i]) && !kept_read(&j->session, j->datasets[i], err))
            return false;
    return true;
}

static bool print_all(struct job *j, struct err *err)
{
    if (!read_kept(j, err))
        return false;
    if (j->sql != NULL)
        return print_sql(j, j->sql, NULL, true, err);
    bool ok = true;
    export_begin(j->out, j->format);
    for (int i = 0; i < j->n_datasets && ok; i++) {
        struct text sql;
        text_init(&sql, 200);
        text_addf(&sql, "select * from %s(:window)", j->datasets[i]->name);
        ok = print_sql(j, text_str(&sql), j->datasets[i]->name, i == 0, err);
        text_done(&sql);
    }
    export_end(j->out, j->format);
    return ok;
}

static int print_often(struct job *j, int times, struct err *err)
{
    const char *name = j->session.args->output != NULL ? j->session.args->output : "standard output";
    struct pace pace;
    int code = EXIT_OK;
    bool more = true;
    pace_init(&pace, &j->session, j->asked, j->n_asked);
    for (int i = 0; i < times && more; i++) {
        if (i > 0)
            pace_wait(&pace);
        more = print_all(j, err);
        if (!more)
            code = EXIT_USAGE;
        else if (!output_flush(j->out, name, err)) {
            more = false;
            code = err->text[0] != '\0' ? EXIT_USAGE : EXIT_OK;
        }
    }
    pace_done(&pace);
    return code;
}

/* Findings are made here when they are asked for. */
static bool is_advice(const struct job *j)
{
    for (int i = 0; i < j->n_datasets; i++)
        if (j->datasets[i] == &findings_dataset || j->datasets[i] == &checks_dataset)
            return true;
    return false;
}

/* What only a guard has, or NULL. */
static const struct dataset *of_guard(const struct job *j)
{
    for (int i = 0; i < j->n_datasets && !j->all; i++)
        if (show_guard_has(j->datasets[i]))
            return j->datasets[i];
    return NULL;
}

static int run_attached(struct job *j, const char *const *targets, int n_targets, int times, struct err *err)
{
    const struct dataset *d = of_guard(j);
    const char *what = d != NULL ? d->name : "--attach";
    if (n_targets > 0) {
        fail(err, "%s: a guard is asked, of all that it watches: leave %s out, or say `where target = ...`", what,
             targets[0]);
        return EXIT_USAGE;
    }
    j->attach = show_guard_open(&j->session, what, err);
    if (j->attach == NULL)
        return EXIT_NO_DATA;
    int code = print_often(j, times, err);
    return code == EXIT_USAGE && attach_trouble(j->attach) != NULL ? EXIT_NO_DATA : code;
}

static bool any_down(const struct job *j)
{
    bool down = false;
    for (int i = 0; i < engine_targets(j->session.engine); i++) {
        struct source_status status;
        engine_target_status(j->session.engine, i, &status);
        down = down || status.state != SOURCE_UP;
    }
    return down;
}

/* Why nothing came: of targets, or of datasets; if neither tells, ERR does. */
static int explain_nothing(struct job *j, struct err *err)
{
    bool down = any_down(j);
    session_explain_down(&j->session, stderr);
    if (session_explain_failures(&j->session, j->asked, j->n_asked, stderr) > 0 || down)
        err->text[0] = '\0';
    return EXIT_NO_DATA;
}

static int run_job(struct job *j, const char *const *targets, int n_targets, struct err *err)
{
    const struct args *args = j->session.args;
    int times = args->samples == 0 ? 1 : args->samples;
    for (int i = 0; i < j->n_datasets; i++)
        if (!kept_is(j->datasets[i]))
            j->asked[j->n_asked++] = j->datasets[i];
    if (args->attach != NULL || of_guard(j) != NULL)
        return run_attached(j, targets, n_targets, times, err);
    if (j->n_asked == 0) { /* nobody needs to answer for `select 1` */
        session_name_targets(&j->session, targets, n_targets);
        return print_often(j, times, err);
    }
    if (!session_add_targets(&j->session, targets, n_targets, err))
        return EXIT_USAGE;
    if (is_advice(j) && !advising_begin(&j->advising, &j->session, err))
        return EXIT_USAGE;
    double wait_s = 8 + 2 * j->session.refresh_s;
    if (!session_collect(&j->session, j->asked, j->n_asked, j->needs_window ? 2 : 1, wait_s, err))
        return explain_nothing(j, err);
    if (is_advice(j))
        advising_wait(&j->advising);
    int code = print_often(j, times, err);
    if (code != EXIT_OK || err->text[0] != '\0')
        return code;
    /* On stderr: stdout stays data. */
    session_explain_failures(&j->session, j->asked, j->n_asked, stderr);
    if (session_answered(&j->session, j->asked, j->n_asked))
        return EXIT_OK;
    session_explain_down(&j->session, stderr);
    return EXIT_INCOMPLETE;
}

static int report(const struct err *err)
{
    output_tell(stderr, err->text);
    return EXIT_USAGE;
}

static bool has_window(const struct dataset *d)
{
    for (int i = 0; i < d->n_columns; i++)
        if (d->columns[i].kind == KIND_COUNTER || d->columns[i].kind == KIND_DERIVED)
            return true;
    return false;
}

static bool is_bare(const struct session *s, const char *word)
{
    return strpbrk(word, "=:/") == NULL && registry_find(&s->registry, word) == NULL &&
           config_find(&s->config, "target", word) == NULL;
}

/* A bare word may be a database; but one that is nearly a dataset's name, or stands before a dataset or a target, is taken for a slip. */
static bool looks_mistyped(const struct session *s, const struct args *args, int at, struct err *err)
{
    const char *names[MOST_DATASETS], *word = args->words[at];
    int n = 0;
    for (; n < s->registry.n && n < MOST_DATASETS; n++)
        names[n] = s->registry.datasets[n]->name;
    bool slip = nearest_find(word, names, n) != NULL;
    for (int i = at + 1; i < args->n_words; i++)
        slip = slip || !is_bare(s, args->words[i]);
    if (!slip || !is_bare(s, word))
        return false;
    struct text known;
    text_init(&known, 1000);
    nearest_say(&known, word, names, n);
    text_add(&known, nearest_find(word, names, n) != NULL ? "" : ".");
    fail(err, "show %s: there is no such dataset; %s If it is a database: dbname=%s", word, text_str(&known), word);
    text_done(&known);
    return true;
}

int show_run(const struct args *args)
{
    struct job j = {0};
    struct err err = {0};
    const char *targets[MOST_WORDS];
    int n_targets = 0, code = EXIT_USAGE;
    if (!open_job(&j, args, &err)) {
        close_job(&j, EXIT_USAGE);
        return report(&err);
    }
    for (int i = 0; i < args->n_words; i++) {
        const struct dataset *d = registry_find(&j.session.registry, args->words[i]);
        if (d != NULL && j.n_datasets < MOST_DATASETS)
            j.datasets[j.n_datasets++] = d;
        else if (looks_mistyped(&j.session, args, i, &err)) {
            close_job(&j, EXIT_USAGE);
            return report(&err);
        } else
            targets[n_targets++] = args->words[i];
    }
    j.all = j.n_datasets == 0;
    if (j.all)
        for (int i = 0; i < j.session.registry.n && i < MOST_DATASETS; i++)
            j.datasets[j.n_datasets++] = j.session.registry.datasets[i];
    for (int i = 0; i < j.n_datasets; i++)
        j.needs_window = j.needs_window || has_window(j.datasets[i]);
    code = run_job(&j, targets, n_targets, &err);
    if (code != EXIT_OK && err.text[0] != '\0')
        report(&err);
    close_job(&j, code);
    return code;
}

int query_run(const struct args *args)
{
    struct job j = {0};
    struct err err = {0};
    struct query_uses uses = {0};
    if (args->n_words == 0) {
        fail(&err, "query needs a SELECT: dbvitals query \"select pid, state from sessions\"");
        return report(&err);
    }
    if (!open_job(&j, args, &err) || !door_check(j.door, args->words[0], &uses, &err)) {
        close_job(&j, EXIT_USAGE);
        return report(&err);
    }
    j.sql = args->words[0];
    j.needs_window = uses.needs_window;
    for (int i = 0; i < uses.n && i < MOST_DATASETS; i++)
        j.datasets[j.n_datasets++] = uses.datasets[i];
    free(uses.datasets);
    int code = run_job(&j, (const char *const *)args->words + 1, args->n_words - 1, &err);
    if (code != EXIT_OK && err.text[0] != '\0')
        report(&err);
    close_job(&j, code);
    return code;
}
