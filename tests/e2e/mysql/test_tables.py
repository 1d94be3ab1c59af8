"""Tables as the configuration wants them: the documented tables of the example, partitions."""

import datetime
import time

import harness
import mariadb
import pytest

EXAMPLE = harness.REPOSITORY / "etc" / "examples" / "mysql.yaml"
RMF_TABLES = {
    "cpu_metrics": "cpu_type utilization_percent:decimal(5,2)",
    "memory_metrics": "memory_type usage_bytes:bigint(20)",
    "ldev_utilization_metrics": "device_id utilization_percent:decimal(5,2)",
    "ldev_response_time_metrics": "device_type response_time_seconds:decimal(10,6)",
    "clpr_service_time_metrics": "cf_link service_time_microseconds:decimal(10,3)",
    "clpr_request_rate_metrics": "cf_link request_type request_rate:decimal(10,2)",
    "mpb_processing_rate_metrics": "queue_type processing_rate:decimal(10,2)",
    "mpb_queue_depth_metrics": "queue_type queue_depth:int(11)",
    "ports_utilization_metrics": "port_type port_id utilization_percent:decimal(5,2)",
    "ports_throughput_metrics": "port_type port_id throughput_mbps:decimal(10,2)",
    "volumes_utilization_metrics": "volume_type volume_id utilization_percent:decimal(5,2)",
    "volumes_iops_metrics": "volume_type volume_id iops:int(11)",
}
# NULL where nothing was observed: the simulator's histograms begin anew at midnight and at an IPL.
RMF_MEANS = {"response_time_seconds", "service_time_microseconds"}
CPU_INDEXES = {"idx_lpar_cpu": "lpar,cpu_type", "idx_composite": "lpar,cpu_type,timestamp"}
OTHER_INDEXES = {"idx_lpar": "lpar", "idx_composite": "lpar,timestamp"}


def rmf_environment(server, tmp_path):
    server.query(None, "CREATE OR REPLACE DATABASE rmf CHARACTER SET utf8mb4")
    server.query(None, "CREATE OR REPLACE USER `weir`@`%%` IDENTIFIED BY %s", mariadb.PASSWORD)
    server.query(
        None, "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON rmf.* TO weir"
    )
    return {
        "MYSQL_PORT": str(server.port),
        "MYSQL_PASSWORD": mariadb.PASSWORD,
        "WEIR_DATA_DIR": str(tmp_path / "data"),
    }


def test_the_example_makes_the_documented_tables(shared_server, agent, poll, tmp_path):
    server = shared_server
    environment = rmf_environment(server, tmp_path)
    text = EXAMPLE.read_text().replace("interval: 15s", "interval: 200ms")
    running = agent(text.replace("max_delay: 5s", "max_delay: 100ms"), env=environment)

    def tables():
        return {row[0] for row in server.query("rmf", "SHOW TABLES")}

    poll(lambda: tables() >= RMF_TABLES.keys())
    poll(lambda: server.query("rmf", "SELECT count(*) FROM volumes_iops_metrics")[0][0] > 500)
    log = running.stop_clean()
    assert "rejected" not in log and "0 held" in log, log
    for table, words in RMF_TABLES.items():
        *labels, value = words.split()
        wanted = [("id", "bigint(20)"), ("timestamp", "datetime(3)")]
        wanted += [(label, "varchar(50)") for label in [*labels, "sysplex", "lpar"]]
        wanted += [tuple(value.split(":"))]
        found = server.query("rmf", (
            "SELECT column_name, column_type, is_nullable FROM information_schema.columns WHERE "
            "table_schema = 'rmf' AND table_name = %s AND extra NOT LIKE '%%INVISIBLE%%'"
        ), table)  # fmt: skip
        assert sorted(column[:2] for column in found) == sorted(wanted), table
        nullable = {name for name, _, is_nullable in found if is_nullable == "YES"}
        assert nullable == RMF_MEANS & {name for name, _ in wanted}, table
        assert len(server.query("rmf", f"SELECT * FROM {table} LIMIT 1")[0]) == len(wanted)
        indexes = server.query("rmf", (
            "SELECT index_name, GROUP_CONCAT(column_name ORDER BY seq_in_index) FROM "
            "information_schema.statistics WHERE table_schema = 'rmf' AND table_name = %s "
            "GROUP BY index_name"
        ), table)  # fmt: skip
        wanted = CPU_INDEXES if table == "cpu_metrics" else OTHER_INDEXES
        assert dict(indexes) == {
            "PRIMARY": "id,timestamp",
            "weir_key": "timestamp,weir_series,weir_ns",
            "idx_timestamp": "timestamp",
            "idx_sysplex_timestamp": "sysplex,timestamp",
            **wanted,
        }, table
    rows = server.query("rmf", (
        "SELECT count(*), count(DISTINCT timestamp, sysplex, lpar, cpu_type), "
        "min(utilization_percent) >= 0, max(utilization_percent) <= 100 FROM cpu_metrics"
    ))  # fmt: skip
    assert rows[0][0] == rows[0][1] > 0 and rows[0][2:] == (1, 1), rows


