/* Heap memory that never returns NULL: at the end of memory the program says so and ends. */
#include "core/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The one mutable variable at file scope: who runs out of memory has no struct to find this in. */
static void (*exhausted_fn)(void);

void mem_on_exhausted(void (*fn)(void))
{
    exhausted_fn = fn;
}

static void exhausted(void)
{
    static const char message[] = "dbvitals: out of memory\n";
    void (*fn)(void) = exhausted_fn;
    exhausted_fn = NULL;
    if (fn != NULL)
        fn();
    if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
        _exit(70);
    _exit(70);
}

void *mem_new(size_t n)
{
    void *p = calloc(1, n == 0 ? 1 : n);
    if (p == NULL)
        exhausted();
    return p;
}

void *mem_new_array(size_t count, size_t size)
{
    void *p = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);
    if (p == NULL)
        exhausted();
    return p;
}

void *mem_grow(void *p, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        exhausted();
    size_t n = count * size;
    void *grown = realloc(p, n == 0 ? 1 : n);
    if (grown == NULL)
        exhausted();
    return grown;
}

char *mem_dup(const char *s)
{
    if (s == NULL)
        return NULL;
    size_t n = strlen(s) + 1;
    char *copy = mem_grow(NULL, n, 1);
    memcpy(copy, s, n);
    return copy;
}
