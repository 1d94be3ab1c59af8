"""The harness itself: what every other end-to-end test relies on."""

import signal
import socket

import harness
import pytest


def test_poll_returns_the_first_true_value(poll):
    values = iter([0, None, 7])
    assert poll(lambda: next(values), timeout=60, interval=0) == 7


def test_poll_names_what_it_waited_for(poll):
    with pytest.raises(AssertionError, match="not within 0 s: the sun rises; last value: False"):
        poll(lambda: False, timeout=0, what="the sun rises")


def test_free_port_can_be_bound(free_port):
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))


def test_process_is_stopped_by_its_id(process):
    child = process(["sleep", "600"])
    assert child.running()
    assert child.stop() == -signal.SIGTERM
    assert not child.running()


def test_process_that_ignores_sigterm_is_killed(tmp_path, poll):
    script = "trap '' TERM; echo deaf; while :; do sleep 1; done"
    child = harness.Process(["bash", "-c", script], tmp_path / "log")
    poll(lambda: "deaf" in child.log())
    with pytest.raises(AssertionError, match="did not end within"):
        child.stop(timeout=0.2)
    assert child.wait() == -signal.SIGKILL


def test_prometheus_answers(prometheus):
    server = prometheus([])
    assert server.query("vector(1)")[0]["value"][1] == "1"
