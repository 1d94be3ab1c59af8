"""One folder for a fleet: which files a host reads, checked from any machine."""

import socket

BASE = """
agent: {interval: 15s}
sources: {host: {type: node_probe}}
sinks: {out: {type: stdout, inputs: [host]}}
"""


def fleet(config):
    path = config(BASE, "fleet/weir.yaml")
    config("sources: {host: {interval: 5s}}", "fleet/hosts/db*.yaml")
    config("sources: {host: {interval: 1s}}", "fleet/hosts/db1.yaml")
    config("agent: {labels: {site: fra}}", "fleet/hosts/*.fra.example.yaml")
    return path


def test_any_hosts_configuration_can_be_looked_at(weir, config):
    path = fleet(config)
    for host, interval, site in (
        ("db1.fra.example", "1s  # {}/hosts/db1.yaml:1", True),
        ("db2.fra.example", "5s  # {}/hosts/db*.yaml:1", True),
        ("db1", "1s  # {}/hosts/db1.yaml:1", False),
        ("web1.ber.example", None, False),
    ):
        shown = weir("check", path, "--host", host, "--effective")
        assert shown.returncode == 0, shown.stderr
        expected = interval and f"    interval: {interval.format(path.parent)}\n"
        assert (expected in shown.stdout) if expected else "    interval" not in shown.stdout
        assert ("site: fra" in shown.stdout) == site


def test_a_host_reads_its_own(agent, config):
    path = fleet(config)
    name = socket.gethostname()
    config("sources: {more: {type: node_probe, interval: 1s}}", f"fleet/hosts/{name}.yaml")
    config("sinks: {out: {inputs: [host, more]}}", "fleet/hosts/*.yaml")
    log = agent(path).stop_clean()
    assert "route more -> out: " in log


def test_what_is_wrong_is_told_instead(weir, config):
    path = config(BASE.replace("15s", "soon"), "fleet/weir.yaml")
    shown = weir("check", path, "--effective")
    assert shown.returncode == 78 and shown.stdout == ""
    assert "agent.interval: expected a duration" in shown.stderr
