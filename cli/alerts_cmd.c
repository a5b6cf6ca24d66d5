/* alerts: what the guard of this machine found, and what people say to that. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/guard_client.h"
#include "cli/output.h"
#include "core/export.h"
#include "core/json.h"
#include "core/text.h"
#include "core/when.h"

struct asked {
    const struct args *args;
    struct guard_client guard;
    enum export_format format;
    const char *what; /* ID or number, or NULL */
};

static const char list_sql[] = "select severity, state, target, rule, value_text, since_s, title, acked_by, "
                               "silenced_by, inhibited_by, alert_id "
                               "from alerts where state <> 'ok' order by level desc, since_s";
/* For programs: numbers as numbers, moments in seconds since 1970. */
static const char list_data_sql[] =
    "select severity, state, target, rule, alert_key, value, value_text, threshold, since_s, active_at, "
    "fired_at, title, acked_by, ack_comment, acked_at, ack_until, silenced_by, silenced_until, inhibited_by, "
    "flapping, alert_id from alerts where state <> 'ok' order by level desc, since_s";
/* They are the process's, and stand with every target. */
static const char deliveries_sql[] =
    "select distinct number, attempt, at_time, webhook, outcome, status, detail, took_ms, text, message_id "
    "from deliveries order by number desc, "
    "attempt desc";
/* Those in force. The guard keeps ended ones for a while. */
#define SILENCES                                                                                             \
    "(select value ->> '$.id' as silence, value ->> '$.target' as target, value ->> '$.rule' as rule, "      \
    "value ->> '$.key' as alert_key, value ->> '$.by' as silenced_by, value ->> '$.comment' as comment, "    \
    "value ->> '$.from' as \"from\", value ->> '$.until' as until from json_each(:json)) "                   \
    "where until > (julianday('now') - 2440587.5) * 86400 order by until"
static const char silences_sql[] =
    "select silence, coalesce(target, 'any') as target, coalesce(rule, 'any') as rule, "
    "coalesce(alert_key, 'any') as alert_key, silenced_by, comment, "
    "datetime(until, 'unixepoch', 'localtime') as until from " SILENCES;
static const char silences_data_sql[] = "select * from " SILENCES;
static const char silence_sql[] = "select :json ->> '$.id' as silence";
enum { ALERT_ID = 16 };

static bool is_data(const struct asked *a)
{
    return a->format != EXPORT_TABLE;
}

static bool print(struct asked *a, struct result *r)
{
    if (r != NULL)
        export_result(stdout, r, a->format, NULL, true);
    result_free(r);
    return r != NULL;
}

static bool list(struct asked *a, struct err *err)
{
    return print(a, guard_client_select(&a->guard, is_data(a) ? list_data_sql : list_sql, err));
}

static bool deliveries(struct asked *a, struct err *err)
{
    return print(a, guard_client_select(&a->guard, deliveries_sql, err));
}

static bool silences(struct asked *a, struct err *err)
{
    struct text answer;
    text_init(&answer, 4 << 20);
    bool ok = guard_client_ask(&a->guard, "GET", "/api/v1/silences", NULL, &answer, err) &&
              print(a, guard_client_read(&a->guard, is_data(a) ? silences_data_sql : silences_sql,
                                         text_str(&answer), err));
    text_done(&answer);
    return ok;
}

/* ---- What people say ---- */

static const char *whoever_asks(void)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());
    return sudo != NULL && sudo[0] != '\0' ? sudo : user != NULL ? user->pw_name : "?";
}

static void add_member(struct json *json, struct text *body, const char *name, const char *value)
{
    if (value == NULL)
        return;
    text_addf(body, "%s\"%s\":", body->len > 1 ? "," : "", name);
    json_add_text(json, body, value);
}

/* The options of the command line as a JSON object. */
static void add_wish(const struct args *args, struct text *body, bool whom)
{
    struct json *json = json_new();
    text_add(body, "{");
    add_member(json, body, "by", whoever_asks());
    add_member(json, body, "comment", args->comment);
    add_member(json, body, "for", args->span);
    add_member(json, body, "rule", whom ? args->rule : NULL);
    add_member(json, body, "target", whom ? args->target : NULL);
    text_add(body, "}");
    json_free(json);
}

