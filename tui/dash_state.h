/* The dashboard's insides, for the dash_*.c files only. */
#ifndef DBVITALS_TUI_DASH_STATE_H
#define DBVITALS_TUI_DASH_STATE_H

#include "tui/dash.h"
#include "tui/keys.h"
#include "tui/widget.h"

enum {
    FIRST_LIMIT = 60,
    MOST_LIMIT = 20000,
    MAX_DATASETS = 20,
    MAX_VISITS = 16,
    PAGES_HELD = 5, /* ordinary pages whose results are kept: the rest asks anew when it is opened again */
    MAX_HITS = 400,
    LINE_MOST = 1000,
    MAX_SEEN = 64
};

struct dash_pane;
struct asking {
    struct dash_pane *pane;
    int ticket;
    bool out;
    bool other_rows; /* with another filter or set than what was answered last */
};

/* A pane of a visited page. */
struct dash_pane {
    struct dash *dash;
    struct visit *visit;
    const struct pane *pane;
    struct result *result, *note;
    struct result *newer;       /* came since the last drawing, with which it takes the place of `result`: keys mean what is seen; NULL: nothing did */
    bool newer_other;           /* it is of another filter or set than `result` */
    char error[256];
    struct asking rows, beside; /* its SELECT and its note */
    struct asking all;          /* its SELECT without a limit, for export */
    char export_format[8];
    bool stale;                 /* something newer can be had */
    bool asked;                 /* at least once */
    bool foreign;               /* the product `judged_for` has not what it reads */
    char judged_for[64];
    bool other_rows;            /* another filter or set is asked for next */
    double answered_s;          /* when the result came */
    double stale_since;
    double seen_s;              /* the moment of the last answer with rows */
    bool held;                  /* what the detail is about is gone: the result is that of seen_s */
    struct table table;
    char sort_column[72]; /* the user's own choice; "" is the pane's standard */
    bool sort_descending;
    bool reversed; /* the pane's standard order, the other way round */
    int set, limit;
    enum command then; /* what is done when more rows are there: they were not enough for it */
    char *filter_text; /* NULL: none */
    struct filter filter;
    struct layout_place place; /* on the screen, frame included; rows 0: not visible */
    bool demanded;             /* its datasets were asked for; a pane may become one of ours when the product is known */
    int asked_rows;            /* :rows of the last asking */
    char datasets[MAX_DATASETS][64];
    int n_datasets;
    double trend_newest; /* sampled_at of the newest moment held; NAN: none */
};

/* A page that was opened: an ordinary one once by its digit; a detail page, or one that a row leads to, each time. */
struct visit {
    const struct page *page;
    struct dash_pane *panes;
    int n;
    int focus;
    bool zoom;
    struct arena *arena;        /* of params; NULL for ordinary pages */
    struct query_param *params; /* columns of the row that was opened */
    int n_params;
    unsigned opened; /* an ordinary page: the how manieth opening it was; 0: its results are gone since */
};

enum mode { MODE_PAGE, MODE_FILTER, MODE_PALETTE, MODE_SORT, MODE_FORM, MODE_HELP, MODE_TEXT, MODE_OFFER, MODE_QUESTION };

/* A dialog of a few lines: what is to be done about an alert. */
enum { FORM_FIELDS = 3, FORM_TEXT = 200 };
struct form {
    enum alert_deed deed;
    int n, at;                           /* fields, and the one that is typed in */
    const char *labels[FORM_FIELDS], *helps[FORM_FIELDS];
    char values[FORM_FIELDS][FORM_TEXT + 1]; /* that of `at` is in `line` of the dashboard */
    int64_t number;                      /* of a message */
    char id[24], title[FORM_TEXT], rule[FORM_TEXT], target[FORM_TEXT], key[FORM_TEXT];
};

/* What an action said of one row. */
struct proposal {
    const struct action *action;
    const struct query_param *params; /* the row's keys */
    int n_params;
    bool of_finding;       /* the row is a finding, whose cure is another action */
    struct result *result; /* NULL: not answered, or `cure.why_not` tells */
    struct cure cure;
};

