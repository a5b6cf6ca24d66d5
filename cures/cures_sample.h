/* Dataset `cures`: a sample of the jobs of one target. */
#ifndef DBVITALS_CURES_CURES_SAMPLE_H
#define DBVITALS_CURES_CURES_SAMPLE_H

#include "core/sample.h"
#include "cures/job.h"

extern const struct dataset cures_dataset;
bool cures_register(struct registry *r, struct err *err);
struct sample *cures_sample(const struct jobs *j, const char *target, double mono_s, double wall_s);

#endif
