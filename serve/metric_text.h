/* The text that /metrics answers with: Prometheus 0.0.4 or OpenMetrics 1.0. Names, labels and numbers as
 * prometheus/docs exposition_formats.md and the OpenMetrics specification have them. */
#ifndef DBVITALS_SERVE_METRIC_TEXT_H
#define DBVITALS_SERVE_METRIC_TEXT_H

#include "core/text.h"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_UNTYPED, METRIC_SUMMARY };

struct metric_text {
    struct text out;
    bool open;        /* OpenMetrics */
    char family[160]; /* under way */
    enum metric_type type;
    const char *help; /* of a family that has no sample yet, and is not begun */
    int n_samples;
};

/* What ACCEPT asks for: OpenMetrics when it is preferred, else 0.0.4. NULL: 0.0.4. */
bool metric_wants_open(const char *accept);
const char *metric_content_type(bool open);

void metric_text_init(struct metric_text *m, bool open);
/* All samples of a family follow each other. NAME of a counter ends with _total. A family without samples
 * leaves nothing. */
void metric_family(struct metric_text *m, const char *name, enum metric_type type, const char *help);
/* SUFFIX of a summary: "_sum", "_count"; else "". LABELS as metric_label made them, or "". NAN adds nothing.
 */
void metric_sample(struct metric_text *m, const char *suffix, const char *labels, double value);
void metric_end(struct metric_text *m);
/* Appends NAME="VALUE", after a comma when something is there. */
void metric_label(struct text *labels, const char *name, const char *value);

#endif
