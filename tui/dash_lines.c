/* Lines of a dialog as they will stand, each with its style: wrapped where they are too long, never cut. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "tui/dash_state.h"
#include "tui/sqltext.h"

struct lines *lines_new(int columns)
{
    struct lines *l = mem_new(sizeof(*l));
    l->columns = columns;
    return l;
}

static void line_add(struct lines *l, struct style style, const char *text, size_t len)
{
    char *copy = mem_new(len + 1);
    memcpy(copy, text, len);
    l->list = mem_grow(l->list, (size_t)l->n + 1, sizeof(*l->list));
    l->list[l->n].text = copy;
    l->list[l->n++].style = style;
}

/* TEXT from its first character to where the line is full; at a blank if there is one. */
static size_t fitting(const char *text, size_t len, int columns)
{
    size_t at = 0, blank = 0;
    int used = 0;
    while (at < len) {
        char cell[UTF8_CELL];
        int width;
        size_t n = utf8_cell(text + at, len - at, cell, &width);
        if (used + width > columns)
            return blank > 0 ? blank : at > 0 ? at : n;
        used += width;
        at += n;
        if (text[at - 1] == ' ')
            blank = at;
    }
    return len;
}

void lines_wrap(struct lines *l, struct style style, const char *text, size_t len)
{
    for (size_t at = 0, n; at < len; at += n) {
        n = fitting(text + at, len - at, l->columns);
        line_add(l, style, text + at, n);
    }
}

void lines_cut(struct lines *l, struct style style, const char *text, size_t len)
{
    struct text t;
    text_init(&t, 16000);
    text_add(&t, "  ");
    text_add_n(&t, text, len);
    line_add(l, style, text_str(&t), strlen(text_str(&t)));
    text_done(&t);
}

bool lines_sql(struct lines *l, struct style style, const char *sql)
{
    struct text t;
    text_init(&t, 1 << 20);
    bool odd = sql_visible(sql, &t);
    lines_wrap(l, style, text_str(&t), strlen(text_str(&t)));
    text_done(&t);
    return odd;
}

void lines_add(struct lines *l, struct style style, const char *text)
{
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, "\n");
        lines_wrap(l, style, text, len);
        text += len + (text[len] == '\n');
    }
}

void lines_addf(struct lines *l, struct style style, const char *format, const char *a, const char *b)
{
    struct text t;
    text_init(&t, 16000);
    text_addf(&t, format, a, b);
    lines_add(l, style, text_str(&t));
    text_done(&t);
}

void lines_free(struct lines *l)
{
    for (int i = 0; i < l->n; i++)
        free(l->list[i].text);
    free(l->list);
    free(l);
}
