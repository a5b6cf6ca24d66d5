/* Datasets that are read in every database of the cluster: one database after the other, on a connection of
 * its own, and all rows put together. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/pg/inside.h"
#include "core/mem.h"

enum { MAX_DATABASES = 200, MAX_TOGETHER = 8 };

/* Those that a cloud keeps for itself refuse us, or tell about it in the server's log. */
static const char databases_sql[] =
    "select d.oid, d.datname from pg_catalog.pg_database d where d.datallowconn"
    " and d.datname not in ('template0', 'rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys')"
    " and pg_catalog.has_database_privilege(d.oid, 'CONNECT') order by d.datname limit 201";

struct cluster {
    struct pg_source *source;
    struct lane lane;
    struct pg_poll *asked[MAX_TOGETHER], *waiting[MAX_TOGETHER]; /* in this round; for the next one */
    int n_asked, n_waiting;
    int64_t oids[MAX_DATABASES];
    char *names[MAX_DATABASES];
    int n_databases;
    int at;     /* the database being read */
    int n_open; /* polls of it that are not answered */
    struct pg_facts facts;
    struct sample **samples[MAX_TOGETHER]; /* by poll and database; NULL where it failed */
    char error[500];                       /* the first */
    enum failure why;
    bool starting; /* polls of a database are being started: their answers wait for the last */
    bool stopped;  /* the server was left: nothing of this round counts */
};

/* ---- Putting samples together ---- */

static void append_column(struct sample *to, int column, int at, const struct sample *from)
{
    if (to->values[column].any == NULL || !sample_has(from, column))
        return;
    union values v = to->values[column];
    for (int i = 0; i < from->n_rows; i++)
        switch (to->dataset->columns[column].type) {
        case TYPE_REAL:
            v.real[at + i] = sample_real(from, column, i);
            break;
        case TYPE_INT:
            v.integer[at + i] = sample_int(from, column, i);
            break;
        case TYPE_TEXT: {
            bool again = i > 0 && sample_text(from, column, i) == sample_text(from, column, i - 1);
            v.text[at + i] = again ? v.text[at + i - 1] : arena_dup(to->arena, sample_text(from, column, i));
            break;
        }
        }
}

/* The samples of all databases as one; NULL if none was read. Times are those of the middle. Which databases
 * were read is part of the epoch: one that comes back must not look as if its tables were new. */
static struct sample *join(const struct cluster *c, int which)
{
    const struct dataset *d = c->asked[which]->dataset;
    struct sample *const *samples = c->samples[which];
    int rows = 0, n_read = 0, at = 0, n = samples == NULL ? 0 : c->n_databases;
    double mono_s = 0, wall_s = 0;
    for (int i = 0; i < n; i++)
        if (samples[i] != NULL) {
            n_read++;
            rows += samples[i]->n_rows;
            mono_s += samples[i]->mono_s;
            wall_s += samples[i]->wall_s;
        }
    if (n_read == 0)
        return NULL;
    struct sample *all = sample_new(d, rows);
    all->mono_s = mono_s / n_read;
    all->wall_s = wall_s / n_read;
    all->reset_s = NAN;
    all->epoch = EPOCH_START;
    for (int i = 0; i < n; i++) {
        const struct sample *s = samples[i];
        if (s == NULL)
            continue;
        all->epoch = epoch_add(all->epoch, &s->epoch, sizeof(s->epoch));
        all->epoch = epoch_add(all->epoch, &c->oids[i], sizeof(c->oids[i]));
        for (int j = 0; j < d->n_columns; j++) {
            if (at == 0 && d->columns[j].kind != KIND_DERIVED && !sample_has(s, j) && s->why[j] != NULL)
                sample_lacks(all, j, s->why[j]);
            append_column(all, j, at, s);
        }
        at += s->n_rows;
    }
    return all;
}

/* ---- One round ---- */

static void forget_round(struct cluster *c)
{
    for (int i = 0; i < c->n_asked; i++) {
        for (int j = 0; c->samples[i] != NULL && j < c->n_databases; j++)
            sample_unref(c->samples[i][j]);
        free(c->samples[i]);
        c->samples[i] = NULL;
    }
    for (int i = 0; i < c->n_databases; i++)
        free(c->names[i]);
    c->n_databases = c->n_asked = 0;
    conn_info_free(c->lane.info);
    c->lane.info = NULL;
}

static void finish(struct cluster *c)
{
    struct pg_source *s = c->source;
    struct pg_poll *polls[MAX_TOGETHER];
    struct sample *samples[MAX_TOGETHER];
    char error[sizeof(c->error)];
    int n = c->n_asked;
    enum failure why = c->stopped ? FAILURE_LOST : c->why;
    snprintf(error, sizeof(error), "%s", c->error[0] != '\0' ? c->error : "no database could be read");
    for (int i = 0; i < n; i++) {
        polls[i] = c->asked[i];
        samples[i] = c->stopped ? NULL : join(c, i);
    }
    lane_close(&c->lane, "done");
    forget_round(c);
    source_next_turn(s);
    /* Answering may close the source, and C with it. */
    source_enter(s);
    for (int i = 0; i < n; i++) {
        if (samples[i] != NULL)
            pg_poll_done(polls[i], samples[i]);
        else
            pg_poll_failed(polls[i], why, error);
        poll_ran(polls[i]);
    }
    source_leave(s);
}

static void next_database(struct cluster *c);

