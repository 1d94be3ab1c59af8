"""`weir check --probe` of components that need no server of their own here: files, ports, those
that have nobody to ask; and of servers that hang."""

import json
import socket
import sqlite3

import harness
import pytest

PLUGINS = [harness.BUILD / "tests" / "plugins", harness.BUILD / "tests" / "abi" / "v1"]


@pytest.fixture
def text(tmp_path):
    """A function that makes a configuration of sinks, each of which reads from a source."""

    def make(sources=None, agent=None, **sinks):
        return json.dumps({
            "agent": {"data_dir": f"{tmp_path}/data", "plugin_dirs": [str(p) for p in PLUGINS],
                      "http": {"listen": "off", "socket": f"{tmp_path}/weir.sock"},
                      **(agent or {})},
            "sources": sources or {"host": {"type": "node_probe", "interval": "1s"}},
            "sinks": {name: {"inputs": ["*"], **sink} for name, sink in sinks.items()},
        })  # fmt: skip

    return make


def contents(folder):
    return {p: p.is_file() and p.read_bytes() for p in folder.rglob("*") if "agent-" not in p.name}


def test_who_has_nobody_to_ask(text, probed):
    sources = {
        "host": {"type": "node_probe"},
        "lpars": {"type": "rmf_simulator"},
        "things": {"type": "iot_simulator"},
        "self": {"type": "agent_telemetry"},
    }
    done = probed(text(sources, out={"type": "stdout"}))
    assert done.code == 0, done.out
    assert set(done.answers.values()) == {"nothing to ask"} and len(done.answers) == 5, done.out


def test_plugins_of_before_cannot_be_asked(text, probed, tmp_path):
    writer = {"type": "v1_writer", "path": f"{tmp_path}/out"}
    done = probed(text({"sensors": {"type": "v1_sensor"}}, writer=writer))
    assert done.code == 0, done.out
    assert done.answers == {"sensors": "cannot be asked", "writer": "cannot be asked"}


def test_files_that_can_be_written(text, probed, tmp_path):
    (tmp_path / "there.jsonl").write_text('{"a":1}\n')
    database = tmp_path / "there.db"
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (a)")
    connection.commit()  # in the log beside the file, since the connection stays
    path = tmp_path / "weir.yaml"
    path.write_text(text(
        there={"type": "file", "path": f"{tmp_path}/there.jsonl", "buffer": {"type": "disk"}},
        new={"type": "file", "path": f"{tmp_path}/a/b/new.jsonl", "dead_letters": "1MiB"},
        csv={"type": "file", "path": f"{tmp_path}/c/{{measurement}}.csv", "format": "csv"},
        base={"type": "sqlite", "path": str(database), "buffer": {"type": "overflow"}},
        later={"type": "sqlite", "path": f"{tmp_path}/d/later.db"},
    ))  # fmt: skip
    before = contents(tmp_path)
    done = probed(path)
    assert contents(tmp_path) == before
    connection.close()
    for name, words in (
        ("there", "there.jsonl"),
        ("new", "which is not there yet"),
        ("csv", "/c, which is not there yet"),
        ("base", "there.db, with SQLite 3."),
        ("later", "is not there yet"),
    ):
        done.ok(name, words)


def test_files_that_cannot(text, probed, tmp_path):
    (tmp_path / "other").write_text("something else, and more than sixteen bytes of it\n")
    done = probed(text(
        other={"type": "file", "path": f"{tmp_path}/other"},
        folder={"type": "file", "path": str(tmp_path)},
        below={"type": "file", "path": f"{tmp_path}/other/below/x.jsonl"},
        readonly={"type": "file", "path": "/proc/sys/weir/x.jsonl"},
        nodb={"type": "sqlite", "path": f"{tmp_path}/other"},
        dbfolder={"type": "sqlite", "path": str(tmp_path)},
        dbbelow={"type": "sqlite", "path": f"{tmp_path}/other/x.db"},
    ))  # fmt: skip
    for name, words in (
        ("other", "holds something else than lines of this format; move it away"),
        ("folder", "Is a directory; the path has to name the file itself"),
        ("below", "Not a directory"),
        ("readonly", "cannot make files in /proc/sys: "),
        ("nodb", "file is not a database; move that file away, or choose another path"),
        ("dbfolder", "unable to open database file"),
        ("dbbelow", "Not a directory"),
    ):
        done.failed(name, words)
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".yaml"] == ["other"]


