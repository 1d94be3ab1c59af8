"""The agent as a whole: the default configuration, `once`, signals, and stopping under load."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import time

import harness
import pytest

DEFAULT = harness.REPOSITORY / "etc" / "weir.yaml"

ROUTE = re.compile(
    r"route (\S+) -> (\S+): (\d+) rows in, (\d+) delivered, (.*?)(\d+) held"
)


def conservation(log):
    """{(producer, consumer): rows in} of the log's closing lines, each found to balance."""
    routes = {}
    for producer, consumer, offered, delivered, drops, held in ROUTE.findall(log):
        dropped = sum(int(n) for n in re.findall(r"(\d+) dropped", drops))
        assert int(offered) == int(delivered) + dropped + int(held), log
        routes[producer, consumer] = int(offered)
    return routes


def test_the_default_configuration_is_right(weir):
    result = weir("check", "-c", DEFAULT)
    assert result.returncode == 0, result.stderr
    assert "ok" in result.stdout


def test_the_default_configuration_measures_this_host(agent, config, tmp_path):
    port = harness.free_port()
    text = DEFAULT.read_text().replace("9464", str(port)).replace("interval: 5s", "interval: 1s")
    running = agent(config(text).resolve(), env={"WEIR_DATA_DIR": str(tmp_path / "data")})

    def scraped():
        status, _, body = harness.http_get(f"http://127.0.0.1:{port}/metrics")
        assert status == 200
        names = {line.split("{")[0].split(" ")[0] for line in body.decode().splitlines()}
        assert "node_cpu_seconds_total" in names
        return names

    names = harness.poll(scraped)
    assert "node_memory_MemAvailable_bytes" in names
    path = tmp_path / "data" / "weir.jsonl"
    harness.poll(lambda: path.exists() and path.stat().st_size > 0)
    log = running.stop_clean()
    assert conservation(log)[("host", "metrics")] > 0
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert {"node_cpu", "node_memory"} <= {row["measurement"] for row in rows}


def test_what_make_run_starts_keeps_it_in_a_database_too(agent, tmp_path):
    """The default configuration with the conf.d beside it."""
    folder = tmp_path / "etc"
    shutil.copytree(DEFAULT.parent / "conf.d", folder / "conf.d")
    text = DEFAULT.read_text().replace("9464", str(harness.free_port()))
    (folder / "weir.yaml").write_text(text.replace("interval: 5s", "interval: 1s"))
    running = agent(folder / "weir.yaml", env={"WEIR_DATA_DIR": str(tmp_path)})
    query = "SELECT count(*) FROM node_loadavg WHERE load1 >= 0"
    shell = [harness.tool("sqlite3"), "-readonly", tmp_path / "weir.db", query]

    def counted():
        done = subprocess.run(shell, capture_output=True, text=True, check=False)
        return done.returncode == 0 and int(done.stdout) > 1

    harness.poll(counted)
    running.stop_clean()


ONCE = "sources: {host: {type: node_probe}}\nsinks: {out: {type: stdout, inputs: [host]}}\n"


def test_once_prints_json_lines_into_a_pipe(weir, config):
    result = weir("once", "-c", config(ONCE))
    assert result.returncode == 0, result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(rows) > 50
    assert any(row["measurement"] == "node_cpu" for row in rows)
    assert result.stderr == ""


