/* The cells of a sealed sample, and of one that is like it: columns cut in chunks, each counted, so that what few rows changed costs few chunks. */
#ifndef DBVITALS_CORE_CHUNKS_H
#define DBVITALS_CORE_CHUNKS_H

#include "core/sample.h"

/* S, which has no cells yet, shares those of FROM, which has chunks. */
void chunks_share(struct sample *s, const struct sample *from);
/* Gives up the chunks of S; it may have none. */
void chunks_free(struct sample *s);

#endif