/* ANSWER may be NULL. */
static bool say(struct asked *a, const char *method, const char *folder, const char *verb, bool whom,
                struct text *answer, struct err *err)
{
    struct text path, body, own;
    text_init(&path, 400);
    text_init(&body, 64 << 10);
    text_init(&own, 64 << 10);
    answer = answer == NULL ? &own : answer;
    text_add(&path, folder);
    if (a->what != NULL)
        text_addf(&path, "/%s", a->what);
    text_addf(&path, "%s%s", verb != NULL ? "/" : "", verb != NULL ? verb : "");
    add_wish(a->args, &body, whom);
    bool ok = guard_client_ask(&a->guard, method, text_str(&path), text_str(&body), answer, err);
    if (ok && strstr(text_str(answer), "\"kept\":false") != NULL)
        output_tell(stderr,
                    "it is in force, but the guard's disk does not take it: a restart now would lose it");
    text_done(&path);
    text_done(&body);
    text_done(&own);
    return ok;
}

static bool ack(struct asked *a, struct err *err)
{
    return say(a, "POST", "/api/v1/alerts", "ack", false, NULL, err);
}

static bool unack(struct asked *a, struct err *err)
{
    return say(a, "POST", "/api/v1/alerts", "unack", false, NULL, err);
}

/* Says so, and prints the number that unsilence takes. */
static bool say_silence(struct asked *a, const char *folder, const char *verb, bool whom, struct err *err)
{
    struct text answer;
    text_init(&answer, 64 << 10);
    bool ok = say(a, "POST", folder, verb, whom, &answer, err) &&
              print(a, guard_client_read(&a->guard, silence_sql, text_str(&answer), err));
    text_done(&answer);
    return ok;
}

static bool silence(struct asked *a, struct err *err)
{
    if (a->args->span == NULL)
        return fail(err, "alerts silence: say for how long: --for 2h");
    if (a->what != NULL)
        return say_silence(a, "/api/v1/alerts", "silence", false, err);
    if (a->args->rule == NULL && a->args->target == NULL)
        return fail(err, "alerts silence: say what: the ID of an alert, --rule PATTERN or --target PATTERN");
    return say_silence(a, "/api/v1/silences", NULL, true, err);
}

static bool unsilence(struct asked *a, struct err *err)
{
    if (strlen(a->what) == ALERT_ID)
        return say(a, "POST", "/api/v1/alerts", "unsilence", false, NULL, err);
    return say(a, "DELETE", "/api/v1/silences", NULL, false, NULL, err);
}

static bool resend(struct asked *a, struct err *err)
{
    return say(a, "POST", "/api/v1/deliveries", "resend", false, NULL, err);
}

/* A message that says that it is a test. */
static bool test(struct asked *a, struct err *err)
{
    return say(a, "POST", "/api/v1/webhooks", "test", false, NULL, err);
}

/* ---- One alert ---- */

/* What is shown of an alert: it, then the moment when it fired or got worse last. Each SELECT ends where the
 * ID goes. */
// clang-format off
static const struct part {
    const char *name, *sql;
    bool of_moment;
} parts[] = {
    {"alert", "select severity, state, title, value_text, threshold, fired_at, resolved_at, target, rule, alert_key, acked_by, silenced_by,"
              " inhibited_by, action, runbook from alerts where alert_id = ", false},
    {"moment", "select distinct severity, fired_at from alert_context where alert_id = ", true},
    {"sessions", "select pid, usename, application_name, state, waits_for, xact_age_s, query_age_s, query"
                 " from alert_context where kind = 'session' and alert_id = ", true},
    {"locks", "select pid, usename, application_name, wait_s, mode, locktype, relation, holder_pid, holder_usename, holder_application_name,"
              " holder_state, holder_xact_age_s, root_pid, depth, query, holder_query from alert_context where kind = 'lock' and alert_id = ", true},
    {"statements", "select share, calls_per_s, mean_ms, queryid, query from alert_context where kind = 'statement' and alert_id = ", true},
};
// clang-format on
enum { N_PARTS = sizeof(parts) / sizeof(parts[0]) };

static struct result *read_part(struct asked *a, const struct part *p, struct err *err)
{
    struct text sql;
    text_init(&sql, 4000);
    text_addf(&sql, "%s'%s'", p->sql, a->what);
    if (p->of_moment)
        text_addf(
            &sql,
            " and number = (select max(number) from alert_context where alert_id = '%s') order by place",
            a->what);
    struct result *r = guard_client_select(&a->guard, text_str(&sql), err);
    text_done(&sql);
    return r;
}

