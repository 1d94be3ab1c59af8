"""A broker that does not grant subscriptions: the source mqtt is not connected, says why, and asks
again."""

import json

import harness
import pytest
import scripted
import subscriber

SUBSCRIPTIONS = [{"topic": "a/+"}, {"topic": "b/+"}]


@pytest.fixture
def run(agent, tmp_path):
    """A function that starts an agent beside a broker that follows a script."""
    brokers = []

    def start(script):
        brokers.append(scripted.Broker(script))
        sinks = {"out": {"type": "file", "inputs": ["bridge"], "path": f"{tmp_path}/rows.jsonl"}}
        text = subscriber.config(brokers[-1], tmp_path, SUBSCRIPTIONS, sinks, connect_timeout="1s")
        return brokers[-1], agent(text)

    yield start
    for broker in brokers:
        broker.close()


def test_an_answer_that_does_not_come_ends_the_connection(run):
    broker, running = run(lambda *_: None)
    running.wait_log("no answer to SUBSCRIBE within connect_timeout")
    harness.poll(lambda: broker.connections > 1)
    assert "connected to MQTT" not in running.log()


@pytest.mark.parametrize("codes, shift", [((1, 1), 1), ((1,), 0)])
def test_an_answer_to_something_else_ends_the_connection(run, codes, shift):
    def script(connection, kind, body):
        if kind == scripted.SUBSCRIBE:
            connection.sendall(scripted.suback(body, *codes, shift=shift))

    _, running = run(script)
    assert "connected to MQTT" not in running.wait_log("does not fit to what was asked")


def test_what_is_refused_is_asked_for_again_while_the_rest_works(run, tmp_path):
    asked, acknowledged = [], []

    def script(connection, kind, body):
        if kind == scripted.SUBSCRIBE:
            asked.append(body)
            if len(asked) > 1:
                return connection.sendall(scripted.suback(body, 1))
            connection.sendall(scripted.suback(body, 1, scripted.NOT_AUTHORIZED))
            connection.sendall(scripted.publish(b"a/x", b'{"n":1}', 9))
        if kind == scripted.PUBACK:
            acknowledged.append(body)

    broker, running = run(script)
    log = running.wait_log("the broker refused to subscribe 'b/+': not authorized")
    harness.poll(lambda: acknowledged == [b"\0\x09"])
    assert "connected to MQTT" not in log
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["fields"]["n"] for row in rows] == [1]
    running.wait_log("connected to MQTT 5")
    assert b"a/+" not in asked[1] and b"b/+" in asked[1]
    assert broker.connections == 1
