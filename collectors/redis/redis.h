/* The Redis shelf: what a dataset file is made of, and what it may ask of the poll that fills it. */
#ifndef DBVITALS_COLLECTORS_REDIS_REDIS_H
#define DBVITALS_COLLECTORS_REDIS_REDIS_H

#include "collectors/redis/conn.h"
#include "collectors/redis/info.h"
#include "collectors/source.h"

/* What is ever asked between the user's own orders: none of it takes a server long. CLIENT LIST is left out
 * where there are many. One of a kind is asked once for all datasets that are due. */
enum redis_ask {
    ASK_INFO,
    ASK_COMMANDS,
    ASK_LATENCIES,
    ASK_SLOWLOG,
    ASK_CLIENTS,
    ASK_CONFIG_MEMORY, /* and those after it: the settings, pattern by pattern */
    ASK_CONFIG_CLIENTS,
    ASK_CONFIG_TIMEOUT,
    ASK_CONFIG_TCP,
    ASK_CONFIG_DATABASES,
    ASK_CONFIG_SAVE,
    ASK_CONFIG_APPEND,
    ASK_CONFIG_SLOWLOG,
    ASK_CONFIG_LATENCY,
    ASK_CONFIG_LAZY,
    ASK_CONFIG_REPLICAS,
    ASK_CONFIG_WRITES,
    N_ASKS
};

enum { REDIS_MOST_DATABASES = 256 };

struct redis_poll; /* one dataset being read */

/* A column's `source` is FIELD [/ DIVISOR] of INFO, a number; FIELD=WORD, 1 where it says so and 0 where not;
 * or a FIELD as text. */
struct redis_collector {
    const struct dataset *dataset;
    const struct column_source
        *sources;            /* in place of those of the columns: the dataset is one of several products */
    unsigned asks, may_lack; /* bits 1u << ASK_...; without what may lack the sample is made all the same */
    struct sample *(*make)(struct redis_poll *p);
};
#define ASKS(ask) (1u << (ask))
#define ASKS_CONFIG (~0u << ASK_CONFIG_MEMORY & ((1u << N_ASKS) - 1))

/* ---- What a poll got ---- */
const struct redis_value *redis_got(const struct redis_poll *p, enum redis_ask ask); /* NULL: nothing */
const char *redis_why_not(const struct redis_poll *p, enum redis_ask ask); /* a sentence; NULL: it came */
const struct info *redis_info(struct redis_poll *p, enum redis_ask ask);   /* empty where nothing came */
bool *redis_seen(struct redis_poll *p); /* databases that had keys since the server's start, by number */
int redis_db(const struct redis_poll *p);
const char *redis_user(const struct redis_poll *p); /* "default" where none was given */
const char *redis_called(const struct redis_poll *p);

/* ---- Filling ---- */
/* Every column of row 0 of S that has a source, from INFO. */
void redis_fill(struct redis_poll *p, const struct redis_collector *c, struct sample *s);
/* Texts of a server are cut at 1,000 bytes. */
void redis_set_text(struct sample *s, int column, int row, const char *text, size_t len);
/* Every column of a shared dataset that WANTED (NULL-ended) does not name is n/a: WHY. */
void redis_lacks_but(struct sample *s, const char *const *wanted, const char *why);
/* The value of KEY in a list of keys and values, as CONFIG GET gives it; NULL: none. */
const struct redis_value *redis_pair(const struct redis_value *list, const char *key);

/* Every collector of the build list, NULL-ended (generated). */
extern const struct redis_collector *const redis_collectors[];
extern const struct product redis_product;

#endif
