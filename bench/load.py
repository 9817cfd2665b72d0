"""The load generator: `python -m bench.load` reads one JSON line a run from stdin and prints one JSON line a result.

Raw sockets, one request at a time on each. A client without an answer for ANSWER_S counts as an error.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import gevent
from gevent import socket

from bench.answers import WORD

ANSWER_S = 10.0
_WORD = WORD.encode()


@dataclass(slots=True)
class Run:
    """`request` latin-1 text; `chunks` expected in every answer; `rate` None: closed loop."""

    port: int
    request: str
    chunks: int
    connections: int
    seconds: float
    rate: float | None = None


@dataclass(slots=True)
class Result:
    """`seconds` until the last answer was in; latencies of whole answers in milliseconds; `first_error` in words."""

    ok: int = 0
    errors: int = 0
    chunks: int = 0
    seconds: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    first_error: str = ""
    latencies: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        told = asdict(self)
        del told["latencies"]
        return told


class Client:
    """One keep-alive connection."""

    def __init__(self, run: Run, result: Result) -> None:
        self._run = run
        self._request = run.request.encode("latin-1")
        self._result = result
        self._socket: Any = None

    def ask(self, since: float) -> None:
        """One request; `since` (time.perf_counter()) is when it was due."""
        try:
            status, answer = self._exchange()
        except (OSError, ValueError) as error:
            self.close()
            return self._failed(repr(error))
        found = answer.count(_WORD)
        if status != 200 or found != self._run.chunks:
            return self._failed(f"status {status}, {found} of {self._run.chunks} chunks: {answer[:300]!r}")
        result = self._result
        result.ok += 1
        result.chunks += found
        result.latencies.append((time.perf_counter() - since) * 1000)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _exchange(self) -> tuple[int, bytes]:
        sock = self._socket
        if sock is None:
            sock = self._socket = socket.create_connection(("127.0.0.1", self._run.port), timeout=ANSWER_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(self._request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += _more(sock)
        head = data[:end].lower()
        status = int(head[9:12])
        if b"transfer-encoding: chunked" in head:
            pieces = [data[end + 2 :]]
            tail = pieces[0][-7:]
            # Nothing follows on this connection before the next request, so the last chunk is the end of the bytes.
            while not tail.endswith(b"\r\n0\r\n\r\n"):
                pieces.append(_more(sock))
                tail = (tail + pieces[-1])[-7:]
            return status, _unchunked(b"".join(pieces)[2:])
        length = int(head.partition(b"\r\ncontent-length:")[2].split(b"\r\n", 1)[0])
        while len(data) < end + 4 + length:
            data += _more(sock)
        return status, data[end + 4 :]

    def _failed(self, why: str) -> None:
        self._result.errors += 1
        self._result.first_error = self._result.first_error or why
        gevent.sleep(0.01)


def _more(sock: Any) -> bytes:
    data: bytes = sock.recv(262144)
    if not data:
        raise OSError("the connection was closed before the answer was complete")
    return data


def _unchunked(data: bytes) -> bytes:
    at, body = 0, list[bytes]()
    while True:
        stop = data.index(b"\r\n", at)
        size = int(data[at:stop], 16)
        if not size:
            return b"".join(body)
        body.append(data[stop + 2 : stop + 2 + size])
        at = stop + 4 + size


def perform(run: Run) -> Result:
    result = Result()
    began = time.perf_counter()
    until = began + run.seconds
    if run.rate is None:
        jobs = [gevent.spawn(_closed, Client(run, result), until) for _ in range(run.connections)]
    else:
        jobs = [
            gevent.spawn(_open, Client(run, result), began + number / run.rate, run.connections / run.rate, until)
            for number in range(run.connections)
        ]
    gevent.joinall(jobs)
    result.seconds = time.perf_counter() - began
    found = sorted(result.latencies)
    if found:
        result.p50_ms, result.p99_ms = found[len(found) // 2], found[min(len(found) * 99 // 100, len(found) - 1)]
    return result


def _closed(client: Client, until: float) -> None:
    while True:
        client.ask(time.perf_counter())
        if time.perf_counter() >= until:
            return client.close()


def _open(client: Client, due: float, every: float, until: float) -> None:
    while True:
        gevent.sleep(max(due - time.perf_counter(), 0))
        client.ask(time.perf_counter())
        due += every
        if due >= until:
            return client.close()


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(perform(Run(**json.loads(line))).told()), flush=True)


if __name__ == "__main__":
    main()
