"""The storm: everything goes wrong at once, and no row that was promised is lost.

A storm is a series of worlds, each of which begins with nothing and ends with the comparison of
books and stores; the seed of the next is one more. In a world the agent lives and is killed over
and over on one data_dir, in the weather of `weather.py`, and in between the ends of its files are
torn as an unfinished write tears them.
"""

import contextlib
import random
import signal
import time
from pathlib import Path

import report
import weather
import world
from store import SOURCES, some

ROUNDS_OF_WORLD = 30


def settings(chance, stores):
    """The buffers and batches of the sinks of one world."""
    chosen = {}
    for store in stores:
        for source in SOURCES:
            kind = "disk" if source == "spooled" else chance.choice(["memory", "overflow"])
            size = chance.choice(["64KiB", "256KiB", "4MiB", "16MiB"])
            memory = ", memory: 4MiB" if kind == "overflow" else ""
            policy = chance.choice(["always", "interval", "never"])
            sync = "" if kind == "memory" else f", sync: {policy}"
            batch = f"max_rows: {chance.choice([10, 500, 10000])}"
            delay = f"max_delay: {chance.choice(['0s', '0s', '50ms', '500ms'])}"
            chosen[store.name, source] = (
                f", buffer: {{type: {kind}{memory}, max_size: {size}, when_full: block{sync}}}, "
                f"batch: {{{batch}, {delay}}}"
            )
    return chosen


def tear(chance, folder):
    """What a write leaves behind that was cut off by the kill: of a segment its beginning, or zeros
    that stand for it; of the position that is acknowledged some bytes."""
    segments = sorted(Path(folder).glob("*.segment"))
    if segments and chance.random() < 0.7:
        data = segments[-1].read_bytes()
        begin = chance.randrange(len(data) + 1)  # a segment may be empty: its disk was full
        piece = data[begin : begin + chance.choice([1, 7, 48, 500])]
        with open(segments[-1], "ab") as segment:
            segment.write(chance.choice([piece, bytes(len(piece)), chance.randbytes(len(piece))]))
        return "segment torn"
    position = Path(folder) / "acknowledged"
    if not position.exists():
        return None
    slots = [position.read_bytes()[at : at + 32] for at in (0, 4096, 8192)]
    turns = [int.from_bytes(s[8:16], "little") if s[:8] == b"WEIRACK1" else 0 for s in slots]
    oldest = turns.index(min(turns))  # the one that is written next
    with open(position, "r+b") as file:
        file.seek(oldest * 4096)
        file.write(chance.randbytes(chance.randrange(1, 32)))
    return "position torn"


class Storm:
    """One world of it."""

    def __init__(self, place, seed, totals):
        self.totals = totals
        self.chance = random.Random(f"{seed} storm")
        stores = some(place.stores, seed)
        for store in stores:
            store.reset()
        window = self.chance.choice([10, 100, 2000])
        rows = self.chance.choice([1, 20, 20, 200])
        self.world = world.World(
            place.folder / f"storm-{seed}", stores, settings(self.chance, stores), place.mounts,
            f", window: {window}, rows_max: {rows}",
        )  # fmt: skip
        self.weather = weather.Weather(self.world, place.disk, seed, totals.count)

    def run(self, rounds, until):
        try:
            try:
                for _ in range(rounds):
                    self.round()
                    self.totals.progress()
                    if time.monotonic() > until:
                        break
            finally:
                self.weather.end()
            self.world.drain()
            for verdict in self.world.verdicts():
                self.totals.add(verdict)
            letters = list((self.world.disk.path / "deadletters").glob("*"))
            assert not letters, f"rows were rejected: {letters[0].read_text()[:500]}"
        finally:
            self.totals.add_world(self.world)
            self.world.close()

    def round(self):
        """One life."""
        chance, w = self.chance, self.world
        w.launch()
        if chance.random() < 0.1:
            time.sleep(chance.uniform(0, 0.03))  # while it starts
        elif w.wait_ready():
            time.sleep(min(chance.expovariate(1 / 0.3), 3))
        else:
            raise w.broken("the agent does not start")
        how = chance.random()
        if how < 0.8:
            w.kill()
            self.totals.count("agent: kill -9")
        elif how < 0.86:  # while it stops
            w.agent.send(signal.SIGTERM)
            time.sleep(chance.uniform(0, 0.05))
            w.agent.kill()
            w.conclude(clean=False)
            self.totals.count("agent: kill -9 while it stops")
        else:
            w.stop(chance.choice([signal.SIGTERM, signal.SIGTERM, signal.SIGINT]))
            self.totals.count("agent: stopped")
        if chance.random() < 0.3:
            sink = chance.choice([sink for sink, _, _ in w.sinks()])
            with contextlib.suppress(OSError):  # there may be no room for what is torn
                if torn := tear(chance, w.disk.path / "buffers" / sink):
                    self.totals.count(f"disk: {torn}")


def run(place, options, totals):
    until = time.monotonic() + options.minutes * 60
    rounds, seed = options.rounds, options.seed
    while rounds > 0 and time.monotonic() < until:
        with report.told(totals, f"storm --seed {seed} --rounds {ROUNDS_OF_WORLD}"):
            Storm(place, seed, totals).run(min(rounds, ROUNDS_OF_WORLD), until)
        rounds -= ROUNDS_OF_WORLD
        seed += 1
