"""docs/troubleshooting.md quotes Weir: each symptom is produced here, and its words are those.

What stands in backticks in the first column of its tables and has three words or more is a quote;
`...` stands for anything. All scenes together are the text in which each has to be found.
"""

import re
import resource
import struct

import harness
import mosquitto
import pages

PAGE = pages.DOCS / "troubleshooting.md"
PLUGINS = harness.BUILD / "tests" / "plugins"
STEP_CLOCK = harness.BUILD / "tests" / "faults" / "step_clock.so"
SELF = "{type: agent_telemetry}"
HOST = "{type: node_probe}"
DEAD = 'type: redis, url: "redis://127.0.0.1:1"'


def quotes():
    cells = [row[0] for row in pages.tables(PAGE, "you see")]
    return [q for cell in cells for q in pages.code(cell) if len(q.split()) > 2]


def pattern(quote):
    """Of one line, or of a cell of `weir status`, which wraps its text."""
    return r"\s+".join(re.escape(word).replace(r"\.\.\.", ".*?") for word in quote.split())


class Stage:
    def __init__(self, folder, agent, config):
        self.folder, self.agent, self.config, self.text = folder, agent, config, ""
        self.count = 0

    def file(self, sources, sinks, more=""):
        """A configuration with a data_dir, a socket and a port of its own."""
        self.count += 1
        here = self.folder / f"scene-{self.count}"
        here.mkdir()
        agent = f"interval: 100ms, shutdown_timeout: 1s, plugin_dirs: [{PLUGINS}]"
        if "http:" not in more:
            more += f", http: {{listen: off, socket: {here}/sock}}"
        if "data_dir:" not in more:
            more += f", data_dir: {here}/data"
        lines = [f"agent: {{{agent}{more}}}", "sources:"]
        lines += [f"  {name}: {text}" for name, text in sources.items()]
        lines += ["sinks:"] + [f"  {name}: {{{text}}}" for name, text in sinks.items()]
        return self.config("\n".join(lines) + "\n")

    def run(self, sources, sinks, until=(), more="", **options):
        """An agent, once its log has all of `until`."""
        process = self.agent(self.file(sources, sinks, more), ready=False, **options)
        for text in until:
            process.wait_log(text)
        return process

    def end(self, process):
        process.stop()
        self.text += process.log()

    def scene(self, *arguments, **options):
        self.end(self.run(*arguments, **options))

    def ask(self, *arguments):
        done = harness.weir(*arguments)
        self.text += done.stdout + done.stderr
        return done.stdout + done.stderr

    def status(self, process, text):
        """Asks until the answer has the text."""
        harness.poll(lambda: re.search(pattern(text), self.ask("status", process.config)))


def files_that_are_wrong(s):
    s.ask("check", s.file({"a": "{type: agent_telemtry}"}, {"o": f"{DEAD}, inputs: [a]"}))
    secrets = ("${NONE_SUCH}", "${credential:db}", "${file:none}")
    for secret in secrets:
        s.ask("check", s.file({"a": SELF}, {"o": f'{DEAD}, password: "{secret}", inputs: [a]'}))
    open_to_all = ", http: {listen: 0.0.0.0:9465}"
    s.ask("check", s.file({"a": SELF, "b": SELF}, {"o": f"{DEAD}, inputs: [a]"}, open_to_all))
    s.ask("check", s.file({"a": SELF, "b": SELF}, {"o": f"{DEAD}, inputs: [a]"}))
    torn = s.folder / "torn"
    torn.mkdir()
    (torn / "source_torn.so").write_bytes(b"torn")
    for required in ("true", "false"):
        path = s.file({"a": f"{{type: torn, required: {required}}}"}, {"o": f"{DEAD}, inputs: [a]"})
        path.write_text(path.read_text().replace(str(PLUGINS), str(torn)))
        process = s.agent(path, ready=False)
        if required == "false":
            process.wait_log("goes on without it")
        else:
            process.wait()
        s.end(process)


def places_that_cannot_be_had(s):
    with harness.listen(lambda connection: None) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
        s.scene({"a": SELF}, {"p": f'type: prometheus, listen: "{place}", inputs: [a]'},
                ["goes on without it"])  # fmt: skip
        process = s.run({"a": SELF}, {"o": f"{DEAD}, inputs: [a]"},
                        more=f', http: {{listen: "{place}"}}')  # fmt: skip
        process.wait()
        s.end(process)
    s.scene({"a": SELF}, {"f": "type: file, path: /sys/rows.jsonl, inputs: [a]"},
            ["goes on without it"])  # fmt: skip
    disk = {"d": f"{DEAD}, inputs: [a], buffer: {{type: disk}}"}
    for data in ("/proc/none", s.folder / "shared"):
        first = s.run({"a": SELF}, disk, more=f", data_dir: {data}")
        if data != "/proc/none":
            first.wait_ready()
            second = s.run({"a": SELF}, disk, more=f", data_dir: {data}")
            second.wait()
            s.end(second)
            first.kill()
        else:
            first.wait()
        s.end(first)


