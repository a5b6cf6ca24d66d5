/* What the state was given is there again after any end; a disk that refuses, another process, a file of
 * garbage are told. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/state.h"
#include "tests/unit/directory.h"
#include "tests/unit/notices.h"

struct bench {
    char directory[DIRECTORY_PATH];
    struct loop *loop;
    struct state *state;
    struct notices n;
    int written, refused; /* commits, as told */
    struct outbox_row *rows[100];
    int n_rows;
    int n_resent;
    bool found;
};

static int begin(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));
    b->loop = loop_new();
    notices_init(&b->n);
    *state = b;
    return directory_new(b->directory) ? 0 : -1;
}

static void forget_rows(struct bench *b)
{
    for (int i = 0; i < b->n_rows; i++)
        outbox_row_free(b->rows[i]);
    b->n_rows = 0;
}

static int end(void **state)
{
    struct bench *b = *state;
    state_close(b->state, 5);
    forget_rows(b);
    notices_done(&b->n);
    bool ended = loop_free(b->loop);
    directory_remove(b->directory);
    free(b);
    return ended ? 0 : -1;
}

static void take_row(void *ctx, struct outbox_row *row)
{
    struct bench *b = ctx;
    assert_true(b->n_rows < 100);
    b->rows[b->n_rows++] = row;
}

static void open_state(struct bench *b)
{
    struct err err = {""};
    bool held = false;
    b->state = state_open(b->loop, b->directory, &held, &err);
    if (b->state == NULL)
        fail_msg("%s", err.text);
    assert_false(held);
}

/* As after a new start: another book, filled from the file. */
static void reopen(struct bench *b)
{
    struct err err = {""};
    state_close(b->state, 5);
    forget_rows(b);
    notices_done(&b->n);
    notices_init(&b->n);
    open_state(b);
    if (!state_load(b->state, b->n.book, b->n.notify, &err))
        fail_msg("%s", err.text);
    state_on_outbox(b->state, take_row, b);
}

static void see_commit(void *ctx, bool written)
{
    struct bench *b = ctx;
    *(written ? &b->written : &b->refused) += 1;
    loop_stop(b->loop);
}

static void commit(struct bench *b)
{
    int before = b->written + b->refused;
    state_commit(b->state, see_commit, b);
    while (b->written + b->refused == before)
        loop_run(b->loop);
}

static struct message message(char *id)
{
    static char order_key[] = "a b", body[] = "{}", text[] = "CRITICAL shop: a";
    return (struct message){
        .id = id, .webhook = "ops", .order_key = order_key, .body = body, .text = text, .made_s = 100};
}

static void put_message(struct bench *b, const char *id)
{
    char copy[40];
    snprintf(copy, sizeof(copy), "%s", id);
    struct message m = message(copy);
    state_put_message(b->state, &m);
}

static struct alert *full_alert(struct bench *b)
{
    struct alert *a = book_restore(b->n.book, "lag", "shop", "replica=r1");
    a->state = (struct alert_state){.phase = PHASE_FIRING,
                                    .level = LEVEL_WARNING,
                                    .rising = LEVEL_CRITICAL,
                                    .held_s = {NAN, NAN, 12.5, 7.25},
                                    .history = 0xfffff,
                                    .n_history = 20,
                                    .flapping = true,
                                    .no_data = true,
                                    .transitions = INT64_C(1) << 40,
                                    .active_at = 1.5,
                                    .fired_at = 2.5,
                                    .resolved_at = NAN,
                                    .changed_at = 3.5};
    a->value = 0.1 + 0.2;
    a->value_text = strdup("93 s");
    a->summary = strdup("it's behind");
    a->title = strdup("");
    a->evidence = strdup("{\"a\":\"\xc3\xa4\"}");
    a->count = 7;
    a->reason = REASON_FLOOR;
    a->ack.by = strdup("eva");
    a->ack.at_s = 4.5;
    a->ack.until_s = NAN;
    a->snapshot = 9;
    return a;
}

