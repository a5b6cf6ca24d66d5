"""One process over many targets, some of them dead: none waits for another."""
import pytest

import servers
from many import Many

N, REFRESH_S = 40, 2


@pytest.fixture
def many(yard):
    m = Many(yard, N, databases=4)
    yield m
    m.close()
    for thing in (m.bouncer, m.server, m.stopped):
        thing.stop()


def test_what_is_dead_delays_no_other(many, guard):
    guard.sections["guard"]["refresh"] = f"{REFRESH_S}s"
    guard.sections["rules"]["packs"] = "standard"
    guard.sections["collect"] = {"budget": "1"}  # a machine that is busy with other tests is no reason to ask less
    guard.sections.update(many.sections())
    guard.start().wait_log('event="serving HTTP"')

    def states():
        return {r["target"]: r["state"] for r in guard.select("select target, state from targets")}
    wanted = {**dict.fromkeys(many.living, "up"), **dict.fromkeys(many.dead, "down")}
    servers.wait_for(lambda: states() == wanted, 40, lambda: {k: v for k, v in states().items() if wanted.get(k) != v}, every_s=0.5)
    polls = "select target, sum(polls) as polls from collectors group by target"
    before = {r["target"]: r["polls"] for r in guard.select(polls)}
    servers.wait_for(lambda: all(r["polls"] > before[r["target"]] for r in guard.select(polls) if r["target"] in many.living), 30,
                     lambda: guard.select(polls), every_s=0.5)
    ages = {r["target"]: r["data_age_s"] for r in guard.select("select target, data_age_s from targets")}
    assert not {name: age for name, age in ages.items() if name in many.living and not 0 <= age <= 5 * REFRESH_S}, ages
    assert states() == wanted
    assert {r["target"] for r in guard.select("select target from pools")} == set(many.living)
    guard.stop()
