"""The terminal alone, driven by tests/tui/terminal_probe.c: drawn right, never waited for, always restored."""
import os
import re
import select
import signal
import subprocess
import termios
import time
import unicodedata

import pytest

import screen

LEAVE = b"\x1b[?1049l"
TERMS = ["xterm-256color", "screen-256color", "tmux-256color", "xterm", "linux", "vt100"]


class Channel:
    """The probe's side channel: commands in, answers out, whatever becomes of its terminal."""

    def __init__(self, folder):
        self.paths = [os.path.join(str(folder), name) for name in ("commands", "answers")]
        for path in self.paths:
            os.mkfifo(path)
        self.fds = [os.open(path, os.O_RDWR | os.O_NONBLOCK) for path in self.paths]
        self.lines, self.rest = [], b""

    def close(self):
        for fd in self.fds:
            os.close(fd)

    def take(self, timeout_s):
        if select.select([self.fds[1]], [], [], timeout_s)[0]:
            *lines, self.rest = (self.rest + os.read(self.fds[1], 1 << 16)).split(b"\n")
            self.lines += [line.decode() for line in lines]

    def wait(self, pattern, timeout_s=10, read=None):
        """The next answer that matches; those before it are dropped."""
        end = time.monotonic() + timeout_s
        while True:
            while self.lines:
                found = re.search(pattern, self.lines.pop(0))
                if found:
                    return found
            assert time.monotonic() < end, f"no answer like {pattern!r} in {timeout_s} s"
            if read:
                read()
            self.take(0.02)

    def tell(self, command):
        os.write(self.fds[0], command.encode() + b"\n")

    def status(self, read=None):
        self.tell("status")
        found = self.wait(r"status frames=(\d+) drained=(\d+) bytes=(\d+) ready=(\d) utf8=(\d)", read=read)
        return dict(zip(("frames", "drained", "bytes", "ready", "utf8"), map(int, found.groups())))


class Probe(screen.Screen):
    def __init__(self, build_dir, folder, rows=24, columns=80, term="xterm-256color", env=None, shell=None):
        self.channel = Channel(folder)
        command = [os.path.join(build_dir, "tests", "terminal_probe"), *self.channel.paths]
        environment = {**os.environ, **(env or {})}
        environment.pop("NO_COLOR", None) if not env or "NO_COLOR" not in env else None
        super().__init__(shell(command) if shell else command, rows=rows, columns=columns, env=environment, term=term)
        self.command = command

    def tell(self, command):
        self.channel.tell(command)

    def wait_key(self, pattern, timeout_s=10):
        return self.channel.wait(pattern, timeout_s, self.read)

    def status_now(self):
        return self.channel.status(self.read)

    def close(self):
        super().close()
        self.channel.close()


@pytest.fixture
def probe(build_dir, tmp_path):
    opened = []

    def start(wait="size", **options):
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        opened.append(Probe(build_dir, folder, **options))
        if wait:
            # The size is set after the start: what was drawn before is drawn again.
            opened[-1].wait(f"probe {opened[-1].rows}x{opened[-1].columns}" if wait == "size" else wait)
        return opened[-1]

    yield start
    for p in opened:
        p.close()


def through_shell(command):
    """A shell that compares the terminal's modes before and after, as the user's own would meet them."""
    line = " ".join(f"'{word}'" for word in command)
    return ["bash", "--norc", "-c", f"before=$(stty -a); {line}; code=$?; "
            "[ \"$before\" = \"$(stty -a)\" ] && echo SAME-$code- || echo DIFFERENT-$code-; cat > /dev/null"]


def child_of(pid):
    return int(open(f"/proc/{pid}/task/{pid}/children").read().split()[0])


def assert_left(p, after=0, until=b"SAME-"):
    raw = bytes(p.raw)[after:].split(until)[0]
    assert LEAVE in raw, "the alternate screen was not left"
    assert raw.rfind(b"\x1b[?25h") > raw.rfind(b"\x1b[?25l"), "the cursor is hidden"
    assert raw.rfind(b"\x1b[?2004l") > raw.rfind(b"\x1b[?2004h"), "bracketed paste is on"
    assert raw.rfind(b"\x1b[?1002l") > raw.rfind(b"\x1b[?1002h"), "the mouse is reported"
    assert raw.rfind(screen.FRAME_END) >= raw.rfind(screen.FRAME_BEGIN), "the terminal waits for the rest of a frame"


