"""What a broker acknowledged to who published it is in the database once, whatever is killed."""

import json
import os
import random
import time

import harness
import pytest
import subscriber

STREAM = [{"topic": "stream/{device}/data", "time": "at"}]


@pytest.fixture
def seed():
    value = int(os.environ.get("WEIR_SEED", random.randrange(2**32)))
    print(f"WEIR_SEED={value}")
    return random.Random(value)


def expect_all_once(path, taken):
    def all_there():
        have = subscriber.rows(path, "select n, count(*) from mqtt group by n")
        return len(have) == len(taken) and have

    have = harness.poll(all_there, 120, 0.2, f"{len(taken)} rows")
    assert {int(n) for n, _ in have} == taken
    assert [n for n, count in have if count != 1] == []


@pytest.mark.parametrize("qos", [1, 2])
def test_an_agent_that_is_killed_loses_nothing(qos, broker, agent, tmp_path, seed):
    database = tmp_path / "rows.db"
    subscriptions = [{**STREAM[0], "qos": qos}]
    sinks = {"store": subscriber.store(database)}
    text = subscriber.config(broker, tmp_path, subscriptions, sinks)
    running = agent(text)
    running.wait_log("connected to MQTT 5")
    stream = subscriber.Stream(broker, qos, pause=0.001)
    for _ in range(12):
        time.sleep(seed.uniform(0.05, 0.6))
        running.kill()
        running = agent(text, ready=False)
    taken = stream.finish()
    assert len(taken) > 500
    expect_all_once(database, taken)
    running.stop_clean()


def test_messages_stay_at_the_broker_while_a_sink_is_down(make_broker, agent, tmp_path):
    broker = make_broker()
    database = tmp_path / "rows.db"
    store = subscriber.store(database, retry={"initial": "50ms", "max": "200ms"})
    dead = {"type": "unavailable", "inputs": ["bridge"], "required": True,
            "buffer": {"when_full": "block"},
            "retry": {"initial": "50ms", "max": "1s"}}  # fmt: skip
    sinks = {"store": store, "dead": dead}
    options = {"max_in_flight": 100, "keep_alive": "5s"}
    running = agent(subscriber.config(broker, tmp_path, STREAM, sinks, **options))
    running.wait_log("connected to MQTT")
    stream = subscriber.Stream(broker)
    harness.poll(lambda: len(stream.acknowledged) > 200)
    _, before = running.rss_kib()
    harness.poll(lambda: len(stream.acknowledged) > 10_000)
    taken = stream.finish()
    _, after = running.rss_kib()
    assert after < before + 2048, "memory grew while nothing was delivered"
    log = broker.log()
    assert log.count("Sending PUBLISH to weir-") <= 100
    assert "Received PUBACK from weir-" not in log
    time.sleep(9)  # longer than the broker waits for a client that is silent
    assert "exceeded timeout" not in broker.log()
    running.stop_clean()
    # The same without the dead sink: all of it comes again.
    running = agent(subscriber.config(broker, tmp_path, STREAM, {"store": store}))
    expect_all_once(database, taken)


def test_rows_that_a_full_queue_dropped_are_emitted_again(broker, agent, tmp_path):
    database = tmp_path / "rows.db"
    store = subscriber.store(database, buffer={"when_full": "drop_newest", "max_size": "64KiB"},
                             batch={"max_rows": 50, "max_delay": "20ms"})  # fmt: skip
    running = agent(subscriber.config(broker, tmp_path, STREAM, {"store": store}))
    running.wait_log("connected to MQTT")
    # The broker has 20 on the way at most: together more than the queue takes.
    stream = subscriber.Stream(broker, more={"text": 10_000 * "x"})
    harness.poll(lambda: len(stream.acknowledged) > 3_000)
    expect_all_once(database, stream.finish())
    running.wait_log("rows were dropped, the newest first (")


def test_a_broker_that_was_never_there_is_known_to_be_missing(broker, agent, tmp_path):
    broker.stop()
    port = harness.free_port()
    text = json.loads(subscriber.config(broker, tmp_path, STREAM, {
        "store": subscriber.store(tmp_path / "rows.db")}, required=True))  # fmt: skip
    text["agent"]["http"] = {"listen": f"127.0.0.1:{port}"}
    agent(json.dumps(text)).wait_log("trying again")
    status, _, body = harness.http_get(f"http://127.0.0.1:{port}/ready")
    assert status == 503 and "is not connected to its server as" in body.decode()
    _, _, body = harness.http_get(f"http://127.0.0.1:{port}/metrics")
    assert 'weir_peer_connected{component="bridge"} 0\n' in body.decode()


@pytest.mark.parametrize("how", ["stop", "kill", "pause"])
def test_a_broker_that_goes_away_is_connected_to_again(how, make_broker, agent, tmp_path):
    # A broker that is killed keeps what it has written: here, all that it has acknowledged.
    broker = make_broker("persistence true", f"persistence_location {tmp_path}/",
                         "autosave_on_changes true", "autosave_interval 1")  # fmt: skip
    database = tmp_path / "rows.db"
    options = {"keep_alive": "5s", "client_id": "bridge"}
    sinks = {"store": subscriber.store(database)}
    running = agent(subscriber.config(broker, tmp_path, STREAM, sinks, **options))
    running.wait_log("connected to MQTT")
    device = subscriber.Device(broker)
    for n in range(100):
        device.publish("stream/d/data", {"n": n, "at": 1_700_000_000_000 + n})
    expect_all_once(database, set(range(100)))
    if how == "pause":
        broker.pause()
        running.wait_log("the broker was silent", 60)
        broker.resume()
    else:
        getattr(broker, how)()
        running.wait_log("lost the connection")
        broker.start()
    running.wait_log("connected again")
    device.close()
    device = subscriber.Device(broker)
    for n in range(100, 200):
        device.publish("stream/d/data", {"n": n, "at": 1_700_000_000_000 + n})
    device.close()
    expect_all_once(database, set(range(200)))


def test_what_came_before_is_not_emitted_twice_to_a_sink_that_waits(make_broker, agent, tmp_path):
    """The connection is lost while rows are in flight: the broker sends them again, and the agent
    knows them, for QoS 1 and 2."""
    broker = make_broker()
    path = tmp_path / "rows.jsonl"
    sinks = {"out": {"type": "file", "inputs": ["bridge"], "path": str(path), "required": True,
                     "batch": {"max_delay": "6s"}}}  # fmt: skip
    subscriptions = [{"topic": "q/{qos}", "qos": 2}]
    running = agent(subscriber.config(broker, tmp_path, subscriptions, sinks, client_id="bridge"))
    running.wait_log("connected to MQTT")
    device = subscriber.Device(broker)
    for qos in (1, 2):
        for n in range(10):
            device.publish(f"q/{qos}", {"n": n}, qos=qos)
    thief = subscriber.paho.Client("bridge", clean_session=False)
    thief.connect("127.0.0.1", broker.tests_port)
    thief.loop_start()
    harness.poll(thief.is_connected)
    thief.disconnect()
    thief.loop_stop()
    running.wait_log("connected again")
    device.publish("q/1", {"n": 99})
    lines = harness.poll(lambda: '"n":99' in path.read_text() and path.read_text().splitlines())
    assert len(lines) == 21, lines
    device.close()