static void an_alert_comes_back_as_it_was(void **state)
{
    struct bench *b = *state;
    open_state(b);
    struct alert *a = full_alert(b);
    char id[17];
    memcpy(id, a->id, sizeof(id));
    state_put_alert(b->state, a);
    commit(b);
    reopen(b);
    const struct alert *c = book_find(b->n.book, id);
    assert_non_null(c);
    const struct alert_state *s = &c->state;
    assert_true(s->phase == PHASE_FIRING && s->level == LEVEL_WARNING && s->rising == LEVEL_CRITICAL);
    assert_true(isnan(s->held_s[LEVEL_NONE]) && isnan(s->held_s[LEVEL_INFO]));
    assert_true(s->held_s[LEVEL_WARNING] == 12.5 && s->held_s[LEVEL_CRITICAL] == 7.25);
    assert_true(s->history == 0xfffff && s->n_history == 20 && s->flapping && s->no_data);
    assert_true(s->transitions == INT64_C(1) << 40);
    assert_true(s->active_at == 1.5 && s->fired_at == 2.5 && isnan(s->resolved_at) && s->changed_at == 3.5);
    assert_true(c->value == 0.1 + 0.2 && c->count == 7 && c->snapshot == 9 && c->restored);
    assert_int_equal(c->reason, REASON_FLOOR);
    assert_string_equal(c->summary, "it's behind");
    assert_string_equal(c->title, "");
    assert_string_equal(c->evidence, "{\"a\":\"\xc3\xa4\"}");
    assert_null(c->action);
    assert_string_equal(c->ack.by, "eva");
    assert_null(c->ack.comment);
    assert_true(c->ack.at_s == 4.5 && isnan(c->ack.until_s));
}

/* After each evaluation, of which most find what the one before found. */
static void of_the_alerts_of_a_rule_only_what_changed_is_put(void **state)
{
    struct bench *b = *state;
    struct rule list[] = {{.name = "lag"}, {.name = "other"}};
    struct rules rules = {.list = list, .n = 2};
    struct book *book = book_new(&rules);
    open_state(b);
    struct alert *one = book_restore(book, "lag", "shop", "a"), *two = book_restore(book, "lag", "shop", "b");
    alert_state_init(&book_restore(book, "other", "shop", "")->state);
    alert_state_init(&one->state);
    alert_state_init(&two->state);
    assert_int_equal(state_put_rule(b->state, book, &list[0]), 2);
    assert_int_equal(state_put_rule(b->state, book, &list[0]), 0);
    assert_int_equal(state_put_rule(b->state, book, &list[1]), 1);
    two->state.held_s[LEVEL_WARNING] = 15;
    assert_int_equal(state_put_rule(b->state, book, &list[0]), 1);
    one->snapshot = 7;
    state_put_alert(b->state, one); /* as it happens between two evaluations */
    assert_int_equal(state_put_rule(b->state, book, &list[0]), 0);
    one->snapshot = 0;
    assert_int_equal(state_put_rule(b->state, book, &list[0]), 1); /* though it is as it was before */
    book_free(book);
}

static void silences_numbers_and_what_was_told_come_back(void **state)
{
    struct bench *b = *state;
    open_state(b);
    struct alert *a = full_alert(b);
    struct notified told = {
        .webhook = "ops", .level = LEVEL_WARNING, .number = 5, .repeats = 2, .since_s = 600, .acked = true};
    memcpy(told.alert_id, a->id, sizeof(told.alert_id));
    char target[] = "sh*", by[] = "eva";
    struct silence silence = {.id = 12, .target = target, .by = by, .from_s = 1, .until_s = 1e10};
    state_put_alert(b->state, a);
    state_put_notified(b->state, &told);
    state_put_silence(b->state, &silence);
    commit(b);
    reopen(b);
    assert_int_equal(book_silences(b->n.book), 1);
    const struct silence *s = book_silence_at(b->n.book, 0);
    assert_true(s->id == 12 && s->until_s == 1e10 && s->rule == NULL);
    assert_string_equal(s->target, "sh*");
    assert_int_equal(notify_count(b->n.notify), 1);
    const struct notified *n = notify_at(b->n.notify, 0);
    assert_string_equal(n->webhook, "ops");
    assert_true(n->level == LEVEL_WARNING && n->number == 5 && n->repeats == 2 && n->since_s == 600 &&
                n->acked);
    told.level = LEVEL_NONE; /* told that it ended: nothing to remember */
    state_put_notified(b->state, &told);
    state_drop_alert(b->state, book_alert(b->n.book, 0), 77);
    commit(b);
    reopen(b);
    assert_int_equal(notify_count(b->n.notify), 0);
    assert_int_equal(book_alerts(b->n.book), 0);
    assert_int_equal(book_number(b->n.book), 77);
}

