"""The table of exit codes in docs/operations.md: each situation in it is brought about.

A row's situations are separated by `;`. CASES has a function for each, in the same order.
"""

import json
import signal
import time

import harness
import pages
import pytest

PAGE = pages.DOCS / "operations.md"
PLUGINS = harness.BUILD / "tests" / "plugins"
MISTAKE = "sources: {a: {type: nothing}}\n"
SIMULATED = "{type: iot_simulator, seed: 1, devices: {room: {kind: environment, count: 10}}}"
SOON = ", shutdown_timeout: 1s"
MINUTE = ("--from", "2026-01-01", "--to", "2026-01-01T00:01:00Z")
DAY = ("--from", "2026-01-01", "--to", "2026-01-02")


class Scene:
    """A folder in which a case writes configurations and runs commands."""

    def __init__(self, folder, agent, config):
        self.folder, self.agent, self.config = folder, agent, config
        self.data = folder / "data"

    def text(self, sink="{type: file, path: OUT}", more="", agent=SOON, source=SIMULATED):
        sink = sink.replace("OUT", str(self.folder / "out.jsonl"))
        lines = [
            f"agent: {{data_dir: {self.data}, plugin_dirs: [{PLUGINS}], interval: 100ms",
            f"  , http: {{listen: off, socket: {self.folder}/sock}}{agent}}}",
            f"sources: {{a: {source}}}",
            f"sinks: {{s: {sink[:-1]}, inputs: [a]{more}}}}}",
        ]
        return "\n".join(lines) + "\n"

    def file(self, **options):
        return self.config(self.text(**options))

    def code(self, *arguments, **options):
        return harness.weir(*arguments, **options).returncode

    def mistake(self, *command):
        return self.code(*command, "-c", self.config(MISTAKE))

    def run(self, **options):
        """The exit code of an agent that ends by itself."""
        return self.code("run", self.file(**options), timeout=60)

    def stopped(self, number, holds=False, **options):
        """The exit code of an agent that is stopped, once its sink holds rows."""
        path = self.file(**options)
        process = self.agent(path)
        harness.poll(lambda: not holds or self.held(path) > 0)
        process.send(number)
        return process.wait(60)

    def held(self, path):
        answer = harness.weir("status", "-c", path, "--format", "json").stdout
        return json.loads(answer)["routes"][0]["held"]

    def buffer(self):
        """The disk buffer of an agent that was killed."""
        process = self.agent(self.file(sink="{type: unavailable}", more=", buffer: {type: disk}"))
        folder = self.data / "buffers" / "s"
        harness.poll(lambda: any(p.stat().st_size > 200 for p in folder.glob("*.segment")))
        return process, folder

    def letters(self):
        """Dead letters of the sink `s`."""
        process = self.agent(self.file(sink="{type: unavailable, answer: reject}"))
        harness.poll(lambda: (self.data / "deadletters" / "s.jsonl").exists())
        process.stop_clean()


def wrong_plugin(s):
    folder = s.folder / "torn"
    folder.mkdir()
    (folder / "source_torn.so").write_bytes(b"torn")
    return f"plugin_dirs: [{folder}]"


def torn(s, required):
    more = ", required: true" if required else ""
    text = s.text(source=f"{{type: torn{more}}}")
    return s.config(text.replace(f"plugin_dirs: [{PLUGINS}]", wrong_plugin(s)))


def taken(s):
    with harness.listen(lambda connection: None) as listener:
        port = listener.getsockname()[1]
        return s.run(sink=f'{{type: prometheus, required: true, listen: "127.0.0.1:{port}"}}')


def http_taken(s):
    with harness.listen(lambda connection: None) as listener:
        place = f"{{listen: 127.0.0.1:{listener.getsockname()[1]}, socket: off}}"
        text = s.text().replace(f"{{listen: off, socket: {s.folder}/sock}}", place)
        return s.code("run", s.config(text))


def bad_buffer(s):
    s.data.write_text("a file is where the directory should be")
    return s.run(more=", buffer: {type: disk}")


