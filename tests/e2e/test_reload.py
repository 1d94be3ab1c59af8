"""Reload: by signal, by `weir reload`, over HTTP; what changes, what does not, what is refused."""

import json
import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path

import harness
import pytest

PLUGINS = harness.BUILD / "tests" / "plugins"
TOKEN = "0123456789abcdef0123456789abcdef"


class Reloading:
    """An agent whose configuration is written anew: sections as text by name."""

    def __init__(self, agent, folder, **sections):
        self.folder, self.port = folder, harness.free_port()
        self.path, self.socket = folder / "weir.yaml", folder / "weir.sock"
        self.plugins = folder / "plugins"
        self.plugins.mkdir()
        shutil.copy(PLUGINS / "source_ledger.so", self.plugins)
        self.sections = {
            "more": "",
            "sources": "ledger: {type: ledger, interval: 10ms}",
            "sinks": f'out: {{type: file, inputs: ["*"], path: {folder}/out.jsonl}}',
            **sections,
        }
        self.write()
        self.agent = agent(self.path)

    def write(self, **sections):
        self.sections.update(sections)
        s = self.sections
        sources = "\n".join("  " + line for line in s["sources"].splitlines())
        sinks = "\n".join("  " + line for line in s["sinks"].splitlines())
        self.path.write_text(
            f"agent:\n  data_dir: {self.folder}/data\n  plugin_dirs: [{self.plugins}]\n"
            f"  http: {{listen: 127.0.0.1:{self.port}, socket: {self.socket}"
            f"{s['more']}}}\nsources:\n{sources}\nsinks:\n{sinks}\n"
        )

    def reload(self, expect=0, **sections):
        """What `weir reload` says, once the files are written anew."""
        self.write(**sections)
        done = harness.weir("reload", "-c", self.path)
        assert done.returncode == expect, done.stdout + done.stderr + self.agent.log()
        return done.stdout if expect == 0 else done.stderr

    def status(self):
        return json.loads(harness.weir("status", "-c", self.path, "--format", "json").stdout)

    def rows(self, name="out.jsonl"):
        text = (self.folder / name).read_text() if (self.folder / name).exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def turns(self, name="out.jsonl"):
        """Of series 0: how often the source had been collected."""
        rows = self.rows(name)
        return [r["fields"]["turn"] for r in rows if r["labels"].get("part") == "0"]


@pytest.fixture
def reloading(agent, tmp_path):
    return lambda **sections: Reloading(agent, tmp_path, **sections)


def test_what_is_the_same_goes_on(reloading):
    r = reloading()
    harness.poll(lambda: len(r.turns()) > 5)
    assert r.reload() == "2 as before\n"
    extra = f'extra: {{type: file, inputs: [ledger], path: {r.folder}/extra.jsonl}}'
    said = r.reload(sinks=r.sections["sinks"] + "\n" + extra)
    assert said == "sink 'extra' added\n2 as before\n"
    harness.poll(lambda: len(r.turns("extra.jsonl")) > 5)
    said = r.reload(sinks=r.sections["sinks"].splitlines()[0])
    assert said == "sink 'extra' removed\n2 as before\n"
    r.agent.stop_clean()
    turns = r.turns()
    assert turns == list(range(len(turns))), "the source was never made anew, nothing is missing"
    extra = r.turns("extra.jsonl")
    assert extra == list(range(extra[0], extra[0] + len(extra)))


def test_by_signal_and_when_asked_twice(reloading):
    r = reloading()
    r.write(sources="ledger: {type: ledger, interval: 20ms}")
    r.agent.reload()
    r.agent.wait_log("source 'ledger' changed")
    number = harness.poll(lambda: r.status()["reload"]["count"])
    r.agent.send(signal.SIGHUP)
    harness.poll(lambda: r.status()["reload"]["count"] > number)
    assert r.status()["reload"]["result"] == "done"