/* What is offered: an action on some rows, or (menu) all actions on one. */
struct offer {
    struct dash *dash;
    struct arena *arena;
    const struct action *action; /* NULL: a menu */
    const char *dataset;         /* whose rows are meant; NULL: the target */
    struct dash_pane *pane;      /* whose tagged rows are meant; NULL: none */
    const char *target, *typed;  /* typed: what the action asks for; NULL: not yet, or nothing */
    struct proposal *list;
    int n, answered;
    int n_tagged, not_held, elsewhere; /* rows: tagged; of these, not among those that the pane holds now, and of other targets */
    int ticket;
    bool out;                    /* a question is on its way */
    double shown_s;              /* when all of it stood on the screen first; NAN: not yet */
    int top, lines, room;        /* scrolling: first line, of how many, in how many rows */
    int chosen;                  /* menu */
};

/* A question of a few words, answered by one key of KEYS. */
struct question {
    char title[100], about[1500], answers[500], keys[4];
    double shown_s;
    int64_t job;
    void (*fn)(struct dash *d, char key);
};

/* What a click means, noted while drawing. */
enum hit_kind { HIT_PAGE, HIT_PANE, HIT_KEY };
struct hit {
    enum hit_kind kind;
    int row, column, rows, columns;
    int number; /* page, pane, or command */
};

struct dash {
    struct dash_host host;
    struct dash_options options;
    char *target;
    struct result *targets; /* the head's answer before the last change of target; NULL: there was none */
    struct visit head;               /* panes asked whatever page is open: head, now */
    struct visit **pages;            /* by page number; NULL: never opened */
    struct visit *stack[MAX_VISITS]; /* pages that rows led to, on top of the page */
    int n_stack;
    int page;          /* number of the ordinary page */
    bool looks_for_target; /* no target is known yet that the page is for; until the next key */
    unsigned n_opened; /* how often one was opened */
    int rows, columns; /* of the last drawing */
    int body_row, body_rows;
    bool frameless;
    bool plain; /* drawn as text: no cursor */
    char window[24];
    double at_s; /* NAN: now */
    bool paused;
    double refresh_s;
    bool mouse;
    double opened_s;
    char seen[MAX_SEEN][64];       /* datasets that have answered, well or not */
    int n_seen;
    double wave_s;   /* when the first of the samples came that panes ask for together next */
    double newest_s; /* when the newest sample came, NAN: none */
    enum mode mode;
    char line[LINE_MOST + 1]; /* being typed */
    int line_at;              /* its cursor, in bytes */
    bool line_chosen;         /* all of it: what is typed takes its place */
    char line_error[300];
    int list_row, list_top; /* palette, sort */
    struct form form;
    struct offer *offer; /* MODE_OFFER */
    struct question question;
    bool leaving; /* as soon as the last job has ended */
    char trouble[300]; /* why nothing newer comes, or "" */
    char *overlay_title, *overlay;
    int overlay_top;
    char said[300];
    enum role said_role;
    double said_s; /* when */
    bool dirty;
    double drawn_second;
    struct hit hits[MAX_HITS];
    int n_hits;
};

/* dash.c */
struct visit *dash_visit(struct dash *d);     /* what is shown */
struct dash_pane *dash_focus(struct dash *d); /* NULL if nothing can have it */
/* Of the open page, else of the head; NULL if there is none. */
struct dash_pane *dash_pane_named(struct dash *d, const char *name);
void dash_demand(struct dash *d);
/* Name of the product of the target looked at; false while it is not known. */
bool dash_product(struct dash *d, char *out, size_t size);
bool dash_live(const struct dash *d);
double dash_stale_s(const struct dash *d); /* numbers that are older are not those of now */
double dash_moment(const struct dash *d); /* what is shown: now, or the past */
bool pane_waits(const struct dash_pane *p);          /* nothing of what it reads has answered yet */
void pane_stale(struct dash_pane *p);     /* asks at the next tick */
void pane_stale_all(struct dash *d);      /* after a change of window, time, target */
struct view pane_view(struct dash_pane *p);
/* The first column of the order; its column is NULL if there is none. */
void pane_sort_of(const struct dash_pane *p, struct pane_sort *out);

/* dash_visit.c */
void pane_init(struct dash_pane *p, struct dash *d, struct visit *visit, const struct pane *pane);
void visit_done(struct visit *v);
void visit_free(struct visit *v);
void asking_cancel(struct dash *d, struct asking *a);
void dash_open_page(struct dash *d, int number);
/* An ordinary page that a row leads to: on top of what is shown, so that dash_back goes back. */
void dash_open_above(struct dash *d, const struct page *page);
void dash_open_detail(struct dash *d, const struct page *page, const struct result *row_of, int row);
bool dash_back(struct dash *d); /* false on an ordinary page */
void dash_forget(struct dash *d); /* drops all results and details, and opens the page again */

