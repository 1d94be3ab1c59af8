"""Fixtures: a server for all tests, a database for each, and servers that a test may stop."""

import json

import harness
import mariadb
import pytest

PLUGINS = harness.BUILD / "tests" / "plugins"


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mariadb") / "installed"
    mariadb.install(folder)
    return folder


@pytest.fixture(scope="session")
def shared_server(installed, tmp_path_factory):
    server = mariadb.Server(tmp_path_factory.mktemp("server"), installed).start()
    yield server
    server.stop()


@pytest.fixture
def own_server(installed, tmp_path):
    """A function that starts a server of this test's own with further options."""
    started = []

    def start(*options):
        started.append(mariadb.Server(tmp_path / f"server-{len(started)}", installed))
        return started[-1].start(*options)

    yield start
    for server in started:
        server.kill()


class Database(harness.Backfilled):
    """A database of a server, and configurations that write into it."""

    backfill_timeout = 60

    def __init__(self, server, name, tmp_path, config):
        self.server, self.name, self.tmp_path, self.config = server, name, tmp_path, config
        server.database(name)

    def query(self, sql, *values):
        return self.server.query(self.name, sql, *values)

    def text(self, source="{type: ledger}", more="", password=mariadb.PASSWORD, url=None):
        url = url or f"mysql://{self.name}@127.0.0.1:{self.server.port}/{self.name}"
        return f"""
agent: {{interval: 1m, data_dir: {self.tmp_path}/data, plugin_dirs: [{PLUGINS}]}}
sources: {{rows: {source}}}
sinks:
  db: {{type: mysql, inputs: [rows], url: "{url}", password: {json.dumps(password)},
       retry: {{initial: 10ms, max: 100ms}}, buffer: {{when_full: block}}{more}}}
"""


@pytest.fixture
def database(shared_server, tmp_path, config, request):
    name = "w_" + "".join(c for c in request.node.name if c.isalnum())[:24]
    return Database(shared_server, name, tmp_path, config)


@pytest.fixture
def make_database(tmp_path, config):
    return lambda server, name="weir": Database(server, name, tmp_path, config)
