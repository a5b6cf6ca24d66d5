/* The connection of a cure: what is set on it, and how it ends. */
#include <math.h>
#include <string.h>

#include "collectors/pg/act.h"

static const double CONNECT_S = 10, ASK_S = 10;
enum { MOST_WARNINGS = 4000 };
/* A cure may take as long as its limit, whatever the role or the database says of its transactions. No
 * startup option: 14 to 16 do not know the setting, and would refuse the connection. */
static const char ENDLESS[] = "SELECT pg_catalog.set_config(s.name, '0', false) FROM pg_catalog.pg_settings s"
                              " WHERE s.name = 'transaction_timeout'";

static void on_up(void *ctx)
{
    (void)ctx;
}

/* What was outstanding has been answered by then; without an answer to come it is the end. */
static void on_down(void *ctx, enum conn_trouble trouble, const char *text)
{
    struct act *a = ctx;
    (void)trouble;
    if (a->step == STEP_AFTER) {
        act_after_later(a);
        return;
    }
    if (a->step == STEP_WATCH)
        act_say(a, "it could not be seen what came of it");
    act_finish(a, ACT_FAILED, text);
}

static void on_notice(void *ctx, const char *severity, const char *text)
{
    struct act *a = ctx;
    if (strcmp(severity, "WARNING") == 0 && a->said.len < MOST_WARNINGS)
        act_say(a, text);
}

static void settings_add(struct act *a, struct conn_info *info)
{
    const struct pg_source *s = a->source;
    const char *own = conn_info_get(s->info, "options");
    struct text t;
    text_init(&t, 4000);
    text_addf(&t,
              "%s -c statement_timeout=0 -c lock_timeout=%.0f -c idle_in_transaction_session_timeout=0"
              " -c idle_session_timeout=0"
              " -c client_connection_check_interval=0" /* who leaves was told that the server goes on */
              " -c standard_conforming_strings=on -c client_min_messages=warning",
              own == NULL ? "" : own, isnan(a->lock_timeout_s) ? 0 : fmax(1, a->lock_timeout_s * 1000));
    conn_info_set(info, "options", s->pooled ? NULL : text_str(&t));
    conn_info_set(info, "application_name", s->pooled ? NULL : "dbvitals");
    conn_info_set(info, "client_encoding", s->pooled ? NULL : "UTF8");
    text_done(&t);
}

void act_place(struct act *a, const char *database)
{
    a->info = conn_same_place(a->source->fast.conn);
    if (database != NULL)
        conn_info_set(a->info, "dbname", database);
    settings_add(a, a->info);
}

void act_connect(struct act *a)
{
    struct pg_source *s = a->source;
    struct conn_options how = {
        .password = keep_password(&s->keep), .syn_s = CONNECT_S, .answer_s = CONNECT_S, .pooled = s->pooled};
    conn_close(a->conn);
    a->conn = conn_open(s->loop, a->info, &how,
                        (struct conn_handler){.ctx = a, .up = on_up, .down = on_down, .notice = on_notice});
    if (!s->pooled)
        act_ask_own(a, ENDLESS, NULL);
}

void act_ask(struct act *a, const char *sql, double timeout_s,
             void (*done)(void *ctx, const struct conn_answer *answer))
{
    conn_send(a->conn, &(struct conn_query){.sql = sql,
                                            .local = a->source->pooled ? "" : NULL,
                                            .unnamed = true,
                                            .timeout_s = timeout_s,
                                            .ctx = a,
                                            .done = done});
}

/* What we ask for ourselves bears our tag. */
void act_ask_own(struct act *a, const char *sql, void (*done)(void *ctx, const struct conn_answer *answer))
{
    struct text tagged;
    size_t word = strcspn(sql, " \n");
    text_init(&tagged, 1 << 17);
    text_add_n(&tagged, sql, word);
    text_add(&tagged, " " PG_TAG);
    text_add(&tagged, sql + word);
    act_ask(a, text_str(&tagged), ASK_S, done);
    text_done(&tagged);
}