static void what_waited_to_be_told_is_told_after_a_restart_with_the_same_ids(void **state)
{
    struct bench *b = *state;
    open_state(b);
    b->n.wall_s = loop_wall_s();
    notices_fire(&b->n, "lag", "shop", LEVEL_CRITICAL);
    notices_pass(&b->n, 16);
    /* It ends, begins again, and the process dies before the group was told. */
    notices_alert(&b->n, "lag", "shop")->value = 12;
    struct event ended = notices_change(&b->n, "lag", "shop", CHANGE_RESOLVED, LEVEL_NONE);
    state_put_event(b->state, &ended);
    notices_alert(&b->n, "lag", "shop")->value = 99;
    struct event again = notices_change(&b->n, "lag", "shop", CHANGE_FIRED, LEVEL_CRITICAL);
    state_put_event(b->state, &again);
    notify_tick(b->n.notify, 1, b->n.wall_s, notices_log, &b->n);
    state_put_alert(b->state, notices_alert(&b->n, "lag", "shop"));
    state_put_notified(b->state, notify_at(b->n.notify, 0));
    commit(b);
    reopen(b);
    assert_string_equal(notices_pass(&b->n, 1), "ops alert.group: lag#2 lag#3\n");
    const char *end = strstr(b->n.body, "\"value\":12"); /* each as it was then */
    assert_true(end != NULL && strstr(end, "\"value\":99") != NULL);
}

static void see_resent(void *ctx, bool found)
{
    struct bench *b = ctx;
    b->found = found;
    b->n_resent++;
    loop_stop(b->loop);
}

static bool resend(struct bench *b, int64_t number)
{
    int before = b->n_resent;
    state_resend(b->state, number, see_resent, b);
    while (b->n_resent == before)
        loop_run(b->loop);
    return b->found;
}

static void a_dead_letter_is_sent_again_with_its_id(void **state)
{
    struct bench *b = *state;
    open_state(b);
    state_on_outbox(b->state, take_row, b);
    put_message(b, "a-1");
    put_message(b, "a-2");
    commit(b);
    int64_t dead = b->rows[0]->number, waits = b->rows[1]->number;
    assert_false(resend(b, dead)); /* it is not dead yet */
    state_put_attempt(b->state, dead, DELIVERY_DEAD, 400, "bad", 3, 101);
    commit(b);
    assert_true(resend(b, dead));
    commit(b);
    assert_int_equal(b->n_rows, 3);
    assert_string_equal(b->rows[2]->message_id, "a-1");
    assert_string_equal(b->rows[2]->body, b->rows[0]->body);
    assert_int_equal(b->rows[2]->attempts, 0);
    assert_true(b->rows[2]->number > waits); /* behind what waits */
    assert_false(resend(b, dead));           /* it is no dead letter any more */
    reopen(b);
    assert_int_equal(b->n_rows, 2); /* nor was it forgotten */
    assert_string_equal(b->rows[1]->message_id, "a-1");
}

static void a_dead_letter_asked_for_twice_at_once_is_sent_again_once(void **state)
{
    struct bench *b = *state;
    open_state(b);
    state_on_outbox(b->state, take_row, b);
    put_message(b, "a-1");
    commit(b);
    int64_t dead = b->rows[0]->number;
    state_put_attempt(b->state, dead, DELIVERY_DEAD, 400, "bad", 3, 101);
    commit(b);
    state_resend(b->state, dead, NULL, NULL);
    assert_false(resend(b, dead));
    commit(b);
    assert_int_equal(b->n_rows, 2);
}