def test_what_is_wrong_changes_nothing(reloading):
    r = reloading()
    good = dict(r.sections)
    said = r.reload(expect=78, sources="ledger: {type: ledger, intervall: 10ms}")
    assert f"{r.path}:6:26: unknown key 'intervall'" in said, said
    assert "nothing has changed" in said
    assert r.status()["reload"]["result"] == "invalid"
    r.socket, there = r.folder / "other.sock", r.socket
    r.write(**good)
    done = harness.weir("reload", "-c", r.path, "--at", there)
    assert done.returncode == 1
    assert "agent.http.socket changes only when the agent is restarted" in done.stderr
    r.socket = there
    # What there is is broken, too: the part that could be done is not done alone.
    broken = r.plugins / "sink_broken.so"
    broken.write_text("this is no shared object")
    said = r.reload(
        expect=78,
        **{**good, "sinks": good["sinks"] + "\nb: {type: broken, inputs: ledger, required: true}"},
    )
    assert "not a shared object" in said, said
    assert [c["id"] for c in r.status()["components"]] == ["ledger", "out"]
    assert r.reload(**good) == "2 as before\n"
    r.agent.stop_clean()
    turns = r.turns()
    assert turns == list(range(len(turns)))


def test_a_port_that_is_taken_keeps_the_sink_as_it_was(reloading):
    port = harness.free_port()
    sink = "out: {{type: prometheus, inputs: [ledger], listen: 127.0.0.1:{}}}"
    r = reloading(sinks=sink.format(port))
    with harness.listen(lambda connection: connection.close()) as taken:
        said = r.reload(expect=1, sinks=sink.format(taken.getsockname()[1]))
    assert "goes on as before" in said
    page = f"http://127.0.0.1:{port}/metrics"
    harness.poll(lambda: b"ledger_turn" in harness.http_get(page)[2])
    assert r.status()["reload"]["result"] == "partly"


def test_a_sink_that_was_down_hands_its_disk_on(reloading, free_port):
    """Nobody answers there; then the same id is a sink of another type."""
    disk = "inputs: [ledger], buffer: {type: disk}"
    r = reloading(sinks=f"out: {{type: redis, url: 'redis://127.0.0.1:{free_port()}/', {disk}}}")
    harness.poll(lambda: r.status()["routes"][0]["held"] > 1000)
    said = r.reload(sinks=f"out: {{type: file, path: {r.folder}/out.jsonl, {disk}}}")
    assert said == "sink 'out' changed\n1 as before\n"
    harness.poll(lambda: len(r.turns()) > 100)
    r.agent.stop_clean()
    turns = r.turns()
    assert turns == list(range(len(turns)))


def upgrade(r):
    """Like dpkg: a new file under the old name."""
    new = r.plugins / ".source_ledger.so.new"
    shutil.copy(PLUGINS / "later" / "source_ledger.so", new)
    new.rename(r.plugins / "source_ledger.so")


@pytest.mark.parametrize("how", ["restart", "reload"])
def test_rows_on_the_disk_outlive_an_upgrade_that_changes_the_type_of_a_field(
    reloading, agent, free_port, how
):
    disk = "inputs: [ledger], buffer: {type: disk}"
    r = reloading(sinks=f"out: {{type: redis, url: 'redis://127.0.0.1:{free_port()}/', {disk}}}")
    harness.poll(lambda: r.status()["routes"][0]["held"] > 1000)
    upgrade(r)
    if how == "reload":
        assert r.reload() == "source 'ledger' changed\n1 as before\n"
        r.reload(sinks=f"out: {{type: file, path: {r.folder}/out.jsonl, {disk}}}")
    else:
        r.agent.stop_clean()
        r.write(sinks=f"out: {{type: file, path: {r.folder}/out.jsonl, {disk}}}")
        r.agent = agent(r.path)
    harness.poll(lambda: r.rows() and r.rows()[-1]["fields"].get("build") == 2)
    log = r.agent.stop_clean()
    assert "dropped (" not in log and "of no use" not in log, log
    old = [x["fields"] for x in r.rows() if "build" not in x["fields"]]
    turns = [x["turn"] for x in old[::10]]
    assert turns == list(range(len(turns))) and len(old) > 1000
    assert all(isinstance(x["number"], int) for x in old)


