"""Damage: bits of the disk buffers turn while the agent is down, and ends of segments are gone.

What is damaged cannot be delivered; it must be called so. In each world sinks whose servers do not
answer fill their disk buffers, the agent stops in good order, and the files are damaged. Then all
is delivered. Of every sink: the rows that were promised and are not in its store are as many as the
agent counted as damaged; where only bits were turned it finds all rows that it had held.

Of what was cut off nobody can tell: it looks like a write that was never finished. Those rows the
test counts itself, by the frames that it cut.
"""

import os
import random
import signal
import struct
import time

import ledger
import report
import world
from store import SOURCES, some

FRAME = struct.Struct("<IIIIIIQQQ")  # docs/disk-buffer.md
SEGMENT_HEADER_BYTES = 32


def frames(data):
    """(begin, end, rows, number) of the frames of a segment that nothing has happened to."""
    at = SEGMENT_HEADER_BYTES
    while at < len(data):
        _, _, payload, _, rows, _, _, number, _ = FRAME.unpack_from(data, at)
        yield at, at + FRAME.size + payload, rows, number
        at += FRAME.size + payload


class Segment:
    """A file, and what it was before anything happened to it."""

    def __init__(self, path):
        self.path = path
        self.data = path.read_bytes()
        self.frames = list(frames(self.data))
        self.end = len(self.data)
        self.turned = []  # places

    def cut(self, chance):
        """The rows that are gone with its end."""
        self.end = chance.randrange(len(self.data))
        os.truncate(self.path, self.end)
        return sum(rows for _, end, rows, _ in self.frames if end > self.end)

    def turn(self, chance):
        """One bit."""
        if self.end == 0:
            return
        at = chance.randrange(self.end)
        with open(self.path, "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0] ^ 1 << chance.randrange(8)
            file.seek(at)
            file.write(bytes([byte]))
        self.turned.append(at)

    def hit(self):
        """(number, rows, whether its header is damaged) of each frame that is still there."""
        for begin, end, rows, number in self.frames:
            if end <= self.end:
                yield number, rows, any(begin <= at < begin + FRAME.size for at in self.turned)


def unsure(segments, first_needed):
    """Of frames whose header is damaged the agent learns how many rows they had from the frames
    around them. Rows of those at the begin and the end of the buffer, where it cannot; rows of
    those that were delivered, where the next one to it, damaged too, was not."""
    frames = [frame for segment in segments for frame in segment.hit()]
    known = [i for i, (_, _, damaged) in enumerate(frames) if not damaged] or [len(frames)]
    edges = frames[: known[0]] + frames[known[-1] + 1 :]
    delivered = run = 0
    for number, rows, damaged in frames:
        if not damaged:
            run = 0
        elif number < first_needed:
            run += rows
        else:
            delivered += run
            run = 0
    return sum(rows for _, rows, _ in edges), delivered


def position(folder):
    """The number of the first frame that is not acknowledged."""
    path = folder / "acknowledged"
    data = path.read_bytes() if path.exists() else b""
    slots = [data[at : at + 32] for at in (0, 4096, 8192)]
    turns = [struct.unpack_from("<QQ", s, 8) for s in slots if s[:8] == b"WEIRACK1"]
    return max(turns, default=(0, 0))[1]


class Damage:
    """One world."""

    def __init__(self, place, seed, totals):
        self.totals = totals
        self.chance = random.Random(f"{seed} damage")
        # Of those that keep all rows.
        stores = some([store for store in place.stores if store.promise != ledger.LATEST], seed)
        for store in stores:
            store.reset()
        sizes = {
            (store.name, source): self.chance.choice(["1MiB", "4MiB", "64MiB"])
            for store in stores
            for source in SOURCES
        }
        buffers = {
            key: f", buffer: {{type: disk, max_size: {size}, when_full: block}}"
            for key, size in sizes.items()
        }
        self.world = world.World(place.folder / f"damage-{seed}", stores, buffers, place.mounts)

    def run(self):
        w = self.world
        try:
            for _ in range(self.chance.randrange(3)):  # what is delivered already, or in part
                w.launch()
                w.wait_ready()
                time.sleep(self.chance.uniform(0, 0.5))
                w.kill()
                self.totals.count("agent: kill -9")
            for _ in range(self.chance.choice([1, 1, 3])):
                w.launch(instead="type: unavailable")
                w.wait_ready()
                time.sleep(self.chance.uniform(0.2, 1.5))
                counts = w.stop(signal.SIGTERM)
            held = {sink: counts[sink]["held"] for sink, _, _ in w.sinks()}
            waiting = {verdict.sink: len(verdict.lost) for verdict in w.verdicts()}
            hurt = {sink: self.hurt(sink) for sink in held}
            w.held = {}  # is not expected to be found
            w.counts.clear()
            found = w.drain()[0]
            for verdict in w.verdicts():
                sink = verdict.sink
                not_found = held[sink] - found[sink]["found on the disk"]
                self.count(verdict, *hurt[sink], not_found, w.counts[sink]["dropped (damaged)"])
                # Of what was held a kill may have come between delivery and acknowledgement.
                self.compare(verdict, held[sink] - waiting[sink])
                self.totals.add(verdict)
        finally:
            self.totals.add_world(w)
            w.close()

    def hurt(self, sink):
        """Damages the sink's files. Rows that were cut off; rows that may be missing beyond what
        the agent counts; rows that it may count beyond what is missing."""
        folder = self.world.disk.path / "buffers" / sink
        segments = [Segment(path) for path in sorted(folder.glob("*.segment"))]
        how = self.chance.choice(["spared", "turned", "turned", "turned", "cut", "cut and turned"])
        gone = segments[-1].cut(self.chance) if "cut" in how else 0
        if "turned" in how:
            for _ in range(self.chance.choice([1, 1, 2, 10])):
                self.chance.choice(segments).turn(self.chance)
        self.totals.count(f"damage: {how}")
        return gone, *unsure(segments, position(folder))

    def count(self, verdict, gone, more, less, not_found, damaged):
        """`not_found`: rows held that the next process did not even miss."""
        verdict.damaged = damaged + not_found
        if not gone - less <= not_found <= gone + more:
            self.totals.broken.append(
                f"{verdict.sink}: {not_found} rows are gone and not counted as damaged, {damaged} "
                f"are counted; {gone} were cut off, {more} cannot be counted, {less} were delivered"
            )

    def compare(self, verdict, delivered_before):
        """With what is in the store; rows of lives that were killed may have been accepted and not
        promised."""
        lost = len(verdict.lost)
        if lost <= verdict.damaged <= verdict.missing + delivered_before:
            verdict.lost = []
        else:
            self.totals.broken.append(
                f"{verdict.sink}: {verdict.damaged} rows are damaged, but of those emitted "
                f"{verdict.missing} are missing, of those promised {lost}"
            )


def run(place, options, totals):
    until = time.monotonic() + options.minutes * 60
    for seed in range(options.seed, options.seed + options.damage_worlds):
        with report.told(totals, f"damage --seed {seed} --rounds 1"):
            Damage(place, seed, totals).run()
        totals.progress()
        if time.monotonic() > until:
            break
