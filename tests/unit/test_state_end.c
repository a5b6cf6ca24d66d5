/* Whatever ends the process or stops the disk: what was acknowledged as written is there, whole, and what was
 * not is told. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/state.h"
#include "tests/unit/directory.h"
#include "tests/unit/notices.h"

/* ---- A process that writes and is killed ---- */

struct child {
    struct loop *loop;
    struct state *state;
    struct notices n;
    int pipe;
    int64_t next; /* number of the event that is written next */
};

static void write_one(struct child *c);

static void tell_parent(void *ctx, bool written)
{
    struct child *c = ctx;
    int64_t number = c->next++;
    if (written && write(c->pipe, &number, sizeof(number)) != sizeof(number))
        _exit(1);
    write_one(c);
}

/* The alert, its transition and the message about it, as one. */
static void write_one(struct child *c)
{
    char id[40], body[40], key[] = "k", text[] = "t";
    struct alert *a = notices_alert(&c->n, "lag", "shop");
    a->state.transitions = c->next;
    struct event e = {.alert = a, .wall_s = loop_wall_s()};
    e.transition = (struct transition){.change = CHANGE_FIRED, .to = LEVEL_WARNING, .number = c->next};
    snprintf(id, sizeof(id), "%s-%lld", a->id, (long long)c->next);
    snprintf(body, sizeof(body), "{\"number\":%lld}", (long long)c->next);
    struct message m = {
        .id = id, .webhook = "ops", .order_key = key, .body = body, .text = text, .made_s = e.wall_s};
    state_put_alert(c->state, a);
    state_put_event(c->state, &e);
    state_put_message(c->state, &m);
    state_commit(c->state, tell_parent, c);
}

static void run_child(const char *directory, int pipe, int64_t first)
{
    struct child c = {.loop = loop_new(), .pipe = pipe, .next = first};
    bool held;
    notices_init(&c.n);
    c.state = state_open(c.loop, directory, &held, NULL);
    if (c.state == NULL)
        _exit(1);
    write_one(&c);
    loop_run(c.loop);
    _exit(1);
}

static int64_t query(const char *directory, const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    snprintf(path, sizeof(path), "%s/state.db", directory);
    sqlite3_open(path, &db);
    sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    int64_t value = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
    sqlite3_finalize(s);
    sqlite3_close(db);
    return value;
}

/* Runs the child for a moment that differs each time; returns the last number that it said was written. */
static int64_t kill_in_the_middle(const char *directory, int64_t first, int round)
{
    int ends[2];
    int64_t last = first - 1, number;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0)
        run_child(directory, ends[1], first);
    close(ends[1]);
    for (int i = 0; i < 3 + round % 7 && read(ends[0], &number, sizeof(number)) == sizeof(number); i++)
        last = number;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (read(ends[0], &number, sizeof(number)) == sizeof(number)) /* said before it died */
        last = number;
    close(ends[0]);
    return last;
}

static void after_50_kills_each_written_event_is_there_with_its_message(void **state)
{
    (void)state;
    char directory[DIRECTORY_PATH], sql[200];
    assert_true(directory_new(directory));
    int64_t next = 1;
    for (int round = 0; round < 50; round++) {
        int64_t written = kill_in_the_middle(directory, next, round);
        assert_true(written >= next + 2); /* it did write */
        snprintf(sql, sizeof(sql), "select count(distinct number) from events where number <= %lld",
                 (long long)written);
        assert_int_equal(query(directory, sql), written);
        int64_t last = query(directory, "select max(number) from events");
        assert_true(last >= written && last <= written + 1); /* one may be written and not told */
        /* Whole transactions: as many messages as events, the alert as of the last of them. */
        assert_int_equal(query(directory, "select count(*) from outbox"), last);
        assert_int_equal(
            query(directory, "select count(distinct json_extract(body, '$.number')) from outbox"), last);
        assert_int_equal(query(directory, "select transitions from alerts"), last);
        next = last + 1;
    }
    directory_remove(directory);
}

/* ---- A disk that is full ---- */

struct full {
    char directory[DIRECTORY_PATH];
    struct loop *loop;
    struct state *state;
    int written, refused, rows;
};

static void see_commit(void *ctx, bool written)
{
    struct full *f = ctx;
    *(written ? &f->written : &f->refused) += 1;
    loop_stop(f->loop);
}

static void take_row(void *ctx, struct outbox_row *row)
{
    struct full *f = ctx;
    f->rows++;
    outbox_row_free(row);
}

static void put_big_message(struct full *f)
{
    char id[] = "a-1", key[] = "k", text[] = "t", body[100 * 1000];
    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    struct message m = {
        .id = id, .webhook = "ops", .order_key = key, .body = body, .text = text, .made_s = loop_wall_s()};
    state_put_message(f->state, &m);
    state_commit(f->state, see_commit, f);
    int before = f->written + f->refused;
    while (f->written + f->refused == before)
        loop_run(f->loop);
}

