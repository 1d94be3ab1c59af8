"""Rows in an SQLite file, written by the real agent and read by Python and the sqlite3 shell."""

import datetime
import json
import math
import random
import signal
import sqlite3
import subprocess
import uuid

import extremes
import harness
import pytest

PLUGINS = harness.BUILD / "tests" / "plugins"
SERIES_NAMESPACE = uuid.UUID("8c552e87-e261-4c1b-add5-df8eec28b713")
FROM = datetime.datetime(2026, 1, 1)
RANGE = ["--from", "2026-01-01", "--to", "2026-01-02"]
CONFIG = """
agent: {{interval: 1m, data_dir: {tmp}/data, plugin_dirs: [{plugins}]}}
sources: {{rows: {source}}}
sinks: {{db: {{type: sqlite, inputs: [rows], path: {tmp}/weir.db{more}}}}}
"""


@pytest.fixture
def job(tmp_path, config):
    """A function that writes a configuration and returns the arguments of a backfill of a day."""

    def make(source="{type: ledger}", more=""):
        text = CONFIG.format(tmp=tmp_path, plugins=PLUGINS, source=source, more=more)
        return ["backfill", "-c", config(text), *RANGE]

    return make


@pytest.fixture
def query(tmp_path):
    """A function that gives all rows of a query."""

    def ask(sql, *values):
        with sqlite3.connect(tmp_path / "weir.db") as database:
            return database.execute(sql, values).fetchall()

    return ask


def run(arguments):
    done = harness.weir(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stderr


def expected(series, minutes=1440):
    times = [FROM + datetime.timedelta(minutes=m) for m in range(minutes)]
    first = int(FROM.replace(tzinfo=datetime.timezone.utc).timestamp()) // 60
    return [
        (time.strftime("%Y-%m-%d %H:%M:%S.000000"), str(part), first + m)
        for m, time in enumerate(times)
        for part in range(series)
    ]


def ledger(query):
    return query("SELECT time, part, number FROM ledger ORDER BY time, CAST(part AS INT)")


def test_every_row_once(job, query):
    arguments = job()
    run(arguments)
    assert ledger(query) == expected(10)
    run([*arguments, "--restart"])
    assert ledger(query) == expected(10), "rows that came again changed something"


def test_values_as_they_were(job, query):
    run(job("{type: extremes, interval: 6h}"))
    columns = ", ".join(extremes.COLUMNS)
    found = query(f"SELECT {columns} FROM extremes ORDER BY time, CAST(number AS INT)")
    wanted = extremes.rows(lambda real: None if math.isnan(real) else real + 0.0)  # no -0.0
    assert len(found) == 4 * len(wanted)
    for row, want in zip(found, wanted * 4):
        row = list(row)
        row[4] = row[4] and int(row[4])  # above 2^63 - 1 as text
        row[-1] = row[-1] and json.loads(row[-1])
        assert all(map(extremes.same, row, want)), (row, want)
    ids = query("SELECT DISTINCT weir_series FROM extremes WHERE text = ?", extremes.TEXTS[1])
    text = extremes.TEXTS[1]
    name = f"8:extremes,6:number,1:1,4:text,{len(text)}:{text},"
    assert ids == [(uuid.uuid5(SERIES_NAMESPACE, name).bytes,)]


def test_a_table_grows(job, query):
    run(job("{type: extremes, interval: 12h}"))
    run([*job("{type: extremes, interval: 12h, fields: 2}"), "--restart"])
    found = query("SELECT count(*), count(extra_0), count(extra_1) FROM extremes")
    assert found == [(26, 26, 26)]
    run([*job("{type: extremes, interval: 12h, labels: {site: fra1}}"), "--restart"])
    assert query("SELECT site, count(*) FROM extremes GROUP BY site") == [(None, 26), ("fra1", 26)]


def test_killed_at_random_instants(job, query, tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    generator = random.Random(seed)
    arguments = job("{type: ledger, series: 300}")
    path, turns = tmp_path / "weir.db-wal", 0
    for turn in range(6):
        process = harness.Process([harness.WEIR, *arguments], tmp_path / f"log-{turn}")
        size = generator.randrange(4_000_000)
        harness.poll(
            lambda: not process.running() or (path.exists() and path.stat().st_size >= size),
            interval=0.001,
        )
        turns += process.running()
        process.send(signal.SIGKILL)
        process.wait()
        assert query("PRAGMA integrity_check") == [("ok",)]
    run(arguments)
    assert turns > 0, "it was never killed"
    assert ledger(query) == expected(300)


def test_read_by_the_shell_while_it_is_written(agent, tmp_path, poll):
    agent(
        CONFIG.format(
            tmp=tmp_path, plugins=PLUGINS, source="{type: ledger, interval: 20ms}", more=""
        )
    )

    def count():
        out = subprocess.run(
            [harness.tool("sqlite3"), tmp_path / "weir.db", "SELECT count(*) FROM ledger"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert out.returncode == 0, out.stderr
        return int(out.stdout)

    poll(lambda: count() > 0)
    seen = count()
    poll(lambda: count() > seen + 100)


def test_two_agents_share_a_file(agent, tmp_path, poll, query):
    for name in ("a", "b"):
        source = f"{{type: ledger, interval: 20ms, labels: {{agent: {name}}}}}"
        agent(
            CONFIG.format(tmp=tmp_path, plugins=PLUGINS, source=source, more=""),
            env={"WEIR_DATA_DIR": str(tmp_path / name)},
        )
    poll(lambda: all(
        query("SELECT count(*) > 300 FROM ledger WHERE agent = ?", name)[0][0] for name in "ab"
    ))  # fmt: skip


def test_the_lock_of_another_process_loses_nothing(job, query, tmp_path, poll):
    """The agent waits, says why, and goes on."""
    query("PRAGMA journal_mode=WAL")
    other = sqlite3.connect(tmp_path / "weir.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    process = harness.Process(
        [harness.WEIR, *job(more=", busy_timeout: 10ms, retry: {initial: 10ms, max: 100ms}")],
        tmp_path / "log",
    )
    poll(lambda: "another process holds its lock" in process.log())
    other.execute("ROLLBACK")
    assert process.wait() == 0, process.log()
    assert ledger(query) == expected(10)


def test_what_is_wrong_is_said(config, weir, tmp_path):
    more = ', max_size: 1KiB, tables: {ledger: {columns: {part: {type: "TEXT; DROP"}}}}'
    text = CONFIG.format(tmp=tmp_path, plugins=PLUGINS, source="{type: ledger}", more=more)
    bad = weir("check", "-c", config(text))
    assert bad.returncode == 78
    assert "max_size" in bad.stderr and "at least 1MiB" in bad.stderr, bad.stderr
    assert "is not a type; expected such as" in bad.stderr, bad.stderr
