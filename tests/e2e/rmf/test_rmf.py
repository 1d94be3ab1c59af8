"""The source `rmf_simulator` as its users meet it: scraped by Prometheus, replayed by backfill."""

import collections
import json
import subprocess

import harness

# The documented metrics: name, labels after sysplex and lpar, series of the four LPARs.
DOCUMENTED = {
    "rmf_cpu_utilization_percent": ({"cpu_type"}, 12),
    "rmf_memory_usage_bytes": ({"memory_type"}, 12),
    "rmf_ldev_response_time_seconds_count": ({"device_type"}, 12),
    "rmf_ldev_utilization_percent": ({"device_id"}, 160),
    "rmf_clpr_service_time_microseconds_count": ({"cf_link"}, 16),
    "rmf_clpr_request_rate": ({"cf_link", "request_type"}, 32),
    "rmf_mpb_processing_rate": ({"queue_type"}, 16),
    "rmf_mpb_queue_depth": ({"queue_type"}, 16),
    "rmf_ports_utilization_percent": ({"port_type", "port_id"}, 56),
    "rmf_ports_throughput_mbps": ({"port_type", "port_id"}, 56),
    "rmf_volumes_utilization_percent": ({"volume_type", "volume_id"}, 200),
    "rmf_volumes_iops": ({"volume_type", "volume_id"}, 200),
}
BUCKETS = {
    "rmf_ldev_response_time_seconds": "0.001 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 +Inf",
    "rmf_clpr_service_time_microseconds": "1 5 10 25 50 100 250 500 1000 +Inf",
}
SELF = (
    "rmf_metrics_generated_total",
    "rmf_simulation_duration_seconds_count",
    "rmf_active_lpars",
    "rmf_metrics_generated_per_second",
)


def configuration(port, more=""):
    return f"""
sources:
  lpars: {{type: rmf_simulator, interval: 1s, seed: 42{more}}}
sinks:
  metrics: {{type: prometheus, inputs: [lpars], listen: "127.0.0.1:{port}"}}
"""


def test_prometheus_has_the_documented_metrics(agent, prometheus, free_port):
    port = free_port()
    agent(configuration(port))
    server = prometheus([f"127.0.0.1:{port}"])
    server.wait_query("rmf_metrics_generated_per_second")
    for name, (labels, series) in DOCUMENTED.items():
        found = server.query(name)
        assert len(found) == series, name
        for one in found:
            own = set(one["metric"]) - {"__name__", "job", "instance", "sysplex", "lpar"}
            assert own == labels, one
            assert one["metric"]["sysplex"] == "SYSPLEX01"
        lpars = collections.Counter(one["metric"]["lpar"] for one in found)
        assert lpars == dict.fromkeys(("PROD01", "PROD02", "BATCH01", "TEST01"), series / 4)
    for name in SELF:
        assert server.query(name), name
    assert float(server.query("rmf_active_lpars")[0]["value"][1]) == 4


def test_histograms_are_cumulative(agent, prometheus, free_port):
    port = free_port()
    agent(configuration(port))
    server = prometheus([f"127.0.0.1:{port}"])
    server.wait_query("count_over_time(rmf_ldev_response_time_seconds_count[1m]) > 4")
    for name, bounds in BUCKETS.items():
        counts = {}
        for one in server.query(name + "_count"):
            key = frozenset(one["metric"].items()) - {("__name__", name + "_count")}
            counts[key] = float(one["value"][1])
        buckets = collections.defaultdict(dict)
        for one in server.query(name + "_bucket"):
            bound = one["metric"].pop("le")
            key = frozenset(one["metric"].items()) - {("__name__", name + "_bucket")}
            buckets[key][float(bound)] = float(one["value"][1])
        assert buckets and buckets.keys() == counts.keys()
        for key, found in buckets.items():
            assert sorted(found) == [float(b) for b in bounds.split()], name
            values = [found[b] for b in sorted(found)]
            assert values == sorted(values), (name, key)
            assert values[-1] == counts[key], (name, key)
        # Midnight is the one time at which they start again.
        assert not server.query(f"resets({name}_count[1m]) > 1")
        quantile = server.wait_query(f"histogram_quantile(0.9, rate({name}_bucket[30s])) > 0")
        assert len(quantile) == len(counts)