def on_terminal(columns, *arguments):
    """What `weir ARGUMENTS...` prints on a terminal of that width."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    child = subprocess.Popen(
        [harness.WEIR, *arguments], stdout=terminal, stderr=terminal, env=env
    )
    os.close(terminal)
    text = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        text += piece
    os.close(main)
    assert child.wait(60) == 0
    return text.decode().replace("\r\n", "\n")


def test_once_waits_for_who_reads_without_a_word(config, tmp_path):
    """More than a pipe holds, for somebody who reads later."""
    devices = "{e: {kind: environment, count: 2000}}"
    source = f"{{type: iot_simulator, seed: 1, devices: {devices}}}"
    path = config(f"sources: {{s: {source}}}\nsinks: {{out: {{type: stdout, inputs: [s]}}}}\n")
    with open(tmp_path / "stderr", "wb") as stderr:
        once = subprocess.Popen(
            [harness.WEIR, "once", "-c", path, "--format", "jsonl"],
            stdout=subprocess.PIPE, stderr=stderr,
        )  # fmt: skip
        time.sleep(3)
        assert once.poll() is None, "it had to wait"
        out, _ = once.communicate(timeout=60)
    assert once.returncode == 0
    assert len(out) > 65536 and (tmp_path / "stderr").read_bytes() == b""


def test_once_prints_a_table_on_a_terminal(config):
    text = on_terminal(80, "once", "-c", config(ONCE))
    assert "\x1b[1mnode_cpu\x1b[0m" in text
    assert not text.lstrip().startswith("{")


@pytest.mark.parametrize("columns", [80, 120])
def test_nothing_is_wider_than_the_terminal(config, columns):
    for arguments in (
        ["once", "-c", config(ONCE)],
        ["list"],
        ["describe", "node_probe"],
        ["describe", "prometheus"],
        ["describe", "file"],
        ["once", "--help"],
    ):
        text = re.sub(r"\x1b\[[01]m", "", on_terminal(columns, *arguments))
        for line in text.split("\n"):
            # A path or a pattern is better in one piece: it can be copied.
            assert len(line) <= columns or " " not in line.strip(), (arguments, line)


def test_once_of_one_source_and_other_formats(weir, config):
    path = config(ONCE.replace("sources: {", "sources: {other: {type: node_probe}, "))
    table = weir("once", "-c", path, "host", "--format", "csv")
    assert table.returncode == 0
    heads = [line for line in table.stdout.splitlines() if line.startswith("time,measurement")]
    assert len(heads) > 10
    full = subprocess.run(
        [harness.WEIR, "once", "-c", path], stdout=open("/dev/full", "wb"), stderr=subprocess.PIPE
    )
    assert full.returncode == 1 and b"No space left" in full.stderr
    unknown = weir("once", "-c", path, "nobody")
    assert unknown.returncode == 1
    assert "there is no source 'nobody'" in unknown.stderr


LOAD = """
agent: {{interval: 10ms, shutdown_timeout: {timeout}, data_dir: {folder}}}
sources:
  a: {{type: node_probe}}
  b: {{type: node_probe}}
  c: {{type: node_probe}}
sinks:
  file: {{type: file, inputs: ["*"], path: {folder}/rows.jsonl, format: jsonl,
         buffer: {{when_full: block}}}}
  metrics: {{type: prometheus, inputs: ["*"], listen: 127.0.0.1:{port}}}
"""


def test_sigterm_under_load_delivers_what_was_accepted(agent, tmp_path):
    running = agent(
        LOAD.format(timeout="30s", folder=tmp_path, port=harness.free_port())
    )
    path = tmp_path / "rows.jsonl"
    harness.poll(lambda: path.exists() and path.stat().st_size > 1_000_000)
    log = running.stop_clean()
    routes = conservation(log)
    assert set(routes) == {(s, k) for s in "abc" for k in ("file", "metrics")}
    lines = path.read_text().splitlines()
    assert len(lines) == sum(n for (_, consumer), n in routes.items() if consumer == "file")
    for line in lines:
        json.loads(line)


def test_a_sink_that_hangs_does_not_keep_the_agent(agent, tmp_path):
    """A FIFO that nobody reads: the write blocks for ever."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    config = (
        f"agent: {{interval: 10ms, shutdown_timeout: 1s, data_dir: {tmp_path}}}\n"
        "sources: {host: {type: node_probe}}\n"
        "sinks: {out: {type: stdout, inputs: [host]}}\n"
    )
    path = tmp_path / "fifo.yaml"
    path.write_text(config)
    with open(fifo, "wb", buffering=0) as out, open(tmp_path / "err", "wb") as err:
        child = subprocess.Popen([harness.WEIR, "run", "-c", path], stdout=out, stderr=err)
    try:
        harness.poll(lambda: "running:" in (tmp_path / "err").read_text())
        child.send_signal(signal.SIGTERM)
        code = child.wait(60)
    finally:
        child.kill()
        os.close(reader)
    log = (tmp_path / "err").read_text()
    assert code in (0, 1), log
    if code == 1:  # the pipe was full, so that write did not return
        assert "does not return" in log
    conservation(log)


