/* alerts test: rules of a file on samples of a file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/book.h"
#include "alerts/trial.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cures/cures.h"
#include "engine/own.h"
#include "engine/products.h"

enum { MOST_BYTES = 8 << 20, NOT_AS_EXPECTED = 1 };

/* What is tried. */
struct test {
    const struct args *args;
    struct registry registry;
    struct config config, more;           /* of --rules; of --config, if it is given */
    struct own_datasets own, own_of_more; /* their [dataset NAME] */
    struct rules rules;
};

static bool read_file(const char *path, struct text *out, struct err *err)
{
    char piece[16384];
    size_t n;
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return fail(err, "cannot read %s: %s", path, strerror(errno));
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        text_add_n(out, piece, n);
    bool ok = !ferror(f) || fail(err, "cannot read %s: %s", path, strerror(errno));
    fclose(f);
    return ok && (!out->cut || fail(err, "%s is larger than %d MB", path, MOST_BYTES >> 20));
}

/* "standard" of packs/standard.rules, in NAME; false if PATH is no pack. */
static bool pack_name(const char *path, char *name, size_t size)
{
    static const char end[] = ".rules";
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    size_t len = strlen(base);
    if (len < sizeof(end) || strcmp(base + len - (sizeof(end) - 1), end) != 0)
        return false;
    snprintf(name, size, "%.*s", (int)(len - (sizeof(end) - 1)), base);
    return true;
}

static bool is_same_file(const struct args *args)
{
    return args->config != NULL && strcmp(args->config, args->rules) == 0;
}

static bool read_rules(struct test *t, struct err *err)
{
    char pack[64];
    struct text text;
    text_init(&text, MOST_BYTES);
    bool ok = read_file(t->args->rules, &text, err) &&
              config_parse(text_str(&text), text.len, t->args->rules, config_options, n_config_options,
                           &t->config, err);
    text_done(&text);
    if (ok && t->args->config != NULL && !is_same_file(t->args))
        ok = config_read(t->args->config, &t->more, err) &&
             own_datasets_read(&t->more, &t->registry, &t->own_of_more, err);
    return ok && own_datasets_read(&t->config, &t->registry, &t->own, err) &&
           rules_read_alone(&t->config, pack_name(t->args->rules, pack, sizeof(pack)) ? pack : NULL,
                            &t->registry, &t->rules, err);
}

static void tell_missing(const struct rules *rules)
{
    for (int i = 0; i < rules->n; i++)
        if (rules->list[i].missing != NULL)
            printf("%s is not tried: %s\n", rules->list[i].name, rules->list[i].missing);
}

static bool run(struct test *t, bool *met, struct err *err)
{
    struct text samples, out;
    const char *file = t->args->samples_given;
    text_init(&samples, MOST_BYTES);
    text_init(&out, MOST_BYTES);
    bool ok =
        products_register(&t->registry, err) && alerts_register(&t->registry, err) && cures_register(&t->registry, err) && read_rules(t, err);
    if (ok)
        tell_missing(&t->rules);
    ok = ok && read_file(file, &samples, err) &&
         trial_run(&t->rules, &t->registry, text_str(&samples), samples.len, file, &out, met, err);
    fputs(text_str(&out), stdout);
    text_done(&samples);
    text_done(&out);
    return ok;
}

int alerts_test_run(const struct args *args)
{
    struct test t = {.args = args};
    struct err err = {""};
    bool met = true;
    if (args->n_words != 1 || strcmp(args->words[0], "test") != 0 || args->rules == NULL ||
        args->samples_given == NULL) {
        fprintf(stderr,
                "dbvitals: alerts test: expected --rules FILE --samples FILE, or the name of a webhook "
                "that gets a test message\n");
        return EXIT_USAGE;
    }
    bool ok = run(&t, &met, &err);
    rules_done(&t.rules);
    registry_done(&t.registry);
    own_datasets_done(&t.own);
    own_datasets_done(&t.own_of_more);
    config_done(&t.config);
    config_done(&t.more);
    if (!ok)
        fprintf(stderr, "dbvitals: %s\n", err.text);
    if (!ok)
        return EXIT_USAGE;
    return met ? EXIT_OK : NOT_AS_EXPECTED;
}
