"""Outage: a server is away for long, and the agent's memory stays within its budget.

The budget is what the agent has before the outage, the queues of the sinks in trouble, and what a
sink needs to try again. At the end every row is accounted for, and the server gets rows again.
"""

import itertools
import random
import time

import proxy
import report
import steady

ROWS = 300  # 30,000 a second
WARM_S = 5
# Beyond the queues: the text of a delivery in each of the sinks, batches that wait in pools.
SPARE_MIB = 32
KIND_S = 15  # until the server fails in another way


def run(place, options, totals):
    store = steady.troubled_store(place)
    if store is None:
        return
    if options.only == "outage":
        seconds = options.minutes * 60
    else:
        seconds = 30 if options.short else 180
    with report.told(totals, f"outage --seed {options.seed}"):
        world = steady.SteadyWorld(place, "outage", store, ROWS)
        try:
            Outage(world, store, seconds, options.seed, totals).run()
        finally:
            store.proxy.set(proxy.PASS)
            totals.add_world(world)
            world.close()


class Outage:
    """One life with a long outage in it."""

    def __init__(self, world, store, seconds, seed, totals):
        self.world, self.store, self.seconds, self.totals = world, store, seconds, totals
        kinds = [(proxy.REFUSE, {}), (proxy.SWALLOW, {}), (proxy.THROTTLE, {"bytes_s": 20_000})]
        random.Random(seed).shuffle(kinds)
        self.kinds = itertools.cycle(kinds)
        self.changes = self.peak = self.base = 0
        self.begin = self.change_at = None

    def run(self):
        counts = self.world.live(WARM_S + self.seconds, True, self.watch)
        budget = self.base + 2 * steady.MEMORY_MIB + SPARE_MIB
        self.totals.notes.append(
            f"outage: {self.seconds / 60:.1f} min, {self.changes} kinds of failure in turn, "
            f"{counts['file']['rows in']} rows to each sink, {counts['memory']['dropped']} dropped "
            f"from memory and {counts['disk']['dropped']} from the disk; memory "
            f"{self.base:.0f} MiB before, {self.peak:.0f} at most, budget {budget:.0f}"
        )
        if self.peak > budget:
            self.totals.broken.append(self.totals.notes[-1])
        for sink in steady.HEALTHY:
            assert counts[sink]["dropped"] == 0, f"{sink}: {dict(counts[sink])}"

    def watch(self):
        """Called again and again while the agent runs."""
        now = time.monotonic()
        resident = self.world.agent.rss_kib()[0] / 1024
        if self.begin is None:
            self.begin = now
        if now < self.begin + WARM_S:
            self.base = max(self.base, resident)
            return
        self.peak = max(self.peak, resident)
        if self.change_at is None or now > self.change_at:
            self.change_at = now + KIND_S
            mode, more = next(self.kinds)
            self.store.proxy.set(mode, **more)
            self.totals.count(f"outage: {self.store.name} {mode}")
            self.changes += 1
        self.totals.progress()
