/* Rows on their way to the state file: plain values, owned, made on the loop thread and bound on the
 * writer's. Inside of state. */
#ifndef DBVITALS_ALERTS_STATE_ROW_H
#define DBVITALS_ALERTS_STATE_ROW_H

#include "alerts/book.h"
#include "core/text.h"

enum statement {
    PUT_ALERT,
    DROP_ALERT,
    PUT_NUMBER,
    PUT_EVENT,
    PUT_MOMENT,
    PUT_NOTIFIED,
    DROP_NOTIFIED,
    PUT_SILENCE,
    PUT_CONTEXT,
    PUT_MESSAGE,
    PUT_DELIVERY,
    RETRY_MESSAGE,
    DROP_MESSAGE,
    BURY_MESSAGE,
    N_STATEMENTS
};

enum cell_type { CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT };
struct cell {
    enum cell_type type;
    union {
        int64_t integer;
        double real;
        const char *text;
    };
};
struct row {
    struct row *next;
    enum statement statement;
    int n;
    size_t bytes; /* of the heap */
    struct cell cells[];
};

struct cell cell_int(int64_t v);
struct cell cell_real(double v);      /* NAN: NULL */
struct cell cell_text(const char *s); /* NULL: NULL */
/* Copies the texts. */
struct row *row_new(enum statement statement, const struct cell *cells, int n);
void row_free(struct row *r);
/* What is replaced by a later row of the same: 0 for rows that stay. */
uint64_t row_identity(const struct row *r);

/* An alert's columns are one table of fields; its rows and SQL are made from it. Cell 0 is the id. */
int alert_fields(void);
/* Of all fields; never 0. */
uint64_t alert_hash(const struct alert *a);
struct row *row_of_alert(const struct alert *a);
/* As it was after its transition NUMBER, the last cell. */
struct row *row_of_moment(const struct alert *a, int64_t number);
/* "id text primary key, rule text, ..." */
void alert_columns_add(struct text *out, bool with_types);
/* Sets field I (after the id) of A, which frees what it had. */
void alert_field_set(struct alert *a, int i, const struct cell *c);
enum { ALERT_RULE = 0, ALERT_TARGET, ALERT_KEY }; /* the first fields */

#endif
