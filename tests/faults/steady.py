"""What isolation and outage measure on: rows at a steady rate into two sinks that are well, and
into two whose server is not: one waits in memory, one on the disk, both drop the oldest rows."""

import time

import world

MEMORY_MIB = 16  # of each sink's queue
HEALTHY = ("file", "sqlite")
TROUBLED = ("memory", "disk")


class SteadyWorld(world.World):
    """`store` is what the troubled sinks write to. `rows` come every 10 ms."""

    def __init__(self, place, name, store, rows):
        super().__init__(place.folder / name, [], {}, place.mounts)
        self.store, self.rows = store, rows
        self.files = place.disk.path / name  # in memory where there are mounts: no disk is measured
        self.files.mkdir()

    def sinks(self):
        return [(sink, self.store, "rows") for sink in (*HEALTHY, *TROUBLED)]

    def text(self, troubled=True):
        lines = [
            f"agent: {{interval: 10ms, data_dir: {self.disk.path}, shutdown_timeout: 3s, "
            f"http: {{listen: off}}, plugin_dirs: [{world.HERE / 'plugins'}]}}",
            f"sources: {{rows: {{type: ledger, series: {self.rows}}}}}",
            "sinks:",
            f"  file: {{type: file, inputs: [rows], path: {self.files}/rows.jsonl, "
            "rotate: {size: 50MiB, keep: 1}}",
            f"  sqlite: {{type: sqlite, inputs: [rows], path: {self.files}/rows.db, "
            "max_size: 64MiB}",
        ]
        for sink in TROUBLED if troubled else ():
            memory = sink == "memory"
            buffer = f"max_size: {MEMORY_MIB}MiB" if memory else "type: disk, max_size: 32MiB"
            lines.append(
                f"  {sink}: {{{self.store.sink('steady')}, inputs: [rows], "
                f"retry: {{initial: 10ms, max: 1s}}, buffer: {{{buffer}}}}}"
            )
        return "\n".join(lines) + "\n"

    def live(self, seconds, troubled, watch=lambda: None):
        """One life; its counts by sink. `watch` is called now and then."""
        self.launch(troubled=troubled)
        self.wait_ready()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            watch()
            time.sleep(min(0.2, max(until - time.monotonic(), 0)))
        counts = self.stop(15)
        self.held = {}
        return counts


def troubled_store(place):
    """The one with a server that can fail; None where a run has no such store."""
    served = [store for store in place.stores if hasattr(store, "proxy")]
    return served[0] if served else None
