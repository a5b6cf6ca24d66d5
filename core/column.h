/* A dataset: a table with a name, whose columns are declared once, in a constant array. Everything above (help,
 * docs, SQL tables, /metrics) is derived from that array. */
#ifndef DBVITALS_CORE_COLUMN_H
#define DBVITALS_CORE_COLUMN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/unit.h"

enum kind {
    KIND_KEY,     /* identity of the row */
    KIND_LABEL,   /* text that describes the row, of low cardinality */
    KIND_TEXT,    /* free text (query, error): never a metric label */
    KIND_GAUGE,   /* a level */
    KIND_COUNTER, /* only grows: gives x (the source's total), x_delta and x_per_s */
    KIND_DERIVED  /* computed from the increases over the window by a formula */
};

enum type {
    TYPE_REAL, /* double; NAN is no value. All counters, gauges and times are of this type. */
    TYPE_INT,  /* int64_t; INT_NONE is no value. For names that are numbers: pid, oid, queryid. */
    TYPE_TEXT  /* UTF-8, valid (mended when it came in); NULL is no value */
};

#define INT_NONE INT64_MIN

/* How a DERIVED column follows from the increases of COUNTER columns a, b, c of the same row. All give NAN when an
 * operand has no increase or the denominator is below `least` (0 is always below). */
enum formula {
    FORMULA_NONE,
    FORMULA_SHARE,    /* a / (a + b) */
    FORMULA_QUOTIENT, /* a / b; with a in ms and b a count this is a mean */
    FORMULA_PART,     /* a / sum of a over all rows of the dataset and target (share of total time) */
    FORMULA_STDDEV,   /* of one event, from count a, sum b, sum of squares c */
    FORMULA_P50,      /* log-normal quantiles with the two moments from count a, sum b, sum of squares c */
    FORMULA_P95,
    FORMULA_P99,
    /* Quantiles of a histogram that the source keeps: from a on, `run` COUNTER columns that count the events up to a bound, as Prometheus has
     * them; from b on, the GAUGE columns with these bounds, ascending, in the unit of the result, the last INFINITY, no value after it. */
    FORMULA_BUCKET50,
    FORMULA_BUCKET95,
    FORMULA_BUCKET99
};
enum { MOST_BUCKETS = 24 }; /* of a histogram */

struct column {
    const char *name; /* lower case, never an SQL reserved word */
    enum kind kind;
    enum type type;
    enum unit unit;
    /* Where a value comes from, in the source's own language (an SQL expression). NULL: filled by code, or derived. */
    const char *source;
    /* The source is used from version SINCE on (PostgreSQL: server_version_num, or the extension's version as 108 for
     * 1.8 in datasets that go by the extension); before it, BEFORE is used, and if that is NULL the column is n/a.
     * 0 means always. UNTIL (exclusive, 0 means never) ends it. */
    int since;
    int until;
    const char *before;
    /* DERIVED only. */
    enum formula formula;
    const char *a, *b, *c; /* names of COUNTER columns of the same dataset */
    int run;               /* of a BUCKET formula: how many columns from a on, and from b on */
    double least;          /* smallest denominator worth judging */
    const char *help;      /* one line: what the number is */
    /* Of use only to the formulas of other columns: no table, help or metric shows it. */
    bool inside;
};

struct dataset {
    const char *name;
    const char *help; /* one line: what a row is */
    const struct column *columns;
    int n_columns;
    /* Every poll reads all rows, so a row that is new between two polls of one epoch was created between them. */
    bool whole;
    /* The TIME column that tells since when a row's counters count, or NULL: a row made anew is measured from 0. A number that is no time of the last
     * decades tells apart rows of one key whose counters cannot be compared. */
    const char *since;
    /* Seconds between polls while something looks at it; 0 means each refresh. */
    double every;
    /* Seconds between baseline polls when nothing looks at it; 0 means none is kept. */
    double baseline_every;
};

/* The column called NAME, or -1. */
int dataset_column(const struct dataset *d, const char *name);
/* Checks what the registry test checks (for datasets of the user's own too): names, kinds, units, operands, help. */
bool dataset_check(const struct dataset *d, struct err *err);

/* What an SQL table of a dataset shows: a COUNTER gives three, all others one; plus columns that each table has. */
enum face { FACE_SELF, FACE_DELTA, FACE_PER_S, FACE_TARGET, FACE_SPAN_S, FACE_AGE_S, FACE_SAMPLED_AT };
struct shown {
    char name[72];
    enum face face;
    int column; /* index in the dataset, -1 for target, span_s, age_s, sampled_at */
    enum unit unit;
    enum type type;
};
/* The shown columns in SQL order: target first, then the dataset's in order, then span_s, age_s, sampled_at. Heap
 * array, the caller frees. */
struct shown *dataset_shown(const struct dataset *d, int *n);

/* All datasets the program knows: built-in ones from the build list, and the user's own. */
struct registry {
    const struct dataset **datasets;
    int n;
};
void registry_init(struct registry *r);
void registry_done(struct registry *r);
/* D must outlive R. A name that is taken is an error. */
bool registry_add(struct registry *r, const struct dataset *d, struct err *err);
const struct dataset *registry_find(const struct registry *r, const char *name);

#endif
