"""What tests of the source mqtt stand on: a publisher (paho) that knows what the broker took over,
and the rows that an agent made of it."""

import json
import sqlite3
import threading

import harness
from paho.mqtt import client as paho


class Device:
    """Publishes, and counts what the broker acknowledged."""

    def __init__(self, broker, protocol=paho.MQTTv311):
        self.client = paho.Client(protocol=protocol)
        self.client.max_inflight_messages_set(10)  # more of QoS 2 than 20 Mosquitto refuses
        self.client.max_queued_messages_set(0)
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", broker.tests_port)
        self.client.loop_start()
        harness.poll(self.client.is_connected, what="the publisher is connected")

    def publish(self, topic, payload, qos=1, retain=False):
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload)
        info = self.client.publish(topic, payload, qos=qos, retain=retain)
        info.wait_for_publish(60)
        assert info.is_published()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


class Stream:
    """A device that publishes numbered readings until it is stopped: fewer than 65535."""

    def __init__(self, broker, qos=1, pause=0.0, more=None):
        self.device, self.qos, self.pause = Device(broker), qos, pause
        self.more = more or {}
        self.numbers = {}  # by message id
        self.acknowledged = []  # message ids
        self.device.client.on_publish = lambda _c, _d, mid: self.acknowledged.append(mid)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.stopping.is_set():
            number = len(self.numbers)
            payload = json.dumps({"n": number, "at": 1_700_000_000_000 + number, **self.more})
            topic = f"stream/d{number % 7}/data"
            # A connection that is lost keeps the message for the next.
            self.numbers[self.device.client.publish(topic, payload, self.qos).mid] = number
            while len(self.numbers) - len(self.acknowledged) > 200 and not self.stopping.is_set():
                self.stopping.wait(0.01)
            if self.pause:
                self.stopping.wait(self.pause)

    def finish(self):
        """The numbers that the broker has acknowledged: all."""
        self.stopping.set()
        self.thread.join(60)
        harness.poll(
            lambda: len(self.acknowledged) >= len(self.numbers),
            what="the broker has acknowledged everything",
        )
        self.device.close()
        return {self.numbers[mid] for mid in self.acknowledged}


def rows(path, sql):
    """The answer of an agent's SQLite database; empty while there is no such table."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60) as db:
        try:
            return db.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            assert "no such table" in str(error), error
            return []


def config(broker, folder, subscriptions, sinks, **options):
    options = {"url": f"mqtt://127.0.0.1:{broker.port}", "subscriptions": subscriptions, **options}
    return json.dumps({
        "agent": {"interval": "1m", "data_dir": f"{folder}/data",
                  "plugin_dirs": [str(harness.BUILD / "tests" / "plugins")]},
        "sources": {"bridge": {"type": "mqtt", **options}},
        "sinks": sinks,
    })  # fmt: skip


def store(path, **options):
    return {"type": "sqlite", "inputs": ["bridge"], "path": str(path), "required": True,
            "buffer": {"when_full": "block"}, **options}  # fmt: skip
