/* Texts of the statements of pg_stat_statements, and what stands in for them until they are fetched. */
#ifndef DBVITALS_COLLECTORS_PG_STATEMENTS_TEXTS_H
#define DBVITALS_COLLECTORS_PG_STATEMENTS_TEXTS_H

#include "collectors/pg/pg.h"
#include "collectors/pg/texts.h"
#include "core/text.h"

/* All zero is an empty one. */
struct statements_texts {
    struct texts fetched;
    struct texts running; /* of sessions that run it, without literals */
    double asked_s;       /* on the monotonic clock, 0 never */
    double every_s;       /* from then on */
    bool failed;          /* the last fetch did */
    struct sample *before; /* of the poll before, to tell what takes most of the time now */
};

void statements_texts_done(struct statements_texts *t);
/* Sets the columns query and own of S, which must share the arena of the fetched texts (after the last call, which may replace it). MISSING gets the ids whose text is not fetched as an array of the server's: "{}" if
 * there are none. */
void statements_texts_fill(struct statements_texts *t, struct sample *s, struct text *missing);
/* True if it is time to fetch, and then the next time is later. S is what statements_texts_fill() was called with: when one of the statements
 * that took most of the time since the poll before has no text, it is time sooner. */
bool statements_texts_due(struct statements_texts *t, const struct sample *s);
/* S is delivered (kept until the next one is). */
void statements_texts_delivered(struct statements_texts *t, struct sample *s);
/* Rows of queryid and query, fetched from the extension. */
void statements_texts_take(struct statements_texts *t, const struct pg_rows *rows);
/* The same of sessions, as the SQL gives them for $1, ids. */
void statements_texts_take_running(struct statements_texts *t, const struct pg_rows *rows);
extern const char statements_texts_running_sql[];

#endif
