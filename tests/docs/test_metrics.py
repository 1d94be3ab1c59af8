"""docs/metrics.md has every metric of an agent that has something of every kind, and no other."""

import re

import harness
import pages
import pytest
import yaml

PAGE = pages.DOCS / "metrics.md"
RULES = harness.REPOSITORY / "packaging" / "monitoring" / "rules" / "agent.yaml"
OWN = re.compile(r"(weir|process)_")
# What belongs to the format of a histogram.
PARTS = ("_bucket", "_sum", "_count")


def documented():
    """name -> (type, unit, labels, alerts)"""
    rows = pages.tables(PAGE, "metric")
    found = {pages.code(r[0])[0]: (r[1], r[2], pages.code(r[3]), pages.code(r[5])) for r in rows}
    assert len(found) == len(rows) > 50, "a metric stands there twice"
    return found


def exposed(text):
    """name -> (type, labels) of the families of the agent itself"""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    types = {name: kind for name, kind in types.items() if OWN.match(name)}
    labels = {name: set() for name in types}
    for name, inside in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.M):
        part = next((p for p in PARTS if types.get(name.removesuffix(p)) == "histogram"), "")
        family = name.removesuffix(part)
        if family in labels:
            found = set(re.findall(r'(\w+)="', inside))
            labels[family] |= found - {"le"} if part else found
    return {name: (types[name], labels[name]) for name in types}


@pytest.fixture
def everything(agent, broker, free_port, config, tmp_path):
    """The two pages of an agent with something of every kind, and a component that is absent."""
    own, sink = free_port(), free_port()
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "source_torn.so").write_bytes(b"\x7fELF torn")
    agent(config(f"""
agent:
  interval: 100ms
  data_dir: {tmp_path}/data
  plugin_dirs: [{plugins}]
  http: {{listen: "127.0.0.1:{own}", socket: off}}
sources:
  self: {{type: agent_telemetry}}
  torn: {{type: torn}}
  simulated: {{type: rmf_simulator, seed: 1}}
  pushes: {{type: mqtt, url: "mqtt://127.0.0.1:{broker.port}", subscriptions: [{{topic: a}}]}}
sinks:
  shown: {{type: prometheus, inputs: [self, simulated], listen: "127.0.0.1:{sink}"}}
  sent:
    type: mqtt
    inputs: [self, pushes]
    url: mqtt://127.0.0.1:{broker.port}
    topic: rows
    buffer: {{type: disk}}
"""))

    def get():
        texts = [harness.http_get(f"http://127.0.0.1:{p}/metrics")[2].decode() for p in (own, sink)]
        # Of both, the server is known and a figure told; a scrape before this one was counted.
        found = all("weir_peer_figure_value{" in t and "weir_peer_info{" in t for t in texts)
        return texts if found and 'requests_total{code="200"}' in texts[1] else None

    return harness.poll(get, what="both pages tell of servers")


def test_every_metric_is_on_the_page_and_no_other(everything):
    own, sink = (exposed(text) for text in everything)
    page = documented()
    assert {n: v for n, v in sink.items() if not n.startswith("weir_prometheus_sink_")} == own
    assert set(page) - set(sink) == set(), "on the page, and given by no agent"
    assert set(sink) - set(page) == set(), "given by the agent, and not on the page"
    for name, (kind, unit, labels, _) in page.items():
        assert (kind, set(labels)) == sink[name], name
        suffix = re.search(r"_(seconds|bytes)(_total)?$", name)
        assert unit == (suffix[1] if suffix else ""), name


def test_alerts_are_those_that_use_the_metric():
    rules = [r for g in yaml.safe_load(RULES.read_text())["groups"] for r in g["rules"]]
    recorded = {r["record"]: r["expr"] for r in rules if "record" in r}
    uses = {}
    for rule in rules:
        text = rule["expr"]
        for name, expression in recorded.items():
            text = text.replace(name, expression)
        for name in re.findall(r"\b(?:weir|process)_\w+", text) if "alert" in rule else ():
            uses.setdefault(name, set()).add(rule["alert"])
    page = {name: set(alerts) for name, (_, _, _, alerts) in documented().items()}
    assert {name: alerts for name, alerts in page.items() if alerts} == uses


def test_a_metric_that_the_page_lacks_is_noticed():
    text = "# TYPE weir_new_total counter\nweir_new_total{component=\"a\"} 1\n# TYPE up gauge\n"
    assert exposed(text) == {"weir_new_total": ("counter", {"component"})}
    assert "weir_new_total" not in documented()
