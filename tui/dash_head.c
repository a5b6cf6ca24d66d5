/* The dashboard's first lines: which server, how alive, what is wrong; pages. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/text.h"
#include "core/utf8.h"
#include "core/when.h"
#include "tui/dash_state.h"

enum { MAX_PARTS = 16, LONGEST_HOST = 22 };

/* A piece of the head line. Those with the largest number go first when there is no room. */
struct part {
    char text[160];
    struct style style;
    int drop, width; /* width 0: dropped */
    bool right;
};
struct parts {
    struct part items[MAX_PARTS];
    int n;
    char place[140]; /* user@host/database: as much of it as there is room for, the host first */
    int place_at;    /* its item; 0: none */
};

__attribute__((format(printf, 5, 6))) static void part_add(struct parts *ps, bool right, int drop,
                                                           enum role role, const char *format, ...)
{
    if (ps->n == MAX_PARTS)
        return;
    struct part *p = &ps->items[ps->n++];
    va_list args;
    va_start(args, format);
    vsnprintf(p->text, sizeof(p->text), format, args);
    va_end(args);
    p->style = STYLE(role);
    p->drop = drop;
    p->right = right;
    p->width = utf8_columns(p->text);
}

/* A text of the head's SELECT; NULL if it is not there. */
static const char *head_text(struct dash *d, const char *column, char *buf, size_t size)
{
    struct dash_pane *p = dash_pane_named(d, "head");
    int c = p == NULL || p->result == NULL || p->result->n_rows == 0 ? -1 : result_column(p->result, column);
    if (c < 0 || result_at(p->result, 0, c)->type == VALUE_NULL)
        return NULL;
    const char *text = view_cell(p->result, 0, c, buf, size);
    return text[0] == '\0' ? NULL : text;
}

static double head_number(struct dash *d, const char *column)
{
    struct dash_pane *p = dash_pane_named(d, "head");
    int c = p == NULL || p->result == NULL || p->result->n_rows == 0 ? -1 : result_column(p->result, column);
    return c < 0 ? NAN : value_real(result_at(p->result, 0, c));
}

bool dash_product(struct dash *d, char *out, size_t size)
{
    char buf[64];
    const char *kind = head_text(d, "kind", buf, sizeof(buf));
    if (kind != NULL)
        snprintf(out, size, "%s", kind);
    return kind != NULL;
}

static int verdicts(struct dash *d, const char *level)
{
    struct dash_pane *p = dash_pane_named(d, "now");
    int n = 0, c = p == NULL || p->result == NULL ? -1 : result_column(p->result, "level");
    for (int i = 0; c >= 0 && i < p->result->n_rows; i++) {
        const struct value *v = result_at(p->result, i, c);
        n += v->type == VALUE_TEXT && strcmp(v->text, level) == 0;
    }
    return n;
}

/* Those that hold, and that somebody has acknowledged, silenced, or announced. */
static int verdicts_known(struct dash *d)
{
    struct dash_pane *p = dash_pane_named(d, "now");
    int n = 0, c = p == NULL || p->result == NULL ? -1 : result_column(p->result, "known");
    for (int i = 0; c >= 0 && i < p->result->n_rows; i++)
        n += value_real(result_at(p->result, i, c)) > 0;
    return n;
}

/* Badges first: which kind of place this is must be seen before anything is done. */
static void badges_add(struct dash *d, struct parts *ps)
{
    char buf[64];
    const char *env = head_text(d, "env", buf, sizeof(buf));
    if (d->options.badge != NULL)
        part_add(ps, false, 0, ROLE_DEMO, " %s ", d->options.badge);
    if (d->options.read_only)
        part_add(ps, false, 1, ROLE_HEAD_KEY, "[RO]");
    if (d->options.attached != NULL)
        part_add(ps, false, 4, d->trouble[0] != '\0' ? ROLE_WARNING : ROLE_HEAD_KEY, "@ %s",
                 d->options.attached);
    if (env == NULL)
        return;
    char upper[32];
    size_t i = 0;
    for (; i < sizeof(upper) - 1 && env[i] != '\0'; i++)
        upper[i] = env[i] >= 'a' && env[i] <= 'z' ? (char)(env[i] - 32) : env[i];
    upper[i] = '\0';
    part_add(ps, false, 1, strncmp(upper, "PROD", 4) == 0 ? ROLE_DIALOG_DANGER : ROLE_HEAD_KEY, "%s", upper);
}

enum { PLACE_HOST, PLACE_USER, PLACE_WHOLE, N_PLACES };

