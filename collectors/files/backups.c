/* backups, backup_sets: the dumps of a pattern, newest first, and what they are together; access: with what
 * they can be verified. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/datasets.h"
#include "collectors/files/files.h"
#include "core/text.h"

// clang-format off
enum { PATH, NAME, KIND, WRITTEN, AGE, SIZE, RATIO, WRITING, VERIFIED, VERDICT, VERIFIED_AT, NEWEST };
static const struct column backups[] = {
    [PATH]        = {"path", KIND_KEY, TYPE_TEXT, .help = "the dump, a file or a directory of pg_dump; links are left out"},
    [NAME]        = {"name", KIND_LABEL, TYPE_TEXT, .help = "the end of its path"},
    [KIND]        = {"kind", KIND_LABEL, TYPE_TEXT, .help = "what it is by its first bytes: pg_dump custom, pg_dump directory, plain SQL, gzip, zstd, xz, bzip2, lz4, tar, sqlite file, empty, unknown"},
    [WRITTEN]     = {"written_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when it was last written to"},
    [AGE]         = {"dump_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time since then"},
    [SIZE]        = {"size_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "its bytes, of a directory those of its files"},
    [RATIO]       = {"size_ratio", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "its size by that of the dump before it; n/a while it is written"},
    [WRITING]     = {"writing", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "it was written to in the last minute, or has another size than before, or its time lies in the future: it is not judged"},
    [VERIFIED]    = {"verified", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "it is whole: read to its end, or it ends as such a dump does; n/a: not known, see verdict. The newest one is read, and while that fails, the ones before it, at most 5"},
    [VERDICT]     = {"verdict", KIND_TEXT, TYPE_TEXT, .help = "why it is, or is not, or is not known"},
    [VERIFIED_AT] = {"verified_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when that was found"},
    [NEWEST]      = {"is_newest", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "the newest one that is not being written"},
};

enum { PATTERN, N, NEWEST_NAME, NEWEST_AT, NEWEST_AGE, GOOD_NAME, GOOD_AGE, GOOD_IS, NEWEST_BYTES, SET_RATIO, OLDEST_AGE, TOTAL, FREE, FITS, SET_VERIFIED, SET_VERDICT,
       SET_VERIFIED_AT, RESTORE_AGE, RESTORE_WHY };
static const struct column backup_sets[] = {
    [PATTERN]         = {"pattern", KIND_KEY, TYPE_TEXT, .help = "what the dumps' paths match"},
    [N]               = {"dumps", KIND_GAUGE, TYPE_REAL, UNIT_COUNT, .help = "dumps that are there"},
    [NEWEST_NAME]     = {"newest_name", KIND_LABEL, TYPE_TEXT, .help = "the newest one that is not being written; what follows is of it"},
    [NEWEST_AT]       = {"newest_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when it was written"},
    [NEWEST_AGE]      = {"newest_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time since then"},
    [GOOD_NAME]       = {"good_name", KIND_LABEL, TYPE_TEXT, .help = "the newest dump that did not fail: those that are not whole are passed over"},
    [GOOD_AGE]        = {"good_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "age of that"},
    [GOOD_IS]         = {"good_is", KIND_LABEL, TYPE_TEXT, .help = "what is known of that: verified good, or not verified, as with verify = no, without the program that reads it, or after 6 that failed"},
    [NEWEST_BYTES]    = {"newest_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "its size"},
    [SET_RATIO]       = {"size_ratio", KIND_GAUGE, TYPE_REAL, UNIT_RATIO, .help = "its size by that of the dump before it"},
    [OLDEST_AGE]      = {"oldest_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "age of the oldest dump: how far back one can go"},
    [TOTAL]           = {"total_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "what all take"},
    [FREE]            = {"free_bytes", KIND_GAUGE, TYPE_REAL, UNIT_BYTES, .help = "what is free beside them"},
    [FITS]            = {"next_fits", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "one more as large as the newest, and a tenth, would find room"},
    [SET_VERIFIED]    = {"verified", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, .help = "the newest one is whole, as far as reading it can tell; n/a: see verdict"},
    [SET_VERDICT]     = {"verdict", KIND_TEXT, TYPE_TEXT, .help = "why it is, or is not, or is not known"},
    [SET_VERIFIED_AT] = {"verified_at", KIND_GAUGE, TYPE_REAL, UNIT_TIME, .help = "when that was found"},
    [RESTORE_AGE]     = {"restore_age_s", KIND_GAUGE, TYPE_REAL, UNIT_S, .help = "time since a restore was last tested: the age of restore_marker"},
    [RESTORE_WHY]     = {"restore_note", KIND_TEXT, TYPE_TEXT, .help = "why that is not known"},
};
// clang-format on

static const struct dataset dataset_backups = {
    .name = "backups",
    .help = "a dump in a file: its age, its size against the one before, whether it is whole; the newest 50 "
            "of a pattern",
    .columns = backups,
    .n_columns = sizeof(backups) / sizeof(backups[0]),
    .every = 60,
};

static const struct dataset dataset_sets = {
    .name = "backup_sets",
    .help = "the dumps of a pattern together: age of the newest, room beside them, when a restore was last "
            "tested",
    .columns = backup_sets,
    .n_columns = sizeof(backup_sets) / sizeof(backup_sets[0]),
    .whole = true,
    .every = 60,
};

const struct dataset *const files_datasets[] = {&dataset_backups, &dataset_sets, &dataset_access, NULL};

static void set_text(struct sample *s, int column, int row, const char *text)
{
    sample_set_text(s, column, row, text, strlen(text));
}

static void set(struct sample *s, int column, int row, double v)
{
    s->values[column].real[row] = v;
}

static const char *end_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* A clock that was set back gives no age below 0. */
static double age(double at_s, double now_s)
{
    return isnan(at_s) ? NAN : fmax(0, now_s - at_s);
}

