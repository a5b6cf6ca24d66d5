"""The terminal is restored on every way out, and every size is survived."""
import os
import signal
import time

import pytest

import screen

LEAVE = b"\x1b[?1049l"


def started(program, server, **size):
    s = screen.Screen([program], env=server.env(), **size)
    s.before = s.modes()
    s.wait(lambda t: t.strip() != "")
    return s


@pytest.mark.parametrize("way", ["q", "ctrl-c", signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGSEGV, signal.SIGABRT], ids=str)
def test_it_is_restored_after(server, program, way):
    # The shell's view: a shell is between us and the terminal, so that its modes can be read after the end.
    s = screen.Screen(["sh", "-c", f"stty -g > /dev/null; before=$(stty -g); {program}; code=$?; [ \"$before\" = \"$(stty -g)\" ] && echo SAME-$code"],
                      env=server.env())
    with s:
        s.wait("live")
        if isinstance(way, str):
            s.send(way)
        else:
            child = int(open(f"/proc/{s.pid}/task/{s.pid}/children").read().split()[0])
            os.kill(child, way)
        s.wait("SAME-", 10)
        assert LEAVE in bytes(s.raw)
        assert s.raw.rfind(b"\x1b[?25h") > s.raw.rfind(b"\x1b[?25l"), "the cursor is hidden"
        assert s.raw.rfind(b"\x1b[?2004l") > s.raw.rfind(b"\x1b[?2004h"), "bracketed paste is still on"


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(server, program):
    with screen.Screen(["bash", "--norc", "-i"], env={**server.env(), "PS1": "PROMPT> "}) as s:
        s.wait("PROMPT>")
        s.send(program + "\r")
        s.wait("live")
        s.send("ctrl-z")
        s.wait("Stopped")
        s.send("echo a-$((1 + 1))-b\r")
        s.wait("a-2-b")
        s.send("fg\r")
        s.wait("live")
        s.send("q")
        s.wait("PROMPT>")
        s.send("exit\r")


def test_a_resize_storm_is_survived(server, program):
    with screen.Screen([program], env=server.env()) as s:
        s.wait("live")
        for rows, columns in [(1, 1), (100, 400), (2, 3), (10, 40), (24, 80), (5, 20), (50, 200), (1, 400), (100, 1), (20, 5), (100, 400)] * 3:
            s.set_size(rows, columns)
            s.read(0.03)
        s.set_size(50, 200)
        s.wait(lambda t: "live" in t and "transactions" in t, 5)
        s.send("q")
        assert s.wait_end() == 0


@pytest.mark.parametrize("term", ["xterm-256color", "screen-256color", "tmux-256color", "xterm", "linux", "vt100"])
def test_every_usual_terminal_is_drawn(server, program, term):
    somebody = server.connect()
    with screen.Screen([program], env=server.env(), term=term) as s:
        s.wait("live")
        s.send("2")
        s.wait("pid")
        s.wait(str(somebody.info.backend_pid))
        s.send("q")
        assert s.wait_end() == 0
    somebody.close()


def test_no_color_sends_no_colour_and_ascii_sends_ascii(server, program):
    with screen.Screen([program, "--ascii"], env={**server.env(), "NO_COLOR": "1"}) as s:
        s.wait("live")
        s.read(1.5)
        raw = bytes(s.raw)
        assert all(b < 128 for b in raw)
        import re
        assert not re.search(rb"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m", raw)
        s.send("q")
        assert s.wait_end() == 0


def test_little_is_sent_when_little_changes(server, program):
    with screen.Screen([program], rows=50, columns=200, env=server.env()) as s:
        s.wait("live")
        end = time.monotonic() + 4
        while time.monotonic() < end:
            s.read(0.1)
        sent, start = len(s.raw), time.monotonic()
        while time.monotonic() - start < 10:
            s.read(0.1)
        per_s = (len(s.raw) - sent) / (time.monotonic() - start)
        assert per_s <= 2048, f"{per_s:.0f} bytes a refresh"
