/* The terminal: frames out when it takes them, keys in, stopped and resumed, always restored. */
#include "tui/terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/input.h"
#include "tui/painter.h"
#include "tui/restore.h"
#include "tui/tty.h"

enum { MOST_COPY = 74000, MOST_FRAME = 4 << 20, MOST_READS = 64 };

/* How often a driver that still holds output is asked again: it does not tell. */
static const double DRAIN_S = 0.01;

/* xterm's control sequences (ctlseqs): bracketed paste; buttons and drags (1002) in decimal coordinates
 * (1006). */
static const char paste_on[] = "\x1b[?2004h", paste_off[] = "\x1b[?2004l";
static const char mouse_on[] = "\x1b[?1002h\x1b[?1006h", mouse_off[] = "\x1b[?1006l\x1b[?1002l";
/* Synchronized output: the terminal shows what comes between at once, never half a frame. Those that do not know it ignore it. */
static const char frame_begin[] = "\x1b[?2026h", frame_end[] = "\x1b[?2026l";
/* Ends a sequence that was cut off in the middle; between sequences it does nothing. */
static const char string_end[] = "\x1b\\";

struct terminal {
    struct loop *loop;
    struct tty tty;
    struct painter *painter;
    struct input *input;
    struct loop_fd *watch;
    struct loop_timer *key_timer, *drain_timer;
    struct loop_signal *resized, *stopped, *continued;
    key_fn *fn;
    void *ctx;
    loop_fn *drained_fn;
    void *drained_ctx;
    bool frame_waits; /* a frame was refused: tell when one may be painted */
    bool reading;     /* keys are being given to fn */
    bool stop_wanted; /* Ctrl-Z was among them */
    bool mouse, has_mouse;
    bool has_private; /* it ignores sequences that it does not know, instead of showing them */
    int rows, columns;
};

static void watch(struct terminal *t)
{
    loop_fd_want(t->watch, !t->tty.gone, !tty_queue_empty(&t->tty));
}

/* A lost terminal ends the dashboard as a lost connection does, whoever noticed it first. */
static void hang_up(struct terminal *t)
{
    t->tty.gone = true;
    tty_drop(&t->tty);
    watch(t);
    kill(getpid(), SIGHUP);
}

static void flush(struct terminal *t)
{
    bool gone = t->tty.gone;
    tty_flush(&t->tty);
    if (t->tty.gone && !gone)
        hang_up(t);
    else
        watch(t);
}

static void send(struct terminal *t, const char *bytes)
{
    tty_send(&t->tty, bytes, strlen(bytes));
}

bool terminal_ready(const struct terminal *t)
{
    return tty_idle(&t->tty);
}

/* Tells that a frame may be painted, or sees to it that this is asked again. */
static void tell_drained(void *ctx)
{
    struct terminal *t = ctx;
    if (!t->frame_waits || t->tty.gone)
        return;
    if (!terminal_ready(t)) {
        if (tty_queue_empty(&t->tty))
            loop_timer_start(t->drain_timer, DRAIN_S, 0);
        return;
    }
    t->frame_waits = false;
    if (t->drained_fn != NULL)
        t->drained_fn(t->drained_ctx);
}

/* ---- Keys ---- */

static void take_key(void *ctx, const struct key *key)
{
    struct terminal *t = ctx;
    if (key->kind == KEY_CHAR && key->code == 'z' && key->control && !key->alt)
        t->stop_wanted = true;
    else
        t->fn(t->ctx, key);
}

static void tell_resize(struct terminal *t)
{
    struct key key = {.kind = KEY_RESIZE};
    t->fn(t->ctx, &key);
}

static void wait_for_rest(struct terminal *t)
{
    double wait_s = input_wait_s(t->input);
    if (wait_s > 0)
        loop_timer_start(t->key_timer, wait_s, 0);
    else
        loop_timer_stop(t->key_timer);
}

static void wait_is_over(void *ctx)
{
    struct terminal *t = ctx;
    input_wait_over(t->input);
    wait_for_rest(t);
}

static void stop(struct terminal *t, pid_t whom);

