/* Files of a pattern as a product: backups:/var/backups/shop/... What the product's files share. */
#ifndef DBVITALS_COLLECTORS_FILES_FILES_H
#define DBVITALS_COLLECTORS_FILES_FILES_H

#include "collectors/files/dump.h"
#include "collectors/source.h"
#include "core/child.h"

/* What a program said of a dump, for as long as the file stays the same. */
struct verdict {
    struct dump_id id;
    double whole; /* 1, 0, NAN: it could not tell, WHY says the reason */
    double at_s;  /* since 1970 */
    char why[200];
};

/* The dump that a program reads now. */
struct check {
    struct child *child; /* NULL: none */
    struct verdict verdict;
    char *path;
    const struct dump_kind *kind;
};

enum { MOST_DUE = 4 };
/* What was asked for at once; answered together, from one look at the disk. */
struct round {
    struct round *next;
    struct files_source *source;
    const struct dataset *due[MOST_DUE];
    int n_due;
    double asked_mono_s, found_mono_s;
    struct scan *scan;
    bool found;
};

struct files_source {
    struct loop *loop;
    struct target_config config; /* with strings of its own */
    struct source_host host;
    const char *pattern; /* of config.url */
    bool verify;
    double limit_s; /* of a check */
    enum source_state state;
    struct round *rounds; /* all that are not answered */
    struct loop_timer *retry, *patience;
    struct verdict verdicts[MOST_DUMPS];
    int n_verdicts, next_verdict;
    struct check check;
    struct dump_id seen[MOST_DUMPS]; /* by the look before this one */
    int n_seen;
    bool closed;
    int depth;
};

enum { WRITTEN_S = 60 }; /* whoever wrote to it within so long may go on */

/* check.c */
/* Is somebody still writing D? A file that the look before had with another size. */
bool files_writing(const struct files_source *s, const struct dump *d, double now_s);
/* What is known of D: by its bytes, or by a program. */
struct verdict files_verdict(const struct files_source *s, const struct dump *d, double now_s);
/* The newest dump that is written as a whole, of those found; -1 if none. */
int files_newest(const struct files_source *s, const struct scan *found, double now_s);
/* The newest dump that did not fail: verified good, or not known; -1 if none. */
int files_good(const struct files_source *s, const struct scan *found, double now_s);
enum { MOST_BACK = 5 };
/* Starts a program on the newest dump, or, where it failed, on the next older one, and so on, MOST_BACK of
 * them: if there is one to start. files_checked() is called when it is through. */
void files_check(struct files_source *s, const struct scan *found, double now_s);
void files_check_stop(struct files_source *s);
/* files.c */
void files_checked(struct files_source *s);

/* backups.c */
extern const struct dataset *const files_datasets[]; /* NULL-ended */
/* The sample of D from what was found. */
struct sample *files_sample(const struct files_source *s, const struct dataset *d, const struct scan *found,
                            double now_s);

extern const struct product files_product;

#endif
