/* Migrations: which entries of the ledger become one, and the text of their files. */
#include "cures/migration.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/utf8.h"
#include "core/when.h"

enum { MOST_NAME = 60, MOST_SAID = 300, UID_DIGITS = 16 };
static const char mark[] = "-- dbvitals entry ";

/* ---- Which ---- */

static bool is_state(const struct entry *e, const char *state)
{
    return e->state != NULL && strcmp(e->state, state) == 0;
}

static const struct entry *find(struct entry *const *entries, int n, int64_t id, const char *target)
{
    for (int i = 0; i < n; i++)
        if (entries[i]->id == id && strcmp(entries[i]->target, target) == 0)
            return entries[i];
    return NULL;
}

static bool changes_schema(const struct entry *e, const struct actions *actions)
{
    const struct action *a = e == NULL ? NULL : action_find(actions, e->action);
    return a != NULL && a->schema;
}

static const struct entry *undo_of(struct entry *const *entries, int n, const struct entry *e)
{
    for (int i = 0; i < n; i++)
        if (entries[i]->undoes == e->id && strcmp(entries[i]->target, e->target) == 0 &&
            is_state(entries[i], "done"))
            return entries[i];
    return NULL;
}

static enum migration_fate fate_of(const struct migration *m)
{
    if (entry_is_open(m->entry))
        return MIGRATION_OPEN;
    if (!entry_is_intact(m->entry) || (m->undoes != NULL && !entry_is_intact(m->undoes)))
        return MIGRATION_FORGED;
    return is_state(m->entry, "done") ? MIGRATION_GOOD : MIGRATION_UNKNOWN;
}

static int by_end(const void *a, const void *b)
{
    const struct entry *x = ((const struct migration *)a)->entry, *y = ((const struct migration *)b)->entry;
    double x_s = isnan(x->ended_at) ? HUGE_VAL : x->ended_at,
           y_s = isnan(y->ended_at) ? HUGE_VAL : y->ended_at;
    return x_s != y_s ? (x_s > y_s) - (x_s < y_s) : (x->id > y->id) - (x->id < y->id);
}

void migrations_choose(struct entry *const *entries, int n, const struct actions *actions,
                       struct migrations *out)
{
    *out = (struct migrations){.list = mem_new_array((size_t)n, sizeof(*out->list))};
    for (int i = 0; i < n; i++) {
        const struct entry *e = entries[i], *undoes = NULL;
        if (is_state(e, "failed") || is_state(e, "cancelled"))
            continue;
        if (e->undoes != 0)
            undoes = find(entries, n, e->undoes, e->target);
        if (!changes_schema(undoes != NULL ? undoes : e, actions))
            continue;
        struct migration m = {.entry = e,
                              .undoes = undoes,
                              .undone = undo_of(entries, n, e),
                              .up = e->statement,
                              .down = undoes != NULL ? undoes->statement : e->undo};
        m.fate = fate_of(&m);
        out->list[out->n++] = m;
    }
    if (out->n > 0)
        qsort(out->list, (size_t)out->n, sizeof(*out->list), by_end);
}

void migrations_done(struct migrations *m)
{
    free(m->list);
    *m = (struct migrations){.n = 0};
}

const char *migration_why_not(const struct migration *m)
{
    static const char *const why[N_MIGRATION_FATES] = {
        [MIGRATION_OPEN] = "it still runs",
        [MIGRATION_UNKNOWN] = "nobody saw how it ended: look whether it is there",
        [MIGRATION_FORGED] = "its SQL is not as it was written: the checksum differs",
    };
    return why[m->fate];
}

/* ---- Names ---- */

static void add_word(struct text *out, const char *word)
{
    for (const char *s = word; *s != '\0' && out->len < MOST_NAME; s++) {
        char c = *s >= 'A' && *s <= 'Z' ? (char)(*s - 'A' + 'a') : *s;
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain)
            text_add_char(out, c);
        else if (out->len > 0 && out->data[out->len - 1] != '_')
            text_add_char(out, '_');
    }
}

void migration_name(const struct migration *m, struct text *out)
{
    text_clear(out);
    if (m->undoes != NULL)
        add_word(out, "undo_");
    add_word(out, (m->undoes != NULL ? m->undoes : m->entry)->action);
    add_word(out, " ");
    add_word(out, m->entry->label);
    while (out->len > 1 && out->data[out->len - 1] == '_')
        out->data[--out->len] = '\0';
}

/* ---- Text ---- */

