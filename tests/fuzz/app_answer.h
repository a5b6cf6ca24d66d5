/* What holds for the answer of an application, whichever reader read it. */
#ifndef DBVITALS_TESTS_FUZZ_APP_ANSWER_H
#define DBVITALS_TESTS_FUZZ_APP_ANSWER_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/app/app.h"
#include "core/utf8.h"

typedef bool app_reader(const struct app_words *w, const char *text, size_t len, struct app_reading *r,
                        struct err *err);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_be_valid(const struct app_reading *r)
{
    for (int role = 0; role < N_APP_ROLES; role++) {
        must(r->things[role].n <= MOST_THINGS);
        for (int i = 0; i < r->things[role].n; i++) {
            const char *name = r->things[role].items[i].name;
            must(name == NULL || utf8_valid(name, strlen(name)));
        }
    }
    must(r->n_series <= MOST_SERIES && r->n_errors <= MOST_ERRORS);
    for (int i = 0; i < r->n_series; i++) {
        const struct app_series *s = &r->series[i];
        must(s->n >= 2 && s->n <= LATENCY_BUCKETS && isinf(s->upto[s->n - 1]) &&
             utf8_valid(s->series, strlen(s->series)));
        for (int b = 1; b < s->n; b++)
            must(s->upto[b] > s->upto[b - 1]);
    }
}

static void make_samples(const struct app_words *w, const struct app_reading *r)
{
    static const struct dataset *const all[] = {&dataset_pools, &dataset_caches, &dataset_latency,
                                                &dataset_errors, &dataset_access};
    for (int i = 0; i < 5; i++) {
        struct err why = {""};
        struct sample *s = app_sample(w, r, all[i], &why);
        must((s == NULL) == (why.text[0] != '\0'));
        sample_unref(s);
    }
}

/* READS DATA for a target that has WORDS: read or refused in words; what was read is valid, and can be made
 * samples of. */
static int app_answer_fuzz(app_reader *reads, const struct target_word *words, const uint8_t *data,
                           size_t size)
{
    struct target_config config = {.name = "x", .url = "http://h/", .stack = "", .env = "", .words = words};
    const char *key;
    struct app_words *w = app_words_new(&config, &key, NULL);
    struct app_reading r;
    struct err err = {""};
    app_reading_init(&r);
    bool ok = reads(w, (const char *)data, size, &r, &err);
    must(ok == (err.text[0] == '\0'));
    if (ok) {
        must_be_valid(&r);
        make_samples(w, &r);
    }
    app_reading_done(&r);
    app_words_unref(w);
    return 0;
}

#endif