static void put_big_messages(struct full *f, int n)
{
    for (int i = 0; i < n; i++)
        put_big_message(f);
}

/* A larger file than BYTES is refused to this process, as by a disk that is full. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void see_timer(void *ctx)
{
    loop_stop(ctx);
}

/* Turns the loop until the disk took all; false if it never does. */
static bool heals(struct full *f)
{
    struct loop_timer *t = loop_timer_new(f->loop, see_timer, f->loop);
    loop_timer_start(t, 0.05, 0.05);
    for (int i = 0; i < 400 && state_trouble(f->state) != NULL; i++)
        loop_run(f->loop);
    loop_timer_free(t);
    return state_trouble(f->state) == NULL;
}

static bool open_state(struct full *f)
{
    bool held = true;
    f->state = state_open(f->loop, f->directory, &held, NULL);
    if (f->state == NULL || held)
        return false;
    state_on_outbox(f->state, take_row, f);
    return true;
}

static int begin(void **state)
{
    struct full *f = calloc(1, sizeof(*f));
    f->loop = loop_new();
    *state = f;
    return directory_new(f->directory) ? 0 : -1;
}

static int end(void **state)
{
    struct full *f = *state;
    limit_files(RLIM_INFINITY);
    state_close(f->state, 5);
    bool ended = loop_free(f->loop);
    directory_remove(f->directory);
    free(f);
    return ended ? 0 : -1;
}

/* Nothing is left to write. */
static int64_t close_and_count(struct full *f, const char *table)
{
    char sql[60];
    snprintf(sql, sizeof(sql), "select count(*) from %s", table);
    state_close(f->state, 5);
    f->state = NULL;
    return query(f->directory, sql);
}

static void a_full_disk_is_told_stops_no_message_and_heals(void **state)
{
    struct full *f = *state;
    assert_true(open_state(f));
    put_big_message(f);
    assert_int_equal(f->written, 1);
    assert_null(state_trouble(f->state));

    limit_files(256 * 1024); /* the log of the file may not grow any more */
    put_big_messages(f, 4);
    assert_true(f->refused >= 2);
    assert_int_equal(f->rows, 5); /* each went out though it is not kept */
    assert_non_null(strstr(state_trouble(f->state), "state.db"));

    limit_files(RLIM_INFINITY);
    assert_true(heals(f));
    assert_int_equal(f->rows, 5); /* none a second time */
    assert_int_equal(close_and_count(f, "outbox"), 5);
}

static void a_disk_that_is_full_at_the_beginning_is_told_and_heals(void **state)
{
    struct full *f = *state;
    limit_files(0);
    assert_true(open_state(f));
    assert_non_null(strstr(state_trouble(f->state), "state.db")); /* before anything is written */
    put_big_messages(f, 3);
    assert_int_equal(f->rows, 3);
    assert_int_equal(f->written, 0);
    limit_files(RLIM_INFINITY);
    assert_true(heals(f));
    assert_int_equal(f->rows, 3);
    assert_int_equal(close_and_count(f, "outbox"), 3);
}

static void what_was_kept_is_read_from_a_disk_that_has_become_full(void **state)
{
    struct full *f = *state;
    assert_true(open_state(f));
    put_big_message(f);
    state_close(f->state, 5);
    f->rows = 0;
    limit_files(0);
    assert_true(open_state(f));
    assert_null(state_notice(f->state)); /* not taken for a damaged one */
    assert_int_equal(f->rows, 1);
    put_big_message(f);
    assert_int_equal(f->rows, 2);
    assert_non_null(state_trouble(f->state));
    limit_files(RLIM_INFINITY);
    assert_true(heals(f));
    assert_int_equal(close_and_count(f, "outbox"), 2);
}

static void what_a_full_disk_keeps_in_memory_is_bounded(void **state)
{
    struct full *f = *state;
    char json[100 * 1000];
    memset(json, 'x', sizeof(json) - 1);
    json[sizeof(json) - 1] = '\0';
    assert_true(open_state(f));
    put_big_message(f);
    limit_files(256 * 1024);
    for (int i = 0; i < 400; i++) { /* 40 MB of contexts */
        state_put_context(f->state, i, "0123456789abcdef", json);
        if (i % 20 == 19)
            put_big_message(f);
    }
    assert_non_null(strstr(state_trouble(f->state), "given up"));
    limit_files(RLIM_INFINITY);
    assert_true(heals(f));
    assert_true(query(f->directory, "select count(*) from contexts") < 250);
    assert_int_equal(close_and_count(f, "outbox"), 21); /* no message was */
}

/* ---- A small file system of the test's own ---- */

/* Exit codes of a process that has one. */
enum { HEALED = 0, CANNOT_MOUNT = 77 };

