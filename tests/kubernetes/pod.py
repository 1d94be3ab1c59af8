"""A pod of processes: the configuration of a ConfigMap as it is, in a folder as the kubelet lays it
out, beside a file in conf.d that says where things are on this machine; containers that start and
stop in the order of their manifest."""

import getpass
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import harness
import manifests
import yaml

HERE = Path(__file__).resolve().parent
TOKEN = "/run/secrets/weir-http/token"  # where a pod has its own


def write_config_map(folder, data, version):
    """As the kubelet does it: files are links into ..data, which is a link to a folder and is
    replaced as one."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / version).mkdir()
    for name, text in data.items():
        (folder / version / name).write_text(text)
    (folder / "..data_tmp").symlink_to(version)
    os.rename(folder / "..data_tmp", folder / "..data")
    for name in data:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


class Place:
    """Where the parts of a configuration are on this machine."""

    def __init__(self, folder, data, broker_port=None, database_port=None, interval="1s"):
        self.folder = Path(folder)
        self.metrics, self.health = harness.free_port(), harness.free_port()
        self.socket = self.folder / "run" / "weir.sock"
        self.socket.parent.mkdir(parents=True)
        self.path = self.folder / "etc" / "weir.yaml"
        write_config_map(self.path.parent, data, "..2026_01_01")
        agent = {
            "data_dir": str(self.folder / "data"),
            "http": {"listen": f"127.0.0.1:{self.health}", "socket": str(self.socket)},
        }
        if interval:  # the first collection, which the startup probe waits for, comes soon
            agent["interval"] = interval
        there = yaml.safe_load(data["weir.yaml"])
        self.token = self.folder / "token"
        if "token" in there["agent"]["http"]:
            assert there["agent"]["http"]["token"] == f"${{file:{TOKEN}}}"
            self.token.write_text(secrets.token_hex(600))  # as long as one of a service account
            agent["http"]["token"] = f"${{file:{self.token}}}"
        sources, sinks = {}, {"metrics": {"listen": f"127.0.0.1:{self.metrics}"}}
        if "host" in there["sources"]:
            (self.folder / "host").symlink_to("/")
            sources["host"] = {"root": str(self.folder / "host")}
        if "app" in there["sources"]:
            port = broker_port or harness.free_port()
            sources["app"] = {"url": f"mqtt://127.0.0.1:{port}"}
            (self.folder / "password").write_text("secret\n")
            port = database_port or harness.free_port()
            sinks["store"] = {
                "url": f"mysql://app@127.0.0.1:{port}/app",
                "password": f"${{file:{self.folder / 'password'}}}",
            }
        (self.path.parent / "conf.d").mkdir()
        place = {"agent": agent, "sources": sources, "sinks": sinks}
        (self.path.parent / "conf.d" / "place.yaml").write_text(yaml.safe_dump(place))
        self.env = {"POD_NAMESPACE": "shop", "POD_NAME": "app-1", "APP_NAME": "app"}

    def agent(self, log):
        return harness.Agent(self.path, log, env=self.env)

    def probe(self, container, name):
        """The status that a probe of the container gets; the kubelet shows no token."""
        path = container[name]["httpGet"]["path"]
        return harness.http_get(f"http://127.0.0.1:{self.health}{path}")[0]

    def wait_started(self, container):
        harness.poll(lambda: self.probe(container, "startupProbe") == 200, what="startup probe")


class Sidecar:
    """The sidecar's two containers and, as the application, publisher.py."""

    def __init__(self, folder, database):
        self.folder = Path(folder)
        found = manifests.kustomize("kubernetes/sidecar_example")
        ((_, spec, _),) = manifests.pods(found)
        self.mqtt, self.weir = spec["initContainers"]
        (self.data,) = manifests.configurations(found).values()
        self.port = harness.free_port()
        self.volume = self.folder / "mosquitto"
        self.place = Place(self.folder / "weir", self.data, self.port, database.port)
        self.started = []

    def start(self):
        self.start_broker()
        self.agent = self.run(self.place.agent(self.folder / "agent.log"))
        self.place.wait_started(self.weir)
        return self

    def start_broker(self):
        self.volume.mkdir(exist_ok=True)
        text = self.data["mosquitto.conf"]
        for what, here in (("listener 1883", f"user {getpass.getuser()}\nlistener {self.port}"),
                           ("/mosquitto/data/", f"{self.volume}/")):  # fmt: skip
            assert what in text
            text = text.replace(what, here)
        (self.folder / "mosquitto.conf").write_text(text)
        command = [harness.tool("mosquitto"), "-c", self.folder / "mosquitto.conf"]
        self.broker = self.run(harness.Process(command, self.folder / "broker.log"))
        probe = [*self.mqtt["startupProbe"]["exec"]["command"], "-p", str(self.port)]
        harness.poll(
            lambda: subprocess.run(probe, capture_output=True, check=False).returncode == 0,
            what="the broker's startup probe",
        )

    def wait_saved(self):
        """Until the broker has saved all that it held when this was called: it is a single thread,
        and the second file from now on was begun after the call."""
        path = self.volume / "mosquitto.db"

        def version():
            return path.stat().st_mtime_ns if path.exists() else None

        for _ in range(2):
            before = version()
            harness.poll(lambda: version() not in (None, before), what="the broker saves")

    def start_application(self):
        self.confirmed = self.folder / "confirmed"
        self.application = self.run(
            harness.Process(
                [sys.executable, HERE / "publisher.py", self.port, self.confirmed],
                self.folder / "application.log",
            )
        )
        harness.poll(lambda: len(self.rows_confirmed()) >= 100, what="the application publishes")

    def run(self, process):
        self.started.append(process)
        return process

    def rows_confirmed(self):
        """The numbers of the rows that the broker has confirmed to the application."""
        return {int(line) for line in self.confirmed.read_text().split("\n")[:-1]}

    def stop_application(self):
        assert self.application.stop() == 0, self.application.log()
        return self.rows_confirmed()

    def stop_sidecars(self):
        self.agent.stop_clean()
        assert self.broker.stop() == 0, self.broker.log()

    def kill_sidecars(self, after):
        """SIGTERM, and at the end of the grace period SIGKILL."""
        self.agent.send(signal.SIGTERM)
        after()
        assert self.agent.running(), self.agent.log()
        self.agent.kill()
        assert self.broker.stop() == 0, self.broker.log()

    def close(self):
        for process in self.started:
            process.kill()
