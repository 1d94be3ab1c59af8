"""Brokers that are not there, refuse, stop, hang or are killed: nothing is lost, and the log says
what to do."""

import json

import mosquitto
import pytest
import scripted
from test_mqtt import FIRST, ledger, numbers

WEIR = {"weir": mosquitto.PASSWORD}


def ends_well(process, reader, series=10, minutes=1440):
    """Every row is there, at least once, and a series is in order where its rows came first."""
    assert process.wait(120) == 0, process.log()
    rows = numbers(reader.rows())
    seen = list(dict.fromkeys(rows))
    assert sorted(seen) == sorted(ledger(series, minutes))
    for part in range(series):
        mine = [number for label, number in seen if label == str(part)]
        assert mine == sorted(mine)
    return len(rows) - len(seen)


def stops_well(running, reader, doubled_max):
    """The same of an agent that ran until now. Only what was on its way may have come again."""
    log = running.stop_clean()
    assert "0 dropped, 0 held" in log, log
    found = [(row["labels"]["part"], row["fields"]["turn"]) for row in reader.rows()]
    turns = max(turn for _, turn in found) + 1
    assert set(found) == {(str(part), turn) for part in range(10) for turn in range(turns)}
    for part in range(10):
        mine = [turn for label, turn in dict.fromkeys(found) if label == str(part)]
        assert mine == list(range(turns)), "a series out of order"
    assert len(found) - len(set(found)) <= doubled_max


def test_a_broker_that_comes_later(broker, publisher, reader, poll):
    broker.stop()
    process = publisher.start(minutes=100, user="weir", password=mosquitto.PASSWORD)
    poll(lambda: "check that an MQTT broker runs there" in process.log())
    broker.users = {}  # nobody is let in before the reader listens
    broker.start()
    reader.wait()
    broker.admit(WEIR)
    assert ends_well(process, reader, minutes=100) == 0


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_password_is_said_and_mended(
    make_broker, make_publisher, make_reader, poll, protocol
):
    broker = make_broker(users={"weir": "another"})
    reader = make_reader(broker)
    process = make_publisher(broker).start(
        minutes=100, user="weir", password=mosquitto.PASSWORD, protocol=protocol
    )
    poll(lambda: "check the user of url, password" in process.log())
    assert mosquitto.PASSWORD not in process.log()
    broker.admit(WEIR)
    assert ends_well(process, reader, minutes=100) == 0


@pytest.mark.parametrize("qos", [1, 2])
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_broker_that_restarts_in_mid_stream(
    make_broker, make_publisher, make_reader, agent, poll, how, qos
):
    """The agent is let in again when the reader listens again: then the reader, which is quicker
    than the source, misses nothing that the broker acknowledges."""
    broker = make_broker(users=WEIR)
    reader = make_reader(broker, "weir/ledger")
    text = make_publisher(broker).text(
        source="{type: ledger, interval: 10ms}", user="weir", password=mosquitto.PASSWORD, qos=qos
    )
    running = agent(text)
    for turn in range(3):
        wanted = len(reader.messages) + 300
        poll(lambda: len(reader.messages) >= wanted)
        getattr(broker, how)()
        broker.users = {}
        poll(lambda: not reader.subscribed.is_set())
        broker.start()
        reader.wait()
        broker.admit(WEIR)
    assert "connected again to" in running.log()
    wanted = len(reader.messages) + 300
    poll(lambda: len(reader.messages) >= wanted)
    stops_well(running, reader, doubled_max=3 * 100)


def test_a_broker_that_hangs(broker, publisher, make_reader, agent, poll):
    reader = make_reader(broker, "weir/ledger")
    running = agent(
        publisher.text(
            source="{type: ledger, interval: 10ms}", write_timeout="1s", connect_timeout="1s",
            in_flight=20,
        )
    )  # fmt: skip
    poll(lambda: len(reader.messages) > 300)
    broker.pause()
    poll(lambda: "acknowledged nothing within write_timeout" in running.log())
    broker.resume()
    poll(lambda: "writes again" in running.log())
    stops_well(running, reader, doubled_max=20)


def test_a_stop_while_the_broker_hangs_is_bounded(broker, publisher, agent, poll):
    running = agent(publisher.text(write_timeout="1s", connect_timeout="1s"))
    poll(lambda: "connected to an MQTT 5 broker" in running.log())
    broker.pause()
    running.stop_clean()
    broker.resume()


