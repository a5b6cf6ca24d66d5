/* Windows that were computed, kept for who asks for the same pair again. */
#include "core/cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/mem.h"

struct held {
    atomic_int refs;
    struct window *window;
    uint64_t who; /* the snapshot that took it last; under the cache's mutex */
};

struct cache {
    atomic_int refs;
    pthread_mutex_t mutex;
    struct held **held;
    int n, capacity;
};

struct cache *cache_new(void)
{
    struct cache *c = mem_new(sizeof(*c));
    atomic_init(&c->refs, 1);
    pthread_mutex_init(&c->mutex, NULL);
    return c;
}

struct cache *cache_ref(struct cache *c)
{
    atomic_fetch_add(&c->refs, 1);
    return c;
}

void cache_unref(struct cache *c)
{
    if (c == NULL || atomic_fetch_sub(&c->refs, 1) != 1)
        return;
    for (int i = 0; i < c->n; i++)
        held_unref(c->held[i]);
    free(c->held);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}

bool cache_is_own(struct cache *c)
{
    return atomic_load(&c->refs) == 1;
}

void held_unref(struct held *h)
{
    if (h == NULL || atomic_fetch_sub(&h->refs, 1) != 1)
        return;
    window_free(h->window);
    free(h);
}

static bool is_of(const struct window *w, const struct sample *base, const struct sample *now)
{
    return w->now == now && (w->since_reset ? base == now : w->base == base);
}

static struct held *find(const struct cache *c, const struct sample *base, const struct sample *now)
{
    for (int i = c->n - 1; i >= 0; i--)
        if (is_of(c->held[i]->window, base, now))
            return c->held[i];
    return NULL;
}

static struct held *add(struct cache *c, struct window *w)
{
    if (c->n == c->capacity) {
        c->capacity = c->capacity == 0 ? 4 : c->capacity * 2;
        c->held = mem_grow(c->held, (size_t)c->capacity, sizeof(struct held *));
    }
    struct held *h = mem_new(sizeof(*h));
    atomic_init(&h->refs, 1);
    h->window = w;
    return c->held[c->n++] = h;
}

static struct held *take(struct held *h, uint64_t who)
{
    if (h->who == who)
        return NULL;
    h->who = who;
    atomic_fetch_add(&h->refs, 1);
    return h;
}

struct window *cache_get(struct cache *c, struct sample *base, struct sample *now, uint64_t who,
                         struct held **hold)
{
    pthread_mutex_lock(&c->mutex);
    struct held *h = find(c, base, now);
    if (h == NULL) {
        /* Outside of the mutex: the loop thread must never wait for a window over 10,000 rows. */
        pthread_mutex_unlock(&c->mutex);
        struct window *w = base == now ? window_new_since_reset(now) : window_new(base, now);
        pthread_mutex_lock(&c->mutex);
        h = find(c, base, now);
        if (h == NULL)
            h = add(c, w);
        else
            window_free(w); /* another thread was faster */
    }
    *hold = take(h, who);
    struct window *found = h->window;
    pthread_mutex_unlock(&c->mutex);
    return found;
}

static bool are_neighbours(const struct window *w, struct sample *const *samples, int n)
{
    int low = 1, high = n; /* they come in the order of time; there are hundreds of each */
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (samples[middle]->mono_s < w->now->mono_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && samples[low] == w->now && samples[low - 1] == w->base;
}

void cache_prune(struct cache *c, struct sample *const *samples, int n)
{
    pthread_mutex_lock(&c->mutex);
    int kept = 0;
    for (int i = 0; i < c->n; i++) {
        if (are_neighbours(c->held[i]->window, samples, n))
            c->held[kept++] = c->held[i];
        else
            held_unref(c->held[i]);
    }
    c->n = kept;
    pthread_mutex_unlock(&c->mutex);
}

size_t cache_bytes(struct cache *c)
{
    pthread_mutex_lock(&c->mutex);
    size_t bytes = sizeof(*c) + (size_t)c->capacity * sizeof(struct held *);
    for (int i = 0; i < c->n; i++)
        bytes += sizeof(struct held) + window_size(c->held[i]->window);
    pthread_mutex_unlock(&c->mutex);
    return bytes;
}