/* dash_ask.c */
void pane_ask(struct dash_pane *p);
/* What came since the last drawing is what is drawn now. */
void visit_take_newer(struct visit *v);
bool pane_is_gone(const struct dash_pane *p); /* what its detail is about is not there now */
/* All rows of P's SELECT, with its filter, set and order: for DONE with the context &P->all. False if it cannot be asked. */
bool pane_ask_all(struct dash_pane *p, query_done_fn *done, struct err *err);
/* Adds a result of moments to those held. Takes NEWER, returns what replaces both. */
struct result *trend_merge(struct result *held, struct result *newer, double oldest_s);

/* dash_layout.c */
void dash_layout(struct dash *d, int rows, int columns);
/* All that it is made of belongs to other products than the target looked at: it takes no room there. While that is not known: those that
 * need something. */
bool pane_is_foreign(struct dash_pane *p);
/* The same of all panes of a page, for a target of PRODUCT. */
bool visit_is_foreign(const struct visit *v, const char *product);
/* It is such a one, and there are others: a page of nothing else says why it is empty. */
bool pane_is_left_out(struct dash_pane *p);
bool pane_wanted(struct dash_pane *p); /* stands on the screen, or would if it had rows */
int pane_body_rows(const struct dash_pane *p);

/* dash_draw.c */
void hit_add(struct dash *d, enum hit_kind kind, int row, int column, int rows, int columns, int number);
void pane_draw(struct dash_pane *p, struct area whole, bool frame);
void window_text(const struct dash_pane *p, char *out, size_t size);

/* dash_head.c */
int head_rows(const struct dash *d, int rows);
void head_draw(struct dash *d, struct area a);

/* dash_foot.c */
void foot_draw(struct dash *d, struct area a);

/* dash_do.c */
/* THEN needs rows that are not held: asks for all that may be, and does it again when they are there. */
void pane_more(struct dash_pane *p, enum command then);
/* Does what waited for rows. */
void pane_then(struct dash_pane *p);
void dash_do(struct dash *d, enum command c, const struct key *key);
void pane_set_sort(struct dash_pane *p, const char *column, bool descending);
bool pane_set_filter(struct dash_pane *p, const char *text, struct err *err);

/* dash_time.c */
void dash_set_window(struct dash *d, const char *window);
void dash_next_window(struct dash *d);
/* dash_target.c */
/* Name of target number I, NULL after the last; the first is the one looked at. */
const char *dash_target_name(struct dash *d, int i);
/* Its stack; of one that names none its own name. */
const char *dash_target_stack(struct dash *d, int i);
/* From now on this target is looked at, on the same page; all results are forgotten. */
bool dash_look_at(struct dash *d, const char *name, struct err *err);
/* The same of a stack: its server, else the first of its targets. */
bool dash_look_at_stack(struct dash *d, const char *name, struct err *err);
/* A page of which nothing is for this target leads to one that it is for: of the same stack, else of all; as soon as there is one. */
void dash_look_for_page(struct dash *d);
void dash_next_target(struct dash *d);
void dash_next_stack(struct dash *d);
void dash_to_now(struct dash *d);
void dash_pause(struct dash *d);
void dash_step(struct dash *d, int direction);
void dash_step_refresh(struct dash *d, int step);

/* dash_rows.c */
/* The row under the cursor of P, the first one where there is none to choose; false: it has no row. */
bool pane_row(struct dash_pane *p, const struct result **from, int *row);
void pane_open_row(struct dash_pane *p);
void pane_tag(struct dash_pane *p);
void pane_untag(struct dash_pane *p);
void pane_step_match(struct dash_pane *p, int step);
void pane_next_set(struct dash_pane *p);

/* dash_line.c */
void line_start(struct dash *d, enum mode mode, const char *text);
void line_key(struct dash *d, const struct key *key);

/* Moves the line's cursor, or erases; false if C is about something else. */
bool line_edit(struct dash *d, enum command c);
/* Types KEY, or pastes. */
void line_character(struct dash *d, const struct key *key);

/* dash_form.c */
/* Opens the form for the alert, or the message, under P's cursor: C is COMMAND_ACK, COMMAND_SILENCE, COMMAND_RESEND. */
void form_open(struct dash *d, struct dash_pane *p, enum command c);
void form_key(struct dash *d, const struct key *key);
void form_draw(struct dash *d, struct area a);

