"""A Debian system booted by systemd-nspawn, with a network of its own that leads nowhere.

    with Machine(tree) as machine:
        machine.run("systemctl", "is-active", "weir")

Nothing is registered with the systemd of this host, if there is one: commands get into it by way of
the namespaces of its first process.
"""

import json
import signal
import subprocess
import urllib.parse
from pathlib import Path

from harness import poll


class Machine:
    def __init__(self, tree, log):
        self.tree, self.log = Path(tree), Path(log)
        self.leader = None

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network",
                 f"--directory={self.tree}", "--boot"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        try:
            self.leader = poll(self.first_process, what="the machine's first process")
            poll(self.booted, 120, 0.2, "the machine has booted")
        except AssertionError as error:
            self.__exit__()
            raise AssertionError(f"{error}\n{self.log.read_text(errors='replace')}") from None
        return self

    def __exit__(self, *_):
        if self.nspawn.poll() is None and self.leader:
            # What systemd-nspawn sends for an orderly shutdown of the machine.
            subprocess.run(["kill", "-s", "RTMIN+4", str(self.leader)], check=False)
            try:
                self.nspawn.wait(60)
            except subprocess.TimeoutExpired:
                pass
        if self.nspawn.poll() is None:
            self.nspawn.send_signal(signal.SIGKILL)
        self.nspawn.wait(60)

    def first_process(self):
        assert self.nspawn.poll() is None, "systemd-nspawn has ended"
        children = Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")
        for pid in children.read_text().split():
            if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd":
                return int(pid)
        return None

    def booted(self):
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def run(self, *command, check=True, timeout=120, env=None):
        """Runs a command in it as root."""
        done = subprocess.run(
            ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid",
             "--cgroup", "--root", "--wdns=/", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
             "LC_ALL=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive",
             *(f"{name}={value}" for name, value in (env or {}).items()), *map(str, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False,
        )
        if check:
            assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def out(self, *command):
        return self.run(*command).stdout.strip()

    def kill(self, pid, signal):
        self.run("bash", "-c", f"kill -s {signal} {pid}")

    def write(self, path, text, mode=0o644):
        file = self.tree / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path):
        return (self.tree / path.lstrip("/")).read_text()

    def remove(self, path):
        (self.tree / path.lstrip("/")).unlink()

    def exists(self, path):
        return self.run("test", "-e", path, check=False).returncode == 0

    # ---- services

    def property(self, name, unit="weir"):
        return self.out("systemctl", "show", "--value", f"--property={name}", unit)

    def pid(self):
        return int(self.property("MainPID"))

    def wait_active(self, other_than=None):
        """The pid of the agent that runs; of another one than before."""

        def active():
            pid = self.pid()
            return self.property("ActiveState") == "active" and pid not in (0, other_than) and pid

        try:
            return poll(active, 120, 0.2, "weir.service is active")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.journal()}") from None

    def journal(self):
        return self.run("journalctl", "--no-pager", "-u", "weir", check=False).stdout

    def get(self, url):
        return self.out("curl", "-sS", "--fail", "--max-time", "20", url)

    def query(self, expression):
        """What the Prometheus in it answers: [{"metric": {...}, "value": [time, text]}, ...]."""
        query = urllib.parse.urlencode({"query": expression})
        answer = json.loads(self.get(f"http://127.0.0.1:9090/api/v1/query?{query}"))
        return answer["data"]["result"]
