"""Examples that join several sinks: the whole documented storage layer, and a host at the edge."""

import shutil
import sys
from pathlib import Path

import harness

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / name) for name in ("mysql", "mongodb", "redis", "mqtt")]

import mariadb  # noqa: E402
import mongo  # noqa: E402
import mosquitto  # noqa: E402
import pytest  # noqa: E402
import redisserver  # noqa: E402

EXAMPLES = harness.REPOSITORY / "etc" / "examples"


@pytest.fixture
def servers(tmp_path):
    """One of each kind."""
    if not mongo.program():
        pytest.skip("there is no mongod or FerretDB; run: packaging/deps test")
    mariadb.install(tmp_path / "installed")
    found = {
        "mysql": mariadb.Server(tmp_path / "mysql", tmp_path / "installed").start(),
        "mongodb": mongo.Server(tmp_path / "mongodb").start(),
        "redis": redisserver.Server(tmp_path / "redis").start(),
        "mqtt": mosquitto.Broker(tmp_path / "mqtt", quiet=True).start(),
    }
    yield found
    for server in found.values():
        server.kill()


def test_the_storage_layer(servers, tmp_path):
    """Rows of one simulator in five systems; and in the database that was away as well."""
    sql, documents, cache = servers["mysql"], servers["mongodb"], servers["redis"]
    sql.query(None, "CREATE DATABASE rmf CHARACTER SET utf8mb4")
    sql.query(None, "CREATE USER weir@`%%` IDENTIFIED BY %s", mariadb.PASSWORD)
    sql.query(None, "GRANT ALL ON rmf.* TO weir@`%`")
    folder = tmp_path / "etc"
    shutil.copytree(EXAMPLES / "storage", folder)
    for path in [folder / "weir.yaml", *folder.glob("conf.d/*.yaml")]:
        text = path.read_text().replace("interval: 15s", "interval: 500ms")
        path.write_text(text.replace("max_delay: 5s", "max_delay: 200ms"))
    port = harness.free_port()
    environment = {
        "WEIR_DATA_DIR": str(tmp_path / "data"), "PORT": str(port),
        "MYSQL_PORT": str(sql.port), "MYSQL_PASSWORD": mariadb.PASSWORD,
        "MONGODB_PORT": str(documents.port), "MONGODB_PASSWORD": mongo.PASSWORD,
        "REDIS_PORT": str(cache.port), "MQTT_PORT": str(servers["mqtt"].port),
    }  # fmt: skip
    checked = harness.weir("check", "-c", folder / "weir.yaml", env=environment)
    assert checked.returncode == 0, checked.stderr
    reader = mosquitto.Reader(servers["mqtt"], ["rmf/SYSPLEX01/PROD01/#"])
    agent = harness.Agent(folder / "weir.yaml", tmp_path / "agent.log", env=environment)
    try:
        agent.wait_ready()
        database = documents.client()["rmf_monitoring"]

        def rows():
            tables = sql.query("rmf", "SHOW TABLES LIKE 'cpu_metrics'")
            return sql.query("rmf", "SELECT COUNT(*) FROM cpu_metrics")[0][0] if tables else 0

        harness.poll(lambda: rows() > 100, what="rows in MariaDB")
        harness.poll(lambda: database["cpu_metrics"].count_documents({}) > 100, what="documents")
        harness.poll(lambda: database["lpar_metrics"].count_documents({}) > 8, what="nested ones")
        harness.poll(lambda: cache.client().keys("rmf_memory_usage:*"), what="hashes in Redis")
        topics = {f"rmf/SYSPLEX01/PROD01/{m}" for m in ("rmf_cpu_utilization", "rmf_mpb_queue")}
        harness.poll(lambda: topics <= {m.topic for m in list(reader.messages)}, what="messages")
        page = harness.http_get(f"http://127.0.0.1:{port}/metrics")[2].decode()
        assert 'rmf_cpu_utilization_percent{cpu_type="ziip",lpar="PROD01"' in page

        sql.kill()
        agent.wait_log("store: cannot write, will try again")
        before = database["cpu_metrics"].count_documents({})
        harness.poll(lambda: database["cpu_metrics"].count_documents({}) > before + 40,
                     what="documents while MariaDB is away")  # fmt: skip
        sql.start()
        agent.wait_log("store: writes again after")
        log = agent.stop_clean()
    finally:
        agent.kill()
        reader.close()
    assert "rejected" not in log and "damaged" not in log, log
    # Of every instant that MongoDB has, and which nobody missed, MariaDB has the rows too.
    query = {"lpar": "PROD01", "cpu_type": "ziip"}
    instants = {d["timestamp"] for d in database["cpu_metrics"].find(query)}
    stamps = sql.query(
        "rmf", "SELECT timestamp FROM cpu_metrics WHERE lpar='PROD01' AND cpu_type='ziip'"
    )
    assert len(stamps) == len(set(stamps)) and {s[0] for s in stamps} == instants


def test_the_edge(tmp_path, agent):
    """What is measured while there is no line arrives when there is one."""
    broker = mosquitto.Broker(tmp_path / "mqtt", quiet=True)
    text = (EXAMPLES / "edge.yaml").read_text().replace("interval: 10s", "interval: 500ms")
    text = text.replace("interval: 1m", "interval: 1s").replace("max: 2m", "max: 1s")
    environment = {"MQTT_PORT": str(broker.port)}
    running = agent(text.replace("max_delay: 5s", "max_delay: 200ms"), env=environment)
    running.wait_log("uplink: cannot write, will try again")
    broker.start()
    reader = mosquitto.Reader(broker, ["edge/edge-1/#"])
    try:
        wanted = {f"edge/edge-1/{m}" for m in ("node_loadavg", "iot_environment", "weir_route")}
        harness.poll(lambda: wanted <= {m.topic for m in list(reader.messages)}, what="messages")
    finally:
        reader.close()
        broker.kill()
    log = running.stop_clean()
    assert "rejected" not in log, log
