/* profile: the queries of a file, timed on one target, with a verdict for scripts. */
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "core/command.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/when.h"
#include "engine/products.h"
#include "profile/report.h"

/* Its own exit codes, for scripts. */
enum { ALL_WITHIN = 0, SOME_OVER = 1, NOT_DONE = 2 };
enum { MOST_RUNS = 100000, MOST_WARMUP = 1000 };

struct profiling {
    const struct args *args;
    enum export_format format;
    struct profile_options options;
    double timeout_s, regression;
    struct query_file file;
    struct earlier earlier;
    struct session session;
    bool opened; /* the session */
    const struct bench_driver *driver;
    struct bench_place place;
    char *name, *password; /* of the target */
    struct bench *bench;
    int stop_fd;
};

/* ---- Options ---- */

static bool read_number(const char *name, const char *given, int least, int most, int *out, struct err *err)
{
    char *end;
    long n = given == NULL ? *out : strtol(given, &end, 10);
    if (given != NULL && (*end != '\0' || end == given || n < least || n > most))
        return fail(err, "--%s %s: must be a number from %d to %d", name, given, least, most);
    *out = (int)n;
    return true;
}

static bool read_duration(const char *name, const char *given, double *out, struct err *err)
{
    struct err why = {""};
    return given == NULL || duration_parse(given, out, &why) ||
           fail(err, "--%s %.100s: %.800s", name, given, why.text);
}

static bool read_target(const char *name, const char *given, double *out, struct err *err)
{
    struct err why = {""};
    return given == NULL || target_parse(given, out, &why) ||
           fail(err, "--%s %.100s: %.800s", name, given, why.text);
}

/* "20", "20%", as a ratio. */
static bool read_regression(const char *given, double *out, struct err *err)
{
    char *end;
    double percent = given == NULL ? 20 : strtod(given, &end);
    if (given != NULL &&
        (end == given || (*end != '\0' && strcmp(end, "%") != 0) || !(percent >= 0 && percent <= 10000)))
        return fail(err, "--max-regression %s: must be a percentage, as 20%%", given);
    *out = percent / 100;
    return true;
}

static bool read_options(struct profiling *p, struct err *err)
{
    const struct args *a = p->args;
    struct profile_options *o = &p->options;
    double p95_s = NAN, p99_s = NAN;
    *o = (struct profile_options){.runs = 100, .warmup = 3, .budget_s = 30};
    p->timeout_s = 10;
    if (a->n_words == 0)
        return fail(err, "profile: which file? dbvitals profile FILE.sql [TARGET]");
    if (a->n_words > 2)
        return fail(err, "profile: one file and one target at a time");
    if (!output_format_parse(a->format, &p->format, err) ||
        !read_number("runs", a->runs, 1, MOST_RUNS, &o->runs, err) ||
        !read_number("warmup", a->warmup, 0, MOST_WARMUP, &o->warmup, err) ||
        !read_target("p95", a->p95, &p95_s, err) || !read_target("p99", a->p99, &p99_s, err) ||
        !read_duration("timeout", a->timeout, &p->timeout_s, err) ||
        !read_duration("budget", a->budget, &o->budget_s, err) ||
        !read_regression(a->max_regression, &p->regression, err))
        return false;
    if (a->max_regression != NULL && a->compare == NULL)
        return fail(err, "--max-regression needs something to compare with: --compare EARLIER.json");
    o->p95_ms = p95_s * 1000;
    o->p99_ms = p99_s * 1000;
    return p->timeout_s <= 86400 || fail(err, "--timeout %s: one day at most", a->timeout);
}

/* ---- The target ---- */

/* "sqlite:PATH", or a file that begins as SQLite's do (sqlite.org/fileformat.html, 1.3). */
static bool is_sqlite(const char *word)
{
    static const char magic[16] = "SQLite format 3";
    char begins[sizeof(magic)];
    if (strncmp(word, "sqlite:", strlen("sqlite:")) == 0)
        return true;
    int fd = open(word, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, begins, sizeof(begins));
    close(fd);
    return n == (ssize_t)sizeof(begins) && memcmp(begins, magic, sizeof(magic)) == 0;
}

static void choose_sqlite(struct profiling *p, const char *name, const char *url)
{
    p->driver = &sqlite_bench;
    p->place = (struct bench_place){.url = url, .connect_s = 5, .timeout_s = p->timeout_s};
    p->name = mem_dup(name);
}

static bool choose_server(struct profiling *p, const struct target_config *t, struct err *err)
{
    const struct product *product = product_serving(t->url);
    if (is_sqlite(t->url)) {
        choose_sqlite(p, t->name, t->url);
        return true;
    }
    if (product == NULL || strcmp(product->name, "PostgreSQL") != 0)
        return fail(err, "%s is no database of PostgreSQL or SQLite: profile runs queries on those", t->name);
    p->driver = &conn_bench;
    p->place = (struct bench_place){t->url, p->password, t->connect_timeout_s, p->timeout_s};
    p->name = mem_dup(t->name);
    return true;
}

struct secret {
    struct profiling *profiling;
    struct err *err;
    bool answered;
};