@pytest.mark.parametrize("term", TERMS)
def test_a_frame_is_drawn_cell_for_cell(probe, term):
    p = probe(term=term)
    p.wait("frame 1")
    rows = p.text().split("\n")
    assert rows[0][0] == "A" and rows[0][79] == "B"
    assert rows[23][0] == "C" and rows[23][79] == "D"
    assert rows[1].startswith(" probe 24x80")
    # pyte keeps the two cells of a wide character as the character and an empty cell
    assert rows[2].rstrip() == " 漢字|e\u0301|▁▂▃█|\U0001F600|✓|" or rows[2].rstrip() == " 漢字|é|▁▂▃█|\U0001F600|✓|"
    p.send("q")
    assert p.wait_end() == 0


@pytest.mark.parametrize("term", TERMS)
def test_a_frame_is_seen_whole_or_not_at_all(probe, term):
    p = probe(term=term)
    p.tell("draw")
    p.wait("frame 2 ")
    p.send("q")
    assert p.wait_end() == 0
    before, *frames = bytes(p.raw).split(screen.FRAME_BEGIN)
    if term in ("linux", "vt100"):  # they know nothing of it
        assert frames == [] and screen.FRAME_END not in before
        return
    assert len(frames) >= 2 and all(screen.FRAME_END in f for f in frames)
    assert b"probe 24x80" in frames[0].split(screen.FRAME_END)[0] and b"probe" not in before
    between = b"".join(f.split(screen.FRAME_END, 1)[1] for f in frames)
    assert re.sub(rb"\x1b\[[?!0-9;]*[A-Za-z]|\x1b[^\[]|[\r\n]", b"", between) == b"", "it draws outside of frames"


def test_direct_colour_is_used_only_where_terminfo_says_so(probe, tmp_path):
    entry = subprocess.run(["infocmp", "-x", "xterm-256color"], capture_output=True, text=True, check=True).stdout
    body = entry.split("\n", 2)[2]
    body = re.sub(r"\b(colors|pairs)#0x\w+, ", "", body)
    body = re.sub(r"\s(initc|setab|setaf|oc)=[^\n]*?(?<!\\),(?=\s)", " ", body)
    source = tmp_path / "direct.ti"
    source.write_text("test-direct|direct colour as xterm has it,\n\tRGB, colors#0x1000000, pairs#0x10000,\n"
                      "\tsetaf=\\E[%?%p1%{8}%<%t3%p1%d%e38\\:2\\:\\:%p1%{65536}%/%d\\:%p1%{256}%/%{255}%&%d\\:%p1%{255}%&%d%;m,\n"
                      "\tsetab=\\E[%?%p1%{8}%<%t4%p1%d%e48\\:2\\:\\:%p1%{65536}%/%d\\:%p1%{256}%/%{255}%&%d\\:%p1%{255}%&%d%;m,\n"
                      + body)
    subprocess.run(["tic", "-x", "-o", str(tmp_path / "terminfo"), str(source)], check=True, capture_output=True)
    p = probe(term="test-direct", env={"TERMINFO": str(tmp_path / "terminfo")}, wait=None)
    p.wait_key("started")
    while b"frame 1" not in bytes(p.raw):
        p.read(0.05)
    assert b"\x1b[38:2::175:215:255m" in bytes(p.raw)  # the title, 153 of 256
    p = probe(term="xterm-256color")
    assert b"38:2" not in bytes(p.raw) and b"38;5;153" in bytes(p.raw)


@pytest.mark.parametrize("term,message", [("dumb", "cannot move its cursor"), ("no-such-type", "is not known here"), ("", "TERM is not set")])
def test_a_terminal_that_cannot_be_drawn_on_is_told(probe, term, message):
    p = probe(term=term, wait=None, env={"ASAN_OPTIONS": "detect_leaks=0"})  # newterm() leaks when it fails
    assert p.wait_end() == 2
    assert message in " ".join(p.text().split()).replace("\n", "")
    assert b"\x1b[?1049h" not in bytes(p.raw)


