#!/usr/bin/python3
"""Rows a second into MariaDB: the sink mysql beside a bare loop over its client library.

    bench/peers/mysql_sink.py [--build FOLDER] [--strict | --json]

Starts a server of its own on a Unix socket, as the end-to-end tests do, and runs sink_mysql_bench.
The budget is 0.9 of the bare loop's rows a second; --strict: exit code 1 when it is missed.
"""

import sys

import beside

beside.servers_of_tests("mysql")
import mariadb  # noqa: E402


def measure(arguments, folder):
    """{benchmark name: its JSON}"""
    mariadb.install(folder / "installed")
    (folder / "server").mkdir()
    server = mariadb.Server(folder / "server", folder / "installed").start()
    try:
        server.query(None, "CREATE DATABASE weir_bench")
        environment = {"WEIR_MYSQL_SOCKET": server.socket}
        return beside.run(arguments, "sink_mysql_bench", folder, environment)
    finally:
        server.stop()


def main():
    arguments = beside.parser(__doc__).parse_args()
    runs = beside.measured(measure, arguments)
    if beside.printed(runs, arguments):
        return 0
    missed = False
    print(f"{'':44}{'rows/s':>10}{'CPU s/million':>15}{'of bare loop':>14}")
    for name, run in sorted(runs.items()):
        words = name.split("/")
        ratio = beside.ratio(run, runs["/".join(["BM_BareLoop", *words[1:3], *words[-2:]])])
        missed |= name.startswith("BM_Sink") and "load:1" in name and ratio < beside.RATIO_MIN
        print(f"{'/'.join(words[:-2]):44}{run['items_per_second']:10.0f}"
              f"{run['cpu_s_per_million']:15.2f}{ratio:14.2f}")  # fmt: skip
    return 1 if missed and arguments.strict else 0


if __name__ == "__main__":
    sys.exit(main())
