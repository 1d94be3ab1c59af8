"""What helm and kustomize make is what the Kubernetes API accepts, says what its parts need, and is
the same either way."""

import copy
import re

import harness
import manifests
import pytest
import yaml
from manifests import helm, kustomize, of_kind, pods
from pod import TOKEN

# What has no schema in Kubernetes, and the keys that the operator's definitions want.
CUSTOM = {
    "PodMonitor": {"selector", "podMetricsEndpoints"},
    "ServiceMonitor": {"selector", "endpoints"},
    "PrometheusRule": {"groups"},
}
ENDPOINT = {"port", "interval", "relabelings"}


@pytest.fixture(params=["helm", "helm-app", "monitoring", *manifests.BASES])
def made(request, tmp_path):
    """The objects of each way to deploy something."""
    if request.param == "helm":
        return helm(*manifests.EVERYTHING)
    if request.param == "helm-app":
        return manifests.helm_app(tmp_path, "weir.monitoring.enabled=true")
    if request.param == "monitoring":
        return kustomize("monitoring")
    return manifests.kustomize_all(request.param)


def test_helm_finds_nothing_to_complain_of():
    for settings in ([], *([part] for part in manifests.EVERYTHING), manifests.EVERYTHING):
        sets = [word for setting in settings for word in ("--set", setting)]
        said = manifests.run(manifests.tool("helm"), "lint", "--strict", manifests.CHART,
                             "--kube-version", "1.34.0", *sets)  # fmt: skip
        assert "1 chart(s) linted, 0 chart(s) failed" in said, said


@pytest.mark.parametrize("version", manifests.VERSIONS)
def test_the_api_accepts_every_object(made, version, tmp_path):
    known = [o for o in made if o["kind"] not in CUSTOM]
    if not known:
        return
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump_all(known))
    validate = manifests.tool("kubernetes/bin/kubernetes-validate")
    said = manifests.run(validate, "--strict", "-k", version, path)
    assert len(re.findall(r"^INFO .* passed for resource ", said, flags=re.M)) == len(known), said


def test_a_wrong_object_is_not_accepted(tmp_path):
    """The schemas do find mistakes."""
    wrong = copy.deepcopy(of_kind(kustomize("kubernetes/daemonset"), "DaemonSet")[0])
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(wrong))
    with pytest.raises(AssertionError, match="readinesProbe"):
        manifests.run(manifests.tool("kubernetes/bin/kubernetes-validate"), "--strict", path)


def test_a_cluster_without_the_operator_knows_every_object():
    for found in (helm("rmfSimulator.enabled=true"), *(
        kustomize(f"kubernetes/{base}") for base in manifests.BASES
    )):  # fmt: skip
        assert not {o["kind"] for o in found} & set(CUSTOM)


def test_objects_of_the_operator_have_its_form(made):
    for found in made:
        if found["kind"] not in CUSTOM:
            continue
        assert found["apiVersion"] == "monitoring.coreos.com/v1"
        assert set(found["spec"]) | {"jobLabel"} == CUSTOM[found["kind"]] | {"jobLabel"}, found
        spec = found["spec"]
        for endpoint in spec.get("endpoints", spec.get("podMetricsEndpoints", ())):
            assert {"port"} <= set(endpoint) <= ENDPOINT, endpoint
        for group in spec.get("groups", ()):
            assert set(group) == {"name", "rules"}
            for rule in group["rules"]:
                assert "expr" in rule and len({"alert", "record"} & set(rule)) == 1, rule


@pytest.mark.parametrize("made", ["helm", "helm-app", *manifests.BASES], indirect=True)
def test_every_agent_is_scraped_as_a_job_that_alerts_look_at(made):
    """Each pod of the agent by one monitor, with a name that begins with `weir`."""
    monitors = [o for o in made if o["kind"] in ("PodMonitor", "ServiceMonitor")]
    for _, spec, metadata in pods(made):
        (agent,) = [c for c in manifests.containers(spec) if c["name"] == "weir"]
        own_ports = {port["name"] for port in agent["ports"]}
        found = []
        for monitor in monitors:
            (endpoint,) = monitor["spec"].get("podMetricsEndpoints") or monitor["spec"]["endpoints"]
            wanted = monitor["spec"]["selector"].get("matchLabels", {}).items()
            if endpoint["port"] in own_ports and wanted <= metadata["labels"].items():
                found.append((monitor["spec"], endpoint))
        ((monitor, endpoint),) = found
        job = metadata["labels"].get(monitor.get("jobLabel"))
        for relabeling in endpoint.get("relabelings", ()):
            job = relabeling["replacement"] if relabeling["targetLabel"] == "job" else job
        assert job.startswith("weir"), monitor


