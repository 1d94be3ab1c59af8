"""What helm and kustomize make of packaging/kubernetes, as objects."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

import harness
import pytest
import yaml

PACKAGING = harness.REPOSITORY / "packaging" / "kubernetes"
CHART = PACKAGING / "chart"
TOOLS = harness.REPOSITORY / "build" / "tools"
BASES = ("daemonset", "rmf_simulator", "sidecar_example")
EVERYTHING = ("daemonset.enabled=true", "rmfSimulator.enabled=true", "sidecar.enabled=true",
              "monitoring.enabled=true")  # fmt: skip
# The oldest that has such sidecars, and the newest whose schemas packaging/kubernetes/tools brings.
VERSIONS = ("1.29", "1.34")
APP = Path(__file__).resolve().parent / "app"


def tool(name):
    path = TOOLS / name
    if not path.exists():
        pytest.skip(f"there is no {path}; run: packaging/kubernetes/tools build")
    return path


def run(*command, cwd=None):
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, check=False, cwd=cwd
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def objects(text):
    return [found for found in yaml.safe_load_all(text) if found]


@cache
def kustomize(folder):
    """The objects of a folder below packaging/, such as kubernetes/daemonset."""
    return objects(run(tool("kustomize"), "build", PACKAGING.parent / folder))


def kustomize_all(base):
    """The objects of a base, and those that are for the Prometheus operator."""
    monitored = "sidecar" if base == "sidecar_example" else base
    return [*kustomize(f"kubernetes/{base}"), *kustomize(f"kubernetes/{monitored}/monitoring")]


def helm_template(*settings, release="one", chart=CHART, version="1.34.0", values=None):
    sets = [part for setting in settings for part in ("--set", setting)]
    files = ("--values", values) if values else ()
    command = (tool("helm"), "template", release, chart, "--namespace", "monitoring",
               "--kube-version", version, *files, *sets)  # fmt: skip
    return run(*command)


@cache
def helm(*settings):
    return objects(helm_template(*settings))


def helm_app(folder, *settings, values=None):
    """The objects of the chart in tests/kubernetes/app, which has Weir's as a dependency."""
    shutil.copytree(APP, folder / "app")
    chart = folder / "app" / "Chart.yaml"
    chart.write_text(chart.read_text().replace("WEIR_CHART", f"file://{CHART}"))
    run(tool("helm"), "dependency", "build", folder / "app")
    return objects(helm_template(*settings, chart=folder / "app", values=values))


def of_kind(found, kind):
    return [o for o in found if o["kind"] == kind]


def pods(found):
    """(name, spec of the pod, metadata of the pod) of everything that makes pods."""
    return [
        (o["metadata"]["name"], o["spec"]["template"]["spec"], o["spec"]["template"]["metadata"])
        for o in found
        if o["kind"] in ("Deployment", "DaemonSet", "StatefulSet")
    ]


def containers(spec):
    return [*spec.get("initContainers", ()), *spec["containers"]]


def configurations(found):
    """The files weir.yaml of all ConfigMaps, by the name of the map without its hash."""
    return {o["metadata"]["name"]: o["data"] for o in of_kind(found, "ConfigMap")}
