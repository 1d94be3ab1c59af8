"""The source mqtt against Debian's Mosquitto: what devices publish are rows."""

import json
import struct
import time

import harness
import mosquitto
import pytest
import subscriber
from paho.mqtt import client as paho

T0 = 1_795_255_200  # 2026-11-21T10:00:00Z


@pytest.fixture
def device(broker):
    device = subscriber.Device(broker)
    yield device
    device.close()


@pytest.fixture
def bridge(broker, agent, tmp_path):
    """A function that starts an agent with subscriptions; returns it and the path of its rows."""

    def start(subscriptions, name="a", to=broker, **options):
        path = tmp_path / f"{name}.jsonl"
        sinks = {"out": {"type": "file", "inputs": ["bridge"], "path": str(path),
                         "buffer": {"when_full": "block"}}}  # fmt: skip
        running = agent(subscriber.config(to, tmp_path, subscriptions, sinks, **options))
        running.wait_log("connected to MQTT")
        return running, path

    return start


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_rows(path, count):
    harness.poll(lambda: len(rows_of(path)) >= count, what=f"{count} rows in {path.name}")
    rows = rows_of(path)
    assert len(rows) == count, rows
    return rows


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def imu_packet(base, time_us, samples):
    body = struct.pack("<IQH", base, time_us, len(samples))
    for s in samples:
        body += struct.pack(">6h", *s[:6]) + struct.pack("<3h", *s[6:9]) + struct.pack(">h", s[9])
    packet = b"\x7c\x1e" + struct.pack("<H", len(body)) + body
    return packet + struct.pack("<H", crc16(packet))


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, wire, value):
    if wire == 2:
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3 | wire) + (varint(value) if wire == 0 else value)


def metric(name=b"", alias=None, kind=10, value=None, when=None):
    out = field(1, 2, name) if name else b""
    out += field(2, 0, alias) if alias is not None else b""
    out += field(3, 0, when) if when is not None else b""
    out += field(4, 0, kind) if kind else b""
    return field(2, 2, out + field(13, 1, struct.pack("<d", value)))


