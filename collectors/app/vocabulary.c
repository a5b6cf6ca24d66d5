/* The words that pools and caches have for their numbers, in the spellings of their libraries. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "collectors/app/app.h"

struct meaning {
    const char *word; /* lower case, without what stands between its parts */
    int field;
    const char *shape; /* whose word it is, if it is no other's */
};

// clang-format off
static const struct meaning pool_words[] = {
    /* SQLAlchemy's QueuePool */
    {"size",                      POOL_SIZE,         NULL},
    {"checkedout",                POOL_IN_USE,       "SQLAlchemy pool"},
    {"checkedin",                 POOL_IDLE,         "SQLAlchemy pool"},
    {"overflow",                  POOL_OVERFLOW,     NULL},
    {"maxoverflow",               POOL_MAX_OVERFLOW, NULL},
    /* node-postgres */
    {"totalcount",                POOL_TOTAL,        "node-postgres pool"},
    {"idlecount",                 POOL_IDLE,         "node-postgres pool"},
    {"waitingcount",              POOL_WAITING,      "node-postgres pool"},
    /* HikariCP: HikariPoolMXBean, HikariConfigMXBean, Micrometer */
    {"totalconnections",          POOL_TOTAL,        NULL},
    {"activeconnections",         POOL_IN_USE,       NULL},
    {"idleconnections",           POOL_IDLE,         NULL},
    {"threadsawaitingconnection", POOL_WAITING,      "HikariCP"},
    {"maxpoolsize",               POOL_MAX_SIZE,     NULL},
    {"maximumpoolsize",           POOL_MAX_SIZE,     NULL},
    /* pgxpool.Stat */
    {"totalconns",                POOL_TOTAL,        "pgx pool"},
    {"acquiredconns",             POOL_IN_USE,       "pgx pool"},
    {"idleconns",                 POOL_IDLE,         "pgx pool"},
    {"maxconns",                  POOL_MAX_SIZE,     NULL},
    {"canceledacquirecount",      POOL_TIMEOUTS,     "pgx pool"},
    {"canceledacquire",           POOL_TIMEOUTS,     "pgx pool"},
    /* Go's sql.DBStats */
    {"maxopenconnections",        POOL_MAX_SIZE,     "Go database/sql"},
    {"openconnections",           POOL_TOTAL,        "Go database/sql"},
    {"inuseconnections",          POOL_IN_USE,       "Go database/sql"},
    /* plain words */
    {"poolsize",                  POOL_SIZE,         NULL},
    {"maxsize",                   POOL_MAX_SIZE,     NULL},
    {"max",                       POOL_MAX_SIZE,     NULL},
    {"maxconnections",            POOL_MAX_SIZE,     NULL},
    {"inuse",                     POOL_IN_USE,       NULL},
    {"active",                    POOL_IN_USE,       NULL},
    {"idle",                      POOL_IDLE,         NULL},
    {"total",                     POOL_TOTAL,        NULL},
    {"waiting",                   POOL_WAITING,      NULL},
    {"pending",                   POOL_WAITING,      NULL},
    {"pendingrequests",           POOL_WAITING,      NULL},
    {"maxwaitms",                 POOL_MAX_WAIT_MS,  NULL},
    {"avgwaitms",                 POOL_AVG_WAIT_MS,  NULL},
    {"connectms",                 POOL_CONNECT_MS,   NULL},
    {"timeouts",                  POOL_TIMEOUTS,     NULL}, /* "timeout" is a setting */
    {"timeoutstotal",             POOL_TIMEOUTS,     NULL},
    {"timeoutcount",              POOL_TIMEOUTS,     NULL},
    {"totaltimeouts",             POOL_TIMEOUTS,     NULL},
};
static const struct meaning cache_words[] = {
    {"hits",           CACHE_HITS,        NULL},
    {"hitcount",       CACHE_HITS,        NULL},
    {"cachehits",      CACHE_HITS,        NULL},
    {"keyspacehits",   CACHE_HITS,        NULL},
    {"misses",         CACHE_MISSES,      NULL},
    {"misscount",      CACHE_MISSES,      NULL},
    {"cachemisses",    CACHE_MISSES,      NULL},
    {"keyspacemisses", CACHE_MISSES,      NULL},
    {"size",           CACHE_ENTRIES,     NULL},
    {"currsize",       CACHE_ENTRIES,     NULL}, /* Python's functools.lru_cache */
    {"entries",        CACHE_ENTRIES,     NULL},
    {"maxsize",        CACHE_MAX_ENTRIES, NULL},
    {"maxentries",     CACHE_MAX_ENTRIES, NULL},
    {"usedbytes",      CACHE_USED_BYTES,  NULL},
    {"sizebytes",      CACHE_USED_BYTES,  NULL},
    {"bytes",          CACHE_USED_BYTES,  NULL},
    {"maxbytes",       CACHE_MAX_BYTES,   NULL},
    {"evictions",      CACHE_EVICTIONS,   NULL},
    {"evictioncount",  CACHE_EVICTIONS,   NULL},
    {"evictedkeys",    CACHE_EVICTIONS,   NULL},
    {"ttl",            CACHE_TTL_S,       NULL},
    {"ttls",           CACHE_TTL_S,       NULL},
    {"ttlseconds",     CACHE_TTL_S,       NULL},
};
/* Words of pools that are said of much else: jobs, memory, users. */
static const char *const common_words[] = {
    "size", "maxsize", "max", "inuse", "active", "idle", "total", "totalcount", "waiting", "pending", "pendingrequests",
    "maxwaitms", "avgwaitms", "connectms", "timeouts", "timeoutstotal", "timeoutcount", "totaltimeouts",
};
/* A name that has one of these speaks of pools, and so does what stands below it. */
static const char *const pool_names[] = {"pool", "connection", "conns", "hikari", "pgx", "sqlalchemy", "datasource",
                                         "jdbc", "c3p0", "dbcp", "psycopg", "asyncpg"};
