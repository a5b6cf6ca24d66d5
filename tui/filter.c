/* The filter language: reading, compiling to a WHERE with parameters, finding in a text. */
#include "tui/filter.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/nearest.h"

/* ---- reading ---- */

static char *copy_n(const char *s, size_t n)
{
    char *copy = mem_new(n + 1);
    memcpy(copy, s, n);
    return copy;
}

static void term_done(struct filter_term *t)
{
    regexp_free(t->regex);
    free(t->column);
    free(t->text);
    *t = (struct filter_term){0};
}

void filter_done(struct filter *f)
{
    for (int i = 0; i < f->n; i++)
        term_done(&f->terms[i]);
    f->n = 0;
}

/* Reads "...", or up to a blank; *s ends behind it. */
static char *value_read(const char **s, struct err *err)
{
    if (**s == '"') {
        const char *end = strchr(*s + 1, '"');
        if (end == NULL) {
            fail(err, "the closing \" is missing");
            return NULL;
        }
        char *value = copy_n(*s + 1, (size_t)(end - *s) - 1);
        *s = end + 1;
        return value;
    }
    size_t len = strcspn(*s, " \t");
    char *value = copy_n(*s, len);
    *s += len;
    return value;
}

/* /regex/ where a slash inside is written \/ */
static bool regex_read(const char **s, struct filter_term *t, struct err *err)
{
    struct text pattern;
    text_init(&pattern, FILTER_MAX_LENGTH);
    const char *at = *s + 1;
    for (; *at != '\0' && *at != '/'; at++) {
        if (at[0] == '\\' && at[1] == '/')
            at++;
        else if (at[0] == '\\' && at[1] != '\0')
            text_add_char(&pattern, *at++);
        text_add_char(&pattern, *at);
    }
    if (*at != '/' || pattern.len == 0) {
        text_done(&pattern);
        return fail(err, "/regex/: the closing slash is missing, or nothing is between");
    }
    struct err why;
    t->regex = regexp_new(text_str(&pattern), &why);
    if (t->regex == NULL) {
        fail(err, "/%.60s/: %s", text_str(&pattern), why.text);
        text_done(&pattern);
        return false;
    }
    t->kind = FILTER_REGEX;
    t->text = text_take(&pattern);
    *s = at + 1;
    return true;
}

static bool compares(const char *s)
{
    enum op op;
    bool doubled = s[0] == ':' && s[1] == ':'; /* a cast in SQL text, not a column */
    return (s[0] == ':' && !doubled) || op_parse(s, &op) > 0;
}

/* Reads a column's name or heading that is followed by ':' or an operator; NULL if this is a word. *S ends
 * behind it. */
static char *column_read(const char **s)
{
    const char *name = *s, *end;
    size_t len = 0;
    if (*name == '"') {
        end = strchr(++name, '"');
        if (end == NULL || end == name || !compares(end + 1))
            return NULL;
        *s = end + 1;
        return copy_n(name, (size_t)(end - name));
    }
    if (!isalpha((unsigned char)*name) && (unsigned char)*name < 0x80) /* headings have signs such as ≈ */
        return NULL;
    while (isalnum((unsigned char)name[len]) || name[len] == '_' || (unsigned char)name[len] >= 0x80)
        len++;
    if (name[len] == '/' && name[len + 1] == 's')
        len += 2;
    if (!compares(name + len))
        return NULL;
    *s = name + len;
    return copy_n(name, len);
}

static bool term_read(const char **s, struct filter_term *t, struct err *err)
{
    if (**s == '!' && (*s)[1] != '\0' && (*s)[1] != ' ') {
        t->negated = true;
        (*s)++;
    }
    if (**s == '/')
        return regex_read(s, t, err);
    t->column = column_read(s);
    if (t->column != NULL) {
        if (**s == ':') {
            (*s)++;
            if (**s == '/')
                return regex_read(s, t, err);
        } else {
            *s += op_parse(*s, &t->op);
            t->kind = FILTER_COMPARE;
        }
    }
    t->text = value_read(s, err);
    if (t->text == NULL)
        return false;
    if (t->text[0] == '\0')
        return fail(err, "%s: a value is expected", t->column == NULL ? "\"\"" : t->column);
    return true;
}

