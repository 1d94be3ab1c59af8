"""Rows in Redis, written by the real agent and read by redis-py."""

import datetime
import json
import math
import random
import signal
import threading
import urllib.parse

import extremes
import harness
import pytest
import redisserver

FIRST = int(datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
BOTH = ", latest: {}, history: {max_length: 0}"


def minutes(days=1):
    return range(FIRST // 60, FIRST // 60 + days * 1440)


def histories(client, series, days=1):
    """Every row of the ledger is in the stream of its series, once, in order, and no other."""
    assert len(client.keys("weir:history:*")) == series
    for part in range(series):
        entries = client.xrange(f"weir:history:ledger:part:{part}")
        found = [(key, int(entry[b"number"])) for key, entry in entries]
        assert found == [(f"{n * 60_000}-0".encode(), n) for n in minutes(days)], part


def newest(client, series, days=1):
    """The hash of each series of the ledger is its last row."""
    last = minutes(days)[-1]
    time = datetime.datetime.fromtimestamp(last * 60, datetime.timezone.utc)
    for part in range(series):
        found = client.hgetall(f"weir:latest:ledger:part:{part}")
        assert set(found) == {b"time", b"number", b"turn", b"run"}, (part, found)
        assert int(found[b"number"]) == last
        assert found[b"time"] == time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z").encode()


def everything(client, series=10, days=1):
    histories(client, series, days)
    newest(client, series, days)
    return True


def test_every_row_once(store, shared_server):
    client = shared_server.client()
    log = store.backfill(more=BOTH)
    assert "connected to Redis " in log, log
    everything(client)
    store.backfill("--restart", more=BOTH)
    everything(client)


def test_with_no_option_the_newest_rows_are_kept(store, shared_server):
    store.backfill()
    newest(shared_server.client(), 10)
    assert len(shared_server.client().keys()) == 10


def test_history_is_as_long_as_it_was_told(store, shared_server):
    store.backfill(more=", history: {max_length: 300}")
    for part in range(10):
        entries = shared_server.client().xrange(f"weir:history:ledger:part:{part}")
        numbers = [int(entry[b"number"]) for _, entry in entries]
        assert 300 <= len(numbers) <= 400
        assert numbers == list(minutes())[-len(numbers) :]
    # What comes again is not taken for new, though it was trimmed away.
    store.backfill("--restart", more=", history: {max_length: 300}")
    assert shared_server.client().xlen("weir:history:ledger:part:3") == len(numbers)


def test_keys_go_when_nothing_comes_any_more(store, shared_server, poll):
    client = shared_server.client()
    store.backfill(more=", latest: {ttl: 1h}, history: {ttl: 2h}")
    ttls = {key.split(b":")[1]: client.pttl(key) for key in client.keys()}
    assert 0 < ttls[b"latest"] <= 3_600_000 < ttls[b"history"] <= 7_200_000
    store.backfill("--restart", more=", latest: {ttl: 1s}, history: {ttl: 1s}")
    poll(lambda: client.dbsize() == 0)


def test_rows_are_published(store, shared_server):
    listener = shared_server.client().pubsub()
    listener.psubscribe("*")
    assert listener.get_message(timeout=30)["type"] == "psubscribe"
    found = []

    def listen():
        while len(found) < 1440 * 10:
            message = listener.get_message(timeout=30)
            if message is None:
                return
            found.append((message["channel"], json.loads(message["data"])))

    thread = threading.Thread(target=listen)
    thread.start()
    store.backfill(more=', publish: {channel: "rows:{measurement}:{label.part}"}')
    thread.join()
    listener.close()
    assert shared_server.client().dbsize() == 0
    assert len(found) == 1440 * 10
    for channel, row in found:
        assert row["measurement"] == "ledger"
        assert channel == f"rows:ledger:{row['labels']['part']}".encode()
    assert {row["fields"]["number"] for _, row in found} == set(minutes())


TEXTS = [text.encode().replace("\ufffd\ufffd".encode(), b"\xff\xc3") for text in extremes.TEXTS]


def key(kind, number):
    text = TEXTS[number]
    labels = f"number:{number}" + (f":text:{urllib.parse.quote(text)}" if text else "")
    return f"weir:{kind}:extremes:{labels}"


def test_values_as_they_were(store, shared_server):
    client = shared_server.client()
    store.backfill(source="{type: extremes, interval: 6h}", more=BOTH)
    wanted = extremes.rows(lambda real: real)
    assert len(client.keys("weir:latest:*")) == len(client.keys("weir:history:*")) == len(wanted)
    for number, want in enumerate(wanted):
        found = client.hgetall(key("latest", number))
        entries = client.xrange(key("history", number))
        assert found.pop(b"time") == b"2026-01-01T18:00:00.000000000Z"
        assert len(entries) == 4
        for _, entry in entries:
            if want[2] is None:
                assert entry.keys() == {b"time"} and not found
                continue
            assert entry == found
        if want[2] is None:
            continue
        names = [b"real", b"signed", b"unsigned", b"flag", b"words",
                 b"wait.count", b"wait.sum", b"wait.buckets"]  # fmt: skip
        real, signed, unsigned, flag, words, count, total, buckets = (found.pop(n) for n in names)
        assert not found
        assert extremes.same(float(real), want[2]) or math.isnan(want[2]) and real == b"nan"
        assert (int(signed), int(unsigned), int(flag)) == tuple(want[3:6])
        assert words == TEXTS[number]
        assert (int(count), float(total), json.loads(buckets)) == tuple(want[7:10])


def test_series_whose_labels_look_like_wildcards_and_keys_are_apart(store, shared_server):
    """Each series' hash is its own, and a pattern made of its key finds no other."""
    store.backfill(source="{type: extremes, interval: 12h}")
    client = shared_server.client()
    for number in range(len(TEXTS)):
        assert client.keys(key("latest", number)) == [key("latest", number).encode()]
        assert client.hexists(key("latest", number), "time")


def test_the_layout_of_the_documents_by_configuration_alone(store, shared_server):
    """rmf-simulator-architecture.md, CacheManager: name, then key:value by key; five minutes."""
    store.backfill(more=', latest: {key: "{measurement}:{labels}", ttl: 300s}')
    client = shared_server.client()
    assert set(client.keys()) == {f"ledger:part:{part}".encode() for part in range(10)}
    assert 0 < client.ttl("ledger:part:3") <= 300


def test_the_example(own_server, agent, poll):
    server = own_server("--requirepass", redisserver.PASSWORD).start()
    client = server.client(password=redisserver.PASSWORD)
    example = harness.REPOSITORY / "etc" / "examples" / "redis.yaml"
    environment = {"REDIS_PORT": str(server.port), "REDIS_PASSWORD": redisserver.PASSWORD}
    text = example.read_text().replace("interval: 15s", "interval: 200ms")
    running = agent(text, env=environment)
    memory = "rmf_memory_usage:lpar:{}:memory_type:{}:sysplex:SYSPLEX01"

    def is_written():
        keys = [key.decode() for key in client.keys("rmf_memory_usage:*")]
        return keys and all(client.xlen(f"history:{key}") > 10 for key in keys) and keys

    keys = poll(is_written)
    parts = [key.split(":") for key in keys]
    assert all([part[1::2] == ["lpar", "memory_type", "sysplex"] for part in parts]), keys
    found = memory.format(parts[0][2], parts[0][4])
    assert int(float(client.hget(found, "bytes"))) > 0
    assert 0 < client.ttl(found) <= 300
    log = running.stop_clean()
    assert "rejected" not in log and "0 held" in log, log


def test_a_value_that_is_no_longer_there_goes(store, shared_server):
    """Of a newer row; an older one changes nothing."""
    client = shared_server.client()
    hash_key = "weir:latest:ledger:part:3"
    client.hset(hash_key, mapping={"time": "2025-01-01T00:00:00.000000000Z", "number": 1, "x": 2})
    store.backfill()
    newest(shared_server.client(), 3)
    assert client.hget(hash_key, "x") == b"2", "what is none of this measurement's stays"
    newer = {b"time": b"2027-01-01T00:00:00.000000000Z", b"number": b"1"}
    client.delete(hash_key)
    client.hset(hash_key, mapping=newer)
    store.backfill("--restart")
    assert client.hgetall(hash_key) == newer


def test_rows_that_are_late_are_appended_and_those_that_are_there_are_not(store, shared_server):
    client = shared_server.client()
    stream = "weir:history:ledger:part:3"
    client.xadd(stream, {"number": 0}, id=f"{(FIRST + 86_400) * 1000}-0")
    more = ", history: {max_length: 0}"
    store.backfill(more=more)
    entries = client.xrange(stream)
    assert [int(entry[b"number"]) for _, entry in entries] == [0, *minutes()]
    last = entries[-1]
    assert last[1][b"time"] == b"2026-01-01T23:59:00.000000000Z"
    assert last[0].startswith(f"{(FIRST + 86_400) * 1000}-".encode())
    assert b"time" not in client.xrange("weir:history:ledger:part:4")[0][1]


def test_another_row_of_the_same_series_and_time_is_not_taken_for_one_that_came_again(
    store, shared_server
):
    """As two sources make them that measure different things of one series."""
    client = shared_server.client()
    stream = "weir:history:ledger:part:3"
    last = f"{(FIRST + 86_400 - 60) * 1000}-0"
    client.xadd(stream, {"other": 7}, id=f"{FIRST * 1000}-0")
    client.xadd(stream, {"other": 8}, id=last)
    store.backfill(more=", history: {max_length: 0}")
    entries = client.xrange(stream)
    assert [entry for entry in entries if b"other" in entry[1]] == [
        (f"{FIRST * 1000}-0".encode(), {b"other": b"7"}), (last.encode(), {b"other": b"8"}),
    ]  # fmt: skip
    numbers = [int(entry[b"number"]) for _, entry in entries if b"number" in entry]
    assert numbers == list(minutes()), "no row is missing or doubled"


def test_a_key_of_another_type_rejects_its_rows_alone(store, shared_server):
    client = shared_server.client()
    client.set("weir:latest:ledger:part:3", "mine")
    client.set("weir:history:ledger:part:4", "mine")
    log = store.backfill(more=", latest: {ttl: 1h}, history: {max_length: 0, ttl: 1h}", expect=1)
    assert client.ttl("weir:latest:ledger:part:3") == client.ttl("weir:history:ledger:part:4") == -1
    assert "something else has that key" in log, log
    assert "2880 dropped (rejected), 0 held" in log, log
    assert client.get("weir:latest:ledger:part:3") == b"mine"
    assert client.xlen("weir:history:ledger:part:3") == 1440
    assert client.xlen("weir:history:ledger:part:5") == 1440
    assert client.hget("weir:latest:ledger:part:4", "number") == str(minutes()[-1]).encode()


def test_a_key_that_is_too_large_rejects_its_row_alone(own_server, make_store):
    """Six labels of 64 KiB, each byte of which is three in a key."""
    server = own_server("--proto-max-bulk-len", "1mb").start()
    store = make_store(f"redis://127.0.0.1:{server.port}")
    labels = ", ".join(f"large_{i}: '{'*' * 65_000}'" for i in range(6))
    text = store.text(more=BOTH).replace("{type: ledger}}", f"{{type: ledger}}, large: "
                      f"{{type: ledger, interval: 12h, labels: {{{labels}}}}}}}")
    text = text.replace("inputs: [rows]", "inputs: [rows, large]")
    assert "large_5" in text
    path = store.config(text)
    done = harness.weir("backfill", "-c", path, "--from", "2026-01-01", "--to", "2026-01-02",
                        timeout=120)  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "raise the server's proto-max-bulk-len" in done.stderr
    assert "20 dropped (rejected), 0 held" in done.stderr, done.stderr
    everything(server.client())


def test_killed_at_random_instants(store, shared_server, tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    generator = random.Random(seed)
    client = shared_server.client()
    options = {"source": "{type: ledger, series: 100}", "more": BOTH}
    turns = 0
    for turn in range(6):
        process = store.start(**options)
        wanted = generator.randrange(1200)

        def written():
            return not process.running() or client.xlen("weir:history:ledger:part:99") >= wanted

        harness.poll(written, interval=0.001)
        turns += process.running()
        process.send(signal.SIGKILL)
        process.wait()
    store.backfill(**options)
    assert turns > 0, "it was never killed"
    everything(client, series=100)


def test_a_unix_socket(store, shared_server):
    log = store.backfill(more=f", socket: {shared_server.socket}", url="redis://localhost/2")
    assert shared_server.socket in log, log
    newest(shared_server.client(db=2), 10)
    assert shared_server.client().dbsize() == 0


@pytest.mark.parametrize("more", ["", BOTH])
def test_secrets_stay_out_of_the_log(own_server, make_store, more):
    server = own_server("--requirepass", "0123secret3210").start()
    store = make_store(f"redis://127.0.0.1:{server.port}")
    log = store.backfill(password="0123secret3210", more=more + ", timeout: 20s")
    assert "0123secret3210" not in log
    newest(server.client(password="0123secret3210"), 10)


def test_acl_users_with_no_more_rights_than_the_readme_says(own_server, make_store):
    server = own_server().start()
    client = server.client()
    readme = (harness.REPOSITORY / "plugins/sinks/redis/README.md").read_text()
    rule = next(line for line in readme.splitlines() if "ACL SETUSER" in line)
    words = rule.strip().removeprefix("ACL SETUSER weir on ").split()
    words = [word for word in words if not word.startswith(">")]
    client.execute_command("ACL", "SETUSER", "w@ir", "on", f">{redisserver.PASSWORD}", *words)
    client.execute_command("ACL", "SETUSER", "default", "off")
    store = make_store(f"redis://w%40ir@127.0.0.1:{server.port}")
    more = ", latest: {ttl: 1h}, history: {max_length: 0, ttl: 1h}, publish: {}"
    store.backfill(password=redisserver.PASSWORD, more=more)
    store.backfill("--restart", password=redisserver.PASSWORD, more=more)
    client.execute_command("ACL", "SETUSER", "default", "on")
    everything(client)
