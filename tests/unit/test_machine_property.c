/* The state machine of an alert does the same as a reference model that keeps the whole list of results and
 * derives everything from it anew, over hundreds of generated sequences. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alerts/machine.h"
#include "tests/unit/test.h"

enum { N_SEQUENCES = 400, N_STEPS = 2000, LONGEST_SHOWN = 60 };

/* One evaluation as it is given to the machine. */
struct op {
    struct outcome outcome;
    double step_s;
    bool acked;
};

/* The reference: a list of the results that count, and questions to it. */
struct result {
    enum level bad, force;
    double step_s;
    bool acked;
};
struct model {
    struct machine machine;
    struct result results[N_STEPS];
    int n;
    int64_t number;
    bool flapping;
};

/* Was level L on after the first N results? The newest run of equal results that was long enough has decided
 * it. */
static bool level_is_on(const struct model *m, int n, enum level l)
{
    while (n > 0) {
        bool bad = m->results[n - 1].bad >= l;
        double held_s = 0;
        int first = n - 1;
        while (first > 0 && (m->results[first - 1].bad >= l) == bad)
            first--;
        for (int i = first; i < n; held_s += ++i < n ? m->results[i].step_s : 0)
            if (bad ? held_s >= m->machine.for_s
                    : held_s >= m->machine.keep_for_s && (!m->machine.latched || m->results[i].acked))
                return bad;
        n = first;
    }
    return false;
}

static enum level force_after(const struct model *m, int n)
{
    for (enum level l = LEVEL_CRITICAL; l > LEVEL_NONE; l--)
        if (level_is_on(m, n, l))
            return l;
    return LEVEL_NONE;
}

/* How long results have been against what level L is; NAN: they are not. */
static double contrary_s(const struct model *m, enum level l)
{
    bool on = m->n > 0 && m->results[m->n - 1].force >= l;
    double held_s = NAN;
    for (int i = m->n - 1; i >= 0 && (m->results[i].bad >= l) != on; i--)
        held_s = isnan(held_s) ? 0 : held_s + m->results[i + 1].step_s;
    return held_s;
}

/* As Naemon computes it, from the oldest of 21 results to the newest, in 1/76 so that it is exact. */
static double changes_of(const struct model *m)
{
    int curved = 0;
    enum level last = m->n >= FLAP_RESULTS ? m->results[m->n - FLAP_RESULTS].force : LEVEL_NONE;
    for (int x = 1; x < FLAP_RESULTS; x++) {
        int at = m->n - FLAP_RESULTS + x;
        enum level force = at >= 0 ? m->results[at].force : LEVEL_NONE;
        if (force != last)
            curved += (x - 1) * 2 + 57;
        last = force;
    }
    return curved / 76.0;
}

struct expected {
    enum phase phase;
    enum level level, rising;
    bool flapping, no_data;
    struct transition transitions[2];
    int n;
};

static void expect(struct expected *e, struct model *m, enum change change, enum level from, enum level to)
{
    bool told = change != CHANGE_PENDING && change != CHANGE_DROPPED;
    e->transitions[e->n++] = (struct transition){change, from, to, REASON_NONE, told ? ++m->number : 0};
}

static enum change change_expected(enum level before, enum level after, bool was_bad, bool is_bad)
{
    static const enum change of_force[2][2] = {{CHANGE_NONE, CHANGE_FIRED}, {CHANGE_RESOLVED, CHANGE_NONE}};
    enum change change = of_force[before > 0][after > 0];
    if (before > 0 && after > 0 && before != after)
        return before < after ? CHANGE_ESCALATED : CHANGE_LOWERED;
    if (before == 0 && after == 0 && was_bad != is_bad)
        return is_bad ? CHANGE_PENDING : CHANGE_DROPPED;
    return change;
}

static void state_expected(const struct model *m, struct expected *e)
{
    enum level force = m->n > 0 ? m->results[m->n - 1].force : LEVEL_NONE;
    enum level bad = m->n > 0 ? m->results[m->n - 1].bad : LEVEL_NONE;
    static const enum phase phases[2][2] = {{PHASE_OK, PHASE_PENDING}, {PHASE_KEPT, PHASE_FIRING}};
    e->phase = phases[force > 0][bad > 0];
    e->level = force > 0 ? force : bad;
    e->rising = force > 0 && bad > force ? bad : LEVEL_NONE;
    e->flapping = m->flapping;
}