def test_every_format_becomes_rows(bridge, device):
    _, path = bridge([
        {"topic": "reading/{site}/+", "format": "reading"},
        {"topic": "imu/{sensor_id}", "format": "imu"},
        {"topic": "imu-json/#", "format": "imu_json"},
        {"topic": "line/{site}/#", "format": "influx", "precision": "s"},
        {"topic": "spBv1.0/plant/#", "format": "sparkplug"},
        {"topic": "any/{site}", "measurement": "weather", "time": "at",
         "labels": {"station": "station.id"}, "fields": {"temp": "data.t", "wet": "data.wet"}},
        {"topic": "free/+"},
    ])  # fmt: skip
    reading = {"device_id": "env-1", "name": "temperature", "value": 21.5, "unit": "celsius",
               "timestamp": "2026-11-21T10:00:00.000Z", "owner_id": "acme"}  # fmt: skip
    device.publish("reading/fra/env-1", reading)
    device.publish("reading/fra/env-1", [{**reading, "value": 1}, {**reading, "value": None}])
    sample = [1, -2, 2049, 3, -4, 5, 1711, 0, -1711, 256]
    device.publish("imu/imu-7", imu_packet(10, T0 * 1_000_000, [sample, sample]))
    axes = [dict(zip("xyz", sample[i : i + 3])) for i in (0, 3, 6)]
    device.publish("imu-json/x", {
        "sensor_id": "imu-8", "header_timestamp_us": T0 * 1_000_000, "base_sample_number": 3,
        "num_samples_in_packet": 1, "samples": [{"sample_index": 0, "acc": axes[0],
            "gyro": axes[1], "mag": axes[2], "temp_raw": 256}]})  # fmt: skip
    device.publish("line/fra/x", f'disk,host=a\\ b free=1.5,n=2i,s="q" {T0}\nbad\ncpu u=7u {T0}')
    death = field(1, 0, T0 * 1000)
    device.publish("spBv1.0/plant/NBIRTH/edge", field(1, 0, T0 * 1000) +
                   metric(b"Temp/In", 5, value=20.5))  # fmt: skip
    device.publish("spBv1.0/plant/NDATA/edge", metric(alias=5, kind=0, value=21.0,
                                                      when=T0 * 1000 + 1))  # fmt: skip
    device.publish("spBv1.0/plant/NDEATH/edge", death)
    device.publish("any/fra", {"station": {"id": 7}, "at": T0, "data": {"t": 3, "wet": True},
                               "other": "x"})  # fmt: skip
    device.publish("free/x", {"a": 1, "b": {"c": "text", "d": [1]}, "e": None, "f": False})
    rows = wait_rows(path, 13)
    by = {}
    for row in rows:
        by.setdefault(row["measurement"], []).append(row)
    start = "2026-11-21T10:00:00.000Z"
    assert by["reading"][0] == {
        "time": start, "measurement": "reading", "fields": {"value": 21.5},
        "labels": {"device_id": "env-1", "name": "temperature", "owner_id": "acme", "site": "fra",
                   "unit": "celsius"}}  # fmt: skip
    assert [row["fields"]["value"] for row in by["reading"]] == [21.5, 1]
    assert [row["labels"]["sensor_id"] for row in by["imu"]] == ["imu-7", "imu-7", "imu-8"]
    assert [row["time"] for row in by["imu"]] == [start, "2026-11-21T10:00:00.005Z", start]
    assert [row["fields"]["sequence"] for row in by["imu"]] == [10, 11, 3]
    for row in by["imu"]:
        f = row["fields"]
        assert f["acc_z"] == pytest.approx(2049 * 0.488e-3 * 9.80665, rel=1e-12)
        assert f["mag_x"] == pytest.approx(1e-4, rel=1e-12)
        assert f["temperature"] == 26
    assert by["disk"] == [{"time": start, "measurement": "disk",
                           "labels": {"host": "a b", "site": "fra"},
                           "fields": {"free": 1.5, "n": 2, "s": "q"}}]  # fmt: skip
    assert by["cpu"][0]["fields"] == {"u": 7}
    node = {"group_id": "plant", "edge_node_id": "edge"}
    assert [row["fields"]["online"] for row in by["sparkplug_state"]] == [True, False]
    assert [row["labels"] for row in by["sparkplug"]] == [{**node, "metric": "Temp/In"}] * 2
    assert [(r["time"], r["fields"]["value"]) for r in by["sparkplug"]] == [
        (start, 20.5), ("2026-11-21T10:00:00.001Z", 21)]  # fmt: skip
    assert by["weather"] == [{"time": start, "measurement": "weather",
                              "labels": {"site": "fra", "station": "7"},
                              "fields": {"temp": 3, "wet": True}}]  # fmt: skip
    assert by["mqtt"][0]["fields"] == {"a": 1, "b_c": "text", "f": False}


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_every_quality_of_service_with_either_protocol(protocol, bridge, device):
    _, path = bridge(
        [{"topic": f"q{qos}/{{d}}", "qos": qos} for qos in (0, 1, 2)], protocol=protocol
    )
    for published in (0, 1, 2):
        for subscribed in (0, 1, 2):
            for n in range(10):
                device.publish(f"q{subscribed}/p{published}", {"n": n}, qos=published)
    rows = wait_rows(path, 90)
    assert len({(r["labels"]["d"], r["fields"]["n"], r["time"]) for r in rows}) == 90


def test_bad_messages_are_counted_told_and_acknowledged(bridge, device, broker):
    running, path = bridge(
        [{"topic": "x/+", "format": "imu"}, {"topic": "j/+"}], max_payload="1KiB", max_in_flight=5
    )
    good = imu_packet(1, 1, [[0] * 10])
    for bad in (b"", b"garbage", good[:-1], good[:-1] + b"\x00", b"\xff" * 500, b"a" * 200_000):
        device.publish("x/a", bad)
    for bad in ('{"a":', "7", "[1]", "{}", '{"a":[1]}', '{"a":"' + "x" * 2000 + '"}'):
        device.publish("j/a", bad)
    device.publish("x/a", good)
    device.publish("j/a", {"end": 1})
    assert [r["measurement"] for r in wait_rows(path, 2)] == ["imu", "mqtt"]
    assert "could not be used" in running.wait_log("of topic 'x/a'")


def test_the_agents_limit_of_series_bounds_what_devices_can_make(broker, agent, device, tmp_path):
    path = tmp_path / "rows.jsonl"
    sinks = {"out": {"type": "file", "inputs": ["bridge"], "path": str(path)}}
    config = json.loads(subscriber.config(broker, tmp_path, [{"topic": "s/{name}"}], sinks))
    config["agent"]["max_series"] = 50
    running = agent(json.dumps(config))
    running.wait_log("connected to MQTT")
    for n in range(200):
        device.publish(f"s/{n}", {"n": n})
    device.publish("s/0", {"n": 1000})
    harness.poll(lambda: rows_of(path) and rows_of(path)[-1]["fields"]["n"] == 1000)
    assert len(rows_of(path)) <= 51
    assert "series" in running.wait_log("could not be used")


