/* Dataset `queue`: the places of a stack where requests wait, and where the queue stands: the place nearest
 * to the database that is full, or a lock, while those before it wait. */
#include "engine/queue_way.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"

/* Of pools of one kind of a target: those that wait, and the fullest of the others. */
enum { MOST_WAITING = 20, MOST_OTHERS = 3 };
/* From here on a pool is told of as filling, and as full. */
static const double warn_at = 0.8, full_at = 0.95;
/* A wait for a lock that is shorter is how databases work. */
static const double lock_wait_s = 1, lock_harm_s = 10, idle_root_s = 5;

// clang-format off
static const struct column columns[] = {
    [PLACE]       = {"place",       KIND_LABEL, TYPE_INT,  .help = "its place on the way, from the client on: 1 the application's pool, 2 a pooler's places for clients, 3 its pool, 4 slots of the server, 5 limit of a database or role, 6 locks"},
    [KIND]        = {"kind",        KIND_KEY,   TYPE_TEXT, .help = "kind of the pool, as in `pools`; locks"},
    [NAME]        = {"name",        KIND_KEY,   TYPE_TEXT, .help = "name of the pool"},
    [STACK]       = {"stack",       KIND_LABEL, TYPE_TEXT, .help = "the application whose targets these are; of a target that names none its own name"},
    [SIZE]        = {"size",        KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that the pool means to have"},
    [MAX_SIZE]    = {"max_size",    KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that it can have at most"},
    [IN_USE]      = {"in_use",      KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that are taken"},
    [OWN]         = {"own",         KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "those of in_use that are dbvitals' own"},
    [IDLE]        = {"idle",        KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "connections that do nothing now"},
    [WAITING]     = {"waiting",     KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "requests that wait here; sessions that wait for a lock"},
    [MAX_WAIT]    = {"max_wait_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS,    .help = "how long the oldest of them has waited"},
    [TIMEOUTS]    = {"timeouts",    KIND_COUNTER, TYPE_REAL, UNIT_COUNT, .help = "requests that got no connection in time"},
    [UTILIZATION] = {"utilization", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "in_use / max_size"},
    [LEVEL]       = {"level",       KIND_TEXT,  TYPE_TEXT, .help = "critical (requests wait, or it is full), warning (it fills, or overflow of an unknown size is in use), or none"},
    [STANDS]      = {"stands",      KIND_GAUGE, TYPE_REAL, UNIT_BOOL,  .help = "the queue of the stack stands here: it is the place nearest to the database that is full while those before it wait, or may: an application's pool that is full and does not tell who waits; slots and limits of the server refuse who comes, there it is enough that a pool of the stack has fewer connections than it may; at most one of a stack"},
    [VERDICT]     = {"verdict",     KIND_TEXT,  TYPE_TEXT, .help = "what that means, in a sentence; n/a where it does not stand, but for a target that is down, and an application's pool that uses overflow and does not tell how much it has"},
    [DOWN]        = {"down",        KIND_GAUGE, TYPE_REAL, UNIT_BOOL,  .help = "the target does not answer: its only place, of which no number is known; it stands there if requests wait before it and no other target of the stack has such a place"},
};
// clang-format on
const struct dataset queue_dataset = {
    .name = "queue",
    .help = "a place where requests of a stack may wait, from the application's pool to the locks, and "
            "at which of them the queue stands",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .whole = true};

/* ---- What is there ---- */

static double real_at(const struct sample *s, int column, int row)
{
    return column < 0 || !sample_has(s, column) ? NAN : sample_real(s, column, row);
}

static int64_t int_at(const struct sample *s, int column, int row)
{
    return column < 0 || !sample_has(s, column) ? INT_NONE : sample_int(s, column, row);
}

static const char *text_at(const struct sample *s, int column, int row)
{
    const char *t = column < 0 || !sample_has(s, column) ? NULL : sample_text(s, column, row);
    return t == NULL ? "" : t;
}

static double real(const struct sample *s, const char *column, int row)
{
    return real_at(s, dataset_column(s->dataset, column), row);
}

static const char *word(const struct sample *s, const char *column, int row)
{
    return text_at(s, dataset_column(s->dataset, column), row);
}

/* Kinds of pools, and the product that has its place there as a whole when it is down. */
static const struct row_of_kind {
    const char *kind;
    enum queue_place place;
    const char *product;
} kinds[] = {{"app", PLACE_APP, "application"},
             {"clients", PLACE_CLIENTS, NULL},
             {"pgbouncer", PLACE_POOLER, "PgBouncer"},
             {"slots", PLACE_SLOTS, "PostgreSQL"},
             {"database", PLACE_LIMIT, NULL},
             {"role", PLACE_LIMIT, NULL}};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* False for places that no request to the database stands in. */
static bool place_of(const char *kind, enum queue_place *place)
{
    for (int i = 0; i < N_KINDS; i++)
        if (strcmp(kinds[i].kind, kind) == 0) {
            *place = kinds[i].place;
            return true;
        }
    return false;
}

static struct station *station_add(struct way *w)
{
    w->list = mem_grow(w->list, (size_t)w->n + 1, sizeof(*w->list));
    struct station *s = &w->list[w->n++];
    *s = (struct station){.kind = "", .database = "", .user = "", .shared_in_use = NAN, .shared_max = NAN};
    for (int c = 0; c <= UTILIZATION; c++)
        s->numbers[c] = NAN;
    return s;
}

/* NULL: nothing is wrong with it. */
static const char *level_of(const struct station *s)
{
    bool own = s->numbers[IN_USE] <= s->numbers[OWN],
         shared = s->place == PLACE_APP || s->place == PLACE_POOLER;
    if (shared ? s->numbers[WAITING] > 0 || station_may_wait(s) : station_is_full(s, full_at))
        return "critical";
    return !own && (station_is_full(s, warn_at) || station_overflows(s)) ? "warning" : NULL;
}

static void pool_add(struct way *w, int part, const struct sample *pools, int row)
{
    const char *kind = word(pools, "kind", row);
    enum queue_place place;
    if (!place_of(kind, &place) ||
        (place == PLACE_LIMIT &&
         !(real(pools, "own_limit", row) == 1 && real(pools, "utilization", row) >= 0.5)))
        return;
    struct station *s = station_add(w);
    s->place = place;
    s->part = part;
    s->kind = kind;
    s->name = word(pools, "name", row);
    s->database = word(pools, "datname", row);
    s->user = word(pools, "usename", row);
    s->paused = real(pools, "paused", row) == 1;
    for (int c = SIZE; c <= UTILIZATION; c++)
        s->numbers[c] = real(pools, columns[c].name, row);
    s->shared_in_use = real(pools, "shared_in_use", row);
    s->shared_max = real(pools, "shared_max", row);
    s->level = level_of(s);
    w->has[place] = true;
    w->may_ask[place] = w->may_ask[place] || station_may_open(s);
}

/* One for all of a target that does not answer. */
static void down_add(struct way *w, int part, const struct queue_part *from)
{
    for (int i = 0; i < N_KINDS; i++)
        if (kinds[i].product != NULL && strcmp(kinds[i].product, from->down) == 0) {
            struct station *s = station_add(w);
            s->place = kinds[i].place;
            s->part = part;
            s->kind = kinds[i].kind;
            s->name = "";
            s->level = "critical";
            s->down = from->down;
            s->why = from->why;
        }
}

/* Who waits behind which root. */
struct edge {
    int64_t root, pid;
    const char *gid;
    double wait_s, idle_s; /* IDLE_S: of the root itself, where it idles in a transaction */
};

static int by_root(const void *left, const void *right)
{
    const struct edge *a = left, *b = right;
    int gid = strcmp(a->gid, b->gid);
    if (a->root != b->root)
        return a->root < b->root ? -1 : 1;
    if (gid != 0)
        return gid;
    return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static struct edge *edges_of(const struct sample *locks)
{
    struct edge *edges = mem_new_array((size_t)locks->n_rows + 1, sizeof(*edges));
    int root = dataset_column(locks->dataset, "root_pid"), gid = dataset_column(locks->dataset, "root_gid"),
        pid = dataset_column(locks->dataset, "pid"), holder = dataset_column(locks->dataset, "holder_pid"),
        wait = dataset_column(locks->dataset, "wait_s"),
        state = dataset_column(locks->dataset, "holder_state"),
        age = dataset_column(locks->dataset, "holder_state_age_s");
    for (int i = 0; i < locks->n_rows; i++) {
        struct edge *e = &edges[i];
        const char *does = text_at(locks, state, i);
        bool idle = strncmp(does, "idle in", strlen("idle in")) == 0 || strcmp(does, "prepared") == 0;
        *e = (struct edge){
            .root = int_at(locks, root, i), .pid = int_at(locks, pid, i), .gid = text_at(locks, gid, i)};
        e->wait_s = fmax(0, real_at(locks, wait, i));
        e->idle_s = idle && int_at(locks, holder, i) == e->root ? fmax(0, real_at(locks, age, i)) : 0;
    }
    if (locks->n_rows > 1)
        qsort(edges, (size_t)locks->n_rows, sizeof(*edges), by_root);
    return edges;
}

static bool same_root(const struct edge *a, const struct edge *b)
{
    return a->root == b->root && strcmp(a->gid, b->gid) == 0;
}

/* Those of one root, from edge FIRST on; gives the first of the next. */
static int root_add(struct station *s, const struct edge *edges, int n, int first)
{
    double wait_s = 0, idle_s = 0;
    int waiting = 0, i = first;
    for (; i < n && same_root(&edges[i], &edges[first]); i++) {
        waiting += i == first || edges[i].pid != edges[i - 1].pid;
        wait_s = fmax(wait_s, edges[i].wait_s);
        idle_s = fmax(idle_s, edges[i].idle_s);
    }
    if (wait_s >= lock_harm_s || (wait_s >= lock_wait_s && waiting > 1 && idle_s > idle_root_s))
        s->level = "critical";
    else if (wait_s >= lock_wait_s && s->level == NULL)
        s->level = "warning";
    s->numbers[WAITING] += waiting;
    s->numbers[MAX_WAIT] = fmax(s->numbers[MAX_WAIT], wait_s * 1000);
    return i;
}

/* One for all locks of a server, also when nobody waits. */
static void locks_add(struct way *w, int part, const struct sample *locks)
{
    struct station *s = station_add(w);
    s->place = PLACE_LOCKS;
    s->part = part;
    s->kind = s->name = "locks";
    s->numbers[WAITING] = 0;
    struct edge *edges = edges_of(locks);
    for (int i = 0; i < locks->n_rows;)
        i = root_add(s, edges, locks->n_rows, i);
    free(edges);
}

/* Those that wait first, then the fullest. */
static int by_need(const void *left, const void *right)
{
    const struct station *a = left, *b = right;
    const int keys[] = {a->place - b->place, a->part - b->part};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i] != 0)
            return keys[i];
    for (int c = WAITING; c <= UTILIZATION; c += UTILIZATION - WAITING) {
        double x = fmax(0, a->numbers[c]), y = fmax(0, b->numbers[c]);
        if (x != y)
            return x > y ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

/* A pooler may have thousands of pools. */
static void thin(struct way *w)
{
    int kept = 0, waiting = 0, others = 0;
    for (int i = 0; i < w->n; i++) {
        const struct station *s = &w->list[i];
        if (i == 0 || s->place != w->list[i - 1].place || s->part != w->list[i - 1].part)
            waiting = others = 0;
        bool waits = s->numbers[WAITING] > 0 || station_may_wait(s) || station_overflows(s);
        if (waits ? ++waiting <= MOST_WAITING : ++others <= MOST_OTHERS)
            w->list[kept++] = *s;
    }
    w->n = kept;
}

/* ---- The sample ---- */

static void put_text(struct sample *s, int column, int row, const char *text)
{
    if (text != NULL)
        sample_set_text(s, column, row, text, strlen(text));
}

static void put(struct sample *s, int row, const struct station *from, const char *stack)
{
    s->values[PLACE].integer[row] = from->place;
    put_text(s, KIND, row, from->kind);
    put_text(s, NAME, row, from->name);
    put_text(s, STACK, row, stack);
    for (int c = SIZE; c <= UTILIZATION; c++)
        s->values[c].real[row] = from->numbers[c];
    put_text(s, LEVEL, row, from->level);
    s->values[STANDS].real[row] = from->stands;
    s->values[DOWN].real[row] = from->down != NULL;
    if (!from->stands && from->down == NULL && !station_overflows(from))
        return;
    struct text t;
    text_init(&t, 600);
    station_verdict(from, &t);
    put_text(s, VERDICT, row, text_str(&t));
    text_done(&t);
}

static void gather(struct way *w, const struct queue_part *parts, int n)
{
    for (int i = 0; i < n; i++) {
        if (parts[i].down != NULL)
            down_add(w, i, &parts[i]);
        for (int row = 0; parts[i].pools != NULL && row < parts[i].pools->n_rows; row++)
            pool_add(w, i, parts[i].pools, row);
        if (parts[i].locks != NULL)
            locks_add(w, i, parts[i].locks);
    }
    if (w->n > 1)
        qsort(w->list, (size_t)w->n, sizeof(*w->list), by_need);
    thin(w);
}

struct sample *queue_sample(const struct queue_part *parts, int n, int of, const char *stack)
{
    struct way w = {.n = 0};
    int own = 0, row = 0;
    gather(&w, parts, n);
    way_judge(&w);
    for (int i = 0; i < w.n; i++)
        own += w.list[i].part == of;
    struct sample *s = sample_new(&queue_dataset, own);
    for (int i = 0; i < w.n; i++)
        if (w.list[i].part == of)
            put(s, row++, &w.list[i], stack);
    free(w.list);
    return s;
}
