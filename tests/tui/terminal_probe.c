/* A screen that does what it is told: draws frames, reports keys on a side channel, and ends in every bad
 * way. terminal_probe COMMANDS ANSWERS: two pipes by name; a command is a line. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/text.h"
#include "tui/terminal.h"

struct probe {
    struct loop *loop;
    struct terminal *terminal;
    struct canvas *canvas;
    struct loop_fd *commands;
    struct loop_signal *term, *hup;
    struct loop_timer *frames;
    int in, out;
    bool dirty, busy; /* busy: every frame is another one, 200 a second if the terminal takes them */
    int n_frames, n_drained;
    bool scattered; /* what stands on the canvas stays */
    char key[120];
    const char *row;
    int exit_code;
};

static void answer(struct probe *p, const char *line)
{
    struct text t;
    text_init(&t, 1 << 17);
    text_addf(&t, "%s\n", line);
    if (write(p->out, text_str(&t), t.len) < 0)
        p->exit_code = 3;
    text_done(&t);
}

static void draw(struct probe *p)
{
    struct canvas *c = p->canvas;
    struct area a = canvas_area(c);
    char line[400];
    canvas_clear(c);
    if (p->busy)
        for (int row = 0; row < c->rows; row++) {
            for (int i = 0; i < (int)sizeof(line) - 1; i++)
                line[i] = (char)('!' + (i * 7 + row * 13 + p->n_frames * 31 + i * row % 5) % 90);
            line[sizeof(line) - 1] = '\0';
            area_put(a, row, 0, -1, STYLE((enum role)(row % N_ROLES)), line, false);
        }
    snprintf(line, sizeof(line), "probe %dx%d", c->rows, c->columns);
    area_put(a, 1, 1, -1, STYLE(ROLE_TITLE), line, true);
    area_put(a, 2, 1, -1, STYLE(ROLE_TEXT), "漢字|e\xCC\x81|▁▂▃█|\xF0\x9F\x98\x80|\xE2\x9C\x93|", true);
    area_put(a, 3, 1, -1, STYLE(ROLE_CRITICAL), p->key, true);
    snprintf(line, sizeof(line), "frame %d", p->n_frames);
    area_put(a, 4, 1, -1, STYLE(ROLE_DIM), line, true);
    if (p->row != NULL)
        area_put(a, 5, 0, -1, STYLE(ROLE_TEXT), p->row, true);
    area_put(a, 0, 0, -1, STYLE(ROLE_TEXT), "A", false);
    area_put(a, 0, c->columns - 1, -1, STYLE(ROLE_TEXT), "B", false);
    area_put(a, c->rows - 1, 0, -1, STYLE(ROLE_TEXT), "C", false);
    area_put(a, c->rows - 1, c->columns - 1, -1, STYLE(ROLE_TEXT), "D", false);
}

static void before_sleep(void *ctx)
{
    struct probe *p = ctx;
    if (!p->dirty || p->terminal == NULL)
        return;
    if (terminal_ready(p->terminal)) {
        p->dirty = false;
        p->n_frames++;
        if (!p->scattered)
            draw(p);
    }
    terminal_paint(p->terminal, p->canvas, p->canvas->rows); /* when it is not ready, it tells us once it is */
}

static void drained(void *ctx)
{
    struct probe *p = ctx;
    p->n_drained++;
    p->dirty = true;
}

static void next_frame(void *ctx)
{
    struct probe *p = ctx;
    p->dirty = true;
}

static void describe(const struct key *key, char *out, size_t size)
{
    static const char *const mice[] = {"press", "release", "drag", "wheel-up", "wheel-down"};
    const char *c = key->control ? "C-" : "", *a = key->alt ? "A-" : "";
    if (key->kind == KEY_CHAR)
        snprintf(out, size, "char %s%s%x", c, a, key->code);
    else if (key->kind == KEY_NAMED)
        snprintf(out, size, "named %s%s%d", c, a, key->name);
    else if (key->kind == KEY_MOUSE)
        snprintf(out, size, "mouse %s %d %d,%d", mice[key->mouse], key->button, key->row, key->column);
    else
        snprintf(out, size, "paste %zu", strlen(key->text));
}

