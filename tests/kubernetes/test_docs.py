"""What docs/kubernetes.md tells to write is written, rendered and checked as it stands there."""

import os
import re
import shutil
import subprocess

import harness
import manifests
import pytest
import yaml

PAGE = (harness.REPOSITORY / "docs" / "kubernetes.md").read_text()
IMAGE = "registry.example/weir:0.1.0"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)


def said(path):
    """The blocks that begin with a comment that names a file, in their order."""
    found = [text for text in blocks("yaml") if re.match(rf"# {re.escape(path)}[\n,;:]", text)]
    assert found, path
    return found


def script(part):
    (found,) = [text for text in blocks("sh") if part in text]
    return found


@pytest.fixture
def place(tmp_path):
    """A folder with a clone of the repository, and an application's own manifest."""
    shutil.copytree(manifests.PACKAGING, tmp_path / "weir" / "packaging" / "kubernetes")
    (tmp_path / "shop" / "sidecar").mkdir(parents=True)
    (tmp_path / "node").mkdir()
    shutil.copy(manifests.PACKAGING / "sidecar_example" / "app.yaml",
                tmp_path / "shop" / "deployment.yaml")  # fmt: skip
    return tmp_path


def write(place, path, *texts):
    (place / path).write_text("".join(texts))


def own(place, base, folder):
    """A configuration of the user's own, from the one of a base."""
    text = (manifests.PACKAGING / base / "weir.yaml").read_text()
    text = "# OWN\n" + text.replace("mysql:3306/app", "db.example:3306/shop")
    write(place, f"{folder}/weir.yaml", text)


def render(place, folder):
    return manifests.objects(manifests.run(manifests.tool("kustomize"), "build", place / folder))


def mounted(found):
    """The ConfigMap that the pod of the agent mounts, and its pod."""
    ((_, spec, _),) = manifests.pods(found)
    (volume,) = [v["configMap"]["name"] for v in spec["volumes"] if "configMap" in v]
    return volume, manifests.configurations(found)[volume], spec


def test_the_node(place):
    first, more, fixed = said("node/kustomization.yaml")
    write(place, "node/kustomization.yaml", first)
    name, data, spec = mounted(render(place, "node"))
    assert "OWN" not in data["weir.yaml"] and spec["containers"][0]["image"] == IMAGE
    own(place, "daemonset", "node")
    write(place, "node/kustomization.yaml", first, more)
    made = render(place, "node")
    changed, data, _ = mounted(made)
    assert data["weir.yaml"].startswith("# OWN") and changed != name
    assert {o["metadata"]["namespace"] for o in made} == {"monitoring"}
    assert manifests.of_kind(made, "PodMonitor")
    write(place, "node/kustomization.yaml", first, fixed)
    name, data, _ = mounted(render(place, "node"))
    assert name == "weir-node" and data["weir.yaml"].startswith("# OWN")


def test_the_sidecar(place):
    component, fixed = said("shop/sidecar/kustomization.yaml")
    (network,) = said("shop/network.yaml")
    (overlay,) = said("shop/kustomization.yaml")
    assert "[deployment.yaml]" in overlay
    write(place, "shop/kustomization.yaml",
          overlay.replace("[deployment.yaml]", "[deployment.yaml, network.yaml]"))  # fmt: skip
    write(place, "shop/network.yaml", network)
    write(place, "shop/sidecar/kustomization.yaml", component)
    own(place, "sidecar", "shop/sidecar")
    made = render(place, "shop")
    name, data, spec = mounted(made)
    assert re.fullmatch("weir-sidecar-[0-9a-z]{10}", name)
    assert "db.example:3306/shop" in data["weir.yaml"] and "listener" in data["mosquitto.conf"]
    assert spec["initContainers"][1]["image"] == IMAGE
    (secret,) = [v["secret"]["secretName"] for v in spec["volumes"] if "secret" in v]
    assert f"secret generic {secret} --from-file=password=" in script("create secret")
    write(place, "objects.yaml", yaml.safe_dump_all(made))
    validate = manifests.tool("kubernetes/bin/kubernetes-validate")
    manifests.run(validate, "--strict", place / "objects.yaml")
    (policy,) = manifests.of_kind(made, "NetworkPolicy")
    ports = [p["port"] for rule in policy["spec"]["ingress"] for p in rule["ports"]]
    assert 9464 in ports and 9465 not in ports
    wanted = policy["spec"]["podSelector"]["matchLabels"].items()
    (deployment,) = manifests.of_kind(made, "Deployment")
    assert wanted <= deployment["spec"]["template"]["metadata"]["labels"].items()
    head = component.split("configMapGenerator")[0]
    write(place, "shop/sidecar/kustomization.yaml", head, fixed)
    name, data, _ = mounted(render(place, "shop"))
    assert name == "weir-sidecar" and data["weir.yaml"].startswith("# OWN")


def test_the_node_of_a_chart(tmp_path, weir):
    (values,) = said("node/values.yaml")
    (tmp_path / "values.yaml").write_text(values)
    made = manifests.objects(manifests.helm_template(values=tmp_path / "values.yaml"))
    _, data, spec = mounted(made)
    (volume,) = [v for v in spec["volumes"] if v["name"] == "data"]
    folder = volume["hostPath"]["path"]
    assert f"install -d -o 65532 -g 65532 -m 0750 {folder}" in PAGE
    (tmp_path / "password").write_text("secret\n")
    assert "/run/secrets/weir/password" in data["weir.yaml"]
    config = data["weir.yaml"].replace("/run/secrets/weir", str(tmp_path))
    (tmp_path / "weir.yaml").write_text(config)
    done = weir("check", tmp_path / "weir.yaml")
    assert done.returncode == 0 and "warn" not in done.stderr, done.stdout + done.stderr


def test_the_sidecar_of_a_chart(tmp_path):
    (values,) = said("values.yaml")
    (tmp_path / "values.yaml").write_text(values)
    made = manifests.helm_app(tmp_path, values=tmp_path / "values.yaml")
    _, data, spec = mounted(made)
    config = yaml.safe_load(data["weir.yaml"])
    assert config["sinks"]["store"]["url"] == "mysql://weir@db.example:3306/shop"
    assert config["sinks"]["store"]["buffer"]["when_full"] == "block"
    assert [s["topic"] for s in config["sources"]["app"]["subscriptions"]] == ["orders/{shop}"]
    assert spec["initContainers"][1]["image"] == IMAGE


def test_a_sidecar_is_checked_without_a_pod(place):
    own(place, "sidecar", "shop/sidecar")
    env = {**os.environ, "PATH": f"{harness.WEIR.parent}:{os.environ['PATH']}"}

    def check():
        command = ["bash", "-euc", script("weir check")]
        return subprocess.run(
            command, cwd=place, env=env, capture_output=True, text=True, check=False
        )

    done = check()
    assert done.returncode == 0 and "warn" not in done.stderr, done.stdout + done.stderr
    path = place / "shop" / "sidecar" / "weir.yaml"
    path.write_text(path.read_text().replace("topic:", "topics:"))
    done = check()
    assert done.returncode == 78 and "weir.yaml:" in done.stderr, done.stdout + done.stderr