static void read_keys(struct terminal *t)
{
    char bytes[4096];
    bool lost = false;
    t->reading = true;
    for (int i = 0; i < MOST_READS; i++) {
        ssize_t n = read(t->tty.fd, bytes, sizeof(bytes));
        if (n > 0)
            input_feed(t->input, bytes, (size_t)n);
        lost = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
        if (n < (ssize_t)sizeof(bytes))
            break;
    }
    t->reading = false;
    input_skip(t->input, false);
    wait_for_rest(t);
    if (lost && !t->tty.gone)
        hang_up(t);
    if (t->stop_wanted)
        stop(t, 0);
}

void terminal_flush_input(struct terminal *t)
{
    input_skip(t->input, true);
    if (!t->reading) /* else read_keys goes on, and reads the rest so */
        read_keys(t);
}

static void polled(void *ctx, bool readable, bool writable)
{
    struct terminal *t = ctx;
    if (writable) {
        flush(t);
        if (tty_queue_empty(&t->tty))
            tell_drained(t);
    }
    if (readable)
        read_keys(t);
}

/* ---- Stopping and resuming ---- */

static void take_over(struct terminal *t)
{
    tty_raw(&t->tty);
    painter_suspend(t->painter);
    send(t, paste_on);
    if (t->mouse)
        send(t, mouse_on);
    flush(t);
}

static void resume(struct terminal *t)
{
    tty_size(&t->tty, &t->rows, &t->columns);
    painter_resize(t->painter, t->rows, t->columns);
    take_over(t);
    tell_resize(t);
}

/* Gives the terminal back and stops WHOM (0: the whole job, as the key does in other programs). It returns
 * when we are continued; at once if there is no shell that could continue us, since the system then ignores
 * the signal. */
static void stop(struct terminal *t, pid_t whom)
{
    t->stop_wanted = false;
    tty_drop(&t->tty);
    restore_now();
    struct sigaction standard = {.sa_handler = SIG_DFL}, on_tstp, on_cont;
    sigaction(SIGTSTP, &standard, &on_tstp);
    sigaction(SIGCONT, &standard, &on_cont); /* not twice: see on_continue */
    kill(whom, SIGTSTP);
    sigaction(SIGTSTP, &on_tstp, NULL);
    sigaction(SIGCONT, &on_cont, NULL);
    resume(t);
}

static void on_stop(void *ctx, int signal)
{
    (void)signal;
    stop(ctx, getpid());
}

/* After SIGSTOP, which cannot be seen coming, the shell may have used the terminal. Where it has not, the
 * alternate screen is entered twice, and where the cursor stood before the first time is lost; better that
 * than a screen that is not drawn. */
static void on_continue(void *ctx, int signal)
{
    (void)signal;
    resume(ctx);
}

static void on_resize(void *ctx, int signal)
{
    (void)signal;
    struct terminal *t = ctx;
    int rows, columns;
    tty_size(&t->tty, &rows, &columns);
    if (rows == t->rows && columns == t->columns)
        return;
    t->rows = rows;
    t->columns = columns;
    painter_resize(t->painter, rows, columns);
    tell_resize(t);
}

/* ---- Life ---- */

static void arm(struct terminal *t)
{
    struct text bytes;
    size_t len;
    text_init(&bytes, MOST_RESTORE_BYTES);
    text_add(&bytes, string_end);
    text_add(&bytes, t->has_private ? frame_end : "");
    text_add(&bytes, t->has_mouse ? mouse_off : "");
    text_add(&bytes, paste_off);
    const char *reset = painter_reset(t->painter, &len);
    text_add_n(&bytes, reset, len);
    restore_arm(t->tty.fd, &t->tty.saved, t->tty.flags, text_str(&bytes), bytes.len);
    text_done(&bytes);
}

static bool set_up(struct terminal *t, const struct terminal_options *options, struct err *err)
{
    if (!tty_init(&t->tty, err))
        return false;
    tty_size(&t->tty, &t->rows, &t->columns);
    t->painter = painter_new(t->rows, t->columns, options->no_color, err);
    if (t->painter == NULL)
        return false;
    const char *term = getenv("TERM");
    t->input = input_new(term, take_key, t, err);
    if (t->input == NULL)
        return false;
    t->watch = loop_fd_new(t->loop, t->tty.fd, polled, t);
    if (t->watch == NULL)
        return fail(err, "cannot draw: the terminal cannot be watched for keys");
    t->has_mouse = painter_has_mouse(t->painter);
    t->mouse = options->mouse && t->has_mouse;
    t->has_private = strcmp(term, "linux") != 0 && strncmp(term, "vt", 2) != 0;
    return true;
}