def test_ten_thousand_lpars(agent, free_port, poll):
    """As many as there can be, with the limits of the README: all is there, nothing is lost."""
    port = free_port()
    agent(f"""
agent: {{max_series: 2500000}}
sources:
  lpars:
    type: rmf_simulator
    interval: 15s
    seed: 1
    reports: [documented]
    lpars: [{{name: P, count: 10000}}]
  self: {{type: agent_telemetry, interval: 1s}}
sinks:
  metrics:
    type: prometheus
    inputs: ["*"]
    listen: "127.0.0.1:{port}"
    max_series: 3000000
    buffer: {{max_size: 256MiB}}
""")

    def scraped():
        text = harness.http_get(f"http://127.0.0.1:{port}/metrics", timeout=120)[2]
        seen = b"\nrmf_simulation_duration_seconds_count 2" in text
        return text if seen and text.count(b"\nrmf_volumes_iops{") == 500_000 else None

    text = poll(scraped, timeout=300, interval=2, what="the second collection is exposed")
    assert b"\nrmf_active_lpars 10000\n" in text
    assert text.count(b"\nrmf_cpu_utilization_percent{") == 30_000
    lost = [line for line in text.splitlines()
            if line.startswith(b"weir_route_dropped_rows_total") and not line.endswith(b" 0")]
    assert not lost, lost


def test_promtool_finds_nothing_wrong(agent, free_port, poll):
    port = free_port()
    agent(configuration(port, ", reports: all"))
    url = f"http://127.0.0.1:{port}/metrics"
    text = poll(lambda: "hitachi_port" in harness.http_get(url)[2].decode()
                and harness.http_get(url)[2].decode())
    run = subprocess.run([harness.tool("promtool"), "check", "metrics"], input=text,
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode in (0, 3), run.stderr  # 3: style only
    # Units that the documents and RMF have chosen.
    excused = ("microseconds", "percent", "use base unit")
    others = [line for line in (run.stdout + run.stderr).splitlines()
              if not any(word in line for word in excused)]
    assert not others, others


def rows(path):
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def backfill(weir, config, tmp_path, name, begin, end, more=""):
    path = tmp_path / f"{name}.jsonl"
    file = config(f"""
agent: {{data_dir: {tmp_path}/{name}}}
sources:
  lpars: {{type: rmf_simulator, interval: 15m, seed: 42{more}}}
sinks:
  rows: {{type: file, inputs: [lpars], path: {path}}}
""")
    run = weir("backfill", "-c", file, "--from", begin, "--to", end, timeout=300)
    assert run.returncode == 0, run.stderr
    return path


def test_a_replay_is_the_same_byte_by_byte(weir, config, tmp_path):
    more = ", reports: all"
    whole = backfill(weir, config, tmp_path, "whole", "2025-03-12", "2025-03-14", more)
    again = backfill(weir, config, tmp_path, "again", "2025-03-12", "2025-03-14", more)
    assert whole.read_bytes() == again.read_bytes()
    # Begun in the middle of the world it is the same world.
    second = backfill(weir, config, tmp_path, "second", "2025-03-13", "2025-03-14", more)
    assert whole.read_bytes().endswith(second.read_bytes())
    assert len(rows(second)) > 96 * 1000
    assert not any(row["measurement"].startswith("rmf_metrics_generated") for row in rows(second))


def test_events_are_in_the_replay(weir, config, tmp_path):
    more = (
        ", scenarios: [{name: night, type: ipl, lpars: [TEST01], "
        "start: '2025-03-12T02:03:04Z', end: '2025-03-12T02:30:00Z'}]"
    )
    path = backfill(weir, config, tmp_path, "events", "2025-03-12", "2025-03-13", more)
    events = [row for row in rows(path) if row["measurement"] == "rmf_event"]
    assert [(e["time"][:19], e["labels"]["phase"], e["labels"]["lpar"]) for e in events] == [
        ("2025-03-12T02:03:04", "start", "TEST01"),
        ("2025-03-12T02:30:00", "end", "TEST01"),
    ]
    assert events[0]["fields"] == {"type": "ipl", "description": "IPL of TEST01"}


def test_a_newcomer_sees_what_there_is(weir, config):
    described = weir("describe", "rmf_simulator")
    assert described.returncode == 0
    for word in ("sysplex", "defined_capacity", "MSU", "scenarios[].type", "zIIPs"):
        assert word in described.stdout
    file = config("sources: {lpars: {type: rmf_simulator, seed: 1}}\n"
                  "sinks: {out: {type: stdout, inputs: [lpars]}}\n")
    once = weir("once", "-c", file)
    assert once.returncode == 0, once.stderr
    for word in ("rmf_cpu_utilization", "general_purpose", "PROD01", "rolling_average_msu"):
        assert word in once.stdout


def test_mistakes_are_said_with_place_and_remedy(weir, config):
    file = config("""
sources:
  lpars:
    type: rmf_simulator
    cpcs: [{name: C1, cps: 4}]
    lpars:
      - {name: A, cps: 8}
    scenarios:
      - {name: x, type: ipl, start: "2025-01-02T00:00:00Z", end: "2025-01-01T00:00:00Z"}
sinks: {out: {type: stdout, inputs: [lpars]}}
""")
    checked = weir("check", "-c", file)
    assert checked.returncode == 78
    assert ":5:12: " in checked.stderr and "8 logical CPs" in checked.stderr
    assert ":9:" in checked.stderr and "before it begins" in checked.stderr
