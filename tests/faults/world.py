"""One agent that lives many lives on one data_dir, with the folders, clock and disks of its own.

What each life left in its log is looked at: the conservation law where it ended in good order, and
that rows which one life left on the disk are what the next one finds there.
"""

import collections
import os
import re
import signal
import struct
import subprocess
import time
from pathlib import Path

import harness
import ledger
from store import SOURCES

HERE = harness.BUILD / "tests"
ROUTE = re.compile(r"route (\S+|\(earlier configuration\)) -> (\S+): (.*)")
COUNT = re.compile(r"(\d+) (rows in|found on the disk|delivered|held|dropped \((\w+)\))")
FOUND = re.compile(r"info  (\S+): goes on with (\d+) rows from")
UNNOTED = re.compile(r"warn  (\S+): cannot note on the disk what was delivered")
LOG_KEPT = 30  # lives


class Broken(Exception):
    """A promise that was broken in the middle of a run."""


class Disk:
    """A small file system that can be full; without mounts, a folder that cannot."""

    def __init__(self, path, size_mib, mounts):
        self.path, self.mounts = Path(path), mounts
        self.path.mkdir(parents=True)
        if mounts:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size_mib}M", "weir-faults", self.path],
                check=True,
            )

    def fill(self, left):
        """Leaves about `left` bytes."""
        with open(self.path / "filler", "ab") as filler:
            for _ in range(20):  # others write meanwhile
                status = os.statvfs(self.path)
                free = status.f_bavail * status.f_frsize - left
                if free <= 0:
                    break
                try:
                    os.posix_fallocate(filler.fileno(), filler.tell(), free)
                    filler.seek(0, 2)
                except OSError:
                    pass

    def free(self):
        (self.path / "filler").unlink(missing_ok=True)

    def close(self):
        if self.mounts:
            subprocess.run(["umount", "--lazy", self.path], check=False)


