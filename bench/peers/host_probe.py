#!/usr/bin/python3
"""What it costs to measure this host once a second: the agent with node_probe and its Prometheus
sink, node_exporter, and collectd.

    bench/peers/host_probe.py [--seconds N] [--build FOLDER] [--json FILE] [--strict]

All that are installed run side by side, a third of a second apart, so that each meets the same
machine: caches that everyone else has used meanwhile, which a loop would not show. The agent and
node_exporter are scraped once a second; collectd collects, and nobody asks it for anything (its
Prometheus output needs libraries that Debian leaves out), which is in its favour.

CPU is what the scheduler has given to all threads of a process (/proc/PID/task/*/schedstat),
divided by the number of collections; the client that scrapes is not in it. Memory is from
smaps_rollup at the end. --strict: exit code 1 when a budget is missed.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WARM_UP_SECONDS = 5

# Budgets of the agent; each is the largest figure that is still good.
CPU_MS_MAX = 0.7
OVER_EXPORTER_MAX = 1 / 4
OVER_COLLECTD_MAX = 1 / 3
RSS_MIB_MAX = 8
ANONYMOUS_MIB_MAX = 2

COLLECTD_PLUGINS = """conntrack contextswitch cpu cpufreq df disk entropy fhcount interface load
memory netlink processes protocols swap tcpconns thermal uptime vmem""".split()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """A program under measurement. `port` is scraped once a second, unless it is None."""

    def __init__(self, name, command, folder, port):
        self.name, self.port, self.connection = name, port, None
        self.log = folder / f"{name}.log"
        with open(self.log, "wb") as out:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder
            )
        self.collections = 0
        self.begin_ns = self.bytes = 0

    def cpu_ns(self):
        total = 0
        for task in Path(f"/proc/{self.child.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:
                pass  # a thread that has just ended
        return total

    def scrape(self):
        if self.child.poll() is not None:
            raise SystemExit(f"{self.name} ended:\n{self.log.read_text(errors='replace')}")
        self.collections += 1
        if self.port is None:
            return
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self.connection.request("GET", "/metrics")
            self.bytes = len(self.connection.getresponse().read())
        except (OSError, http.client.HTTPException):
            self.connection = None  # not up yet, or it has closed the connection

    def begin(self):
        self.collections = 0
        self.begin_ns = self.cpu_ns()

    def result(self):
        cpu_ms = (self.cpu_ns() - self.begin_ns) / 1e6 / self.collections
        rollup = Path(f"/proc/{self.child.pid}/smaps_rollup").read_text()
        fields = dict(line.split(":", 1) for line in rollup.splitlines()[1:])
        mib = {key: int(fields[key].split()[0]) / 1024 for key in ("Rss", "Anonymous")}
        return {
            "cpu_ms": cpu_ms,
            "rss_mib": mib["Rss"],
            "anonymous_mib": mib["Anonymous"],
            "scraped_bytes": self.bytes,
        }

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def start_agent(build, folder):
    port = free_port()
    config = folder / "weir.yaml"
    config.write_text(f"""
agent: {{interval: 1s, data_dir: "{folder}"}}
sources: {{host: {{type: node_probe}}}}
sinks: {{metrics: {{type: prometheus, inputs: [host], listen: "127.0.0.1:{port}"}}}}
""")
    weir = build / "bin" / "weir"
    if not weir.exists():
        raise SystemExit(f"{weir} is not built; run: make")
    return Peer("weir", [weir, "run", "-c", config], folder, port)


def start_exporter(folder):
    program = shutil.which("prometheus-node-exporter")
    if program is None:
        return None
    port = free_port()
    command = [program, f"--web.listen-address=127.0.0.1:{port}", "--web.disable-exporter-metrics"]
    return Peer("node_exporter", command, folder, port)


def start_collectd(folder):
    program = shutil.which("collectd", path="/usr/sbin:/usr/bin")
    if program is None:
        return None
    plugins = [p for p in COLLECTD_PLUGINS if Path(f"/usr/lib/collectd/{p}.so").exists()]
    config = folder / "collectd.conf"
    config.write_text(
        f'Interval 1\nBaseDir "{folder}"\nPIDFile "{folder}/collectd.pid"\n'
        "LoadPlugin logfile\n<Plugin logfile>\nLogLevel err\nFile stderr\n</Plugin>\n"
        + "".join(f"LoadPlugin {p}\n" for p in plugins)
    )
    return Peer("collectd", [program, "-f", "-C", config], folder, None)


def measure(peers, seconds):
    """One round a second; the peers one after the other within it."""
    next_round = time.monotonic()
    for number in range(WARM_UP_SECONDS + seconds):
        if number == WARM_UP_SECONDS:
            for peer in peers:
                peer.begin()
        for i, peer in enumerate(peers):
            time.sleep(max(0, next_round + i / len(peers) - time.monotonic()))
            peer.scrape()
        next_round += 1
    time.sleep(max(0, next_round - time.monotonic()))
    return {peer.name: peer.result() for peer in peers}


def budgets(results):
    """(what, figure, budget) of the agent."""
    weir = results["weir"]
    yield "CPU ms a collection", weir["cpu_ms"], CPU_MS_MAX
    if "node_exporter" in results:
        ratio = weir["cpu_ms"] / results["node_exporter"]["cpu_ms"]
        yield "CPU over node_exporter", ratio, OVER_EXPORTER_MAX
    if "collectd" in results:
        ratio = weir["cpu_ms"] / results["collectd"]["cpu_ms"]
        yield "CPU over collectd", ratio, OVER_COLLECTD_MAX
    yield "RSS MiB", weir["rss_mib"], RSS_MIB_MAX
    yield "anonymous MiB", weir["anonymous_mib"], ANONYMOUS_MIB_MAX


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--strict", action="store_true")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peers = []
        try:
            for start in (
                lambda: start_agent(args.build, folder),
                lambda: start_exporter(folder),
                lambda: start_collectd(folder),
            ):
                peer = start()
                if peer is not None:
                    peers.append(peer)
            results = measure(peers, args.seconds)
        finally:
            for peer in peers:
                peer.stop()

    load = os.getloadavg()[0]
    print(f"{args.seconds} s, one collection a second, load {load:.1f}")
    print(f"{'':<15}{'CPU ms':>10}{'RSS MiB':>10}{'anon MiB':>10}{'bytes':>10}")
    for name, r in results.items():
        print(
            f"{name:<15}{r['cpu_ms']:>10.3f}{r['rss_mib']:>10.2f}{r['anonymous_mib']:>10.2f}"
            f"{r['scraped_bytes']:>10}"
        )
    missed = False
    print()
    for what, figure, budget in budgets(results):
        good = figure <= budget
        missed = missed or not good
        print(f"{what:<25}{figure:>10.3f}  <= {budget:<6.3g} {'ok' if good else 'MISSED'}")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")
    return 1 if missed and args.strict else 0


if __name__ == "__main__":
    sys.exit(main())
