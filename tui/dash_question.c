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
    struct question *q = &d->question;
    int columns = a.columns - 4 < 100 ? a.columns - 4 : 100, n = 0;
    if (a.rows < 3)
        return;
    for (const char *s = q->text; s != NULL; s = strchr(s + 1, '\n'))
        n++;
    struct area box = box_draw(a, n, columns, q->title);
    const char *line = q->text;
    for (int i = 0; i < n; i++) {
        char copy[200];
        int len = (int)strcspn(line, "\n");
        snprintf(copy, sizeof(copy), "%.*s", len, line);
        area_put(box, i, 1, box.columns - 2, (struct style){ROLE_DIALOG, i == n - 1 ? ATTR_BOLD : 0}, copy,
                 true);
        line += len + (line[len] == '\n');
    }
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
    snprintf(d->question.text, sizeof(d->question.text),
             "%.180s\ny cancels it: the server is asked to stop   any other key leaves it",
             statement >= 0 && result_at(from, row, statement)->type == VALUE_TEXT
                 ? result_at(from, row, statement)->text
                 : "");
    question_open(d, "y", stop);
}

/* ---- The end ---- */

static void leave_how(struct dash *d, char key)
{
    struct err err = {""};
    if (key == 'c' && d->host.cure_stop != NULL)
        d->host.cure_stop(d->host.ctx, 0, &err);
    d->leaving = key != 'l';
    if (key == 'l')
        d->host.quit(d->host.ctx);
    else
        dash_say(d, ROLE_TEXT,
                 key == 'c' ? "cancelling; it ends when the server has obeyed"
                            : "it ends when the last job has");
}

void dash_leave(struct dash *d)
{
    int n = d->host.cures_open == NULL ? 0 : d->host.cures_open(d->host.ctx);
    if (d->host.quit == NULL)
        return;
    if (n == 0) {
        d->host.quit(d->host.ctx);
        return;
    }
    if (d->leaving && d->mode != MODE_QUESTION)
        return;
    snprintf(d->question.title, sizeof(d->question.title), " %d job%s not ended ", n,
             n == 1 ? " has" : "s have");
    snprintf(d->question.text, sizeof(d->question.text),
             "c cancels them and leaves\nw waits for them, then leaves\nl leaves now: the server goes on "
             "with what runs, nobody sees the result; what waits in the queue is "
             "dropped\nany other key stays");
    question_open(d, "cwl", leave_how);
}