static void messages_are_given_out_once_they_are_written_and_again_after_a_restart(void **state)
{
    struct bench *b = *state;
    open_state(b);
    state_on_outbox(b->state, take_row, b);
    put_message(b, "a-1");
    put_message(b, "a-2");
    assert_int_equal(b->n_rows, 0);
    commit(b);
    assert_int_equal(b->n_rows, 2);
    assert_string_equal(b->rows[0]->message_id, "a-1");
    state_put_attempt(b->state, b->rows[0]->number, DELIVERY_DONE, 200, "ok", 3, 101);
    state_put_attempt(b->state, b->rows[1]->number, DELIVERY_RETRY, 500, "no", 3, 101);
    put_message(b, "a-3");
    commit(b);
    int64_t last = b->rows[2]->number;
    state_put_attempt(b->state, b->rows[2]->number, DELIVERY_DEAD, 400, "bad", 3, 102);
    commit(b);
    reopen(b);
    assert_int_equal(b->n_rows, 1);
    assert_string_equal(b->rows[0]->message_id, "a-2");
    assert_string_equal(b->rows[0]->order_key, "a b");
    assert_int_equal(b->rows[0]->attempts, 1);
    assert_true(b->rows[0]->made_s == 100);
    put_message(b, "a-4");
    commit(b);
    assert_true(b->rows[1]->number > last); /* never twice */
}

static const char *text_in(const struct sample *s, const char *column, int row)
{
    return s->values[dataset_column(s->dataset, column)].text[row];
}

static void deliveries_show_each_attempt_and_answer(void **state)
{
    struct bench *b = *state;
    open_state(b);
    state_on_outbox(b->state, take_row, b);
    put_message(b, "a-1");
    commit(b);
    put_message(b, "a-2");
    commit(b);
    state_put_attempt(b->state, b->rows[0]->number, DELIVERY_RETRY, 500, "boom", 3, 101);
    state_put_attempt(b->state, b->rows[0]->number, DELIVERY_DONE, 200, "ok", 4, 102);
    commit(b);
    for (int run = 0; run < 2; run++) {
        struct sample *s = state_deliveries_sample(b->state, "shop", 1, 2);
        assert_int_equal(s->n_rows, 3);
        assert_string_equal(text_in(s, "outcome", 0), run == 0 ? "delivered" : "waiting");
        int delivered = run == 0 ? 0 : 1, retried = 2, waiting = run == 0 ? 1 : 0;
        assert_string_equal(text_in(s, "outcome", waiting), "waiting");
        assert_string_equal(text_in(s, "message_id", waiting), "a-2");
        assert_string_equal(text_in(s, "outcome", delivered), "delivered");
        assert_string_equal(text_in(s, "outcome", retried), "retry");
        assert_string_equal(text_in(s, "detail", retried), "boom");
        assert_string_equal(text_in(s, "text", retried), "CRITICAL shop: a");
        for (int row = 0; row < 3; row++) /* a message of several is found from each of them */
            assert_string_equal(text_in(s, "alert_ids", row), "a b");
        sample_unref(s);
        reopen(b);
    }
}

