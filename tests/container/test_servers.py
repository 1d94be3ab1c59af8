"""What libraries load or ask for while they run works in the image too: names by DNS, certificates,
and the parts that the MariaDB client loads by name."""

import json
import sys

import harness
import image as images
import mariadb
import mosquitto
import pytest
import redisserver

AGENT = """
agent: {{interval: 100ms, data_dir: /var/lib/weir, http: {{listen: "off"}}}}
sources: {{agent: {{type: agent_telemetry}}}}
sinks: {{store: {{{sink}, inputs: [agent], retry: {{initial: 100ms, max: 1s}}}}}}
"""
# Answers every question for an address with 127.0.0.1, and others with nothing.
NAME_SERVER = """
import socket
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("127.0.0.1", 53))
while True:
    asked, address = listener.recvfrom(512)
    end = asked.index(0, 12) + 5  # the question: a name, its type, its class
    known = asked[end - 4 : end] == b"\\0\\1\\0\\1" and b"\\5store\\7example" in asked
    answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\x7f\\0\\0\\1" if known else b""
    counts = b"\\0\\1\\0" + bytes([known]) + b"\\0\\0\\0\\0"
    listener.sendto(asked[:2] + b"\\x81\\x80" + counts + asked[12:end] + answer, address)
"""


@pytest.fixture
def network(process):
    """A network of this test's own, with nothing but a loopback: a process id."""
    up = "ip link set lo up && echo up && exec sleep infinity"
    holder = process(["unshare", "--net", "sh", "-c", up])
    harness.poll(lambda: "up" in holder.log(), what="the network is up")
    return holder.pid


def test_names_are_asked_of_the_name_server(container, config, process, network, tmp_path):
    """A server whose name only DNS knows."""

    def within(*command):
        return ["nsenter", "--net", f"--target={network}", *command]

    process(within(sys.executable, "-c", NAME_SERVER))
    process(within(harness.tool("redis-server"), "--port", "7001", "--save", "", "--dir", tmp_path))
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n")
    path = config(AGENT.format(sink='type: redis, url: "redis://store.example:7001"'))
    running = container(
        config=path,
        network=f"ns:/proc/{network}/ns/net",
        options=["--volume", f"{resolver}:/etc/resolv.conf:ro"],
    )
    ask = within(harness.tool("redis-cli"), "-p", "7001", "dbsize")
    harness.poll(lambda: int(images.run(*ask)) > 0, what="rows are in Redis")
    running.stop_clean()


def test_certificates_are_checked(container, config, tmp_path):
    """A server whose certificate an authority signed that is mounted; and one of another."""
    certificates = mosquitto.make_certificates(tmp_path / "certificates")
    server = redisserver.Server(
        tmp_path / "redis", "--tls-auth-clients", "no", tls=(certificates, "server")
    )
    server.start()
    try:
        for authority in ("ca", "other"):
            (certificates / f"{authority}.pem").chmod(0o644)
            url = f"rediss://127.0.0.1:{server.port}"
            path = config(AGENT.format(sink=f'type: redis, url: "{url}", tls: {{ca: /ca.pem}}'))
            running = container(
                config=path,
                network="host",
                options=["--volume", f"{certificates}/{authority}.pem:/ca.pem:ro"],
            )
            if authority == "ca":
                harness.poll(server.client().dbsize, what="rows are in Redis")
            else:
                running.wait_log("self-signed certificate in certificate chain")
            running.stop_clean()
    finally:
        server.kill()


def test_the_mariadb_client_finds_its_plugins(container, config, tmp_path):
    """An account whose way of logging in is in a file beside the client library."""
    mariadb.install(tmp_path / "installed")
    server = mariadb.Server(tmp_path / "server", tmp_path / "installed")
    server.start("--plugin-load-add=auth_ed25519")
    try:
        server.query(None, "CREATE DATABASE rows_of_weir")
        server.query(None, "CREATE USER weir@`%%` IDENTIFIED VIA ed25519 USING PASSWORD(%s)",
                     mariadb.PASSWORD)  # fmt: skip
        server.query(None, "GRANT ALL ON rows_of_weir.* TO weir@`%`")
        url = f"mysql://weir@127.0.0.1:{server.port}/rows_of_weir"
        password = json.dumps(mariadb.PASSWORD)
        path = config(AGENT.format(sink=f'type: mysql, url: "{url}", password: {password}'))
        running = container(config=path, network="host")
        harness.poll(
            lambda: server.query("rows_of_weir", "SHOW TABLES"), what="there are tables of rows"
        )
        running.stop_clean()
    finally:
        server.kill()
