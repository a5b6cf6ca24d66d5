/* doctor: can it connect, as whom, through what; what is missing, and the statement that gives it. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "core/export.h"
#include "core/text.h"
#include "core/utf8.h"

static const char access_sql[] = "select target, what, state, why, cure from access";

static void add_connection(struct text *line, const struct source_status *status)
{
    /* Files have no version. */
    text_addf(line, "connected as %s, %s%s%s, %s%s%s", status->place != NULL ? status->place : "?", status->product != NULL ? status->product : "?",
              status->version != NULL ? " " : "", status->version != NULL ? status->version : "", status->role != NULL ? status->role : "role unknown",
              status->via != NULL ? ", through " : "", status->via != NULL ? status->via : "");
    if (status->rtt_ms == status->rtt_ms)
        text_addf(line, ", round trip %.1f ms", status->rtt_ms);
    if (status->error != NULL)
        text_addf(line, "\n  %s", status->error);
}

/* False: it is not connected. */
static bool print_target(const struct session *s, int i)
{
    struct source_status status;
    engine_target_status(s->engine, i, &status);
    bool up = status.state == SOURCE_UP;
    struct text line;
    text_init(&line, 1 << 14);
    text_addf(&line, "%s: ", engine_target_name(s->engine, i));
    if (up)
        add_connection(&line, &status);
    else
        text_addf(&line, "NOT connected to %s: %s", status.place != NULL ? status.place : "?", status.error != NULL ? status.error : "no answer yet");
    struct text clean; /* names of roles and databases may hold anything */
    text_init(&clean, 1 << 14);
    utf8_clean(&clean, text_str(&line), true);
    puts(text_str(&clean));
    text_done(&clean);
    text_done(&line);
    return up;
}

/* Rows of `access` that are missing something; advice is not counted. */
static int count_missing(const struct result *r)
{
    int missing = 0, state = result_column(r, "state");
    for (int i = 0; i < r->n_rows && state >= 0; i++) {
        const struct value *v = result_at(r, i, state);
        missing += v->type == VALUE_TEXT && strcmp(v->text, "ok") != 0 && strcmp(v->text, "advice") != 0;
    }
    return missing;
}

static int examine(struct session *s, const struct args *args, struct err *err)
{
    const struct dataset *access = registry_find(&s->registry, "access");
    if (!session_add_targets(s, (const char *const *)args->words, args->n_words, err))
        return EXIT_USAGE;
    if (!session_collect(s, &access, 1, 1, 10, err)) {
        session_explain_down(s, stderr);
        session_explain_failures(s, &access, 1, stderr);
        return EXIT_NO_DATA;
    }
    bool all = true;
    for (int i = 0; i < engine_targets(s->engine); i++)
        all = print_target(s, i) && all;
    struct door *door = door_new(&s->registry, err);
    struct snapshot *snapshot = store_snapshot(engine_store(s->engine));
    struct query query = {.sql = access_sql};
    struct result *result = door == NULL ? NULL : door_run(door, snapshot, &query, err);
    int code = EXIT_USAGE;
    if (result != NULL) {
        export_result(stdout, result, EXPORT_TABLE, NULL, true);
        int missing = count_missing(result);
        if (missing > 0)
            printf("\n%d of %d are missing something; the column `cure` says what gives it.\n", missing, result->n_rows);
        code = missing > 0 || !all ? EXIT_INCOMPLETE : EXIT_OK;
    }
    result_free(result);
    snapshot_unref(snapshot);
    door_free(door);
    session_explain_down(s, stderr);
    return code;
}

int doctor_run(const struct args *args)
{
    struct session s;
    struct err err = {0};
    int code = EXIT_USAGE;
    if (session_open(&s, args, 0, &err)) {
        code = examine(&s, args, &err);
        session_close(&s, code);
    }
    if (code == EXIT_USAGE)
        output_tell(stderr, err.text);
    return code;
}