class World:
    """`stores` have started. `settings` is what differs between sinks: (store, source) -> YAML."""

    def __init__(self, folder, stores, settings, mounts, source_settings=""):
        self.folder, self.stores = Path(folder), stores
        self.settings, self.source_settings = settings, source_settings
        self.folder.mkdir(parents=True)
        self.disk = Disk(self.folder / "data", 64, mounts)
        self.clock = self.folder / "clock"
        self.step_clock(0)
        self.lives = 0
        self.agent = None
        self.held = {}  # sink -> rows, where the last life ended in good order
        self.counts = collections.defaultdict(collections.Counter)  # of lives with a good end
        self.left_behind = 0
        self.balanced = self.handed_on = 0  # ends whose rows add up; disks found as they were left

    def sinks(self):
        """(id, store, source)"""
        for store in self.stores:
            for source in SOURCES:
                yield f"{store.name}_{source}", store, source

    def text(self, interval="10ms", stop="3s", instead=None):
        """The configuration. `instead`: what stands in for the type and options of all sinks."""
        lines = [
            f"agent: {{interval: {interval}, data_dir: {self.disk.path}, shutdown_timeout: {stop}, "
            f"http: {{listen: off}}, plugin_dirs: [{HERE / 'plugins'}]}}",
            "sources:",
        ]
        for source in SOURCES:
            lines.append(
                f"  {source}: {{type: accountable, name: {source}, run: '${{WEIR_RUN}}', "
                f"ledger: {self.books(source)}{self.source_settings}}}"
            )
        lines.append("sinks:")
        for sink, store, source in self.sinks():
            lines.append(
                f"  {sink}: {{{instead or store.sink(source)}, inputs: [{source}], required: true, "
                f"retry: {{initial: 10ms, max: 200ms}}{self.settings[store.name, source]}}}"
            )
        return "\n".join(lines) + "\n"

    def books(self, source):
        return self.folder / f"{source}.ledger"

    def step_clock(self, ns):
        """From the next instant on, the agent's wall clock is off by that much."""
        with open(self.clock, "r+b" if self.clock.exists() else "wb") as file:
            file.write(struct.pack("<q", ns))

    # ---- lives ----------------------------------------------------------------------------

    def launch(self, **text):
        self.lives += 1
        config = self.folder / "weir.yaml"
        config.write_text(self.text(**text))
        self.agent = harness.Agent(
            config,
            self.log_path(self.lives),
            env={
                "WEIR_RUN": str(self.lives),
                "WEIR_CLOCK_STEP": str(self.clock),
                "LD_PRELOAD": str(HERE / "faults" / "step_clock.so"),
            },
        )
        return self.agent

    def log_path(self, life):
        return self.folder / f"agent-{life}.log"

    def wait_ready(self):
        """False when it ended before it was ready."""

        def ready():
            return not self.agent.running() or harness.READY_TEXT in self.agent.log()

        harness.poll(ready, 120, 0.002, "the agent is ready")
        return self.agent.running()

    def kill(self):
        """-9; it must have lived until then."""
        code = self.agent.child.poll()
        self.agent.kill()
        if code is not None:
            raise self.broken(f"the agent ended by itself with {code}")
        self.conclude(clean=False)

    def stop(self, number):
        """A signal, and the agent's end in good order. Where a server does not answer it may have
        to leave a plugin behind, and must say so."""
        self.agent.send(number)
        code = self.agent.wait(120)
        log = self.agent.log()
        if code == 1 and ("left behind" in log or "does not return" in log):
            self.left_behind += 1
            return self.conclude(clean=False)
        if code == -number and not log:
            return self.conclude(clean=False)  # before it was there to handle it
        if code != 0:
            raise self.broken(f"the agent ended with {code} after signal {number}")
        return self.conclude(clean=True)

    def broken(self, what):
        lines = [f"{what} (life {self.lives})"]
        for life in (self.lives - 1, self.lives):
            if self.log_path(life).exists():
                log = self.log_path(life).read_text(errors="replace").splitlines()
                lines += [f"log of life {life} ends in:", *log[-12:]]
        return Broken("\n  ".join(lines))

    def conclude(self, clean):
        """Looks at what the log says about rows; the counts of its sinks where it is clean."""
        log = self.agent.log()
        found = {sink: int(rows) for sink, rows in FOUND.findall(log)}
        ready = harness.READY_TEXT in log
        for sink in list(self.held):
            # A disk buffer is opened, and its rows may go, before the agent is ready.
            if ready or sink in found:
                rows = self.held.pop(sink)
                if found.get(sink, 0) != rows:
                    raise self.broken(
                        f"{sink}: {rows} rows were held, {found.get(sink, 0)} are found"
                    )
                self.handed_on += 1
        counts = routes(log)
        if clean:
            for sink, c in counts.items():
                if c["rows in"] + c["found on the disk"] != (
                    c["delivered"] + c["dropped"] + c["held"]
                ):
                    raise self.broken(f"{sink}: rows in and out differ: {dict(c)}")
                self.balanced += 1
            # Where a full disk did not take the position some rows come again, and it says so.
            unnoted = set(UNNOTED.findall(log))
            ids = [sink for sink, _, _ in self.sinks() if sink not in unnoted]
            self.held = {sink: counts[sink]["held"] for sink in ids}
            for sink, c in counts.items():
                self.counts[sink].update(c)
        if self.lives > LOG_KEPT:
            self.log_path(self.lives - LOG_KEPT).unlink(missing_ok=True)
        return counts

    def drain(self):
        """The disk is delivered: lives without new rows until nothing is held. Their counts."""
        lives = []
        deadline = time.monotonic() + 180
        while True:
            self.launch(interval="24h", stop="60s")
            if not self.wait_ready():
                raise self.broken("the agent does not start though everything is healed")
            lives.append(self.stop(signal.SIGTERM))
            held = {sink: c["held"] for sink, c in lives[-1].items() if c["held"]}
            if not held:
                return lives
            if time.monotonic() > deadline:
                raise self.broken(f"not delivered in three minutes, all healed: {held}")
            time.sleep(0.5)

    def verdicts(self):
        for source in SOURCES:
            books = ledger.Ledger(self.books(source))
            for sink, store, s in self.sinks():
                if s == source:
                    yield ledger.judge(sink, store.promise, books, store.read(source))

    def close(self):
        if self.agent is not None:
            self.agent.kill()
        self.disk.close()


def routes(log):
    """Sink -> counts of its routes together; `dropped` is the sum over reasons."""
    counts = collections.defaultdict(collections.Counter)
    for _, sink, text in ROUTE.findall(log):
        for number, what, reason in COUNT.findall(text):
            counts[sink][what] += int(number)
            if reason:
                counts[sink]["dropped"] += int(number)
    return counts
