"""Dead letters: what a sink rejects for good is kept with the reason, and can be sent again."""

import json
import re

import harness
import pytest

PLUGINS = harness.BUILD / "tests" / "plugins"
REJECT = "type: unavailable, answer: reject"


@pytest.fixture
def text(tmp_path):
    """A function that makes a configuration whose sink `store` is as given."""

    def make(store, more="", source="{type: ledger, interval: 10ms, series: 10}"):
        return f"""
agent: {{data_dir: {tmp_path}/data, plugin_dirs: [{PLUGINS}], labels: {{site: lab}}}}
sources: {{rows: {source}}}
sinks: {{store: {{{store}, inputs: [rows], buffer: {{when_full: block}}{more}}}}}
"""

    return make


@pytest.fixture
def letters(tmp_path):
    return tmp_path / "data" / "deadletters" / "store.jsonl"


def rows_of(path):
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if "at" in line]


def identity(row):
    return row["labels"]["part"], row["fields"]["run"], row["fields"]["turn"]


def identities(path):
    return [identity(json.loads(line)) for line in path.read_text().splitlines()]


def aside(letters):
    return letters.with_name("store.jsonl.replaying")


def unreadable(letters):
    return letters.with_name("store.jsonl.unreadable")


def replay(config, tmp_path):
    command = [harness.WEIR, "deadletter", "replay", "store", "-c", config]
    return harness.Process(command, tmp_path / "replay.log")


def run(*arguments, config):
    return harness.weir("deadletter", *arguments, "-c", config)


