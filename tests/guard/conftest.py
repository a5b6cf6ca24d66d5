"""Fixtures of the guard: a guard over one config, a receiver of its messages, and knobs that turn into alerts."""
import signal

import pytest

from guarding import Guard, Knobs, Receiver


@pytest.fixture
def receiver():
    r = Receiver()
    yield r
    r.close()


@pytest.fixture
def guard(program, tmp_path, receiver):
    g = Guard(program, tmp_path / "g")
    g.sections["webhook ops"] = {"url": f"{receiver.url}/hook", "group_wait": "0"}
    yield g
    if g.process is not None and g.process.poll() is None:
        g.signal(signal.SIGCONT)
        g.kill()


@pytest.fixture
def knobs(start_server, guard):
    def make(*names, **rule):
        return Knobs(start_server(), guard, names, **rule)
    return make