static void model_step(struct model *m, const struct op *op, struct expected *e)
{
    enum level before = force_after(m, m->n), held = op->outcome.held_by, none = op->outcome.level;
    bool was_bad = m->n > 0 && m->results[m->n - 1].bad > 0, no_data = op->outcome.kind == OUTCOME_NO_DATA;
    *e = (struct expected){.no_data = no_data};
    if (!no_data || m->machine.on_no_data != MACHINE_KEEP) {
        enum level bad = op->outcome.level;
        if (op->outcome.kind == OUTCOME_FALSE)
            bad = held > before ? before : held;
        if (no_data && none == LEVEL_NONE)
            bad = LEVEL_WARNING;
        if (no_data && bad < before)
            bad = before;
        if (no_data && m->machine.on_no_data == MACHINE_OK)
            bad = LEVEL_NONE;
        m->results[m->n++] = (struct result){.bad = bad, .step_s = op->step_s, .acked = op->acked};
        enum level after = m->results[m->n - 1].force = force_after(m, m->n);
        enum change change = change_expected(before, after, was_bad, bad > 0);
        if (change != CHANGE_NONE)
            expect(e, m, change, before, change == CHANGE_PENDING ? bad : after);
        if (!m->flapping ? changes_of(m) > 4 : changes_of(m) < 1) { /* 20 % and 5 % of 20 */
            m->flapping = !m->flapping;
            expect(e, m, m->flapping ? CHANGE_FLAPPING : CHANGE_CALM, after, after);
        }
    }
    state_expected(m, e);
}

/* "" when both are alike. */
static void compare(const struct model *m, const struct expected *e, const struct alert_state *s,
                    const struct transition *t, int n, char *why, size_t size)
{
    why[0] = '\0';
    if (e->phase != s->phase || e->level != s->level || e->rising != s->rising)
        snprintf(why, size, "it is %s %s (rising %s), expected %s %s (rising %s)", phase_name(s->phase),
                 level_name(s->level), level_name(s->rising), phase_name(e->phase), level_name(e->level),
                 level_name(e->rising));
    else if (e->flapping != s->flapping || e->no_data != s->no_data)
        snprintf(why, size, "flapping %d no data %d, expected %d %d", s->flapping, s->no_data, e->flapping,
                 e->no_data);
    else if (e->n != n)
        snprintf(why, size, "%d transitions, expected %d", n, e->n);
    for (int i = 0; i < n && why[0] == '\0'; i++) {
        const struct transition *a = &t[i], *b = &e->transitions[i];
        if (a->change != b->change || a->from != b->from || a->to != b->to || a->number != b->number)
            snprintf(why, size, "%s %s to %s number %d, expected %s %s to %s number %d",
                     change_name(a->change), level_name(a->from), level_name(a->to), (int)a->number,
                     change_name(b->change), level_name(b->from), level_name(b->to), (int)b->number);
    }
    for (enum level l = LEVEL_INFO; l <= LEVEL_CRITICAL && why[0] == '\0'; l++) {
        double want = contrary_s(m, l), have = s->held_s[l];
        if (isnan(want) != isnan(have) || (!isnan(want) && want != have))
            snprintf(why, size, "the timer of %s is at %g s, expected %g s", level_name(l), have, want);
    }
}

/* The first step at which machine and model differ, -1 if none; WHY says how. */
static int first_difference(const struct machine *machine, const struct op *ops, int n, char *why,
                            size_t size)
{
    static struct model model;
    struct alert_state state;
    model = (struct model){.machine = *machine};
    alert_state_init(&state);
    for (int i = 0; i < n; i++) {
        struct expected expected;
        struct transition out[2];
        struct machine m = *machine;
        m.acked = ops[i].acked;
        model_step(&model, &ops[i], &expected);
        int n_out = machine_step(&state, &m, &ops[i].outcome, ops[i].step_s, 1000 + i, out);
        compare(&model, &expected, &state, out, n_out, why, size);
        if (why[0] != '\0')
            return i;
    }
    return -1;
}

/* Leaves out whatever is not needed for a difference. Returns how many are left. */
static int shrink(const struct machine *machine, struct op *ops, int n)
{
    static struct op fewer[N_STEPS];
    char why[256];
    for (int chunk = n / 2; chunk > 0; chunk /= 2)
        for (int at = 0; at + chunk <= n;) {
            memcpy(fewer, ops, (size_t)at * sizeof(*ops));
            memcpy(fewer + at, ops + at + chunk, (size_t)(n - at - chunk) * sizeof(*ops));
            int differs = first_difference(machine, fewer, n - chunk, why, sizeof(why));
            if (differs < 0)
                at += chunk;
            else
                memcpy(ops, fewer, (size_t)(n = differs + 1) * sizeof(*ops));
        }
    return n;
}

