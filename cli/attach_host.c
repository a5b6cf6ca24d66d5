/* What an attached dashboard asks of its host: the guard's answers in place of our own. */
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/book.h"
#include "cli/attach.h"
#include "cli/watch.h"
#include "core/json.h"
#include "core/mem.h"

static int host_ask(void *ctx, const struct query *q, int priority, query_done_fn *done, void *done_ctx)
{
    (void)priority; /* all that we ask is for the screen */
    return attach_ask(((struct watch *)ctx)->attach, q, done, done_ctx);
}

static void host_cancel(void *ctx, int ticket)
{
    attach_cancel(((struct watch *)ctx)->attach, ticket);
}

/* The guard sees what is asked and reads that: nothing needs to be told. */
static void host_demand(void *ctx, const char *const *datasets, int n)
{
    (void)ctx, (void)datasets, (void)n;
}

/* A step through the guard's past: one answer a sample. */
static void on_step(void *ctx, double moment)
{
    struct watch *w = ctx;
    struct stepping *s = &w->stepping;
    /* The second of two may not be there: then the first is as far as it goes. After the newest comes now. */
    double to = isnan(moment) && s->direction < 0 ? s->from : moment;
    s->from = to;
    if (--s->left > 0 && !isnan(moment)) {
        attach_step(w->attach, s->dataset, to, s->direction, on_step, w);
        return;
    }
    s->left = 0;
    dash_stepped(w->dash, to, s->direction);
    watch_tick(w);
}

static void host_step_later(void *ctx, const char *dataset, double at_s, int direction, int count)
{
    struct watch *w = ctx;
    if (w->stepping.left > 0) { /* the step before is still on its way */
        w->stepping.left += direction == w->stepping.direction;
        return;
    }
    w->stepping = (struct stepping){.from = NAN, .direction = direction, .left = count};
    snprintf(w->stepping.dataset, sizeof(w->stepping.dataset), "%s", dataset);
    attach_step(w->attach, dataset, at_s, direction, on_step, w);
}

static void on_refresh(void *ctx)
{
    watch_attached_refresh(ctx);
}

static void host_refresh(void *ctx, double seconds)
{
    struct watch *w = ctx;
    w->session.refresh_s = seconds;
    loop_timer_start(w->refresh, seconds, seconds);
}

static void on_done(void *ctx, const char *error)
{
    struct watch *w = ctx;
    dash_say(w->dash, error == NULL ? ROLE_GOOD : ROLE_WARNING,
             error == NULL ? "the guard has noted it" : error);
    watch_attached_refresh(w);
}

static void add_member(struct json *j, struct text *t, const char *name, const char *value)
{
    text_addf(t, "%s\"%s\":", t->len > 1 ? "," : "", name);
    json_add_text(j, t, value);
}

/* The guard takes patterns here; what is meant is this one. */
static void add_exact(struct json *j, struct text *t, const char *name, const char *value)
{
    char *glob = glob_of(value);
    add_member(j, t, name, glob);
    free(glob);
}

static void order_body(const struct alert_order *o, struct text *t)
{
    struct json *j = json_new();
    text_add_char(t, '{');
    add_member(j, t, "by", watch_person());
    if (o->comment[0] != '\0')
        add_member(j, t, "comment", o->comment);
    if (!isnan(o->until_s))
        text_addf(t, ",\"until\":%.3f", o->until_s);
    if (o->deed == ALERT_SILENCE && o->scope == SCOPE_RULE)
        add_exact(j, t, "rule", o->rule);
    if (o->deed == ALERT_SILENCE && o->scope != SCOPE_ALERT)
        add_exact(j, t, "target", o->target);
    text_add_char(t, '}');
    json_free(j);
}

static bool host_alert(void *ctx, const struct alert_order *o, struct err *err)
{
    static const char *const verbs[] = {[ALERT_ACK] = "ack",
                                        [ALERT_UNACK] = "unack",
                                        [ALERT_SILENCE] = "silence",
                                        [ALERT_UNSILENCE] = "unsilence",
                                        [ALERT_RESEND] = "resend"};
    struct watch *w = ctx;
    struct text body, path;
    if (attach_trouble(w->attach) != NULL)
        return fail(err, "%s", attach_trouble(w->attach));
    text_init(&body, 10000);
    text_init(&path, 200);
    order_body(o, &body);
    if (o->deed == ALERT_SILENCE && o->scope != SCOPE_ALERT)
        text_add(&path, "/api/v1/silences");
    else if (o->deed == ALERT_RESEND)
        text_addf(&path, "/api/v1/deliveries/%lld/%s", (long long)o->number, verbs[o->deed]);
    else
        text_addf(&path, "/api/v1/alerts/%s/%s", o->alert_id, verbs[o->deed]);
    attach_post(w->attach, text_str(&path), text_str(&body), on_done, w);
    text_done(&body);
    text_done(&path);
    return true;
}

static void on_trouble(void *ctx)
{
    struct watch *w = ctx;
    dash_set_trouble(w->dash, attach_trouble(w->attach));
}

/* The guard's numbers are newer each interval; it does not say which. */
void watch_attached_refresh(struct watch *w)
{
    const struct registry *r = &w->session.registry;
    for (int i = 0; i < r->n; i++)
        dash_data_changed(w->dash, w->target, r->datasets[i]->name);
    watch_tick(w);
}

void watch_attached_start(struct watch *w)
{
    attach_on_trouble(w->attach, on_trouble, w);
    w->refresh = loop_timer_new(w->session.loop, on_refresh, w);
    loop_timer_start(w->refresh, w->session.refresh_s, w->session.refresh_s);
    watch_attached_refresh(w);
}

struct dash_host watch_attached_host(struct watch *w)
{
    struct dash_host host = watch_host(w);
    host.ask = host_ask;
    host.cancel = host_cancel;
    host.demand = host_demand;
    host.step = NULL;
    host.step_later = host_step_later;
    host.refresh = host_refresh;
    host.alert = host_alert;
    host.explain = NULL; /* the guard runs nothing for us */
    host.cure = NULL;
    host.cure_stop = NULL;
    host.age = NULL;
    return host;
}

const char *watch_person(void)
{
    const char *name = getenv("USER");
    const struct passwd *user = getpwuid(geteuid());
    return user != NULL ? user->pw_name : name != NULL ? name : "somebody";
}
