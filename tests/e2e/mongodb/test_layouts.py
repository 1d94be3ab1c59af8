"""Collections and documents as the configuration wants them: the example's, nested ones, retention,
time series."""

import datetime

import bson
import extremes
import harness
import mongo
import pytest
from between import refusal
from test_mongodb import ledger, rows_of

EXAMPLE = harness.REPOSITORY / "etc" / "examples" / "mongodb.yaml"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
RMF = {
    "cpu_metrics": "cpu_type utilization_percent",
    "memory_metrics": "memory_type usage_bytes",
    "ldev_utilization_metrics": "device_id utilization_percent",
    "ldev_response_time_metrics": "device_type response_time_seconds",
    "clpr_service_time_metrics": "cf_link service_time_microseconds",
    "clpr_request_rate_metrics": "cf_link request_type request_rate",
    "mpb_processing_rate_metrics": "queue_type processing_rate",
    "mpb_queue_depth_metrics": "queue_type queue_depth",
    "ports_utilization_metrics": "port_type port_id utilization_percent",
    "ports_throughput_metrics": "port_type port_id throughput_mbps",
    "volumes_utilization_metrics": "volume_type volume_id utilization_percent",
    "volumes_iops_metrics": "volume_type volume_id iops",
}


def keys_of(index):
    return dict(index["key"])


def test_the_example_makes_the_documented_collections(own_server, make_database, agent, poll):
    server = own_server()
    database = make_database(server, "rmf_monitoring")
    environment = {"MONGODB_PORT": str(server.port), "MONGODB_PASSWORD": mongo.PASSWORD}
    text = EXAMPLE.read_text().replace("interval: 15s", "interval: 500ms")
    running = agent(text.replace("max_delay: 5s", "max_delay: 100ms"), env=environment)
    poll(lambda: set(database.collections()) >= {*RMF, "lpar_metrics"})
    poll(lambda: database["volumes_iops_metrics"].count_documents({}) > 500)
    poll(lambda: database["lpar_metrics"].count_documents({}) > 12)
    log = running.stop_clean()
    assert "rejected" not in log and "0 held" in log, log
    for name, words in RMF.items():
        wanted = {"_id", "timestamp", "sysplex", "lpar", *words.split()}
        assert set(database[name].find_one()) - {"weir_ns"} == wanted
    indexes = {i["name"]: i for i in database["cpu_metrics"].list_indexes()}
    assert {name: keys_of(i) for name, i in indexes.items()} == {
        "_id_": {"_id": 1},
        "idx_timestamp": {"timestamp": 1},
        "idx_lpar_cpu": {"lpar": 1, "cpu_type": 1},
        "idx_sysplex_timestamp": {"sysplex": 1, "timestamp": 1},
        "idx_composite": {"lpar": 1, "timestamp": 1},
    }
    if server.is_mongod:
        assert indexes["idx_timestamp"]["expireAfterSeconds"] == 90 * 86_400
    flat = list(database["cpu_metrics"].find({"lpar": "PROD01"}))
    keys = [(d["timestamp"], d["cpu_type"]) for d in flat]
    assert len(keys) == len(set(keys)) and all(0 <= d["utilization_percent"] <= 100 for d in flat)

    whole = database["lpar_metrics"].find_one({"lpar": "PROD01"})
    assert list(whole)[:4] == ["_id", "timestamp", "sysplex", "lpar"]
    metrics = whole["metrics"]
    assert metrics["cpu"] == {
        d["cpu_type"]: d["utilization_percent"]
        for d in database["cpu_metrics"].find(
            {"lpar": "PROD01", "timestamp": whole["timestamp"]}
        )
    }
    assert {"real_storage", "virtual_storage", "csa"} <= metrics["memory"].keys()
    assert [d["id"] for d in metrics["devices"][:2]] == ["3390_00", "3390_01"]
    assert all(list(d) == ["id", "utilization"] for d in metrics["devices"])
    for path, value in (("volumes", "iops"), ("ports", "throughput_mbps")):
        assert {tuple(d) for d in metrics[path]} == {("id", "type", "utilization", value)}
    assert metrics["queues"]["CICS"].keys() == {"processing_rate", "depth"}


NESTED = ", layout: nested, group_by: [site]"


def nested_documents(database):
    return list(database["metrics"].find().sort("_id", 1))


def test_parts_of_a_document_meet_and_come_again(database):
    """Two agents bring parts of the same documents; then one of them brings its part again."""
    texts = {}
    for source in ("ledger", "extremes"):
        more = NESTED + ", collections: {ledger: {key: part}}"
        rows = f"{{type: {source}, interval: 6h, labels: {{site: fra1}}}}"
        texts[source] = database.text(source=rows, more=more).replace("/data", f"/{source}")

    def fill(source, *arguments):
        path = database.config(texts[source])
        done = harness.weir("backfill", "-c", path, "--from", "2026-01-01", "--to", "2026-01-02",
                            *arguments)  # fmt: skip
        assert done.returncode in (0, 1) and "0 held" in done.stderr, done.stderr

    fill("ledger")
    assert [list(d["metrics"]) for d in nested_documents(database)] == [["ledger"]] * 4
    fill("extremes")
    documents = nested_documents(database)
    assert [list(d["metrics"]) for d in documents] == [["ledger", "extremes"]] * 4
    assert [d["site"] for d in documents] == ["fra1"] * 4
    assert all(list(d["metrics"]["ledger"]) == [str(i) for i in range(10)] for d in documents)
    texts_found = [row.get("text") for row in documents[0]["metrics"]["extremes"]]
    assert {extremes.TEXTS[i] for i in (2, 3, 7, 11, 12)} <= set(texts_found)
    fill("extremes", "--restart")
    assert repr(nested_documents(database)) == repr(documents)


