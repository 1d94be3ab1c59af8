"""Rows in a cluster of three nodes while its slots move and its nodes go, and in a master that
sentinels replace."""

import random

import harness
import pytest
import redis
import redisserver
from test_redis import BOTH, everything, minutes

ENOUGH = "{type: ledger, series: 60}"
IN_CLUSTER = BOTH + ", cluster: true"


def key(part, kind="history"):
    return f"weir:{kind}:ledger:part:{part}"


def length(client, part):
    try:
        return client.xlen(key(part))
    except redis.exceptions.RedisError:
        return 0


class AllNodes:
    """Reads as `everything` wants to, wherever the keys are."""

    def __init__(self, cluster):
        self.client = cluster.client()

    def keys(self, pattern):
        return self.client.keys(pattern, target_nodes=redis.RedisCluster.PRIMARIES)

    def __getattr__(self, name):
        return getattr(self.client, name)


@pytest.fixture
def three(cluster):
    return cluster()


@pytest.fixture
def cluster_store(three, make_store):
    return make_store(three.url())


def test_every_row_once(three, cluster_store):
    log = cluster_store.backfill(more=IN_CLUSTER)
    assert "cluster of 3 masters" in log, log
    everything(AllNodes(three))
    other = f"redis://127.0.0.1:{three.nodes[1].port}"
    cluster_store.backfill("--restart", more=IN_CLUSTER, url=other)
    everything(AllNodes(three))
    assert all(node.client().dbsize() > 0 for node in three.nodes), "the rows are spread"


def test_messages_reach_every_node(three, cluster_store):
    listener = three.nodes[2].client().pubsub()
    listener.subscribe("weir:ledger")
    assert listener.get_message(timeout=30)["type"] == "subscribe"
    cluster_store.backfill(
        source="{type: ledger, interval: 1h}", more=", publish: {}, cluster: true"
    )
    found = [listener.get_message(timeout=30)["data"] for _ in range(240)]
    assert all(b'"measurement":"ledger"' in message for message in found)


