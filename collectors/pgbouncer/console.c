/* The connection to the console: opened, looked at, lost and opened again; and the pools looked at each
 * second while somebody wants them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collectors/pgbouncer/inside.h"

static const double LOOK_S = 1;        /* between looks at the pools */
static const double WANTED_FOR_S = 65; /* after the last poll of them */

/* ---- What it is ---- */

static void lost(struct bouncer_source *s, enum conn_trouble trouble, const char *text)
{
    int host = conn_host_index(s->conn);
    keep_down(&s->keep);
    console_close(s, text);
    keep_lost(&s->keep, trouble, host, text);
}

void console_read_config(struct bouncer_source *s, const struct conn_rows *config)
{
    for (int row = 0; row < conn_rows_n(config); row++) {
        const char *key = bouncer_text(config, row, "key");
        if (key != NULL && strcmp(key, "max_client_conn") == 0)
            s->max_clients = bouncer_number(config, row, "value");
    }
}

static void got_config(void *ctx, const struct conn_answer *a)
{
    struct bouncer_source *s = ctx;
    bouncer_enter(s);
    if (a->rows != NULL && !s->closed) {
        console_read_config(s, a->rows);
        s->rtt_ms = a->elapsed_s * 1000;
        keep_up(&s->keep);
        s->epoch = epoch_add(EPOCH_START, &s->keep.up_mono_s, sizeof(s->keep.up_mono_s));
        bouncer_tell(s, SOURCE_UP, NULL);
    } else if (a->rows == NULL && !s->closed && conn_is_up(s->conn)) {
        char text[500];
        snprintf(text, sizeof(text), "the console does not tell its configuration: %s", a->text);
        lost(s, CONN_DENIED, text);
    }
    conn_rows_free(a->rows);
    bouncer_leave(s);
}

/* "1.18.0/bouncer" is what the console says for its version. */
static const char *version_end(const char *version)
{
    return version == NULL ? NULL : strstr(version, "/bouncer");
}

bool console_is(const struct conn *c)
{
    return version_end(conn_parameter(c, "server_version")) != NULL;
}

static bool is_console(struct bouncer_source *s)
{
    const char *version = conn_parameter(s->conn, "server_version"), *slash = version_end(version);
    if (slash == NULL)
        return false;
    snprintf(s->version, sizeof(s->version), "%.*s", (int)(slash - version), version);
    return true;
}

static void up(void *ctx)
{
    struct bouncer_source *s = ctx;
    s->n_unknown = 0;
    bouncer_enter(s);
    if (is_console(s))
        conn_send(s->conn,
                  &(struct conn_query){
                      .sql = "SHOW CONFIG", .timeout_s = CONSOLE_TIMEOUT_S, .ctx = s, .done = got_config});
    else
        lost(s, CONN_DENIED,
             "this is not PgBouncer's console: its database is called pgbouncer, and PostgreSQL itself is a "
             "target postgresql://...");
    bouncer_leave(s);
}

/* ---- Opening ---- */

/* What it says for itself, and what to do about it. */
static const struct {
    const char *said, *meant;
} sentences[] = {
    {"not allowed", "this role may not use the console: name it in admin_users or stats_users of "
                    "pgbouncer.ini, then RELOAD"},
    {"database \"pgbouncer\" does not exist",
     "a server without a console answered: is this PostgreSQL's own port?"},
    {"the pooler is shut down", "PgBouncer is shutting down"},
    {"server does not support SSL",
     "PgBouncer does not offer TLS here: set client_tls_sslmode there, or sslmode=prefer in the URL"},
    {"SSL required", "PgBouncer takes only TLS here: sslmode=require in the URL"},
    {"admin access needed", "needs admin_users: this role may look, and not act: name it there in "
                            "pgbouncer.ini, then RELOAD"},
};

void console_sentence(const char *text, char *out, size_t size)
{
    snprintf(out, size, "%s", text);
    for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
        if (strstr(text, sentences[i].said) != NULL)
            snprintf(out, size, "%s: %.600s", sentences[i].meant, text);
}

static void down(void *ctx, enum conn_trouble trouble, const char *text)
{
    struct bouncer_source *s = ctx;
    char more[900];
    console_sentence(text, more, sizeof(more));
    bouncer_enter(s);
    lost(s, trouble, more);
    bouncer_leave(s);
}

void console_prepare(struct conn_info *info)
{
    keep_add_standards(info);
    conn_info_set(info, "application_name", "dbvitals");
    conn_info_set(info, "client_encoding", NULL);
    conn_info_set(info, "options", NULL); /* of psql's environment; the console refuses them */
    conn_info_set(info, "target_session_attrs", NULL);
}

static void open_conn(void *ctx)
{
    struct bouncer_source *s = ctx;
    if (s->conn != NULL)
        return;
    struct conn_info *info = conn_info_copy(s->info);
    console_prepare(info);
    struct conn_options options = keep_options(&s->keep);
    options.simple = true;
    s->conn = conn_open(s->loop, info, &options, (struct conn_handler){.ctx = s, .up = up, .down = down});
    conn_info_free(info);
}

static void tell(void *ctx, enum source_state state, const char *error)
{
    struct bouncer_source *s = ctx;
    bouncer_enter(s);
    bouncer_tell(s, state, error);
    bouncer_leave(s);
}

void console_close(struct bouncer_source *s, const char *text)
{
    struct conn *c = s->conn;
    s->conn = NULL;
    conn_give_up(c, text);
    conn_close(c);
}

/* ---- Looking between polls: a queue of a second is over before the next one ---- */

static void looked(void *ctx, const struct conn_answer *a)
{
    struct bouncer_source *s = ctx;
    if (a->rows != NULL && !s->closed)
        peaks_add(s->peaks, a->rows, conn_rows_end_s(a->rows));
    conn_rows_free(a->rows);
}

static void on_second(void *ctx)
{
    struct bouncer_source *s = ctx;
    if (s->keep.up && conn_outstanding(s->conn) == 0 && loop_mono_s() - s->pools_mono_s < WANTED_FOR_S)
        conn_send(s->conn,
                  &(struct conn_query){
                      .sql = "SHOW POOLS", .timeout_s = CONSOLE_TIMEOUT_S, .ctx = s, .done = looked});
}

void console_start(struct bouncer_source *s)
{
    s->second = loop_timer_new(s->loop, on_second, s);
    loop_timer_start(s->second, LOOK_S, LOOK_S);
    keep_init(&s->keep, s->loop, &s->config, s->info,
              (struct keep_host){.ctx = s, .open = open_conn, .tell = tell});
}
