/* What every subcommand that looks at a server stands on: config, registry, targets, loop, engine. */
#include "cli/session.h"

#include <math.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/book.h"
#include "cures/cures.h"
#include "cli/files.h"
#include "cli/output.h"
#include "core/mem.h"
#include "core/nearest.h"
#include "core/text.h"
#include "core/utf8.h"
#include "engine/products.h"

static char *own_string(struct session *s, char *string)
{
    s->owned = mem_grow(s->owned, (size_t)s->n_owned + 1, sizeof(char *));
    s->owned[s->n_owned++] = string;
    return string;
}

static void tell_readable(const struct config *c)
{
    struct text line;
    text_init(&line, 1 << 14);
    text_addf(&line, "%s holds secrets and others can read it: chmod 600 %s", c->path, c->path);
    output_tell(stderr, text_str(&line));
    text_done(&line);
}

bool session_open(struct session *s, const struct args *args, double first_s, struct err *err)
{
    *s = (struct session){.args = args};
    if (!config_read(args->config, &s->config, err))
        return false;
    if (!products_register(&s->registry, err) || !alerts_register(&s->registry, err) ||
        !cures_register(&s->registry, err) ||
        !own_datasets_read(&s->config, &s->registry, &s->own, err)) {
        registry_done(&s->registry);
        config_done(&s->config);
        return false;
    }
    if (s->config.readable_by_others)
        tell_readable(&s->config);
    s->refresh_s = isnan(args->refresh_s) ? config_get_real(&s->config, "dashboard", "refresh") : args->refresh_s;
    s->loop = loop_new();
    struct engine_options options = {.refresh_s = s->refresh_s,
                                     .first_s = first_s > 0 ? first_s : s->refresh_s,
                                     .budget_ratio = config_get_real(&s->config, "collect", "budget"),
                                     .memory_bytes = (size_t)config_get_real(&s->config, "collect", "memory") << 20};
    s->engine = engine_new(s->loop, &s->registry, &options);
    return true;
}

static void forget_targets(struct session *s)
{
    for (int i = 0; i < s->n_targets; i++) {
        free((void *)(uintptr_t)s->targets[i].own);
        free((void *)(uintptr_t)s->targets[i].words);
    }
    free(s->targets);
    for (int i = 0; i < s->n_owned; i++)
        free(s->owned[i]);
    free(s->owned);
    s->targets = NULL;
    s->owned = NULL;
    s->n_targets = s->n_owned = 0;
}

void session_close(struct session *s, int code)
{
    engine_free(s->engine);
    if (!loop_free(s->loop)) {
        fflush(NULL);
        _exit(code); /* exit() would wait for the pool, and that for a name server that is dead */
    }
    registry_done(&s->registry);
    own_datasets_done(&s->own);
    config_done(&s->config);
    forget_targets(s);
    free(s->password);
    *s = (struct session){0};
}

/* A value of conninfo with the quotes that libpq wants. */
static void add_pair(struct text *t, const char *key, const char *value)
{
    if (value == NULL)
        return;
    text_addf(t, "%s%s='", t->len > 0 ? " " : "", key);
    for (const char *c = value; *c != '\0'; c++) {
        if (*c == '\'' || *c == '\\')
            text_add_char(t, '\\');
        text_add_char(t, *c);
    }
    text_add_char(t, '\'');
}

/* Whole as it stands: of a scheme, or of another product than PostgreSQL, to which a bare word belongs. */
static bool is_url(const char *s)
{
    const struct product *p = product_serving(s);
    return strstr(s, "://") != NULL || (p != NULL && p != product_serving("postgres"));
}

static bool is_conninfo(const char *s)
{
    return s != NULL && (strchr(s, '=') != NULL || strstr(s, "://") != NULL || file_path(s) != NULL);
}

