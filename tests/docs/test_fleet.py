"""The recipe of docs/fleet.md: every host is checked, and gets what it reads by the playbook.

Ansible rolls out to a folder of this machine, where an agent runs with what came before.
"""

import grp
import os
import re
import shutil
import subprocess

import harness
import pytest
import yaml

FLEET = harness.REPOSITORY / "docs" / "examples" / "fleet"
NAMES = ["web-1.fra.example", "web-2.fra.example", "db-1.fra.example", "db-2.fra.example", "edge-1"]
PASSWORD = "it's \"s3cret\""


@pytest.fixture
def fleet(tmp_path):
    """A copy of the repository of the fleet."""
    return shutil.copytree(FLEET, tmp_path / "fleet")


def run(*command, cwd, expect=0):
    """Its output, with Weir on the way."""
    path = f"{harness.WEIR.parent}:{os.environ['PATH']}:/usr/bin"
    environment = {**os.environ, "PATH": path, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1",
                   "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_host_is_checked_and_its_configuration_told(fleet, tmp_path):
    run("./check", tmp_path / "effective", cwd=fleet)
    told = {p.stem: yaml.safe_load(p.read_text()) for p in (tmp_path / "effective").iterdir()}
    assert sorted(told) == sorted(NAMES)
    assert told["web-1.fra.example"]["sources"]["host"] == {"type": "node_probe"}
    assert told["db-2.fra.example"]["sources"]["host"]["interval"] == "5s"
    assert told["edge-1"]["sinks"]["store"]["buffer"]["type"] == "overflow"
    assert told["edge-1"]["sinks"]["store"]["password"] == "***"


def test_a_mistake_is_found_before_it_is_rolled_out(fleet, tmp_path):
    (fleet / "hosts" / "edge-1.yaml").write_text("sources: {host: {intervall: 5s}}\n")
    said = run("./check", tmp_path / "effective", cwd=fleet, expect=1)
    assert "hosts/edge-1.yaml:1:18: unknown key 'intervall'" in said
    assert said.count("cannot have this configuration") == 1
    assert len(list((tmp_path / "effective").iterdir())) == len(NAMES) - 1


def test_hosts_are_those_that_ansible_finds(fleet, tmp_path):
    (fleet / "inventory").write_text("[web]\nweb-[08:10].fra.example\n[all:vars]\nsite=fra1\n")
    run("./check", tmp_path / "effective", cwd=fleet)
    told = sorted(path.stem for path in (tmp_path / "effective").iterdir())
    assert told == [f"web-{number}.fra.example" for number in ("08", "09", "10")]


@pytest.mark.parametrize("text", ["", "[web\nweb-1.fra.example\n"])
def test_an_inventory_without_hosts_is_a_mistake(fleet, text):
    (fleet / "inventory").write_text(text)
    run("./check", cwd=fleet, expect=1)


class Host:
    """One host of the fleet: a folder instead of /etc/weir, and an agent."""

    def __init__(self, name, fleet, folder, agent):
        self.name, self.fleet, self.etc = name, fleet, folder / "etc"
        self.socket = folder / "weir.sock"
        self.etc.mkdir()
        (fleet / "inventory").write_text(f"{name} ansible_connection=local\n")
        # What would get into the way of the machine that the tests run on.
        (fleet / "conf.d" / "test.yaml").write_text(f"""
agent:
  data_dir: {folder}/data
  shutdown_timeout: 1s
  http: {{listen: off, socket: {self.socket}}}
sinks: {{metrics: {{listen: 127.0.0.1:{harness.free_port()}}}}}
""")
        before = self.etc / "weir.yaml"
        before.write_text(f"""
agent: {{data_dir: {folder}/data, http: {{listen: off, socket: {self.socket}}}}}
sources: {{old: {{type: agent_telemetry}}}}
sinks: {{out: {{type: file, path: {folder}/out.jsonl, inputs: [old]}}}}
""")
        (self.etc / "conf.d").mkdir()
        (self.etc / "conf.d" / "old.yaml").write_text("agent: {labels: {old: label}}\n")
        self.agent = agent(before)
        (folder / "vault.yaml").write_text(yaml.safe_dump({"secrets": {"store": PASSWORD}}))
        self.vault = folder / "vault.yaml"

    def roll_out(self, *more, expect=0):
        return run(
            harness.tool("ansible-playbook"),
            *("-i", "inventory", "roll-out.yaml", "-e", f"@{self.vault}"),
            *("-e", f"etc={self.etc}", "-e", f"group={grp.getgrgid(os.getgid()).gr_name}"),
            *("-e", "ansible_become=false", "-e", "ansible_python_interpreter=/usr/bin/python3"),
            # No service here: tests/package rolls out to a machine that has one.
            *("-e", "current=true", "-e", "ask=true"),
            *more,
            cwd=self.fleet,
            expect=expect,
        )

    def files(self):
        found = [p.relative_to(self.etc) for p in self.etc.rglob("*") if p.is_file()]
        return sorted(str(path) for path in found)


@pytest.fixture
def host(fleet, tmp_path, agent):
    return Host("db-1.fra.example", fleet, tmp_path, agent)


WANTED = ["conf.d/store.yaml", "conf.d/test.yaml", "hosts/db-*.yaml", "secrets/store", "weir.yaml"]


def test_a_roll_out(host):
    said = host.roll_out()
    assert "failed=0" in said and "changed=0" not in said
    assert PASSWORD not in said
    assert host.files() == WANTED
    assert (host.etc / "secrets" / "store").read_text() == PASSWORD
    assert (host.etc / "secrets" / "store").stat().st_mode & 0o777 == 0o640
    status = harness.weir("status", "--at", host.socket).stdout
    assert "store" in status and "old" not in status, status
    said = host.roll_out()
    assert "changed=0" in said, "a second one has something to do"
    # What is gone from the repository goes from the host.
    (host.fleet / "hosts" / "db-*.yaml").unlink()
    host.roll_out()
    assert host.files() == [name for name in WANTED if not name.startswith("hosts/")]


def test_secrets_go_with_the_last_that_uses_them(host):
    secrets = host.fleet / "secrets"
    (secrets / "other").write_text("a stand-in")
    values = {"secrets": {"store": PASSWORD, "other": "word"}}
    host.vault.write_text(yaml.safe_dump(values))
    host.roll_out()
    assert (host.etc / "secrets" / "other").read_text() == "word"
    (secrets / "other").unlink()
    host.vault.write_text("{}")  # a roll-out without the vault takes nothing that is used
    host.roll_out()
    assert host.files() == WANTED


def test_what_would_change_can_be_seen_before(host):
    before = host.files()
    said = host.roll_out("--check", "--diff")
    assert "+    type: mysql" in said and "failed=0" in said
    assert PASSWORD not in said
    assert host.files() == before


def test_a_host_that_is_away_does_not_end_it(host, tmp_path):
    """Of a batch that has others; it is told, and its turn comes with the next roll-out."""
    away = tmp_path / "ssh"
    away.write_text("#!/bin/sh\nexit 255\n")
    away.chmod(0o755)
    with open(host.fleet / "inventory", "a", encoding="utf-8") as inventory:
        inventory.write(f"web-1.fra.example ansible_ssh_executable={away}\n")
    play = host.fleet / "roll-out.yaml"
    play.write_text(re.sub(r"serial: .*", "serial: 2", play.read_text()))
    said = host.roll_out(expect=4)
    assert "unreachable=1" in said
    assert host.files() == WANTED
    assert not (host.etc / ".new").exists()


def test_a_mistake_changes_nothing_on_the_host(host):
    before = host.files()
    (host.fleet / "conf.d" / "wrong.yaml").write_text("sinks: {metrics: {inputs: [hots]}}\n")
    said = host.roll_out(expect=2)
    assert "there is no source or processor 'hots'; did you mean 'host'?" in said
    assert host.files() == before


def test_an_agent_that_refuses_ends_it(host):
    (host.fleet / "conf.d" / "name.yaml").write_text("agent: {hostname: another}\n")
    said = host.roll_out(expect=2)
    assert "agent.hostname changes only when the agent is restarted" in said
    assert "Wait until the agent is ready" not in said
    # The files are there now, and still nobody takes it for done.
    assert "agent.hostname changes" in host.roll_out(expect=2)
