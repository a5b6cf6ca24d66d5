/* "Did you mean": the known name that a mistyped one is nearest to. */
#include "core/nearest.h"

#include <string.h>

enum { MAX_LEN = 63 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance (Damerau and Levenshtein, no letter touched twice), with three rows of
 * its table. */
static int distance(const char *a, int a_len, const char *b, int b_len)
{
    int rows[3][MAX_LEN + 1];
    int *above2 = rows[0], *above = rows[1], *row = rows[2];
    for (int j = 0; j <= b_len; j++)
        above[j] = above2[j] = j;
    for (int i = 1; i <= a_len; i++) {
        row[0] = i;
        for (int j = 1; j <= b_len; j++) {
            row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], above2[j - 2] + 1);
        }
        int *free_row = above2;
        above2 = above;
        above = row;
        row = free_row;
    }
    return above[b_len];
}

const char *nearest_find(const char *given, const char *const *known, int n)
{
    int len = (int)strnlen(given, MAX_LEN + 1), best = MAX_LEN;
    const char *found = NULL;
    for (int i = 0; i < n && len <= MAX_LEN; i++) {
        int known_len = (int)strnlen(known[i], MAX_LEN + 1);
        if (known_len > MAX_LEN)
            continue;
        int d = distance(given, len, known[i], known_len);
        if (d < best && d * 3 <= (len > known_len ? len : known_len)) {
            best = d;
            found = known[i];
        }
    }
    return found;
}

void nearest_say(struct text *out, const char *given, const char *const *known, int n)
{
    const char *found = nearest_find(given, known, n);
    if (found != NULL) {
        text_addf(out, "did you mean '%s'?", found);
        return;
    }
    for (int i = 0; i < n; i++)
        text_addf(out, "%s%s", i == 0 ? "expected one of " : ", ", known[i]);
}
