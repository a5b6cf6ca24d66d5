/* redis_databases: the keys of each database. INFO tells only of those that have some: the one of the URL,
 * and those that had some, stay with 0. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collectors/redis/redis.h"

enum { NAME, NUMBER, KEYS, EXPIRES, TTL, OWN };
// clang-format off
static const struct column columns[] = {
    [NAME]    = {"name", KIND_KEY, TYPE_TEXT, .help = "the database: db0, db1, ..."},
    [NUMBER]  = {"number", KIND_LABEL, TYPE_INT, .help = "its number, as SELECT takes it"},
    [KEYS]    = {"keys", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "keys that it holds"},
    [EXPIRES] = {"expires", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "those of them that have an end"},
    [TTL]     = {"avg_ttl_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "how long those still live in the mean, as Redis estimates it; n/a while it has not"},
    [OWN]     = {"own", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "it is the one of the target's URL"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "redis_databases",
    .help = "a database of Redis: its keys, and how long they live",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true,
    .every = 2,
};

/* The number in "db3"; -1: the field is none of the keyspace. */
static int number_of(const struct info_field *f)
{
    size_t len;
    const char *digits = info_rest(f, "db", &len);
    double v = digits == NULL || isnan(info_part_number(f, "keys")) ? NAN : info_value(digits, len);
    return v >= 0 && v < REDIS_MOST_DATABASES && v == floor(v) ? (int)v : -1;
}

static void fill(struct sample *s, int row, int db, const struct info_field *f)
{
    char name[20];
    snprintf(name, sizeof(name), "db%d", db);
    sample_set_text(s, NAME, row, name, strlen(name));
    s->values[NUMBER].integer[row] = db;
    double ttl = f == NULL ? NAN : info_part_number(f, "avg_ttl");
    s->values[KEYS].real[row] = f == NULL ? 0 : info_part_number(f, "keys");
    s->values[EXPIRES].real[row] = f == NULL ? 0 : info_part_number(f, "expires");
    s->values[TTL].real[row] = ttl > 0 ? ttl / 1000 : NAN;
}

static struct sample *make(struct redis_poll *p)
{
    const struct info_field *found[REDIS_MOST_DATABASES] = {NULL};
    const struct info *info = redis_info(p, ASK_INFO);
    bool *seen = redis_seen(p);
    int n = 0;
    for (int i = 0; i < info->n; i++) {
        int db = number_of(&info->fields[i]);
        if (db >= 0) {
            found[db] = &info->fields[i];
            seen[db] = true;
        }
    }
    if (redis_db(p) < REDIS_MOST_DATABASES)
        seen[redis_db(p)] = true;
    for (int db = 0; db < REDIS_MOST_DATABASES; db++)
        n += seen[db];
    struct sample *s = sample_new(&dataset, n);
    for (int db = 0, row = 0; db < REDIS_MOST_DATABASES; db++)
        if (seen[db]) {
            s->values[OWN].real[row] = db == redis_db(p);
            fill(s, row++, db, found[db]);
        }
    return s;
}

const struct redis_collector redis_set_databases = {
    .dataset = &dataset, .asks = ASKS(ASK_INFO), .make = make};
