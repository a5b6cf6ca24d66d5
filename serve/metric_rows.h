/* Which rows of a dataset become series, with their labels; and the rest of them as one. */
#ifndef DBVITALS_SERVE_METRIC_ROWS_H
#define DBVITALS_SERVE_METRIC_ROWS_H

#include "core/store.h"
#include "serve/metric_table.h"

/* What is kept from scrape to scrape of datasets that are cut to their top: who is in, so that series do not
 * come and go, and what the others have done, which never falls. */
struct metric_memory;
struct metric_memory *metric_memory_new(void);
void metric_memory_free(struct metric_memory *m);

/* Rows of one target. In an arena. */
struct metric_rows {
    struct window *window;
    int n;
    int *rows;
    const char **labels;
    const char *other_labels; /* NULL: all rows are there */
    double *other;            /* by column; NAN where it is no counter */
    int dropped;              /* rows that are not among them, nor in the rest */
};
/* False when there is nothing. Of the window of one minute that ends now. */
bool metric_rows(struct metric_memory *m, struct snapshot *s, int target, const struct dataset *d,
                 struct arena *arena, struct metric_rows *out);
/* The number of COLUMN in row number I of them. */
double metric_rows_value(const struct metric_rows *r, int i, int column);

#endif
