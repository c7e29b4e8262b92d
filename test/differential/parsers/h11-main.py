"""
Parses the bytes of connections with h11. Reads frames: four bytes of length, a line, then the bytes. An empty line means that the bytes are
requests; otherwise it has the methods of the requests that they answer. Writes a line of JSON for each.
"""

import json
import struct
import sys

import h11

LARGEST_HEAD = 1024 * 1024


def text(octets):
    return bytes(octets).decode("latin-1")


def read(connection, may_end=False):
    """The head and the body of the next message, which may end where the bytes do. None when it does not end."""
    head, body = None, []
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA and may_end:
            connection.receive_data(b"")
            may_end = False
        elif event is h11.NEED_DATA or event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            return None
        elif isinstance(event, (h11.Request, h11.Response)):
            head = event
        elif isinstance(event, h11.Data):
            body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            return head, text(b"".join(body))


def fields(head):
    return [[text(name), text(value)] for name, value in head.headers]


def requests(octets):
    """All requests in these bytes, each by a connection of its own, and why it stopped, if it did before the end."""
    found = []
    while octets:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        connection.receive_data(octets)
        try:
            message = read(connection)
        except h11.RemoteProtocolError as error:
            return {"requests": found, "error": str(error)}
        if message is None:
            return {"requests": found, "error": "unfinished"}
        head, body = message
        found.append({"method": text(head.method), "target": text(head.target), "fields": fields(head), "body": body})
        octets = connection.trailing_data[0]
    return {"requests": found, "error": None}


def answers(octets, methods):
    """All answers in these bytes, the last of which may end where the bytes do, and why it stopped, if it did before."""
    found = []
    while octets:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        method = methods[len(found)] if len(found) < len(methods) else "GET"
        connection.send(h11.Request(method=method, target="/", headers=[("Host", "h"), ("Content-Length", "0")]))
        connection.send(h11.EndOfMessage())
        connection.receive_data(octets)
        try:
            message = read(connection, may_end=True)
        except h11.RemoteProtocolError as error:
            return {"answers": found, "error": str(error)}
        if message is None:
            return {"answers": found, "error": "unfinished"}
        head, body = message
        rest = connection.trailing_data[0]
        length = len(octets) - len(rest)
        found.append({"status": head.status_code, "fields": fields(head), "body": body, "length": length})
        octets = rest
    return {"answers": found, "error": None}


def main():
    source, sink = sys.stdin.buffer, sys.stdout
    while True:
        size = source.read(4)
        if len(size) < 4:
            return
        line, octets = source.read(struct.unpack("!I", size)[0]).split(b"\n", 1)
        try:
            parsed = requests(octets) if line == b"" else answers(octets, text(line).split(","))
        except (h11.LocalProtocolError, RuntimeError) as error:
            parsed = {"requests": [], "answers": [], "error": repr(error)}
        sink.write(json.dumps(parsed) + "\n")
        sink.flush()


main()
