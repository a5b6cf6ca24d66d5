"""The program on a pseudo-terminal, and what a person would see there (pyte is the terminal)."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte

KEYS = {"up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "enter": "\r", "esc": "\x1b", "tab": "\t",
        "pgup": "\x1b[5~", "pgdn": "\x1b[6~", "home": "\x1b[H", "end": "\x1b[F", "space": " ", "backspace": "\x7f",
        "backtab": "\x1b[Z",
        "ctrl-c": "\x03", "ctrl-u": "\x15", "ctrl-z": "\x1a", "f1": "\x1bOP", "f10": "\x1b[21~"}


# Synchronized output: what comes between is seen at once.
FRAME_BEGIN, FRAME_END = b"\x1b[?2026h", b"\x1b[?2026l"


class Stream(pyte.ByteStream):
    """ncurses scrolls lines that moved and repeats characters with sequences that pyte 0.8 does not know: SU, SD and REP (ECMA-48)."""

    csi = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down", "b": "repeat"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down", "repeat"}


class Tolerant(pyte.Screen):
    """pyte 0.8 does not know every private sequence that ncurses sends for modern terminals."""

    last = " "

    def draw(self, data):
        self.last = data[-1:] or self.last
        super().draw(data)

    def repeat(self, count=1):
        self.draw(self.last * (count or 1))

    def _at(self, line, move, count):
        before, self.cursor.y = self.cursor.y, line
        for _ in range(count or 1):
            move()
        self.cursor.y = before

    def scroll_up(self, count=1):
        self._at(self.margins.bottom if self.margins else self.lines - 1, self.index, count)

    def scroll_down(self, count=1):
        self._at(self.margins.top if self.margins else 0, self.reverse_index, count)

    def report_device_status(self, *args, **kwargs):
        pass

    def select_graphic_rendition(self, *attrs, **kwargs):
        super().select_graphic_rendition(*attrs)


class Screen:
    """`Screen([program, ...], rows, columns, env)`: starts it on a pseudo-terminal of its own; close() ends it."""

    def __init__(self, command, rows=24, columns=80, env=None, term="xterm-256color", cwd=None):
        self.rows, self.columns = rows, columns
        self.screen = Tolerant(columns, rows)
        self.stream = Stream(self.screen)
        self.raw = bytearray()
        self.held = b""  # of a frame that has not come whole
        self.display = None  # the screen's text, made when asked for
        self.status = None
        self.started = time.monotonic()
        environment = {**(env or os.environ), "TERM": term, "LC_ALL": "C.UTF-8"}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:  # sized here: the program must not see the size change after it began
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            for number in (signal.SIGINT, signal.SIGQUIT):  # a shell's background job has them ignored
                signal.signal(number, signal.SIG_DFL)
            if cwd is not None:
                os.chdir(cwd)
            os.environ.clear()
            os.environ.update(environment)
            try:
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(127)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def set_size(self, rows, columns):
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)
        self.display = None

    def read(self, timeout_s=0.0):
        """Takes what the program wrote; true if there was something."""
        got = False
        while select.select([self.fd], [], [], timeout_s)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.feed(data)
            got, timeout_s = True, 0
        return got

    def send(self, *keys):
        for key in keys:
            os.write(self.fd, KEYS.get(key, key).encode())

    def mouse(self, row, column, button=0):
        """Presses and releases BUTTON (0 left, 64 wheel up, 65 wheel down) at a cell counted from 0, as terminals with SGR mouse tell it."""
        os.write(self.fd, b"\x1b[<%d;%d;%dM" % (button, column + 1, row + 1))
        if button < 64:
            os.write(self.fd, b"\x1b[<%d;%d;%dm" % (button, column + 1, row + 1))

    def find(self, text):
        """(row, column) of the first place where TEXT stands."""
        for n, line in enumerate(self.text().split("\n")):
            if text in line:
                return n, line.index(text)
        raise AssertionError(f"{text!r} is not on the screen:\n{self.text()}")

    def feed(self, data):
        self.raw += data
        come = self.held + data
        begun = come.rfind(FRAME_BEGIN)
        if begun > come.rfind(FRAME_END):
            known = begun
        else:  # the tail may be the beginning of a beginning
            known = len(come) - max(n for n in range(len(FRAME_BEGIN)) if come.endswith(FRAME_BEGIN[:n]))
        self.held = come[known:]
        self.stream.feed(come[:known])
        self.display = None

    def shown(self):
        """The screen's text as of the last reading."""
        if self.display is None:
            self.display = "\n".join(self.screen.display)
        return self.display

    def text(self):
        self.read()
        return self.shown()

    def line(self, n):
        return self.text().split("\n")[n]

    def wait(self, condition, timeout_s=10, what=None):
        """Until CONDITION (a string that must stand on the screen, or a function of its text) holds; returns the text."""
        holds = (lambda t: condition in t) if isinstance(condition, str) else condition
        end = time.monotonic() + timeout_s
        while True:
            text = self.text()
            if holds(text):
                return text
            left = end - time.monotonic()
            if left <= 0 or self.ended():
                self.read()
                text = self.text()
                if holds(text):
                    return text
                raise AssertionError(f"{what or condition!r} did not appear in {timeout_s} s "
                                     f"(program {'ended: %s' % self.status if self.status is not None else 'runs'}):\n{text}")
            self.read(min(left, 0.05))

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid == self.pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def wait_end(self, timeout_s=10):
        """The exit code (negative: the signal)."""
        end = time.monotonic() + timeout_s
        while not self.ended():
            assert time.monotonic() < end, f"the program did not end in {timeout_s} s:\n{self.text()}"
            self.read(0.05)
        self.read()
        return self.status

    def signal(self, number):
        os.kill(self.pid, number)

    def time_to_change(self, key, timeout_s=1.0):
        """Milliseconds from writing KEY to the arrival of what changed the screen; NaN if nothing did. The emulator's own time does not count."""
        before = self.text()
        start = time.perf_counter()
        self.send(key)
        while time.perf_counter() - start < timeout_s:
            if not select.select([self.fd], [], [], 0.05)[0]:
                continue
            data = os.read(self.fd, 65536)
            arrived = time.perf_counter()
            self.feed(data)
            if self.shown() != before:
                return (arrived - start) * 1000
        return float("nan")

    def modes(self):
        return termios.tcgetattr(self.fd)

    def close(self):
        if not self.ended():
            self.signal(signal.SIGKILL)
            while not self.ended():
                time.sleep(0.005)
        os.close(self.fd)
