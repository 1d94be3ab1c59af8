"""Binary payloads, decoded by others: Sparkplug B by protoc, IMU packets by Python's struct."""

import datetime
import json
import math
import re
import signal
import struct
import subprocess

import harness
import pytest

PROTO = harness.REPOSITORY / "sdk/tests/payload/testdata/sparkplug_b.proto"
MESSAGE = re.search(r"^package (\S+);", PROTO.read_text(), re.M)[1] + ".Payload"


def decoded(payload):
    """{"seq": ..., "metrics": [{"name": ..., "alias": ..., ...}]} of what protoc prints."""
    done = subprocess.run(
        [harness.tool("protoc"), f"--decode={MESSAGE}", f"-I{PROTO.parent}", PROTO],
        input=payload, capture_output=True, check=True,
    )  # fmt: skip
    result, metric = {"metrics": []}, None
    for line in done.stdout.decode().splitlines():
        words = line.strip()
        if words == "metrics {":
            metric = {}
            result["metrics"].append(metric)
        elif line == "}":
            metric = None
        elif ": " in words and line.count("  ") <= 1:
            key, value = words.split(": ", 1)
            (result if metric is None else metric)[key] = json.loads(value)
    return result


def by_kind(messages):
    """[(NBIRTH, device or None, decoded)] of Sparkplug's topics, in order."""
    found = []
    for message in messages:
        levels = message.topic.split("/")
        assert levels[:2] == ["spBv1.0", "plant"] and levels[3] == "line-7", message.topic
        device = levels[4] if len(levels) > 4 else None
        found.append((levels[2], device, decoded(message.payload)))
    return found


def bd_seq(payload):
    return [int(m["long_value"]) for m in payload["metrics"] if m["name"] == "bdSeq"][0]


SPARKPLUG = {"format": "sparkplug", "sparkplug": {"group": "plant", "node": "line-7"}}
DEVICES = (
    "{type: iot_simulator, seed: 1, interval: %s, devices: "
    "{env: {kind: environment, count: 3}, van: {kind: gps}}}"
)


@pytest.mark.parametrize("rows", [1, 50])
def test_sparkplug_by_an_independent_decoder(publisher, broker, make_reader, rows):
    reader = make_reader(broker, "spBv1.0/#")
    publisher.backfill(source=DEVICES % "1m", minutes=40, rows_per_message=rows, **SPARKPLUG)
    messages = by_kind(reader.settle())
    kinds = [kind for kind, _, _ in messages]
    assert kinds[0] == "NBIRTH" and kinds[-1] == "NDEATH"
    assert kinds.count("NBIRTH") == 1 and set(kinds) == {"NBIRTH", "DBIRTH", "DDATA", "NDEATH"}
    numbered = [payload["seq"] for _, _, payload in messages[:-1]]
    assert numbered == [i % 256 for i in range(len(numbered))]
    assert len(numbered) > (256 if rows == 1 else 10)
    assert "seq" not in messages[-1][2]
    assert bd_seq(messages[-1][2]) == bd_seq(messages[0][2])

    names, values = {}, {}
    for kind, device, payload in messages:
        if kind == "DBIRTH":
            assert device not in names, "a device was born twice"
            names[device] = {m["alias"]: m for m in payload["metrics"]}
            assert all(m["name"] and m["datatype"] for m in payload["metrics"])
        if kind == "DDATA":
            for metric in payload["metrics"]:
                assert "name" not in metric
                name = names[device][metric["alias"]]["name"]
                values.setdefault((device, name.split("/")[0], name.split("/")[-1]), []).append(
                    (metric["timestamp"], metric)
                )
    assert set(names) == {"env-1", "env-2", "env-3", "van"}
    for device in ("env-1", "env-2", "env-3"):
        temperatures = values[device, "iot_environment", "temperature"]
        times = [int(time) for time, _ in temperatures]
        assert times == sorted(times) and len(times) == 40
        assert all(5 < metric["double_value"] < 45 for _, metric in temperatures)


