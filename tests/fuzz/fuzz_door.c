/* The door with statements that nobody would write: words of our grammar, chosen by the input's bytes, or the
 * input itself. It may refuse or run them; it must end in time, and stay usable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "tests/unit/made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Half of them tie words together, so that whole statements come about. */
static const char *const words[] = {
    "select ",
    "select distinct ",
    "from sessions ",
    "from statements ",
    "from statements('1m') ",
    "from sessions s, statements t ",
    "from statements(null, '-5m', 600) ",
    "from json_each('[1,2,3]') ",
    "join statements using (queryid) ",
    "left join sessions on target = 'shop' ",
    "where ",
    "and ",
    "or ",
    "not ",
    "group by ",
    "order by ",
    "limit 3 ",
    "having ",
    "pid ",
    "app ",
    "state ",
    "queryid ",
    "target ",
    "calls ",
    "calls_delta ",
    "exec_ms_per_s ",
    "mean ",
    "query ",
    "span_s ",
    "sampled_at ",
    "xact_age ",
    "* ",
    "= ",
    "< ",
    "> ",
    "is null ",
    "in (1, 2, 101) ",
    "like '%a%' ",
    "regexp 'a.*(b|c)' ",
    "|| ",
    "+ ",
    "/ ",
    "- ",
    ", ",
    "( ",
    ") ",
    "count(*) ",
    "sum(calls) ",
    "max(pid) ",
    "group_concat(app) ",
    "mix_quantile(0.5, calls, mean, 1) ",
    "format_unit(pid, 'bytes') ",
    "replace(query, 'a', 'bb') ",
    "trim(app, 'w') ",
    "row_number() over (order by pid) ",
    "coalesce(",
    "case when ",
    "then ",
    "else ",
    "end ",
    "with x as (",
    "with recursive c(i) as (",
    "union all select ",
    "union select ",
    "i + 1 from c ",
    "as a ",
    "collate nocase ",
    "'shop' ",
    "'100' ",
    "100 ",
    "1.5 ",
    "null ",
    "x'00ff' ",
    "char(0) ",
    "printf('%*s', 100000, 'x') ",
    ":window ",
    "; ",
    "-- ",
    "/* ",
    "*/ ",
    "\"a\" ",
    "exists (",
    "cast(",
    "as text) ",
    "window ",
    "between 1 and 200 ",
    "json_object('a', pid) ",
    "instr('a', 'b') ",
    "from sqlite_master ",
    "pragma ",
    "attach 'x' as y ",
    "values (1) ",
    "insert into sessions ",
    "explain ",
};

/* A SELECT that is right more often than not: each choice takes a byte of the input, 0 when there are no
 * more. */
struct maker {
    const uint8_t *data;
    size_t left;
    struct text *sql;
    int depth;
};

static unsigned choose(struct maker *m, unsigned below)
{
    if (m->left == 0)
        return 0;
    m->left--;
    return *m->data++ % below;
}

static void add_one(struct maker *m, const char *const *list, unsigned n)
{
    text_add(m->sql, list[choose(m, n)]);
}

#define ADD_ONE(m, ...)                                                                                      \
    add_one(m, (const char *const[]){__VA_ARGS__},                                                           \
            (unsigned)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)))

static void make_select(struct maker *m);

