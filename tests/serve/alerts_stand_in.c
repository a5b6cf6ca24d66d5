/* Alerts for tests of HTTP: a book with one alert, judged by nobody. */
#include <string.h>

#include "tests/serve/alerts_stand_in.h"

#include <math.h>
#include <stdlib.h>

#include "core/loop.h"
#include "core/mem.h"

struct alerts {
    struct rules rules;
    struct book *book;
};

struct alerts *alerts_stand_in_new(void)
{
    struct alerts *a = mem_new(sizeof(*a));
    a->book = book_new(&a->rules);
    struct alert *alert = book_restore(a->book, "lock_waits", "shop", "");
    alert->state.phase = PHASE_FIRING;
    alert->state.level = LEVEL_CRITICAL;
    alert->state.transitions = 1;
    return a;
}

void alerts_stand_in_free(struct alerts *a)
{
    book_free(a->book);
    free(a);
}

const struct book *alerts_book(const struct alerts *a)
{
    return a->book;
}

bool alerts_ack(struct alerts *a, const char *id, const char *by, const char *comment, double until_s,
                struct err *err)
{
    return book_ack(a->book, id, by, comment, loop_wall_s(), until_s, err);
}

bool alerts_unack(struct alerts *a, const char *id, struct err *err)
{
    return book_unack(a->book, id, err);
}

bool alerts_silence(struct alerts *a, const struct silence *s, int64_t *id, struct err *err)
{
    *id = book_silence(a->book, s);
    return *id != 0 || fail(err, "there are too many silences");
}

/* Message 7 is a dead letter. */
bool alerts_resend(struct alerts *a, int64_t number, alerts_resent_fn *fn, void *ctx, struct err *err)
{
    (void)a;
    if (number == 409)
        return fail(err, "nothing is delivered here");
    fn(ctx, number == 7);
    return true;
}

bool alerts_test(struct alerts *a, const char *webhook, struct err *err)
{
    (void)a;
    return strcmp(webhook, "ops") == 0 || fail(err, "the config has no [webhook %s]", webhook);
}

bool alerts_unsilence(struct alerts *a, int64_t id, struct err *err)
{
    return book_unsilence(a->book, id, loop_wall_s()) || fail(err, "there is no such silence");
}

void alerts_keep(struct alerts *a, state_done_fn *fn, void *ctx)
{
    (void)a;
    fn(ctx, true);
}
