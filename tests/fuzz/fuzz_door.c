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

static void make_sql(struct text *sql, const uint8_t *data, size_t size)
{
    enum { N = sizeof(words) / sizeof(*words) };
    if (size > 0 && data[0] % 8 == 0) {
        text_add_n(sql, (const char *)data + 1, strnlen((const char *)data + 1, size - 1));
        return;
    }
    text_add(sql, "select ");
    for (size_t i = 0; i < size; i++)
        text_add(sql, words[data[i] % N]);
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