def test_hostile_values_as_keys(database):
    more = NESTED + ", collections: {extremes: {key: text}}"
    source = "{type: extremes, interval: 12h, labels: {site: fra1}}"
    database.backfill(source=source, more=more, expect=int(not database.server.is_mongod))
    found = nested_documents(database)[0]["metrics"]["extremes"]
    assert {"%25_*?[a-z]", "line\nbreak\r\n\ttab\x1a\x7f", "%"} <= found.keys()
    assert all(row["number"] for rows in found.values() for row in rows)
    if database.server.is_mongod:
        wanted = {"%24name ${HOME} $%2Ea%2Eb {x: 1}", "a%2Eb%2Ec", "nul%00in the middle",
                  "malformed %FF%C3"}  # fmt: skip
        assert wanted <= found.keys()


def test_two_rows_for_one_place_are_said(database):
    more = NESTED + ", collections: {ledger: {path: x, key: part}, other: {path: x}}"
    more = more.replace("ledger: {", "ledger: {value: number, ")
    source = "{type: ledger, interval: 6h, series: 2, labels: {site: a}}"
    log = database.backfill(source=source, more=more)
    assert "0 dropped" in log
    assert nested_documents(database)[0]["metrics"]["x"].keys() == {"0", "1"}
    more = NESTED + ", collections: {ledger: {value: number}}"
    log = database.backfill("--restart", source=source, more=more, expect=1)
    assert "the label part has no place beside a single value" in log, log


@pytest.mark.parametrize("retention", ["0", "30d"])
def test_retention(database, agent, poll, retention):
    """By an index that expires, or, where the server has none, by deletion."""
    day = (NOW - datetime.timedelta(days=40)).strftime("%Y-%m-%d")
    next_day = (NOW - datetime.timedelta(days=39)).strftime("%Y-%m-%d")
    path = database.config(database.text(source="{type: ledger, interval: 1h}"))
    done = harness.weir("backfill", "-c", path, "--from", day, "--to", next_day)
    assert done.returncode == 0, done.stderr
    more = f", retention: {retention}, batch: {{max_delay: 50ms}}"
    agent(database.text(source="{type: ledger, interval: 100ms}", more=more))
    young = {"time": {"$gt": NOW - datetime.timedelta(days=1)}}
    old = {"time": {"$lt": NOW - datetime.timedelta(days=30)}}
    poll(lambda: database["ledger"].count_documents(young) > 0)
    index = next(i for i in database["ledger"].list_indexes() if i["name"] == "weir_time")
    if retention == "0":
        assert "expireAfterSeconds" not in index
        assert database["ledger"].count_documents(old) == 240
        return
    if database.server.is_mongod:
        assert index["expireAfterSeconds"] == 30 * 86_400
    poll(lambda: database["ledger"].count_documents(old) == 0, timeout=180)
    assert database["ledger"].count_documents(young) > 0


EXPIRING = {"v": 2, "key": {"time": 1}, "name": "weir_time", "expireAfterSeconds": 60}
CURSOR = {"id": bson.Int64(0), "ns": "weir.ledger", "firstBatch": [EXPIRING]}
INDEXES = {"ok": 1.0, "cursor": CURSOR}
ANSWERS = {
    "not authorized": {
        "listIndexes": INDEXES,
        "collMod": refusal(13, 'not authorized on weir to execute command { collMod: "ledger" }'),
    },
    "An existing index has the same name": {
        "createIndexes": refusal(86, "An existing index has the same name as the requested index")
    },
    "Index already exists with different options": {
        "createIndexes": refusal(85, "Index already exists with different options")
    },
}


@pytest.mark.parametrize("says", ANSWERS)
def test_an_index_that_cannot_be_had_is_a_warning(refusing_server, make_database, says):
    database = make_database(refusing_server(lambda name, _: ANSWERS[says].get(name)))
    old = {"time": datetime.datetime(2001, 1, 1)}
    database["ledger"].insert_one(dict(old))
    log = database.backfill(more=", retention: 3650d")
    assert f"collection ledger: {says}" in log, log
    assert ("; drop the index that is there" in log) == (says != "not authorized")
    assert ("which the role dbAdmin has" in log) == (says == "not authorized")
    assert database["ledger"].count_documents(old) == 0, "the sink deletes what is too old itself"
    assert rows_of(database) == ledger(10)


def test_time_series_where_the_server_has_them(database):
    log = database.backfill(source="{type: ledger, interval: 1h}", more=", time_series: auto")
    found = next(database.client[database.name].list_collections(filter={"name": "ledger"}))
    assert database["ledger"].count_documents({}) == 240
    document = database["ledger"].find_one()
    if database.server.is_mongod:
        assert found["type"] == "timeseries"
        assert found["options"]["timeseries"]["metaField"] == "labels"
        assert document["labels"].keys() == {"part"}
    else:
        assert found["type"] == "collection"
        assert document["part"] is not None
        assert "collection ledger is a plain one: " in log, log


def test_a_shard_key_without_a_cluster_is_not_used(database):
    log = database.backfill(source="{type: ledger, interval: 1h}", more=", shard_key: part hashed")
    assert "shard_key is not used: the server is no sharded cluster" in log, log
    assert database["ledger"].count_documents({}) == 240