static void place_put(struct parts *ps, int form)
{
    const char *at = strrchr(ps->place, '@'), *start = form == PLACE_HOST && at != NULL ? at + 1 : ps->place;
    const char *slash = strrchr(start, '/');
    int len =
        form == PLACE_WHOLE || slash == NULL || slash == start ? (int)strlen(start) : (int)(slash - start);
    struct part *p = &ps->items[ps->place_at];
    snprintf(p->text, sizeof(p->text), "· %.*s", len, start);
    p->width = utf8_columns(p->text);
    if (form == PLACE_HOST && p->width > LONGEST_HOST)
        p->width = LONGEST_HOST;
}

static bool target_up(struct dash *d)
{
    char buf[32];
    const char *state = head_text(d, "state", buf, sizeof(buf));
    return state == NULL || strcmp(state, "up") == 0;
}

static void server_add(struct dash *d, struct parts *ps)
{
    char buf[160], age[32];
    const char *s = head_text(d, "state", buf, sizeof(buf));
    part_add(ps, false, 0, ROLE_HEAD, "%s", d->target);
    ps->items[ps->n - 1].style.attrs = ATTR_BOLD;
    if (s != NULL && strcmp(s, "up") != 0)
        part_add(ps, false, 1, ROLE_CRITICAL, "· %s", s);
    char kind[64];
    const char *product = head_text(d, "kind", kind, sizeof(kind));
    if ((s = head_text(d, "role", buf, sizeof(buf))) != NULL && (product == NULL || strcmp(s, product) != 0))
        part_add(ps, false, 3, ROLE_HEAD, "· %s", s);
    if ((s = head_text(d, "version", buf, sizeof(buf))) != NULL) {
        part_add(ps, false, 7, ROLE_HEAD, "· %s %s", product == NULL ? "" : product, s);
    }
    /* Of a server that is away it is known how long it had been up when it last said something. */
    double up = head_number(d, "uptime_s"), gone = target_up(d) ? 0 : head_number(d, "data_age_s");
    if (up - gone >= 0) {
        unit_format(age, sizeof(age), up - gone, UNIT_S);
        part_add(ps, false, 8, ROLE_HEAD, target_up(d) ? "· up %s" : "· was up %s", age);
    }
    if ((s = head_text(d, "place", buf, sizeof(buf))) != NULL) {
        snprintf(ps->place, sizeof(ps->place), "%s", s);
        ps->place_at = ps->n;
        part_add(ps, false, 5, ROLE_HEAD, "· %s", s);
        place_put(ps, PLACE_HOST);
    }
    if ((s = head_text(d, "via", buf, sizeof(buf))) != NULL)
        part_add(ps, false, 9, ROLE_HEAD, "· through %s", s);
}

/* Age of the newest numbers. What the engine itself makes goes on while a server is dead: its own measure
 * counts. */
static double data_age(struct dash *d, double now)
{
    const struct dash_pane *p = dash_pane_named(d, "head");
    double age = head_number(d, "data_age_s");
    if (!isnan(age) && p != NULL)
        return age + fmax(now - p->answered_s, 0);
    return !target_up(d) || isnan(d->newest_s) ? NAN : fmax(now - d->newest_s, 0);
}

/* A guard, or a governor, may read less often than the screen is drawn: three of its polls must be missing.
 */
static bool age_is_old(struct dash *d, double age)
{
    return age > fmax(dash_stale_s(d), head_number(d, "stale_s"));
}

static void time_add(struct dash *d, struct parts *ps)
{
    char text[64], ago[32];
    double now = d->host.now(d->host.ctx);
    if (d->paused) {
        unit_format(ago, sizeof(ago), floor(now - d->at_s), UNIT_S);
        part_add(ps, true, 0, ROLE_PAST, " PAUSED %s ", ago);
    } else if (!dash_live(d)) {
        moment_text(d->at_s, now, text, sizeof(text));
        unit_format(ago, sizeof(ago), floor(now - d->at_s + 0.5), UNIT_S);
        part_add(ps, true, 0, ROLE_PAST, " PAST %s (-%s) ", text, ago);
        part_add(ps, true, 4, ROLE_PAST, " End = now ");
    } else {
        /* What a server said before it went away is not live, however young it is. */
        double age = data_age(d, now);
        bool old = !isnan(age) && (age_is_old(d, age) || !target_up(d) || d->trouble[0] != '\0');
        if (isnan(age))
            snprintf(text, sizeof(text), "no data yet");
        else
            unit_format(ago, sizeof(ago), age < 0.05 ? 0 : age, UNIT_S),
                snprintf(text, sizeof(text), "%s %s", old ? "STALE" : "live", ago);
        part_add(ps, true, old ? 0 : 3, isnan(age) || old ? ROLE_WARNING : ROLE_GOOD, "%s", text);
    }
}

