#!/usr/bin/env python3
"""Makes a C file of data files: embed.py OUT ARRAY FILE... gives `const struct embedded ARRAY[]` and `const int n_ARRAY`."""
import os
import sys


def main():
    out, array, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    lines = [f"/* Made by tools/embed.py of {len(files)} files. */", '#include "core/embedded.h"', ""]
    rows = []
    for i, path in enumerate(files):
        with open(path, "rb") as f:
            data = f.read()
        lines.append(f"static const char file_{i}[] = {{")
        for at in range(0, len(data), 24):
            lines.append("    " + " ".join(f"{b if b < 128 else b - 256}," for b in data[at : at + 24]))
        lines.append("    0};")
        name = os.path.splitext(os.path.basename(path))[0]
        rows.append(f'    {{"{name}", file_{i}, {len(data)}}},')
    lines += ["", f"const struct embedded {array}[] = {{"] + rows + ["};", f"const int n_{array} = {len(files)};"]
    with open(out, "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")


main()
