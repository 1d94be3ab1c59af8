"""A life of the packages on a machine with systemd: installed, at work, reloaded, hanging, crashed,
misconfigured, upgraded, removed, purged. The tests are one story: each begins where the one before
it ended."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import snapshot
from harness import poll

REPOSITORY = Path(__file__).resolve().parents[2]
METRICS = "http://127.0.0.1:9464/metrics"
DROP_IN = "/etc/systemd/system/weir.service.d/test.conf"
OFTEN = "agent: {interval: 1s}\nsources: {host: {interval: 1s}}\n"
SCRAPE = """
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs: [{job_name: weir, static_configs: [{targets: ["127.0.0.1:9464"]}]}]
"""


def install(machine, files, *options):
    for file in files:
        target = machine.tree / "packages" / file.name
        target.parent.mkdir(exist_ok=True)
        shutil.copy(file, target)
    # As an unattended upgrade does it: who edited a file keeps it.
    return machine.out(
        "apt-get", "install", "-q", "-y", "--no-install-recommends",
        "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
        *options, *(f"/packages/{file.name}" for file in files))


def configure_unit(machine, text):
    machine.write(DROP_IN, text)
    machine.run("systemctl", "daemon-reload")


def repacked(package, folder, version):
    """The package once more, with a later version, whose configuration files say something new."""
    tree = folder / version
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    text = re.sub(r"^Version: .*", f"Version: {version}", control.read_text(), flags=re.M)
    control.write_text(text)
    for name in ("etc/weir/weir.yaml", "etc/default/weir"):
        with open(tree / name, "a", encoding="utf-8") as file:
            file.write("# new in the next version\n")
    sums = subprocess.run("find usr lib -type f -print0 | xargs -0 md5sum", shell=True, cwd=tree,
                          capture_output=True, text=True, check=True).stdout
    (tree / "DEBIAN/md5sums").write_text(sums)
    file = folder / f"weir_{version}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, file], check=True)
    return file


@pytest.fixture(scope="module", autouse=True)
def before(machine, installable):
    """What was there before anything of Weir was. All of it but weir-dev is installed then."""
    files = snapshot.files(machine.tree)
    assert "/etc/weir" not in files
    install(machine, [file for name, file in installable.items() if name != "weir-dev"])
    return files


def test_it_runs_once_it_is_installed(machine):
    machine.wait_active()
    assert machine.out("systemctl", "is-enabled", "weir") == "enabled"
    assert "components" in machine.property("StatusText")
    # The user that sysusers made owns what the agent keeps.
    paths = ("/var/lib/weir", "/run/weir", "/run/weir/weir.sock")
    assert machine.out("stat", "-c", "%U:%G %a", *paths).splitlines() == [
        "weir:weir 750", "weir:weir 750", "weir:weir 660"]
    assert machine.out("stat", "-c", "%U", f"/proc/{machine.pid()}") == "weir"
    assert "/usr/sbin/nologin" in machine.out("getent", "passwd", "weir")
    assert "ready" in machine.out("weir", "status")
    listed = machine.out("weir", "list")
    for name in ("mongodb", "mqtt", "mysql", "redis", "sqlite", "node_probe", "prometheus"):
        assert re.search(rf"\b{name}\b", listed), listed


def test_rows_reach_a_prometheus(machine):
    # Ready is who has collected: let that be often from now on.
    machine.write("/etc/weir/conf.d/often.yaml", OFTEN)
    machine.write("/etc/prometheus/prometheus.yml", SCRAPE)
    machine.run("systemctl", "restart", "prometheus")
    memory = poll(lambda: machine.query('node_memory_MemTotal_bytes{job="weir"}'), 120, 0.5)
    kib = int(re.search(r"MemTotal: +(\d+)", machine.out("cat", "/proc/meminfo"))[1])
    assert int(float(memory[0]["value"][1])) == kib * 1024
    count = machine.query('count({job="weir", __name__=~"node_.*"})')
    assert int(count[0]["value"][1]) > 100, count


def series(lines):
    """measurement, labels and names of fields of rows as JSON lines."""
    rows = [json.loads(line) for line in lines.splitlines()]
    return {(row["measurement"], json.dumps(row["labels"], sort_keys=True), *sorted(row["fields"]))
            for row in rows}


def test_the_sandbox_hides_nothing_from_the_probe(machine):
    """Root without a sandbox measures what the service does, down to the last label."""
    free = series(machine.out("weir", "once", "--format", "jsonl", "host"))
    assert len(free) > 20

    def seen():
        archive = machine.out("tail", "-n", "2000", "/var/lib/weir/weir.jsonl")
        missing = free - series(archive)
        assert not missing, f"not seen: {missing}"
        return True

    poll(seen, 60)


def test_the_exposure_is_low(machine, capfd):
    report = machine.out("systemd-analyze", "security", "--no-pager", "weir.service")
    exposure = float(re.search(r"exposure level for weir.service: ([\d.]+)", report)[1])
    with capfd.disabled():
        print(f"\nexposure: {exposure} of the service on a machine, at most 1.5")
    assert exposure <= 1.5, report


def test_a_drop_in_gives_what_more_it_needs(machine):
    """That of docs/systemd.md, word by word: a folder, a low port, a credential."""
    page = (REPOSITORY / "docs/systemd.md").read_text()
    machine.write("/etc/weir/mysql.password", "frankfurt\n", 0o600)
    machine.write("/etc/weir/conf.d/more.yaml", """