static void got_secret(void *ctx, const char *secret, const char *error)
{
    struct secret *s = ctx;
    s->answered = true;
    if (secret != NULL)
        s->profiling->password = mem_dup(secret);
    else
        fail(s->err, "%s", error);
}

static bool find_password(struct profiling *p, const struct target_config *t, struct err *err)
{
    struct secret s = {p, err, false};
    if (p->args->ask_password) {
        const char *typed = getpass("Password: ");
        p->password = mem_dup(typed != NULL ? typed : "");
    } else if (t->password_command != NULL) {
        struct command *c =
            command_run(p->session.loop, t->password_command, "password_command", 10, got_secret, &s);
        while (!s.answered)
            loop_run_once(p->session.loop, true);
        (void)c;
    }
    return t->password_command == NULL || p->password != NULL;
}

static bool choose_target(struct profiling *p, struct err *err)
{
    const char *word = p->args->n_words > 1 ? p->args->words[1] : NULL;
    if (word != NULL && is_sqlite(word)) {
        choose_sqlite(p, word, word);
        return true;
    }
    if (!session_open(&p->session, p->args, 0, err))
        return false;
    p->opened = true;
    session_name_targets(&p->session, &word, word != NULL);
    if (p->session.n_targets > 1)
        return fail(err, "the config has %d targets: say on which, dbvitals profile FILE.sql TARGET",
                    p->session.n_targets);
    return find_password(p, &p->session.targets[0], err) && choose_server(p, &p->session.targets[0], err);
}

/* ---- The command ---- */

/* From here on Ctrl-C ends the work, not the program: what was measured is told. A second one ends the
 * program as well. */
static int watch_signals(bool on)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(on ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
    return on ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
}

static void forget_signals(struct profiling *p)
{
    struct signalfd_siginfo info;
    while (p->stop_fd >= 0 && read(p->stop_fd, &info, sizeof(info)) > 0)
        ;
    watch_signals(false);
    if (p->stop_fd >= 0)
        close(p->stop_fd);
}

static bool report(struct profiling *p, const struct profile *profile, const struct comparison *comparisons,
                   struct err *err)
{
    struct text server;
    text_init(&server, 200);
    p->driver->server(p->bench, &server);
    struct report r = {.profile = profile,
                       .file = p->args->words[0],
                       .target = p->name,
                       .server = text_str(&server),
                       .warmup = p->options.warmup,
                       .comparisons = comparisons,
                       .earlier = comparisons == NULL ? NULL : &p->earlier};
    if (p->format == EXPORT_TABLE)
        report_print(stdout, &r);
    else {
        struct result *rows = report_result(&r);
        export_result(stdout, rows, p->format, NULL, true);
        result_free(rows);
    }
    text_done(&server);
    return output_flush(stdout, "standard output", err) || err->text[0] == '\0';
}

static int code_of(const struct profile *profile, const struct comparison *comparisons, struct err *err)
{
    int code = ALL_WITHIN;
    for (int i = 0; i < profile->n; i++) {
        const struct query_result *q = &profile->results[i];
        if (q->begun && q->verdict == VERDICT_FAILED)
            return NOT_DONE;
        if (q->verdict == VERDICT_SLOW || (comparisons != NULL && report_is_slower(&comparisons[i])))
            code = SOME_OVER;
    }
    if (!profile->stopped)
        return code;
    fail(err, "stopped: not all queries were measured");
    return NOT_DONE;
}

static int run(struct profiling *p, struct err *err)
{
    struct profile profile;
    struct comparison *comparisons = NULL;
    p->stop_fd = watch_signals(true);
    p->driver->watch(p->bench, p->stop_fd);
    profile_run(p->driver, p->bench, &p->file, &p->options, &profile);
    forget_signals(p);
    if (p->args->compare != NULL) {
        comparisons = mem_new_array((size_t)profile.n, sizeof(*comparisons));
        for (int i = 0; i < profile.n; i++)
            compare_one(&p->earlier, &profile.results[i], p->regression, &comparisons[i]);
    }
    int code = report(p, &profile, comparisons, err) ? code_of(&profile, comparisons, err) : NOT_DONE;
    for (int i = 0; comparisons != NULL && i < profile.n; i++)
        comparison_done(&comparisons[i]);
    free(comparisons);
    profile_done(&profile);
    return code;
}

static void done(struct profiling *p, int code)
{
    if (p->bench != NULL)
        p->driver->close(p->bench);
    query_file_done(&p->file);
    earlier_done(&p->earlier);
    free(p->name);
    free(p->password);
    if (p->opened)
        session_close(&p->session, code);
}

int profile_command_run(const struct args *args)
{
    struct profiling p = {.args = args, .stop_fd = -1};
    struct err err = {0};
    int code = NOT_DONE;
    if (read_options(&p, &err) && query_file_read(args->words[0], &p.file, &err) &&
        (args->compare == NULL || earlier_read(args->compare, &p.earlier, &err)) && choose_target(&p, &err)) {
        p.bench = p.driver->open(&p.place, &err);
        if (p.bench != NULL)
            code = run(&p, &err);
        else {
            struct err why = err;
            fail(&err, "%.100s: %.900s", p.name, why.text);
        }
    }
    if (err.text[0] != '\0')
        output_tell(stderr, err.text);
    done(&p, code);
    return code;
}