def test_a_plugin_is_upgraded_under_load(reloading):
    r = reloading(
        sources="ledger: {type: ledger, interval: 10ms, series: 200}\nother: {type: node_probe}"
    )
    harness.poll(lambda: len(r.turns()) > 100)
    upgrade(r)
    assert r.reload() == "source 'ledger' changed\n2 as before\n"
    harness.poll(lambda: r.rows()[-1]["fields"].get("build") == 2 or None)
    r.agent.stop_clean()
    rows = [x["fields"] for x in r.rows() if x["measurement"] == "ledger"]
    builds = [x.get("build", 1) for x in rows]
    assert builds == sorted(builds) and set(builds) == {1, 2}
    routes = r.agent.log()
    assert "dropped (" not in routes, "nothing was lost on the way"


def test_who_may_ask(reloading):
    r = reloading(more=f", token: {TOKEN}")
    url = f"http://127.0.0.1:{r.port}/reload"

    def headers(token):
        return {"Authorization": f"Bearer {token}"} if token else {}

    def ask(token=None):
        return harness.http_get(url, headers(token), method="POST")[0]

    assert ask() == 401
    assert ask("0" * 32) == 401
    assert ask(TOKEN) == 202
    # The token itself is changed without a restart.
    other = TOKEN[::-1]
    r.reload(more=f", token: {other}")
    assert ask(TOKEN) == 401
    assert ask(other) == 202


def test_a_page_of_somebody_else_cannot_ask(reloading):
    r = reloading()
    status, _, body = harness.http_get(
        f"http://127.0.0.1:{r.port}/reload", method="POST"
    )
    assert status == 403 and b"agent.http.socket" in body
    assert r.status()["reload"]["count"] == 0


def test_many_at_once_and_the_end_in_the_middle(reloading):
    r = reloading()
    intervals = ["5ms", "10ms"]
    for i in range(30):
        r.write(sources=f"ledger: {{type: ledger, interval: {intervals[i % 2]}}}")
        askers = [
            threading.Thread(target=harness.weir, args=("reload", "-c", r.path)) for _ in range(3)
        ]
        for a in askers:
            a.start()
        for a in askers:
            a.join()
    r.agent.reload()
    r.agent.stop_clean()
    assert "dropped (" not in r.agent.log()


def test_without_an_agent_it_says_so(tmp_path):
    config = tmp_path / "weir.yaml"
    config.write_text(f"agent: {{http: {{listen: off, socket: {tmp_path}/weir.sock}}}}\n")
    done = harness.weir("reload", "-c", config)
    assert done.returncode == 1
    assert "no agent answers" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root cannot become another user")
def test_a_reload_for_which_there_are_no_threads_is_refused(process, poll, weir):
    """The limit of the unit (TasksMax) or of a pod: nothing changes, nothing is lost."""
    user = "54321"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "weir.yaml"
        sink = "{type: file, inputs: [weir], path: %s/%s.jsonl}"
        text = (
            f"agent: {{interval: 100ms, data_dir: {folder}, "
            f"http: {{listen: off, socket: {folder}/weir.sock}}}}\n"
            f"sources: {{weir: {{type: agent_telemetry}}}}\nsinks:\n"
        )
        path.write_text(text + f"  out: {sink % (folder, 'out')}\n")
        shutil.chown(folder, int(user), int(user))
        limited = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "prlimit"]
        child = process([*limited, "--nproc=20", harness.WEIR, "run", "-c", path])
        poll(lambda: harness.READY_TEXT in child.log())
        more = "".join(f"  more_{i}: {sink % (folder, i)}\n" for i in range(30))
        path.write_text(path.read_text() + more)
        refused = weir("reload", "-c", path)
        assert refused.returncode == 1, refused.stdout
        assert "the system gives" in refused.stderr and "threads" in refused.stderr
        rows = (folder / "out.jsonl").read_text().count("\n")
        poll(lambda: (folder / "out.jsonl").read_text().count("\n") > rows)
        assert child.stop() == 0, child.log()
        assert ", 0 dropped, 0 held" in child.log()
