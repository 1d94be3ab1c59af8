"""The sink `prometheus` as its user meets it: Debian's Prometheus scrapes an agent that measures
this host, and PromQL has the answers."""

import base64
import gzip
import json
import re
import ssl
import subprocess
import urllib.request

import harness
import pytest

# What Prometheus 2.42 sends.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


def configuration(port, sink="", sources=""):
    return f"""
sources:
  host: {{type: node_probe, interval: 1s}}
  self: {{type: agent_telemetry, interval: 1s}}
{sources}
sinks:
  metrics:
    type: prometheus
    inputs: ["*"]
    listen: 127.0.0.1:{port}
{sink}
"""


@pytest.fixture
def endpoint(agent, free_port, poll):
    """Starts an agent with a sink; returns (agent, its port) once the host's rows are there."""

    def start(sink="", sources="", scheme="http"):
        port = free_port()
        process = agent(configuration(port, sink, sources))
        if scheme == "http":
            poll(lambda: "node_cpu_seconds_total{" in exposition(port), what="the first rows")
        return process, port

    return start


def exposition(port, headers=None):
    status, _, body = harness.http_get(f"http://127.0.0.1:{port}/metrics", headers)
    assert status == 200
    return body.decode()


def complaints(text):
    """What `promtool check metrics` has to say; anything but style is a failure."""
    run = subprocess.run(
        [harness.tool("promtool"), "check", "metrics"],
        input=text, capture_output=True, text=True, timeout=60, check=False,
    )
    assert run.returncode in (0, 3), run.stderr  # 3: style only
    return set((run.stdout + run.stderr).splitlines())


def test_promql_answers(endpoint, prometheus):
    _, port = endpoint()
    server = prometheus([f"127.0.0.1:{port}"])
    assert server.wait_query("up == 1")
    assert server.wait_query('node_cpu_seconds_total{cpu="0", mode="idle"} > 0')

    # A CPU spends a second a second, whatever it spends it on.
    rates = server.wait_query("sum by (cpu) (rate(node_cpu_seconds_total[10s])) > 0.5")
    for rate in rates:
        assert float(rate["value"][1]) < 1.5, rate
    assert server.wait_query("node_memory_MemTotal_bytes > 2^24")
    assert server.wait_query("abs(node_time_seconds - time()) < 60")

    # What the sink says about itself, and what Prometheus counted.
    assert server.wait_query("rate(weir_prometheus_sink_scrapes_total[10s]) > 0")
    assert server.wait_query("scrape_samples_scraped > 100")
    [held] = server.query("sum(weir_prometheus_sink_series)")
    assert float(held["value"][1]) > 100


def test_prometheus_finds_nothing_wrong(endpoint, prometheus):
    # Two probes: every series of one is a twin of the other's, unless labels tell them apart.
    _, port = endpoint(
        sources="""
  again: {type: node_probe, interval: 1s}
  apart: {type: node_probe, interval: 1s, labels: {place: elsewhere}}
"""
    )
    server = prometheus([f"127.0.0.1:{port}"])
    server.wait_query('node_load1{place="elsewhere"} and on () (count_over_time(up[1m]) > 5)')
    assert server.query("min_over_time(up[1m]) == 1")
    _, _, own = harness.http_get(server.url("/metrics"))
    troubles = re.findall(
        r"^prometheus_target_scrapes_sample_(?:duplicate_timestamp|out_of_order|out_of_bounds)"
        r"_total (\d+)$", own.decode(), re.M,
    )
    assert troubles and set(troubles) == {"0"}
    assert "level=warn" not in server.log() and "level=error" not in server.log(), server.log()


def test_openmetrics_is_what_prometheus_gets(endpoint, prometheus, poll):
    _, port = endpoint()
    server = prometheus([f"127.0.0.1:{port}"])
    server.wait_query("node_cpu_seconds_total")

    # The text format has no units: where Prometheus knows one it has read OpenMetrics.
    def metadata():
        url = server.url("/api/v1/targets/metadata?metric=node_cpu_seconds")
        _, _, body = harness.http_get(url)
        return json.loads(body)["data"]

    [known] = poll(metadata)
    assert known["type"] == "counter" and known["unit"] == "seconds" and known["help"]


def test_promtool_has_no_complaint(endpoint, process, free_port, poll):
    """Nothing at all, save where node_exporter has chosen a name and earned the same words."""
    _, port = endpoint()
    other = free_port()
    process([harness.tool("prometheus-node-exporter"), f"--web.listen-address=127.0.0.1:{other}"])
    reference = poll(lambda: exposition(other), what="node_exporter answers")
    assert complaints(exposition(port)) - complaints(reference) == set()


def test_negotiation(endpoint):
    _, port = endpoint()
    url = f"http://127.0.0.1:{port}/metrics"
    _, headers, body = harness.http_get(url, {"Accept": ACCEPT, "Accept-Encoding": "gzip"})
    assert headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body).endswith(b"\n# EOF\n")
    _, headers, body = harness.http_get(url)
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "Content-Encoding" not in headers and b"# EOF" not in body

    status, _, page = harness.http_get(f"http://127.0.0.1:{port}/")
    assert status == 200 and b'href="/metrics"' in page
    assert harness.http_get(f"http://127.0.0.1:{port}/other")[0] == 404


def test_openssl_stays_out_without_tls(endpoint):
    process, port = endpoint()
    exposition(port)
    with open(f"/proc/{process.pid}/maps", encoding="ascii", errors="replace") as maps:
        assert "libssl" not in maps.read()


def test_tls_and_password(endpoint, prometheus, tmp_path, poll):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [harness.tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True, timeout=60,
    )
    _, port = endpoint(
        f"""
    tls: {{cert: {cert}, key: {key}}}
    basic_auth: {{username: prometheus, password: correct horse}}
""",
        scheme="https",
    )
    password = tmp_path / "password"
    password.write_text("correct horse")
    scrape = {
        "scheme": "https",
        "tls_config": {"ca_file": str(cert)},
        "basic_auth": {"username": "prometheus", "password_file": str(password)},
    }
    server = prometheus([f"127.0.0.1:{port}"], scrape=scrape)
    assert server.wait_query("up == 1")
    assert server.wait_query("node_load1")

    def status(credentials):
        request = urllib.request.Request(f"https://127.0.0.1:{port}/metrics")
        if credentials:
            token = base64.b64encode(credentials.encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        try:
            with urllib.request.urlopen(
                request, context=ssl.create_default_context(cafile=cert), timeout=60
            ) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    assert status("prometheus:correct horse") == 200
    assert status("prometheus:wrong horse") == 401
    assert status(None) == 401


def test_a_port_in_use_is_said(endpoint, agent):
    _, port = endpoint()
    second = agent(configuration(port, "    required: true"), ready=False)
    assert second.wait() == 1
    assert f"cannot serve on 127.0.0.1:{port}" in second.log()
