/* The filter language of `/`: words that a person types, as a WHERE with bound parameters. Text never becomes SQL. */
#ifndef DBVITALS_TUI_FILTER_H
#define DBVITALS_TUI_FILTER_H

#include "core/query.h"
#include "core/regexp.h"
#include "core/text.h"
#include "tui/quantity.h"

/* Several words are AND:
 *   text           any column contains it          "two words"   with blanks
 *   /regex/        any column matches              a POSIX extended expression, upper and lower case alike
 *   column:text    that column contains it         column:/regex/      "two words":text
 *   column>10      compares with the column's unit: size>10MB  mean>5ms  hit_ratio<90%  state=active  (operators = != < <= > >=)
 *   !word          not                             any of the above
 * A column goes by its name or by its heading (blanks and _ are one; calls/s is a name too), shortened as long as it is unique, and by
 * the name that it has in its dataset. */
enum { FILTER_MAX_TERMS = 16, FILTER_MAX_LENGTH = 1000 };

enum filter_kind { FILTER_CONTAINS, FILTER_REGEX, FILTER_COMPARE };
struct filter_term {
    enum filter_kind kind;
    bool negated;
    char *column; /* NULL: any */
    enum op op;
    char *text;
    struct regexp *regex; /* FILTER_REGEX */
};
struct filter {
    struct filter_term terms[FILTER_MAX_TERMS];
    int n;
};

/* Nothing typed is a filter without terms. OUT is untouched on failure; filter_done otherwise. */
bool filter_parse(const char *s, struct filter *out, struct err *err);
void filter_done(struct filter *f);

/* What the WHERE may name. */
struct filter_column {
    const char *name;
    enum unit unit;
    bool numeric;
    const char *heading; /* as it is shown; NULL: the name */
    const char *origin;  /* as rules and SELECTs name it; NULL: it is computed */
};
struct filter_sql {
    struct text where;                             /* an expression; "1" when there are no terms */
    struct query_param params[FILTER_MAX_TERMS];   /* texts are owned here */
    char names[FILTER_MAX_TERMS][8];
    char *texts[FILTER_MAX_TERMS];
    int n;
};
/* F over COLUMNS. Untouched OUT on failure: a column that is not there, a number that is none. */
bool filter_compile(const struct filter *f, const struct filter_column *columns, int n, struct filter_sql *out, struct err *err);
void filter_sql_done(struct filter_sql *s);

/* Where TEXT has what a positive word of F finds, or all of TEXT when a regex matches: for highlighting and for jumping. False if
 * nowhere. */
bool filter_finds(const struct filter *f, const char *text, size_t *start, size_t *len);

#endif