agent: {labels: {site: "${credential:mysql}"}}
sinks:
  far: {type: file, inputs: [host], path: /srv/metrics/rows.jsonl}
  low: {type: prometheus, inputs: [host], listen: "127.0.0.1:80", required: true}
""")
    machine.run("install", "-d", "-o", "weir", "-g", "weir", "/srv/metrics")
    assert machine.run("systemctl", "restart", "weir", check=False).returncode != 0
    configure_unit(machine, re.search(r"```ini\n(.*?)```", page, re.S)[1])
    machine.run("systemctl", "reset-failed", "weir")
    machine.run("systemctl", "start", "weir")
    machine.wait_active()
    poll(lambda: 'site="frankfurt"' in machine.get("http://127.0.0.1:80/metrics"))
    poll(lambda: machine.exists("/srv/metrics/rows.jsonl"))
    # A command has the credential where it is run as docs/operations.md says, word by word.
    plain = machine.run("runuser", "-u", "weir", "--", "weir", "check", "--probe", check=False)
    assert plain.returncode == 78 and "credential" in plain.stderr
    page = (REPOSITORY / "docs/operations.md").read_text()
    recipe = re.search(r"^# (systemd-run .*?)$\n```", page, re.M | re.S)[1]
    more = re.search(r"`(-p Ambient[^`]*)`", page)[1]
    said = machine.out("bash", "-c", recipe.replace(" weir check", f" {more} weir check"))
    assert said.count(": ok") == 5 and "failed" not in said, said
    for path in ("/etc/weir/conf.d/more.yaml", "/etc/weir/mysql.password", DROP_IN):
        machine.remove(path)
    machine.run("rm", "-r", "/srv/metrics", str(Path(DROP_IN).parent))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "weir")
    machine.wait_active()


def test_a_reload_changes_it_where_it_runs(machine):
    if not re.search(r"^  reload ", machine.out("weir", "--help"), re.M):
        pytest.skip("this agent has no command 'reload'")
    pid = machine.wait_active()
    machine.write("/etc/weir/conf.d/more.yaml", "agent: {labels: {site: reloaded}}\n")
    machine.run("systemctl", "reload", "weir")
    poll(lambda: 'site="reloaded"' in machine.get(METRICS))
    assert machine.wait_active() == pid
    machine.write("/etc/weir/conf.d/more.yaml", "agent: {lables: {site: wrong}}\n")
    assert machine.run("systemctl", "reload", "weir", check=False).returncode != 0
    assert machine.wait_active() == pid
    assert 'site="reloaded"' in machine.get(METRICS)
    machine.remove("/etc/weir/conf.d/more.yaml")
    machine.run("systemctl", "reload", "weir")
    poll(lambda: 'site="reloaded"' not in machine.get(METRICS))
    assert machine.wait_active() == pid


def test_one_that_hangs_is_started_again(machine):
    configure_unit(machine, "[Service]\nWatchdogSec=3s\n")
    machine.run("systemctl", "restart", "weir")
    pid = machine.wait_active()
    machine.kill(pid, "STOP")
    machine.wait_active(other_than=pid)
    assert "Watchdog timeout" in machine.journal()
    configure_unit(machine, "[Service]\nRestartSec=1s\n")
    machine.run("systemctl", "restart", "weir")


@pytest.mark.parametrize("signal", ["KILL", "SEGV"])
def test_one_that_crashed_is_started_again(machine, signal):
    pid = machine.wait_active()
    machine.kill(pid, signal)
    machine.wait_active(other_than=pid)
    poll(lambda: "node_load1" in machine.get(METRICS))


def test_a_wrong_configuration_is_not_tried_again(machine):
    machine.write("/etc/weir/conf.d/wrong.yaml", "agent: {intreval: 1s}\n")
    started = machine.run("systemctl", "restart", "weir", check=False)
    assert started.returncode != 0
    assert machine.property("SubState") == "failed", "not auto-restart"
    assert machine.property("ExecMainStatus") == "78"
    assert "did you mean 'interval'" in machine.journal()
    machine.remove("/etc/weir/conf.d/wrong.yaml")
    machine.run("rm", "-r", str(Path(DROP_IN).parent))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "weir")
    machine.wait_active()


def test_an_upgrade_keeps_what_was_edited(machine, installable, tmp_path):
    pid = machine.wait_active()
    edited = machine.read("/etc/weir/weir.yaml").replace("keep: 4", "keep: 5")
    machine.write("/etc/weir/weir.yaml", edited)
    kept = machine.out("stat", "-c", "%i", "/var/lib/weir/weir.jsonl")
    install(machine, [repacked(installable["weir"], tmp_path, "99.0-1")])
    assert machine.wait_active(other_than=pid)
    assert machine.out("dpkg-query", "-W", "-f", "${Version}", "weir") == "99.0-1"
    assert machine.read("/etc/weir/weir.yaml") == edited
    assert "new in the next version" in machine.read("/etc/weir/weir.yaml.dpkg-dist")
    assert "new in the next version" in machine.read("/etc/default/weir"), "nobody edited it"
    assert machine.out("stat", "-c", "%i", "/var/lib/weir/weir.jsonl") == kept
    # The next one finds both edited, the second as it proposes, and has nothing new to say.
    variables = machine.read("/etc/default/weir").replace("\n#WEIR_", "\nWEIR_")
    machine.write("/etc/default/weir", variables)
    install(machine, [repacked(installable["weir"], tmp_path, "99.1-1")])
    machine.wait_active()
    assert machine.read("/etc/weir/weir.yaml") == edited
    assert machine.read("/etc/default/weir") == variables
    folder = re.search(r"^WEIR_DATA_DIR=(\S+)$", variables, re.M)[1]
    poll(lambda: machine.exists(f"{folder}/weir.jsonl"))


def test_the_version_before_is_installed_again(machine, installable):
    pid = machine.wait_active()
    files = [installable["weir"], installable["weir-plugin-mysql"]]
    install(machine, files, "--allow-downgrades")
    assert machine.wait_active(other_than=pid)
    wanted = machine.out("dpkg-query", "-W", "-f", "${Version}", "weir-plugin-mysql")
    assert machine.out("dpkg-query", "-W", "-f", "${Version}", "weir") == wanted


def test_removed_it_leaves_configuration_and_data(machine):
    machine.out("apt-get", "remove", "-q", "-y", "weir")
    assert not machine.exists("/usr/bin/weir") and not machine.exists("/run/weir")
    assert machine.run("systemctl", "is-active", "weir", check=False).stdout.strip() != "active"
    assert machine.out("find", "/proc", "-maxdepth", "1", "-user", "weir") == ""
    assert machine.exists("/etc/weir/weir.yaml") and machine.exists("/var/lib/weir/weir.jsonl")
    assert machine.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "weir-plugin-mysql",
                       check=False).stdout != "installed", "it is of no use without the agent"


def test_purged_it_leaves_nothing(machine, before):
    names = machine.out("dpkg-query", "-W", "-f", "${Package}\n", "weir*").split()
    # Mount points cannot be removed; the rest of the purge is done all the same.
    mounts = ("/etc/weir", "/var/lib/weir")
    for folder in mounts:
        machine.run("mount", "--bind", folder, folder)
    purged = machine.run("apt-get", "purge", "-q", "-y", *names)
    for folder in mounts:
        assert f"weir: {folder} stays" in purged.stdout + purged.stderr
        machine.run("umount", folder)
        machine.run("rmdir", folder)
    assert snapshot.files(machine.tree) - before == set()
    for database in ("passwd", "group"):
        assert machine.run("getent", database, "weir", check=False).stdout == ""
    assert "weir" not in machine.out("systemctl", "list-unit-files", "--no-legend", "--no-pager")
    assert machine.run("systemctl", "--failed", "--no-legend", "--no-pager").stdout == ""