static void clock_add(struct dash *d, struct parts *ps)
{
    time_t now = (time_t)d->host.now(d->host.ctx);
    struct tm tm;
    char text[64];
    if (localtime_r(&now, &tm) == NULL || strftime(text, sizeof(text), "%H:%M:%S %z", &tm) == 0)
        return;
    size_t len = strlen(text); /* +0200 is +02 */
    if (len > 2 && strcmp(text + len - 2, "00") == 0)
        text[len - 2] = '\0';
    part_add(ps, true, 6, ROLE_HEAD, "%s", text);
}

static void alerts_add(struct dash *d, struct parts *ps)
{
    int critical = verdicts(d, "critical"), warning = verdicts(d, "warning"), known = verdicts_known(d);
    if (critical > 0)
        part_add(ps, true, 2, ROLE_CRITICAL, "▲ %d critical", critical);
    if (warning > 0)
        part_add(ps, true, 4, ROLE_WARNING, "● %d warning%s", warning, warning > 1 ? "s" : "");
    if (known > 0)
        part_add(ps, true, 6, ROLE_DIM, "○ %d known", known);
}

static int part_cost(const struct part *p, int width)
{
    return width + (p->right ? 3 : 1);
}

/* What is dropped until the rest fits, and what the room that is left then is good for. */
static void parts_fit(struct parts *ps, int columns)
{
    int sum = 2;
    for (int i = 0; i < ps->n; i++)
        sum += part_cost(&ps->items[i], ps->items[i].width);
    while (sum > columns) {
        struct part *worst = NULL;
        for (struct part *p = ps->items; p < ps->items + ps->n; p++)
            if (p->width > 0 && p->drop > 0 && (worst == NULL || p->drop > worst->drop))
                worst = p;
        if (worst == NULL)
            break;
        sum -= part_cost(worst, worst->width);
        worst->width = 0;
    }
    /* A long part may have gone in vain for a shorter one that would have fitted. */
    for (struct part *p = ps->items; p < ps->items + ps->n; p++) {
        int again = p->width == 0 ? utf8_columns(p->text) : 0;
        if (again > 0 && sum + part_cost(p, again) <= columns) {
            p->width = again;
            sum += part_cost(p, again);
        }
    }
    struct part *place = &ps->items[ps->place_at];
    int held = place->width;
    for (int form = N_PLACES - 1; ps->place_at > 0 && held > 0 && form >= PLACE_HOST; form--) {
        place_put(ps, form);
        if (sum - held + place->width <= columns)
            break;
    }
}

static void parts_draw(struct parts *ps, struct area a)
{
    int at = 1, right = a.columns - 1;
    parts_fit(ps, a.columns);
    for (int i = 0; i < ps->n; i++)
        if (ps->items[i].right && ps->items[i].width > 0)
            right -= ps->items[i].width + 3;
    right += 3;
    int end = right > 1 && right < a.columns - 1 ? right - 2 : a.columns;
    for (struct part *p = ps->items; p < ps->items + ps->n; p++) {
        if (p->width == 0)
            continue;
        if (!p->right) {
            int room = p->width < end - at ? p->width : end - at;
            at += area_put(a, 0, at, room, p->style, p->text, true) + 1;
        } else {
            area_put(a, 0, right, p->width, p->style, p->text, true);
            right += p->width + 3;
        }
    }
}

/* ---- pages ---- */

static const char more[] = "0 more"; /* the door to all other pages */
enum { MORE = sizeof(more) - 1, NAMED_FROM = 100 };

/* The second line: a digit a page, and the names of as many as there is room for. */
struct menu {
    int room, gap;
    int named; /* so many of the pages, from the first, have their name; the open one has it anyway */
    bool more;
};

static int tab_text(const struct page *page, bool named, char *out, size_t size)
{
    snprintf(out, size, named ? "%c %s" : "%c", page->key, page->title);
    return utf8_columns(out);
}

/* Up to the column where what follows the pages begins. */
static int menu_width(const struct dash *d, const struct menu *m)
{
    const struct pages *pages = d->options.pages;
    int sum = 1;
    char tab[80];
    for (int i = 0, nth = 0; i < pages->n_pages; i++)
        if (pages->pages[i]->key != 0)
            sum += tab_text(pages->pages[i], nth++ < m->named || i == d->page, tab, sizeof(tab)) + m->gap;
    return sum;
}

