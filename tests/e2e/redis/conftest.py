"""Fixtures: a server for all tests, emptied for each, and servers that a test may stop."""

import json

import harness
import pytest
import redisserver

PLUGINS = harness.BUILD / "tests" / "plugins"


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    server = redisserver.Server(tmp_path_factory.mktemp("redis") / "server").start()
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path):
    """A function that makes a server of this test's own with further options, not started."""
    made = []

    def make(*options, **more):
        made.append(redisserver.Server(tmp_path / f"server-{len(made)}", *options, **more))
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture
def cluster(tmp_path):
    """A function that makes a cluster of three masters and replicas."""
    made = []

    def make(**options):
        made.append(redisserver.Cluster(tmp_path / f"cluster-{len(made)}", **options))
        return made[-1]

    yield make
    for one in made:
        one.kill()


class Store(harness.Backfilled):
    """Configurations of an agent that writes into some server."""

    def __init__(self, tmp_path, config, url):
        self.tmp_path, self.config, self.url = tmp_path, config, url

    def text(self, source="{type: ledger}", more="", password=None, url=None, sinks=""):
        secret = "" if password is None else f", password: {json.dumps(password)}"
        return f"""
agent: {{interval: 1m, data_dir: {self.tmp_path}/data, plugin_dirs: [{PLUGINS}]}}
sources: {{rows: {source}}}
sinks:
  store: {{type: redis, inputs: [rows], url: "{url or self.url}"{secret},
          retry: {{initial: 10ms, max: 100ms}}, buffer: {{when_full: block}}{more}}}
{sinks}"""

    def start(self, **options):
        """The same, still running: harness.Process."""
        return harness.Process([harness.WEIR, *self.arguments(**options)], self.tmp_path / "log")


@pytest.fixture
def make_store(tmp_path, config):
    return lambda url: Store(tmp_path, config, url)


@pytest.fixture
def store(shared_server, make_store):
    shared_server.client().flushall()
    return make_store(f"redis://127.0.0.1:{shared_server.port}")