def test_sighup_does_not_end_the_agent(agent):
    running = agent(
        "sources: {host: {type: node_probe}}\nsinks: {out: {type: stdout, inputs: [host]}}\n"
    )
    running.reload()
    running.wait_log("2 as before")
    assert running.running()


def test_a_port_that_is_taken(agent, config, weir):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = (
            "sources: {host: {type: node_probe}}\n"
            "sinks:\n"
            f"  metrics: {{type: prometheus, inputs: [host], listen: '127.0.0.1:{port}',"
            " required: REQUIRED}\n"
            "  out: {type: stdout, inputs: [host]}\n"
        )
        result = weir("run", "-c", config(text.replace("REQUIRED", "true")))
        assert result.returncode == 1
        assert str(port) in result.stderr
        running = agent(text.replace("REQUIRED", "false"))
        assert "goes on without it" in running.log()


def test_the_log_as_json(agent):
    running = agent(
        "agent: {log: {format: json}}\n"
        "sources: {host: {type: node_probe}}\nsinks: {out: {type: file, inputs: [host],"
        " path: /dev/null/nowhere, format: jsonl}}\n",
        ready=False,
    )
    running.wait_log("running:")
    running.stop_clean()
    lines = [json.loads(line) for line in running.log().splitlines()]
    assert {"time", "level", "message"} <= set(lines[0])
    assert any(line.get("component") == "out" and line["level"] == "error" for line in lines)


def test_the_log_carries_priorities_into_the_journal(agent, tmp_path):
    """As under systemd: $JOURNAL_STREAM names standard error by device and inode."""
    log = tmp_path / "agent-1.log"
    log.touch()
    status = log.stat()
    running = agent(
        "sources: {host: {type: node_probe}}\nsinks: {out: {type: file, inputs: [host],"
        " path: /dev/null/nowhere, format: jsonl}}\n",
        env={"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"},
    )
    running.stop_clean()
    lines = running.log().splitlines()
    assert all(re.match(r"<[3467]>", line) for line in lines), lines
    assert any(line.startswith("<3>out: ") for line in lines)
    assert any(line.startswith("<6>weir ") for line in lines)


def test_the_configuration_needs_no_dash(weir, config, agent):
    path = config(ONCE)
    assert weir("check", path).stdout.startswith(f"{path}: 1 source, ")
    assert weir("check", path, path).returncode == 1
    running = agent(config(ONCE.replace("sources", "agent: {plugin_dirs: [/none]}\nsources")))
    assert "agent.plugin_dirs: the directory '/none' cannot be listed" in running.log()
    refused = weir("run", config("sources: {}\n", "empty.yaml"))
    assert refused.returncode == 78 and "empty.yaml" in refused.stderr


def test_a_configuration_where_once_expects_an_id(weir, config, tmp_path):
    result = weir("once", "-c", config(ONCE), "other.yaml")
    assert result.returncode == 1
    assert "no source 'other.yaml'; a configuration file goes behind -c" in result.stderr


def test_a_plugin_folder_that_is_not_there(weir, config):
    listed = weir("list", "--plugin-dir", "/none")
    assert listed.returncode == 0 and "weir: --plugin-dir /none: No such" in listed.stderr
    path = config("agent: {plugin_dirs: [/none]}\n")
    listed = weir("list", "-c", path)
    assert f"{path}:1:23: warning: agent.plugin_dirs: the directory '/none'" in listed.stderr
    assert "-c FILE" in weir("describe", "acme").stderr


def test_wrong_command_lines(weir):
    for arguments in (["nonsense"], ["run", "--nonsense"], ["describe"], []):
        result = weir(*arguments)
        assert result.returncode == 1, arguments
        assert "weir" in result.stderr and "Traceback" not in result.stderr
    for arguments in (["--help"], ["run", "--help"], ["once", "-h"], ["version"], ["--version"]):
        result = weir(*arguments)
        assert result.returncode == 0 and "weir" in result.stdout, arguments
