/* Actions: the reader of their files, and what their SELECTs give. */
#include "cures/action.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "core/config.h"
#include "core/embedded.h"
#include "core/mem.h"
#include "core/text.h"

enum { MOST_SQL = 60000, MOST_ON = 8, MOST_DEPTH = 4 };

// clang-format off
static const struct option options[] = {
    {"action", "key",          OPTION_TEXT,     NULL, NULL, false, "the key, upper case"},
    {"action", "title",        OPTION_TEXT,     NULL, NULL, false, "what it does, in a few words"},
    {"action", "help",         OPTION_TEXT,     NULL, NULL, false, "what it does, and what it costs others"},
    {"action", "on",           OPTION_TEXT,     NULL, NULL, false, "datasets on whose rows it can be done"},
    {"action", "product",      OPTION_TEXT,     NULL, NULL, false, "the product that knows it"},
    {"action", "risk",         OPTION_TEXT,     NULL, NULL, false, "what may go wrong"},
    {"action", "privilege",    OPTION_TEXT,     NULL, NULL, false, "who may"},
    {"action", "rare",         OPTION_BOOL,     "no", NULL, false, "in the palette only"},
    {"action", "confirm",      OPTION_CHOICE,   "y", "y|name", false, "what is typed to confirm"},
    {"action", "asks",         OPTION_TEXT,     NULL, NULL, false, "what is typed first"},
    {"action", "at_once",      OPTION_BOOL,     "no", NULL, false, "does not wait for other jobs"},
    {"action", "lock_timeout", OPTION_DURATION, NULL, "0.1s..60s", false, "how long it waits for a lock before it tries again"},
    {"action", "limit",        OPTION_DURATION, "24h", "1s..7d", false, "how long it may take"},
    {"action", "schema",       OPTION_BOOL,     "no", NULL, false, "it changes the schema"},
    {"action", "lasting",      OPTION_TEXT,     NULL, NULL, false, "why nothing takes it back"},
    {"action", "measure",      OPTION_SQL,      NULL, NULL, false, "one SELECT of the numbers before and after"},
    {"action", "sql",          OPTION_SQL,      NULL, NULL, false, "one SELECT"},
    {"piece",  "sql",          OPTION_SQL,      NULL, NULL, false, "SQL that several have in common"},
};
// clang-format on
enum { N_OPTIONS = sizeof(options) / sizeof(options[0]) };

/* ---- Reading ---- */

static bool wrong(const struct config_section *s, const char *key, struct err *err, const char *what)
{
    return fail(err, "%s:%d: [%s %s] %s: %s", s->file, section_line(s, key), s->kind, s->name, key, what);
}

static const char *get(const struct config_section *s, const char *key)
{
    const char *given = section_get(s, key);
    return given != NULL ? given : option_find(options, N_OPTIONS, s->kind, key)->standard;
}

static double number(const struct config_section *s, const char *key)
{
    const char *value = get(s, key);
    return value == NULL ? NAN : option_number(option_find(options, N_OPTIONS, s->kind, key), value);
}

struct pieces {
    struct piece {
        const char *name, *sql;
    } * list;
    int n;
};

static const char *piece_sql(const struct pieces *p, const char *name, size_t len)
{
    for (int i = 0; i < p->n; i++)
        if (strncmp(p->list[i].name, name, len) == 0 && p->list[i].name[len] == '\0')
            return p->list[i].sql;
    return NULL;
}

/* SQL with its {pieces} filled in, which may have some of their own. False: one is unknown, or they go round
 * in a circle. */
static bool fill(const struct pieces *p, const char *sql, int depth, struct text *out)
{
    for (const char *open; (open = strchr(sql, '{')) != NULL;) {
        const char *close = strchr(open, '}');
        const char *inner =
            close == NULL || depth == 0 ? NULL : piece_sql(p, open + 1, (size_t)(close - open - 1));
        if (inner == NULL)
            return false;
        text_add_n(out, sql, (size_t)(open - sql));
        if (!fill(p, inner, depth - 1, out))
            return false;
        sql = close + 1;
    }
    text_add(out, sql);
    return true;
}

