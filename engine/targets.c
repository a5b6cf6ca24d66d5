/* Dataset `targets`: one row, the target itself. */
#include <math.h>
#include <string.h>

#include "core/loop.h"
#include "engine/derived.h"
#include "engine/target.h"

enum { NAME, PRODUCT, STACK, ENV, STATE, ROLE, VERSION, PLACE, VIA, SERVER_ID, RTT, STARTED, UPTIME, WAS_UP, DATA_AGE, ERROR };
// clang-format off
static const struct column columns[] = {
    [NAME]     = {"name",       KIND_KEY,   TYPE_TEXT, .help = "name of the target in the config, or made from its URL"},
    [PRODUCT]  = {"kind",       KIND_LABEL, TYPE_TEXT, .help = "product: PostgreSQL, PgBouncer, application"},
    [STACK]    = {"stack",      KIND_LABEL, TYPE_TEXT, .help = "application that the target belongs to"},
    [ENV]      = {"env",        KIND_LABEL, TYPE_TEXT, .help = "environment from the config: prod, test"},
    [STATE]    = {"state",      KIND_LABEL, TYPE_TEXT, .help = "up, connecting or down"},
    [ROLE]     = {"role",       KIND_LABEL, TYPE_TEXT, .help = "primary, standby, pooler, application"},
    [VERSION]  = {"version",    KIND_LABEL, TYPE_TEXT, .help = "version of the server"},
    [PLACE]    = {"place",      KIND_LABEL, TYPE_TEXT, .help = "user@host/database that we are connected as"},
    [VIA]      = {"via",        KIND_LABEL, TYPE_TEXT, .help = "pooler that stands between, if any"},
    [SERVER_ID] = {"server_id", KIND_LABEL, TYPE_TEXT, .help = "what tells the server from others: its system identifier; copies of its data directory have it too"},
    [RTT]      = {"rtt_ms",     KIND_GAUGE, TYPE_REAL, UNIT_MS,   .help = "time of the shortest request and its answer"},
    [STARTED]  = {"started",    KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when the server started"},
    [UPTIME]   = {"uptime_s",   KIND_GAUGE, TYPE_REAL, UNIT_S,    .help = "time since the server started"},
    [WAS_UP]   = {"was_up_s",   KIND_GAUGE, TYPE_REAL, UNIT_S,    .help = "how long it had been up before that start, if dbvitals saw it"},
    [DATA_AGE] = {"data_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S,    .help = "age of the newest sample of any dataset"},
    [ERROR]    = {"error",      KIND_TEXT,  TYPE_TEXT, .help = "why it is down; while it is up, what is not as it should be"},
};
// clang-format on
static const struct dataset dataset = {
    .name = "targets", .help = "a thing watched: is it up, what is it, how old are its numbers", .columns = columns,
    .n_columns = sizeof(columns) / sizeof(columns[0]), .whole = true};

static void set(struct sample *s, int column, const char *text)
{
    if (text != NULL && text[0] != '\0')
        sample_set_text(s, column, 0, text, strlen(text));
}

static struct sample *make(struct target *t, void *state, const struct sample *sample, const struct sample *before)
{
    (void)state, (void)sample, (void)before;
    struct sample *s = sample_new(&dataset, 1);
    derived_stamp(s, NULL);
    set(s, NAME, t->config.name);
    set(s, PRODUCT, t->product_name != NULL ? t->product_name : t->product->name);
    set(s, STACK, t->config.stack);
    set(s, ENV, t->config.env);
    set(s, STATE, state_name(t->state));
    set(s, ROLE, t->role);
    set(s, VERSION, t->version);
    set(s, PLACE, t->place);
    set(s, VIA, t->via);
    set(s, SERVER_ID, t->server_id);
    set(s, ERROR, t->error);
    s->values[RTT].real[0] = t->rtt_ms;
    s->values[STARTED].real[0] = t->started_s;
    s->values[UPTIME].real[0] = fmax(0, s->wall_s - t->started_s);
    if (isnan(t->started_s))
        s->values[UPTIME].real[0] = NAN;
    s->values[WAS_UP].real[0] = t->was_up_s;
    s->values[DATA_AGE].real[0] = loop_mono_s() - t->newest_mono_s;
    return s;
}

const struct derived derived_targets = {.dataset = &dataset, .make = make};
