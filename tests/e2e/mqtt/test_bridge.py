"""The bridge: what goes through the sink mqtt, a broker and the source mqtt is what it was, and its
example runs."""

import sqlite3

import harness
import pytest
import subscriber

PUBLISHER = """
agent: {{interval: 1s, data_dir: {folder}/data}}
sources:
  iot:
    type: iot_simulator
    seed: 3
    devices:
      env: {{kind: environment, count: 20, owners: [acme, beta]}}
      robot: {{kind: imu}}
      pump: {{kind: vibration, count: 3}}
      van: {{kind: gps}}
    faults: [{{kind: spike, fleet: env, per_day: 600, duration: 60s}}]
sinks:
  direct: {{type: sqlite, inputs: [iot], path: {folder}/direct.db, buffer: {{when_full: block}}}}
  broker:
    type: mqtt
    inputs: [iot]
    url: mqtt://127.0.0.1:{port}
    topic: weir/{{measurement}}
    format: influx
    qos: {qos}
    buffer: {{when_full: block}}
"""


def content(path):
    """Every table's rows without what is absent, in order."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60) as db:
        db.row_factory = sqlite3.Row
        names = db.execute("select name from sqlite_master where type='table'")
        tables = [row[0] for row in names]
        return {
            table: sorted(
                sorted((key, row[key]) for key in row.keys() if row[key] is not None)  # noqa
                for row in db.execute(f'select * from "{table}"')
            )
            for table in tables
        }


@pytest.mark.parametrize("qos", [1, 2])
def test_what_goes_through_the_bridge_is_what_it_was(qos, broker, agent, weir, config, tmp_path):
    store = subscriber.store(tmp_path / "bridged.db")
    subscriptions = [{"topic": "weir/+", "format": "influx", "qos": qos}]
    running = agent(subscriber.config(broker, tmp_path, subscriptions, {"store": store}))
    running.wait_log("connected to MQTT")
    text = PUBLISHER.format(folder=tmp_path, port=broker.port, qos=qos)
    done = weir("backfill", "-c", config(text), "--from", "2026-11-21T10:00:00Z",
                "--to", "2026-11-21T10:01:00Z", timeout=120)  # fmt: skip
    assert done.returncode == 0, done.stderr
    want = content(tmp_path / "direct.db")
    total = sum(len(rows) for rows in want.values())
    assert total > 5000 and len(want) >= 4

    def arrived():
        have = content(tmp_path / "bridged.db")
        return sum(len(rows) for rows in have.values()) >= total and have

    have = harness.poll(arrived, 120, 0.5, "all rows are there")
    assert have.keys() == want.keys()
    for table, rows in want.items():
        assert have[table] == rows, table


def test_example(broker, agent, weir, tmp_path):
    example = harness.REPOSITORY / "etc" / "examples" / "bridge.yaml"
    env = {"MQTT_PORT": str(broker.port)}
    checked = weir("check", "-c", example, env=env)
    assert checked.returncode == 0, checked.stderr
    running = agent(example.read_text(), env=env)
    running.wait_log("connected to MQTT")
    device = subscriber.Device(broker)
    reading = {"device_id": "env-1", "name": "temperature", "value": 21.5, "unit": "celsius",
               "timestamp": "2026-11-21T10:00:00Z", "owner_id": "acme"}  # fmt: skip
    device.publish("devices/acme/env-1/data", reading)
    device.publish("imu/imu-1", b"torn")
    device.publish("weather/roof", {"station": "roof", "at": 1_795_255_200, "temp_c": 3.5})
    device.close()
    database = tmp_path / "data" / "bridge.db"
    for table, column, value in (("reading", "value", 21.5), ("weather", "temperature", 3.5)):
        harness.poll(lambda t=table, c=column, v=value: subscriber.rows(
            database, f"select {c} from {t}") == [(v,)])  # fmt: skip
    running.wait_log("could not be used")
    log = running.stop_clean()
    assert " error " not in log, log
