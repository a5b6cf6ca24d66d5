/* alerts test: rules of a file on samples of a file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/book.h"
#include "alerts/trial.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "engine/products.h"

enum { MOST_BYTES = 8 << 20, NOT_AS_EXPECTED = 1 };

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

static bool run(const struct args *args, const struct registry *registry, bool *met, struct err *err)
{
    struct text rules_text, samples, out;
    struct rules rules = {.n = 0};
    text_init(&rules_text, MOST_BYTES);
    text_init(&samples, MOST_BYTES);
    text_init(&out, MOST_BYTES);
    bool ok =
        read_file(args->rules, &rules_text, err) && read_file(args->samples_given, &samples, err) &&
        rules_read_text(text_str(&rules_text), rules_text.len, args->rules, registry, &rules, err) &&
        trial_run(&rules, registry, text_str(&samples), samples.len, args->samples_given, &out, met, err);
    fputs(text_str(&out), stdout);
    rules_done(&rules);
    text_done(&rules_text);
    text_done(&samples);
    text_done(&out);
    return ok;
}

int alerts_test_run(const struct args *args)
{
    struct registry registry;
    struct err err = {""};
    bool met = true;
    if (args->n_words != 1 || strcmp(args->words[0], "test") != 0 || args->rules == NULL ||
        args->samples_given == NULL) {
        fprintf(stderr, "dbvitals: alerts test: expected --rules FILE --samples FILE\n");
        return EXIT_USAGE;
    }
    bool ok = products_register(&registry, &err) && alerts_register(&registry, &err) &&
              run(args, &registry, &met, &err);
    registry_done(&registry);
    if (!ok)
        fprintf(stderr, "dbvitals: %s\n", err.text);
    if (!ok)
        return EXIT_USAGE;
    return met ? EXIT_OK : NOT_AS_EXPECTED;
}