def file_of(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_rejected_rows_are_kept_told_and_sent_again(agent, text, letters, tmp_path):
    process = agent(text(REJECT))
    harness.poll(lambda: len(rows_of(letters)) >= 200, what="200 dead letters")
    log = process.stop_clean()
    kept = rows_of(letters)
    dropped = int(re.findall(r"(\d+) dropped \(rejected\)", log)[-1])
    assert len(kept) == dropped, "each rejected row is kept"
    assert {(row["from"], row["reason"]) for row in kept} == {("rows", "told to say no")}
    assert all(row["labels"]["site"] == "lab" for row in kept)

    repaired = file_of(tmp_path, "repaired.yaml", text(f"type: file, path: {tmp_path}/rows.jsonl"))
    told = run("list", config=repaired)
    assert told.returncode == 0
    heading, line = told.stdout.splitlines()
    assert heading.split() == ["SINK", "MEASUREMENT", "ROWS", "LAST", "REASON"]
    assert line.split()[:3] == ["store", "ledger", str(dropped)], line
    assert line.endswith("told to say no")

    done = run("replay", "store", config=repaired)
    assert done.returncode == 0, done.stderr
    assert f"{dropped} rows delivered, 0 rejected again" in done.stderr
    written = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert sorted(map(identity, written)) == sorted(map(identity, kept))
    assert all(row["labels"]["site"] == "lab" for row in written)
    assert not letters.exists() and not list(letters.parent.iterdir())
    again = run("replay", "store", config=repaired)
    assert again.returncode == 1 and "there are no dead letters" in again.stderr
    assert "no dead letters in" in run("list", config=repaired).stdout


def test_every_type_of_field_comes_back_the_same(agent, text, letters, tmp_path):
    """Through a dead letter and straight: the same lines."""
    source = "{type: extremes, interval: 1s}"  # the same rows at every time
    process = agent(text(REJECT, source=source))
    harness.poll(lambda: "rejected for good" in process.log(), what="the rejection")
    process.stop_clean()
    assert rows_of(letters)

    def lines(name):
        found = (tmp_path / name).read_text().splitlines()
        return {re.sub(r'"time":"[^"]*",', "", line) for line in found}

    again = text(f"type: file, path: {tmp_path}/again.jsonl", source=source)
    done = run("replay", "store", config=file_of(tmp_path, "again.yaml", again))
    assert done.returncode == 0, done.stderr
    process = agent(text(f"type: file, path: {tmp_path}/straight.jsonl", source=source))
    harness.poll(lambda: lines("straight.jsonl"), what="rows")
    process.stop_clean()
    assert lines("again.jsonl") == lines("straight.jsonl")


def test_what_is_rejected_again_is_a_dead_letter_again(agent, text, letters, tmp_path):
    process = agent(text(REJECT))
    harness.poll(lambda: len(rows_of(letters)) >= 50, what="50 dead letters")
    process.stop_clean()
    kept = rows_of(letters)
    done = run("replay", "store", config=process.config)
    assert done.returncode == 1
    assert f"0 rows delivered, {len(kept)} rejected again" in done.stderr, done.stderr
    assert sorted(map(identity, rows_of(letters))) == sorted(map(identity, kept))


def test_an_interrupted_replay_keeps_the_rows(agent, text, letters, tmp_path):
    process = agent(text(REJECT))
    harness.poll(lambda: len(rows_of(letters)) >= 50, what="50 dead letters")
    process.stop_clean()
    kept = rows_of(letters)
    dead = file_of(tmp_path, "dead.yaml", text("type: unavailable") + "# nobody answers\n")
    hanging = replay(dead, tmp_path)
    harness.poll(lambda: "will try again" in hanging.log(), what="the first attempt")
    assert hanging.stop() == 1
    assert "the same command sends them again" in hanging.log()
    good = file_of(tmp_path, "good.yaml", text(f"type: file, path: {tmp_path}/rows.jsonl"))
    done = run("replay", "store", config=good)
    assert done.returncode == 0, done.stderr
    written = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert sorted(map(identity, written)) == sorted(map(identity, kept))


def test_a_replay_does_not_disturb_a_running_agent(agent, text, letters, tmp_path):
    process = agent(text(REJECT))
    good = file_of(tmp_path, "good.yaml", text(f"type: file, path: {tmp_path}/rows.jsonl"))
    for _ in range(5):
        harness.poll(lambda: len(rows_of(letters)) >= 50, what="50 dead letters")
        assert run("replay", "store", config=good).returncode == 0
    log = process.stop_clean()
    if letters.exists():
        assert run("replay", "store", config=good).returncode == 0
    dropped = int(re.findall(r"(\d+) dropped \(rejected\)", log)[-1])
    written = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(written) == dropped and len(set(map(identity, written))) == dropped


def test_the_file_has_a_limit_and_what_it_cannot_take_is_counted(agent, text, letters, tmp_path):
    process = agent(text(REJECT, ", dead_letters: 8KiB"))
    harness.poll(lambda: "is full; send its rows again" in process.log(), what="a full file")
    process.stop_clean()
    assert letters.stat().st_size <= 8192 < letters.stat().st_size + 1024


def test_none_are_kept_where_none_are_wanted(agent, text, letters):
    process = agent(text(REJECT, ", dead_letters: 0"))
    harness.poll(lambda: "rejected for good" in process.log(), what="a rejection")
    process.stop_clean()
    assert not letters.exists()


def test_lines_that_people_broke_are_told_and_not_lost(agent, text, letters, tmp_path):
    process = agent(text(REJECT))
    harness.poll(lambda: len(rows_of(letters)) >= 20, what="20 dead letters")
    process.stop_clean()
    count = len(rows_of(letters))
    lines = letters.read_text().splitlines(keepends=True)
    lines[3] = lines[3].replace('"time":', '"tome":')
    letters.write_text("".join(lines))
    good = file_of(tmp_path, "good.yaml", text(f"type: file, path: {tmp_path}/rows.jsonl"))
    assert "unreadable" in run("list", config=good).stdout
    done = run("replay", "store", config=good)
    assert done.returncode == 1
    assert f"{count - 1} rows delivered" in done.stderr and "1 lines unreadable" in done.stderr
    assert "(line 4: a row without schema or time)" in done.stderr, done.stderr
    assert "are now in " + str(unreadable(letters)) in done.stderr, done.stderr
    again = run("replay", "store", config=good)
    assert again.returncode == 1 and "there are no dead letters" in again.stderr
    mended = unreadable(letters).read_text().replace('"tome":', '"time":')
    unreadable(letters).unlink()
    aside(letters).write_text(mended)
    assert run("replay", "store", config=good).returncode == 0
    written = identities(tmp_path / "rows.jsonl")
    assert len(written) == count and len(set(written)) == count, "each row once"
    assert not list(letters.parent.iterdir())


def test_a_line_that_was_cut_off_costs_no_other(agent, text, letters, tmp_path):
    """As of an agent that was killed while it wrote."""
    process = agent(text(REJECT))
    harness.poll(lambda: len(rows_of(letters)) >= 20, what="20 dead letters")
    process.stop_clean()
    letters.write_bytes(letters.read_bytes()[:100])  # of the schema
    process = agent(text(REJECT))
    harness.poll(lambda: len(letters.read_text().splitlines()) >= 40, what="more")
    log = process.stop_clean()
    count = int(re.findall(r"(\d+) dropped \(rejected\)", log)[-1])
    good = file_of(tmp_path, "good.yaml", text(f"type: file, path: {tmp_path}/rows.jsonl"))
    done = run("replay", "store", config=good)
    assert done.returncode == 1
    assert f"{count} rows delivered" in done.stderr, done.stderr
    assert "1 lines unreadable" in done.stderr, done.stderr
    assert [path.name for path in letters.parent.iterdir()] == [unreadable(letters).name]
    assert len(set(identities(tmp_path / "rows.jsonl"))) == count


def test_rows_that_are_rejected_again_and_find_no_room_stay(agent, text, letters, tmp_path):
    process = agent(text(REJECT))
    harness.poll(lambda: len(rows_of(letters)) >= 200, what="200 dead letters")
    process.stop_clean()
    kept = rows_of(letters)

    none = file_of(tmp_path, "none.yaml", text(REJECT, ", dead_letters: 0"))
    done = run("replay", "store", config=none)
    assert done.returncode == 1 and "has `dead_letters: 0`" in done.stderr, done.stderr
    assert rows_of(letters) == kept and not aside(letters).exists()

    small = file_of(tmp_path, "small.yaml", text(REJECT, ", dead_letters: 8KiB"))
    done = run("replay", "store", config=small)
    assert done.returncode == 1
    lost = len(kept) - len(rows_of(letters))
    assert lost > 0
    assert f"{lost} of these found no place in {letters}" in done.stderr, done.stderr
    assert "the same command sends them again" in done.stderr
    assert rows_of(aside(letters)) == kept
    good = file_of(tmp_path, "good.yaml", text(f"type: file, path: {tmp_path}/rows.jsonl"))
    assert run("replay", "store", config=good).returncode == 0
    assert sorted(identities(tmp_path / "rows.jsonl")) == sorted(map(identity, kept))


def test_a_file_that_cannot_be_read_stays(text, letters, tmp_path):
    good = file_of(tmp_path, "good.yaml", text(f"type: file, path: {tmp_path}/rows.jsonl"))
    letters.parent.mkdir(parents=True)
    letters.symlink_to("/proc/self/mem")
    done = run("list", config=good)
    assert done.returncode == 1
    assert done.stderr == f"weir deadletter: {letters}: Input/output error\n"
    letters.rename(aside(letters))
    done = run("replay", "store", config=good)
    assert done.returncode == 1
    assert "it cannot be read to its end: Input/output error" in done.stderr, done.stderr
    assert aside(letters).is_symlink()


def test_a_sink_that_shows_the_present_takes_no_replay(agent, text, letters, tmp_path):
    process = agent(text(REJECT))
    harness.poll(lambda: len(rows_of(letters)) >= 50, what="50 dead letters")
    process.stop_clean()
    kept = letters.read_text()
    port = harness.free_port()
    shows = file_of(tmp_path, "shows.yaml", text(f"type: prometheus, listen: 127.0.0.1:{port}"))
    done = run("replay", "store", config=shows)
    assert done.returncode == 1
    assert "sink 'store' is a prometheus, which shows the present only" in done.stderr, done.stderr
    assert letters.read_text() == kept and not aside(letters).exists()


def test_one_replay_at_a_time(agent, text, letters, tmp_path):
    process = agent(text(REJECT))
    harness.poll(lambda: len(rows_of(letters)) >= 50, what="50 dead letters")
    process.stop_clean()
    kept = rows_of(letters)
    hanging = replay(file_of(tmp_path, "dead.yaml", text("type: unavailable")), tmp_path)
    harness.poll(lambda: "will try again" in hanging.log(), what="the first attempt")
    good = file_of(tmp_path, "good.yaml", text(f"type: file, path: {tmp_path}/rows.jsonl"))
    done = run("replay", "store", config=good)
    assert done.returncode == 1
    assert f"another replay is sending {aside(letters)}" in done.stderr, done.stderr
    assert not (tmp_path / "rows.jsonl").exists()
    assert hanging.stop() == 1
    assert run("replay", "store", config=good).returncode == 0
    assert sorted(identities(tmp_path / "rows.jsonl")) == sorted(map(identity, kept))


def test_a_replay_that_waits_for_room_can_be_interrupted(text, letters, tmp_path):
    """More than its memory takes, and nobody takes it."""
    letters.parent.mkdir(parents=True)
    with open(letters, "w") as out:
        for name in ("a", "b"):
            field = {"name": "text", "type": 5, "metric": 1}
            schema = {"schema": name, "measurement": name, "fields": [field]}
            out.write(json.dumps(schema) + "\n")
        for i in range(300):
            row = {"at": "now", "schema": "ab"[i % 2], "time": i, "fields": {"text": 100_000 * "x"}}
            out.write(json.dumps(row) + "\n")
    size = letters.stat().st_size
    hanging = replay(file_of(tmp_path, "dead.yaml", text("type: unavailable")), tmp_path)
    harness.poll(lambda: "will try again" in hanging.log(), what="the first attempt")
    assert hanging.stop() == 1
    assert "not all was sent" in hanging.log(), hanging.log()
    assert aside(letters).stat().st_size == size
