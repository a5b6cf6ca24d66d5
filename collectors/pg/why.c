/* Why something is not to be had from a server, and what would help. */
#include <stdio.h>
#include <string.h>

#include "collectors/pg/inside.h"

const char *why_lacking(const struct column *c, enum pg_gate gate, int version, char *out, size_t size)
{
    int bound = version < c->since ? c->since : c->until;
    bool too_old = version < c->since && c->before == NULL;
    bool too_new = c->until > 0 && version >= c->until;
    if (!too_old && !too_new)
        return NULL;
    if (gate == PG_BY_STATEMENTS)
        snprintf(out, size, "pg_stat_statements %d.%d%s", bound / 100, bound % 100,
                 too_old ? "+" : " took it away");
    else
        snprintf(out, size, "PostgreSQL %d%s", bound / 10000, too_old ? "+" : " took it away");
    return out;
}

const char *why_no_statements(const struct pg_facts *f)
{
    if (f->statements == 0 && !f->statements_loaded)
        return "needs pg_stat_statements: shared_preload_libraries = 'pg_stat_statements', a restart, then "
               "CREATE EXTENSION pg_stat_statements";
    return f->statements == 0 ? "needs pg_stat_statements: CREATE EXTENSION pg_stat_statements" : NULL;
}

/* "permission denied for KIND NAME": what is granted on each kind. */
static const struct {
    const char *kind, *grant;
} grants[] = {
    // clang-format off
    {"table",    "GRANT SELECT ON %s TO %s"},
    {"view",     "GRANT SELECT ON %s TO %s"},
    {"sequence", "GRANT SELECT ON SEQUENCE %s TO %s"},
    {"function", "GRANT EXECUTE ON FUNCTION %s TO %s"},
    {"schema",   "GRANT USAGE ON SCHEMA %s TO %s"},
    {"database", "GRANT CONNECT ON DATABASE %s TO %s"},
    // clang-format on
};

/* What the system owns is given by its monitoring role, the rest object by object. */
static void add_grant(const struct pg_poll *p, const char *message, struct text *out)
{
    static const char denied[] = "permission denied for ";
    const char *user = p->facts->user == NULL ? "this role" : p->facts->user,
               *object = strstr(message, denied);
    for (size_t i = 0; object != NULL && i < sizeof(grants) / sizeof(grants[0]); i++) {
        size_t n = strlen(grants[i].kind);
        const char *name = object + strlen(denied) + n + 1;
        if (strncmp(object + strlen(denied), grants[i].kind, n) != 0 || name[-1] != ' ' ||
            strncmp(name, "pg_", 3) == 0)
            continue;
        text_add(out, "; ");
        text_addf(out, grants[i].grant, name, user);
        return;
    }
    text_addf(out,
              p->facts->monitor ? "; %s has pg_monitor already: this needs a grant on the object itself"
                                : "; GRANT pg_monitor TO %s",
              user);
}

void why_failed(const struct pg_poll *p, const struct conn_answer *a, struct text *out)
{
    if (strcmp(a->sqlstate, "57014") == 0) {
        text_addf(out, "%s (statement_timeout is %.3g s)", a->text, poll_timeout_s(p));
        return;
    }
    text_add(out, a->text);
    if (a->why == FAILURE_PERMISSION)
        add_grant(p, a->text, out);
    else if (strstr(a->text, "shared_preload_libraries") != NULL)
        text_add(out, "; set it and restart the server");
}
