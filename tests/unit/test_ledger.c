/* What was done is kept: written, read again, by several at once; what the disk refuses waits and is told. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "cures/ledger.h"
#include "tests/unit/directory.h"

struct bench {
    char directory[DIRECTORY_PATH];
    struct loop *loop;
    struct ledger *ledger, *second;
    int n_troubles; /* turns that saw the first in trouble */
};

static void changed(void *ctx)
{
    struct bench *b = ctx;
    b->n_troubles += b->ledger != NULL && ledger_trouble(b->ledger) != NULL;
    loop_stop(b->loop);
}

static int begin(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    b->loop = loop_new();
    *state = b;
    return directory_new(b->directory) ? 0 : -1;
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int end(void **state)
{
    struct bench *b = *state;
    limit_files(RLIM_INFINITY);
    ledger_free(b->ledger);
    ledger_free(b->second);
    bool ended = loop_free(b->loop);
    directory_remove(b->directory);
    free(b);
    return ended ? 0 : -1;
}

static void on_patience(void *ctx)
{
    loop_stop(ctx);
}

static int count(const struct ledger *l)
{
    int n;
    ledger_newest(l, &n);
    return n;
}

/* Until it has N entries, or (TROUBLE) is in trouble, or is in none. */
static bool await(struct bench *b, const struct ledger *l, int n, bool trouble)
{
    struct loop_timer *t = loop_timer_new(b->loop, on_patience, b->loop);
    loop_timer_start(t, 0.02, 0.02);
    bool there = false;
    for (int i = 0; i < 1000 && !there; i++) {
        loop_run(b->loop);
        there = count(l) == n && (ledger_trouble(l) != NULL) == trouble;
    }
    loop_timer_free(t);
    return there;
}

static char *lent(const char *s)
{
    return (char *)(uintptr_t)s;
}

static const char dropped[] = "DROP INDEX CONCURRENTLY \"public\".\"a\"",
                  made[] = "CREATE INDEX a ON public.t (x)";

static struct entry *entry(const char *target, const char *label)
{
    const struct job job = {.target = lent(target),
                            .action = lent("drop_index"),
                            .label = lent(label),
                            .database = lent("shop"),
                            .by = lent("ada"),
                            .state = JOB_DONE,
                            .asked_at = 100,
                            .began_at = 101,
                            .ended_at = 103.5,
                            .statement = lent(dropped),
                            .message = lent("a warning\nof two lines"),
                            .keys = lent("{\"datid\":5}"),
                            .undo = lent(made),
                            .undo_verify = lent("select 'true'")};
    return entry_new(&job);
}

static void open_ledger(struct bench *b)
{
    b->ledger = ledger_new(b->loop, b->directory, changed, b);
    ledger_watch(b->ledger, true);
}

static void close_ledger(struct bench *b)
{
    assert_true(ledger_free(b->ledger));
    b->ledger = NULL;
}

static char *path_of(const struct bench *b, char out[200])
{
    snprintf(out, 200, "%s/cures.db", b->directory);
    return out;
}

static void run_sql(const struct bench *b, const char *sql)
{
    char path[200];
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path_of(b, path), &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* ---- Tests ---- */

static void what_was_written_is_read_again_in_full(void **state)
{
    struct bench *b = *state;
    char path[200];
    struct stat st;
    int n;
    open_ledger(b);
    ledger_put(b->ledger, entry("shop", "public.a"));
    assert_true(await(b, b->ledger, 1, false));
    close_ledger(b);
    assert_int_equal(stat(path_of(b, path), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    open_ledger(b);
    assert_true(await(b, b->ledger, 1, false));
    const struct entry *e = ledger_newest(b->ledger, &n)[0];
    assert_int_equal(e->id, 1);
    assert_string_equal(e->target, "shop");
    assert_string_equal(e->action, "drop_index");
    assert_string_equal(e->label, "public.a");
    assert_string_equal(e->database, "shop");
    assert_string_equal(e->by, "ada");
    assert_string_equal(e->state, "done");
    assert_true(e->asked_at == 100 && e->began_at == 101 && e->ended_at == 103.5);
    assert_string_equal(e->statement, dropped);
    assert_string_equal(e->message, "a warning\nof two lines");
    assert_string_equal(e->keys, "{\"datid\":5}");
    assert_null(e->numbers);
    assert_string_equal(e->undo, made);
    assert_string_equal(e->undo_verify, "select 'true'");
    assert_null(e->why_no_undo);
    assert_int_equal(e->undoes, 0);
    assert_true(entry_is_intact(e));
}

static void looking_makes_no_file(void **state)
{
    struct bench *b = *state;
    char path[200];
    struct stat st;
    open_ledger(b);
    close_ledger(b);
    assert_int_equal(stat(path_of(b, path), &st), -1);
}

static void a_file_is_looked_at_when_somebody_watches(void **state)
{
    struct bench *b = *state;
    open_ledger(b);
    ledger_put(b->ledger, entry("shop", "public.a"));
    assert_true(await(b, b->ledger, 1, false));
    close_ledger(b);
    b->ledger = ledger_new(b->loop, b->directory, changed, b);
    assert_true(await(b, b->ledger, 0, false));
    loop_run(b->loop); /* nothing is under way that could wake it */
    assert_int_equal(count(b->ledger), 0);
    ledger_watch(b->ledger, true);
    assert_true(await(b, b->ledger, 1, false));
}

static void numbers_that_come_later_join_their_entry(void **state)
{
    struct bench *b = *state;
    int n;
    struct entry *first = entry("shop", "public.a"), *again = entry_copy(first);
    again->numbers = strdup("{\"before\":{}}");
    open_ledger(b);
    ledger_put(b->ledger, first);
    ledger_put(b->ledger, again);
    ledger_put(b->ledger, entry("shop", "public.b"));
    assert_true(await(b, b->ledger, 2, false));
    assert_string_equal(ledger_newest(b->ledger, &n)[1]->numbers, "{\"before\":{}}");
    assert_null(ledger_newest(b->ledger, &n)[0]->numbers);
}

static void two_writers_lose_nothing_and_see_each_other(void **state)
{
    struct bench *b = *state;
    open_ledger(b);
    b->second = ledger_new(b->loop, b->directory, changed, b);
    ledger_watch(b->second, true);
    for (int i = 0; i < 50; i++) {
        ledger_put(b->ledger, entry("shop", "public.a"));
        ledger_put(b->second, entry("shop", "public.b"));
    }
    assert_true(await(b, b->ledger, 100, false));
    assert_true(await(b, b->second, 100, false));
}

static void a_full_disk_is_told_and_what_happened_is_written_when_it_has_room(void **state)
{
    struct bench *b = *state;
    open_ledger(b);
    ledger_put(b->ledger, entry("shop", "public.a"));
    assert_true(await(b, b->ledger, 1, false));
    limit_files(4096);
    ledger_put(b->ledger, entry("shop", "public.b"));
    ledger_put(b->ledger, entry("shop", "public.c"));
    assert_true(await(b, b->ledger, 1, true));
    assert_non_null(strstr(ledger_trouble(b->ledger), "the ledger is not kept: "));
    assert_non_null(strstr(ledger_trouble(b->ledger), b->directory));
    limit_files(RLIM_INFINITY);
    assert_true(await(b, b->ledger, 3, false));
}

static void what_a_full_disk_never_took_is_told_at_the_end(void **state)
{
    struct bench *b = *state;
    open_ledger(b);
    limit_files(0);
    ledger_put(b->ledger, entry("shop", "public.a"));
    assert_true(await(b, b->ledger, 0, true));
    bool kept = ledger_free(b->ledger);
    b->ledger = NULL;
    assert_false(kept);
}

static void expect_notice(struct bench *b, const char *what)
{
    char *notice = ledger_take_notice(b->ledger);
    if (notice == NULL || strstr(notice, what) == NULL)
        fail_msg("expected a notice of \"%s\", got %s", what, notice == NULL ? "none" : notice);
    free(notice);
}

static void a_file_of_a_newer_version_is_put_aside_and_told(void **state)
{
    struct bench *b = *state;
    run_sql(b,
            "create table entries(novel text); insert into entries values('kept'); pragma user_version = 7");
    open_ledger(b);
    ledger_put(b->ledger, entry("shop", "public.a"));
    assert_true(await(b, b->ledger, 1, false));
    expect_notice(b, "is of another version of dbvitals");
    DIR *d = opendir(b->directory);
    int n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strncmp(e->d_name, "cures.db.version-7-", 19) == 0;
    closedir(d);
    assert_int_equal(n, 1);
}

static void one_that_its_newer_program_still_uses_stays(void **state)
{
    struct bench *b = *state;
    char path[200];
    sqlite3 *db;
    run_sql(b, "create table entries(novel text); pragma user_version = 7; pragma journal_mode = wal");
    assert_int_equal(sqlite3_open(path_of(b, path), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "begin; insert into entries values('x')", NULL, NULL, NULL), SQLITE_OK);
    open_ledger(b);
    assert_true(await(b, b->ledger, 0, true));
    assert_non_null(strstr(ledger_trouble(b->ledger), "which is using it"));
    sqlite3_exec(db, "commit", NULL, NULL, NULL);
    sqlite3_close(db);
}

static void a_damaged_file_is_put_aside_and_told(void **state)
{
    struct bench *b = *state;
    char path[200];
    FILE *f = fopen(path_of(b, path), "w");
    for (int i = 0; i < 500; i++)
        fputs("no database at all\n", f);
    fclose(f);
    open_ledger(b);
    ledger_put(b->ledger, entry("shop", "public.a"));
    assert_true(await(b, b->ledger, 1, false));
    expect_notice(b, "was damaged");
    assert_int_equal(b->n_troubles, 0);
}

static void refused(struct bench *b, int64_t id, const char *target, const char *statement, const char *why)
{
    struct err err = {""};
    assert_false(ledger_may_undo(b->ledger, id, target, statement, &err));
    if (strstr(err.text, why) == NULL)
        fail_msg("expected \"%s\", got \"%s\"", why, err.text);
}

static void an_undo_runs_only_as_it_was_written(void **state)
{
    struct bench *b = *state;
    struct err err = {""};
    open_ledger(b);
    ledger_put(b->ledger, entry("shop", "public.a"));
    assert_true(await(b, b->ledger, 1, false));
    assert_true(ledger_may_undo(b->ledger, 1, "shop", made, &err));
    refused(b, 1, "shop", "DROP TABLE t", "not what takes entry 1 back");
    refused(b, 1, "blog", made, "not what takes entry 1 back");
    refused(b, 2, "shop", made, "no entry 2");
    close_ledger(b);
    static const char *const forgeries[] = {"undo = 'DROP TABLE t'", "statement = ''", "database = 'other'",
                                            "undo_verify = null"};
    run_sql(b, "create table before as select * from entries");
    for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "update entries set %s", forgeries[i]);
        run_sql(b, sql);
        open_ledger(b);
        assert_true(await(b, b->ledger, 1, false));
        refused(b, 1, "shop", i == 0 ? "DROP TABLE t" : made, "its checksum differs");
        close_ledger(b);
        run_sql(b, "delete from entries; insert into entries select * from before");
    }
    open_ledger(b);
    assert_true(await(b, b->ledger, 1, false));
    assert_true(ledger_may_undo(b->ledger, 1, "shop", made, &err)); /* nothing else was forged */
}

static void a_sample_has_the_entries_of_its_target(void **state)
{
    struct bench *b = *state;
    int n;
    open_ledger(b);
    ledger_put(b->ledger, entry("shop", "public.a"));
    ledger_put(b->ledger, entry("blog", "public.b"));
    ledger_put(b->ledger, entry("shop", "public.c"));
    assert_true(await(b, b->ledger, 3, false));
    const struct entry *const *entries = ledger_newest(b->ledger, &n);
    struct sample *s = ledger_sample(entries, n, "shop", 1, 1);
    assert_int_equal(s->n_rows, 2);
    assert_int_equal(s->values[0].integer[0], 3);
    assert_int_equal(s->values[0].integer[1], 1);
    assert_true(s->values[dataset_column(&ledger_dataset, "run_s")].real[0] == 2.5);
    assert_true(s->values[dataset_column(&ledger_dataset, "intact")].real[0] == 1);
    sample_unref(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read_again_in_full, begin, end),
        cmocka_unit_test_setup_teardown(looking_makes_no_file, begin, end),
        cmocka_unit_test_setup_teardown(a_file_is_looked_at_when_somebody_watches, begin, end),
        cmocka_unit_test_setup_teardown(numbers_that_come_later_join_their_entry, begin, end),
        cmocka_unit_test_setup_teardown(two_writers_lose_nothing_and_see_each_other, begin, end),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_and_what_happened_is_written_when_it_has_room,
                                        begin, end),
        cmocka_unit_test_setup_teardown(what_a_full_disk_never_took_is_told_at_the_end, begin, end),
        cmocka_unit_test_setup_teardown(a_file_of_a_newer_version_is_put_aside_and_told, begin, end),
        cmocka_unit_test_setup_teardown(one_that_its_newer_program_still_uses_stays, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_put_aside_and_told, begin, end),
        cmocka_unit_test_setup_teardown(an_undo_runs_only_as_it_was_written, begin, end),
        cmocka_unit_test_setup_teardown(a_sample_has_the_entries_of_its_target, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
