"""`weir backfill`: every row of the range once, however often it is interrupted."""

import collections
import datetime
import json
import os
import random
import signal

import harness
import pytest

PLUGINS = harness.BUILD / "tests" / "plugins"
DAY = 86400
FROM = 1767225600  # 2026-01-01
CONFIG = """
agent:
  {{interval: 1m, data_dir: {tmp}/data, plugin_dirs: [{plugins}], shutdown_timeout: {patience}}}
sources:
  quick: {{type: ledger, series: {series}}}
  slow:  {{type: ledger, interval: 1h, labels: {{pace: slow}}}}
  now:   {{type: agent_telemetry}}
sinks:
  rows:  {{type: file, inputs: ["*"], path: {tmp}/rows.jsonl}}
  other: {{type: file, inputs: [slow], path: {tmp}/other.jsonl}}
  scraped: {{type: prometheus, inputs: ["*"], listen: 127.0.0.1:1}}
"""


@pytest.fixture
def job(tmp_path, config):
    """A function that writes the configuration, and the arguments of a backfill over ten days."""

    def make(series=10, patience="10s", extra=""):
        path = config(
            CONFIG.format(tmp=tmp_path, plugins=PLUGINS, series=series, patience=patience) + extra
        )
        return ["backfill", "-c", path, "--from", "2026-01-01", "--to", "2026-01-11"]

    return make


def rows(path):
    """How often each (pace, part, time) is there; every number must fit its time."""
    found = collections.Counter()
    with open(path) as file:
        for line in file:
            row = json.loads(line)
            pace = row["labels"].get("pace", "quick")
            time = datetime.datetime.fromisoformat(row["time"].replace("Z", "+00:00")).timestamp()
            assert row["fields"]["number"] == time // (3600 if pace == "slow" else 60), line
            found[pace, int(row["labels"]["part"]), int(time)] += 1
    return found


def expected(series=10, days=10):
    quick = {("quick", p, t) for p in range(series) for t in range(FROM, FROM + days * DAY, 60)}
    slow = {("slow", p, t) for p in range(10) for t in range(FROM, FROM + days * DAY, 3600)}
    return quick | slow


def assert_complete(found, wanted):
    assert not wanted - found.keys(), f"lost: {len(wanted - found.keys())}"
    assert not found.keys() - wanted, f"beyond the range: {len(found.keys() - wanted)}"
    assert found.total() == len(wanted), f"doubled: {found.total() - len(wanted)}"