static void on_key(void *ctx, const struct key *key)
{
    struct probe *p = ctx;
    p->dirty = true;
    if (key->kind == KEY_RESIZE) {
        int rows, columns;
        terminal_size(p->terminal, &rows, &columns);
        canvas_resize(p->canvas, rows, columns);
        return;
    }
    describe(key, p->key, sizeof(p->key));
    answer(p, p->key);
    if (key->kind == KEY_CHAR && key->code == 'F')
        terminal_flush_input(p->terminal);
    if (key->kind == KEY_CHAR && key->code == 'q')
        loop_stop(p->loop);
}

/* Not a tail call, and not one that a compiler may see through. */
static int overflow(volatile char *above)
{
    volatile char room[4096];
    room[0] = above == NULL ? 1 : above[0];
    return room[0] == 2 ? 0 : overflow(room) + room[0];
}

/* Not looked at by UBSan, which would end the program in its own way. */
__attribute__((no_sanitize("undefined"))) static void write_to_null(const char *way)
{
    *(volatile int *)(way - way) = 1;
}

static void end_badly(const char *way)
{
    if (strcmp(way, "segv") == 0)
        raise(SIGSEGV);
    else if (strcmp(way, "null") == 0)
        write_to_null(way);
    else if (strcmp(way, "overflow") == 0)
        exit(overflow(NULL));
    else if (strcmp(way, "abort") == 0)
        abort();
    else if (strcmp(way, "exit") == 0)
        exit(5);
    else if (strcmp(way, "memory") == 0)
        free(mem_grow(NULL, (size_t)-1, 16));
}

static void show_theme(struct probe *p, const char *name)
{
    struct theme theme;
    struct err err = {0};
    if (theme_load(name, &theme, &err))
        terminal_set_theme(p->terminal, &theme);
    answer(p, err.text);
    p->dirty = true;
}

/* Pieces of text in places that SEED chooses, over what was there; the answer is what must be seen then. */
static void scatter(struct probe *p, unsigned seed)
{
    static const char *const pieces[] = {"漢字", "a",  " ",          "wide 表 narrow", "e\xCC\x81",
                                         "▁▂▃",  "界", "0123456789", "한글 カナ",      "\xF0\x9F\x98\x80"};
    struct area a = area_part(canvas_area(p->canvas), 0, 0, p->canvas->rows - 1, p->canvas->columns);
    struct text screen;
    uint64_t random = seed * 2654435761u + 1;
    p->scattered = true;
    for (int i = 0; i < 40; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
        int row = (int)(random >> 33) % a.rows, column = (int)(random >> 40) % (a.columns + 4) - 2;
        area_put(a, row, column, 1 + (int)(random >> 50) % 16, STYLE((enum role)(random >> 60)),
                 pieces[(random >> 55) % 10], true);
    }
    for (int i = 0; i < 8 && seed % 3 != 0;
         i++) { /* lines that move up or down between two frames: ncurses scrolls them */
        char line[80];
        int n = 1000 + i + (int)(seed % 7);
        snprintf(line, sizeof(line), "%d line %d of those that move %d    ", n, n, n * n);
        area_put(a, 2 + i, 0, -1, STYLE(ROLE_GOOD), line, false);
    }
    text_init(&screen, 1 << 16);
    canvas_text(p->canvas, &screen);
    for (size_t i = 0; i < screen.len; i++)
        if (screen.data[i] == '\n')
            screen.data[i] = '\x1f';
    answer(p, text_str(&screen));
    text_done(&screen);
}

static void put_in_corner(struct probe *p)
{
    struct canvas *c = p->canvas;
    p->scattered = true;
    area_put_right(canvas_area(c), c->rows - 1, 0, c->columns, STYLE(ROLE_TEXT), "漢D");
}

