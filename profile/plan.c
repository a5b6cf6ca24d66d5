/* Plans of PostgreSQL (JSON) and of SQLite (lines), as notes of one line. */
#include "profile/plan.h"

#include <string.h>

#include "core/json.h"

enum { LONGEST_LIST = 2000, LONGEST_SHAPE = 4000, DEEPEST = 60, MOST_MEMBERS = 200 };

void plan_notes_init(struct plan_notes *p)
{
    *p = (struct plan_notes){.unread = false};
    text_init(&p->shape, LONGEST_SHAPE);
    text_init(&p->indexes, LONGEST_LIST);
    text_init(&p->scans, LONGEST_LIST);
    text_init(&p->made, LONGEST_LIST);
}

void plan_notes_done(struct plan_notes *p)
{
    text_done(&p->shape);
    text_done(&p->indexes);
    text_done(&p->scans);
    text_done(&p->made);
}

bool plan_list_has(const char *list, const char *name, size_t len)
{
    for (const char *at = list; *at != '\0';) {
        const char *end = strstr(at, ", ");
        size_t n = end == NULL ? strlen(at) : (size_t)(end - at);
        if (n == len && memcmp(at, name, n) == 0)
            return true;
        at += n + (end == NULL ? 0 : 2);
    }
    return false;
}

static void list_add(struct text *list, const char *name, size_t len)
{
    if (len == 0 || plan_list_has(text_str(list), name, len))
        return;
    if (list->len > 0)
        text_add(list, ", ");
    text_add_n(list, name, len);
}

/* ---- PostgreSQL ---- */

static const char *member(const struct json_member *members, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(members[i].name, name) == 0 && members[i].value.type == VALUE_TEXT)
            return members[i].value.text;
    return NULL;
}

static void node_add(struct plan_notes *p, struct arena *a, const char *json, int depth);

static void nodes_add(struct plan_notes *p, struct arena *a, const char *json, int depth)
{
    struct json_member *items;
    int n;
    if (!json_items(a, json, strlen(json), MOST_MEMBERS, &items, &n, NULL)) {
        p->unread = true;
        return;
    }
    text_add(&p->shape, " (");
    for (int i = 0; i < n; i++) {
        text_add(&p->shape, i > 0 ? ", " : "");
        if (items[i].value.type == VALUE_TEXT)
            node_add(p, a, items[i].value.text, depth + 1);
    }
    text_add(&p->shape, ")");
}

/* "Limit (Index Scan messages_bot_id)" */
static void node_add(struct plan_notes *p, struct arena *a, const char *json, int depth)
{
    struct json_member *m;
    int n;
    if (depth > DEEPEST || !json_members(a, json, strlen(json), MOST_MEMBERS, &m, &n, NULL)) {
        p->unread = true;
        return;
    }
    const char *type = member(m, n, "Node Type"), *index = member(m, n, "Index Name"),
               *relation = member(m, n, "Relation Name"), *plans = member(m, n, "Plans");
    text_add(&p->shape, type == NULL ? "?" : type);
    if (index != NULL || relation != NULL)
        text_addf(&p->shape, " %s", index != NULL ? index : relation);
    if (index != NULL)
        list_add(&p->indexes, index, strlen(index));
    if (relation != NULL && type != NULL && strcmp(type, "Seq Scan") == 0)
        list_add(&p->scans, relation, strlen(relation));
    if (plans != NULL)
        nodes_add(p, a, plans, depth);
}

static void json_add_plan(struct plan_notes *p, const char *json)
{
    struct arena *a = arena_new(10000);
    struct json_member *items, *m;
    int n_items, n;
    const char *plan = NULL;
    if (json_items(a, json, strlen(json), 1, &items, &n_items, NULL) && n_items == 1 &&
        items[0].value.type == VALUE_TEXT &&
        json_members(a, items[0].value.text, strlen(items[0].value.text), MOST_MEMBERS, &m, &n, NULL))
        plan = member(m, n, "Plan");
    if (plan == NULL)
        p->unread = true;
    else
        node_add(p, a, plan, 0);
    arena_unref(a);
}

/* ---- SQLite ---- */

/* How long LINE is without what SQLite writes behind some. */
static size_t line_len(const char *line)
{
    static const char *const behind[] = {" LEFT-JOIN", " EXISTS"};
    size_t len = strlen(line);
    for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
        if (len > strlen(behind[i]) && strcmp(line + len - strlen(behind[i]), behind[i]) == 0)
            return len - strlen(behind[i]);
    return len;
}

/* "SEARCH m USING COVERING INDEX by_bot (bot_id=?)": the name ends before the last parenthesis, for it may
 * have any character. */
static void line_add_index(struct plan_notes *p, const char *line, const char *using)
{
    static const char before[] = " INDEX ";
    const char *name = strstr(using, before), *end = line + line_len(line);
    if (name == NULL || strstr(using, " AUTOMATIC ") != NULL)
        return;
    name += strlen(before);
    for (const char *at = name; (at = strstr(at, " (")) != NULL; at++)
        end = at;
    if (end > name)
        list_add(&p->indexes, name, (size_t)(end - name));
}

/* "CO-ROUTINE r", "MATERIALIZE r": it stands before the scans of what it makes. */
static void line_add_made(struct plan_notes *p, const char *line)
{
    static const char *const makes[] = {"CO-ROUTINE ", "MATERIALIZE "};
    for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++)
        if (strncmp(line, makes[i], strlen(makes[i])) == 0)
            list_add(&p->made, line + strlen(makes[i]), strlen(line) - strlen(makes[i]));
}

/* A subquery, rows that the statement itself has, and virtual tables, which have their own ways, are scanned
 * too: they are no tables. */
static bool is_table_scan(const struct plan_notes *p, const char *line)
{
    return strncmp(line, "SCAN ", 5) == 0 && strcmp(line + 5, "CONSTANT ROW") != 0 && line[5] != '(' &&
           strstr(line, " VIRTUAL TABLE INDEX ") == NULL &&
           !plan_list_has(text_str(&p->made), line + 5, line_len(line) - 5);
}

static void line_add(struct plan_notes *p, const char *line)
{
    const char *using = strstr(line, " USING ");
    if (p->shape.len > 0)
        text_add(&p->shape, "; ");
    text_add(&p->shape, line);
    line_add_made(p, line);
    if (using != NULL)
        line_add_index(p, line, using);
    else if (is_table_scan(p, line))
        list_add(&p->scans, line + 5, line_len(line) - 5);
}

void plan_notes_add(void *ctx, const struct value *values, int n)
{
    struct plan_notes *p = ctx;
    if (n == 1 && values[0].type == VALUE_TEXT)
        json_add_plan(p, values[0].text);
    else if (n == 4 && values[3].type == VALUE_TEXT)
        line_add(p, values[3].text);
    else
        p->unread = true;
}
