/* show and query of a guard's numbers. */
#include "cli/show_guard.h"

#include <stdlib.h>

#include "alerts/alerts.h"
#include "alerts/state.h"
#include "cli/attach_find.h"
#include "cures/cures_sample.h"
#include "cures/scheduler.h"

/* It may wait for what it reads only now. */
static const double most_s = 15;

bool show_guard_has(const struct dataset *d)
{
    const struct dataset *const all[] = {&alerts_dataset, &rules_dataset, &deliveries_dataset, &cures_dataset,
                                         &schedules_dataset};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] == d)
            return true;
    return false;
}

struct attach *show_guard_open(struct session *s, const char *what, struct err *err)
{
    const char *where = s->args->attach;
    char *target = NULL;
    struct attach *a = where != NULL ? attach_named(s, where, &target, err) : attach_local(s, &target);
    free(target);
    if (a == NULL && where == NULL)
        fail(err,
             "%s: what is there lives in a guard, and none answers here: start one with dbvitals guard, or "
             "name one "
             "with --attach; over HTTP it has them too (docs/http.md)",
             what);
    return a;
}

struct answer {
    struct result *result;
    struct err *err;
    bool over;
};

static void on_rows(void *ctx, struct result *result, const char *error)
{
    struct answer *a = ctx;
    a->over = true;
    a->result = result;
    if (result == NULL)
        fail(a->err, "the guard: %s", error);
}

static void on_time(void *ctx)
{
    struct answer *a = ctx;
    a->over = true;
    fail(a->err, "the guard gives no answer within %.0f seconds", most_s);
}

struct result *show_guard_ask(struct session *s, struct attach *a, const struct query *q, struct err *err)
{
    struct answer answer = {.err = err};
    struct loop_timer *timer = loop_timer_new(s->loop, on_time, &answer);
    loop_timer_start(timer, most_s, 0);
    int ticket = attach_ask(a, q, on_rows, &answer);
    while (!answer.over && attach_trouble(a) == NULL)
        loop_run_once(s->loop, true);
    loop_timer_free(timer);
    attach_cancel(a, ticket);
    if (!answer.over)
        fail(err, "%s", attach_trouble(a));
    return answer.result;
}