bool filter_parse(const char *s, struct filter *out, struct err *err)
{
    struct filter f = {.n = 0};
    if (strlen(s) > FILTER_MAX_LENGTH)
        return fail(err, "a filter may have %d characters", FILTER_MAX_LENGTH);
    for (;;) {
        s += strspn(s, " \t");
        if (*s == '\0')
            break;
        if (f.n == FILTER_MAX_TERMS) {
            filter_done(&f);
            return fail(err, "a filter may have %d words", FILTER_MAX_TERMS);
        }
        f.terms[f.n] = (struct filter_term){0};
        if (!term_read(&s, &f.terms[f.n], err)) {
            f.n++;
            filter_done(&f);
            return false;
        }
        f.n++;
    }
    *out = f;
    return true;
}

/* ---- compiling ---- */

/* Whether SHOWN, a name or a heading, starts with what was TYPED; *WHOLE: it is that. */
static bool starts_with(const char *shown, const char *typed, bool *whole)
{
    for (; *typed != '\0'; typed++, shown++) {
        int a = *typed == ' ' ? '_' : tolower((unsigned char)*typed),
            b = *shown == ' ' ? '_' : tolower((unsigned char)*shown);
        if (a != b)
            return false;
    }
    *whole = *shown == '\0';
    return true;
}

static const char *heading_of(const struct filter_column *c)
{
    return c->heading == NULL ? c->name : c->heading;
}

static bool column_missing(const struct filter_column *columns, int n, const char *name, struct err *err)
{
    const char **known = mem_new_array(2 * (size_t)n, sizeof(*known));
    struct text list;
    text_init(&list, 300);
    for (int i = 0; i < n; i++) {
        known[i] = columns[i].name;
        known[n + i] = heading_of(&columns[i]);
        text_addf(&list, "%s%s", i > 0 ? " " : "", columns[i].name);
    }
    const char *near = nearest_find(name, known, 2 * n);
    if (near != NULL)
        fail(err, "no column \"%.40s\" here; did you mean \"%s\"?", name, near);
    else
        fail(err, "no column \"%.40s\" here; there are: %s", name, text_str(&list));
    text_done(&list);
    free(known);
    return false;
}

/* A whole name first, then a whole heading, then the start of either if only one column has it. */
static bool column_find(const struct filter_column *columns, int n, const char *typed,
                        const struct filter_column **out, struct err *err)
{
    const struct filter_column *headed = NULL, *found = NULL;
    struct text list;
    int many = 0;
    text_init(&list, 300);
    for (int i = 0; i < n; i++) {
        bool name = false, heading = false;
        bool starts = starts_with(columns[i].name, typed, &name);
        starts = starts_with(heading_of(&columns[i]), typed, &heading) || starts;
        if (name) {
            headed = &columns[i];
            break;
        }
        if (!heading && columns[i].origin != NULL)
            starts_with(columns[i].origin, typed, &heading);
        if (heading && headed == NULL)
            headed = &columns[i];
        if (!starts)
            continue;
        found = &columns[i];
        text_addf(&list, "%s%s", many++ > 0 ? " " : "", columns[i].name);
    }
    found = headed != NULL ? headed : many == 1 ? found : NULL;
    if (found == NULL && many > 1)
        fail(err, "which column is \"%.40s\": %s", typed, text_str(&list));
    text_done(&list);
    if (found != NULL)
        *out = found;
    return found != NULL || (many == 0 && column_missing(columns, n, typed, err));
}

/* %text% with the wildcards in it taken literally. */
static char *like_pattern(const char *s)
{
    struct text out;
    text_init(&out, 3 * FILTER_MAX_LENGTH);
    text_add_char(&out, '%');
    for (; *s != '\0'; s++) {
        if (*s == '%' || *s == '_' || *s == '\\')
            text_add_char(&out, '\\');
        text_add_char(&out, *s);
    }
    text_add_char(&out, '%');
    return text_take(&out);
}