static void only_the_owner_may_read_it(void **state)
{
    struct bench *b = *state;
    char nested[96], path[128];
    snprintf(nested, sizeof(nested), "%s/deep/er", b->directory);
    mode_t before = umask(0);
    bool held;
    struct err err = {""};
    b->state = state_open(b->loop, nested, &held, &err);
    umask(before);
    assert_non_null(b->state);
    put_message(b, "a-1");
    commit(b);
    struct stat st;
    assert_int_equal(stat(nested, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    static const char *const names[] = {"state.db", "state.db-wal", "lock"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", nested, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    state_close(b->state, 5);
    b->state = NULL;
    directory_remove(nested);
    snprintf(nested, sizeof(nested), "%s/deep", b->directory);
    directory_remove(nested);
}

static void without_a_directory_it_lives_in_memory(void **state)
{
    struct bench *b = *state;
    bool held;
    b->state = state_open(b->loop, NULL, &held, NULL);
    state_on_outbox(b->state, take_row, b);
    put_message(b, "a-1");
    commit(b);
    assert_int_equal(b->written, 1);
    assert_int_equal(b->n_rows, 1);
    assert_null(state_trouble(b->state));
}

static void a_second_process_is_told_that_it_is_held(void **state)
{
    struct bench *b = *state;
    open_state(b);
    pid_t child = fork();
    if (child == 0) {
        bool held = false;
        struct err err = {""};
        struct state *s = state_open(loop_new(), b->directory, &held, &err);
        _exit(s == NULL && held && strstr(err.text, "in use") != NULL ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    state_close(b->state, 5);
    open_state(b); /* and free again */
}

static void write_file(const char *directory, const char *name, const char *text, size_t len)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, text, len), len);
    close(fd);
}

static int count_files(const char *directory, const char *part)
{
    DIR *d = opendir(directory);
    int n = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strstr(e->d_name, part) != NULL;
    closedir(d);
    return n;
}

static void a_file_of_garbage_is_put_aside_and_told(void **state)
{
    struct bench *b = *state;
    char garbage[20000];
    memset(garbage, 'x', sizeof(garbage));
    write_file(b->directory, "state.db", garbage, sizeof(garbage));
    open_state(b);
    assert_non_null(strstr(state_notice(b->state), "damaged"));
    assert_int_equal(count_files(b->directory, "state.db.damaged-"), 1);
    put_message(b, "a-1");
    commit(b);
    assert_int_equal(b->written, 1);
    reopen(b);
    assert_null(state_notice(b->state));
    assert_int_equal(b->n_rows, 1);
}

static void a_file_damaged_in_the_middle_is_put_aside_too(void **state)
{
    struct bench *b = *state;
    open_state(b);
    for (int i = 0; i < 90; i++)
        put_message(b, "a-1");
    commit(b);
    state_close(b->state, 5);
    char path[128], garbage[4096 * 3];
    memset(garbage, 0x5a, sizeof(garbage));
    snprintf(path, sizeof(path), "%s/state.db", b->directory);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, garbage, sizeof(garbage), 4096), sizeof(garbage));
    close(fd);
    open_state(b);
    assert_non_null(state_notice(b->state));
    assert_int_equal(count_files(b->directory, ".damaged-"), 1);
}

/* The event id of the first transition of an alert of this file. */
static char *first_event_id(struct bench *b)
{
    notices_fire(&b->n, "lag", "shop", LEVEL_CRITICAL);
    notices_pass(&b->n, 16);
    const char *at = strstr(b->n.body, "\"event_id\":\"");
    assert_non_null(at);
    at += strlen("\"event_id\":\"");
    return strndup(at, strcspn(at, "\""));
}

static void an_event_id_is_not_used_again_after_the_file_is_lost_and_is_the_same_while_it_is_not(void **state)
{
    struct bench *b = *state;
    open_state(b);
    reopen(b);
    char *first = first_event_id(b);
    reopen(b); /* without what was told: the same transition again */
    char *again = first_event_id(b);
    assert_string_equal(again, first);
    assert_string_equal(strrchr(first, '-'), "-1");
    state_close(b->state, 5);
    b->state = NULL;
    write_file(b->directory, "state.db", "garbage", 7);
    open_state(b);
    assert_non_null(state_notice(b->state));
    reopen(b);
    char *after = first_event_id(b);
    assert_string_equal(strrchr(after, '-'), "-1");
    assert_string_not_equal(after, first);
    free(first);
    free(again);
    free(after);
}

