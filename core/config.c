/* The config file: from lines to sections that have been checked against the table of options. */
#include "core/config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ini.h"
#include "core/mem.h"
#include "core/option.h"
#include "core/secret.h"
#include "core/text.h"
#include "core/utf8.h"

enum { MAX_FILE = 1 << 20, MAX_SECTIONS = 2000, MAX_ENTRIES = 1000 };

/* A config that is being read. */
struct builder {
    struct config config;
    const char *file;
    const struct option *options;
    int n_options;
};

static void section_done(struct config_section *s)
{
    for (int i = 0; i < s->n_entries; i++) {
        free(s->entries[i].key);
        free(s->entries[i].value);
    }
    free(s->entries);
    free(s->kind);
    free(s->name);
    free(s->file);
}

void config_done(struct config *c)
{
    for (int i = 0; i < c->n_sections; i++)
        section_done(&c->sections[i]);
    free(c->sections);
    free(c->path);
    *c = (struct config){0};
}

/* ---- Sections ---- */

static bool check_section(const struct builder *b, const char *kind, const char *name, struct err *err)
{
    const struct option *o = option_find_section(b->options, b->n_options, kind);
    if (o == NULL) {
        struct text t;
        text_init(&t, sizeof(err->text) - 1);
        text_addf(&t, "unknown section [%s]", kind);
        option_suggest(&t, b->options, b->n_options, NULL, kind);
        fail(err, "%s", text_str(&t));
        text_done(&t);
        return false;
    }
    if (o->single && name[0] != '\0')
        return fail(err, "section [%s] has the name '%s'; expected [%s]", kind, name, kind);
    if (!o->single && name[0] == '\0')
        return fail(err, "section [%s] without a name; expected [%s NAME]", kind, kind);
    return true;
}

static bool add_section(void *ctx, const char *kind, const char *name, int line, struct err *err)
{
    struct builder *b = ctx;
    struct config *c = &b->config;
    if (b->n_options > 0 && !check_section(b, kind, name, err))
        return false;
    const struct config_section *same = config_find(c, kind, name);
    if (same != NULL)
        return fail(err, "section [%s%s%s] a second time; expected it once, it stands in line %d already",
                    kind, name[0] == '\0' ? "" : " ", name, same->line);
    if (c->n_sections == MAX_SECTIONS)
        return fail(err, "too many sections; expected at most %d", MAX_SECTIONS);
    c->sections = mem_grow(c->sections, (size_t)c->n_sections + 1, sizeof(*c->sections));
    c->sections[c->n_sections++] = (struct config_section){
        .kind = mem_dup(kind), .name = mem_dup(name), .file = mem_dup(b->file), .line = line};
    return true;
}

/* ---- Entries ---- */

