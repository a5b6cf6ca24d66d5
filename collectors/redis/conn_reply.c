/* Answers of Redis as values in an arena of their own: hiredis' reader finds them, and nothing of it is kept.
 * What a server sends is bounded here: bytes, and members of lists. */
#include <hiredis/hiredis.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/redis/conn_inside.h"
#include "core/mem.h"

struct redis_reader {
    redisReader *reader;
    struct arena *arena; /* of the answer that is being read */
    size_t bytes;        /* taken for it */
    int n_items;
    bool too_large;
};

#if HIREDIS_MAJOR >= 1
typedef size_t n_members;
#else
typedef int n_members;
#endif

static struct redis_value *add(const redisReadTask *task, enum redis_kind kind, size_t bytes, size_t items)
{
    struct redis_reader *r = task->privdata;
    r->bytes += bytes + sizeof(struct redis_value);
    if (items > REDIS_MOST_ITEMS || r->bytes > (size_t)2 * REDIS_MOST_BYTES ||
        (r->n_items += (int)items) > REDIS_MOST_ITEMS) {
        r->too_large = true;
        return NULL;
    }
    if (r->arena == NULL)
        r->arena = arena_new(bytes + 256);
    struct redis_value *v = arena_alloc(r->arena, sizeof(*v));
    v->kind = kind;
    if (task->parent != NULL)
        ((struct redis_value *)task->parent->obj)->items[task->idx] = v;
    return v;
}

static void *new_text(const redisReadTask *task, char *bytes, size_t len)
{
    struct redis_value *v = add(task, task->type == REDIS_REPLY_ERROR ? REDIS_ERROR : REDIS_TEXT, len, 0);
    if (v == NULL)
        return NULL;
    v->text = arena_dup_n(((struct redis_reader *)task->privdata)->arena, bytes, len);
    v->len = len;
    return v;
}

static void *new_list(const redisReadTask *task, n_members n)
{
    struct redis_value *v = add(task, REDIS_LIST, 0, (size_t)n);
    if (v == NULL)
        return NULL;
    v->items = arena_alloc(((struct redis_reader *)task->privdata)->arena, (size_t)n * sizeof(*v->items));
    v->n = (int)n;
    return v;
}

static void *new_integer(const redisReadTask *task, long long integer)
{
    struct redis_value *v = add(task, REDIS_INTEGER, 0, 0);
    if (v != NULL)
        v->integer = integer;
    return v;
}

static void *new_nil(const redisReadTask *task)
{
    return add(task, REDIS_NIL, 0, 0);
}

/* They die with their arena. */
static void free_value(void *value)
{
    (void)value;
}

static const redisReplyObjectFunctions functions = {.createString = new_text,
                                                    .createArray = new_list,
                                                    .createInteger = new_integer,
                                                    .createNil = new_nil,
                                                    .freeObject = free_value};

struct redis_reader *redis_reader_new(void)
{
    struct redis_reader *r = mem_new(sizeof(*r));
    r->reader = redisReaderCreateWithFunctions((redisReplyObjectFunctions *)(uintptr_t)&functions);
    if (r->reader != NULL)
        r->reader->privdata = r;
    return r;
}

void redis_reader_free(struct redis_reader *r)
{
    if (r == NULL)
        return;
    redisReaderFree(r->reader);
    arena_unref(r->arena);
    free(r);
}

static bool refuse(const struct redis_reader *r, struct err *err)
{
    if (r->too_large)
        return fail(err, "an answer of more than %d MB was refused", REDIS_MOST_BYTES >> 20);
    return fail(err, "what answers there does not speak Redis' protocol: %.100s",
                r->reader != NULL ? r->reader->errstr : "no memory");
}

bool redis_reader_feed(struct redis_reader *r, const char *bytes, size_t len, struct err *err)
{
    r->too_large = r->too_large || (r->reader != NULL && r->reader->len - r->reader->pos > REDIS_MOST_BYTES);
    return (!r->too_large && r->reader != NULL && redisReaderFeed(r->reader, bytes, len) == REDIS_OK) ||
           refuse(r, err);
}

bool redis_reader_next(struct redis_reader *r, struct redis_value **value, struct arena **arena,
                       size_t *bytes, struct err *err)
{
    void *found = NULL;
    *value = NULL;
    if (redisReaderGetReply(r->reader, &found) != REDIS_OK)
        return refuse(r, err);
    if (found == NULL)
        return true;
    *value = found;
    *arena = r->arena;
    *bytes = r->bytes;
    r->arena = NULL;
    r->bytes = 0;
    r->n_items = 0;
    return true;
}

char *redis_format(const struct redis_command *c, size_t *len)
{
    char *bytes = NULL;
    int n = redisFormatCommandArgv(&bytes, c->n, (const char **)(uintptr_t)c->words, c->lens);
    *len = n > 0 ? (size_t)n : 0;
    return bytes;
}

void redis_format_free(char *bytes)
{
    redisFreeCommand(bytes);
}
