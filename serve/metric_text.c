/* The text that /metrics answers with: Prometheus 0.0.4 or OpenMetrics 1.0. */
#include "serve/metric_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 16 << 20 };
static const char total[] = "_total", open_type[] = "application/openmetrics-text";

/* The weight that Accept gives to a media type that begins as one of these; 0: none. */
static double weight(const char *accept, const char *type)
{
    double best = 0;
    for (const char *part = accept; part != NULL && *part != '\0';) {
        part += strspn(part, " \t,");
        size_t len = strcspn(part, ",");
        const char *q = memmem(part, len, ";q=", 3);
        if (strncmp(part, type, strlen(type)) == 0)
            best = fmax(best, q != NULL ? strtod(q + 3, NULL) : 1);
        part += len;
    }
    return best;
}

bool metric_wants_open(const char *accept)
{
    double open = weight(accept, open_type);
    return open > 0 && open >= weight(accept, "text/plain");
}

const char *metric_content_type(bool open)
{
    return open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                : "text/plain; version=0.0.4; charset=utf-8";
}

void metric_text_init(struct metric_text *m, bool open)
{
    *m = (struct metric_text){.open = open};
    text_init(&m->out, MOST_BYTES);
}

static void add_escaped(struct text *out, const char *s, bool quotes)
{
    for (; *s != '\0'; s++) {
        if (*s == '\n')
            text_add(out, "\\n");
        else if (*s == '\\')
            text_add(out, "\\\\");
        else if (*s == '"' && quotes)
            text_add(out, "\\\"");
        else
            text_add_char(out, *s);
    }
}

void metric_label(struct text *labels, const char *name, const char *value)
{
    text_addf(labels, "%s%s=\"", labels->len > 0 ? "," : "", name);
    add_escaped(labels, value, true);
    text_add_char(labels, '"');
}

void metric_family(struct metric_text *m, const char *name, enum metric_type type, const char *help)
{
    snprintf(m->family, sizeof(m->family), "%s", name);
    m->type = type;
    m->help = help;
}

/* OpenMetrics calls a counter's family by the name without _total, and what has no type unknown. */
static void begin(struct metric_text *m)
{
    static const char *const types[] = {"gauge", "counter", "untyped", "summary"};
    size_t len = strlen(m->family), cut = sizeof(total) - 1;
    if (m->open && m->type == METRIC_COUNTER && len > cut && strcmp(m->family + len - cut, total) == 0)
        len -= cut;
    const char *type = m->open && m->type == METRIC_UNTYPED ? "unknown" : types[m->type];
    text_addf(&m->out, "# HELP %.*s ", (int)len, m->family);
    add_escaped(&m->out, m->help, m->open);
    text_addf(&m->out, "\n# TYPE %.*s %s\n", (int)len, m->family, type);
    m->help = NULL;
}

static void add_number(struct text *out, double v)
{
    char digits[40];
    if (isinf(v)) {
        text_add(out, v > 0 ? "+Inf" : "-Inf");
        return;
    }
    snprintf(digits, sizeof(digits), "%.15g", v);
    if (strtod(digits, NULL) != v)
        snprintf(digits, sizeof(digits), "%.17g", v);
    text_add(out, digits);
}

void metric_sample(struct metric_text *m, const char *suffix, const char *labels, double value)
{
    if (isnan(value))
        return;
    if (m->help != NULL)
        begin(m);
    text_addf(&m->out, "%s%s", m->family, suffix);
    if (labels[0] != '\0')
        text_addf(&m->out, "{%s}", labels);
    text_add_char(&m->out, ' ');
    add_number(&m->out, value);
    text_add_char(&m->out, '\n');
    m->n_samples++;
}

void metric_end(struct metric_text *m)
{
    if (m->open)
        text_add(&m->out, "# EOF\n");
}
