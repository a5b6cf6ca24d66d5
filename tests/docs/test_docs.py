"""What docs/ says is what the program says now, and what it tells people to type works."""
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))
import docs  # noqa: E402

HAND_WRITTEN = ["README.md", "docs/manual.md", "docs/guard.md", "docs/profile.md"]
# A block of a page: ```console, ```ini and the like.
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def read(path, root=ROOT):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


def blocks(kind):
    """(page, text) of each block of that kind in what people wrote."""
    return [(page, text) for page in HAND_WRITTEN for found, text in FENCE.findall(read(page)) if found == kind]


def examples():
    """(command, exit code) of each `$ dbvitals ...` in a console block that needs no terminal; "# exit N" behind it says N."""
    for page, text in blocks("console"):
        for line in text.splitlines():
            found = re.fullmatch(r"\$ (dbvitals (?:show|query|doctor|help|config).*?)(?:\s+# exit (\d))?", line)
            if found:
                yield pytest.param(found[1], int(found[2] or 0), id=f"{page}: {found[1]}")


def test_the_pages_made_from_tables_are_what_the_program_prints_now(program):
    made = docs.pages(program, ROOT)
    differing = [path for path, text in made.items() if docs.read(os.path.join(ROOT, path)) != text]
    assert not differing, "run tools/docs.py"
    on_disk = {f"docs/datasets/{name}" for name in os.listdir(os.path.join(ROOT, "docs/datasets"))}
    assert on_disk <= set(made), "a page of a dataset that is no more: run tools/docs.py"
    assert docs.MAN_TOPICS <= {m[2] for m in docs.MAN_PART.finditer(read(docs.MAN))}


def test_code_in_a_help_text_is_code_in_the_pages(program):
    made = docs.pages(program, ROOT)
    assert "or `detail` for a page" in made["docs/config.md"]
    assert "as in `statements`" in made["docs/datasets/waits.md"]
    assert not [path for path, text in made.items() if path.endswith(".md") and "\\`" in text]


def test_every_page_of_the_dashboard_and_every_subcommand_is_in_the_manual(program):
    manual = read("docs/manual.md")
    for line in docs.ask(program, "pages", "--format", "markdown").split("| --- |\n")[1].splitlines():
        name = line.split("|")[2].strip(" `")
        assert re.search(rf"^### .*\b{name}\b", manual, re.MULTILINE), f"page {name} has no section"
    for line in docs.ask(program, "commands").splitlines()[1:]:
        assert f"dbvitals {line.split()[1]}" in manual, line


def test_links_between_the_pages_lead_somewhere():
    for page in HAND_WRITTEN + ["docs/datasets/README.md", "CHANGELOG.md"]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", read(page)):
            assert os.path.exists(os.path.join(ROOT, os.path.dirname(page), target)), f"{page}: {target}"


def test_the_man_page_has_no_error_for_roff():
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", os.path.join(ROOT, docs.MAN)], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr


def test_bash_takes_the_completion_and_completes_a_dataset(dbvitals):
    script = dbvitals("help", "completion").stdout
    ask = 'COMP_WORDS=(dbvitals show sess); COMP_CWORD=2; _dbvitals; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-uec", f"{script}\n{ask}"], capture_output=True, text=True)
    assert done.stdout.strip() == "sessions" and not done.stderr


@pytest.mark.parametrize("page, text", blocks("ini"))
def test_a_config_in_the_manual_is_accepted(dbvitals, tmp_path, page, text):
    config = tmp_path / "dbvitals.conf"
    config.write_text(text)
    config.chmod(0o600)
    services = tmp_path / "services"
    services.write_text("[shop]\nhost=/nowhere\n")
    done = dbvitals("config", "check", "--config", config, env={**os.environ, "OPS_DB_PASSWORD": "x", "PGSERVICEFILE": str(services)})
    assert done.returncode == 0, f"{page}: {done.stderr}"


@pytest.fixture(scope="module")
def example_server(shared_servers):
    server = shared_servers()
    server.psql("create extension if not exists pg_stat_statements")
    return server


@pytest.mark.parametrize("command, code", examples())
def test_a_command_in_the_manual_does_what_it_says(example_server, dbvitals, command, code):
    words = shlex.split(command)[1:]
    done = dbvitals(*words, env=example_server.env())
    assert done.returncode == code, done.stderr
    assert done.stdout or "-o" in words


# ---- A column is one line in one file ----

def test_a_column_is_one_line_that_appears_in_show_query_help_and_docs(server, build_dir, tmp_path):
    tree, build = copy_of_the_house(build_dir, tmp_path / "house")
    databases = tree / "collectors/pg/databases.c"
    line = '    {"is_template", KIND_GAUGE, TYPE_REAL, UNIT_BOOL, "d.datistemplate", .help = "whether anybody may copy it"},\n'
    text = databases.read_text()
    assert text.count('    {"frozen_age", ') == 1
    databases.write_text(text.replace('    {"frozen_age", ', line + '    {"frozen_age", '))
    done = subprocess.run(["ninja", "-j2", "-C", build, "dbvitals"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout

    def run(*words):
        return subprocess.run([build / "dbvitals", *words], env=server.env(), check=True, capture_output=True, text=True, timeout=30).stdout

    assert "is_template" in run("show", "databases", "--format", "csv").splitlines()[0].split(",")
    answer = run("query", "select is_template from databases where datname = 'template1'", "--format", "csv")
    assert answer.split() == ["is_template", "1"]
    assert "whether anybody may copy it" in run("help", "databases")
    subprocess.run([sys.executable, tree / "tools/docs.py", "--build", build, "--root", tree], check=True, capture_output=True)
    assert "| `is_template` | gauge | bool | whether anybody may copy it | `d.datistemplate` |" in read("docs/datasets/databases.md", tree)


def copy_of_the_house(build_dir, tree):
    """The sources as they are, and a build folder: a copy of ours where it stands in the sources (its paths are relative then, so
    that only what changes is compiled), else a fresh one."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True, text=True)
    if listed.returncode != 0 or not shutil.which("ninja"):
        pytest.skip("needs git and ninja")
    for name in filter(None, listed.stdout.split("\0")):
        if os.path.isfile(os.path.join(ROOT, name)):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(os.path.join(ROOT, name), tree / name)
    build = tree / os.path.basename(build_dir)
    if os.path.dirname(build_dir) == ROOT:
        shutil.copytree(build_dir, build, ignore=shutil.ignore_patterns("tests", "meson-logs"))
        rules = build / "build.ninja"
        rules.write_text(rules.read_text().replace(ROOT + "/", f"{tree}/"))
    else:
        done = subprocess.run(["meson", "setup", build, tree, "--buildtype=plain"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    return tree, build
