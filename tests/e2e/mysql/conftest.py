"""Fixtures: a server for all tests, a database for each, and servers that a test may stop."""

import json
import subprocess

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


def openssl(*arguments, cwd):
    subprocess.run([harness.tool("openssl"), *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def certificates(tmp_path):
    """A folder: ca.pem, other.pem (another authority), server.pem for 127.0.0.1, wrong.pem for
    another host, agent.pem; each with its .key."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                cwd=folder)  # fmt: skip
    for name, place in (("server", "IP:127.0.0.1"), ("wrong", "DNS:elsewhere"), ("agent", "DNS:a")):
        (folder / f"{name}.ext").write_text(f"subjectAltName={place}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", cwd=folder)  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days",
                "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem", cwd=folder)  # fmt: skip
    return folder
