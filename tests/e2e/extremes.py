"""What tests/plugins/source_extremes.cpp emits, as a database should give it back."""

import math

TEXTS = [
    "plain",
    "'; DROP TABLE extremes; -- ",
    "\"double\" `back` 'single' \\ \\' \\\\",
    "%_*?[a-z]",
    "$name ${HOME} $.a.b {x: 1}",
    "a.b.c",
    "nul\0in the middle",
    "line\nbreak\r\n\ttab\x1a\x7f",
    "ä€😀",
    "malformed \ufffd\ufffd",
    "",
    " spaces at the ends ",
    "x" * 65536,
]
REALS = [
    1.7976931348623157e308,
    -1.7976931348623157e308,
    2.2250738585072014e-308,
    5e-324,
    math.nan,
    math.inf,
    -math.inf,
    -0.0,
    0.1,
    1 / 3,
    1e15 + 0.5,
    9007199254740992.0,
    0.0,
]
INTEGERS = [-(2**63), 2**63 - 1, -1, 0, 1]
NATURALS = [2**64 - 1, 2**63, 2**63 - 1, 0]
COLUMNS = [
    "number", "text", "real", "signed", "unsigned", "flag", "words",
    "wait_count", "wait_sum", "wait_buckets",
]  # fmt: skip


def rows(real):
    """The rows in order of their number, without the time; `real` says what a float becomes. The
    last has no values, and an empty label is absent."""
    result = []
    for i, text in enumerate(TEXTS):
        buckets = {"0.25": i, "5": i + 1, "+Inf": i + 3}
        values = [real(REALS[i]), INTEGERS[i % 5], NATURALS[i % 4], int(i % 2 == 0), text]
        values += [i + 3, 0.5, buckets]
        if i == len(TEXTS) - 1:
            values = [None] * len(values)
        result.append([str(i), text or None, *values])
    return result


def same(found, expected):
    """Equal, -0.0 and 0.0 told apart."""
    if isinstance(expected, float) and isinstance(found, float):
        return found == expected and math.copysign(1, found) == math.copysign(1, expected)
    return found == expected
