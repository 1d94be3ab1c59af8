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


def asked(place, path, token=None, method="GET"):
    """(status, body) of the port that the pod's neighbours reach."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"http://127.0.0.1:{place.health}{path}"
    status, _, body = harness.http_get(url, headers, method=method)
    return status, body.decode()


PUBLIC = "8a3f7c1e-0000-4000-8000-000000000001"  # a pod's uid


@pytest.mark.parametrize("name", ["rmf-simulator", "sidecar"])
def test_neighbours_of_a_pod_get_the_status_of_probes_and_no_more(name, weir, tmp_path):
    data, container = found("kustomize", name)
    place = Place(tmp_path / "pod", data)
    place.env["POD_UID"] = PUBLIC
    agent = place.agent(tmp_path / "agent.log").wait_ready()
    try:
        place.wait_started(container)
        for token in (None, PUBLIC, place.env["POD_NAME"]):
            for path in ("/status", "/metrics", "/reload"):
                assert asked(place, path, token)[0] == 401, (path, token)
            assert asked(place, "/reload", token, "POST")[0] == 401
            status, body = asked(place, "/startup", token)
            assert status == 200 and "components" not in body, body
        assert "as before" in weir("reload", place.path, env=place.env).stdout
        own = place.token.read_text()
        assert asked(place, "/status", own)[0] == 200
        place.token.write_text(own[::-1])  # as the kubelet does it once a day
        harness.poll(lambda: asked(place, "/status", own)[0] == 401, what="the new token")
        assert asked(place, "/status", own[::-1])[0] == 200
        agent.stop_clean()
    finally:
        agent.kill()


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