/* The command line's -h -p -U -d around WORD, as psql combines them. */
static char *conninfo_of(const struct args *a, const char *word)
{
    struct text t;
    text_init(&t, 1 << 16);
    if (word != NULL && is_url(word))
        text_add(&t, word);
    else {
        if (is_conninfo(word))
            text_add(&t, word);
        else
            add_pair(&t, "dbname", word);
        add_pair(&t, "host", a->host);
        add_pair(&t, "port", a->port);
        add_pair(&t, "user", a->user);
    }
    return text_take(&t);
}

/* The name of a target that the config does not name: its service or database, as libpq would find it, without secrets. */
static char *name_of(const char *url)
{
    if (file_path(url) != NULL)
        return file_name(file_path(url));
    const char *scheme = strstr(url, "://");
    if (scheme != NULL) {
        const char *slash = strchr(scheme + 3, '/'), *start = slash == NULL ? NULL : slash + 1;
        size_t len = start == NULL ? 0 : strcspn(start, "?");
        if (start != NULL && strspn(start, "0123456789") == len) /* a number is no name */
            len = 0;
        if (len > 0 && len < 64) {
            char name[64] = {0};
            memcpy(name, start, len);
            return mem_dup(name);
        }
    }
    if (scheme != NULL && strncmp(url, "postgres", strlen("postgres")) != 0) { /* what it is, where it says nothing else */
        char name[64] = {0};
        memcpy(name, url, (size_t)(scheme - url) < sizeof(name) ? (size_t)(scheme - url) : sizeof(name) - 1);
        return mem_dup(name);
    }
    if (scheme == NULL && is_url(url)) { /* backups:/var/backups/shop is called backups */
        char name[64] = {0};
        memcpy(name, url, strcspn(url, ":") < sizeof(name) ? strcspn(url, ":") : sizeof(name) - 1);
        return mem_dup(name);
    }
    static const char *const keys[] = {"service=", "dbname="};
    for (size_t i = 0; i < 2 && scheme == NULL; i++) {
        const char *at = strstr(url, keys[i]);
        if (at == NULL)
            continue;
        at += strlen(keys[i]);
        at += *at == '\'';
        char name[64] = {0};
        memcpy(name, at, strnlen(at, sizeof(name) - 1) < strcspn(at, "' ") ? strnlen(at, sizeof(name) - 1) : strcspn(at, "' "));
        if (name[0] != '\0')
            return mem_dup(name);
    }
    const char *environment[] = {getenv("PGSERVICE"), getenv("PGDATABASE"), getenv("PGUSER")};
    for (size_t i = 0; i < 3; i++)
        if (environment[i] != NULL && environment[i][0] != '\0')
            return mem_dup(environment[i]);
    const struct passwd *user = getpwuid(geteuid());
    return mem_dup(user != NULL ? user->pw_name : "postgres");
}

/* Two targets of one name would be one in the store. */
static char *unique_name(const struct session *s, char *name)
{
    char *tried = name;
    for (int n = 2;; n++) {
        bool taken = false;
        for (int i = 0; i < s->n_targets; i++)
            taken = taken || strcmp(s->targets[i].name, tried) == 0;
        if (!taken)
            break;
        struct text t;
        text_init(&t, 128);
        text_addf(&t, "%s-%d", name, n);
        if (tried != name)
            free(tried);
        tried = text_take(&t);
    }
    if (tried != name)
        free(name);
    return tried;
}

static struct target_config *add(struct session *s, const char *name, const char *url)
{
    s->targets = mem_grow(s->targets, (size_t)s->n_targets + 1, sizeof(*s->targets));
    struct target_config *t = &s->targets[s->n_targets++];
    *t = (struct target_config){.name = name, .url = url, .stack = s->stack != NULL ? s->stack : "", .env = "", .connect_timeout_s = 5,
                                .all_databases = s->args->all_databases,
                                .no_texts = strcmp(config_get(&s->config, "collect", "texts"), "none") == 0};
    return t;
}