/* By the next older one that is no longer written. */
static double size_ratio(const struct files_source *src, const struct scan *found, int i, double now_s)
{
    int before = i + 1;
    while (before < found->n_dumps && files_writing(src, &found->dumps[before], now_s))
        before++;
    bool known = before < found->n_dumps && found->dumps[before].size > 0 &&
                 !files_writing(src, &found->dumps[i], now_s);
    return known ? found->dumps[i].size / found->dumps[before].size : NAN;
}

static struct sample *sample_backups(const struct files_source *src, const struct scan *found, double now_s)
{
    struct sample *s = sample_new(&dataset_backups, found->n_dumps);
    int newest = files_newest(src, found, now_s);
    for (int i = 0; i < found->n_dumps; i++) {
        const struct dump *d = &found->dumps[i];
        struct verdict v = files_verdict(src, d, now_s);
        set_text(s, PATH, i, d->path);
        set_text(s, NAME, i, end_of(d->path));
        set_text(s, KIND, i, d->kind->name);
        set(s, WRITTEN, i, d->written_s);
        set(s, AGE, i, age(d->written_s, now_s));
        set(s, SIZE, i, d->size);
        set(s, RATIO, i, size_ratio(src, found, i, now_s));
        set(s, WRITING, i, files_writing(src, d, now_s));
        set(s, VERIFIED, i, v.whole);
        set_text(s, VERDICT, i, v.why);
        set(s, VERIFIED_AT, i, v.at_s);
        set(s, NEWEST, i, i == newest);
    }
    return s;
}

static void set_good(struct sample *s, const struct files_source *src, const struct scan *found, double now_s)
{
    int i = files_good(src, found, now_s);
    if (i < 0)
        return;
    const struct dump *d = &found->dumps[i];
    set_text(s, GOOD_NAME, 0, end_of(d->path));
    set(s, GOOD_AGE, 0, age(d->written_s, now_s));
    set_text(s, GOOD_IS, 0, files_verdict(src, d, now_s).whole == 1 ? "verified good" : "not verified");
}

static void set_newest(struct sample *s, const struct files_source *src, const struct scan *found, int i,
                       double now_s)
{
    const struct dump *d = &found->dumps[i];
    struct verdict v = files_verdict(src, d, now_s);
    set_text(s, NEWEST_NAME, 0, end_of(d->path));
    set(s, NEWEST_AT, 0, d->written_s);
    set(s, NEWEST_AGE, 0, age(d->written_s, now_s));
    set(s, NEWEST_BYTES, 0, d->size);
    set(s, SET_RATIO, 0, size_ratio(src, found, i, now_s));
    set(s, FITS, 0, isnan(found->free_bytes) ? NAN : found->free_bytes >= d->size * 1.1);
    set(s, SET_VERIFIED, 0, v.whole);
    set_text(s, SET_VERDICT, 0, v.why);
    set(s, SET_VERIFIED_AT, 0, v.at_s);
}

