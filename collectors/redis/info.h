/* INFO: "key:value" lines under "# Section" heads, as Redis and those that are like it write them. */
#ifndef DBVITALS_COLLECTORS_REDIS_INFO_H
#define DBVITALS_COLLECTORS_REDIS_INFO_H

#include <stdbool.h>
#include <stddef.h>

enum { INFO_MOST_FIELDS = 4000 };

/* Borrowed from the text that was read. */
struct info_field {
    const char *key, *value;
    size_t key_len, len;
};
struct info {
    struct info_field *fields; /* as they came, at most INFO_MOST_FIELDS */
    int n;
};

/* Any bytes; what is no field is left out. TEXT must live as long as OUT. */
void info_read(struct info *out, const char *text, size_t len);
void info_done(struct info *i);
/* The first field of that name; NULL: there is none. */
const struct info_field *info_find(const struct info *i, const char *key);
/* NAN: there is none, or it is no number. */
double info_number(const struct info *i, const char *key);
bool info_is(const struct info *i, const char *key, const char *value);
/* Of a value like "keys=1,expires=0": the part of NAME; false: it has none. */
bool info_part(const struct info_field *f, const char *name, const char **value, size_t *len);
double info_part_number(const struct info_field *f, const char *name);
/* The rest of the field's name where it begins with PREFIX: "cmdstat_"; NULL: it does not. */
const char *info_rest(const struct info_field *f, const char *prefix, size_t *len);
/* LEN bytes as a number, NAN if they are none; what is negative or infinite is none either. */
double info_value(const char *s, size_t len);

#endif
