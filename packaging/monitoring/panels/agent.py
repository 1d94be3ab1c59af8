"""The dashboard of agents: do they deliver, what waits, what was lost, what do they cost."""

from panels.grafana import dashboard as board
from panels.grafana import graph, section, stat, table, variable

IS = 'job=~"$job",instance=~"$instance"'
RATE = "[$__rate_interval]"
ROWS = "suffix: rows/s"
BAD = {1: "red"}


def of(name, more=""):
    return f"{name}{{{IS}{',' + more if more else ''}}}"


def rate(name, by, more=""):
    return f"sum by ({by}) (rate({of(name, more)}{RATE}))"


def overview():
    return [
        section("Overview"),
        stat("Agents", f"count({of('weir_build_info')})"),
        stat("Components that do not run", f"sum(1 - {of('weir_component_running')})", steps=BAD),
        stat("Sinks that fail", f"sum({of('weir_consumer_failing')})", steps=BAD),
        stat("Rows delivered", f"sum(rate({of('weir_route_rows_delivered_total')}{RATE}))", ROWS),
        stat("Rows held", f"sum({of('weir_route_rows_held')})",
             help_text="In queues and on disks, not yet delivered."),
        stat("Rows dropped", f"sum(increase({of('weir_route_dropped_rows_total')}[$__range]))",
             help_text="In the time shown, for all reasons.", steps=BAD),
        stat("Configurations", f"count(count by (digest) ({of('weir_configuration_info')}))",
             help_text="How many different ones the agents have.", width=12),
        stat("Reloads that failed", f"sum(1 - {of('weir_reload_last_good')})", steps=BAD,
             help_text="Agents that do not run the configuration that they were to.", width=12),
    ]  # fmt: skip


def delivery():
    unaccounted = " ".join(
        (
            f"{of('weir_route_rows_offered_total')} + {of('weir_route_rows_recovered_total')}",
            f"- {of('weir_route_rows_delivered_total')} - {of('weir_route_rows_held')}",
            f"- sum without (reason) ({of('weir_route_dropped_rows_total')})",
        )
    )
    return [
        section("Delivery"),
        graph("Rows delivered by consumer",
              (rate("weir_route_rows_delivered_total", "instance, consumer"),
               "{{instance}} {{consumer}}"), unit=ROWS, minimum=0),
        graph("Rows held by consumer",
              (f"sum by (instance, consumer) ({of('weir_route_rows_held')})",
               "{{instance}} {{consumer}}"), minimum=0),
        graph("Rows dropped by reason",
              (rate("weir_route_dropped_rows_total", "instance, consumer, reason"),
               "{{instance}} {{consumer}} {{reason}}"), unit=ROWS, minimum=0),
        graph("Rows unaccounted for", (unaccounted, "{{instance}} {{source}} to {{consumer}}"),
              help_text="Offered and recovered, less delivered, dropped and held: 0, but for what "
              "moves between two readings."),
    ]  # fmt: skip


def consumers():
    name = "{{instance}} {{component}}"
    calls = rate("weir_consumer_calls_total", "instance, component")
    spent = rate("weir_consumer_call_seconds_total", "instance, component")
    return [
        section("Sinks and processors"),
        graph("Duration of a call", (f"{spent} / ({calls} > 0)", name), unit="s", minimum=0),
        graph("Writes repeated", (rate("weir_consumer_retries_total", "instance, component"), name),
              unit="ops", minimum=0),
        graph("Queue in use", (f"{of('weir_consumer_queue_bytes')} / "
                               f"{of('weir_consumer_queue_limit_bytes')}", name),
              unit="percentunit", minimum=0, maximum=1),
        graph("Disk buffer in use", (f"{of('weir_disk_buffer_bytes')} / "
                                     f"{of('weir_disk_buffer_limit_bytes')}", name),
              unit="percentunit", minimum=0, maximum=1,
              help_text="Of sinks that have one."),
        graph("Circuit", (of("weir_consumer_circuit"), name), minimum=0, maximum=2,
              help_text="0 closed; 1 a probe is under way; 2 open: it has failed again and again."),
        graph("Rejected rows", (rate("weir_dead_letter_rows_total", "instance, component"), name),
              unit=ROWS, minimum=0, help_text="They are kept as dead letters, with the reason."),
    ]  # fmt: skip


def sources():
    name = "{{instance}} {{component}}"
    return [
        section("Sources"),
        graph("Rows emitted", (rate("weir_source_rows_total", "instance, component"), name),
              unit=ROWS, minimum=0),
        graph("Duration of the last collection", (of("weir_source_last_collection_seconds"), name),
              unit="s", minimum=0),
        graph("Collections that failed",
              (rate("weir_source_collection_errors_total", "instance, component"), name),
              unit="ops", minimum=0),
        graph("Collections missed or late",
              (rate("weir_source_missed_ticks_total", "instance, component"), name + " missed"),
              (rate("weir_source_overruns_total", "instance, component"), name + " late"),
              unit="ops", minimum=0),
    ]  # fmt: skip


def process():
    name = "{{instance}}"
    return [
        section("Process"),
        graph("Processor time", (f"rate({of('process_cpu_seconds_total')}{RATE})", name),
              unit="percentunit", minimum=0, width=8),
        graph("Memory", (of("process_resident_memory_bytes"), name), unit="bytes", minimum=0,
              width=8),
        graph("Series", (of("weir_agent_series"), name), minimum=0, width=8),
        table("Components", of("weir_component_running"),
              {"instance": "Agent", "component": "Component", "kind": "Kind", "type": "Type",
               "Value": "Runs"}, width=16, height=10),
        graph("Connected", (of("weir_peer_connected"), "{{instance}} {{component}}"), minimum=0,
              maximum=1, width=8, help_text="Components that have a server."),
    ]  # fmt: skip


def dashboard():
    return board(
        "weir-agent",
        "Weir / Agents",
        "What agents count about themselves: a source agent_telemetry, or their page /metrics.",
        [
            variable("job", "Job", "label_values(weir_build_info, job)"),
            variable("instance", "Agent", 'label_values(weir_build_info{job=~"$job"}, instance)'),
        ],
        [*overview(), *delivery(), *consumers(), *sources(), *process()],
    )
