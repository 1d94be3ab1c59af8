#!/usr/bin/python3
"""Rows a second into MariaDB: the sink mysql beside a bare loop over its client library.

    bench/peers/mysql_sink.py [--build FOLDER] [--strict]

Starts a server of its own on a Unix socket, as the end-to-end tests do, and runs sink_mysql_bench.
The budget is 0.9 of the bare loop's rows a second; --strict: exit code 1 when it is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tests/e2e/mysql")]
import mariadb  # noqa: E402

RATIO_MIN = 0.9


def measure(build, folder):
    """{benchmark name: its JSON}"""
    mariadb.install(folder / "installed")
    (folder / "server").mkdir()
    server = mariadb.Server(folder / "server", folder / "installed").start()
    try:
        server.query(None, "CREATE DATABASE weir_bench")
        out = folder / "figures.json"
        subprocess.run(
            [build / "bench/sink_mysql_bench", f"--benchmark_out={out}"],
            env={**os.environ, "WEIR_MYSQL_SOCKET": server.socket},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        return {run["name"]: run for run in json.loads(out.read_text())["benchmarks"]}
    finally:
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--strict", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = measure(arguments.build.resolve(), Path(folder))
    missed = False
    print(f"{'':44}{'rows/s':>10}{'CPU s/million':>15}{'of bare loop':>14}")
    for name, run in runs.items():
        words = name.split("/")
        if "error_message" in run:
            raise SystemExit(f"{name}: {run['error_message']}")
        bare = runs["/".join(["BM_BareLoop", *words[1:3], *words[-2:]])]
        ratio = run["items_per_second"] / bare["items_per_second"]
        missed |= name.startswith("BM_Sink") and "load:1" in name and ratio < RATIO_MIN
        print(f"{'/'.join(words[:-2]):44}{run['items_per_second']:10.0f}"
              f"{run['cpu_s_per_million']:15.2f}{ratio:14.2f}")  # fmt: skip
    return 1 if missed and arguments.strict else 0


if __name__ == "__main__":
    sys.exit(main())
