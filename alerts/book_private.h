/* What the files of the book share. */
#ifndef DBVITALS_ALERTS_BOOK_PRIVATE_H
#define DBVITALS_ALERTS_BOOK_PRIVATE_H

#include "alerts/book.h"
#include "core/json.h"

/* The lists that an entry is in, and where it stands in each. */
enum { IN_BOOK, IN_RULE, IN_PLACE, N_LISTS };
struct entries {
    struct entry **list;
    int n;
};

/* A target that alerts or answers named. Never freed before the book. */
struct place {
    char *name;
    int number;
    struct entries entries;
    /* Of the answer that is being applied: */
    unsigned round, valued; /* valued: a row of it has a value */
    const char *no_data;
};

struct entry {
    struct alert alert; /* first: a public pointer to it is one to the entry */
    uint64_t hash;
    struct entry *next;      /* of the same bucket */
    struct rule_book *rules; /* the list it is in */
    struct place *place;
    int at[N_LISTS];
    unsigned round; /* of the last answer that named it */
    double quiet_s; /* how long it has been ok */
};

/* What is kept per rule. */
struct rule_book {
    const struct rule *rule; /* NULL: that of alerts without a rule */
    char *name;
    int number; /* in the list of rules */
    struct entries entries;
    char *error;
    char **no_data; /* by number of the place, n_places of them: why it has none, or NULL */
    int n_places;
    double judged_at, cpu_ms; /* wall; NAN: not yet */
    int left_out;             /* alerts that were too many */
};

struct silences {
    struct silence *list;
    int n;
    int64_t last;
};

struct book {
    const struct rules *rules;
    struct rule_book **rule_books; /* as rules->list */
    int n_rule_books;
    struct rule_book orphans;
    struct entries entries;
    struct entry **buckets;
    int n_buckets;
    struct place **places;
    int n_places;
    struct silences silences;
    struct json *json;
    unsigned round;
    int64_t number;
    book_event_fn *on_event;
    void *event_ctx;
    book_forget_fn *on_forget;
    void *forget_ctx;
};

struct entry *entry_find(const struct book *b, const char *rule, const char *target, const char *key);
/* Finds or makes it, in the list of RULES. */
struct entry *entry_get(struct book *b, struct rule_book *rules, const char *rule, const char *target,
                        const char *key);
void entry_forget(struct book *b, struct entry *e);
/* Tells what happened: N transitions. */
void entry_tell(struct book *b, struct entry *e, const struct transition *transitions, int n, double wall_s);
/* The place called NAME, searched from HINT on; made if it is not there. */
struct place *place_get(struct book *b, const char *name, int hint);
/* NULL if RULE is none of the book's. */
struct rule_book *rule_book_of(const struct book *b, const struct rule *rule);

/* Replaces a heap string by a copy. */
void text_replace(char **slot, const char *text);
void ack_clear(struct alert *a);
/* While it is in force, others of its target are inhibited. */
bool alert_inhibits(const struct alert *a);
/* Who is inhibited at PLACE may have changed. */
void place_inhibit(struct book *b, const struct place *place);
void silences_done(struct silences *s);

/* What ROW of RESULT says of E. */
void entry_describe(struct book *b, struct entry *e, const struct result *result,
                    const struct finding_row *row);
void entry_value(struct entry *e, double value);
/* The value is good: what is said of that. */
void entry_describe_over(struct entry *e, const struct result *result, const struct finding_row *row);
/* Title and threshold, from state and summary. REASON: of a transition, or REASON_NONE. */
void entry_title(struct entry *e, enum reason reason);

#endif