def test_agents_with_a_shared_subscription_divide_the_messages(bridge, device):
    topic = "$share/group/work/{device}"
    (_, one), (_, two) = (
        bridge([{"topic": topic}], name=name, client_id=name, max_in_flight=10) for name in "ab"
    )
    for n in range(300):
        device.publish(f"work/d{n % 3}", {"n": n})
    harness.poll(lambda: len(rows_of(one)) + len(rows_of(two)) >= 300)
    have = [[int(row["fields"]["n"]) for row in rows_of(path)] for path in (one, two)]
    assert sorted(have[0] + have[1]) == list(range(300))
    assert have[0] and have[1]


def test_messages_wait_at_the_broker_while_the_agent_is_away(bridge, device):
    running, path = bridge([{"topic": "w/+"}])
    running.stop_clean()
    for n in range(2000):
        device.publish("w/a", {"n": n}, qos=1)
    bridge([{"topic": "w/+"}])
    assert [row["fields"]["n"] for row in wait_rows(path, 2000)] == list(range(2000))


def test_tls_and_passwords(make_broker, certificates, bridge, agent, tmp_path):
    lines = [f"cafile {certificates}/ca.pem", f"certfile {certificates}/server.pem",
             f"keyfile {certificates}/server.key", "require_certificate true"]  # fmt: skip
    broker = make_broker(*lines, users={"weir": mosquitto.PASSWORD})
    tls = {"ca": f"{certificates}/ca.pem", "cert": f"{certificates}/agent.pem",
           "key": f"{certificates}/agent.key"}  # fmt: skip
    url = f"mqtts://weir@127.0.0.1:{broker.port}"
    running, path = bridge(
        [{"topic": "t/+"}], to=broker, url=url, password=mosquitto.PASSWORD, tls=tls
    )
    assert "by TLSv1" in running.log()
    device = subscriber.Device(broker)
    for n in range(500):
        device.publish("t/a", {"n": n, "more": "x" * 1000})
    device.close()
    wait_rows(path, 500)
    running.stop_clean()

    def refused(text, **options):
        options = {"url": url, "password": mosquitto.PASSWORD, "tls": tls, **options}
        sinks = {"out": {"type": "stdout", "inputs": ["bridge"]}}
        run = agent(subscriber.config(broker, tmp_path, [{"topic": "t/+"}], sinks, **options))
        assert mosquitto.PASSWORD not in run.wait_log(text)
        run.stop_clean()

    refused("not authorized", password="other")
    refused("certificate", tls={**tls, "ca": f"{certificates}/other.pem"})
    refused("TLS failed", tls={"ca": tls["ca"]})
    refused("cannot connect", url=f"mqtt://weir@127.0.0.1:{broker.port}", tls={"enabled": False})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1"])
def test_a_certificate_of_another_name_is_refused(
    host, make_broker, certificates, agent, tmp_path
):
    broker = make_broker(f"certfile {certificates}/wrong.pem", f"keyfile {certificates}/wrong.key")
    options = {"url": f"mqtts://{host}:{broker.port}", "tls": {"ca": f"{certificates}/ca.pem"}}
    sinks = {"out": {"type": "stdout", "inputs": ["bridge"]}}
    run = agent(subscriber.config(broker, tmp_path, [{"topic": "t/+"}], sinks, **options))
    assert "connected to MQTT" not in run.wait_log("check tls.ca and the broker's certificate")
    run.stop_clean()


def test_a_counter_of_another_agent_is_a_counter_beside_ones_own(broker, agent, device, tmp_path):
    path = tmp_path / "rows.jsonl"
    sinks = {"out": {"type": "file", "inputs": ["own", "bridge"], "path": str(path)}}
    text = subscriber.config(broker, tmp_path, [{"topic": "x/+", "format": "influx"}], sinks)
    config = json.loads(text)
    config["agent"]["interval"] = "1s"
    config["sources"]["own"] = {"type": "node_probe"}
    running = agent(json.dumps(config))
    running.wait_log("connected to MQTT")
    own = harness.poll(lambda: [row for row in rows_of(path) if row["measurement"] == "node_stat"])
    name = next(name for name in own[0]["fields"] if name.endswith("_total"))
    device.publish("x/a", f"node_stat,instance=other {name}=5u")
    harness.poll(lambda: [r for r in rows_of(path) if r["labels"].get("instance") == "other"])
    assert "could not be used" not in running.log()
