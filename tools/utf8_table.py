#!/usr/bin/env python3
"""Makes core/utf8_table.c from the Unicode data of Python's unicodedata: python3 tools/utf8_table.py > core/utf8_table.c

Run it with a Python whose Unicode is not newer than the oldest C library we support (Debian 12: 14.0): a character
that wcwidth() does not know must not be printable here, or ncurses and we would disagree about a line.
"""
import sys
import unicodedata

LAST = 0x10FFFF
JOINERS = (0x200C, 0x200D)
SKIP = 'F'  # not printable


def width(code):
    """One hex digit: columns, or SKIP. The rules follow Markus Kuhn's wcwidth and glibc's."""
    char = chr(code)
    category = unicodedata.category(char)
    if category in ('Mn', 'Me') or code in JOINERS:
        return '0'
    if 0x1160 <= code <= 0x11FF or (0xD7B0 <= code <= 0xD7FB and category != 'Cn'):
        return '0'  # Hangul vowels and finals stand on the initial before them
    if category in ('Cc', 'Cf', 'Cs', 'Cn', 'Zl', 'Zp'):
        return SKIP
    if 0x3248 <= code <= 0x324F or 0x4DC0 <= code <= 0x4DFF:
        return '2'  # as in glibc (and for hexagrams Unicode 16): ncurses asks wcwidth()
    return '2' if unicodedata.east_asian_width(char) in ('W', 'F') else '1'


def ranges():
    before = None
    for code in range(LAST + 1):
        now = width(code)
        if now != before:
            yield f'0x{code:X}{now}'
        before = now


def main():
    print('/* How wide characters are: where a run of equal width starts. Made by tools/utf8_table.py from Unicode')
    print(f' * {unicodedata.unidata_version} (general category, East Asian width). */')
    print('#include "core/utf8_table.h"\n')
    print('// clang-format off\nconst uint32_t utf8_table[] = {')
    line = ''
    items = list(ranges())
    for item in items:
        if len(line) + len(item) + 2 > 108:
            print('   ' + line)
            line = ''
        line += f' {item},'
    print('   ' + line)
    print('};\n// clang-format on')
    print('const size_t n_utf8_table = sizeof(utf8_table) / sizeof(utf8_table[0]);')
    print(f'{len(items)} runs', file=sys.stderr)


main()