/* A number that is an amount is not searched by its digits; one that is a name (pid, oid) is. */
static bool searchable(const struct filter_column *c)
{
    return !c->numeric || c->unit == UNIT_NONE;
}

static void match_add(struct text *out, const struct filter_term *t, const char *column, const char *param)
{
    text_add(out, "coalesce(");
    text_add_identifier(out, column);
    text_addf(out, t->kind == FILTER_REGEX ? " regexp :%s" : " like :%s escape '\\'", param);
    text_add(out, ",0)");
}

static bool term_compile(const struct filter_term *t, const struct filter_column *columns, int n,
                         struct filter_sql *out, struct err *err)
{
    int i = out->n;
    const char *param = out->names[i];
    const struct filter_column *column = NULL;
    struct value value = {.type = VALUE_TEXT};
    if (t->column != NULL && !column_find(columns, n, t->column, &column, err))
        return false;
    snprintf(out->names[i], sizeof(out->names[i]), "f%d", i);
    text_add(&out->where, t->negated ? " and not (" : " and (");
    if (t->kind == FILTER_COMPARE) {
        double number;
        bool amount = column->numeric || column->unit != UNIT_NONE;
        if (amount && !quantity_parse(t->text, column->unit, &number))
            return fail(err, "%s: \"%.40s\" is not a number%s%s", column->name, t->text,
                        column->unit == UNIT_NONE ? "" : " of ", unit_name(column->unit));
        text_add(&out->where, "coalesce(");
        text_add_identifier(&out->where, column->name);
        text_addf(&out->where, " %s :%s%s,0)", op_sql(t->op), param, amount ? "" : " collate nocase");
        value = amount ? (struct value){.type = VALUE_REAL, .real = number} : value;
        out->texts[i] = amount ? NULL : mem_dup(t->text);
    } else {
        bool first = true;
        out->texts[i] = t->kind == FILTER_REGEX ? mem_dup(t->text) : like_pattern(t->text);
        for (int c = 0; c < n; c++) {
            if (column != NULL ? &columns[c] != column : !searchable(&columns[c]))
                continue;
            text_add(&out->where, first ? "" : " or ");
            match_add(&out->where, t, columns[c].name, param);
            first = false;
        }
        text_add(&out->where, first ? "0" : "");
    }
    text_add_char(&out->where, ')');
    if (out->texts[i] != NULL)
        value.text = out->texts[i];
    out->params[i] = (struct query_param){.name = param, .value = value};
    out->n++;
    return true;
}

bool filter_compile(const struct filter *f, const struct filter_column *columns, int n,
                    struct filter_sql *out, struct err *err)
{
    struct filter_sql *made = mem_new(sizeof(*made));
    bool ok = true;
    text_init(&made->where, 64000);
    text_add_char(&made->where, '1');
    for (int i = 0; i < f->n && ok; i++)
        ok = term_compile(&f->terms[i], columns, n, made, err);
    if (ok && made->where.cut)
        ok = fail(err, "the filter is too long for so many columns");
    if (!ok) {
        filter_sql_done(made);
        free(made);
        return false;
    }
    *out = *made;
    for (int i = 0; i < out->n; i++) /* names lie in the struct itself */
        out->params[i].name = out->names[i];
    free(made);
    return true;
}

void filter_sql_done(struct filter_sql *s)
{
    text_done(&s->where);
    for (int i = 0; i < FILTER_MAX_TERMS; i++)
        free(s->texts[i]);
    memset(s->texts, 0, sizeof(s->texts));
    s->n = 0;
}

/* ---- finding ---- */

bool filter_finds(const struct filter *f, const char *text, size_t *start, size_t *len)
{
    for (int i = 0; i < f->n; i++) {
        const struct filter_term *t = &f->terms[i];
        if (t->negated)
            continue;
        if (t->kind == FILTER_REGEX) {
            *start = 0;
            *len = strlen(text);
            if (!regexp_match(t->regex, text, *len))
                continue;
            return true;
        }
        const char *found = t->kind == FILTER_CONTAINS ? strcasestr(text, t->text) : NULL;
        if (found != NULL) {
            *start = (size_t)(found - text);
            *len = strlen(t->text);
            return true;
        }
    }
    return false;
}