static bool show(struct asked *a, struct err *err)
{
    struct result *results[N_PARTS] = {NULL};
    int n = 0, n_rows = 0;
    while (n < N_PARTS && (results[n] = read_part(a, &parts[n], err)) != NULL)
        n_rows += results[n++]->n_rows;
    bool ok =
        n == N_PARTS && (n_rows > 0 || fail(err, "there is no alert %s: see dbvitals alerts list", a->what));
    if (ok)
        export_begin(stdout, a->format);
    for (int i = 0; i < n; i++) {
        if (ok)
            export_result(stdout, results[i], a->format, parts[i].name, i == 0);
        result_free(results[i]);
    }
    if (ok)
        export_end(stdout, a->format);
    return ok;
}

/* ---- The command ---- */

enum needs { NEEDS_NOTHING, MAY_NAME_ONE, NEEDS_ONE };
static const struct verb {
    const char *name;
    enum needs needs;
    const char *one; /* what it needs */
    bool (*run)(struct asked *a, struct err *err);
} verbs[] = {
    // clang-format off
    {"list",       NEEDS_NOTHING, NULL,                                              list},
    {"show",       NEEDS_ONE,     "the ID of an alert, as alerts list has it",       show},
    {"ack",        NEEDS_ONE,     "the ID of an alert, as alerts list has it",       ack},
    {"unack",      NEEDS_ONE,     "the ID of an alert, as alerts list has it",       unack},
    {"silence",    MAY_NAME_ONE,  NULL,                                              silence},
    {"unsilence",  NEEDS_ONE,     "the number of a silence, as alerts silences has it, or the ID of an alert", unsilence},
    {"silences",   NEEDS_NOTHING, NULL,                                              silences},
    {"deliveries", NEEDS_NOTHING, NULL,                                              deliveries},
    {"resend",     NEEDS_ONE,     "the number of a message, as alerts deliveries has it", resend},
    {"test",       NEEDS_ONE,     "the name of a webhook, or --rules FILE --samples FILE", test},
    // clang-format on
};
enum { N_VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static const struct verb *find(const char *word)
{
    for (int i = 0; i < N_VERBS; i++)
        if (strcmp(verbs[i].name, word) == 0)
            return &verbs[i];
    return NULL;
}

/* An ID, and a webhook's name, goes into a path as it is. */
static bool is_id(const struct verb *v, const char *s)
{
    const char *of_name = "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ_-.";
    const char *digits = "0123456789abcdefABCDEF";
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (strchr(digits, s[i]) == NULL && (v->run != test || strchr(of_name, s[i]) == NULL))
            return false;
    return n > 0 && n < 64;
}

static bool check_words(const struct args *args, const struct verb *v, struct err *err)
{
    int n = args->n_words - (args->n_words > 0);
    double seconds;
    if (v == NULL)
        return fail(err,
                    "alerts %s: must be list, show, ack, unack, silence, unsilence, silences, deliveries, "
                    "resend or test",
                    args->words[0]);
    if (n > (v->needs == NEEDS_NOTHING ? 0 : 1))
        return fail(err, "alerts %s: %s is too much", v->name, args->words[n]);
    if (n == 0 && v->needs == NEEDS_ONE)
        return fail(err, "alerts %s: needs %s", v->name, v->one);
    if (n == 1 && !is_id(v, args->words[1]))
        return fail(err, "alerts %s %s: that is no ID", v->name, args->words[1]);
    if (args->span != NULL && !duration_parse(args->span, &seconds, err))
        return fail(err, "--for %s: %s", args->span, err->text);
    return true;
}

int alerts_command_run(const struct args *args)
{
    const struct verb *verb = find(args->n_words > 0 ? args->words[0] : "list");
    struct asked a = {.args = args, .what = args->n_words > 1 ? args->words[1] : NULL};
    struct session session;
    struct err err = {0};
    int code = EXIT_USAGE;
    if (args->n_words == 1 && strcmp(args->words[0], "test") == 0)
        return alerts_test_run(args);
    if (check_words(args, verb, &err) && output_format_parse(args->format, &a.format, &err) &&
        session_open(&session, args, 0, &err)) {
        bool there = guard_client_open(&a.guard, &session, &err);
        code = !there ? EXIT_NO_DATA : verb->run(&a, &err) ? EXIT_OK : EXIT_USAGE;
        if (there)
            guard_client_done(&a.guard);
        session_close(&session, code);
    }
    if (code != EXIT_OK)
        output_tell(stderr, err.text);
    return code;
}
