"""Fixtures: a server for all tests, a database for each, and servers that a test may stop."""

import json
from pathlib import Path

import between
import harness
import mongo
import pytest

PLUGINS = harness.BUILD / "tests" / "plugins"
HERE = Path(__file__).parent
MISSING = "there is no mongod, FerretDB or WEIR_TEST_MONGODB_URI; run: packaging/deps test"


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE not in item.path.parents:
            continue
        if not mongo.program() and (not mongo.URI or "own_server" in item.fixturenames):
            item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    if mongo.URI:
        yield mongo.External()
        return
    server = mongo.Server(tmp_path_factory.mktemp("mongodb") / "data").start()
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path):
    """A function that starts a server of this test's own."""
    started = []

    def start(**options):
        started.append(mongo.Server(tmp_path / f"server-{len(started)}"))
        return started[-1].start(**options)

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def refusing_server(own_server):
    """A function that starts a server with one before it that `answer`s (see between.py)."""
    started = []

    def start(answer):
        started.append(between.Between(own_server(), answer))
        return started[-1]

    yield start
    for server in started:
        server.close()


class Database(harness.Backfilled):
    """A database of a server, and configurations that write into it."""

    def __init__(self, server, name, tmp_path, config):
        self.server, self.name, self.tmp_path, self.config = server, name, tmp_path, config
        self.client = server.client()
        self.client.drop_database(name)

    def __getitem__(self, collection):
        return self.client[self.name][collection]

    def collections(self):
        return sorted(self.client[self.name].list_collection_names())

    def text(self, source="{type: ledger}", more="", password=None, url=None):
        url = url or self.server.url(self.name)
        if password is None:
            password = getattr(self.server, "password", mongo.PASSWORD)
        return f"""
agent: {{interval: 1m, data_dir: {self.tmp_path}/data, plugin_dirs: [{PLUGINS}]}}
sources: {{rows: {source}}}
sinks:
  db: {{type: mongodb, inputs: [rows], url: "{url}", password: {json.dumps(password)},
       retry: {{initial: 10ms, max: 100ms}}, buffer: {{when_full: block}}{more}}}
"""


@pytest.fixture
def database(shared_server, tmp_path, config, request):
    name = "w_" + "".join(c for c in request.node.name if c.isalnum())[:24]
    return Database(shared_server, name, tmp_path, config)


@pytest.fixture
def make_database(tmp_path, config):
    return lambda server, name="weir": Database(server, name, tmp_path, config)
