"""Flat documents, written by the real agent and read by PyMongo."""

import datetime
import math
import uuid

import bson
import extremes
import harness

SERIES_NAMESPACE = uuid.UUID("8c552e87-e261-4c1b-add5-df8eec28b713")
FROM = datetime.datetime(2026, 1, 1)
BOUNDS = [0.25, 5.0]


def ledger(series, days=1):
    first = int(FROM.replace(tzinfo=datetime.timezone.utc).timestamp()) // 60
    return [
        (FROM + datetime.timedelta(minutes=m), str(part), first + m)
        for m in range(days * 1440)
        for part in range(series)
    ]


def rows_of(database):
    found = [(d["time"], d["part"], d["number"]) for d in database["ledger"].find()]
    return sorted(found, key=lambda row: (row[0], int(row[1])))


def document_id(time, name):
    ns = int(time.replace(tzinfo=datetime.timezone.utc).timestamp()) * 10**9
    return (ns + 2**63).to_bytes(8, "big") + uuid.uuid5(SERIES_NAMESPACE, name).bytes


def kept(text):
    """What becomes of a text: bytes where it is not UTF-8."""
    return b"malformed \xff\xc3" if text == "malformed \ufffd\ufffd" else text


def wanted_rows(is_mongod):
    """Documents of `extremes`, without id and time, and the numbers of those that are rejected."""
    documents, rejected = [], []
    for i, row in enumerate(extremes.rows(lambda real: real)):
        number, text, real, signed, unsigned, flag, words = row[:7]
        document = {"number": number, "text": kept(text)}
        if row[2] is not None:
            document |= {
                "real": real, "signed": signed, "unsigned": unsigned, "flag": bool(flag),
                "words": kept(words),
                "wait": {"count": i + 3, "sum": 0.5, "bounds": BOUNDS, "counts": [i, 1, 2]},
            }  # fmt: skip
        if not is_mongod and real is not None:
            if not math.isfinite(real) or unsigned >= 2**63:
                rejected.append(number)
                continue
            if real == 0:
                document["real"] = 0.0  # FerretDB has no -0
        if unsigned is not None and unsigned >= 2**63:
            document["unsigned"] = bson.Decimal128(str(unsigned))
        documents.append({k: v for k, v in document.items() if v is not None})
    return documents, rejected


def same(found, wanted):
    if isinstance(wanted, float) and math.isnan(wanted):
        return isinstance(found, float) and math.isnan(found)
    return extremes.same(found, wanted) and type(found) is type(wanted) or (
        isinstance(wanted, int) and not isinstance(wanted, bool) and found == wanted
    )


def test_every_row_once(database):
    database.backfill()
    assert rows_of(database) == ledger(10)
    first = database["ledger"].find_one({"time": FROM, "part": "3"})
    assert first["_id"] == document_id(FROM, "6:ledger,4:part,1:3,")
    assert list(first) == ["_id", "time", "part", "number", "turn", "run"]


def test_values_as_they_were(database):
    is_mongod = database.server.is_mongod
    documents, rejected = wanted_rows(is_mongod)
    log = database.backfill(source="{type: extremes, interval: 6h}", expect=bool(rejected))
    found = list(database["extremes"].find())
    found.sort(key=lambda d: (d["time"], int(d["number"])))
    assert len(found) == 4 * len(documents)
    for document, wanted in zip(found, documents * 4):
        assert document.pop("_id")[8:] and document.pop("time")
        assert document.keys() == wanted.keys()
        for key in wanted:
            assert same(document[key], wanted[key]), (key, document, wanted)
    if rejected:
        assert "extremes.real is not finite, which this server cannot keep" in log
        assert "extremes.unsigned is larger than 2^63-1, which this server cannot keep" in log
        assert f"{4 * len(rejected)} dropped (rejected), 0 held" in log


def test_the_ids_of_hostile_labels(database):
    expect = int(not database.server.is_mongod)
    database.backfill(source="{type: extremes, interval: 12h}", expect=expect)
    for number in (2, 3, 7, 11):
        text = extremes.TEXTS[number]
        found = database["extremes"].find_one({"number": str(number), "time": FROM})
        labels = f"6:number,{len(str(number))}:{number},4:text,{len(text)}:{text},"
        assert found["text"] == text
        assert found["_id"] == document_id(FROM, f"8:extremes,{labels}")


def test_rows_that_come_again_change_nothing(database):
    options = {"source": "{type: extremes, interval: 6h}"}
    expect = int(not database.server.is_mongod)
    database.backfill(expect=expect, **options)
    before = list(database["extremes"].find().sort("_id", 1))
    log = database.backfill("--restart", expect=expect, **options)
    assert "held" in log
    assert repr(list(database["extremes"].find().sort("_id", 1))) == repr(before)


def test_documents_grow(database):
    expect = int(not database.server.is_mongod)
    database.backfill(source="{type: extremes, interval: 12h}", expect=expect)
    rows = database["extremes"].count_documents({})
    more_fields = "{type: extremes, interval: 12h, fields: 2}"
    database.backfill("--restart", source=more_fields, expect=expect)
    assert database["extremes"].count_documents({}) == rows
    grown = database["extremes"].find({"number": {"$ne": "x"}})
    assert all(d["extra_0"] == 0.0 and d["extra_1"] == 1.0 for d in grown)
    labels = "{type: extremes, interval: 12h, labels: {site: fra1}}"
    database.backfill("--restart", source=labels, expect=expect)
    assert database["extremes"].count_documents({"site": "fra1"}) == rows
    assert database["extremes"].count_documents({}) == 2 * rows


def test_later_values_win(database):
    """As with a table: what a series says of one time a second time is what stays."""
    database.backfill(source="{type: ledger, interval: 1h}")
    found = database["ledger"].find_one({"part": "4"})
    by_hand = {"$set": {"number": 0, "noted": "by hand"}}
    database["ledger"].update_one({"_id": found["_id"]}, by_hand)
    database.backfill("--restart", source="{type: ledger, interval: 1h}")
    again = database["ledger"].find_one({"_id": found["_id"]})
    assert again["number"] == found["number"] and again["noted"] == "by hand"
    assert database["ledger"].count_documents({}) == 240


def test_other_names(database):
    more = (
        ", time: at, collections: {ledger: {collection: books, fields: {part: page, number: n}, "
        'indexes: {by_page: "page, at desc"}}}'
    )
    database.backfill(source="{type: ledger, interval: 1h}", more=more)
    assert database.collections() == ["books"]
    assert list(database["books"].find_one()) == ["_id", "at", "page", "n", "turn", "run"]
    indexes = {i["name"]: dict(i["key"]) for i in database["books"].list_indexes()}
    assert indexes["by_page"] == {"page": 1, "at": -1} and indexes["weir_time"] == {"at": 1}


def test_times_between_two_milliseconds(database):
    """A date of BSON has milliseconds; what it leaves out stands beside it."""
    arguments = database.arguments(source="{type: ledger, series: 1, interval: 10500us}")
    done = harness.weir(*arguments[:-1], "2026-01-01T00:00:03Z")
    assert done.returncode == 0, done.stderr
    found = [(d["time"], d.get("weir_ns", 0)) for d in database["ledger"].find().sort("_id", 1)]
    us = range(0, 3_000_000, 10_500)
    assert found == [
        (FROM + datetime.timedelta(milliseconds=n // 1000), n % 1000 * 1000) for n in us
    ]
