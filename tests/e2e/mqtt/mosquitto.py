"""A Mosquitto broker of the tests' own on free ports of 127.0.0.1, and a subscriber (paho) that
keeps what it is sent."""

import getpass
import json
import signal
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

import harness
from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

PASSWORD = "it's \"s3cret\" \\ %40"
READER = "reader"


def openssl(*arguments, cwd):
    subprocess.run([harness.tool("openssl"), *arguments], cwd=cwd, check=True, capture_output=True)


def make_certificates(folder):
    """ca.pem, other.pem (another authority), server.pem for 127.0.0.1, wrong.pem for another host,
    agent.pem, stranger.pem (signed by the other authority); each with its .key."""
    folder.mkdir()
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                cwd=folder)  # fmt: skip
    for name, place, ca in (
        ("server", "IP:127.0.0.1", "ca"),
        ("wrong", "DNS:elsewhere", "ca"),
        ("agent", "DNS:agent", "ca"),
        ("stranger", "DNS:agent", "other"),
    ):
        (folder / f"{name}.ext").write_text(f"subjectAltName={place}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
                f"{name}.key", "-out", f"{name}.csr", cwd=folder)  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key",
                "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem",
                cwd=folder)  # fmt: skip
    return folder


class Broker:
    """Started, stopped, killed, started again on the same ports.

    It has a listener for the tests, where anybody may do anything, and one for the agent, whose
    lines of configuration are the test's: `lines`. With `users` the agent's listener wants their
    names and passwords, and `admit` changes them while it runs. `quiet`: logs mistakes only."""

    def __init__(self, folder, lines=(), users=None, quiet=False):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = harness.free_port()
        self.tests_port = harness.free_port()
        self.lines = list(lines)
        self.users = users
        self.log_type = "error" if quiet else "all"
        self.process = None

    def start(self):
        lines = [
            "per_listener_settings true", f"log_type {self.log_type}",
            "max_queued_messages 1000000", f"user {getpass.getuser()}",
            f"listener {self.tests_port} 127.0.0.1", "allow_anonymous true",
            f"listener {self.port} 127.0.0.1",
        ]  # fmt: skip
        if self.users is None:
            lines.append("allow_anonymous true")
        else:
            self.write_passwords(self.users)
            lines += ["allow_anonymous false", f"password_file {self.folder}/passwords"]
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join([*lines, *self.lines]) + "\n")
        self.process = harness.Process(
            [harness.tool("mosquitto"), "-c", config], self.folder / "broker.log"
        )

        def ready():
            assert self.process.running(), self.process.log()
            Reader(self, []).close()
            return True

        harness.poll(ready, what="Mosquitto is ready")
        return self

    def write_passwords(self, users):
        path = self.folder / "passwords"
        path.write_text("")
        path.chmod(0o600)
        for name, password in users.items():
            subprocess.run(
                [harness.tool("mosquitto_passwd"), "-b", path, name, password], check=True
            )

    def admit(self, users):
        """These users from now on."""
        self.users = users
        self.write_passwords(users)
        self.process.send(signal.SIGHUP)

    def log(self):
        return self.process.log()

    def stop(self):
        assert self.process.stop() == 0, self.log()

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def pause(self):
        self.process.send(signal.SIGSTOP)

    def resume(self):
        self.process.send(signal.SIGCONT)


class Reader:
    """Subscribes, again after each connection that is made, and keeps messages in `messages`. With
    QoS 0 the broker has sent it a message before it acknowledges it to who published it. With the
    name of a session it is sent later what came while it was not connected."""

    def __init__(self, broker, topics=("#",), qos=0, session=None):
        self.messages, self.closed = [], []
        self.topics, self.qos = [(topic, qos) for topic in topics], qos
        self.subscribed = threading.Event()
        self.client = paho.Client(session or "", protocol=paho.MQTTv5)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = self.connected
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_disconnect = lambda *_: self.subscribed.clear()
        self.client.on_message = lambda _client, _data, message: self.received(message)
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 2**32 - 1 if session else 0
        # A session that began with a clean start is not among those that Mosquitto 2.0.11 keeps
        # when it ends, whatever its expiry.
        clean = False if session else paho.MQTT_CLEAN_START_FIRST_ONLY
        self.client.connect(
            "127.0.0.1", broker.tests_port, clean_start=clean, properties=properties
        )
        self.client.loop_start()
        self.wait()

    def connected(self, *_):
        if self.topics:
            self.client.subscribe(self.topics)
        else:
            self.subscribed.set()

    def received(self, message):
        self.messages.append(message)

    def wait(self):
        assert self.subscribed.wait(60), "the reader did not subscribe"

    def publish(self, topic, payload):
        self.client.publish(topic, payload, qos=1).wait_for_publish(60)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def settle(self):
        """Everything that the broker had before this call is in `messages` behind it."""
        mark = f"mark/{id(self)}/{len(self.messages)}"
        self.client.subscribe(mark, qos=0)
        self.publish(mark, b"")
        harness.poll(lambda: any(m.topic == mark for m in self.messages))
        self.messages[:] = [m for m in self.messages if not m.topic.startswith("mark/")]
        return self.messages

    def rows(self):
        """The messages as objects of JSON, with the topic as "topic"."""
        return [
            {**json.loads(line), "topic": m.topic}
            for m in self.settle()
            for line in m.payload.decode().split("\n")
        ]

    def views(self):
        return [
            SimpleNamespace(topic=m.topic, payload=m.payload, qos=m.qos, retain=m.retain)
            for m in self.settle()
        ]