static struct sample *sample_sets(const struct files_source *src, const struct scan *found, double now_s)
{
    struct sample *s = sample_new(&dataset_sets, 1);
    int newest = files_newest(src, found, now_s);
    set_text(s, PATTERN, 0, src->pattern);
    set(s, N, 0, found->n);
    set_good(s, src, found, now_s);
    set(s, OLDEST_AGE, 0, age(found->oldest_s, now_s));
    set(s, TOTAL, 0, found->total_bytes);
    set(s, FREE, 0, found->free_bytes);
    set(s, RESTORE_AGE, 0, age(found->marker_s, now_s));
    if (found->marker_why[0] != '\0')
        set_text(s, RESTORE_WHY, 0, found->marker_why);
    if (newest >= 0)
        set_newest(s, src, found, newest, now_s);
    return s;
}

/* ---- What doctor tells ---- */

static void set_access(struct sample *s, int row, const char *what, const char *state, const char *why,
                       const char *cure)
{
    set_text(s, dataset_column(s->dataset, "what"), row, what);
    set_text(s, dataset_column(s->dataset, "state"), row, state);
    set_text(s, dataset_column(s->dataset, "why"), row, why);
    if (cure != NULL)
        set_text(s, dataset_column(s->dataset, "cure"), row, cure);
}

static void access_verifying(struct sample *s, int row, const struct files_source *src,
                             const struct scan *found, double now_s)
{
    int newest = files_newest(src, found, now_s);
    struct text why, cure;
    text_init(&why, 600);
    text_init(&cure, 200);
    const char *state = "ok";
    if (newest < 0) {
        text_add(&why, "there is no dump to verify");
        state = found->n > 0 ? "ok" : "partial";
    } else {
        struct verdict v = files_verdict(src, &found->dumps[newest], now_s);
        bool lacks = isnan(v.whole) && strstr(v.why, "not installed") != NULL;
        text_addf(&why, "%s of %s: %s", found->dumps[newest].kind->name, end_of(found->dumps[newest].path),
                  v.why);
        state = lacks                           ? "partial"
                : v.whole == 0                  ? "partial"
                : isnan(v.whole) && src->verify ? "advice"
                                                : "ok";
        if (lacks)
            text_addf(&cure, "install %s where dbvitals runs", found->dumps[newest].kind->program);
    }
    set_access(s, row, "verified", state, text_str(&why), cure.len > 0 ? text_str(&cure) : NULL);
    text_done(&why);
    text_done(&cure);
}

static struct sample *sample_access(const struct files_source *src, const struct scan *found, double now_s)
{
    struct sample *s = sample_new(&dataset_access, 3);
    bool tested = !isnan(found->marker_s);
    struct text why;
    char size[24], room[24];
    unit_format(size, sizeof(size), found->total_bytes, UNIT_BYTES);
    unit_format(room, sizeof(room), found->free_bytes, UNIT_BYTES);
    text_init(&why, 600);
    text_addf(&why, "%d dumps match %.300s, %s, %s free beside them", found->n, src->pattern, size, room);
    set_access(s, 0, "dumps", found->n > 0 ? "ok" : "missing", text_str(&why),
               found->n > 0 ? NULL : "look whether the pattern is right, and whether dumping ever ran");
    access_verifying(s, 1, src, found, now_s);
    set_access(s, 2, "tested restore", tested ? "ok" : "advice",
               tested ? "restore_marker is there" : found->marker_why,
               tested ? NULL : "touch the file that restore_marker names after each restore that was tested");
    text_done(&why);
    return s;
}

struct sample *files_sample(const struct files_source *s, const struct dataset *d, const struct scan *found,
                            double now_s)
{
    return d == &dataset_backups ? sample_backups(s, found, now_s)
           : d == &dataset_sets  ? sample_sets(s, found, now_s)
                                 : sample_access(s, found, now_s);
}
