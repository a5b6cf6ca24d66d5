"""What a person does before a dialog."""
import time


def read_it(s, seconds=0.4):
    """A dialog takes no key of its first 300 ms: a person has read it by then."""
    time.sleep(seconds)
    s.read(0.01)


def escape(s):
    """What follows an Esc at once would be its Alt."""
    s.send("esc")
    read_it(s, 0.2)


def confirm(s, text, *keys):
    """Reads a dialog with TEXT in it, and answers."""
    s.wait(text)
    read_it(s)
    s.send(*keys)


def only(s, name, *others):
    """The filter that leaves the row of NAME; until OTHERS are gone. A title that has the filter in it is no row."""
    s.send("/", name, "enter")
    s.wait(lambda t: f"/{name} " in t and any(name in line for line in t.split("\n") if line.startswith("▶")) and not any(o in t for o in others))


def leave(s):
    """As a person leaves: what was done is on the disk."""
    s.send("q")
    assert s.wait_end() == 0
