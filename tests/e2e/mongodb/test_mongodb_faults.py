"""A server that is not there, refuses, hangs, restarts or takes no writes: nothing is lost or
doubled, and the log says what to do."""

import collections
import time

import harness
import mongo
import pymongo
import pytest
from between import refusal
from test_mongodb import ledger, rows_of

LATER = ", connect_timeout: 5s, timeout: 10s"


def start(database, tmp_path, **options):
    return harness.Process([harness.WEIR, *database.arguments(**options)], tmp_path / "log")


def says(process, poll, *texts):
    poll(lambda: all(text in process.log() for text in texts) or not process.running())
    for text in texts:
        assert text in process.log(), process.log()
    assert mongo.PASSWORD not in process.log()


def ends(process):
    process.send(9)
    process.wait()


def ends_well(process, database, rows):
    assert process.wait(240) == 0, process.log()
    assert rows_of(database) == rows


def test_a_wrong_password_is_said(database, tmp_path, poll):
    process = start(database, tmp_path, password="wrong")
    says(process, poll, "check the user and authSource of url, and password")
    ends(process)
    assert database.collections() == []
    database.backfill("--restart")
    assert rows_of(database) == ledger(10)


def test_missing_rights_are_said(database, tmp_path, poll):
    """Nobody's rights, where the server asks who writes."""
    url = database.server.url(database.name).replace(f"{mongo.USER}@", "").split("?")[0]
    process = start(database, tmp_path, url=url, password="")
    says(process, poll, "grant the user of url the role readWrite")
    ends(process)
    assert database.collections() == []


def test_no_such_host_is_said(database, tmp_path, poll):
    process = start(database, tmp_path, url="mongodb://weir@no.such.host.invalid/weir")
    says(process, poll, "; check the host of url")
    ends(process)


def test_a_server_that_comes_later(own_server, make_database, tmp_path, poll):
    server = own_server()
    database = make_database(server)
    server.stop()
    process = start(database, tmp_path, more=LATER)
    says(process, poll, "check that the server runs there")
    server.start()
    ends_well(process, database, ledger(10))


def count(database):
    try:
        return database["ledger"].estimated_document_count()
    except pymongo.errors.PyMongoError:
        return 0


@pytest.mark.parametrize("how", ["kill", "pause"])
def test_a_server_that_goes_in_mid_stream(own_server, make_database, tmp_path, poll, how):
    server = own_server()
    database = make_database(server)
    more = LATER + ", batch: {max_rows: 500}"
    process = start(database, tmp_path, source="{type: ledger, series: 20}", days=2, more=more)
    turns = 0
    for turn in range(3):
        wanted = (turn + 1) * 4_000
        poll(lambda: not process.running() or count(database) >= wanted, timeout=120)
        turns += process.running()
        lines = len(process.log().splitlines())
        if how == "pause" and process.running():
            server.pause()
            poll(
                lambda: not process.running()
                or "lost the connection" in process.log().split("\n", lines)[-1]
            )
            server.resume()
        else:
            server.kill()
            server.start()
    assert turns > 0, "it never went"
    ends_well(process, database, ledger(20, days=2))
    assert "connected again to" in process.log(), process.log()


def test_a_server_that_goes_while_documents_are_merged(own_server, make_database, tmp_path, poll):
    server = own_server()
    database = make_database(server)
    nested = ", layout: nested, group_by: [site], collections: {ledger: {key: part}}"
    more = LATER + nested + ", batch: {max_rows: 70}"
    source = "{type: ledger, series: 100, interval: 10m, labels: {site: a}}"
    process = start(database, tmp_path, source=source, more=more)
    for wanted in (20, 60, 100):
        poll(lambda: not process.running() or database["metrics"].count_documents({}) >= wanted)
        server.kill()
        server.start()
    assert process.wait(240) == 0, process.log()
    found = list(database["metrics"].find().sort("_id", 1))
    first = ledger(1)[0][2] // 10
    assert len(found) == 144
    for i, document in enumerate(found):
        parts = document["metrics"]["ledger"]
        assert {k: v["number"] for k, v in parts.items()} == {str(p): first + i for p in range(100)}


def test_a_read_only_server(own_server, make_database, tmp_path, poll):
    server = own_server()
    if server.is_mongod:
        pytest.xfail("mongod has no read-only mode without a second member")
    database = make_database(server)
    database.backfill(source="{type: ledger, interval: 12h}")
    database["ledger"].delete_many({})
    server.stop()
    server.start(read_only=True)
    (tmp_path / "data").rename(tmp_path / "data-before")
    process = start(database, tmp_path)
    says(process, poll, "let the server take writes")
    server.stop()
    server.start()
    ends_well(process, database, ledger(10))


