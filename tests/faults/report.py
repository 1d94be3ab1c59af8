"""What is shown: progress while a run lasts, totals and broken promises at its end."""

import collections
import contextlib
import sys
import threading
import time
import traceback

import world

PROGRESS_S = 10  # between two lines, where there is no terminal


class Totals:
    """Of a whole run. Counted by several threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.begin = self.shown = time.monotonic()
        self.faults = collections.Counter()
        self.sinks = {}  # name -> Counter
        self.promises = {}
        self.broken = []  # sentences with the seed
        self.notes = []
        self.left_behind = self.balanced = self.handed_on = 0
        self.worlds = 0

    def count(self, kind):
        with self.lock:
            self.faults[kind] += 1

    def kills(self):
        return sum(n for kind, n in self.faults.items() if kind.startswith("agent: kill"))

    def outages(self):
        own = ("agent: kill", "agent: stopped", "agent: no start")
        return sum(n for kind, n in self.faults.items() if not kind.startswith(own))

    def add(self, verdict):
        """Of one sink at the end of one world."""
        self.promises[verdict.sink] = verdict.promise
        sums = self.sinks.setdefault(verdict.sink, collections.Counter())
        for name, value in vars(verdict).items():
            if isinstance(value, int):
                sums[name] += value
            elif isinstance(value, list):
                sums[name] += len(value)
        self.broken += list(verdict.broken())

    def add_world(self, of):
        """What its lives came to."""
        self.left_behind += of.left_behind
        self.balanced += of.balanced
        self.handed_on += of.handed_on

    def progress(self):
        with self.lock:
            now = time.monotonic()
            terminal = sys.stderr.isatty()
            if now - self.shown < (0.2 if terminal else PROGRESS_S):
                return
            self.shown = now
        text = (
            f"{now - self.begin:6.0f} s  world {self.worlds + 1}  {self.kills()} kills  "
            f"{self.outages()} other faults  {len(self.broken)} broken"
        )
        end = "" if terminal else "\n"
        print(f"\r\033[K{text}" if terminal else text, file=sys.stderr, end=end, flush=True)

    def table(self):
        """The readable end."""
        lines = [f"{'fault':<40} {'times':>7}"]
        lines += [f"{kind:<40} {n:>7}" for kind, n in sorted(self.faults.items())]
        lines.append("")
        columns = ("accepted", "delivered", "lost", "doubled", "repeated", "damaged")
        wide = max([len(s) for s in self.sinks] + [4])
        head = "".join(f"{c:>11}" for c in columns)
        lines.append(f"{'sink':<{wide}}{head}  promise")
        for sink, sums in sorted(self.sinks.items()):
            cells = "".join(f"{sums[c]:>11}" for c in columns)
            lines.append(f"{sink:<{wide}}{cells}  {self.promises[sink]}")
        all_rows = sum((c for c in self.sinks.values()), collections.Counter())
        lines.append(
            f"\n{self.kills()} kills, {self.outages()} other faults, {self.worlds} worlds, "
            f"{all_rows['accepted']} rows accepted, {all_rows['lost']} lost, "
            f"{all_rows['doubled']} doubled, {all_rows['damaged']} damaged on purpose, "
            f"{all_rows['invented'] + all_rows['spoiled']} wrong, "
            f"in {time.monotonic() - self.begin:.0f} s"
        )
        lines.append(
            f"rows in and out were equal at {self.balanced} ends of a sink, and "
            f"{self.handed_on} disk buffers were found as they were left; "
            f"{self.left_behind} stops left a sink behind whose server did not answer"
        )
        return "\n".join([*lines, *self.notes])


@contextlib.contextmanager
def told(totals, again):
    """Around one world: what breaks in it is told with what repeats it, and the run goes on."""
    before = len(totals.broken)
    try:
        yield
    except (world.Broken, AssertionError) as error:
        totals.broken.append(str(error))
    except Exception:  # of the suite itself: what there is so far is told all the same
        totals.broken.append(traceback.format_exc())
    finally:
        totals.worlds += 1
        for i, what in enumerate(totals.broken[before:], before):
            totals.broken[i] = f"{what}\n  again: tests/faults/run --only {again}"
            print(f"\nBROKEN: {totals.broken[i]}", file=sys.stderr, flush=True)
