/* What the files of the facade share. */
#ifndef DBVITALS_ALERTS_ALERTS_PRIVATE_H
#define DBVITALS_ALERTS_ALERTS_PRIVATE_H

#include "alerts/alerts.h"

/* A rule and when it is asked next. */
struct watch {
    struct alerts *alerts;
    const struct rule *rule;
    double due_s;    /* monotonic; HUGE_VAL: never */
    double judged_s; /* monotonic, of the evaluation before; NAN: there was none */
    double asked_s;
    double
        answered_s; /* monotonic, of the last answer that was no error; at first: when it came into force */
    int ticket;     /* 0: nothing is asked */
    /* Of the question that is under way: */
    struct coverage *coverage;
    int n_coverage;
    struct snapshot *snapshot;
    struct result *answer, *there; /* there: the rows whatever `where` says */
};

/* All that comes from one config. */
struct settings {
    struct rules rules;
    struct webhooks webhooks;
    struct maintenances maintenances;
};
bool settings_read(const struct config *config, const struct registry *registry, struct settings *out,
                   struct err *err);
void settings_done(struct settings *s);

struct alerts {
    struct loop *loop;
    struct engine *engine;
    struct query_thread *queries;
    const struct registry *registry;
    char *source;
    bool tells; /* somebody is told */
    bool soon;  /* as in the options */
    struct settings settings;
    struct watch *watches; /* as settings.rules.list */
    int n_running;
    struct moment *moment; /* NULL: none is kept */
    struct loop_timer *timer;
    struct book *book;
    struct notify *notify; /* NULL when nothing is delivered, as fetcher and deliver */
    struct state *state;
    struct fetcher *fetcher;
    struct deliver *deliver;
    struct contexts *contexts;
    alerts_log_fn *log;
    void *log_ctx;
    double ticked_s, shown_s; /* monotonic */
    double awake_s;           /* of loop_boot_s: when the timer ran last */
    bool stopped;
    bool happened; /* events since the last commit */
    bool dirty;    /* something is to be committed */
    bool changed;  /* what datasets show */
};

/* alerts_ask.c */
void watches_new(struct alerts *a);
void watches_free(struct alerts *a);
/* After a time in which nothing ran: it counts for no timer, and what is asked is asked once the sources had
 * a moment to answer. */
void watches_woke(struct alerts *a, double now_s);
/* Asks what is due; returns the monotonic time of what is due next. */
double watches_ask(struct alerts *a, double now_s);

/* alerts_coverage.c: the store at a moment, and what is known of each dataset then; shared by the rules that
 * are asked together. */
struct moment;
struct moment *moment_new(const struct alerts *a, double now_s);
void moment_free(struct moment *m);
struct snapshot *moment_snapshot(const struct moment *m);
/* Some target has a sample of D. */
bool moment_has(const struct moment *m, const struct dataset *d);
double moment_age_s(const struct moment *m, double now_s);
/* What is known of each target for RULE; heap array, freed by coverage_free. */
struct coverage *coverage_of(struct moment *m, const struct rule *rule, int *n);
void coverage_free(struct coverage *c, int n);

/* alerts_keep.c: events and samples on their way out. */
void keep_event(void *ctx, const struct event *e);
void keep_forgotten(void *ctx, const struct alert *alert);
/* Tells whom it concerns, and commits. */
void keep_commit(struct alerts *a, double now_s);
void keep_samples(struct alerts *a, double now_s);

/* alerts_context.c: what targets looked like when their alerts fired. */
struct contexts;
struct contexts *contexts_new(void);
void contexts_free(struct alerts *a);
/* No question is on its way any more. */
void contexts_stop(struct alerts *a);
/* Shows those that the file has; once, after the book was loaded. */
bool contexts_load(struct alerts *a, struct err *err);
void context_ask(struct alerts *a, const struct event *e);
/* What is kept now is a sample, at most once a second. */
void contexts_show(struct alerts *a, double now_s);

/* The timer: at once. */
void alerts_wake(struct alerts *a);

#endif