/* From outside, for a comment of one line: whatever ends a line for somebody becomes a space or a dot. */
static void add_said(struct text *out, const char *what)
{
    struct text clean;
    text_init(&clean, MOST_SAID);
    utf8_clean(&clean, what == NULL ? "" : what, false);
    text_add(out, text_str(&clean));
    text_done(&clean);
}

/* For a text between quotes between quotes, which is read alike whatever standard_conforming_strings is. */
static void add_quoted_twice(struct text *out, const char *s)
{
    for (; *s != '\0'; s++)
        text_add(out, *s == '\'' ? "''''" : *s == '\\' ? "/" : (char[]){*s, '\0'});
}

/* Who believes that it went back would be wrong: this stops. */
static void add_no_way(const struct migration *m, struct text *out)
{
    struct text why;
    text_init(&why, 2 * MOST_SAID);
    text_add(&why, "this cannot be taken back: ");
    add_said(&why, m->entry->why_no_undo != NULL ? m->entry->why_no_undo : "nothing takes it back");
    text_add(out, "DO 'BEGIN RAISE EXCEPTION USING MESSAGE = ''");
    add_quoted_twice(out, text_str(&why));
    text_add(out, "''; END'");
    text_done(&why);
}

static void add_sql(const struct migration *m, bool up, struct text *out)
{
    if (up || m->down != NULL)
        text_add(out, up ? m->up : m->down);
    else
        add_no_way(m, out);
    text_add(out, ";\n");
}

static char *digest_of(const struct migration *m, bool up)
{
    struct text sql;
    text_init(&sql, 1 << 20);
    add_sql(m, up, &sql);
    char *digest = entry_digest(text_str(&sql));
    text_done(&sql);
    return digest;
}

static void add_moment(struct text *out, double moment)
{
    char utc[40];
    moment_format_utc(utc, sizeof(utc), moment);
    text_add(out, utc);
}

static void add_origin(const struct migration *m, struct text *out)
{
    const struct entry *e = m->entry;
    text_addf(out, "%s%016llx\n-- done ", mark, (unsigned long long)e->uid);
    add_moment(out, e->ended_at);
    text_add(out, " by ");
    add_said(out, e->by);
    text_add(out, ", target ");
    add_said(out, e->target);
    if (e->database != NULL) {
        text_add(out, ", database ");
        add_said(out, e->database);
    }
    text_addf(out, ", entry %lld of the ledger", (long long)e->id);
    if (m->undoes != NULL)
        text_addf(out, ", which takes back entry %lld", (long long)m->undoes->id);
    text_add_char(out, '\n');
}

void migration_text(const struct migration *m, const char *stem, bool up, struct text *out)
{
    static const char alone[] =
        "-- CONCURRENTLY runs in no transaction: psql without -1; golang-migrate as it is; Flyway with\n"
        "-- executeInTransaction=false; others with what switches their transaction off.\n";
    const char *sql = up ? m->up : m->down;
    char *digest_up = digest_of(m, true), *digest_down = digest_of(m, false);
    text_addf(out, "-- %s%s: ", stem, up ? "" : ", the way back");
    add_said(out, (m->undoes != NULL ? m->undoes : m->entry)->action);
    text_add_char(out, ' ');
    add_said(out, m->entry->label);
    text_add_char(out, '\n');
    add_origin(m, out);
    text_addf(out, "-- sha256 of what stands below the empty line:\n--   up   %s\n--   down %s\n", digest_up,
              digest_down);
    if (sql != NULL && strstr(sql, " CONCURRENTLY ") != NULL)
        text_add(out, alone);
    if (sql == NULL)
        text_add(out, "-- There is no way back: this fails, and says why.\n");
    text_add_char(out, '\n');
    add_sql(m, up, out);
    free(digest_up);
    free(digest_down);
}

int64_t migration_uid(const char *head, size_t len)
{
    size_t n = sizeof(mark) - 1;
    for (size_t at = 0; at + n + UID_DIGITS < len;) {
        const char *line = head + at, *end = memchr(line, '\n', len - at);
        if (end == NULL || end == line) /* the header is over */
            return 0;
        if ((size_t)(end - line) == n + UID_DIGITS && memcmp(line, mark, n) == 0) {
            char digits[UID_DIGITS + 1] = "", *rest;
            memcpy(digits, line + n, UID_DIGITS);
            long long uid = strtoll(digits, &rest, 16);
            return *rest == '\0' && uid > 0 ? uid : 0;
        }
        at += (size_t)(end - line) + 1;
    }
    return 0;
}
