/* Prometheus' text format 0.0.4 and OpenMetrics, line by line:
 * prometheus.io/docs/instrumenting/exposition_formats. */
#ifndef DBVITALS_COLLECTORS_APP_PROM_H
#define DBVITALS_COLLECTORS_APP_PROM_H

#include <stdbool.h>
#include <stddef.h>

enum { PROM_LABELS = 24, PROM_LINE = 4096 };

struct prom_label {
    const char *name, *value;
};
/* NUL-terminated texts as they came, escapes undone, perhaps no valid UTF-8; a dot in a name is an
 * underscore. Valid until the next line. */
struct prom_line {
    const char *name;
    struct prom_label labels[PROM_LABELS];
    int n_labels;
    double value; /* NAN and the infinities too */
};
/* In the caller's memory. */
struct prom {
    const char *at, *end;
    int bad; /* lines that were none, or longer than PROM_LINE, or had more labels: left out */
    char room[PROM_LINE + 1];
};

void prom_init(struct prom *p, const char *text, size_t len);
/* The next sample; comments and bad lines are passed over. False at the end. */
bool prom_next(struct prom *p, struct prom_line *out);
/* The value of a label, NULL if there is none. */
const char *prom_label(const struct prom_line *l, const char *name);

#endif