def test_what_is_referred_to_is_there(made):
    names = {(o["kind"], o["metadata"]["name"]) for o in made}
    labels, ports = [], set()
    for _, spec, metadata in pods(made):
        labels.append(metadata["labels"])
        own = {volume["name"] for volume in spec["volumes"]}
        for volume in spec["volumes"]:
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in names
        if "serviceAccountName" in spec:
            assert ("ServiceAccount", spec["serviceAccountName"]) in names
        for container in manifests.containers(spec):
            own_ports = {port["name"] for port in container.get("ports", ())}
            ports |= own_ports
            assert {mount["name"] for mount in container.get("volumeMounts", ())} <= own
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                port = container.get(probe, {}).get("httpGet", {}).get("port")
                assert port is None or port == 9465 or port in own_ports, (container["name"], probe)
    for o in made:
        selector = o.get("spec", {}).get("selector") or o.get("spec", {}).get("podSelector")
        if selector:
            wanted = selector.get("matchLabels", selector).items()
            assert any(wanted <= has.items() for has in labels), o
        if o["kind"] == "HorizontalPodAutoscaler":
            target = o["spec"]["scaleTargetRef"]
            assert (target["kind"], target["name"]) in names
        if o["kind"] == "Service":
            assert {port["targetPort"] for port in o["spec"]["ports"]} <= ports
        if o["kind"] == "ServiceMonitor":
            services = {p["name"] for s in of_kind(made, "Service") for p in s["spec"]["ports"]}
            assert {e["port"] for e in o["spec"]["endpoints"]} <= services
        if o["kind"] == "PodMonitor":
            # The chart by itself has the monitor of sidecars, and another chart has their pods.
            elsewhere = {"weir-metrics"} if o["metadata"]["name"] == "one-sidecar" else set()
            assert {e["port"] for e in o["spec"]["podMetricsEndpoints"]} <= ports | elsewhere
        if o["kind"] == "NetworkPolicy":
            assert {p["port"] for rule in o["spec"]["ingress"] for p in rule["ports"]} <= ports


def test_containers_have_no_rights_and_say_what_they_need(made):
    for name, spec, _ in pods(made):
        for container in manifests.containers(spec):
            if container["image"] == "app":
                continue
            may = container["securityContext"]
            # The image's own, which is no person's on a node.
            assert may["runAsNonRoot"] and may["runAsUser"] == may["runAsGroup"] == 65532, name
            assert may["readOnlyRootFilesystem"] and not may["allowPrivilegeEscalation"], name
            assert may["capabilities"] == {"drop": ["ALL"]} and "privileged" not in may, name
            assert may["seccompProfile"] == {"type": "RuntimeDefault"}, name
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}, name
        for volume in spec["volumes"]:  # nothing grows without a limit
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], volume


@pytest.mark.parametrize("made", ["helm-app", "sidecar_example"], indirect=True)
def test_a_sidecar_starts_before_the_application_and_stops_after_it(made):
    (_, spec, _), = pods(made)  # fmt: skip
    assert [c["name"] for c in spec["initContainers"]] == ["weir-mqtt", "weir"]
    for container in spec["initContainers"]:
        assert container["restartPolicy"] == "Always" and "startupProbe" in container
    config = next(d for n, d in manifests.configurations(made).items() if "sidecar" in n)
    stop = yaml.safe_load(config["weir.yaml"])["agent"]["shutdown_timeout"]
    assert int(stop.removesuffix("s")) < spec["terminationGracePeriodSeconds"]
    env = {e["name"] for e in spec["initContainers"][1]["env"]}
    assert set(re.findall(r"\$\{([A-Z_]+)", config["weir.yaml"])) <= env


@pytest.mark.parametrize("made", ["helm", "helm-app", *manifests.BASES], indirect=True)
def test_a_token_is_one_that_nobody_else_can_read(made):
    """What the downward API tells of a pod, kube-state-metrics and events tell as well."""
    listeners = 0
    for name, data in manifests.configurations(made).items():
        http = yaml.safe_load(data["weir.yaml"])["agent"]["http"]
        assert http["listen"] in ("127.0.0.1:9465", ":9465")
        if http["listen"].startswith("127."):
            assert "token" not in http
            continue
        listeners += 1
        assert http["token"] == f"${{file:{TOKEN}}}"
        for spec in (s for _, s, _ in pods(made) if mounts_map(s, name)):
            agent = next(c for c in manifests.containers(spec) if c["name"] == "weir")
            (mount,) = [m for m in agent["volumeMounts"] if TOKEN.startswith(m["mountPath"] + "/")]
            assert mount["readOnly"]
            (volume,) = [v for v in spec["volumes"] if v["name"] == mount["name"]]
            (source,) = volume["projected"]["sources"]
            token = source["serviceAccountToken"]
            assert f"{mount['mountPath']}/{token['path']}" == TOKEN
            assert token["audience"] == "weir", "the cluster's API takes it for a key otherwise"
            others = [c for c in manifests.containers(spec) if c is not agent]
            assert not [c for c in others if mount["name"] in str(c.get("volumeMounts"))]
    on_the_network_of_a_node = sum(bool(spec.get("hostNetwork")) for _, spec, _ in pods(made))
    assert listeners == len(manifests.configurations(made)) - on_the_network_of_a_node