def test_no_terminal_is_told(build_dir, tmp_path):
    channel = Channel(tmp_path)
    done = subprocess.run([os.path.join(build_dir, "tests", "terminal_probe"), *channel.paths], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    channel.close()
    assert done.returncode == 2 and "standard output is not a terminal" in done.stderr and done.stdout == ""


def test_no_color_sends_no_colour(probe):
    p = probe(env={"NO_COLOR": "1"})
    p.wait("frame 1")
    assert not re.search(rb"\x1b\[[0-9;]*(3[0-8]|4[0-8]|9[0-7])[;m]", bytes(p.raw))


def test_a_locale_without_utf8_gets_ascii(build_dir, tmp_path):
    p = Probe(build_dir, tmp_path, shell=lambda command: ["env", "LC_ALL=C", *command])
    try:
        p.wait("frame 1")
        assert all(b < 0x80 for b in bytes(p.raw))
        assert p.status_now()["utf8"] == 0
        assert p.line(2).rstrip() == " ????|e| .:#|??|+|"
    finally:
        p.close()


def test_a_small_change_sends_few_bytes(probe):
    p = probe(rows=50, columns=200)
    p.wait("frame 1")
    before = p.status_now()
    for n in range(before["frames"] + 1, before["frames"] + 11):
        p.tell("draw")
        p.wait(f"frame {n} ")
    after = p.status_now()
    assert (after["bytes"] - before["bytes"]) / 10 < 40


def cells(p):
    """The rows as pyte holds them: the second half of a wide character is an empty cell. Its `display` fails on half a frame."""
    rows = ("".join(p.screen.buffer[y][x].data for x in range(p.columns)) for y in range(p.rows))
    return [unicodedata.normalize("NFD", row).rstrip() for row in rows]


@pytest.mark.parametrize("term", TERMS)
def test_what_is_seen_after_many_changes_is_what_was_drawn(probe, term):
    p = probe(term=term, rows=12, columns=40)
    for seed in range(60):
        p.tell(f"scatter {seed}")
        drawn = p.wait_key("\x1f").string.split("\x1f")[:12]
        seen = ""
        end = time.monotonic() + 5
        while seen != drawn and time.monotonic() < end:
            p.read(0.01)
            seen = cells(p)
            drawn = [unicodedata.normalize("NFD", line) for line in drawn]
        assert seen == drawn, f"after {seed + 1} changes"


@pytest.mark.parametrize("term", TERMS)
def test_the_last_cell_is_right_whatever_stands_before_it(probe, term):
    p = probe(term=term)
    p.tell("corner")
    p.wait_key("status")
    wide = "??" if term in ("tmux-256color", "screen-256color") else "漢"  # see painter.c: fits()
    p.wait(lambda _: cells(p)[23].endswith(" " + wide + "D"))


KEYS = [("a", "char 61$"), ("\x1b[A", "named 0$"), ("\x1bOB", "named 1$"), ("\r", "named 8$"), ("\x03", "char C-63$"), ("é", "char e9$"),
        ("\x1bx", "char A-78$"), ("\x1b[15~", "named 19$"), ("\x1b[<0;3;2M", "mouse press 1 1,2$"), ("\x1b[<65;3;2M", "mouse wheel-down 5 1,2$")]


def test_keys_arrive(probe):
    p = probe()
    for key, answer in KEYS:
        p.send(key)
        p.wait_key(answer)


def test_an_escape_alone_arrives_soon_and_a_split_arrow_stays_an_arrow(probe):
    p = probe()
    start = time.monotonic()
    p.send("\x1b")
    p.wait_key("named 9$")
    assert 0.03 < time.monotonic() - start < 0.5
    os.write(p.fd, b"\x1b[")
    p.status_now()  # the probe has turned its loop in between
    os.write(p.fd, b"A")
    p.wait_key("named 0$")
    assert p.channel.lines == []


def test_a_paste_is_one_key_and_is_asked_for(probe):
    p = probe()
    assert b"\x1b[?2004h" in bytes(p.raw)
    text = "q" * 3000
    os.write(p.fd, b"\x1b[200~" + text.encode())
    p.status_now()
    os.write(p.fd, b"qq\x1b[20")
    p.status_now()
    os.write(p.fd, b"1~b")
    assert p.wait_key(r"paste (\d+)").group(1) == "3002"
    p.wait_key("char 62$")
    assert not p.ended()


def test_type_ahead_is_dropped_when_asked(probe):
    p = probe()
    p.send("Fyyyy")  # F makes the probe flush
    p.wait_key("char 46$")
    p.status_now()
    p.send("n")
    assert p.wait_key("char (79|6e)$").group(1) == "6e"


def test_a_resize_is_followed_and_a_storm_survived(probe):
    p = probe()
    for rows, columns in [(1, 1), (100, 400), (2, 3), (10, 40), (24, 80), (5, 20), (50, 200), (1, 400), (100, 1), (20, 5), (100, 400)] * 5:
        p.set_size(rows, columns)
        p.read(0.002)
    p.set_size(30, 100)
    p.wait("probe 30x100")
    rows = p.wait(lambda t: t.split("\n")[29][99] == "D").split("\n")
    assert rows[0][0] == "A" and rows[0][99] == "B" and rows[29][0] == "C"
    p.send("q")
    assert p.wait_end() == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 80), (24, 1), (2, 2), (100, 400)])
