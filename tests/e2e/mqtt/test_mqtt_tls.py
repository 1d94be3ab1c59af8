"""TLS to Mosquitto: certificates of both sides, and what is refused."""

import pytest
from test_mqtt import ledger, numbers


@pytest.fixture
def tls_broker(make_broker, certificates):
    def make(name="server", *lines):
        return make_broker(
            f"cafile {certificates}/ca.pem", f"certfile {certificates}/{name}.pem",
            f"keyfile {certificates}/{name}.key", *lines,
        )  # fmt: skip

    return make


def refused(process, poll, text="check tls: ca, cert and key"):
    poll(lambda: text in process.log())
    process.kill()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_tls(tls_broker, make_publisher, make_reader, certificates, protocol):
    broker = tls_broker()
    reader = make_reader(broker)
    tls = {"ca": f"{certificates}/ca.pem"}
    log = make_publisher(broker).backfill(minutes=100, scheme="mqtts", tls=tls, protocol=protocol)
    assert ", TLS" in log, log
    assert numbers(reader.rows()) == ledger(10, 100)


def test_the_agents_own_certificate(tls_broker, make_publisher, make_reader, certificates, poll):
    broker = tls_broker("server", "require_certificate true", "use_identity_as_username true")
    reader = make_reader(broker)
    publisher = make_publisher(broker)
    tls = {name: f"{certificates}/{file}" for name, file in
           (("ca", "ca.pem"), ("cert", "agent.pem"), ("key", "agent.key"))}  # fmt: skip
    publisher.backfill(minutes=10, scheme="mqtts", tls=tls)
    assert numbers(reader.rows()) == ledger(10, 10)
    assert "u'agent'" in broker.log()
    strange = {**tls, "cert": f"{certificates}/stranger.pem", "key": f"{certificates}/stranger.key"}
    for wrong in ({"ca": tls["ca"]}, strange):
        refused(publisher.start(minutes=20, scheme="mqtts", tls=wrong), poll)
    assert len(reader.rows()) == 100


@pytest.mark.parametrize("name, ca", [("server", "other"), ("wrong", "ca")])
def test_a_server_that_does_not_prove_its_name(
    tls_broker, make_publisher, make_reader, certificates, poll, name, ca
):
    broker = tls_broker(name)
    reader = make_reader(broker)
    publisher = make_publisher(broker)
    tls = {"ca": f"{certificates}/{ca}.pem"}
    refused(publisher.start(minutes=10, scheme="mqtts", tls=tls), poll)
    assert reader.rows() == []
    publisher.backfill("--restart", minutes=10, scheme="mqtts", tls={"verify": False})
    assert numbers(reader.rows()) == ledger(10, 10)


def test_a_broker_without_tls(broker, publisher, reader, poll):
    refused(publisher.start(minutes=10, tls={"verify": False}), poll, "that the broker speaks TLS")
    assert reader.rows() == []


def test_a_port_where_nobody_listens_is_told_at_once(broker, publisher, poll):
    broker.stop()
    tls = {"verify": False}
    process = publisher.start(minutes=10, scheme="mqtts", tls=tls, connect_timeout="5m")
    refused(process, poll, "Connection refused")


def test_files_that_are_not_there(broker, publisher):
    process = publisher.start(minutes=10, tls={"ca": "/nowhere/ca.pem"})
    assert process.wait() != 0, process.log()
    assert "tls.ca: /nowhere/ca.pem cannot be opened: No such file" in process.log()
