/* Reading a file of queries: what its two files share. */
#ifndef DBVITALS_PROFILE_DIRECTIVE_H
#define DBVITALS_PROFILE_DIRECTIVE_H

#include "profile/file.h"

struct reading {
    const char *text, *path;
    size_t len;
    int line;
    bool line_begins;   /* nothing but blanks stand before */
    bool named;         /* a -- name: was met */
    bool in_statement;  /* since `start` */
    bool has_statement; /* the query that is the last has its SQL */
    size_t start;
    int use;               /* the number of the parameter that was found last */
    double p95_ms, p99_ms; /* of all that follow */
    struct query_file out;
};

/* The comment from AT to END, if it is one that means something. */
bool directive_read(struct reading *r, size_t at, size_t end, struct err *err);
/* Puts file and line before what ERR says; false. */
bool reading_fail(const struct reading *r, int line, struct err *err);
/* A query without SQL yet. */
bool reading_add_query(struct reading *r, const char *name, size_t len, struct err *err);
/* What ends before AT is complete. */
bool reading_end_query(struct reading *r, size_t at, struct err *err);

#endif
