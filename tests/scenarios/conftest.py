"""Fixtures of the scenarios: a stage for one test, or a theatre: servers and a stage that the tests of one system share, in their order."""
import pytest

import servers
from stage import Stage


@pytest.fixture
def stage(program, tmp_path):
    s = Stage(program, tmp_path)
    yield s
    s.close()


class Theatre:
    """What it starts ends with it. A server that cannot be had skips, or fails where all must run."""

    def __init__(self, program, yard, need, folder):
        self.yard, self.need, self.folder, self.stage, self.started = yard, need, folder, Stage(program, folder), []

    def server(self, *sql, **settings):
        server = self.need(lambda: servers.Server(self.yard, **settings))
        self.started.append(server.start())
        for script in sql:
            server.psql(script)
        return server

    def bouncer(self, server, **how):
        bouncer = self.need(lambda: servers.Bouncer(self.yard, server, **how))
        self.started.append(bouncer.start())
        return bouncer

    def redis(self, *options):
        redis = self.need(lambda: servers.Redis(self.yard, *options))
        self.started.append(redis.start())
        return redis

    def close(self):
        self.stage.close()
        for thing in reversed(self.started):
            if thing.process is not None:
                thing.stop("immediate")


@pytest.fixture(scope="module")
def theatre(program, yard, needed, tmp_path_factory):
    t = Theatre(program, yard, needed, tmp_path_factory.mktemp("scenario"))
    yield t
    t.close()
