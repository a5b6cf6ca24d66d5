/* redis_slowlog: the slowest commands of late, as SLOWLOG keeps them. */
#include <math.h>
#include <string.h>

#include "collectors/redis/redis.h"
#include "core/text.h"

enum { ID, AT, TOOK, COMMAND, CLIENT, CLIENT_NAME };
// clang-format off
static const struct column columns[] = {
    [ID]          = {"id", KIND_KEY, TYPE_INT, .help = "its number, from the server's start on"},
    [AT]          = {"began", KIND_KEY, TYPE_REAL, UNIT_TIME, .help = "when it was run"},
    [TOOK]        = {"took_ms", KIND_GAUGE, TYPE_REAL, UNIT_MS, .help = "how long the server worked on it, and on nothing else"},
    [COMMAND]     = {"command", KIND_TEXT, TYPE_TEXT, .help = "the command and what it was given, cut at 400 bytes; its words may hold anybody's data"},
    [CLIENT]      = {"client_addr", KIND_LABEL, TYPE_TEXT, .help = "who ran it"},
    [CLIENT_NAME] = {"client_name", KIND_LABEL, TYPE_TEXT, .help = "the name that it gave itself; none: it gave none"},
};
// clang-format on

static const struct dataset dataset = {
    .name = "redis_slowlog",
    .help = "a slow command: when, how long, what, whose (the newest 32 of SLOWLOG; slowlog-log-slower-than "
            "says what is slow)",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .every = 5,
};

static void take_command(struct sample *s, int row, const struct redis_value *words)
{
    struct text t;
    text_init(&t, 400);
    for (int i = 0; i < words->n; i++)
        if (words->items[i]->kind == REDIS_TEXT) {
            text_add(&t, i == 0 ? "" : " ");
            text_add_n(&t, words->items[i]->text, words->items[i]->len);
        }
    redis_set_text(s, COMMAND, row, text_str(&t), t.len);
    text_done(&t);
}

/* [id, moment, microseconds, [words], client, name]; the last two since Redis 4. */
static bool is_entry(const struct redis_value *e)
{
    return e->kind == REDIS_LIST && e->n >= 4 && e->items[0]->kind == REDIS_INTEGER &&
           e->items[1]->kind == REDIS_INTEGER && e->items[2]->kind == REDIS_INTEGER &&
           e->items[3]->kind == REDIS_LIST;
}

static void fill(struct sample *s, int row, const struct redis_value *e)
{
    s->values[ID].integer[row] = e->items[0]->integer;
    s->values[AT].real[row] = (double)e->items[1]->integer;
    s->values[TOOK].real[row] = (double)e->items[2]->integer / 1000;
    take_command(s, row, e->items[3]);
    for (int i = 4; i < 6 && i < e->n; i++)
        if (e->items[i]->kind == REDIS_TEXT && e->items[i]->len > 0)
            redis_set_text(s, i == 4 ? CLIENT : CLIENT_NAME, row, e->items[i]->text, e->items[i]->len);
}

static struct sample *make(struct redis_poll *p)
{
    const struct redis_value *list = redis_got(p, ASK_SLOWLOG);
    int n = 0, all = list->kind == REDIS_LIST ? list->n : 0;
    for (int i = 0; i < all; i++)
        n += is_entry(list->items[i]);
    struct sample *s = sample_new(&dataset, n);
    for (int i = 0, row = 0; i < all; i++)
        if (is_entry(list->items[i]))
            fill(s, row++, list->items[i]);
    return s;
}

const struct redis_collector redis_set_slowlog = {
    .dataset = &dataset, .asks = ASKS(ASK_SLOWLOG), .make = make};
