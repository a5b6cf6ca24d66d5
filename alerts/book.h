/* The book: every alert there is, acks and silences, in memory; what rules find goes in, transitions come
 * out. Knows no clock, thread or file: all times are given. The state file is a copy of it. */
#ifndef DBVITALS_ALERTS_BOOK_H
#define DBVITALS_ALERTS_BOOK_H

#include "alerts/judge.h"
#include "core/sample.h"

struct alert {
    char id[17]; /* 16 hex digits of a hash of rule, target and key */
    char *rule, *target, *key;
    struct alert_state state;
    double value;     /* NAN: none */
    char *value_text; /* with its unit */
    char *summary;    /* expanded; of the evaluation that was last true */
    char *over;       /* what is said instead when it is over; NULL: nothing else */
    char *title; /* "CRITICAL shop: 9 sessions blocked 4m by pid 4711": level, target, what, how much, in the
                    first 80 characters */
    char *action, *threshold;
    char *evidence;     /* the row as a JSON object; long texts are cut */
    char *labels;       /* the key columns as a JSON object */
    int count;          /* rows that offend */
    char *no_data;      /* why there is none */
    enum reason reason; /* of the last transition; REASON_NONE: none yet, or not known any more */
    struct {
        char *by, *comment;
        double at_s, until_s; /* wall; until NAN: until it is ok */
    } ack;                    /* by NULL: none */
    char *inhibited_by;       /* a rule's name */
    int64_t snapshot;         /* number of the context kept in the state file, 0 none */
    bool restored;            /* from the file, not judged again yet */
    uint64_t kept;            /* of the state file: what it was given last, as a hash; 0: nothing yet */
};
struct silence {
    int64_t id;
    char *rule, *target, *key; /* each a GLOB; NULL: any */
    char *by, *comment;
    double from_s, until_s; /* wall */
};

/* What happened to one alert. Borrowed for the call. The alert is as it is after that, and an acknowledgement
 * that ended with it is gone. That somebody acknowledged it is CHANGE_NONE with REASON_ACKED and the number
 * of the last transition. */
struct event {
    const struct alert *alert;
    struct transition transition;
    double wall_s;
};
typedef void book_event_fn(void *ctx, const struct event *e);

struct book;
struct book *book_new(const struct rules *rules);
void book_free(struct book *b);
/* RULES is another list now: alerts of rules that went away, or are disabled, resolve. To be called after
 * book_restore too, with the same list. */
void book_set_rules(struct book *b, const struct rules *rules, double wall_s);
/* These are all targets there are: alerts of others resolve. */
void book_set_targets(struct book *b, const char *const *targets, int n, double wall_s);
void book_on_event(struct book *b, book_event_fn *fn, void *ctx);
/* STEP_S of running time passed, to be called about once a second: acknowledgements end at their time, and
 * what has been ok for 15 minutes and does not flap, or was pending only, is forgotten. */
void book_tick(struct book *b, double step_s, double wall_s);
/* FN is called before an alert is forgotten: other copies of it may go. */
typedef void book_forget_fn(void *ctx, const struct alert *alert);
void book_on_forget(struct book *b, book_forget_fn *fn, void *ctx);
/* A new alert begins to count its transitions above this number, so that the id of a delivery is never used
 * twice though an alert of the same rule, target and key was forgotten. Whoever deletes copies of forgotten
 * alerts keeps it. */
int64_t book_number(const struct book *b);
void book_set_number(struct book *b, int64_t number);

/* The answer of RULE, one of the book's rules. Alerts of targets in COVERAGE that the answer does not name
 * are false (gone, or below floor when STILL_THERE says that the row is there), those without data keep; when
 * the answer was cut, what it does not name has no data. */
struct book_answer {
    const struct rule *rule;
    /* NULL: the SELECT failed, ERROR tells why: no data everywhere; without error and coverage: nobody has what it reads */
    const struct result *result;
    const char *error;
    const struct coverage *coverage;
    int n_coverage;
    double step_s; /* as machine_step */
    double wall_s, cpu_ms;
    bool (*still_there)(void *ctx, const struct alert *alert); /* NULL: it cannot be told */
    void *ctx;
};
void book_answer(struct book *b, const struct book_answer *a);

/* Ok and pending ones too: see state.phase. */
int book_alerts(const struct book *b);
struct alert *book_alert(const struct book *b, int i);
/* Alert I of RULE, one of the book's rules; NULL after the last. */
struct alert *book_alert_of(const struct book *b, const struct rule *rule, int i);
struct alert *book_find(const struct book *b, const char *id);
/* An alert as it was in the state file: the caller fills in the rest. */
struct alert *book_restore(struct book *b, const char *rule, const char *target, const char *key);

/* The worst alert that inhibits A now (target_down of the same target), or NULL. */
const struct alert *book_inhibitor(const struct book *b, const struct alert *a);
const struct silence *book_silenced(const struct book *b, const struct alert *a, double wall_s);

bool book_ack(struct book *b, const char *id, const char *by, const char *comment, double wall_s,
              double until_s, struct err *err);
bool book_unack(struct book *b, const char *id, struct err *err);
/* Takes copies; gives the id: that of S, or when it is 0 a new one. 0: there are too many. */
int64_t book_silence(struct book *b, const struct silence *s);
/* The GLOB that matches S alone, on the heap. */
char *glob_of(const char *s);
/* Ends it now. False if there is none of that id that has not ended. */
bool book_unsilence(struct book *b, int64_t id, double wall_s);
int book_silences(const struct book *b);
const struct silence *book_silence_at(const struct book *b, int i);

/* Datasets `alerts` and `rules`, a sample of those of TARGET. alerts_register knows `deliveries` and
 * `alert_context` too. */
extern const struct dataset alerts_dataset, rules_dataset;
bool alerts_register(struct registry *r, struct err *err);
struct sample *book_alerts_sample(const struct book *b, const char *target, double mono_s, double wall_s);
struct sample *book_rules_sample(const struct book *b, const char *target, double mono_s, double wall_s);

#endif
