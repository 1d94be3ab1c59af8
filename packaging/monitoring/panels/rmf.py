"""The dashboard of LPARs, real or simulated. Where several replicas show the same LPARs they count
once: hence max by (...)."""

from panels.grafana import bars, dashboard as board
from panels.grafana import graph, section, stat, variable

IS = 'sysplex=~"$sysplex",lpar=~"$lpar"'
RATE = "[$__rate_interval]"
LPAR = "{{lpar}}"


def most(name, by="sysplex, lpar", more=""):
    """The value of each series, whichever replica shows it."""
    return f"max by ({by}) ({name}{{{IS}{',' + more if more else ''}}})"


def quantile(share, name, by):
    buckets = f"max by (sysplex, lpar, {by}, le) (rate({name}_bucket{{{IS}}}{RATE}))"
    return f"histogram_quantile({share}, {buckets})"


def overview():
    cpu = most("rmf_cpu_utilization_percent", more='cpu_type="general_purpose"')
    memory = most("rmf_memory_usage_bytes", more='memory_type="real_storage"')
    return [
        section("Overview"),
        stat("LPARs", f"count({most('rmf_storage_installed_frames')})"),
        stat("Busiest LPAR", f"max({cpu})", "percent", steps={80: "orange", 90: "red"}),
        stat("MSU used", f"sum({most('rmf_lpar_actual_msu')})"),
        stat("LPARs capped", f"sum({most('rmf_lpar_capped')})", steps={1: "red"}),
        stat("Transactions",
             f"sum({most('rmf_workload_transaction_rate', 'sysplex, lpar, service_class')})",
             "ops"),
        stat("Pages read", f"sum({most('rmf_storage_page_in_rate')})", "ops",
             "From auxiliary storage: none where storage is not short.", {50: "red"}),
        bars("General purpose processors", cpu, LPAR, steps={80: "orange", 90: "red"}, maximum=100),
        bars("Real storage", f"{memory} / ({most('rmf_storage_installed_frames')} * 4096)", LPAR,
             "percentunit", "Of what each LPAR has.", {0.75: "orange", 0.85: "red"}, maximum=1),
    ]  # fmt: skip


def processors():
    return [
        section("Processors and capacity"),
        graph("Processor utilization",
              (most("rmf_cpu_utilization_percent", "sysplex, lpar, cpu_type"),
               "{{lpar}} {{cpu_type}}"), unit="percent", minimum=0, maximum=100),
        graph("MSU, and the rolling average of 4 hours",
              (most("rmf_lpar_actual_msu"), "{{lpar}} now"),
              (most("rmf_lpar_rolling_average_msu"), "{{lpar}} average"),
              (most("rmf_lpar_defined_msu") + " > 0 or " + most("rmf_lpar_image_capacity_msu"),
               "{{lpar}} may use"), minimum=0),
    ]  # fmt: skip


def storage():
    areas = most("rmf_common_storage_used_percent", "sysplex, lpar, area")
    return [
        section("Storage"),
        graph("Storage in use", (most("rmf_memory_usage_bytes", "sysplex, lpar, memory_type"),
                                 "{{lpar}} {{memory_type}}"), unit="bytes", minimum=0),
        graph("Unreferenced interval count", (most("rmf_storage_uic"), LPAR), minimum=0,
              help_text="65535 where storage is not short."),
        graph("Paging", (most("rmf_storage_page_in_rate"), "{{lpar}} in"),
              (most("rmf_storage_page_out_rate"), "{{lpar}} out"), unit="ops", minimum=0),
        graph("Common areas", (areas, "{{lpar}} {{area}}"), unit="percent", minimum=0, maximum=100),
    ]  # fmt: skip


def workloads():
    by = "sysplex, lpar, service_class"
    name = "{{lpar}} {{service_class}}"
    return [
        section("Workloads"),
        graph("Performance index", (most("rmf_workload_performance_index", by), name), minimum=0,
              help_text="Above 1: worse than the goal."),
        graph("Transactions by service class",
              (most("rmf_workload_transaction_rate", by), name), unit="ops",
              minimum=0),
        graph("Queues", (most("rmf_mpb_queue_depth", "sysplex, lpar, queue_type"),
                         "{{lpar}} {{queue_type}}"), minimum=0),
        graph("Messages processed", (most("rmf_mpb_processing_rate", "sysplex, lpar, queue_type"),
                                     "{{lpar}} {{queue_type}}"), unit="ops", minimum=0),
    ]  # fmt: skip


def input_output():
    devices = most("rmf_ldev_utilization_percent", "sysplex, lpar, device_id")
    volumes = "sum by (sysplex, lpar, volume_type) ({})".format(
        most("rmf_volumes_iops", "sysplex, lpar, volume_type, volume_id")
    )
    ports = "avg by (sysplex, lpar, port_type) ({})".format(
        most("rmf_ports_utilization_percent", "sysplex, lpar, port_type, port_id")
    )
    seconds, kind = "rmf_ldev_response_time_seconds", "device_type"
    return [
        section("Devices, volumes, ports"),
        graph("Response time of devices",
              (quantile(0.5, seconds, kind), "{{lpar}} {{device_type}} median"),
              (quantile(0.95, seconds, kind), "{{lpar}} {{device_type}} 95 %"), unit="s",
              minimum=0),
        bars("Busiest devices", f"topk(10, {devices})", "{{lpar}} {{device_id}}", maximum=100,
             steps={60: "orange", 80: "red"}),
        graph("I/O by type of volume", (volumes, "{{lpar}} {{volume_type}}"), unit="iops",
              minimum=0),
        graph("Ports in use", (ports, "{{lpar}} {{port_type}}"), unit="percent", minimum=0,
              maximum=100),
    ]  # fmt: skip


def coupling():
    micros = "rmf_clpr_service_time_microseconds"
    return [
        section("Coupling facility"),
        graph("Service time of requests",
              (quantile(0.95, micros, "cf_link"), "{{lpar}} {{cf_link}} 95 %"), unit="µs",
              minimum=0),
        graph("Requests", (most("rmf_clpr_request_rate", "sysplex, lpar, cf_link, request_type"),
                           "{{lpar}} {{cf_link}} {{request_type}}"), unit="ops", minimum=0),
    ]  # fmt: skip


def dashboard():
    lpars = 'rmf_lpar_actual_msu{sysplex=~"$sysplex"}'
    return board(
        "weir-rmf",
        "Weir / RMF",
        "LPARs as the source rmf_simulator shows them, with the reports documented, cpc, stor and "
        "workload.",
        [
            variable("sysplex", "Sysplex", "label_values(rmf_lpar_actual_msu, sysplex)"),
            variable("lpar", "LPAR", f"label_values({lpars}, lpar)"),
        ],
        [*overview(), *processors(), *storage(), *workloads(), *input_output(), *coupling()],
        span="6h",
    )
