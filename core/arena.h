/* Memory for what dies together: allocated piece by piece, freed whole. Reference-counted, so that several
 * samples can share one. */
#ifndef DBVITALS_CORE_ARENA_H
#define DBVITALS_CORE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* FIRST is the size of the first block in bytes; later blocks double up to 1 MB. */
struct arena *arena_new(size_t first);
struct arena *arena_ref(struct arena *a);
/* Gives up one reference; the last one frees everything. NULL does nothing. Safe from any thread; allocation is
 * for one thread at a time, but may go on while other threads read what was allocated before. */
void arena_unref(struct arena *a);
/* N bytes, zeroed, aligned for any type; lives as long as the arena. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
/* N bytes of S and a NUL; S NULL gives NULL. */
char *arena_dup_n(struct arena *a, const char *s, size_t n);
char *arena_dup(struct arena *a, const char *s);
/* Somebody else holds it too. What is not shared stays so until its one holder shares it. */
bool arena_is_shared(const struct arena *a);
/* Bytes taken from the heap. */
size_t arena_size(const struct arena *a);

#endif
