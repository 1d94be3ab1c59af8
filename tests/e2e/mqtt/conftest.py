"""Fixtures: brokers, subscribers, certificates, and agents that publish."""

import json

import harness
import mosquitto
import pytest

PLUGINS = harness.BUILD / "tests" / "plugins"


@pytest.fixture
def make_broker(tmp_path):
    """A function that starts a broker with further lines of configuration for the agent."""
    started = []

    def make(*lines, users=None):
        folder = tmp_path / f"broker-{len(started)}"
        started.append(mosquitto.Broker(folder, lines, users))
        return started[-1].start()

    yield make
    for broker in started:
        broker.kill()


@pytest.fixture
def broker(make_broker):
    return make_broker()


@pytest.fixture
def make_reader():
    """A function that subscribes to topics of a broker."""
    started = []

    def make(broker, *topics, qos=0):
        started.append(mosquitto.Reader(broker, topics or ("#",), qos))
        return started[-1]

    yield make
    for reader in started:
        reader.close()


@pytest.fixture
def reader(broker, make_reader):
    return make_reader(broker)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return mosquitto.make_certificates(tmp_path_factory.mktemp("mqtt") / "certificates")


class Publisher:
    """Configurations that publish rows to a broker."""

    def __init__(self, broker, tmp_path, config):
        self.broker, self.tmp_path, self.config = broker, tmp_path, config
        self.started = []

    def text(self, source="{type: ledger}", sinks="", user=None, password=None, scheme="mqtt",
             **options):  # fmt: skip
        place = f"{user}@127.0.0.1" if user else "127.0.0.1"
        options = {"url": f"{scheme}://{place}:{self.broker.port}", **options}
        if password is not None:
            options["password"] = password
        more = "".join(f", {name}: {json.dumps(value)}" for name, value in options.items())
        return f"""
agent: {{interval: 1m, data_dir: {self.tmp_path}/data, plugin_dirs: [{PLUGINS}]}}
sources: {{rows: {source}}}
sinks:
  broker: {{type: mqtt, inputs: [rows], retry: {{initial: 10ms, max: 100ms}},
       buffer: {{when_full: block}}{more}}}
{sinks}
"""

    def arguments(self, minutes=1440, **options):
        path = self.config(self.text(**options))
        to = f"2026-01-{1 + minutes // 1440:02}T{minutes % 1440 // 60:02}:{minutes % 60:02}:00Z"
        return ["backfill", "-c", path, "--from", "2026-01-01T00:00:00Z", "--to", to]

    def backfill(self, *arguments, expect=0, **options):
        """Publishes the rows of the first minutes of 2026; the agent's log."""
        done = harness.weir(*self.arguments(**options), *arguments, timeout=120)
        assert done.returncode == expect, done.stderr
        return done.stderr

    def start(self, **options):
        """The same, going on while the test does something else."""
        log = self.tmp_path / f"log-{self.broker.port}-{len(self.started)}"
        self.started.append(harness.Process([harness.WEIR, *self.arguments(**options)], log))
        return self.started[-1]


@pytest.fixture
def make_publisher(tmp_path, config):
    made = []

    def make(broker):
        made.append(Publisher(broker, tmp_path, config))
        return made[-1]

    yield make
    for process in (process for publisher in made for process in publisher.started):
        process.kill()


@pytest.fixture
def publisher(broker, make_publisher):
    return make_publisher(broker)
