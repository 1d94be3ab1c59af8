"""The agent under a service manager: what it tells systemd, and what its unit lets it do."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import harness
import pytest

CONFIG = """
agent: {{interval: 100ms, shutdown_timeout: 1s, http: {{listen: off, socket: off}}}}
sources: {{host: {{type: node_probe}}}}
sinks: {{out: {{type: file, inputs: [host], path: {folder}/out.jsonl}}}}
"""


class Manager:
    """The socket that sd_notify(3) writes to, by path or abstract."""

    def __init__(self, agent, folder, watchdog=None, abstract=False, config=CONFIG):
        name = f"\0weir-{folder.name}-{harness.free_port()}" if abstract else str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.settimeout(60)
        (folder / "weir.yaml").write_text(config.format(folder=folder))
        env = {"NOTIFY_SOCKET": name.replace("\0", "@")}
        if watchdog:
            env["WATCHDOG_USEC"] = str(watchdog)
        self.agent = agent(folder / "weir.yaml", env=env)

    def hear(self):
        return self.socket.recv(4096).decode().splitlines()

    def hear_of(self, word):
        while True:
            lines = self.hear()
            if word in "\n".join(lines):
                return lines

    def status(self):
        return Path(f"/proc/{self.agent.pid}/status").read_text()

    def silence(self):
        """What is there already is thrown away."""
        self.socket.setblocking(False)
        try:
            while True:
                self.socket.recv(4096)
        except BlockingIOError:
            self.socket.settimeout(60)


@pytest.mark.parametrize("abstract", [False, True])
def test_readiness_status_and_the_end(agent, tmp_path, abstract):
    manager = Manager(agent, tmp_path, abstract=abstract)
    ready = manager.hear_of("READY=1")
    assert re.fullmatch(r"STATUS=2 components, \d+ held, 0 dropped", ready[1]), ready
    assert (tmp_path / "out.jsonl").exists(), "not before the first collection"
    later = manager.hear_of("STATUS=")
    assert re.search(r"2 components, \d+ rows/s delivered, \d+ held, 0 dropped", later[-1]), later
    manager.agent.stop_clean()
    assert manager.hear_of("STOPPING=1")


def test_a_reload_is_told(agent, tmp_path):
    manager = Manager(agent, tmp_path)
    manager.hear_of("READY=1")
    manager.silence()
    manager.agent.reload()
    told = manager.hear_of("RELOADING=1")
    assert re.fullmatch(r"MONOTONIC_USEC=\d+", told[1]), told
    manager.hear_of("READY=1")
    manager.hear_of("STATUS=2 components")


def test_a_reload_that_waits_for_a_plugin_is_alive(agent, tmp_path):
    slow = f"""
agent: {{{{interval: 100ms, plugin_dirs: [{harness.BUILD}/tests/plugins],
         shutdown_timeout: 20s, http: {{{{listen: off, socket: off}}}}}}}}
sources: {{{{host: {{{{type: node_probe}}}}}}}}
sinks: {{{{out: {{{{type: slow, inputs: [host], takes: 3s}}}}}}}}
"""
    manager = Manager(agent, tmp_path, watchdog=200_000, config=slow)
    manager.hear_of("READY=1")
    path = tmp_path / "weir.yaml"
    path.write_text(path.read_text().replace("takes: 3s", "takes: 1ms"))
    manager.silence()
    manager.agent.reload()
    manager.hear_of("RELOADING=1")
    fed = 0
    while "READY=1" not in (told := manager.hear()):
        fed += "WATCHDOG=1" in told
    assert fed >= 2, "it took as long as the write"
    manager.agent.stop_clean()
    assert "EXTEND_TIMEOUT_USEC=50000000" in manager.hear_of("STOPPING=1")


def test_the_watchdog_is_fed(agent, tmp_path):
    manager = Manager(agent, tmp_path, watchdog=200_000)
    for _ in range(10):
        manager.hear_of("WATCHDOG=1")
    manager.agent.send(signal.SIGSTOP)
    harness.poll(lambda: "State:\tT" in manager.status())
    manager.silence()
    manager.agent.send(signal.SIGCONT)
    manager.hear_of("WATCHDOG=1")


BACKFILL = ["backfill", "--from", "2026-01-01", "--to", "2026-12-31"]


@pytest.mark.parametrize("words", [["run"], BACKFILL], ids=["run", "backfill"])
@pytest.mark.parametrize("secret", [True, False])
def test_secrets_in_memory_are_for_root_only(secret, words):
    """Once there are any, nobody else reads the process, and a crash leaves no core."""
    if os.getuid() != 0:
        pytest.skip("needs root, to become somebody else")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:  # where everybody may come
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "token").write_text("0123456789abcdef0123456789abcdef\n")
        token = ', token: "${file:token}"' if secret else ""
        (folder / "weir.yaml").write_text(
            f"agent: {{data_dir: {folder}, "
            f"http: {{listen: 127.0.0.1:{harness.free_port()}, socket: off{token}}}}}\n"
            "sources: {plant: {type: iot_simulator, seed: 1}}\n"
            f"sinks: {{out: {{type: file, inputs: [plant], path: {folder}/out.jsonl, "
            "rotate: {size: 1MiB, keep: 1}}}\n"
        )
        somebody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        command = [*somebody, harness.WEIR, *words, "-c", folder / "weir.yaml"]
        running = harness.Process(command, folder / "log")
        try:
            harness.poll(lambda: harness.READY_TEXT in running.log() or " rows " in running.log())
            read = subprocess.run(
                [*somebody, "cat", f"/proc/{running.pid}/environ"], capture_output=True, check=False
            )
            assert (read.returncode != 0) == secret, read.stderr
        finally:
            running.stop()


def test_nobody_is_told_where_nobody_asked(agent, config):
    running = agent(config(CONFIG.format(folder=config("").parent)))
    assert "NOTIFY_SOCKET" not in running.log()
    running.send(signal.SIGTERM)
    assert running.wait() == 0


def test_the_units_exposure_is_low(capfd):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = harness.REPOSITORY / "packaging/systemd/weir.service"
    report = subprocess.run(
        [analyze, "security", "--offline=true", unit], capture_output=True, text=True, check=True
    ).stdout
    exposure = float(re.search(r"exposure level for weir.service: ([\d.]+)", report)[1])
    with capfd.disabled():
        print(f"\nexposure: {exposure} of the unit, at most 1.5")
    assert exposure <= 1.5, report
