/* What people and other alerts say of an alert: acknowledged, silenced, inhibited. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/book_private.h"
#include "core/mem.h"
#include "core/text.h"

enum { MOST_SILENCES = 1000 };
/* The rule of a target that does not answer, one alert per target. */
static const char inhibitor[] = "target_down";

void ack_clear(struct alert *a)
{
    free(a->ack.by);
    free(a->ack.comment);
    a->ack.by = a->ack.comment = NULL;
    a->ack.at_s = a->ack.until_s = NAN;
}

static struct alert *find_firing(const struct book *b, const char *id, struct err *err)
{
    struct alert *a = book_find(b, id);
    if (a == NULL)
        fail(err, "there is no alert %.40s: see dbvitals alerts list", id);
    else if (alert_state_force(&a->state) == LEVEL_NONE) {
        fail(err, "alert %s (%s of %s) is %s: only one that is firing can be acknowledged", a->id, a->rule,
             a->target, phase_name(a->state.phase));
        return NULL;
    }
    return a;
}

bool book_ack(struct book *b, const char *id, const char *by, const char *comment, double wall_s,
              double until_s, struct err *err)
{
    struct alert *a = find_firing(b, id, err);
    if (a == NULL)
        return false;
    if (by == NULL || by[0] == '\0')
        return fail(err, "alert %s was not acknowledged: nobody said who acknowledges it", id);
    if (until_s <= wall_s)
        return fail(err, "alert %s was not acknowledged: the time until which it is to be has passed", id);
    ack_clear(a);
    a->ack.by = mem_dup(by);
    a->ack.comment = mem_dup(comment);
    a->ack.at_s = wall_s;
    a->ack.until_s = until_s;
    struct transition t = {CHANGE_NONE, a->state.level, a->state.level, REASON_ACKED, a->state.transitions};
    if (b->on_event != NULL)
        b->on_event(b->event_ctx, &(struct event){a, t, wall_s});
    return true;
}

bool book_unack(struct book *b, const char *id, struct err *err)
{
    struct alert *a = find_firing(b, id, err);
    if (a == NULL)
        return false;
    if (a->ack.by == NULL)
        return fail(err, "nobody has acknowledged alert %s", id);
    ack_clear(a);
    return true;
}

bool alert_inhibits(const struct alert *a)
{
    return strcmp(a->rule, inhibitor) == 0;
}

const struct alert *book_inhibitor(const struct book *b, const struct alert *a)
{
    if (alert_inhibits(a))
        return NULL;
    const struct entry *e = entry_find(b, inhibitor, a->target, "");
    return e != NULL && alert_state_force(&e->alert.state) != LEVEL_NONE ? &e->alert : NULL;
}

void place_inhibit(struct book *b, const struct place *place)
{
    const struct entry *down = entry_find(b, inhibitor, place->name, "");
    bool inhibits = down != NULL && alert_state_force(&down->alert.state) != LEVEL_NONE;
    for (int i = 0; i < place->entries.n; i++)
        if (place->entries.list[i] != down)
            text_replace(&place->entries.list[i]->alert.inhibited_by, inhibits ? inhibitor : NULL);
}

/* One [set] of a GLOB: does C belong to it? *P is left behind it; a set without an end is a plain '['. */
static bool set_has(const char **p, char c)
{
    const char *s = *p + 1;
    bool inverted = *s == '^', has = false;
    s += inverted;
    const char *first = s;
    while (*s != '\0' && (*s != ']' || s == first)) {
        bool range = s[1] == '-' && s[2] != ']' && s[2] != '\0';
        has = has || (range ? c >= s[0] && c <= s[2] : c == *s);
        s += range ? 3 : 1;
    }
    if (*s == '\0') {
        *p += 1;
        return c == '[';
    }
    *p = s + 1;
    return c != '\0' && has != inverted;
}

/* As SQLite's GLOB, byte by byte: * ? [a-z] [^a-z]. Goes back to the last star only, so no pattern is slow.
 */
