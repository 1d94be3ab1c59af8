"""Fixtures of the end-to-end tests; harness.py says what their objects can do.

    def test_up(agent, prometheus, free_port):
        port = free_port()
        agent(f"sinks: {{metrics: {{type: prometheus, listen: 127.0.0.1:{port}}}}}")
        assert prometheus([f"127.0.0.1:{port}"]).wait_query("up == 1")

What a test started is stopped at its end: an agent must then exit with code 0. With CI=true a
skipped test is a failed one.
"""

import os
import subprocess

import harness
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped, which on a build server is a failure: {report.longrepr}"


@pytest.fixture(autouse=True)
def no_agent_left():
    """A test that fails in the middle leaves no agent to those after it."""
    harness.Process.agents.clear()
    yield
    for agent in harness.Process.agents:
        agent.kill()


@pytest.fixture
def free_port():
    """A function that returns another free port of 127.0.0.1 at every call."""
    return harness.free_port


@pytest.fixture
def poll():
    return harness.poll


@pytest.fixture
def weir():
    """A function that runs `weir ARGUMENTS...` to its end."""
    return harness.weir


@pytest.fixture
def config(tmp_path):
    """A function that writes a configuration (text) and returns its path."""
    count = 0

    def write(text, name=None):
        nonlocal count
        count += 1
        path = tmp_path / (name or f"weir-{count}.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def probed(config):
    """A function that runs `weir check --probe` on a configuration (text or path)."""

    def run(configuration, **options):
        path = config(configuration) if isinstance(configuration, str) else configuration
        return harness.Probed(path, **options)

    return run


@pytest.fixture
def agent(config, tmp_path):
    """A function that starts `weir run` with a configuration (text or path), ready when it returns.

    `ready=False` returns at once. An agent that still runs at the end of the test is stopped and
    must exit with code 0; one that the test stopped or killed itself is left alone.
    """
    started = []

    def start(configuration, *arguments, ready=True, env=None, cwd=None):
        path = config(configuration) if isinstance(configuration, str) else configuration
        log = tmp_path / f"agent-{len(started) + 1}.log"
        defaults = {"WEIR_DATA_DIR": str(tmp_path / "data")}
        process = harness.Agent(path, log, arguments, {**defaults, **(env or {})}, cwd)
        started.append(process)
        return process.wait_ready() if ready else process

    yield start
    running = [process for process in started if process.running()]
    try:
        for process in running:
            process.stop_clean()
    finally:
        for process in started:
            process.kill()


@pytest.fixture
def prometheus(tmp_path):
    """A function that starts a Prometheus which scrapes the given "host:port" targets."""
    started = []

    def start(targets, **options):
        folder = tmp_path / f"prometheus-{len(started) + 1}"
        folder.mkdir()
        process = harness.Prometheus(folder, targets, **options)
        started.append(process)
        return process.wait_ready()

    yield start
    for process in started:
        process.stop(120)


@pytest.fixture
def process(tmp_path):
    """A function that starts any other program: process([command, ...]) -> harness.Process."""
    started = []

    def start(command, env=None, cwd=None):
        log = tmp_path / f"process-{len(started) + 1}.log"
        child = harness.Process(command, log, env, cwd)
        started.append(child)
        return child

    yield start
    for child in started:
        if child.running():
            child.stop()


@pytest.fixture
def certificates(tmp_path):
    """A folder: ca.pem, other.pem (another authority), server.pem for 127.0.0.1, wrong.pem for
    another host, agent.pem; each with its .key."""
    folder = tmp_path / "certificates"
    folder.mkdir()

    def openssl(*arguments):
        subprocess.run([harness.tool("openssl"), *arguments], cwd=folder, check=True,
                       capture_output=True)  # fmt: skip

    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")  # fmt: skip
    for name, place in (("server", "IP:127.0.0.1"), ("wrong", "DNS:elsewhere"), ("agent", "DNS:a")):
        (folder / f"{name}.ext").write_text(f"subjectAltName={place}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
                f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days",
                "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")  # fmt: skip
    return folder
