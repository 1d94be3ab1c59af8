"""`weir check --probe` of the sink and the source mqtt: the broker is asked, hears nothing more,
and the session of an agent that runs stays its own."""

import harness
import mosquitto
import pytest
import subscriber

ANNOUNCED = {
    "birth": {"topic": "state", "payload": "here", "retain": True},
    "will": {"topic": "state", "payload": "gone", "retain": True},
}


@pytest.fixture
def source(tmp_path):
    """A function that makes the configuration of a source."""

    def make(broker, **options):
        sinks = {"out": {"type": "stdout", "inputs": ["bridge"]}}
        return subscriber.config(broker, tmp_path, [{"topic": "t/#"}], sinks, **options)

    return make


@pytest.fixture
def both(probed, make_publisher, source):
    """A function that asks a sink and a source with the same options:
    [(component, what was told)]."""

    def ask(broker, user="", scheme="mqtt", **options):
        place = f"{user}@127.0.0.1" if user else "127.0.0.1"
        options = {"url": f"{scheme}://{place}:{broker.port}", **options}
        sink = make_publisher(broker).text(**options)
        return [("broker", probed(sink)), ("bridge", probed(source(broker, **options)))]

    return ask


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_answers_is_told_and_nothing_is_published(
    broker, make_publisher, reader, both, probed, protocol
):
    for component, done in both(broker, protocol=protocol):
        done.ok(component, f"MQTT {protocol}", f"127.0.0.1:{broker.port}", "-probe")
    probed(make_publisher(broker).text(**ANNOUNCED)).ok("broker")
    probed(make_publisher(broker).text(format="sparkplug", sparkplug={"group": "g"})).ok("broker")
    assert reader.views() == []


def test_the_session_of_a_running_agent_stays_its_own(broker, agent, source, probed, poll):
    """Its connection, and the messages that the broker keeps for it while it is away."""
    path = source(broker, client_id="weir")
    running = agent(path)
    running.wait_log("connected to MQTT")
    probed(path).ok("bridge", "as weir-probe")
    device = subscriber.Device(broker)
    device.publish("t/a", {"n": 1}, qos=1)
    poll(lambda: '"n":1' in running.log())
    assert "lost the connection" not in running.stop_clean()
    device.publish("t/a", {"n": 2}, qos=1)
    probed(path).ok("bridge")
    device.close()
    again = agent(path)
    poll(lambda: '"n":2' in again.log())
    assert "'weir-probe'" not in again.log()


def test_passwords(make_broker, both):
    broker = make_broker(users={"weir": mosquitto.PASSWORD})
    for component, done in both(broker, user="weir", password=mosquitto.PASSWORD):
        done.ok(component)
    for component, done in both(broker, user="weir", password="wr0ngwr0ng"):
        done.failed(component, "; check ", "password")
        assert "wr0ngwr0ng" not in done.out
    for component, done in both(broker):
        done.failed(component, "; check ", "password")


def test_nobody_is_there(broker, both):
    url = f"mqtt://127.0.0.1:{harness.free_port()}"
    for component, done in both(broker, url=url):
        done.failed(component, "Connection refused")


def test_certificates(make_broker, both, certificates):
    tls = {"ca": f"{certificates}/ca.pem"}
    for name, code in (("server", 0), ("wrong", 1)):
        broker = make_broker(
            f"certfile {certificates}/{name}.pem", f"keyfile {certificates}/{name}.key"
        )
        for component, done in both(broker, scheme="mqtts", tls=tls):
            assert done.code == code, done.out
            text = "; check tls" if code else "TLS"
            assert text in done.texts[component], done.out
