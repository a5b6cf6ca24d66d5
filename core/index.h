/* Hashes over columns of a sample: by key for windows, by one column for joins. */
#ifndef DBVITALS_CORE_INDEX_H
#define DBVITALS_CORE_INDEX_H

#include "core/sample.h"

enum { MAX_KEYS = 8 };

/* The KEY columns of a dataset. Without any, all rows are the same row. */
struct keys {
    int n;
    int columns[MAX_KEYS];
};
struct keys keys_of(const struct dataset *d);
/* Both samples are of the dataset that KEYS are of. */
bool keys_equal(const struct keys *keys, const struct sample *a, int row_a, const struct sample *b,
                int row_b);

struct index;
/* The hash of S over its KEY columns (column -1) or over one column; built if it was not. Lives as long as S.
 */
struct index *index_of(struct sample *s, int column);
/* The same when it must be there already. */
const struct index *index_built(const struct sample *s, int column);
/* First row of S equal in the columns of its index IX to row ROW of OTHER; -1 if none. */
int index_find(const struct index *ix, const struct sample *s, const struct sample *other, int row);
int index_find_int(const struct index *ix, const struct sample *s, int64_t value);
int index_find_text(const struct index *ix, const struct sample *s, const char *value);
/* The next row after ROW that equals it in the columns of IX; -1 if none. */
int index_next(const struct index *ix, const struct sample *s, int row);

/* All hashes of S. */
size_t indexes_size(const struct sample *s);
void indexes_free(struct sample *s);

#endif