static void add_section_at(struct session *s, const struct config_section *section, const char *name, const char *url)
{
    struct target_config *t = add(s, name, url);
    const char *stack = section_get(section, "stack"), *env = section_get(section, "env");
    t->stack = stack != NULL ? stack : "";
    t->env = env != NULL ? env : "";
    t->password_command = section_get(section, "password_command");
    t->all_databases = t->all_databases || section_get_bool(section, "all_databases");
    t->connect_timeout_s = section_get_real(section, "connect_timeout");
    struct target_word *words = mem_new_array((size_t)section->n_entries + 1, sizeof(*words));
    for (int i = 0; i < section->n_entries; i++)
        words[i] = (struct target_word){section->entries[i].key, section->entries[i].value};
    t->words = words;
}

/* A pattern of files is a target for each: SECTION-FILE. */
static void add_section(struct session *s, const struct config_section *section)
{
    const char *url = section_get(section, "url");
    char **files = url != NULL ? files_found(url) : NULL;
    for (int i = 0; files != NULL && files[i] != NULL; i++) {
        struct text name;
        char *file = file_name(file_path(files[i]));
        text_init(&name, 128);
        text_addf(&name, "%s-%s", section->name, file);
        free(file);
        char *own = own_string(s, unique_name(s, text_take(&name)));
        add_section_at(s, section, own, own_string(s, mem_dup(files[i])));
    }
    if (files == NULL)
        add_section_at(s, section, section->name, url != NULL ? url : "");
    files_free(files);
}

static void add_url(struct session *s, char *url)
{
    char *name = unique_name(s, name_of(own_string(s, url)));
    add(s, own_string(s, name), url);
}

/* With a host, port or user of the command line a name is a database's, as psql has it: a [target] has a server of its own. */
static void add_word(struct session *s, const char *word)
{
    const struct args *a = s->args;
    bool placed = a->host != NULL || a->port != NULL || a->user != NULL;
    const struct config_section *section = placed || is_conninfo(word) || word == NULL ? NULL : config_find(&s->config, "target", word);
    if (section != NULL) {
        add_section(s, section);
        return;
    }
    char **files = word != NULL ? files_found(word) : NULL;
    for (int i = 0; files != NULL && files[i] != NULL; i++)
        add_url(s, mem_dup(files[i]));
    if (files == NULL) {
        s->bare = word != NULL && !placed && !is_conninfo(word) ? word : s->bare;
        add_url(s, conninfo_of(s->args, word));
    }
    files_free(files);
}

void session_name_config(struct session *s)
{
    for (int i = 0; i < s->config.n_sections; i++)
        if (strcmp(s->config.sections[i].kind, "target") == 0)
            add_section(s, &s->config.sections[i]);
}

static void choose_own(struct session *s, struct target_config *t)
{
    const struct own_dataset **own = mem_new_array((size_t)s->own.n, sizeof(*own));
    for (int i = 0; i < s->own.n; i++)
        if (s->own.list[i].target == NULL || strcmp(s->own.list[i].target, t->name) == 0)
            own[t->n_own++] = &s->own.list[i];
    t->own = own;
}

/* The list of targets that WORDS and the config mean; they are not opened. */
static void choose(struct session *s, const char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        add_word(s, words[i]);
    const struct args *a = s->args;
    bool named = args_name_server(a);
    if (n == 0 && !named)
        session_name_config(s);
    s->asked = named || n > 0;
    s->named = named || s->n_targets > 0;
    if (s->n_targets == 0)
        add_word(s, a->database);
    if (n == 0) /* --dbname says that it is one */
        s->bare = NULL;
    for (int i = 0; i < s->n_targets; i++) {
        s->targets[i].password = s->password;
        choose_own(s, &s->targets[i]);
    }
}

void session_name_targets(struct session *s, const char *const *words, int n)
{
    choose(s, words, n);
}

