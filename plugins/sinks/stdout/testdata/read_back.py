"""Reads rows that weir/format.hpp wrote with parsers that know nothing of it, and compares.

usage: read_back.py FORMAT WRITTEN EXPECTED

EXPECTED has a line a row, made by format_property_test.cpp:
  time measurement label=HEX,... field:TYPE=VALUE field:TYPE=VALUE ...
TYPE n nothing | d bits of a double | i, u integers | b 0 or 1 | s HEX |
     h bits of the sum;count;bucket,...;bits of a bound,...
"""
import csv
import json
import math
import re
import struct
import sys
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def double(bits):
    return struct.unpack(">d", bytes.fromhex(bits))[0]


def text(digits):
    return bytes.fromhex(digits).decode("utf-8", "replace")


def expected_rows(path):
    for line in open(path, encoding="ascii"):
        time, measurement, labels, *fields = line.rstrip("\n").split(" ")
        row = {"time": int(time), "measurement": measurement, "labels": {}, "fields": {}}
        for pair in filter(None, labels.split(",")):
            key, value = pair.split("=")
            row["labels"][key] = text(value)
        for field in fields:
            name, kind, value = re.fullmatch(r"(\w+):(.)=(.*)", field).groups()
            if kind == "d":
                value = double(value)
            elif kind in "iu":
                value = int(value)
            elif kind == "b":
                value = value == "1"
            elif kind == "s":
                value = text(value)
            elif kind == "h":
                total, count, buckets, bounds = value.split(";")
                value = {"sum": double(total), "count": int(count),
                         "counts": [int(b) for b in buckets.split(",")],
                         "bounds": [double(b) for b in bounds.split(",")]}
            row["fields"][name] = (kind, None if kind == "n" else value)
        yield row


def nanoseconds(stamp):
    whole, fraction = re.fullmatch(r"(.{19})\.(\d{3}|\d{6}|\d{9})Z", stamp).groups()
    since = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc) - EPOCH
    return since // timedelta(seconds=1) * 10**9 + int(fraction.ljust(9, "0"))


def flat(fields):
    """A histogram as the columns that CSV and the line protocol have of it."""
    for name, (kind, value) in fields.items():
        if kind != "h":
            yield name, kind, value
            continue
        yield name + "_sum", "d", value["sum"]
        yield name + "_count", "u", value["count"]
        below = 0
        for i, bound in enumerate(value["bounds"]):
            below += value["counts"][i]
            yield name + "_le_" + repr(bound), "u", below


def finite(value):
    return not isinstance(value, float) or math.isfinite(value)


def check_jsonl(path, expected):
    def no_constants(word):
        raise ValueError(word + " is not JSON")

    lines = open(path, "rb").read().decode("utf-8", "strict").split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(expected), (len(lines), len(expected))
    for line, row in zip(lines, expected):
        got = json.loads(line, parse_constant=no_constants)
        fields = {}
        for name, (kind, value) in row["fields"].items():
            if kind == "h":
                value["sum"] = value["sum"] if finite(value["sum"]) else None
            if kind != "n":
                fields[name] = value if finite(value) else None
        wanted = {"time": row["time"], "measurement": row["measurement"],
                  "labels": {k: v for k, v in row["labels"].items() if v}, "fields": fields}
        got["time"] = nanoseconds(got["time"])
        assert got == wanted, f"{line}\n{got}\n{wanted}"


def bound_name(column):
    name, mark, bound = column.partition("_le_")
    return name + mark + repr(float(bound)) if mark else column


def check_csv(path, expected):
    data = open(path, encoding="utf-8", newline="")
    records = iter(csv.reader(data, strict=True))
    header = None
    rows = 0
    for record in records:
        if record[0] == "time":
            header = [bound_name(column) for column in record]
            continue
        row = expected[rows]
        rows += 1
        wanted = [row["time"], row["measurement"], *row["labels"].values()]
        names = ["time", "measurement", *row["labels"]]
        present = {k: v for k, v in row["fields"].items() if v[0] != "n"}
        for name, kind, value in flat(present):
            names.append(name)
            wanted.append(value)
        got = dict(zip(header, record, strict=True))
        for name, value in zip(names, wanted):
            cell = got.pop(name)
            if name == "time":
                cell = nanoseconds(cell)
            elif isinstance(value, bool):
                cell = {"true": True, "false": False}[cell]
            elif isinstance(value, (int, float)):
                cell = type(value)(cell)
            same = cell == value or (value != value and cell != cell)
            assert same, f"{name}: {cell!r}, expected {value!r} in {record}"
        assert all(cell == "" for cell in got.values()), got
    assert rows == len(expected), (rows, len(expected))


# InfluxDB 1 and 2: a backslash before one of three characters escapes it, any other is literal.
TAG = r"(?:\\[,= ]|[^,= \n])"
STRING = r'"(?:[^"\\\n]|\\.)*"'
FIELD = rf"([\w.+-]+)=({STRING}|[^,\" ]+)"
LINE = re.compile(rf"(\w+)((?:,\w+={TAG}+)*) ((?:{FIELD},)*{FIELD}) (-?\d+)")


def influx_value(word):
    if word[0] == '"':
        def plain(match):
            return {"n": "\n", "r": "\r"}.get(match[1], match[1])

        return "s", re.sub(r"\\(.)", plain, word[1:-1])
    if word in ("true", "false"):
        return "b", word == "true"
    if word[-1] in "iu":
        return word[-1], int(word[:-1])
    return "d", float(word)


def check_influx(path, expected):
    lines = open(path, "rb").read().decode("utf-8", "strict").split("\n")
    assert lines.pop() == ""
    at = 0
    for row in expected:
        wanted = {}
        present = {k: v for k, v in row["fields"].items() if v[0] != "n"}
        for name, kind, value in flat(present):
            if finite(value):
                wanted[name] = (kind, value)
        if not wanted:
            continue
        line = lines[at]
        at += 1
        match = LINE.fullmatch(line)
        assert match, line
        labels = {}
        for pair in re.findall(rf"(\w+)=({TAG}+)", match[2]):
            labels[pair[0]] = re.sub(r"\\([,= ])", r"\1", pair[1])
        tags = {}
        for key, value in row["labels"].items():
            value = value.rstrip("\\").replace("\n", "\\n").replace("\r", "\\r")
            if value:
                tags[key] = value
        fields = {}
        for name, word in re.findall(FIELD, match[3]):
            fields[bound_name(name)] = influx_value(word)
        assert int(line.rpartition(" ")[2]) == row["time"] and match[1] == row["measurement"], line
        assert labels == tags, f"{line}\n{labels}\n{tags}"
        assert fields == wanted, f"{line}\n{fields}\n{wanted}"
    assert at == len(lines), (at, len(lines))


def main():
    kind, written, expected = sys.argv[1:]
    rows = list(expected_rows(expected))
    {"jsonl": check_jsonl, "csv": check_csv, "influx": check_influx}[kind](written, rows)
    print(f"{kind}: {len(rows)} rows read back")


main()
