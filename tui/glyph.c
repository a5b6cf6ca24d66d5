/* What stands in for our own symbols where only ASCII may be drawn. */
#include "tui/glyph.h"

#include <stddef.h>

struct stand_in {
    uint32_t first, last;
    const char *ascii; /* one character for all of them, or one for each */
};

// clang-format off
static const struct stand_in stand_ins[] = {
    {0x00A0, 0x00A0, " "},  /* no-break space */
    {0x00B0, 0x00B1, "o~"}, /* ° ± */
    {0x00B5, 0x00B5, "u"},  /* µ */
    {0x00B7, 0x00B7, "."},  /* · also what is shown for unprintables */
    {0x00D7, 0x00D7, "x"},  /* × */
    {0x03BC, 0x03BC, "u"},  /* μ */
    {0x2000, 0x200A, " "},  /* spaces of several widths */
    {0x2010, 0x2015, "-"},
    {0x2018, 0x201B, "'"},
    {0x201C, 0x201F, "\""},
    {0x2020, 0x2022, "*"},  /* † ‡ • */
    {0x2026, 0x2026, "~"},  /* … */
    {0x2190, 0x2195, "<^>v-|"}, /* ← ↑ → ↓ ↔ ↕ */
    {0x21B3, 0x21B5, "`"},  /* ↳ */
    {0x2212, 0x2212, "-"},  /* − */
    {0x221E, 0x221E, "8"},  /* ∞ */
    {0x2248, 0x2248, "~"},  /* ≈ */
    {0x2260, 0x2260, "!"},
    {0x2264, 0x2265, "<>"},
    {0x22EE, 0x22EE, ":"},  /* ⋮ */
    {0x22EF, 0x22EF, "~"},  /* ⋯ */
    {0x2400, 0x2421, "^"}, /* ␊ and other pictures of control characters */
    {0x2500, 0x2501, "-"},
    {0x2502, 0x2503, "|"},
    {0x2504, 0x2505, "-"},
    {0x2506, 0x2507, "|"},
    {0x2508, 0x2509, "-"},
    {0x250A, 0x250B, "|"},
    {0x250C, 0x2513, "+"},
    {0x2514, 0x2517, "`"},  /* └ the last branch of a tree */
    {0x2518, 0x254B, "+"},
    {0x254C, 0x2550, "--||-"},
    {0x2551, 0x2551, "|"},
    {0x2552, 0x256D, "+"},
    {0x256E, 0x2573, "++`/\\X"},
    {0x2574, 0x257F, "-|-|-|-|-|-|"},
    {0x2580, 0x2580, "\""},
    {0x2581, 0x2588, " .:-=+*#"}, /* ▁ to █ */
    {0x2589, 0x258F, "###==||"},  /* ▉ to ▏ */
    {0x2590, 0x2593, "|.:#"},     /* ▐ ░ ▒ ▓ */
    {0x2594, 0x259F, "#"},
    {0x25A0, 0x25A1, "#o"}, /* ■ □ */
    {0x25AA, 0x25AB, "#o"},
    {0x25B2, 0x25B3, "!^"}, /* ▲ marks what is critical */
    {0x25B6, 0x25BA, ">"},
    {0x25BC, 0x25BD, "v"},
    {0x25C0, 0x25C4, "<"},
    {0x25C6, 0x25C7, "*o"},
    {0x25CB, 0x25CB, "o"},  /* ○ */
    {0x25CF, 0x25CF, "*"},  /* ● */
    {0x2605, 0x2606, "*"},
    {0x2713, 0x2714, "+"},  /* ✓ */
    {0x2717, 0x2718, "x"},  /* ✗ */
    {0x2800, 0x2800, " "},
    {0x2801, 0x28FF, "*"},  /* braille, as charts use it */
};
// clang-format on

char glyph_ascii(uint32_t code)
{
    if (code >= 0x20 && code < 0x7F)
        return (char)code;
    for (size_t i = 0; i < sizeof(stand_ins) / sizeof(stand_ins[0]) && stand_ins[i].first <= code; i++) {
        const struct stand_in *s = &stand_ins[i];
        if (code <= s->last)
            return s->ascii[1] == '\0' ? s->ascii[0] : s->ascii[code - s->first];
    }
    return '?';
}
