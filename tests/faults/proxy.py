"""A TCP proxy that misbehaves as networks do, between the agent and a server.

One thread moves all bytes. `mode` holds until it is changed; `strike` hits the connections that are
open. Nothing here knows a protocol.
"""

import collections
import selectors
import socket
import struct
import threading
import time

HELD_BYTES_MAX = 256 << 10  # of one direction; then the sender waits, as on a real line
READ_BYTES = 64 << 10
TICK_S = 0.005  # while bytes wait for their time

PASS, REFUSE, DELAY, THROTTLE, SWALLOW = "pass", "refuse", "delay", "throttle", "swallow"


def reset(end):
    """Closes so that the other side gets RST."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


class Direction:
    """Bytes from one end to the other."""

    def __init__(self, source, target):
        self.source, self.target = source, target
        self.waiting = collections.deque()  # (time from which it may go, bytes)
        self.held = 0
        self.ended = False  # the source has sent its last byte
        self.shut = False  # the target knows
        self.cut_after = None  # bytes after which the connection breaks


class Proxy:
    """Listens at once; `close` ends it."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.mode, self.delay_s, self.bytes_s = PASS, 0.0, 0
        self.budget, self.budget_at = 0.0, time.monotonic()
        self.listener = self.bound(0)
        self.port = self.listener.getsockname()[1]
        self.listener.listen(64)
        self.links = []  # pairs of Directions
        self.lock = threading.Lock()
        self.closing = False
        self.thread = threading.Thread(target=self.run, name="proxy", daemon=True)
        self.thread.start()

    @staticmethod
    def bound(port):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.setblocking(False)
        return listener

    # ---- what a test does -----------------------------------------------------------------

    def set(self, mode, delay_s=0.0, bytes_s=0):
        """`refuse`: no connection is accepted, those that are open break. `swallow`: bytes are
        taken by nobody, and connections are accepted and get no answer. `delay`, `throttle`."""
        with self.lock:
            if REFUSE in (mode, self.mode) and mode != self.mode:
                # A port that is bound and not listened on refuses, and nobody else can get it.
                self.listener.close()
                self.listener = self.bound(self.port)
                if mode == REFUSE:
                    self.break_all()
                else:
                    self.listener.listen(64)
            if self.mode == SWALLOW and mode != SWALLOW:
                self.break_all()  # what was swallowed is lost: the line cannot go on
            self.mode, self.delay_s, self.bytes_s = mode, delay_s, bytes_s

    def strike(self, how, after=0):
        """`drop`: resets. `half_agent`, `half_server`: that side hears that the other has ended.
        `truncate_agent`, `truncate_server`: breaks after that many more bytes to that side."""
        with self.lock:
            if how == "drop":
                return self.break_all()
            for to_server, to_agent in self.links:
                direction = to_server if how.endswith("server") else to_agent
                if how.startswith("half"):
                    direction.ended = True
                else:
                    direction.cut_after = after

    def close(self):
        with self.lock:
            self.closing = True
        self.thread.join(60)
        self.listener.close()
        self.break_all()

    # ---- the thread -----------------------------------------------------------------------

    def run(self):
        while True:
            with self.lock:
                if self.closing:
                    return
                self.move_all()
                selector = self.selector()
            selector.select(TICK_S * 4 if self.mode != PASS else 0.05)
            selector.close()

    def selector(self):
        """For what this mode listens to."""
        selector = selectors.DefaultSelector()
        if self.mode != REFUSE:
            selector.register(self.listener, selectors.EVENT_READ)
        events = collections.defaultdict(int)
        for direction in (d for link in self.links for d in link):
            wants = not direction.ended and direction.held < HELD_BYTES_MAX
            if wants and self.mode != SWALLOW:
                events[direction.source] |= selectors.EVENT_READ
            if direction.waiting and self.mode == PASS:
                events[direction.target] |= selectors.EVENT_WRITE
        for end, mask in events.items():
            selector.register(end, mask)
        return selector

    def move_all(self):
        if self.mode != REFUSE:
            self.accept()
        if self.mode == SWALLOW:
            return
        for link in list(self.links):
            try:
                for direction in link:
                    self.receive(direction)
                    self.send(direction)
                if all(direction.shut for direction in link):
                    self.end(link, socket.socket.close)
            except OSError:
                self.end(link)

    def accept(self):
        try:
            agent, _ = self.listener.accept()
        except OSError:
            return
        server = socket.socket()
        server.settimeout(1)  # a server that is stopped takes connections until its backlog is full
        try:
            server.connect(("127.0.0.1", self.target_port))
        except OSError:
            reset(agent)
            server.close()
            return
        for end in (agent, server):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.links.append((Direction(agent, server), Direction(server, agent)))

    def receive(self, direction):
        while not direction.ended and direction.held < HELD_BYTES_MAX:
            try:
                data = direction.source.recv(READ_BYTES)
            except BlockingIOError:
                return
            if not data:
                direction.ended = True
                return
            direction.waiting.append((time.monotonic() + self.delay_s, data))
            direction.held += len(data)

    def send(self, direction):
        while direction.waiting:
            due, data = direction.waiting[0]
            allowed = self.allowed(len(data)) if due <= time.monotonic() else 0
            if direction.cut_after is not None:
                allowed = min(allowed, direction.cut_after)
            if allowed == 0 and direction.cut_after != 0:
                return
            try:
                sent = direction.target.send(data[:allowed]) if allowed else 0
            except BlockingIOError:
                return
            self.budget -= sent
            direction.held -= sent
            direction.waiting[0] = (due, data[sent:])
            if sent == len(data):
                direction.waiting.popleft()
            if direction.cut_after is not None:
                direction.cut_after -= sent
                if direction.cut_after == 0:
                    raise ConnectionAbortedError("cut here")
        if direction.ended and not direction.shut:
            direction.shut = True
            direction.target.shutdown(socket.SHUT_WR)

    def allowed(self, wanted):
        """Bytes that the throttle lets through now."""
        if self.mode != THROTTLE:
            return wanted
        now = time.monotonic()
        most = max(self.bytes_s * 0.1, 1)
        self.budget = min(self.budget + (now - self.budget_at) * self.bytes_s, most)
        self.budget_at = now
        return min(wanted, max(int(self.budget), 0))

    def end(self, link, how=reset):
        self.links.remove(link)
        for end in (link[0].source, link[1].source):
            how(end)

    def break_all(self):
        for link in list(self.links):
            self.end(link)
