"""What the chart's values are for, and that a wrong one is a mistake rather than nothing."""

import json

import manifests
import pytest
import yaml
from manifests import helm, pods

BOTH = {"daemonset": "one-node", "rmfSimulator": "one-rmf-simulator"}
# All that a pod may be given, as a user of the chart writes it.
EVERYTHING = {
    "restartOnChange": False,
    "secretName": "of-weir",
    "data": {"sizeLimit": "2Gi"},
    "extraEnv": [
        {"name": "DB_HOST", "value": "db.example"},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    ],
    "extraVolumes": [{"name": "authorities", "configMap": {"name": "authorities"}}],
    "extraVolumeMounts": [{"name": "authorities", "mountPath": "/etc/authorities"}],
    "nodeSelector": {"pool": "blue"},
    "priorityClassName": "system-node-critical",
    "tolerations": [{"key": "only", "operator": "Exists"}],
    "startup": {"failureThreshold": 10},
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
}


def of_values(tmp_path, values, **options):
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    return manifests.objects(manifests.helm_template(values=path, **options))


def volumes(found):
    """{name of the pod's owner: {name of a volume: what it is}}"""
    return {
        name: {v["name"]: {k: w for k, w in v.items() if k != "name"} for v in spec["volumes"]}
        for name, spec, _ in pods(found)
    }


WRONG = {
    "daemonSet.enabled=true": "daemonSet",
    "daemonset.toleration=all": "toleration",
    "daemonset.data.size=1Gi": "size",
    "daemonset.data.sizeLimit=512MiB": "sizeLimit",
    "daemonset.nodeSelector.pool=5": "pool",
    "rmfSimulator.replicas=3": "replicas",
    "rmfSimulator.startup.failureThreshold=0": "failureThreshold",
    "sidecar.mqtt.tag=2": "tag",
    "monitoring.enable=true": "enable",
    "image.name=weir": "name",
}


@pytest.mark.parametrize("setting", WRONG)
def test_a_value_that_is_misspelt_is_refused(setting):
    with pytest.raises(AssertionError, match=rf"(?s)(JSON schema|schema\(s\)).*{WRONG[setting]}"):
        manifests.helm_template(setting)
    with pytest.raises(AssertionError, match=WRONG[setting]):
        manifests.run(manifests.tool("helm"), "lint", manifests.CHART, "--set", setting)


def test_the_schema_knows_the_values_that_there_are():
    """That none is missing in it helm finds, which checks the chart's own values too."""
    schema = json.loads((manifests.CHART / "values.schema.json").read_text())
    values = yaml.safe_load((manifests.CHART / "values.yaml").read_text())

    def compare(part, known, path):
        part = schema["definitions"][part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part
        names = set(part.get("properties", ()))
        assert part.get("additionalProperties") is False or not names, path
        missing = names - set(known if isinstance(known, dict) else ())
        assert missing <= may_be_absent.get(path, set()), path
        for name in names - missing:
            compare(part["properties"][name], known[name], f"{path}.{name}")

    resources = {f".{part}.resources": {"claims"} for part in (*BOTH, "sidecar", "sidecar.mqtt")}
    may_be_absent = {"": {"enabled", "global"}, **resources}
    compare(schema, values, "")


def test_what_helm_gives_to_a_dependency_is_no_mistake(tmp_path):
    made = manifests.helm_app(tmp_path, "weir.enabled=true", "global.region=fra1")
    assert manifests.configurations(made)


def test_the_volume_is_as_large_as_the_values_say():
    assert {name: v["data"] for name, v in volumes(helm("rmfSimulator.enabled=true")).items()} == {
        name: {"emptyDir": {"sizeLimit": "64Mi"}} for name in BOTH.values()
    }
    sizes = [f"{part}.data.sizeLimit=2Gi" for part in BOTH]
    made = helm("rmfSimulator.enabled=true", *sizes)
    assert {name: v["data"] for name, v in volumes(made).items()} == {
        name: {"emptyDir": {"sizeLimit": "2Gi"}} for name in BOTH.values()
    }


def test_the_volume_may_be_another_one(tmp_path):
    host = {"hostPath": {"path": "/var/lib/weir", "type": "Directory"}}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    own = {"ephemeral": {"volumeClaimTemplate": {"spec": claim}}}
    values = {"daemonset": {"data": {"volume": host}},
              "rmfSimulator": {"enabled": True, "data": {"volume": own}}}  # fmt: skip
    made = of_values(tmp_path, values)
    assert {name: v["data"] for name, v in volumes(made).items()} == {
        "one-node": host,
        "one-rmf-simulator": own,
    }
    assert all(spec["securityContext"] == {"fsGroup": 65532} for _, spec, _ in pods(made))
    valid(made, tmp_path, manifests.VERSIONS[0])
    values["daemonset"]["data"]["volume"]["emptyDir"] = {}
    with pytest.raises(AssertionError, match="volume"):
        of_values(tmp_path, values)


def valid(made, tmp_path, version):
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump_all(made))
    validate = manifests.tool("kubernetes/bin/kubernetes-validate")
    manifests.run(validate, "--strict", "-k", version, path)


@pytest.mark.parametrize("version", manifests.VERSIONS)
def test_everything_that_can_be_set_is_in_the_pods(version, tmp_path):
    made = of_values(tmp_path, {part: {"enabled": True, **EVERYTHING} for part in BOTH})
    valid(made, tmp_path, version)
    assert len(pods(made)) == len(BOTH)
    for name, spec, metadata in pods(made):
        assert "annotations" not in metadata
        assert spec["nodeSelector"] == {"kubernetes.io/os": "linux", "pool": "blue"}
        assert spec["tolerations"] == EVERYTHING["tolerations"]
        assert spec["priorityClassName"] == "system-node-critical"
        assert EVERYTHING["extraVolumes"][0] in spec["volumes"]
        (container,) = spec["containers"]
        assert container["env"] == EVERYTHING["extraEnv"]
        assert EVERYTHING["extraVolumeMounts"][0] in container["volumeMounts"]
        assert container["resources"] == EVERYTHING["resources"]
        own = {v["name"] for v in spec["volumes"]}
        assert len(own) == len(spec["volumes"]), name


def test_a_sidecar_gets_what_the_values_say(tmp_path):
    extra = {name: EVERYTHING[name] for name in ("extraEnv", "extraVolumeMounts")}
    path = tmp_path / "values.yaml"
    path.write_text(yaml.safe_dump({"weir": {"sidecar": {"bufferSize": "2Gi", **extra}}}))
    made = manifests.helm_app(tmp_path, values=path)
    ((name, spec, _),) = pods(made)
    weir = spec["initContainers"][1]
    assert weir["env"][-2:] == EVERYTHING["extraEnv"] and len(weir["env"]) > 2
    assert EVERYTHING["extraVolumeMounts"][0] in weir["volumeMounts"]
    assert volumes(made)[name]["weir-data"] == {"emptyDir": {"sizeLimit": "2Gi"}}


def test_pods_stay_when_they_are_to_be_reloaded():
    """The object that makes them is the same with another configuration."""

    def owners(*settings):
        made = helm("rmfSimulator.enabled=true", *settings)
        return [o for o in made if o["kind"] in ("DaemonSet", "Deployment")], made

    stay = tuple(f"{part}.restartOnChange=false" for part in BOTH)
    other = tuple(f"{part}.config.agent.interval=10s" for part in BOTH)
    (before, maps), (after, changed) = owners(*stay), owners(*stay, *other)
    assert before == after and len(before) == 2
    assert manifests.configurations(maps) != manifests.configurations(changed)
    assert owners()[0] != owners(*other)[0]
