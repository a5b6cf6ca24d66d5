/* What the door costs: CPU milliseconds of the query thread for the statements that matter. */
#include <stdio.h>

#include "tests/unit/made.h"

static double best_ms(struct made *m, const char *sql, int times, int *rows)
{
    double best = 1e9;
    for (int i = 0; i < times; i++) {
        struct result *r = made_ask(m, sql);
        if (r == NULL) {
            fprintf(stderr, "%s: %s\n", sql, m->err.text);
            return NAN;
        }
        *rows = r->n_rows;
        best = fmin(best, r->cpu_ms);
        result_free(r);
    }
    return best;
}

static void print(struct made *m, const char *what, const char *sql, int times)
{
    int rows = 0;
    double ms = best_ms(m, sql, times, &rows);
    printf("%-58s %8.3f ms %8d rows\n", what, ms, rows);
}

/* A page of a dozen small panes, each second the same. */
static void print_overview(struct made *m)
{
    static const char *const panes[] = {
        "select count(*), sum(state = 'active') from sessions",
        "select max(xact_age) from sessions where state = 'active'",
        "select app, count(*) as n from sessions group by app order by n desc limit 5",
        "select pid, app, state, xact_age, query from sessions order by xact_age desc limit 10",
        "select sum(calls_per_s), sum(exec_ms_delta) / sum(calls_delta) as mean_ms from statements",
        "select queryid, mean, calls_per_s, query from statements order by exec_ms_delta desc limit 5",
        "select state, count(*) from sessions group by state",
        "select max(age_s) from sessions",
        "select s.pid, t.mean from sessions s join statements t using (target, queryid) limit 5",
        "select count(*) from sessions where state = 'idle' and xact_age > 60",
        "select target, count(*) from sessions group by target",
        "select pid from sessions where query regexp 'select' limit 3",
    };
    enum { N = sizeof(panes) / sizeof(*panes) };
    double sum = 0;
    for (int i = 0; i < N; i++) {
        int rows;
        sum += best_ms(m, panes[i], 20, &rows);
    }
    printf("%-58s %8.3f ms\n", "a dozen panes, 30 sessions, 50 statements", sum);
}

int main(void)
{
    struct made m;
    made_init(&m, 30, 50);
    print_overview(&m);
    made_done(&m);
    made_init(&m, 500, 5000);
    print(&m, "500 sessions join 5,000 statements using (queryid)",
          "select s.pid, t.query from sessions s join statements t using (queryid)", 10);
    print(&m, "  the same with target",
          "select s.pid, t.query from sessions s join statements t using (target, queryid)", 10);
    print(&m, "  the same by walking",
          "select s.pid, t.query from sessions s join statements t on +s.queryid = +t.queryid", 1);
    print(&m, "5,000 join 5,000 statements",
          "select count(*) from statements a join statements b using (queryid, userid)", 10);
    print(&m, "top 50 of 5,000 by a computed column",
          "select queryid, mean, calls_per_s, query from statements order by exec_ms_delta / calls_delta "
          "desc limit 50",
          10);
    print(&m, "filter of 5,000 texts by regular expression",
          "select queryid from statements where query regexp 'ord.*77 '", 10);
    print(&m, "filter of 5,000 texts by like", "select queryid from statements where query like '%ord%77 %'",
          10);
    print(&m, "select * of 5,000", "select * from statements", 5);
    print(&m, "mix_quantile over 5,000", "select mix_quantile(0.95, calls, mean, mean) from statements", 3);
    made_done(&m);
    return 0;
}
