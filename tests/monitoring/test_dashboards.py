"""Every query of every dashboard has an answer from a real Prometheus that scrapes a real agent,
and every rule is about metrics that there are."""

import datetime
import functools
import itertools
import json
import math
import re

import harness
import mosquitto
import pytest
import yaml

MONITORING = harness.REPOSITORY / "packaging" / "monitoring"
DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))
RULES = sorted((MONITORING / "rules").glob("*.yaml"))

AGENT = """
agent: {{interval: 1s, data_dir: {folder}/data}}
sources:
  host: {{type: node_probe}}
  lpars:
    type: rmf_simulator
    seed: 1
    reports: [documented, cpc, stor, workload]
    lpars:
      - {{name: PROD01, cps: 16, memory: 64GiB}}
      - {{name: BATCH01, cps: 8, memory: 32GiB, workload: batch, defined_capacity: 600}}
  sick:
    type: rmf_simulator
    seed: 1
    sysplex: SICK
    reports: [documented, stor]
    lpars: [{{name: BAD01, memory: 16GiB}}]
    scenarios:
      - {{name: link, type: cf_link_loss, target: CF02, start: "{begin}", end: "{end}"}}
      - {{name: storm, type: paging_storm, start: "{begin}", end: "{end}"}}
  plant: {{type: iot_simulator, seed: 1}}
  weir: {{type: agent_telemetry}}
sinks:
  metrics: {{type: prometheus, inputs: ["*"], listen: "127.0.0.1:{port}", required: true}}
  broker:
    type: mqtt
    inputs: [host]
    url: mqtt://127.0.0.1:{broker}
    topic: hosts/{{measurement}}
    format: influx
    buffer: {{type: disk}}
"""


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """A Prometheus that has scraped an agent with every source for a while."""
    folder = tmp_path_factory.mktemp("scraped")
    port = harness.free_port()
    started = []
    try:
        broker = mosquitto.Broker(folder / "broker", quiet=True)
        started.append(broker)
        broker.start()
        config = folder / "weir.yaml"
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, end = (f"{now + datetime.timedelta(hours=h):%Y-%m-%dT%H:%M:%SZ}" for h in (-6, 6))
        places = {"folder": folder, "port": port, "broker": broker.port}
        config.write_text(AGENT.format(**places, begin=begin, end=end))
        agent = harness.Agent(config, folder / "agent.log")
        started.append(agent)
        agent.wait_ready()
        prometheus = harness.Prometheus(folder, [f"127.0.0.1:{port}"])
        started.append(prometheus)
        prometheus.wait_ready()
        prometheus.wait_query("count_over_time(up[1m]) >= 5")
        yield prometheus
        agent.stop_clean()
    finally:
        for process in started:
            process.kill()


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def series_of(prometheus, query):
    """What Grafana asks for label_values(METRIC, LABEL)."""
    metric, label = re.fullmatch(r"label_values\((.+), (\w+)\)", query).groups()
    return sorted({found["metric"][label] for found in prometheus.wait_query(metric)})


def interpolate(text, values):
    for name, value in values.items():
        text = text.replace(f"${name}", value)
    assert "$" not in text, f"a variable that nobody defines: {text}"
    return text


def choices(prometheus, board):
    """Values of the variables as Grafana puts them in: for all, for one of each, for a list."""
    asked = [v for v in board["templating"]["list"] if v["type"] == "query"]
    fixed = {"__rate_interval": "10s", "__range": "1m"}
    everything = {v["name"]: v["allValue"] for v in asked} | fixed
    one, several = dict(fixed), dict(fixed)
    for v in asked:
        query = v["query"]["query"]
        one[v["name"]] = series_of(prometheus, interpolate(query, {**everything, **one}))[0]
        found = series_of(prometheus, interpolate(query, everything))
        escaped = (re.escape(value).replace("\\", "\\\\") for value in found)  # in PromQL's quotes
        several[v["name"]] = f"({'|'.join(escaped)})"
    return {"everything": everything, "one": one, "several": several}


def holds_a_number(prometheus, query):
    return any(not math.isnan(float(row["value"][1])) for row in prometheus.query(query))


def is_answered(prometheus, board, kind, expression):
    """Chooses anew each time it is asked: some devices tell their status only every ten seconds."""
    values = choices(prometheus, board)[kind]
    return holds_a_number(prometheus, interpolate(expression, values))


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_query_has_an_answer(path, scraped):
    board = json.loads(path.read_text())
    # Of one device, the first, most measure nothing: it is of one kind.
    one = () if path.stem == "weir-sensors" else ("one",)
    for kind in ("everything", "several", *one):
        for panel in panels(board):
            for target in panel["targets"]:
                answered = functools.partial(is_answered, scraped, board, kind, target["expr"])
                harness.poll(answered, what=f"{panel['title']}, {kind}: {target['expr']}")


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_legends_and_columns_name_labels_that_there_are(path, scraped):
    board = json.loads(path.read_text())
    everything = choices(scraped, board)["everything"]
    for panel in panels(board):
        for target in panel["targets"]:
            found = scraped.wait_query(interpolate(target["expr"], everything))
            names = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            for step in panel.get("transformations", ()):
                names |= set(step["options"].get("renameByName", ())) - {"Value"}
            for name in names:
                assert all(name in row["metric"] for row in found), (panel["title"], name)


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_have_a_place_of_their_own(path):
    board = json.loads(path.read_text())
    taken = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = set(
            itertools.product(
                range(place["x"], place["x"] + place["w"]),
                range(place["y"], place["y"] + place["h"]),
            )
        )
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in board["panels"]]
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(ids)) == len(ids) and len(set(titles)) == len(titles)
    for panel in panels(board):
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_rules_are_about_metrics_that_there_are(path, scraped):
    """No expression is an error, what is recorded has values, and no name is misspelt: an alert
    about a metric that does not exist is silent for ever."""
    groups = yaml.safe_load(path.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    for rule in rules:
        scraped.query(rule["expr"])
        if "record" in rule:
            expression = rule["expr"]
            harness.poll(lambda: holds_a_number(scraped, expression), what=rule["record"])
        names = re.sub(r'"[^"]*"', "", rule["expr"])
        for name in re.findall(r"\bup\b|\b(?:\w+:)?(?:weir|rmf|process)_[\w:]+", names):
            if name not in recorded:
                assert scraped.wait_query(name), f"{rule}: there is no {name}"


@pytest.mark.parametrize("alert", ["HighMemoryUsage", "RMFPaging", "RMFCouplingLinkDown"])
def test_alerts_see_what_the_simulator_breaks(alert, scraped):
    """The sysplex with scenarios, and not the one without; what is recorded is put in place."""
    (group,) = yaml.safe_load((MONITORING / "rules" / "rmf.yaml").read_text())["groups"]
    expression = next(rule["expr"] for rule in group["rules"] if rule.get("alert") == alert)
    for rule in group["rules"]:
        if "record" in rule:
            expression = expression.replace(rule["record"], f"({rule['expr']})")
    found = scraped.wait_query(expression)
    assert {row["metric"]["sysplex"] for row in found} == {"SICK"}, found
