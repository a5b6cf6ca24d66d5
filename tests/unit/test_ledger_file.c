/* An entry from when it begins: what is told of it while its program lives, after that was killed, and when
 * it ends; files of the version before. */
#include "tests/unit/test.h"

#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cures/ledger_file.h"
#include "tests/unit/directory.h"

struct bench {
    char directory[DIRECTORY_PATH];
    struct ledger_file *file;
    struct entry **read;
    int n;
};

static int begin(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    *state = b;
    return directory_new(b->directory) ? 0 : -1;
}

static void forget(struct bench *b)
{
    for (int i = 0; i < b->n; i++)
        entry_free(b->read[i]);
    free(b->read);
    b->read = NULL;
    b->n = 0;
}

static int end(void **state)
{
    struct bench *b = *state;
    forget(b);
    ledger_file_free(b->file);
    directory_remove(b->directory);
    free(b);
    return 0;
}

static char *lent(const char *s)
{
    return (char *)(uintptr_t)s;
}

static struct job job_of(const char *label)
{
    return (struct job){.target = lent("shop"),
                        .action = lent("vacuum"),
                        .label = lent(label),
                        .by = lent("ada"),
                        .state = JOB_RUNNING,
                        .asked_at = 100,
                        .began_at = 101,
                        .ended_at = NAN,
                        .statement = lent("VACUUM t"),
                        .why_no_undo = lent("so it is")};
}

static void put(struct ledger_file *f, const struct job *job)
{
    struct err err = {""};
    struct entry *e = entry_new(job);
    if (!ledger_file_put(f, e, &err))
        fail_msg("%s", err.text);
    entry_free(e);
}

/* Begins JOB; its uid is the entry's. */
static void put_begun(struct ledger_file *f, struct job *job)
{
    struct err err = {""};
    struct entry *e = entry_new(job);
    job->uid = e->uid;
    if (!ledger_file_put(f, e, &err))
        fail_msg("%s", err.text);
    entry_free(e);
}

static void put_ended(struct ledger_file *f, struct job *job)
{
    job->state = JOB_DONE;
    job->ended_at = 105;
    put(f, job);
}

/* False: nobody has written since. */
static bool look(struct bench *b)
{
    struct err err = {""};
    struct entry **read;
    int n;
    bool same;
    if (!ledger_file_read(b->file, LEDGER_READ, &read, &n, &same, &err))
        fail_msg("%s", err.text);
    if (same)
        return false;
    forget(b);
    b->read = read;
    b->n = n;
    return true;
}

