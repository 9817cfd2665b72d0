"""The reference proxy: bytes in, bytes out, and nothing else. `python -m bench.reference PORT UPSTREAM_PORT`.

What a gateway in Python on gevent can reach at best; figures as "x reference" compare across machines.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

import gevent
from gevent.server import StreamServer


def pipe(source: Any, sink: Any) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for each in (source, sink):
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main(port: int, upstream: int) -> None:
    def serve(client: Any, _address: Any) -> None:
        other = gevent.socket.create_connection(("127.0.0.1", upstream))
        for each in (client, other):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = gevent.spawn(pipe, other, client)
        pipe(client, other)
        answers.join()
        other.close()
        client.close()

    StreamServer(("127.0.0.1", port), serve, backlog=4096).serve_forever()


if __name__ == "__main__":
    import gevent.socket

    main(int(sys.argv[1]), int(sys.argv[2]))