/* One of these speaks of what stands right there. */
static const char *const database_names[] = {"database", "postgres", "mysql", "mariadb", "sqlite"};
static const char *const database_edges[] = {"db", "pg"}; /* at an end of the name: "feedback" is none */
/* Pools of what is no connection to a database. */
static const char *const other_names[] = {"thread", "worker", "executor", "socket", "memory", "mempool"};
// clang-format on

static bool is_between(char c)
{
    return c == '_' || c == '-' || c == '.' || c == ' ';
}

/* Does SPELT say WORD? checked_out, checkedOut, CheckedOut and checked-out do. */
static bool says(const char *spelt, const char *word)
{
    for (; *spelt != '\0'; spelt++) {
        if (is_between(*spelt))
            continue;
        if (tolower((unsigned char)*spelt) != *word)
            return false;
        word++;
    }
    return *word == '\0';
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool app_is_common(const char *word)
{
    for (size_t i = 0; i < COUNT(common_words); i++)
        if (says(word, common_words[i]))
            return true;
    return false;
}

static bool has_one(const char *name, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strstr(name, words[i]) != NULL)
            return true;
    return false;
}

/* NAME begins or ends with WORD. */
static bool has_edge(const char *name, const char *word)
{
    size_t len = strlen(name), n = strlen(word);
    return len >= n && (strncmp(name, word, n) == 0 || strcmp(name + len - n, word) == 0);
}

enum app_standing app_standing(const char *name)
{
    char clean[100];
    size_t n = 0;
    for (; *name != '\0' && n < sizeof(clean) - 1; name++)
        if (!is_between(*name))
            clean[n++] = (char)tolower((unsigned char)*name);
    clean[n] = '\0';
    if (has_one(clean, other_names, COUNT(other_names)))
        return STANDS_ELSEWHERE;
    if (has_one(clean, pool_names, COUNT(pool_names)))
        return STANDS_AMONG_POOLS;
    bool database = has_one(clean, database_names, COUNT(database_names));
    for (size_t i = 0; i < COUNT(database_edges); i++)
        database = database || has_edge(clean, database_edges[i]);
    return database ? STANDS_AS_POOL : STANDS_ELSEWHERE;
}

bool app_can_be(enum app_role role, int field, double number)
{
    bool any_sign = role == APP_POOL && (field == POOL_OVERFLOW || field == POOL_MAX_OVERFLOW);
    return isfinite(number) && (number >= 0 || any_sign);
}

int app_field(enum app_role role, const char *word, const char **shape)
{
    const struct meaning *words = role == APP_POOL ? pool_words : cache_words;
    size_t n = role == APP_POOL ? sizeof(pool_words) / sizeof(pool_words[0])
                                : sizeof(cache_words) / sizeof(cache_words[0]);
    for (size_t i = 0; i < n; i++)
        if (says(word, words[i].word)) {
            if (words[i].shape != NULL)
                *shape = words[i].shape;
            return words[i].field;
        }
    return -1;
}
