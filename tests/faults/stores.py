"""The stores of the fault suite. One more is one class: derived from `Store`, or from `Served`
where a server listens on a TCP port, and named in `ALL`.
"""

import json
import sqlite3
from pathlib import Path

import harness
import ledger
import mariadb
import mongo
import mosquitto
import pymysql
import redisserver
from store import SOURCES, Served, Store


class File(Store):
    """Lines of JSON. Moved away now and then, as logrotate does."""

    name = "file"
    promise = ledger.AT_LEAST_ONCE

    def path(self, source):
        return self.folder / f"{source}.jsonl"

    def sink(self, source):
        return f"type: file, path: {self.path(source)}"

    def faults(self):
        return [(1, "moved away", self.move)]

    def move(self, random, wait):
        source = random.choice(SOURCES)
        if self.path(source).exists():
            count = len(list(self.folder.glob(f"{source}.*.moved")))
            self.path(source).rename(self.folder / f"{source}.{count}.moved")
        wait()

    def read(self, source):
        for path in [self.path(source), *self.folder.glob(f"{source}.*.moved")]:
            lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
            # Only what was moved while its last line was written may end in the middle of one.
            assert path.suffix == ".moved" or lines[-1] == b"", f"{path} ends in {lines[-1]}"
            for line in lines[:-1]:
                row = json.loads(line)
                labels, fields = row["labels"], row["fields"]
                yield fields["number"], fields["text"], int(labels["run"]), int(labels["part"])

    def reset(self):
        for path in self.folder.glob("*.*"):
            path.unlink()


class Sqlite(Store):
    """A file that somebody else locks now and then."""

    name = "sqlite"

    def path(self, source):
        return self.folder / f"{source}.db"

    def sink(self, source):
        return f"type: sqlite, path: {self.path(source)}, busy_timeout: 100ms"

    def faults(self):
        return [(1, "locked", self.lock)]

    def lock(self, random, wait):
        path = self.path(random.choice(SOURCES))
        if not path.exists():
            return
        other = sqlite3.connect(path, isolation_level=None, timeout=1)
        try:
            other.execute("BEGIN EXCLUSIVE")
            wait()
        except sqlite3.OperationalError:
            pass  # the agent was quicker, or the disk is full
        finally:
            other.close()

    def read(self, source):
        if not self.path(source).exists():
            return
        database = sqlite3.connect(self.path(source))
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if database.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", [source]).fetchall():
            for number, text, run, part in database.execute(
                f"SELECT number, text, run, part FROM {source}"
            ):
                yield number, text, int(run), int(part)
        database.close()

    def reset(self):
        for path in self.folder.glob("*"):
            path.unlink()


class Mysql(Served):
    """MariaDB, read by PyMySQL over its socket."""

    name = "mysql"

    def start(self):
        installed = self.folder / "installed"
        mariadb.install(installed)
        self.server = mariadb.Server(self.folder, installed)
        super().start()
        self.reset()

    def sink(self, source):
        return (
            f"type: mysql, url: 'mysql://weir@127.0.0.1:{self.port()}/weir', "
            f"password: {json.dumps(mariadb.PASSWORD)}, "
            "connect_timeout: 1s, read_timeout: 2s, write_timeout: 1s"
        )

    def read(self, source):
        try:
            rows = self.server.query("weir", f"SELECT number, text, run, part FROM `{source}`")
        except pymysql.err.ProgrammingError:
            return  # no such table: no row came
        for number, text, run, part in rows:
            yield number, text, int(run), int(part)

    def reset(self):
        self.server.database("weir")


class Mongodb(Served):
    """mongod or FerretDB, read by pymongo."""

    name = "mongodb"

    @staticmethod
    def missing():
        return None if mongo.program() else "neither mongod nor FerretDB"

    def start(self):
        self.server = mongo.Server(self.folder / "data")
        super().start()

    def sink(self, source):
        # FerretDB looks for ids by reading all documents: on a busy machine that takes a while.
        return (
            f"type: mongodb, url: '{self.server.url('weir', self.port())}', "
            f"password: {json.dumps(mongo.PASSWORD)}, connect_timeout: 1s, timeout: 10s"
        )

    def read(self, source):
        with self.server.client() as client:
            for row in client.weir[source].find():
                yield row["number"], row["text"], int(row["run"]), int(row["part"])

    def reset(self):
        with self.server.client() as client:
            client.drop_database("weir")


