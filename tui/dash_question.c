/* Questions that one key answers: is a job to be cancelled, what becomes of jobs when the dashboard ends. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui/dash_state.h"

static void question_open(struct dash *d, const char *keys, void (*fn)(struct dash *d, char key))
{
    snprintf(d->question.keys, sizeof(d->question.keys), "%s", keys);
    d->question.fn = fn;
    d->question.shown_s = NAN;
    d->mode = MODE_QUESTION;
    d->dirty = true;
    if (d->host.flush != NULL)
        d->host.flush(d->host.ctx);
}

void question_key(struct dash *d, const struct key *key)
{
    struct question *q = &d->question;
    bool plain = key->kind == KEY_CHAR && !key->control && !key->alt && key->code < 128;
    if (!dialog_armed(d, &q->shown_s))
        return;
    d->mode = MODE_PAGE;
    if (plain && strchr(q->keys, (int)key->code) != NULL)
        q->fn(d, (char)key->code);
}

void question_draw(struct dash *d, struct area a)
{
    static const struct style plain = {ROLE_DIALOG, 0}, bold = {ROLE_DIALOG, ATTR_BOLD};
    struct question *q = &d->question;
    int columns = a.columns - 4 < 100 ? a.columns - 4 : 100;
    if (a.rows < 3)
        return;
    struct lines *l = lines_new(columns - 2);
    lines_add(l, plain, q->about);
    int about = l->n;
    lines_add(l, bold, q->answers);
    /* Where there is no room for all, the answers stand there. */
    int room = l->n < a.rows - 2 ? l->n : a.rows - 2, left_out = l->n - room;
    struct area box = box_draw(a, room, columns, q->title);
    for (int i = 0; i < room; i++) {
        int line = i < about - left_out ? i : i + left_out;
        area_put(box, i, 1, l->columns, l->list[line].style, l->list[line].text, true);
    }
    lines_free(l);
    if (isnan(q->shown_s))
        q->shown_s = d->host.now(d->host.ctx);
}

/* ---- A job ---- */

static void stop(struct dash *d, char key)
{
    struct err err = {""};
    (void)key;
    if (!d->host.cure_stop(d->host.ctx, d->question.job, &err))
        dash_say(d, ROLE_WARNING, err.text);
    else
        dash_say(d, ROLE_TEXT, "the server is asked to cancel it");
}

void job_stop(struct dash *d, struct dash_pane *p)
{
    const struct result *from;
    int row;
    struct view v = pane_view(p);
    int id = p->result == NULL ? -1 : result_column(p->result, "job_id");
    if (id < 0 || view_rows(&v) == 0) {
        dash_say(d, ROLE_DIM, "C cancels the statement of a session, or a job of page cures: this row is neither");
        return;
    }
    if (d->host.cure_stop == NULL || d->options.read_only) {
        dash_say(d, ROLE_WARNING,
                 d->options.read_only ? "--read-only: nothing here changes a server"
                                      : "jobs do not run here");
        return;
    }
    view_row(&v, p->table.row, &from, &row);
    int statement = result_column(from, "statement"), target = result_column(from, "target");
    d->question.job = (int64_t)value_real(result_at(from, row, id));
    snprintf(d->question.title, sizeof(d->question.title), " cancel job %lld on %.60s ",
             (long long)d->question.job,
             target >= 0 && result_at(from, row, target)->type == VALUE_TEXT
                 ? result_at(from, row, target)->text
                 : d->target);
    snprintf(d->question.about, sizeof(d->question.about), "%s",
             statement >= 0 && result_at(from, row, statement)->type == VALUE_TEXT
                 ? result_at(from, row, statement)->text
                 : "");
    snprintf(d->question.answers, sizeof(d->question.answers),
             "y cancels it: the server is asked to stop   any other key leaves it");
    question_open(d, "y", stop);
}

/* ---- The end ---- */

static int open_jobs(const struct dash *d)
{
    return d->host.cures_open == NULL ? 0 : d->host.cures_open(d->host.ctx);
}

void dash_leave_if_done(struct dash *d)
{
    if (d->leaving && open_jobs(d) == 0)
        d->host.quit(d->host.ctx);
}

static void leave_how(struct dash *d, char key)
{
    struct err err = {""};
    if (key == 'l') {
        d->host.quit(d->host.ctx);
        return;
    }
    if (key == 'c' && d->host.cure_stop != NULL)
        d->host.cure_stop(d->host.ctx, 0, &err);
    d->leaving = true;
    dash_say(d, ROLE_TEXT,
             key == 'c' ? "cancelling; it ends when the server has obeyed (q asks again)"
                        : "it ends when the last job has (q asks again)");
    dash_leave_if_done(d); /* the last one may have ended while the question stood */
}

void dash_leave(struct dash *d)
{
    int n = open_jobs(d);
    if (d->host.quit == NULL)
        return;
    if (n == 0) {
        d->host.quit(d->host.ctx);
        return;
    }
    d->leaving = false; /* it was to wait: whoever asks again decides again */
    snprintf(d->question.title, sizeof(d->question.title), " %d job%s not ended ", n,
             n == 1 ? " has" : "s have");
    d->question.about[0] = '\0';
    snprintf(d->question.answers, sizeof(d->question.answers),
             "c cancels them, then leaves\nw waits for them, then leaves\n"
             "l leaves now: what runs goes on at the server, what waits is dropped\nany other key stays");
    question_open(d, "cwl", leave_how);
}
