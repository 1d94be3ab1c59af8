"""The books of the source `accountable`, and the comparison of what it was promised with what a
store has.

A row is known by its number. It is *emitted* when the source hands it over, *promised* when the
agent has told the source that it is delivered, from which moment nothing may take it away. What was
emitted and not promised may be in a store or not, but not twice where rows are to be there once.
"""

import collections
import struct
from dataclasses import dataclass, field
from pathlib import Path

ENTRY = struct.Struct("<QII")  # number of the first row, rows, what: as in source_accountable.cpp
EMITTED, DELIVERED, LOST = 0, 1, 2

ONCE = "exactly once"
AT_LEAST_ONCE = "at least once"
LATEST = "the latest of each series"

SHOWN = 5  # broken rows that are told of each kind


def text_of(number):
    """What the row with this number has in its field `text`."""
    return str(number * 2654435761 % 2**32) * (number % 7)


def series_of(number):
    """(run, part): the labels of the row with this number."""
    return number // 1_000_000_000, number % 4


class Ledger:
    """What the file says now."""

    def __init__(self, path):
        data = Path(path).read_bytes() if Path(path).exists() else b""
        assert len(data) % ENTRY.size == 0, f"{path} is torn"
        self.emitted, self.promised, self.lost = set(), set(), set()
        kinds = {EMITTED: self.emitted, DELIVERED: self.promised, LOST: self.lost}
        for first, rows, what in ENTRY.iter_unpack(data):
            kinds[what].update(range(first, first + rows))


@dataclass
class Verdict:
    """Of one sink: totals, and the rows that break a promise."""

    sink: str
    promise: str
    accepted: int = 0  # rows promised
    delivered: int = 0  # different rows in the store
    repeated: int = 0  # rows that are there more than once where that is allowed
    damaged: int = 0  # rows that were damaged on purpose, and called so
    missing: int = 0  # rows emitted, promised or not, that are not in the store
    lost: list = field(default_factory=list)
    doubled: list = field(default_factory=list)
    invented: list = field(default_factory=list)  # never emitted
    spoiled: list = field(default_factory=list)  # not what was emitted under that number

    def broken(self):
        """Sentences about what is broken."""
        kinds = ("lost", "doubled", "invented", "spoiled")
        for kind in kinds:
            rows = sorted(getattr(self, kind))
            if rows:
                shown = ", ".join(map(str, rows[:SHOWN]))
                more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
                yield f"{self.sink}: {len(rows)} rows {kind}: {shown}{more}"


def judge(sink, promise, ledger, found):
    """Compares. `found` yields (number, text, run, part) for each row of the store."""
    verdict = Verdict(sink, promise, accepted=len(ledger.promised))
    counts = collections.Counter()
    for number, text, run, part in found:
        counts[number] += 1
        if text != text_of(number) or (run, part) != series_of(number):
            verdict.spoiled.append(number)
    verdict.delivered = len(counts)
    verdict.missing = len(ledger.emitted - counts.keys())
    verdict.invented = list(counts.keys() - ledger.emitted)
    several = [number for number, count in counts.items() if count > 1]
    if promise == AT_LEAST_ONCE:
        verdict.repeated = sum(counts[number] - 1 for number in several)
    else:
        verdict.doubled = several
    if promise == LATEST:
        last = highest(ledger.promised)
        shown = highest(counts)
        verdict.lost = [number for key, number in last.items() if shown.get(key, -1) < number]
    else:
        verdict.lost = list(ledger.promised - counts.keys())
    return verdict


def highest(numbers):
    """Series -> its highest number."""
    last = {}
    for number in numbers:
        key = series_of(number)
        last[key] = max(last.get(key, -1), number)
    return last
