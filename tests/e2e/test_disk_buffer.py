"""Sinks with a disk buffer: what was accepted outlives outages, stops, kill -9 and damage."""

import contextlib
import collections
import json
import os
import random
import re
import signal
import time

import harness
import pytest

PLUGINS = harness.BUILD / "tests" / "plugins"
DEAD = "type: unavailable"


@pytest.fixture
def site(tmp_path, agent):
    """A function that starts an agent whose sink `store` has a disk buffer."""

    def start(store, interval="10ms", series=10, buffer="", ready=True):
        return agent(
            f"""
agent: {{data_dir: {tmp_path}/data, plugin_dirs: [{PLUGINS}], shutdown_timeout: 5s}}
sources:
  ledger: {{type: ledger, interval: {interval}, series: {series}}}
sinks:
  store: {{{store}, inputs: [ledger], buffer: {{type: disk{buffer}}},
           batch: {{max_rows: 500}}, retry: {{initial: 10ms, max: 50ms}}}}
""",
            ready=ready,
        )

    return start


def file_store(tmp_path):
    return f"type: file, path: {tmp_path}/rows.jsonl"


def route(log):
    """The counts of the last line about the route."""
    line = re.findall(r"route ledger -> store: (.*)", log)[-1]
    counts = collections.Counter()
    for number, what in re.findall(r"(\d+) ([^,]*)", line):
        counts[what.replace("rows in", "in")] += int(number)
    return counts


def assert_law(counts):
    """Both sides of the equation; returns the rows that were dropped."""
    dropped = sum(n for what, n in counts.items() if what.startswith("dropped"))
    came = counts["in"] + counts["found on the disk"]
    assert came == counts["delivered"] + dropped + counts["held"], counts
    return dropped


def rows(tmp_path):
    """(run, turn, part) -> how often."""
    found = collections.Counter()
    with open(tmp_path / "rows.jsonl") as file:
        for line in file:
            if not line.endswith("\n"):
                break  # is being written
            row = json.loads(line)
            fields = row["fields"]
            found[fields["run"], fields["turn"], int(row["labels"]["part"])] += 1
    return found


def assert_no_gaps(found, series=10):
    """Of every process: all rows from its first collection to the last that arrived."""
    last = collections.defaultdict(int)
    for run, turn, _ in found:
        last[run] = max(last[run], turn)
    wanted = {(r, t, p) for r, n in last.items() for t in range(n + 1) for p in range(series)}
    assert not wanted - found.keys(), f"lost: {sorted(wanted - found.keys())[:5]}"
    return last


def on_disk(folder):
    size = 0
    for file in folder.glob("*.segment"):
        with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
            size += file.stat().st_size
    return size


def wait_for_bytes(folder, count):
    harness.poll(lambda: on_disk(folder) >= count, what=f"{count} bytes in {folder}")


def wait_for_rows(tmp_path):
    """Until rows came and no more come."""

    def settled():
        size = (tmp_path / "rows.jsonl").stat().st_size
        time.sleep(1)
        return size > 0 and size == (tmp_path / "rows.jsonl").stat().st_size

    harness.poll(settled, what="all rows are delivered")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data" / "buffers" / "store"


def test_an_outage_over_a_restart_loses_nothing(site, folder, tmp_path):
    first = site(DEAD)
    wait_for_bytes(folder, 100_000)
    before = route(first.stop_clean())
    assert before["delivered"] == 0 and before["held"] == before["in"] > 0
    assert assert_law(before) == 0

    second = site(file_store(tmp_path), interval="1h")
    second.wait_log(f"goes on with {before['held']} rows from ")
    wait_for_rows(tmp_path)
    after = route(second.stop_clean())
    assert after["found on the disk"] == before["held"]
    assert after["held"] == 0 and after["delivered"] >= before["held"]
    assert assert_law(after) == 0
    found = rows(tmp_path)
    assert_no_gaps(found)
    assert set(found.values()) == {1}, "a stop in good order repeats nothing"


def test_killed_again_and_again(site, tmp_path):
    seed = int(os.environ.get("WEIR_SEED", random.randrange(2**32)))
    print(f"WEIR_SEED={seed}")
    chance = random.Random(seed)
    kills = int(os.environ.get("WEIR_KILLS", 10))
    for _ in range(kills):
        store = file_store(tmp_path) if chance.random() < 0.7 else DEAD
        process = site(store, series=100)
        time.sleep(chance.random() * 0.3)
        process.kill()
        assert "cannot be used" not in process.log()
    last = site(file_store(tmp_path), interval="1h", series=100)
    wait_for_rows(tmp_path)
    counts = route(last.stop_clean())
    assert counts["held"] == 0
    assert assert_law(counts) == 0
    found = rows(tmp_path)
    runs = assert_no_gaps(found, series=100)
    assert len(runs) >= 2
    print(f"{kills} kills, {len(found)} rows, {found.total() - len(found)} came twice")


@pytest.mark.parametrize("policy", ["block", "drop_oldest", "drop_newest"])
def test_full(site, folder, tmp_path, policy):
    process = site(DEAD, series=1000, buffer=f", max_size: 1MiB, when_full: {policy}")
    wait_for_bytes(folder, 800_000)
    time.sleep(1)
    assert on_disk(folder) <= 1 << 20
    counts = route(process.stop_clean())
    assert_law(counts)
    assert counts["held"] > 0
    reason = {"block": "shutdown", "drop_oldest": "queue_full_oldest"}.get(
        policy, "queue_full_newest"
    )
    assert counts[f"dropped ({reason})"] > 0, counts

    last = site(file_store(tmp_path), interval="1h", buffer=", max_size: 1MiB")
    wait_for_rows(tmp_path)
    after = route(last.stop_clean())
    assert after["found on the disk"] == counts["held"]
    assert assert_law(after) == 0
    turns = sorted({turn for _, turn, _ in rows(tmp_path)})
    if policy == "drop_oldest":  # save what the sink had in its hands
        assert turns[-1] == counts["in"] // 1000 - 1, "the newest rows were kept"
    else:
        assert turns == list(range(len(turns))), "the oldest rows were kept"


def test_damage_costs_what_is_damaged(site, folder, tmp_path):
    first = site(DEAD, series=100)
    wait_for_bytes(folder, 300_000)
    before = route(first.stop_clean())
    segment = sorted(folder.glob("*.segment"))[0]
    data = bytearray(segment.read_bytes())
    for at in (len(data) // 3, len(data) // 2):
        data[at] ^= 0x40
    segment.write_bytes(data)

    last = site(file_store(tmp_path), interval="1h")
    wait_for_rows(tmp_path)
    log = last.stop_clean()
    after = route(log)
    lost = before["held"] - after["found on the disk"] + assert_law(after)
    assert after["held"] == 0
    assert 0 < lost <= 400, (before, after, log)
    assert list(folder.glob("*.damaged")), os.listdir(folder)


def test_one_writer(site):
    first = site(DEAD)
    second = site(DEAD, ready=False)
    log = second.wait_log("its disk buffer cannot be used")
    assert f"process {first.pid}" in log, log
    second.stop()