static bool glob_matches(const char *pattern, const char *s)
{
    const char *star = NULL, *from = NULL;
    while (*s != '\0' || *pattern != '\0') {
        const char *next = pattern + 1;
        if (*pattern == '*') {
            star = next;
            from = s;
            pattern = next;
            continue;
        }
        if (*s != '\0' && *pattern != '\0' &&
            (*pattern == '[' ? (next = pattern, set_has(&next, *s)) : *pattern == '?' || *pattern == *s)) {
            pattern = next;
            s++;
            continue;
        }
        if (star == NULL || *from == '\0')
            return false;
        s = ++from;
        pattern = star;
    }
    return true;
}

char *glob_of(const char *s)
{
    struct text t;
    text_init(&t, 1 << 20);
    for (; *s != '\0'; s++)
        text_addf(&t, *s == '*' || *s == '?' || *s == '[' ? "[%c]" : "%c", *s);
    return text_take(&t);
}

static bool covers(const struct silence *s, const struct alert *a)
{
    const char *const patterns[] = {s->rule, s->target, s->key}, *const names[] = {a->rule, a->target,
                                                                                   a->key};
    for (int i = 0; i < 3; i++)
        if (patterns[i] != NULL && !glob_matches(patterns[i], names[i]))
            return false;
    return true;
}

const struct silence *book_silenced(const struct book *b, const struct alert *a, double wall_s)
{
    const struct silence *longest = NULL;
    for (int i = 0; i < b->silences.n; i++) {
        const struct silence *s = &b->silences.list[i];
        if (wall_s >= s->from_s && wall_s < s->until_s && covers(s, a) &&
            (longest == NULL || s->until_s > longest->until_s))
            longest = s;
    }
    return longest;
}

static void silence_done(struct silence *s)
{
    char *texts[] = {s->rule, s->target, s->key, s->by, s->comment};
    for (int i = 0; i < 5; i++)
        free(texts[i]);
}

void silences_done(struct silences *s)
{
    for (int i = 0; i < s->n; i++)
        silence_done(&s->list[i]);
    free(s->list);
}

/* The one that ended first makes place, if it ended before FROM_S. */
static bool make_room(struct silences *s, double from_s)
{
    int first = 0;
    if (s->n < MOST_SILENCES)
        return true;
    for (int i = 1; i < s->n; i++)
        if (s->list[i].until_s < s->list[first].until_s)
            first = i;
    if (s->list[first].until_s >= from_s)
        return false;
    silence_done(&s->list[first]);
    memmove(&s->list[first], &s->list[first + 1], (size_t)(--s->n - first) * sizeof(*s->list));
    return true;
}

int64_t book_silence(struct book *b, const struct silence *silence)
{
    struct silences *s = &b->silences;
    if (!make_room(s, silence->from_s))
        return 0;
    s->list = mem_grow(s->list, (size_t)s->n + 1, sizeof(*s->list));
    s->list[s->n] = (struct silence){.id = silence->id != 0 ? silence->id : s->last + 1,
                                     .rule = mem_dup(silence->rule),
                                     .target = mem_dup(silence->target),
                                     .key = mem_dup(silence->key),
                                     .by = mem_dup(silence->by),
                                     .comment = mem_dup(silence->comment),
                                     .from_s = silence->from_s,
                                     .until_s = silence->until_s};
    int64_t id = s->list[s->n++].id;
    if (id > s->last)
        s->last = id;
    return id;
}

bool book_unsilence(struct book *b, int64_t id, double wall_s)
{
    for (int i = 0; i < b->silences.n; i++) {
        struct silence *s = &b->silences.list[i];
        if (s->id != id || s->until_s <= wall_s)
            continue;
        s->until_s = wall_s;
        return true;
    }
    return false;
}

int book_silences(const struct book *b)
{
    return b->silences.n;
}

const struct silence *book_silence_at(const struct book *b, int i)
{
    return &b->silences.list[i];
}