static void obey(struct probe *p, const char *command)
{
    char line[120] = "";
    const char *rest = strchr(command, ' ');
    rest = rest == NULL ? "" : rest + 1;
    if (strncmp(command, "end ", 4) == 0)
        end_badly(rest);
    else if (strncmp(command, "theme ", 6) == 0)
        show_theme(p, rest);
    else if (strncmp(command, "copy ", 5) == 0)
        answer(p, terminal_copy(p->terminal, rest, strlen(rest)) ? "copied" : "refused");
    else if (strncmp(command, "mouse ", 6) == 0)
        terminal_set_mouse(p->terminal, strcmp(rest, "on") == 0);
    else if (strncmp(command, "scatter ", 8) == 0)
        scatter(p, (unsigned)strtoul(rest, NULL, 10));
    else if (strcmp(command, "corner") == 0)
        put_in_corner(p);
    else if (strcmp(command, "redraw") == 0)
        terminal_redraw(p->terminal);
    else if (strncmp(command, "busy ", 5) == 0) {
        p->busy = strcmp(rest, "on") == 0;
        if (p->busy)
            loop_timer_start(p->frames, 0.005, 0.005);
        else
            loop_timer_stop(p->frames);
    }
    p->dirty |= strcmp(command, "status") != 0;
    snprintf(line, sizeof(line), "status frames=%d drained=%d bytes=%zu ready=%d utf8=%d", p->n_frames,
             p->n_drained, terminal_bytes(p->terminal), terminal_ready(p->terminal), terminal_is_utf8());
    answer(p, line);
}

static void on_command(void *ctx, bool readable, bool writable)
{
    (void)writable;
    struct probe *p = ctx;
    char bytes[4096];
    ssize_t n = readable ? read(p->in, bytes, sizeof(bytes) - 1) : 0;
    if (n <= 0)
        return;
    bytes[n] = '\0';
    char *line = bytes;
    for (char *end = strchr(line, '\n'); end != NULL; line = end + 1, end = strchr(line, '\n')) {
        *end = '\0';
        obey(p, line);
    }
}

static void on_end(void *ctx, int signal)
{
    struct probe *p = ctx;
    p->exit_code = 128 + signal;
    loop_stop(p->loop);
}

int main(int argc, char **argv)
{
    struct probe p = {0};
    struct theme theme;
    struct err err = {0};
    setlocale(LC_CTYPE, "");
    if (argc < 3 || !theme_load("dark", &theme, &err))
        return 2;
    p.in = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
    p.out = open(argv[2], O_RDWR | O_NONBLOCK | O_CLOEXEC);
    p.row = getenv("PROBE_ROW");
    p.loop = loop_new();
    struct terminal_options options = {
        .theme = &theme, .mouse = true, .no_color = getenv("NO_COLOR") != NULL};
    p.terminal = terminal_new(p.loop, &options, on_key, &p, &err);
    if (p.terminal == NULL) {
        fprintf(stderr, "%s\n", err.text);
        loop_free(p.loop);
        return 2;
    }
    int rows, columns;
    terminal_size(p.terminal, &rows, &columns);
    p.canvas = canvas_new(rows, columns);
    p.canvas->ascii = !terminal_is_utf8();
    terminal_on_drained(p.terminal, drained, &p);
    p.commands = loop_fd_new(p.loop, p.in, on_command, &p);
    loop_fd_want(p.commands, true, false);
    p.frames = loop_timer_new(p.loop, next_frame, &p);
    p.term = loop_signal_new(p.loop, SIGTERM, on_end, &p);
    p.hup = loop_signal_new(p.loop, SIGHUP, on_end, &p);
    loop_before_sleep(p.loop, before_sleep, &p);
    p.dirty = true;
    answer(&p, "started");
    loop_run(p.loop);
    terminal_free(p.terminal);
    canvas_free(p.canvas);
    loop_fd_free(p.commands);
    loop_timer_free(p.frames);
    loop_signal_free(p.term);
    loop_signal_free(p.hup);
    loop_before_sleep(p.loop, NULL, NULL);
    loop_free(p.loop);
    return p.exit_code;
}
