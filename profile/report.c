/* A profile for people: a line a query, and under it what there is to say of it. */
#include "profile/report.h"

#include <math.h>
#include <string.h>

#include "core/text.h"
#include "core/unit.h"
#include "core/utf8.h"

enum { WIDTH = 80, NAME_WIDTH = 22, INDENT = 4, LONGEST_NOTE = 12000 };

struct number {
    char s[32];
};

static struct number in(double v, enum unit unit)
{
    struct number n;
    if (isnan(v))
        snprintf(n.s, sizeof(n.s), "-");
    else
        unit_format(n.s, sizeof(n.s), v, unit);
    return n;
}

static struct number ms(double v)
{
    return in(v, UNIT_MS);
}

/* ---- Notes ---- */

/* What stands after the next semicolon. */
static struct text *note(struct text *t)
{
    if (t->len > 0)
        text_add(t, "; ");
    return t;
}

static void note_run(const struct report *r, const struct query_result *q, struct text *t)
{
    if (!isnan(q->first_ms))
        text_addf(note(t), "first run %s", ms(q->first_ms).s);
    if (q->plan.indexes.len > 0)
        text_addf(note(t), "index hit: %s", text_str(&q->plan.indexes));
    if (q->plan.scans.len > 0)
        text_addf(note(t), "reads all of %s", text_str(&q->plan.scans));
    if (q->timed_out)
        text_addf(note(t), "a run was ended by the timeout (--timeout)");
    else if (q->ended_early && q->verdict != VERDICT_FAILED)
        text_addf(note(t), "%d of %d runs%s", q->stats.n, r->profile->asked,
                  r->profile->stopped ? "" : ": its time was up (--budget)");
}

static void note_verdict(const struct query_result *q, struct text *t)
{
    if (q->stats.p95 > q->p95_ms)
        text_addf(note(t), "p95 is over its target, %s", ms(q->p95_ms).s);
    if (q->stats.p99 > q->p99_ms)
        text_addf(note(t), "p99 is over its target, %s", ms(q->p99_ms).s);
    if (q->verdict == VERDICT_UNSTABLE)
        text_addf(note(t), "p99 is %.0f times p50: some runs wait for something",
                  q->stats.p99 / q->stats.p50);
    if (q->verdict == VERDICT_FAILED && q->err.text[0] != '\0')
        text_addf(note(t), "line %d: %s", q->query->sql_line, q->err.text);
}

static void note_change(const struct comparison *c, const struct query_result *q, struct text *t)
{
    if (c == NULL || c->was == NULL) {
        if (c != NULL)
            text_add(note(t), "new: the earlier profile does not have it");
        return;
    }
    const struct {
        const char *name;
        enum change change;
        double was, now;
    } quantiles[] = {{"p50", c->p50, c->was->p50_ms, q->stats.p50},
                     {"p95", c->p95, c->was->p95_ms, q->stats.p95}};
    for (int i = 0; i < 2; i++)
        if (quantiles[i].change != CHANGE_NONE)
            text_addf(note(t), "%s %s: it was %s (%+.0f %%)", quantiles[i].name,
                      quantiles[i].change == CHANGE_SLOWER ? "slower" : "faster", ms(quantiles[i].was).s,
                      (quantiles[i].now / quantiles[i].was - 1) * 100);
    if (c->lost.len > 0)
        text_addf(note(t), "lost index: %s", text_str(&c->lost));
    if (c->new_plan)
        text_addf(note(t), "new plan: %s", text_str(&q->plan.shape));
}

/* Broken at spaces. */
static void print_wrapped(FILE *f, const char *s)
{
    int column = 0;
    while (*s != '\0') {
        char word[400];
        size_t n = strcspn(s, " "), kept = n < sizeof(word) - 1 ? n : sizeof(word) - 1;
        memcpy(word, s, kept);
        word[kept] = '\0';
        int width = utf8_columns(word);
        if (column > 0 && column + 1 + width > WIDTH) {
            putc('\n', f);
            column = 0;
        }
        fprintf(f, "%*s%s", column == 0 ? INDENT : 1, "", word);
        column += (column == 0 ? INDENT : 1) + width;
        s += kept;
        s += kept == n && *s == ' ';
    }
    if (column > 0)
        putc('\n', f);
}

static void print_notes(FILE *f, const struct report *r, int i)
{
    const struct query_result *q = &r->profile->results[i];
    struct text notes, clean;
    text_init(&notes, LONGEST_NOTE);
    text_init(&clean, 2 * LONGEST_NOTE);
    note_run(r, q, &notes);
    note_verdict(q, &notes);
    if (q->stats.n > 0)
        note_change(r->comparisons == NULL ? NULL : &r->comparisons[i], q, &notes);
    utf8_clean(&clean, text_str(&notes), false);
    print_wrapped(f, text_str(&clean));
    text_done(&notes);
    text_done(&clean);
}

