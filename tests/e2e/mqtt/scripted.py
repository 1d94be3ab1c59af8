"""A broker of MQTT 5 that does what a test says: what Mosquitto never does, or not on demand."""

import harness

CONNACK = bytes([0x20, 3, 0, 0, 0])
PUBLISH, PUBACK, SUBSCRIBE = 3, 4, 8
NOT_AUTHORIZED, QUOTA_EXCEEDED = 0x87, 0x97


def suback(subscribe, *codes, shift=0):
    """The answer to that SUBSCRIBE; `shift`: to another packet id."""
    number = int.from_bytes(subscribe[:2], "big") + shift
    return bytes([0x90, 3 + len(codes)]) + number.to_bytes(2, "big") + bytes([0, *codes])


def published(body):
    """The packet id, topic and payload of a PUBLISH of QoS 1 or 2 without properties."""
    end = 2 + int.from_bytes(body[:2], "big")
    assert body[end + 2] == 0, "properties"
    return body[end : end + 2], body[2:end].decode(), body[end + 3 :]


def puback(number, reason):
    return bytes([0x40, 3]) + number + bytes([reason])


def publish(topic, payload, number, dup=False):
    body = len(topic).to_bytes(2, "big") + topic + number.to_bytes(2, "big") + b"\0" + payload
    assert len(body) < 128
    return bytes([0x32 | dup << 3, len(body)]) + body


class Broker:
    """Accepts, answers CONNECT, and calls `script(connection, kind, body)` for every other packet;
    `connections` counts."""

    def __init__(self, script):
        self.script, self.accepted = script, []
        self.listener = harness.listen(self.serve)
        self.port = self.listener.getsockname()[1]

    @property
    def connections(self):
        return len(self.accepted)

    def serve(self, connection):
        self.accepted.append(connection)
        stream = connection.makefile("rb")
        try:
            while first := stream.read(1):
                size = shift = 0
                while True:
                    byte = stream.read(1)[0]
                    size |= (byte & 0x7F) << shift
                    shift += 7
                    if byte < 0x80:
                        break
                body, kind = stream.read(size), first[0] >> 4
                if kind == 1:
                    connection.sendall(CONNACK)
                elif kind == 12:
                    connection.sendall(b"\xd0\0")
                else:
                    self.script(connection, kind, body)
        except OSError:
            pass

    def close(self):
        self.listener.close()
