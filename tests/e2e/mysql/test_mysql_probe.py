"""`weir check --probe` of the sink mysql: MariaDB is asked, and has nothing more than before."""

import harness
import mariadb
from test_faults import tls_server


def test_what_answers_is_told_and_nothing_is_written(database, probed):
    done = probed(database.text(more=", batch: {max_rows: 10}, retention: 7d"))
    done.ok("db", "-MariaDB", " at 127.0.0.1", f"database {database.name}")
    assert database.query("SHOW TABLES") == []


def test_a_wrong_password(database, probed):
    done = probed(database.text(password="wr0ngwr0ng"))
    done.failed("db", "Access denied", "; check the user of url, and password")
    assert "wr0ngwr0ng" not in done.out and mariadb.PASSWORD not in done.out


def test_a_database_that_is_not_there(database, probed):
    name = database.name
    url = f"mysql://{name}@127.0.0.1:{database.server.port}/{name}_2"
    probed(database.text(url=url)).failed("db", f"{name}_2'")
    database.server.query(None, f"DROP DATABASE `{name}`")
    probed(database.text()).failed("db", "Unknown database", "; create it: CREATE DATABASE")


def test_nobody_is_there(database, probed):
    url = f"mysql://weir@127.0.0.1:{harness.free_port()}/weir"
    probed(database.text(url=url)).failed("db", "; check that the server runs there")
    url = "mysql://weir@no-such-host.invalid/weir"
    probed(database.text(url=url)).failed("db", "; check the host of url")


def test_certificates(own_server, make_database, certificates, probed):
    tls = f", tls: {{ca: {certificates}/ca.pem}}"
    right = make_database(tls_server(own_server, certificates, "server"))
    probed(right.text(more=tls)).ok("db", "database weir, TLS")
    wrong = make_database(tls_server(own_server, certificates, "wrong"))
    probed(wrong.text(more=tls)).failed("db", "; check tls: ca, cert and key")
    probed(wrong.text(more=", tls: {verify: false}")).ok("db", "database weir, TLS")