def hangs(s):
    sink = "{type: slow, takes: 1h}"
    return s.stopped(signal.SIGTERM, holds=True, sink=sink, agent=", shutdown_timeout: 100ms")


def twice(s):
    path = s.file(sink="{type: unavailable}", agent=", shutdown_timeout: 1h")
    process = s.agent(path)
    harness.poll(lambda: s.held(path) > 0)  # else it ends before the second one
    process.send(signal.SIGINT)
    process.wait_log("SIGINT: stopping")

    def ended():
        if process.running():
            process.send(signal.SIGINT)
        return not process.running()

    harness.poll(ended)
    return process.wait()


def missing(s, *command):
    return s.code(*command, s.folder / "none.yaml")


def warned(s):
    text = s.text().replace("sources: {", f"sources: {{b: {SIMULATED}, ")
    return s.code("check", s.config(text))


def reloaded(s, text=None, code=0):
    path = s.file()
    s.agent(path)
    if text is not None:
        path.write_text(text)
    return s.code("reload", "-c", path)


def without_token(s):
    port = harness.free_port()
    text = s.text().replace("listen: off", f"listen: 127.0.0.1:{port}")
    s.agent(s.config(text))
    return s.code("reload", "--at", f"127.0.0.1:{port}")


def status(s, expected, **options):
    """The first answer that is expected: it takes a moment until components have worked."""
    path = s.file(**options)
    s.agent(path)
    harness.poll(lambda: s.code("status", "-c", path) == expected)
    return expected


def backfill(s, *arguments, **options):
    return s.code("backfill", "-c", s.file(**options), *(arguments or MINUTE))


def interrupted(s):
    path = s.file(sink="{type: slow, takes: 1s}", agent=", shutdown_timeout: 1s")
    command = [harness.WEIR, "backfill", "-c", path, *DAY]
    process = harness.Process(command, s.folder / "backfill.log")
    harness.poll(lambda: (s.data / "backfill").exists())
    time.sleep(0.5)
    return process.stop()


def deadletter(s, *words, **options):
    return s.code("deadletter", *words, "-c", s.file(**options))


def replay(s, sink):
    s.letters()
    return deadletter(s, "replay", "s", sink=sink)


def buffer(s, action, alive=False, damage=False):
    process, folder = s.buffer()
    if not alive:
        process.kill()
    if damage:
        segment = next(folder.glob("*.segment"))
        data = bytearray(segment.read_bytes())
        data[100] ^= 1
        segment.write_bytes(data)
    code = s.code("buffer", action, folder)
    process.kill()
    return code


def any_socket(s):
    return s.code("status", "--at", s.folder / "none")


def plugin_test(name, option):
    return harness.weir("plugin", "test", PLUGINS / f"{name}.so", "--option", option).returncode


