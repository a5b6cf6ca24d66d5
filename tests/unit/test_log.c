/* The log: one line an event, whatever stands in it. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "tests/unit/test.h"

static char *logged(enum log_format format, enum log_level level, const char *event,
                    const struct log_pair *pairs)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    struct log *l = log_new(f, format, LOG_INFO);
    log_line(l, level, event, pairs);
    log_free(l);
    fclose(f);
    return text;
}

static void expect_end(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);
    assert_true(len >= n);
    assert_string_equal(text + len - n, end);
}

static void logfmt_quotes_what_needs_it(void **state)
{
    (void)state;
    const struct log_pair pairs[] = {
        {"target", "shop"}, {"error", "he said \"no\" \\ a=b"}, {"empty", ""}, {"none", NULL}, {NULL, NULL}};
    char *text = logged(LOG_LOGFMT, LOG_WARNING, "target down", pairs);
    expect_end(text, " level=warning event=\"target down\" target=shop error=\"he said \\\"no\\\" \\\\ a=b\" "
                     "empty=\"\"\n");
    assert_int_equal(strncmp(text, "time=20", 7), 0);
    free(text);
}

static void json_is_json(void **state)
{
    (void)state;
    const struct log_pair pairs[] = {{"error", "a \"b\" \\ c"}, {NULL, NULL}};
    char *text = logged(LOG_JSON, LOG_ERROR, "down", pairs);
    expect_end(text, ",\"level\":\"error\",\"event\":\"down\",\"error\":\"a \\\"b\\\" \\\\ c\"}\n");
    free(text);
}

static void a_value_never_makes_a_second_line(void **state)
{
    (void)state;
    const struct log_pair pairs[] = {{"error", "one\ntwo\r\x1b[31mred\xff"}, {NULL, NULL}};
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
        char *text = logged((enum log_format)format, LOG_INFO, "x\ny", pairs);
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        assert_null(strchr(text, '\x1b'));
        free(text);
    }
}

static void what_is_too_long_is_cut_or_left_out_and_the_line_is_whole(void **state)
{
    (void)state;
    char long_text[5000];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    const struct log_pair pairs[] = {{"a", "1"}, {"long", long_text}, {"b", "2"}, {NULL, NULL}};
    char *text = logged(LOG_JSON, LOG_INFO, long_text, pairs);
    assert_true(strlen(text) <= PIPE_BUF);
    expect_end(text, "\"a\":\"1\",\"b\":\"2\"}\n");
    free(text);
}

static void what_is_below_the_level_is_left_out(void **state)
{
    (void)state;
    char *text = logged(LOG_LOGFMT, LOG_DEBUG, "x", NULL);
    assert_string_equal(text, "");
    free(text);
}

/* Fills a pipe that nobody reads; the lines that come meanwhile are counted, not waited for. */
static void a_reader_that_hangs_loses_lines_and_stops_nobody(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    FILE *f = fdopen(ends[1], "w");
    struct log *l = log_new(f, LOG_LOGFMT, LOG_INFO);
    for (int i = 0; i < 5000; i++)
        log_line(l, LOG_INFO, "a line of some length that fills the pipe in the end", NULL);
    static char taken[1 << 20];
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    while (read(ends[0], taken, sizeof(taken)) > 0)
        ;
    log_line(l, LOG_INFO, "after", NULL);
    ssize_t n = read(ends[0], taken, sizeof(taken) - 1);
    assert_true(n > 0);
    taken[n] = '\0';
    assert_non_null(strstr(taken, "lines of the log were lost: nobody took them\" lines="));
    expect_end(taken, "event=after\n");
    log_free(l);
    fclose(f);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logfmt_quotes_what_needs_it),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(a_value_never_makes_a_second_line),
        cmocka_unit_test(what_is_too_long_is_cut_or_left_out_and_the_line_is_whole),
        cmocka_unit_test(what_is_below_the_level_is_left_out),
        cmocka_unit_test(a_reader_that_hangs_loses_lines_and_stops_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