static bool mount_small(const char *directory, const char *size)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", 0, size) == 0;
}

static bool mount_larger(const char *directory)
{
    return mount("tmpfs", directory, "tmpfs", MS_REMOUNT, "size=20m") == 0;
}

static void fill(const char *directory)
{
    char path[100], block[4096] = "";
    snprintf(path, sizeof(path), "%s/filler", directory);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(fd, block, sizeof(block)) > 0)
        ;
    close(fd);
}

static int write_until_full(struct full *f)
{
    if (!mount_small(f->directory, "size=600k"))
        return CANNOT_MOUNT;
    if (!open_state(f))
        return 1;
    put_big_messages(f, 20);
    if (f->refused == 0 || f->rows != 20 || state_trouble(f->state) == NULL)
        return 2;
    if (!mount_larger(f->directory))
        return 3;
    return heals(f) && close_and_count(f, "outbox") == 20 ? HEALED : 4;
}

static int begin_on_full(struct full *f)
{
    if (!mount_small(f->directory, "size=100k"))
        return CANNOT_MOUNT;
    fill(f->directory);
    if (!open_state(f))
        return 1;
    if (state_trouble(f->state) == NULL || strstr(state_trouble(f->state), "state.db") == NULL)
        return 2;
    put_big_messages(f, 3);
    if (f->rows != 3 || f->written != 0)
        return 3;
    if (!mount_larger(f->directory))
        return CANNOT_MOUNT;
    return heals(f) && close_and_count(f, "outbox") == 3 ? HEALED : 4;
}

static void expect_healing(int (*child)(struct full *f))
{
    char directory[DIRECTORY_PATH];
    assert_true(directory_new(directory));
    pid_t pid = fork();
    if (pid == 0) {
        struct full f = {.loop = loop_new()};
        memcpy(f.directory, directory, sizeof(directory));
        _exit(child(&f));
    }
    int status = -1;
    waitpid(pid, &status, 0);
    directory_remove(directory);
    assert_true(WIFEXITED(status)); /* no SIGBUS of what SQLite maps */
    if (WEXITSTATUS(status) == CANNOT_MOUNT)
        skip(); /* not root */
    assert_int_equal(WEXITSTATUS(status), HEALED);
}

static void a_full_file_system_is_told_and_heals(void **state)
{
    (void)state;
    expect_healing(write_until_full);
}

static void on_a_file_system_that_is_full_from_the_beginning_it_watches_and_heals(void **state)
{
    (void)state;
    expect_healing(begin_on_full);
}

/* ---- A disk that hangs ---- */

static atomic_bool hangs;

/* In place of the C library's, as SQLite calls it. */
int fdatasync(int fd)
{
    (void)fd;
    while (atomic_load(&hangs))
        usleep(1000);
    return 0;
}

static void messages_go_out_though_the_disk_hangs(void **state)
{
    struct full *f = *state;
    assert_true(open_state(f));
    atomic_store(&hangs, true);
    put_big_message(f);
    assert_int_equal(f->refused, 1);
    assert_int_equal(f->rows, 1);
    assert_non_null(strstr(state_trouble(f->state), "does not answer"));
    atomic_store(&hangs, false);
    assert_true(heals(f));
    assert_int_equal(f->rows, 1); /* not a second time */
    assert_int_equal(close_and_count(f, "outbox"), 1);
}

static void what_the_disk_did_not_take_before_the_end_is_counted(void **state)
{
    struct full *f = *state;
    char name[] = "a";
    assert_true(open_state(f));
    put_big_message(f);
    limit_files(256 * 1024);
    put_big_messages(f, 2);
    assert_true(f->refused > 0);
    struct alert alert = {.rule = name, .target = name, .key = name, .value = NAN};
    struct event e = {.alert = &alert, .transition = {.number = 1}};
    state_put_event(f->state, &e);
    struct state_lost lost = state_close(f->state, 5);
    f->state = NULL;
    assert_int_equal(lost.transitions, 1);
    assert_true(lost.others > 1); /* the alert as it was then, messages */
}

#define ON_DISK(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_50_kills_each_written_event_is_there_with_its_message),
        ON_DISK(a_full_disk_is_told_stops_no_message_and_heals),
        ON_DISK(a_disk_that_is_full_at_the_beginning_is_told_and_heals),
        ON_DISK(what_was_kept_is_read_from_a_disk_that_has_become_full),
        ON_DISK(what_a_full_disk_keeps_in_memory_is_bounded),
        cmocka_unit_test(a_full_file_system_is_told_and_heals),
        cmocka_unit_test(on_a_file_system_that_is_full_from_the_beginning_it_watches_and_heals),
        ON_DISK(what_the_disk_did_not_take_before_the_end_is_counted),
        ON_DISK(messages_go_out_though_the_disk_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
