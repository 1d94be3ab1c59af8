"""Rows in files and pipes, written by the real agent and read back by Python's own parsers."""

import csv
import gzip
import json
import os
import random
import re
import signal
import subprocess

import harness
import pytest

SOURCE = "sources: {self: {type: agent_telemetry, interval: 100ms}}\n"


def file_sink(path, name="rows", **options):
    more = "".join(f", {key}: {value}" for key, value in options.items())
    return f"  {name}: {{type: file, inputs: [self], path: {path}{more}}}\n"


def json_rows(text):
    """The rows of JSON lines; every line has to end and to be strict JSON."""

    def no_constants(word):
        raise ValueError(f"{word} is not JSON")

    assert text == "" or text.endswith("\n"), f"torn: {text[-200:]!r}"
    return [json.loads(line, parse_constant=no_constants) for line in text.splitlines()]


def csv_rows(path):
    text = path.read_text()
    assert text.endswith("\n"), f"torn: {text[-200:]!r}"
    rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    assert all(len(row) == len(rows[0]) for row in rows), path
    return [dict(zip(rows[0], row)) for row in rows[1:]]


LINE = re.compile(r"(\w+)((?:,\w+=(?:\\[,= ]|[^,= ])+)*) (\w+=[^ ]+) (\d+)")


def influx_rows(text):
    assert text.endswith("\n"), f"torn: {text[-200:]!r}"
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        assert match, line
        labels = dict(re.findall(r",(\w+)=((?:\\[,= ]|[^,= ])+)", match[2]))
        fields = dict(pair.split("=") for pair in match[3].split(","))
        yield match[1], labels, fields, int(match[4])


def delivered(log, sink):
    """What the agent says about a route when it stops; nothing may have been dropped or held."""
    match = re.search(rf"-> {sink}: (\d+) rows in, (\d+) delivered, 0 dropped, 0 held", log)
    assert match and match[1] == match[2], log
    return int(match[2])


def key(row):
    return row["time"], row["measurement"], tuple(sorted(row["labels"].items()))


@pytest.fixture
def run(agent):
    """Starts an agent; what these tests wait for is rows, not words in its log."""
    return lambda configuration: agent(configuration, ready=False)


def wait_for_rows(poll, path, count):
    poll(lambda: path.exists() and path.read_text().count("\n") >= count, what=f"{count} rows")


def test_the_same_rows_in_every_format(run, poll, tmp_path):
    process = run(
        SOURCE
        + "sinks:\n"
        + file_sink(tmp_path / "rows.jsonl", "json")
        + file_sink(tmp_path / "rows.csv", "comma", format="csv")
        + file_sink(tmp_path / "rows.influx", "line", format="influx")
    )
    wait_for_rows(poll, tmp_path / "rows.jsonl", 100)
    log = process.stop_clean()

    rows = json_rows((tmp_path / "rows.jsonl").read_text())
    assert [delivered(log, sink) for sink in ("json", "comma", "line")] == [len(rows)] * 3
    assert len({key(row) for row in rows}) == len(rows), "a row twice"
    wanted = {}
    for row in rows:
        cells = {**row["labels"], **row["fields"]}
        wanted[key(row)] = {name: float(v) if not isinstance(v, str) else v
                            for name, v in cells.items()}

    found = 0
    for path in tmp_path.glob("rows.*.csv"):
        for cells in csv_rows(path):
            time, measurement = cells.pop("time"), cells.pop("measurement")
            cells = {name: cell for name, cell in cells.items() if cell != ""}
            matches = [row for (t, m, labels), row in wanted.items()
                       if (t, m) == (time, measurement) and row.keys() == cells.keys()
                       and all(cells[label] == value for label, value in labels)]
            assert len(matches) == 1, (cells, matches)
            assert {n: type(v)(cells[n]) for n, v in matches[0].items()} == matches[0]
            found += 1
    assert found == len(rows)

    lines = list(influx_rows((tmp_path / "rows.influx").read_text()))
    assert len(lines) == len(rows)
    for (measurement, labels, fields, _), row in zip(lines, rows):
        assert measurement == row["measurement"] and labels == row["labels"]
        assert {n: float(v.rstrip("iu")) for n, v in fields.items()} == row["fields"]


