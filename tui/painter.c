/* Frames into bytes: a canvas becomes what changes the terminal's screen to it. The one file that knows
 * ncurses. */
#include "tui/painter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "core/mem.h"
#include "core/utf8.h"
#include "tui/colour.h"

enum { MOST_RESET = 256, MOST_COLUMNS = 1000, MOST_KEPT = 16 << 10 };

/* ncurses writes its output itself, and would wait for a terminal that takes none. So it is given a file in
 * memory; the bytes are taken out of it and travel by the tty's queue. */
struct painter {
    SCREEN *screen;
    FILE *file;
    int fd; /* of that file */
    char reset[MOST_RESET];
    size_t n_reset;
    bool no_color, direct;
    bool pushes_last_cell; /* see fits */
    int n_colours;
    attr_t attrs[N_ROLES]; /* of each role; its colours are pair role + 1 */
    uint64_t *painted; /* of each cell what ncurses was last given, so that cells that stay are not given again; see mark_of */
    int rows, columns;
    bool whole; /* nothing was painted yet */
    bool cursor_shown;
};

/* Takes what ncurses has written; OUT may be NULL. */
static void take_output(struct painter *p, struct text *out)
{
    off_t end = lseek(p->fd, 0, SEEK_CUR);
    char chunk[4096];
    for (off_t at = 0; at < end && out != NULL;) {
        off_t left = end - at; /* behind it stands what is left of a longer frame */
        ssize_t n = pread(p->fd, chunk, left < (off_t)sizeof(chunk) ? (size_t)left : sizeof(chunk), at);
        if (n <= 0)
            break;
        text_add_n(out, chunk, (size_t)n);
        at += n;
    }
    /* The next frame is written over this one: giving its pages back each time costs more than writing it. */
    if (end <= MOST_KEPT || ftruncate(p->fd, 0) == 0)
        lseek(p->fd, 0, SEEK_SET);
}

