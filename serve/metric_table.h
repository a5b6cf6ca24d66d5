/* What of the datasets becomes metrics, and under which names. A dataset without a row here is exported by
 * rule: keys and labels as labels, every number. */
#ifndef DBVITALS_SERVE_METRIC_TABLE_H
#define DBVITALS_SERVE_METRIC_TABLE_H

#include "core/column.h"
#include "core/text.h"
#include "serve/metric_text.h"

struct metric_policy {
    const char *dataset;
    bool skip;           /* not exported: its rows come and go, or it is told in another way */
    const char *labels;  /* "column column:label": what is a label, and its name when that is another */
    const char *columns; /* the only ones exported; NULL: all numbers */
    const char *keep;    /* only rows where this column is true; NULL: all */
    const char *top;     /* only the rows where this is largest, and one for the rest of the counters */
    int most;            /* that many */
};
/* NULL: by rule. */
const struct metric_policy *metric_policy(const char *dataset);

/* Is WORD among the words of LIST ("a b:c d")? The part after its colon, or itself, goes to RENAMED (may be
 * NULL). */
bool metric_listed(const char *list, const char *word, char renamed[64]);

struct metric_name {
    char name[128];
    enum metric_type type;
    double factor; /* to base units */
};
/* The name of a column's metric: that of postgres_exporter where it means the same. False when the column is
 * no number worth exporting. */
bool metric_name(const struct dataset *d, const struct column *c, struct metric_name *out);

/* Names that SYSTEMS ask for, with [http] aliases. */
struct metric_alias {
    const char *name, *dataset, *column, *count; /* COUNT: of a summary, else NULL */
    enum metric_type type;
    const char *help;
};
extern const struct metric_alias metric_aliases[];
extern const int n_metric_aliases;

#endif
