"""What Sparkplug's births say outlives the agent that read them; where it does not, edge nodes are
asked again."""

import os
import random
import shutil
import time

import harness
import pytest
import subscriber
from test_mqtt_source import T0, field, metric

SPARKPLUG = [{"topic": "spBv1.0/plant/#", "format": "sparkplug"}]


@pytest.fixture
def seed():
    value = int(os.environ.get("WEIR_SEED", random.randrange(2**32)))
    print(f"WEIR_SEED={value}")
    return random.Random(value)


class Edge:
    """An edge node whose births call its three aliases by other names each time. Its clock is a
    millisecond later with every message."""

    def __init__(self, broker):
        self.device = subscriber.Device(broker)
        self.now, self.births, self.wanted = T0 * 1000, 0, {}

    def publish(self, message, metrics, alias=0):
        self.now += 1
        payload = field(1, 0, self.now) + metrics
        self.device.publish(f"spBv1.0/plant/{message}/edge", payload)

    def name(self, alias):
        return f"m{(alias + self.births) % 3}"

    def expect(self, alias):
        self.wanted[float(self.now + 1)] = self.name(alias)
        return float(self.now + 1)

    def birth(self):
        self.births += 1
        value = self.expect(0)  # of all three: the last stands
        metrics = metric(self.name(0).encode(), 0, value=value)
        metrics += b"".join(metric(self.name(a).encode(), a, value=-1.0) for a in (1, 2))
        self.publish("NBIRTH", metrics)

    def data(self, alias):
        self.publish("NDATA", metric(alias=alias, kind=0, value=self.expect(alias)))

    def death(self):
        self.publish("NDEATH", b"")


def rows(database):
    return subscriber.rows(database, "select value, metric from sparkplug where value > 0")


def test_names_are_known_after_the_agent_was_killed(broker, agent, tmp_path):
    database = tmp_path / "rows.db"
    text = subscriber.config(
        broker, tmp_path, SPARKPLUG, {"store": subscriber.store(database)}, rebirth=False
    )
    running = agent(text)
    running.wait_log("connected to MQTT")
    edge = Edge(broker)
    edge.birth()
    harness.poll(lambda: len(rows(database)) == 1)
    running.kill()
    for n in range(300):
        edge.data(n % 3)
    running = agent(text)
    harness.poll(lambda: len(rows(database)) >= 301)
    assert dict(rows(database)) == edge.wanted
    assert "could not be used" not in running.log()
    edge.device.close()


def test_an_agent_that_is_killed_calls_metrics_by_the_names_of_their_time(
    broker, agent, tmp_path, seed
):
    """Births and deaths come with the data around them when it starts, and it is killed before it
    has read them, before it acknowledges them, or behind that."""
    database = tmp_path / "rows.db"
    text = subscriber.config(
        broker, tmp_path, SPARKPLUG, {"store": subscriber.store(database)}, rebirth=False
    )
    edge = Edge(broker)
    running = agent(text)
    running.wait_log("connected to MQTT")
    edge.birth()
    for _ in range(10):
        harness.poll(lambda: len(rows(database)) >= len(edge.wanted))
        running.kill()
        for is_reborn in (False, True):
            if is_reborn:  # one birth at most is not acknowledged
                if seed.random() < 0.5:
                    edge.death()
                edge.birth()
            for _ in range(seed.randrange(50, 150)):
                edge.data(seed.randrange(3))
        running = agent(text, ready=False)
        time.sleep(seed.uniform(0.05, 0.3))
        running.kill()
        running = agent(text)
    harness.poll(lambda: len(rows(database)) >= len(edge.wanted))
    assert dict(rows(database)) == edge.wanted
    edge.device.close()


def test_births_that_are_lost_are_asked_for(broker, publisher, agent, tmp_path):
    """By the sink mqtt as the edge node, which does not connect anew meanwhile."""
    node = {"format": "sparkplug", "sparkplug": {"group": "plant", "node": "edge"}}
    source = "{type: ledger, interval: 50ms, series: 2}"
    database = tmp_path / "rows.db"
    port = harness.free_port()
    text = subscriber.config(
        broker, tmp_path / "bridge", SPARKPLUG, {"store": subscriber.store(database)}
    ).replace('"agent": {', f'"agent": {{"http": {{"listen": "127.0.0.1:{port}"}}, ')
    running = agent(text)
    running.wait_log("connected to MQTT")
    writer = agent(publisher.text(source=source, **node))
    count = lambda: len(subscriber.rows(database, "select 1 from sparkplug"))
    harness.poll(lambda: count() > 20)
    running.kill()
    shutil.rmtree(tmp_path / "bridge" / "data" / "sparkplug")
    before = count()
    time.sleep(0.5)
    running = agent(text)
    running.wait_log("for which it is asked (NCMD, Node Control/Rebirth)")
    harness.poll(lambda: count() > before + 20)
    name = 'weir_peer_figure_value{component="bridge",figure="dropped_metrics_total"} '

    def dropped():
        _, _, body = harness.http_get(f"http://127.0.0.1:{port}/metrics")
        found = [line for line in body.decode().splitlines() if line.startswith(name)]
        return found and float(found[0].removeprefix(name))

    assert harness.poll(dropped) > 0
    assert "connected again" not in writer.log()