def test_every_size_is_drawn(probe, size):
    p = probe(wait=None, rows=size[0], columns=size[1])
    p.wait_key("started")
    p.wait(lambda t: "".join(t.split()) != "")
    p.send("q")
    assert p.wait_end() == 0


def test_a_terminal_that_nobody_reads_stops_frames_but_not_the_loop(probe):
    p = probe(rows=50, columns=200)
    p.wait("frame 1")
    p.tell("busy on")
    end = time.monotonic() + 10
    full = 0
    while full < 20:  # nobody reads from here on; the system may still move some of it along
        full = 0 if p.channel.status()["ready"] else full + 1
        assert time.monotonic() < end, "the queue never filled"
    stuck = p.channel.status()
    slowest = 0
    for _ in range(100):
        start = time.monotonic()
        now = p.channel.status()
        slowest = max(slowest, time.monotonic() - start)
    assert slowest < 0.1
    assert now["frames"] - stuck["frames"] <= 1 and not now["ready"]
    os.write(p.fd, b"k")
    p.channel.wait("char 6b$")
    p.tell("busy off")
    p.wait(lambda t: p.status_now()["ready"])
    last = p.status_now()
    assert last["drained"] > stuck["drained"]
    p.wait(f"frame {last['frames']}")  # what is seen in the end is the newest frame
    p.send("q")
    assert p.wait_end() == 0


def test_it_ends_and_is_restored_while_nobody_reads(probe):
    p = probe(shell=through_shell, rows=50, columns=200)
    p.wait("frame 1")
    p.tell("busy on")
    while p.channel.status()["ready"]:
        pass
    child = child_of(p.pid)
    os.kill(child, signal.SIGTERM)
    end = time.monotonic() + 5
    while os.path.exists(f"/proc/{child}/exe") and open(f"/proc/{child}/comm").read().strip() == "terminal_probe":
        assert time.monotonic() < end, "it waits for its terminal"
        time.sleep(0.01)
    p.wait("-143-")


