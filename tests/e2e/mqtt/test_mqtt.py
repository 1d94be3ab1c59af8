"""Rows published by the real agent to Mosquitto and read by paho."""

import json
import signal
import urllib.parse

import extremes
import harness
import pytest

FIRST = 1767225600 // 60  # the number of the first row: the minute of 2026-01-01T00:00:00Z


def ledger(series, minutes):
    return [(str(part), FIRST + m) for m in range(minutes) for part in range(series)]


def numbers(rows):
    return [(row["labels"]["part"], row["fields"]["number"]) for row in rows]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_every_row_once_and_in_order(publisher, reader, protocol, qos):
    publisher.backfill(minutes=300, qos=qos, protocol=protocol, topic="rows/{label:part}")
    if qos == 0:  # the broker may not have read them yet
        harness.poll(lambda: len(reader.messages) >= 3000)
    rows = reader.rows()
    assert numbers(rows) == ledger(10, 300)
    assert all(row["topic"] == "rows/" + row["labels"]["part"] for row in rows)


def test_messages_have_the_qos_that_is_wanted(broker, publisher, make_reader):
    reader = make_reader(broker, "weir/ledger", qos=2)
    for qos in (0, 1, 2):
        publisher.backfill("--restart", minutes=2, qos=qos)
        harness.poll(lambda: len(reader.messages) >= (qos + 1) * 20)
    assert [m.qos for m in reader.views()] == [0] * 20 + [1] * 20 + [2] * 20


def test_extreme_values_are_those_of_the_file_sink(publisher, reader, tmp_path):
    files = "".join(
        f"  {name}: {{type: file, inputs: [rows], path: {tmp_path}/{name}, format: {name}}}\n"
        f"  m{name}: {{type: mqtt, inputs: [rows], topic: '{topic}', format: {kind},\n"
        f"    client_id: {name}, url: 'mqtt://127.0.0.1:{publisher.broker.port}'}}\n"
        for name, topic, kind in (("jsonl", "j/{label:number}", "json"), ("influx", "i", "influx"))
    )
    log = publisher.backfill(
        source="{type: extremes, interval: 12h}", sinks=files, topic="t/{label:text}", expect=1
    )
    assert "its topic is longer than 65535 bytes" in log, log
    messages = reader.views()
    lines = (tmp_path / "jsonl").read_bytes().splitlines()
    assert len(lines) == 2 * len(extremes.TEXTS)
    assert [m.payload for m in messages if m.topic.startswith("j/")] == lines
    influx = [m.payload for m in messages if m.topic == "i"]
    assert influx == (tmp_path / "influx").read_bytes().splitlines()
    topics = [m.topic for m in messages if m.topic.startswith("t/")]
    wanted = [text for text in extremes.TEXTS if len(text) < 65536]
    assert len(topics) == 2 * len(wanted)
    for topic, text in zip(topics, wanted * 2):
        level = topic.removeprefix("t/")
        assert not set(level) & set("/+#") and level.isprintable()
        assert urllib.parse.unquote(level, errors="strict") == (text or "_")


def test_rows_of_a_topic_share_messages(publisher, reader):
    publisher.backfill(minutes=60, topic="rows/{label:part}", rows_per_message=7)
    sizes = [m.payload.count(b"\n") + 1 for m in reader.settle()]
    assert max(sizes) == 7
    rows = reader.rows()
    for part in range(10):
        mine = [n for n in numbers(rows) if n[0] == str(part)]
        assert mine == [(str(part), FIRST + m) for m in range(60)]
    assert len(rows) == 600


def test_topics_of_fields(publisher, reader):
    publisher.backfill(minutes=2, topic="at/{field:number}/{measurement}/{field:gone}")
    assert sorted({m.topic for m in reader.views()}) == [
        f"at/{FIRST}/ledger/_", f"at/{FIRST + 1}/ledger/_"
    ]  # fmt: skip


def test_readings_of_devices(publisher, reader):
    devices = "{type: iot_simulator, seed: 1, status: false, devices: {env: {kind: environment}}}"
    publisher.backfill(
        source=devices, minutes=5, format="reading", topic="devices/{label:device_id}"
    )
    messages = reader.settle()
    assert len(messages) == 5
    for message in messages:
        readings = json.loads(message.payload)
        assert message.topic == "devices/env"
        assert {"temperature", "humidity"} <= {r["name"] for r in readings}
        for reading in readings:
            assert list(reading) == [
                "device_id", "name", "value", "unit", "timestamp", "owner_id"
            ]  # fmt: skip
            assert reading["device_id"] == "env"


def test_the_last_message_of_each_topic_is_retained(broker, publisher, make_reader):
    publisher.backfill(minutes=10, topic="rows/{label:part}", retain=True)
    late = make_reader(broker)
    harness.poll(lambda: len(late.messages) == 10)
    assert all(message.retain for message in late.messages)
    assert sorted(numbers(late.rows())) == [(str(p), FIRST + 9) for p in range(10)]


NOTICES = {
    "birth": {"topic": "status", "payload": "online"},
    "will": {"topic": "status", "payload": "offline"},
}


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_birth_and_will(publisher, reader, agent, poll, protocol):
    text = publisher.text(protocol=protocol, **NOTICES)
    statuses = lambda: [m.payload.decode() for m in reader.messages if m.topic == "status"]
    first = agent(text)
    poll(lambda: statuses() == ["online"])
    first.send(signal.SIGKILL)
    first.wait()
    poll(lambda: statuses() == ["online", "offline"])
    second = agent(text)
    poll(lambda: statuses() == ["online", "offline", "online"])
    second.stop_clean()
    poll(lambda: statuses() == ["online", "offline", "online", "offline"])


def test_properties_of_mqtt_5(publisher, reader):
    publisher.backfill(
        minutes=1, expiry="1h", content_type="application/json",
        user_properties={"site": "fra1", "ä": "€"},
    )  # fmt: skip
    for message in reader.settle():
        found = message.properties
        assert found.ContentType == "application/json"
        assert found.MessageExpiryInterval in (3599, 3600)
        assert sorted(found.UserProperty) == [("site", "fra1"), ("ä", "€")]
    assert len(reader.messages) == 10


def test_check_names_what_cannot_work(publisher, weir, config):
    text = publisher.text(
        topic="a/+/{host}", protocol="3.1.1", expiry="1h", format="imu", rows_per_message=4000,
        will={"topic": "#"}, sparkplug={"node": "a/b"},
    )  # fmt: skip
    done = weir("check", "-c", config(text))
    assert done.returncode == 78
    for wrong in (
        "has a wildcard",
        "is of MQTT 5 only",
        "at most 3276 with imu",
        "is for the format sparkplug",
        "is no Sparkplug id",
    ):
        assert wrong in done.stderr, done.stderr
    assert "expected {measurement}" in weir(
        "check", "-c", config(publisher.text(topic="a/{host}"))
    ).stderr
