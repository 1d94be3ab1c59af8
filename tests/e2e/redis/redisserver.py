"""Redis servers of the tests' own: their data in a folder, on free ports of 127.0.0.1, alone or as
the nodes of a cluster."""

import subprocess
from pathlib import Path

import harness
import redis

PASSWORD = "it's \"s3cret\" \\ %40 \u00e4"


class Server:
    """Started, stopped, started again on the same data and port. What it has said yes to survives a
    kill: it is in its log of commands."""

    def __init__(self, folder, *options, tls=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.port = harness.free_port()
        # A path of a socket has at most 107 bytes.
        self.socket = f"/tmp/weir-redis-{self.port}.sock"
        self.tls = tls
        self.options = [
            "--bind", "127.0.0.1", "--dir", self.folder, "--save", "", "--appendonly", "yes",
            "--appendfsync", "no", "--unixsocket", self.socket, *self.ports(), *options,
        ]  # fmt: skip
        self.process = None

    def ports(self):
        if self.tls is None:
            return ["--port", self.port]
        folder, name = self.tls
        return [
            "--port", 0, "--tls-port", self.port, "--tls-ca-cert-file", f"{folder}/ca.pem",
            "--tls-cert-file", f"{folder}/{name}.pem", "--tls-key-file", f"{folder}/{name}.key",
        ]  # fmt: skip

    def start(self, *options):
        command = [harness.tool("redis-server"), *self.options, *options]
        self.process = harness.Process(command, self.folder / "server.log")

        def ready():
            assert self.process.running(), self.process.log()
            try:
                return self.client().ping()
            except redis.exceptions.AuthenticationError:
                return True
            except redis.exceptions.RedisError as error:
                raise AssertionError(str(error)) from None

        harness.poll(ready, what="Redis is ready")
        return self

    def client(self, **options):
        """By its Unix socket, where TLS and ports do not matter."""
        return redis.Redis(unix_socket_path=self.socket, socket_timeout=30, **options)

    def stop(self):
        code = self.process.stop()
        assert code == 0, self.process.log()

    def kill(self):
        if self.process is not None:
            self.process.kill()
        Path(self.socket).unlink(missing_ok=True)


def cli(*arguments, **options):
    """redis-cli to its end; what it printed."""
    done = subprocess.run(
        [harness.tool("redis-cli"), *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False, **options,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def free_cluster_port():
    """A port whose cluster bus, 10000 above, is below what outgoing connections are given too."""
    return next(port for port in iter(harness.free_port, None) if port < 22768)


class Cluster:
    """Three masters, and `replicas` of each."""

    def __init__(self, folder, replicas=0):
        self.nodes = []
        for i in range(3 * (1 + replicas)):
            node = Server(
                Path(folder) / f"node-{i}", "--cluster-enabled", "yes",
                "--cluster-node-timeout", 2000, "--cluster-config-file", "nodes.conf",
                "--repl-diskless-sync-delay", 0,
            )  # fmt: skip
            node.port = free_cluster_port()
            node.options[node.options.index("--port") + 1] = node.port
            self.nodes.append(node.start())
        addresses = [f"127.0.0.1:{node.port}" for node in self.nodes]
        cli("--cluster", "create", *addresses, "--cluster-replicas", replicas, "--cluster-yes")
        self.wait_ok()

    def wait_ok(self):
        def ok():
            infos = [node.client().execute_command("CLUSTER INFO") for node in self.alive()]
            return all(info["cluster_state"] == "ok" for info in infos) and all(
                info["cluster_slots_assigned"] == "16384" for info in infos
            )

        harness.poll(ok, timeout=120, what="the cluster is whole")

    def alive(self):
        return [node for node in self.nodes if node.process.running()]

    def url(self):
        return "redis://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def node_of(self, slot):
        """The node that serves a slot."""
        for first, last, (_, port, *_), *_ in self.alive()[0].client().execute_command(
            "CLUSTER SLOTS"
        ):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == port)
        raise AssertionError(f"nobody has slot {slot}")

    def client(self):
        return redis.RedisCluster(host="127.0.0.1", port=self.alive()[0].port)

    def kill(self):
        for node in self.nodes:
            node.kill()