def test_a_write_concern_that_cannot_be_loses_no_row(
    refusing_server, make_database, tmp_path, poll
):
    """A standalone MongoDB refuses the command, with the code of a bad value in a document."""
    is_mended = False

    def answer(name, command):
        if name != "insert" or is_mended:
            return None
        assert command["writeConcern"]["w"] == 2
        return refusal(2, "cannot use 'w' > 1 when a host is not replicated")

    database = make_database(refusing_server(answer))
    process = start(database, tmp_path, more=", write_concern: 2")
    says(process, poll, "when a host is not replicated (2); check write_concern")
    is_mended = True
    ends_well(process, database, ledger(10))
    assert "rejected" not in process.log(), process.log()


MEASUREMENTS = (
    "cpu_utilization", "memory_usage", "ldev_utilization", "ldev_response_time",
    "clpr_service_time", "clpr_request", "cpc", "cpc_engine",
)  # fmt: skip


@pytest.mark.parametrize("layout", ["flat", "nested, group_by: [lpar], collections: {%s}"])
def test_a_delivery_that_takes_longer_than_it_may_goes_on_where_it_was(
    refusing_server, make_database, layout
):
    """It writes a dozen collections, and has the time for some of them."""
    inserted = collections.Counter()

    def answer(name, command):
        if name != "insert":
            return None
        time.sleep(0.5)
        inserted.update((command["insert"], bytes(d["_id"])) for d in command["documents"])
        return {"ok": 1.0, "n": len(command["documents"])}

    database = make_database(refusing_server(answer))
    each_its_own = ", ".join(f"rmf_{name}: {{collection: {name}}}" for name in MEASUREMENTS)
    more = ", write_deadline: 2s, layout: " + layout.replace("%s", each_its_own)
    arguments = database.arguments(source="{type: rmf_simulator}", more=more)
    done = harness.weir(*arguments[:-1], "2026-01-01T00:02:00Z")
    assert done.returncode == 0, done.stderr
    assert "write_deadline is over before all rows are written" in done.stderr, done.stderr
    assert len({name for name, _ in inserted}) > len(MEASUREMENTS)
    assert set(inserted.values()) == {1}, "a delivery began anew"


def test_a_collection_that_is_dropped_is_made_again(database, agent, poll):
    agent(database.text(source="{type: ledger, interval: 20ms}"), ready=False)
    poll(lambda: database["ledger"].count_documents({}) > 100)
    database["ledger"].drop()
    poll(lambda: database["ledger"].count_documents({}) > 100)


def test_a_name_that_the_server_refuses_is_said(database):
    """It and the database's would have more than 255 bytes."""
    name = "n" * 250
    log = database.backfill(more=f", collections: {{ledger: {{collection: {name}}}}}", expect=1)
    assert "rejected" in log and "14400 dropped (rejected), 0 held" in log, log


def tls(certificates, authority="ca", agent="agent"):
    own = f"cert: {certificates}/{agent}.pem, key: {certificates}/{agent}.key" if agent else ""
    return f", tls: {{ca: {certificates}/{authority}.pem, {own}}}"


def test_tls(own_server, make_database, certificates, tmp_path, poll):
    server = own_server(certificates=certificates)
    database = make_database(server)
    url = server.url("weir", server.tls_port)
    log = database.backfill(more=tls(certificates), url=url)
    assert "database weir, TLS" in log, log
    assert rows_of(database) == ledger(10)
    process = start(database, tmp_path, more=tls(certificates, "other"), url=url, days=2)
    says(process, poll, "check tls: ca, cert and key")
    ends(process)


def test_a_certificate_of_another_host_is_refused(
    own_server, make_database, certificates, tmp_path, poll
):
    server = own_server(certificates=certificates, certificate="wrong")
    database = make_database(server)
    url = server.url("weir", server.tls_port)
    process = start(database, tmp_path, more=tls(certificates), url=url)
    says(process, poll, "check tls: ca, cert and key")
    ends(process)
    assert database.collections() == []
    more = tls(certificates).replace(f"ca: {certificates}/ca.pem", "verify: false")
    database.backfill("--restart", more=more, url=url)
    assert rows_of(database) == ledger(10)


def test_a_server_without_tls_is_refused_where_tls_is_wanted(database, tmp_path, poll):
    process = start(database, tmp_path, more=LATER + ", tls: {verify: false}")
    says(process, poll, "speaks TLS")
    ends(process)
    assert database.collections() == []
