"""The source `node_probe` beside Debian's prometheus-node-exporter: same metrics, types, label sets
and values, on this host and on the fixture tree of the plugin, collector by collector.

No tolerance is needed for values. The agent collects before (a) and after (b) the exporter is
asked: what the exporter says must be in between. For a counter that holds every time; a gauge that
swings gets many rounds in which it has to hold once.
"""

import http.client
import re
import shutil
import subprocess

import harness
import pytest

COLLECTORS = """cpu cpufreq conntrack diskstats entropy filefd filesystem hwmon loadavg meminfo
netclass netdev netstat os pressure schedstat sockstat softnet stat thermal_zone time udp_queues
uname vmstat""".split()

# What this source has and node_exporter 1.5 has not.
MORE = re.compile(
    r"node_cgroup_|node_pressure_(cpu|irq)_stalled_seconds_total$|node_hwmon_freq_freq_mhz$"
)
# The exporter opens dozens of files at once to read them, and counts them too.
DISTURBED_BY = {"node_filefd_allocated": 500}

ROUNDS_MAX = 200
FIXTURE = harness.REPOSITORY / "plugins/sources/node_probe/testdata/host"

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus-node-exporter", path="/usr/bin:/bin") is None,
    reason="prometheus-node-exporter is not installed; run: packaging/deps test",
)


class Scrape:
    """An exposition: types by metric, values by (metric, labels). An empty label is none."""

    def __init__(self, text):
        self.types, self.values = {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.types[name] = kind
            elif line and not line.startswith("#"):
                head, _, value = line.rpartition(" ")
                name, _, labels = head.partition("{")
                pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)
                key = name, tuple(sorted(pair for pair in pairs if pair[1]))
                assert key not in self.values, f"twice: {line}"
                self.values[key] = float(value)

    def keys(self, name):
        return {key for key in self.values if key[0] == name}

    def time(self):
        return self.values["node_time_seconds", ()]


class Server:
    """One connection that stays open, so that asking does not open sockets that are counted."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, query=""):
        self.connection.request("GET", "/metrics" + query)
        response = self.connection.getresponse()
        text = response.read().decode()
        assert response.status == 200, text
        return text


@pytest.fixture
def exporter(process, free_port, poll):
    """Starts node_exporter; returns its Server."""

    def start(*arguments):
        port = free_port()
        program = harness.tool("prometheus-node-exporter")
        process([program, f"--web.listen-address=127.0.0.1:{port}", *arguments])
        poll(lambda: harness.http_get(f"http://127.0.0.1:{port}/")[0] == 200, what="the exporter")
        return Server(port)

    return start


@pytest.fixture
def probe(agent, free_port, poll):
    """Starts an agent with a node_probe; returns its Server."""

    def start(options=""):
        port = free_port()
        agent(f"""
sources:
  host: {{type: node_probe, interval: 200ms{options}}}
sinks:
  metrics: {{type: prometheus, inputs: [host], listen: "127.0.0.1:{port}"}}