CASES = {
    ("run", 0): [
        lambda s: s.stopped(signal.SIGTERM) + s.stopped(signal.SIGINT),
        lambda s: s.stopped(signal.SIGTERM, sink="{type: unavailable}", more=", buffer: "
                            "{type: disk}", agent=", shutdown_timeout: 100ms"),
    ],
    ("run", 1): [
        taken, bad_buffer, http_taken, hangs, twice,
    ],
    ("run", 78): [
        lambda s: s.mistake("run"),
        lambda s: missing(s, "run"),
        lambda s: s.code("run", torn(s, required=True)),
        lambda s: s.code("run", s.file(), "--log-level", "loud"),
    ],
    ("check", 0): [
        lambda s: s.code("check", s.file()),
        warned,
        lambda s: s.code("check", "--probe", s.file()),
    ],
    ("check", 1): [
        lambda s: s.code("check", "--probe", s.file(sink='{type: redis, url: "redis://[::1]:1"}')),
    ],
    ("check", 78): [
        lambda s: s.mistake("check"),
        lambda s: missing(s, "check"),
        lambda s: s.code("check", torn(s, required=False)),
    ],
    ("reload", 0): [reloaded],
    ("reload", 1): [
        lambda s: reloaded(s, s.text(agent=SOON + ", hostname: another")),
        lambda s: s.code("reload", "-c", s.file()),
        without_token,
    ],
    ("reload", 78): [
        lambda s: reloaded(s, s.text(source="{type: nothing}")),
        lambda s: missing(s, "reload"),
    ],
    ("status", 0): [lambda s: status(s, 0)],
    ("status", 1): [
        lambda s: status(s, 1, sink="{type: unavailable, required: true}"),
        any_socket,
    ],
    ("status", 78): [lambda s: missing(s, "status")],
    ("once", 0): [lambda s: s.code("once", "-c", s.file())],
    ("once", 1): [
        lambda s: s.code("once", "-c", s.file(agent=", max_series: 1")),
        lambda s: s.code("once", "-c", s.file(), "none"),
    ],
    ("once", 78): [lambda s: s.mistake("once")],
    ("backfill", 0): [backfill, lambda s: backfill(s) + backfill(s)],
    ("backfill", 1): [
        lambda s: backfill(s, sink="{type: unavailable, answer: reject}"),
        interrupted,
        lambda s: backfill(s, source="{type: agent_telemetry}"),
        lambda s: backfill(s, "--from", "2026-01-02", "--to", "2026-01-01"),
    ],
    ("backfill", 78): [lambda s: s.mistake("backfill", *DAY)],
    ("deadletter", 0): [
        lambda s: deadletter(s, "list"),
        lambda s: replay(s, "{type: file, path: OUT}"),
    ],
    ("deadletter", 1): [
        lambda s: replay(s, "{type: unavailable, answer: reject}"),
        lambda s: deadletter(s, "replay", "s"),
        lambda s: deadletter(s, "replay", "none"),
    ],
    ("deadletter", 78): [lambda s: s.mistake("deadletter", "list")],
    ("buffer", 0): [lambda s: sum(buffer(s, a) for a in ("check", "dump", "repair"))],
    ("buffer", 1): [
        lambda s: buffer(s, "check", damage=True),
        lambda s: s.code("buffer", "check", s.folder),
        lambda s: buffer(s, "repair", alive=True),
    ],
    ("describe", 0): [lambda s: s.code("describe", "file")],
    ("describe", 1): [lambda s: s.code("describe", "nothing")],
    ("list", 0): [lambda s: s.code("list", "-c", torn(s, required=False))],
    ("schema", 0): [lambda s: s.code("schema")],
    ("plugin", 0): [
        lambda s: plugin_test("source_faulty", "fault=none"),
        lambda s: plugin_test("sink_faulty", "fault=none"),
    ],
    ("plugin", 1): [
        lambda s: plugin_test("source_faulty", "fault=row_twice"),
        lambda s: plugin_test("source_faulty", "nothing=1"),
    ],
    ("version", 0): [lambda s: s.code("version")],
}
ROWS = {(pages.code(r[0])[0], int(r[1])): r[2] for r in pages.tables(PAGE, "command")}
ALL = [(*key, i) for key in CASES for i in range(len(CASES[key]))]


def commands():
    lines = harness.weir("--help").stdout.splitlines()
    return {line.split()[0] for line in lines if line.startswith("  ")}


def test_the_table_has_every_command_and_situation():
    count = {key: len(text.split("; ")) for key, text in ROWS.items()}
    count["list", 0] = 1  # one sentence with a semicolon
    assert count == {key: len(cases) for key, cases in CASES.items()}
    assert {command for command, _ in ROWS} == commands()


@pytest.mark.parametrize("command,code,index", ALL, ids=lambda value: str(value))
def test_exit_code(command, code, index, tmp_path, agent, config):
    assert CASES[command, code][index](Scene(tmp_path, agent, config)) == code


def test_a_wrong_command_line_ends_with_1(tmp_path):
    for name in ({*commands()} - {"version"}) | {"nothing"}:
        assert harness.weir(name, "--nothing").returncode == 1, name
    assert harness.weir().returncode == 1
