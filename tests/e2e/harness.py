"""What end-to-end tests stand on: processes that are started, awaited, stopped and never leaked.

Everything binds to free loopback ports, everything that waits polls with a generous limit, and
what a test started it stops by process id. Nothing here measures time.
"""

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("WEIR_BUILD", REPOSITORY / "build" / "release")).resolve()
WEIR = BUILD / "bin" / "weir"
READY_TEXT = "running: "  # the agent logs so once every component has started


def poll(until, timeout=60, interval=0.05, what=None):
    """The first true value of `until()`; fails after `timeout` seconds, naming `what`.

    An AssertionError or OSError (a server not there yet) of `until` counts as "not yet"; the last
    one is shown when the time is up.
    """
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            value = until()
            if value:
                return value
            last = f"last value: {value!r}"
        except (AssertionError, OSError) as error:
            last = f"last error: {error!r}"
        if time.monotonic() > deadline:
            name = what or getattr(until, "__name__", "condition")
            raise AssertionError(f"not within {timeout} s: {name}; {last}")
        time.sleep(interval)


def _ports():
    """Ports for ever, in turn: below those that the kernel gives to outgoing connections, which
    would take one before its server has it. Processes begin apart, and workers share none."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    every = range(15000 + worker, 32768, workers)
    begin = os.getpid() * 1009
    return (every[(begin + i) % len(every)] for i in itertools.count())


_PORTS = _ports()


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on."""
    for port in itertools.islice(_PORTS, 10_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no TCP port of 127.0.0.1 is free")


def listen(serve):
    """A listening socket of 127.0.0.1; until it is closed each connection is given to `serve`, in a
    thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def stopped_while_hanging(agent, server):
    """The log of an agent that is stopped while the process of its server does not answer."""
    server.send(signal.SIGSTOP)
    try:
        time.sleep(0.5)  # rows are on their way
        return agent.stop_clean()
    finally:
        server.send(signal.SIGCONT)


def http_get(url, headers=None, timeout=30, method="GET"):
    """(status, headers, body bytes), for any status."""
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def tool(name):
    """The path of a program that packaging/deps installs for tests."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/bin")
    assert found, f"{name} is not installed; run: packaging/deps test"
    return found