""")
        server = Server(port)
        poll(lambda: "node_time_seconds" in server.get(), what="the first collection")
        return server

    return start


def between(name, low, value, high):
    low, high = min(low, high), max(low, high)
    slack = max(abs(value) * 1e-9, DISTURBED_BY.get(name, 0))
    return low - slack <= value <= high + slack


class Comparison:
    """Round by round, what is still to be seen equal."""

    def __init__(self, ours, theirs, poll):
        self.ours, self.theirs, self.poll = ours, theirs, poll
        self.series = {name: set() for name in COLLECTORS}  # that the exporter has
        self.agreed = {name: set() for name in COLLECTORS}  # that were equal once
        self.wrong = {}  # why not, by collector, in the last round

    def round(self, collectors):
        before = Scrape(self.ours.get())
        theirs = {name: Scrape(self.theirs.get(f"?collect[]={name}")) for name in collectors}
        asked_until = Scrape(self.theirs.get("?collect[]=time")).time()

        def collected_since():
            scrape = Scrape(self.ours.get())
            return scrape if scrape.time() > asked_until else None

        after = self.poll(collected_since, what="a collection after the exporter's")
        for name in collectors:
            self.wrong[name] = list(self.compare(name, before, theirs[name], after))

    def compare(self, collector, before, theirs, after):
        for metric, kind in theirs.types.items():
            if not metric.startswith("node_") or metric == "node_exporter_build_info":
                continue
            if metric.startswith("node_scrape_collector_"):
                # The exporter always says this of all collectors, also of those it did not run.
                keys = {(metric, (("collector", collector),))}
            else:
                keys = theirs.keys(metric)
                if after.keys(metric) != keys:
                    yield f"{metric}: label sets {after.keys(metric) ^ keys} are in one only"
            if after.types.get(metric) != kind:
                yield f"{metric}: {after.types.get(metric)}, not {kind}"
                continue
            for key in keys:
                self.series[collector].add(key)
                if key not in before.values or key not in after.values:
                    yield f"{key} is missing"
                elif metric != "node_scrape_collector_duration_seconds" and not between(
                    metric, before.values[key], theirs.values[key], after.values[key]
                ):
                    if key not in self.agreed[collector]:
                        yield (
                            f"{key}: {theirs.values[key]!r} is not between"
                            f" {before.values[key]!r} and {after.values[key]!r}"
                        )
                else:
                    self.agreed[collector].add(key)

    def run(self):
        pending = COLLECTORS
        for _ in range(ROUNDS_MAX):
            self.round(pending)
            pending = [name for name in pending if self.wrong[name]]
            if not pending:
                break
        self.print()
        assert not pending, "\n".join(line for name in pending for line in self.wrong[name])

    def print(self):
        print(f"\n{'collector':<14}{'series':>8}{'equal':>8}{'coverage':>10}")
        total = agreed = 0
        for name in COLLECTORS:
            series, equal = len(self.series[name]), len(self.series[name] & self.agreed[name])
            total, agreed = total + series, agreed + equal
            print(f"{name:<14}{series:>8}{equal:>8}{equal / series:>10.0%}")
        print(f"{'all':<14}{total:>8}{agreed:>8}{agreed / total:>10.0%}")


def nothing_else(ours, theirs):
    """Of this source, no metrics but those of the exporter and a few that are known."""
    theirs = Scrape(theirs.get())
    return {
        name
        for name in Scrape(ours.get()).types
        if name.startswith("node_") and name not in theirs.types and not MORE.match(name)
    }


def complaints(text):
    run = subprocess.run(
        [harness.tool("promtool"), "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in (0, 3), run.stderr  # 3: style
    return set(run.stderr.splitlines()) | set(run.stdout.splitlines())


def test_this_host(probe, exporter, poll):
    ours, theirs = probe(), exporter()
    Comparison(ours, theirs, poll).run()
    assert nothing_else(ours, theirs) == set()


def test_a_host_with_everything(probe, exporter, poll):
    """The fixture has sensors, clock frequencies, throttling and tracked connections."""
    ours = probe(f", root: {FIXTURE}")
    theirs = exporter(
        f"--path.procfs={FIXTURE}/proc",
        f"--path.sysfs={FIXTURE}/sys",
        f"--path.rootfs={FIXTURE}",
        f"--path.udev.data={FIXTURE}/run/udev/data",
        "--no-collector.netdev.netlink",
    )
    Comparison(ours, theirs, poll).run()
    assert nothing_else(ours, theirs) == set()


def test_promtool_complains_of_nothing_but_the_names_we_share(probe, exporter):
    """Names such as node_memory_MemFree_bytes are not in snake case; parity goes first."""
    ours = probe(f", root: {FIXTURE}")
    theirs = exporter(
        f"--path.procfs={FIXTURE}/proc",
        f"--path.sysfs={FIXTURE}/sys",
        f"--path.rootfs={FIXTURE}",
        f"--path.udev.data={FIXTURE}/run/udev/data",
    )
    assert complaints(ours.get()) - complaints(theirs.get()) == set()
