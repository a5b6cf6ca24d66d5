/* Whether the newest dump is whole, and if it is not, the one before it: a program reads it, at the lowest
 * priority, once, and one at a time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/files/files.h"
#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"

/* $1 is the dump, $2 the program. What is packed says by its first and last bytes whether what was packed is
 * whole: a pg_dump that fails leaves a gzip without a fault. pg_restore reads all of it; --list would read
 * the table of contents only, which stands at the front. */
static const char unpack[] = "\"$2\" -dc -- \"$1\" 2>/dev/null | head -c 512; printf '\\n=====\\n';"
                             " { \"$2\" -dc -- \"$1\"; printf '\\n===== %d' $?; } | tail -c 1024";
static const char restore[] = "\"$2\" --file=/dev/null -- \"$1\"; printf '\\n===== %d' $?";
static const char list_tar[] = "\"$2\" -tf \"$1\" >/dev/null; printf '\\n===== %d' $?";
static const char between[] = "\n=====\n"; /* first bytes and what follows them */

bool files_writing(const struct files_source *s, const struct dump *d, double now_s)
{
    if (now_s - d->written_s < WRITTEN_S)
        return true;
    for (int i = 0; i < s->n_seen; i++)
        if (s->seen[i].device == d->id.device && s->seen[i].inode == d->id.inode)
            return s->seen[i].size != d->id.size;
    return false;
}

static const struct verdict *remembered(const struct files_source *s, const struct dump *d)
{
    for (int i = 0; i < s->n_verdicts; i++)
        if (dump_id_same(&s->verdicts[i].id, &d->id))
            return &s->verdicts[i];
    return NULL;
}

static void remember(struct files_source *s, const struct verdict *v)
{
    s->verdicts[s->next_verdict] = *v;
    s->next_verdict = (s->next_verdict + 1) % MOST_DUMPS;
    s->n_verdicts += s->n_verdicts < MOST_DUMPS;
}

struct verdict files_verdict(const struct files_source *s, const struct dump *d, double now_s)
{
    struct verdict v = {.id = d->id, .whole = d->whole, .at_s = isnan(d->whole) ? NAN : now_s};
    const struct verdict *known = remembered(s, d);
    bool checks = d->kind->program != NULL;
    if (d->written_s > now_s + WRITTEN_S) {
        v.whole = v.at_s = NAN;
        snprintf(v.why, sizeof(v.why),
                 "its time lies in the future: a clock is wrong, here or where it was written");
    } else if (files_writing(s, d, now_s)) {
        v.whole = v.at_s = NAN;
        snprintf(v.why, sizeof(v.why), "it is being written, or was a minute ago");
    } else if (known != NULL) {
        v = *known;
    } else if (s->check.child != NULL && dump_id_same(&s->check.verdict.id, &d->id)) {
        snprintf(v.why, sizeof(v.why), "%s reads it now", d->kind->program);
    } else if (checks && !s->verify) {
        snprintf(v.why, sizeof(v.why), "verify = no");
    } else {
        snprintf(v.why, sizeof(v.why), "%s",
                 checks ? "not read: dumps are, from the newest back until one is good, at most 6" : d->why);
    }
    return v;
}

int files_newest(const struct files_source *s, const struct scan *found, double now_s)
{
    for (int i = 0; i < found->n_dumps; i++)
        if (!files_writing(s, &found->dumps[i], now_s))
            return i;
    return -1;
}

int files_good(const struct files_source *s, const struct scan *found, double now_s)
{
    for (int i = 0; i < found->n_dumps; i++)
        if (!files_writing(s, &found->dumps[i], now_s) &&
            files_verdict(s, &found->dumps[i], now_s).whole != 0)
            return i;
    return -1;
}

/* ---- The program ---- */

static void conclude(struct verdict *v, double whole, const char *format, const char *what)
{
    char why[200];
    snprintf(why, sizeof(why), format, what);
    struct text clean;
    text_init(&clean, sizeof(v->why) - 1);
    utf8_clean(&clean, why, false);
    v->whole = whole;
    snprintf(v->why, sizeof(v->why), "%s", text_str(&clean));
    text_done(&clean);
}

/* The first line of what it said, without the program's and the file's name. Of a file in a directory, which
 * is named within the sentence, the directory alone goes. */
