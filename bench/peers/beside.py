"""What the scripts that put a sink beside a bare loop share: arguments, a run of the benchmark's
program, and the verdict. The budget is 0.9 of the bare loop's rows a second."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RATIO_MIN = 0.9


def servers_of_tests(folder):
    """Lets the servers of tests/e2e/FOLDER be imported."""
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(ROOT / "tests/e2e"), str(ROOT / "tests/e2e" / folder)]


def parser(doc):
    made = argparse.ArgumentParser(description=doc.split("\n", 1)[0])
    made.add_argument("--build", type=Path, default=ROOT / "build/release")
    made.add_argument("--strict", action="store_true")
    made.add_argument("--json", action="store_true", help="for bench/run")
    return made


def printed(runs, arguments):
    """Whether the runs were asked for as JSON, and are printed."""
    if arguments.json:
        print(json.dumps(runs))
    return arguments.json


def run(arguments, program, folder, environment):
    """{benchmark name: the JSON of its median} of a benchmark program. The sink and the bare loop
    take mixed turns: a server's files grow, and who comes later would have the slower server."""
    out = folder / "figures.json"
    subprocess.run(
        [arguments.build.resolve() / "bench" / program, f"--benchmark_out={out}",
         "--benchmark_repetitions=5", "--benchmark_enable_random_interleaving=true"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    runs = json.loads(out.read_text())["benchmarks"]
    for failed in (run for run in runs if "error_message" in run):
        raise SystemExit(f"{failed['name']}: {failed['error_message']}")
    return {run["run_name"]: run for run in runs if run.get("aggregate_name") == "median"}


def measured(measure, arguments):
    """What `measure(arguments, folder)` finds, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(arguments, Path(folder))


def ratio(a, b):
    return a["items_per_second"] / b["items_per_second"]
