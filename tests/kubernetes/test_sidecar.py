"""The sidecar as processes: the broker, the agent and an application that publishes until its last
second, started and stopped in the order of the kubelet; what arrived is read from the database by
another client."""

import re
import signal
import time

import harness
import manifests
import mariadb
import pytest
from paho.mqtt import client as paho
from pod import Sidecar


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mariadb") / "installed"
    mariadb.install(folder)
    return folder


@pytest.fixture
def database(installed, tmp_path):
    """A server that a test may stop, with a database `app` and its user."""
    server = mariadb.Server(tmp_path / "database", installed).start()
    server.database("app")
    server.query(None, "SET PASSWORD FOR app = PASSWORD('secret')")
    yield server
    server.kill()


@pytest.fixture
def sidecar(database, tmp_path):
    made = Sidecar(tmp_path / "pod", database)
    yield made
    made.close()


def delivered(database):
    """Numbers of the rows in the table, once each, and their labels."""
    if not database.query("app", "SHOW TABLES LIKE 'app'"):
        return set()
    rows = database.query("app", "SELECT n, namespace, pod, app FROM app")
    assert {row[1:] for row in rows} <= {("shop", "app-1", "app")}, rows[:3]
    numbers = [int(row[0]) for row in rows]
    assert len(numbers) == len(set(numbers)), "a row is there twice"
    return set(numbers)


def test_the_last_second_of_the_application_is_delivered(sidecar, database):
    sidecar.start().start_application()
    harness.poll(lambda: delivered(database), what="rows arrive")
    confirmed = sidecar.stop_application()
    sidecar.stop_sidecars()
    last = database.query("app", "SELECT count(*) FROM app WHERE kind = 'last'")
    assert last[0][0] > 100
    assert delivered(database) == confirmed


def test_the_rest_is_on_the_disk_when_the_database_is_gone(sidecar, database):
    sidecar.start().start_application()
    harness.poll(lambda: delivered(database), what="rows arrive")
    database.kill()
    time.sleep(1)
    confirmed = sidecar.stop_application()
    sidecar.stop_sidecars()  # within its time: there is no use in waiting
    database.start()
    assert delivered(database) < confirmed
    assert_a_fresh_agent_delivers(sidecar, database, confirmed)


def test_the_rest_is_on_the_disk_when_the_grace_period_is_over(sidecar, database):
    sidecar.start().start_application()
    harness.poll(lambda: delivered(database), what="rows arrive")
    database.process.send(signal.SIGSTOP)  # a write does not come back
    time.sleep(1)
    confirmed = sidecar.stop_application()
    sidecar.kill_sidecars(after=lambda: time.sleep(2))  # shutdown_timeout is longer
    database.process.send(signal.SIGCONT)
    assert delivered(database) < confirmed
    assert_a_fresh_agent_delivers(sidecar, database, confirmed)


def assert_a_fresh_agent_delivers(sidecar, database, confirmed):
    """On the same volumes, as a restarted container has them."""
    sidecar.start()
    harness.poll(lambda: delivered(database) == confirmed, what="all rows are delivered")
    log = sidecar.agent.stop_clean()
    route = re.search(r"(\d+) rows in, (\d+) found on the disk, (\d+) delivered", log)
    assert route and int(route[2]) > 100, log


def test_the_application_starts_while_the_database_is_away(sidecar, database):
    database.kill()
    sidecar.start().start_application()
    time.sleep(1)
    confirmed = sidecar.stop_application()
    database.start()
    harness.poll(lambda: delivered(database) == confirmed, what="all rows are delivered")
    sidecar.stop_sidecars()


def test_a_killed_broker_has_what_it_had_saved(sidecar, database):
    """What it confirmed and the agent does not take, with the database away: the agent that is
    stopped stands for one whose buffer is full."""
    sidecar.start().start_application()
    harness.poll(lambda: delivered(database), what="rows arrive")
    database.kill()
    sidecar.agent.send(signal.SIGSTOP)
    taken = len(sidecar.rows_confirmed())
    in_flight = 1000  # what the agent may not have read yet
    harness.poll(lambda: len(sidecar.rows_confirmed()) > taken + 2 * in_flight, what="a queue")
    confirmed = sidecar.rows_confirmed()
    sidecar.wait_saved()
    sidecar.broker.kill()
    sidecar.application.kill()
    sidecar.start_broker()
    sidecar.agent.send(signal.SIGCONT)
    database.start()
    assert delivered(database) < confirmed
    harness.poll(lambda: delivered(database) >= confirmed, what="all that was saved is delivered")
    sidecar.stop_sidecars()


def test_a_full_broker_fits_into_its_container(sidecar):
    """Both limits of the queue reached, in memory and on the volume."""
    sidecar.start_broker()
    agent = paho.Client("agent", clean_session=False)
    agent.on_connect = lambda *_: agent.subscribe("app/+", 1)
    agent.on_subscribe = lambda *_: agent.disconnect()
    agent.connect("127.0.0.1", sidecar.port)
    agent.loop_forever()
    limits = "max_queued_messages 100000\nmax_queued_bytes 25165824\n"
    assert limits in sidecar.data["mosquitto.conf"]
    application = paho.Client("application")
    application.max_inflight_messages_set(1000)
    application.connect("127.0.0.1", sidecar.port)
    application.loop_start()
    for number in range(101_000):
        message = application.publish("app/first", bytes(25165824 // 100_000), qos=1)
        if number % 1000 == 999:
            message.wait_for_publish(60)
    application.loop_stop()
    assert "messages are being dropped" in sidecar.broker.log()
    sidecar.wait_saved()
    ((_, spec, _),) = manifests.pods(manifests.kustomize("kubernetes/sidecar_example"))
    memory = mebibytes(sidecar.mqtt["resources"]["limits"]["memory"])
    resident = harness.Agent.rss_kib(sidecar.broker)[0] / 1024
    assert 40 < resident < memory * 2 / 3
    (volume,) = [v["emptyDir"] for v in spec["volumes"] if v["name"] == "weir-mqtt"]
    file = (sidecar.volume / "mosquitto.db").stat().st_size / 1024**2
    assert 24 < file and 3 * file < mebibytes(volume["sizeLimit"])


def mebibytes(text):
    assert text.endswith("Mi")
    return int(text.removesuffix("Mi"))
