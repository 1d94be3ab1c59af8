"""`weir check --probe` of the sink mongodb: the server is asked, and has nothing more than
before."""

import harness
import mongo
from test_mongodb_faults import tls


def test_what_answers_is_told_and_nothing_is_written(database, probed):
    more = ", layout: nested, group_by: [part], retention: 30d"
    done = probed(database.text(more=more))
    done.ok("db", "DB ", f"database {database.name}")
    assert database.collections() == []
    assert database.name not in database.client.list_database_names()


def test_a_wrong_password(database, probed):
    done = probed(database.text(password="wr0ngwr0ng"))
    done.failed("db", "; check the user and authSource of url, and password")
    assert "wr0ngwr0ng" not in done.out and mongo.PASSWORD not in done.out


def test_no_user_where_one_is_wanted(database, probed):
    url = database.server.url(database.name).replace(f"{mongo.USER}@", "", 1)
    text = database.text(url=url, password="").replace(', password: ""', "")
    probed(text).failed("db", "; ")


def test_nobody_is_there(database, probed):
    url = f"mongodb://weir@127.0.0.1:{harness.free_port()}/weir"
    probed(database.text(url=url)).failed("db", "; check that the server runs there")


def test_certificates(own_server, make_database, certificates, probed):
    def said(certificate, more=tls(certificates)):
        server = own_server(certificates=certificates, certificate=certificate)
        url = server.url("weir", server.tls_port)
        return probed(make_database(server).text(url=url, more=more))

    said("server").ok("db", "database weir, TLS")
    said("wrong").failed("db", "; check tls: ca, cert and key")