struct terminal *terminal_new(struct loop *loop, const struct terminal_options *options, key_fn *fn,
                              void *ctx, struct err *err)
{
    struct terminal *t = mem_new(sizeof(*t));
    t->loop = loop;
    t->fn = fn;
    t->ctx = ctx;
    if (!set_up(t, options, err)) {
        terminal_free(t);
        return NULL;
    }
    painter_set_theme(t->painter, options->theme);
    t->key_timer = loop_timer_new(loop, wait_is_over, t);
    t->drain_timer = loop_timer_new(loop, tell_drained, t);
    t->resized = loop_signal_new(loop, SIGWINCH, on_resize, t);
    t->stopped = loop_signal_new(loop, SIGTSTP, on_stop, t);
    t->continued = loop_signal_new(loop, SIGCONT, on_continue, t);
    arm(t);
    take_over(t);
    return t;
}

void terminal_free(struct terminal *t)
{
    if (t == NULL)
        return;
    if (!t->tty.gone)
        restore_now();
    restore_disarm();
    loop_signal_free(t->resized);
    loop_signal_free(t->stopped);
    loop_signal_free(t->continued);
    loop_timer_free(t->key_timer);
    loop_timer_free(t->drain_timer);
    loop_fd_free(t->watch);
    input_free(t->input);
    painter_free(t->painter);
    tty_done(&t->tty);
    free(t);
}

/* ---- What others ask for ---- */

void terminal_size(const struct terminal *t, int *rows, int *columns)
{
    *rows = t->rows;
    *columns = t->columns;
}

void terminal_paint(struct terminal *t, const struct canvas *c, int rows)
{
    if (!terminal_ready(t)) {
        t->frame_waits = true;
        tell_drained(t);
        return;
    }
    struct text frame;
    text_init(&frame, MOST_FRAME);
    painter_paint(t->painter, c, rows, &frame);
    bool whole = t->has_private && frame.len > 0;
    send(t, whole ? frame_begin : "");
    tty_send(&t->tty, text_str(&frame), frame.len);
    send(t, whole ? frame_end : "");
    text_done(&frame);
    flush(t);
}

void terminal_on_drained(struct terminal *t, loop_fn *fn, void *ctx)
{
    t->drained_fn = fn;
    t->drained_ctx = ctx;
}

void terminal_set_theme(struct terminal *t, const struct theme *theme)
{
    painter_set_theme(t->painter, theme);
}

void terminal_set_mouse(struct terminal *t, bool on)
{
    if (!t->has_mouse || t->mouse == on)
        return;
    t->mouse = on;
    send(t, on ? mouse_on : mouse_off);
    flush(t);
}

static void add_base64(struct text *out, const char *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t bits = 0;
        for (size_t b = 0; b < 3; b++)
            bits = bits << 8 | (b < n ? (unsigned char)bytes[i + b] : 0u);
        for (size_t d = 0; d < 4; d++)
            text_add_char(out, d <= n ? digits[bits >> (18 - 6 * d) & 63] : '=');
    }
}

bool terminal_copy(struct terminal *t, const char *text, size_t len)
{
    if (len > MOST_COPY || !t->has_private || !tty_queue_empty(&t->tty))
        return false;
    struct text sequence;
    text_init(&sequence, MOST_COPY * 2);
    text_add(&sequence, "\x1b]52;c;");
    add_base64(&sequence, text, len);
    text_add(&sequence, "\a");
    send(t, text_str(&sequence));
    text_done(&sequence);
    flush(t);
    return true;
}

void terminal_redraw(struct terminal *t)
{
    painter_redraw(t->painter);
}

bool terminal_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

size_t terminal_bytes(const struct terminal *t)
{
    return t->tty.written;
}
