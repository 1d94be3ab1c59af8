#!/usr/bin/python3
"""Rows a second into MongoDB: the sink mongodb beside a bare loop over libmongoc's bulk API.

    bench/peers/mongodb_sink.py [--build FOLDER] [--strict | --json]

Starts a server of its own, as the end-to-end tests do, and runs sink_mongodb_bench. The budget is
0.9 of the bare loop's rows a second; --strict: exit code 1 when it is missed.
"""

import sys

import beside

beside.servers_of_tests("mongodb")
import mongo  # noqa: E402


def measure(arguments, folder):
    """{benchmark name: its JSON}"""
    if not mongo.program():
        raise SystemExit("there is no mongod or FerretDB; run: packaging/deps test")
    server = mongo.Server(folder / "server").start()
    environment = {
        "WEIR_MONGODB_URL": server.url("weir_bench"),
        "WEIR_MONGODB_PASSWORD": mongo.PASSWORD,
    }
    try:
        return beside.run(arguments, "sink_mongodb_bench", folder, environment)
    finally:
        server.stop()


def main():
    arguments = beside.parser(__doc__).parse_args()
    runs = beside.measured(measure, arguments)
    if beside.printed(runs, arguments):
        return 0
    missed = False
    print(f"{'':24}{'rows/s':>10}{'CPU s/million':>15}{'of bare loop':>14}")
    for name, run in sorted(runs.items()):
        words = name.split("/")
        ratio = beside.ratio(run, runs["/".join(["BM_BareLoop", *words[1:]])])
        missed |= name.startswith("BM_Sink") and ratio < beside.RATIO_MIN
        print(f"{'/'.join(words[:2]):24}{run['items_per_second']:10.0f}"
              f"{run['cpu_s_per_million']:15.2f}{ratio:14.2f}")  # fmt: skip
    return 1 if missed and arguments.strict else 0


if __name__ == "__main__":
    sys.exit(main())