def test_a_port_is_tried_and_given_back(text, probed, free_port):
    port = free_port()
    metrics = {"type": "prometheus", "listen": f"127.0.0.1:{port}"}
    for _ in range(2):
        probed(text(metrics=metrics)).ok("metrics", f"can serve http://127.0.0.1:{port}/metrics")
    with socket.create_server(("127.0.0.1", port)):
        done = probed(text(metrics=metrics))
        done.failed("metrics", "Address already in use", "no agent of this configuration answers")
    tls = {"cert": "/nowhere.pem", "key": "/nowhere.key"}
    probed(text(metrics={**metrics, "tls": tls})).failed("metrics", "tls.cert: /nowhere.pem")
    metrics = {"type": "prometheus", "listen": f"192.0.2.1:{port}"}
    probed(text(metrics=metrics)).failed("metrics", "cannot serve on 192.0.2.1")


def test_the_port_of_the_agent_that_runs(text, probed, config, agent, free_port):
    listen = f"127.0.0.1:{free_port()}"
    path = config(text(metrics={"type": "prometheus", "listen": listen}), "weir.yaml")
    process = agent(path)
    probed(path).ok("metrics", f"the agent of this configuration, pid {process.pid}, has it")
    process.wait_log("running")
    # Another one that wants the same port.
    other = text(metrics={"type": "prometheus", "listen": listen})
    probed(other).failed("metrics", "no agent of this configuration answers that might have it")
    other = config(text(more={"type": "prometheus", "listen": listen}), "weir.yaml")
    done = probed(other)
    done.failed("more", f"pid {process.pid}, runs without this component")


def test_servers_that_hang_take_no_longer_than_one(text, probed):
    """They are connected to by the system, and never answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        subscriptions = [{"topic": "t"}]
        sinks = {f"mysql{i}": {"type": "mysql", "url": f"mysql://weir@{place}/weir"}
                 for i in range(6)}  # fmt: skip
        sinks["redis"] = {"type": "redis", "url": f"redis://{place}", "timeout": "1h"}
        sinks["quick"] = {"type": "redis", "url": f"redis://{place}", "connect_timeout": "100ms"}
        sinks["tls"] = {"type": "redis", "url": f"rediss://{place}"}
        sinks["broker"] = {"type": "mqtt", "url": f"mqtt://{place}"}
        sinks["brokers"] = {"type": "mqtt", "url": f"mqtts://{place}"}
        if (harness.BUILD / "lib/weir/plugins/sink_mongodb.so").exists():
            sinks["mongodb"] = {"type": "mongodb", "url": f"mongodb://{place}/weir"}
        sources = {
            name: {"type": "mqtt", "url": f"{scheme}://{place}", "subscriptions": subscriptions}
            for name, scheme in (("bridge", "mqtt"), ("bridges", "mqtts"))
        }
        sources["host"] = {"type": "node_probe"}
        done = probed(text(sources, **sinks))
    assert done.code == 1
    assert done.answers.pop("host") == "nothing to ask"
    assert set(done.answers.values()) == {"failed"} and len(done.answers) >= 13, done.out
    assert "within 100 ms" in done.texts["quick"] or "within 101 ms" in done.texts["quick"]


def test_one_of_two_is_asked_for(text, weir, config):
    path = config(text(out={"type": "stdout"}))
    done = weir("check", path, "--probe", "--effective")
    assert done.returncode == 1 and "give one of them" in done.stderr, done.stderr
