/* access: what of Redis we may ask. */
#include <string.h>

#include "collectors/datasets.h"
#include "collectors/redis/redis.h"
#include "core/text.h"

// clang-format off
static const struct {
    enum redis_ask ask;
    const char *what, *good, *right;
} rows[] = {
    {ASK_INFO,          "info",            "memory, keys, hits, clients, replication",  "+info"},
    {ASK_COMMANDS,      "command stats",   "calls and time of each command",            "+info"},
    {ASK_SLOWLOG,       "slow log",        "the slowest commands of late",              "+slowlog|get"},
    {ASK_CLIENTS,       "clients",         "who is connected",                          "+client|list"},
    {ASK_CONFIG_MEMORY, "settings",        "the configuration, without secrets",        "+config|get"},
};
// clang-format on
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static void set(struct sample *s, int row, const char *column, const char *text)
{
    redis_set_text(s, dataset_column(s->dataset, column), row, text, strlen(text));
}

static struct sample *make(struct redis_poll *p)
{
    struct sample *s = sample_new(&dataset_access, N_ROWS);
    for (int i = 0; i < N_ROWS; i++) {
        const char *why = redis_why_not(p, rows[i].ask);
        struct text cure;
        text_init(&cure, 300);
        text_addf(&cure, "ACL SETUSER %s %s", redis_user(p), rows[i].right);
        set(s, i, "what", rows[i].what);
        set(s, i, "state", why == NULL ? "ok" : "missing");
        set(s, i, "why", why == NULL ? rows[i].good : why);
        if (why != NULL)
            set(s, i, "cure", text_str(&cure));
        text_done(&cure);
    }
    return s;
}

#define ALL                                                                                                  \
    (ASKS(ASK_INFO) | ASKS(ASK_COMMANDS) | ASKS(ASK_SLOWLOG) | ASKS(ASK_CLIENTS) | ASKS(ASK_CONFIG_MEMORY))
const struct redis_collector redis_set_access = {
    .dataset = &dataset_access, .asks = ALL, .may_lack = ALL, .make = make};