/* Runs SQL on the file while nobody has it open. */
static void change_file(struct bench *b, const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    state_close(b->state, 5);
    b->state = NULL;
    snprintf(path, sizeof(path), "%s/state.db", b->directory);
    sqlite3_open(path, &db);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_file_of_the_version_before_is_read_and_written(void **state)
{
    struct bench *b = *state;
    open_state(b);
    put_message(b, "a-1");
    commit(b);
    change_file(b, "alter table deliveries drop column alerts; delete from numbers; pragma user_version = 1");
    open_state(b);
    reopen(b);
    assert_int_equal(b->n_rows, 1);
    state_put_attempt(b->state, b->rows[0]->number, DELIVERY_DONE, 200, "ok", 4, 102);
    commit(b);
    assert_int_equal(b->refused, 0);
    char *id = first_event_id(b);
    assert_int_equal(strlen(id), 16 + 2); /* as that version made them */
    free(id);
}

static void numbers_that_no_program_wrote_do_no_harm(void **state)
{
    struct bench *b = *state;
    open_state(b);
    struct alert *a = full_alert(b);
    char id[17];
    memcpy(id, a->id, sizeof(id));
    state_put_alert(b->state, a);
    commit(b);
    change_file(b, "update alerts set phase = 77, level = -3, rising = 4, n_history = 1000000, reason = 99,"
                   " transitions = 9223372036854775807;"
                   "insert into notified values('a', 'ops', 9, 1, 0, 0, 1, 0, 0, 0);"
                   "insert into deliveries(number, attempt, webhook, outcome) values(1, 1, 'ops', 12)");
    open_state(b);
    reopen(b);
    const struct alert_state *s = &book_find(b->n.book, id)->state;
    assert_string_equal(phase_name(s->phase), "ok");
    assert_string_equal(level_name(s->level), "ok");
    assert_true(s->rising == LEVEL_NONE && s->n_history == 0 && s->transitions == 0);
    assert_string_equal(reason_name(book_find(b->n.book, id)->reason), reason_name(REASON_NONE));
    assert_true(notify_at(b->n.notify, 0)->level == LEVEL_NONE);
    sample_unref(state_deliveries_sample(b->state, "shop", 1, 2));
}

/* Whoever made the file: newer, or older though it has our number. */
static void a_file_of_another_version_is_put_aside_whole_and_told(void **state)
{
    struct bench *b = *state;
    static const char *const changes[] = {"pragma user_version = 99", "alter table alerts drop column ack_by",
                                          "alter table outbox add column later text", "drop table moments",
                                          "pragma user_version = 0"};
    open_state(b);
    for (int i = 0; i < 5; i++) {
        put_message(b, "a-1");
        commit(b);
        change_file(b, changes[i]);
        forget_rows(b);
        open_state(b);
        assert_int_equal(b->n_rows, 0);
        assert_non_null(strstr(state_notice(b->state), "another version"));
        assert_true(count_files(b->directory, "state.db.version-") > 0);
        put_message(b, "a-2");
        commit(b);
        reopen(b);
        assert_null(state_notice(b->state));
        assert_int_equal(b->n_rows, 1);
        assert_string_equal(b->rows[0]->message_id, "a-2");
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_alert_comes_back_as_it_was),
        TEST(of_the_alerts_of_a_rule_only_what_changed_is_put),
        TEST(silences_numbers_and_what_was_told_come_back),
        TEST(what_waited_to_be_told_is_told_after_a_restart_with_the_same_ids),
        TEST(a_dead_letter_is_sent_again_with_its_id),
        TEST(a_dead_letter_asked_for_twice_at_once_is_sent_again_once),
        TEST(messages_are_given_out_once_they_are_written_and_again_after_a_restart),
        TEST(deliveries_show_each_attempt_and_answer),
        TEST(only_the_owner_may_read_it),
        TEST(without_a_directory_it_lives_in_memory),
        TEST(a_second_process_is_told_that_it_is_held),
        TEST(a_file_of_garbage_is_put_aside_and_told),
        TEST(a_file_damaged_in_the_middle_is_put_aside_too),
        TEST(an_event_id_is_not_used_again_after_the_file_is_lost_and_is_the_same_while_it_is_not),
        TEST(a_file_of_the_version_before_is_read_and_written),
        TEST(numbers_that_no_program_wrote_do_no_harm),
        TEST(a_file_of_another_version_is_put_aside_whole_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
