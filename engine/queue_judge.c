/* Where the queue of a stack stands: the place nearest to the database that is full, or a lock, while those
 * before it wait; slots and limits of the server refuse who comes, so there it is enough that a pool may ask.
 * An application's pool that is full and does not tell who waits may have a queue, and counts as if it had.
 */
#include <math.h>
#include <string.h>

#include "engine/queue_way.h"

bool station_is_full(const struct station *s, double at)
{
    return s->numbers[UTILIZATION] >= at && !(s->numbers[IN_USE] <= s->numbers[OWN]);
}

bool station_may_wait(const struct station *s)
{
    double most = s->numbers[MAX_SIZE];
    return s->place == PLACE_APP && isnan(s->numbers[WAITING]) && most > 0 && s->numbers[IN_USE] >= most;
}

bool station_overflows(const struct station *s)
{
    return s->place == PLACE_APP && isnan(s->numbers[MAX_SIZE]) && s->numbers[IN_USE] > s->numbers[SIZE] &&
           s->numbers[IDLE] == 0;
}

bool station_may_open(const struct station *s)
{
    return !s->paused && !(s->shared_in_use >= s->shared_max) &&
           !(fmax(0, s->numbers[IN_USE]) + fmax(0, s->numbers[IDLE]) >= s->numbers[MAX_SIZE]);
}

static bool waits(const struct station *s)
{
    return s->numbers[WAITING] > 0 || station_may_wait(s);
}

/* Is S where nothing comes through, whoever waits before it? */
static bool is_shut(const struct station *s)
{
    return station_is_full(s, 1) || s->numbers[IN_USE] >= s->numbers[MAX_SIZE];
}

/* Do requests wait in pools before PLACE? Those of these pools that are the nearest to it have IN_USE
 * connections; TOLD: one of the pools before it tells who waits. */
static bool is_waited_before(const struct way *w, enum queue_place place, double *in_use, bool *told)
{
    bool found = false;
    enum queue_place nearest = PLACE_APP;
    *in_use = 0;
    *told = false;
    for (int i = 0; i < w->n; i++) {
        const struct station *s = &w->list[i];
        if ((s->place != PLACE_APP && s->place != PLACE_POOLER) || s->place >= place)
            continue;
        *told = *told || !isnan(s->numbers[WAITING]);
        if (!waits(s))
            continue;
        if (s->place > nearest)
            *in_use = 0;
        nearest = s->place;
        found = true;
        *in_use += fmax(0, s->numbers[IN_USE]);
    }
    return found;
}

/* Slots refuse who comes: that matters while a pool may ask for a connection. Of pools behind each other
 * those of the pooler ask. */
static bool slots_are_asked(const struct way *w)
{
    enum queue_place nearest = w->has[PLACE_POOLER] ? PLACE_POOLER : PLACE_APP;
    return w->may_ask[nearest];
}

/* The same of the limit of a database or a role, which is only of the pools of that. */
static bool limit_is_asked(const struct way *w, const struct station *limit)
{
    bool of_role = strcmp(limit->kind, "role") == 0;
    for (int i = 0; i < w->n; i++) {
        const struct station *s = &w->list[i];
        if ((s->place == PLACE_APP || s->place == PLACE_POOLER) && station_may_open(s) &&
            strcmp(of_role ? s->user : s->database, limit->name) == 0)
            return true;
    }
    return false;
}

/* Does another target answer at the place of S? */
static bool has_another(const struct way *w, const struct station *s)
{
    for (int i = 0; i < w->n; i++)
        if (w->list[i].place == s->place && w->list[i].part != s->part && w->list[i].down == NULL)
            return true;
    return false;
}

/* A lock holds the queue of the pools where it holds half of the connections that they wait for. */
static bool holds(const struct way *w, const struct station *s)
{
    double in_use;
    bool told, before = is_waited_before(w, s->place, &in_use, &told);
    if (s->down != NULL)
        return before && !has_another(w, s);
    switch (s->place) {
    case PLACE_APP:
    case PLACE_POOLER:
        return waits(s);
    case PLACE_LOCKS:
        return s->level != NULL && (!before || s->numbers[WAITING] * 2 >= in_use);
    case PLACE_SLOTS:
        before = before || slots_are_asked(w);
        break;
    case PLACE_LIMIT:
        before = before || limit_is_asked(w, s);
        break;
    case PLACE_CLIENTS:
        break;
    }
    return is_shut(s) && s->level != NULL && (before || !told);
}

