/* The findings of some targets, asked once. */
#include "cli/advice.h"

#include "cli/output.h"
#include "core/text.h"
#include "core/utf8.h"

static const double patience_s = 15;

static void on_sample(void *ctx, const char *target, const struct dataset *d)
{
    advisor_sample(((struct advising *)ctx)->advisor, target, d);
}

static void on_timeout(void *ctx)
{
    ((struct advising *)ctx)->late = true;
}

static bool all_down(const struct engine *e)
{
    for (int i = 0; i < engine_targets(e); i++) {
        struct source_status status;
        engine_target_status(e, i, &status);
        if (status.state != SOURCE_DOWN)
            return false;
    }
    return true;
}

bool advising_begin(struct advising *a, struct session *s, struct err *err)
{
    *a = (struct advising){.session = s, .queries = query_thread_new(s->loop, &s->registry, err)};
    if (a->queries != NULL)
        a->advisor = advisor_new(s->loop, s->engine, a->queries, &s->config, &s->registry, NULL, err);
    if (a->advisor != NULL)
        engine_on_sample(s->engine, on_sample, a);
    return a->advisor != NULL;
}

void advising_wait(struct advising *a)
{
    struct session *s = a->session;
    struct loop_timer *timer = loop_timer_new(s->loop, on_timeout, a);
    loop_timer_start(timer, patience_s + 2 * s->refresh_s, 0);
    while (!advisor_is_complete(a->advisor) && !all_down(s->engine) && !a->late)
        loop_run_once(s->loop, true);
    loop_timer_free(timer);
}

void advising_end(struct advising *a)
{
    if (a->advisor != NULL)
        engine_on_sample(a->session->engine, NULL, NULL);
    advisor_free(a->advisor);
    query_thread_free(a->queries);
}

int advice_open(struct advice *a, const struct args *args, struct err *err)
{
    static const char *const names[] = {"findings", "checks"};
    struct session *s = &a->session;
    *a = (struct advice){.door = NULL};
    if (!session_open(s, args, 0, err) ||
        !session_add_targets(s, (const char *const *)args->words, args->n_words, err))
        return EXIT_USAGE;
    a->door = door_new(&s->registry, err);
    if (a->door == NULL || !advising_begin(&a->advising, s, err))
        return EXIT_USAGE;
    engine_want(s->engine, names, 2);
    advising_wait(&a->advising);
    session_explain_down(s, stderr);
    return all_down(s->engine) ? EXIT_NO_DATA : EXIT_OK;
}

void advice_close(struct advice *a, int code)
{
    advising_end(&a->advising);
    door_free(a->door);
    if (a->session.loop != NULL)
        session_close(&a->session, code);
}

struct result *advice_select(struct advice *a, const struct query *query, struct err *err)
{
    struct snapshot *snapshot = store_snapshot(engine_store(a->session.engine));
    struct result *r = door_run(a->door, snapshot, query, err);
    snapshot_unref(snapshot);
    return r;
}

void advice_tell_checks(struct advice *a, FILE *f, const char *prefix, bool empty)
{
    static const char told[] = "select case when sum(status in ('ok', 'found')) > 0 then 'nothing to do' "
                               "else 'nothing could be judged' end || ': '"
                               " || sum(status in ('ok', 'found')) || ' checks' as line, target, 1 as first "
                               "from checks where :empty group by target"
                               " union all select 'could not be judged: ' || title || ': ' || "
                               "coalesce(error, no_data), target, 2 from checks"
                               " where status in ('no data', 'error') order by 2, 3, 1";
    struct query_param param = {"empty", {VALUE_INT, .integer = empty}};
    struct query q = {.sql = told, .params = &param, .n_params = 1};
    struct err ignored = {0};
    struct result *r = advice_select(a, &q, &ignored);
    for (int i = 0; r != NULL && i < r->n_rows; i++) {
        const struct value *line = result_at(r, i, 0), *target = result_at(r, i, 1);
        struct text clean;
        text_init(&clean, 1 << 14);
        if (engine_targets(a->session.engine) > 1) {
            utf8_clean(&clean, target->text, false);
            text_add(&clean, ": ");
        }
        utf8_clean(&clean, line->type == VALUE_TEXT ? line->text : "", false);
        fprintf(f, "%s%s\n", prefix, text_str(&clean));
        text_done(&clean);
    }
    result_free(r);
}