/* One poll of one database is answered; the last one of it goes on to the next database. */
static void part_answered(void *ctx, struct pg_poll *part)
{
    struct cluster *c = ctx;
    int which = 0;
    while (which < c->n_asked && c->asked[which]->dataset != part->dataset)
        which++;
    struct pg_poll *whole = c->asked[which];
    c->samples[which][c->at] = part->sample;
    part->sample = NULL;
    whole->cost.server_ms += part->cost.server_ms;
    whole->cost.client_ms += part->cost.client_ms;
    whole->cost.bytes += part->cost.bytes;
    if (part->text != NULL && c->error[0] == '\0') {
        snprintf(c->error, sizeof(c->error), "database %s: %s", c->names[c->at], part->text);
        c->why = part->why;
    }
    if (--c->n_open == 0 && !c->starting) {
        c->at++;
        next_database(c);
    }
}

static void next_database(struct cluster *c)
{
    struct pg_source *s = c->source;
    while (c->at < c->n_databases && !c->stopped) {
        lane_close(&c->lane, "done");
        conn_info_free(c->lane.info);
        c->lane.info = conn_same_place(s->fast.conn);
        conn_info_set(c->lane.info, "dbname", c->names[c->at]);
        c->lane.next_try_mono_s = c->lane.backoff_s = 0;
        c->lane.error[0] = '\0';
        c->facts = s->facts;
        c->facts.database = c->names[c->at];
        c->facts.database_oid = c->oids[c->at];
        c->starting = true;
        c->n_open = c->n_asked;
        for (int i = 0; i < c->n_asked; i++) {
            struct pg_poll *whole = c->asked[i];
            struct pg_poll *part = poll_new(s, whole->dataset, whole->collector, whole->index, &c->lane);
            part->facts = &c->facts;
            part->answer = part_answered;
            part->answer_ctx = c;
            poll_start(part);
        }
        c->starting = false;
        if (c->n_open > 0)
            return;
        c->at++;
    }
    finish(c);
}

static void got_databases(void *ctx, const struct conn_answer *a)
{
    struct cluster *c = ctx;
    source_enter(c->source);
    struct pg_source *s = c->source;
    if (a->rows == NULL) {
        snprintf(c->error, sizeof(c->error), "%s", a->text);
        c->why = a->why;
    } else {
        int n = conn_rows_n(a->rows), len;
        s->remark = n > MAX_DATABASES ? "only the first 200 databases by name are read" : NULL;
        for (int i = 0; i < n && i < MAX_DATABASES; i++) {
            const char *oid = conn_rows_value(a->rows, i, 0, &len);
            c->oids[i] = rows_int(conn_rows_type(a->rows, 0), oid, len);
            c->names[i] = mem_dup(conn_rows_value(a->rows, i, 1, &len));
            c->n_databases++;
        }
        for (int i = 0; i < c->n_asked; i++)
            c->samples[i] = mem_new_array((size_t)c->n_databases, sizeof(struct sample *));
        conn_rows_free(a->rows);
    }
    c->at = 0;
    next_database(c);
    source_leave(s);
}

void cluster_turn(struct pg_source *s)
{
    struct cluster *c = s->cluster;
    if (c == NULL || c->n_asked > 0 || c->n_waiting == 0)
        return;
    memcpy(c->asked, c->waiting, sizeof(c->asked));
    c->n_asked = c->n_waiting;
    c->n_waiting = 0;
    c->error[0] = '\0';
    c->why = FAILURE_OTHER;
    c->stopped = false;
    struct text local;
    text_init(&local, 2000);
    struct conn_query q = {.sql = databases_sql,
                           .local = lane_local(&s->slow, false, s->slow.timeout_s, &local),
                           .timeout_s = s->slow.timeout_s,
                           .ctx = c,
                           .done = got_databases};
    bool sent = lane_send(&s->slow, &q);
    text_done(&local);
    if (!sent) {
        snprintf(c->error, sizeof(c->error), "%s", s->slow.error);
        c->stopped = true;
        finish(c);
    }
}

void cluster_add(struct pg_source *s, struct pg_poll *p)
{
    struct cluster *c = s->cluster;
    if (c == NULL) {
        c = s->cluster = mem_new(sizeof(*c));
        c->source = s;
        c->lane = (struct lane){.source = s, .name = "databases", .timeout_s = s->slow.timeout_s};
    }
    p->cost.lane = c->lane.name;
    if (c->n_waiting == MAX_TOGETHER) {
        pg_poll_failed(p, FAILURE_OTHER, "too many datasets of all databases at once");
        return;
    }
    p->n_running++; /* until finish() */
    c->waiting[c->n_waiting++] = p;
    source_next_turn(s);
}

void cluster_stop(struct pg_source *s, const char *text)
{
    struct cluster *c = s->cluster;
    if (c == NULL)
        return;
    c->stopped = true;
    for (; c->n_waiting > 0; c->n_waiting--) {
        pg_poll_failed(c->waiting[c->n_waiting - 1], FAILURE_LOST, text);
        poll_ran(c->waiting[c->n_waiting - 1]);
    }
    /* Its polls are answered, and with the last of them the round ends. If the list of databases is still
     * asked for, closing the slow lane ends it. */
    lane_close(&c->lane, text);
}

void cluster_free(struct pg_source *s)
{
    if (s->cluster == NULL)
        return;
    conn_close(s->cluster->lane.conn);
    forget_round(s->cluster);
    free(s->cluster);
    s->cluster = NULL;
}
