"""Sinks that fail, hang and come back, as an operator sees them: log, metrics, rows."""

import json
import re

import harness

PLUGINS = harness.BUILD / "tests" / "plugins"


def text(tmp_path, sink, port=None, source="{type: ledger, interval: 10ms, series: 10}"):
    watched = (
        f"""
  shown: {{type: prometheus, inputs: [self], listen: "127.0.0.1:{port}"}}"""
        if port
        else ""
    )
    return f"""
agent: {{data_dir: {tmp_path}/data, plugin_dirs: [{PLUGINS}], shutdown_timeout: 1s}}
sources:
  rows: {source}
  self: {{type: agent_telemetry, interval: 100ms}}
sinks:
  store: {{inputs: [rows], {sink}}}{watched}
"""


def metric(port, name):
    """The value of weir_<name>{component="store"}."""
    status, _, body = harness.http_get(f"http://127.0.0.1:{port}/metrics")
    assert status == 200
    found = re.search(rf'^weir_{name}{{component="store"}} (\S+)$', body.decode(), re.M)
    assert found, f"no weir_{name}"
    return float(found[1])


def test_the_circuit_opens_and_is_told_once(agent, tmp_path):
    port = harness.free_port()
    retry = "retry: {initial: 1ms, max: 100ms, breaker: 3}"
    process = agent(text(tmp_path, f"type: unavailable, {retry}", port))
    log = process.wait_log("the circuit is open")
    harness.poll(lambda: metric(port, "consumer_circuit") == 2, what="an open circuit")
    harness.poll(lambda: metric(port, "consumer_retries_total") >= 10, what="probes")
    log = process.log()
    assert log.count("cannot write, will try again: nobody answers") == 1
    assert log.count("3 times in a row; the circuit is open") == 1
    process.stop()


def test_a_sink_that_hangs_is_told(agent, tmp_path):
    port = harness.free_port()
    process = agent(text(tmp_path, "type: slow, takes: 5s, write_deadline: 200ms", port))
    process.wait_log("store: a write takes longer than its write_deadline")
    harness.poll(lambda: metric(port, "consumer_overdue_seconds") > 0, what="an overdue write")
    process.wait_log("store: the write that took longer than its write_deadline ended")
    process.stop()


def test_a_sink_that_obeys_gives_up_in_time(agent, tmp_path):
    sink = "type: slow, obeys: true, takes: 1h, write_deadline: 100ms, retry: {initial: 1ms}"
    process = agent(text(tmp_path, sink))
    process.wait_log("cannot write, will try again: nobody answers in time")
    process.wait_log("the circuit is open")
    assert "takes longer than its write_deadline" not in process.log()
    process.stop()


def test_the_disk_takes_what_memory_cannot_hold_and_what_is_left_at_the_end(agent, tmp_path):
    """One agent with a dead sink, stopped; the next one has a good sink, and every row, once."""
    buffer = "buffer: {type: overflow, memory: 4MiB, when_full: block}"
    many = "{type: ledger, interval: 10ms, series: 5000}"
    folder = tmp_path / "data" / "buffers" / "store"
    process = agent(text(tmp_path, f"type: unavailable, {buffer}", source=many))
    harness.poll(lambda: sum(f.stat().st_size for f in folder.glob("*.segment")) > 4 << 20,
                 what="rows on the disk")  # fmt: skip
    log = process.stop_clean()
    held = int(re.findall(r"route rows -> store: .* (\d+) held", log)[-1])
    assert "0 dropped" in re.findall(r"route rows -> store: .*", log)[-1]
    good = f"type: file, path: {tmp_path}/rows.jsonl, {buffer}"
    process = agent(text(tmp_path, good, source="{type: ledger, interval: 24h}"))
    process.wait_log(f"goes on with {held} rows")
    path = tmp_path / "rows.jsonl"
    harness.poll(lambda: path.exists() and path.read_bytes().count(b"\n") >= held, what="all rows")
    process.stop_clean()
    turns = {}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        part, turn = row["labels"]["part"], row["fields"]["turn"]
        assert turn == turns.get(part, -1) + 1, "in order, none missing, none twice"
        turns[part] = turn
    assert sum(turn + 1 for turn in turns.values()) == held
