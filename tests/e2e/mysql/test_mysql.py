"""Rows in MariaDB, written by the real agent and read by PyMySQL."""

import datetime
import json
import math
import random
import signal
import uuid

import extremes
import harness
import pymysql
import pytest

SERIES_NAMESPACE = uuid.UUID("8c552e87-e261-4c1b-add5-df8eec28b713")
FROM = datetime.datetime(2026, 1, 1)


def ledger(series, days=1):
    first = int(FROM.replace(tzinfo=datetime.timezone.utc).timestamp()) // 60
    return [
        (FROM + datetime.timedelta(minutes=m), str(part), first + m)
        for m in range(days * 1440)
        for part in range(series)
    ]


def rows_of(database):
    return database.query("SELECT time, part, number FROM ledger ORDER BY time, part + 0")


def test_every_row_once(database):
    database.backfill()
    assert rows_of(database) == ledger(10)
    database.backfill("--restart")
    assert rows_of(database) == ledger(10), "rows that came again changed something"


def test_the_table_shows_what_people_want_to_see(database):
    database.backfill(source="{type: extremes, interval: 12h}")
    columns = database.query(
        "SELECT column_name, column_type, is_nullable FROM information_schema.columns "
        "WHERE table_schema = DATABASE() ORDER BY ordinal_position"
    )
    assert columns == [
        ("time", "datetime(6)", "NO"),
        ("number", "mediumtext", "YES"),
        ("text", "mediumtext", "YES"),
        ("real", "double", "YES"),
        ("signed", "bigint(20)", "YES"),
        ("unsigned", "bigint(20) unsigned", "YES"),
        ("flag", "tinyint(1)", "YES"),
        ("words", "mediumtext", "YES"),
        ("wait_count", "bigint(20) unsigned", "YES"),
        ("wait_sum", "double", "YES"),
        ("wait_buckets", "longtext", "YES"),
        ("weir_series", "binary(16)", "NO"),
        ("weir_ns", "smallint(5) unsigned", "NO"),
    ]
    shown = database.query("SELECT * FROM extremes LIMIT 1")[0]
    assert len(shown) == len(columns) - 2, "the key's columns are hidden"


@pytest.mark.parametrize("local", ["true", "false"])
def test_values_as_they_were(database, local):
    database.backfill(source="{type: extremes, interval: 6h}", more=f", local_infile: {local}")
    columns = ", ".join(f"`{column}`" for column in extremes.COLUMNS)
    found = database.query(f"SELECT {columns} FROM extremes ORDER BY time, number + 0")
    wanted = extremes.rows(lambda real: real + 0.0 if math.isfinite(real) else None)
    assert len(found) == 4 * len(wanted)
    for row, want in zip(found, wanted * 4):
        row = [*row[:-1], row[-1] and json.loads(row[-1])]
        assert all(map(extremes.same, row, want)), (row, want)
    text = extremes.TEXTS[1]
    ids = database.query("SELECT DISTINCT weir_series FROM extremes WHERE text = %s", text)
    name = f"8:extremes,6:number,1:1,4:text,{len(text)}:{text},"
    assert ids == [(uuid.uuid5(SERIES_NAMESPACE, name).bytes,)]


def test_a_table_grows(database):
    database.backfill(source="{type: extremes, interval: 12h}")
    database.backfill("--restart", source="{type: extremes, interval: 12h, fields: 2}")
    found = database.query("SELECT count(*), count(extra_0), count(extra_1) FROM extremes")
    assert found == [(26, 26, 26)]
    database.backfill("--restart", source="{type: extremes, interval: 12h, labels: {site: fra1}}")
    found = database.query("SELECT site, count(*) FROM extremes GROUP BY site ORDER BY site")
    assert found == [(None, 26), ("fra1", 26)]


def test_more_columns_than_a_table_can_have_is_said(database):
    log = database.backfill(source="{type: extremes, interval: 12h, fields: 1015}", expect=1)
    assert "would have 1029 columns, and InnoDB takes 1017" in log, log
    assert "26 dropped (rejected), 0 held" in log, log


def test_a_value_out_of_range_rejects_its_row_alone(database):
    more = ', tables: {ledger: {columns: {number: {type: "SMALLINT CHECK (number - 5)"}}}}'
    arguments = database.arguments(more=more)
    arguments[arguments.index("--from") + 1] = "1970-01-01"
    arguments[arguments.index("--to") + 1] = "1970-02-01"
    done = harness.weir(*arguments, timeout=300)
    found = database.query("SELECT number, count(*) FROM ledger GROUP BY number ORDER BY number")
    assert found == [(n, 10) for n in range(32768) if n != 5]
    assert "rejected" in done.stderr, done.stderr


def test_killed_at_random_instants(database, tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    generator = random.Random(seed)
    arguments = database.arguments(source="{type: ledger, series: 300}")
    turns = 0
    for turn in range(6):
        process = harness.Process([harness.WEIR, *arguments], tmp_path / f"log-{turn}")
        wanted = generator.randrange(200_000)

        def written():
            if not process.running():
                return True
            try:
                return database.query("SELECT count(*) FROM ledger")[0][0] >= wanted
            except pymysql.err.ProgrammingError:  # no such table yet
                return False

        harness.poll(written, interval=0.001)
        turns += process.running()
        process.send(signal.SIGKILL)
        process.wait()
    database.backfill(source="{type: ledger, series: 300}")
    assert turns > 0, "it was never killed"
    assert rows_of(database) == ledger(300)


def test_a_unix_socket(database):
    url = f"mysql://{database.name}@localhost/{database.name}"
    log = database.backfill(url=url, more=f", socket: {database.server.socket}")
    assert "Localhost via UNIX socket" in log, log
    assert rows_of(database) == ledger(10)
