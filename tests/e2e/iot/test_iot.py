"""Simulated devices through the real agent, read back and judged by Python's own arithmetic."""

import json
import math
import re
from collections import defaultdict

import harness
import pytest

EXAMPLES = harness.REPOSITORY / "etc" / "examples"
PLUGIN = harness.REPOSITORY / "plugins" / "sources" / "iot_simulator"
DEVICES_FILE = EXAMPLES / "devices" / "devices.yaml"
KINDS = ("environment", "vibration", "imu", "energy", "gps", "end_device")
HOUR = ("2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z")


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def by_device(rows, measurement):
    """{device id: its rows of one measurement, in order}."""
    devices = defaultdict(list)
    for row in rows:
        if row["measurement"] == measurement:
            devices[row["labels"]["device_id"]].append(row)
    return devices


def site(path, **options):
    more = "".join(f"    {key}: {value}\n" for key, value in options.items())
    others = [kind for kind in KINDS if kind not in ("imu", "gps")]
    fleets = "".join(f"      {kind}: {{kind: {kind}, count: 2}}\n" for kind in others)
    return (
        "sources:\n  iot:\n    type: iot_simulator\n    seed: 4\n    interval: 15s\n"
        f"{more}    devices:\n{fleets}      imu: {{kind: imu, rate: 4}}\n"
        "      gps: {kind: gps, count: 2, every: 1s}\n"
        f"sinks:\n  rows: {{type: file, inputs: [iot], path: {path}, format: jsonl}}\n"
    )


@pytest.fixture
def backfill(weir, config, tmp_path):
    """A function that writes the rows of a stretch of time into a file and returns them."""

    def run(name, begin, end, **options):
        path = tmp_path / f"{name}.jsonl"
        text = f"agent: {{data_dir: {tmp_path / name}}}\n" + site(path, **options)
        done = weir("backfill", "-c", config(text), "--from", begin, "--to", end, timeout=300)
        assert done.returncode == 0, done.stderr
        return path

    return run


def test_example_delivers_rows_and_metrics(agent, tmp_path):
    port = harness.free_port()
    text = (EXAMPLES / "iot.yaml").read_text().replace("interval: 15s", "interval: 1s")
    running = agent(text, env={"PORT": str(port), "NODE_NAME": "test"})

    def exposed():
        status, _, body = harness.http_get(f"http://127.0.0.1:{port}/metrics")
        text = body.decode()
        return text if status == 200 and "iot_environment_temperature{" in text else None

    body = harness.poll(exposed, what="metrics of devices")
    running.stop_clean()
    assert re.search(r'iot_energy_joules_total\{.*device_id="meter-1"', body)
    temperatures = re.findall(r'iot_environment_temperature\{.*fleet="env".*\} (\S+)', body)
    assert len(temperatures) >= 45
    assert all(15 <= float(value) <= 35 for value in temperatures)
    path = next(tmp_path.rglob("iot.jsonl"))
    rows = rows_of(path)
    devices = {row["labels"]["device_id"] for row in rows}
    assert {"env-0001", "env-0050", "pump-8", "robot", "van-5", "gateway-2"} <= devices
    assert all(row["labels"]["site"] == "fra1" for row in rows)


def test_the_past_is_the_same_however_it_is_made(backfill):
    whole = backfill("whole", *HOUR).read_bytes()
    assert whole == backfill("again", *HOUR).read_bytes()
    halves = [
        backfill("first", HOUR[0], "2026-11-23T10:30:00Z").read_bytes(),
        backfill("second", "2026-11-23T10:30:00Z", HOUR[1]).read_bytes(),
    ]
    lines = [line for half in halves for line in half.splitlines()]
    assert sorted(lines) == sorted(whole.splitlines())
    assert len(lines) > 240 * 10


def test_rows_obey_physics(backfill):
    rows = rows_of(backfill("hour", *HOUR))
    for device in by_device(rows, "iot_environment").values():
        dew_points = []
        for row in device:
            f = row["fields"]
            assert 15 <= f["temperature"] <= 35 and 30 <= f["humidity"] <= 80
            assert 0 <= f["light"] <= 1000 and 980 <= f["pressure"] <= 1050
            gamma = math.log(f["humidity"] / 100) + 17.62 * f["temperature"] / (
                243.12 + f["temperature"]
            )
            dew_points.append(243.12 * gamma / (17.62 - gamma))
        assert max(dew_points) - min(dew_points) < 1
    for device in by_device(rows, "iot_energy").values():
        energy = [row["fields"]["energy"] for row in device]
        power = [row["fields"]["power"] for row in device]
        assert energy == sorted(energy)
        assert energy[-1] - energy[0] == pytest.approx(sum(power[1:]) * 15, rel=0.05)
        for row in device:
            f = row["fields"]
            assert f["voltage"] * f["current"] == pytest.approx(f["apparent_power"], rel=0.02)
    for device in by_device(rows, "iot_imu").values():
        assert len(device) == 4 * 3600
        lengths = [math.hypot(*(row["fields"][f"acc_{axis}"] for axis in "xyz")) for row in device]
        assert sum(lengths) / len(lengths) == pytest.approx(9.81, rel=0.03)
    for device in by_device(rows, "iot_gps").values():
        errors = []
        for a, b in zip(device, device[1:]):
            if "latitude" not in a["fields"] or "latitude" not in b["fields"]:
                continue  # no satellite was heard
            north = (b["fields"]["latitude"] - a["fields"]["latitude"]) * 111195
            east = (b["fields"]["longitude"] - a["fields"]["longitude"]) * 111195
            east *= math.cos(math.radians(a["fields"]["latitude"]))
            course = math.radians(a["fields"]["course"])
            speed = (a["fields"]["speed"] + b["fields"]["speed"]) / 2
            errors.append(north * math.cos(course) + east * math.sin(course) - speed)
        assert len(errors) > 3000
        # A position is off by 0.2 m, a speed by 0.04 m/s, and a van brakes by at most 3 m/s2.
        assert math.sqrt(sum(e * e for e in errors) / len(errors)) < 0.5
        assert max(map(abs, errors)) < 2.5