static const char *said(char *output, const char *path)
{
    char *line = output + strspn(output, "\n");
    line[strcspn(line, "\n")] = '\0';
    char *at = strstr(line, path), *rest = at == NULL ? NULL : at + strlen(path);
    if (at != NULL && *rest == '/') {
        memmove(at, rest + 1, strlen(rest + 1) + 1);
    } else if (at != NULL) {
        rest += strspn(rest, ": ");
        line = *rest != '\0' ? rest : line;
    }
    return line[0] != '\0' ? line : "it says no reason";
}

/* OUTPUT of `unpack` is: first bytes, mark, what the program complained of, last bytes. A text in it has an
 * end of its own. */
static void conclude_packed(struct verdict *v, const char *output, size_t len)
{
    const char *mark = memmem(output, len, between, strlen(between));
    size_t head = mark == NULL ? 0 : (size_t)(mark - output);
    int ends = dump_text_ends(output, head, output + head, len - head);
    if (ends == 0)
        conclude(v, 0, "%s", "what is packed has no end: dumping failed, and packing did not");
    else
        conclude(v, 1, "%s",
                 ends == 1 ? "read to its end, which is that of a dump"
                           : "read to its end; what is packed is not looked at");
}

static void conclude_all(struct check *c, char *output, size_t len, bool late, double limit_s)
{
    struct verdict *v = &c->verdict;
    char *mark = memrchr(output, '=', len), limit[24];
    long code = mark != NULL ? strtol(mark + 1, NULL, 10) : -1;
    unit_format(limit, sizeof(limit), limit_s, UNIT_S);
    char *complaint = output;
    if (c->kind->class == DUMP_PACKED) {
        char *first = memmem(output, len, between, strlen(between));
        complaint = first != NULL ? first + strlen(between) : output;
    }
    if (late)
        conclude(v, NAN, "not read within %s: see verify_limit", limit);
    else if (mark == NULL || code == 126 || code == 127)
        conclude(v, NAN, "%s is not installed here", c->kind->program);
    else if (code == 0 && c->kind->class == DUMP_PACKED)
        conclude_packed(v, output, len);
    else if (code == 0)
        conclude(v, 1, "%s has read it to its end", c->kind->program);
    else if (strstr(output, "unsupported version") != NULL)
        conclude(v, NAN, "%s is older than what wrote it", c->kind->program);
    else if (strstr(complaint, "Permission denied") != NULL)
        conclude(v, NAN, "%s", "the user that dbvitals runs as may not read it");
    else
        conclude(v, 0, "%.190s", said(complaint, c->path));
}

static void check_ended(void *ctx, const char *output, size_t len, int exit_code, bool late)
{
    struct files_source *s = ctx;
    struct check *c = &s->check;
    (void)exit_code;
    char *copy = mem_new(len + 1);
    if (output != NULL)
        memcpy(copy, output, len);
    conclude_all(c, copy, output != NULL ? len : 0, late, s->limit_s);
    free(copy);
    c->verdict.at_s = isnan(c->verdict.whole) ? NAN : loop_wall_s();
    remember(s, &c->verdict);
    free(c->path);
    c->path = NULL;
    c->child = NULL;
    files_checked(s);
}

void files_check(struct files_source *s, const struct scan *found, double now_s)
{
    int newest = files_newest(s, found, now_s), i = files_good(s, found, now_s);
    const struct dump *d = i < 0 || i > newest + MOST_BACK ? NULL : &found->dumps[i];
    if (!s->verify || s->check.child != NULL || d == NULL || d->kind->program == NULL ||
        remembered(s, d) != NULL)
        return;
    const char *script = d->kind->class == DUMP_PACKED ? unpack
                         : d->kind->class == DUMP_TAR  ? list_tar
                                                       : restore;
    const char *argv[] = {"sh", "-c", script, "sh", d->path, d->kind->program, NULL};
    s->check = (struct check){.verdict = {.id = d->id}, .path = mem_dup(d->path), .kind = d->kind};
    s->check.child = child_run(s->loop, argv, s->limit_s, check_ended, s);
}

void files_check_stop(struct files_source *s)
{
    child_free(s->check.child);
    free(s->check.path);
    s->check = (struct check){0};
}
