"""The DaemonSet's agent, with the rights and the view that its container has, measures the node as
one that runs on the node itself."""

import os
import re
import subprocess
from pathlib import Path

import harness
import manifests
import pytest
import yaml

SCRIPT = Path(__file__).resolve().parent / "in_container.sh"
# What comes and goes, what netlink alone knows, which is not asked for another root, and what only
# root may read.
LEFT_OUT = re.compile(
    r"node_(scrape_collector|filesystem|network_receive_nohandler_total|cpu_frequency_hertz)"
)
OWN_SPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]


def answers(port):
    try:
        return bool(names(port))
    except OSError:
        return False


def may_mount():
    probe = [*OWN_SPACES, "mount", "-t", "tmpfs", "pod", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def of_name(pid, name):
    """The process of that name which descends from this one."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        if Path(f"/proc/{child}/comm").read_text().strip() == name:
            return child
    return of_name(children[0], name)


WRITABLE = """
import os
mounts = [line.split()[4] for line in open("/proc/self/mountinfo")]
mounts = {mount.encode().decode("unicode_escape") for mount in mounts}
print(*sorted(mount for mount in mounts if os.access(mount, os.W_OK)), sep="\\n")
"""


def writable(pid):
    """What is mounted so that anybody can write there: for root only `ro` counts."""
    command = ["nsenter", "--mount", "--pid", "--target", pid, "/usr/bin/python3", "-c", WRITABLE]
    return manifests.run(*command).split("\n")[:-1]


def names(port):
    page = harness.http_get(f"http://127.0.0.1:{port}/metrics")[2].decode()
    return {line.rsplit(" ", 1)[0] for line in page.splitlines() if line.startswith("node_")}


@pytest.mark.skipif(
    os.geteuid() != 0 or not may_mount(), reason="mounting and giving up rights take root"
)
def test_a_container_sees_its_node(agent, process, tmp_path):
    made = manifests.kustomize("kubernetes/daemonset")
    ((_, spec, _),) = manifests.pods(made)
    assert spec["hostNetwork"] and "hostPID" not in spec
    (data,) = manifests.configurations(made).values()
    config = yaml.safe_load(data["weir.yaml"])
    ports = harness.free_port(), harness.free_port()
    folders = [tmp_path / name for name in ("inside", "data", "outside")]
    for folder in folders:
        folder.mkdir()
    folders[1].chmod(0o777)
    for port, folder, root in ((ports[0], folders[0], "/mnt/host"), (ports[1], folders[2], "/")):
        assert config["sources"]["host"]["type"] == "node_probe"
        config["agent"] = {"interval": "1s", "data_dir": "/mnt/data", "http": {"listen": "off"}}
        config["sources"]["host"]["root"] = root
        config["sinks"]["metrics"]["listen"] = f"127.0.0.1:{port}"
        (folder / "weir.yaml").write_text(yaml.safe_dump(config))
        folder.chmod(0o755)
        (folder / "weir.yaml").chmod(0o644)
    inside = process([*OWN_SPACES, SCRIPT, harness.BUILD, folders[0], folders[1]])
    agent(folders[2] / "weir.yaml")

    def see_the_same():
        assert inside.running(), inside.log()
        within, without = (
            {name for name in names(port) if not LEFT_OUT.match(name)} for port in ports
        )
        assert within == without and len(within) > 100, within ^ without
        return True

    harness.poll(see_the_same)
    assert writable(of_name(inside.pid, "weir")) == ["/mnt/data"]
    assert any(name.startswith('node_filesystem_size_bytes{device="') and 'mountpoint="/"' in name
               for name in names(ports[0]))  # fmt: skip
    inside.kill()
    harness.poll(lambda: not answers(ports[0]), what="the container is gone")