static void make_expression(struct maker *m)
{
    if (m->left == 0 || m->depth > 6) {
        ADD_ONE(m, "pid", "1", "app", "queryid", "null");
        return;
    }
    m->depth++;
    switch (choose(m, 12)) {
    case 0:
    case 1:
        ADD_ONE(m, "pid", "app", "state", "s.queryid", "target", "calls_delta", "mean", "query", "span_s",
                "xact_age");
        break;
    case 2:
        ADD_ONE(m, "1", "'100'", "100", "1.5", "null", "''", "'shop'", "x'00ff'", "char(0)", ":window", "-1",
                "1e308");
        break;
    case 3:
    case 4:
        text_add(m->sql, "(");
        make_expression(m);
        ADD_ONE(m, " = ", " + ", " || ", " and ", " or ", " < ", " is ", " like ", " * ", " / ", " <> ",
                " - ", " % ");
        make_expression(m);
        text_add(m->sql, ")");
        break;
    case 5:
        ADD_ONE(m, "upper(", "length(", "typeof(", "quote(", "json_quote(", "abs(", "hex(", "date(", "not (",
                "round(");
        make_expression(m);
        text_add(m->sql, ")");
        break;
    case 6:
        ADD_ONE(m, "trim(", "ltrim(", "coalesce(", "ifnull(", "max(", "json_array(", "format_unit(",
                "printf(", "nullif(");
        make_expression(m);
        text_add(m->sql, ", ");
        ADD_ONE(m, "'ms'", "'%*s'", "'bytes'", "3");
        text_add(m->sql, ")");
        break;
    case 7:
        ADD_ONE(m, "count(", "sum(", "max(", "group_concat(", "count(distinct ", "json_group_array(",
                "total(");
        make_expression(m);
        text_add(m->sql, ")");
        break;
    case 8:
        text_add(m->sql, "mix_quantile(0.5, ");
        make_expression(m);
        text_add(m->sql, ", pid, 2)");
        break;
    case 9:
        make_expression(m);
        ADD_ONE(m, " in (1, '101', 102.0, null)", " is null", " between 1 and 200",
                " regexp '(a|b)*[^x]{2,3}'", " collate nocase", " glob '*a*'", " regexp 'w.b'",
                " in (select pid from sessions)");
        break;
    case 10:
        text_add(m->sql, "(");
        make_select(m);
        text_add(m->sql, ")");
        break;
    default:
        text_add(m->sql, "case when ");
        make_expression(m);
        text_add(m->sql, " then replace(query, app, 'bb') else ");
        make_expression(m);
        text_add(m->sql, " end");
        break;
    }
    m->depth--;
}

static void make_select(struct maker *m)
{
    m->depth++;
    ADD_ONE(m, "select ", "select distinct ");
    make_expression(m);
    ADD_ONE(m, "", ", app", ", *", ", row_number() over (order by pid)");
    text_add(m->sql, " from ");
    ADD_ONE(m, "sessions s", "sessions s join statements using (target, queryid)",
            "statements('1m') t left join sessions s on t.queryid = s.queryid",
            "statements(null, '-5m', 600) s, sessions", "sessions s, json_each('[100, 101]')",
            "(select * from statements join sessions using (queryid)) s");
    if (choose(m, 2) == 1) {
        text_add(m->sql, " where ");
        make_expression(m);
    }
    ADD_ONE(m, "", " group by app", " group by 1 having count(*) > 1", " order by 1 desc",
            " order by pid, app limit 3");
    if (choose(m, 8) == 1 && m->depth < 4) {
        ADD_ONE(m, " union all ", " union ", " except ", " intersect ");
        make_select(m);
    }
    m->depth--;
}

/* The first byte says how: the text itself, loose words, or the grammar. */
static void make_sql(struct text *sql, const uint8_t *data, size_t size)
{
    enum { N = sizeof(words) / sizeof(*words) };
    unsigned way = size == 0 ? 2 : data[0] % 8;
    if (way == 0) {
        text_add_n(sql, (const char *)data + 1, strnlen((const char *)data + 1, size - 1));
    } else if (way == 1) {
        text_add(sql, "select ");
        for (size_t i = 1; i < size; i++)
            text_add(sql, words[data[i] % N]);
    } else {
        struct maker m = {.data = data, .left = size, .sql = sql};
        make_select(&m);
    }
}

static void crash(const char *what, const char *sql)
{
    fprintf(stderr, "%s: %s\n", what, sql);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct made m; /* made once: each input asks the same door */
    if (m.door == NULL) {
        made_init(&m, 20, 100);
        if (m.door == NULL)
            crash("no door", m.err.text);
    }
    struct text sql;
    text_init(&sql, 20000);
    make_sql(&sql, data, size);
    struct query_uses uses = {.datasets = NULL};
    struct err err = {""};
    bool compiles = door_check(m.door, text_str(&sql), &uses, &err);
    if (!compiles && err.text[0] == '\0')
        crash("refused without a word", text_str(&sql));
    free(uses.datasets);
    struct query q = {.sql = text_str(&sql), .deadline_s = 0.05, .max_rows = 1000, .user = true};
    struct result *r = door_run(m.door, m.snapshot, &q, &err);
    if (r != NULL && !compiles)
        crash("checked as bad, but runs", text_str(&sql));
    if (r != NULL && r->cpu_ms > 1500)
        crash("takes long", text_str(&sql));
    result_free(r);
    text_clear(&sql);
    text_add(&sql, "select count(*) from sessions");
    q = (struct query){.sql = text_str(&sql)};
    r = door_run(m.door, m.snapshot, &q, &err);
    if (r == NULL || result_at(r, 0, 0)->integer != 22)
        crash("broke the door", err.text);
    result_free(r);
    text_done(&sql);
    return 0;
}