def test_kill_nine_leaves_lines(run, poll, tmp_path):
    """Killed at random instants: what a reader finds before the restart is whole up to the last
    line, and after the restart the torn line is gone."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    generator = random.Random(seed)
    path = tmp_path / "rows.jsonl"
    table = tmp_path / "rows.csv"
    configuration = (
        SOURCE.replace("100ms", "10ms") + "sinks:\n" + file_sink(path)
        + file_sink(table, "comma", format="csv")
    )
    rows = 0
    for _ in range(5):
        process = run(configuration)
        wait_for_rows(poll, path, rows + 50)
        poll(lambda: generator.random() < 0.2)
        process.kill()
        whole = path.read_text().rpartition("\n")[0] + "\n"
        assert len(json_rows(whole)) > rows
        rows = len(json_rows(whole))
    process = run(configuration)
    wait_for_rows(poll, path, rows + 50)
    process.stop_clean()
    assert len(json_rows(path.read_text())) > rows
    for file in tmp_path.glob("rows.*.csv"):
        assert csv_rows(file)


def test_a_torn_line_is_removed_and_logged(run, poll, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"time":"x"}\n{"time":"y","meas')
    process = run(SOURCE + "sinks:\n" + file_sink(path))
    wait_for_rows(poll, path, 10)
    assert "removed 17 bytes of a torn last line" in process.stop_clean()
    rows = json_rows(path.read_text())
    assert rows[0] == {"time": "x"} and rows[1]["measurement"]


def test_rotation_loses_and_doubles_nothing(run, poll, tmp_path):
    path = tmp_path / "rows.jsonl"
    process = run(
        SOURCE.replace("100ms", "10ms") + "sinks:\n"
        + file_sink(path, rotate="{size: 16KiB, keep: 0}", gzip="true")
    )
    poll(lambda: len(list(tmp_path.glob("rows-*.jsonl.gz"))) >= 8, what="eight rotated files")
    log = process.stop_clean()
    rows = []
    for rotated in sorted(tmp_path.glob("rows-*")):
        opened = gzip.open if rotated.suffix == ".gz" else open
        with opened(rotated, "rt") as file:
            rows += json_rows(file.read())
    rows += json_rows(path.read_text())
    assert len(rows) == delivered(log, "rows")
    keys = [key(row) for row in rows]
    assert len(set(keys)) == len(keys), "a row twice"
    times = [row["time"] for row in rows]
    assert times == sorted(times), "files out of order"
    # Of every series, every collection: none is missing in between.
    collections = sorted(set(times))
    process_rows = [row["time"] for row in rows if row["measurement"] == "process"]
    assert process_rows == collections


def test_a_moved_file_is_begun_anew(run, poll, tmp_path):
    path = tmp_path / "rows.jsonl"
    process = run(SOURCE + "sinks:\n" + file_sink(path))
    wait_for_rows(poll, path, 10)
    path.rename(tmp_path / "rows.jsonl.1")
    wait_for_rows(poll, path, 10)
    assert "moved away or deleted" in process.stop_clean()
    rows = json_rows((tmp_path / "rows.jsonl.1").read_text()) + json_rows(path.read_text())
    assert len({key(row) for row in rows}) == len(rows)


def test_a_second_agent_is_refused(run, poll, tmp_path):
    path = tmp_path / "rows.jsonl"
    configuration = SOURCE + "sinks:\n" + file_sink(path, required="true")
    run(configuration)
    wait_for_rows(poll, path, 1)
    second = run(configuration)
    assert second.wait() == 1
    assert "another agent or another sink writes this file" in second.log()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "/tmp/{host}.jsonl"}, "placeholder that is not known"),
        ({"path": "/tmp/"}, "names a directory; expected a file"),
        ({"path": "/tmp/x", "gzip": "true"}, "none rotates; set rotate.size or rotate.age"),
        ({"path": "/tmp/x", "rotate": "{size: 1KiB}"}, "expected 0 (never) or at least 4KiB"),
        ({"path": "/tmp/x", "format": "xml"}, "jsonl"),
        ({"path": "/tmp/x", "fsync": "interval", "fsync_interval": "2h"}, "1h"),
    ],
)
def test_check_tells_what_cannot_work(weir, config, options, message):
    options = {key: f'"{value}"' if key == "path" else value for key, value in options.items()}
    result = weir("check", "-c", config(SOURCE + "sinks:\n" + file_sink(**options)))
    assert result.returncode == 78, result.stdout + result.stderr
    assert message in result.stdout + result.stderr


def test_stdout_in_a_pipe(config, tmp_path):
    """`weir run | reader`: whole lines, and a reader that leaves does not end the agent."""
    path = config(SOURCE.replace("100ms", "10ms")
                  + "sinks: {screen: {type: stdout, inputs: [self]}}\n")
    with open(tmp_path / "log", "wb") as log, subprocess.Popen(
        [harness.WEIR, "run", "-c", path], stdout=subprocess.PIPE, stderr=log,
        stdin=subprocess.DEVNULL, env={**os.environ, "WEIR_DATA_DIR": str(tmp_path / "data")},
    ) as child:
        try:
            text = "".join(child.stdout.readline().decode() for _ in range(500))
            assert len(json_rows(text)) == 500
            child.stdout.close()
            harness.poll(lambda: "nobody reads it any more" in (tmp_path / "log").read_text())
            assert child.poll() is None
            child.send_signal(signal.SIGTERM)
            assert child.wait(60) == 0
        finally:
            if child.poll() is None:
                child.kill()