bool session_add_targets(struct session *s, const char *const *words, int n, struct err *err)
{
    if (s->args->ask_password) {
        const char *password = getpass("Password: ");
        s->password = mem_dup(password != NULL ? password : "");
    }
    choose(s, words, n);
    if (!own_datasets_check(&s->config, &s->own, s->targets, s->n_targets, err))
        return false;
    for (int i = 0; i < s->n_targets; i++)
        if (!session_check_target(s, i, err) || !engine_add(s->engine, &s->targets[i], err))
            return false;
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same_words(const struct target_word *a, const struct target_word *b)
{
    for (; a != NULL && b != NULL && a->key != NULL; a++, b++)
        if (!same_text(a->key, b->key) || !same_text(a->value, b->value))
            return false;
    return (a == NULL || a->key == NULL) && (b == NULL || b->key == NULL);
}

static bool same_target(const struct target_config *a, const struct target_config *b)
{
    return same_text(a->name, b->name) && same_text(a->url, b->url) && same_text(a->stack, b->stack) && same_text(a->env, b->env) &&
           same_text(a->password_command, b->password_command) && a->all_databases == b->all_databases && a->no_texts == b->no_texts &&
           a->connect_timeout_s == b->connect_timeout_s && same_words(a->words, b->words);
}

/* Opens and closes what differs between the list and the engine. */
static bool exchange(struct session *s, struct err *err)
{
    struct engine *e = s->engine;
    for (int i = engine_targets(e) - 1; i >= 0; i--) {
        bool stays = false;
        for (int j = 0; j < s->n_targets; j++)
            stays = stays || same_target(engine_target_config(e, i), &s->targets[j]);
        if (!stays)
            engine_remove(e, i);
    }
    for (int j = 0; j < s->n_targets; j++) {
        bool there = false;
        for (int i = 0; i < engine_targets(e); i++)
            there = there || strcmp(engine_target_name(e, i), s->targets[j].name) == 0;
        if (!there && !engine_add(e, &s->targets[j], err))
            return false;
    }
    return true;
}

bool session_replace_config(struct session *s, struct config *config, const char *const *words, int n, struct err *err)
{
    struct config old = s->config;
    bool ok = true;
    s->config = *config;
    forget_targets(s);
    choose(s, words, n);
    for (int i = 0; i < s->n_targets && ok; i++)
        ok = session_check_target(s, i, err);
    if (ok) {
        ok = exchange(s, err);
        *config = old;
    } else {
        s->config = old;
        forget_targets(s);
        choose(s, words, n);
    }
    return ok;
}

struct collecting {
    struct session *session;
    const struct dataset *const *datasets;
    int n_datasets, n_samples;
    bool timed_out;
};

static bool complete(const struct collecting *c)
{
    const struct engine *e = c->session->engine;
    if (c->n_datasets == 0)
        return true;
    for (int i = 0; i < engine_targets(e); i++) {
        struct source_status status;
        engine_target_status(e, i, &status);
        if (status.state == SOURCE_DOWN)
            continue;
        if (status.state == SOURCE_CONNECTING) /* what the engine itself tells of a target is not told half-way */
            return false;
        for (int j = 0; j < c->n_datasets; j++) {
            const char *failed;
            int have = engine_samples(e, engine_target_name(e, i), c->datasets[j], &failed);
            if (have < c->n_samples && failed == NULL)
                return false;
        }
    }
    return true;
}

static void on_timeout(void *ctx)
{
    ((struct collecting *)ctx)->timed_out = true;
}

bool session_collect(struct session *s, const struct dataset *const *datasets, int n_datasets, int n_samples, double wait_s, struct err *err)
{
    const char *names[64] = {0};
    int n = 0;
    for (int i = 0; i < n_datasets && n < 64; i++)
        names[n++] = datasets[i]->name;
    struct collecting c = {s, datasets, n_datasets, n_samples, false};
    engine_want(s->engine, names, n);
    struct loop_timer *timer = loop_timer_new(s->loop, on_timeout, &c);
    loop_timer_start(timer, wait_s, 0);
    while (!complete(&c) && !c.timed_out)
        loop_run_once(s->loop, true);
    loop_timer_free(timer);
    if (n_datasets == 0)
        return true;
    for (int i = 0; i < engine_targets(s->engine); i++)
        for (int j = 0; j < n_datasets; j++)
            if (engine_samples(s->engine, engine_target_name(s->engine, i), datasets[j], NULL) > 0)
                return true;
    return fail(err, "no data came within %.0f seconds", wait_s);
}

static void tell(FILE *f, const char *who, const char *what)
{
    struct text line;
    text_init(&line, 1 << 14);
    text_addf(&line, "%s: %s", who, what);
    output_tell(f, text_str(&line));
    text_done(&line);
}

/* It belongs to another product, and there is a target of that one: nothing is missing. */
static bool is_elsewhere(const struct session *s, int target, const struct dataset *d)
{
    bool elsewhere = false;
    for (int t = 0; t < engine_targets(s->engine); t++)
        elsewhere = elsewhere || !engine_lacks(s->engine, t, d);
    return elsewhere && engine_lacks(s->engine, target, d);
}

int session_explain_failures(const struct session *s, const struct dataset *const *datasets, int n_datasets, FILE *f)
{
    int n = 0;
    for (int t = 0; t < engine_targets(s->engine); t++)
        for (int i = 0; i < n_datasets; i++) {
            const char *failed;
            engine_samples(s->engine, engine_target_name(s->engine, t), datasets[i], &failed);
            if (failed == NULL || is_elsewhere(s, t, datasets[i]))
                continue;
            struct text who;
            text_init(&who, 256);
            text_addf(&who, "%s: %s", engine_target_name(s->engine, t), datasets[i]->name);
            tell(f, text_str(&who), failed);
            text_done(&who);
            n++;
        }
    return n;
}

bool session_answered(const struct session *s, const struct dataset *const *datasets, int n_datasets)
{
    for (int t = 0; t < engine_targets(s->engine); t++) {
        bool any = false, expected = false;
        for (int i = 0; i < n_datasets; i++) {
            any = any || engine_samples(s->engine, engine_target_name(s->engine, t), datasets[i], NULL) > 0;
            expected = expected || !is_elsewhere(s, t, datasets[i]);
        }
        if (!any && expected)
            return false;
    }
    return true;
}

static bool is_up(const struct session *s, int i, struct source_status *status)
{
    engine_target_status(s->engine, i, status);
    return status->state == SOURCE_UP;
}

/* A slip in a [target]'s name is taken for a database, as psql would. */
static void hint_of_targets(const struct session *s, FILE *f)
{
    const char **names = mem_new_array((size_t)s->config.n_sections + 1, sizeof(*names));
    struct text line, clean;
    int n = 0;
    for (int i = 0; i < s->config.n_sections; i++)
        if (strcmp(s->config.sections[i].kind, "target") == 0)
            names[n++] = s->config.sections[i].name;
    text_init(&line, 2000);
    text_addf(&line, "  - whether a [target] of the config was meant: none is called '%s', ", s->bare);
    nearest_say(&line, s->bare, names, n);
    text_init(&clean, 4000);
    utf8_clean(&clean, text_str(&line), false);
    if (n > 0)
        fprintf(f, "%s\n", text_str(&clean));
    text_done(&clean);
    text_done(&line);
    free(names);
}

void session_explain_down(const struct session *s, FILE *f)
{
    int n = 0;
    struct source_status status;
    for (int i = 0; i < engine_targets(s->engine); i++)
        if (!is_up(s, i, &status)) {
            tell(f, engine_target_name(s->engine, i), status.error != NULL ? status.error : "no answer yet");
            n++;
        }
    if (n == 0)
        return;
    fputs("Things to try:\n", f);
    if (s->bare != NULL)
        hint_of_targets(s, f);
    for (int i = 0; i < engine_targets(s->engine); i++) {
        bool said = is_up(s, i, &status);
        for (int j = 0; j < i; j++)
            said = said || (!is_up(s, j, &status) && engine_hints(s->engine, j) == engine_hints(s->engine, i));
        if (!said)
            fputs(engine_hints(s->engine, i), f);
    }
    if (!s->named)
        fputs("  - no server at hand: dbvitals demo starts a private one with a workload\n", f);
}
