"""Every file in etc/examples is right, runs, and delivers rows."""

import harness
import pytest

# Those that want a server run beside the server's other tests: tests/e2e/mysql, .../redis.
WITH_SERVERS = {"bridge", "edge", "mongodb", "mqtt", "mysql", "redis"}
EXAMPLES = [
    path
    for path in sorted((harness.REPOSITORY / "etc" / "examples").glob("*.yaml"))
    if path.stem not in WITH_SERVERS
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example, agent, weir, tmp_path):
    checked = weir("check", "-c", example)
    assert checked.returncode == 0, checked.stderr
    text = example.read_text().replace("interval: 15s", "interval: 1s")
    text = text.replace("interval: 5s", "interval: 1s")
    running = agent(text, env={"PORT": str(harness.free_port()), "NODE_NAME": "test"})
    log_path = running.log_path

    def delivered():
        running.send(0)  # still there
        return any((tmp_path / "data").glob("*")) or "serving" in log_path.read_text()

    harness.poll(delivered)
    log = running.stop_clean()
    assert " error " not in log and '"level":"error"' not in log, log
