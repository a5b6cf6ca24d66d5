/* What a SELECT gave: rows with units, immutable, owned by one arena. */
#ifndef DBVITALS_CORE_RESULT_H
#define DBVITALS_CORE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/column.h"

enum value_type { VALUE_NULL, VALUE_INT, VALUE_REAL, VALUE_TEXT };
struct value {
    enum value_type type;
    union {
        int64_t integer;
        double real;
        const char *text; /* NUL-terminated valid UTF-8 */
    };
};

struct result_column {
    const char *name;
    enum unit unit;              /* from the dataset's column, else from the name's suffix */
    const char *dataset;         /* where it comes from, NULL for expressions */
    const struct column *origin; /* NULL for expressions, target, span_s, age_s */
    bool numeric;                /* align right */
};

struct result {
    struct arena *arena;
    struct result_column *columns;
    int n_columns;
    int n_rows;
    struct value *values; /* n_rows x n_columns, row by row */
    bool more;            /* the row limit, or that of 64 MB, cut it */
    double cpu_ms;        /* what the statement cost the query thread */
};

const struct value *result_at(const struct result *r, int row, int column);
int result_column(const struct result *r, const char *name); /* -1 if none */
/* The number in V, NAN for NULL and text. */
double value_real(const struct value *v);
/* V for a person with the unit, into out; texts are copied and cut. NULL gives "n/a". */
void value_format(const struct value *v, enum unit unit, char *out, size_t size);
void result_free(struct result *r);

#endif