/* dash_meant.c */
/* The dataset whose rows P's are, as far as actions go; NULL if none is. */
const char *pane_dataset(const struct dash_pane *p);
/* The same of what a person looks at: the focused pane, else what its detail page is about; the pane whose row that is goes into *OF. */
const char *dash_dataset(struct dash *d, struct dash_pane **of);
/* The action that KEY means on the row under the cursor; NULL if none. */
const struct action *dash_action(struct dash *d, const struct key *key);
/* The first action that KEY means on any row; NULL if none. */
const struct action *dash_action_elsewhere(struct dash *d, const struct key *key);
/* Why no cure can be offered for rows of DATASET now; false if one can. */
bool dash_why_no_cure(struct dash *d, const char *target, const char *dataset, char *out, size_t size);
/* The sentence for every row when nothing can ever be done from here: --read-only, the numbers of a guard; NULL if something can. */
const char *dash_why_never(const struct dash *d);
/* What the row under the cursor says (column `way`) of where something can be done about it; false if it says nothing. */
bool dash_way(struct dash *d, char *out, size_t size);
/* Fills O's list with what action A (NULL: each that is possible here) is asked about. False if no row is meant: WHY is a sentence. */
bool offer_rows(struct offer *o, const struct action *a, char *why, size_t size);
/* Whether the target is one where several rows are confirmed by name. */
bool dash_is_prod(struct dash *d, const char *target);

/* dash_action.c */
void action_open(struct dash *d, const struct action *a);
void action_menu(struct dash *d);
void offer_close(struct dash *d);
void offer_key(struct dash *d, const struct key *key);
/* How many of O's proposals are possible; the first of them into *FIRST. */
int offer_possible(const struct offer *o, const struct proposal **first);
/* What is typed to confirm: "y", the count, or a name. */
void offer_word(const struct offer *o, char *out, size_t size);
bool offer_ready(const struct offer *o);

/* dash_action_draw.c */
void offer_draw(struct dash *d, struct area a);

/* dash_lines.c */
struct line {
    char *text;
    struct style style;
};
struct lines {
    struct line *list;
    int n, columns;
};
struct lines *lines_new(int columns);
void lines_free(struct lines *l);
/* TEXT of LEN bytes as one paragraph, whatever it holds; or each of its lines as one. */
void lines_wrap(struct lines *l, struct style style, const char *text, size_t len);
void lines_add(struct lines *l, struct style style, const char *text);
/* LEN bytes as one line, indented; what is too long is cut where it is drawn. */
void lines_cut(struct lines *l, struct style style, const char *text, size_t len);
/* SQL that will run as one paragraph, its control characters visible; true if it has any. */
bool lines_sql(struct lines *l, struct style style, const char *sql);
void lines_addf(struct lines *l, struct style style, const char *format, const char *a, const char *b);

/* dash_question.c */
void question_key(struct dash *d, const struct key *key);
void question_draw(struct dash *d, struct area a);
/* Asks whether the job under P's cursor is to be cancelled. */
void job_stop(struct dash *d, struct dash_pane *p);
/* Ends the dashboard; asks first when jobs have not ended. */
void dash_leave(struct dash *d);
/* A job has ended: the end, if that was the last one that it waits for. */
void dash_leave_if_done(struct dash *d);
/* A dialog has stood long enough to have been read: no key of before reaches it. */
bool dialog_armed(const struct dash *d, double *shown_s);

/* dash_palette.c */
struct choice {
    char text[120]; /* as typed */
    const char *help;
};
struct choices {
    struct choice *items;
    int n;
    const char *typed;
};
/* All that fits what is typed; the items are a heap array. */
struct choices palette_choices(struct dash *d);
void palette_accept(struct dash *d); /* runs what is chosen, else what is typed */
void palette_complete(struct dash *d);

/* dash_list.c */
void list_draw(struct dash *d, struct area a);
/* A box with a title at the lower left of A, and room for ROWS x COLUMNS in it, which it gives. */
struct area box_draw(struct area a, int rows, int columns, const char *title);
void list_key(struct dash *d, enum command c);

/* dash_help.c */
void help_open(struct dash *d);
void overlay_draw(struct dash *d, struct area a);
void overlay_key(struct dash *d, enum command c);

/* dash_out.c */
void dash_copy(struct dash *d);
void dash_export(struct dash *d, const char *format);
void dash_explain(struct dash *d);

/* dash_mouse.c */
void mouse_key(struct dash *d, const struct key *key);

#endif
