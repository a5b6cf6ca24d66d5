"""Turns page files into a C file of strings: embed.py OUT FILE..."""
import os
import sys


def literal(line):
    out = []
    for byte in line.encode():
        if byte in (0x22, 0x5C):
            out.append("\\" + chr(byte))
        elif 0x20 <= byte < 0x7F and byte != 0x3F:
            out.append(chr(byte))
        else:
            out.append("\\%03o" % byte)
    return '"' + "".join(out) + '\\n"'


with open(sys.argv[1], "w", encoding="ascii") as out:
    out.write('/* Page files as strings; made by tui/embed.py. */\n#include "tui/page.h"\n\n')
    out.write("const struct page_file page_files[] = {\n")
    for path in sys.argv[2:]:
        out.write('    {"%s",\n' % os.path.basename(path))
        with open(path, encoding="utf-8") as page:
            for line in page.read().splitlines():
                out.write("     " + literal(line) + "\n")
        out.write("    },\n")
    out.write("};\nconst int n_page_files = %d;\n" % len(sys.argv[2:]))
