/* Numbers to the server and back. */
#include "collectors/pg/oids.h"

#include "core/mem.h"

/* By hand: it runs for tens of thousands of numbers at each poll, and printf would take milliseconds. */
static char *put_number(char *at, int64_t v)
{
    char digits[24];
    int n = 0;
    uint64_t left = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do
        digits[n++] = (char)('0' + left % 10);
    while ((left /= 10) != 0);
    if (v < 0)
        *at++ = '-';
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

char *oids_array(const int64_t *values, int n)
{
    enum { LONGEST = 21 }; /* -9223372036854775808 and a comma */
    char *array = mem_grow(NULL, (size_t)n * LONGEST + 3, 1), *at = array;
    *at++ = '{';
    for (int i = 0; i < n; i++) {
        at = put_number(at, values[i]);
        *at++ = i + 1 < n ? ',' : '}';
    }
    if (n == 0)
        *at++ = '}';
    *at++ = '\0';
    return mem_grow(array, (size_t)(at - array), 1); /* it may be kept, and most numbers are short */
}
