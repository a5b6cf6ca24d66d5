/* What the files of a source over HTTP share. */
#ifndef DBVITALS_COLLECTORS_APP_INSIDE_H
#define DBVITALS_COLLECTORS_APP_INSIDE_H

#include "collectors/app/app.h"
#include "core/command.h"
#include "core/fetch.h"

enum { N_APP_DATASETS = 5, MOST_HEADERS = 20 /* our own included */ };
extern const struct dataset *const app_datasets[N_APP_DATASETS + 1];

struct app_job; /* an answer that is read in the pool */

struct app_source {
    struct loop *loop;
    struct source_host host;
    struct app_words *words;
    char *place, *token; /* TOKEN: what password_command gave, NULL */
    struct command *asking;
    struct fetcher *fetcher;
    struct fetch *fetch; /* at most one */
    struct app_job *job; /* or its answer is being read */
    double sent_mono_s, sent_wall_s;
    struct loop_timer *turn;  /* the next attempt: of a poll in the next turn, by itself while it is down */
    bool due[N_APP_DATASETS]; /* answered by the next answer, whether it was asked for before or after */
    bool up, closed;
    double backoff_s;
    double newest_start_s; /* of the processes that answered, NAN */
    bool several;          /* more than one process answers */
    int depth;
};

/* ask.c */
void app_ask_start(struct app_source *s); /* the first attempt is made in the next turn */
void app_ask_stop(struct app_source *s);
/* words_check.c: as product.check has it. */
bool app_words_check(const struct target_config *config, const char **key, struct err *err);
/* request.c: starts the fetch; false and err if it cannot be tried. */
bool app_request(struct app_source *s, fetch_done_fn *fn, struct err *err);
/* What an answer that is none means; ERR stays "" if its body is worth reading. */
enum failure app_refusal(const struct app_source *s, const struct fetch_answer *a, struct err *err);
/* app.c */
void app_enter(struct app_source *s);
bool app_leave(struct app_source *s); /* false if the source was closed meanwhile and is gone */
void app_tell(struct app_source *s, enum source_state state, const char *error, const struct app_reading *r,
              double rtt_ms);

#endif
