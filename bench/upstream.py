"""The scripted upstream: `python -m bench.upstream` prints its port and answers until it is ended."""

from __future__ import annotations

import socket
from typing import Any

import gevent
from gevent.server import StreamServer

from bench.answers import Script, burst, script_of, streamed, whole


def serve(client: Any, _address: Any) -> None:
    """One connection: requests of known length, one after the other."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    held = b""
    try:
        while True:
            while (end := held.find(b"\r\n\r\n")) < 0:
                data = client.recv(65536)
                if not data:
                    return
                held += data
            head = held[:end].lower()
            at = head.find(b"\r\ncontent-length:")
            length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            end += 4
            while len(held) < end + length:
                held += client.recv(65536)
            target = held.split(b" ", 2)[1]
            answer(client, script_of(target, held[end : end + length]))
            held = held[end + length :]
    except OSError:
        return
    finally:
        client.close()


def answer(client: Any, script: Script) -> None:
    if script.delay:
        gevent.sleep(script.delay)
    if not script.stream:
        client.sendall(whole(script.shape))
    elif not script.interval:
        client.sendall(burst(script.shape, script.chunks))
    else:
        first, texts, last = streamed(script.shape, script.chunks)
        client.sendall(first)
        for text in texts:
            client.sendall(text)
            gevent.sleep(script.interval)
        client.sendall(last)


def main() -> None:
    server = StreamServer(("127.0.0.1", 0), serve, backlog=4096)
    server.start()
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
