/* Heap memory that never returns NULL: at the end of memory the program says so and ends. */
#ifndef DBVITALS_CORE_MEM_H
#define DBVITALS_CORE_MEM_H

#include <stddef.h>

/* N bytes, zeroed; freed with free(). N may be 0. */
void *mem_new(size_t n) __attribute__((malloc, returns_nonnull));
/* COUNT elements of SIZE bytes, zeroed; a product that overflows counts as the end of memory. */
void *mem_new_array(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/* realloc; what is added is not zeroed. */
void *mem_grow(void *p, size_t count, size_t size) __attribute__((returns_nonnull));
/* A copy on the heap; NULL stays NULL. */
char *mem_dup(const char *s);
/* FN is called once before the program ends for want of memory (it restores the terminal). */
void mem_on_exhausted(void (*fn)(void));

#endif