/* Another program that runs WORK and then waits to be killed; returns when WORK is done. */
static pid_t start(const struct bench *b, void (*work)(struct ledger_file *f))
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        work(ledger_file_new(b->directory));
        if (write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void end_program(pid_t pid)
{
    int status;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void begin_one(struct ledger_file *f)
{
    struct job job = job_of("public.t");
    put_begun(f, &job);
}

static void begin_and_end_one(struct ledger_file *f)
{
    struct job job = job_of("public.t");
    put_begun(f, &job);
    put_ended(f, &job);
}

/* ---- Tests ---- */

static void what_another_program_runs_is_running_until_that_is_killed(void **state)
{
    struct bench *b = *state;
    b->file = ledger_file_new(b->directory);
    pid_t pid = start(b, begin_one);
    assert_true(look(b));
    assert_int_equal(b->n, 1);
    assert_string_equal(b->read[0]->state, "running");
    assert_null(b->read[0]->message);
    end_program(pid);
    assert_true(look(b)); /* though nobody has written */
    assert_string_equal(b->read[0]->state, "unknown");
    assert_non_null(strstr(b->read[0]->message, "dbvitals ended before it"));
    assert_true(isnan(b->read[0]->ended_at));
    assert_true(entry_is_intact(b->read[0]));
    assert_false(look(b));
}

static void what_ended_before_its_program_was_killed_is_done(void **state)
{
    struct bench *b = *state;
    b->file = ledger_file_new(b->directory);
    end_program(start(b, begin_and_end_one));
    assert_true(look(b));
    assert_int_equal(b->n, 1);
    assert_string_equal(b->read[0]->state, "done");
    assert_true(b->read[0]->ended_at == 105);
}

static void our_own_is_running_and_its_end_joins_it(void **state)
{
    struct bench *b = *state;
    b->file = ledger_file_new(b->directory);
    struct job first = job_of("public.a"), second = job_of("public.b");
    put_begun(b->file, &first);
    put_begun(b->file, &second);
    assert_true(look(b));
    assert_string_equal(b->read[0]->state, "running");
    assert_string_equal(b->read[1]->state, "running");
    first.message = lent("a warning");
    put_ended(b->file, &first);
    assert_true(look(b));
    assert_int_equal(b->n, 2);
    assert_string_equal(b->read[1]->state, "done");
    assert_string_equal(b->read[1]->message, "a warning");
    assert_int_equal(b->read[1]->id, 1);
    assert_string_equal(b->read[0]->state, "running");
}

static void begin_and_end_many(struct ledger_file *f)
{
    for (int i = 0; i < 40; i++)
        begin_and_end_one(f);
}

static void two_programs_write_at_once_and_none_of_theirs_is_ever_unknown(void **state)
{
    struct bench *b = *state;
    int done = 0;
    b->file = ledger_file_new(b->directory);
    pid_t pids[2];
    for (int i = 0; i < 2; i++)
        if ((pids[i] = fork()) == 0) {
            begin_and_end_many(ledger_file_new(b->directory));
            _exit(0);
        }
    for (int i = 0; i < 2000 && done < 80; i++) {
        look(b);
        done = 0;
        for (int k = 0; k < b->n; k++) {
            assert_string_not_equal(b->read[k]->state, "unknown");
            done += strcmp(b->read[k]->state, "done") == 0;
        }
    }
    for (int i = 0, status; i < 2; i++)
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
    look(b);
    assert_int_equal(b->n, 80);
}

/* As the version before made it, which wrote what had ended only. */
static const char made_before[] =
    "pragma journal_mode = wal;"
    "create table entries(id integer primary key autoincrement, uid integer not null unique, \"target\" text,"
    " \"action\" text, \"label\" text, \"database\" text, \"by\" text, \"state\" text, \"asked_at\" real,"
    " \"began_at\" real, \"ended_at\" real, \"statement\" text, \"message\" text, \"keys\" text, \"numbers\" "
    "text,"
    " \"undo\" text, \"undo_verify\" text, \"why_no_undo\" text, \"undoes\" integer, \"sum\" text);"
    "insert into entries values(null, 4711, 'shop', 'drop_index', 'public.i', 'shop', 'ada', 'done', 1, 2, 3,"
    " 'DROP INDEX i', null, '{}', '{}', null, null, 'it was invalid', 0,"
    " 'cca440447133d1c7181cbb8954ddaf9aae05e5b1d7cbdfa21e23919b63509215');"
    "insert into entries values(null, 4712, 'shop', 'vacuum', 'public.t', 'shop', 'ada', 'left', 1, 2, null,"
    " 'VACUUM t', 'it ran when the dashboard was left', '{}', null, null, null, 'so it is', 0, '');"
    "pragma user_version = 1";

static void a_file_of_the_version_before_is_read_and_goes_on(void **state)
{
    struct bench *b = *state;
    char path[200];
    sqlite3 *db;
    snprintf(path, sizeof(path), "%s/cures.db", b->directory);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, made_before, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    b->file = ledger_file_new(b->directory);
    struct job job = job_of("public.u");
    put_begun(b->file, &job);
    put_ended(b->file, &job);
    assert_true(look(b));
    assert_null(ledger_file_take_notice(b->file));
    assert_int_equal(b->n, 3);
    assert_string_equal(b->read[0]->label, "public.u");
    assert_string_equal(b->read[0]->state, "done");
    assert_string_equal(b->read[1]->state, "left");
    assert_string_equal(b->read[2]->why_no_undo, "it was invalid");
    assert_int_equal(b->read[2]->uid, 4711);
    assert_true(entry_is_intact(b->read[2]));
    assert_false(entry_is_intact(b->read[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_another_program_runs_is_running_until_that_is_killed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_ended_before_its_program_was_killed_is_done, begin, end),
        cmocka_unit_test_setup_teardown(our_own_is_running_and_its_end_joins_it, begin, end),
        cmocka_unit_test_setup_teardown(two_programs_write_at_once_and_none_of_theirs_is_ever_unknown, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_file_of_the_version_before_is_read_and_goes_on, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