def mounts_map(spec, name):
    return name in [v["configMap"]["name"] for v in spec["volumes"] if "configMap" in v]


def test_the_host_of_a_daemonset_is_read_only():
    (_, spec, _), = pods(kustomize("kubernetes/daemonset"))  # fmt: skip
    mount = next(m for m in spec["containers"][0]["volumeMounts"] if m["name"] == "host")
    assert mount["readOnly"] and mount["mountPropagation"] == "HostToContainer"


def test_a_pod_on_the_network_of_its_node_resolves_names_of_services():
    (_, spec, _), = pods(kustomize("kubernetes/daemonset"))  # fmt: skip
    assert spec["hostNetwork"] and spec["dnsPolicy"] == "ClusterFirstWithHostNet"


def test_a_node_with_the_only_replica_can_be_drained():
    made = helm("rmfSimulator.enabled=true", "rmfSimulator.autoscaling.minReplicas=1")
    (budget,) = of_kind(made, "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1 and "minAvailable" not in budget["spec"]


def test_the_time_to_start_is_five_minutes_or_what_values_say(tmp_path):
    def times(found):
        return [
            (c["startupProbe"]["periodSeconds"], c["startupProbe"]["failureThreshold"])
            for _, spec, _ in pods(found)
            for c in manifests.containers(spec)
            if c["name"] == "weir"
        ]

    for base in manifests.BASES:
        assert times(kustomize(f"kubernetes/{base}")) == [(2, 150)]
    said = ("enabled=true", "startup.failureThreshold=300")
    made = helm(*(f"{name}.{one}" for name in ("daemonset", "rmfSimulator") for one in said))
    assert times(made) == [(2, 300)] * 2
    made = manifests.helm_app(tmp_path, "weir.sidecar.startup.failureThreshold=300")
    assert times(made) == [(2, 300)]


def test_a_secret_of_the_values_is_mounted():
    both = {"daemonset": "one-node", "rmfSimulator": "one-rmf-simulator"}
    made = helm(*(f"{name}.{what}" for name in both
                  for what in ("enabled=true", f"secretName=of-{name}")))  # fmt: skip
    specs = {name: spec for name, spec, _ in pods(made)}
    for value, name in both.items():
        secrets = [v for v in specs[name]["volumes"] if "secret" in v]
        assert secrets == [{"name": "secret", "secret": {"secretName": f"of-{value}"}}]
        mounts = specs[name]["containers"][0]["volumeMounts"]
        mount = {"name": "secret", "mountPath": "/run/secrets/weir", "readOnly": True}
        assert mount in mounts
    for _, spec, _ in pods(helm("rmfSimulator.enabled=true")):
        assert not [v for v in spec["volumes"] if "secret" in v]


@pytest.mark.parametrize("said", ["20251121", "1.0", "true"])
def test_a_tag_that_yaml_takes_for_something_else_is_refused(said, tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text(f"image: {{tag: {said}}}\n")
    with pytest.raises(AssertionError, match="image.tag is not a text: write it in quotes"):
        manifests.helm_template("rmfSimulator.enabled=true", values=values)
    values.write_text(f"image: {{tag: '{said}'}}\n")
    made = manifests.objects(manifests.helm_template("rmfSimulator.enabled=true", values=values))
    assert [c["image"] for _, spec, _ in pods(made) for c in spec["containers"]] == [
        f"weir:{said}"
    ] * 2


def test_an_image_may_be_named_by_its_digest():
    digest = "sha256:" + "0123456789abcdef" * 4
    made = helm("image.repository=registry.example:5000/weir", f"image.digest={digest}")
    ((_, spec, _),) = pods(made)
    assert spec["containers"][0]["image"] == f"registry.example:5000/weir@{digest}"
    with pytest.raises(AssertionError, match="image.digest does not begin with sha256:"):
        manifests.helm_template("image.digest=1.2.3")


def test_labels_are_texts(tmp_path):
    """Also where a name or a value looks like a number."""
    values = tmp_path / "values.yaml"
    values.write_text("monitoring: {labels: {release: 5, build: 20251121, all: 'true', 7: a}}\n")
    text = manifests.helm_template(*manifests.EVERYTHING, release="123", values=values)
    made = manifests.objects(text)
    for o in made:
        labels = o["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "123"
        assert all(isinstance(part, str) for item in labels.items() for part in item), labels
    said = {"release": "5", "build": "20251121", "all": "true", "7": "a"}
    for kind in CUSTOM:
        assert all(said.items() <= o["metadata"]["labels"].items() for o in of_kind(made, kind))
    api = tmp_path / "objects.yaml"
    api.write_text(yaml.safe_dump_all([o for o in made if o["kind"] not in CUSTOM]))
    manifests.run(manifests.tool("kubernetes/bin/kubernetes-validate"), "--strict", api)


def plain(value):
    """What is left without what differs between kustomize and a release of the chart: names,
    labels, and how the configuration is laid out."""
    if isinstance(value, dict):
        if "app.kubernetes.io/component" in value:
            return "LABELS"
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, str) and "\n" in value:
        return yaml.safe_load(value)
    if isinstance(value, str):
        names = r"^(one-(node|rmf-simulator)|weir-node|rmf-simulator)(-[0-9a-z]{10})?$"
        return re.sub(names, "NAME", value)
    return value


@pytest.mark.parametrize("base", ["daemonset", "rmf_simulator"])
def test_helm_makes_what_kustomize_makes(base):
    name = {"daemonset": "one-node", "rmf_simulator": "one-rmf-simulator"}[base]
    everything = copy.deepcopy(helm(*manifests.EVERYTHING))
    release = [o for o in everything if o["metadata"]["name"] == name]
    for o in release:
        if o["kind"] in ("Deployment", "DaemonSet"):
            del o["spec"]["template"]["metadata"]["annotations"]
    ours = {o["kind"]: plain(o) for o in manifests.kustomize_all(base)}
    theirs = {o["kind"]: plain(o) for o in release}
    assert len(ours) >= 3 and ours == theirs


def test_the_sidecar_is_the_same_either_way(tmp_path):
    kustomized, released = kustomize("kubernetes/sidecar_example"), manifests.helm_app(tmp_path)
    (_, ours, _), = pods(kustomized)  # fmt: skip
    (_, theirs, _), = pods(released)  # fmt: skip
    assert ours["initContainers"] == theirs["initContainers"]
    assert [v for v in ours["volumes"] if "emptyDir" in v] == [
        v for v in theirs["volumes"] if "emptyDir" in v
    ]
    (our_files,) = manifests.configurations(kustomized).values()
    (their_files,) = manifests.configurations(released).values()
    assert our_files["mosquitto.conf"] == their_files["mosquitto.conf"]
    assert yaml.safe_load(our_files["weir.yaml"]) == yaml.safe_load(their_files["weir.yaml"])
    (our_monitor,) = kustomize("kubernetes/sidecar/monitoring")
    monitors = {o["metadata"]["name"]: o["spec"]
                for o in of_kind(helm(*manifests.EVERYTHING), "PodMonitor")}  # fmt: skip
    assert our_monitor["spec"] == monitors["one-sidecar"]


def test_pods_are_replaced_when_their_configuration_changes():
    def checksums(*settings):
        return [meta["annotations"]["checksum/weir"] for _, _, meta in pods(helm(*settings))]

    before = checksums("rmfSimulator.enabled=true")
    after = checksums("rmfSimulator.enabled=true", "rmfSimulator.config.agent.interval=10s")
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1


def test_rules_are_those_for_prometheus_without_an_operator():
    folder = harness.REPOSITORY / "packaging" / "monitoring" / "rules"
    agent = yaml.safe_load((folder / "agent.yaml").read_text())
    rmf = yaml.safe_load((folder / "rmf.yaml").read_text())
    made = {
        o["metadata"]["name"]: o["spec"]
        for found in (helm(*manifests.EVERYTHING), kustomize("monitoring"),
                      kustomize("kubernetes/rmf_simulator/monitoring"))
        for o in of_kind(found, "PrometheusRule")
    }  # fmt: skip
    assert made == {
        "one-agent": agent,
        "one-rmf-simulator": rmf,
        "weir-agent": agent,
        "rmf-simulator": rmf,
    }


def test_an_old_kubernetes_is_refused():
    with pytest.raises(AssertionError, match="1.29"):
        manifests.helm_template(version="1.28.0")