class RedisHashes(Served):
    """The newest row of each series, read by redis-py over a Unix socket. The server's log of
    commands is written before it answers."""

    name = "redis"
    promise = ledger.LATEST
    layout = "latest: {}"

    def start(self):
        self.server = redisserver.Server(self.folder / "data")
        super().start()

    def sink(self, source):
        return (
            f"type: redis, url: 'redis://127.0.0.1:{self.port()}', {self.layout}, "
            "connect_timeout: 1s, timeout: 2s"
        )

    def keys(self, client, what, source):
        """(key, run, part) of `weir:WHAT:SOURCE:part:PART:run:RUN`."""
        for key in client.scan_iter(f"weir:{what}:{source}:*", count=1000):
            _, part, _, run = key.split(":")[3:]
            yield key, int(run), int(part)

    def read(self, source):
        with self.server.client(decode_responses=True) as client:
            for key, run, part in self.keys(client, "latest", source):
                row = client.hgetall(key)
                yield int(row["number"]), row["text"], run, part

    def reset(self):
        with self.server.client() as client:
            client.flushall()


class RedisStreams(RedisHashes):
    """All rows of each series."""

    name = "redis_streams"
    promise = ledger.AT_LEAST_ONCE
    layout = "history: {max_length: 0}"

    def read(self, source):
        with self.server.client(decode_responses=True) as client:
            for key, run, part in self.keys(client, "history", source):
                for _, row in client.xrange(key):
                    yield int(row["number"]), row["text"], run, part


class Subscriber(mosquitto.Reader):
    """Keeps rows instead of messages: they are many."""

    def __init__(self, broker):
        self.rows = {source: [] for source in SOURCES}
        super().__init__(broker, ["faults/#"], qos=1, session="faults")

    def received(self, message):
        kind = message.topic.removeprefix("faults/")
        if kind == "settled":
            self.messages.append(message)
            return
        row = json.loads(message.payload)
        labels, fields = row["labels"], row["fields"]
        self.rows[kind].append(
            (fields["number"], fields["text"], int(labels["run"]), int(labels["part"]))
        )

    def settle(self):
        """By a mark behind all that the broker has for it: what has a QoS keeps its order."""
        self.wait()
        self.messages.clear()
        self.publish("faults/settled", b"")
        harness.poll(lambda: self.messages, what="the subscriber has everything")


class Mqtt(Served):
    """Mosquitto, and paho that subscribes and is sent what comes while it is not connected.

    What Mosquitto has acknowledged and not yet sent to a subscriber it loses by a kill -9, whoever
    published it: it is stopped in good order, and all else happens to it."""

    name = "mqtt"
    promise = ledger.AT_LEAST_ONCE

    def start(self):
        self.server = mosquitto.Broker(
            self.folder / "broker",
            ["persistence true", f"persistence_location {self.folder}/broker/",
             "autosave_interval 0"],
            quiet=True,
        )  # fmt: skip
        super().start()
        self.subscriber = Subscriber(self.server)

    def faults(self):
        return [fault for fault in super().faults() if fault[1] != "server killed"]

    def sink(self, source):
        return (
            f"type: mqtt, url: 'mqtt://127.0.0.1:{self.port()}', topic: 'faults/{{measurement}}', "
            "qos: 1, connect_timeout: 1s, write_timeout: 2s"
        )

    def read(self, source):
        self.subscriber.settle()
        yield from self.subscriber.rows[source]

    def reset(self):
        self.subscriber.settle()
        for rows in self.subscriber.rows.values():
            rows.clear()

    def close(self):
        if hasattr(self, "subscriber"):
            self.subscriber.close()
        super().close()


ALL = (File, Sqlite, Mysql, Mongodb, RedisHashes, RedisStreams, Mqtt)
