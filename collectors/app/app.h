/* The application shelf: what one answer over HTTP tells, read from JSON or from Prometheus text. Reading is
 * pure and may run on any thread. */
#ifndef DBVITALS_COLLECTORS_APP_APP_H
#define DBVITALS_COLLECTORS_APP_APP_H

#include "collectors/datasets.h"
#include "collectors/source.h"
#include "core/arena.h"

enum app_role { APP_POOL, APP_CACHE, N_APP_ROLES };
/* What a pool may tell. */
enum {
    POOL_SIZE,
    POOL_MAX_SIZE,
    POOL_IN_USE,
    POOL_IDLE,
    POOL_TOTAL, /* connections that are open */
    POOL_WAITING,
    POOL_MAX_WAIT_MS,
    POOL_AVG_WAIT_MS,
    POOL_CONNECT_MS,
    POOL_TIMEOUTS,
    POOL_OVERFLOW,     /* those open beyond SIZE; SQLAlchemy gives a negative number while there are fewer */
    POOL_MAX_OVERFLOW, /* how many there may be beyond SIZE; negative: no limit */
    N_POOL_FIELDS
};
/* What a cache may tell. */
enum {
    CACHE_HITS,
    CACHE_MISSES,
    CACHE_USED_BYTES,
    CACHE_MAX_BYTES,
    CACHE_ENTRIES,
    CACHE_MAX_ENTRIES,
    CACHE_EVICTIONS,
    CACHE_TTL_S,
    N_CACHE_FIELDS
};
enum {
    APP_FIELDS = N_POOL_FIELDS,
    MOST_THINGS = 200,
    MOST_SERIES = 500,
    MOST_ERRORS = 200,
    LONGEST_NAME = 200
};
_Static_assert((int)N_CACHE_FIELDS <= (int)APP_FIELDS, "a cache has no more fields than there is room for");

/* A pool or a cache; NAN: not told. */
struct app_thing {
    const char *name; /* NULL: it has none */
    double v[APP_FIELDS];
    int group;                      /* of Prometheus text: that of its samples */
    const char *metric[APP_FIELDS]; /* of Prometheus text: the one that tells it; NULL: none yet */
};
struct app_things {
    struct app_thing *items;
    int n;
};

/* A series of a histogram, as `latency` has it. */
struct app_series {
    const char *name, *series;
    double count, sum_ms; /* NAN: not told */
    int n;                /* buckets, the last one without a bound (INFINITY) */
    double upto[LATENCY_BUCKETS], counts[LATENCY_BUCKETS]; /* NAN: what came is not cumulative */
};

struct app_error {
    const char *name, *severity, *sqlstate; /* SQLSTATE may be NULL */
    double errors, requests;                /* NAN: not told */
};

/* All texts are in its arena, valid UTF-8. */
struct app_reading {
    struct arena *arena;
    struct app_things things[N_APP_ROLES];
    struct app_series *series;
    int n_series;
    bool series_cut; /* there were more than MOST_SERIES */
    bool announced;  /* a histogram is declared; one with labels has no series before its first event */
    struct app_error *errors;
    int n_errors;
    const char *shape; /* "SQLAlchemy pool", NULL if nothing tells */
    bool json;
    bool cut;           /* JSON with more members or objects than are read: a pool may stand there */
    const char *health; /* what it says of itself when that is not well: "unhealthy"; NULL: nothing */
    /* Of JSON: "$.a, which pool.in_use of [target shop] names, is no number"; NULL: the path, if there is
     * one, leads to what it should. */
    const char *lost[N_APP_ROLES][APP_FIELDS], *lost_several[N_APP_ROLES];
    double started_s; /* of the process, NAN if it is not told */
};
void app_reading_init(struct app_reading *r);
void app_reading_done(struct app_reading *r);
/* The first path of ROLE that is lost, NULL if none is. */
const char *app_lost(const struct app_reading *r, enum app_role role);
/* One more, all NAN; NULL at the limit. */
struct app_thing *app_add_thing(struct app_reading *r, enum app_role role, const char *name);

/* ---- What a [target] says of where things stand ---- */

/* `pool.size = $.size` or `= 20`, or a metric's name. */
struct app_word {
    const char *path;   /* of JSON, NULL if it is none */
    const char *metric; /* of Prometheus, or a plain name; NULL if it is none */
    double number;      /* NAN if it is none */
};
struct app_role_words {
    struct app_word name, several, fields[APP_FIELDS];
};
struct app_words {
    struct target_config config; /* with strings of its own, which the words point into */
    struct app_role_words roles[N_APP_ROLES];
    const char *latency; /* names between commas, or NULL */
    double timeout_s;
    int refs;
};
/* One reference; NULL, err and KEY when what that says can be none of these. References are counted on the
 * loop thread alone. */
struct app_words *app_words_new(const struct target_config *config, const char **key, struct err *err);
void app_words_unref(struct app_words *w);
/* The keys of a [target]: pool.size, pools. */
const char *app_field_key(enum app_role role, int field);
const char *app_several_key(enum app_role role);
bool app_is_metric(const char *name, size_t len);

/* The field that WORD, a member or the end of a metric's name in any spelling, is of ROLE; -1 if none. SHAPE
 * is set if the word tells whose pool it is. */
int app_field(enum app_role role, const char *word, const char **shape);
/* WORD, one of a pool's, is said of much else too: active, total. */
bool app_is_common(const char *word);
/* What the place NAME of an answer says of the objects in it. */
enum app_standing {
    STANDS_ELSEWHERE,
    STANDS_WHOLE,      /* no name at all: it is the answer */
    STANDS_AS_POOL,    /* it is one: "database" */
    STANDS_AMONG_POOLS /* and what is below it: "pools" */
};
enum app_standing app_standing(const char *name);
/* Whether such a number can be: finite, and below zero only where that has a meaning. */
bool app_can_be(enum app_role role, int field, double number);

/* ---- Reading ---- */

/* Fills R, which is empty, from an answer's body. False and err, a sentence that goes on after the place's
 * name: "answered ...". */
bool app_read(const struct app_words *w, const char *text, size_t len, struct app_reading *r,
              struct err *err);
bool app_read_json(const struct app_words *w, const char *text, size_t len, struct app_reading *r,
                   struct err *err);
bool app_read_prom(const struct app_words *w, const char *text, size_t len, struct app_reading *r,
                   struct err *err);

/* ---- Samples ---- */
/* A sample of D, or NULL with the reason why the application has none. MONO_S and WALL_S are when it was
 * asked. */
struct sample *app_sample(const struct app_words *w, const struct app_reading *r, const struct dataset *d,
                          struct err *why);
struct sample *app_access(const struct app_words *w, const struct app_reading *r);

extern const struct product app_product;

#endif
