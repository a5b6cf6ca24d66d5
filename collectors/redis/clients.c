/* redis_clients: who is connected, as CLIENT LIST tells it: "id=3 addr=127.0.0.1:6 name= age=1 ..." lines. */
#include <math.h>
#include <string.h>

#include "collectors/redis/redis.h"

enum { MOST_ROWS = 200 };
enum { ID, ADDR, NAME, USER, AGE, IDLE, DB, COMMAND, OMEM, FLAGS };
// clang-format off
static const struct column columns[] = {
    [ID]      = {"id", KIND_KEY, TYPE_INT, .source = "id", .help = "number of the connection"},
    [ADDR]    = {"client_addr", KIND_LABEL, TYPE_TEXT, .source = "addr", .help = "its address and port; the path of a unix socket"},
    [NAME]    = {"client_name", KIND_LABEL, TYPE_TEXT, .source = "name", .help = "the name that it gave itself; ours is dbvitals"},
    [USER]    = {"usename", KIND_LABEL, TYPE_TEXT, .source = "user", .help = "the user that logged in (Redis 6+)"},
    [AGE]     = {"age_of_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "age", .help = "how long it is connected"},
    [IDLE]    = {"idle_s", KIND_GAUGE, TYPE_REAL, UNIT_S, "idle", .help = "how long it has asked nothing"},
    [DB]      = {"db", KIND_LABEL, TYPE_INT, .source = "db", .help = "number of its database"},
    [COMMAND] = {"cmd", KIND_LABEL, TYPE_TEXT, .source = "cmd", .help = "its last command"},
    [OMEM]    = {"omem_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, "omem", .help = "answers that it has not read yet"},
    [FLAGS]   = {"flags", KIND_LABEL, TYPE_TEXT, .source = "flags", .help = "N normal, S replica, M master, P subscriber, b blocked, x in MULTI, ..."},
};
// clang-format on

static const struct dataset dataset = {
    .name = "redis_clients",
    .help = "a client of Redis (200 at most; none are asked for where more than 2,000 are connected)",
    .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]),
    .every = 5,
};

/* The value of NAME in a line; a value has no blank in it. */
static const char *find(const char *line, size_t line_len, const char *name, size_t *len)
{
    size_t n = strlen(name);
    for (size_t at = 0; at < line_len;) {
        const char *blank = memchr(line + at, ' ', line_len - at);
        size_t part = blank == NULL ? line_len - at : (size_t)(blank - line) - at;
        if (part > n && line[at + n] == '=' && memcmp(line + at, name, n) == 0) {
            *len = part - n - 1;
            return line + at + n + 1;
        }
        at += part + 1;
    }
    return NULL;
}

static void fill(struct sample *s, int row, const char *line, size_t line_len)
{
    for (int i = 0; i < dataset.n_columns; i++) {
        size_t len = 0;
        const char *value = find(line, line_len, columns[i].source, &len);
        double number = value == NULL ? NAN : info_value(value, len);
        if (columns[i].type == TYPE_TEXT && value != NULL && len > 0)
            redis_set_text(s, i, row, value, len < 200 ? len : 200);
        else if (columns[i].type == TYPE_REAL)
            s->values[i].real[row] = number;
        else if (columns[i].type == TYPE_INT && number < 9e15)
            s->values[i].integer[row] = (int64_t)number;
    }
}

static struct sample *make(struct redis_poll *p)
{
    const struct redis_value *v = redis_got(p, ASK_CLIENTS);
    struct sample *s = sample_new(&dataset, MOST_ROWS);
    int n = 0;
    for (size_t at = 0; v->kind == REDIS_TEXT && at < v->len && n < MOST_ROWS;) {
        const char *end = memchr(v->text + at, '\n', v->len - at);
        size_t len = end == NULL ? v->len - at : (size_t)(end - v->text) - at;
        if (len > 0)
            fill(s, n++, v->text + at, len);
        at += len + 1;
    }
    sample_shrink(s, n);
    return s;
}

const struct redis_collector redis_set_clients = {
    .dataset = &dataset, .asks = ASKS(ASK_CLIENTS), .make = make};
