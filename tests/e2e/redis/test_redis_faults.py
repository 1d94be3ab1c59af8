"""Redis that is not there, refuses, hangs, restarts, is full or read-only: nothing is lost, and the
log says what to do."""

import signal
import time

import harness
import pytest
import redisserver
from test_redis import BOTH, everything, newest

ENOUGH = "{type: ledger, series: 100}"


def ends_well(process, check, *arguments, **options):
    assert process.wait(120) == 0, process.log()
    check(*arguments, **options)


@pytest.fixture
def server(own_server):
    return own_server().start()


@pytest.fixture
def own_store(server, make_store):
    return make_store(f"redis://127.0.0.1:{server.port}")


def test_a_wrong_password_is_said_and_mended(own_server, make_store, poll):
    server = own_server("--requirepass", "right").start()
    process = make_store(f"redis://127.0.0.1:{server.port}").start(password="wr0ngwr0ng")
    poll(lambda: "check the user of url, and password" in process.log())
    assert "wr0ngwr0ng" not in process.log()
    server.client(password="right").config_set("requirepass", "wr0ngwr0ng")
    ends_well(process, newest, server.client(password="wr0ngwr0ng"), 10)


def test_no_password_is_said(own_server, make_store, poll):
    server = own_server("--requirepass", "right").start()
    process = make_store(f"redis://127.0.0.1:{server.port}").start()
    poll(lambda: "set password, and the user in url" in process.log())
    server.client(password="right").config_set("requirepass", "")
    ends_well(process, newest, server.client(), 10)


def test_a_password_that_the_server_does_not_want_is_said(server, own_store, poll):
    process = own_store.start(password="needless")
    poll(lambda: "the server wants no password: remove it" in process.log())
    server.client().config_set("requirepass", "needless")
    ends_well(process, newest, server.client(password="needless"), 10)


def test_missing_rights_are_said_and_mended(server, own_store, poll):
    client = server.client()
    client.execute_command("ACL", "SETUSER", "weir", "on", ">x", "~other:*", "+@all")
    url = f"redis://weir@127.0.0.1:{server.port}"
    process = own_store.start(url=url, password="x")
    poll(lambda: "by ACL SETUSER" in process.log())
    client.execute_command("ACL", "SETUSER", "weir", "~weir:*")
    ends_well(process, newest, client, 10)


def test_a_missing_database_is_said_and_mended(own_server, make_store, poll):
    server = own_server("--databases", "2").start()
    process = make_store(f"redis://127.0.0.1:{server.port}/2").start()
    poll(lambda: "name a database that the server has" in process.log())
    server.stop()
    server.start("--databases", "3")
    ends_well(process, newest, server.client(db=2), 10)


def test_a_server_that_comes_later(own_server, make_store, poll):
    server = own_server()
    process = make_store(f"redis://127.0.0.1:{server.port}").start(more=BOTH)
    poll(lambda: "check that the server runs there" in process.log())
    server.start()
    ends_well(process, everything, server.client())


def test_a_socket_that_comes_later(own_server, make_store, poll):
    server = own_server()
    process = make_store("redis://localhost").start(more=f", socket: {server.socket}")
    poll(lambda: "check that the server has its socket there" in process.log())
    server.start()
    ends_well(process, newest, server.client(), 10)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_restarts_in_mid_stream(server, own_store, poll, how):
    process = own_store.start(source=ENOUGH, days=3, more=BOTH)
    for turn in range(3):
        wanted = (turn + 1) * 1000
        poll(lambda: not process.running()
             or server.client().xlen("weir:history:ledger:part:99") >= wanted)  # fmt: skip
        getattr(server, how)()
        server.start()
    ends_well(process, everything, server.client(), series=100, days=3)
    assert "connected again to" in process.log()


