"""A server between the agent and the real one, which a test lets answer some commands itself: what
MongoDB says, and FerretDB never does."""

import socket
import struct

import bson
import harness

OP_MSG = 2013


def read_exactly(stream, size):
    data = b""
    while len(data) < size:
        block = stream.recv(size - len(data))
        if not block:
            raise EOFError
        data += block
    return data


def read_message(stream):
    head = read_exactly(stream, 16)
    return head + read_exactly(stream, struct.unpack_from("<i", head)[0] - 16)


def command_of(message):
    """The command of an OP_MSG, with its lists of documents; {} of other messages."""
    if struct.unpack_from("<i", message, 12)[0] != OP_MSG or message[20] != 0:
        return {}
    size = lambda at: struct.unpack_from("<i", message, at)[0]
    at = 21 + size(21)
    command = bson.decode(message[21:at])
    while at < len(message) and message[at] == 1:
        end = at + 1 + size(at + 1)
        name, documents = message[at + 5 : end].split(b"\0", 1)
        command[name.decode()] = bson.decode_all(documents)
        at = end
    return command


def answer_to(message, document):
    number = struct.unpack_from("<i", message, 4)[0]
    body = struct.pack("<iB", 0, 0) + bson.encode(document)
    return struct.pack("<iiii", 16 + len(body), 0, number, OP_MSG) + body


class Between:
    """`answer(name, command)`: the document to answer with; None: the real server's answer. It may
    take its time."""

    def __init__(self, server, answer):
        self.server, self.answer, self.sockets = server, answer, []
        self.listener = harness.listen(self.serve)
        self.port = self.listener.getsockname()[1]

    def serve(self, agent):
        real = socket.create_connection(("127.0.0.1", self.server.port))
        self.sockets += [agent, real]
        try:
            while True:
                message = read_message(agent)
                command = command_of(message)
                document = self.answer(next(iter(command), ""), command)
                if document is None:
                    real.sendall(message)
                    agent.sendall(read_message(real))
                else:
                    agent.sendall(answer_to(message, document))
        except (EOFError, OSError):
            agent.close()
            real.close()

    def client(self):
        return self.server.client()

    def url(self, database):
        return self.server.url(database, self.port)

    def close(self):
        for stream in [self.listener, *self.sockets]:
            stream.close()


def refusal(code, text):
    return {"ok": 0.0, "code": code, "errmsg": text}
