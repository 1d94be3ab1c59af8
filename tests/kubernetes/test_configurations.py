"""Every configuration that a ConfigMap carries passes `weir check`, and runs: its probes answer as
the manifest asks them, and Prometheus gets what it is for."""

import harness
import manifests
import pytest
from pod import Place

# ConfigMaps by the end of their names (without kustomize's hash), and a metric that each is for.
SHOWN = {"node": "node_load1", "rmf-simulator": "rmf_cpu_utilization_percent",
         "sidecar": "weir_build_info"}  # fmt: skip


def found(way, name):
    """(data of the ConfigMap, container of the agent)."""
    if way == "helm":
        made = manifests.helm(*manifests.EVERYTHING)
    else:
        base = {"node": "daemonset", "sidecar": "sidecar_example"}.get(name, "rmf_simulator")
        made = manifests.kustomize(f"kubernetes/{base}")
    (data,) = [d for key, d in manifests.configurations(made).items() if name in key]
    if name == "sidecar":  # the chart has its pod in another chart
        made = manifests.kustomize("kubernetes/sidecar_example")
    containers = [
        container
        for key, spec, _ in manifests.pods(made)
        for container in manifests.containers(spec)
        if container["name"] == "weir" and (name in key or name == "sidecar")
    ]
    return data, containers[0]


@pytest.mark.parametrize("way", ["helm", "kustomize"])
@pytest.mark.parametrize("name", SHOWN)
def test_configuration_runs(name, way, weir, tmp_path):
    data, container = found(way, name)
    place = Place(tmp_path / "pod", data)
    checked = weir("check", "-c", place.path, env=place.env)
    assert checked.returncode == 0 and "warn" not in checked.stderr, checked.stderr
    arguments = [str(place.path) if a == "/etc/weir/weir.yaml" else a for a in container["args"]]
    assert arguments == ["run", "-c", str(place.path)]
    agent = place.agent(tmp_path / "agent.log")
    try:
        agent.wait_ready()
        place.wait_started(container)
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container:
                assert place.probe(container, probe) == 200, probe
        page = f"http://127.0.0.1:{place.metrics}/metrics"
        harness.poll(lambda: f"\n{SHOWN[name]}" in harness.http_get(page)[2].decode(), what=page)
        status = weir("status", "-c", place.path, env=place.env)
        assert status.returncode == 0, status.stdout + status.stderr
        log = agent.stop_clean()
        assert '"level":"error"' not in log, log
    finally:
        agent.kill()
