#!/usr/bin/python3
"""Messages a second from a broker: the source mqtt beside a bare subscriber, mosquitto_sub.

    bench/peers/mqtt_source.py [--build FOLDER] [--messages N]

A Mosquitto of its own keeps N messages of QoS 1 for two sessions, each of which is then read: by
mosquitto_sub into /dev/null, and by an agent that decodes them, writes them to a file and
acknowledges each when it is there.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tests/e2e/mqtt")]
import harness  # noqa: E402
import mosquitto  # noqa: E402

READING = ('{"device_id":"env-%d","name":"temperature","value":21.53,"unit":"celsius",'
           '"timestamp":"2026-11-21T10:%02d:%02d.%03dZ","owner_id":"acme"}')  # fmt: skip


def lines_of(form, count):
    if form == "reading":
        for n in range(count):
            yield READING % (n % 100, n // 60000 % 60, n // 1000 % 60, n % 1000)
    else:  # 10 fields in a line
        fields = ",".join(f"f{i}={i}.25" for i in range(10))
        for n in range(count):
            yield f"m,device=d{n % 100} {fields} {1795255200000000000 + n}"


def subscribe(broker, client, *more):
    command = [harness.tool("mosquitto_sub"), "-p", broker.tests_port, "-V", "5", "-c",
               "-i", client, "-x", "3600", "-q", "1", "-t", "t/#", *more]  # fmt: skip
    subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, check=True)


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def measure(form, count, folder):
    broker = mosquitto.Broker(folder / "broker", ["log_type none"]).start()
    try:
        for client in ("bare", "agent"):
            subscribe(broker, client, "-E")
        subprocess.run(
            [harness.tool("mosquitto_pub"), "-p", str(broker.tests_port), "-q", "1", "-t", "t/a",
             "-l"],
            input="\n".join(lines_of(form, count)).encode(), check=True,
        )  # fmt: skip
        begun = time.monotonic()
        subscribe(broker, "bare", "-C", count)
        bare = count / (time.monotonic() - begun)
        out = folder / "rows.jsonl"
        config = folder / "weir.yaml"
        config.write_text(json.dumps({
            "agent": {"data_dir": str(folder / "data")},
            "sources": {"b": {"type": "mqtt", "url": f"mqtt://127.0.0.1:{broker.tests_port}",
                              "client_id": "agent", "session_expiry": "1h",
                              "subscriptions": [{"topic": "t/#", "format": form}]}},
            "sinks": {"out": {"type": "file", "inputs": ["b"], "path": str(out),
                              "buffer": {"when_full": "block"}}},
        }))  # fmt: skip
        begun = time.monotonic()
        agent = harness.Agent(config, folder / "agent.log")
        rows = at = 0
        while rows < count and time.monotonic() - begun < 300:
            time.sleep(0.01)
            if out.exists():
                with out.open("rb") as file:
                    file.seek(at)
                    new = file.read()
                at += len(new)
                rows += new.count(b"\n")
        bridged = rows / (time.monotonic() - begun)
        cpu = cpu_s(agent.pid)
        agent.stop_clean()
        assert rows == count, (rows, count)
        return bare, bridged, cpu
    finally:
        broker.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--messages", type=int, default=20_000)
    arguments = parser.parse_args()
    harness.WEIR = arguments.build.resolve() / "bin" / "weir"
    heads = ("bare, messages/s", "agent, messages/s", "points/s", "CPU s")
    print(f"{'format':10}" + "".join(f"{head:>19}" for head in heads))
    for form, points in (("reading", 1), ("influx", 10)):
        with tempfile.TemporaryDirectory() as folder:
            bare, bridged, cpu = measure(form, arguments.messages, Path(folder))
        print(f"{form:10}{bare:19.0f}{bridged:19.0f}{bridged * points:19.0f}{cpu:19.2f}")


if __name__ == "__main__":
    main()