class Days:
    """Days counted from today, as the agent's retention counts them."""

    def __init__(self, now):
        self.now = now

    def date(self, day):
        return (self.now + datetime.timedelta(days=day)).strftime("%Y-%m-%d")

    def partition(self, day):
        return "p" + self.date(day).replace("-", "")


@pytest.fixture
def days():
    """Waits over midnight if it is near: today must not become yesterday within a test."""

    def now():
        return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)

    midnight = datetime.datetime.combine(now().date(), datetime.time.max)
    left = midnight - now()
    if left < datetime.timedelta(minutes=2):
        time.sleep(left.total_seconds() + 1)
    return Days(now())


def partitions(database):
    found = database.query(
        "SELECT partition_name FROM information_schema.partitions WHERE table_schema = DATABASE() "
        "AND table_name = 'ledger' AND partition_name IS NOT NULL ORDER BY "
        "partition_ordinal_position"
    )
    return [name for (name,) in found]


def backfill(database, days, first, last, text):
    """Rows of days [first, last) from today; the agent's log."""
    range_ = ["--from", days.date(first), "--to", days.date(last)]
    done = harness.weir("backfill", "-c", database.config(text), *range_, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr


def fill(database, days, first, last, more):
    text = database.text(source="{type: ledger, interval: 1h}", more=more)
    return backfill(database, days, first, last, text)


def test_a_partition_a_day_in_any_order_of_days(database, days):
    fill(database, days, -3, 0, ", retention: 30d")
    assert partitions(database) == [*map(days.partition, range(-3, 0)), "pmax"]
    fill(database, days, -8, -6, ", retention: 30d")
    assert partitions(database) == [*map(days.partition, range(-8, 0)), "pmax"]
    counts = database.query(
        "SELECT DATE_FORMAT(time, 'p%Y%m%d'), count(*) FROM ledger GROUP BY 1 ORDER BY 1"
    )
    assert counts == [(days.partition(day), 240) for day in (-8, -7, -3, -2, -1)]
    for day in (-8, -3, -1):
        rows = database.query(f"SELECT count(*) FROM ledger PARTITION ({days.partition(day)})")
        assert rows == [(240,)]


def test_days_beyond_the_retention_are_dropped(database, days):
    fill(database, days, -8, 0, ", retention: 30d")
    log = fill(database, days, 0, 1, ", retention: 5d")
    assert f"retention: table ledger: dropped 3 days up to {days.partition(-6)}" in log, log
    assert partitions(database) == [*map(days.partition, range(-5, 1)), "pmax"]
    assert database.query("SELECT count(*) FROM ledger") == [(6 * 240,)]


def test_a_table_without_partitions_loses_old_rows_too(database, days):
    fill(database, days, -8, 0, "")
    assert partitions(database) == []
    log = fill(database, days, 0, 1, ", retention: 5d")
    assert "retention: table ledger: deleted " in log, log
    oldest = database.query("SELECT min(time) FROM ledger")[0][0]
    assert oldest >= days.now - datetime.timedelta(days=5, hours=1)


def test_a_retention_is_for_the_tables_of_its_sink_alone(database, days):
    """Two sinks write two measurements into one database, and a third comes no more."""

    def text(retention):
        sources = "{type: ledger, interval: 1h}, others: {type: extremes, interval: 12h}"
        sinks = database.text(source=sources, more=f", retention: {retention}")
        audit = database.text(more=", retention: 1000d")
        audit = audit[audit.index("  db: ") :].replace("[rows]", "[others]")
        return sinks + audit.replace("db:", "audit:", 1)

    backfill(database, days, -8, 0, text("30d"))
    database.query("CREATE TABLE past LIKE ledger")
    columns = "time, part, number, weir_series, weir_ns"
    database.query(f"INSERT INTO past ({columns}) SELECT {columns} FROM ledger")
    log = backfill(database, days, 0, 1, text("5d"))
    assert f"retention: table ledger: dropped 3 days up to {days.partition(-6)}\n" in log, log
    assert log.count("retention: ") == 1, log
    assert database.query("SELECT count(*) FROM ledger") == [(6 * 240,)]
    assert database.query("SELECT count(*) FROM past") == [(8 * 240,)]
    counts = database.query("SELECT DATE(time), count(*) FROM extremes GROUP BY 1 ORDER BY 1")
    assert [(str(day), rows) for day, rows in counts] == [
        (days.date(day), 26) for day in range(-8, 1)
    ]
