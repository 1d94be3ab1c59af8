"""`weir check --probe` of the sink redis: servers, sentinels and nodes of a cluster are asked, and
have nothing more than before."""

import harness
import pytest
from test_redis import BOTH
from test_redis_cluster import Watched
from test_redis_faults import tls_url


def test_what_answers_is_told_and_nothing_is_written(own_server, make_store, probed):
    server = own_server().start()
    store = make_store(f"redis://127.0.0.1:{server.port}")
    probed(store.text(more=BOTH)).ok("store", "Redis 7.", f" at 127.0.0.1:{server.port}")
    client = server.client()
    assert client.dbsize() == 0
    assert client.info("memory")["number_of_cached_scripts"] == 0


def test_passwords(own_server, make_store, probed):
    server = own_server("--requirepass", "right").start()
    store = make_store(f"redis://127.0.0.1:{server.port}")
    probed(store.text(password="right")).ok("store")
    done = probed(store.text(password="wr0ngwr0ng"))
    done.failed("store", "; check the user of url, and password")
    assert "wr0ngwr0ng" not in done.out
    probed(store.text()).failed("store", "; set password, and the user in url where there is one")


def test_a_user_with_the_rights_that_the_sink_needs(own_server, make_store, probed):
    server = own_server().start()
    rights = ["~weir:*", "&weir:*", "+select", "+script|load", "+evalsha", "+xadd", "+hget"]
    server.client().execute_command("ACL", "SETUSER", "weir", "on", ">right", *rights)
    store = make_store(f"redis://weir@127.0.0.1:{server.port}/2")
    probed(store.text(password="right")).ok("store")
    probed(store.text(url=store.url + "00", password="right")).failed("store", "; name a database")


def test_nobody_is_there(make_store, probed):
    store = make_store(f"redis://127.0.0.1:{harness.free_port()}")
    probed(store.text()).failed("store", "; check that the server runs there")


def test_certificates(own_server, make_store, certificates, probed):
    tls = f", tls: {{ca: {certificates}/ca.pem, cert: {certificates}/agent.pem, \
key: {certificates}/agent.key}}"
    right, wrong = (own_server(tls=(certificates, name)).start() for name in ("server", "wrong"))
    probed(make_store(tls_url(right)).text(more=tls)).ok("store", ", TLS")
    probed(make_store(tls_url(wrong)).text(more=tls)).failed(
        "store", "certificate: IP address mismatch; check tls: ca, cert and key"
    )


@pytest.fixture
def watched(own_server, tmp_path):
    made = Watched(own_server, tmp_path)
    yield made
    made.kill()


def test_sentinels(watched, make_store, probed):
    store = make_store(watched.url())
    at = f"127.0.0.1:{watched.master.port}"
    probed(store.text(more=", sentinel: {master: chief}")).ok("store", f" at {at}, master chief")
    other = store.text(more=", sentinel: {master: other}")
    probed(other).failed("store", "; check sentinel: master")
    watched.sentinels[0].kill()
    probed(store.text(more=", sentinel: {master: chief}")).ok("store", f" at {at}, master chief")
    watched.sentinels[1].kill()
    probed(store.text(more=", sentinel: {master: chief}")).failed("store", "sentinel 127.0.0.1:")
    assert watched.master.client().dbsize() == 0


def test_a_cluster(cluster, make_store, probed):
    nodes = cluster()
    store = make_store(nodes.url())
    probed(store.text(more=BOTH + ", cluster: true")).ok("store", "cluster of 3 masters")
    assert all(node.client().dbsize() == 0 for node in nodes.nodes)
    nodes.nodes[2].kill()
    probed(store.text(more=BOTH + ", cluster: true")).failed(
        "store", f"127.0.0.1:{nodes.nodes[2].port}: Connection refused"
    )