def test_what_the_broker_forbids_is_rejected_with_the_reason(
    make_broker, make_publisher, make_reader, tmp_path
):
    acl = tmp_path / "acl"
    acl.write_text("user weir\ntopic write rows/3\ntopic write rows/4\n")
    broker = make_broker(f"acl_file {acl}", users=WEIR)
    reader = make_reader(broker)
    log = make_publisher(broker).backfill(
        minutes=5, user="weir", password=mosquitto.PASSWORD, topic="rows/{label:part}", expect=1
    )
    assert "the broker refused it: Not authorized" in log, log
    assert numbers(reader.rows()) == [(p, FIRST + m) for m in range(5) for p in ("3", "4")]


def test_a_birth_that_the_broker_forbids_is_said(make_broker, make_publisher, tmp_path):
    acl = tmp_path / "acl"
    acl.write_text("user weir\ntopic write weir/#\n")
    log = make_publisher(make_broker(f"acl_file {acl}", users=WEIR)).backfill(
        minutes=5, user="weir", password=mosquitto.PASSWORD, birth={"topic": "status"}
    )
    assert "the broker refused the birth message: Not authorized" in log, log


def test_messages_that_are_too_large_are_rejected_alone(make_broker, make_publisher, make_reader):
    broker = make_broker("max_packet_size 20000")
    reader = make_reader(broker)
    source = "{type: extremes, interval: 12h}"
    for n, options in enumerate(({}, {"rows_per_message": 100})):
        log = make_publisher(broker).backfill("--restart", source=source, expect=1, **options)
        assert "larger than max_message or than the broker takes" in log, log
        assert len(reader.rows()) == (n + 1) * 24
    log = make_publisher(broker).backfill(
        "--restart", source=source, expect=1, protocol="3.1.1", max_message="16KiB"
    )
    assert len(reader.rows()) == 3 * 24


def test_a_broker_that_can_do_less(make_broker, make_publisher, make_reader, poll):
    broker = make_broker("max_qos 1", "max_inflight_messages 3")
    reader = make_reader(broker, "weir/ledger", qos=2)
    log = make_publisher(broker).backfill(minutes=50, qos=2)
    assert "the broker takes QoS 1 at most" in log, log
    poll(lambda: len(reader.messages) >= 500)  # the broker sends it three at a time too
    assert numbers(reader.rows()) == ledger(10, 50)
    assert {m.qos for m in reader.messages} == {1}

    for line, options, text in (
        ("max_qos 0", {"qos": 1}, "set qos: 0"),
        ("retain_available false", {"retain": True}, "set retain: false"),
    ):
        process = make_publisher(make_broker(line)).start(minutes=5, **options)
        poll(lambda: text in process.log())
        process.kill()


def test_two_with_one_name_take_turns(broker, publisher, agent, poll):
    """The broker keeps the later of them, and tells nobody but its log."""
    for n in range(2):
        text = publisher.text(client_id="same", source="{type: ledger, interval: 50ms}")
        running = agent(text.replace("/data", f"/data-{n}"))
    poll(lambda: "the broker closed the connection; its log says why" in running.log())
    assert "Client same already connected, closing old connection" in broker.log()


def test_a_delivery_that_takes_longer_than_it_may_goes_on_where_it_was(broker, publisher, reader):
    """Thousands of rows a delivery, a message at a time, and a tenth of a second for each write."""
    process = publisher.start(minutes=1000, qos=2, in_flight=1, write_deadline="100ms")
    assert process.wait(120) == 0, process.log()
    assert "write_deadline is over" in process.log()
    rows = numbers(reader.rows())
    assert set(rows) == set(ledger(10, 1000))
    assert len(rows) <= 10_000 + 100, "deliveries began anew"


def test_what_follows_a_message_that_is_not_taken_is_published_again_behind_it(make_publisher):
    """Of its topic alone: the last that the broker gets of each topic is the newest."""
    got, held = [], []

    def script(connection, kind, body):
        if kind != scripted.PUBLISH:
            return
        number, topic, payload = scripted.published(body)
        row = json.loads(payload)["fields"]["number"]
        got.append((topic, row))
        if len(got) > 20:
            connection.sendall(scripted.puback(number, 0))
            return
        is_refused = (topic, row) == ("rows/0", FIRST + 2)
        held.append(scripted.puback(number, scripted.QUOTA_EXCEEDED if is_refused else 0))
        if len(held) == 20:  # all of them are on their way
            connection.sendall(b"".join(held))

    broker = scripted.Broker(script)
    log = make_publisher(broker).backfill(
        source="{type: ledger, series: 2}", minutes=10, topic="rows/{label:part}"
    )
    broker.close()
    assert "the broker did not take a message: Quota exceeded" in log, log
    of = lambda topic: [row - FIRST for to, row in got if to == topic]
    assert of("rows/1") == list(range(10))
    assert of("rows/0") == [*range(10), *range(2, 10)]