def servers(s, tmp_path):
    s.scene({"a": SELF}, {"o": f"{DEAD}, inputs: [a], retry: {{initial: 1ms, max: 2ms}}"},
            ["will try again", "the circuit is open"])  # fmt: skip
    with harness.listen(lambda connection: connection.recv(1)) as listener:
        place = f"redis://127.0.0.1:{listener.getsockname()[1]}"
        sink = f'type: redis, url: "{place}", inputs: [a], write_deadline: 200ms, required: true'
        process = s.run({"a": SELF}, {"o": sink}, ["no answer within"])
        s.status(process, "running, not ready")
        s.end(process)
    broker = mosquitto.Broker(tmp_path / "late")
    sink = f'type: mqtt, url: "mqtt://127.0.0.1:{broker.port}", topic: a, inputs: [a]'
    sink += ", retry: {initial: 10ms, max: 100ms}"
    process = s.run({"a": SELF}, {"o": sink}, ["will try again"])
    broker.start()
    process.wait_log("writes again after")
    s.end(process)
    broker.kill()
    s.ask("status", "--at", s.folder / "none")


def full_queues(s):
    sinks = {"o": f"{DEAD}, inputs: [a], buffer: {{max_size: 64KiB}}"}
    process = s.run({"a": HOST}, sinks)
    process.wait_ready()
    s.status(process, "dropped: queue_full_oldest")
    s.end(process)
    sinks = {"o": f"{DEAD}, inputs: [a], buffer: {{max_size: 64KiB, when_full: block}}"}
    process = s.run({"a": HOST}, sinks, ["ticks are missed"])
    s.status(process, "a collection has been under way for")
    s.end(process)


def limits(s):
    place = f"127.0.0.1:{harness.free_port()}"
    sink = f'type: prometheus, listen: "{place}", max_series: 10, inputs: [a]'
    s.scene({"a": HOST}, {"p": sink}, ["rows are refused", "rejected for good"])
    sink = "type: unavailable, answer: reject, inputs: [a], dead_letters: 4KiB"
    s.scene({"a": HOST}, {"o": sink}, ["are not kept as dead letters"])
    sink = f"type: file, path: {s.folder}/out.jsonl, inputs: [a]"
    s.scene({"a": HOST}, {"o": sink}, ["series is reached"], more=", max_series: 10")
    root = f"{{type: node_probe, root: {s.folder}}}"
    s.scene({"a": root}, {"o": sink}, ["cannot read"])


def disks(s, tmp_path):
    disk = {"d": f"{DEAD}, inputs: [a], buffer: {{type: disk}}"}
    process = s.run({"a": HOST}, disk)
    process.wait_ready()
    # A file that may not grow is a disk without room; the agent is not told by a signal.
    small = (200_000, resource.RLIM_INFINITY)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, small)
    process.wait_log("cannot put rows on the disk")
    process.kill()
    s.end(process)
    segment = next(process.config.parent.glob("scene-*/data/buffers/d/*.segment"))
    data = bytearray(segment.read_bytes())
    data[-1000] ^= 1
    segment.write_bytes(data)
    again = s.agent(process.config, ready=False)
    again.wait_log("kept in quarantine")
    again.wait_log("goes on with")
    s.end(again)


def the_clock(s, tmp_path):
    step = tmp_path / "step"
    step.write_bytes(bytes(8))
    sink = f"type: file, path: {s.folder}/clock.jsonl, inputs: [a]"
    env = {"LD_PRELOAD": str(STEP_CLOCK), "WEIR_CLOCK_STEP": str(step)}
    process = s.run({"a": SELF}, {"o": sink}, env=env)
    process.wait_ready()
    step.open("r+b").write(struct.pack("<q", 3600 * 10**9))
    process.wait_log("the wall clock jumped")
    s.end(process)


def processors(s):
    """One whose calls take longer than is taken for slow."""
    path = s.file({"a": SELF}, {"o": f"type: file, path: {s.folder}/slow.jsonl, inputs: [p]"})
    slow = "processors:\n  p: {type: delay, inputs: [a], takes: 14s}\nsinks:"
    path.write_text(path.read_text().replace("sinks:", slow))
    process = s.agent(path, ready=False)
    process.wait_log("the call that took so long ended")
    s.status(process, "a call has been under way for ...")
    s.end(process)


def reloads(s):
    sink = f"type: file, path: {s.folder}/reload.jsonl, inputs: [a]"
    port = harness.free_port()
    door = f', http: {{listen: "127.0.0.1:{port}", socket: {s.folder}/door}}'
    process = s.run({"a": SELF}, {"o": sink}, more=door)
    process.wait_ready()
    before = process.config.read_text()
    process.config.write_text(re.sub(r"data_dir: [^,}]*", "data_dir: /none", before))
    s.ask("reload", process.config)
    taken = f'  p: {{type: prometheus, listen: "127.0.0.1:{port}", inputs: [a]}}\n'
    process.config.write_text(before + taken)
    s.ask("reload", process.config)
    s.ask("reload", "--at", f"127.0.0.1:{port}")
    process.config.write_text(before)
    s.end(process)


def test_every_quote_is_what_weir_says(tmp_path, agent, config):
    s = Stage(tmp_path, agent, config)
    files_that_are_wrong(s)
    places_that_cannot_be_had(s)
    servers(s, tmp_path)
    full_queues(s)
    limits(s)
    disks(s, tmp_path)
    the_clock(s, tmp_path)
    processors(s)
    reloads(s)
    assert len(quotes()) > 30
    assert [q for q in quotes() if not re.search(pattern(q), s.text)] == []
