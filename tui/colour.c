/* Colours as numbers: what a palette index looks like, and the nearest one a terminal has. */
#include "tui/colour.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_NAMED_COLOURS = 16, CUBE_START = 16, GREY_START = 232, N_PALETTE = 256 };

// clang-format off
/* Names as terminals order them; values are xterm's defaults (XTerm-col.ad). */
static const struct {
    const char *name;
    uint32_t rgb;
} named[N_NAMED_COLOURS] = {
    {"black",        0x000000}, {"red",         0xCD0000}, {"green",          0x00CD00}, {"yellow",       0xCDCD00},
    {"blue",         0x0000EE}, {"magenta",     0xCD00CD}, {"cyan",           0x00CDCD}, {"white",        0xE5E5E5},
    {"bright_black", 0x7F7F7F}, {"bright_red",  0xFF0000}, {"bright_green",   0x00FF00}, {"bright_yellow", 0xFFFF00},
    {"bright_blue",  0x5C5CFF}, {"bright_magenta", 0xFF00FF}, {"bright_cyan", 0x00FFFF}, {"bright_white", 0xFFFFFF},
};
// clang-format on

static bool parse_number(const char *word, int base, long most, int *value)
{
    char *end;
    if (word[0] == '\0' || strspn(word, base == 16 ? "0123456789abcdefABCDEF" : "0123456789") != strlen(word))
        return false;
    long n = strtol(word, &end, base);
    if (*end != '\0' || n > most)
        return false;
    *value = (int)n;
    return true;
}

bool colour_parse(const char *word, int *colour)
{
    if (strcmp(word, "default") == 0) {
        *colour = COLOUR_DEFAULT;
        return true;
    }
    for (int i = 0; i < N_NAMED_COLOURS; i++)
        if (strcmp(named[i].name, word) == 0) {
            *colour = i;
            return true;
        }
    int rgb;
    if (word[0] == '#') {
        if (strlen(word) != 7 || !parse_number(word + 1, 16, 0xFFFFFF, &rgb))
            return false;
        *colour = COLOUR_RGB | rgb;
        return true;
    }
    return parse_number(word, 10, N_PALETTE - 1, colour);
}

uint32_t colour_rgb(int colour)
{
    if (colour & COLOUR_RGB)
        return (uint32_t)colour & 0xFFFFFF;
    if (colour < CUBE_START)
        return named[colour].rgb;
    if (colour >= GREY_START)
        return (uint32_t)(8 + (colour - GREY_START) * 10) * 0x010101u;
    static const uint8_t levels[] = {0,   95,  135,
                                     175, 215, 255}; /* of the 6x6x6 cube, 256colres.pl of xterm */
    int i = colour - CUBE_START;
    return (uint32_t)levels[i / 36] << 16 | (uint32_t)levels[i / 6 % 6] << 8 | levels[i % 6];
}

static double linear(uint32_t channel)
{
    double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t rgb)
{
    return 0.2126 * linear(rgb >> 16 & 0xFF) + 0.7152 * linear(rgb >> 8 & 0xFF) + 0.0722 * linear(rgb & 0xFF);
}

double colour_contrast(uint32_t a, uint32_t b)
{
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* Squared distance weighted by the mean red, which follows the eye better than a plain one
 * (https://www.compuphase.com/cmetric.htm). */
static int distance(uint32_t a, uint32_t b)
{
    int mean = (int)((a >> 16 & 0xFF) + (b >> 16 & 0xFF)) / 2;
    int r = (int)(a >> 16 & 0xFF) - (int)(b >> 16 & 0xFF);
    int g = (int)(a >> 8 & 0xFF) - (int)(b >> 8 & 0xFF);
    int blue = (int)(a & 0xFF) - (int)(b & 0xFF);
    return ((512 + mean) * r * r >> 8) + 4 * g * g + ((767 - mean) * blue * blue >> 8);
}

/* The nearest index of the palette's fixed part. */
static int nearest(uint32_t rgb)
{
    int best = CUBE_START;
    for (int i = CUBE_START + 1; i < N_PALETTE; i++)
        if (distance(rgb, colour_rgb(i)) < distance(rgb, colour_rgb(best)))
            best = i;
    return best;
}

static bool is_grey(uint32_t rgb)
{
    int r = (int)(rgb >> 16), g = (int)(rgb >> 8 & 0xFF), b = (int)(rgb & 0xFF);
    return abs(r - g) < 24 && abs(g - b) < 24 && abs(r - b) < 24;
}

/* Hues survive where shades cannot: a pale blue is blue, not white, on a terminal of eight colours. */
static int nearest_hue(uint32_t rgb, int n_colours)
{
    uint32_t r = rgb >> 16, g = rgb >> 8 & 0xFF, b = rgb & 0xFF;
    uint32_t most = r > g ? (r > b ? r : b) : (g > b ? g : b);
    uint32_t least = r < g ? (r < b ? r : b) : (g < b ? g : b);
    uint32_t middle = least + (most - least) / 2;
    int hue = (r > middle ? 1 : 0) | (g > middle ? 2 : 0) | (b > middle ? 4 : 0);
    return n_colours >= 16 && luminance(rgb) > 0.25 ? hue + 8 : hue;
}

static int fit(int colour, int n_colours, bool direct)
{
    if (colour == COLOUR_DEFAULT)
        return COLOUR_DEFAULT;
    uint32_t rgb = colour_rgb(colour);
    if (direct) /* 0..7 of a direct-colour terminal are palette indexes, not almost black (terminfo
                   xterm-direct, setaf) */
        return !(colour & COLOUR_RGB) && colour < 8 ? colour : rgb < 8 ? 0 : (int)rgb;
    if (n_colours >= N_PALETTE)
        return colour & COLOUR_RGB ? nearest(rgb) : colour;
    if (!(colour & COLOUR_RGB) && colour < n_colours)
        return colour;
    if (is_grey(rgb)) /* never 8, bright black: some palettes make it the background */
        return luminance(rgb) < 0.18 ? 0 : n_colours >= 16 && luminance(rgb) > 0.8 ? 15 : 7;
    return nearest_hue(rgb, n_colours);
}

struct look colour_fit(struct look look, int n_colours, bool direct)
{
    struct look out = look;
    if (n_colours < 8) {
        out.reverse = look.reverse || look.background != COLOUR_DEFAULT;
        out.foreground = out.background = COLOUR_DEFAULT;
        return out;
    }
    out.foreground = fit(look.foreground, n_colours, direct);
    out.background = fit(look.background, n_colours, direct);
    if (n_colours >= N_PALETTE || direct)
        return out;
    if (out.background == COLOUR_DEFAULT && look.foreground != COLOUR_DEFAULT &&
        is_grey(colour_rgb(look.foreground))) {
        double shade = luminance(colour_rgb(look.foreground));
        out.foreground = COLOUR_DEFAULT;
        out.dim = look.dim || (shade > 0.05 && shade < 0.5 && !look.bold);
    } else if (out.foreground != COLOUR_DEFAULT && out.background != COLOUR_DEFAULT &&
               colour_contrast(colour_rgb(out.foreground), colour_rgb(out.background)) < 3) {
        out.foreground = luminance(colour_rgb(out.background)) > 0.18 ? 0 : 7;
    }
    return out;
}
