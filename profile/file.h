/* A file of named queries, as yesql, aiosql and sqlc have them: `-- name: recent_messages` before each
 * statement. Beside it
 * `-- p95: 20ms` and `-- p99: 50ms` are targets, `-- set id = 5` gives :id a value, and `-- param id, chat:
 * select ...` gives :id and :chat the rows of a query, one row a run, again from the first after the last.
 * What stands before the first name is said of all. */
#ifndef DBVITALS_PROFILE_FILE_H
#define DBVITALS_PROFILE_FILE_H

#include <math.h>
#include <stddef.h>

#include "core/err.h"
#include "core/result.h"

enum { MOST_QUERIES = 1000, MOST_BINDINGS = 1000, MOST_PARAMS_OF_ONE = 100, LONGEST_NAME = 63 };
enum { LARGEST_FILE = 1 << 20 };

/* The rows of a query, of which parameters take columns. */
struct query_list {
    char *sql;
    int n_names;
    int line;
};

struct query_binding {
    char *name;
    int query;          /* that it is said of; -1: all */
    int list, column;   /* of lists; list -1: it is the one value */
    struct value value; /* a text is the binding's own */
};

struct named_query {
    char *name;
    int line;     /* of its name, or of its statement where it has none */
    int sql_line; /* where its statement begins */
    char *sql;    /* parameters are $1, $2, ... */
    int *uses;    /* the binding of $1, $2, ... */
    int n_uses;
    double p95_ms, p99_ms; /* NAN: no target */
};

struct query_file {
    struct named_query *queries;
    int n;
    struct query_list *lists;
    int n_lists;
    struct query_binding *bindings;
    int n_bindings;
};

/* A target, as "50ms". Without its unit it is refused: 50 s is what nothing is slower than. */
bool target_parse(const char *s, double *seconds, struct err *err);
/* A file of at most MOST bytes, with a NUL behind it; the caller frees it. */
bool read_text_file(const char *path, size_t most, char **text, size_t *len, struct err *err);
/* LEN is at most LARGEST_FILE. PATH is for messages: "PATH:LINE: sentence". OUT is untouched on failure. */
bool query_file_parse(const char *text, size_t len, const char *path, struct query_file *out,
                      struct err *err);
bool query_file_read(const char *path, struct query_file *out, struct err *err);
void query_file_done(struct query_file *f);

/* What a comment may say, for help. */
struct directive {
    const char *example, *help;
};
int directives(void);
struct directive directive_at(int i);

#endif