def run_to_end(arguments):
    done = harness.weir(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_every_row_once(job, tmp_path):
    log = run_to_end(job())
    assert "delivered to 2026-01-11T00:00:00Z: 149 k rows" in log, log
    found = rows(tmp_path / "rows.jsonl")
    assert_complete(found, expected())
    slow = {key for key in expected() if key[0] == "slow"}
    assert_complete(rows(tmp_path / "other.jsonl"), slow)
    assert "this range was delivered before" in run_to_end(job())
    assert rows(tmp_path / "rows.jsonl") == found
    run_to_end([*job(), "--restart"])
    assert set(rows(tmp_path / "rows.jsonl").values()) == {2}


def interrupted(arguments, log, number, moment):
    """Starts it, signals it after it has written something, and returns its exit code."""
    process = harness.Process([harness.WEIR, *arguments], log)
    moment(process)
    process.send(number)
    return process.wait()


def after_growth(path, bytes_more):
    begin = path.stat().st_size if path.exists() else 0

    def moment(process):
        def grown():
            return not process.running() or (
                path.exists() and path.stat().st_size >= begin + bytes_more
            )

        harness.poll(grown, interval=0.001, what="rows are written")

    return moment


def test_interrupted_again_and_again(job, tmp_path):
    seed = int(os.environ.get("WEIR_SEED", random.randrange(2**32)))
    print(f"WEIR_SEED={seed}")
    chance = random.Random(seed)
    arguments = job(series=100)
    codes = []
    for turn in range(8):
        moment = after_growth(tmp_path / "rows.jsonl", chance.randrange(20_000_000))
        codes.append(
            interrupted(arguments, tmp_path / f"log-{turn}", signal.SIGINT, moment)
        )
    log = run_to_end(arguments)
    assert 1 in codes, "it was never interrupted"
    assert "goes on at" in log or "delivered before" in log, log
    assert_complete(rows(tmp_path / "rows.jsonl"), expected(series=100))


def test_killed_loses_nothing(job, tmp_path):
    """After kill -9 a sink without keys may see a window again; nothing may be missing."""
    arguments = job(series=100)
    moment = after_growth(tmp_path / "rows.jsonl", 30_000_000)
    assert interrupted(arguments, tmp_path / "log", signal.SIGKILL, moment) == -signal.SIGKILL
    run_to_end(arguments)
    found = rows(tmp_path / "rows.jsonl")
    assert not expected(series=100) - found.keys()
    assert max(found.values()) <= 2


UNAVAILABLE = "  dead: {type: unavailable, inputs: [quick]}\n"


def test_a_sink_that_takes_nothing_does_not_keep_it(job, tmp_path):
    arguments = job(series=1000, patience="100ms", extra=UNAVAILABLE)
    process = harness.Process([harness.WEIR, *arguments], tmp_path / "log")
    harness.poll(lambda: "rows/s" in process.log())
    process.send(signal.SIGTERM)
    assert process.wait() == 1
    assert "not everything was delivered" in process.log()


def test_another_world_is_refused(job, tmp_path):
    arguments = job(series=100)
    moment = after_growth(tmp_path / "rows.jsonl", 1_000_000)
    interrupted(arguments, tmp_path / "log", signal.SIGINT, moment)
    refused = harness.weir(*job(series=101))
    assert refused.returncode == 1
    assert "is not what it was when this backfill began" in refused.stderr


def test_dropped_rows_are_not_forgotten(job):
    arguments = job(extra="  no: {type: unavailable, answer: reject, inputs: [slow]}\n")
    for _ in range(2):
        failed = harness.weir(*arguments)
        assert failed.returncode == 1
        assert "2400 rows were dropped" in failed.stderr, failed.stderr
    assert "this range was delivered before" in failed.stderr


def test_what_restart_forgets_stays_forgotten(job, tmp_path):
    run_to_end(job())
    dead = harness.Process(
        [harness.WEIR, *job(), "--restart", "quick", "--sink", "rows"], tmp_path / "log"
    )
    assert dead.wait() == 0
    assert "rows in" in harness.weir(*job(), "quick", "--sink", "rows", "--restart").stderr
    changed = job(extra="  dead: {type: unavailable, inputs: [quick]}\n")
    process = harness.Process([harness.WEIR, *changed, "--restart"], tmp_path / "log2")
    harness.poll(lambda: "rows/s" in process.log())
    process.send(signal.SIGTERM)
    harness.poll(lambda: "interrupted" in process.log())
    process.send(signal.SIGTERM)
    assert process.wait() == 1, "the second signal ends it"
    process = harness.Process([harness.WEIR, *changed], tmp_path / "log3")
    harness.poll(lambda: "rows/s" in process.log())
    assert "delivered before" not in process.log()
    process.kill()


def test_a_failed_collection_ends_it(config, tmp_path):
    text = CONFIG.format(tmp=tmp_path, plugins=PLUGINS, series=10, patience="10s")
    bad = config(text.replace("series: 10", f"series: 10, fail_at: {FROM + DAY}s"))
    arguments = ["backfill", "--from", "2026-01-01", "--to", "2026-01-11"]
    failed = harness.weir(*arguments, "-c", bad)
    assert failed.returncode == 1
    assert "told to fail here" in failed.stderr
    quick = [key for key in rows(tmp_path / "rows.jsonl") if key[0] == "quick"]
    assert max(time for _, _, time in quick) == FROM + DAY - 60, "delivered up to the failure"


@pytest.mark.parametrize(
    "arguments, why",
    [
        (["--from", "2026-01-01", "--to", "2026-01-01"], "is not before"),
        (["--from", "yesterday", "--to", "2026-01-01"], "--from: expected an instant such as"),
        (["--from", "2026-01-01", "--to", "2026-02-30"], "--to: expected an instant such as"),
        (["--from", "2026-01-01"], "--to: expected an instant such as"),
        (["--from", "1800-01-01", "--to", "2026-01-01"], "expected a year from 1970 to 2199"),
        (["--from", "2026-01-01", "--to", "2026-01-02", "none"], "there is no source 'none'"),
        (["--from", "2026-01-01", "--to", "2026-01-02", "now"], "measures what happens now"),
        (["--from", "2026-01-01", "--to", "2026-01-02", "--sink", "x"], "there is no sink 'x'"),
        (
            ["--from", "2026-01-01", "--to", "2026-01-02", "--sink", "scraped"],
            "which shows the present only",
        ),
        (
            ["--from", "2026-01-01", "--to", "2026-01-02", "quick", "--sink", "other"],
            "no wanted sink gets anything from source 'quick'",
        ),
    ],
)
def test_what_is_wrong_is_said(job, arguments, why):
    refused = harness.weir(*job()[:3], *arguments)
    assert refused.returncode == 1
    assert why in refused.stderr


def test_one_at_a_time(job, tmp_path):
    arguments = job(series=1000, extra=UNAVAILABLE)
    first = harness.Process([harness.WEIR, *arguments], tmp_path / "log")
    harness.poll(lambda: "rows/s" in first.log())
    assert "another weir backfill of this range" in harness.weir(*arguments).stderr
    first.kill()


def test_simulated_time_runs_faster(agent, config, tmp_path):
    """speed: a minute's interval at 600x comes every 100 ms, on the minutes."""
    agent(
        f"""
agent: {{plugin_dirs: [{PLUGINS}]}}
sources: {{quick: {{type: ledger, interval: 1m, speed: 600x}}}}
sinks: {{rows: {{type: file, inputs: [quick], path: {tmp_path}/rows.jsonl}}}}
"""
    )

    def minutes():
        path = tmp_path / "rows.jsonl"
        return path.exists() and sorted({time for _, _, time in rows(path)})

    seen = harness.poll(lambda: len(minutes() or []) >= 20 and minutes())
    assert all(time % 60 == 0 for time in seen)


def test_a_sink_whose_plugin_cannot_be_used_is_told(job, weir, tmp_path):
    broken = tmp_path / "plugins"
    broken.mkdir()
    (broken / "sink_broken.so").write_bytes(b"no plugin")
    job()  # writes the configuration
    text = (tmp_path / "weir-1.yaml").read_text()
    text = text.replace(f"plugin_dirs: [{PLUGINS}]", f"plugin_dirs: [{PLUGINS}, {broken}]")
    path = tmp_path / "broken.yaml"
    path.write_text(text + "  spare: {type: broken, inputs: [slow]}\n")
    done = weir("backfill", "-c", path, "--from", "2026-01-01", "--to", "2026-01-02")
    assert done.returncode == 1, done.stderr
    assert "error spare: " in done.stderr and "sink_broken.so" in done.stderr
