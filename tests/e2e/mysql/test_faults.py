"""MariaDB that is not there, refuses, restarts or is read-only: nothing is lost or doubled, and the
log says what to do."""

import harness
import mariadb
import pytest
from test_mysql import ledger, rows_of


def start(database, tmp_path, **options):
    return harness.Process([harness.WEIR, *database.arguments(**options)], tmp_path / "log")


def ends_well(process, database, rows):
    assert process.wait(120) == 0, process.log()
    assert rows_of(database) == rows


def test_a_wrong_password_is_said_and_mended(database, tmp_path, poll):
    process = start(database, tmp_path, password="wrong")
    poll(lambda: "check the user of url, and password" in process.log())
    assert mariadb.PASSWORD not in process.log()
    database.server.query(
        None, f"ALTER USER `{database.name}`@`%%` IDENTIFIED BY %s", "wrong"
    )
    ends_well(process, database, ledger(10))


def test_a_missing_database_is_said_and_mended(database, tmp_path, poll):
    name = database.name
    database.server.query(None, f"DROP DATABASE `{name}`")
    process = start(database, tmp_path)
    poll(lambda: "Unknown database" in process.log())
    assert "create it: CREATE DATABASE" in process.log()
    database.server.query(None, f"CREATE DATABASE `{name}`")
    ends_well(process, database, ledger(10))


def test_missing_rights_are_said_and_mended(database, tmp_path, poll):
    user = f"`{database.name}`@`%`"
    database.server.query(None, f"REVOKE CREATE ON `{database.name}`.* FROM {user}")
    process = start(database, tmp_path)
    poll(lambda: "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE" in process.log())
    database.server.query(None, f"GRANT CREATE ON `{database.name}`.* TO {user}")
    ends_well(process, database, ledger(10))


def test_a_server_that_comes_later(own_server, make_database, tmp_path, poll):
    server = own_server()
    database = make_database(server)
    server.stop()
    process = start(database, tmp_path)
    poll(lambda: "check that the server runs there" in process.log())
    server.start()
    ends_well(process, database, ledger(10))


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_restarts_in_mid_stream(own_server, make_database, tmp_path, poll, how):
    server = own_server()
    database = make_database(server)
    rows = "{type: ledger, series: 300}"
    process = start(database, tmp_path, source=rows, days=3)
    for turn in range(3):
        wanted = (turn + 1) * 150_000
        poll(lambda: not process.running() or (
            database.query("SHOW TABLES")
            and database.query("SELECT count(*) FROM ledger")[0][0] >= wanted
        ))  # fmt: skip
        getattr(server, how)()
        server.start()
    ends_well(process, database, ledger(300, days=3))
    assert "connected again to" in process.log()


def test_a_read_only_server(own_server, make_database, tmp_path, poll):
    server = own_server()
    database = make_database(server)
    server.query(None, "SET GLOBAL read_only = 1")
    process = start(database, tmp_path)
    poll(lambda: "name the server that takes writes" in process.log())
    server.query(None, "SET GLOBAL read_only = 0")
    ends_well(process, database, ledger(10))


def test_a_lock_of_somebody_else(database, tmp_path, poll):
    database.backfill()
    with database.server.root(database.name) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT count(*) FROM ledger FOR UPDATE")
        path = database.config(database.text(more=", read_timeout: 2s"))
        process = harness.Process(
            [harness.WEIR, *database.arguments(more=", read_timeout: 2s"), "--restart"],
            tmp_path / "log",
        )
        poll(lambda: "Lock wait timeout exceeded" in process.log())
        cursor.execute("ROLLBACK")
    assert path.exists()
    ends_well(process, database, ledger(10))


def test_two_agents_make_and_widen_one_table(database, tmp_path):
    """Both find no table, or one without their columns, at the same time."""
    processes = []
    for number, label in enumerate("abcdef"):
        source = f"{{type: extremes, interval: 1h, fields: {number}, labels: {{agent_{label}: x}}}}"
        text = database.text(source=source).replace("/data", f"/data-{label}")
        command = [harness.WEIR, "backfill", "-c", database.config(text)]
        command += ["--from", "2026-01-01", "--to", "2026-01-02"]
        processes.append(harness.Process(command, tmp_path / f"log-{label}"))
    for process in processes:
        assert process.wait() == 0, process.log()
    assert database.query("SELECT count(*) FROM extremes")[0][0] == 6 * 24 * 13


def test_a_table_that_is_dropped_is_made_again(database, agent, poll):
    agent(database.text(source="{type: ledger, interval: 20ms}"), ready=False)

    def some_rows():
        tables = database.query("SHOW TABLES")
        return tables and database.query("SELECT count(*) FROM ledger")[0][0] > 100

    poll(some_rows)
    database.query("DROP TABLE ledger")
    poll(some_rows)


def test_a_stop_does_not_wait_for_a_server_that_hangs(own_server, make_database, agent, poll):
    """However long its options would: the rows that are in memory go, and are counted."""
    server = own_server()
    database = make_database(server)
    more = ", read_timeout: 1h, batch: {max_delay: 20ms}"
    running = agent(database.text(source="{type: ledger, interval: 20ms}", more=more))
    poll(lambda: database.query("SHOW TABLES")
         and database.query("SELECT count(*) FROM ledger")[0][0] > 100)  # fmt: skip
    log = harness.stopped_while_hanging(running, server.process)
    assert "dropped (shutdown), 0 held" in log, log