def test_sparkplug_dies_and_is_born_again(publisher, broker, make_reader, agent, poll):
    reader = make_reader(broker, "spBv1.0/plant/#")
    text = publisher.text(source=DEVICES % "100ms", **SPARKPLUG)

    def kinds(start=0):
        return [message.topic.split("/")[2] for message in reader.messages[start:]]

    def all_of(kind, start=0):
        found = [m for m in reader.messages[start:] if m.topic.split("/")[2] == kind]
        return [payload for _, _, payload in by_kind(found)]

    running = agent(text)
    poll(lambda: kinds().count("DDATA") > 3)

    # A host that has missed something asks for everything again.
    before = len(reader.messages)
    rebirth = b"\x12\x1a\x0a\x14Node Control/Rebirth\x20\x0b\x70\x01"
    assert decoded(rebirth)["metrics"] == [
        {"name": "Node Control/Rebirth", "datatype": 11, "boolean_value": True}
    ]
    reader.publish("spBv1.0/plant/NCMD/line-7", b"\xff\xffnonsense")
    reader.publish("spBv1.0/plant/NCMD/line-7", rebirth)
    poll(lambda: kinds(before).count("DBIRTH") == 4)
    births = all_of("NBIRTH")
    assert [birth["seq"] for birth in births] == [0, 0]
    assert bd_seq(births[0]) == bd_seq(births[1]), "the connection is the same"
    reborn = all_of("DBIRTH", before)
    assert any("double_value" in m for m in reborn[0]["metrics"]), "births say current values"

    running.send(signal.SIGKILL)
    running.wait()
    poll(lambda: kinds()[-1] == "NDEATH")
    assert bd_seq(all_of("NDEATH")[0]) == bd_seq(births[0])

    # The broker comes back: another connection, another bdSeq.
    before = len(reader.messages)
    agent(text)
    poll(lambda: "DDATA" in kinds(before))
    first = bd_seq(all_of("NBIRTH", before)[0])
    broker.kill()
    poll(lambda: not reader.subscribed.is_set())
    before = len(reader.messages)
    broker.start()
    reader.wait()
    poll(lambda: "DDATA" in kinds(before))  # the birth may have been before the reader listened
    reader.publish("spBv1.0/plant/NCMD/line-7", rebirth)
    poll(lambda: "NBIRTH" in kinds(before))
    assert bd_seq(all_of("NBIRTH", before)[-1]) != first


def test_sparkplug_rebirths_are_bounded(publisher, broker, make_reader, agent, poll):
    """However many are asked for, they are a second apart, and the last that asks gets one."""
    reader = make_reader(broker, "spBv1.0/plant/#")
    agent(publisher.text(source=DEVICES % "100ms", **SPARKPLUG))
    births = lambda: [m for m in reader.messages if m.topic.split("/")[2] == "NBIRTH"]
    poll(lambda: births())
    rebirth = b"\x12\x1a\x0a\x14Node Control/Rebirth\x20\x0b\x70\x01"
    for _ in range(500):
        reader.publish("spBv1.0/plant/NCMD/line-7", rebirth)
    before = len(births())
    reader.publish("spBv1.0/plant/NCMD/line-7", rebirth)
    poll(lambda: len(births()) > before)
    times = [int(decoded(m.payload)["timestamp"]) for m in births()]
    assert all(later - earlier >= 900 for earlier, later in zip(times, times[1:])), times


def test_sparkplug_data_without_its_birth_comes_again(
    make_broker, make_publisher, make_reader, tmp_path, poll
):
    acl = tmp_path / "acl"
    kinds = ["NBIRTH/line-7", "DDATA/line-7/#", "NDEATH/line-7"]
    lines = ["user weir", "topic read spBv1.0/plant/NCMD/line-7"]
    lines += [f"topic write spBv1.0/plant/{kind}" for kind in kinds]
    acl.write_text("\n".join(lines) + "\n")
    broker = make_broker(f"acl_file {acl}", users={"weir": "w"})
    reader = make_reader(broker, "spBv1.0/plant/#")
    process = make_publisher(broker).start(
        source=DEVICES % "1m", minutes=10, user="weir", password="w", **SPARKPLUG
    )
    poll(lambda: "the broker refused the birth of env-1: Not authorized" in process.log())
    assert "rejected" not in process.log(), process.log()
    before = len(reader.settle())
    acl.write_text("\n".join([*lines, "topic write spBv1.0/plant/DBIRTH/line-7/#"]) + "\n")
    broker.process.send(signal.SIGHUP)
    assert process.wait(120) == 0, process.log()
    times, born = {}, set()
    for kind, device, payload in by_kind(reader.settle()[before:]):
        if kind == "DBIRTH":
            born.add(device)
        if kind == "DDATA" and device in born:
            times.setdefault(device, set()).update(m["timestamp"] for m in payload["metrics"])
    assert born == {"env-1", "env-2", "env-3", "van"}
    assert all(len(found) >= 10 for found in times.values()), times


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_sparkplug_births_of_many_devices_arrive(
    publisher, broker, make_reader, agent, poll, protocol
):
    """With QoS 2 too, of which Mosquitto takes 20 messages at a time."""
    reader = make_reader(broker, "spBv1.0/plant/#")
    devices = "{type: iot_simulator, interval: 1s, devices: {e: {kind: environment, count: 200}}}"
    running = agent(publisher.text(source=devices, qos=2, protocol=protocol, **SPARKPLUG))
    born = lambda messages: {m.topic for m in messages if m.topic.split("/")[2] == "DBIRTH"}
    poll(lambda: len(born(reader.messages)) == 200)
    before = len(reader.messages)
    broker.kill()
    poll(lambda: not reader.subscribed.is_set())
    broker.start()
    reader.wait()
    poll(lambda: "connected again" in running.log())
    rebirth = b"\x12\x1a\x0a\x14Node Control/Rebirth\x20\x0b\x70\x01"
    reader.publish("spBv1.0/plant/NCMD/line-7", rebirth)
    poll(lambda: len(born(reader.messages[before:])) == 200)


