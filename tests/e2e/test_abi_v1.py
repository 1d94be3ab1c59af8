"""Plugins that were built against the frozen header of ABI 1 work in this agent."""

import re

import harness

PLUGINS = harness.BUILD / "tests" / "abi" / "v1"
CONFIG = """
agent: {{interval: 100ms, data_dir: {tmp}/data, labels: {{site: lab}}, plugin_dirs: [{plugins}]}}
sources:
  sensors: {{type: v1_sensor, rows: 3}}
processors:
  count: {{type: v1_count, inputs: [sensors]}}
sinks:
  writer:
    type: v1_writer
    inputs: [count]
    path: {tmp}/out
    ratio: 1e3
    wait_time: 1m30s
    room: 2MiB
    colour: blue
    list: [a, b]
    map: {{k: v, l: w}}
    group: {{number: 7}}
    group_list: [{{number: 1}}, {{text: two}}]
    group_map: {{one: {{number: 1}}}}
"""
OPTIONS = (
    "options flag=1 number=-42 ratio=1000 text=hello wait_time=90000000000 room=2097152"
    " colour=2:blue list=[list=a list=b] map=[k=v l=w] group=[number=7 text=hello]"
    " group_list=[group_list=[number=1 text=hello] group_list=[number=-42 text=two]]"
    " group_map=[one=[number=1 text=hello]]"
)
# What the source emits at every instant, as the sink reads it, without the time.
ROWS = [
    "v1_sample sensor=s0 site=lab temperature=20.5 balance=0 events=1000 on=yes state=state-0"
    " latency=0/1/2/0/3",
    "v1_sample sensor=s1 site=lab temperature=21.5 balance=null events=1001 on=no state=state-1"
    " latency=1/2/3/0.25/6",
    "v1_sample sensor=s2 site=lab temperature=22.5 balance=-2 events=1002 on=yes state=state-2"
    " latency=2/3/4/0.5/9",
]


def test_source_processor_and_sink(agent, poll, tmp_path):
    process = agent(CONFIG.format(tmp=tmp_path, plugins=PLUGINS))
    poll(lambda: (tmp_path / "out").read_text().count("v1_count") >= 5)
    log = process.stop_clean()

    lines = (tmp_path / "out").read_text().splitlines()
    assert lines[0] == OPTIONS
    assert lines[-1] == "stopped"
    instants = [lines[i : i + 4] for i in range(1, len(lines) - 1, 4)]
    for number, instant in enumerate(instants, 1):
        # One time for all rows of an instant, and the processor's own row after them.
        time = instant[0].rsplit(" ", 1)[1]
        counted = f"v1_count site=lab rows={3 * number}"
        assert instant == [f"{row} {time}" for row in [*ROWS, counted]]
    times = [int(instant[0].rsplit(" ", 1)[1]) for instant in instants]
    assert times == sorted(set(times))

    rows = 3 * len(instants)
    routes = re.findall(r"route (.*): (\d+) rows in, (\d+) delivered, (\d+) dropped", log)
    assert routes == [
        ("sensors -> count", str(rows), str(rows), "0"),
        ("count -> writer", str(rows + len(instants)), str(rows + len(instants)), "0"),
    ]


def test_they_are_listed_and_described(weir):
    listed = weir("list", "--plugin-dir", PLUGINS).stdout
    for kind, name in [("source", "sensor"), ("processor", "count"), ("sink", "writer")]:
        assert re.search(rf"^ *{kind} +v1_{name} +1\.0\.0 ", listed, re.M)
    described = weir("describe", "v1_writer", "--plugin-dir", PLUGINS).stdout
    for option in ["path", "flag", "wait_time", "group_map"]:
        assert option in described


def test_their_options_are_checked(weir, config):
    path = config(f"""
agent: {{plugin_dirs: [{PLUGINS}]}}
sources:
  sensors: {{type: v1_sensor, rows: 17}}
sinks:
  writer: {{type: v1_writer, inputs: [sensors], colour: grey}}
""")
    result = weir("check", "-c", path)
    assert result.returncode == 78
    assert result.stderr.splitlines()[:3] == [
        f"{path}:4:36: sources.sensors.rows: must be 1 to 16 rows, got 17",
        f"{path}:6:3: sinks.writer: 'path' is required: The file.",
        f"{path}:6:56: sinks.writer.colour: expected one of red, green, blue, got 'grey'",
    ]