/* Appends the value of the variable that *s, behind "${", begins with, and moves *s behind the "}". */
static bool add_variable(struct text *out, const char **s, bool empty, struct err *err)
{
    char name[256] = "";
    size_t len = strspn(*s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
    if (len == 0 || len >= sizeof(name) || (*s)[len] != '}')
        return fail(err, "a ${ that names no variable; expected ${NAME}, or $$ for a dollar sign");
    memcpy(name, *s, len);
    *s += len + 1;
    if (empty)
        return true;
    const char *value = getenv(name);
    if (value == NULL)
        return fail(err, "environment variable %s is not set; expected it for ${%s}", name, name);
    if (!utf8_valid(value, strlen(value)))
        return fail(err, "environment variable %s is not UTF-8; expected text in UTF-8", name);
    text_add(out, value);
    return true;
}

/* VALUE with its variables replaced (by nothing if EMPTY: what then remains stands in the file itself). NULL
 * on failure. */
static char *expanded(const char *value, bool empty, struct err *err)
{
    struct text t;
    text_init(&t, INI_MAX_VALUE);
    bool ok = true;
    for (const char *s = value; *s != '\0' && ok;) {
        size_t plain = strcspn(s, "$");
        text_add_n(&t, s, plain);
        s += plain;
        if (*s == '\0')
            break;
        if (s[1] == '{') {
            s += 2;
            ok = add_variable(&t, &s, empty, err);
        } else {
            text_add_char(&t, '$');
            s += s[1] == '$' ? 2 : 1;
        }
    }
    if (ok && t.cut)
        ok = fail(err, "the value is too long with its variables; expected at most 64 kB");
    char *result = ok ? text_take(&t) : NULL;
    text_done(&t);
    return result;
}

static bool has_secret(const struct option *o, const char *value)
{
    if (!o->secret)
        return false;
    char *own = expanded(value, true, NULL);
    if (own == NULL)
        return false;
    struct text masked;
    text_init(&masked, 2 * INI_MAX_VALUE);
    if (o->type == OPTION_URL || o->type == OPTION_HOOK) /* a path alone may well be no secret */
        secret_mask(&masked, own);
    bool found = own[0] != '\0' && strcmp(text_str(&masked), own) != 0;
    text_done(&masked);
    free(own);
    return found;
}

/* The value as it counts, or NULL and err. */
static char *checked_value(struct builder *b, const char *kind, const char *key, const char *value,
                           struct err *err)
{
    const struct option *o = option_find(b->options, b->n_options, kind, key);
    if (o == NULL) {
        struct text t;
        text_init(&t, sizeof(err->text) - 1);
        text_addf(&t, "unknown key '%s' in [%s]", key, kind);
        option_suggest(&t, b->options, b->n_options, kind, key);
        fail(err, "%s", text_str(&t));
        text_done(&t);
        return NULL;
    }
    char *result = o->type == OPTION_SQL ? mem_dup(value) : expanded(value, false, err);
    if (result != NULL && !option_check(o, result, err)) {
        free(result);
        return NULL;
    }
    b->config.has_secrets = b->config.has_secrets || has_secret(o, value);
    return result;
}

static const struct config_entry *find_entry(const struct config_section *s, const char *key)
{
    for (int i = 0; i < s->n_entries; i++)
        if (strcmp(s->entries[i].key, key) == 0)
            return &s->entries[i];
    return NULL;
}

static bool add_entry(void *ctx, const char *key, const char *value, int line, struct err *err)
{
    struct builder *b = ctx;
    struct config_section *s = &b->config.sections[b->config.n_sections - 1];
    const struct config_entry *same = find_entry(s, key);
    if (same != NULL)
        return fail(err, "'%s' a second time in one section; expected it once, it stands in line %d already",
                    key, same->line);
    if (s->n_entries == MAX_ENTRIES)
        return fail(err, "too many keys in one section; expected at most %d", MAX_ENTRIES);
    char *counts = b->n_options > 0 ? checked_value(b, s->kind, key, value, err) : mem_dup(value);
    if (counts == NULL)
        return false;
    s->entries = mem_grow(s->entries, (size_t)s->n_entries + 1, sizeof(*s->entries));
    s->entries[s->n_entries++] = (struct config_entry){.key = mem_dup(key), .value = counts, .line = line};
    return true;
}

bool config_parse(const char *text, size_t len, const char *file, const struct option *options, int n,
                  struct config *out, struct err *err)
{
    struct builder b = {.file = file, .options = options, .n_options = n};
    struct ini_events events = {&b, add_section, add_entry};
    if (!ini_read(text, len, file, &events, err)) {
        config_done(&b.config);
        return false;
    }
    *out = b.config;
    return true;
}

/* ---- Files ---- */

static bool read_all(int fd, struct text *out)
{
    char piece[16384];
    while (!out->cut) { /* what has no end, such as /dev/zero, is read no further */
        ssize_t n = read(fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        text_add_n(out, piece, (size_t)n);
    }
    return true;
}

/* As libpq for its key files: the group may read what belongs to root, since root cannot own it for a service
 * otherwise. */
static bool others_can_read(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return false;
    return (st.st_mode & (st.st_uid == 0 ? S_IROTH : S_IRGRP | S_IROTH)) != 0;
}

static bool read_open(int fd, const char *path, struct config *out, struct err *err)
{
    struct text text;
    text_init(&text, MAX_FILE);
    bool ok = read_all(fd, &text);
    if (!ok)
        fail(err, "cannot read the config file %s: %s", path, strerror(errno));
    else if (text.cut)
        ok = fail(err, "%s: the file is too long; expected at most 1 MB", path);
    else
        ok = config_parse(text_str(&text), text.len, path, config_options, n_config_options, out, err);
    text_done(&text);
    if (!ok)
        return false;
    out->path = mem_dup(path);
    out->readable_by_others = out->has_secrets && others_can_read(fd);
    return true;
}

/* The user's own file; "" when there is no home. */
static void user_path(struct text *path)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (home == NULL || home[0] != '/') {
        const struct passwd *user = getpwuid(geteuid());
        home = user == NULL ? NULL : user->pw_dir;
    }
    if (config != NULL && config[0] == '/') /* the XDG specification: others are to be ignored */
        text_addf(path, "%s/dbvitals/dbvitals.conf", config);
    else if (home != NULL)
        text_addf(path, "%s/.config/dbvitals/dbvitals.conf", home);
}

void config_places(struct text *out)
{
    struct text own;
    text_init(&own, 4096);
    user_path(&own);
    text_addf(out, "%s%s/etc/dbvitals/dbvitals.conf", text_str(&own), own.len > 0 ? ", then " : "");
    text_done(&own);
}

bool config_read(const char *path, struct config *out, struct err *err)
{
    struct text own;
    text_init(&own, 4096);
    user_path(&own);
    const char *paths[] = {path != NULL ? path : text_str(&own),
                           path != NULL ? path : "/etc/dbvitals/dbvitals.conf"};
    int fd = -1;
    size_t i = 0;
    for (; i < 2 && fd < 0; i++) {
        fd = open(paths[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0 && (path != NULL || (errno != ENOENT && errno != ENOTDIR)))
            break;
    }
    bool ok;
    if (fd >= 0) {
        ok = read_open(fd, paths[i - 1], out, err);
        close(fd);
    } else if (i < 2)
        ok = fail(err, "cannot read the config file %s: %s", paths[i], strerror(errno));
    else {
        *out = (struct config){0};
        ok = true;
    }
    text_done(&own);
    return ok;
}

/* ---- Values ---- */

const struct config_section *config_find(const struct config *c, const char *kind, const char *name)
{
    for (int i = 0; i < c->n_sections; i++)
        if (strcmp(c->sections[i].kind, kind) == 0 && strcmp(c->sections[i].name, name) == 0)
            return &c->sections[i];
    return NULL;
}

const char *section_get(const struct config_section *s, const char *key)
{
    const struct config_entry *e = find_entry(s, key);
    return e == NULL ? NULL : e->value;
}

int section_line(const struct config_section *s, const char *key)
{
    const struct config_entry *e = find_entry(s, key);
    return e == NULL ? s->line : e->line;
}

static double number_of(const char *kind, const char *key, const char *value)
{
    const struct option *o = option_find(config_options, n_config_options, kind, key);
    if (value == NULL && o != NULL)
        value = o->standard;
    return o == NULL || value == NULL ? NAN : option_number(o, value);
}

bool section_get_bool(const struct config_section *s, const char *key)
{
    return number_of(s->kind, key, section_get(s, key)) == 1;
}

double section_get_real(const struct config_section *s, const char *key)
{
    return number_of(s->kind, key, section_get(s, key));
}

const char *config_get(const struct config *c, const char *kind, const char *key)
{
    const struct config_section *s = config_find(c, kind, "");
    const char *value = s == NULL ? NULL : section_get(s, key);
    const struct option *o = option_find(config_options, n_config_options, kind, key);
    return value != NULL || o == NULL ? value : o->standard;
}

bool config_get_bool(const struct config *c, const char *kind, const char *key)
{
    return number_of(kind, key, config_get(c, kind, key)) == 1;
}

double config_get_real(const struct config *c, const char *kind, const char *key)
{
    return number_of(kind, key, config_get(c, kind, key));
}