static bool filled(const struct pieces *p, const char *sql, struct text *out)
{
    text_init(out, MOST_SQL);
    return sql == NULL || (fill(p, sql, MOST_DEPTH, out) && !out->cut);
}

/* That it can be filled was seen when it was read. */
static char *made(const struct action *a, const char *sql)
{
    struct text t;
    if (sql == NULL)
        return NULL;
    filled(a->pieces, sql, &t);
    return text_take(&t);
}

char *action_sql(const struct action *a)
{
    return made(a, a->sql);
}

char *action_measure(const struct action *a)
{
    return made(a, a->measure);
}

static bool check_sql(const struct config_section *s, const char *key, const struct pieces *p,
                      struct err *err)
{
    struct text t;
    bool ok = filled(p, get(s, key), &t);
    text_done(&t);
    return ok || wrong(s, key, err, "a { that begins no piece, or too long");
}

static void split(struct arena *arena, const char *list, struct action *a)
{
    a->on = arena_alloc(arena, MOST_ON * sizeof(*a->on));
    while (list != NULL && *list != '\0' && a->n_on < MOST_ON) {
        list += strspn(list, ", \t\n");
        size_t len = strcspn(list, ", \t\n");
        if (len > 0)
            a->on[a->n_on++] = arena_dup_n(arena, list, len);
        list += len;
    }
}

static bool read_one(const struct config_section *s, const struct pieces *pieces, struct arena *arena,
                     struct action *a, struct err *err)
{
    static const char *const needed[] = {"title", "help", "product", "risk", "privilege", "sql"};
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (get(s, needed[i]) == NULL)
            return wrong(s, needed[i], err, "it is needed");
    const char *key = get(s, "key");
    if (key != NULL && (key[0] == '\0' || key[1] != '\0' || !isupper((unsigned char)key[0])))
        return wrong(s, "key", err,
                     "expected one upper-case letter: a lower-case key never changes a server");
    *a = (struct action){.name = arena_dup(arena, s->name),
                         .title = arena_dup(arena, get(s, "title")),
                         .help = arena_dup(arena, get(s, "help")),
                         .product = arena_dup(arena, get(s, "product")),
                         .risk = arena_dup(arena, get(s, "risk")),
                         .privilege = arena_dup(arena, get(s, "privilege")),
                         .asks = arena_dup(arena, get(s, "asks")),
                         .lasting = arena_dup(arena, get(s, "lasting")),
                         .sql = arena_dup(arena, get(s, "sql")),
                         .measure = arena_dup(arena, get(s, "measure")),
                         .pieces = pieces,
                         .key = key == NULL ? '\0' : key[0],
                         .rare = number(s, "rare") == 1,
                         .by_name = strcmp(get(s, "confirm"), "name") == 0,
                         .at_once = number(s, "at_once") == 1,
                         .schema = number(s, "schema") == 1,
                         .lock_timeout_s = number(s, "lock_timeout"),
                         .limit_s = number(s, "limit")};
    split(arena, get(s, "on"), a);
    return check_sql(s, "sql", pieces, err) && check_sql(s, "measure", pieces, err);
}

static int count(const struct config *c, const char *kind)
{
    int n = 0;
    for (int i = 0; i < c->n_sections; i++)
        n += strcmp(c->sections[i].kind, kind) == 0;
    return n;
}

static const struct pieces *read_pieces(const struct config *c, struct arena *arena)
{
    struct pieces *p = arena_alloc(arena, sizeof(*p));
    *p = (struct pieces){.list = arena_alloc(arena, (size_t)count(c, "piece") * sizeof(*p->list))};
    for (int i = 0; i < c->n_sections; i++)
        if (strcmp(c->sections[i].kind, "piece") == 0)
            p->list[p->n++] = (struct piece){arena_dup(arena, c->sections[i].name),
                                             arena_dup(arena, section_get(&c->sections[i], "sql"))};
    return p;
}

