"""The image runs as an unprivileged user, without a capability, on a root that is read-only."""

import re
from pathlib import Path

import harness
import image as images

METRICS = "http://127.0.0.1:9464/metrics"


def fields(pid):
    """/proc/PID/status of a process of a container."""
    text = Path(f"/proc/{pid}/status").read_text()
    return dict(re.split(r":\s*", line, maxsplit=1) for line in text.splitlines())


def is_ready(running):
    assert "running, ready" in running.execute("/usr/bin/weir", "status")
    return True


def test_the_default_configuration_runs(container):
    running = container(health=True)
    harness.poll(lambda: is_ready(running), what="the agent is ready")
    images.podman("healthcheck", "run", running.name)

    def scraped():
        text = running.get(METRICS)
        assert re.search(r"^node_memory_MemTotal_bytes [1-9]", text, re.M)
        assert re.search(r"^weir_route_rows_delivered_total\{.*\} [1-9]", text, re.M)
        return True

    harness.poll(scraped, what="rows are served")
    assert "stopped" in running.stop_clean()


def test_a_sick_agent_is_told(container, config):
    """Its health command fails while a required sink has no server."""
    path = config("""
sources: {agent: {type: agent_telemetry, interval: 100ms}}
sinks: {store: {type: redis, inputs: [agent], url: "redis://127.0.0.1:6379", required: true}}
""")
    running = container(config=path, health=True)

    def sick():
        said = running.execute("/usr/bin/weir", "status", expect=1)
        return "Connection refused" in said

    harness.poll(sick, what="the agent is not ready")
    images.podman("healthcheck", "run", running.name, expect=1)


def test_it_has_no_privileges(container):
    running = container()
    status = fields(running.inner_pid)
    assert status["Uid"].split() == status["Gid"].split() == [str(images.USER)] * 4
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"
    mounts = Path(f"/proc/{running.inner_pid}/mountinfo").read_text().splitlines()
    options = {line.split()[4]: line.split()[5].split(",") for line in mounts}
    assert "ro" in options["/"] and "rw" in options["/var/lib/weir"]
    own = Path("/proc/self/ns/mnt").readlink()
    assert Path(f"/proc/{running.inner_pid}/ns/mnt").readlink() != own


def test_there_is_no_shell(container):
    running = container()
    for shell in ("sh", "/bin/sh", "/bin/bash"):
        images.podman("exec", running.name, shell, "-c", "true", expect=127)


def test_it_writes_to_its_volume(container, config, data, tmp_path):
    path = config("""
sources: {agent: {type: agent_telemetry, interval: 100ms}}
sinks: {archive: {type: file, inputs: [agent], path: /var/lib/weir/rows.jsonl}}
""")
    running = container(config=path, options=data)
    rows = tmp_path / "data" / "rows.jsonl"
    harness.poll(lambda: rows.exists() and rows.stat().st_size, what="rows are on the volume")
    running.stop_clean()
    assert rows.stat().st_uid == images.USER


def test_it_measures_the_host(container):
    """Mounted at /host, as docs/container.md has it: the host's memory and file systems."""
    port = harness.free_port()
    running = container(
        network="host",
        options=[
            "--pid=host", "--volume=/:/host:ro,rslave", "--env=HOST_ROOT=/host",
            f"--env=METRICS_LISTEN=127.0.0.1:{port}",
        ],
    )  # fmt: skip
    total = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())[1]
    boot = re.search(r"btime (\d+)", Path("/proc/stat").read_text())[1]
    name = Path("/proc/sys/kernel/osrelease").read_text().strip()

    def measured():
        text = running.get(f"http://127.0.0.1:{port}/metrics")
        metrics = dict(re.findall(r"^(node_[^ ]+) (\S+)$", text, re.M))
        assert metrics, text
        assert float(metrics["node_memory_MemTotal_bytes"]) == int(total) * 1024
        assert float(metrics["node_boot_time_seconds"]) == int(boot)
        assert re.search(r'^node_filesystem_size_bytes\{.*mountpoint="/"\} [1-9]', text, re.M)
        assert f'release="{name}"' in text
        return True

    harness.poll(measured, what="the host is measured")
    running.stop_clean()


def test_every_plugin_loads(once):
    """What the image lists is what the build lists, each loaded with its libraries."""
    folder, listed = once("list").split("\n", 1)
    assert folder == "/usr/lib/weir/plugins/"
    assert listed == harness.weir("list").stdout.split("\n", 1)[1]
    types = re.findall(r"^ *(?:source|processor|sink) +(\S+)", listed, re.M)
    assert len(types) == len(list((harness.BUILD / "lib/weir/plugins").glob("*.so"))) > 10


def test_zones_work(once, config):
    """The simulator whose workload follows local time finds its zone."""
    path = config("""
sources: {rmf: {type: rmf_simulator, seed: 1, time_zone: America/New_York}}
sinks: {out: {type: stdout, inputs: [rmf]}}
""")
    assert once("once", "-c", "/etc/weir/weir.yaml", "rmf", config=path)