def test_ground_truth_tells_every_fault(backfill):
    faults = (
        "[{kind: bias, device: environment-1, field: temperature, magnitude: 4,"
        ' begin: "2026-11-23T10:10:00Z", duration: 10m},'
        ' {kind: dropout, device: environment-2, begin: "2026-11-23T10:20:00Z", duration: 10m}]'
    )
    rows = rows_of(backfill("faulty", *HOUR, faults=faults))
    healthy = rows_of(backfill("healthy", *HOUR))
    pairs = zip(
        by_device(rows, "iot_environment")["environment-1"],
        by_device(healthy, "iot_environment")["environment-1"],
    )
    struck = 0
    for row, well in pairs:
        assert row["time"] == well["time"]
        fault = row["fields"].pop("fault", None)
        struck += fault is not None
        shift = row["fields"].pop("temperature") - well["fields"].pop("temperature")
        assert shift == pytest.approx(4 if fault == "bias:temperature" else 0, abs=0.011)
        assert row["fields"] == well["fields"]
    assert struck == 40
    assert len(by_device(rows, "iot_environment")["environment-2"]) == 240 - 40
    events = [
        (r["time"][11:19], r["labels"]["device_id"], r["labels"]["kind"], r["fields"]["active"])
        for r in rows
        if r["measurement"] == "iot_fault"
    ]
    assert sorted(events) == [
        ("10:10:00", "environment-1", "bias", True),
        ("10:20:00", "environment-1", "bias", False),
        ("10:20:00", "environment-2", "dropout", True),
        ("10:30:00", "environment-2", "dropout", False),
    ]


def test_once_and_describe_show_what_comes_out(weir, config, tmp_path):
    shown = weir("once", "-c", config(site(tmp_path / "rows.jsonl")))
    assert shown.returncode == 0, shown.stderr
    for kind in KINDS:
        assert f"iot_{kind}" in shown.stdout
    described = weir("describe", "iot_simulator")
    assert described.returncode == 0, described.stderr
    for word in ("devices", "devices_file", "kind", "environment", "faults", "per_day"):
        assert word in described.stdout


def test_devices_file_is_taken_and_its_mistakes_are_placed(weir, config, tmp_path):
    path = config(site(tmp_path / "rows.jsonl", devices_file=DEVICES_FILE))
    good = weir("check", "-c", path)
    assert good.returncode == 0, good.stderr
    rows = [json.loads(line) for line in weir("once", "-c", path).stdout.splitlines()]
    assert {"climate-0200", "cold-12", "fan-30", "hand-2"} <= {
        row["labels"]["device_id"] for row in rows
    }
    bad = tmp_path / "devices.yaml"
    bad.write_text("devices:\n  a: {kind: environment, count: 1000001}\n  b: {knid: imu}\n")
    checked = weir("check", "-c", config(site(tmp_path / "rows.jsonl", devices_file=bad)))
    assert checked.returncode == 78
    assert f"{bad}:2:33: 'count' is '1000001', but must be at most 1000000" in checked.stderr
    assert f"{bad}:3:13: unknown key 'knid'" in checked.stderr


def test_schema_knows_what_the_example_of_devices_holds():
    """The published schema, followed by hand: every key of the example is in it."""
    import yaml

    def walk(value, schema, place):
        if isinstance(value, dict):
            for key, child in value.items():
                known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
                assert known, f"{place}.{key}"
                walk(child, known, f"{place}.{key}")
            assert set(schema.get("required", [])) <= set(value), place
        elif isinstance(value, list):
            for child in value:
                walk(child, schema["items"], place)
        elif "enum" in schema:
            assert value in schema["enum"], place

    schema = json.loads((PLUGIN / "devices.schema.json").read_text())
    walk(yaml.safe_load(DEVICES_FILE.read_text()), schema, "devices.yaml")