def test_a_server_that_hangs(server, own_store, poll):
    """Paused so that what was sent is carried out when the agent has given up on it: the late
    commands of the old connection change nothing."""
    process = own_store.start(source=ENOUGH, days=3, more=BOTH + ", timeout: 200ms")
    for turn in range(3):
        wanted = (turn + 1) * 1000
        poll(lambda: not process.running()
             or server.client().xlen("weir:history:ledger:part:99") >= wanted)  # fmt: skip
        server.process.send(signal.SIGSTOP)
        time.sleep(1)  # several timeouts of the agent
        server.process.send(signal.SIGCONT)
    ends_well(process, everything, server.client(), series=100, days=3)
    assert "see whether the server hangs" in process.log()


def test_a_stop_does_not_wait_for_a_server_that_hangs(server, own_store, agent, poll):
    """However long its options would: the rows that are in memory go, and are counted."""
    source = "{type: ledger, interval: 20ms}"
    more = BOTH + ", connect_timeout: 5m, timeout: 1h, batch: {max_delay: 20ms}"
    running = agent(own_store.text(source=source, more=more))
    poll(lambda: server.client().xlen("weir:history:ledger:part:3") >= 20)
    log = harness.stopped_while_hanging(running, server.process)
    assert "dropped (shutdown), 0 held" in log, log


def test_connections_are_cut_again_and_again(server, own_store, poll):
    process = own_store.start(source=ENOUGH, days=2, more=BOTH)
    client, cuts = server.client(), 0

    def cut():
        nonlocal cuts
        cuts += client.client_kill_filter(_type="normal", skipme=True)
        return not process.running() or cuts >= 30

    poll(cut, interval=0.1)
    assert cuts > 0
    ends_well(process, everything, client, series=100, days=2)


def test_a_full_server(server, own_store, poll):
    client = server.client()
    client.config_set("maxmemory", client.info("memory")["used_memory"] + 3_000_000)
    process = own_store.start(source=ENOUGH, more=BOTH)
    poll(lambda: "raise the server's maxmemory" in process.log())
    client.config_set("maxmemory", 0)
    ends_well(process, everything, client, series=100)


