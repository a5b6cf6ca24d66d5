/* Each query of a file run many times on one connection, and what became of it. */
#ifndef DBVITALS_PROFILE_RUN_H
#define DBVITALS_PROFILE_RUN_H

#include "collectors/bench.h"
#include "profile/file.h"
#include "profile/plan.h"
#include "profile/stats.h"

struct profile_options {
    int runs, warmup;      /* the first run of all is warm-up and told apart; with 0 it counts */
    double budget_s;       /* of one query with all its runs */
    double p95_ms, p99_ms; /* of queries to which the file gives none; NAN */
};

struct query_result {
    const struct named_query *query;
    bool begun;            /* false: an end was wanted before one run counted */
    bool ended_early;      /* its time was up, or an end was wanted, before all runs were done */
    bool timed_out;        /* one run was ended by the timeout */
    double first_ms;       /* of the first run, warm-up or not; NAN */
    double rows, bytes;    /* of a run, on average; NAN */
    double p95_ms, p99_ms; /* its targets */
    struct stats stats;
    struct plan_notes plan;
    enum verdict verdict;
    struct err err; /* why it failed */
};

struct profile {
    struct query_result *results; /* one for each query of the file */
    int n;
    int asked; /* runs */
    bool stopped, lost;
};

/* Runs all; a query that fails does not keep the others from being run. FILE must outlive OUT. */
void profile_run(const struct bench_driver *driver, struct bench *bench, const struct query_file *file,
                 const struct profile_options *options, struct profile *out);
void profile_done(struct profile *p);

#endif