def test_slots_are_those_of_the_server(three, cluster_store):
    """Random labels, hash tags among them, each stored by the node that CLUSTER KEYSLOT names at
    the first try: a wrong slot would be answered by MOVED."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    generator = random.Random(seed)
    for template in ("{measurement}:{labels}", "x{{{label.part}}}{measurement}:{labels}"):
        label = "".join(generator.choice("{}%ab*:é") for _ in range(12))
        source = f"{{type: ledger, series: 200, interval: 6h, labels: {{tag: '{label}'}}}}"
        more = f', cluster: true, latest: {{key: "{template}"}}'
        three.client().flushall(target_nodes=redis.RedisCluster.PRIMARIES)
        before = errors(three, "MOVED") + errors(three, "ASK")
        cluster_store.backfill("--restart", source=source, more=more)
        keys = AllNodes(three).keys("*")
        assert len(keys) == 200, keys[:3]
        assert errors(three, "MOVED") + errors(three, "ASK") == before


def errors(cluster, name):
    """How often nodes have answered so since they began."""
    found = [node.client().info("errorstats") for node in cluster.alive()]
    return sum(int(e.get(f"errorstat_{name}", "count=0").removeprefix("count=")) for e in found)


def migrate(cluster, slot, to, between=lambda: None):
    """Moves a slot as redis-cli does, with its keys, one at a time."""
    source = cluster.node_of(slot)
    ids = {n: n.client().execute_command("CLUSTER MYID").decode() for n in (source, to)}
    to.client().execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[source])
    source.client().execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[to])
    while found := source.client().execute_command("CLUSTER GETKEYSINSLOT", slot, 1):
        source.client().execute_command(
            "MIGRATE", "127.0.0.1", to.port, "", 0, 30_000, "KEYS", found[0]
        )
        between()
    for node in (to, *(n for n in cluster.nodes if n is not to)):
        node.client().execute_command("CLUSTER SETSLOT", slot, "NODE", ids[to])
    return source


def test_slots_that_move_while_rows_come(three, cluster_store, poll):
    process = cluster_store.start(source=ENOUGH, days=4, more=IN_CLUSTER)
    client = three.nodes[0].client()
    wait_client = three.client()
    poll(lambda: length(wait_client, 5) > 50)
    moved = 0
    for part in range(60):
        if not process.running():
            break
        slot = client.execute_command("CLUSTER KEYSLOT", key(part))
        source = three.node_of(slot)
        to = three.nodes[(three.nodes.index(source) + 1) % 3]

        def some_rows():
            # Rows come while the key is at its new node and the slot is not: ASK.
            before = errors(three, "ASK")
            poll(lambda: not process.running() or errors(three, "ASK") > before)

        migrate(three, slot, to, some_rows)
        moved += 1
    assert process.wait(240) == 0, process.log()
    assert moved > 0
    assert errors(three, "ASK") > 0, "no slot moved under way"
    assert errors(three, "MOVED") > 0
    everything(AllNodes(three), series=60, days=4)


def test_a_node_that_restarts(three, cluster_store, poll):
    process = cluster_store.start(source=ENOUGH, days=2, more=IN_CLUSTER)
    client = three.client()
    for turn, node in enumerate(three.nodes):
        poll(lambda: not process.running() or length(client, 5) >= 300 * (turn + 1))
        node.kill()
        node.start()
        three.wait_ok()
    assert process.wait(240) == 0, process.log()
    everything(AllNodes(three), series=60, days=2)


def test_a_node_that_is_replaced_by_its_replica(cluster, make_store, poll):
    nodes = cluster(replicas=1)
    more = IN_CLUSTER + ", replicas: 1, timeout: 5s"
    process = make_store(nodes.url()).start(source=ENOUGH, days=2, more=more)
    client = nodes.client()
    poll(lambda: length(client, 5) >= 200)
    slot = nodes.nodes[0].client().execute_command("CLUSTER KEYSLOT", key(5))
    victim = nodes.node_of(slot)
    victim.kill()
    poll(lambda: nodes.node_of(slot) is not victim, timeout=120, what="a replica takes over")
    # As many replicas as `replicas` wants.
    victim.start()
    nodes.wait_ok()
    assert process.wait(240) == 0, process.log()
    everything(AllNodes(nodes), series=60, days=2)


def test_rows_of_a_cluster_that_lacks_a_node_wait(three, cluster_store, poll):
    three.nodes[2].kill()
    poll(
        lambda: three.nodes[0].client().execute_command("CLUSTER INFO")["cluster_state"] == "fail",
        what="the cluster is down",
    )
    process = cluster_store.start(more=IN_CLUSTER)
    poll(lambda: "a slot has no node" in process.log() or "check that the server runs there"
         in process.log())  # fmt: skip
    three.nodes[2].start()
    assert process.wait(240) == 0, process.log()
    everything(AllNodes(three))


class Watched:
    """A master, a replica, and a sentinel that makes one the other."""

    def __init__(self, own_server, tmp_path, options=()):
        self.master = own_server(*options).start()
        self.replica = own_server(
            "--replicaof", "127.0.0.1", self.master.port, "--repl-diskless-sync-delay", 0, *options
        ).start()
        harness.poll(
            lambda: self.replica.client().info("replication")["master_link_status"] == "up"
        )
        self.sentinels = [self.sentinel(tmp_path / f"sentinel-{i}") for i in range(2)]

        def watching():
            found = [s.client().execute_command("SENTINEL MASTERS") for s in self.sentinels]
            return all(f["chief"]["num-slaves"] == 1 for f in found)

        harness.poll(watching, what="the sentinels have found the replica")

    def sentinel(self, folder):
        sentinel = redisserver.Server(folder)
        config = folder / "sentinel.conf"
        config.write_text(
            f"port {sentinel.port}\nbind 127.0.0.1\ndir {folder}\nunixsocket {sentinel.socket}\n"
            f"sentinel monitor chief 127.0.0.1 {self.master.port} 1\n"
            "sentinel down-after-milliseconds chief 1000\nsentinel failover-timeout chief 10000\n"
        )
        sentinel.options = [config, "--sentinel"]
        return sentinel.start()

    def url(self):
        return "redis://" + ",".join(f"127.0.0.1:{s.port}" for s in self.sentinels)

    def kill(self):
        for sentinel in self.sentinels:
            sentinel.kill()


@pytest.fixture
def watched(own_server, tmp_path):
    made = Watched(own_server, tmp_path)
    yield made
    made.kill()


def is_master(server):
    try:
        return server.client().info("replication")["role"] == "master"
    except redis.ConnectionError:  # who promotes a server throws out all who are connected to it
        return False


def test_a_master_that_is_replaced(watched, make_store, poll):
    more = BOTH + ", sentinel: {master: chief}"
    process = make_store(watched.url()).start(source=ENOUGH, days=2, more=more + ", replicas: 1")
    poll(lambda: watched.master.client().xlen(key(5)) >= 200)
    watched.sentinels[0].kill()
    watched.master.kill()
    poll(lambda: is_master(watched.replica), timeout=120)
    # What was the master comes back as a replica, which `replicas` waits for.
    watched.master.start()
    assert process.wait(240) == 0, process.log()
    assert f"127.0.0.1:{watched.replica.port}" in process.log()
    everything(watched.replica.client(), series=60, days=2)


def test_a_failover_on_purpose(watched, make_store, poll):
    process = make_store(watched.url()).start(
        source=ENOUGH, days=2, more=BOTH + ", sentinel: {master: chief}, replicas: 1"
    )
    poll(lambda: watched.master.client().xlen(key(5)) >= 200)
    watched.sentinels[0].client().execute_command("SENTINEL FAILOVER", "chief")
    assert process.wait(240) == 0, process.log()
    poll(lambda: is_master(watched.replica), timeout=120)
    everything(watched.replica.client(), series=60, days=2)


def test_a_name_that_the_sentinels_do_not_know(watched, make_store, poll):
    process = make_store(watched.url()).start(more=", sentinel: {master: nobody}")
    poll(lambda: "knows no master 'nobody'; check sentinel: master" in process.log())
    process.kill()


def test_all_rows_of_the_last_minute(three, cluster_store):
    """The newest rows of all series are those of the last time."""
    cluster_store.backfill(source=ENOUGH, more=", cluster: true")
    client = three.client()
    assert {int(client.hget(key(part, "latest"), "number")) for part in range(60)} == {
        minutes()[-1]
    }
