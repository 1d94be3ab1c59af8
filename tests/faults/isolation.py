"""Isolation: what a sink in trouble costs the others. Lives with and without it alternate; what the
healthy sinks were delivered in the one is compared with the other. A benchmark: it needs a machine
that has time for it, so that only the long form insists on the figure."""

import random
import statistics

import proxy
import report
import steady

ROWS = 200  # 20,000 a second: the processor is not what they share
LIFE_S = 4
RATIO_MIN = 0.95


def delivered(counts):
    return sum(counts[sink]["delivered"] for sink in steady.HEALTHY)


def run(place, options, totals):
    store = steady.troubled_store(place)
    if store is None:
        return
    troubles = {
        "stopped": lambda: store.proxy.set(proxy.REFUSE),
        "hanging": lambda: store.proxy.set(proxy.SWALLOW),
        "slow": lambda: store.proxy.set(proxy.THROTTLE, bytes_s=100_000),
    }
    chance = random.Random(options.seed)
    with report.told(totals, f"isolation --seed {options.seed}"):
        world = steady.SteadyWorld(place, "isolation", store, ROWS)
        try:
            for name, begin in troubles.items():
                ratios = []
                for _ in range(1 if options.short else 7):
                    rows = {}
                    for troubled in chance.sample([True, False], 2):
                        if troubled:
                            begin()
                            totals.count(f"isolation: {store.name} {name}")
                        rows[troubled] = delivered(world.live(LIFE_S, troubled))
                        store.proxy.set(proxy.PASS)
                    ratios.append(rows[True] / rows[False])
                    totals.progress()
                ratio = statistics.median(ratios)
                totals.notes.append(
                    f"isolation: with {store.name} {name} the others get {ratio:.3f} of their rows "
                    f"({len(ratios)} pairs, {min(ratios):.3f} to {max(ratios):.3f}; "
                    f"wanted {RATIO_MIN})"
                )
                if not options.short and ratio < RATIO_MIN:
                    totals.broken.append(totals.notes[-1])
        finally:
            totals.add_world(world)
            world.close()