@pytest.mark.parametrize("what", ["upload", "answer"])
def test_a_stop_does_not_wait_for_a_load_that_hangs(own_server, make_database, agent, poll, what):
    """While the server takes no more of the data, and once it has all of them: a lock that the
    first row waits for sees to it that a load is under way."""
    series = {"upload": 50_000, "answer": 1000}[what]  # more than a socket holds, or less
    server = own_server("--innodb-lock-wait-timeout=3600")
    database = make_database(server)
    more = (f", socket: {server.socket}, read_timeout: 1h, write_timeout: 1h, "
            "batch: {max_rows: 100000, max_bytes: 64MiB, max_delay: 20ms}")  # fmt: skip
    source = f"{{type: ledger, series: {series}, interval: 200ms}}"
    running = agent(database.text(source=source, more=more))
    poll(lambda: database.query("SHOW TABLES") and loads(server) > 1)
    with server.root(database.name) as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT count(*) FROM ledger WHERE time > '2200-01-01' FOR UPDATE")
        waiting = ("SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' AND "
                   "trx_query LIKE 'LOAD DATA%'")  # fmt: skip
        # InnoDB answers a question that comes again within 0.1 s as it did before.
        poll(lambda: server.query(None, waiting), interval=0.3)
        log = harness.stopped_while_hanging(running, server.process)
    assert "dropped (shutdown), 0 held" in log, log


def test_rows_that_are_too_large_for_a_packet_are_rejected_alone(own_server, make_database):
    database = make_database(own_server("--max-allowed-packet=60K"))
    log = database.backfill(source="{type: extremes, interval: 12h}", expect=1)
    assert "larger than the server's max_allowed_packet" in log, log
    assert database.query("SELECT count(*) FROM extremes") == [(24,)]


def loads(server):
    return int(server.query(None, "SHOW GLOBAL STATUS LIKE 'Com_load'")[0][1])


def test_large_deliveries_are_loaded_and_those_that_come_again_are_not_doubled(
    own_server, make_database
):
    server = own_server()
    database = make_database(server)
    database.backfill(source="{type: ledger, series: 300}")
    assert loads(server) > 0
    assert rows_of(database) == ledger(300)
    database.query("UPDATE ledger SET number = 0 WHERE part < 10")
    database.query("DELETE FROM ledger WHERE part > 290")
    database.backfill("--restart", source="{type: ledger, series: 300}")
    assert rows_of(database) == ledger(300)


def test_a_server_that_forbids_loading(own_server, make_database):
    server = own_server("--local-infile=0")
    database = make_database(server)
    database.backfill(source="{type: ledger, series: 300}")
    assert loads(server) == 0
    assert rows_of(database) == ledger(300)


def test_loading_is_forbidden_while_it_goes_on(own_server, make_database, agent, poll):
    server = own_server()
    database = make_database(server)
    more = ", batch: {max_delay: 100ms}"
    agent(database.text(source="{type: ledger, series: 1000, interval: 100ms}", more=more))
    poll(lambda: loads(server) > 0)
    server.query(None, "SET GLOBAL local_infile = 0")
    rows = database.query("SELECT count(*) FROM ledger")[0][0]
    poll(lambda: database.query("SELECT count(*) FROM ledger")[0][0] > rows + 5000)


def tls_server(own_server, certificates, name):
    return own_server(
        f"--ssl-ca={certificates}/ca.pem", f"--ssl-cert={certificates}/{name}.pem",
        f"--ssl-key={certificates}/{name}.key",
    )  # fmt: skip


def test_tls(own_server, make_database, certificates, tmp_path, poll):
    server = tls_server(own_server, certificates, "server")
    database = make_database(server)
    server.query(None, "ALTER USER weir REQUIRE X509")
    good = (f", tls: {{ca: {certificates}/ca.pem, cert: {certificates}/agent.pem, "
            f"key: {certificates}/agent.key}}")  # fmt: skip
    log = database.backfill(more=good)
    assert "database weir, TLS" in log, log
    assert rows_of(database) == ledger(10)

    process = start(database, tmp_path, more=f", tls: {{ca: {certificates}/other.pem}}", days=2)
    poll(lambda: "check tls: ca, cert and key" in process.log())
    process.send(9)
    process.wait()


def test_a_certificate_of_another_host_is_refused(
    own_server, make_database, certificates, tmp_path, poll
):
    server = tls_server(own_server, certificates, "wrong")
    database = make_database(server)
    process = start(database, tmp_path, more=f", tls: {{ca: {certificates}/ca.pem}}")
    poll(lambda: "check tls: ca, cert and key" in process.log())
    process.send(9)
    process.wait()
    database.backfill("--restart", more=", tls: {verify: false}")
    assert rows_of(database) == ledger(10)


def test_a_server_without_tls_is_refused_where_tls_is_wanted(database, tmp_path, poll):
    process = start(database, tmp_path, more=", tls: {verify: false}")
    poll(lambda: "check tls: ca, cert and key" in process.log())
    process.send(9)
    process.wait()
    assert database.query("SHOW TABLES") == []
