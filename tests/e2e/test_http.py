"""The agent's own pages: health for probes, status for people, metrics for Prometheus."""

import contextlib
import json
import re
import signal
import socket
import subprocess
from pathlib import Path

import harness
import pytest

CONFIG = """
agent:
  interval: 100ms
  shutdown_timeout: 500ms
  http: {{listen: 127.0.0.1:{port}, socket: {folder}/weir.sock{more}}}
sources:
  host: {{type: node_probe}}
  self: {{type: agent_telemetry}}
sinks:
  out: {{type: file, inputs: ["*"], path: {folder}/out.jsonl, required: true}}
  store: {{type: redis, inputs: [host], url: "redis://127.0.0.1:{redis}/"}}
"""
TOKEN = "0123456789abcdef0123456789abcdef"


class Pages:
    def __init__(self, agent, folder, more="", ready=True):
        self.port = harness.free_port()
        self.redis = harness.free_port()
        text = CONFIG.format(port=self.port, folder=folder, redis=self.redis, more=more)
        self.path = folder / "weir.yaml"
        self.path.write_text(text)
        self.socket = folder / "weir.sock"
        self.agent = agent(self.path, ready=ready)

    def get(self, page, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        status, _, body = harness.http_get(f"http://127.0.0.1:{self.port}{page}", headers)
        return status, body.decode()

    def wait(self, page, status):
        return harness.poll(lambda: self.get(page)[0] == status, what=f"{page} answers {status}")


@pytest.fixture
def pages(agent, tmp_path):
    return lambda more="", **options: Pages(agent, tmp_path, more, **options)


def test_probes_say_what_works(pages):
    p = pages()
    p.wait("/startup", 200)
    assert p.get("/health")[0] == 200

    def told():
        status, body = p.get("/ready")
        assert status == 200, "the sink that fails is not required"
        components = {c["id"]: c for c in json.loads(body)["components"]}
        assert components["out"] == {
            "id": "out", "kind": "sink", "type": "file", "required": True, "status": "works"
        }  # fmt: skip
        assert components["store"]["status"] == "fails"
        assert f"127.0.0.1:{p.redis}: Connection refused" in components["store"]["reason"]
        return True

    harness.poll(told)


def test_an_agent_whose_processes_stand_still_does_not_answer_and_goes_on(pages):
    p = pages()
    p.wait("/startup", 200)
    p.agent.send(signal.SIGSTOP)
    tasks = list(Path(f"/proc/{p.agent.pid}/task").iterdir())
    harness.poll(lambda: all("State:\tT" in (t / "status").read_text() for t in tasks))
    with pytest.raises(OSError):
        harness.http_get(f"http://127.0.0.1:{p.port}/health", timeout=1)
    p.agent.send(signal.SIGCONT)
    p.wait("/health", 200)


def test_a_processor_that_hangs_is_told_and_keeps_nobody_from_stopping(agent, tmp_path):
    """Until two minutes are over the agent counts as alive: tests/pipeline/hang_test.cpp has these
    shorter."""
    port = harness.free_port()
    process = agent(f"""
agent:
  interval: 100ms
  shutdown_timeout: 500ms
  plugin_dirs: [{harness.BUILD}/tests/plugins]
  http: {{listen: 127.0.0.1:{port}, socket: off}}
sources: {{host: {{type: node_probe}}}}
processors: {{score: {{type: delay, inputs: [host], takes: 1h, required: true}}}}
sinks: {{out: {{type: file, inputs: [score], path: {tmp_path}/out.jsonl}}}}
""")

    def page(path):
        status, _, body = harness.http_get(f"http://127.0.0.1:{port}{path}")
        return status, body.decode()

    def told():
        status, body = page("/ready")
        score = {c["id"]: c for c in json.loads(body)["components"]}["score"]
        assert status == 503 and score["status"] == "fails", score
        return re.fullmatch(r"a call has been under way for \d+ s", score["reason"])

    harness.poll(told)
    process.wait_log("score: a call has been under way for 1")
    overdue = r'^weir_consumer_overdue_seconds{component="score"} (\S+)$'
    assert float(re.search(overdue, page("/metrics")[1], re.M)[1]) > 0
    assert page("/health")[0] == 200
    assert process.stop() == 1
    log = process.log()
    assert "score: does not return from its call; it is left behind" in log
    assert re.search(r"host -> score: (\d+) rows in, 0 delivered, \1 dropped \(\w+\), 0 held", log)


def test_metrics_are_those_of_the_source_agent_telemetry(pages, prometheus, tmp_path):
    """The same names, by two ways."""
    p = pages()
    p.wait("/startup", 200)
    checked = subprocess.run(
        [harness.tool("promtool"), "check", "metrics"],
        input=p.get("/metrics")[1], capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0 and checked.stdout + checked.stderr == "", checked
    server = prometheus([f"127.0.0.1:{p.port}"])
    rows = server.wait_query('weir_route_rows_delivered_total{source="host",consumer="out"} > 0')
    assert rows[0]["metric"]["consumer"] == "out"
    known = {
        line.split(" ")[2]: line.split(" ")[3]
        for line in p.get("/metrics")[1].splitlines()
        if line.startswith("# TYPE")
    }
    out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    told = {
        f"{row['measurement']}_{field}"
        for row in out
        if row["measurement"].startswith("weir_")
        for field in row["fields"]
    }
    assert len(told) > 30 and told <= set(known), told - set(known)


def test_a_token_is_asked_of_strangers_and_not_of_the_socket(pages, weir):
    p = pages(f", token: {TOKEN}")
    p.wait("/startup", 200)
    assert p.get("/status")[0] == 401
    assert p.get("/status", "x" * 32)[0] == 401
    assert p.get("/status", TOKEN)[0] == 200
    assert json.loads(p.get("/ready")[1]) == {"status": "ok"}
    assert weir("status", "--at", p.socket).returncode == 0
    other = p.path.with_name("other.yaml")
    other.write_text("agent: {}\n")
    refused = weir("status", "--at", f"127.0.0.1:{p.port}", "-c", other)
    assert refused.returncode == 1 and "agent.http.token" in refused.stderr
    assert weir("status", "--at", f"127.0.0.1:{p.port}", "-c", p.path).returncode == 0


def test_status_is_for_people(pages, weir):
    p = pages()
    p.wait("/startup", 200)
    harness.poll(lambda: "fails" in weir("status", p.path).stdout)
    shown = weir("status", p.path).stdout
    digest = re.search("  digest ([0-9a-f]{16})\n", weir("check", p.path).stdout)[1]
    assert shown.startswith("weir ")
    assert f", {p.path}\nrunning, ready, digest {digest}\n" in shown
    assert f'weir_configuration_info{{digest="{digest}"}} 1\n' in p.get("/metrics")[1]
    row = re.search(r"^out \*\s+sink\s+file\s+works\s+(\d+)\s+\d+\s+0$", shown, re.M)
    assert row and int(row[1]) > 0, shown
    assert max(len(line) for line in shown.replace(str(p.path), "FILE").splitlines()) <= 100
    answer = json.loads(weir("status", p.path, "--format", "json").stdout)
    assert answer["phase"] == "running"
    assert p.agent.stop_clean()
    gone = weir("status", p.path)
    assert gone.returncode == 1
    assert f"no agent answers: {p.socket}: No such file or directory" in gone.stderr
    assert not p.socket.exists()


def test_garbage_on_the_port_costs_one_connection(pages):
    p = pages()
    p.wait("/startup", 200)
    for garbage in (b"\x00" * 100_000, b"\xff\xfe\x16\x03\x01\r\n\r\n", b"GET " + b"a" * 100_000):
        with socket.create_connection(("127.0.0.1", p.port), timeout=30) as stranger:
            try:
                stranger.sendall(garbage)
                stranger.shutdown(socket.SHUT_WR)
                while stranger.recv(65536):
                    pass
            except OSError:  # it closes before all was sent
                pass
    assert p.get("/health")[0] == 200


def test_an_address_that_others_can_reach_needs_a_token(weir, config):
    text = "agent: {{http: {{listen: {}}}}}\nsources: {{s: {{type: node_probe}}}}\n" \
           "sinks: {{o: {{type: stdout, inputs: [s]}}}}\n"
    for listen in ("0.0.0.0:9465", '":9465"', '"[::]:9465"', "db1:9465"):
        refused = weir("check", config(text.format(listen)))
        assert refused.returncode == 78
        assert "expected an agent.http.token beside it" in refused.stdout + refused.stderr
    for listen in ("127.0.0.1:1", "localhost:1", '"[::1]:1"', "off"):
        assert weir("check", config(text.format(listen))).returncode == 0, listen


def test_a_written_address_that_is_taken_ends_the_agent_and_the_usual_one_does_not(
    agent, config, weir
):
    text = "agent: {{data_dir: /nowhere{}}}\nsources: {{s: {{type: node_probe}}}}\n" \
           "sinks: {{o: {{type: stdout, inputs: [s]}}}}\n"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = agent(config(text.format(f", http: {{listen: {address}}}")), ready=False)
        assert ended.wait() == 1
        assert f"listen: cannot serve on {address}: Address already in use" in ended.log()
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # somebody on this machine has it: as good
            stack.enter_context(socket.create_server(("127.0.0.1", 9465)))
        running = agent(config(text.format("")))
        assert "cannot serve on 127.0.0.1:9465: Address already in use" in running.log()
        assert running.stop() == 0


def test_agents_agree_on_whose_the_socket_is(agent, config, tmp_path):
    """The second does not take it from the first, and leaves it alone when it ends."""
    text = f"agent: {{http: {{listen: off, socket: {tmp_path}/weir.sock}}}}\n" \
           "sources: {s: {type: node_probe}}\nsinks: {o: {type: stdout, inputs: [s]}}\n"
    first = agent(config(text))
    second = agent(config(text), ready=False)
    assert second.wait() == 1 and "another agent does" in second.log()
    assert harness.weir("status", "--at", tmp_path / "weir.sock").stdout.startswith("weir ")
    first.kill()
    third = agent(config(text))
    third.stop_clean()
    assert not (tmp_path / "weir.sock").exists()


@pytest.mark.parametrize("command", ["status", "reload"])
def test_a_file_that_is_not_there_is_not_the_agent_that_usually_answers(pages, weir, command):
    p = pages()
    p.wait("/startup", 200)
    path = p.path.with_name("nowhere.yaml")
    asked = weir(command, path)
    assert asked.returncode == 78 and asked.stdout == ""
    assert asked.stderr == f"weir: {path}: No such file or directory\n"