/* ncurses takes these signals while it starts, if nobody else has; they are the loop's. */
static const int signals_of_ncurses[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
enum { N_SIGNALS_OF_NCURSES = sizeof(signals_of_ncurses) / sizeof(signals_of_ncurses[0]) };

static bool open_screen(struct painter *p, const char *term, struct err *err)
{
    p->fd = memfd_create("screen", MFD_CLOEXEC);
    p->file = p->fd < 0 ? NULL : fdopen(p->fd, "r+");
    if (p->file == NULL)
        return fail(err, "cannot draw: no memory file for ncurses: %s", strerror(errno));
    struct sigaction before[N_SIGNALS_OF_NCURSES];
    for (int i = 0; i < N_SIGNALS_OF_NCURSES; i++)
        sigaction(signals_of_ncurses[i], NULL, &before[i]);
    setenv("NCURSES_NO_PADDING", "1", 0); /* it would sleep for terminals of 1978 */
    p->screen = newterm(term, p->file, p->file);
    for (int i = 0; i < N_SIGNALS_OF_NCURSES; i++)
        sigaction(signals_of_ncurses[i], &before[i], NULL);
    if (p->screen == NULL)
        return fail(
            err,
            "cannot draw: the terminal type \"%s\" is not known here; set TERM to one that is, such as "
            "xterm-256color, or use `dbvitals show`",
            term);
    const char *move_to = tigetstr("cup");
    if (move_to == NULL || move_to == (const char *)-1)
        return fail(
            err,
            "cannot draw: a terminal of type \"%s\" cannot move its cursor; set TERM to what it is, such as "
            "xterm-256color, or use `dbvitals show`",
            term);
    return true;
}

/* True if terminfo says RGB, which may be a flag, a number or a string (user_caps(5)). */
static bool says_rgb(void)
{
    const char *s = tigetstr("RGB");
    return tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || (s != NULL && s != (const char *)-1);
}

static void set_up_colours(struct painter *p)
{
    p->n_colours = 0;
    if (p->no_color || !has_colors() || start_color() == ERR)
        return;
    p->n_colours = COLORS;
    p->direct = COLORS > 256 && says_rgb();
    if (COLOR_PAIRS <= N_ROLES || use_default_colors() == ERR)
        p->n_colours = 0;
}

/* Starts and ends ncurses once: what it writes at the end is the way back, needed where ncurses cannot be
 * called. */
static void learn_reset(struct painter *p)
{
    struct text reset;
    text_init(&reset, sizeof(p->reset));
    curs_set(0);
    doupdate();
    take_output(p, NULL);
    endwin();
    take_output(p, &reset);
    memcpy(p->reset, text_str(&reset), reset.len);
    p->n_reset = reset.len;
    text_done(&reset);
}

struct painter *painter_new(int rows, int columns, bool no_color, struct err *err)
{
    const char *term = getenv("TERM");
    struct painter *p = mem_new(sizeof(*p));
    if (term == NULL || term[0] == '\0') {
        fail(err, "cannot draw: TERM is not set; set it to the terminal's type, such as xterm-256color");
        goto failed;
    }
    if (!open_screen(p, term, err))
        goto failed;
    p->no_color = no_color;
    const char *no_wrap = tigetstr("rmam");
    p->pushes_last_cell = no_wrap == NULL || no_wrap == (const char *)-1;
    typeahead(-1); /* it would leave a frame half done when a key waits, on a descriptor that is none */
    set_up_colours(p);
    painter_resize(p, rows, columns);
    learn_reset(p);
    return p;
failed:
    painter_free(p);
    return NULL;
}

void painter_free(struct painter *p)
{
    if (p == NULL)
        return;
    if (p->screen != NULL) {
        endwin();
        delscreen(p->screen);
    }
    if (p->file != NULL)
        fclose(p->file);
    else if (p->fd > 0)
        close(p->fd);
    free(p->painted);
    free(p);
}

void painter_set_theme(struct painter *p, const struct theme *theme)
{
    struct theme mono;
    if (p->n_colours == 0 && theme_load("mono", &mono, NULL))
        theme = &mono;
    for (int role = 0; role < N_ROLES; role++) {
        struct look look = colour_fit(theme->looks[role], p->n_colours, p->direct);
        p->attrs[role] = (look.bold ? A_BOLD : 0) | (look.dim ? A_DIM : 0) |
                         (look.underline ? A_UNDERLINE : 0) | (look.reverse ? A_REVERSE : 0);
        if (p->n_colours > 0)
            init_extended_pair(role + 1, look.foreground, look.background);
    }
    painter_redraw(p);
}

/* Cells go straight to `newscr`, what ncurses wants the screen to be: a window of 28 bytes a cell between the two would hold the same. */
void painter_resize(struct painter *p, int rows, int columns)
{
    free(p->painted);
    p->painted = mem_new_array((size_t)rows * (size_t)columns, sizeof(*p->painted));
    p->rows = rows;
    p->columns = columns;
    resizeterm(rows, columns);
    wresize(stdscr, 1, 1);
    painter_redraw(p);
}

void painter_redraw(struct painter *p)
{
    memset(p->painted, 0, (size_t)p->rows * (size_t)p->columns * sizeof(*p->painted));
    p->whole = true;
    werase(newscr);
    clearok(curscr, TRUE);
}

void painter_suspend(struct painter *p)
{
    endwin();
    take_output(p, NULL);
    painter_redraw(p);
}

/* The character as ncurses wants it; returns false if the locale's idea of its width is not ours: the line
 * would shift. */
static bool wide_of(const struct cell *cell, int columns, wchar_t out[CCHARW_MAX + 1])
{
    int n = 0;
    size_t len = strnlen(cell->bytes, sizeof(cell->bytes));
    for (size_t i = 0; i < len && n < CCHARW_MAX;) {
        uint32_t code;
        i += utf8_decode(cell->bytes + i, len - i, &code);
        if (wcwidth((wchar_t)code) == (n == 0 ? columns : 0))
            out[n++] = (wchar_t)code;
        else if (n == 0)
            return false;
    }
    out[n] = L'\0';
    return true;
}

static attr_t attrs_of(const struct painter *p, const struct cell *cell)
{
    return p->attrs[cell->role] | (cell->attrs & ATTR_BOLD ? A_BOLD : 0) |
           (cell->attrs & ATTR_UNDERLINE ? A_UNDERLINE : 0) | (cell->attrs & ATTR_REVERSE ? A_REVERSE : 0);
}

/* Where a terminal wraps and terminfo does not know how to forbid it (tmux, screen), ncurses draws the
 * screen's last cell one column too early and pushes it into its place with an insertion. It loses it if the
 * character before it is wide. */
static bool fits(const struct painter *p, int row, int column, int columns)
{
    return !(p->pushes_last_cell && columns == 2 && row == p->rows - 1 && column == p->columns - 3);
}

/* Gives ncurses cells [from, end) of a row, all of which have changed. */
static void paint_run(const struct painter *p, const struct cell *line, int row, int from, int end)
{
    cchar_t run[MOST_COLUMNS];
    int n = 0;
    for (int i = from; i < end; i++) {
        const struct cell *cell = &line[i];
        if (cell->bytes[0] == '\0')
            continue;
        int columns = i + 1 < end && cell[1].bytes[0] == '\0' ? 2 : 1;
        attr_t attrs = attrs_of(p, cell);
        short pair = (short)(p->n_colours > 0 ? cell->role + 1 : 0);
        wchar_t wide[CCHARW_MAX + 1] = {cell->bytes[0]};
        bool plain = cell->bytes[0] > 0 && cell->bytes[1] == '\0';
        if (plain || (fits(p, row, i, columns) && wide_of(cell, columns, wide))) {
            setcchar(&run[n++], wide, attrs, pair, NULL);
            continue;
        }
        for (; columns > 0; columns--)
            setcchar(&run[n++], L"?", attrs, pair, NULL);
    }
    mvwadd_wchnstr(newscr, row, from, run, n);
}

/* A cell's bytes in eight: its two words, each by an odd number that spreads it (those of MurmurHash3's finaliser, as in core/index.c). Never
 * 0, which stands for a cell that was not painted. */
static uint64_t mark_of(const struct cell *cell)
{
    uint64_t words[2];
    _Static_assert(sizeof(words) == sizeof(*cell), "a cell is two words");
    memcpy(words, cell, sizeof(words));
    uint64_t mark = words[0] * UINT64_C(0xff51afd7ed558ccd) + words[1] * UINT64_C(0xc4ceb9fe1a85ec53);
    return (mark ^ mark >> 32) | 1;
}

static void paint_row(struct painter *p, const struct cell *line, int columns, int row)
{
    uint64_t *painted = p->painted + (size_t)row * (size_t)p->columns, marks[MOST_COLUMNS];
    for (int i = 0; i < columns; i++)
        marks[i] = mark_of(&line[i]);
    for (int i = 0; i < columns;) {
        if (marks[i] == painted[i]) {
            i++;
            continue;
        }
        int from = i;
        while (from > 0 && line[from].bytes[0] == '\0')
            from--;
        while (i < columns && (marks[i] != painted[i] || line[i].bytes[0] == '\0'))
            i++;
        paint_run(p, line, row, from, i);
    }
    memcpy(painted, marks, (size_t)columns * sizeof(*marks));
}

void painter_paint(struct painter *p, const struct canvas *c, int rows, struct text *out)
{
    if (p->whole || rows > c->rows)
        rows = c->rows;
    rows = rows < p->rows ? rows : p->rows;
    int columns = c->columns < p->columns ? c->columns : p->columns;
    for (int row = 0; row < rows; row++)
        paint_row(p, c->cells + (size_t)row * (size_t)c->columns, columns, row);
    p->whole = false;
    bool cursor =
        c->cursor_row >= 0 && c->cursor_row < p->rows && c->cursor_column >= 0 && c->cursor_column < columns;
    leaveok(newscr, !cursor); /* nobody sees where a hidden cursor stands */
    if (cursor)
        wmove(newscr, c->cursor_row, c->cursor_column);
    if (cursor != p->cursor_shown)
        curs_set(cursor ? 1 : 0);
    p->cursor_shown = cursor;
    doupdate();
    take_output(p, out);
}

const char *painter_reset(const struct painter *p, size_t *len)
{
    *len = p->n_reset;
    return p->reset;
}

bool painter_has_mouse(const struct painter *p)
{
    (void)p;
    const char *mouse = tigetstr("kmous");
    return mouse != NULL && mouse != (const char *)-1;
}
