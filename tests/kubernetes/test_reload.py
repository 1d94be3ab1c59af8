"""A ConfigMap that changes: the kubelet replaces its files as one, and the agent reads them again
when it is asked to. A configuration with mistakes changes nothing."""

import harness
import manifests
import pytest
from pod import Place, write_config_map

GOOD = "labels: {site: fra1}"


@pytest.fixture
def place(tmp_path):
    (data,) = manifests.configurations(manifests.kustomize("kubernetes/daemonset")).values()
    assert "  log: {format: json}\n" in data["weir.yaml"]
    return Place(tmp_path / "pod", data), data["weir.yaml"]


def change(place, text, line, version):
    """A new version of the ConfigMap, with a line more."""
    text = text.replace("  log:", f"  {line}\n  log:")
    write_config_map(place.path.parent, {"weir.yaml": text}, version)


def shows(place, text):
    page = f"http://127.0.0.1:{place.metrics}/metrics"
    return text in harness.http_get(page)[2].decode()


@pytest.fixture
def running(place, tmp_path):
    place, text = place
    agent = place.agent(tmp_path / "agent.log").wait_ready()
    harness.poll(lambda: shows(place, "\nnode_load1 "))
    yield agent, place, text
    agent.kill()


def test_weir_reload(running, weir):
    agent, place, text = running
    change(place, text, GOOD, "..2026_01_02")
    assert not shows(place, 'site="fra1"')
    done = weir("reload", place.path, env=place.env)
    assert done.returncode == 0, done.stdout + done.stderr
    harness.poll(lambda: shows(place, 'node_load1{site="fra1"}'), what="the new label")
    change(place, text, "labels: fra2", "..2026_01_03")
    done = weir("reload", place.path, env=place.env)
    assert done.returncode != 0 and "weir.yaml:" in done.stderr, done.stdout + done.stderr
    assert shows(place, 'node_load1{site="fra1"}')
    agent.stop_clean()


def test_hangup(running):
    agent, place, text = running
    change(place, text, GOOD, "..2026_01_02")
    agent.reload()
    harness.poll(lambda: shows(place, 'node_load1{site="fra1"}'), what="the new label")
    agent.stop_clean()
