"""What sinks write to, as the fault suite sees it: started, hurt, healed, and read back by a client
that is not the agent's. `stores.py` has one class for each.

Each store is written by two sinks: one behind a disk buffer, one whose rows wait in memory;
`source` is "spooled" or "direct", and is the name of the measurement too.
"""

import signal
from pathlib import Path

import ledger
import proxy

SOURCES = ("spooled", "direct")
STORES_OF_WORLD = 3  # with more of them, one is always in trouble, and holds all sources back


class Store:
    """`promise` is what its sinks say about rows that come again."""

    name = None
    promise = ledger.ONCE

    def __init__(self, folder):
        self.folder = Path(folder)

    @staticmethod
    def missing():
        """What this machine lacks for it; None: nothing."""

    def start(self):
        """Once, before everything else."""

    def sink(self, source):
        """Type and options of the sink for the rows of this source, as YAML between braces."""
        raise NotImplementedError

    def read(self, source):
        """Yields (number, text, run, part) of all rows of the source."""
        raise NotImplementedError

    def faults(self):
        """(weight, kind, function(random, wait)): begins, calls `wait()`, and heals."""
        return []

    def reset(self):
        """Forgets all rows, before another world begins."""

    def close(self):
        """Ends for good; also after a failure of whatever else."""


class Served(Store):
    """Behind a proxy, with a server of the end-to-end tests, which derived classes make in `start`
    before they call this one's: it has `start()`, `process` and `port`. `launch`, which returns
    when it answers, and `stop` in good order are called many times."""

    server = None
    process = None  # harness.Process of the server
    proxy = None

    def launch(self):
        self.server.start()
        self.process = self.server.process

    def stop(self):
        code = self.process.stop(120)
        assert code == 0, self.process.log()

    def start(self):
        """The first time."""
        self.launch()
        self.proxy = proxy.Proxy(self.server.port)

    def port(self):
        """Where the agent connects."""
        return self.proxy.port

    def faults(self):
        return [
            (4, "server killed", self.kill),
            (2, "server stopped", self.stopped),
            (3, "server paused", self.paused),
            (3, "connections dropped", self.struck("drop")),
            (2, "half closed", self.half_closed),
            (4, "cut in a packet", self.truncated),
            (2, "refused", self.mode(proxy.REFUSE)),
            (2, "swallowed, then reset", self.mode(proxy.SWALLOW)),
            (1, "delayed", self.delayed),
            (1, "throttled", self.throttled),
        ]

    def kill(self, _, wait):
        self.process.kill()
        wait()
        self.launch()

    def stopped(self, _, wait):
        self.stop()
        wait()
        self.launch()

    def paused(self, _, wait):
        self.process.send(signal.SIGSTOP)
        try:
            wait()
        finally:
            self.process.send(signal.SIGCONT)

    def struck(self, how):
        def strike(_, wait):
            self.proxy.strike(how)
            wait()

        return strike

    def half_closed(self, random, wait):
        self.proxy.strike(random.choice(["half_agent", "half_server"]))
        wait()

    def truncated(self, random, wait):
        side = random.choice(["truncate_agent", "truncate_server"])
        self.proxy.strike(side, random.choice([1, 3, random.randrange(1, 4000)]))
        wait()

    def mode(self, mode, **more):
        def hold(_, wait):
            self.proxy.set(mode, **more)
            try:
                wait()
            finally:
                self.proxy.set(proxy.PASS)

        return hold

    def delayed(self, random, wait):
        self.mode(proxy.DELAY, delay_s=random.uniform(0.001, 0.3))(random, wait)

    def throttled(self, random, wait):
        self.mode(proxy.THROTTLE, bytes_s=random.randrange(2_000, 50_000))(random, wait)

    def close(self):
        if self.proxy is not None:
            self.proxy.close()
        if self.process is not None:
            self.process.kill()


def some(stores, seed):
    """Those of one world; worlds one after another have all of them in turn."""
    turn = [stores[(seed * STORES_OF_WORLD + i) % len(stores)] for i in range(STORES_OF_WORLD)]
    return list(dict.fromkeys(turn))