class Process:
    """A child whose output goes to a file; SIGTERM stops it, SIGKILL if it will not."""

    agents = []  # those of the test that runs, its end sees to those that still do

    def __init__(self, command, log, env=None, cwd=None):
        self.log_path = Path(log)
        self.command = [str(part) for part in command]
        with open(self.log_path, "ab") as out:
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **(env or {})},
                cwd=cwd,
            )
        if self.command[0] == str(WEIR):
            self.agents.append(self)

    @property
    def pid(self):
        return self.child.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    def running(self):
        return self.child.poll() is None

    def send(self, number):
        self.child.send_signal(number)

    def wait(self, timeout=60):
        """The exit code; negative: the signal that killed it."""
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.command[0]} did not end within {timeout} s\n{self.log()}"
            ) from None

    def stop(self, timeout=60):
        """SIGTERM, then the exit code."""
        if self.running():
            self.send(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        """SIGKILL; for clean-up, and for tests of what survives it."""
        if self.running():
            self.child.kill()
        self.child.wait(60)


class Agent(Process):
    """`weir run` with one configuration."""

    def __init__(self, config, log, arguments=(), env=None, cwd=None):
        assert WEIR.exists(), f"{WEIR} is not built"
        self.config = Path(config)
        super().__init__([WEIR, "run", "-c", config, *arguments], log, env, cwd)

    def wait_log(self, text, timeout=60):
        """The log, once it contains `text`."""

        def logged():
            log = self.log()
            assert text in log or self.running(), f"the agent ended\n{log}"
            return log if text in log else None

        try:
            return poll(logged, timeout, what=f"the agent logs {text!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def wait_ready(self, timeout=60):
        self.wait_log(READY_TEXT, timeout)
        return self

    def reload(self):
        self.send(signal.SIGHUP)

    def rss_kib(self):
        """(resident, anonymous) memory in KiB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        return int(fields["VmRSS"].split()[0]), int(fields["RssAnon"].split()[0])

    def stop_clean(self, timeout=60):
        """SIGTERM; the agent must say goodbye with exit code 0."""
        code = self.stop(timeout)
        assert code == 0, f"exit code {code} after SIGTERM\n{self.log()}"
        return self.log()


class Backfilled:
    """A store that `weir backfill` writes into. Who derives from it has `config`, the fixture, and
    `text(**options)`, the configuration."""

    backfill_timeout = 120

    def backfill(self, *arguments, days=1, expect=0, **options):
        """Writes the rows of `days` days of 2026; the agent's log."""
        done = weir(*self.arguments(days, **options), *arguments, timeout=self.backfill_timeout)
        assert done.returncode == expect, done.stderr
        return done.stderr

    def arguments(self, days=1, **options):
        path = self.config(self.text(**options))
        to = f"2026-01-{1 + days:02}"
        return ["backfill", "-c", path, "--from", "2026-01-01", "--to", to]


class Prometheus(Process):
    """Debian's Prometheus, scraping `targets` (host:port) every `interval`."""

    def __init__(self, folder, targets, interval="1s", scrape=None):
        folder = Path(folder)
        self.port = free_port()
        job = {
            "job_name": "weir",
            "static_configs": [{"targets": list(targets)}],
            **(scrape or {}),
        }
        config = {
            "global": {"scrape_interval": interval, "scrape_timeout": interval},
            "scrape_configs": [job],
        }
        path = folder / "prometheus.yml"
        path.write_text(json.dumps(config))  # JSON is YAML
        super().__init__(
            [
                tool("prometheus"),
                f"--config.file={path}",
                f"--storage.tsdb.path={folder / 'prometheus-data'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=warn",
            ],
            folder / "prometheus.log",
        )

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def wait_ready(self, timeout=120):
        def ready():
            assert self.running(), self.log()
            return http_get(self.url("/-/ready"))[0] == 200

        poll(ready, timeout, what="Prometheus is ready")
        return self

    def query(self, expression):
        """The result list of an instant query: [{"metric": {...}, "value": [time, text]}, ...]."""
        url = self.url("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        status, _, body = http_get(url)
        answer = json.loads(body)
        assert status == 200 and answer["status"] == "success", (status, answer)
        return answer["data"]["result"]

    def wait_query(self, expression, timeout=120):
        """The first answer to `expression` that is not empty."""
        return poll(lambda: self.query(expression), timeout, 0.2, f"{expression} has an answer")


def weir(*arguments, timeout=60, env=None, stdin=None, cwd=None):
    """Runs the agent's command line to its end: subprocess.CompletedProcess with text."""
    assert WEIR.exists(), f"{WEIR} is not built"
    return subprocess.run(
        [WEIR, *map(str, arguments)],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        check=False,
    )


class Probed:
    """What `weir check --probe` told of a configuration."""

    LINE = r"(?:source|processor|sink) (\S+) \(\w+\): (ok|failed|nothing to ask|cannot be asked)"

    def __init__(self, path, **options):
        # Ten servers that hang, one after the other, would take longer than this timeout.
        done = weir("check", path, "--probe", timeout=60, **options)
        self.code, self.out = done.returncode, done.stdout
        assert done.stderr == "", done.stderr
        lines = [re.fullmatch(self.LINE + "(?:: (.*))?", line) for line in done.stdout.splitlines()]
        self.answers = {line[1]: line[2] for line in lines if line}
        self.texts = {line[1]: line[3] or "" for line in lines if line}

    def ok(self, component, *texts):
        """The component answers, all is well, and `texts` are told of it."""
        assert (self.code, self.answers[component]) == (0, "ok"), self.out
        assert all(text in self.texts[component] for text in texts), self.out

    def failed(self, component, *texts):
        assert (self.code, self.answers[component]) == (1, "failed"), self.out
        assert all(text in self.texts[component] for text in texts), self.out