WAYS = ["q", "segv", "null", "abort", "overflow", "exit", "memory", signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT]


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_terminal_is_restored_after(probe, way):
    p = probe(shell=through_shell)
    p.wait("frame 1")
    if way == "q":
        p.send("q")
    elif isinstance(way, str):
        p.tell("end " + way)
    else:
        os.kill(child_of(p.pid), way)
    assert "SAME-" in p.wait(lambda t: "SAME-" in t or "DIFFERENT-" in t, 20)
    assert_left(p)
    code = int(re.search(r"SAME-(\d+)-", p.text()).group(1))
    if way == "q":
        assert code == 0
    elif way == "exit":
        assert code == 5
    elif isinstance(way, signal.Signals):
        assert code == 128 + way
    else:
        assert code != 0


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(probe):
    p = probe(shell=lambda command: ["bash", "--norc", "-i"], env={"PS1": "PROMPT> "}, wait="PROMPT>")
    line = " ".join(f"'{word}'" for word in p.command)
    p.send(f"before=$(stty -g); {line}\r")
    p.wait("frame 1")
    for number, stop in enumerate(["key", "signal", "hard"]):
        mark = len(p.raw)
        if stop == "key":
            p.send("ctrl-z")
        else:
            os.kill(child_of(p.pid), signal.SIGTSTP if stop == "signal" else signal.SIGSTOP)
        end = time.monotonic() + 10
        while b"Stopped" not in bytes(p.raw)[mark:]:
            assert time.monotonic() < end, "the shell was not told"
            p.read(0.05)
        if stop != "hard":  # SIGSTOP cannot be seen coming
            assert_left(p, mark, b"Stopped")
            # bash sets its own modes for its line editor; what it hands to a command is what it was left
            p.send(f"[ \"$before\" = \"$(stty -g)\" ] && echo same-{number}-$((1 + 1))\r")
            while f"same-{number}-2".encode() not in bytes(p.raw)[mark:]:
                assert time.monotonic() < end, "the modes differ"
                p.read(0.05)
        mark = len(p.raw)
        p.send("fg\r")
        while b"probe 24x80" not in bytes(p.raw)[mark:]:
            assert time.monotonic() < end, "it was not drawn again"
            p.read(0.05)
        assert b"\x1b[?1049h" in bytes(p.raw)[mark:]
        p.send("x")
        p.wait_key("char 78$")
        p.status_now()
        assert bytes(p.raw)[mark:].count(b"\x1b[?1049h") == 1
    p.send("q")
    p.wait("PROMPT>")


def test_ctrl_z_without_a_shell_changes_nothing(probe):
    p = probe()
    p.send("ctrl-z")
    p.wait(lambda _: bytes(p.raw).count(b"\x1b[?1049h") == 2)  # given back, and taken over again at once
    p.send("x")
    p.wait_key("char 78$")
    p.send("q")
    assert p.wait_end() == 0


def test_a_hangup_ends_it(probe, tmp_path):
    p = probe()
    pid = p.pid
    os.close(p.fd)
    p.fd = os.open(os.devnull, os.O_RDWR)
    end = time.monotonic() + 10
    while not p.ended():
        assert time.monotonic() < end, f"{pid} goes on without a terminal"
        time.sleep(0.01)
    assert p.status == 128 + signal.SIGHUP


def test_copies_go_to_the_clipboard_unless_too_large(probe):
    p = probe()
    p.tell("copy select 'ä'")
    p.wait_key("copied")
    while b"\x1b]52;c;c2VsZWN0ICfDpCc=\x07" not in bytes(p.raw):
        p.read(0.05)
    p = probe(term="linux")  # would print it
    p.tell("copy text")
    p.wait_key("refused")
    p.status_now()
    assert b"]52" not in bytes(p.raw)


def test_hostile_text_stays_in_its_row(probe):
    p = probe(env={"PROBE_ROW": "\x1b[2J\x1b]0;x\x07\x1b[10;10Hevil\x9b2J \u202edrow\u202c \U0001F468\u200d\U0001F469\u200d\U0001F467 end"})
    p.wait("frame 1")
    rows = p.text().split("\n")
    assert rows[5].startswith("·[2J·]0;x··[10;10Hevil") and rows[5].rstrip().endswith("end")
    assert rows[0][0] == "A" and rows[23][79] == "D" and rows[9].strip() == ""


def test_the_modes_while_it_runs_leave_all_keys_to_it(probe):
    p = probe()
    modes = p.modes()
    assert not modes[3] & (termios.ISIG | termios.ICANON | termios.ECHO)
    assert not modes[0] & (termios.IXON | termios.ICRNL)
    flags = int(re.search(r"flags:\s*(\d+)", open(f"/proc/{p.pid}/fdinfo/1").read()).group(1), 8)
    assert not flags & os.O_NONBLOCK, "the shell's own description was changed"