static bool is_worse(const struct station *a, const struct station *b)
{
    double x = fmax(0, a->numbers[WAITING]), y = fmax(0, b->numbers[WAITING]);
    return x > y || (x == y && a->numbers[IN_USE] > b->numbers[IN_USE]);
}

void way_judge(struct way *w)
{
    struct station *worst = NULL;
    for (int place = PLACE_LOCKS; place >= PLACE_APP && worst == NULL; place--)
        for (int i = 0; i < w->n; i++) {
            struct station *s = &w->list[i];
            if ((int)s->place == place && holds(w, s) && (worst == NULL || is_worse(s, worst)))
                worst = s;
        }
    if (worst != NULL)
        worst->stands = true;
}

/* The limit of its database is used up, and not its own. */
static bool database_is_full(const struct station *s)
{
    bool own = s->numbers[IN_USE] >= s->numbers[MAX_SIZE] && s->numbers[MAX_SIZE] < s->shared_max;
    return s->shared_in_use >= s->shared_max && !own;
}

static void pooler_verdict(const struct station *s, struct text *out)
{
    double in_use = s->numbers[IN_USE], most = s->numbers[MAX_SIZE];
    if (s->paused)
        text_addf(out, "PgBouncer's pool %s is paused (%.0f of %.0f connections in use)", s->name, in_use,
                  most);
    else if (database_is_full(s))
        text_addf(out,
                  "requests wait for PgBouncer's pool %s: max_db_connections (%.0f) of its database is used "
                  "up, by %.0f of "
                  "this pool and %.0f of others: their transactions take long, or it is too small",
                  s->name, s->shared_max, in_use, fmax(0, s->shared_in_use - in_use));
    else
        text_addf(out,
                  is_shut(s) ? "PgBouncer's pool %s is full (%.0f of %.0f), while the server has room: its "
                               "transactions take long, or pool_size is too small"
                             : "requests wait for PgBouncer's pool %s, which is not full (%.0f of %.0f): "
                               "connections are being made, or the server lets none in",
                  s->name, in_use, most);
}

static void app_verdict(const struct station *s, struct text *out)
{
    double in_use = s->numbers[IN_USE], most = s->numbers[MAX_SIZE];
    if (station_may_wait(s))
        text_addf(out, "the application's pool %s is full (%.0f of %.0f); it does not tell who waits",
                  s->name, in_use, most);
    else if (!waits(s))
        text_addf(out,
                  "the application's pool %s: all of its size is out and overflow is in use; "
                  "pool.max_overflow tells how much there is",
                  s->name);
    else if (isnan(most))
        text_addf(out,
                  "requests wait for the application's pool %s, whose largest size is not told: "
                  "pool.max_overflow or pool.max_size tells it",
                  s->name);
    else
        text_addf(out,
                  is_shut(s) ? "the application's pool %s is full (%.0f of %.0f), and nothing behind it is: "
                               "its connections are held for long, or never given back, or it is too small"
                             : "requests wait for the application's pool %s, which is not full (%.0f of "
                               "%.0f): its connections are being made",
                  s->name, in_use, most);
}

void station_verdict(const struct station *s, struct text *out)
{
    double in_use = s->numbers[IN_USE], most = s->numbers[MAX_SIZE], waiting = s->numbers[WAITING];
    if (s->down != NULL) {
        text_addf(out, "%s is down: %s", s->down, s->why != NULL ? s->why : "no answer");
        return;
    }
    switch (s->place) {
    case PLACE_APP:
        app_verdict(s, out);
        break;
    case PLACE_CLIENTS:
        text_addf(out, "the pooler takes no more clients: max_client_conn (%.0f) is reached", most);
        break;
    case PLACE_POOLER:
        pooler_verdict(s, out);
        break;
    case PLACE_SLOTS:
        text_addf(out, "the server's connection slots are exhausted (%.0f of %.0f)", in_use, most);
        break;
    case PLACE_LIMIT:
        text_addf(out, "the connection limit of %s %s is reached (%.0f of %.0f)", s->kind, s->name, in_use,
                  most);
        break;
    case PLACE_LOCKS:
        text_addf(out, "%.0f session%s for locks: page locks shows who holds them", waiting,
                  waiting == 1 ? " waits" : "s wait");
        break;
    }
}