static void tell(uint64_t seed, const struct machine *m, struct op *ops, int n)
{
    static const char *const kinds[] = {"false, held by", "true,", "no data, as"};
    char why[256];
    n = shrink(m, ops, n);
    int at = first_difference(m, ops, n, why, sizeof(why));
    print_error("seed %llu: for %g s, keep_for %g s, on_no_data %s%s\n", (unsigned long long)seed, m->for_s,
                m->keep_for_s, (const char *[]){"keep", "alert", "ok"}[m->on_no_data],
                m->latched ? ", latched" : "");
    for (int i = at < LONGEST_SHOWN ? 0 : at - LONGEST_SHOWN; i <= at; i++)
        print_error(
            "  after %g s: %s %s%s\n", ops[i].step_s, kinds[ops[i].outcome.kind],
            level_name(ops[i].outcome.kind == OUTCOME_FALSE ? ops[i].outcome.held_by : ops[i].outcome.level),
            ops[i].acked ? ", acked" : "");
    fail_msg("then: %s", why);
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static unsigned pick(uint64_t *s, unsigned n)
{
    return (unsigned)(next_random(s) >> 33) % n;
}

/* Steps are halves of seconds, so that sums are exact in any order. What is true stays so for a while. */
static void generate(uint64_t *random, struct machine *m, struct op *ops)
{
    static const double durations[] = {0, 0, 5, 10, 30, 60, 300}, steps[] = {0, 0.5, 1, 5, 10, 10, 10, 60};
    static const enum outcome_kind kinds[] = {OUTCOME_FALSE, OUTCOME_FALSE, OUTCOME_TRUE, OUTCOME_TRUE,
                                              OUTCOME_NO_DATA};
    *m = (struct machine){.for_s = durations[pick(random, 7)],
                          .keep_for_s = durations[pick(random, 7)],
                          .latched = pick(random, 8) == 0};
    m->on_no_data = pick(random, 3);
    unsigned patience = 1 + pick(random, 12);
    double step_s = steps[pick(random, 8)];
    struct op op = {0};
    for (int i = 0; i < N_STEPS; i++) {
        if (pick(random, patience) == 0) {
            op.outcome.kind = kinds[pick(random, 5)];
            op.outcome.level = op.outcome.kind == OUTCOME_TRUE ? 1 + pick(random, 3) : pick(random, 4);
            op.outcome.held_by = pick(random, 3) == 0 ? pick(random, 4) : LEVEL_NONE;
        }
        op.step_s = pick(random, 4) == 0 ? steps[pick(random, 8)] : step_s;
        op.acked = pick(random, 6) == 0;
        ops[i] = op;
    }
}

static void the_machine_does_what_the_list_of_results_says(void **state)
{
    (void)state;
    static struct op ops[N_STEPS];
    struct machine machine;
    char why[256];
    for (uint64_t seed = 1; seed <= N_SEQUENCES; seed++) {
        uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
        generate(&random, &machine, ops);
        int differs = first_difference(&machine, ops, N_STEPS, why, sizeof(why));
        if (differs >= 0)
            tell(seed, &machine, ops, differs + 1);
    }
}

/* A generator that never fires would let everything pass. */
static void the_sequences_reach_every_change_often(void **state)
{
    (void)state;
    static struct op ops[N_STEPS];
    int seen[CHANGE_CALM + 1] = {0};
    for (uint64_t seed = 1; seed <= N_SEQUENCES; seed++) {
        uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
        struct machine m;
        struct alert_state s;
        struct transition out[2];
        generate(&random, &m, ops);
        alert_state_init(&s);
        for (int i = 0; i < N_STEPS; i++) {
            m.acked = ops[i].acked;
            for (int n = machine_step(&s, &m, &ops[i].outcome, ops[i].step_s, i, out); n > 0; n--)
                seen[out[n - 1].change]++;
        }
    }
    for (enum change c = CHANGE_PENDING; c <= CHANGE_CALM; c++)
        if (seen[c] < 500)
            fail_msg("%s was seen %d times only", change_name(c), seen[c]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_machine_does_what_the_list_of_results_says),
        cmocka_unit_test(the_sequences_reach_every_change_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
