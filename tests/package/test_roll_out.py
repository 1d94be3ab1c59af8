"""The playbook of docs/fleet.md, as the package brings it, on a machine with systemd: other
versions of the packages, an agent that does not run, and a check that has what the service has. One
story: each test begins where the one before it ended."""

import subprocess

import pytest
from test_life import configure_unit, install, repacked

FLEET = "/root/fleet"
OLD, NEW = "0.1.0-0weir1", "99.0-1"


@pytest.fixture(scope="module", autouse=True)
def repository(machine, installable, tmp_path_factory):
    """An agent that runs what its package brought, and an archive of two versions."""
    install(machine, [installable["weir"], installable["weir-plugin-mysql"]])
    machine.wait_active()
    new = repacked(installable["weir"], tmp_path_factory.mktemp("new"), NEW)
    packages = machine.tree / "packages"
    (packages / new.name).write_bytes(new.read_bytes())
    index = subprocess.run(["dpkg-scanpackages", "-m", "."], cwd=packages, capture_output=True,
                           text=True, check=True).stdout
    (packages / "Packages").write_text(index)
    machine.write("/etc/apt/sources.list", "deb [trusted=yes] file:/packages ./\n")
    machine.run("cp", "-r", "/usr/share/doc/weir/examples/fleet", FLEET)
    machine.write(f"{FLEET}/inventory", "weir-test ansible_connection=local\n")
    machine.remove(f"{FLEET}/conf.d/store.yaml")  # there is no such server here


def roll_out(machine, *options, check=True, env=None):
    return machine.run("ansible-playbook", "-i", f"{FLEET}/inventory", f"{FLEET}/roll-out.yaml",
                       "-e", "ansible_become=false", *options, check=check, timeout=300,
                       env={"ANSIBLE_NOCOLOR": "1", "ANSIBLE_PIPELINING": "1", **(env or {})})


def version(machine):
    return machine.out("dpkg-query", "-W", "-f", "${Version}", "weir")


def failures(machine):
    return machine.journal().count("Failed with result")


def packages(wanted):
    return "-e", f'{{"packages": ["weir={wanted}"]}}'


def test_files_are_read_by_the_agent_that_runs(machine):
    pid = machine.pid()
    roll_out(machine)
    assert machine.wait_active() == pid
    assert "what every host has" in machine.read("/etc/weir/weir.yaml").lower()
    assert "self" in machine.out("weir", "status")
    assert "changed=0" in roll_out(machine).stdout


@pytest.mark.parametrize("wanted", [NEW, OLD])
def test_other_packages_start_with_the_files_that_are_theirs(machine, wanted):
    """Up, and back: the files of before, which they refuse, are gone by then."""
    pid = machine.pid()
    machine.write("/etc/weir/conf.d/before.yaml", "agent: {intreval: 1s}\n")
    roll_out(machine, *packages(wanted))
    assert machine.wait_active(other_than=pid)
    assert version(machine) == wanted
    assert failures(machine) == 0, machine.journal()


def test_packages_that_are_there_change_nothing(machine):
    assert "changed=0" in roll_out(machine, *packages(OLD)).stdout


def test_one_that_has_ended_is_started(machine):
    machine.write("/etc/weir/conf.d/wrong.yaml", "agent: {intreval: 1s}\n")
    assert machine.run("systemctl", "restart", "weir", check=False).returncode != 0
    assert machine.property("ExecMainStatus") == "78"
    roll_out(machine)
    machine.wait_active()
    assert not machine.exists("/etc/weir/conf.d/wrong.yaml")


def test_a_server_that_does_not_answer_keeps_all_as_it_is(machine):
    pid, before = machine.pid(), machine.out("find", "/etc/weir")
    machine.write(f"{FLEET}/conf.d/far.yaml", """
sinks:
  far:
    type: mysql
    inputs: [host]
    url: mysql://weir@127.0.0.1:1/metrics
    password: ${file:../secrets/store}
""")
    secret = "-e", "{secrets: {store: frankfurt}}"
    said = roll_out(machine, *secret, check=False)
    assert said.returncode == 2 and "sink far (mysql): failed: 127.0.0.1:1" in said.stdout, said
    assert machine.out("find", "/etc/weir") == before
    assert machine.pid() == pid and "far" not in machine.out("weir", "status")
    # Who knows better goes on.
    roll_out(machine, *secret, "-e", "probe=")
    assert machine.out("stat", "-c", "%U:%G %a", "/etc/weir/secrets/store") == "root:weir 640"
    assert machine.pid() == pid and "far" in machine.out("weir", "status")
    machine.remove(f"{FLEET}/conf.d/far.yaml")
    roll_out(machine)


def test_the_host_is_asked_as_the_service_is(machine):
    """With its variables and credentials; without them nothing changes."""
    pid = machine.pid()
    configure_unit(machine, "[Service]\nLoadCredential=site:/etc/weir/site.secret\n")
    machine.write("/etc/weir/site.secret", "paris\n", 0o600)
    machine.write("/etc/default/weir", "RACK=12\n")
    machine.write(f"{FLEET}/conf.d/site.yaml",
                  'agent: {labels: {site: "${credential:site}", rack: "${RACK}"}}\n')
    machine.write("/root/stand-ins/site", "a stand-in")
    env = {"CREDENTIALS_DIRECTORY": "/root/stand-ins", "RACK": "0"}
    failed = roll_out(machine, check=False, env=env)
    assert failed.returncode == 2 and "credential" in failed.stdout, failed.stdout
    assert machine.pid() == pid and not machine.exists("/etc/weir/conf.d/site.yaml")
    roll_out(machine, "-e", '{"credentials": ["site:/etc/weir/site.secret"]}',
             "-e", "apply={{ restart }}", env=env)
    machine.wait_active(other_than=pid)
    page = machine.get("http://127.0.0.1:9464/metrics")
    assert 'site="paris"' in page and 'rack="12"' in page
