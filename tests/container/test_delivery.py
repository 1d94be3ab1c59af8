"""The image beside an application: what it has is delivered when it is stopped, and what was on the
disk outlives its end. Servers are Debian's own; they are read by clients of theirs."""

import datetime
import json
import signal

import harness
import mosquitto
import pytest
import redisserver
from paho.mqtt import client as paho

ROWS = 300
APPLICATION = """
agent:
  data_dir: /var/lib/weir
  http: {{listen: "127.0.0.1:{http}"}}
  shutdown_timeout: 1m
sources:
  app:
    type: mqtt
    url: mqtt://localhost:{mqtt}
    client_id: sidecar
    subscriptions: [{{topic: app/events, format: json, measurement: events, time: at}}]
sinks:
  store: {{type: redis, inputs: [app], url: "{redis}", history: {{}},
          retry: {{initial: 100ms, max: 1s}}{sink}}}
"""


@pytest.fixture
def broker(tmp_path):
    broker = mosquitto.Broker(tmp_path / "broker").start()
    yield broker
    broker.kill()


@pytest.fixture
def store(tmp_path):
    """A Redis that is not started yet."""
    server = redisserver.Server(tmp_path / "redis")
    yield server
    if server.process is not None:
        server.kill()


def publish(broker):
    """The last second of an application: it ends when the broker has said yes to all."""
    client = paho.Client("application", protocol=paho.MQTTv5)
    client.connect("127.0.0.1", broker.tests_port)
    client.loop_start()
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    sent = []
    for n in range(ROWS):
        at = begin + datetime.timedelta(milliseconds=3 * n)
        sent.append(client.publish("app/events", json.dumps({"at": at.isoformat(), "n": n}), qos=1))
    for one in sent:
        one.wait_for_publish(60)
        assert one.is_published()
    client.disconnect()
    client.loop_stop()


def stored(server):
    """The numbers of the rows in Redis, sorted."""
    client = server.client()
    keys = client.keys("weir:history:events:*")
    return sorted(int(float(row[b"n"])) for key in keys for _, row in client.xrange(key))


def metric(running, http, name):
    """The sum of what the agent's own page has under a name."""
    lines = running.get(f"http://127.0.0.1:{http}/metrics").splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{"))


def test_sigterm_delivers_the_last_second(container, config, broker, store):
    """The sink would rather wait for an hour than write little; the stop does not let it."""
    store.start()
    http = harness.free_port()
    path = config(APPLICATION.format(
        http=http, mqtt=broker.port, redis=f"redis://localhost:{store.port}",
        sink=", batch: {max_delay: 1h}",
    ))  # fmt: skip
    running = container(config=path, network="host")
    running.wait_log("connected to MQTT")
    publish(broker)
    harness.poll(
        lambda: metric(running, http, "weir_route_rows_offered_total") == ROWS,
        what="the agent has all rows",
    )
    assert stored(store) == []
    running.stop_clean()
    assert stored(store) == list(range(ROWS))


def test_sigkill_loses_nothing_that_was_on_the_disk(container, config, broker, store, data):
    """The server hangs; the agent is told to stop, waits for it, and is killed. Another container
    finds the rows on the volume, and nobody else has them any more."""
    store.start()
    store.process.send(signal.SIGSTOP)
    http = harness.free_port()
    path = config(APPLICATION.format(
        http=http, mqtt=broker.port, redis=f"redis://localhost:{store.port}",
        sink=", buffer: {type: disk}",
    ))  # fmt: skip
    first = container(config=path, options=data, network="host")
    first.wait_log("connected to MQTT")
    publish(broker)
    # The source acknowledges a message once its rows are on the disk, and the broker forgets it.
    harness.poll(
        lambda: metric(first, http, "weir_disk_buffer_rows") == ROWS, what="rows are on the disk"
    )
    assert first.stop(timeout=1) == 128 + 9, first.log()
    assert "SIGTERM" in first.log() and "stopped" not in first.log()
    broker.kill()
    store.kill()

    store.start()
    second = container(config=path, options=data, network="host")
    harness.poll(lambda: len(stored(store)) >= ROWS, what="the rows are delivered")
    second.stop_clean()
    assert stored(store) == list(range(ROWS))
