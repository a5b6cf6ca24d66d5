/* The log of a program without a terminal: one line an event, logfmt or JSON. */
#include "core/log.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"
#include "core/loop.h"
#include "core/mem.h"
#include "core/utf8.h"
#include "core/when.h"

/* A pipe takes a line of at most PIPE_BUF bytes whole or not at all. */
enum { MOST_LINE = 4000, MOST_VALUE = 1500 };

struct log {
    FILE *f;
    enum log_format format;
    enum log_level least;
    struct json *json;
    int lost; /* lines that nobody took */
};

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

struct log *log_new(FILE *f, enum log_format format, enum log_level least)
{
    struct log *l = mem_new(sizeof(*l));
    l->f = f;
    l->json = json_new();
    log_set(l, format, least);
    return l;
}

void log_free(struct log *l)
{
    if (l == NULL)
        return;
    json_free(l->json);
    free(l);
}

void log_set(struct log *l, enum log_format format, enum log_level least)
{
    l->format = format;
    l->least = least;
}

/* 2026-08-01T12:00:00.123Z */
static void stamp(char *out, size_t size)
{
    double now = loop_wall_s(), whole = floor(now);
    char second[32];
    moment_format_utc(second, sizeof(second), whole);
    second[strcspn(second, "Z")] = '\0';
    snprintf(out, size, "%s.%03dZ", second, (int)((now - whole) * 1000));
}

static bool is_bare(const char *s)
{
    for (const char *c = s; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == '"' || *c == '=' || *c == '\\')
            return false;
    return *s != '\0';
}

static void add_logfmt(struct text *line, const char *key, const char *value)
{
    text_addf(line, "%s%s=", line->len > 0 ? " " : "", key);
    if (is_bare(value)) {
        text_add(line, value);
        return;
    }
    text_add_char(line, '"');
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            text_add_char(line, '\\');
        text_add_char(line, *c);
    }
    text_add_char(line, '"');
}

static void add(struct log *l, struct text *line, const char *key, const char *value)
{
    struct text clean;
    text_init(&clean, MOST_VALUE);
    utf8_clean(&clean, value, false);
    if (l->format == LOG_LOGFMT)
        add_logfmt(line, key, text_str(&clean));
    else {
        text_add(line, line->len > 0 ? "," : "{");
        json_add_text(l->json, line, key);
        text_add_char(line, ':');
        json_add_text(l->json, line, text_str(&clean));
    }
    text_done(&clean);
}

/* Whoever reads a pipe and hangs must not stop the program: a line that would wait is lost, and that is told.
 */
static bool would_wait(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, 0) == 0;
}

static void put(struct log *l, const char *line, size_t len)
{
    int fd = fileno(l->f);
    if (fd < 0) { /* memory */
        fwrite(line, 1, len, l->f);
        fflush(l->f);
    } else if (would_wait(fd) || write(fd, line, len) < 0)
        l->lost++;
}

static void write_line(struct log *l, enum log_level level, const char *event, const struct log_pair *pairs)
{
    char now[48];
    struct text line;
    text_init(&line, MOST_LINE);
    stamp(now, sizeof(now));
    add(l, &line, "time", now);
    add(l, &line, "level", level_names[level]);
    add(l, &line, "event", event);
    for (const struct log_pair *p = pairs; p != NULL && p->key != NULL; p++) {
        size_t room = MOST_LINE - line.len, len = p->value == NULL ? 0 : strnlen(p->value, MOST_VALUE);
        size_t need = 2 * len + strlen(p->key) + 16;
        if (p->value != NULL && need < room) /* what does not fit whole would leave half a quote */
            add(l, &line, p->key, p->value);
    }
    text_add(&line, l->format == LOG_JSON ? "}\n" : "\n");
    put(l, text_str(&line), line.len);
    text_done(&line);
}

void log_line(struct log *l, enum log_level level, const char *event, const struct log_pair *pairs)
{
    if (level < l->least)
        return;
    int lost = l->lost;
    if (lost > 0 && (fileno(l->f) < 0 || !would_wait(fileno(l->f)))) {
        char number[16];
        snprintf(number, sizeof(number), "%d", lost);
        l->lost = 0;
        write_line(l, LOG_WARNING, "lines of the log were lost: nobody took them",
                   (const struct log_pair[]){{"lines", number}, {NULL, NULL}});
    }
    write_line(l, level, event, pairs);
}