/* ---- Lines ---- */

static void print_name(FILE *f, const char *name)
{
    struct text clean;
    text_init(&clean, 1000);
    utf8_clean(&clean, name, false);
    int width = utf8_columns(text_str(&clean));
    fputs(text_str(&clean), f);
    if (width > NAME_WIDTH) { /* it stands on a line of its own */
        putc('\n', f);
        width = 0;
    }
    fprintf(f, "%*s", NAME_WIDTH - width, "");
    text_done(&clean);
}

static void print_query(FILE *f, const struct report *r, int i)
{
    const struct query_result *q = &r->profile->results[i];
    const struct stats *s = &q->stats;
    const char *verdict = !q->begun ? "not run" : q->verdict == VERDICT_NONE ? "-" : verdict_name(q->verdict);
    print_name(f, q->query->name);
    fprintf(f, " %9s %9s %9s %9s %6s  %s\n", ms(s->p50).s, ms(s->p95).s, ms(s->p99).s, ms(s->max).s,
            in(q->rows, UNIT_COUNT).s, verdict);
    if (q->begun)
        print_notes(f, r, i);
}

static void print_head(FILE *f, const struct report *r)
{
    struct text line, clean;
    text_init(&line, 4000);
    text_init(&clean, 8000);
    text_addf(&line, "%s on %s, %s: %d runs each, after %d that %s not count", r->file, r->target, r->server,
              r->profile->asked, r->warmup, r->warmup == 1 ? "does" : "do");
    utf8_clean(&clean, text_str(&line), false);
    fprintf(f, "%s\n\n", text_str(&clean));
    fprintf(f, "%-*s %9s %9s %9s %9s %6s  %s\n", NAME_WIDTH, "query", "p50", "p95", "p99", "max", "rows",
            "verdict");
    text_done(&line);
    text_done(&clean);
}

bool report_is_slower(const struct comparison *c)
{
    return c->p50 == CHANGE_SLOWER || c->p95 == CHANGE_SLOWER;
}

static void print_gone(FILE *f, const struct report *r)
{
    struct text gone, clean;
    text_init(&gone, LONGEST_NOTE);
    text_init(&clean, 2 * LONGEST_NOTE);
    for (int e = 0; r->earlier != NULL && e < r->earlier->n; e++) {
        bool there = false;
        for (int i = 0; i < r->profile->n; i++)
            there = there || strcmp(r->profile->results[i].query->name, r->earlier->queries[e].name) == 0;
        if (!there)
            text_addf(&gone, "%s%s", gone.len > 0 ? ", " : "gone, the earlier profile had them: ",
                      r->earlier->queries[e].name);
    }
    utf8_clean(&clean, text_str(&gone), false);
    print_wrapped(f, text_str(&clean));
    text_done(&gone);
    text_done(&clean);
}

/* "10 queries: 8 ok, 2 slow; 1 slower than before" */
static void print_sum(FILE *f, const struct report *r)
{
    static const enum verdict order[] = {VERDICT_OK, VERDICT_NONE, VERDICT_UNSTABLE, VERDICT_SLOW,
                                         VERDICT_FAILED};
    int counts[VERDICT_FAILED + 1] = {0}, not_run = 0, slower = 0;
    const struct profile *p = r->profile;
    for (int i = 0; i < p->n; i++) {
        if (p->results[i].begun)
            counts[p->results[i].verdict]++;
        else
            not_run++;
        slower += r->comparisons != NULL && report_is_slower(&r->comparisons[i]);
    }
    fprintf(f, "\n%d %s:", p->n, p->n == 1 ? "query" : "queries");
    const char *between = " ";
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (counts[order[i]] > 0) {
            fprintf(f, "%s%d %s", between, counts[order[i]],
                    order[i] == VERDICT_NONE ? "without a target" : verdict_name(order[i]));
            between = ", ";
        }
    if (not_run > 0)
        fprintf(f, "%s%d not run", between, not_run);
    if (r->comparisons != NULL)
        fprintf(f, "; %d slower than before", slower);
    putc('\n', f);
}

void report_print(FILE *f, const struct report *r)
{
    print_head(f, r);
    for (int i = 0; i < r->profile->n; i++)
        print_query(f, r, i);
    print_gone(f, r);
    print_sum(f, r);
}
