#!/usr/bin/env python3
"""The pages of docs/ that the program writes itself: one per dataset, keys, config, pages, and the lists of the man page.

    docs.py [--build DIR] [--check]

--check writes nothing, names what differs, and exits 1 if something does."""
import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOPICS = ["actions", "keys", "config", "pages"]
NOTE = "<!-- Written by tools/docs.py from the program's tables: edit those, then run it. -->\n"
MAN = "docs/dbvitals.1"
# What stands between these two lines of the man page is written; the first one names the topic.
MAN_TOPICS = {"commands", "options", "exit-codes", "topics"}
MAN_PART = re.compile(r'(\.\\" from: (\S+)\n).*?(\.\\" end\n)', re.DOTALL)


def ask(program, *words):
    """What the program prints, without a config of whoever runs this."""
    return subprocess.run([program, "help", *words, "--config", "/dev/null"], check=True, text=True, capture_output=True).stdout


def datasets(program):
    return [line.split()[0] for line in ask(program, "datasets").splitlines()[1:]]


def pages(program, root):
    """path -> text of every page that is written."""
    made = {f"docs/{topic}.md": NOTE + ask(program, topic, "--format", "markdown") for topic in TOPICS}
    made["docs/datasets/README.md"] = NOTE + ask(program, "datasets", "--format", "markdown")
    for name in datasets(program):
        made[f"docs/datasets/{name}.md"] = NOTE + ask(program, name, "--format", "markdown")
    with open(os.path.join(root, MAN), encoding="utf-8") as f:
        made[MAN] = MAN_PART.sub(lambda m: m[1] + ask(program, m[2], "--format", "man") + m[3], f.read())
    return made


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(ROOT, "build"))
    parser.add_argument("--root", default=ROOT, help="the source tree whose docs/ is written")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    made = pages(os.path.join(args.build, "dbvitals"), args.root)
    folder = os.path.join(args.root, "docs/datasets")
    os.makedirs(folder, exist_ok=True)
    gone = [f"docs/datasets/{n}" for n in sorted(os.listdir(folder)) if f"docs/datasets/{n}" not in made]
    differing = [path for path, text in made.items() if read(os.path.join(args.root, path)) != text]
    for path in differing + gone:
        print(path)
    if args.check:
        return 1 if differing or gone else 0
    for path in differing:
        with open(os.path.join(args.root, path), "w", encoding="utf-8") as f:
            f.write(made[path])
    for path in gone:
        os.remove(os.path.join(args.root, path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
