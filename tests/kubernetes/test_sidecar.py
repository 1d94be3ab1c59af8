"""The sidecar as processes: the broker, the agent and an application that publishes until its last
second, started and stopped in the order of the kubelet; what arrived is read from the database by
another client."""

import re
import signal
import time

import harness
import mariadb
import pytest
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
