/* Dead letters that are sent again. */
#include <stdlib.h>
#include <string.h>

#include "alerts/state_private.h"
#include "core/mem.h"

struct resend {
    struct state *state;
    int64_t number;
    bool found;
    struct message message; /* owns its texts, `webhook` too */
    char *webhook;
    state_resent_fn *fn;
    void *ctx;
};

static char *copy_at(sqlite3_stmt *row, int i)
{
    const char *text = (const char *)sqlite3_column_text(row, i);
    return mem_dup(text == NULL ? "" : text);
}

/* On the writer's thread. */
static void read_dead(void *ctx)
{
    struct resend *r = ctx;
    const struct state_file *f = r->state->file;
    sqlite3_stmt *s = NULL;
    if (f == NULL || !f->ready)
        return;
    static const char sql[] = "select message_id, webhook, order_key, body, text, made_s from outbox"
                              " where number = ? and dead";
    if (sqlite3_prepare_v2(f->db, sql, -1, &s, NULL) == SQLITE_OK) {
        sqlite3_bind_int64(s, 1, r->number);
        r->found = sqlite3_step(s) == SQLITE_ROW;
    }
    if (r->found) {
        r->webhook = copy_at(s, 1);
        r->message = (struct message){.id = copy_at(s, 0),
                                      .webhook = r->webhook,
                                      .order_key = copy_at(s, 2),
                                      .body = copy_at(s, 3),
                                      .text = copy_at(s, 4),
                                      .made_s = sqlite3_column_double(s, 5)};
    }
    sqlite3_finalize(s);
}

/* Two asked for it at once, and the first has it already. */
static bool is_under_way(const struct resend *r)
{
    for (int i = 0; r->found && i < r->state->n_live; i++)
        if (strcmp(r->state->live[i].message_id, r->message.id) == 0 &&
            strcmp(r->state->live[i].webhook, r->webhook) == 0)
            return true;
    return false;
}

static void dead_read(void *ctx)
{
    struct resend *r = ctx;
    r->found = r->found && !is_under_way(r);
    struct cell number = cell_int(r->number);
    if (r->found) {
        state_put_message(r->state, &r->message);
        state_add_row(r->state, row_new(DROP_MESSAGE, &number, 1));
        state_commit(r->state, NULL, NULL);
    }
    if (r->fn != NULL)
        r->fn(r->ctx, r->found);
    free(r->message.id);
    free(r->message.order_key);
    free(r->message.body);
    free(r->message.text);
    free(r->webhook);
    free(r);
}

void state_resend(struct state *s, int64_t number, state_resent_fn *fn, void *ctx)
{
    struct resend *r = mem_new(sizeof(*r));
    *r = (struct resend){.state = s, .number = number, .fn = fn, .ctx = ctx};
    writer_do(s->writer, read_dead, dead_read, r);
}