def test_a_server_that_cannot_save(own_server, make_store, poll):
    """Snapshots into a folder that is gone: MISCONF."""
    server = own_server("--enable-protected-configs", "yes").start()
    own_store, client = make_store(f"redis://127.0.0.1:{server.port}"), server.client()
    client.set("x", "y")
    client.config_set("appendonly", "no")
    client.config_set("save", "1 1")
    gone = server.folder / "gone"
    gone.mkdir()
    client.config_set("dir", str(gone))
    gone.rmdir()
    client.bgsave()
    poll(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")
    process = own_store.start(more=BOTH)
    poll(lambda: "let the server save to its disk again" in process.log())
    client.config_set("stop-writes-on-bgsave-error", "no")
    ends_well(process, everything, client)


def test_a_replica_takes_no_rows(own_server, make_store, poll):
    master = own_server().start()
    replica = own_server("--replicaof", "127.0.0.1", master.port).start()
    poll(lambda: replica.client().info("replication")["master_link_status"] == "up")
    process = make_store(f"redis://127.0.0.1:{replica.port}").start(more=BOTH)
    poll(lambda: "name the server that takes writes" in process.log())
    replica.client().slaveof()
    ends_well(process, everything, replica.client())


def test_replicas_that_must_have_the_rows(server, own_server, own_store, poll):
    process = own_store.start(more=BOTH + ", replicas: 1, timeout: 1s")
    poll(lambda: "only 0 of 1 replicas have the rows" in process.log())
    replica = own_server("--replicaof", "127.0.0.1", server.port).start()
    ends_well(process, everything, replica.client())


def test_scripts_that_are_forgotten(server, own_store, poll):
    process = own_store.start(source=ENOUGH, more=BOTH)
    client = server.client()

    for _ in range(30):
        client.script_flush()
        time.sleep(0.05)
    ends_well(process, everything, client, series=100)


def test_a_node_of_a_cluster_that_is_taken_for_a_server(cluster, make_store, poll):
    nodes = cluster()
    process = make_store(f"redis://127.0.0.1:{nodes.nodes[0].port}").start()
    poll(lambda: "set cluster: true" in process.log())
    process.kill()


def test_a_server_that_is_taken_for_a_cluster(own_store, poll):
    process = own_store.start(more=", cluster: true")
    poll(lambda: "remove cluster" in process.log())
    process.kill()


def tls_url(server):
    return f"rediss://127.0.0.1:{server.port}"


def test_tls(own_server, make_store, certificates, poll):
    server = own_server(tls=(certificates, "server")).start()
    store = make_store(tls_url(server))
    good = (f", tls: {{ca: {certificates}/ca.pem, cert: {certificates}/agent.pem, "
            f"key: {certificates}/agent.key}}")  # fmt: skip
    log = store.backfill(more=BOTH + good)
    assert f"127.0.0.1:{server.port}, TLS" in log, log
    everything(server.client())

    for bad in (f"ca: {certificates}/other.pem", "verify: true",
                f"ca: {certificates}/ca.pem, cert: {certificates}/none.pem, "
                f"key: {certificates}/agent.key"):  # fmt: skip
        process = store.start(more=f", tls: {{{bad}}}", days=2)
        poll(lambda: "check tls: ca, cert and key" in process.log()
             or "tls.cert" in process.log())  # fmt: skip
        process.kill()
        (store.tmp_path / "log").unlink()


def test_the_server_wants_a_certificate_of_the_agent(own_server, make_store, certificates, poll):
    server = own_server(tls=(certificates, "server")).start()
    process = make_store(tls_url(server)).start(more=f", tls: {{ca: {certificates}/ca.pem}}")
    poll(lambda: "certificate required" in process.log())
    server.client().config_set("tls-auth-clients", "no")
    ends_well(process, newest, server.client(), 10)


def test_a_certificate_of_another_host_is_refused(own_server, make_store, certificates, poll):
    server = own_server("--tls-auth-clients", "no", tls=(certificates, "wrong")).start()
    store = make_store(tls_url(server))
    process = store.start(more=f", tls: {{ca: {certificates}/ca.pem}}")
    poll(lambda: "IP address mismatch; check tls: ca, cert and key" in process.log())
    process.kill()
    assert server.client().dbsize() == 0
    store.backfill("--restart", more=", tls: {verify: false}")
    newest(server.client(), 10)


def test_a_server_without_tls_is_refused_where_tls_is_wanted(server, make_store, poll):
    process = make_store(tls_url(server)).start(more=", tls: {verify: false}, connect_timeout: 1s")
    poll(lambda: "check that the server speaks TLS" in process.log()
         or "that the server speaks TLS" in process.log())  # fmt: skip
    process.kill()
    assert server.client().dbsize() == 0


def test_tls_connections_that_are_cut(own_server, make_store, certificates, poll):
    server = own_server("--tls-auth-clients", "no", tls=(certificates, "server")).start()
    store = make_store(tls_url(server))
    process = store.start(source=ENOUGH, more=BOTH + f", tls: {{ca: {certificates}/ca.pem}}")
    client = server.client()

    cuts = 0
    for _ in range(20):
        cuts += client.client_kill_filter(_type="normal", skipme=True)
        time.sleep(0.1)
    assert cuts > 0
    ends_well(process, everything, client, series=100)


def test_memory_only_buffers_lose_nothing_while_the_agent_lives(server, own_store, agent, poll):
    """Live, not a backfill: the rows of an outage are in memory and arrive after it."""
    more = BOTH + ", batch: {max_delay: 20ms}"
    source = "{type: ledger, interval: 20ms}"
    running = agent(own_store.text(source=source, more=more))
    stream = "weir:history:ledger:part:3"
    for turn in range(3):
        poll(lambda: server.client().xlen(stream) >= (turn + 1) * 50)
        server.kill()
        server.start()
    poll(lambda: server.client().xlen(stream) >= 250)
    log = running.stop_clean()
    assert " 0 dropped, 0 held" in log, log
    numbers = [int(entry[b"number"]) for _, entry in server.client().xrange(stream)]
    turns = [int(entry[b"turn"]) for _, entry in server.client().xrange(stream)]
    assert turns == list(range(len(turns))), "a row is missing or doubled"
    assert numbers == sorted(set(numbers))
    newest_hash = server.client().hgetall("weir:latest:ledger:part:3")
    assert int(newest_hash[b"turn"]) == turns[-1]