def crc16_arc(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def packet(rows):
    """What the streaming design says of samples that follow each other."""
    count = lambda value, scale: round(value / scale)
    g, degree = 9.80665, math.pi / 180
    payload = struct.pack("<IQH", rows[0]["sequence"], rows[0]["time_us"], len(rows))
    for row in rows:
        payload += struct.pack(
            ">6h", *(count(row[f"acc_{axis}"], 0.488e-3 * g) for axis in "xyz"),
            *(count(row[f"gyro_{axis}"], 0.140 * degree) for axis in "xyz"),
        )  # fmt: skip
        payload += struct.pack("<3h", *(count(row[f"mag_{axis}"], 1e-4 / 1711) for axis in "xyz"))
        payload += struct.pack(">h", count(row["temperature"] - 25, 1 / 256))
    frame = b"\x7c\x1e" + struct.pack("<H", len(payload)) + payload
    return frame + struct.pack("<H", crc16_arc(frame))


def time_us(text):
    seconds, fraction = text.rstrip("Z").split(".") if "." in text else (text.rstrip("Z"), "0")
    whole = datetime.datetime.fromisoformat(seconds + "+00:00").timestamp()
    return int(whole) * 1_000_000 + int(fraction.ljust(9, "0")[:9]) // 1000


def test_imu_packets_byte_for_byte(publisher, broker, make_reader, tmp_path):
    """Beside the same rows in a file. Packets are the devices' own, save where deliveries end."""
    reader = make_reader(broker, "imu/#")
    path = tmp_path / "rows.jsonl"
    publisher.backfill(
        source="{type: iot_simulator, seed: 3, interval: 16s, status: false, devices: {imu: "
        "{kind: imu, count: 2, motion: walking, loss: 0.02}}}",
        minutes=4, format="imu", topic="imu/{label:device_id}",
        sinks=f"  file: {{type: file, inputs: [rows], path: {path}, format: jsonl}}\n",
    )  # fmt: skip
    assert crc16_arc(b"123456789") == 0xBB3D
    rows = {"imu-1": {}, "imu-2": {}}
    for line in path.read_text().splitlines():
        row = json.loads(line)
        sample = {**row["fields"], "time_us": time_us(row["time"])}
        sample["sequence"] %= 2**32
        rows[row["labels"]["device_id"]][sample["sequence"]] = sample
    full = 0
    for device, samples in rows.items():
        assert len(samples) > 40_000, "4 minutes at 200 Hz, less what the radio lost"
        wanted = sorted(samples)
        sent = []
        for message in (m for m in reader.settle() if m.topic == f"imu/{device}"):
            base, _, count = struct.unpack_from("<IQH", message.payload, 4)
            assert 1 <= count <= 64 and len(message.payload) == 20 + 20 * count
            numbers = list(range(base, base + count))
            assert message.payload == packet([samples[n] for n in numbers])
            full += count == 64
            sent += numbers
        assert sent == wanted
    assert full > 1000


def test_the_example(broker, reader, agent, poll):
    example = (harness.REPOSITORY / "etc" / "examples" / "mqtt.yaml").read_text()
    running = agent(example, env={"MQTT_PORT": str(broker.port)})
    topics = lambda: {message.topic for message in list(reader.messages)}
    wanted = {f"imu/sensor{n}" for n in (1, 2, 3)} | {f"devices/env-{n}" for n in range(1, 6)}
    poll(lambda: topics() >= wanted | {"devices/gateway", "agents/weir"})
    running.stop_clean()
    log = running.log()
    assert " error " not in log, log
    for message in reader.settle():
        if message.topic.startswith("imu/"):
            assert message.payload[:2] == b"\x7c\x1e"
            assert crc16_arc(message.payload[:-2]) == struct.unpack("<H", message.payload[-2:])[0]
        elif message.topic.startswith("devices/"):
            readings = json.loads(message.payload)
            assert {r["owner_id"] for r in readings} <= {"acme", "umbrella"}
    assert [m.payload for m in reader.messages if m.topic == "agents/weir"] == [
        b"online", b"offline"
    ]  # fmt: skip
