"""A password that is rotated: picked up without a restart, and without a word to the agent."""

import harness
import pytest

CONFIG = """
agent: {{interval: 100ms, http: {{listen: off, socket: off}}, labels: {{site: {site}}}}}
sources: {{own: {{type: agent_telemetry}}}}
sinks:
  store: {{type: redis, inputs: [own], url: "redis://127.0.0.1:{port}/", history: {{}},
           password: "${{file:password}}", buffer: {{when_full: block}}}}
"""
FIRST, SECOND = "the first of the words", "the second of the words"


class Rotated:
    def __init__(self, agent, folder, server):
        self.folder, self.server, self.password = folder, server, FIRST
        self.write_secret(FIRST)
        self.write(site="a")
        self.agent = agent(folder / "weir.yaml")

    def write(self, site):
        (self.folder / "weir.yaml").write_text(CONFIG.format(port=self.server.port, site=site))

    def write_secret(self, text):
        """As it should be: never half."""
        (self.folder / "password.new").write_text(text + "\n")
        (self.folder / "password.new").rename(self.folder / "password")

    def client(self):
        return self.server.client(password=self.password)

    def rotate(self, password):
        """At the server, where who is connected is thrown out."""
        client = self.client()
        client.config_set("requirepass", password)
        client.client_kill_filter(_type="normal", skipme=True)
        self.password = password

    def rows(self):
        client = self.client()
        return sum(client.xlen(key) for key in client.scan_iter(_type="stream"))


@pytest.fixture
def rotated(agent, tmp_path, own_server):
    server = own_server().start()
    server.client().config_set("requirepass", FIRST)
    r = Rotated(agent, tmp_path, server)
    harness.poll(lambda: r.rows() > 10)
    return r


def test_it_is_picked_up(rotated):
    r = rotated
    r.rotate(SECOND)
    r.agent.wait_log("cannot write")
    r.write_secret(SECOND)
    r.agent.wait_log("sink 'store' changed")
    there = r.rows()
    harness.poll(lambda: r.rows() > there + 10)
    log = r.agent.stop_clean()
    assert "source 'own' changed" not in log
    assert FIRST not in log and SECOND not in log
    assert "dropped (" not in log


def test_files_that_are_being_edited_are_left_alone(rotated):
    r = rotated
    r.write(site="b")
    r.write_secret(SECOND)
    r.agent.wait_log("both are used once a reload is asked for")
    assert "reloading" not in r.agent.log()
    r.write_secret(FIRST)
    r.agent.reload()
    r.agent.wait_log("source 'own' changed")


def test_a_rotation_that_is_caught_half_way_is_tried_again(rotated):
    """The other secret is away for a moment, and comes back as it was: that alone is no change."""
    r = rotated
    other = r.folder / "other"
    other.write_text("of another sink")
    more = "type: redis, inputs: [own], password: '${file:other}', buffer: {when_full: drop_oldest}"
    with open(r.folder / "weir.yaml", "a") as file:
        file.write(f"  more: {{{more}, url: 'redis://127.0.0.1:{r.server.port}/1'}}\n")
    r.agent.reload()
    r.agent.wait_log("sink 'more' added")
    r.rotate(SECOND)
    other.rename(r.folder / "other.old")
    r.write_secret(SECOND)
    r.agent.wait_log("not reloaded: nothing has changed")
    (r.folder / "other.old").rename(other)
    r.agent.wait_log("sink 'store' changed")
    there = r.rows()
    harness.poll(lambda: r.rows() > there + 10)
    r.agent.kill()
