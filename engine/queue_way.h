/* What the files of dataset `queue` share: the way of a request through a stack, place by place. */
#ifndef DBVITALS_ENGINE_QUEUE_WAY_H
#define DBVITALS_ENGINE_QUEUE_WAY_H

#include "core/text.h"
#include "engine/queue.h"

/* Columns of the dataset. */
enum {
    PLACE,
    KIND,
    NAME,
    STACK,
    SIZE,
    MAX_SIZE,
    IN_USE,
    OWN,
    IDLE,
    WAITING,
    MAX_WAIT,
    TIMEOUTS,
    UTILIZATION,
    LEVEL,
    STANDS,
    VERDICT,
    DOWN
};

/* One place; texts are of the samples. */
struct station {
    enum queue_place place;
    int part;
    const char *kind, *name, *level, *database, *user;
    const char *down, *why;           /* as of its part */
    double numbers[UTILIZATION + 1];  /* by column, from SIZE on */
    double shared_in_use, shared_max; /* of the pools of its database together; NAN: they have no limit */
    bool stands, paused;
};
struct way {
    struct station *list;
    int n;
    /* By place: pools; pools that may open more connections. */
    bool has[PLACE_LOCKS + 1], may_ask[PLACE_LOCKS + 1];
};

/* Is that part of it taken, AT of 1, and not by us alone? */
bool station_is_full(const struct station *s, double at);

/* queue_judge.c */
/* An application's pool that is full, and does not tell who waits. */
bool station_may_wait(const struct station *s);
/* An application's pool of which more than its size is out, and that does not tell how much more there is. */
bool station_overflows(const struct station *s);
/* A pool that has fewer connections than it may, or does not tell how many it may have. */
bool station_may_open(const struct station *s);
/* Marks where the queue stands: at one place at most. */
void way_judge(struct way *w);
/* What that means, in a sentence; of one that stands, overflows or is down. */
void station_verdict(const struct station *s, struct text *out);

#endif
