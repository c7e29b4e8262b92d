"""Parses the bytes of connections with h11. Reads frames (four bytes of length, then the bytes), writes a line of JSON for each."""

import json
import struct
import sys

import h11

LARGEST_HEAD = 1024 * 1024


def text(octets):
    return bytes(octets).decode("latin-1")


def parse(octets):
    """All requests in these bytes, each by a connection of its own, and why it stopped, if it did before the end."""
    requests = []
    while octets:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        connection.receive_data(octets)
        head, body = None, []
        try:
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return requests, "unfinished"
                if isinstance(event, h11.Request):
                    head = event
                elif isinstance(event, h11.Data):
                    body.append(bytes(event.data))
                elif isinstance(event, h11.EndOfMessage):
                    break
        except h11.RemoteProtocolError as error:
            return requests, str(error)
        fields = [[text(name), text(value)] for name, value in head.headers]
        requests.append({"method": text(head.method), "target": text(head.target), "fields": fields, "body": text(b"".join(body))})
        octets = connection.trailing_data[0]
    return requests, None


def main():
    source, sink = sys.stdin.buffer, sys.stdout
    while True:
        size = source.read(4)
        if len(size) < 4:
            return
        requests, error = parse(source.read(struct.unpack("!I", size)[0]))
        sink.write(json.dumps({"requests": requests, "error": error}) + "\n")
        sink.flush()


main()