/* Names give way to the door, from the last. */
static struct menu menu_fit(const struct dash *d, int columns, int room)
{
    struct menu m = {.room = room, .gap = columns < NAMED_FROM ? 1 : 2, .more = true};
    m.named = columns < NAMED_FROM ? 0 : d->options.pages->n_pages;
    while (m.named > 0 && menu_width(d, &m) + MORE >= room)
        m.named--;
    m.more = menu_width(d, &m) + MORE < room;
    return m;
}

/* Returns the column behind them. */
static int tabs_draw(struct dash *d, struct area a, const struct menu *m)
{
    const struct pages *pages = d->options.pages;
    int at = 1;
    for (int i = 0, nth = 0; i < pages->n_pages; i++) {
        char tab[80];
        if (pages->pages[i]->key == 0)
            continue;
        bool open = i == d->page;
        int width = tab_text(pages->pages[i], nth++ < m->named || open, tab, sizeof(tab));
        if (at + width + 2 > m->room)
            width = tab_text(pages->pages[i], false, tab, sizeof(tab));
        if (at + width + 1 > m->room)
            break;
        area_put(a, 0, at, width, STYLE(open ? ROLE_ACCENT : ROLE_HEAD), tab, true);
        if (open)
            area_restyle(a, 0, at, width, (struct style){ROLE_ACCENT, ATTR_BOLD | ATTR_REVERSE});
        else
            area_restyle(a, 0, at, 1, STYLE(ROLE_HEAD_KEY));
        hit_add(d, HIT_PAGE, a.row, at, 1, width, i);
        at += width + m->gap;
    }
    return at;
}

static void menu_draw(struct dash *d, struct area a)
{
    char right[80], every[32], here[120] = "";
    snprintf(every, sizeof(every), d->refresh_s < 60 ? "%g s" : "%g", d->refresh_s);
    snprintf(right, sizeof(right), "window %s   every %s", d->window, every);
    /* A page without a digit, and details, are named too. */
    const struct visit *v = dash_visit(d);
    if (d->n_stack > 0 || v->page->key == 0)
        snprintf(here, sizeof(here), "› %s", v->page->title);
    int room = a.columns - utf8_columns(right) - 3;
    if (room < 40 + utf8_columns(here)) {
        snprintf(right, sizeof(right), "%s %s", d->window, every);
        room = a.columns - utf8_columns(right) - 2;
    }
    room -= here[0] != '\0' ? utf8_columns(here) + 2 : 0;
    struct menu m = menu_fit(d, a.columns, room);
    int at = tabs_draw(d, a, &m);
    if (m.more) {
        area_put(a, 0, at, MORE, STYLE(ROLE_HEAD), more, false);
        area_restyle(a, 0, at, 1, STYLE(ROLE_HEAD_KEY));
        hit_add(d, HIT_KEY, a.row, at, 1, MORE, COMMAND_PAGE);
        at += MORE + m.gap;
    }
    area_put(a, 0, at, utf8_columns(here), (struct style){ROLE_ACCENT, ATTR_BOLD}, here, true);
    area_put_right(a, 0, 0, a.columns - 1, STYLE(ROLE_HEAD), right);
}

int head_rows(const struct dash *d, int rows)
{
    struct dash *any = (struct dash *)(uintptr_t)d; /* looking up changes nothing */
    char buf[8];
    if (rows < 2)
        return 0;
    if (rows < 12)
        return 1;
    return rows >= 20 && (d->trouble[0] != '\0' || head_text(any, "missing", buf, sizeof(buf)) != NULL) ? 3
                                                                                                        : 2;
}

void head_draw(struct dash *d, struct area a)
{
    struct parts ps = {.n = 0};
    char buf[256];
    if (a.rows == 0)
        return;
    badges_add(d, &ps);
    server_add(d, &ps);
    time_add(d, &ps);
    alerts_add(d, &ps);
    clock_add(d, &ps);
    area_fill(a, STYLE(ROLE_HEAD), NULL);
    parts_draw(&ps, area_part(a, 0, 0, 1, a.columns));
    if (a.rows > 1)
        menu_draw(d, area_part(a, 1, 0, 1, a.columns));
    if (a.rows > 2) {
        const char *missing = d->trouble[0] != '\0' ? d->trouble : head_text(d, "missing", buf, sizeof(buf));
        area_put(a, 2, 1, a.columns - 2, STYLE(ROLE_WARNING), missing == NULL ? "" : missing, true);
    }
}
