/* The dashboard: pages, panes, keys, time. It knows no terminal, loop, or engine: a host gives it what it asks for. Never waits. */
#ifndef DBVITALS_TUI_DASH_H
#define DBVITALS_TUI_DASH_H

#include "core/query.h"
#include "cures/action.h"
#include "tui/canvas.h"
#include "tui/page.h"
#include "tui/terminal.h"

struct dash;

/* What a person does about an alert, or about a message that was not taken; strings borrowed for the call. */
enum alert_deed { ALERT_ACK, ALERT_UNACK, ALERT_SILENCE, ALERT_UNSILENCE, ALERT_RESEND };
enum alert_scope { SCOPE_ALERT, SCOPE_RULE, SCOPE_TARGET };
struct alert_order {
    enum alert_deed deed;
    enum alert_scope scope; /* of a silence: this alert, all of its rule, all of its target */
    const char *alert_id, *rule, *target, *key; /* "" of a message */
    int64_t number;                             /* of the message, ALERT_RESEND only */
    const char *comment;
    double until_s; /* seconds since 1970; NAN: an acknowledgement until the alert is ok */
};

/* What the dashboard needs from outside. Members after `now` may be NULL: then the dashboard says that it cannot. */
struct dash_host {
    void *ctx;
    /* Runs Q over the newest snapshot and calls DONE later, never from within; as query_submit. Returns a ticket. */
    int (*ask)(void *ctx, const struct query *q, int priority, query_done_fn *done, void *done_ctx);
    void (*cancel)(void *ctx, int ticket);
    /* Seconds since 1970. */
    double (*now)(void *ctx);
    /* The datasets that what is visible reads; replaces the list before. */
    void (*demand)(void *ctx, const char *const *datasets, int n);
    /* The moment of the sample of DATASET before (-1) or after (+1) AT_S; NAN if there is none. */
    double (*step)(void *ctx, const char *dataset, double at_s, int direction);
    void (*quit)(void *ctx);
    bool (*copy)(void *ctx, const char *text, size_t len);
    /* Writes a file named like NAME ("sessions.json") in a directory of the host's choice, its path into PATH. */
    bool (*save)(void *ctx, const char *name, const char *text, size_t len, char *path, size_t size, struct err *err);
    bool (*theme)(void *ctx, const char *name, struct err *err);
    void (*mouse)(void *ctx, bool on);
    void (*refresh)(void *ctx, double seconds);
    void (*redraw)(void *ctx);
    /* Shows the plan of SQL; the answer comes by dash_text. */
    bool (*explain)(void *ctx, const char *target, const char *database, const char *sql, struct err *err);
    /* In place of `step` when the answer takes its time: COUNT samples before (-1) or after (+1) AT_S, given by dash_stepped. */
    void (*step_later)(void *ctx, const char *dataset, double at_s, int direction, int count);
    /* Acknowledges, silences, sends again. What comes of it later is told by dash_say. */
    bool (*alert)(void *ctx, const struct alert_order *order, struct err *err);
    /* Queues what action A said of a row of TARGET, which a person has confirmed. */
    bool (*cure)(void *ctx, const char *target, const struct action *a, const struct cure *cure, struct err *err);
    /* Cancels job ID; ID 0: all. */
    bool (*cure_stop)(void *ctx, int64_t id, struct err *err);
    /* Jobs that have not ended. */
    int (*cures_open)(void *ctx);
    /* The age of the newest sample of DATASET of TARGET, and the time between two of them; NAN if there is none. */
    double (*age)(void *ctx, const char *target, const char *dataset, double *every_s);
    /* Keys that were pressed but not read yet are forgotten. */
    void (*flush)(void *ctx);
};

struct dash_options {
    const struct registry *registry;
    const struct pages *pages; /* checked; borrowed */
    const struct actions *actions; /* what can be done to rows; NULL: nothing; borrowed */
    const char *page;          /* to start with; NULL: the first */
    const char *target;        /* to look at; copied */
    const char *window;        /* to start with; NULL: last */
    double refresh_s;
    const char *badge;         /* "DEMO": stands in the head of every page; NULL: none */
    const char *attached;      /* the guard whose numbers these are, for the head; NULL: our own */
    bool read_only;
    bool mouse;
    const char *const *themes; /* names for the palette */
    int n_themes;
};

struct dash *dash_new(const struct dash_options *options, struct dash_host host, struct err *err);
void dash_free(struct dash *d);

void dash_key(struct dash *d, const struct key *key);
/* Draws everything; C's size is the screen's. */
void dash_draw(struct dash *d, struct canvas *c);
/* Something changed since the last drawing. */
bool dash_dirty(const struct dash *d);
/* Another second has begun since then: the head's first line, which tells the time, is all that changed unless dash_dirty. */
bool dash_clock_due(const struct dash *d);
/* Draws that line only; C still holds what dash_draw drew last. */
void dash_draw_clock(struct dash *d, struct canvas *c);
/* A new sample of DATASET of TARGET is there: panes that read it ask again. */
void dash_data_changed(struct dash *d, const char *target, const char *dataset);
/* Asks what has become due. To be called when the time that it returns, in seconds, is over, and after keys and new samples. */
double dash_tick(struct dash *d);
/* The target that is looked at. Owned by D, until another one is. */
const char *dash_target(const struct dash *d);
/* The page that is open is not about that target, and which one it is about is not known before others have answered. */
bool dash_looks_for_target(struct dash *d);
/* Every pane that is visible has its rows. */
bool dash_complete(const struct dash *d);
/* And none of them is about to ask for newer ones. */
bool dash_settled(const struct dash *d);
/* A sentence in the last line, until the next key. */
void dash_say(struct dash *d, enum role role, const char *text);
/* Why no newer numbers come from what it is attached to: a sentence under the head as long as it holds. NULL: they come. */
void dash_set_trouble(struct dash *d, const char *text);
/* The answer to `step_later`: NAN if there is no such sample. */
void dash_stepped(struct dash *d, double moment, int direction);
/* A text over the page, until a key closes it: a plan. */
void dash_text(struct dash *d, const char *title, const char *text);
/* The overview as plain text: every pane in full, one below the other, COLUMNS wide. */
void dash_plain(struct dash *d, struct text *out, int columns, bool ascii);

#endif