static bool add(struct actions *out, const struct config *c, struct err *err)
{
    out->arena = arena_new(1 << 14);
    out->list = arena_alloc(out->arena, (size_t)count(c, "action") * sizeof(*out->list));
    const struct pieces *pieces = read_pieces(c, out->arena);
    for (int i = 0; i < c->n_sections; i++)
        if (strcmp(c->sections[i].kind, "action") == 0 &&
            !read_one(&c->sections[i], pieces, out->arena, &out->list[out->n++], err))
            return false;
    return true;
}

bool actions_read_text(const char *text, size_t len, const char *file, struct actions *out, struct err *err)
{
    struct config c;
    struct actions made = {.n = 0};
    if (!config_parse(text, len, file, options, N_OPTIONS, &c, err))
        return false;
    bool ok = add(&made, &c, err);
    config_done(&c);
    if (ok)
        *out = made;
    else
        actions_done(&made);
    return ok;
}

bool actions_read(struct actions *out, struct err *err)
{
    struct text all;
    text_init(&all, 1 << 20);
    for (int i = 0; i < n_embedded_actions; i++) {
        text_add_n(&all, embedded_actions[i].text, embedded_actions[i].len);
        text_add_char(&all, '\n');
    }
    bool ok = actions_read_text(text_str(&all), all.len, "cures/actions", out, err);
    text_done(&all);
    return ok;
}

void actions_done(struct actions *a)
{
    if (a->arena != NULL)
        arena_unref(a->arena);
    *a = (struct actions){.n = 0};
}

const struct action *action_find(const struct actions *a, const char *name)
{
    for (int i = 0; i < a->n; i++)
        if (strcmp(a->list[i].name, name) == 0)
            return &a->list[i];
    return NULL;
}

bool action_is_on(const struct action *a, const char *dataset)
{
    for (int i = 0; i < a->n_on && dataset != NULL; i++)
        if (strcmp(a->on[i], dataset) == 0)
            return true;
    return dataset == NULL && a->n_on == 0;
}

bool action_serves(const struct action *a, const char *product)
{
    return product == NULL || strcmp(a->product, "any") == 0 || strcasecmp(a->product, product) == 0;
}

const struct action *action_of_key(const struct actions *a, const char *dataset, const char *product,
                                   char key)
{
    for (int i = 0; i < a->n && key != '\0'; i++)
        if (a->list[i].key == key && action_is_on(&a->list[i], dataset) &&
            action_serves(&a->list[i], product))
            return &a->list[i];
    return NULL;
}

/* ---- What it says of a row ---- */

// clang-format off
static const struct { const char *name; size_t at; } columns[] = {
#define COLUMN(member) {#member, offsetof(struct cure, member)}
    COLUMN(label), COLUMN(statement), COLUMN(verify), COLUMN(database), COLUMN(why_not), COLUMN(instead), COLUMN(says),
    COLUMN(effect), COLUMN(confirm), COLUMN(confirm_why), COLUMN(undo), COLUMN(after_failure), COLUMN(undo_verify), COLUMN(undoes), COLUMN(keys),
    COLUMN(still), COLUMN(wait_s), COLUMN(then_statement), COLUMN(then_says),
#undef COLUMN
};
// clang-format on
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

const char *cure_column(int i)
{
    return i < N_COLUMNS ? columns[i].name : NULL;
}

const char *cure_value(const struct cure *c, int i)
{
    return *(const char *const *)((const char *)c + columns[i].at);
}

void cure_read(const struct result *r, int row, struct cure *out)
{
    *out = (struct cure){.label = NULL};
    for (int i = 0; i < N_COLUMNS; i++) {
        int c = result_column(r, columns[i].name);
        const struct value *v = c < 0 ? NULL : result_at(r, row, c);
        if (v != NULL && v->type == VALUE_TEXT)
            *(const char **)((char *)out + columns[i].at) = v->text;
    }
}

void cure_keep(struct cure *c, struct arena *arena)
{
    static_assert(N_COLUMNS * sizeof(char *) == sizeof(*c), "every text of a cure is a column");
    for (int i = 0; i < N_COLUMNS; i++) {
        const char **text = (const char **)((char *)c + columns[i].at);
        *text = arena_dup(arena, *text);
    }
}
