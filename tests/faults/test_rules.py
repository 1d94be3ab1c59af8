"""The suite can fail: each kind of broken promise is seen, and the faults are what they say."""

import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time

import harness
import ledger
import proxy
import pytest
import world


@pytest.fixture
def books(tmp_path):
    """Rows 0 to 29 were emitted, 0 to 19 promised."""
    entries = [(0, 10, ledger.EMITTED), (10, 20, ledger.EMITTED), (0, 20, ledger.DELIVERED)]
    path = tmp_path / "books"
    path.write_bytes(b"".join(ledger.ENTRY.pack(*entry) for entry in entries))
    return ledger.Ledger(path)


def rows(*numbers):
    return [(n, ledger.text_of(n), *ledger.series_of(n)) for n in numbers]


@pytest.mark.parametrize("promise", [ledger.ONCE, ledger.AT_LEAST_ONCE, ledger.LATEST])
def test_all_rows_are_good(books, promise):
    assert not list(ledger.judge("s", promise, books, rows(*range(20))).broken())
    assert not list(ledger.judge("s", promise, books, rows(*range(25))).broken())


def test_a_missing_row_is_lost(books):
    found = rows(*range(7), *range(8, 25))
    for promise in (ledger.ONCE, ledger.AT_LEAST_ONCE):
        assert ledger.judge("s", promise, books, found).lost == [7]
    assert ledger.judge("s", ledger.LATEST, books, found).lost == []
    assert ledger.judge("s", ledger.LATEST, books, rows(*range(19))).lost == [19]


def test_a_row_twice_is_doubled_where_it_may_not_be(books):
    found = rows(*range(20), 3, 25, 25)
    once = ledger.judge("s", ledger.ONCE, books, found)
    assert sorted(once.doubled) == [3, 25] and list(once.broken())
    often = ledger.judge("s", ledger.AT_LEAST_ONCE, books, found)
    assert often.repeated == 2 and not list(often.broken())


def test_a_row_of_nobody_and_a_row_that_changed(books):
    found = [*rows(*range(19), 77), (19, "other", *ledger.series_of(19))]
    verdict = ledger.judge("s", ledger.ONCE, books, found)
    assert verdict.invented == [77] and verdict.spoiled == [19]
    assert len(list(verdict.broken())) == 2
    moved = [*rows(*range(19)), (19, ledger.text_of(19), 1, 3)]
    assert ledger.judge("s", ledger.ONCE, books, moved).spoiled == [19]


def test_what_the_log_says_of_routes():
    log = (
        "info  route a -> s: 5 rows in, 7 found on the disk, 6 delivered, "
        "2 dropped (damaged), 1 dropped (shutdown), 3 held\n"
        "info  route (earlier configuration) -> s: 0 rows in, 4 found on the disk, 0 delivered, "
        "4 dropped (damaged), 0 held\n"
    )
    counts = world.routes(log)["s"]
    assert counts["rows in"] + counts["found on the disk"] == 16
    assert (counts["delivered"], counts["dropped"], counts["held"]) == (6, 7, 3)
    assert counts["dropped (damaged)"] == 6


def test_the_clock_steps_while_a_process_runs(tmp_path):
    step = tmp_path / "step"
    step.write_bytes(struct.pack("<q", 0))
    code = (
        "import time\n"
        "for _ in range(2):\n"
        "    here = float(input())\n"
        "    print(time.time() - here, time.monotonic())\n"
    )
    library = harness.BUILD / "tests" / "faults" / "step_clock.so"
    child = subprocess.Popen(
        [sys.executable, "-u", "-c", code], text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "LD_PRELOAD": str(library), "WEIR_CLOCK_STEP": str(step)},
    )  # fmt: skip
    read = []
    for ns in (0, -86400 * 10**9):
        with open(step, "r+b") as file:
            file.write(struct.pack("<q", ns))
        child.stdin.write(f"{time.time()}\n")
        child.stdin.flush()
        read.append([float(word) for word in child.stdout.readline().split()])
    child.communicate()
    (before, first), (after, second) = read
    assert abs(before) < 3600 and abs(after + 86400) < 3600
    assert 0 <= second - first < 3600, "the monotonic clock jumped too"


class Echo:
    """A server that sends back what it gets, in upper case."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            end, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(end,), daemon=True).start()

    @staticmethod
    def serve(end):
        try:
            while data := end.recv(65536):
                end.sendall(data.upper())
        except OSError:
            pass
        end.close()


@pytest.fixture
def line():
    """A proxy in front of an echo server, and a function that connects to it."""
    made = proxy.Proxy(Echo().port)
    yield made, lambda: socket.create_connection(("127.0.0.1", made.port), timeout=60)
    made.close()


def exchange(end, data=b"hello"):
    end.sendall(data)
    got = b""
    while len(got) < len(data):
        more = end.recv(65536)
        assert more, f"ended after {len(got)} bytes"
        got += more
    return got


def is_broken(end):
    try:
        while end.recv(65536):
            pass
    except OSError:
        return True
    return False


def test_a_proxy_passes_everything_on(line):
    _, connect = line
    data = os.urandom(3_000_000)
    end = connect()
    threading.Thread(target=end.sendall, args=(data,), daemon=True).start()
    got = b""
    while len(got) < len(data):
        got += end.recv(65536)
    assert got == data.upper()
    end.shutdown(socket.SHUT_WR)
    assert end.recv(1) == b""


def test_a_proxy_refuses_and_comes_back(line):
    made, connect = line
    end = connect()
    exchange(end)
    made.set(proxy.REFUSE)
    assert is_broken(end)
    with pytest.raises(ConnectionRefusedError):
        connect()
    made.set(proxy.PASS)
    assert exchange(connect()) == b"HELLO"


def test_a_proxy_swallows_and_then_resets(line):
    made, connect = line
    end = connect()
    exchange(end)
    made.set(proxy.SWALLOW)
    end.sendall(b"hello")
    end.settimeout(0.3)
    with pytest.raises(TimeoutError):
        end.recv(1)
    end.settimeout(60)
    made.set(proxy.PASS)
    assert is_broken(end)
    assert exchange(connect()) == b"HELLO"


def test_a_proxy_breaks_in_a_packet(line):
    made, connect = line
    end = connect()
    exchange(end)
    made.strike("truncate_agent", 3)
    end.sendall(b"abcdefgh")
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while data := end.recv(65536):
            got += data
    assert len(got) <= 3
    assert exchange(connect()) == b"HELLO"


def test_a_proxy_closes_one_half(line):
    made, connect = line
    end = connect()
    exchange(end)
    made.strike("half_agent")
    assert end.recv(1) == b""
    assert exchange(connect()) == b"HELLO"


@pytest.mark.parametrize("how", [{"delay_s": 0.05}, {"bytes_s": 40}])
def test_a_slow_proxy_still_passes_everything_on(line, how):
    made, connect = line
    made.set(proxy.DELAY if "delay_s" in how else proxy.THROTTLE, **how)
    assert exchange(connect(), b"a" * 20) == b"A" * 20
