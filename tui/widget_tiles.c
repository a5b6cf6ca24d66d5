/* Widget tiles: vital signs. Rows are moments, each column is a tile: its newest value, its course, and a
 * line from the note. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "core/utf8.h"
#include "tui/widget.h"

enum { MAX_TILES = 32, TILE_LEAST = 17, TILE_MOST = 48, TILE_ROWS = 3, SMALL_LEAST = 19, MAX_SLOTS = 64 };

static bool ends_in(const char *name, const char *suffix)
{
    size_t len = strlen(name), end = strlen(suffix);
    return len > end && strcmp(name + len - end, suffix) == 0;
}

static int tiles_of(const struct view *v, int *out)
{
    int all[256], n = v->result->n_columns <= 256 ? view_columns(v, all) : 0, tiles = 0;
    for (int i = 0; i < n && tiles < MAX_TILES; i++) {
        const char *name = v->result->columns[all[i]].name;
        bool absent = result_at(v->result, v->result->n_rows - 1, all[i])->type == VALUE_NULL;
        /* What may be dropped is, while it has no value: a primary has no replay lag. */
        if (strcmp(name, "sampled_at") != 0 && !ends_in(name, "_note") && !ends_in(name, "_of") &&
            !(absent && names_have(&v->pane->drop, name)))
            out[tiles++] = all[i];
    }
    return tiles;
}

static int tiles_across(int tiles, int columns)
{
    int most = columns / TILE_LEAST;
    if (most < 1)
        most = 1;
    if (tiles <= most)
        return tiles < 1 ? 1 : tiles;
    /* Even lines: seven tiles on a screen for six are four and three. */
    int lines = (tiles + most - 1) / most;
    return (tiles + lines - 1) / lines;
}

int tiles_rows(const struct view *v, int columns)
{
    int out[MAX_TILES], n = tiles_of(v, out), across = tiles_across(n, columns);
    return (n + across - 1) / across * TILE_ROWS;
}

/* What stands beside a tile's value: column NAME + SUFFIX of the note, or of the newest moment. */
static const struct value *note_of(const struct view *v, int tile, const char *suffix, enum unit *unit)
{
    char name[96];
    snprintf(name, sizeof(name), "%s%s", v->result->columns[tile].name, suffix);
    const struct result *from =
        v->note != NULL && v->note->n_rows > 0 && result_column(v->note, name) >= 0 ? v->note : v->result;
    int column = result_column(from, name);
    const struct value *value = column < 0 ? NULL : result_at(from, from->n_rows - 1, column);
    if (value == NULL || value->type == VALUE_NULL)
        return NULL;
    *unit = from->columns[column].unit;
    return value;
}

/* The newest value; with a limit as 31/97. */
static void value_text(const struct view *v, int tile, char *out, size_t size)
{
    const struct result *r = v->result;
    enum unit unit;
    char limit[40];
    const char *text = view_cell(r, r->n_rows - 1, tile, out, size);
    if (text != out)
        snprintf(out, size, "%s", text);
    size_t len = strlen(out);
    /* "/s" stands in the heading. */
    if (len > 2 && strcmp(out + len - 2, "/s") == 0)
        out[len - 2] = '\0';
    const struct value *of = note_of(v, tile, "_of", &unit);
    if (of == NULL)
        return;
    value_format(of, unit, limit, sizeof(limit));
    len = strlen(out);
    snprintf(out + len, size - len, "/%s", limit);
}

static void spark_draw(const struct view *v, struct area a, int row, int column, int width, int tile,
                       enum role role)
{
    const struct result *r = v->result;
    double out[MAX_SLOTS], top = 0;
    enum unit unit;
    int at = result_column(r, "sampled_at"), slots = width < MAX_SLOTS ? width : MAX_SLOTS;
    if (at < 0 || slots < 3 || v->pane->trend_s <= 0)
        return;
    double *times = mem_new_array((size_t)r->n_rows * 2, sizeof(double)), *values = times + r->n_rows;
    for (int i = 0; i < r->n_rows; i++) {
        times[i] = value_real(result_at(r, i, at));
        values[i] = value_real(result_at(r, i, tile));
    }
    slots_fill(times, values, r->n_rows, v->at_s, v->pane->trend_s, out, slots);
    free(times);
    const struct value *of = note_of(v, tile, "_of", &unit);
    for (int i = 0; i < slots; i++)
        top = fmax(top, isnan(out[i]) ? 0 : out[i]);
    if (of != NULL && value_real(of) > 0)
        top = value_real(of);
    else if (r->columns[tile].unit == UNIT_RATIO)
        top = 1;
    for (int i = 0; i < slots; i++)
        out[i] = top > 0 ? out[i] / top : isnan(out[i]) ? NAN : 0;
    area_spark(a, row, column, slots, STYLE(role == ROLE_TEXT ? ROLE_GRAPH_1 : role), out, slots);
}

static void tile_draw(const struct view *v, struct area a, int tile)
{
    char heading[64], value[64];
    enum unit unit;
    enum role role = view_role(v, v->result, v->result->n_rows - 1, tile);
    view_heading(v, tile, heading, sizeof(heading));
    value_text(v, tile, value, sizeof(value));
    area_put(a, 0, 0, a.columns - 1, STYLE(ROLE_COLUMN), heading, true);
    struct style style = {.role = (uint8_t)role, .attrs = ATTR_BOLD};
    int used = area_put(a, 1, 0, a.columns - 1, style, value, true);
    int from = used + 1 < 7 ? 7 : used + 1;
    spark_draw(v, a, 1, from, a.columns - 2 - from, tile, role);
    const struct value *note = note_of(v, tile, "_note", &unit);
    if (note != NULL && note->type == VALUE_TEXT)
        area_put(a, 2, 0, a.columns - 1, STYLE(ROLE_DIM), note->text, true);
}

/* Where three lines a tile are too many: name and number, as many beside each other as fit. */
static void small_draw(const struct view *v, struct area a, const int *tiles, int n)
{
    int across = a.columns / SMALL_LEAST < 1 ? 1 : a.columns / SMALL_LEAST;
    int width = a.columns / across;
    for (int i = 0; i < n && i / across < a.rows; i++) {
        char heading[64], value[64];
        struct area cell = area_part(a, i / across, i % across * width, 1, width - 1);
        enum role role = view_role(v, v->result, v->result->n_rows - 1, tiles[i]);
        view_heading(v, tiles[i], heading, sizeof(heading));
        value_text(v, tiles[i], value, sizeof(value));
        int columns = utf8_columns(value);
        area_put(cell, 0, 1, cell.columns - columns - 2, STYLE(ROLE_COLUMN), heading, true);
        area_put_right(cell, 0, 1, cell.columns - 1,
                       (struct style){.role = (uint8_t)role, .attrs = ATTR_BOLD}, value);
    }
}

void tiles_draw(struct view *v, struct area a)
{
    int tiles[MAX_TILES], n = tiles_of(v, tiles), across = tiles_across(n, a.columns);
    int lines = n == 0 ? 0 : (n + across - 1) / across;
    /* First the note is left out, then the course. */
    int rows = a.rows >= lines * TILE_ROWS ? TILE_ROWS : TILE_ROWS - 1;
    if (a.rows < lines * rows) {
        small_draw(v, a, tiles, n);
        return;
    }
    int width = a.columns / across;
    for (int i = 0; i < n; i++) {
        int most = width < TILE_MOST ? width : TILE_MOST;
        tile_draw(v, area_part(a, i / across * rows, 1 + i % across * width, rows, most), tiles[i]);
    }
}
