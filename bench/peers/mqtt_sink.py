#!/usr/bin/python3
"""Rows a second to Mosquitto: the sink mqtt beside a bare loop over its client library.

    bench/peers/mqtt_sink.py [--build FOLDER] [--strict | --json]

Starts a broker of its own on a free port, which takes 100 messages at a time, and runs
sink_mqtt_bench: medians of five runs, in turns with each other. The budget is 0.9 of the bare
loop's rows a second; --strict: exit code 1 when it is missed; --json: for bench/run.
"""

import sys

import beside

beside.servers_of_tests("mqtt")
import mosquitto  # noqa: E402


def measure(arguments, folder):
    """{benchmark name: its JSON}"""
    lines = ("max_inflight_messages 100", "set_tcp_nodelay true")
    broker = mosquitto.Broker(folder, lines, quiet=True).start()
    try:
        environment = {"WEIR_MQTT_PORT": str(broker.port)}
        return beside.run(arguments, "sink_mqtt_bench", folder, environment)
    finally:
        broker.stop()


def main():
    arguments = beside.parser(__doc__).parse_args()
    runs = beside.measured(measure, arguments)
    if beside.printed(runs, arguments):
        return 0
    missed = False
    print(f"{'':40}{'messages/s':>12}{'points/s':>12}{'CPU s/million rows':>20}{'of bare':>9}")
    for name, run in sorted(runs.items()):
        ratio = beside.ratio(run, runs[name.replace("BM_Sink", "BM_BareLoop")])
        missed |= name.startswith("BM_Sink") and ratio < beside.RATIO_MIN
        print(f"{'/'.join(name.split('/')[:4]):40}{run['messages']:12.0f}{run['points']:12.0f}"
              f"{run['cpu_s_per_million']:20.2f}{ratio:9.2f}")  # fmt: skip
    return 1 if missed and arguments.strict else 0


if __name__ == "__main__":
    sys.exit(main())
